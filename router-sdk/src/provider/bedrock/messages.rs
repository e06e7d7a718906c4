//! OpenAI messages in; Converse's `system` and `messages`, turns that alternate strictly and begin with the user, out.

use std::borrow::Cow;
use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::FORMAT;
use super::content::{self, Documents};
use super::line::Line;
use super::turns::{self, Detail, Kind, given, unsupported};
use crate::catalog::ToolIdFormat;
use crate::provider::anthropic;
use crate::provider::openai::tool_ids;
use crate::provider::{Failure, Target};
use crate::wire::ChatRequest;

/// The longest id of a tool call that Bedrock takes.
const LONGEST_ID: usize = 64;

/// A conversation in Converse's words.
pub(super) struct Conversation {
    pub(super) system: Vec<Value>,
    pub(super) messages: Vec<Value>,
    /// Names of the tools that the history calls, each once, and whether it holds results.
    pub(super) called: Vec<String>,
    /// The history holds calls or results, so that tools must be listed.
    pub(super) uses_tools: bool,
    /// A tool loop is under way and its thinking is lost, so older models refuse to think on.
    pub(super) thought_lost: bool,
}

/// Translates all messages.
pub(super) fn conversation(
    messages: &[Value],
    target: &Target,
    adapted: &mut Vec<String>,
) -> Result<Conversation, Failure> {
    let line = Line::of(&target.model);
    let messages = with_short_ids(messages, line);
    let (told, said) = turns::instructions(&messages);
    let mut writer = Writer { line, documents: Documents::default(), refused_markers: 0, adapted };
    let mut turns = Turns::default();
    for (place, message) in said {
        match message.get("role").and_then(Value::as_str) {
            Some("assistant") => turns.add("assistant", writer.assistant(message, place)?),
            Some("tool") => {
                let id = message.get("tool_call_id").and_then(Value::as_str).unwrap_or_default();
                turns.results(writer.result(message, place, &wire_id(id, line))?);
            }
            Some("function") => {
                let name = message.get("name").and_then(Value::as_str).unwrap_or_default();
                turns.results(writer.result(message, place, &turns::old_style_id(name))?);
            }
            _ => turns.add("user", writer.user(message, place)?),
        }
    }
    let mut system = Vec::new();
    for message in told {
        writer.instructions(message, &mut system);
    }
    if writer.documents.renamed {
        writer.adapted.push("messages: names of documents left out, Bedrock wants names without meaning".to_owned());
    }
    if writer.refused_markers > 0 {
        writer.adapted.push("cache_control: left out, the model caches no prompts on request".to_owned());
    }
    turns.finish(system, target, adapted)
}

/// Mistral checks that ids have nine letters or digits.
fn with_short_ids(messages: &[Value], line: Line) -> Cow<'_, [Value]> {
    let format = ToolIdFormat::NineAlphanumerics;
    if line != Line::Mistral || !tool_ids::any_differs(messages, format) {
        return Cow::Borrowed(messages);
    }
    let mut own = messages.to_vec();
    tool_ids::rewrite(&mut own, format);
    Cow::Owned(own)
}

/// The id as Bedrock takes it. A foreign one is rewritten the same way each time, so calls and results still meet.
///
/// Dots and colons, which some models put into ids of their own making, are refused by Claude alone.
fn wire_id(id: &str, line: Line) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c) || (".:".contains(c) && line != Line::Claude);
    if !id.is_empty() && id.len() <= LONGEST_ID && id.chars().all(fits) {
        return id.to_owned();
    }
    format!("tooluse_{}", turns::digest(&[id]))
}

/// `cachePoint` for a marker of the caller's, to stand after what is cached.
pub(super) fn cache_point(raw: &Value) -> Option<Value> {
    let marker = given(raw, "cache_control")?;
    Some(match marker.get("ttl").and_then(Value::as_str) {
        Some(ttl @ "1h") => json!({"cachePoint": {"type": "default", "ttl": ttl}}),
        _ => json!({"cachePoint": {"type": "default"}}),
    })
}

