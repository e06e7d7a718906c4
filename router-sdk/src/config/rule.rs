//! Rules of the user: which requests to `auto` they are for, and what they set.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::classify::TaskKind;
use crate::error::Error;
use crate::wire::Strategy;

/// The most rules of a router.
const MOST_RULES: usize = 256;
/// The longest pattern, in bytes.
const LONGEST_PATTERN: usize = 1_000;

/// One rule. It is for requests to `auto` for which all its conditions hold, and overrides what the classifier said.
///
/// Of several rules that are for a request, the first that sets a kind, a model or a strategy sets it; of least
/// difficulties the highest holds.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RuleConfig {
    /// The name that `explain` shows.
    pub name: String,
    /// Condition: a regular expression, of linear time, that is found in what the user asks; documents, code and logs
    /// beside it are not looked at. At most 1,000 bytes; `(?i)` ignores case.
    pub pattern: Option<String>,
    /// Condition: `route.tags` holds these.
    pub tags: BTreeMap<String, String>,
    /// Condition: the request's `metadata` holds these.
    pub metadata: BTreeMap<String, String>,
    /// Condition: the classifier said one of these kinds.
    pub kinds: Vec<TaskKind>,
    /// What the request asks for, in place of the classifier's word.
    pub kind: Option<TaskKind>,
    /// The least difficulty, 0 to 1.
    pub min_difficulty: Option<f64>,
    /// The model or alias that answers, in place of a choice.
    pub model: Option<String>,
    /// The strategy, where the request names none.
    pub strategy: Option<Strategy>,
}

/// Values that types alone cannot check; patterns are compiled, and thereby checked, with the router.
pub(super) fn check(rules: &[RuleConfig]) -> Result<(), Error> {
    if rules.len() > MOST_RULES {
        return Err(Error::invalid_config("rules", format!("must be at most {MOST_RULES}")));
    }
    let mut names = BTreeSet::new();
    for (i, rule) in rules.iter().enumerate() {
        let fault = |field: &str, fix: &str| Err(Error::invalid_config(format!("rules[{i}]{field}"), fix));
        if rule.name.trim().is_empty() || rule.name.len() > 100 {
            return fault(".name", "must be a name of 1 to 100 bytes");
        }
        if !names.insert(rule.name.as_str()) {
            return fault(".name", "stands twice; give every rule its own name");
        }
        if rule.pattern.as_ref().is_some_and(|p| p.is_empty() || p.len() > LONGEST_PATTERN) {
            return fault(".pattern", "must be a regular expression of 1 to 1000 bytes");
        }
        if rule.min_difficulty.is_some_and(|least| !(0.0..=1.0).contains(&least)) {
            return fault(".min_difficulty", "must be a number from 0 to 1");
        }
        if rule.pattern.is_none() && rule.tags.is_empty() && rule.metadata.is_empty() && rule.kinds.is_empty() {
            return fault("", "needs a condition: pattern, tags, metadata or kinds");
        }
        let sets = rule.kind.is_some() || rule.min_difficulty.is_some();
        if !sets && rule.model.is_none() && rule.strategy.is_none() {
            return fault("", "sets nothing; add kind, min_difficulty, model or strategy");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::config::Config;

    fn refused(rule: Value) -> Option<String> {
        let error = Config::from_value(json!({"rules": [rule]})).err()?;
        error.param().map(str::to_owned)
    }

    #[test]
    fn a_rule_needs_a_name_a_condition_and_something_to_set() {
        assert_eq!(refused(json!({"name": "a", "pattern": "x", "kind": "code"})), None);
        for (rule, field) in [
            (json!({"pattern": "x", "kind": "code"}), "rules[0].name"),
            (json!({"name": "a", "kind": "code"}), "rules[0]"),
            (json!({"name": "a", "pattern": "x"}), "rules[0]"),
            (json!({"name": "a", "pattern": "", "kind": "code"}), "rules[0].pattern"),
            (json!({"name": "a", "pattern": "x".repeat(1_001), "kind": "code"}), "rules[0].pattern"),
            (json!({"name": "a", "pattern": "x", "min_difficulty": 1.5}), "rules[0].min_difficulty"),
            (json!({"name": "a", "pattern": "x", "kind": "song"}), "rules[0].kind"),
            (json!({"name": "a", "kinds": ["song"], "kind": "code"}), "rules[0].kinds[0]"),
            (json!({"name": "a", "tags": ["x"], "kind": "code"}), "rules[0].tags"),
            (json!("a"), "rules[0]"),
        ] {
            assert_eq!(refused(rule.clone()).as_deref(), Some(field), "{rule}");
        }
        let twice = json!({"name": "a", "pattern": "x", "kind": "code"});
        let error = Config::from_value(json!({"rules": [twice, twice]})).unwrap_err();
        assert_eq!(error.param(), Some("rules[1].name"));
    }
}
