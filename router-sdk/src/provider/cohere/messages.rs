//! OpenAI messages in; Cohere's messages out.

use serde_json::{Value, json};

use super::turns::{self, Detail, Kind, Part, Source, given, unsupported};
use super::{FORMAT, TOOL_PLAN};
use crate::provider::Failure;
use crate::wire::Object;

/// The conversation, message by message; roles may follow each other in any order.
pub(super) fn messages(messages: &[Value], adapted: &mut Vec<String>) -> Result<Vec<Value>, Failure> {
    let mut out: Vec<Value> = Vec::with_capacity(messages.len());
    let (mut shown, mut lost) = (Vec::new(), false);
    for (place, message) in messages.iter().enumerate() {
        let at = format!("messages[{place}]");
        let role = message.get("role").and_then(Value::as_str).unwrap_or("user");
        if !matches!(role, "tool" | "function") {
            show(&mut out, &mut shown);
        }
        match role {
            "system" | "developer" => out.push(json!({"role": "system", "content": turns::text_of(message)})),
            "assistant" => out.push(assistant(message, place, &at, &mut lost)?),
            "tool" | "function" => out.push(result(message, &at, &mut shown)?),
            _ => out.push(json!({"role": "user", "content": user(message, &at)?})),
        }
    }
    if !shown.is_empty() {
        adapted.push("messages: pictures of tool results sent as the user's, Cohere takes text from tools".to_owned());
    }
    show(&mut out, &mut shown);
    if lost {
        adapted.push("messages: thinking that another model did left out".to_owned());
    }
    Ok(out)
}

/// Adds an instruction to the last system message before the conversation, or opens with one.
pub(super) fn instruct(messages: &mut Vec<Value>, words: String) {
    let last = messages.iter_mut().take_while(|m| m.get("role").is_some_and(|role| role == "system")).last();
    match last.and_then(|m| m.get_mut("content")) {
        Some(Value::String(text)) => {
            text.push_str("\n\n");
            text.push_str(&words);
        }
        _ => messages.insert(0, json!({"role": "system", "content": words})),
    }
}

/// Pictures that tools gave follow their results, since results must stay together behind their calls.
fn show(out: &mut Vec<Value>, shown: &mut Vec<Value>) {
    if !shown.is_empty() {
        out.push(json!({"role": "user", "content": std::mem::take(shown)}));
    }
}

fn user(message: &Value, at: &str) -> Result<Value, Failure> {
    if let Some(Value::String(text)) = message.get("content") {
        return Ok(text.as_str().into());
    }
    let mut out = Vec::new();
    for (i, part) in turns::parts(message, at)?.into_iter().enumerate() {
        let at = format!("{at}.content[{i}]");
        out.push(match part {
            Part::Text { text, .. } => json!({"type": "text", "text": text}),
            Part::Image { source, raw } => image(source, raw, &at)?,
            part => return Err(strange(part, &at)),
        });
    }
    Ok(out.into())
}

fn image(source: Source<'_>, raw: &Value, at: &str) -> Result<Value, Failure> {
    let url = match source {
        Source::Url(url) => url.to_owned(),
        Source::Inline { mime, data } => format!("data:{mime};base64,{data}"),
        Source::Id(_) => return Err(unsupported(at, "is a file of another provider; send the data itself")),
    };
    let mut image = json!({"url": url});
    if let (Some(detail), Some(image)) = (raw.pointer("/image_url/detail"), image.as_object_mut()) {
        image.insert("detail".into(), detail.clone());
    }
    Ok(json!({"type": "image_url", "image_url": image}))
}

fn strange(part: Part<'_>, at: &str) -> Failure {
    match part {
        Part::File { .. } => unsupported(format!("{at}.file"), "Cohere reads no files; send their text, or documents"),
        Part::Audio { .. } => unsupported(format!("{at}.input_audio"), "Cohere takes no sound"),
        Part::Video { .. } => unsupported(format!("{at}.video_url"), "Cohere takes no film"),
        Part::Other { kind, .. } => {
            unsupported(format!("{at}.type"), format!("Cohere has no content of type {kind} in this message"))
        }
        Part::Text { .. } | Part::Image { .. } => unsupported(at, "cannot stand here"),
    }
}

/// An assistant message with the thinking and the plan that Cohere itself gave.
fn assistant(message: &Value, place: usize, at: &str, lost: &mut bool) -> Result<Value, Failure> {
    let mut out = Object::new();
    out.insert("role".into(), "assistant".into());
    let kept = turns::details(message, &[FORMAT]);
    let is_plan = |d: &&Detail| d.id.as_deref() == Some(TOOL_PLAN);
    let thoughts: Vec<&Detail> = kept.iter().filter(|d| d.kind == Kind::Text && !is_plan(d)).collect();
    let thought = given(message, "reasoning_content").and_then(Value::as_str).is_some_and(|t| !t.is_empty());
    *lost |= kept.is_empty() && thought;
    let parts = turns::parts(message, at)?;
    let texts: Vec<&str> = parts.iter().filter_map(said).filter(|text| !text.is_empty()).collect();
    let mut content: Vec<Value> = thoughts.iter().map(|d| json!({"type": "thinking", "thinking": d.text})).collect();
    content.extend(texts.iter().map(|text| json!({"type": "text", "text": text})));
    let calls = turns::calls(message, place)?;
    match (content.as_slice(), texts.as_slice()) {
        // An empty text is what there is to say when there are no calls either.
        ([], _) if calls.is_empty() => {
            out.insert("content".into(), "".into());
        }
        ([], _) => {}
        ([_], [text]) if message.get("content").is_some_and(Value::is_string) => {
            out.insert("content".into(), (*text).into());
        }
        _ => {
            out.insert("content".into(), content.into());
        }
    }
    if let Some(plan) = kept.iter().find(is_plan).filter(|_| !calls.is_empty()) {
        out.insert("tool_plan".into(), plan.text.as_str().into());
    }
    if !calls.is_empty() {
        let calls = calls.iter().map(|call| {
            let function = json!({"name": call.name, "arguments": call.arguments.to_string()});
            json!({"id": call.id, "type": "function", "function": function})
        });
        out.insert("tool_calls".into(), calls.collect());
    }
    Ok(out.into())
}

fn said<'a>(part: &Part<'a>) -> Option<&'a str> {
    if let Part::Text { text, .. } = part { Some(text) } else { None }
}

/// A result: text, or text and documents.
fn result(message: &Value, at: &str, shown: &mut Vec<Value>) -> Result<Value, Failure> {
    let named = message.get("name").and_then(Value::as_str).unwrap_or_default();
    let id = message.get("tool_call_id").and_then(Value::as_str);
    let id = id.map_or_else(|| turns::old_style_id(named), str::to_owned);
    let mut listed = Vec::new();
    for (i, part) in turns::parts(message, at)?.into_iter().enumerate() {
        let at = format!("{at}.content[{i}]");
        match part {
            Part::Text { text, .. } => listed.push(json!({"type": "text", "text": text})),
            Part::Image { source, raw } => shown.push(image(source, raw, &at)?),
            Part::Other { kind: "document", raw } => listed.push(raw.clone()),
            part => return Err(strange(part, &at)),
        }
    }
    let content = match message.get("content") {
        Some(Value::String(text)) => Value::String(text.clone()),
        _ if listed.is_empty() => "".into(),
        _ => listed.into(),
    };
    Ok(json!({"role": "tool", "tool_call_id": id, "content": content}))
}
