//! The parts of one candidate, whole or spread over a stream, in; pieces of the reply out.

use serde_json::{Value, json};

use super::partial::Partial;
use super::turns::{Piece, digest, given};

/// Reads the parts of one candidate in order. Neighbours of the same kind are one part that a stream has cut.
#[derive(Debug, Default)]
pub(super) struct Fold {
    /// Tool calls so far.
    pub(super) calls: usize,
    /// All text so far, which grounding refers to.
    pub(super) text: String,
    open: Open,
    parts: u64,
}

#[derive(Debug, Default)]
enum Open {
    #[default]
    Nothing,
    Text {
        index: u64,
    },
    Thought {
        index: u64,
        text: String,
        signature: Option<String>,
    },
    /// A call whose arguments are streamed.
    Call {
        index: u64,
        call: Partial,
    },
}

impl Fold {
    /// Takes one part. `reply` is the reply's id, from which ids of calls are made that came without one.
    pub(super) fn part(&mut self, part: &Value, reply: &str, out: &mut Vec<Piece>) {
        let signature = part.get("thoughtSignature").and_then(Value::as_str).filter(|s| !s.is_empty());
        if let Some(call) = given(part, "functionCall") {
            return self.call(call, signature, reply, out);
        }
        let text = part.get("text").and_then(Value::as_str);
        let thought = part.get("thought") == Some(&Value::Bool(true));
        match (text, given(part, "inlineData")) {
            (Some(text), _) if thought => self.thought(text, signature, reply, out),
            (Some(text), _) => self.text(text, signature, reply, out),
            (None, Some(data)) if is_image(data) => self.image(data, signature, reply, out),
            (None, _) if has_content(part) => self.block(part, reply, out),
            // A signature on its own belongs to what was just said.
            (None, _) if signature.is_some() => self.text("", signature, reply, out),
            (None, _) => {}
        }
    }

    /// Ends the candidate. `reply` is as in [`Self::part`].
    pub(super) fn close(&mut self, reply: &str, out: &mut Vec<Piece>) {
        match std::mem::take(&mut self.open) {
            Open::Thought { index, text, signature } => {
                let mut entry = json!({"type": "reasoning.text", "text": text, "format": "gemini", "index": index});
                if let (Some(entry), Some(signature)) = (entry.as_object_mut(), signature) {
                    entry.insert("signature".into(), signature.into());
                }
                out.push(Piece::Detail(entry));
            }
            Open::Call { index, call } => self.called(index, call, reply, out),
            Open::Nothing | Open::Text { .. } => {}
        }
    }

    fn next(&mut self, reply: &str, out: &mut Vec<Piece>) -> u64 {
        self.close(reply, out);
        self.parts += 1;
        self.parts - 1
    }

    fn text(&mut self, text: &str, signature: Option<&str>, reply: &str, out: &mut Vec<Piece>) {
        if text.is_empty() && signature.is_none() {
            return;
        }
        let index = match self.open {
            Open::Text { index } => index,
            _ => self.next(reply, out),
        };
        self.open = Open::Text { index };
        if !text.is_empty() {
            self.text.push_str(text);
            out.push(Piece::Text(text.to_owned()));
        }
        out.extend(signature.map(|data| encrypted(index, data, None)));
    }

    fn thought(&mut self, piece: &str, signed: Option<&str>, reply: &str, out: &mut Vec<Piece>) {
        if !matches!(self.open, Open::Thought { .. }) {
            let index = self.next(reply, out);
            self.open = Open::Thought { index, text: String::new(), signature: None };
        }
        if let Open::Thought { text, signature, .. } = &mut self.open {
            text.push_str(piece);
            if let Some(signed) = signed {
                *signature = Some(signed.to_owned());
            }
        }
        if !piece.is_empty() {
            out.push(Piece::Thought(piece.to_owned()));
        }
    }

    fn call(&mut self, call: &Value, signature: Option<&str>, reply: &str, out: &mut Vec<Piece>) {
        let text = |field: &str| call.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        let goes_on = call.get("willContinue") == Some(&Value::Bool(true));
        let (index, mut told) = match (std::mem::take(&mut self.open), text("name")) {
            // Streamed arguments belong to the call that was named last.
            (Open::Call { index, call }, None) => (index, call),
            (open, _) => {
                self.open = open;
                (self.next(reply, out), Partial::default())
            }
        };
        if let Some(name) = text("name") {
            name.clone_into(&mut told.name);
        }
        told.id = told.id.or_else(|| text("id").map(str::to_owned));
        told.signature = told.signature.or_else(|| signature.map(str::to_owned));
        told.take(call);
        if goes_on {
            self.open = Open::Call { index, call: told };
        } else {
            self.open = Open::Nothing;
            self.called(index, told, reply, out);
        }
    }

    /// A call that is told to its end.
    fn called(&mut self, index: u64, call: Partial, reply: &str, out: &mut Vec<Piece>) {
        let arguments = call.arguments();
        let Partial { name, id, signature, .. } = call;
        // Made of the reply's id, so that calls of different turns never share one.
        let id = id.unwrap_or_else(|| format!("call_{}", digest(&[reply, &self.calls.to_string(), &name, &arguments])));
        let detail = signature.map(|data| encrypted(index, &data, Some(&id)));
        out.push(Piece::Call { index: self.calls, id, name, arguments });
        out.extend(detail);
        self.calls += 1;
    }

    fn image(&mut self, data: &Value, signature: Option<&str>, reply: &str, out: &mut Vec<Piece>) {
        let index = self.next(reply, out);
        let text = |field: &str| data.get(field).and_then(Value::as_str).unwrap_or_default();
        out.push(Piece::Image(format!("data:{};base64,{}", text("mimeType"), text("data"))));
        out.extend(signature.map(|data| encrypted(index, data, None)));
    }

    /// Parts of tools that run at Google, kept as they are.
    fn block(&mut self, part: &Value, reply: &str, out: &mut Vec<Piece>) {
        let index = self.next(reply, out);
        out.push(Piece::Block(json!({"format": "gemini", "index": index, "block": part})));
    }
}

fn encrypted(index: u64, data: &str, id: Option<&str>) -> Piece {
    let mut entry = json!({"type": "reasoning.encrypted", "data": data, "format": "gemini", "index": index});
    if let (Some(entry), Some(id)) = (entry.as_object_mut(), id) {
        entry.insert("id".into(), id.into());
    }
    Piece::Detail(entry)
}

fn is_image(data: &Value) -> bool {
    data.get("mimeType").and_then(Value::as_str).is_some_and(|mime| mime.starts_with("image/"))
}

fn has_content(part: &Value) -> bool {
    let names = part.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null()).map(|(name, _)| name.as_str());
    names.into_iter().any(|name| name != "thought" && name != "thoughtSignature")
}
