//! Rows of the ledger and a question in; sums, shares and percentiles by group out.

mod figures;
mod query;
mod tally;
#[cfg(test)]
mod tests;
mod time;

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::Value;

use crate::account::ledger::Row;
use crate::error::Error;

pub use figures::{Against, Cached, Figures, Percentiles, TokenSums};
pub use query::UsageQuery;
pub(crate) use query::{Group, Question};
pub(crate) use tally::Tally;
pub(crate) use time::Span;

/// What a span of time used and cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct UsageReport {
    /// The first millisecond counted; absent: from the beginning.
    pub since_ms: Option<i64>,
    /// The one after the last; absent: up to now.
    pub until_ms: Option<i64>,
    /// What the rows are grouped by.
    pub group_by: Vec<String>,
    /// Where the numbers come from: `sqlite` or `memory`.
    pub source: &'static str,
    /// Requests that are missing here because memory keeps only so many.
    pub forgotten: u64,
    /// Everything together.
    pub total: Figures,
    /// By group: spans of time in order, anything else the dearest first.
    pub rows: Vec<UsageRow>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct UsageRow {
    /// What the group has in common, by the words of `group_by`; null where a request has no such thing.
    pub group: BTreeMap<String, Option<String>>,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}

impl UsageReport {
    /// The report as JSON; money in US dollars, and once more as `…_nanos` in whole nano-dollars.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Values of one group, in the order of `group_by`.
type Values = Vec<Option<String>>;

/// Sums of rows by groups, while they come in.
pub(crate) struct Sums<'q> {
    groups: &'q [Group],
    by_group: HashMap<Values, Tally>,
}

impl<'q> Sums<'q> {
    pub(crate) fn by(groups: &'q [Group]) -> Self {
        Self { groups, by_group: HashMap::new() }
    }

    /// Counts a row in every group that it belongs to: with several tags these are several.
    pub(crate) fn add(&mut self, row: &Row<'_>) {
        let mut combinations: Vec<Values> = vec![Vec::with_capacity(self.groups.len())];
        for group in self.groups {
            let values = group.values(row);
            combinations = combinations
                .into_iter()
                .flat_map(|head| {
                    values.iter().map(move |value| {
                        let mut whole = head.clone();
                        whole.push(value.as_deref().map(str::to_owned));
                        whole
                    })
                })
                .collect();
        }
        for values in combinations {
            self.by_group.entry(values).or_default().add(row);
        }
    }

    /// The rows of an answer.
    pub(crate) fn rows(self) -> Vec<UsageRow> {
        let chronological = self.groups.first().is_some_and(Group::is_time);
        let mut rows: Vec<(Values, Figures)> =
            self.by_group.into_iter().map(|(values, tally)| (values, tally.figures())).collect();
        rows.sort_by(|(a, x), (b, y)| {
            let dearest = || y.cost_nanos.cmp(&x.cost_nanos).then(y.requests.cmp(&x.requests));
            if chronological { a.cmp(b) } else { dearest().then_with(|| a.cmp(b)) }
        });
        let names: Vec<String> = self.groups.iter().map(Group::name).collect();
        let row = |(values, figures): (Values, Figures)| UsageRow {
            group: names.iter().cloned().zip(values).collect(),
            figures,
        };
        rows.into_iter().map(row).collect()
    }
}

/// Answers a question from rows that are handed over one by one.
pub(crate) fn answer(
    question: &Question,
    source: &'static str,
    rows: impl FnOnce(&mut dyn FnMut(&Row<'_>) -> Result<(), Error>) -> Result<(), Error>,
) -> Result<UsageReport, Error> {
    let mut total = Tally::default();
    let mut sums = Sums::by(&question.groups);
    rows(&mut |row| {
        if question.asks_for(row) {
            total.add(row);
            if !question.groups.is_empty() {
                sums.add(row);
            }
        }
        Ok(())
    })?;
    Ok(UsageReport {
        since_ms: question.span.since_ms,
        until_ms: question.span.until_ms,
        group_by: question.groups.iter().map(Group::name).collect(),
        source,
        forgotten: 0,
        total: total.figures(),
        rows: sums.rows(),
    })
}
