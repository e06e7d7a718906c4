//! The scripts: what is asked in, a command with its arguments out, and its answer read.

use redis::{Cmd, Value};

use super::queue::{Batch, Correction};
use crate::fork::Lazy;
use crate::store::Level;

macro_rules! script {
    ($name:literal) => {
        Lazy::new(|| redis::Script::new(concat!(include_str!("lua/common.lua"), include_str!($name))))
    };
}

static RESERVE: Lazy<redis::Script> = script!("lua/reserve.lua");
static SETTLE: Lazy<redis::Script> = script!("lua/settle.lua");
static BEAT: Lazy<redis::Script> = script!("lua/beat.lua");
static LEVELS: Lazy<redis::Script> = script!("lua/levels.lua");

/// A script with its arguments.
pub(super) struct Call {
    script: &'static redis::Script,
    source: &'static str,
    args: Vec<Vec<u8>>,
}

/// The moment that a script goes by: the server's own where there is none.
pub(super) type At = Option<i64>;

impl Call {
    fn new(script: &'static redis::Script, source: &'static str, at: At, process: &str) -> Self {
        let mut call = Self { script, source, args: Vec::with_capacity(16) };
        call.text(&at.map(|ms| ms.to_string()).unwrap_or_default());
        call.text(process);
        call
    }

    fn text(&mut self, text: &str) {
        self.args.push(text.as_bytes().to_vec());
    }

    fn number(&mut self, number: impl Into<i128>) {
        self.args.push(number.into().to_string().into_bytes());
    }

    fn count(&mut self, count: usize) {
        self.args.push(count.to_string().into_bytes());
    }

    fn corrections(&mut self, corrections: &[Correction]) {
        self.count(corrections.len());
        for Correction { meter, mark, by, held } in corrections {
            self.text(&meter.key);
            self.text(meter.kind.as_str());
            for number in [meter.a, meter.b, *mark, *by, *held] {
                self.number(number);
            }
        }
    }

    /// By the name that the server knows the script under once it has seen it.
    pub(super) fn by_name(&self, prefix: &str) -> Cmd {
        self.command("EVALSHA", self.script.get_hash(), prefix)
    }

    /// With its whole text, for a server that has not seen it.
    pub(super) fn in_full(&self, prefix: &str) -> Cmd {
        self.command("EVAL", self.source, prefix)
    }

    fn command(&self, name: &str, script: &str, prefix: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg(script).arg(1).arg(format!("{{{prefix}}}"));
        for arg in &self.args {
            command.arg(arg);
        }
        command
    }
}

macro_rules! source {
    ($name:literal) => {
        concat!(include_str!("lua/common.lua"), include_str!($name))
    };
}

/// A claim as the reserving script takes it.
pub(super) struct Asked {
    pub(super) meter: super::keys::Meter,
    pub(super) amount: i64,
    pub(super) cap: i64,
    pub(super) want: i64,
}

pub(super) fn reserve(at: At, process: &str, number: u64, back: &[Correction], claims: &[Asked]) -> Call {
    let mut call = Call::new(&RESERVE, source!("lua/reserve.lua"), at, process);
    call.number(number);
    call.corrections(back);
    call.count(claims.len());
    for Asked { meter, amount, cap, want } in claims {
        call.text(&meter.key);
        call.text(meter.kind.as_str());
        for number in [meter.a, meter.b, *amount, *cap, *want] {
            call.number(number);
        }
    }
    call
}

pub(super) fn settle(at: At, process: &str, batch: &Batch) -> Call {
    let mut call = Call::new(&SETTLE, source!("lua/settle.lua"), at, process);
    call.number(batch.number);
    call.count(batch.acknowledged.len());
    for number in &batch.acknowledged {
        call.number(*number);
    }
    call.corrections(&batch.corrections);
    call.count(batch.undone.len());
    for (number, carried) in &batch.undone {
        call.number(*number);
        call.corrections(carried);
    }
    call
}

pub(super) fn beat(at: At, process: &str, silence_ms: u64) -> Call {
    let mut call = Call::new(&BEAT, source!("lua/beat.lua"), at, process);
    call.number(silence_ms);
    call
}

pub(super) fn levels<'a>(at: At, process: &str, meters: impl ExactSizeIterator<Item = &'a super::keys::Meter>) -> Call {
    let mut call = Call::new(&LEVELS, source!("lua/levels.lua"), at, process);
    call.count(meters.len());
    for meter in meters {
        call.text(&meter.key);
        call.text(meter.kind.as_str());
        call.number(meter.a);
        call.number(meter.b);
    }
    call
}

/// What a script answered: a word, the server's clock and numbers.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) word: i64,
    pub(super) now_ms: i64,
    pub(super) numbers: Vec<i64>,
}

impl Answer {
    /// Nothing when it is none of ours: the server is something else, or another version of us.
    pub(super) fn read(value: Value) -> Option<Self> {
        let Value::Array(items) = value else { return None };
        let mut numbers = items.into_iter().map(|item| match item {
            Value::Int(number) => Some(number),
            _ => None,
        });
        let (word, now_ms) = (numbers.next()??, numbers.next()??);
        Some(Self { word, now_ms, numbers: numbers.collect::<Option<_>>()? })
    }
}

pub(super) fn level(used: i64, held: i64, reset: i64) -> Level {
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    Level { used: count(used), held: count(held), reset_ms: u64::try_from(reset).ok() }
}
