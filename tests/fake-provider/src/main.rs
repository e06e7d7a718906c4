//! Runs the fake provider for tests in other languages: `--port N` in, one line with the address out.

use fake_provider::FakeProvider;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use tokio::sync::oneshot;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "fake-provider: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> io::Result<()> {
    let fake = FakeProvider::start_on(port(std::env::args().skip(1))?).await?;
    writeln!(io::stdout(), "listening on {}", fake.addr())?;
    io::stdout().flush()?;
    let (closed, until_closed) = oneshot::channel();
    // A thread of its own: a blocking read of stdin would hold up the runtime's shutdown.
    std::thread::spawn(move || {
        let _ = io::stdin().lock().read_to_end(&mut Vec::new());
        let _ = closed.send(());
    });
    let _ = until_closed.await;
    Ok(())
}

fn port(mut arguments: impl Iterator<Item = String>) -> io::Result<u16> {
    let wrong = || io::Error::other("usage: fake-provider [--port N]");
    match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => Ok(0),
        (Some("--port"), Some(port)) => port.parse().map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}
