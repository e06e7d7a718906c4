//! The user's own word on a request: its rules and the request's options in, the task as it then stands and a model or a
//! strategy out. No I/O.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use crate::classify::{self, Evidence, Task, TaskKind};
use crate::config::RuleConfig;
use crate::error::Error;
use crate::wire::{ChatRequest, Strategy};

/// Bounds of a compiled pattern, in bytes: an engine that is larger is refused when the router is built.
const PATTERN_BYTES: usize = 1 << 20;
const NESTING: u32 = 50;

/// The rules of a router, their patterns compiled.
#[derive(Debug, Default)]
pub(crate) struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    set: RuleConfig,
    pattern: Option<Regex>,
}

/// What rules and options set.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Steering {
    /// The model or alias that answers, and the field that names it.
    pub(crate) model: Option<(String, String)>,
    /// The strategy, where the request names none.
    pub(crate) strategy: Option<Strategy>,
    /// What was set, in words.
    pub(crate) reasons: Vec<String>,
    kind: Option<(TaskKind, String)>,
    least: Option<(f64, String)>,
    difficulty: Option<f64>,
}

impl Rules {
    /// Compiles the patterns.
    ///
    /// # Errors
    /// `InvalidConfig` that names the rule whose pattern is not valid or too large.
    pub(crate) fn compile(rules: &[RuleConfig]) -> Result<Self, Error> {
        let compile = |(i, set): (usize, &RuleConfig)| {
            let fault = |error: regex::Error| {
                let fix = match error {
                    regex::Error::CompiledTooBig(_) => "grows too large; use fewer or smaller repetitions",
                    _ => "is no valid regular expression; look-around and back-references are not known",
                };
                Error::invalid_config(format!("rules[{i}].pattern"), fix)
            };
            let build = |pattern: &String| {
                let mut builder = RegexBuilder::new(pattern);
                builder.size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES).nest_limit(NESTING).build()
            };
            let pattern = set.pattern.as_ref().map(build).transpose().map_err(fault)?;
            Ok(Rule { set: set.clone(), pattern })
        };
        rules.iter().enumerate().map(compile).collect::<Result<_, _>>().map(Self)
    }

    /// What is set for this request. Its own options go before the rules.
    pub(crate) fn steer(&self, request: &ChatRequest, task: &Task) -> Steering {
        let mut out = Steering::default();
        let mut ask: Option<String> = None;
        for (i, rule) in self.0.iter().enumerate() {
            if rule.is_for(request, task, &mut ask) {
                out.follow(i, &rule.set);
            }
        }
        let route = request.route();
        if let Some(kind) = route.task {
            out.kind = Some((kind, "route.task".to_owned()));
            out.reasons.push(format!("route.task says that it is {}", kind.as_str()));
        }
        if let Some(difficulty) = route.difficulty {
            out.difficulty = Some(difficulty);
            out.reasons.push(format!("route.difficulty says {difficulty:.2}"));
        }
        out
    }
}

impl Rule {
    fn is_for(&self, request: &ChatRequest, task: &Task, ask: &mut Option<String>) -> bool {
        let set = &self.set;
        let metadata = |name: &String| request.get("metadata").and_then(|m| m.get(name)).and_then(Value::as_str);
        let kinds = set.kinds.is_empty() || set.kinds.contains(&task.kind);
        kinds
            && set.tags.iter().all(|(name, value)| request.route().tags.get(name) == Some(value))
            && set.metadata.iter().all(|(name, value)| metadata(name) == Some(value))
            && self.pattern.as_ref().is_none_or(|pattern| {
                let ask = ask.get_or_insert_with(|| classify::ask(request.body()));
                pattern.is_match(ask)
            })
    }
}

impl Steering {
    fn follow(&mut self, i: usize, set: &RuleConfig) {
        let name = &set.name;
        let mut said = Vec::new();
        if let Some(kind) = set.kind.filter(|_| self.kind.is_none()) {
            self.kind = Some((kind, format!("rule: {name}")));
            said.push(format!("it counts as {}", kind.as_str()));
        }
        if let Some(least) = set.min_difficulty
            && self.least.as_ref().is_none_or(|(known, _)| *known < least)
        {
            self.least = Some((least, format!("rule: {name}")));
            said.push(format!("its difficulty is at least {least:.2}"));
        }
        if let Some(model) = set.model.as_ref().filter(|_| self.model.is_none()) {
            self.model = Some((model.clone(), format!("rules[{i}].model")));
            said.push(format!("{model} answers it"));
        }
        if let Some(strategy) = set.strategy.filter(|_| self.strategy.is_none()) {
            self.strategy = Some(strategy);
            said.push(format!("the strategy is {}", strategy.as_str()));
        }
        if !said.is_empty() {
            self.reasons.push(format!("your rule \"{name}\" is for it: {}", said.join(", ")));
        }
    }