/// A marker on the whole request stands at the end of the conversation. Says so where the model refuses it.
pub(super) fn mark_end(request: &ChatRequest, line: Line, messages: &mut [Value]) -> Option<String> {
    let marker = request.get("cache_control")?;
    if !line.caches() {
        return Some("cache_control: left out, the model caches no prompts on request".to_owned());
    }
    let point = cache_point(&json!({"cache_control": marker}))?;
    let last = messages.last_mut().and_then(|message| message.get_mut("content")?.as_array_mut());
    if let Some(blocks) = last.filter(|blocks| blocks.last().is_some_and(|b| b.get("cachePoint").is_none())) {
        blocks.push(point);
    }
    None
}

struct Writer<'a> {
    line: Line,
    documents: Documents,
    refused_markers: usize,
    adapted: &'a mut Vec<String>,
}

impl Writer<'_> {
    /// Puts a marker behind the last block where the caller asked for one.
    fn mark(&mut self, raw: &Value, blocks: &mut Vec<Value>) {
        let Some(point) = cache_point(raw) else { return };
        if !self.line.caches() {
            self.refused_markers += 1;
        } else if blocks.last().is_some_and(|last| last.get("cachePoint").is_none()) {
            blocks.push(point);
        }
    }

    fn instructions(&mut self, message: &Value, blocks: &mut Vec<Value>) {
        match message.get("content") {
            Some(Value::String(text)) if !text.trim().is_empty() => blocks.push(json!({"text": text})),
            Some(Value::Array(parts)) => {
                for part in parts {
                    if let Some(text) = part.get("text").and_then(Value::as_str).filter(|t| !t.trim().is_empty()) {
                        blocks.push(json!({"text": text}));
                        self.mark(part, blocks);
                    } else if let Some(own) = given(part, "guardContent") {
                        blocks.push(json!({"guardContent": own}));
                    }
                }
            }
            _ => {}
        }
        self.mark(message, blocks);
    }

    fn user(&mut self, message: &Value, place: usize) -> Result<Vec<Value>, Failure> {
        let mut blocks = self.blocks(message, place)?;
        self.mark(message, &mut blocks);
        Ok(blocks)
    }

    fn blocks(&mut self, message: &Value, place: usize) -> Result<Vec<Value>, Failure> {
        let at = format!("messages[{place}]");
        let mut blocks = Vec::new();
        let raws = message.get("content").and_then(Value::as_array);
        for (i, part) in turns::parts(message, &at)?.into_iter().enumerate() {
            if let Some(block) = content::block(part, &format!("{at}.content[{i}]"), &mut self.documents)? {
                blocks.push(block);
            }
            // A marker on a blank part belongs to what stands before it.
            self.mark(raws.and_then(|raws| raws.get(i)).unwrap_or(&Value::Null), &mut blocks);
        }
        Ok(blocks)
    }

    /// A result, and the marker that belongs behind it.
    fn result(&mut self, message: &Value, place: usize, id: &str) -> Result<Vec<Value>, Failure> {
        let mut content = self.blocks(message, place)?;
        let markers = content.len();
        content.retain(|block| block.get("cachePoint").is_none());
        let marked = content.len() < markers;
        if content.is_empty() {
            // A result must hold something, and may not be blank.
            content.push(json!({"text": "(no output)"}));
        }
        let mut result = json!({"toolUseId": id, "content": content});
        if let (Some(failed), Some(fields)) =
            (given(message, "is_error").and_then(Value::as_bool), result.as_object_mut())
        {
            if matches!(self.line, Line::Claude | Line::Nova) {
                fields.insert("status".into(), if failed { "error" } else { "success" }.into());
            } else if failed {
                self.adapted
                    .push(format!("messages[{place}].is_error: left out, the model takes no status of results"));
            }
        }
        let mut out = vec![json!({"toolResult": result})];
        if marked {
            out.push(json!({"cachePoint": {"type": "default"}}));
        }
        self.mark(message, &mut out);
        Ok(out)
    }

    /// The blocks of an assistant message: its own thinking and server blocks in their places, text and calls around them.
    fn assistant(&mut self, message: &Value, place: usize) -> Result<Vec<Value>, Failure> {
        let mut spoken = Vec::new();
        for part in turns::parts(message, &format!("messages[{place}]"))? {
            match part {
                turns::Part::Text { text, raw } if !text.trim().is_empty() => {
                    spoken.push(json!({"text": text}));
                    self.mark(raw.unwrap_or(&Value::Null), &mut spoken);
                }
                turns::Part::Other { kind: "cachePoint", raw } if given(raw, "cachePoint").is_some() => {
                    spoken.push(json!({"cachePoint": raw.get("cachePoint")}));
                }
                _ => {}
            }
        }
        for call in turns::calls(message, place)? {
            spoken
                .push(json!({"toolUse": {"toolUseId": wire_id(&call.id, self.line), "name": call.name, "input": call.arguments}}));
            self.mark(call.raw, &mut spoken);
        }
        self.mark(message, &mut spoken);
        Ok(interleave(kept(message, self.line), spoken))
    }
}

