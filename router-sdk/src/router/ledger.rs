//! The face of the ledger: questions, files and sinks in; numbers, reports and durable rows out.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Router;
use crate::account::{
    Entry, Ledger, LedgerState, Question, Row, Rows, Sink, UsageQuery, UsageReport, answer, export, import,
    write_report,
};
use crate::error::{Error, ErrorKind};
use crate::pipeline::{Comparison, WhatIf};
use crate::wire::Strategy;

/// Rows of a ledger: those of its database where there is one, else those in memory.
enum Source {
    #[cfg(feature = "sqlite")]
    Database(PathBuf),
    Memory(Arc<Ledger>),
}

impl Source {
    fn of(ledger: &Arc<Ledger>) -> Self {
        #[cfg(feature = "sqlite")]
        if let Some(path) = ledger.database() {
            return Self::Database(path.to_owned());
        }
        Self::Memory(Arc::clone(ledger))
    }

    fn visit(&self, question: &Question, visit: Rows<'_>) -> Result<(), Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Database(path) => crate::account::database_rows(path, question.span, visit),
            Self::Memory(ledger) => ledger.entries().iter().try_for_each(|entry| visit(&Row::of(entry))),
        }
    }

    fn usage(&self, query: &UsageQuery) -> Result<UsageReport, Error> {
        let question = query.parts(Timestamp::now())?;
        let mut report = answer(&question, self.name(), |visit| self.visit(&question, visit))?;
        if let Self::Memory(ledger) = self {
            report.forgotten = ledger.dropped();
        }
        Ok(report)
    }

    fn export(&self, path: &Path, query: &UsageQuery) -> Result<u64, Error> {
        let question = query.parts(Timestamp::now())?;
        export(path, |write| self.visit(&question, &mut |row| if question.asks_for(row) { write(row) } else { Ok(()) }))
    }

    fn report(&self, path: &Path, query: &UsageQuery) -> Result<(), Error> {
        let now = Timestamp::now();
        let question = query.parts(now)?;
        let forgotten = match self {
            #[cfg(feature = "sqlite")]
            Self::Database(_) => 0,
            Self::Memory(ledger) => ledger.dropped(),
        };
        write_report(path, &question, self.name(), forgotten, now, |visit| self.visit(&question, visit))
    }

    fn name(&self) -> &'static str {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Database(_) => "sqlite",
            Self::Memory(_) => "memory",
        }
    }
}

