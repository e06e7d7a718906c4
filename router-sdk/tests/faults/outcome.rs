//! Running one cell: the cell in, what the caller got out.

use std::time::{Duration, Instant};

use clawrouters::{AttemptRecord, ChatRequest, Error, Resumption};
use serde_json::json;

use super::cell::Cell;
use super::ground::Ground;

/// What the caller got.
pub struct Outcome {
    pub text: String,
    pub error: Option<Error>,
    pub model: String,
    pub finish: Option<String>,
    pub attempts: Vec<AttemptRecord>,
    pub resumed: Vec<Resumption>,
    pub time: Duration,
}

pub async fn run(ground: &Ground, cell: &Cell<'_>) -> Outcome {
    let models = cell.models();
    let mut body = json!({"model": models[0], "messages": [{"role": "user", "content": "Hello there"}]});
    if models.len() > 1 {
        body["models"] = json!(models[1..]);
    }
    let request = ChatRequest::from_value(body).expect("a request");
    let started = Instant::now();
    let mut outcome = match cell.stream {
        false => whole(ground, request).await,
        true => streamed(ground, request).await,
    };
    outcome.time = started.elapsed();
    if let Some(error) = &outcome.error {
        outcome.attempts = error.attempts().to_vec();
    }
    outcome
}

fn empty() -> Outcome {
    Outcome {
        text: String::new(),
        error: None,
        model: String::new(),
        finish: None,
        attempts: Vec::new(),
        resumed: Vec::new(),
        time: Duration::ZERO,
    }
}

async fn whole(ground: &Ground, request: ChatRequest) -> Outcome {
    match ground.router.chat(request).await {
        Ok(reply) => Outcome {
            text: reply.text().to_owned(),
            model: reply.model().to_owned(),
            finish: reply.finish_reason().map(str::to_owned),
            attempts: reply.route.attempts.clone(),
            ..empty()
        },
        Err(error) => Outcome { error: Some(error), ..empty() },
    }
}

async fn streamed(ground: &Ground, request: ChatRequest) -> Outcome {
    let mut outcome = empty();
    let mut stream = match ground.router.stream(request).await {
        Ok(stream) => stream,
        Err(error) => return Outcome { error: Some(error), ..outcome },
    };
    while let Some(item) = stream.next().await {
        match item {
            Err(error) => outcome.error = Some(error),
            Ok(chunk) => {
                outcome.text.push_str(chunk.text());
                outcome.finish = chunk.finish_reason().map(str::to_owned).or(outcome.finish);
                if let Some(route) = &chunk.route {
                    outcome.model.clone_from(&route.model);
                    outcome.attempts.clone_from(&route.attempts);
                    outcome.resumed.clone_from(&route.resumed);
                }
            }
        }
    }
    outcome
}
