//! A folder and a sandbox router of the test's own.

pub mod browser;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use clawrouters::{ChatRequest, Config, Router};
use serde_json::{Value, json};

/// A folder, gone with the value.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("clawrouters-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a path of text").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A router of the sandbox, which answers at once, with this ledger.
pub fn router(ledger: Value) -> Router {
    let config = json!({"providers": {"openai": {"kind": "sandbox", "sandbox": {"latency": 0}}}, "ledger": ledger});
    Router::new(Config::from_value(config).expect("a config")).expect("a router")
}

/// Asks it something.
pub async fn ask(router: &Router, route: Value) {
    let body = json!({"model": "auto", "messages": [{"role": "user", "content": "What is 2 + 2?"}], "route": route});
    router.chat(ChatRequest::from_value(body).expect("a request")).await.expect("a reply");
}
