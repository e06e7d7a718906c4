//! A script: its JSON in, a checked queue of replies for every provider out.

use crate::reply::{Family, Reply};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What every provider of one test answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The providers by name.
    pub providers: BTreeMap<String, ProviderScript>,
    /// Whether a provider's last reply answers all further requests; else they get status 500.
    #[serde(default = "yes")]
    pub repeat: bool,
}

fn yes() -> bool {
    true
}

/// What one provider answers: in JSON a list of replies, or an object with more settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub struct ProviderScript {
    /// The wire form of replies that do not name one.
    pub family: Option<Family>,
    /// The replies in order.
    pub replies: Vec<Reply>,
    /// Whether the replies start over after the last.
    pub cycle: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Full {
    #[serde(default)]
    family: Option<Family>,
    replies: Vec<Value>,
    #[serde(default)]
    cycle: bool,
}

impl TryFrom<Value> for ProviderScript {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let full = match value {
            Value::Array(replies) => Full { family: None, replies, cycle: false },
            other => serde_json::from_value(other).map_err(|error| error.to_string())?,
        };
        let mut replies = Vec::new();
        for (at, json) in full.replies.into_iter().enumerate() {
            let reply = serde_json::from_value(json).map_err(|error| error.to_string());
            let mut reply: Reply = reply.map_err(|error| format!("reply {at}: {error}"))?;
            reply.family = reply.family.or(full.family);
            replies.push(reply);
        }
        Ok(Self { family: full.family, replies, cycle: full.cycle })
    }
}

impl Script {
    /// Says what is wrong with the script, naming the provider, the reply and the key.
    ///
    /// # Errors
    /// The first contradiction found.
    pub fn check(&self) -> Result<(), String> {
        for (name, provider) in &self.providers {
            for (at, reply) in provider.replies.iter().enumerate() {
                let fault = reply.fault.as_ref().map_or(Ok(()), |fault| fault.check());
                let checked = reply.check().and(fault);
                checked.map_err(|error| format!("providers.{name}[{at}]: {error}"))?;
            }
        }
        Ok(())
    }
}

impl ProviderScript {
    /// The reply for the provider's request of this number, counted from 0.
    pub(crate) fn reply(&self, number: usize, repeat: bool) -> Option<(usize, &Reply)> {
        let turns = |reply: &Reply| reply.times.max(1) as usize;
        let all: usize = self.replies.iter().map(turns).sum();
        let mut left = if self.cycle && all > 0 { number % all } else { number };
        for (at, reply) in self.replies.iter().enumerate() {
            if left < turns(reply) {
                return Some((at, reply));
            }
            left -= turns(reply);
        }
        let last = self.replies.len().checked_sub(1).filter(|_| repeat)?;
        Some((last, &self.replies[last]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(json: &str) -> Result<Script, String> {
        let script: Script = serde_json::from_str(json).map_err(|error| error.to_string())?;
        script.check()?;
        Ok(script)
    }

    fn order(json: &str, count: usize) -> Vec<Option<usize>> {
        let script = script(json).unwrap();
        let turn = |number| script.providers["a"].reply(number, script.repeat).map(|(at, _)| at);
        (0..count).map(turn).collect()
    }

    #[test]
    fn replies_come_in_order_and_the_last_repeats() {
        let json = r#"{"providers":{"a":[{"status":500,"times":2},{"say":"x"}]}}"#;
        assert_eq!(order(json, 4), [Some(0), Some(0), Some(1), Some(1)]);
        let once = r#"{"providers":{"a":[{"say":"x"}]},"repeat":false}"#;
        assert_eq!(order(once, 2), [Some(0), None]);
        let cycle = r#"{"providers":{"a":{"cycle":true,"replies":[{"status":500},{"say":"x"}]}}}"#;
        assert_eq!(order(cycle, 4), [Some(0), Some(1), Some(0), Some(1)]);
        assert_eq!(order(r#"{"providers":{"a":[]}}"#, 1), [None]);
    }

    #[test]
    fn mistakes_are_named() {
        let wrong = |json| script(json).unwrap_err();
        assert!(wrong(r#"{"providers":{"a":[{"sya":"x"}]}}"#).contains("reply 0: unknown field `sya`"));
        assert!(wrong(r#"{"providers":{"a":[{"say":"x","body":1}]}}"#).contains("providers.a[0]"));
        assert!(wrong(r#"{"providers":{"a":[{"fault":{"kind":"explode"}}]}}"#).contains("explode"));
        assert!(wrong(r#"{"providers":{"a":[{"say":"x","split":0}]}}"#).contains("split"));
        let encoded = r#"{"providers":{"a":[{"body_base64":"%"}]}}"#;
        assert!(wrong(encoded).contains("body_base64"));
        assert!(wrong(r#"{"providers":{},"extra":1}"#).contains("extra"));
    }

    #[test]
    fn the_providers_family_is_the_replies_default() {
        let json = r#"{"providers":{"a":{"family":"gemini","replies":[{},{"family":"openai"}]}}}"#;
        let script = script(json).unwrap();
        let families: Vec<_> = script.providers["a"].replies.iter().map(|reply| reply.family).collect();
        assert_eq!(families, [Some(Family::Gemini), Some(Family::OpenAi)]);
    }
}
