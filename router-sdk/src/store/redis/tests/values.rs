//! Small values: read, written, listed, expired, and believed for a while.

use super::*;

#[tokio::test]
async fn values_are_put_read_listed_and_removed() {
    let Some(server) = Server::start() else { return };
    let prefix = server::prefix();
    let (one, other) = (store(&server, &prefix, OPEN), store(&server, &prefix, OPEN));
    assert_eq!(other.get("keys", "k", 0).await.unwrap(), None);
    one.put("keys", "k2", Bytes::from_static(b"\x00two"), None, 0).await.unwrap();
    one.put("keys", "k1", Bytes::from_static(b"one"), Some(60_000), 0).await.unwrap();
    one.put("hints", "k1", Bytes::from_static(b"hint"), Some(40), 0).await.unwrap();
    assert_eq!(other.get("keys", "k2", 0).await.unwrap().unwrap(), Bytes::from_static(b"\x00two"));
    assert_eq!(other.list("hints", 0).await.unwrap(), [("k1".to_owned(), Bytes::from_static(b"hint"))]);
    let keys: Vec<_> = other.list("keys", 0).await.unwrap().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["k1", "k2"]);
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(other.get("hints", "k1", 0).await.unwrap(), None);
    assert!(other.list("hints", 0).await.unwrap().is_empty());
    assert!(other.remove("keys", "k1").await.unwrap());
    assert!(!other.remove("keys", "k1").await.unwrap());
    assert_eq!(one.list("keys", 0).await.unwrap().len(), 1);
}
