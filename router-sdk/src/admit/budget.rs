//! How much money a subject may spend over which time: settings in, checked settings and amounts out.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::calendar::{self, Window};
use crate::error::Error;
use crate::wire::Strategy;

/// The most that a budget may be, in US dollars.
const LARGEST: f64 = 1e9;

/// Money of one subject over one kind of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Budget {
    /// US dollars that may be spent in one window.
    pub usd: f64,
    /// The window: `hour`, `day`, `week` (from Monday), `month` or `total` (default), which never ends.
    #[serde(default)]
    pub window: Window,
    /// The time zone in which windows begin, such as `Europe/Berlin`; default `UTC`.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// The share of the budget, from above 0 to 1, from which on it is known to run out: `on_budget` is called once a
    /// window, and `on_soft` counts. Absent: it runs out without notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft: Option<f64>,
    /// The strategy of automatic choices from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_soft: Option<Strategy>,
    /// Breaks off streams under way that would pass the budget, because they say more than was held for them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hard_stop: bool,
}

fn utc() -> String {
    "UTC".to_owned()
}

impl Budget {
    /// So many US dollars in one window, in UTC.
    pub fn new(usd: f64, window: Window) -> Self {
        Self { usd, window, time_zone: utc(), soft: None, on_soft: None, hard_stop: false }
    }

    /// The budget in nano-dollars.
    pub(crate) fn nanos(&self) -> u64 {
        (self.usd * 1e9).round() as u64
    }

    /// The nano-dollars from which on the budget is known to run out.
    pub(crate) fn soft_nanos(&self) -> Option<u64> {
        self.soft.map(|share| (self.usd * share * 1e9).round() as u64)
    }

    /// Checks the values. `field` is the name under which the budget stands, such as `budgets.global`.
    ///
    /// # Errors
    /// `InvalidConfig` that names the field and the fix.
    pub fn check(&self, field: &str) -> Result<(), Error> {
        let fault = |name: &str, fix: &str| Err(Error::invalid_config(format!("{field}.{name}"), fix));
        if !(self.usd.is_finite() && self.usd > 0.0 && self.usd <= LARGEST) || self.nanos() == 0 {
            return fault("usd", "must be US dollars, from 0.000000001 to 1000000000");
        }
        if self.soft.is_some_and(|share| !(share > 0.0 && share <= 1.0)) {
            return fault("soft", "must be a share above 0 and at most 1, such as 0.8");
        }
        if self.on_soft.is_some() && self.soft.is_none() {
            return fault("on_soft", "needs soft, the share from which on it counts, such as 0.8");
        }
        if calendar::zone(&self.time_zone).is_none() {
            return fault("time_zone", "must be a time zone of the IANA database, such as UTC or Europe/Berlin");
        }
        Ok(())
    }
}

/// Budgets of one subject, all of which hold: one, or a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Budgets(pub Vec<Budget>);

impl Budgets {
    /// Checks every budget under its own name.
    ///
    /// # Errors
    /// `InvalidConfig` that names the field and the fix.
    pub fn check(&self, field: &str) -> Result<(), Error> {
        match self.0.as_slice() {
            [one] => one.check(field),
            many => many.iter().enumerate().try_for_each(|(i, budget)| budget.check(&format!("{field}[{i}]"))),
        }
    }
}

impl Serialize for Budgets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Budgets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMany)
    }
}

/// Read by hand so that an error names the field inside the budget and not the pair of forms.
struct OneOrMany;

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Budgets;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a budget such as {usd = 5.0, window = \"day\"}, or a list of them")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Budgets, A::Error> {
        Budget::deserialize(MapAccessDeserializer::new(map)).map(|one| Budgets(vec![one]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Budgets, A::Error> {
        let mut all = Vec::new();
        while let Some(budget) = seq.next_element()? {
            all.push(budget);
        }
        Ok(Budgets(all))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: serde_json::Value) -> Result<Budgets, serde_json::Error> {
        serde_json::from_value(value)
    }

    #[test]
    fn one_or_a_list_and_back() {
        let one = read(json!({"usd": 5.0, "window": "day"})).unwrap();
        assert_eq!(one.0, [Budget::new(5.0, Window::Day)]);
        assert_eq!(serde_json::to_value(&one).unwrap(), json!({"usd": 5.0, "window": "day", "time_zone": "UTC"}));
        let two = json!([{"usd": 1.0, "window": "hour", "time_zone": "Europe/Berlin", "soft": 0.8, "on_soft": "cheapest",
            "hard_stop": true}, {"usd": 9.5, "window": "total", "time_zone": "UTC"}]);
        assert_eq!(serde_json::to_value(read(two.clone()).unwrap()).unwrap(), two);
        assert_eq!(read(json!({"usd": 1})).unwrap().0[0].window, Window::Total);
        for wrong in [json!({"usd": 1, "windows": "day"}), json!({"window": "day"}), json!(5), json!([{"usd": "5"}])] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn impossible_values_are_refused_by_name() {
        let cases = [
            (json!({"usd": 0}), "b.usd"),
            (json!({"usd": -1.0}), "b.usd"),
            (json!({"usd": 1e-12}), "b.usd"),
            (json!({"usd": 2e9}), "b.usd"),
            (json!({"usd": 1, "soft": 0.0}), "b.soft"),
            (json!({"usd": 1, "soft": 1.5}), "b.soft"),
            (json!({"usd": 1, "on_soft": "cheapest"}), "b.on_soft"),
            (json!({"usd": 1, "time_zone": "Mars/Olympus"}), "b.time_zone"),
            (json!([{"usd": 1}, {"usd": 0}]), "b[1].usd"),
        ];
        for (value, field) in cases {
            let error = read(value.clone()).unwrap().check("b").unwrap_err();
            assert_eq!(error.param(), Some(field), "{value}");
        }
        assert!(read(json!({"usd": 1e-9, "soft": 1.0, "on_soft": "fastest"})).unwrap().check("b").is_ok());
    }

    #[test]
    fn dollars_are_nano_dollars_exactly() {
        assert_eq!(Budget::new(0.1, Window::Day).nanos(), 100_000_000);
        let soft = Budget { soft: Some(0.8), ..Budget::new(5.0, Window::Day) };
        assert_eq!(soft.soft_nanos(), Some(4_000_000_000));
    }
}
