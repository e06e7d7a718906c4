//! Thirty requests explained on a fixed set of models, from which `docs/explained.md` is written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may.

#[path = "explained_support/strategies.rs"]
mod strategies;

use std::fmt::Write as _;
use std::path::Path;

use clawrouters::{ChatRequest, Config, Explanation, Router};
use serde_json::{Value, json};

const STRATEGIES: [&str; 4] = ["cheapest", "balanced", "best", "fastest"];
const HEAD: &str = "# Thirty requests explained\n\n\
    What `explain` says of thirty requests, on seven made-up models so that prices and qualities stay put. Written by\n\
    `UPDATE_DOCS=1 cargo test -p clawrouters --test explained`; the test compares.\n\n\
    | model | quality | USD per 1M tokens, in and out |\n|---|---|---|\n";

// Name, quality, price in, price out, more.
const MODELS: [(&str, f64, f64, f64); 7] = [
    ("north/nano", 18.0, 0.05, 0.2),
    ("north/mid", 34.0, 0.5, 2.0),
    ("north/max", 56.0, 5.0, 25.0),
    ("south/flash", 28.0, 0.15, 0.6),
    ("south/pro", 50.0, 2.0, 12.0),
    ("east/small", 24.0, 0.1, 0.4),
    ("east/large", 44.0, 1.0, 5.0),
];

fn router() -> Router {
    let house =
        |name: &str| json!({"kind": "openai", "base_url": format!("http://127.0.0.1:9/{name}"), "api_key": "unused"});
    let models: Vec<Value> = MODELS
        .iter()
        .map(|(id, quality, input, output)| {
            json!({"id": id, "quality": quality, "price": {"input": input, "output": output}, "context_window": 200_000,
                   "max_output_tokens": 16_000,
                   "capabilities": {"tools": true, "vision": id.starts_with("south") || *id == "north/max"}})
        })
        .collect();
    let config = json!({
        "providers": {"north": house("north"), "south": house("south"), "east": house("east")},
        "models": models,
        "rules": [{"name": "patients", "pattern": "(?i)\\bpatients?\\b", "min_difficulty": 0.7}],
    });
    Router::new(Config::from_value(config).unwrap()).unwrap()
}

fn said(turns: &[&str]) -> Value {
    let turn =
        |(at, text): (usize, &&str)| json!({"role": if at % 2 == 0 { "user" } else { "assistant" }, "content": text});
    json!({"messages": turns.iter().enumerate().map(turn).collect::<Vec<_>>()})
}

fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name, "description": "Does it for the user", "parameters": {"type": "object"}}})
}

fn requests() -> Vec<(&'static str, Value)> {
    let log = "2026-03-02T08:14:54Z ERROR worker gave up on job 4711\n".repeat(20);
    let paper =
        "The council met on Tuesday and talked about the roads, the school and the budget of the coming year.\n\n";
    let agent = "You are a coding agent. Think step by step, run the tests, prove what you claim. ".repeat(60);
    let mut agentic = said(&["Book a table for four on Friday at seven and add it to my calendar"]);
    agentic["tools"] = json!([tool("book"), tool("calendar")]);
    let mut many = said(&["What is the tallest building in Dubai?"]);
    many["tools"] = (0..32).map(|n| tool(&format!("run_{n}"))).collect();
    let dressed = json!({"messages": [{"role": "system", "content": agent}, {"role": "user", "content": "What does the -p flag of mkdir do?"}]});
    let picture = json!({"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "https://example.com/receipt.jpg"}},
        {"type": "text", "text": "Read the total from this receipt"}]}]});
    let mut stated = said(&["Hello there"]);
    stated["route"] = json!({"task": "reasoning", "difficulty": 0.8});
    vec![
        ("A greeting", said(&["Hi there, how are you today?"])),
        ("A fact", said(&["What is the capital of Mongolia?"])),
        ("A fact, misspelt", said(&["wat is teh captial of mongolia?"])),
        ("A fact with an agent's system prompt around it", dressed),
        ("A fact with 32 tools beside it", many),
        ("A translation", said(&["Translate into French: the train is late again"])),
        (
            "A follow-up to it",
            said(&[
                "Translate into French: the train is late again",
                "Le train est encore en retard",
                "and in Spanish?",
            ]),
        ),
        ("A translation asked for in Japanese", said(&["次の文を英語に翻訳してください：電車がまた遅れています"])),
        ("A summary of a long text", said(&[&format!("Summarise this in three sentences:\n\n{}", paper.repeat(30))])),
        (
            "A question over a very long text",
            said(&[&format!("{}\n\nWhat was said about the school?", paper.repeat(400))]),
        ),
        (
            "Fields out of a mail",
            said(&[
                "Extract the name, the amount and the date as JSON:\n\nDear Ms Cole, we received 480 euros from you on 3 May. Jan Berg",
            ]),
        ),
        ("A label", said(&["Is this review positive or negative? 'The food was cold and so was the waiter.'"])),
        ("A poem", said(&["Write a short poem about the sea"])),
        ("A poem in German", said(&["Schreibe ein kurzes Gedicht über das Meer"])),
        (
            "A hard piece of writing",
            said(&[
                "Write the opening chapter of a novel in the second person with an unreliable narrator, no dialogue, and at least three nested flashbacks; justify each of them in a footnote",
            ]),
        ),
        ("A small script", said(&["Write a Python function that removes duplicates from a list"])),
        (
            "A hard program",
            said(&[
                "Implement a lock-free concurrent hash map in C++ with resizing, and prove that it is linearizable",
            ]),
        ),
        (
            "A follow-up to it",
            said(&[
                "Implement a lock-free concurrent hash map in C++ with resizing, and prove that it is linearizable",
                "Here is the map ...",
                "looks good, commit it",
            ]),
        ),
        ("A program asked for in Chinese", said(&["用Go实现一个支持事务的分布式键值存储，并证明其线性一致性"])),
        ("A fault with a log", said(&[&format!("Why does the worker give up?\n{log}")])),
        ("A fault in Russian", said(&["Программа падает с ошибкой KeyError, помоги найти причину"])),
        ("A sum", said(&["What is 17 % of 2350?"])),
        (
            "A proof",
            said(&[
                "Prove that there are infinitely many primes congruent to 3 modulo 4, and derive a bound for their density",
            ]),
        ),
        ("Advice", said(&["Should I lease or buy a car if I drive 9,000 miles a year and keep cars for six years?"])),
        (
            "An analysis",
            said(&[
                "Analyse the causes of the 1929 crisis, weigh the monetary against the structural explanations, and discuss in depth which evidence would decide between them",
            ]),
        ),
        ("A part to play", said(&["Pretend you are a grumpy innkeeper and I walk in soaked from the rain"])),
        ("Something to do with tools", agentic),
        ("A picture", picture),
        ("Nothing that is known", said(&["zxqv blorp fnarg"])),
        ("A rule of the user's and a word of the request's own", {
            stated["messages"][0]["content"] = json!("How often should patients be turned in bed?");
            stated
        }),
    ]
}

