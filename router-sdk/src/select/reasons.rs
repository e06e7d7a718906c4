//! A choice and what it was made from in, its reasons in plain words out.

use super::facts::Ask;
use crate::catalog::TaskClass;
use crate::classify::{Task, TaskKind};
use crate::wire::Strategy;

/// Context that is worth a word, in characters.
const MUCH: usize = 200;
const MOST_SIGNALS: usize = 3;
/// Signals that say nothing of the text.
const OWN_WORK: [&str; 2] = ["trained predictor", "judge"];

/// What is known of a model that was or could have been chosen.
pub(super) struct Prospect<'a> {
    /// `provider/model`.
    pub(super) name: &'a str,
    /// Expected probability of a good answer.
    pub(super) quality: f64,
    /// Expected cost in nano-dollars.
    pub(super) cost: Option<u64>,
}

/// Room for most reasons, so that they are written in one go.
const ROOM: usize = 160;

/// A number of parts of a whole, written as a decimal: reasons are made for every request, and writing a float exactly is
/// what takes longest in them.
fn put_fixed(out: &mut String, parts: u64, whole: u64) {
    put_number(out, parts / whole);
    out.push('.');
    let mut place = whole / 10;
    while place > 0 {
        out.push(char::from(b'0' + (parts / place % 10) as u8));
        place /= 10;
    }
}

fn put_number(out: &mut String, number: u64) {
    if number >= 10 {
        put_number(out, number / 10);
    }
    out.push(char::from(b'0' + (number % 10) as u8));
}

/// A share with two decimals.
fn put_share(out: &mut String, x: f64) {
    put_fixed(out, (x * 100.0).round() as u64, 100);
}

/// Why the first is first. `ablest` is the likeliest of all to answer well, `bar` the least quality of the strategies
/// that look for price or speed.
pub(super) fn reasons(first: &Prospect<'_>, ablest: &Prospect<'_>, ask: &Ask<'_>, bar: f64) -> Vec<String> {
    let mut out = Vec::with_capacity(5);
    if let Some(task) = ask.task {
        out.push(taken_for(task));
        if task.inherited {
            out.push("the last turn only continues the conversation, so an earlier turn was read for it".into());
        }
        if task.context_chars >= MUCH {
            let beside =
                "characters of instructions, history, tools and pasted text beside the ask were sized, not judged";
            out.push(format!("{} {beside}", task.context_chars));
        }
    }
    out.push(chosen(first, ask.strategy, bar));
    out.extend(dearer(first, ablest));
    if !ask.options.order.is_empty() {
        out.push("route.order was followed".into());
    }
    out
}

fn chosen(first: &Prospect<'_>, strategy: Strategy, bar: f64) -> String {
    let mut out = String::with_capacity(ROOM);
    let why = match strategy {
        Strategy::Cheapest | Strategy::Fastest if first.quality < bar => {
            out.push_str(&format!("none of the able models is {bar} likely to answer well, and "));
            " comes closest".to_owned()
        }
        Strategy::Cheapest => format!(" is the cheapest that is at least {bar} likely to answer well"),
        Strategy::Fastest => format!(" is the quickest that is at least {bar} likely to answer well"),
        Strategy::Balanced => " gives the most quality for its price".to_owned(),
        Strategy::Best => " is the likeliest to answer well".to_owned(),
    };
    out.push_str(first.name);
    out.push_str(&why);
    out.push_str(": ");
    put_share(&mut out, first.quality);
    match first.cost {
        None => out.push_str(" likely, at an unknown cost"),
        Some(cost) => {
            out.push_str(" likely, for about $");
            put_fixed(&mut out, cost.saturating_add(500) / 1_000, 1_000_000);
        }
    }
    out
}

fn taken_for(task: &Task) -> String {
    let mut out = String::with_capacity(ROOM);
    if task.no_evidence {
        out.push_str("nothing in it was recognised, so it is taken as middling (");
        put_share(&mut out, task.difficulty);
        out.push_str(" of 1) rather than as easy");
        return out;
    }
    let level = match task.difficulty {
        d if d < 1.0 / 3.0 => "easy",
        d if d < 2.0 / 3.0 => "middling",
        _ => "hard",
    };
    for part in ["it asks for ", phrase(task.kind), ", ", level, " ("] {
        out.push_str(part);
    }
    put_share(&mut out, task.difficulty);
    out.push_str(" of 1); known by: ");
    let mut signals = [""; MOST_SIGNALS];
    let mut count = 0;
    for evidence in task.evidence.iter().filter(|e| e.weight > 0.0 && !OWN_WORK.contains(&&*e.signal)) {
        let name = evidence.signal.split_once(": ").map_or(&*evidence.signal, |(_, name)| name);
        if count < MOST_SIGNALS && !signals.contains(&name) {
            if count > 0 {
                out.push_str(", ");
            }
            out.push_str(name);
            signals[count] = name;
            count += 1;
        }
    }
    if count == 0 {
        out.push_str("its shape");
    }
    match task.scored_as {
        class if class == task.kind.class() => {}
        TaskClass::General => out.push_str("; by its form models are compared by what they score overall"),
        class => {
            out.push_str("; by its form models are compared by their scores in ");
            out.push_str(class.as_str());
        }
    }
    out
}

/// What more quality would have cost.
fn dearer(first: &Prospect<'_>, ablest: &Prospect<'_>) -> Option<String> {
    let (own, more) = (first.cost?, ablest.cost?);
    if first.name == ablest.name || own == 0 || more <= own || ablest.quality - first.quality < 0.005 {
        return None;
    }
    let times = more as f64 / own as f64;
    let mut out = String::with_capacity(ROOM);
    out.push_str(ablest.name);
    out.push_str(" would be ");
    put_share(&mut out, ablest.quality);
    out.push_str(" likely and cost ");
    if times < 10.0 {
        put_fixed(&mut out, (times * 10.0).round() as u64, 10);
    } else {
        put_number(&mut out, times.round() as u64);
    }
    out.push_str(" times as much");
    Some(out)
}

const fn phrase(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Code => "program code",
        TaskKind::Debug => "the repair of a fault",
        TaskKind::Math => "mathematics",
        TaskKind::Reasoning => "weighing, comparing or planning",
        TaskKind::Extraction => "facts out of a text",
        TaskKind::Classification => "a label",
        TaskKind::Translation => "a translation",
        TaskKind::Summarisation => "a summary",
        TaskKind::Creative => "a text to be written",
        TaskKind::Chat => "conversation",
        TaskKind::SimpleQuestion => "a short fact",
        TaskKind::Roleplay => "a part to be played",
        TaskKind::Agentic => "something to be done with tools",
        TaskKind::LongContext => "an answer out of a very long text",
        TaskKind::Vision => "a look at an image",
    }
}
