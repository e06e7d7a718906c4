//! The cache of a router: nothing in, how it stands as JSON text out, or everything forgotten.

use napi_derive::napi;

use crate::errors::guarded_now;
use crate::router::NativeRouter;

#[napi]
impl NativeRouter {
    /// How the cache stands, as JSON text.
    #[napi]
    pub fn cache_stats(&self) -> napi::Result<String> {
        guarded_now(|| Ok(serde_json::json!(self.core().cache_stats()).to_string()))
    }

    /// Forgets every answer that this process keeps.
    #[napi]
    pub fn clear_cache(&self) -> napi::Result<()> {
        guarded_now(|| {
            self.core().clear_cache();
            Ok(())
        })
    }
}
