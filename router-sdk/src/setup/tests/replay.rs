//! Recorded requests to both clouds in; whether the configured deployment sends them to the addresses they went to, out.

use serde_json::{Value, json};

use super::{setup, spoken, target};
use crate::provider::replay::{Notes, Recording};
use crate::provider::turns::replay::same;
use crate::wire::ChatRequest;

/// Azure: the deployment is in the path, the version in the query, and the body is OpenAI's.
pub(crate) fn azure(recording: &Recording, notes: &mut Notes) {
    let path = recording.sent["path"].as_str().unwrap_or_default().replace("//", "/");
    let deployed = path.split('/').nth(3).unwrap_or_default();
    let version = recording.sent["query"]["api-version"].as_str();
    let mut own =
        json!({"base_url": "https://recorded.example", "api_key": "k", "deployment_names": {"gpt-4.1": deployed}});
    own["api_version"] = version.unwrap_or("2025-01-01-preview").into();
    let built = setup(json!({"providers": {"azure": own}}), &[]).unwrap();
    let target = target(&built, "azure/gpt-4.1");
    let Ok(asked) = ChatRequest::from_value(recording.request.clone()) else { return };
    let stream = recording.request["stream"] == true;
    let encoded = spoken(&target).encode(&asked, &target, stream).unwrap();
    let (address, query) = encoded.http.url.split_once('?').unwrap();
    notes.note("address", same("path", &address.into(), &format!("https://recorded.example{path}").into()));
    if let Some(version) = version {
        notes.note("version", same("version", &query.into(), &format!("api-version={version}").into()));
    }
    let sent: Value = serde_json::from_slice(&encoded.http.body).unwrap();
    for field in ["messages", "tools", "n", "user", "temperature"] {
        notes.note("deployed request", same(field, &sent[field], &recording.request[field]));
    }
}

/// Vertex AI: project, place, publisher, model and method are in the path, the place in the host too.
pub(crate) fn vertex(recording: &Recording, notes: &mut Notes) {
    let path = recording.sent["path"].as_str().unwrap_or_default();
    let place: Vec<&str> = path.split('/').collect();
    let (location, model) = (place[5], place[9].split(':').next().unwrap_or_default());
    let own = json!({"access_token": "t", "project": "PROJECT", "location": location});
    let built = setup(json!({"providers": {"vertex": own}}), &[]).unwrap();
    let target = target(&built, &format!("vertex/{model}"));
    let stream = recording.api == "streamGenerateContent";
    let asked = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
    let encoded = spoken(&target).encode(&ChatRequest::from_value(asked).unwrap(), &target, stream).unwrap();
    let host = recording.sent["host"].as_str().unwrap_or_default();
    let query = if stream { "?alt=sse" } else { "" };
    let wanted = format!("https://{host}{}{query}", path.replace("/v1beta1/", "/v1/"));
    notes.note("address", same("address", &encoded.http.url.into(), &wanted.into()));
}
