//! Values found by their vectors: the commands byte for byte, and what becomes of a server that has no such search, is slow
//! or forgets.

use std::time::Instant;

use super::searcher::{Searcher, Words};
use super::*;

fn open(url: &str, timeout_ms: u64) -> RedisStore {
    RedisStore::new(Address::read(url).unwrap(), "p", Duration::from_millis(timeout_ms), OPEN)
}

fn spot(scope: &str, vector: [f32; 2]) -> Spot {
    Spot { space: "ask1-00ff-2".into(), scope: scope.into(), vector: vector.into() }
}

fn words(words: &[&[u8]]) -> Words {
    words.iter().map(|word| word.to_vec()).collect()
}

async fn put(store: &RedisStore, spot: &Spot, key: &str, value: &'static str) {
    store.put_near(spot, key, Bytes::from_static(value.as_bytes()), 60_000).await.unwrap();
}

async fn values(store: &RedisStore, spot: &Spot) -> Vec<String> {
    let near = store.nearest(spot, 8).await.unwrap();
    near.into_iter().map(|near| String::from_utf8(near.value.to_vec()).unwrap()).collect()
}

#[tokio::test]
async fn the_nearest_of_a_scope_are_found_in_these_words() {
    let searcher = Searcher::start().await;
    let (one, other) = (open(&searcher.url(), 500), open(&searcher.url(), 500));
    put(&one, &spot("aa", [1.0, 0.0]), "k1", "east").await;
    put(&one, &spot("aa", [0.0, 1.0]), "k2", "north").await;
    put(&one, &spot("bb", [0.6, 0.8]), "k3", "elsewhere").await;
    let near = other.nearest(&spot("aa", [0.8, 0.6]), 8).await.unwrap();
    assert_eq!(near.iter().map(|near| &near.value[..]).collect::<Vec<_>>(), [&b"east"[..], b"north"]);
    assert!((near[0].cosine - 0.8).abs() < 1e-6 && (near[1].cosine - 0.6).abs() < 1e-6, "{near:?}");

    let heard = searcher.heard();
    let blob = |vector: [f32; 2]| [vector[0].to_le_bytes(), vector[1].to_le_bytes()].concat();
    assert_eq!(heard[0], words(&[b"FT._LIST"]));
    assert_eq!(
        heard[1],
        words(&[
            b"FT.CREATE",
            b"p:s:ask1-00ff-2",
            b"ON",
            b"HASH",
            b"PREFIX",
            b"1",
            b"p:s:ask1-00ff-2:",
            b"SCHEMA",
            b"scope",
            b"TAG",
            b"vector",
            b"VECTOR",
            b"FLAT",
            b"6",
            b"TYPE",
            b"FLOAT32",
            b"DIM",
            b"2",
            b"DISTANCE_METRIC",
            b"COSINE",
        ])
    );
    let script = b"redis.call('HSET',KEYS[1],'scope',ARGV[1],'vector',ARGV[2],'value',ARGV[3]) \
                   return redis.call('PEXPIRE',KEYS[1],ARGV[4])";
    let east = blob([1.0, 0.0]);
    let kept = heard.iter().find(|words| words[0] == b"EVAL" && words.len() == 8).unwrap();
    assert_eq!(*kept, words(&[b"EVAL", script, b"1", b"p:s:ask1-00ff-2:k1", b"aa", &east, b"east", b"60000"]));
    let looked = blob([0.8, 0.6]);
    assert_eq!(
        *heard.last().unwrap(),
        words(&[
            b"FT.SEARCH",
            b"p:s:ask1-00ff-2",
            b"@scope:{aa}=>[KNN 8 @vector $near AS distance]",
            b"PARAMS",
            b"2",
            b"near",
            &looked,
            b"RETURN",
            b"2",
            b"distance",
            b"value",
            b"LIMIT",
            b"0",
            b"8",
            b"DIALECT",
            b"2",
        ])
    );
    // The first one made the index, the other found it; each asked once.
    assert_eq!((searcher.count("FT._LIST"), searcher.count("FT.CREATE")), (2, 1));
}

