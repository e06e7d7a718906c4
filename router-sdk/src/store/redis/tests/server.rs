//! A real server for tests: started on a free loopback port without persistence, killed, frozen, restarted.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

static COUNT: AtomicU32 = AtomicU32::new(0);

pub(super) struct Server {
    child: Child,
    pub(super) port: u16,
    options: Vec<String>,
    /// What it writes, which a server that starts elsewhere must not read.
    folder: PathBuf,
}

pub(super) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

fn folder() -> PathBuf {
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("clawrouters-redis-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn spawn(port: u16, options: &[String], folder: &Path) -> Option<Child> {
    let mut command = Command::new("redis-server");
    let port = port.to_string();
    command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--loglevel", "warning"]);
    // A port named {port} in the options is the server's own.
    let options: Vec<_> = options.iter().map(|o| o.replace("{port}", &port)).collect();
    command.args(options).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().ok()
}

impl Server {
    /// Nothing where there is no server to start; the test is skipped then, which it says.
    pub(super) fn start() -> Option<Self> {
        Self::with(&[])
    }

    pub(super) fn with(options: &[&str]) -> Option<Self> {
        let options: Vec<String> = options.iter().map(|o| (*o).to_owned()).collect();
        for _ in 0..5 {
            let (port, folder) = (free_port(), folder());
            let Some(child) = spawn(port, &options, &folder) else {
                let _ = std::fs::remove_dir_all(&folder);
                eprintln!("skipped: there is no redis-server");
                return None;
            };
            let mut server = Self { child, port, options: options.clone(), folder };
            if server.is_up() {
                return Some(server);
            }
        }
        panic!("redis-server does not start");
    }

    /// A sentinel with these settings.
    pub(super) fn sentinel(port: u16, settings: &str) -> Self {
        let mut command = Command::new("redis-server");
        let folder = folder();
        command.args([settings, "--sentinel"]).current_dir(&folder).stdout(Stdio::null()).stderr(Stdio::null());
        let mut sentinel = Self { child: command.spawn().unwrap(), port, options: Vec::new(), folder };
        assert!(sentinel.is_up());
        sentinel
    }

    fn is_up(&mut self) -> bool {
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                // One that found the port taken ends at once: then it was somebody else who answered.
                std::thread::sleep(Duration::from_millis(50));
                return self.child.try_wait().unwrap().is_none();
            }
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Still there, and silent: connections stay open and nothing is answered.
    pub(super) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(super) fn thaw(&self) {
        self.signal("-CONT");
    }

    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The same port, and nothing of what was there.
    pub(super) fn restart(&mut self) {
        self.child = spawn(self.port, &self.options, &self.folder).unwrap();
        assert!(self.is_up());
    }

    pub(super) async fn client(&self) -> redis::aio::MultiplexedConnection {
        redis::Client::open(self.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
    }

    /// One command of words.
    pub(super) async fn ask<T: redis::FromRedisValue>(&self, command: &str) -> T {
        let mut words = command.split(' ');
        let mut asked = redis::cmd(words.next().unwrap());
        words.for_each(|word| {
            asked.arg(word);
        });
        asked.query_async(&mut self.client().await).await.unwrap()
    }

    /// How often a command was run so far.
    pub(super) async fn calls(&self, command: &str) -> u64 {
        let stats: String = self.ask("INFO commandstats").await;
        let line = stats.lines().find_map(|l| l.strip_prefix(&format!("cmdstat_{command}:calls="))).map(str::to_owned);
        line.map_or(0, |l| l.split(',').next().unwrap().parse().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A prefix that no other test has.
pub(super) fn prefix() -> String {
    format!("t{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
