//! What 300 scores are worth: prompts and outcomes of tables in, APGR and quality at a cost out. The tables are skipped
//! where they are not there (`ROUTING_TABLES` names their folder); a made-up world needs none.

use std::path::PathBuf;
use std::process::Command;

use super::adapter::{Adapter, Level};
use super::features::Features;
use crate::balance::Draw;
use crate::classify::{Success, Task, TaskKind, classify};
use crate::wire::ChatRequest;

const SCORES: usize = 300;

/// A prompt with what came of it at each model, and what that cost.
struct Row {
    task: Task,
    outcomes: Vec<f64>,
    costs: Vec<f64>,
}

fn folder() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/routing/dev");
    std::env::var("ROUTING_TABLES").map_or_else(|_| beside.into(), PathBuf::from)
}

/// The models of a table and its rows. None where there is no such table.
fn table(name: &str) -> Option<(Vec<String>, Vec<Row>)> {
    let path = folder().join(format!("{name}.csv.gz"));
    let unpacked = Command::new("gzip").arg("-dc").arg(&path).output().ok()?;
    if !unpacked.status.success() {
        println!("{name} is not here");
        return None;
    }
    let mut reader = csv::Reader::from_reader(unpacked.stdout.as_slice());
    let head = reader.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|h| h == name);
    let models: Vec<String> = head.iter().filter_map(|h| h.strip_prefix("m:").map(str::to_owned)).collect();
    let columns = |prefix: &str| -> Vec<Option<usize>> { models.iter().map(|m| at(&format!("{prefix}{m}"))).collect() };
    let (outcomes, costs) = (columns("m:"), columns("cost:"));
    let (prompt, question) = (at("prompt").unwrap(), at("question"));
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.unwrap();
        let number = |at: &Option<usize>| at.and_then(|at| record.get(at)?.parse::<f64>().ok());
        let Some(outcomes) = outcomes.iter().map(number).collect::<Option<Vec<_>>>() else { continue };
        let costs = costs.iter().map(|at| number(at).unwrap_or(0.0)).collect();
        let text = question.and_then(|at| record.get(at)).filter(|q| !q.is_empty()).or(record.get(prompt)).unwrap();
        rows.push(Row { task: classify(ChatRequest::new("auto", text).body()), outcomes, costs });
    }
    Some((models, rows))
}

/// As a family that training never saw: no word counts, and the length alone gives the difficulty.
fn away(mut task: Task) -> Task {
    let length = ((task.ask_chars as f64 / 150.0).ln() / 4.0).clamp(-1.0, 1.0);
    task.difficulty = 0.4 + 0.3 * length;
    task.success = Success { weak: 0.5, mid: 0.6, strong: 0.7, uncertainty: 0.2 };
    task
}

/// Log odds of a good answer without experience, for an ability in points.
fn expected(task: &Task, ability: f64) -> f64 {
    (ability - (-5.0 + 50.0 * task.difficulty)) / 8.0
}

fn likely(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

/// Models with abilities, and what scores taught of them.
struct World {
    abilities: Vec<f64>,
    adapters: Vec<Adapter>,
    level: Level,
}

impl World {
    fn new(abilities: Vec<f64>) -> Self {
        Self { adapters: vec![Adapter::default(); abilities.len()], abilities, level: Level::default() }
    }

    fn learn(&mut self, row: &Row, model: usize) {
        let before = expected(&row.task, self.abilities[model]);
        self.adapters[model].learn(&mut self.level, &Features::of(&row.task), before, row.outcomes[model]);
    }

    fn quality(&self, task: &Task, model: usize, experienced: bool) -> f64 {
        let own = || self.adapters[model].lesson(&Features::of(task)).better + self.level.mean;
        likely(expected(task, self.abilities[model]) + if experienced { own() } else { 0.0 })
    }
}

/// Prompts in an order of chance.
fn shuffled(count: usize, draw: &Draw) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for at in (1..count).rev() {
        order.swap(at, ((draw.uniform() * (at + 1) as f64) as usize).min(at));
    }
    order
}

/// Area under the share of the gap between weak and strong that is recovered, over all shares of strong calls.
fn apgr(mut rows: Vec<(f64, f64, f64)>) -> f64 {
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let n = rows.len() as f64;
    let gap: f64 = rows.iter().map(|(_, weak, strong)| strong - weak).sum::<f64>() / n;
    let (mut won, mut area) = (0.0, 0.0);
    for (_, weak, strong) in rows {
        let before = won;
        won += (strong - weak) / n / gap;
        area += (before + won) / 2.0 / n;
    }
    area
}

