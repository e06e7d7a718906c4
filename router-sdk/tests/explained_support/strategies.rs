//! How often the four strategies choose different models, from which `docs/strategies.md` is written.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use clawrouters::{ChatRequest, Config, Router};
use serde_json::{Value, json};

use super::{STRATEGIES, router};

const HEAD: &str = "# How often the strategies differ\n\n\
    What the four strategies choose for the labelled prompts of the classifier's tests, each in a request of its own. Written by\n\
    `UPDATE_DOCS=1 cargo test -p clawrouters --test explained`.\n\n\
    **differ** is the share of prompts for which two strategies choose different models. **quality** is the mean probability of a good\n\
    answer that selection expects, its uncertainty subtracted; **cost** is the mean of what it expects, in US dollars for a thousand\n\
    requests. Both are the selection's own expectations, not outcomes: for these see [quality](quality.md).\n";
const CATALOGUE: &str = "\n## With the whole catalogue\n";

/// What one strategy chose for all prompts.
struct Choices {
    models: Vec<String>,
    quality: f64,
    usd: f64,
}

fn prompts() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/classify/testdata");
    let mut out = Vec::new();
    for name in ["asks_held.jsonl", "asks_open.jsonl"] {
        for line in std::fs::read_to_string(folder.join(name)).unwrap().lines().filter(|line| !line.trim().is_empty()) {
            let mut row: Value = serde_json::from_str(line).unwrap();
            out.push(row["request"].take());
        }
    }
    out
}

fn request(prompt: &Value, model: &str) -> ChatRequest {
    let mut request = prompt.clone();
    request["model"] = json!(model);
    ChatRequest::from_value(request).unwrap()
}

fn choices(router: &Router, prompts: &[Value], strategy: &str) -> Choices {
    let mut out = Choices { models: Vec::new(), quality: 0.0, usd: 0.0 };
    for prompt in prompts {
        let plan = router.plan(&request(prompt, &format!("auto:{strategy}"))).unwrap();
        let first = &plan.candidates[0];
        out.models.push(first.target.key());
        out.quality += first.quality.unwrap() / prompts.len() as f64;
        out.usd += first.cost_nanos.unwrap_or(0) as f64 / 1e6 / prompts.len() as f64;
    }
    out
}

fn differ(a: &Choices, b: &Choices) -> f64 {
    let apart = a.models.iter().zip(&b.models).filter(|(a, b)| a != b).count();
    apart as f64 / a.models.len() as f64
}

fn tables(out: &mut String, router: &Router, prompts: &[Value]) {
    let all = STRATEGIES.map(|strategy| choices(router, prompts, strategy));
    out.push_str("\n| strategy | quality | cost | models chosen | most often |\n|---|---|---|---|---|\n");
    for (strategy, choices) in STRATEGIES.iter().zip(&all) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        choices.models.iter().for_each(|model| *counts.entry(model).or_default() += 1);
        let (most, count) = counts.iter().max_by_key(|(model, count)| (**count, std::cmp::Reverse(**model))).unwrap();
        let share = 100.0 * *count as f64 / prompts.len() as f64;
        let (quality, usd) = (choices.quality, choices.usd);
        writeln!(out, "| `{strategy}` | {quality:.3} | {usd:.4} | {} | {most}, {share:.0} % |", counts.len()).unwrap();
    }
    out.push_str("\n| differ | `balanced` | `best` | `fastest` |\n|---|---|---|---|\n");
    for (row, strategy) in STRATEGIES.iter().enumerate().take(3) {
        write!(out, "| `{strategy}` |").unwrap();
        for column in 1..4 {
            if column <= row {
                out.push_str(" |");
            } else {
                write!(out, " {:.1} % |", 100.0 * differ(&all[row], &all[column])).unwrap();
            }
        }
        out.push('\n');
    }
}

fn by_kind(out: &mut String, router: &Router, prompts: &[Value]) {
    out.push_str("\nBy kind of task, the share of prompts for which not all four choose the same model, and the mean difficulty:\n\n");
    out.push_str("| kind | prompts | difficulty | not all the same |\n|---|---|---|---|\n");
    let mut kinds: BTreeMap<&'static str, (f64, Vec<Value>)> = BTreeMap::new();
    for prompt in prompts {
        let task = router.classify(&request(prompt, "auto"));
        let kind = kinds.entry(task.kind.as_str()).or_default();
        kind.0 += task.difficulty;
        kind.1.push(prompt.clone());
    }
    for (name, (difficulty, prompts)) in kinds {
        let all = STRATEGIES.map(|strategy| choices(router, &prompts, strategy));
        let apart = (0..prompts.len()).filter(|at| all.iter().any(|c| c.models[*at] != all[0].models[*at])).count();
        let count = prompts.len() as f64;
        writeln!(out, "| {name} | {count} | {:.2} | {:.0} % |", difficulty / count, 100.0 * apart as f64 / count)
            .unwrap();
    }
}

/// Every model that the catalogue has of five makers. Its prices and scores move with the catalogue and the day.
fn whole_catalogue() -> Router {
    let names = ["openai", "anthropic", "gemini", "deepseek", "mistral"];
    let providers: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), json!({"api_key": "unused"}))).collect();
    Router::new(Config::from_value(json!({"providers": providers})).unwrap()).unwrap()
}

fn stable(prompts: &[Value]) -> String {
    let mut out = HEAD.to_owned();
    writeln!(
        out,
        "\n## With seven made-up models\n\n{} prompts, the models of [explained](explained.md). Nothing was observed of how quick they are: then\n\
         `fastest` takes the dear for slow, and of models that do not think it chooses the cheapest that is good enough.",
        prompts.len()
    )
    .unwrap();
    let router = router();
    tables(&mut out, &router, prompts);
    by_kind(&mut out, &router, prompts);
    out
}

#[test]
fn the_document_of_strategies_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/strategies.md");
    let prompts = prompts();
    assert!(prompts.len() > 1_400, "{}", prompts.len());
    let mut written = stable(&prompts);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let today = jiff::Zoned::now().date();
        write!(written, "{CATALOGUE}\nThe same prompts with all models of OpenAI, Anthropic, Google, DeepSeek and Mistral, as of {today}. No test compares this part.\n").unwrap();
        tables(&mut written, &whole_catalogue(), &prompts);
        std::fs::write(&path, written).expect("docs/strategies.md can be written");
        return;
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    let (compared, _) = there.split_once(CATALOGUE).unwrap_or((&there, ""));
    assert!(compared == written, "docs/strategies.md is out of date: run with UPDATE_DOCS=1");
}

#[test]
fn the_strategies_differ_where_they_should() {
    let (router, prompts) = (router(), prompts());
    let all = STRATEGIES.map(|strategy| choices(&router, &prompts, strategy));
    let [cheapest, balanced, best, fastest] = &all;
    for (a, b) in [(cheapest, best), (balanced, best), (cheapest, balanced), (fastest, best)] {
        assert!(differ(a, b) > 0.05, "two strategies are the same one");
    }
    assert!(cheapest.usd <= balanced.usd && balanced.usd < best.usd);
    assert!(cheapest.quality < best.quality && balanced.quality < best.quality);
}
