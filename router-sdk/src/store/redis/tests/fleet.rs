//! Eight processes with fifty callers each against one server, which is left alone, frozen, killed and restarted, and of
//! which one is killed. A provider in the parent sees what is sent, and the books have to agree with it.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const SPEC: &str = "CLAWROUTERS_TEST_FLEET";
const PROCESSES: usize = 8;
const CALLERS: usize = 50;
const SEATS: u64 = 60;
const SPAN_MS: u64 = 2_000;
const IN_SPAN: u64 = 300;
/// Nano-dollars: what a request may cost at most, and what all may.
const WORST: u64 = 1_000;
const CAP: u64 = 2_000_000;
/// A cap that is spent before the time is over.
const SMALL: u64 = 100_000;

fn claims(cap: u64) -> [Claim; 3] {
    [
        claim("key:k", Measure::Concurrency, Span::Held, SEATS, 1),
        claim("global", Measure::Requests, Span::Sliding { ms: SPAN_MS }, IN_SPAN, 1),
        claim("tag:team=x", Measure::Nanos, day(), cap, WORST),
    ]
}

/// One process of the fleet; does nothing unless it was started by a test below.
#[test]
fn child() {
    let Ok(spec) = std::env::var(SPEC) else { return };
    let spec: Vec<_> = spec.split(' ').map(str::to_owned).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(work(
        &spec[0],
        &spec[1],
        &spec[2],
        spec[3].parse().unwrap(),
        spec[4].parse().unwrap(),
        spec[5].parse().unwrap(),
    ));
}

