//! One send that is ready to go: an encoded request and how it is made in, an answer or a failure out.

use std::sync::Arc;

use super::Seat;
use super::attempt::{self, Manner};
use super::journey::Answer;
use super::prepare::Ready;
use super::sender::Sender;
use crate::account::Line;
use crate::provider::{Failure, Target};

/// One send, ready to go.
pub(super) struct Send {
    sender: Arc<Sender>,
    pub(super) target: Target,
    ready: Ready,
    stream: bool,
    manner: Manner,
    pub(super) line: Line,
}

impl Send {
    pub(super) fn new(
        sender: Arc<Sender>,
        target: Target,
        ready: Ready,
        stream: bool,
        manner: Manner,
        line: Line,
    ) -> Self {
        Self { sender, target, ready, stream, manner, line }
    }

    pub(super) async fn go(self) -> Result<Answer, Failure> {
        let Self { sender, target, ready, stream, manner, line } = self;
        if stream {
            let open = attempt::stream(&sender, &target, ready, manner, &line).await?;
            return Ok(Answer::Stream(Box::new(open), line));
        }
        let whole = attempt::whole(&sender, &target, ready, manner.limit, &line).await?;
        Ok(Answer::Whole(Box::new(whole), line))
    }
}

/// A stream keeps its place until it ends.
pub(super) fn seated(answer: Answer, seat: Seat) -> Answer {
    match answer {
        Answer::Stream(mut open, line) => {
            open.seat = Some(seat);
            Answer::Stream(open, line)
        }
        whole => whole,
    }
}
