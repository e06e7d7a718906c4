//! Every recorded interaction beside the repository, through the family that speaks its language; a table of what came of it.
//!
//! A new family takes one line in [`LANGUAGES`]. What may differ, and why, is listed in `allowlist.json`.

mod allowlist;
mod answer;
mod checks;
mod recording;
mod table;

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(in crate::provider) use answer::Answer;
pub(in crate::provider) use checks::{chunks, events, told};
pub(crate) use recording::Recording;
pub(crate) use table::Notes;

use super::turns::replay::Cuts;
use super::{Family, Target, anthropic, bedrock, cohere, gemini, ollama, openai, responses};
use table::{Outcome, State, Table};

/// A language that is replayed.
pub(in crate::provider) struct Language {
    /// What the recordings call it.
    apis: &'static [&'static str],
    pub(in crate::provider) family: Family,
    /// The target that a recording is replayed for.
    target: fn(&Recording) -> Target,
    /// The bytes of a recording as they came over the wire.
    pub(in crate::provider) bytes: fn(&Recording) -> Vec<u8>,
    /// Whether a reply of status 200 is to be read as an answer.
    pub(in crate::provider) answers: fn(&Recording) -> bool,
    /// What the family checks beyond what is checked of all.
    own: fn(&Recording, &Target, &mut Cuts, &mut Notes),
}

const OPENAI: Language = Language {
    apis: &["chat.completions"],
    family: Family::OpenAi,
    target: openai::tests::replay::target_of,
    bytes: Recording::bytes,
    answers: |_| true,
    own: openai::tests::replay::own,
};

const LANGUAGES: [Language; 7] = [
    OPENAI,
    Language {
        apis: &["responses"],
        family: Family::Responses,
        target: responses::tests::replay::target_of,
        answers: |recording| !responses::tests::replay::put_off(recording),
        own: responses::tests::replay::own,
        ..OPENAI
    },
    Language {
        apis: &["messages"],
        family: Family::Anthropic,
        target: |_| anthropic::tests::modern(),
        own: anthropic::tests::replay::own,
        ..OPENAI
    },
    Language {
        apis: &["generateContent", "streamGenerateContent"],
        family: Family::Gemini,
        target: gemini::tests::replay::target_of,
        own: gemini::tests::replay::own,
        ..OPENAI
    },
    Language {
        apis: &["converse", "converse-stream"],
        family: Family::Bedrock,
        target: bedrock::tests::replay::target_of,
        bytes: bedrock::tests::replay::frames_of,
        own: bedrock::tests::replay::own,
        ..OPENAI
    },
    Language {
        apis: &["cohere.chat.v2"],
        family: Family::Cohere,
        target: |_| cohere::tests::thinker(),
        own: cohere::tests::replay::own,
        ..OPENAI
    },
    Language {
        apis: &["ollama.chat"],
        family: Family::Ollama,
        target: |_| ollama::tests::thinker(),
        own: ollama::tests::replay::own,
        ..OPENAI
    },
];

/// Fewer replayed recordings than this mean that some are no longer looked at.
const LEAST: usize = 3_500;

fn replay(recording: &Recording) -> Outcome {
    let outcome = |state| Outcome::of(recording, state);
    let Some(language) = LANGUAGES.iter().find(|l| l.apis.contains(&recording.api.as_str())) else {
        return outcome(State::Unsupported);
    };
    // Shortened data is no data: only errors are still what they were.
    if recording.truncated && recording.status < 400 {
        return outcome(State::Shortened);
    }
    let target = (language.target)(recording);
    let mut cuts = Cuts(recording.seed());
    let mut notes = Notes::default();
    checks::check(language, recording, &target, &mut cuts, &mut notes);
    (language.own)(recording, &target, &mut cuts, &mut notes);
    outcome(if notes.checks == 0 { State::Shortened } else { State::Replayed(notes) })
}

/// All outcomes; files are shared out among threads.
fn outcomes(files: &[PathBuf]) -> Vec<Outcome> {
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let made: Vec<Outcome> = recording::read(file).iter().map(replay).collect();
                    all.lock().unwrap().extend(made);
                }
            });
        }
    });
    all.into_inner().unwrap()
}

#[test]
fn recordings_replay() {
    let Some(files) = recording::files() else {
        println!("skipped: no recordings beside the repository");
        return;
    };
    let mut table = Table::of(outcomes(&files));
    let verdict = table.judge(&allowlist::read(), LEAST);
    let report = table.report();
    println!("{report}");
    // target/ci/deps/name-hash: three up is the target folder.
    if let Some(folder) = std::env::current_exe().ok().and_then(|exe| exe.ancestors().nth(3).map(PathBuf::from)) {
        std::fs::write(folder.join("replay.md"), report).unwrap();
    }
    assert!(verdict.is_empty(), "{}", verdict.join("\n"));
}
