//! JSON lines of requests in (`{"messages": …}` or `{"prompt": "…"}`), JSON lines out: features, or tasks with `--task`.

#[allow(dead_code)]
#[path = "../../../router-sdk/src/classify/mod.rs"]
mod classify;

use std::io::{BufRead, BufWriter, Error, Write};

use serde_json::{Map, Value, json};

fn main() -> Result<(), Error> {
    let tasks = std::env::args().any(|arg| arg == "--task");
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let body = request(serde_json::from_str(&line?)?);
        if tasks {
            serde_json::to_writer(&mut out, &classify::classify(&body))?;
        } else {
            serde_json::to_writer(&mut out, &classify::training_features(&body))?;
        }
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn request(line: Value) -> Map<String, Value> {
    let Value::Object(mut body) = line else { return Map::new() };
    if let Some(prompt) = body.remove("prompt") {
        body.insert("messages".to_owned(), json!([{"role": "user", "content": prompt}]));
    }
    body
}
