//! A reading in, a kind with its evidence out: the word lists over both ends of the ask, and structure.

mod settle;

use super::fold::{head, tail};
use super::instruction;
use super::matcher::{Known, RowSet, rows_in};
use super::patterns::{Effect, fluency};
use super::question;
use super::reading::Reading;
use super::typos::repaired;
use super::{Needs, Script, TaskKind, script};

const KINDS: usize = TaskKind::ALL.len();
// The instruction usually stands at one end; the first words count most.
const LEAD: usize = 140;
const HEAD: usize = 900;
const TAIL: usize = 500;
const LEAD_FACTOR: f32 = 1.35;
const REPEAT_FACTOR: f32 = 0.35;
// A kind that is less certain than this has not been said.
const SPOKEN: f32 = 1.5;
// An application that offers a few tools expects them to be used; an agent offers many to everything.
const FEW_TOOLS: usize = 8;
const SHORT_ASK: usize = 200;
// Word problems are shorter than this.
const STORY: usize = 700;
// Somebody who tells of himself before he asks takes at least this many characters.
const TOLD: usize = 50;
// A question of no more characters, without a known word, leans on the turn before.
const BARE_QUESTION: usize = 40;
// A question of more characters seldom asks for one fact.
const LONG_QUESTION: usize = 60;
// What follows an instruction is its material from this many bytes on.
const GIVEN: usize = 150;
// Rows below this weight tell of trouble, which need not be a fault of a program.
const FAULT: f32 = 1.6;
// A text that a question is about has at least this many bytes.
const MATERIAL: usize = 40;

/// What patterns and structure say.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    /// The kind with the highest score.
    pub kind: TaskKind,
    /// The same, whatever the words say.
    pub said: TaskKind,
    /// How far it leads, 0 to 1.
    pub confidence: f64,
    /// The score of every kind.
    pub scores: [f32; KINDS],
    /// The level of its difficulty, where the words tell it better than the kind.
    pub level: Option<f64>,
    /// Words for a hard task minus words for an easy one.
    pub cues: f32,
    /// What matched: signal, weight.
    pub evidence: Vec<(Signal, f32)>,
    /// Characters of the instruction; what it works on is not counted.
    pub asked: usize,
    /// Answers are given to choose from.
    pub choices: bool,
    /// Nothing matched.
    pub none: bool,
    /// The ask with its misspelt key words set right, where it has any.
    pub repaired: Option<String>,
    /// The script of the ask.
    pub script: Option<Script>,
}

/// The source of one piece of evidence.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Signal {
    /// A row of the word lists.
    Row(&'static Known),
    /// The structure of the request.
    Structure(&'static str),
}

impl Signal {
    /// The name shown to people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Row(known) => &known.shown,
            Self::Structure(name) => name,
        }
    }
}

/// Judges the kind of a reading.
pub(crate) fn judge(reading: &Reading<'_>, needs: &Needs) -> Verdict {
    let mut tally = Tally::default();
    tally.words(&reading.folded);
    tally.structure(reading, needs);
    // Misspelt, an ask says little or only that it is a question.
    let repaired = if tally.says_what() { None } else { repaired(head(&reading.folded, HEAD)) };
    if let Some(repaired) = &repaired {
        let mut again = Tally::default();
        again.words(repaired);
        again.structure(reading, needs);
        if again.best.iter().any(|score| *score >= SPOKEN) {
            again.evidence.push((Signal::Structure("misspelt key word"), 0.0));
            tally = again;
        }
    }
    let script = script::detect(&reading.parts.ask);
    Verdict { repaired, ..tally.close(reading, script) }
}

#[derive(Default)]
struct Tally {
    best: [f32; KINDS],
    rest: [f32; KINDS],
    cues: f32,
    repeats: u16,
    // Characters of the instruction, where it stands apart from its material.
    asked: Option<usize>,
    // Something is to be made, not mended.
    making: bool,
    choices: bool,
    // A question stands before or after a text.
    about: bool,
    // Something names a fault, whatever it is a fault of.
    fault: bool,
    // A device is named.
    device: bool,
    // An equation or another sign of figures stands in it.
    figures: bool,
    evidence: Vec<(Signal, f32)>,
}

impl Tally {
    fn words(&mut self, folded: &str) {
        for (instruction, paragraph) in instruction::cuts(folded) {
            let asks = question::is_question(instruction.trim_end());
            self.about |= asks && folded.len() > instruction.len() + MATERIAL;
            let mut alone = Self { asked: Some(instruction.chars().count()), about: self.about, ..Self::default() };
            alone.window(instruction);
            // Of a question with a text below it the text says nothing about what is asked.
            let below = paragraph && asks;
            if alone.works_on_text() || (paragraph && alone.says_a_kind()) || below {
                *self = alone;
                return;
            }
        }
        self.window(folded);
    }

    // Whether a kind is said that wants something done.
    fn says_what(&self) -> bool {
        let talk = [TaskKind::Chat.index(), TaskKind::SimpleQuestion.index()];
        (0..KINDS).any(|kind| self.best[kind] >= SPOKEN && !talk.contains(&kind))
    }

