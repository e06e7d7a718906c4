//! OpenAI messages in; Gemini's `systemInstruction` and `contents` out.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::FORMATS;
use super::generation::{Generation, generation};
use super::media;
use super::turns::{self, Detail, Kind, Part, given, unsupported};
use crate::provider::{Failure, Target};
use crate::wire::Object;

/// Stands in for the signature of a call that another model made; Gemini 3 refuses calls without any.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// A conversation in Gemini's words.
pub(super) struct Conversation {
    pub(super) system: Vec<String>,
    pub(super) contents: Vec<Value>,
}

pub(super) fn conversation(messages: &[Value], target: &Target) -> Result<Conversation, Failure> {
    let (told, said) = turns::instructions(messages);
    let mut turns = Turns { target, turns: Vec::new(), calls: HashMap::new(), order: 0 };
    for (place, message) in said {
        match message.get("role").and_then(Value::as_str) {
            Some("assistant") => turns.assistant(message, place)?,
            Some("tool" | "function") => turns.result(message, place)?,
            _ => {
                let parts = turns.user(message, place)?;
                turns.add(Turn::User, parts);
            }
        }
    }
    let system = told.into_iter().map(turns::text_of).filter(|text| !text.is_empty()).collect();
    Ok(Conversation { system, contents: turns.finish() })
}

/// Whose turn it is. Results are the user's too, but stay apart from what the user says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    User,
    Results,
    Model,
}

struct Turns<'a> {
    target: &'a Target,
    turns: Vec<(Turn, Vec<Value>)>,
    /// Calls made so far: their names and their order, which Gemini matches results by.
    calls: HashMap<String, (String, usize)>,
    order: usize,
}

impl Turns<'_> {
    fn add(&mut self, turn: Turn, parts: Vec<Value>) {
        if parts.is_empty() {
            return;
        }
        match self.turns.last_mut() {
            Some((last, all)) if *last == turn => all.extend(parts),
            _ => self.turns.push((turn, parts)),
        }
    }

    fn user(&self, message: &Value, place: usize) -> Result<Vec<Value>, Failure> {
        let at = format!("messages[{place}]");
        let mut out = Vec::new();
        for (i, part) in turns::parts(message, &at)?.into_iter().enumerate() {
            out.extend(user_part(part, self.target, &format!("{at}.content[{i}]"))?);
        }
        Ok(out)
    }

    fn assistant(&mut self, message: &Value, place: usize) -> Result<(), Failure> {
        let mut kept = turns::details(message, &FORMATS);
        let mut spoken = Vec::new();
        let text: Vec<&str> = turns::parts(message, &format!("messages[{place}]"))?
            .iter()
            .filter_map(|part| if let Part::Text { text, .. } = part { Some(*text) } else { None })
            .filter(|text| !text.is_empty())
            .collect();
        let images = given(message, "images").map(|images| json!({"content": images})).unwrap_or_default();
        let images = turns::parts(&images, &format!("messages[{place}].images"))?;
        if !text.is_empty() {
            spoken.push(signed(json!({"text": text.join("\n")}), take_signature(&mut kept, None)));
        }
        for image in images {
            if let Part::Image { source, .. } = image {
                let part = media::media(source, "image/png", self.target, "images")?;
                spoken.push(signed(part, take_signature(&mut kept, None)));
            }
        }
        // A signature may also come alone, on a text of no length.
        if let Some(signature) = take_signature(&mut kept, None) {
            spoken.push(signed(json!({"text": ""}), Some(signature)));
        }
        for (i, call) in turns::calls(message, place)?.into_iter().enumerate() {
            let own = call.raw.pointer("/extra_content/google/thought_signature").and_then(Value::as_str);
            let signature = take_signature(&mut kept, Some(&call.id)).or_else(|| own.map(str::to_owned));
            let stand_in =
                (i == 0 && generation(&self.target.model) >= Generation::Three).then(|| NO_SIGNATURE.to_owned());
            let function = json!({"id": call.id, "name": call.name, "args": call.arguments});
            spoken.push(signed(json!({"functionCall": function}), signature.or(stand_in)));
            self.calls.insert(call.id, (call.name.to_owned(), self.order));
            self.order += 1;
        }
        self.add(Turn::Model, interleave(kept, spoken));
        Ok(())
    }

    fn result(&mut self, message: &Value, place: usize) -> Result<(), Failure> {
        let named = message.get("name").and_then(Value::as_str).unwrap_or_default();
        let id = match message.get("tool_call_id").and_then(Value::as_str) {
            Some(id) => id.to_owned(),
            None => turns::old_style_id(named),
        };
        let (name, order) = self.calls.get(&id).cloned().unwrap_or_else(|| (named.to_owned(), self.order));
        let mut response = json!({"id": id, "name": name, "response": turns::object(&turns::text_of(message))});
        let mut beside = Vec::new();
        for part in self.user(message, place)? {
            if part.get("text").is_none() {
                beside.push(part);
            }
        }
        let inside = generation(&self.target.model) >= Generation::Three;
        if let (Some(response), true, false) = (response.as_object_mut(), inside, beside.is_empty()) {
            response.insert("parts".into(), std::mem::take(&mut beside).into());
        }
        self.add(Turn::Results, vec![json!({"functionResponse": response, ORDER: order})]);
        // Older models see what does not fit in a response as something the user shows.
        self.add(Turn::Results, beside);
        Ok(())
    }

    fn finish(mut self) -> Vec<Value> {
        // The user must begin; an empty text is taken for a turn, and says nothing that was not said.
        if self.turns.first().is_none_or(|(turn, _)| *turn == Turn::Model) {
            self.turns.insert(0, (Turn::User, vec![json!({"text": ""})]));
        }
        let contents = self.turns.into_iter().map(|(turn, mut parts)| {
            if turn == Turn::Results {
                in_order_of_calls(&mut parts);
            }
            json!({"role": if turn == Turn::Model { "model" } else { "user" }, "parts": parts})
        });
        contents.collect()
    }
}