async fn work(url: &str, prefix: &str, provider: &str, seconds: u64, skew_ms: i64, cap: u64) {
    let shared = Arc::new(RedisStore::new(Address::read(url).unwrap(), prefix, Duration::from_millis(250), CLOSED));
    let until = std::time::Instant::now() + Duration::from_secs(seconds);
    let marks = Arc::new(Mutex::new(BTreeMap::<i64, u64>::new()));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (shared, marks, provider) = (Arc::clone(&shared), Arc::clone(&marks), provider.to_owned());
            tokio::spawn(async move {
                let mut line = TcpStream::connect(&provider).await.unwrap();
                let mut count = caller as u64;
                while std::time::Instant::now() < until {
                    let hold = match shared.reserve(&claims(cap), now_ms() + skew_ms).await {
                        Ok(hold) => hold,
                        Err(Denied::Full { retry_after_ms, .. }) => {
                            tokio::time::sleep(Duration::from_millis(retry_after_ms.unwrap_or(10).clamp(2, 50))).await;
                            continue;
                        }
                        Err(_) => {
                            tokio::time::sleep(Duration::from_millis(20)).await;
                            continue;
                        }
                    };
                    count += 1;
                    let real = count * 7 % WORST;
                    line.write_all(&real.to_be_bytes()).await.unwrap();
                    line.read_u8().await.unwrap();
                    // One in ten walks away before the cost is known, and is not billed by this provider.
                    if real.is_multiple_of(10) {
                        drop(hold);
                    } else {
                        *marks.lock().unwrap().entry(hold.parts()[1].mark).or_default() += 1;
                        hold.settle(Amounts { requests: 1, nanos: real, ..Amounts::default() });
                    }
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    for _ in 0..20 {
        if shared.close().await.is_ok() {
            break;
        }
    }
    let marks = marks.lock().unwrap().iter().map(|(mark, count)| format!("{mark}:{count}")).collect::<Vec<_>>();
    println!("\nMARKS {}", marks.join(","));
}

/// What the provider saw.
#[derive(Default)]
struct Seen {
    now: AtomicU64,
    most: AtomicU64,
    billed: AtomicU64,
    settled: AtomicU64,
}

async fn provider() -> (String, Arc<Seen>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let seen = Arc::new(Seen::default());
    let all = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut line, _)) = listener.accept().await {
            let seen = Arc::clone(&all);
            tokio::spawn(async move {
                while let Ok(cost) = line.read_u64().await {
                    let now = seen.now.fetch_add(1, Ordering::SeqCst) + 1;
                    seen.most.fetch_max(now, Ordering::SeqCst);
                    if cost % 10 != 0 {
                        seen.billed.fetch_add(cost, Ordering::SeqCst);
                        seen.settled.fetch_add(1, Ordering::SeqCst);
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    seen.now.fetch_sub(1, Ordering::SeqCst);
                    if line.write_u8(1).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (address, seen)
}

fn start(server: &Server, prefix: &str, provider: &str, seconds: u64, cap: u64) -> Vec<Child> {
    let one = |number: usize| {
        // Their clocks are up to a day apart.
        let skew = i64::try_from(number).unwrap() * 11_000_000 - 40_000_000;
        let spec = format!("{} {prefix} {provider} {seconds} {skew} {cap}", server.url());
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["store::redis::tests::fleet::child", "--exact", "--nocapture"]).env(SPEC, spec);
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    };
    (0..PROCESSES).map(one).collect()
}

/// Waits for a child and adds what it was granted, by the server's mark.
async fn collect(child: Child, marks: &mut BTreeMap<i64, u64>) {
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("MARKS ")).unwrap();
    for entry in line.split(',').filter(|entry| !entry.is_empty()) {
        let (mark, count) = entry.split_once(':').unwrap();
        *marks.entry(mark.parse().unwrap()).or_default() += count.parse::<u64>().unwrap();
    }
}

/// No stretch of the span's length was granted more than the cap, by the server's own marks.
fn no_stretch_is_over(marks: &BTreeMap<i64, u64>) {
    let parts = i64::try_from(SPAN_MS.div_ceil(Span::part_ms(SPAN_MS))).unwrap();
    for last in marks.keys() {
        let sum: u64 = marks.range(last - parts..=*last).map(|(_, count)| count).sum();
        assert!(sum <= IN_SPAN, "{sum} in one stretch");
    }
}

async fn levels(server: &Server, prefix: &str) -> Vec<Level> {
    let shared = store(server, prefix, CLOSED);
    shared.levels(&claims(CAP), now_ms()).await.unwrap()
}

/// The books agree with what the provider saw, and nothing was passed.
async fn settled(server: &Server, prefix: &str, seen: &Seen, children: Vec<Child>, cap: u64) {
    let mut marks = BTreeMap::new();
    for child in children {
        collect(child, &mut marks).await;
    }
    no_stretch_is_over(&marks);
    let (most, billed) = (seen.most.load(Ordering::SeqCst), seen.billed.load(Ordering::SeqCst));
    let granted: u64 = marks.values().sum();
    println!("{granted} granted, at most {most} at once, {billed} of {cap} billed");
    assert!(most <= SEATS, "{most} at once");
    assert!(billed <= cap, "{billed}");
    assert!(granted > 150, "{granted}");
    let levels = levels(server, prefix).await;
    assert_eq!((levels[0].used, levels[2].used, levels[2].held), (0, billed, 0));
}

/// One at a time: each keeps the machine busy by itself.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_processes_pass_no_limit_and_lose_no_settlement() {
    let Some(server) = Server::start() else { return };
    let _turn = TURN.lock().await;
    let (prefix, (provider, seen)) = (server::prefix(), provider().await);
    let children = start(&server, &prefix, &provider, 5, SMALL);
    settled(&server, &prefix, &seen, children, SMALL).await;
    // Nothing lies idle anywhere: what is not spent can be had to the last nano-dollar, and no more.
    let left = SMALL - seen.billed.load(Ordering::SeqCst);
    let fresh = store(&server, &prefix, CLOSED);
    let rest = |amount| [claim("tag:team=x", Measure::Nanos, day(), SMALL, amount)];
    assert!(is_full(&fresh.reserve(&rest(left + 1), now_ms()).await));
    assert!(left == 0 || fresh.reserve(&rest(left), now_ms()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_when_the_server_stops_answering_now_and_then() {
    let Some(server) = Server::start() else { return };
    let _turn = TURN.lock().await;
    let (prefix, (provider, seen)) = (server::prefix(), provider().await);
    let children = start(&server, &prefix, &provider, 7, CAP);
    for pause in [100, 900, 300] {
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        server.freeze();
        tokio::time::sleep(Duration::from_millis(pause)).await;
        server.thaw();
    }
    settled(&server, &prefix, &seen, children, CAP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_when_it_is_killed_and_comes_back_with_its_log() {
    let log = std::env::temp_dir().join(format!("clawrouters-fleet-{}", std::process::id()));
    std::fs::create_dir_all(&log).unwrap();
    let options = ["--appendonly", "yes", "--appendfsync", "always", "--dir", log.to_str().unwrap()];
    let Some(mut server) = Server::with(&options) else { return };
    let _turn = TURN.lock().await;
    let (prefix, (provider, seen)) = (server::prefix(), provider().await);
    let children = start(&server, &prefix, &provider, 7, CAP);
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(1_800)).await;
        server.kill();
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.restart();
    }
    settled(&server, &prefix, &seen, children, CAP).await;
    drop(server);
    std::fs::remove_dir_all(log).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_loses_its_slices_and_frees_its_seats() {
    let Some(server) = Server::start() else { return };
    let _turn = TURN.lock().await;
    let (prefix, (provider, seen)) = (server::prefix(), provider().await);
    let mut children = start(&server, &prefix, &provider, 10, CAP);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let mut victim = children.pop().unwrap();
    victim.kill().unwrap();
    victim.wait().unwrap();
    let done = AtomicBool::new(false);
    let mut marks = BTreeMap::new();
    for child in children {
        collect(child, &mut marks).await;
        done.store(true, Ordering::SeqCst);
    }
    assert!(done.load(Ordering::SeqCst));
    no_stretch_is_over(&marks);
    let billed = seen.billed.load(Ordering::SeqCst);
    assert!(seen.most.load(Ordering::SeqCst) <= SEATS && billed <= CAP);
    let levels = levels(&server, &prefix).await;
    // What it had under way counts at its worst, and of what it held in advance no more than a hundredth of the cap.
    let lost = levels[2].used.saturating_sub(billed);
    println!("{billed} billed, {lost} lost, {levels:?}");
    assert!(levels[2].used >= billed && lost <= CALLERS as u64 * WORST + CAP / 100, "{lost}");
    assert_eq!((levels[0].used, levels[2].held), (0, 0));
}