    // A paragraph of its own that says what is asked.
    fn says_a_kind(&self) -> bool {
        self.best.iter().any(|score| *score >= SPOKEN)
    }

    // Such an ask needs material: what stands in it says nothing about the ask.
    fn works_on_text(&self) -> bool {
        use TaskKind::{Classification, Extraction, Summarisation, Translation};
        let top = (0..KINDS).max_by(|a, b| self.score(*a).total_cmp(&self.score(*b))).unwrap_or(0);
        self.best[top] >= SPOKEN
            && matches!(TaskKind::ALL[top], Translation | Summarisation | Extraction | Classification)
    }

    fn score(&self, kind: usize) -> f32 {
        // Every question has several words of a question, and no more is asked for that.
        let most = if kind == TaskKind::SimpleQuestion.index() { 4.0 } else { 6.0 };
        self.best[kind] + REPEAT_FACTOR * self.rest[kind].min(most)
    }

    fn window(&mut self, folded: &str) {
        let whole = folded.len() <= HEAD + TAIL;
        let first = rows_in(if whole { folded } else { head(folded, HEAD) }, LEAD);
        let tongues = &first.tongues;
        self.repeats = first.depth.saturating_sub(1);
        self.rows(first.lead.without(&RowSet::empty()), LEAD_FACTOR, tongues);
        self.rows(first.all.without(&first.lead), 1.0, tongues);
        if !whole {
            let last = rows_in(tail(folded, TAIL), 0);
            self.rows(last.all.without(&first.all.and(&first.lead)), 1.0, tongues);
        }
    }

    fn rows(&mut self, rows: impl Iterator<Item = &'static Known>, factor: f32, tongues: &[u16]) {
        for known in rows {
            let row = known.row;
            let weight = row.weight * factor * fluency(row.lang, tongues);
            if weight == 0.0 {
                continue;
            }
            match row.effect {
                Effect::Kind(kind) => self.add(Signal::Row(known), kind, weight),
                Effect::Harder => self.cue(Signal::Row(known), weight),
                Effect::Easier => self.cue(Signal::Row(known), -weight),
                Effect::Tongue => {}
            }
        }
    }

    fn cue(&mut self, signal: Signal, weight: f32) {
        // Several words of depth ask for more than one.
        let weight = if weight > 0.0 { weight * (1.0 + 0.35 * f32::from(self.repeats.min(4))) } else { weight };
        self.cues += weight;
        self.evidence.push((signal, weight));
    }

    fn add(&mut self, signal: Signal, kind: TaskKind, weight: f32) {
        let own = if let Signal::Row(known) = signal { known.row.weight } else { weight };
        self.fault |= kind == TaskKind::Debug && own >= FAULT;
        if let Signal::Row(Known { row, .. }) = signal {
            self.making |= matches!(row.name, "code verb" | "design" | "program wanted");
            self.choices |= row.name == "choices";
            self.device |= row.name == "device";
            self.figures |= row.name == "math sign";
        }
        let best = &mut self.best[kind.index()];
        let rest = &mut self.rest[kind.index()];
        if weight > *best {
            *rest += *best;
            *best = weight;
        } else {
            *rest += weight;
        }
        self.evidence.push((signal, weight));
    }

    fn structure(&mut self, reading: &Reading<'_>, needs: &Needs) {
        let parts = &reading.parts;
        let spoken = self.best.iter().any(|score| *score >= SPOKEN);
        if parts.code_chars > 0 {
            self.add(Signal::Structure("code block"), TaskKind::Code, if spoken { 1.2 } else { 1.8 });
        }
        if parts.trace {
            self.add(Signal::Structure("stack trace or log"), TaskKind::Debug, 2.4);
        }
        if parts.diff {
            self.add(Signal::Structure("diff"), TaskKind::Code, 1.2);
        }
        if reading.image {
            self.add(Signal::Structure("image"), TaskKind::Vision, 4.4);
        }
        let pasted = parts.document_chars;
        if pasted > 20_000 {
            self.add(Signal::Structure("very long text"), TaskKind::LongContext, 3.6);
        }
        // A tool loop is under way; tools that are only offered say nothing.
        if reading.in_loop && needs.tools {
            self.add(Signal::Structure("tool loop"), TaskKind::Agentic, 1.2);
        }
        let folded = reading.folded.trim_end();
        let asks = question::is_question(folded);
        if asks && reading.ask_chars <= 120 && parts.context_chars() < 200 {
            self.add(Signal::Structure("short question"), TaskKind::SimpleQuestion, 0.8);
        }
        if self.asked.is_none() && reading.ask_chars <= STORY {
            self.story(folded, reading.ask_chars);
            if asks {
                self.amounts(folded);
            }
        }
        // "Who wrote this, and when? '…'": the answer stands in what follows.
        if self.about && !self.choices {
            self.lessen(&[TaskKind::SimpleQuestion], 0.5);
            self.add(Signal::Structure("question about a given text"), TaskKind::Extraction, 1.6);
        }
        if needs.json_schema {
            self.add(Signal::Structure("schema for the answer"), TaskKind::Extraction, 1.2);
        }
        self.tools(reading);
    }