fn explained(router: &Router, request: &Value, strategy: &str) -> Explanation {
    let mut request = request.clone();
    request["model"] = json!(format!("auto:{strategy}"));
    router.explain(&ChatRequest::from_value(request).unwrap()).unwrap()
}

fn shown(request: &Value) -> String {
    let last = request["messages"].as_array().unwrap().iter().rfind(|m| m["role"] == "user").unwrap();
    let text = match &last["content"] {
        Value::String(text) => text.clone(),
        parts => parts.as_array().unwrap().last().unwrap()["text"].as_str().unwrap().to_owned(),
    };
    let short: String = text.chars().take(180).collect();
    let more = if short.len() < text.len() { " …" } else { "" };
    format!("{}{more}", short.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn section(out: &mut String, number: usize, title: &str, request: &Value, router: &Router) {
    let all = STRATEGIES.map(|strategy| explained(router, request, strategy));
    let task = all[1].task.as_ref().unwrap();
    writeln!(out, "\n## {number}. {title}\n\n> {}\n", shown(request)).unwrap();
    let script = task.script.map_or("no letters", clawrouters::Script::as_str);
    let inherited = if task.inherited { ", inherited from an earlier turn" } else { "" };
    writeln!(
        out,
        "`{}`, difficulty {:.2}, confidence {:.2}; {} characters asked ({script}), {} beside{inherited}\n",
        task.kind, task.difficulty, task.confidence, task.ask_chars, task.context_chars
    )
    .unwrap();
    let evidence: Vec<String> = task.evidence.iter().map(|e| format!("{} {:+.2}", e.signal, e.weight)).collect();
    writeln!(out, "Evidence: {}\n", if evidence.is_empty() { "none".to_owned() } else { evidence.join(", ") }).unwrap();
    let reasons = &all[1].plan.reasons;
    for reason in reasons {
        writeln!(out, "- {reason}").unwrap();
    }
    out.push('\n');
    for (strategy, explanation) in STRATEGIES.iter().zip(&all) {
        let first = &explanation.plan.candidates[0];
        let quality = first.quality.unwrap();
        writeln!(out, "`{strategy}`: **{}** ({quality:.2} likely)  ", first.target.key()).unwrap();
    }
}

fn document() -> String {
    let mut out = HEAD.to_owned();
    for (id, quality, input, output) in MODELS {
        writeln!(out, "| {id} | {quality} | {input}, {output} |").unwrap();
    }
    out.push_str("\nThe reasons are those of `balanced`. A rule says that what mentions patients has a difficulty of at least 0.7.\n");
    let router = router();
    for (at, (title, request)) in requests().iter().enumerate() {
        section(&mut out, at + 1, title, request, &router);
    }
    out
}

#[test]
fn the_document_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/explained.md");
    let written = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, written).expect("docs/explained.md can be written");
        return;
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == written, "docs/explained.md is out of date: run with UPDATE_DOCS=1");
}

#[test]
fn each_of_thirty_has_reasons_that_name_its_model() {
    let router = router();
    let requests = requests();
    assert_eq!(requests.len(), 30);
    for (title, request) in &requests {
        for strategy in STRATEGIES {
            let explanation = explained(&router, request, strategy);
            let first = explanation.plan.candidates[0].target.key();
            let reasons = &explanation.plan.reasons;
            assert!(reasons.len() >= 2 && reasons.iter().any(|reason| reason.contains(&first)), "{title}: {reasons:?}");
        }
    }
}
