//! The keys of a scenario: steps and a router in, secrets by the scenario's own names out.

use std::collections::BTreeMap;

use clawrouters::{Error, NewKey, Router};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// Keys by the names that a scenario gives them.
#[derive(Default)]
pub struct Ring {
    secrets: BTreeMap<String, String>,
    ids: BTreeMap<String, String>,
}

impl Ring {
    /// Takes the steps that come before a call.
    pub async fn prepare(&mut self, router: &Router, steps: &Value, call: u64) -> Result<(), Error> {
        let due = |step: &&Value| step["before_call"].as_u64().unwrap_or(0) == call;
        for step in steps.as_array().into_iter().flatten().filter(due) {
            let id = |name: &str| self.ids.get(step[name].as_str().unwrap_or_default()).cloned().unwrap_or_default();
            let keys = router.keys();
            if step.get("create").is_some() {
                let issued = keys.create(NewKey::from_value(step["create"].clone())?).await?;
                self.ids.insert(text(&step["as"]), issued.key.id);
                self.secrets.insert(text(&step["as"]), issued.secret.expose_secret().to_owned());
            } else if step.get("rotate").is_some() {
                let (id, grace) = (id("rotate"), step["grace_s"].as_u64().unwrap_or(0));
                let issued = keys.rotate(&id, grace).await?;
                self.ids.insert(text(&step["as"]), issued.key.id);
                self.secrets.insert(text(&step["as"]), issued.secret.expose_secret().to_owned());
            } else if step.get("update").is_some() {
                keys.update(&id("update"), step["change"].clone()).await?;
            } else if step.get("disable").is_some() {
                keys.disable(&id("disable")).await?;
            } else if step.get("enable").is_some() {
                keys.enable(&id("enable")).await?;
            } else if step.get("delete").is_some() {
                keys.delete(&id("delete")).await?;
            } else {
                panic!("a step of keys that nobody knows: {step}");
            }
        }
        Ok(())
    }

    /// The key of a call: a name of the scenario's, or text that is passed as it is; a list has one a call.
    pub fn key_of(&self, wanted: &Value, call: u64) -> Option<String> {
        let one = match wanted {
            Value::Array(all) => all.get(call as usize).or(all.last()).cloned().unwrap_or_default(),
            one => one.clone(),
        };
        let name = one.as_str()?;
        Some(self.secrets.get(name).cloned().unwrap_or_else(|| name.to_owned()))
    }

    /// An entry with the scenario's name in place of the id of its caller.
    pub fn named(&self, entry: &Value) -> Value {
        let mut entry = entry.clone();
        if let Some((name, _)) = self.ids.iter().find(|(_, id)| entry["caller"] == json!(id)) {
            entry["caller"] = json!(name);
        }
        entry
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