impl Router {
    /// What requests used and cost: by key, tag, model, day and more; over the database where one is configured, else
    /// over the entries in memory. What was closed so far is counted.
    ///
    /// # Errors
    /// `InvalidRequest` that names the field of the question and the fix, or the database that cannot be read.
    ///
    /// # Examples
    /// ```
    /// # async fn example(router: clawrouters::Router) -> Result<(), clawrouters::Error> {
    /// use clawrouters::UsageQuery;
    ///
    /// let usage = router.usage(UsageQuery::new().group_by(["model"]).since("7d")).await?;
    /// println!("saved {} USD against {:?}", usage.total.baseline.saved, usage.total.baseline.models);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn usage(&self, query: UsageQuery) -> Result<UsageReport, Error> {
        self.aside(move |source| source.usage(&query)).await
    }

    /// Writes every request of the question's span to a file, one row each: `.csv`, or `.jsonl` or `.ndjson` for JSON
    /// lines. Returns their number.
    ///
    /// # Errors
    /// As [`Router::usage`], and `InvalidRequest` when the file cannot be written.
    pub async fn export(&self, path: impl Into<PathBuf>, query: UsageQuery) -> Result<u64, Error> {
        let path = path.into();
        self.aside(move |source| source.export(&path, &query)).await
    }

    /// Writes a report of costs, savings, requests, latencies and errors: one HTML file that loads nothing else.
    ///
    /// # Errors
    /// As [`Router::export`].
    pub async fn report(&self, path: impl Into<PathBuf>, query: UsageQuery) -> Result<(), Error> {
        let path = path.into();
        self.aside(move |source| source.report(&path, &query)).await
    }

    /// What past requests would have cost under another strategy, with the models of today at the prices of their days,
    /// and the qualities that selection expects on both sides. Nothing is sent.
    ///
    /// Compared are requests to `auto` that were answered, not from the cache. The chosen model is reckoned with the tokens
    /// of the answer that was given; it would have used others. The ledger does not say what else a request needed, such as
    /// tools or sight, so that a model without it may be proposed.
    ///
    /// # Errors
    /// As [`Router::usage`], and `InvalidConfig` of a router without models.
    ///
    /// # Examples
    /// ```
    /// # async fn example(router: clawrouters::Router) -> Result<(), clawrouters::Error> {
    /// use clawrouters::{Strategy, UsageQuery};
    ///
    /// let told = router.what_if(Strategy::Balanced, UsageQuery::new().since("7d")).await?;
    /// println!("{} nano-dollars in place of {}", told.instead.cost_nanos, told.actual.cost_nanos);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn what_if(&self, strategy: Strategy, query: UsageQuery) -> Result<WhatIf, Error> {
        let comparison = Comparison::new(&self.shared, strategy)?;
        self.aside(move |source| compared(comparison, &query, |question, visit| source.visit(question, visit))).await
    }

    /// The same of a file that [`Router::export`] wrote, here or elsewhere.
    ///
    /// # Errors
    /// As [`Router::what_if`], and `InvalidRequest` with the line of a file that is no export.
    pub async fn what_if_of(
        &self,
        entries: impl Into<PathBuf>,
        strategy: Strategy,
        query: UsageQuery,
    ) -> Result<WhatIf, Error> {
        let (entries, comparison) = (entries.into(), Comparison::new(&self.shared, strategy)?);
        self.aside(move |_| compared(comparison, &query, |_, visit| import(&entries, visit))).await
    }

    /// Reads the ledger on a thread that may block, after what was closed so far is there.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(Source) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let source = Source::of(&self.shared.ledger);
        // A sink that cannot be written is told by `flush`; here the rows that arrived are counted.
        let _ = self.shared.ledger.flush().await;
        let joined = tokio::task::spawn_blocking(move || work(source)).await;
        joined.map_err(|_| Error::new(ErrorKind::Internal, "reading the ledger broke off"))?
    }

    /// Waits until everything that was closed so far is with every sink: on the disk, for those that write files.
    ///
    /// # Errors
    /// `Internal` with the sink that cannot be written and why; its entries go on waiting for it. `Timeout` after 30
    /// seconds. `ProviderUnavailable` when the shared state cannot be asked.
    pub async fn flush(&self) -> Result<(), Error> {
        self.shared.ledger.flush().await?;
        self.shared.flush_state().await
    }

    /// The same without a runtime, for the end of a program: blocks no longer than `limit`. True when all arrived.
    pub fn flush_within(&self, limit: Duration) -> bool {
        self.shared.ledger.flush_within(limit)
    }

    /// Refuses further calls and waits as [`Router::flush`] does. Calls under way come to their end, and their entries
    /// are written when the last router of its kind is dropped, at the latest.
    ///
    /// # Errors
    /// As [`Router::flush`]; the router is closed in any case.
    pub async fn close(&self) -> Result<(), Error> {
        self.shared.close();
        let written = self.shared.ledger.flush().await;
        written.and(self.shared.close_state().await)
    }

    /// Hands every closed request to a sink of your own, on a thread of its own, from now on.
    ///
    /// # Errors
    /// `Internal` when its thread cannot be started.
    pub fn add_sink(&self, sink: impl Sink + 'static) -> Result<(), Error> {
        self.shared.ledger.add(Box::new(sink))
    }

    /// Calls a function with every closed request, on a thread of its own, from now on. It may block; `ledger.queue`
    /// says how many requests wait for it.
    ///
    /// # Errors
    /// As [`Router::add_sink`].
    pub fn on_entry(&self, callback: impl Fn(&Entry) + Send + 'static) -> Result<(), Error> {
        self.shared.ledger.call(callback)
    }

    /// How the ledger and its sinks stand: what was written, what waits, what was dropped, what is wrong.
    pub fn ledger(&self) -> LedgerState {
        self.shared.ledger.state()
    }
}

/// Counts the rows that a question asks for.
fn compared(
    mut comparison: Comparison,
    query: &UsageQuery,
    visit: impl FnOnce(&Question, Rows<'_>) -> Result<(), Error>,
) -> Result<WhatIf, Error> {
    let question = query.parts(Timestamp::now())?;
    visit(&question, &mut |row| {
        if question.asks_for(row) {
            comparison.add(row);
        }
        Ok(())
    })?;
    Ok(comparison.finish())
}

/// A ledger's database, read without a router.
#[cfg(feature = "sqlite")]
#[derive(Debug, Clone)]
pub struct LedgerFile {
    path: PathBuf,
}

#[cfg(feature = "sqlite")]
impl LedgerFile {
    /// The file that `ledger.sqlite` names. It is looked at when it is asked.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    fn source(&self) -> Source {
        Source::Database(self.path.clone())
    }

    /// As [`Router::usage`], of what is in the file. Blocks.
    ///
    /// # Errors
    /// As [`Router::usage`].
    pub fn usage(&self, query: &UsageQuery) -> Result<UsageReport, Error> {
        self.source().usage(query)
    }

    /// As [`Router::export`], of what is in the file. Blocks.
    ///
    /// # Errors
    /// As [`Router::export`].
    pub fn export(&self, path: impl AsRef<Path>, query: &UsageQuery) -> Result<u64, Error> {
        self.source().export(path.as_ref(), query)
    }

    /// As [`Router::report`], of what is in the file. Blocks.
    ///
    /// # Errors
    /// As [`Router::report`].
    pub fn report(&self, path: impl AsRef<Path>, query: &UsageQuery) -> Result<(), Error> {
        self.source().report(path.as_ref(), query)
    }
}
