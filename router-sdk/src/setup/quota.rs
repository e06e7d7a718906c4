//! The configured limits and budgets in, the rules of every subject by the names of this router's targets out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{Named, Setup};
use crate::admit::{Budgets, Limits, Rules, Subjects};
use crate::error::Error;

impl Setup {
    /// The rules of all subjects.
    ///
    /// # Errors
    /// `InvalidConfig` for two names of one target.
    pub(crate) fn subjects(&self) -> Result<Subjects, Error> {
        let (limits, budgets) = (&self.config.limits, &self.config.budgets);
        let mut out = Subjects {
            global: Rules::of("global".to_owned(), &limits.global, &budgets.global.0),
            ..Subjects::default()
        };
        out.tags = each(&limits.tags, &budgets.tags, |tag| vec![tag.to_owned()], "tag")?;
        let provider = |name: &str| vec![self.canonical(name).to_owned()];
        out.providers = each(&limits.providers, &budgets.providers, provider, "provider")?;
        let model = |name: &str| self.targets_named(name);
        out.models = each(&limits.models, &budgets.models, model, "model")?;
        Ok(out)
    }

    /// The `provider/model`s that a name stands for; the name itself where this router cannot reach it.
    fn targets_named(&self, name: &str) -> Vec<String> {
        let mut named = Named::default();
        match self.named(name, "limits.models", &mut named) {
            Ok(()) if !named.targets.is_empty() => named.targets.iter().map(|target| target.key()).collect(),
            _ => vec![name.to_owned()],
        }
    }
}

/// Rules by the names of targets.
fn each(
    limits: &BTreeMap<String, Limits>,
    budgets: &BTreeMap<String, Budgets>,
    names: impl Fn(&str) -> Vec<String>,
    kind: &str,
) -> Result<HashMap<String, Arc<Rules>>, Error> {
    let all: BTreeSet<&String> = limits.keys().chain(budgets.keys()).collect();
    let mut out = HashMap::new();
    for written in all {
        let own = limits.get(written).copied().unwrap_or_default();
        let money = budgets.get(written).map_or(&[][..], |budgets| &budgets.0);
        for name in names(written) {
            let Some(rules) = Rules::of(format!("{kind}:{name}"), &own, money) else { continue };
            if out.insert(name.clone(), rules).is_some() {
                let section = if limits.contains_key(written) { "limits" } else { "budgets" };
                let fix = format!("is another name of {name}, which is listed already; put all under one name");
                return Err(Error::invalid_config(format!("{section}.{kind}s.{written}"), fix));
            }
        }
    }
    Ok(out)
}
