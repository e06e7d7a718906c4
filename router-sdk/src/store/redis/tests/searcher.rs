//! A server with vector search for tests, as small as can be: RESP in, the answers that such servers give out, and every
//! search command remembered as it came.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A command: its words.
pub(super) type Words = Vec<Vec<u8>>;

#[derive(Default)]
struct Hash {
    scope: Vec<u8>,
    vector: Vec<u8>,
    value: Vec<u8>,
    ends: Option<Instant>,
}

#[derive(Default)]
struct State {
    indexes: HashSet<Vec<u8>>,
    hashes: BTreeMap<Vec<u8>, Hash>,
    heard: Vec<Words>,
    /// How long a search takes.
    slow: Duration,
    /// Searches are forbidden to us.
    forbids: bool,
}

#[derive(Clone)]
pub(super) struct Searcher {
    state: Arc<Mutex<State>>,
    pub(super) port: u16,
}

impl Searcher {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let searcher = Self { state: Arc::default(), port };
        let state = Arc::clone(&searcher.state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&state)));
            }
        });
        searcher
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The search commands so far, and the scripts.
    pub(super) fn heard(&self) -> Vec<Words> {
        self.state.lock().unwrap().heard.clone()
    }

    /// How often this command came.
    pub(super) fn count(&self, command: &str) -> usize {
        self.heard().iter().filter(|words| words[0] == command.as_bytes()).count()
    }

    /// How many values it keeps.
    pub(super) fn keeps(&self) -> usize {
        self.state.lock().unwrap().hashes.len()
    }

    pub(super) fn slow(&self, by: Duration) {
        self.state.lock().unwrap().slow = by;
    }

    pub(super) fn forbid(&self) {
        self.state.lock().unwrap().forbids = true;
    }

    /// Indexes and hashes are gone.
    pub(super) fn empty(&self) {
        let mut state = self.state.lock().unwrap();
        (state.indexes, state.hashes) = Default::default();
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let (read, mut write) = stream.split();
    let mut read = BufReader::new(read);
    while let Some(words) = command(&mut read).await {
        let searches = words[0].starts_with(b"FT.");
        let wait = state.lock().unwrap().slow;
        if searches && !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let answer = state.lock().unwrap().answer(&words);
        if write.write_all(&answer).await.is_err() {
            return;
        }
    }
}

/// The next command: an array of bulk strings.
async fn command(read: &mut (impl AsyncBufReadExt + Unpin)) -> Option<Words> {
    let mut line = String::new();
    let mut number = async |mark: char| {
        line.clear();
        read.read_line(&mut line).await.ok().filter(|n| *n > 0)?;
        let number: usize = line.trim_end().strip_prefix(mark)?.parse().ok()?;
        if mark == '*' {
            return Some((number, Vec::new()));
        }
        let mut bytes = vec![0; number + 2];
        read.read_exact(&mut bytes).await.ok()?;
        bytes.truncate(number);
        Some((number, bytes))
    };
    let (count, _) = number('*').await?;
    let mut words = Vec::new();
    for _ in 0..count {
        words.push(number('$').await?.1);
    }
    Some(words)
}

fn bulk(bytes: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

fn array(items: &[Vec<u8>]) -> Vec<u8> {
    [format!("*{}\r\n", items.len()).into_bytes(), items.concat()].concat()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

impl State {
    fn answer(&mut self, words: &Words) -> Vec<u8> {
        let name = String::from_utf8_lossy(&words[0]).into_owned();
        if name.starts_with("FT.") || name == "EVAL" {
            self.heard.push(words.clone());
        }
        if name.starts_with("FT.") && self.forbids {
            return b"-NOPERM User default has no permissions to run this command\r\n".to_vec();
        }
        match name.as_str() {
            "FT._LIST" => array(&self.indexes.iter().map(|index| bulk(index)).collect::<Vec<_>>()),
            "FT.CREATE" if !self.indexes.insert(words[1].clone()) => b"-Index already exists\r\n".to_vec(),
            "FT.SEARCH" => self.search(words),
            "EVAL" if words[1].starts_with(b"redis.call('HSET'") => {
                let ttl: u64 = String::from_utf8_lossy(&words[7]).parse().unwrap();
                let ends = Some(Instant::now() + Duration::from_millis(ttl));
                let [scope, vector, value] = [4, 5, 6].map(|at: usize| words[at].clone());
                self.hashes.insert(words[3].clone(), Hash { scope, vector, value, ends });
                b":1\r\n".to_vec()
            }
            // The signs of life of every process: a word, the clock, and that it is known.
            "EVALSHA" | "EVAL" => b"*3\r\n:1\r\n:1700000000000\r\n:1\r\n".to_vec(),
            "ZRANGE" | "MGET" => b"*0\r\n".to_vec(),
            "GET" => b"$-1\r\n".to_vec(),
            "ZADD" | "ZREMRANGEBYSCORE" => b":0\r\n".to_vec(),
            _ => b"+OK\r\n".to_vec(),
        }
    }

    fn search(&self, words: &Words) -> Vec<u8> {
        if !self.indexes.contains(&words[1]) {
            return b"-No such index\r\n".to_vec();
        }
        let query = String::from_utf8_lossy(&words[2]).into_owned();
        let scope = query.split_once("@scope:{").unwrap().1.split_once('}').unwrap().0.to_owned();
        let most: usize = query.split_once("[KNN ").unwrap().1.split_once(' ').unwrap().0.parse().unwrap();
        let wanted = floats(&words[6]);
        let prefix = [&words[1][..], b":"].concat();
        let there = self.hashes.iter().filter(|(key, hash)| {
            key.starts_with(&prefix) && hash.scope == scope.as_bytes() && hash.ends.is_some_and(|e| e > Instant::now())
        });
        let mut found: Vec<(f32, &Vec<u8>, &Hash)> = there
            .map(|(key, hash)| {
                (1.0 - floats(&hash.vector).iter().zip(&wanted).map(|(x, y)| x * y).sum::<f32>(), key, hash)
            })
            .collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found.truncate(most);
        let mut items = vec![format!(":{}\r\n", found.len()).into_bytes()];
        for (distance, key, hash) in found {
            items.push(bulk(key));
            let distance = distance.to_string();
            let fields = [&b"distance"[..], distance.as_bytes(), b"value", &hash.value].map(bulk);
            items.push(array(&fields));
        }
        array(&items)
    }
}
