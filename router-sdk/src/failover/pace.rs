//! The pace of a stream: chunks as they come in, when it counts as stalled or too slow out.

use std::time::Duration;

use tokio::time::Instant;

use crate::wire::ChatChunk;

/// Pings between pieces of output keep a stream going for so many idle times.
const PINGED: u32 = 4;
/// The time over which a pace is taken.
const WINDOW: Duration = Duration::from_secs(10);
/// Bytes of output that count as a token.
const BYTES_A_TOKEN: f64 = 4.0;

/// How a stream goes.
#[derive(Debug)]
pub(super) struct Pace {
    idle: Duration,
    least: Option<f64>,
    /// The last chunk with output.
    output: Instant,
    /// Since when, and how many bytes of output since.
    window: (Instant, usize),
    /// The moment it was last asked until when to wait.
    asked: Instant,
}

impl Pace {
    pub(super) fn new(idle: Duration, least: Option<f64>, now: Instant) -> Self {
        Self { idle, least, output: now, window: (now, 0), asked: now }
    }

    /// A chunk came.
    pub(super) fn note(&mut self, chunk: &ChatChunk, now: Instant) {
        if chunk.output {
            self.output = now;
            self.window.1 += chunk.output_bytes();
        }
    }

    /// Until when the next event is waited for.
    pub(super) fn until(&mut self, now: Instant) -> Instant {
        self.asked = now;
        let idle = (now + self.idle).min(self.output + self.idle * PINGED);
        if self.least.is_some() { idle.min(self.window.0 + WINDOW) } else { idle }
    }

    /// What is wrong with the pace, once the time to wait has passed; nothing when a new window begins.
    pub(super) fn too_slow(&mut self, now: Instant) -> Option<&'static str> {
        if now >= self.asked + self.idle || now >= self.output + self.idle * PINGED {
            return Some("the stream stopped talking");
        }
        let tokens = self.window.1 as f64 / BYTES_A_TOKEN;
        let time = now.duration_since(self.window.0);
        self.window = (now, 0);
        let least = self.least.unwrap_or_default() * time.as_secs_f64();
        (tokens < least).then_some("the stream is slower than min_tokens_per_second")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn said(text: &str) -> ChatChunk {
        ChatChunk::delta("id", 0, "m", json!({"content": text}), None)
    }

    #[test]
    fn silence_ends_after_the_idle_time_and_pings_stretch_it_fourfold() {
        let start = Instant::now();
        let mut pace = Pace::new(SECOND, None, start);
        assert_eq!(pace.until(start), start + SECOND);
        assert!(pace.too_slow(start + SECOND).is_some());
        // A ping resets the wait, but not for ever.
        assert_eq!(pace.until(start + SECOND * 3 + SECOND / 2), start + SECOND * 4);
        assert!(pace.too_slow(start + SECOND * 4).is_some());
        pace.note(&said("word"), start + SECOND * 4);
        assert_eq!(pace.until(start + SECOND * 4), start + SECOND * 5);
    }

    #[test]
    fn a_trickle_is_too_slow_and_a_flow_is_not() {
        let start = Instant::now();
        let mut pace = Pace::new(SECOND * 60, Some(2.0), start);
        assert_eq!(pace.until(start), start + WINDOW);
        pace.note(&said(&"x".repeat(100)), start + SECOND);
        assert_eq!(pace.too_slow(start + WINDOW), None, "25 tokens in ten seconds");
        pace.note(&said("x"), start + WINDOW + SECOND);
        assert!(pace.too_slow(start + WINDOW * 2).is_some());
    }
}