/// APGR without and with experience on the prompts that were not scored; each scored prompt was answered by one model.
fn two(rows: &[Row], seed: u64) -> [f64; 2] {
    let (draw, mut world) = (Draw::seeded(seed), World::new(vec![30.0, 40.0]));
    let order = shuffled(rows.len(), &draw);
    for at in &order[..SCORES] {
        world.learn(&rows[*at], usize::from(draw.uniform() < 0.5));
    }
    [false, true].map(|experienced| {
        let gain = |row: &Row| {
            let [weak, strong] = [0, 1].map(|model| world.quality(&row.task, model, experienced));
            (strong - weak, row.outcomes[0], row.outcomes[1])
        };
        apgr(order[SCORES..].iter().map(|at| gain(&rows[*at])).collect())
    })
}

/// Of several models a weak one that is not the worst, and the best of all.
fn pair(rows: Vec<Row>, models: usize) -> Vec<Row> {
    let mean = |m: usize| rows.iter().map(|r| r.outcomes[m]).sum::<f64>();
    let mut by: Vec<usize> = (0..models).collect();
    by.sort_by(|a, b| mean(*a).total_cmp(&mean(*b)));
    let (weak, strong) = if models == 2 { (by[0], by[1]) } else { (by[models / 3], by[models - 1]) };
    let outcomes = |r: &Row| vec![r.outcomes[weak], r.outcomes[strong]];
    rows.into_iter().map(|row| Row { outcomes: outcomes(&row), ..row }).collect()
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

#[test]
fn scores_of_300_prompts_rank_the_others_better_on_the_whole() {
    // Those that training saw are taken as it would take a family that it did not see.
    let tables = [
        ("routellm_mmlu", true),
        ("routellm_gsm8k", true),
        ("ulab_llmrouter", true),
        ("routerbench_subset", false),
        ("bfcl_v1", false),
    ];
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for (name, seen) in tables {
        let Some((models, rows)) = table(name) else { continue };
        let blind = |row: Row| Row { task: if seen { away(row.task) } else { row.task }, ..row };
        let rows: Vec<Row> = pair(rows, models.len()).into_iter().map(blind).collect();
        let runs: Vec<[f64; 2]> = (0..16).map(|seed| two(&rows, seed)).collect();
        let [before, after] = [0, 1].map(|at| mean(&runs.iter().map(|run| run[at]).collect::<Vec<_>>()));
        println!("{name}: APGR {before:.3} without scores, {after:.3} with {SCORES}");
        without.push(before);
        with.push(after);
    }
    if !with.is_empty() {
        println!("mean: {:.3}, {:.3}", mean(&without), mean(&with));
        assert!(mean(&with) > mean(&without) + 0.005);
    }
}

/// Mean cost and quality when each prompt goes to the best by quality less `rate` times cost.
fn spent(world: &World, rows: &[&Row], costs: &[f64], rate: f64, experienced: bool) -> (f64, f64) {
    let (mut cost, mut quality) = (0.0, 0.0);
    for row in rows {
        let worth = |m: &usize| world.quality(&row.task, *m, experienced) - rate * costs[*m];
        let best = (0..costs.len()).max_by(|a, b| worth(a).total_cmp(&worth(b))).unwrap();
        cost += row.costs[best];
        quality += row.outcomes[best];
    }
    (cost / rows.len() as f64, quality / rows.len() as f64)
}

/// The upper hull of costs and qualities, never falling.
fn hull(mut points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut hull: Vec<(f64, f64)> = Vec::new();
    for p in points {
        while let [.., a, b] = hull[..]
            && (b.1 - a.1) * (p.0 - a.0) <= (p.1 - a.1) * (b.0 - a.0)
        {
            hull.pop();
        }
        hull.push(p);
    }
    let mut best = f64::MIN;
    hull.retain(|p| {
        let better = p.1 > best;
        best = best.max(p.1);
        better
    });
    hull
}

fn quality_at(hull: &[(f64, f64)], cost: f64) -> f64 {
    let after = hull.iter().position(|p| p.0 >= cost).unwrap_or(hull.len() - 1);
    let (a, b) = (hull[after.saturating_sub(1)], hull[after]);
    if b.0 <= a.0 || cost >= b.0 { b.1 } else { a.1 + (b.1 - a.1) * (cost - a.0) / (b.0 - a.0) }
}

#[test]
fn with_300_scores_the_same_money_buys_more_in_a_pool_of_eleven() {
    let Some((models, rows)) = table("routerbench_subset") else { return };
    let count = models.len();
    let own = |m: usize| rows.iter().map(|r| r.costs[m]).sum::<f64>() / rows.len() as f64;
    let costs: Vec<f64> = (0..count).map(own).collect();
    let mut sorted = costs.clone();
    sorted.sort_by(f64::total_cmp);
    let (low, middle, high) = (sorted[0], sorted[count / 2], sorted[count - 1]);
    let shares = [0.05, 0.2, 0.5];
    let mut bought = [[0.0; 3]; 3];
    let seeds = 6;
    for seed in 0..seeds {
        // By price, as the catalogue does where nothing was measured.
        let abilities = costs.iter().map(|cost| 30.0 + 4.0 * (cost / middle).ln()).collect();
        let (draw, mut world) = (Draw::seeded(seed), World::new(abilities));
        let order = shuffled(rows.len(), &draw);
        for at in &order[..SCORES] {
            world.learn(&rows[*at], ((draw.uniform() * count as f64) as usize).min(count - 1));
        }
        let test: Vec<&Row> = order[SCORES..].iter().map(|at| &rows[*at]).collect();
        let rates = |t: i32| 1e-5 * 1e8f64.powf(f64::from(t) / 60.0) / middle;
        let routed =
            |experienced: bool| hull((0..=60).map(|t| spent(&world, &test, &costs, rates(t), experienced)).collect());
        let single = |m: usize| {
            let sum = |of: fn(&Row, usize) -> f64| test.iter().map(|r| of(r, m)).sum::<f64>() / test.len() as f64;
            (sum(|r, m| r.costs[m]), sum(|r, m| r.outcomes[m]))
        };
        for (sums, hull) in bought.iter_mut().zip([routed(false), routed(true), hull((0..count).map(single).collect())])
        {
            for (sum, share) in sums.iter_mut().zip(shares) {
                *sum += quality_at(&hull, low + (high - low) * share) / f64::from(seeds as u32);
            }
        }
    }
    println!(
        "quality at 5, 20 and 50 % of the span of costs: {:.3?} without scores, {:.3?} with {SCORES}",
        bought[0], bought[1]
    );
    println!("the best mix of single models, chosen with all outcomes known: {:.3?}", bought[2]);
    assert!(bought[1].iter().zip(bought[0]).all(|(with, without)| *with > without), "{bought:?}");
}

#[test]
fn in_a_world_whose_models_are_not_what_they_seem_scores_find_the_right_one() {
    // The one that is said to be better is worse at code and better at everything else.
    let truth = |kind: TaskKind, model: usize| match (kind, model) {
        (TaskKind::Code, 0) => 0.85,
        (TaskKind::Code, _) => 0.45,
        (_, 0) => 0.5,
        _ => 0.9,
    };
    let texts =
        ["Write a quicksort in Rust.", "Write a Python function that merges intervals.", "Hello, how are you today?"];
    let tasks = texts.map(|text| classify(ChatRequest::new("auto", text).body()));
    for seed in 0..8 {
        let (draw, mut world) = (Draw::seeded(seed), World::new(vec![30.0, 36.0]));
        for _ in 0..SCORES {
            let task = tasks[((draw.uniform() * 3.0) as usize).min(2)].clone();
            let model = usize::from(draw.uniform() < 0.5);
            let outcomes: Vec<f64> =
                (0..2).map(|m| f64::from(u8::from(draw.uniform() < truth(task.kind, m)))).collect();
            world.learn(&Row { task, outcomes, costs: Vec::new() }, model);
        }
        let value = |experienced: bool| {
            let of = |task: &Task| {
                let better = world.quality(task, 1, experienced) > world.quality(task, 0, experienced);
                truth(task.kind, usize::from(better))
            };
            tasks.iter().map(of).sum::<f64>() / 3.0
        };
        assert!(value(false) < 0.61 && value(true) > 0.86, "seed {seed}: {} {}", value(false), value(true));
    }
}
