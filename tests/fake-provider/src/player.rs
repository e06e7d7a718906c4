//! Carrying out a plan: steps in, bytes and faults on the connection out.

use crate::plan::{Plan, Step};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::{Instant, sleep};

/// The longest that a hang or an endless body lasts.
const LIMIT: Duration = Duration::from_secs(60);

/// What became of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Sent; the connection is to be reused.
    Kept,
    /// Sent as far as scripted; the connection is to be closed.
    Closed,
    /// As `Closed`, with RST.
    Reset,
    /// The receiver went away first.
    Left,
}

/// Plays a plan to its end or until the receiver leaves, whichever is first.
pub(crate) async fn play(stream: &mut TcpStream, inbound: &mut Vec<u8>, plan: Plan) -> Outcome {
    let keep_alive = plan.keep_alive;
    let (mut reader, mut writer) = stream.split();
    tokio::select! {
        biased;
        outcome = carry_out(&mut writer, plan.steps) => match outcome {
            Ok(Outcome::Kept) if !keep_alive => Outcome::Closed,
            Ok(outcome) => outcome,
            Err(_) => Outcome::Left,
        },
        () = gone(&mut reader, inbound) => Outcome::Left,
    }
}

async fn carry_out(writer: &mut WriteHalf<'_>, steps: Vec<Step>) -> io::Result<Outcome> {
    for step in steps {
        match step {
            Step::Write(bytes) => write(writer, &bytes).await?,
            Step::Pause(time) => sleep(time).await,
            Step::Fill { byte, count } => fill(writer, byte, count).await?,
            Step::Repeat { bytes, every } => {
                let end = Instant::now() + LIMIT;
                while Instant::now() < end {
                    write(writer, &bytes).await?;
                    sleep(every).await;
                }
                return Ok(Outcome::Closed);
            }
            Step::Hang => sleep(LIMIT).await,
            Step::Close => return Ok(Outcome::Closed),
            Step::Reset => return Ok(Outcome::Reset),
        }
    }
    Ok(Outcome::Kept)
}

async fn write(writer: &mut WriteHalf<'_>, bytes: &[u8]) -> io::Result<()> {
    writer.write_all(bytes).await?;
    writer.flush().await?;
    // Lets a receiver on the same thread see each write for itself.
    tokio::task::yield_now().await;
    Ok(())
}

async fn fill(writer: &mut WriteHalf<'_>, byte: u8, count: usize) -> io::Result<()> {
    let block = vec![byte; count.min(64 * 1024)];
    let mut left = count;
    while left > 0 {
        let size = left.min(block.len());
        writer.write_all(&block[..size]).await?;
        left -= size;
    }
    writer.flush().await
}

/// Returns when the receiver has closed or reset the connection.
async fn gone(reader: &mut ReadHalf<'_>, inbound: &mut Vec<u8>) {
    while matches!(reader.read_buf(inbound).await, Ok(1..)) {}
}
