//! JSON lines of requests in (`{"messages": …}` or `{"prompt": "…"}`), JSON lines out: features, tasks with `--task`,
//! or with `--time` the median nanoseconds of classifying each.

#[allow(dead_code)]
#[path = "../../../router-sdk/src/catalog/class.rs"]
mod class;
#[allow(dead_code)]
#[path = "../../../router-sdk/src/classify/mod.rs"]
mod classify;
#[path = "../../../router-sdk/src/field.rs"]
mod field;
#[allow(dead_code)]
#[path = "../../../router-sdk/src/fork.rs"]
mod fork;

mod catalog {
    pub use crate::class::TaskClass;
}

use std::io::{BufRead, BufWriter, Error, Write};

use serde_json::{Map, Value, json};

fn main() -> Result<(), Error> {
    let tasks = std::env::args().any(|arg| arg == "--task");
    let timed = std::env::args().any(|arg| arg == "--time");
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let body = request(serde_json::from_str(&line?)?);
        if timed {
            serde_json::to_writer(&mut out, &median_nanoseconds(&body))?;
        } else if tasks {
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

// Batches are short, so that other work on the machine falls into few of them.
fn median_nanoseconds(body: &Map<String, Value>) -> u128 {
    const BATCH: u32 = 16;
    let mut taken: Vec<u128> = (0..400)
        .map(|_| {
            let start = std::time::Instant::now();
            for _ in 0..BATCH {
                std::hint::black_box(classify::classify(std::hint::black_box(body)));
            }
            start.elapsed().as_nanos() / u128::from(BATCH)
        })
        .collect();
    taken.sort_unstable();
    taken[taken.len() / 2]
}
