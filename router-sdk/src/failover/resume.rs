//! Going on with a broken answer: the request and what was delivered in, the request for the rest out. Decides only.

use serde_json::{Value, json};

use crate::provider::{Cause, Failure, Target};
use crate::wire::{ChatChunk, ChatRequest, estimate_tokens};

/// How a target is asked to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// What was delivered is the beginning of the model's own message.
    Prefill,
    /// What was delivered is a message of its own, and a user message asks for the rest.
    Instruction,
}

impl Form {
    /// The name in RouteInfo.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Prefill => "prefill",
            Self::Instruction => "instruction",
        }
    }
}

const INSTRUCTION: &str = "Your last message was cut off by a technical fault. Continue it from exactly where it stops: \
    write the very next characters, do not repeat anything, do not start over, and do not comment on this.";

/// What of an answer has reached the caller, as far as it decides whether the rest can be asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Delivered {
    /// Text of the only choice.
    pub(crate) text: String,
    /// A tool call has begun.
    pub(crate) calls: bool,
    /// There is more than one choice, or output that is no text: audio, images.
    pub(crate) beyond_text: bool,
    /// A chunk with output has been delivered.
    pub(crate) any: bool,
}

impl Delivered {
    /// Notes a chunk that goes to the caller.
    pub(crate) fn note(&mut self, chunk: &ChatChunk) {
        self.any |= chunk.output;
        for choice in chunk.body.get("choices").and_then(Value::as_array).into_iter().flatten() {
            self.beyond_text |= choice.get("index").and_then(Value::as_u64).is_some_and(|index| index > 0);
            let Some(delta) = choice.get("delta") else { continue };
            let given =
                |field: &str| delta.get(field).is_some_and(|v| !v.is_null() && v.as_array() != Some(&Vec::new()));
            self.calls |= given("tool_calls") || given("function_call");
            self.beyond_text |= given("audio") || given("images");
        }
        self.text.push_str(chunk.text());
    }

    /// True when another target can be asked for the rest: plain text, or nothing but reasoning so far.
    pub(crate) fn resumable(&self) -> bool {
        !self.calls && !self.beyond_text
    }
}

/// True when what broke the stream can be answered by asking for the rest.
pub(crate) fn mendable(failure: &Failure) -> bool {
    !matches!(failure.cause, Cause::Deadline | Cause::ContentRefused)
}

/// The form in which a target is asked first.
pub(crate) fn form_for(target: &Target, request: &ChatRequest) -> Form {
    let takes_prefill = target.model.capabilities.assistant_prefill == Some(true);
    // Thinking and a message that has begun exclude each other where signatures are checked.
    let thinks = request.get("reasoning_effort").or_else(|| request.get("reasoning")).is_some();
    if takes_prefill && !thinks { Form::Prefill } else { Form::Instruction }
}

/// True when a refusal may be due to the form alone.
pub(crate) fn rejects_form(failure: &Failure) -> bool {
    matches!(failure.cause, Cause::Caller | Cause::Unsupported | Cause::Unknown)
}

/// The request for the rest, and the white space at the end of what was delivered that a prefill may not have.
///
/// A format of the reply is left out, since the rest of a document is no document; the output limit is lowered by what
/// was said.
pub(crate) fn continuation(request: &ChatRequest, delivered: &str, form: Form) -> (ChatRequest, String) {
    if delivered.is_empty() {
        return (request.clone(), String::new());
    }
    let shown = match form {
        Form::Prefill => delivered.trim_end(),
        Form::Instruction => delivered,
    };
    let mut body = request.body().clone();
    for field in ["response_format", "prediction"] {
        body.shift_remove(field);
    }
    let said = estimate_tokens(delivered);
    for field in ["max_tokens", "max_completion_tokens"] {
        if let Some(limit) = body.get(field).and_then(Value::as_u64) {
            body.insert(field.into(), limit.saturating_sub(said).max(1).into());
        }
    }
    if let Some(messages) = body.get_mut("messages").and_then(Value::as_array_mut) {
        append(messages, shown);
        if form == Form::Instruction {
            messages.push(json!({"role": "user", "content": INSTRUCTION}));
        }
    }
    (request.with_body(body), delivered[shown.len()..].to_owned())
}

/// The partial answer as the last message, joined to one that the caller had begun for the model.
fn append(messages: &mut Vec<Value>, text: &str) {
    let begun = messages.last_mut().filter(|m| m["role"] == "assistant" && m.get("tool_calls").is_none());
    if let Some(Value::String(content)) = begun.and_then(|m| m.get_mut("content")) {
        content.push_str(text);
    } else if !text.is_empty() {
        messages.push(json!({"role": "assistant", "content": text}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> ChatRequest {
        let body = json!({"model": "a/b", "max_tokens": 100, "response_format": {"type": "json_object"},
            "messages": [{"role": "user", "content": "Tell."}]});
        ChatRequest::from_value(body).unwrap()
    }

    #[test]
    fn an_instruction_ends_with_the_user_and_a_prefill_with_the_answer() {
        let (rest, unseen) = continuation(&request(), "Once upon a time ", Form::Instruction);
        assert_eq!((rest.messages().len(), unseen.as_str()), (3, ""));
        assert_eq!(rest.messages()[1], json!({"role": "assistant", "content": "Once upon a time "}));
        assert_eq!(rest.messages()[2]["role"], "user");
        let (rest, unseen) = continuation(&request(), "Once upon a time \n", Form::Prefill);
        assert_eq!((rest.messages().len(), unseen.as_str()), (2, " \n"));
        assert_eq!(rest.messages()[1]["content"], "Once upon a time");
    }

    #[test]
    fn the_limit_shrinks_and_the_format_goes() {
        let (rest, _) = continuation(&request(), &"word ".repeat(30), Form::Instruction);
        let left = rest.max_output_tokens().unwrap();
        assert!((60..=80).contains(&left), "{left}");
        assert!(rest.get("response_format").is_none());
        let (rest, _) = continuation(&request(), &"word ".repeat(3_000), Form::Instruction);
        assert_eq!(rest.max_output_tokens(), Some(1));
    }

    #[test]
    fn a_message_begun_by_the_caller_is_carried_on() {
        let body = json!({"model": "a/b", "messages": [{"role": "user", "content": "JSON"}, {"role": "assistant", "content": "{"}]});
        let (rest, _) = continuation(&ChatRequest::from_value(body).unwrap(), "\"a\":", Form::Prefill);
        assert_eq!(rest.messages().len(), 2);
        assert_eq!(rest.messages()[1]["content"], "{\"a\":");
    }

    #[test]
    fn nothing_delivered_asks_anew() {
        let (rest, _) = continuation(&request(), "", Form::Instruction);
        assert_eq!(rest.body(), request().body());
    }

    #[test]
    fn calls_and_second_choices_cannot_be_joined() {
        let chunk =
            |choice: Value| ChatChunk::from_body(json!({"choices": [choice]}).as_object().unwrap().clone(), None);
        let mut text = Delivered::default();
        text.note(&chunk(json!({"index": 0, "delta": {"content": "Hi", "tool_calls": []}})));
        assert!(text.resumable() && text.any && text.text == "Hi");
        text.note(&chunk(json!({"index": 0, "delta": {"tool_calls": [{"index": 0}]}})));
        assert!(!text.resumable());
        let mut two = Delivered::default();
        two.note(&chunk(json!({"index": 1, "delta": {"content": "Hi"}})));
        assert!(!two.resumable());
    }
}
