//! What slices save, and that they cost nothing in exactness.

use super::*;

/// Claims of one request as they usually come.
fn usual(subject: &str) -> [Claim; 4] {
    [
        claim(subject, Measure::Requests, MINUTE, 1_000_000, 1),
        claim(subject, Measure::Tokens, MINUTE, 100_000_000, 500),
        claim(subject, Measure::Nanos, day(), 1_000_000_000_000, 1_000_000),
        claim(subject, Measure::Concurrency, Span::Held, 10_000, 1),
    ]
}

#[tokio::test]
async fn the_common_request_asks_nobody_and_none_asks_twice() {
    let Some(server) = Server::start() else { return };
    let shared = store(&server, &server::prefix(), CLOSED);
    let claims = usual("key:k");
    drop(shared.reserve(&claims, now_ms()).await.unwrap());
    shared.flush().await.unwrap();
    let (before, began) = (server.calls("evalsha").await, std::time::Instant::now());
    let count = 5_000_u64;
    for _ in 0..count {
        let hold = shared.reserve(&claims, now_ms()).await.unwrap();
        hold.settle(Amounts { requests: 1, input_tokens: 300, output_tokens: 50, nanos: 900_000 });
        tokio::task::yield_now().await;
    }
    let took = began.elapsed();
    shared.flush().await.unwrap();
    let asked = server.calls("evalsha").await - before;
    // Slices by hundredths of a second, and what was settled in between.
    let background = u64::try_from(took.as_millis()).unwrap() / 8;
    assert!(asked < count / 5 + background, "{asked} calls for {count} requests in {took:?}");
    // Everything is counted, and what is left of slices goes back.
    shared.close().await.unwrap();
    let levels = shared.levels(&claims, now_ms()).await.unwrap();
    assert_eq!(levels.iter().map(|l| l.used).collect::<Vec<_>>(), [count, count * 350, count * 900_000, 0]);
    assert_eq!(levels[2].held, 0);
    println!("{asked} calls for {count} requests in {took:?}");
}

#[tokio::test]
async fn one_question_answers_for_all_claims() {
    let Some(server) = Server::start() else { return };
    let shared = store(&server, &server::prefix(), CLOSED);
    let claims: Vec<_> = (0..10).map(|i| claim(&format!("tag:{i}"), Measure::Requests, MINUTE, 50, 1)).collect();
    drop(shared.reserve(&claims, now_ms()).await.unwrap());
    let before = shared.local.next_call();
    for _ in 0..20 {
        shared.reserve(&claims, now_ms()).await.unwrap().settle(one_request());
    }
    assert_eq!(shared.local.next_call() - before - 1, 20);
}

#[tokio::test]
async fn small_caps_are_exact() {
    let Some(server) = Server::start() else { return };
    let prefix = server::prefix();
    let stores = [store(&server, &prefix, CLOSED), store(&server, &prefix, CLOSED)];
    let ten = [claim("key:k", Measure::Requests, MINUTE, 10, 1)];
    let mut granted = Vec::new();
    for turn in 0..20 {
        // Their clocks are hours apart, and the server's decides.
        let at_ms = now_ms() + [0, 7_200_000][turn % 2];
        granted.extend(stores[turn % 2].reserve(&ten, at_ms).await);
    }
    assert_eq!(granted.len(), 10);
    let denied = stores[0].reserve(&ten, now_ms()).await;
    let Err(Denied::Full { claim: 0, retry_after_ms: Some(wait), left: 0 }) = denied else { panic!("{denied:?}") };
    assert!((59_000..=61_000).contains(&wait), "{wait}");
    drop(granted);
    stores[0].flush().await.unwrap();
    stores[1].flush().await.unwrap();
    assert_eq!(used(&stores[0], &ten[0]).await, 0);
}