#[tokio::test]
async fn what_ran_out_of_time_is_not_found() {
    let searcher = Searcher::start().await;
    let store = open(&searcher.url(), 500);
    let at = spot("aa", [1.0, 0.0]);
    store.put_near(&at, "k", Bytes::from_static(b"old"), 30).await.unwrap();
    assert_eq!(values(&store, &at).await, ["old"]);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(values(&store, &at).await.is_empty());
}

/// Commands that the server did not know so far.
async fn errors(server: &Server) -> u64 {
    let stats: String = server.ask("INFO errorstats").await;
    stats.lines().find_map(|line| line.strip_prefix("errorstat_ERR:count=")).map_or(0, |n| n.trim().parse().unwrap())
}

#[tokio::test]
async fn a_server_without_search_is_asked_once_and_serves_everything_else() {
    let Some(server) = Server::start() else { return };
    let store = store(&server, &server::prefix(), CLOSED);
    let at = spot("aa", [1.0, 0.0]);
    for _ in 0..5 {
        put(&store, &at, "k", "value").await;
        assert!(values(&store, &at).await.is_empty());
    }
    store.put("cache", "k", Bytes::from_static(b"v"), None, 0).await.unwrap();
    assert!(store.get("cache", "k", 0).await.unwrap().is_some());
    let told = [errors(&server).await, errors(&server).await];
    for _ in 0..5 {
        assert!(values(&store, &at).await.is_empty());
    }
    // Who counts them makes a connection, whose own errors count too.
    let own = told[1] - told[0];
    assert_eq!((told[0], errors(&server).await), (1 + own, told[1] + own));
    let keys: Vec<String> = server.ask("KEYS *:s:*").await;
    assert!(keys.is_empty(), "{keys:?}");
}

#[tokio::test]
async fn a_search_that_is_forbidden_takes_nothing_else_with_it() {
    let searcher = Searcher::start().await;
    searcher.forbid();
    let store = open(&searcher.url(), 500);
    let at = spot("aa", [1.0, 0.0]);
    for _ in 0..5 {
        put(&store, &at, "k", "value").await;
        assert!(values(&store, &at).await.is_empty());
        assert_eq!(store.get("cache", "k", 0).await.unwrap(), None);
    }
    assert_eq!((searcher.count("FT._LIST"), searcher.count("FT.SEARCH")), (1, 0));
}

#[tokio::test]
async fn a_slow_search_is_left_alone_and_nothing_else_is() {
    let searcher = Searcher::start().await;
    let store = open(&searcher.url(), 60);
    let at = spot("aa", [1.0, 0.0]);
    put(&store, &at, "k", "value").await;
    assert_eq!(values(&store, &at).await, ["value"]);
    searcher.slow(Duration::from_millis(90));
    let began = Instant::now();
    let mut fast = 0;
    for _ in 0..50 {
        let one = Instant::now();
        let found = store.nearest(&at, 8).await;
        assert!(found.is_err() || found.unwrap().is_empty());
        fast += usize::from(one.elapsed() < Duration::from_millis(20));
    }
    assert!(fast >= 40, "{fast} of 50 in {:?}", began.elapsed());
    searcher.slow(Duration::ZERO);
    until("it is searched again", || async { store.nearest(&at, 8).await.is_ok_and(|near| near.len() == 1) }).await;
    assert_eq!(store.get("cache", "k", 0).await.unwrap(), None);
}

#[tokio::test]
async fn an_index_that_is_gone_is_made_again() {
    let searcher = Searcher::start().await;
    let store = open(&searcher.url(), 500);
    let at = spot("aa", [1.0, 0.0]);
    put(&store, &at, "k", "value").await;
    assert_eq!(values(&store, &at).await, ["value"]);
    searcher.empty();
    assert!(store.nearest(&at, 8).await.is_err());
    until("it is there again", || async {
        put(&store, &at, "k", "anew").await;
        store.nearest(&at, 8).await.is_ok_and(|near| near.len() == 1)
    })
    .await;
    assert_eq!((searcher.count("FT.CREATE"), searcher.keeps()), (2, 1));
}
