//! A finished reply in, whether it may be kept out.

use serde_json::Value;

use crate::wire::{Object, RouteInfo};

/// True for a reply that is whole and stands for itself: every choice ended by itself or with tool calls, none refused,
/// none filtered or cut by a limit, and nothing was joined from several streams.
pub(super) fn may_be_kept(body: &Object, route: &RouteInfo) -> bool {
    let choices = choices(body);
    route.resumed.is_empty() && !choices.is_empty() && choices.iter().all(ended_well)
}

/// True for one plain text, which may also answer other words that ask the same.
pub(super) fn may_be_shared(body: &Object) -> bool {
    let [choice] = choices(body) else { return false };
    let Some(message) = choice.get("message") else { return false };
    let says =
        |field: &str| message.get(field).is_some_and(|v| !v.is_null() && v.as_array().is_none_or(|l| !l.is_empty()));
    let text = message.get("content").and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty());
    choice.get("finish_reason").is_some_and(|r| r == "stop")
        && text
        && !["tool_calls", "function_call", "images", "audio", "server_blocks"].into_iter().any(says)
}

fn choices(body: &Object) -> &[Value] {
    body.get("choices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn ended_well(choice: &Value) -> bool {
    let reason = choice.get("finish_reason").and_then(Value::as_str).unwrap_or_default();
    let message = choice.get("message");
    let said = |field: &str| message.and_then(|m| m.get(field)).is_some_and(|v| !v.is_null() && v != "");
    // Recorded speech is named by an id that its provider forgets.
    ["stop", "tool_calls", "function_call"].contains(&reason) && message.is_some() && !said("refusal") && !said("audio")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::Resumption;

    fn body(finish: Value, message: Value) -> Object {
        let body = json!({"choices": [{"index": 0, "message": message, "finish_reason": finish}]});
        let Value::Object(body) = body else { panic!("no object") };
        body
    }

    #[test]
    fn only_what_ended_by_itself_is_kept() {
        let route = RouteInfo::default();
        let text = json!({"role": "assistant", "content": "Yes"});
        for (finish, kept) in [
            (json!("stop"), true),
            (json!("tool_calls"), true),
            (json!("length"), false),
            (json!("content_filter"), false),
            (json!("made_up"), false),
            (Value::Null, false),
        ] {
            assert_eq!(may_be_kept(&body(finish.clone(), text.clone()), &route), kept, "{finish}");
        }
        let refused = json!({"role": "assistant", "content": null, "refusal": "I cannot"});
        assert!(!may_be_kept(&body(json!("stop"), refused), &route));
        assert!(!may_be_kept(&body(json!("stop"), json!({"audio": {"id": "a"}})), &route));
        assert!(!may_be_kept(&Object::new(), &route));
    }

    #[test]
    fn a_joined_answer_is_not_kept() {
        let stitch =
            Resumption { from: "a/m".into(), to: "b/n".into(), after_chars: 5, cause: "truncated", form: "prefill" };
        let route = RouteInfo { resumed: vec![stitch], ..RouteInfo::default() };
        assert!(!may_be_kept(&body(json!("stop"), json!({"content": "Yes"})), &route));
    }

    #[test]
    fn only_one_plain_text_is_shared_with_other_words() {
        assert!(may_be_shared(&body(json!("stop"), json!({"content": "Yes", "tool_calls": null, "annotations": []}))));
        assert!(!may_be_shared(&body(json!("stop"), json!({"content": "Yes", "tool_calls": [{"id": "a"}]}))));
        assert!(!may_be_shared(&body(json!("stop"), json!({"content": " "}))));
        assert!(!may_be_shared(&body(json!("tool_calls"), json!({"content": "Yes"}))));
        let mut two = body(json!("stop"), json!({"content": "Yes"}));
        let again = two["choices"][0].clone();
        two["choices"].as_array_mut().unwrap().push(again);
        assert!(!may_be_shared(&two) && may_be_kept(&two, &RouteInfo::default()));
    }
}
