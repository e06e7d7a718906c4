//! A page in, what headless Chromium makes of it out: the document after its scripts ran, and what it said of faults.

use std::path::Path;
use std::process::{Command, Output};

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Chromium, where it is installed.
pub fn found() -> Option<&'static str> {
    NAMES.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok_and(|o| o.status.success()))
}

/// What came of a page.
pub struct Shown {
    /// The document as HTML.
    pub document: String,
    /// Lines of its console, and requests that were refused.
    pub console: Vec<String>,
}

/// Opens a file in a window of this width.
pub fn show(chromium: &str, page: &Path, profile: &Path, width: u32) -> Shown {
    let Output { stdout, stderr, .. } = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"])
        .args(["--disable-background-networking", "--disable-component-update", "--enable-logging=stderr"])
        .args(["--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("--window-size={width},1200"))
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("Chromium runs");
    let console =
        String::from_utf8_lossy(&stderr).lines().filter(|l| l.contains("CONSOLE")).map(str::to_owned).collect();
    Shown { document: String::from_utf8_lossy(&stdout).into_owned(), console }
}