#[tokio::test]
async fn slices_never_pass_a_cap_and_nothing_of_it_is_lost() {
    let Some(server) = Server::start() else { return };
    let prefix = server::prefix();
    let stores: Vec<_> = (0..4).map(|_| Arc::new(store(&server, &prefix, CLOSED))).collect();
    let cap = 3_000;
    let all = [claim("global", Measure::Requests, Span::Sliding { ms: 3_600_000 }, cap, 1)];
    let tasks: Vec<_> = stores
        .iter()
        .map(|store| {
            let (store, all) = (Arc::clone(store), all.clone());
            tokio::spawn(async move {
                let mut granted = 0_u64;
                for _ in 0..2_000 {
                    if let Ok(hold) = store.reserve(&all, now_ms()).await {
                        hold.settle(one_request());
                        granted += 1;
                    }
                }
                granted
            })
        })
        .collect();
    let mut granted = 0;
    for task in tasks {
        granted += task.await.unwrap();
    }
    assert!(granted <= cap, "{granted}");
    for store in &stores {
        store.close().await.unwrap();
    }
    assert_eq!(used(&stores[0], &all[0]).await, granted);
    // What lay in slices is there for whoever asks.
    let mut rest = 0;
    while let Ok(hold) = stores[0].reserve(&all, now_ms()).await {
        hold.settle(one_request());
        rest += 1;
    }
    assert_eq!(granted + rest, cap);
}

#[tokio::test]
async fn a_caller_who_walks_away_leaves_nothing_behind() {
    let Some(server) = Server::start() else { return };
    let shared = store(&server, &server::prefix(), CLOSED);
    let claims = usual("key:k");
    drop(shared.reserve(&claims, now_ms()).await.unwrap());
    for round in 0..50_u64 {
        let _ = tokio::time::timeout(Duration::from_micros(round * 20), shared.reserve(&claims, now_ms())).await;
    }
    shared.close().await.unwrap();
    let levels = shared.levels(&claims, now_ms()).await.unwrap();
    assert!(levels.iter().all(|level| level.used == 0), "{levels:?}");
}

#[tokio::test]
async fn windows_are_those_of_the_servers_day() {
    let Some(server) = Server::start() else { return };
    let shared = store(&server, &server::prefix(), CLOSED);
    let ahead = now_ms() + 3 * 86_400_000;
    assert_eq!(shared.clock(ahead), ahead);
    let wrong = Span::Until { began_ms: ahead, ends_ms: ahead + 86_400_000 };
    let denied = shared.reserve(&[claim("global", Measure::Nanos, wrong, 10, 1)], ahead).await;
    assert!(matches!(denied, Err(Denied::Elsewhen)), "{denied:?}");
    assert!((shared.clock(ahead) - now_ms()).abs() < 1_000);
    assert!(shared.reserve(&[claim("global", Measure::Nanos, day(), 10, 1)], ahead).await.is_ok());
}

#[tokio::test]
async fn a_budget_is_asked_about_once_a_request() {
    let Some(server) = Server::start() else { return };
    let shared = store(&server, &server::prefix(), CLOSED);
    // A small limit and a small budget, as a key has them: no slice of them would carry a request.
    let figure = claim("key:k", Measure::Requests, MINUTE, 60, 1);
    let purse = |amount| claim("key:k", Measure::Nanos, day(), 5_000_000_000, amount);
    let one = async |amount| {
        let admitted = shared.reserve(&[figure.clone(), purse(0)], now_ms()).await.unwrap();
        let sent = shared.reserve(&[purse(amount)], now_ms()).await.unwrap();
        sent.settle(nanos(1_000));
        admitted.settle(one_request());
    };
    one(80_000_000).await;
    let before = shared.local.next_call();
    for amount in [80_000_000, 79_000_000, 78_000_000, 79_000_000] {
        one(amount).await;
    }
    assert_eq!(shared.local.next_call() - before - 1, 4);
    shared.close().await.unwrap();
    assert_eq!(used(&shared, &purse(0)).await, 5_000);
}

#[tokio::test]
async fn what_was_given_back_can_be_had_again_at_once() {
    let Some(server) = Server::start() else { return };
    let shared = store(&server, &server::prefix(), CLOSED);
    let tight = [
        claim("key:k", Measure::Concurrency, Span::Held, 1, 1),
        claim("key:k", Measure::Tokens, MINUTE, 100, 90),
        claim("key:k", Measure::Nanos, day(), 100, 90),
    ];
    for _ in 0..10 {
        let hold = shared.reserve(&tight, now_ms()).await.unwrap();
        hold.settle(Amounts { input_tokens: 1, nanos: 1, ..Amounts::default() });
    }
    shared.flush().await.unwrap();
    let levels = shared.levels(&tight, now_ms()).await.unwrap();
    assert_eq!(levels.iter().map(|level| level.used).collect::<Vec<_>>(), [0, 10, 10]);
}
