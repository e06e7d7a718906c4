//! A request to Claude in Vertex AI: the model moves from the body to the address, the version from a header to the body.

use crate::provider::Target;
use crate::wire::Object;

/// The version of the Messages API that Vertex AI speaks.
const VERSION: &str = "vertex-2023-10-16";

/// Brings the body into Vertex AI's form and gives the address.
pub(super) fn address(target: &Target, body: &mut Object) -> String {
    body.shift_remove("model");
    body.insert("anthropic_version".into(), VERSION.into());
    let streams = body.get("stream").is_some_and(|stream| stream == true);
    let verb = if streams { "streamRawPredict" } else { "rawPredict" };
    format!("{}/models/{}:{verb}", target.deployment.base_url.trim_end_matches('/'), target.wire_model())
}
