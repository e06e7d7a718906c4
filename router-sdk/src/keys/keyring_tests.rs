//! Keys over time: rotation, expiry, disabling, other processes, and a store that cannot be asked.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::FutureExt;
use serde_json::json;

use super::super::store::{Answer, MemoryKeys, unavailable};
use super::*;

/// A store that counts look-ups and can be taken away.
#[derive(Debug, Default)]
struct Watched {
    inner: MemoryKeys,
    finds: AtomicUsize,
    down: AtomicBool,
}

impl Watched {
    fn finds(&self) -> usize {
        self.finds.load(Ordering::Relaxed)
    }
}

impl KeyStore for Watched {
    fn find<'a>(&'a self, digest: Digest, id: Option<&'a str>) -> Answer<'a, Option<Record>> {
        self.finds.fetch_add(1, Ordering::Relaxed);
        match self.down.load(Ordering::Relaxed) {
            true => std::future::ready(Err(unavailable("it was taken away"))).boxed(),
            false => self.inner.find(digest, id),
        }
    }
    fn find_now(&self, digest: Digest) -> Option<Result<Option<Record>, Error>> {
        self.inner.find_now(digest)
    }
    fn get<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Record>> {
        self.inner.get(id)
    }
    fn list(&self) -> Answer<'_, Vec<Record>> {
        self.inner.list()
    }
    fn insert(&self, record: Record) -> Answer<'_, ()> {
        self.inner.insert(record)
    }
    fn replace(&self, record: Record) -> Answer<'_, bool> {
        self.inner.replace(record)
    }
    fn remove<'a>(&'a self, id: &'a str) -> Answer<'a, bool> {
        self.inner.remove(id)
    }
}

const REFRESH: Duration = Duration::from_millis(1_000);
const STALE: Duration = Duration::from_millis(60_000);
/// A moment in Unix milliseconds.
const NOW: i64 = 1_800_000_000_000;

/// A process on a store; several may be on one.
fn process(store: &Arc<Watched>) -> Arc<Keyring> {
    let sealer = Sealer::fleeting().unwrap();
    Keyring::new(Arc::clone(store) as _, Hasher::default(), Some(sealer), REFRESH, STALE)
}

fn new(settings: serde_json::Value) -> NewKey {
    NewKey::from_value(settings).unwrap()
}

