//! A request and a target come in; the POST in the vendor's dialect goes out, with what had to be adapted.

use serde_json::{Value, json};

use super::draft::{self, Draft};
use super::{closed, effort, markers, messages, parameters, tool_turns};
use crate::provider::{Encoded, Failure, HttpRequest, Target};
use crate::wire::ChatRequest;

/// Writes the request. When nothing has to be adapted the body's bytes are shared between attempts.
pub(super) fn encode(request: &ChatRequest, target: &Target, stream: bool) -> Result<Encoded, Failure> {
    let mut draft = Draft::new(request.body());
    parameters::adapt(&mut draft, target)?;
    effort::adapt(&mut draft, target);
    messages::adapt(&mut draft, target)?;
    tool_turns::adapt(&mut draft, target);
    closed::adapt(&mut draft, target);
    markers::adapt(&mut draft, target);
    let (body, adapted) = draft.write(head(request, target, stream), request);
    let http = HttpRequest { url: url(target, stream), headers: target.headers(None), body };
    Ok(Encoded { http, adapted })
}

/// `{"model":…,"stream":…` and, for a stream, the wish for its usage.
fn head(request: &ChatRequest, target: &Target, stream: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(request.size() + 128);
    out.extend_from_slice(b"{\"model\":");
    draft::text(&mut out, &target.wire_model());
    out.extend_from_slice(if stream { b",\"stream\":true".as_slice() } else { b",\"stream\":false" });
    if stream && target.deployment.quirks.stream_options {
        let mut options = match request.get("stream_options") {
            Some(Value::Object(options)) => options.clone(),
            _ => crate::wire::Object::new(),
        };
        options.insert("include_usage".into(), json!(true));
        draft::field(&mut out, "stream_options", &Value::Object(options));
    }
    out
}

/// Some vendors have the model in the path.
fn url(target: &Target, stream: bool) -> String {
    let deployment = &target.deployment;
    let url = format!("{}{}", deployment.base_url, deployment.chat_path);
    let url = if url.contains("{model}") { url.replace("{model}", &target.wire_model()) } else { url };
    match url.strip_suffix(":rawPredict") {
        Some(before) if stream && target.on_vertex() => format!("{before}:streamRawPredict"),
        _ => url,
    }
}