/// Holds a result's place among the calls until all results of the turn are there; never sent.
const ORDER: &str = "order";

/// Results in the order of their calls, then what older models are shown beside them.
fn in_order_of_calls(parts: &mut [Value]) {
    parts.sort_by_key(|part| part.get(ORDER).and_then(Value::as_u64).unwrap_or(u64::MAX));
    for part in parts {
        if let Some(part) = part.as_object_mut() {
            part.shift_remove(ORDER);
        }
    }
}

fn user_part(part: Part<'_>, target: &Target, at: &str) -> Result<Option<Value>, Failure> {
    Ok(Some(match part {
        Part::Text { text: "", .. } => return Ok(None),
        Part::Text { text, .. } => json!({"text": text}),
        Part::Image { source, .. } => media::media(source, "image/jpeg", target, &format!("{at}.image_url.url"))?,
        Part::File { source, .. } => media::media(source, "application/pdf", target, &format!("{at}.file"))?,
        Part::Video { source } => media::media(source, "video/mp4", target, &format!("{at}.video_url.url"))?,
        Part::Audio { data, format } => media::audio(data, format),
        Part::Other { kind, raw } => native(raw)
            .ok_or_else(|| unsupported(format!("{at}.type"), format!("Gemini has no content of type {kind}")))?,
    }))
}

/// A part in Gemini's own words under a type, such as `{type: "fileData", fileData: {…}}`.
fn native(raw: &Value) -> Option<Value> {
    const FIELDS: [&str; 4] = ["inlineData", "fileData", "inline_data", "file_data"];
    let fields = raw.as_object()?;
    FIELDS.iter().find_map(|f| given(raw, f))?;
    let rest: Object = fields.iter().filter(|(name, _)| *name != "type").map(|(n, v)| (n.clone(), v.clone())).collect();
    Some(Value::Object(rest))
}

/// Takes the signature that belongs to the call with this id, or to the text.
fn take_signature(kept: &mut Vec<Detail>, id: Option<&str>) -> Option<String> {
    let at = kept.iter().position(|d| d.kind == Kind::Encrypted && d.id.as_deref() == id)?;
    kept.remove(at).data
}

fn signed(mut part: Value, signature: Option<String>) -> Value {
    if let (Some(part), Some(signature)) = (part.as_object_mut(), signature) {
        part.insert("thoughtSignature".into(), signature.into());
    }
    part
}

/// Thoughts and server parts in their places, text and calls around them.
fn interleave(kept: Vec<Detail>, spoken: Vec<Value>) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::with_capacity(kept.len() + spoken.len());
    let mut spoken = spoken.into_iter();
    for detail in kept {
        let index = usize::try_from(detail.index.unwrap_or(0)).unwrap_or(usize::MAX);
        let part = match detail.kind {
            Kind::Text => signed(json!({"text": detail.text, "thought": true}), detail.signature),
            Kind::Block => detail.block,
            // A signature whose part is gone says nothing.
            Kind::Encrypted => continue,
        };
        while out.len() < index {
            let Some(next) = spoken.next() else { break };
            out.push(next);
        }
        out.push(part);
    }
    out.extend(spoken);
    out
}
