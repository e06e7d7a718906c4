//! Every fault a provider can have, for four families, whole and streamed, alone and with another target beside it: what
//! comes of it is told by one table, from which `docs/faults.md` is written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

#[path = "faults/cell.rs"]
mod cell;
#[path = "faults/document.rs"]
mod document;
#[path = "faults/ground.rs"]
mod ground;
#[path = "faults/judge.rs"]
mod judge;
#[path = "faults/outcome.rs"]
mod outcome;
#[path = "faults/table.rs"]
mod table;

use std::path::Path;
use std::time::{Duration, Instant};

use cell::Cell;
use ground::Ground;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_ends_as_the_table_says() {
    let started = Instant::now();
    let table = table::load();
    let cells = Cell::all(&table);
    let ground = Ground::lay(&cells).await;
    let ground = &ground;
    let runs = cells.iter().map(|cell| async move { (cell, outcome::run(ground, cell).await) });
    let mut faults = Vec::new();
    let outcomes = futures_util::future::join_all(runs).await;
    println!("played in {:.1} s", started.elapsed().as_secs_f64());
    let requests = ground.requests();
    for (cell, outcome) in outcomes {
        faults.extend(judge::faults_of(cell, &outcome, &requests).into_iter().map(|f| format!("{cell}: {f}")));
    }
    faults.extend(judge::left_over(ground, &cells).await);
    println!("{} cells in {:.1} s", cells.len(), started.elapsed().as_secs_f64());
    assert!(faults.is_empty(), "{} of {} cells:\n{}", faults.len(), cells.len(), faults.join("\n"));
    assert!(started.elapsed() < Duration::from_secs(30), "it took {:?}", started.elapsed());
}

#[test]
fn the_document_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/faults.md");
    let written = document::write(&table::load());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, written).expect("docs/faults.md can be written");
        return;
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == written, "docs/faults.md is out of date: run with UPDATE_DOCS=1");
}
