//! The server killed, frozen, emptied, out of memory, or with something else under our keys.

use std::time::Instant;

use super::*;

fn limits() -> [Claim; 1] {
    [claim("key:k", Measure::Requests, MINUTE, 10, 1)]
}

fn budget(cap: u64, amount: u64) -> [Claim; 1] {
    [claim("key:k", Measure::Nanos, day(), cap, amount)]
}

#[tokio::test]
async fn a_server_that_is_gone_is_not_waited_for() {
    let Some(mut server) = Server::start() else { return };
    let prefix = server::prefix();
    let (open, closed) = (store(&server, &prefix, OPEN), store(&server, &prefix, CLOSED));
    drop(open.reserve(&limits(), now_ms()).await.unwrap());
    open.flush().await.unwrap();
    server.kill();
    let began = Instant::now();
    let mut holds = Vec::new();
    for _ in 0..10 {
        holds.push(open.reserve(&limits(), now_ms()).await.unwrap());
        assert!(is_unavailable(&closed.reserve(&limits(), now_ms()).await));
    }
    // Counted here alone, and counted.
    assert!(is_full(&open.reserve(&limits(), now_ms()).await));
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    assert!(open.flush().await.is_err());
    // What was granted alone is told once the server is back.
    server.restart();
    holds.drain(..7).for_each(|hold| hold.settle(one_request()));
    drop(holds);
    open.flush().await.unwrap();
    assert_eq!(used(&open, &limits()[0]).await, 7);
    until("the other one goes on too", || async { closed.reserve(&limits(), now_ms()).await.is_ok() }).await;
}

#[tokio::test]
async fn budgets_are_closed_where_limits_are_open() {
    let Some(mut server) = Server::start() else { return };
    let policy = Policy { limits_open: true, budgets_open: false };
    let shared = store(&server, &server::prefix(), policy);
    drop(shared.reserve(&budget(1_000, 100), now_ms()).await.unwrap());
    server.kill();
    assert!(shared.reserve(&limits(), now_ms()).await.is_ok());
    let both = [limits()[0].clone(), budget(1_000, 100)[0].clone()];
    let denied = shared.reserve(&both, now_ms()).await;
    let Err(Denied::Unavailable(Unavailable(words))) = denied else { panic!("{denied:?}") };
    assert!(!words.contains(&server.port.to_string()) && words.contains("shared state"), "{words}");
}

#[tokio::test]
async fn a_frozen_server_delays_three_requests_and_nothing_is_counted_twice() {
    let Some(server) = Server::start() else { return };
    let prefix = server::prefix();
    let shared = RedisStore::new(Address::read(&server.url()).unwrap(), &prefix, Duration::from_millis(50), OPEN);
    shared.reserve(&budget(10_000, 100), now_ms()).await.unwrap().settle(nanos(60));
    shared.flush().await.unwrap();
    server.freeze();
    let began = Instant::now();
    let mut took = Vec::new();
    for _ in 0..20 {
        let one = Instant::now();
        shared.reserve(&budget(10_000, 100), now_ms()).await.unwrap().settle(nanos(60));
        took.push(one.elapsed());
    }
    assert!(took.iter().filter(|t| **t > Duration::from_millis(20)).count() <= 3, "{took:?}");
    assert!(began.elapsed() < Duration::from_millis(400), "{took:?}");
    // A while longer: probes come and go unanswered, on connections that the server will hear of when it thaws.
    tokio::time::sleep(Duration::from_millis(700)).await;
    server.thaw();
    until("it is asked again", || async { shared.flush().await.is_ok() }).await;
    // Questions that it hears now were undone before, and each settlement was sent under its number.
    tokio::time::sleep(Duration::from_millis(300)).await;
    shared.close().await.unwrap();
    let level = shared.levels(&budget(10_000, 0), now_ms()).await.unwrap()[0];
    assert_eq!((level.used, level.held), (21 * 60, 0));
}

