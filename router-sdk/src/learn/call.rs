//! Calls of learning by name, for languages that pass JSON: a name and arguments in, plain values out.

use serde_json::Value;

use super::face::Learning;
use crate::error::Error;

impl Learning {
    /// Makes the call of this name: `feedback` with `{request_id, score}`, `load` with `{state}`, `export`, `reset`.
    ///
    /// # Errors
    /// As the call, and `InvalidRequest` for other arguments.
    #[doc(hidden)]
    pub async fn call(&self, name: &str, arguments: Value) -> Result<Value, Error> {
        let given = |field: &str| arguments.get(field).cloned().unwrap_or_default();
        match name {
            "feedback" => {
                let (request_id, score) = (given("request_id"), given("score"));
                let wrong = |param: &str, fix: &str| Error::invalid_request(param, fix);
                let request_id = request_id.as_str().ok_or_else(|| wrong("request_id", "must be a string"))?;
                let score = score.as_f64().ok_or_else(|| wrong("score", "must be a number from 0 to 1"))?;
                self.feedback(request_id, score).await.map(|()| Value::Null)
            }
            "export" => self.export().await,
            "load" => self.load(&given("state")).await.map(|()| Value::Null),
            "reset" => self.reset().await.map(|()| Value::Null),
            other => Err(Error::invalid_request("name", format!("learning has no call {other}"))),
        }
    }
}
