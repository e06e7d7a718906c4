//! The scores of all kinds in, the same with each dispute between two kinds settled out.

use super::{KINDS, LONG_QUESTION, Reading, SHORT_ASK, SPOKEN, Tally, TaskKind};

impl Tally {
    // Where two kinds share their words, the more specific one takes them.
    pub(super) fn settle(&self, scores: &mut [f32; KINDS], reading: &Reading<'_>) {
        use TaskKind::{
            Agentic, Chat, Code, Creative, Debug, Extraction, Math, Reasoning, SimpleQuestion, Translation, Vision,
        };
        let get = |scores: &[f32; KINDS], kind: TaskKind| scores[kind.index()];
        let parts = &reading.parts;
        let technical = get(scores, Code) >= 1.0 || parts.code_chars > 0 || parts.trace;
        if self.device && get(scores, Debug) >= SPOKEN {
            // What to do about it is a question of repair.
            scores[Reasoning.index()] *= 0.5;
        }
        // A device alone is no fault of a program.
        let least = if self.device { 1.2 } else { 0.9 };
        if !technical && !self.fault && !self.device {
            // Coffee machines break, too: trouble is a fault of a program only where one is in sight.
            scores[Debug.index()] *= 0.4;
        } else if technical && get(scores, Debug) >= least && (!self.making || parts.trace) {
            scores[Debug.index()] += 0.3 + 0.75 * get(scores, Code).min(4.0);
        } else if self.making && !parts.trace {
            // Failures are named where something is to withstand them, too.
            scores[Debug.index()] *= 0.6;
        }
        if self.figures && reading.ask_chars <= SHORT_ASK {
            // Solutions are found and given with the words for names and dates.
            scores[Extraction.index()] *= 0.4;
            scores[SimpleQuestion.index()] *= 0.8;
        }
        if get(scores, Code) >= 2.0 {
            // Operators and dates stand in code as well.
            scores[Math.index()] = (get(scores, Math) - 1.2).max(0.0);
        } else if get(scores, Math) >= SPOKEN && get(scores, Reasoning) > 0.0 {
            scores[Math.index()] += 0.4 * get(scores, Reasoning).min(2.0);
        }
        if get(scores, Code) >= SPOKEN && get(scores, Creative) < 2.0 {
            scores[Creative.index()] = 0.0;
        }
        if get(scores, Code) >= 2.0 && (self.making || parts.code_chars > 0) {
            // Programs are written and carried over into other languages with the words of letters.
            scores[Creative.index()] *= 0.5;
            scores[Translation.index()] *= if parts.code_chars > 0 { 0.4 } else { 1.0 };
        }
        if !reading.image {
            scores[Vision.index()] *= 0.6;
        }
        let more = (0..KINDS).any(|kind| kind != Chat.index() && scores[kind] >= SPOKEN);
        if more && reading.ask_chars > 60 {
            // A greeting before an ask is a greeting only.
            scores[Chat.index()] *= 0.6;
        }
        if reading.ask_chars > LONG_QUESTION && self.best[Reasoning.index()] >= 2.0 {
            // Longer, it asks for more than a fact.
            scores[SimpleQuestion.index()] *= 0.75;
        }
        if reading.ask_chars > 160 {
            scores[SimpleQuestion.index()] *= 0.6;
            scores[Chat.index()] *= 0.7;
        }
        if reading.in_loop && get(scores, Agentic) >= 2.0 && get(scores, Code) < 1.0 {
            scores[Agentic.index()] += 0.8;
        }
    }
}
