//! What the router would have chosen for prompts with known outcomes: quality and cost beside every constant router.
//!
//! Runs offline. The first argument is a CSV file with the columns `prompt`, `m:NAME` (outcome, 0 to 1) and `cost:NAME`
//! (US dollars) of every model, the second a strategy. Without arguments it reads a small made-up table.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use clawrouters::{ChatRequest, Config, Router};
use serde_json::{Value, json};

/// A prompt, and how each model did on it.
struct Row {
    prompt: String,
    outcomes: Vec<f64>,
    costs: Vec<f64>,
}

/// The score of a model over all rows, and its scores by class.
type Scores = (f64, BTreeMap<&'static str, f64>);

/// Mean outcome, and US dollars in all.
#[derive(Clone, Copy)]
struct Point {
    quality: f64,
    cost: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/evaluation/table.csv");
    let path = std::env::args().nth(1).map_or(own, PathBuf::from);
    let strategy = std::env::args().nth(2).unwrap_or_else(|| "balanced".into());
    let (names, rows) = read(&path)?;
    // Every other prompt tells how able the models are, the rest is reported.
    let (fit, told): (Vec<_>, Vec<_>) = rows.into_iter().enumerate().partition(|(at, _)| at % 2 == 0);
    let (fit, told): (Vec<Row>, Vec<Row>) =
        (fit.into_iter().map(|(_, row)| row).collect(), told.into_iter().map(|(_, row)| row).collect());
    let router = router_of(&names, &fit)?;

    let picked = pick(&router, &names, &told, &json!({"strategy": strategy}))?;
    let chosen = point(&told, &picked);
    let singles: Vec<Point> = (0..names.len()).map(|model| point(&told, &vec![model; told.len()])).collect();
    let best = (0..names.len()).max_by(|a, b| singles[*a].quality.total_cmp(&singles[*b].quality)).unwrap_or(0);
    println!("{} prompts of {}", told.len(), path.display());
    show(&format!("auto:{strategy}"), chosen);
    for (name, single) in names.iter().zip(&singles) {
        show(&format!("always {name}"), *single);
    }
    println!(
        "quality {:+.3} and cost {:+.0} % against the best single model, {}",
        chosen.quality - singles[best].quality,
        100.0 * (chosen.cost / singles[best].cost - 1.0),
        names[best]
    );
    match zero_router(&singles, chosen.quality) {
        Some(cost) => {
            println!("cost {:+.0} % against the best blind mix of the same quality", 100.0 * (chosen.cost / cost - 1.0))
        }
        None => println!("no blind mix is as good"),
    }

    println!("cheapest above a least quality:");
    for least in [0.5, 0.6, 0.7, 0.8, 0.9, 0.95] {
        let picked = pick(&router, &names, &told, &json!({"strategy": "cheapest", "min_quality": least}))?;
        show(&format!("  at least {least:.2}"), point(&told, &picked));
    }

    println!("by kind of task:");
    let mut kinds: BTreeMap<&'static str, Vec<usize>> = BTreeMap::new();
    for (at, row) in told.iter().enumerate() {
        kinds.entry(router.classify(&ask(&row.prompt, &Value::Null)?).kind.as_str()).or_default().push(at);
    }
    for (kind, at) in kinds {
        let some: Vec<&Row> = at.iter().map(|at| &told[*at]).collect();
        let own: Vec<usize> = at.iter().map(|at| picked[*at]).collect();
        println!(
            "  {kind}: {} prompts, quality {:.3}",
            some.len(),
            mean(some.iter().zip(&own).map(|(row, model)| row.outcomes[*model]))
        );
    }
    Ok(())
}

fn read(path: &Path) -> Result<(Vec<String>, Vec<Row>), Box<dyn Error>> {
    let mut table = csv::Reader::from_path(path)?;
    let columns = table.headers()?.clone();
    let at = |name: &str| columns.iter().position(|column| column == name).ok_or_else(|| format!("no column {name}"));
    let names: Vec<String> = columns.iter().filter_map(|column| column.strip_prefix("m:")).map(str::to_owned).collect();
    let prompt = at("prompt")?;
    let outcomes = names.iter().map(|name| at(&format!("m:{name}"))).collect::<Result<Vec<_>, _>>()?;
    let costs = names.iter().map(|name| at(&format!("cost:{name}"))).collect::<Result<Vec<_>, _>>()?;
    let mut rows = Vec::new();
    for record in table.records() {
        let record = record?;
        let numbers = |columns: &[usize]| columns.iter().map(|at| record[*at].parse()).collect::<Result<Vec<f64>, _>>();
        rows.push(Row { prompt: record[prompt].to_owned(), outcomes: numbers(&outcomes)?, costs: numbers(&costs)? });
    }
    Ok((names, rows))
}

/// A router whose models are those of the table, at prices that give their mean cost. Nothing is ever sent.
fn router_of(names: &[String], fit: &[Row]) -> Result<Router, Box<dyn Error>> {
    let tokens: f64 = fit.iter().map(|row| row.prompt.len() as f64 / 4.0 + 200.0).sum();
    let scores = scores(names.len(), fit)?;
    let models: Vec<Value> = (0..names.len())
        .map(|model| {
            let price = fit.iter().map(|row| row.costs[model]).sum::<f64>() / tokens * 1e6;
            let (overall, own) = &scores[model];
            let price = json!({"input": price, "output": price});
            json!({"id": format!("table/m{model}"), "quality": overall, "scores": own, "price": price})
        })
        .collect();
    let config = json!({"providers": {"table": {"kind": "sandbox"}}, "models": models});
    Ok(Router::new(Config::from_value(config)?)?)
}

/// The score of every model over all rows, and by the class that rows are scored as. Ten rows tell as much of how hard a
/// class is as all rows together, a hundred of how models differ in it.
fn scores(models: usize, fit: &[Row]) -> Result<Vec<Scores>, Box<dyn Error>> {
    let router = Router::new(Config::from_value(json!({"providers": {"table": {"kind": "sandbox"}}}))?)?;
    let mut classes: BTreeMap<&'static str, Vec<&Row>> = BTreeMap::new();
    for row in fit {
        classes.entry(router.classify(&ask(&row.prompt, &Value::Null)?).scored_as.as_str()).or_default().push(row);
    }
    let score = |rows: &[&Row], model: usize| score(mean(rows.iter().map(|row| row.outcomes[model])));
    let all: Vec<&Row> = fit.iter().collect();
    let mut out: Vec<Scores> =
        (0..models).map(|model| (score(&all, model).clamp(0.0, 100.0), BTreeMap::new())).collect();
    for (class, rows) in classes {
        let apart: Vec<f64> = (0..models).map(|model| score(&rows, model) - score(&all, model)).collect();
        let (level, count) = (mean(apart.iter().copied()), rows.len() as f64);
        for (model, (_, own)) in out.iter_mut().enumerate() {
            let moved = level * count / (count + 10.0) + (apart[model] - level) * count / (count + 100.0);
            own.insert(class, (score(&all, model) + moved).clamp(0.0, 100.0));
        }
    }
    Ok(out)
}

/// An outcome of one half is the middle of the scale of scores, a factor of e in the odds eight points.
fn score(mean: f64) -> f64 {
    let mean = mean.clamp(0.02, 0.98);
    20.0 + 8.0 * (mean / (1.0 - mean)).ln()
}

fn ask(prompt: &str, route: &Value) -> Result<ChatRequest, clawrouters::Error> {
    ChatRequest::from_value(json!({"model": "auto", "messages": [{"role": "user", "content": prompt}], "route": route}))
}

/// The model that is chosen for each prompt; where none is good enough, the ablest.
fn pick(router: &Router, names: &[String], rows: &[Row], route: &Value) -> Result<Vec<usize>, Box<dyn Error>> {
    let mut picked = Vec::new();
    for row in rows {
        let plan = match router.plan(&ask(&row.prompt, route)?) {
            Ok(plan) => plan,
            Err(_) => router.plan(&ask(&row.prompt, &json!({"strategy": "best"}))?)?,
        };
        let first = plan.candidates[0].target.key();
        picked.push((0..names.len()).find(|model| first == format!("table/m{model}")).ok_or("an unknown model")?);
    }
    Ok(picked)
}

fn point(rows: &[Row], picked: &[usize]) -> Point {
    Point {
        quality: mean(rows.iter().zip(picked).map(|(row, model)| row.outcomes[*model])),
        cost: rows.iter().zip(picked).map(|(row, model)| row.costs[*model]).sum(),
    }
}

/// What mixing two single models blindly costs at a quality: the least over all pairs.
fn zero_router(singles: &[Point], quality: f64) -> Option<f64> {
    let mut least: Option<f64> = None;
    for low in singles {
        for high in singles.iter().filter(|high| high.quality >= quality) {
            let share = match high.quality - low.quality {
                gap if gap > 0.0 => ((quality - low.quality) / gap).clamp(0.0, 1.0),
                _ => 1.0,
            };
            let cost = low.cost + share * (high.cost - low.cost);
            least = Some(least.map_or(cost, |known| known.min(cost)));
        }
    }
    least
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

fn show(name: &str, point: Point) {
    println!("{name:<20} quality {:.3}  ${:.6}", point.quality, point.cost);
}
