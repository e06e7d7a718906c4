//! What came of each recording in; faults that are not excused, and a table of provider and API, out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::Recording;
use super::allowlist::{CEILING, Excuse};

/// The checks of one recording.
#[derive(Default)]
pub(crate) struct Notes {
    pub(super) checks: usize,
    pub(super) faults: Vec<(&'static str, String)>,
}

impl Notes {
    pub(crate) fn note(&mut self, check: &'static str, result: Result<(), String>) {
        self.checks += 1;
        self.faults.extend(result.err().map(|why| (check, why)));
    }
}

pub(super) enum State {
    /// No family speaks its language.
    Unsupported,
    /// Data was cut out of it, or it holds none.
    Shortened,
    Replayed(Notes),
}

pub(super) struct Outcome {
    id: String,
    provider: String,
    api: String,
    state: State,
}

impl Outcome {
    pub(super) fn of(recording: &Recording, state: State) -> Self {
        let Recording { id, provider, api, .. } = recording;
        Self { id: id.clone(), provider: provider.clone(), api: api.clone(), state }
    }
}

#[derive(Default, Clone, Copy)]
struct Row {
    replayed: usize,
    equal: usize,
    excused: usize,
    differing: usize,
    shortened: usize,
}

pub(super) struct Table {
    outcomes: Vec<Outcome>,
    /// Faults that no entry of the allowlist excuses, by recording.
    faults: BTreeMap<String, String>,
    excused: BTreeMap<String, String>,
}

impl Table {
    pub(super) fn of(mut outcomes: Vec<Outcome>) -> Self {
        outcomes.sort_by(|a, b| (&a.api, &a.provider, &a.id).cmp(&(&b.api, &b.provider, &b.id)));
        Self { outcomes, faults: BTreeMap::new(), excused: BTreeMap::new() }
    }

    /// Sorts faults into excused and not; gives what is wrong with them and with the allowlist itself.
    pub(super) fn judge(&mut self, excuses: &[Excuse], least: usize) -> Vec<String> {
        let mut used = BTreeSet::new();
        let mut replayed = 0;
        for outcome in &self.outcomes {
            let State::Replayed(notes) = &outcome.state else { continue };
            replayed += 1;
            for (check, why) in &notes.faults {
                let place = excuses.iter().position(|e| e.id == outcome.id && e.check == *check);
                let key = format!("{} {} {} {check}", outcome.api, outcome.provider, outcome.id);
                match place {
                    Some(place) => {
                        used.insert(place);
                        self.excused.insert(key, excuses[place].reason.clone());
                    }
                    None => {
                        self.faults.insert(key, why.clone());
                    }
                }
            }
        }
        let mut wrong: Vec<String> = self
            .faults
            .iter()
            .map(|(key, why)| format!("{key}: {}", why.chars().take(900).collect::<String>()))
            .collect();
        let idle = excuses.iter().enumerate().filter(|(place, _)| !used.contains(place));
        wrong.extend(idle.map(|(_, e)| format!("{} {}: passes, so it needs no excuse", e.id, e.check)));
        if excuses.len() > CEILING {
            wrong.push(format!("{} entries in the allowlist, at most {CEILING} are agreed", excuses.len()));
        }
        if replayed < least {
            wrong.push(format!("only {replayed} recordings were replayed, {least} are expected"));
        }
        wrong
    }

    /// The table in Markdown.
    pub(super) fn report(&self) -> String {
        let mut rows: BTreeMap<(&str, &str), Row> = BTreeMap::new();
        let mut unsupported: BTreeMap<&str, usize> = BTreeMap::new();
        let mut checks = 0;
        for outcome in &self.outcomes {
            let row = || (outcome.api.as_str(), outcome.provider.as_str());
            match &outcome.state {
                State::Unsupported => *unsupported.entry(&outcome.api).or_default() += 1,
                State::Shortened => rows.entry(row()).or_default().shortened += 1,
                State::Replayed(notes) => {
                    checks += notes.checks;
                    let row = rows.entry(row()).or_default();
                    row.replayed += 1;
                    let named = |map: &BTreeMap<String, String>| map.keys().any(|k| k.contains(&outcome.id));
                    match (named(&self.faults), named(&self.excused)) {
                        (true, _) => row.differing += 1,
                        (false, true) => row.excused += 1,
                        (false, false) => row.equal += 1,
                    }
                }
            }
        }
        let mut out = String::from(
            "| API | provider | replayed | equal | excused | differing | shortened |\n|---|---|--:|--:|--:|--:|--:|\n",
        );
        let mut line = |api: &str, provider: &str, r: Row| {
            let _ = writeln!(
                out,
                "| {api} | {provider} | {} | {} | {} | {} | {} |",
                r.replayed, r.equal, r.excused, r.differing, r.shortened
            );
        };
        let mut sum = Row::default();
        for ((api, provider), row) in &rows {
            line(api, provider, *row);
            sum.replayed += row.replayed;
            sum.equal += row.equal;
            sum.excused += row.excused;
            sum.differing += row.differing;
            sum.shortened += row.shortened;
        }
        line("all", "", sum);
        let _ = writeln!(out, "\n{checks} checks. Unsupported APIs, skipped:\n");
        for (api, count) in unsupported {
            let _ = writeln!(out, "- {api}: {count}");
        }
        for (title, map) in [("Differing", &self.faults), ("Excused", &self.excused)] {
            let _ = writeln!(out, "\n{title}: {}\n", map.len());
            for (key, why) in map {
                let _ = writeln!(out, "- {key}: {}", why.chars().take(400).collect::<String>().replace('\n', " "));
            }
        }
        out
    }
}