/// Thinking and server blocks of an earlier reply, each with its place.
fn kept(message: &Value, line: Line) -> Vec<(usize, Value)> {
    let place = |detail: &Detail| usize::try_from(detail.index.unwrap_or(0)).unwrap_or(usize::MAX);
    let own = turns::details(message, &[FORMAT]).into_iter();
    let own = own.filter_map(|d| Some((place(&d), own_block(d)?)));
    let mut out: Vec<(usize, Value)> = own.collect();
    if line == Line::Claude {
        // Claude signs its thinking the same way wherever it runs.
        let foreign = turns::details(message, &anthropic::FORMATS).into_iter();
        out.extend(foreign.filter_map(|d| Some((place(&d), foreign_block(d)?))));
    }
    out.sort_by_key(|(place, _)| *place);
    close_gaps(message, &mut out);
    out
}

/// Entries that stay away leave no gap: what follows them moves up.
fn close_gaps(message: &Value, kept: &mut [(usize, Value)]) {
    let listed = |field: &str| message.get(field).and_then(Value::as_array).into_iter().flatten();
    let all = listed("reasoning_details").chain(listed("server_blocks"));
    let told = all.filter_map(|entry| usize::try_from(entry.get("index")?.as_u64()?).ok());
    let known: BTreeSet<usize> = kept.iter().map(|(place, _)| *place).collect();
    let gone: BTreeSet<usize> = told.filter(|place| !known.contains(place)).collect();
    for (place, _) in kept {
        *place -= gone.range(..*place).count();
    }
}

/// A thought without its signature would be refused, so it stays away.
fn own_block(detail: Detail) -> Option<Value> {
    match detail.kind {
        Kind::Text => Some(reasoning_text(&detail.text, &detail.signature?)),
        Kind::Encrypted => Some(json!({"reasoningContent": {"redactedContent": detail.data?}})),
        Kind::Block => Some(detail.block),
    }
}

fn foreign_block(detail: Detail) -> Option<Value> {
    match detail.kind {
        Kind::Text => Some(reasoning_text(&detail.text, &detail.signature?)),
        // Bedrock carries these bytes in base64 once more.
        Kind::Encrypted => Some(json!({"reasoningContent": {"redactedContent": STANDARD.encode(detail.data?)}})),
        Kind::Block => None,
    }
}