    /// The task as it stands with what was set. A judge moves it no further than that allows.
    pub(crate) fn over(&self, task: &mut Task) {
        if let Some((kind, signal)) = &self.kind {
            (task.kind, task.scored_as) = (*kind, kind.class());
            task.confidence = 1.0;
            task.evidence.push(Evidence { signal: signal.clone().into(), weight: 0.0 });
        }
        if let Some((least, signal)) = &self.least {
            if task.difficulty < *least {
                let weight = ((least - task.difficulty) * 1000.0).round() / 1000.0;
                task.evidence.push(Evidence { signal: signal.clone().into(), weight });
                task.difficulty = *least;
            }
            task.success.uncertainty = task.success.uncertainty.min(task.difficulty - least);
        }
        if let Some(difficulty) = self.difficulty {
            let weight = ((difficulty - task.difficulty) * 1000.0).round() / 1000.0;
            task.evidence.push(Evidence { signal: "route.difficulty".into(), weight });
            task.difficulty = difficulty;
            task.success.uncertainty = 0.0;
        }
        if self.kind.is_some() || self.difficulty.is_some() {
            task.no_evidence = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::TaskClass;

    fn rules(value: Value) -> Rules {
        Rules::compile(&serde_json::from_value::<Vec<RuleConfig>>(value).unwrap()).unwrap()
    }

    fn steered(rules: &Rules, request: Value) -> (Task, Steering) {
        let request = ChatRequest::from_value(request).unwrap();
        let mut task = classify::classify(request.body());
        let steering = rules.steer(&request, &task);
        steering.over(&mut task);
        (task, steering)
    }

    fn asking(text: &str) -> Value {
        json!({"model": "auto", "messages": [{"role": "user", "content": text}]})
    }

    #[test]
    fn a_pattern_looks_at_the_ask_and_not_at_what_is_pasted() {
        let rules = rules(json!([{"name": "law", "pattern": "(?i)contract", "min_difficulty": 0.9}]));
        assert!(steered(&rules, asking("Check this Contract")).0.difficulty >= 0.9);
        let pasted = "Say hello.\n```\nthe contract\n```";
        assert!(steered(&rules, asking(pasted)).0.difficulty < 0.9);
    }

    #[test]
    fn all_conditions_hold_and_the_first_that_says_a_thing_says_it() {
        let rules = rules(json!([
            {"name": "a", "tags": {"team": "law"}, "metadata": {"tier": "gold"}, "model": "x/one", "min_difficulty": 0.6},
            {"name": "b", "tags": {"team": "law"}, "model": "x/two", "strategy": "best", "min_difficulty": 0.4},
        ]));
        let mut request = asking("Hello there");
        request["route"] = json!({"tags": {"team": "law"}});
        let (task, steering) = steered(&rules, request.clone());
        assert_eq!(steering.model, Some(("x/two".into(), "rules[1].model".into())));
        assert!((task.difficulty - 0.4).abs() < 1e-9);
        request["metadata"] = json!({"tier": "gold"});
        let (task, steering) = steered(&rules, request);
        assert_eq!(steering.model, Some(("x/one".into(), "rules[0].model".into())));
        assert_eq!(steering.strategy, Some(Strategy::Best));
        assert!((task.difficulty - 0.6).abs() < 1e-9);
        assert_eq!(steered(&rules, asking("Hello there")).1, Steering::default());
    }

    #[test]
    fn the_request_goes_before_the_rules() {
        let rules = rules(json!([{"name": "a", "kinds": ["chat"], "kind": "roleplay", "min_difficulty": 0.8}]));
        let mut request = asking("Hello, how are you?");
        assert_eq!(steered(&rules, request.clone()).0.kind, TaskKind::Roleplay);
        request["route"] = json!({"task": "math", "difficulty": 0.1});
        let (task, steering) = steered(&rules, request);
        assert_eq!((task.kind, task.scored_as, task.success.uncertainty), (TaskKind::Math, TaskClass::Math, 0.0));
        assert!((task.difficulty - 0.1).abs() < 1e-9);
        assert_eq!(steering.reasons.len(), 3);
    }

    #[test]
    fn patterns_are_bounded() {
        let compile = |pattern: &str| {
            let rule = json!([{"name": "a", "pattern": pattern, "kind": "code"}]);
            Rules::compile(&serde_json::from_value::<Vec<RuleConfig>>(rule).unwrap())
        };
        for bad in ["(", "(?=a)b", r"(a)\1", r"\w{5000}{5000}"] {
            assert_eq!(compile(bad).unwrap_err().param(), Some("rules[0].pattern"), "{bad}");
        }
        // Of the kind that takes other engines exponential time.
        let rules = compile("^(a+)+$").unwrap();
        let begun = std::time::Instant::now();
        steered(&rules, asking(&("a".repeat(50_000) + "!")));
        assert!(begun.elapsed().as_secs() < 2);
    }
}
