//! Rows of the demo's table: how a prompt went in, a line of text out.

use std::sync::Arc;

use clawrouters::RouteInfo;

/// One prompt and how it went.
pub struct Row {
    /// The prompt's title.
    pub title: String,
    /// How it was answered.
    pub route: Option<Arc<RouteInfo>>,
    /// Why it was not.
    pub error: Option<String>,
}

/// Prints the names of the columns.
pub fn head() {
    println!("{:<27}{:<17}{:>10}  {:<40}{:>11}{:>11}", "prompt", "task", "difficulty", "model", "cost", "saved");
    println!("{}", "-".repeat(118));
}

/// Prints one row, and the attempts below it where more than one was needed.
pub fn line(row: &Row) {
    let Some(route) = &row.route else {
        println!("{:<27}{}", row.title, row.error.as_deref().unwrap_or_default());
        return;
    };
    let (task, difficulty) = route.task.as_ref().map_or(("-", 0.0), |t| (t.kind.as_str(), t.difficulty));
    let model: String = route.model.chars().take(39).collect();
    let (cost, saved) = (dollars(route.cost_nanos.map(i128::from)), dollars(route.saved_nanos().map(i128::from)));
    println!("{:<27}{task:<17}{difficulty:>10.2}  {model:<40}{cost:>11}{saved:>11}", row.title);
    if route.attempts.len() > 1 {
        let attempts = route.attempts.iter().map(|a| {
            let status = a.status.map(|s| format!(" {s}")).unwrap_or_default();
            format!("{} {}{status}", a.target, a.verdict)
        });
        println!("{:<27}attempts: {}", "", attempts.collect::<Vec<_>>().join(", then "));
    }
}

/// Nano-dollars as text.
pub fn dollars(nanos: Option<i128>) -> String {
    nanos.map_or_else(|| "unknown".into(), |n| format!("${:.6}", n as f64 / 1e9))
}