fn reasoning_text(text: &str, signature: &str) -> Value {
    json!({"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}})
}

fn interleave(kept: Vec<(usize, Value)>, spoken: Vec<Value>) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::with_capacity(kept.len() + spoken.len());
    let mut spoken = spoken.into_iter();
    for (index, block) in kept {
        while out.len() < index {
            let Some(next) = spoken.next() else { break };
            out.push(next);
        }
        out.push(block);
    }
    out.extend(spoken);
    out
}

#[derive(Default)]
struct Turns {
    turns: Vec<(&'static str, Vec<Value>)>,
}

impl Turns {
    fn add(&mut self, role: &'static str, blocks: Vec<Value>) {
        if blocks.is_empty() {
            return;
        }
        match self.turns.last_mut() {
            Some((last, all)) if *last == role => all.extend(blocks),
            _ => self.turns.push((role, blocks)),
        }
    }

    /// Results come before all else in their turn.
    fn results(&mut self, blocks: Vec<Value>) {
        match self.turns.last_mut() {
            Some(("user", all)) => {
                let last = all.iter().rposition(|b| b.get("toolResult").is_some());
                let marked = |at: usize| all.get(at + 1).is_some_and(|b| b.get("cachePoint").is_some());
                let at = last.map_or(0, |at| at + 1 + usize::from(marked(at)));
                all.splice(at..at, blocks);
            }
            _ => self.turns.push(("user", blocks)),
        }
    }

    fn finish(
        mut self,
        mut system: Vec<Value>,
        target: &Target,
        adapted: &mut Vec<String>,
    ) -> Result<Conversation, Failure> {
        if self.turns.is_empty() {
            return Err(unsupported("messages", "Bedrock needs a message that is not empty"));
        }
        let thought_lost = self.thought_lost();
        if self.turns.first().is_some_and(|(role, _)| *role == "assistant") {
            adapted.push("messages: a turn of the user put first, since Bedrock's conversations begin with one".into());
            self.turns.insert(0, ("user", vec![json!({"text": "Begin."})]));
        }
        if target.model.capabilities.system_prompt == Some(false) && !system.is_empty() {
            adapted.push("messages: the instructions moved to the first user message, the model takes none".to_owned());
            system.retain(|block| block.get("text").is_some());
            if let Some((_, first)) = self.turns.first_mut() {
                first.splice(0..0, std::mem::take(&mut system));
            }
        }
        if self.turns.iter_mut().fold(false, |added, (_, blocks)| explain_documents(blocks) || added) {
            adapted.push("messages: a word added beside documents, which Bedrock does not take alone".to_owned());
        }
        if let Some(("assistant", blocks)) = self.turns.last_mut() {
            trim_last_text(blocks);
        }
        let blocks = || self.turns.iter().flat_map(|(_, blocks)| blocks);
        let mut called: Vec<String> = Vec::new();
        for block in blocks().filter_map(|b| b.get("toolUse")).filter(|b| b.get("type").is_none()) {
            let name = block.get("name").and_then(Value::as_str).unwrap_or_default();
            if !called.iter().any(|known| known == name) {
                called.push(name.to_owned());
            }
        }
        let uses_tools = blocks().any(|b| b.get("toolUse").is_some() || b.get("toolResult").is_some());
        let messages = self.turns.into_iter().map(|(role, blocks)| json!({"role": role, "content": blocks})).collect();
        Ok(Conversation { system, messages, called, uses_tools, thought_lost })
    }

    fn thought_lost(&self) -> bool {
        let in_loop = self.turns.last().is_some_and(|(_, blocks)| blocks.iter().any(|b| b.get("toolResult").is_some()));
        let last_spoken = self.turns.iter().rev().find(|(role, _)| *role == "assistant");
        in_loop && last_spoken.is_some_and(|(_, b)| b.first().is_none_or(|b| b.get("reasoningContent").is_none()))
    }
}

/// A document must stand beside text. True when some had to be added.
fn explain_documents(blocks: &mut Vec<Value>) -> bool {
    let has = |name: &str| blocks.iter().any(|b| b.get(name).is_some());
    let lonely = has("document") && !has("text") && !has("guardContent");
    if lonely {
        blocks.push(json!({"text": "See the document."}));
    }
    lonely
}

/// The text that the model is to continue may not end in white space.
fn trim_last_text(blocks: &mut [Value]) {
    if let Some(Value::String(text)) = blocks.last_mut().and_then(|b| b.get_mut("text")) {
        text.truncate(text.trim_end().len());
    }
}
