//! The control interface: requests under `/_scripts` and `/_info` in, plans for their answers out.

use crate::connection::Shared;
use crate::head;
use crate::plan::{Plan, Step};
use crate::request::Request;
use crate::script::Script;
use serde_json::{Value, json};

/// Whether a path is the control interface's.
pub(crate) fn addressed(path: &str) -> bool {
    path == "/_info" || path.starts_with("/_scripts/")
}

/// Does what the request asks and plans the answer.
pub(crate) fn answer(shared: &Shared, request: &Request) -> Plan {
    let (status, body) = outcome(shared, request);
    let text = body.to_string();
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    head::set(&mut headers, "content-length", Some(text.len().to_string()));
    let bytes = [head::bytes(status, &headers), text.into_bytes()].concat();
    Plan { steps: vec![Step::Write(bytes)], keep_alive: true }
}

fn outcome(shared: &Shared, request: &Request) -> (u16, Value) {
    let Some(id) = request.path().strip_prefix("/_scripts/") else {
        return (200, info(shared));
    };
    if id.is_empty() || id.contains('/') {
        return complaint(400, "give one id without a slash after /_scripts/");
    }
    match request.method.as_str() {
        "PUT" => match script(&request.body) {
            Ok(script) => {
                shared.book.put(id, script);
                (200, json!({ "base": format!("http://{}/{id}", shared.addr) }))
            }
            Err(words) => complaint(400, &words),
        },
        "GET" => match shared.book.requests(id) {
            Some(requests) => (200, json!({ "requests": requests })),
            None => complaint(404, "no script under this id"),
        },
        "DELETE" if shared.book.remove(id) => (200, json!({ "removed": true })),
        "DELETE" => complaint(404, "no script under this id"),
        _ => complaint(405, "use PUT, GET or DELETE"),
    }
}

fn script(body: &[u8]) -> Result<Script, String> {
    let script: Script = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    script.check()?;
    Ok(script)
}

fn info(shared: &Shared) -> Value {
    json!({
        "address": shared.addr.to_string(),
        "refused_port": shared.unreachable.refused,
        "silent_port": shared.unreachable.silent(),
    })
}

fn complaint(status: u16, words: &str) -> (u16, Value) {
    (status, json!({ "error": words }))
}
