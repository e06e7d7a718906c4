//! A choice and what it was made from in, its reasons in plain words out.

use std::fmt;

use super::facts::Ask;
use crate::classify::{Task, TaskKind};
use crate::wire::Strategy;

/// Context that is worth a word, in characters.
const MUCH: usize = 200;
const MOST_SIGNALS: usize = 3;

/// What is known of a model that was or could have been chosen.
pub(super) struct Prospect<'a> {
    /// `provider/model`.
    pub(super) name: &'a str,
    /// Expected probability of a good answer.
    pub(super) quality: f64,
    /// Expected cost in nano-dollars.
    pub(super) cost: Option<u64>,
}

/// A number of parts of a whole, written as a decimal: reasons are made for every request, and writing a float exactly is
/// what takes longest in them.
struct Fixed(u64, u64);

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(parts, whole) = *self;
        write!(f, "{}.{:0digits$}", parts / whole, parts % whole, digits = whole.ilog10() as usize)
    }
}

/// A share with two decimals.
fn share(x: f64) -> Fixed {
    Fixed((x * 100.0).round() as u64, 100)
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
    let price = first.cost.map_or_else(
        || "at an unknown cost".to_owned(),
        |cost| format!("for about ${}", Fixed(cost.saturating_add(500) / 1_000, 1_000_000)),
    );
    let why = match ask.strategy {
        Strategy::Cheapest | Strategy::Fastest if first.quality < bar => {
            format!("none of the able models is {bar} likely to answer well, and {} comes closest", first.name)
        }
        Strategy::Cheapest => format!("{} is the cheapest that is at least {bar} likely to answer well", first.name),
        Strategy::Fastest => format!("{} is the quickest that is at least {bar} likely to answer well", first.name),
        Strategy::Balanced => format!("{} gives the most quality for its price", first.name),
        Strategy::Best => format!("{} is the likeliest to answer well", first.name),
    };
    out.push(format!("{why}: {} likely, {price}", share(first.quality)));
    out.extend(dearer(first, ablest));
    if !ask.options.order.is_empty() {
        out.push("route.order was followed".into());
    }
    out
}

fn taken_for(task: &Task) -> String {
    if task.no_evidence {
        return format!(
            "nothing in it was recognised, so it is taken as middling ({} of 1) rather than as easy",
            share(task.difficulty)
        );
    }
    let level = match task.difficulty {
        d if d < 1.0 / 3.0 => "easy",
        d if d < 2.0 / 3.0 => "middling",
        _ => "hard",
    };
    let mut signals: Vec<&str> = Vec::new();
    for evidence in
        task.evidence.iter().filter(|e| e.weight > 0.0 && !["trained predictor", "judge"].contains(&&*e.signal))
    {
        let name = evidence.signal.split_once(": ").map_or(evidence.signal.as_str(), |(_, name)| name);
        if signals.len() < MOST_SIGNALS && !signals.contains(&name) {
            signals.push(name);
        }
    }
    let by = if signals.is_empty() { "its shape".to_owned() } else { signals.join(", ") };
    format!("it asks for {}, {level} ({} of 1); known by: {by}", phrase(task.kind), share(task.difficulty))
}

/// What more quality would have cost.
fn dearer(first: &Prospect<'_>, ablest: &Prospect<'_>) -> Option<String> {
    let (own, more) = (first.cost?, ablest.cost?);
    if first.name == ablest.name || own == 0 || more <= own || ablest.quality - first.quality < 0.005 {
        return None;
    }
    let times = more as f64 / own as f64;
    let times = if times < 10.0 { format!("{times:.1}") } else { format!("{times:.0}") };
    Some(format!("{} would be {} likely and cost {times} times as much", ablest.name, share(ablest.quality)))
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
