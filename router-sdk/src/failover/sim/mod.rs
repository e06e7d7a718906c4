//! A simulation: seeds in, worlds of failing providers under virtual time out, and what must hold of all of them.
//!
//! `SIM_SEEDS` sets how many seeds are run, `SIM_SEED` runs one and prints what happened.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // A test may.

mod caller;
mod check;
mod dice;
mod fault;
mod meant;
mod play;
mod stand_in;
mod wire;
mod words;
mod world;

use std::sync::Arc;
use std::time::Duration;

use caller::{Outcome, Patience, Report};
use dice::Dice;
use meant::Meant;
use stand_in::{Stage, StandIn};
use world::World;

use crate::balance::Draw;
use crate::pipeline::Shared;

/// Longer than anything that goes on after its request: probes, shadows, watches, the reading on of finished streams.
const AFTERMATH: Duration = Duration::from_secs(900);

/// What became of a seed.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    requests: u64,
    sends: u64,
    answered: u64,
    failed: u64,
    left: u64,
    resumed: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.sends += other.sends;
        self.answered += other.answered;
        self.failed += other.failed;
        self.left += other.left;
        self.resumed += other.resumed;
    }
}

impl Tally {
    fn of(stage: &Stage, reports: &[Report]) -> Self {
        let mut tally = Self { requests: reports.len() as u64, sends: stage.seen().total, ..Self::default() };
        for report in reports {
            match &report.outcome {
                Outcome::Answered(route) => {
                    tally.answered += 1;
                    tally.resumed += u64::from(!route.resumed.is_empty());
                }
                Outcome::Failed(_) => tally.failed += 1,
                Outcome::Left => tally.left += 1,
            }
        }
        tally
    }
}

/// Runs one seed; the promises it broke, with what happened.
fn run(seed: u64, cancelled_of_100: u64) -> (Tally, Vec<String>, Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let (stage, tally) = runtime.block_on(play(seed, cancelled_of_100));
    let seen = std::mem::take(&mut *stage.seen());
    (tally, seen.faults, seen.trace)
}

async fn play(seed: u64, cancelled_of_100: u64) -> (Arc<Stage>, Tally) {
    let mut dice = Dice::new(seed);
    super::backoff::seed(dice.roll());
    let world = World::draw(&mut dice);
    let stage = Stage::new(world.places.clone(), dice.split());
    let carrier = Box::new(StandIn(Arc::clone(&stage)));
    let shared = Arc::new(Shared::carried_by(world.setup(), carrier, Draw::seeded(dice.roll())));
    stage.watch(&shared.sender.health);
    let (mut calls, mut deadlines) = (tokio::task::JoinSet::new(), Vec::new());
    let over = dice.one_of(&[0, 500, 20_000]);
    for number in 0..dice.between(1, 21) {
        let stream = dice.percent(70);
        let (body, own) = world.request(number, stream, &mut dice);
        deadlines.push(Duration::from_millis(own.unwrap_or(u64::MAX).min(world.total_ms)));
        let words = dice.between(1, 60);
        stage.seen().meant.insert(number, Meant::new(words::text(&mut dice, words)));
        let (patience, wait) = (Patience::draw(&mut dice, cancelled_of_100), dice.ms(0, over + 1));
        let (shared, stage) = (Arc::clone(&shared), Arc::clone(&stage));
        calls.spawn(async move {
            tokio::time::sleep(wait).await;
            caller::call(shared, stage, number, body, stream, patience).await
        });
    }
    let mut reports: Vec<Report> = Vec::new();
    while let Some(done) = calls.join_next().await {
        match done {
            Ok(report) => reports.push(report),
            Err(panicked) => stage.fault(format!("a call panicked: {panicked}")),
        }
    }
    tokio::time::sleep(AFTERMATH).await;
    for report in &reports {
        check::report(&stage, report, deadlines[usize::try_from(report.number).unwrap()]);
    }
    check::books(&stage, &shared, &world, &reports);
    check::quota(&stage, &shared, &world).await;
    check::at_rest(&stage, &shared, &world);
    let (sender, tally) = (Arc::downgrade(&shared.sender), Tally::of(&stage, &reports));
    drop(shared);
    if sender.strong_count() > 0 {
        stage.fault("the router is gone and its sender is not".to_owned());
    }
    (stage, tally)
}

/// Runs seeds on all cores and fails with the first one that broke a promise.
fn run_all(what: &str, seeds: std::ops::Range<u64>, cancelled_of_100: u64) -> Tally {
    let one = std::env::var("SIM_SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    let seeds = one.map_or(seeds, |seed| seed..seed + 1);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let started = std::time::Instant::now();
    let results: Vec<(Tally, Vec<u64>)> = std::thread::scope(|scope| {
        let share = |first: usize| {
            let mine = seeds.clone().skip(first).step_by(threads);
            move || {
                let (mut tally, mut broken) = (Tally::default(), Vec::new());
                for seed in mine {
                    let (one, faults, _) = run(seed, cancelled_of_100);
                    tally += one;
                    if !faults.is_empty() {
                        broken.push(seed);
                    }
                }
                (tally, broken)
            }
        };
        let running: Vec<_> = (0..threads).map(|first| scope.spawn(share(first))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (mut tally, mut broken) = (Tally::default(), Vec::new());
    for (part, mut seeds) in results {
        tally += part;
        broken.append(&mut seeds);
    }
    broken.sort_unstable();
    println!("{what}: {} seeds in {:.1?}: {tally:?}", seeds.end - seeds.start, started.elapsed());
    if let Some(seed) = broken.first() {
        let (_, faults, trace) = run(*seed, cancelled_of_100);
        let lines = trace.len().saturating_sub(if one.is_some() { usize::MAX } else { 80 });
        eprintln!("{}", trace[lines..].join("\n"));
        panic!("{} seeds broke a promise: {broken:?}; SIM_SEED={seed} shows {faults:#?}", broken.len());
    }
    tally
}

fn count(default: u64) -> u64 {
    std::env::var("SIM_SEEDS").ok().map_or(default, |seeds| seeds.parse().unwrap())
}

#[test]
fn whatever_providers_do_every_promise_holds() {
    let tally = run_all("mixed faults", 0..count(1_000), 10);
    if std::env::var("SIM_SEED").is_err() && count(1_000) >= 500 {
        // A simulation in which nothing happens proves nothing.
        assert!(tally.answered > tally.requests / 3, "{tally:?}");
        assert!(tally.resumed > tally.requests / 100 && tally.failed > tally.requests / 20, "{tally:?}");
    }
}

#[test]
fn callers_who_leave_leave_nothing_behind() {
    // About ten requests a seed.
    let tally = run_all("cancellations", 1_000_000..1_000_000 + count(500), 100);
    if std::env::var("SIM_SEED").is_err() && count(500) >= 300 {
        assert!(tally.left > tally.requests / 5, "{tally:?}");
    }
}
