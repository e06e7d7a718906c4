//! A stream: chunks as they come, and with the last one how the reply was made.
//!
//! Runs offline: `CLAWROUTERS_SANDBOX=1 cargo run -p clawrouters --example streaming`.
#![allow(clippy::print_stdout)]

use std::io::Write;

use clawrouters::{ChatRequest, Router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let router = Router::from_env()?;
    let request = ChatRequest::new("auto:fastest", "Explain in three sentences why the sky is blue.");
    // Failures before the first output have gone to another candidate by the time this returns.
    let mut stream = router.stream(request).await?;
    while let Some(chunk) = stream.next().await {
        // An error here comes after output had begun; it carries the text so far.
        let chunk = chunk?;
        print!("{}", chunk.text());
        std::io::stdout().flush()?;
        if let Some(route) = chunk.route {
            let first = route.first_token_ms.unwrap_or_default();
            println!("\n\n{} in {:.0} ms, first output after {first:.0} ms", route.model, route.latency_ms);
        }
    }
    // Dropping a stream early cancels the provider's request.
    let mut abandoned = router.stream(ChatRequest::new("auto", "Count to a thousand.")).await?;
    let _ = abandoned.next().await;
    drop(abandoned);
    if let Some(entry) = router.entries().last() {
        println!("the abandoned one was closed in the ledger with the error {:?}", entry.error);
    }
    Ok(())
}
