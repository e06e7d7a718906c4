//! Recorded traffic of both clouds, where it is present beside the repository: requests to the addresses they went to, replies
//! through the target that would have had them.

use http::HeaderMap;
use serde_json::{Value, json};

use super::{setup, spoken, streamed, target};
use crate::provider::turns::replay::{Table, recordings, same};
use crate::provider::{Cause, Failure, Target};
use crate::wire::ChatRequest;

fn body_of(recording: &Value) -> Value {
    recording["response"]["body"].clone()
}

fn status_of(recording: &Value) -> u16 {
    recording["response"]["status"].as_u64().and_then(|s| u16::try_from(s).ok()).unwrap_or(200)
}

/// The events of a recorded stream, as events or as the list that they are without them.
fn events(body: &Value) -> Vec<Value> {
    match body {
        Value::Array(listed) => listed.clone(),
        _ => {
            let lines = body.as_str().unwrap_or_default().lines();
            let data = lines.filter_map(|line| serde_json::from_str(line.strip_prefix("data:")?.trim()).ok());
            data.collect()
        }
    }
}

fn reply(target: &Target, recording: &Value) -> Result<(), String> {
    let (body, status) = (body_of(recording), status_of(recording));
    if status != 200 {
        let failure = spoken(target).explain_error(status, &HeaderMap::new(), body.to_string().as_bytes());
        let wanted = if status == 404 { Cause::ModelMissing } else { Cause::Caller };
        return if failure.cause == wanted { Ok(()) } else { Err(format!("{failure:?}")) };
    }
    let refused = |failure: &Failure| matches!(failure.cause, Cause::ContentRefused | Cause::ModelFault);
    if body.is_object() {
        let counts = body["usage"].is_object() || body["usageMetadata"]["totalTokenCount"].is_u64();
        let spent_on_thought = body.pointer("/candidates/0/content/parts").is_none();
        return match spoken(target).decode(target, body.to_string().as_bytes()) {
            Ok(reply) if reply.finish_reason().is_some() && (reply.usage.is_some() || !counts) => Ok(()),
            Ok(reply) => Err(format!("no finish or no counts in {:?}", reply.body)),
            Err(failure) if refused(&failure) || failure.cause == Cause::Empty && spent_on_thought => Ok(()),
            Err(failure) => Err(format!("{failure:?}")),
        };
    }
    let (_, finish, usage) = streamed(target, &events(&body)).map_err(|failure| format!("{failure:?}"))?;
    let counted =
        body.to_string().contains("totalTokenCount") || body.to_string().contains("\\\"completion_tokens\\\":");
    match (finish, usage) {
        (None, _) => Err("no finish reason".to_owned()),
        (Some(_), None) if counted => Err("no counts".to_owned()),
        _ => Ok(()),
    }
}

#[test]
fn azure_recordings_replay() {
    let Some(all) = recordings("azure") else {
        println!("skipped: no recordings beside the repository");
        return;
    };
    let mut table = Table::default();
    for recording in all.iter().filter(|r| r["api"] == "chat.completions") {
        let id = recording["id"].as_str().unwrap_or_default();
        let request = &recording["request"];
        let path = request["path"].as_str().unwrap_or_default().replace("//", "/");
        let deployed = path.split('/').nth(3).unwrap_or_default();
        let version = request["query"]["api-version"].as_str();
        let mut own =
            json!({"base_url": "https://recorded.example", "api_key": "k", "deployment_names": {"gpt-4.1": deployed}});
        own["api_version"] = version.unwrap_or("2025-01-01-preview").into();
        let built = setup(json!({"providers": {"azure": own}}), &[]).unwrap();
        let target = target(&built, "azure/gpt-4.1");
        table.note("reply", id, reply(&target, recording));
        let Ok(asked) = ChatRequest::from_value(request["body"].clone()) else { continue };
        let stream = request["body"]["stream"] == true;
        let encoded = spoken(&target).encode(&asked, &target, stream).unwrap();
        let (address, query) = encoded.http.url.split_once('?').unwrap();
        table.note("address", id, same("path", &address.into(), &format!("https://recorded.example{path}").into()));
        if let Some(version) = version {
            table.note("address", id, same("version", &query.into(), &format!("api-version={version}").into()));
        }
        let sent: Value = serde_json::from_slice(&encoded.http.body).unwrap();
        for field in ["messages", "tools", "n", "user", "temperature"] {
            table.note("request", id, same(field, &sent[field], &request["body"][field]));
        }
    }
    table.report("azure", 40);
}

#[test]
fn vertex_recordings_replay() {
    let Some(all) = recordings("vertex") else {
        println!("skipped: no recordings beside the repository");
        return;
    };
    let mut table = Table::default();
    for recording in &all {
        let api = recording["api"].as_str().unwrap_or_default();
        if !["generateContent", "streamGenerateContent"].contains(&api) || recording["truncated"].as_u64() > Some(0) {
            continue;
        }
        let id = recording["id"].as_str().unwrap_or_default();
        let path = recording["request"]["path"].as_str().unwrap_or_default();
        let place: Vec<&str> = path.split('/').collect();
        let (location, model) = (place[5], place[9].split(':').next().unwrap_or_default());
        let own = json!({"access_token": "t", "project": "PROJECT", "location": location});
        let built = setup(json!({"providers": {"vertex": own}}), &[]).unwrap();
        let target = target(&built, &format!("vertex/{model}"));
        table.note("reply", id, reply(&target, recording));
        let stream = api == "streamGenerateContent";
        let asked = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
        let encoded = spoken(&target).encode(&ChatRequest::from_value(asked).unwrap(), &target, stream).unwrap();
        let host = recording["request"]["host"].as_str().unwrap_or_default();
        let query = if stream { "?alt=sse" } else { "" };
        let wanted = format!("https://{host}{}{query}", path.replace("/v1beta1/", "/v1/"));
        table.note("address", id, same("address", &encoded.http.url.into(), &wanted.into()));
    }
    table.report("vertex", 120);
}