async fn ask(ring: &Arc<Keyring>, secret: &SecretString, at_ms: i64) -> Result<String, String> {
    let caller = ring.recognise(Some(secret), at_ms).await;
    caller.map(|c| c.id().to_owned()).map_err(|e| e.code().unwrap_or(e.kind().as_str()).to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_rotated_secret_goes_on_for_its_grace_and_not_longer() {
    let store = Arc::new(Watched::default());
    let ring = process(&store);
    let first = ring.create(new(json!({"name": "a"})), NOW).await.unwrap();
    let id = first.key.id.clone();
    let second = ring.rotate(&id, 60, NOW).await.unwrap();
    assert_eq!(second.key.old_secret_until.unwrap().as_millisecond(), NOW + 60_000);
    assert_eq!(ask(&ring, &first.secret, NOW + 59_999).await.unwrap(), id);
    assert_eq!(ask(&ring, &second.secret, NOW + 59_999).await.unwrap(), id);
    assert_eq!(ask(&ring, &first.secret, NOW + 60_000).await.unwrap_err(), "key_rotated");
    assert_eq!(ask(&ring, &second.secret, NOW + 90_000_000).await.unwrap(), id);
    // Another rotation shortens no grace that was promised, and 0 ends all of them.
    let third = ring.rotate(&id, 3_600, NOW + 1_000).await.unwrap();
    assert_eq!(ask(&ring, &first.secret, NOW + 2_000).await.unwrap(), id);
    assert_eq!(ask(&ring, &first.secret, NOW + 60_000).await.unwrap_err(), "key_rotated");
    assert_eq!(ask(&ring, &second.secret, NOW + 3_600_000).await.unwrap(), id);
    let fourth = ring.rotate(&id, 0, NOW + 2_000).await.unwrap();
    for old in [&first, &second, &third] {
        assert_eq!(ask(&ring, &old.secret, NOW + 2_000).await.unwrap_err(), "key_unknown");
    }
    assert_eq!(ask(&ring, &fourth.secret, NOW + 2_000).await.unwrap(), id);
    assert_ne!(fourth.key.hint, first.key.hint);
    let far = ring.rotate(&id, u64::MAX, NOW).await.unwrap_err();
    assert_eq!(far.param(), Some("grace_s"));
}

#[tokio::test(start_paused = true)]
async fn a_key_has_few_secrets_however_often_it_is_rotated() {
    let ring = process(&Arc::new(Watched::default()));
    let first = ring.create(new(json!({})), NOW).await.unwrap();
    let mut last = first.clone();
    for _ in 0..20 {
        last = ring.rotate(&first.key.id, 3_600, NOW).await.unwrap();
    }
    assert_eq!(ask(&ring, &first.secret, NOW).await.unwrap_err(), "key_unknown");
    assert_eq!(ask(&ring, &last.secret, NOW).await.unwrap(), first.key.id);
}

#[tokio::test(start_paused = true)]
async fn refusals_say_why_by_code() {
    let ring = process(&Arc::new(Watched::default()));
    let key = ring.create(new(json!({"expires_at": "2027-01-31T12:00:00Z"})), NOW).await.unwrap();
    let ends = key.key.settings.expires_at.unwrap().as_millisecond();
    assert!(ask(&ring, &key.secret, ends - 1).await.is_ok());
    assert_eq!(ask(&ring, &key.secret, ends).await.unwrap_err(), "key_expired");
    ring.switch(&key.key.id, true).await.unwrap();
    assert_eq!(ask(&ring, &key.secret, NOW).await.unwrap_err(), "key_disabled");
    ring.switch(&key.key.id, false).await.unwrap();
    assert!(ask(&ring, &key.secret, NOW).await.is_ok());
    assert!(ring.delete(&key.key.id).await.unwrap());
    assert!(!ring.delete(&key.key.id).await.unwrap());
    assert_eq!(ask(&ring, &key.secret, NOW).await.unwrap_err(), "key_unknown");
    let missing = ring.recognise(None, NOW).await.unwrap_err();
    assert_eq!((missing.kind(), missing.code()), (ErrorKind::Unauthenticated, Some("key_missing")));
    for (text, code) in [("", "key_missing"), ("sk-1", "key_malformed"), ("cr_1", "key_malformed")] {
        assert_eq!(ask(&ring, &text.into(), NOW).await.unwrap_err(), code);
    }
    let mut wrong = key.secret.expose_secret().to_owned();
    wrong.pop();
    wrong.push(if key.secret.expose_secret().ends_with('0') { '1' } else { '0' });
    assert_eq!(ask(&ring, &wrong.into(), NOW).await.unwrap_err(), "key_malformed");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_used_often_is_looked_up_aside_and_never_waited_for() {
    let store = Arc::new(Watched::default());
    let ring = process(&store);
    let key = ring.create(new(json!({})), NOW).await.unwrap();
    for _ in 0..1_000 {
        // A caller that comes every 100 ms for 100 s is answered from memory, whatever the store does meanwhile.
        let answered = ring.recognise(Some(&key.secret), NOW).now_or_never();
        if answered.is_none() {
            ring.recognise(Some(&key.secret), NOW).await.unwrap();
        }
        assert!(answered.is_none_or(|a| a.is_ok()));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Once for each half of the time that an answer is good for, and no more.
    assert!((100..=210).contains(&store.finds()), "{}", store.finds());
}

#[tokio::test(start_paused = true)]
async fn misspelt_keys_cost_no_look_up_and_unknown_ones_are_remembered() {
    let store = Arc::new(Watched::default());
    let ring = process(&store);
    for text in ["", "x", "cr_", "sk-123", &format!("cr_{}", "0".repeat(49))] {
        assert!(ask(&ring, &text.into(), NOW).await.is_err());
    }
    assert_eq!(store.finds(), 0);
    let unknown = Secret::of([3; 32]).text();
    for _ in 0..100 {
        assert_eq!(ask(&ring, &unknown, NOW).await.unwrap_err(), "key_unknown");
    }
    assert_eq!(store.finds(), 1);
    for i in 0..70_000u32 {
        let mut bits = [0; 32];
        bits[..4].copy_from_slice(&i.to_be_bytes());
        let _ = ask(&ring, &Secret::of(bits).text(), NOW).await;
    }
    assert!(ring.cache.len() <= 65_536);
}

#[tokio::test(start_paused = true)]
async fn what_another_process_changes_takes_effect_within_the_stated_time() {
    let store = Arc::new(Watched::default());
    let (one, other) = (process(&store), process(&store));
    let key = one.create(new(json!({})), NOW).await.unwrap();
    assert!(ask(&other, &key.secret, NOW).await.is_ok());
    one.switch(&key.key.id, true).await.unwrap();
    assert_eq!(ask(&one, &key.secret, NOW).await.unwrap_err(), "key_disabled", "at once where it was changed");
    tokio::time::sleep(REFRESH).await;
    assert_eq!(ask(&other, &key.secret, NOW).await.unwrap_err(), "key_disabled", "an idle process");
    one.switch(&key.key.id, false).await.unwrap();
    // A busy process is never further behind than that either.
    let begun = Instant::now();
    while ask(&other, &key.secret, NOW).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(begun.elapsed() <= REFRESH, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_known_key_goes_on_for_a_while_when_the_store_is_gone() {
    let store = Arc::new(Watched::default());
    let ring = process(&store);
    let key = ring.create(new(json!({})), NOW).await.unwrap();
    let stranger = Secret::of([5; 32]).text();
    assert!(ask(&ring, &key.secret, NOW).await.is_ok());
    assert_eq!(ask(&ring, &stranger, NOW).await.unwrap_err(), "key_unknown");
    store.down.store(true, Ordering::Relaxed);
    tokio::time::sleep(STALE - Duration::from_millis(1)).await;
    assert!(ask(&ring, &key.secret, NOW).await.is_ok());
    assert_eq!(ask(&ring, &stranger, NOW).await.unwrap_err(), "ProviderUnavailable", "who was not known stays out");
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert_eq!(ask(&ring, &key.secret, NOW).await.unwrap_err(), "ProviderUnavailable");
    store.down.store(false, Ordering::Relaxed);
    assert!(ask(&ring, &key.secret, NOW).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_look_up_begun_before_a_change_does_not_hide_it() {
    let ring = process(&Arc::new(Watched::default()));
    let key = ring.create(new(json!({})), NOW).await.unwrap();
    let digest = ring.hasher.digest(&Secret::parse(key.secret.expose_secret()).unwrap());
    let changes = ring.cache.changes();
    let before = ring.store.find(digest, None).await.unwrap().map(|record| Arc::new(ring.known(record)));
    ring.switch(&key.key.id, true).await.unwrap();
    ring.cache.keep(digest, before, changes, Instant::now());
    assert_eq!(ask(&ring, &key.secret, NOW).await.unwrap_err(), "key_disabled");
}

#[tokio::test(start_paused = true)]
async fn two_who_change_a_key_at_once_do_not_undo_each_other() {
    let store = Arc::new(Watched::default());
    let (one, other) = (process(&store), process(&store));
    let key = one.create(new(json!({})), NOW).await.unwrap();
    let id = key.key.id.as_str();
    for round in 0..50 {
        let named = json!({"name": format!("n{round}")});
        let serde_json::Value::Object(fields) = named else { panic!("an object") };
        let (a, b) = tokio::join!(one.switch(id, true), other.update(id, fields, |_| Ok(())));
        a.unwrap();
        b.unwrap();
        let now = one.get(id).await.unwrap().unwrap();
        assert!(now.disabled && now.settings.name == Some(format!("n{round}")), "{now:?}");
        one.switch(id, false).await.unwrap();
    }
    let gone = one.switch("key_nobody", true).await.unwrap_err();
    assert_eq!((gone.kind(), gone.param()), (ErrorKind::InvalidRequest, Some("id")));
}

#[tokio::test(start_paused = true)]
async fn credentials_are_kept_sealed_and_never_without_a_master_key() {
    let store = Arc::new(Watched::default());
    let open = Keyring::new(Arc::clone(&store) as _, Hasher::default(), None, REFRESH, STALE);
    let with = || new(json!({"credentials": {"openai": "sk-tenant-secret-1"}}));
    let error = open.create(with(), NOW).await.unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidConfig, Some("keys.seal_env")));
    let ring = process(&store);
    let key = ring.create(with(), NOW).await.unwrap();
    assert_eq!(key.key.credentials, ["openai"]);
    let text = store.inner.get(&key.key.id).await.unwrap().unwrap().to_text().unwrap();
    assert!(!text.contains("sk-tenant") && !text.contains(key.secret.expose_secret()), "{text}");
    let caller = ring.recognise(Some(&key.secret), NOW).await.unwrap();
    assert_eq!(caller.credential("openai").unwrap().expose_secret(), "sk-tenant-secret-1");
    let shown = format!("{caller:?} {key:?} {ring:?} {}", key.key.to_json());
    assert!(!shown.contains("sk-tenant") && !shown.contains(&key.secret.expose_secret()[8..40]), "{shown}");
    // A process with another master key says so in place of asking with a key that is not the caller's.
    let error = process(&store).recognise(Some(&key.secret), NOW).await.unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidConfig, Some("keys.seal_env")));
    let serde_json::Value::Object(gone) = json!({"credentials": null}) else { panic!("an object") };
    ring.update(&key.key.id, gone, |_| Ok(())).await.unwrap();
    assert!(ring.recognise(Some(&key.secret), NOW).await.unwrap().credential("openai").is_none());
}

#[tokio::test(start_paused = true)]
async fn calls_that_cannot_wait_get_the_same_answers() {
    let ring = process(&Arc::new(Watched::default()));
    let key = ring.create(new(json!({})), NOW).await.unwrap();
    assert_eq!(ring.recognise_now(Some(&key.secret), NOW).unwrap().id(), key.key.id);
    assert_eq!(ring.recognise_now(None, NOW).unwrap_err().code(), Some("key_missing"));
    ring.switch(&key.key.id, true).await.unwrap();
    assert_eq!(ring.recognise_now(Some(&key.secret), NOW).unwrap_err().code(), Some("key_disabled"));
}
