//! Scores of a scenario: what is told of a call's answer in, the error that came of it out.

use clawrouters::Router;
use serde_json::Value;

/// Tells the router how good an answer was, as the call or the scenario says. Null where nothing is told, or where it
/// was taken in.
pub async fn told(router: &Router, scenario: &Value, own: &Value, route: &Value) -> Value {
    let said = if own["feedback"].is_null() { &scenario["feedback"] } else { &own["feedback"] };
    let (id, score) = match said {
        Value::Null => return Value::Null,
        Value::Object(named) if named.contains_key("request_id") => (&said["request_id"], &said["score"]),
        Value::Object(_) => (&route["request_id"], &said[route["model"].as_str().unwrap_or_default()]),
        score => (&route["request_id"], score),
    };
    let (Some(id), Some(score)) = (id.as_str(), score.as_f64()) else { return Value::Null };
    router.feedback(id, score).await.map_or_else(|error| error.to_json(), |()| Value::Null)
}

/// What was learned, by model; null where nothing is.
pub async fn learned(router: &Router) -> Value {
    router.learning().export().await.map_or(Value::Null, |state| state["models"].clone())
}
