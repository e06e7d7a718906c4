//! The other forms of server: a cluster, a master that sentinels watch, and TLS.

use std::path::PathBuf;
use std::process::Command;

use super::*;

/// A folder of this test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("clawrouters-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn at(url: &str, prefix: &str) -> RedisStore {
    RedisStore::new(Address::read(url).unwrap(), prefix, Duration::from_millis(300), CLOSED)
}

fn usual() -> [Claim; 4] {
    [
        claim("key:k", Measure::Requests, MINUTE, 10, 1),
        claim("tag:team=x", Measure::Tokens, MINUTE, 1_000, 10),
        claim("global", Measure::Nanos, day(), 1_000, 50),
        claim("model:p/m", Measure::Concurrency, Span::Held, 5, 1),
    ]
}

/// Everything once.
async fn works(shared: &RedisStore) {
    let real = Amounts { requests: 1, input_tokens: 3, output_tokens: 4, nanos: 20 };
    shared.reserve(&usual(), now_ms()).await.unwrap().settle(real);
    shared.flush().await.unwrap();
    let levels = shared.levels(&usual(), now_ms()).await.unwrap();
    assert_eq!(levels.iter().map(|level| level.used).collect::<Vec<_>>(), [1, 7, 20, 0]);
    for i in 0..20 {
        shared.put("cache", &format!("k{i}"), Bytes::from(format!("v{i}")), Some(60_000), 0).await.unwrap();
    }
    assert_eq!(shared.get("cache", "k7", 0).await.unwrap().unwrap(), Bytes::from_static(b"v7"));
    assert_eq!(shared.list("cache", 0).await.unwrap().len(), 20);
    assert!(shared.remove("cache", "k7").await.unwrap());
    assert_eq!(shared.list("cache", 0).await.unwrap().len(), 19);
}

#[tokio::test]
async fn a_cluster_grants_all_claims_at_one_of_its_nodes() {
    let folder = Folder::new("cluster");
    let node = |name: &str| {
        let (bus, file) = (server::free_port().to_string(), folder.file(name));
        Server::with(&["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-config-file", &file])
    };
    let (Some(one), Some(two)) = (node("one.conf"), node("two.conf")) else { return };
    let _: String = one.ask("CLUSTER ADDSLOTSRANGE 0 8191").await;
    let _: String = two.ask("CLUSTER ADDSLOTSRANGE 8192 16383").await;
    let bus: Vec<String> = two.ask("CONFIG GET cluster-port").await;
    let _: String = one.ask(&format!("CLUSTER MEET 127.0.0.1 {} {}", two.port, bus[1])).await;
    for node in [&one, &two] {
        until("the cluster is well", || async {
            let info: String = node.ask("CLUSTER INFO").await;
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:2")
        })
        .await;
    }
    // Either node may be the one that is named.
    for (number, node) in [&one, &two].into_iter().enumerate() {
        let shared = at(&format!("redis+cluster://127.0.0.1:{}", node.port), &format!("cluster{number}"));
        works(&shared).await;
    }
    // Values are spread over both.
    let sizes: (u64, u64) = (one.ask("DBSIZE").await, two.ask("DBSIZE").await);
    assert!(sizes.0 > 3 && sizes.1 > 3, "{sizes:?}");
}

#[tokio::test]
async fn a_new_master_is_found_through_its_sentinel() {
    let folder = Folder::new("sentinel");
    let Some(mut master) = Server::start() else { return };
    let of = master.port.to_string();
    let Some(replica) = Server::with(&["--replicaof", "127.0.0.1", &of, "--repl-diskless-sync-delay", "0"]) else {
        return;
    };
    let port = server::free_port();
    let settings = format!(
        "port {port}\nbind 127.0.0.1\nsentinel monitor mymaster 127.0.0.1 {of} 1\nsentinel down-after-milliseconds \
         mymaster 2000\nsentinel failover-timeout mymaster 4000\n"
    );
    std::fs::write(folder.file("sentinel.conf"), settings).unwrap();
    let _sentinel = Server::sentinel(port, &folder.file("sentinel.conf"));
    until("the sentinel knows the replica", || async {
        let Ok(client) = redis::Client::open(format!("redis://127.0.0.1:{port}")) else { return false };
        let Ok(mut wire) = client.get_multiplexed_async_connection().await else { return false };
        let asked = redis::cmd("SENTINEL").arg("MASTER").arg("mymaster").query_async(&mut wire).await;
        let Ok(facts): redis::RedisResult<Vec<String>> = asked else { return false };
        facts.windows(2).any(|pair| pair == ["num-slaves", "1"])
    })
    .await;
    let shared = at(&format!("redis+sentinel://127.0.0.1:{port}/mymaster"), "s");
    works(&shared).await;
    until("the replica has it", || async { replica.ask::<u64>("DBSIZE").await == master.ask::<u64>("DBSIZE").await })
        .await;
    master.kill();
    until("the new master answers", || async { shared.reserve(&usual(), now_ms()).await.is_ok() }).await;
    assert!(shared.levels(&usual(), now_ms()).await.unwrap()[0].used >= 1);
}

const TLS: &str = "CLAWROUTERS_TEST_TLS";

/// Asks a server over TLS, with the certificates that the test below has put into the environment.
#[tokio::test]
async fn child() {
    let Ok(url) = std::env::var(TLS) else { return };
    works(&at(&url, "tls")).await;
}

fn certificates(folder: &Folder) -> Option<(String, String)> {
    let (key, certificate) = (folder.file("key.pem"), folder.file("certificate.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", &key, "-out", &certificate])
        .stderr(std::process::Stdio::null())
        .status();
    made.is_ok_and(|status| status.success()).then_some((key, certificate))
}

#[tokio::test]
async fn tls_is_spoken_and_certificates_are_checked() {
    let folder = Folder::new("tls");
    let Some((key, certificate)) = certificates(&folder) else {
        eprintln!("skipped: there is no openssl to make certificates");
        return;
    };
    let files = ["--tls-cert-file", &certificate, "--tls-key-file", &key, "--tls-ca-cert-file", &certificate];
    let options: Vec<_> =
        ["--port", "0", "--tls-port", "{port}", "--tls-auth-clients", "no"].into_iter().chain(files).collect();
    let Some(server) = Server::with(&options) else { return };
    let url = format!("rediss://localhost:{}", server.port);
    let denied = at(&url, "tls").reserve(&usual(), now_ms()).await;
    assert!(is_unavailable(&denied), "{denied:?}");
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["store::redis::tests::forms::child", "--exact"]).env(TLS, url).env("SSL_CERT_FILE", certificate);
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
