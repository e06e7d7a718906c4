//! A task in, a handful of numbers that say what kind of request it was out. They hold no word of it.

use serde::{Deserialize, Serialize};

use crate::classify::{Script, Task, TaskKind};

/// Numbers beside those of the kinds.
const PLAIN: usize = 8;
/// All numbers.
pub(super) const SIZE: usize = PLAIN + TaskKind::ALL.len();

/// What experience is had by: a constant, how hard and how long a request is, its language, tools, and its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Features(Vec<(u8, f32)>);

impl Features {
    /// Those of a task. Numbers that are nothing are left out.
    pub(crate) fn of(task: &Task) -> Self {
        let success = &task.success;
        let tools = task.needs.tools || task.needs.json_schema || task.needs.json_mode;
        let foreign = task.script.is_some_and(|script| script != Script::Latin);
        let plain: [f64; PLAIN] = [
            1.0,
            2.0 * task.difficulty - 0.8,
            length(task.ask_chars, 200.0),
            length(task.context_chars, 2_000.0).max(0.0),
            2.0 * (success.strong - success.weak) - 0.5,
            success.weak - 0.5,
            f64::from(u8::from(foreign)),
            f64::from(u8::from(tools)),
        ];
        let plain = plain.into_iter().enumerate().filter(|(_, value)| *value != 0.0 && value.is_finite());
        let plain = plain.map(|(at, value)| (at as u8, value as f32));
        let kind = ((PLAIN + task.kind.index()) as u8, 1.0);
        Self(plain.chain(std::iter::once(kind)).collect())
    }

    /// Places, all below [`SIZE`], and values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, f64)> + Clone + '_ {
        self.0.iter().map(|(at, value)| (usize::from(*at), f64::from(*value))).filter(|(at, _)| *at < SIZE)
    }
}

/// Characters as steps of a factor of about seven from a usual length.
fn length(chars: usize, usual: f64) -> f64 {
    (((chars + 20) as f64 / usual).ln() / 2.0).clamp(-1.5, 2.5)
}

/// One standard deviation of what each number is worth, in log odds, before anything is known.
pub(super) fn prior() -> [f64; SIZE] {
    // Models differ most in what kinds of request they are good at. Weaker slopes are noise with a few hundred scores.
    const PLAINLY: [f64; PLAIN] = [0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.3, 0.3];
    let mut spread = [0.3; SIZE];
    spread.iter_mut().zip(PLAINLY).for_each(|(slot, plain)| *slot = plain);
    spread
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::classify;
    use crate::wire::ChatRequest;

    fn of(text: &str) -> Vec<(usize, f64)> {
        Features::of(&classify(ChatRequest::new("auto", text).body())).iter().collect()
    }

    #[test]
    fn each_request_has_its_constant_and_its_kind() {
        for text in ["", "Hi!", "Write a quicksort in Rust.", "今日はとても寒いです。", &"word ".repeat(100_000)]
        {
            let features = of(text);
            assert_eq!(features.first(), Some(&(0, 1.0)), "{text:.20}");
            assert_eq!(features.iter().filter(|(at, _)| *at >= PLAIN).count(), 1, "{text:.20}");
            assert!(features.iter().all(|(at, value)| *at < SIZE && value.abs() <= 2.5), "{features:?}");
        }
        assert!(of("今日はとても寒いです。").contains(&(6, 1.0)), "another script shows");
    }
}
