//! Every request in a database, what it used and cost, and a report page.
//!
//! Runs offline with the sandbox. Open `report.html` in a browser; a path as the first argument puts it elsewhere.
#![allow(clippy::print_stdout)]

use clawrouters::{ChatRequest, Config, LedgerFile, Router, UsageQuery};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), clawrouters::Error> {
    let folder = std::env::temp_dir();
    let (db, page) = (folder.join("clawrouters-example.db"), folder.join("clawrouters-example.html"));
    let page = std::env::args().nth(1).map_or(page, Into::into);
    let config = json!({
        "providers": {"openai": {"kind": "sandbox", "sandbox": {"latency": 0.02}}},
        "ledger": {"sqlite": db, "retention_days": 90},
    });
    let router = Router::new(Config::from_value(config)?)?;
    router.on_entry(|entry| println!("  closed: {} by {}", entry.route.request_id, entry.route.model))?;

    let asks = [
        ("search", "What is the capital of Peru?"),
        ("search", "Prove that the square root of two is irrational."),
        ("support", "Summarise: the parcel came late, but the staff were lovely."),
    ];
    for (team, ask) in asks {
        let body =
            json!({"model": "auto", "messages": [{"role": "user", "content": ask}], "route": {"tags": {"team": team}}});
        router.chat(ChatRequest::from_value(body)?).await?;
    }

    let usage = router.usage(UsageQuery::new().group_by(["tag:team"]).since("24h")).await?;
    for row in &usage.rows {
        let (team, figures) = (row.group["tag:team"].as_deref().unwrap_or("none"), &row.figures);
        let best = &figures.best_single;
        println!(
            "{team}: {} requests for ${:.6}; saved ${:.6} against the dearest able model, ${:.6} against {}",
            figures.requests,
            figures.cost,
            figures.baseline.saved,
            best.saved,
            best.models.join(", "),
        );
    }
    router.close().await?;

    // The file can be read without a router, also while others write it.
    LedgerFile::new(&db).report(&page, &UsageQuery::new())?;
    println!("{}", page.display());
    Ok(())
}