    // Who tells of himself and asks wants advice rather than a fact.
    fn story(&mut self, folded: &str, chars: usize) {
        if chars < TOLD || !question::asks_somewhere(folded) {
            return;
        }
        let sentences = question::sentences(folded);
        if sentences >= 2 {
            // From the third sentence on it is a case to think about.
            let case = sentences >= 3;
            self.lessen(&[TaskKind::SimpleQuestion], if case { 0.4 } else { 0.5 });
            // Beside a program the question is about the program.
            let about_code = self.best[TaskKind::Code.index()] >= SPOKEN;
            let weight = if about_code {
                0.8
            } else if case {
                1.4
            } else {
                1.1
            };
            self.add(Signal::Structure("question with what led to it"), TaskKind::Reasoning, weight);
        }
    }

    // A fact is asked for with one amount at the most, and a year is none.
    fn amounts(&mut self, folded: &str) {
        let amounts = question::amounts(folded);
        if amounts >= 2 {
            self.lessen(&[TaskKind::SimpleQuestion], 0.6);
        }
        let percent = usize::from(folded.contains('%'));
        if amounts + percent >= 3 {
            self.add(Signal::Structure("several amounts in a question"), TaskKind::Math, 1.8);
        } else if amounts >= 2 {
            self.add(Signal::Structure("amounts in a question"), TaskKind::Math, 0.9);
        }
    }

    fn lessen(&mut self, kinds: &[TaskKind], factor: f32) {
        for kind in kinds {
            self.best[kind.index()] *= factor;
            self.rest[kind.index()] *= factor;
        }
    }

    fn tools(&mut self, reading: &Reading<'_>) {
        use TaskKind::{Chat, Code, Creative, Debug, Reasoning, SimpleQuestion};
        let offered = (1..=FEW_TOOLS).contains(&reading.tools);
        if !offered || reading.ask_chars > SHORT_ASK || self.asked.is_some() {
            return;
        }
        let other = [Chat, Code, Creative, Debug].into_iter().any(|kind| self.best[kind.index()] >= SPOKEN);
        if !other {
            for kind in [Reasoning, SimpleQuestion] {
                self.best[kind.index()] *= 0.6;
                self.rest[kind.index()] *= 0.3;
            }
            self.add(Signal::Structure("few tools offered"), TaskKind::Agentic, 1.9);
        }
    }

    fn close(mut self, reading: &Reading<'_>, script: Option<Script>) -> Verdict {
        let mut scores = [0.0; KINDS];
        for (kind, score) in scores.iter_mut().enumerate() {
            *score = self.score(kind);
        }
        self.settle(&mut scores, reading);
        let best = (0..KINDS).rev().max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap_or(0);
        let top = scores[best];
        let second = (0..KINDS).filter(|at| *at != best).map(|at| scores[at]).fold(0.0, f32::max);
        // A few words with a question mark ask about what was said before.
        let bare = reading.may_inherit
            && reading.ask_chars <= BARE_QUESTION
            && self.evidence.iter().all(|(signal, _)| matches!(signal, Signal::Structure(_)));
        let none = (top < 0.75 || bare) && self.cues.abs() < 0.5;
        let kind = if top >= 0.75 { TaskKind::ALL[best] } else { fallback(reading) };
        let lead = f64::from(top - second);
        let strength = f64::from(top.min(4.0)) / 4.0;
        let confidence = if none { 0.2 } else { (0.35 + 0.3 * strength + 0.35 * (lead / 2.0).min(1.0)).min(0.98) };
        self.evidence.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        Verdict {
            kind,
            said: kind,
            confidence,
            scores,
            level: None,
            cues: self.cues,
            evidence: self.evidence,
            asked: self.asked.unwrap_or(reading.ask_chars).min(reading.ask_chars),
            choices: self.choices,
            none,
            repaired: None,
            script,
        }
    }
}

fn fallback(reading: &Reading<'_>) -> TaskKind {
    let parts = &reading.parts;
    // A few unknown words beside a text: people mostly want it shorter, or something out of it.
    let given = instruction::cuts(&reading.folded)
        .any(|(cut, _)| cut.len() <= GIVEN && reading.folded.len() >= cut.len() + GIVEN);
    if given && parts.code_chars == 0 {
        if question::asks_somewhere(&reading.folded) { TaskKind::Extraction } else { TaskKind::Summarisation }
    } else if parts.document_chars > 600 {
        TaskKind::Reasoning
    } else if question::asks_somewhere(&reading.folded) {
        if reading.ask_chars <= 120 { TaskKind::SimpleQuestion } else { TaskKind::Reasoning }
    } else if reading.ask_chars > 200 {
        TaskKind::Reasoning
    } else {
        TaskKind::Chat
    }
}
