//! A question about the ledger: words of callers in, groups and conditions out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

use super::{Span, time};
use crate::account::ledger::Row;
use crate::error::Error;

/// What to count: everything, unless it is narrowed.
///
/// # Examples
/// ```
/// use clawrouters::UsageQuery;
///
/// let by_day = UsageQuery::new().group_by(["day", "model"]).since("30d").only("tag", "team=search");
/// # let _ = by_day;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct UsageQuery {
    /// A word or a list of words: `key`, `tag`, `tag:NAME`, `model`, `model_requested`, `provider`, `deployment`, `task`,
    /// `strategy`, `session`, `purpose`, `cached`, `error`, `day`, `hour`. Days and hours are those of UTC.
    group_by: Value,
    since: Value,
    until: Value,
    /// Conditions by the same words, days and hours excepted, and `sandbox`.
    #[serde(rename = "where")]
    conditions: Value,
}

impl UsageQuery {
    /// Everything together.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a question from JSON: `group_by`, `since`, `until`, `where`.
    ///
    /// # Errors
    /// `InvalidRequest` that names the field and the fix.
    pub fn from_value(value: Value) -> Result<Self, Error> {
        if value.is_null() {
            return Ok(Self::default());
        }
        if !value.is_object() {
            return Err(Error::invalid_request("query", "must be an object with group_by, since, until and where"));
        }
        serde_json::from_value(value).map_err(|_| {
            Error::invalid_request("query", "knows the fields group_by, since, until and where; leave out any other")
        })
    }

    /// With a row for each of these in place of one for everything.
    #[must_use]
    pub fn group_by<S: Into<String>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.group_by = words.into_iter().map(|word| Value::String(word.into())).collect();
        self
    }

    /// From this moment on: `2026-11-01`, `2026-11-01T08:00:00Z`, or so long before now, such as `7d`.
    #[must_use]
    pub fn since(mut self, moment: impl Into<String>) -> Self {
        self.since = Value::String(moment.into());
        self
    }

    /// Up to this moment, which is not counted any more.
    #[must_use]
    pub fn until(mut self, moment: impl Into<String>) -> Self {
        self.until = Value::String(moment.into());
        self
    }

    /// Only requests with this value, such as `("model", "openai/gpt-5")` or `("tag", "team=search")`; several values of
    /// one word count as either.
    #[must_use]
    pub fn only(mut self, word: &str, value: impl Into<Value>) -> Self {
        if !self.conditions.is_object() {
            self.conditions = Value::Object(serde_json::Map::new());
        }
        if let Value::Object(fields) = &mut self.conditions {
            let values = fields.entry(word).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(values) = values {
                values.push(value.into());
            }
        }
        self
    }

    /// The question in its parts; lengths of time end now.
    pub(crate) fn parts(&self, now: Timestamp) -> Result<Question, Error> {
        let span = Span {
            since_ms: time::moment(&self.since, "since", now)?,
            until_ms: time::moment(&self.until, "until", now)?,
        };
        if let Span { since_ms: Some(since), until_ms: Some(until) } = span
            && since > until
        {
            return Err(Error::invalid_request("until", "must not be before since"));
        }
        let mut groups = Vec::new();
        for word in words(&self.group_by, "group_by")? {
            let group = Group::read(&word).ok_or_else(|| Error::invalid_request("group_by", GROUPS))?;
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        Ok(Question { span, groups, conditions: conditions(&self.conditions)? })
    }
}

const GROUPS: &str = "knows key, tag, tag:NAME, model, model_requested, provider, deployment, task, strategy, session, \
                      purpose, cached, error, day and hour";

/// One word or a list of words.
fn words(value: &Value, field: &str) -> Result<Vec<String>, Error> {
    let refuse = || Error::invalid_request(field, "must be a word or a list of words");
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(word) => Ok(vec![word.clone()]),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(refuse)).collect(),
        _ => Err(refuse()),
    }
}

fn conditions(value: &Value) -> Result<Vec<Condition>, Error> {
    let fields = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Object(fields) => fields,
        _ => return Err(Error::invalid_request("where", "must be a table, such as {\"model\": \"openai/gpt-5\"}")),
    };
    let mut out = Vec::new();
    for (word, values) in fields {
        let field = format!("where.{word}");
        let group = Group::read(word).filter(|group| !group.is_time());
        let group = group.or_else(|| (word == "sandbox").then_some(Group::Sandbox));
        let group = group.ok_or_else(|| {
            Error::invalid_request(
                &field,
                "is none of the words of group_by, nor sandbox; for times there are since and until",
            )
        })?;
        let one = |value: &Value| match value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            Value::Bool(flag) if group == Group::Sandbox => Ok(Some(flag.to_string())),
            _ => Err(Error::invalid_request(&field, "must be a text, or a list of texts of which one has to match")),
        };
        let values = match values {
            Value::Array(values) => values.iter().map(one).collect::<Result<_, _>>()?,
            value => vec![one(value)?],
        };
        out.push((group, values));
    }
    Ok(out)
}

