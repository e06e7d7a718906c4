//! Entries in, lines of JSON in a file that is put aside when it has grown out.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Entry, Fault, Sink};
use crate::config::JsonLines;
use crate::error::Error;

/// The file and its older parts: `log.jsonl`, `log.jsonl.1`, `log.jsonl.2`, …
pub(super) struct Lines {
    settings: JsonLines,
    file: Option<File>,
    /// The last write broke off within a line.
    torn: bool,
}

impl Lines {
    pub(super) fn open(settings: &JsonLines) -> Result<Self, Error> {
        let file = append(&settings.path).map_err(|e| {
            let path = settings.path.display();
            let fix = format!("the file {path} cannot be written: {}; name one in a folder that exists", e.kind());
            Error::invalid_config("ledger.jsonl", fix)
        })?;
        Ok(Self { settings: settings.clone(), file: Some(file), torn: false })
    }

    /// The file at the path, also after another process has put it aside.
    fn current(&mut self) -> io::Result<&mut File> {
        if self.file.as_ref().is_none_or(|file| !is_at(file, &self.settings.path)) {
            self.file = Some(append(&self.settings.path)?);
        }
        self.file.as_mut().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    /// Puts the file aside once it is too long; the oldest part goes.
    fn rotate(&mut self) -> io::Result<()> {
        let JsonLines { path, max_bytes, keep } = &self.settings;
        if fs::metadata(path)?.len() < *max_bytes {
            return Ok(());
        }
        self.file = None;
        if *keep == 0 {
            return fs::remove_file(path);
        }
        for n in (1..*keep).rev() {
            let older = part(path, n);
            if older.exists() {
                fs::rename(older, part(path, n + 1))?;
            }
        }
        fs::rename(path, part(path, 1))
    }

    /// Writes whole lines; tells how many arrived.
    fn append(&mut self, text: &[u8], ends: &[usize]) -> Result<(), Fault> {
        let mut done = 0;
        let mut write = || -> io::Result<()> {
            let torn = std::mem::take(&mut self.torn);
            let file = self.current()?;
            if torn {
                file.write_all(b"\n")?;
            }
            while let Some(rest) = text.get(done..).filter(|rest| !rest.is_empty()) {
                match file.write(rest) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(n) => done += n,
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    Err(e) => return Err(e),
                }
            }
            file.sync_data()
        };
        let outcome = write();
        let taken = ends.iter().take_while(|end| **end <= done).count();
        match outcome {
            Ok(()) => Ok(()),
            // Written and not synced: offering them again would write them twice.
            Err(_) if done == text.len() && !text.is_empty() => Ok(()),
            Err(e) => {
                self.torn = taken.checked_sub(1).map_or(0, |last| ends.get(last).copied().unwrap_or(0)) < done;
                Err(Fault { taken, reason: format!("{}: {}", self.settings.path.display(), words(&e)) })
            }
        }
    }
}

impl Sink for Lines {
    fn name(&self) -> &str {
        "jsonl"
    }

    fn write(&mut self, batch: &[Arc<Entry>]) -> Result<(), Fault> {
        let (mut text, mut ends) = (Vec::with_capacity(batch.len() * 1024), Vec::with_capacity(batch.len()));
        for entry in batch {
            // Writing JSON values into a Vec cannot fail.
            let _ = serde_json::to_writer(&mut text, &entry.to_json());
            text.push(b'\n');
            ends.push(text.len());
        }
        self.append(&text, &ends)?;
        if let Err(e) = self.rotate() {
            tracing::warn!("the ledger's file of lines cannot be put aside: {}", e.kind());
        }
        Ok(())
    }
}

pub(super) fn words(e: &io::Error) -> String {
    match e.kind() {
        io::ErrorKind::StorageFull => "the disk is full".into(),
        kind => kind.to_string(),
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn part(path: &Path, n: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{n}"));
    name.into()
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(own), Ok(there)) => own.dev() == there.dev() && own.ino() == there.ino(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    // Without file numbers: a file that another process put aside is found missing until a new one is there.
    path.exists()
}