#[tokio::test]
async fn a_server_that_comes_and_goes_gets_every_settlement_once() {
    let Some(server) = Server::start() else { return };
    let prefix = server::prefix();
    let shared =
        Arc::new(RedisStore::new(Address::read(&server.url()).unwrap(), &prefix, Duration::from_millis(30), OPEN));
    let spending = |shared: Arc<RedisStore>| async move {
        let mut spent = 0;
        for i in 0..400_u64 {
            let hold = shared.reserve(&budget(1_000_000_000, 100), now_ms()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
            hold.settle(nanos(i % 90));
            spent += i % 90;
        }
        spent
    };
    let tasks: Vec<_> = (0..10).map(|_| tokio::spawn(spending(Arc::clone(&shared)))).collect();
    for pause in [5, 40, 90, 20, 150, 60] {
        tokio::time::sleep(Duration::from_millis(60)).await;
        server.freeze();
        tokio::time::sleep(Duration::from_millis(pause)).await;
        server.thaw();
    }
    let mut spent = 0;
    for task in tasks {
        spent += task.await.unwrap();
    }
    until("all is told", || async { shared.flush().await.is_ok() }).await;
    shared.close().await.unwrap();
    let level = shared.levels(&budget(1_000_000_000, 0), now_ms()).await.unwrap()[0];
    assert_eq!((level.used, level.held), (spent, 0));
}

#[tokio::test]
async fn another_type_under_a_key_concerns_that_key_alone() {
    let Some(server) = Server::start() else { return };
    let prefix = server::prefix();
    let shared = store(&server, &prefix, CLOSED);
    let meter = Meter::new(&prefix, &limits()[0]);
    let _: String = server.ask(&format!("SET {} hello", meter.key)).await;
    for _ in 0..5 {
        let denied = shared.reserve(&limits(), now_ms()).await;
        let Err(Denied::Unavailable(Unavailable(words))) = denied else { panic!("{denied:?}") };
        assert!(words.contains("another type"), "{words}");
    }
    // Others are served, and a settlement to the odd one does not keep theirs back.
    let fine = claim("key:fine", Measure::Requests, MINUTE, 10, 1);
    shared.reserve(std::slice::from_ref(&fine), now_ms()).await.unwrap().settle(one_request());
    let (_, held): (u64, String) = (0, server.ask(&format!("GET {}", meter.key)).await);
    assert_eq!(held, "hello");
    let was = claim("key:was", Measure::Requests, MINUTE, 10, 1);
    let hold = shared.reserve(std::slice::from_ref(&was), now_ms()).await.unwrap();
    let _: String = server.ask(&format!("SET {} hello", Meter::new(&prefix, &was).key)).await;
    hold.settle(Amounts::default());
    shared.reserve(std::slice::from_ref(&fine), now_ms()).await.unwrap().settle(one_request());
    shared.flush().await.unwrap();
    assert_eq!(used(&shared, &fine).await, 2);
}

#[tokio::test]
async fn a_server_without_memory_is_as_good_as_none() {
    let Some(server) = Server::start() else { return };
    let shared = store(&server, &server::prefix(), OPEN);
    let strict = store(&server, &server::prefix(), CLOSED);
    assert!(strict.reserve(&limits(), now_ms()).await.is_ok());
    let _: String = server.ask("CONFIG SET maxmemory 1").await;
    let denied = strict.reserve(&limits(), now_ms()).await;
    let Err(Denied::Unavailable(Unavailable(words))) = denied else { panic!("{denied:?}") };
    assert!(words.contains("out of memory"), "{words}");
    for _ in 0..10 {
        shared.reserve(&limits(), now_ms()).await.unwrap().settle(one_request());
    }
    assert!(is_full(&shared.reserve(&limits(), now_ms()).await));
    let _: String = server.ask("CONFIG SET maxmemory 0").await;
    until("it is told", || async { shared.flush().await.is_ok() }).await;
    assert_eq!(used(&shared, &limits()[0]).await, 10);
}

/// Answers every command with one line.
async fn parrot(line: &'static str) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = [0; 65_536];
                while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {
                    let _ = stream.write_all(line.as_bytes()).await;
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn servers_that_answer_oddly_are_named_in_plain_words() {
    for (line, expected) in [
        ("-LOADING Redis is loading the dataset in memory\r\n", "loading"),
        ("-OOM command not allowed when used memory > 'maxmemory'.\r\n", "out of memory"),
        ("-MISCONF Errors writing to the AOF file\r\n", "take writes"),
        ("-NOAUTH Authentication required.\r\n", "user or password"),
        ("-NOPERM this user has no permissions\r\n", "may not run"),
        ("-CLUSTERDOWN The cluster is down\r\n", "down"),
        ("-READONLY You can't write against a read only replica.\r\n", "cannot be reached"),
        ("-ERR unknown command\r\n", "an error"),
        ("+PONG\r\n", "another language"),
        ("*1\r\n$5\r\nhello\r\n", "another language"),
        (":12\r\n", "another language"),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "the shared state"),
    ] {
        let address = Address::read(&format!("redis://127.0.0.1:{}", parrot(line).await)).unwrap();
        let shared = RedisStore::new(address, "odd", Duration::from_millis(200), CLOSED);
        let denied = shared.reserve(&limits(), now_ms()).await;
        let Err(Denied::Unavailable(Unavailable(words))) = denied else { panic!("{line} {denied:?}") };
        assert!(words.contains(expected), "{line} {words}");
        assert!(shared.get("keys", "k", 0).await.is_err() || line.starts_with('+'), "{line}");
    }
}

#[tokio::test]
async fn a_password_is_never_shown() {
    let Some(server) = Server::with(&["--requirepass", "hunter2"]) else { return };
    let right = format!("redis://:hunter2@127.0.0.1:{}", server.port);
    let shared = RedisStore::new(Address::read(&right).unwrap(), "p", Duration::from_millis(200), CLOSED);
    assert!(shared.reserve(&limits(), now_ms()).await.is_ok());
    assert!(!format!("{shared:?}").contains("hunter2"));
    let wrong = format!("redis://:hunter3@127.0.0.1:{}", server.port);
    let shared = RedisStore::new(Address::read(&wrong).unwrap(), "p", Duration::from_millis(200), CLOSED);
    let denied = shared.reserve(&limits(), now_ms()).await;
    let Err(Denied::Unavailable(Unavailable(words))) = &denied else { panic!("{denied:?}") };
    assert!(words.contains("password") && !words.contains("hunter"), "{words}");
    assert!(!format!("{shared:?} {denied:?}").contains("hunter"));
}

#[tokio::test]
async fn an_emptied_server_learns_again_what_is_held() {
    let Some(mut server) = Server::start() else { return };
    let prefix = server::prefix();
    let (one, other) = (store(&server, &prefix, CLOSED), store(&server, &prefix, CLOSED));
    let seat = [claim("key:k", Measure::Concurrency, Span::Held, 3, 1)];
    let mut holds = vec![one.reserve(&seat, now_ms()).await.unwrap(), one.reserve(&seat, now_ms()).await.unwrap()];
    until("it is known", || async { server.calls("zadd").await > 0 }).await;
    server.kill();
    server.restart();
    until("both seats are told", || async {
        one.levels(&seat, now_ms()).await.is_ok_and(|levels| levels[0].used == 2)
    })
    .await;
    holds.push(other.reserve(&seat, now_ms()).await.unwrap());
    assert!(is_full(&other.reserve(&seat, now_ms()).await));
    drop(holds);
    one.flush().await.unwrap();
    other.flush().await.unwrap();
    assert_eq!(used(&one, &seat[0]).await, 0);
}

#[test]
fn a_runtime_that_ends_takes_nothing_with_it() {
    let Some(server) = Server::start() else { return };
    let shared = store(&server, &server::prefix(), CLOSED);
    for round in 1..=3 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            shared.reserve(&limits(), now_ms()).await.unwrap().settle(one_request());
            shared.flush().await.unwrap();
            assert_eq!(used(&shared, &limits()[0]).await, round);
        });
    }
}