/// What rows must have in common, and the values of which one has to be theirs.
type Condition = (Group, Vec<Option<String>>);

/// A question in its parts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    pub(crate) span: Span,
    pub(crate) groups: Vec<Group>,
    conditions: Vec<Condition>,
}

impl Question {
    pub(crate) fn asks_for(&self, row: &Row<'_>) -> bool {
        self.span.holds(row.at_ms)
            && self.conditions.iter().all(|(group, wanted)| {
                group.values(row).iter().any(|value| wanted.iter().any(|w| w.as_deref() == value.as_deref()))
            })
    }
}

/// What rows can have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Group {
    Key,
    /// Every label as `name=value`.
    Tag,
    /// The value of one label.
    TagNamed(String),
    Model,
    ModelRequested,
    Provider,
    Deployment,
    Task,
    Strategy,
    Session,
    Purpose,
    Cached,
    Error,
    Sandbox,
    Day,
    Hour,
}

const NAMES: [(&str, Group); 14] = [
    ("key", Group::Key),
    ("tag", Group::Tag),
    ("model", Group::Model),
    ("model_requested", Group::ModelRequested),
    ("provider", Group::Provider),
    ("deployment", Group::Deployment),
    ("task", Group::Task),
    ("strategy", Group::Strategy),
    ("session", Group::Session),
    ("purpose", Group::Purpose),
    ("cached", Group::Cached),
    ("error", Group::Error),
    ("day", Group::Day),
    ("hour", Group::Hour),
];

impl Group {
    fn read(word: &str) -> Option<Self> {
        if let Some(name) = word.strip_prefix("tag:") {
            return (!name.is_empty()).then(|| Self::TagNamed(name.to_owned()));
        }
        NAMES.iter().find(|(name, _)| *name == word).map(|(_, group)| group.clone())
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Self::TagNamed(name) => format!("tag:{name}"),
            Self::Sandbox => "sandbox".into(),
            other => {
                NAMES.iter().find(|(_, group)| group == other).map_or_else(String::new, |(name, _)| (*name).into())
            }
        }
    }

    pub(crate) fn is_time(&self) -> bool {
        matches!(self, Self::Day | Self::Hour)
    }

    /// The groups that a row belongs to; one that lacks such a thing belongs to that of nothing.
    pub(crate) fn values<'r>(&self, row: &'r Row<'_>) -> Vec<Option<Cow<'r, str>>> {
        fn some<'r>(value: Option<&'r Cow<'_, str>>) -> Vec<Option<Cow<'r, str>>> {
            vec![value.map(|text| Cow::Borrowed(text.as_ref()))]
        }
        match self {
            Self::Key => some(Some(&row.key)),
            Self::Model => some(row.model.as_ref()),
            Self::ModelRequested => some(Some(&row.model_requested)),
            Self::Provider => some(row.provider.as_ref()),
            Self::Deployment => some(row.deployment.as_ref()),
            Self::Task => some(row.task.as_ref()),
            Self::Strategy => some(Some(&row.strategy)),
            Self::Session => some(row.session.as_ref()),
            Self::Purpose => some(Some(&row.purpose)),
            Self::Cached => some(Some(&row.cached)),
            Self::Error => some(row.error.as_ref()),
            Self::Sandbox => vec![Some(if row.sandbox { "true" } else { "false" }.into())],
            Self::Day => vec![at(row.at_ms, "%Y-%m-%d")],
            Self::Hour => vec![at(row.at_ms, "%Y-%m-%dT%H:00Z")],
            Self::Tag => {
                let tags: BTreeMap<_, _> = row.tags.list().into_owned();
                let named = tags.into_iter().map(|(name, value)| Some(Cow::Owned(format!("{name}={value}"))));
                let mut out: Vec<_> = named.collect();
                if out.is_empty() {
                    out.push(None);
                }
                out
            }
            Self::TagNamed(name) => vec![row.tags.list().get(name).cloned().map(Cow::Owned)],
        }
    }
}

/// The day or the hour in UTC.
fn at(ms: i64, form: &str) -> Option<Cow<'static, str>> {
    let at = Timestamp::from_millisecond(ms).ok()?.to_zoned(TimeZone::UTC);
    Some(at.strftime(form).to_string().into())
}
