//! The table of faults in, `docs/faults.md` out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::cell::{FAMILIES, NOT_TRIED};
use super::table::{Row, Ways};

const HEAD: &str = "# Faults and what comes of them

Written by `router-sdk/tests/faults.rs`, which plays every fault against a router and compares what happens with this table.
The faults happen at the first of two targets, or at the only one. *Passes* means that the fault happens once, *lasts* that it
happens every time.

| outcome | meaning |
|---|---|
| answered | the fault does no harm: the target's own answer reaches the caller |
| asked again | the same target is asked a second time and answers |
| the other answers | the caller gets the whole answer from the second target and notices nothing |
| completed by the other | part of the answer had been delivered; the second target says the rest, and the text is whole |
| completed by itself | the same, with nobody else there: the target itself is asked for the rest |
| error | the error of this kind, with the cause as the last attempt has it |
| breaks off | the error `StreamInterrupted` with what had been delivered, and the cause of the break |

In every cell of this table the caller's text is the whole answer or, with an error, its beginning; no word is missing or doubled.
At most six sends are made for one request, each is recorded, no connection stays open and no money stays reserved.
";

pub fn write(table: &[Row]) -> String {
    let mut out = HEAD.to_owned();
    let mut groups: Vec<&str> = Vec::new();
    for row in table {
        if !groups.contains(&row.group.as_str()) {
            groups.push(&row.group);
        }
    }
    for group in groups {
        let _ = write!(out, "\n## {group}\n");
        for (stream, title) in [(false, "Whole replies"), (true, "Streams")] {
            let lines: Vec<String> = table.iter().filter(|r| r.group == group).flat_map(|r| lines(r, stream)).collect();
            if lines.is_empty() {
                continue;
            }
            let _ = write!(out, "\n{title}:\n\n| fault | with another target | alone, it passes | alone, it lasts |\n");
            let _ = write!(out, "|---|---|---|---|\n{}", lines.concat());
        }
    }
    out
}

/// A line for the families that agree, and one for each group that differs.
fn lines(row: &Row, stream: bool) -> Vec<String> {
    let mut by_ways: BTreeMap<[String; 3], Vec<&str>> = BTreeMap::new();
    for family in FAMILIES {
        if let Some(ways) = row.ways(family, stream) {
            by_ways.entry(told(ways)).or_default().push(family);
        }
    }
    let mut groups: Vec<([String; 3], Vec<&str>)> = by_ways.into_iter().collect();
    groups.sort_by_key(|(_, families)| (std::cmp::Reverse(families.len()), families.clone()));
    let known = groups.iter().map(|(_, f)| f.len()).sum::<usize>();
    let line = |(at, (ways, families)): (usize, ([String; 3], Vec<&str>))| {
        let all = at == 0 && (families.len() == FAMILIES.len() || (families.len() > 1 && families.len() < known));
        let whose = if all { String::new() } else { format!(" ({})", families.join(", ")) };
        format!("| {}{whose} | {} |\n", row.says, ways.join(" | "))
    };
    groups.into_iter().enumerate().map(line).collect()
}

fn told(ways: &Ways) -> [String; 3] {
    [&ways.another, &ways.once, &ways.alone].map(|outcome| words(outcome))
}

fn words(outcome: &str) -> String {
    match outcome {
        NOT_TRIED => "–".into(),
        "answered" => "answered".into(),
        "answered again" => "asked again".into(),
        "other" => "the other answers".into(),
        "completed by other" => "completed by the other".into(),
        "completed by itself" => "completed by itself".into(),
        _ => match outcome.split_once(' ') {
            Some(("interrupted", cause)) => format!("breaks off: `{cause}`"),
            Some((kind, cause)) => format!("error `{kind}`: `{cause}`"),
            None => outcome.to_owned(),
        },
    }
}
