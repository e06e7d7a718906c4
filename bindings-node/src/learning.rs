//! Learning from scores: the name of a call and JSON text in, JSON text out.

use clawrouters::Error;
use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use serde_json::Value;

use crate::errors::guarded;
use crate::router::NativeRouter;

#[napi]
impl NativeRouter {
    /// Makes a call of the router's learning: its name and arguments in, one JSON value out.
    #[napi]
    pub fn learning<'env>(
        &self,
        env: &'env Env,
        name: String,
        arguments: String,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let router = self.core().clone();
        env.spawn_future(guarded(async move {
            let arguments: Value =
                serde_json::from_str(&arguments).map_err(|_| Error::invalid_request("arguments", "must be JSON"))?;
            Ok(router.learning().call(&name, arguments).await?.to_string())
        }))
    }
}
