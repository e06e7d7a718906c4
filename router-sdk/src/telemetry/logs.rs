//! Log lines of this library for programs that have no `tracing` of their own: events in, plain values for a function out.

use std::fmt;
use std::sync::{OnceLock, PoisonError, RwLock};

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// How grave a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogLevel {
    /// Something failed that should not.
    Error,
    /// Something to look at.
    Warn,
    /// Something worth knowing.
    Info,
    /// For finding faults.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// Reads a name such as `warn`; what is unknown is `Warn`.
    pub fn parse(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "error" => Self::Error,
            "info" => Self::Info,
            "debug" => Self::Debug,
            "trace" => Self::Trace,
            _ => Self::Warn,
        }
    }

    fn level(self) -> Level {
        match self {
            Self::Error => Level::ERROR,
            Self::Warn => Level::WARN,
            Self::Info => Level::INFO,
            Self::Debug => Level::DEBUG,
            Self::Trace => Level::TRACE,
        }
    }
}

/// A line of the log. It holds neither prompts nor answers nor keys.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LogLine {
    /// `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`.
    pub level: &'static str,
    /// What happened.
    pub message: String,
    /// With what.
    pub fields: Map<String, Value>,
}

impl LogLine {
    /// The line as JSON.
    pub fn to_json(&self) -> Value {
        json!({"level": self.level, "message": self.message, "fields": self.fields})
    }
}

type Callback = Box<dyn Fn(&LogLine) + Send + Sync>;

/// Who is called now; the subscriber itself can be set but once in a process.
static LISTENER: RwLock<Option<(Level, Callback)>> = RwLock::new(None);
static LISTENING: OnceLock<bool> = OnceLock::new();

/// Calls a function with every log line of this library at a level and above; the last one set counts. For programs that
/// have set up `tracing` already it does nothing and returns false: there the lines are told already.
pub fn on_log(level: LogLevel, callback: impl Fn(&LogLine) + Send + Sync + 'static) -> bool {
    // A child would wait for ever for a listener that another thread was setting.
    let _inside = crate::fork::enter();
    let before = LISTENER.write().unwrap_or_else(PoisonError::into_inner).replace((level.level(), Box::new(callback)));
    drop(before);
    let listening = *LISTENING.get_or_init(|| tracing::subscriber::set_global_default(Lines).is_ok());
    // Which lines are wanted may be another answer than before.
    tracing::callsite::rebuild_interest_cache();
    listening
}

struct Lines;

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let listener = LISTENER.read().unwrap_or_else(PoisonError::into_inner);
        metadata.is_event()
            && metadata.target().starts_with("clawrouters")
            && listener.as_ref().is_some_and(|(level, _)| metadata.level() <= level)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let listener = LISTENER.read().unwrap_or_else(PoisonError::into_inner);
        listener.as_ref().map(|(level, _)| LevelFilter::from_level(*level))
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = LogLine { level: event.metadata().level().as_str(), message: String::new(), fields: Map::new() };
        event.record(&mut Reading(&mut line));
        let listener = LISTENER.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, callback)) = listener.as_ref() {
            callback(&line);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Reading<'a>(&'a mut LogLine);

impl Reading<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.0.message = text,
            (name, value) => {
                self.0.fields.insert(name.to_owned(), value);
            }
        }
    }
}

impl Visit for Reading<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}
