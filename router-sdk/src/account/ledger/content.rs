//! What was asked and answered, for ledgers that keep it: text in, text without what must not be kept out.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::wire::ChatRequest;

/// Takes what must not be kept out of a text.
pub(super) type Redact = Arc<dyn for<'t> Fn(&'t str) -> Cow<'t, str> + Send + Sync>;

/// What is taken out where nothing is named: nothing.
pub(super) fn redaction() -> Redact {
    Arc::new(|text| text.into())
}

/// Bytes of prompt and of answer that are kept of one request; the rest is left out.
const KEPT: usize = 256 * 1024;

/// Prompt and answer of one request, with everything taken out that `ledger.redact` names.
#[derive(Clone)]
pub struct Content {
    prompt: String,
    answer: String,
    redact: Redact,
}

/// Text of callers stays out of logs.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { prompt, answer, .. } = self;
        write!(f, "Content {{ prompt: {} bytes, answer: {} bytes }}", prompt.len(), answer.len())
    }
}

impl Content {
    pub(super) fn of(request: &ChatRequest, redact: &Redact) -> Self {
        let mut messages = Value::Array(request.messages().to_vec());
        strip(&mut messages, redact);
        Self { prompt: cut(messages.to_string()), answer: String::new(), redact: Arc::clone(redact) }
    }

    /// More of the answer.
    pub(crate) fn said(&mut self, text: &str) {
        if self.answer.len() < KEPT {
            let kept = cut((self.redact)(text).into_owned());
            self.answer.push_str(&kept);
        }
    }

    /// The whole answer, in place of what is there.
    pub(crate) fn answered(&mut self, text: &str) {
        self.answer.clear();
        self.said(text);
    }

    /// The messages as JSON text; pictures and documents inside are named by their size alone.
    pub fn prompt(&self) -> &str {
        &self.prompt
    }

    /// The text of the answer.
    pub fn answer(&self) -> &str {
        &self.answer
    }
}

/// Redacts every text of the messages; what is inlined as data is replaced by its size.
fn strip(value: &mut Value, redact: &Redact) {
    match value {
        Value::String(text) if text.len() > 512 && (text.starts_with("data:") || !text.contains(' ')) => {
            *text = format!("[{} bytes]", text.len());
        }
        Value::String(text) => {
            let clean = redact(text).into_owned();
            *text = clean;
        }
        Value::Array(items) => items.iter_mut().for_each(|item| strip(item, redact)),
        Value::Object(fields) => fields.values_mut().for_each(|field| strip(field, redact)),
        _ => {}
    }
}

fn cut(mut text: String) -> String {
    if text.len() > KEPT {
        let end = (0..=KEPT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stars(text: &str) -> Cow<'_, str> {
        Cow::Owned(text.replace("secret", "***"))
    }

    #[test]
    fn text_is_redacted_pictures_are_named_and_debug_says_nothing() {
        let picture = format!("data:image/png;base64,{}", "A".repeat(2000));
        let request = ChatRequest::from_value(serde_json::json!({"model": "auto", "messages": [
            {"role": "user", "content": [{"type": "text", "text": "my secret word"},
                {"type": "image_url", "image_url": {"url": picture}}]}]}));
        let mut content = Content::of(&request.expect("a request"), &(Arc::new(stars) as Redact));
        content.said("the secret ");
        content.said("answer");
        assert!(content.prompt().contains("my *** word") && content.prompt().contains("[2022 bytes]"));
        assert_eq!(content.answer(), "the *** answer");
        assert!(!format!("{content:?}").contains("answer\":") && !format!("{content:?}").contains("word"));
        content.answered(&"é".repeat(KEPT));
        assert!(content.answer().len() <= KEPT + 3 && content.answer().ends_with('…'));
    }
}
