//! What determines an answer in, the key under which it is kept out.

use serde_json::Value;

use super::canonical::{Canon, Key};
use crate::setup::Setup;
use crate::wire::{ChatRequest, EmbeddingInput, EmbeddingRequest, OnMalformed, RouteOptions, Strategy};

/// Fields that say how an answer is delivered or for whom, and not what it is.
const BESIDE: [&str; 10] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "metadata",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "clawrouters",
];

/// The key of a chat request. `tenant` is whose answers may be given; none: everybody's.
pub(crate) fn chat(setup: &Setup, request: &ChatRequest, tenant: Option<&str>) -> Key {
    of_chat("chat", setup, request, tenant, None)
}

/// The key of all requests that differ in nothing but the text of one message.
pub(crate) fn around(setup: &Setup, request: &ChatRequest, tenant: Option<&str>, message: usize) -> Key {
    of_chat("around", setup, request, tenant, Some(message))
}

fn of_chat(purpose: &str, setup: &Setup, request: &ChatRequest, tenant: Option<&str>, open: Option<usize>) -> Key {
    let mut canon = Canon::of(purpose);
    scope(&mut canon, tenant);
    model(&mut canon, setup, request);
    options(&mut canon, setup, request.route());
    let fields = request.body().iter().map(|(name, value)| (name.as_str(), value));
    canon.fields(fields.filter(|(name, value)| !BESIDE.contains(name) && !value.is_null()).collect());
    canon.list(request.messages().len());
    for (at, message) in request.messages().iter().enumerate() {
        if open == Some(at) { without_text(&mut canon, message) } else { canon.value(message) }
    }
    canon.key()
}

/// The key of a request for embeddings.
pub(crate) fn embedding(setup: &Setup, request: &EmbeddingRequest, tenant: Option<&str>) -> Key {
    let mut canon = Canon::of("embedding");
    scope(&mut canon, tenant);
    names(&mut canon, setup, std::iter::once(request.model()).chain(request.models().iter().map(String::as_str)));
    options(&mut canon, setup, request.route());
    canon.fields(request.extra().iter().map(|(name, value)| (name.as_str(), value)).collect());
    canon.number(u64::from(request.dimensions().unwrap_or(0)));
    canon.text(request.input_type().map_or("", crate::catalog::InputType::as_str));
    canon.list(request.input().len());
    for input in request.input() {
        match input {
            EmbeddingInput::Text(text) => canon.text(text),
            EmbeddingInput::Tokens(ids) => {
                canon.list(ids.len());
                ids.iter().for_each(|id| canon.number(u64::from(*id)));
            }
        }
    }
    canon.key()
}

fn scope(canon: &mut Canon, tenant: Option<&str>) {
    canon.list(usize::from(tenant.is_some()));
    canon.text(tenant.unwrap_or_default());
}

/// `auto:best` and `auto` with that strategy are the same; for named models the strategy decides nothing.
fn model(canon: &mut Canon, setup: &Setup, request: &ChatRequest) {
    let model = request.model();
    let word = model.strip_prefix("auto:");
    if word.is_some() || (model == "auto" && request.models().is_empty()) {
        let named = word.and_then(Strategy::parse);
        let strategy = request.route().strategy.or(named).unwrap_or(setup.config.strategy);
        canon.text("auto");
        canon.text(strategy.as_str());
        return;
    }
    names(canon, setup, std::iter::once(model).chain(request.models().iter().map(String::as_str)));
}

/// Aliases count as what they stand for, which other processes may read differently.
fn names<'a>(canon: &mut Canon, setup: &Setup, names: impl Iterator<Item = &'a str>) {
    for name in names {
        canon.text(name);
        if let Some(alias) = setup.config.aliases.get(name) {
            canon.list(alias.models.len());
            alias.models.iter().for_each(|model| canon.text(&model.model));
        }
    }
}

/// The options that can change who answers or what is asked.
fn options(canon: &mut Canon, setup: &Setup, route: &RouteOptions) {
    let route = setup.canonical_options(route);
    for set in [&route.only, &route.ignore, &route.require] {
        let mut set: Vec<&str> = set.iter().map(String::as_str).collect();
        set.sort_unstable();
        set.dedup();
        canon.list(set.len());
        set.into_iter().for_each(|name| canon.text(name));
    }
    for list in [&route.order, &route.fallbacks] {
        canon.list(list.len());
        names(canon, setup, list.iter().map(String::as_str));
    }
    let prices = [route.max_price.and_then(|p| p.input), route.max_price.and_then(|p| p.output), route.max_cost];
    for price in prices {
        canon.value(&price.map_or(Value::Null, Value::from));
    }
    canon.list(usize::from(route.allow_fallbacks == Some(false)));
    canon.list(usize::from(route.zdr));
    canon.list(route.parameters.unwrap_or(setup.config.parameters) as usize);
    let skips = route.on_malformed.unwrap_or(setup.config.on_malformed) == OnMalformed::Skip;
    canon.list(usize::from(skips));
}

/// A message without the text that it says: everything else about it, parts of other kinds included.
fn without_text(canon: &mut Canon, message: &Value) {
    let fields = message.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value));
    canon.fields(fields.filter(|(name, _)| *name != "content").collect());
    let parts = message.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    canon.list(parts.len());
    for part in parts {
        let is_text = part.get("type").is_some_and(|kind| kind == "text");
        let fields = part.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value));
        canon.fields(fields.filter(|(name, _)| !(is_text && *name == "text")).collect());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Config;
    use crate::setup::Environment;

    fn setup() -> Setup {
        let config = json!({
            "providers": {"a": {"kind": "openai", "base_url": "http://127.0.0.1:1/v1", "api_key": "k"}},
            "aliases": {"quick": ["a/m"]},
        });
        Setup::build(Config::from_value(config).unwrap(), &Environment::Process).unwrap()
    }

    fn key(body: Value) -> Key {
        chat(&setup(), &ChatRequest::from_value(body).unwrap(), Some("t"))
    }

    fn base() -> Value {
        json!({"model": "a/m", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0.0})
    }

    fn with(field: &str, value: Value) -> Value {
        let mut body = base();
        body[field] = value;
        body
    }

    #[test]
    fn what_says_how_an_answer_is_delivered_does_not_count() {
        for (field, value) in [
            ("stream", json!(true)),
            ("stream_options", json!({"include_usage": true})),
            ("user", json!("u")),
            ("metadata", json!({"a": "b"})),
            ("temperature", json!(0)),
            ("top_p", Value::Null),
            ("route", json!({"deadline_ms": 5, "tags": {"a": "b"}, "session": "s", "cache": {"mode": "no-cache"}})),
            ("route", json!({"strategy": "best", "baseline": "a/b", "on_interrupt": "error"})),
        ] {
            assert_eq!(key(with(field, value.clone())), key(base()), "{field} {value}");
        }
    }

    #[test]
    fn what_can_change_the_answer_does() {
        let mut keys = std::collections::HashSet::from([key(base())]);
        let other = [
            ("model", json!("quick")),
            ("model", json!("auto")),
            ("model", json!("auto:best")),
            ("models", json!(["a/n"])),
            ("temperature", json!(0.1)),
            ("seed", json!(1)),
            ("max_tokens", json!(5)),
            ("tools", json!([{"type": "function", "function": {"name": "f"}}])),
            ("response_format", json!({"type": "json_object"})),
            ("messages", json!([{"role": "user", "content": "Hi!"}])),
            ("messages", json!([{"role": "system", "content": "Hi"}])),
            ("messages", json!([{"role": "user", "content": [{"type": "text", "text": "Hi"}]}])),
            ("messages", json!([{"role": "user", "content": "Hi"}, {"role": "user", "content": "Hi"}])),
            ("route", json!({"only": ["a"]})),
            ("route", json!({"ignore": ["a"]})),
            ("route", json!({"order": ["a"]})),
            ("route", json!({"fallbacks": ["a"]})),
            ("route", json!({"require": ["tools"]})),
            ("route", json!({"max_cost": 1.0})),
            ("route", json!({"max_price": {"input": 1.0}})),
            ("route", json!({"max_price": {"output": 1.0}})),
            ("route", json!({"allow_fallbacks": false})),
            ("route", json!({"zdr": true})),
            ("route", json!({"parameters": "drop"})),
            ("route", json!({"on_malformed": "skip"})),
        ];
        for (field, value) in other {
            assert!(keys.insert(key(with(field, value.clone()))), "{field} {value}");
        }
        let request = ChatRequest::from_value(base()).unwrap();
        for tenant in [None, Some("u"), Some("")] {
            assert!(keys.insert(chat(&setup(), &request, tenant)), "{tenant:?}");
        }
        assert!(keys.insert(around(&setup(), &request, Some("t"), 0)));
    }

    #[test]
    fn a_strategy_is_the_same_however_it_was_named() {
        let mut named = with("model", json!("auto"));
        named["route"] = json!({"strategy": "best"});
        assert_eq!(key(named), key(with("model", json!("auto:best"))));
        assert_eq!(key(with("model", json!("auto"))), key(with("model", json!("auto:balanced"))));
    }

    #[test]
    fn around_a_message_its_text_is_free_and_nothing_else() {
        let of = |content: Value| {
            let body = json!({"model": "a/m", "messages": [{"role": "user", "content": content}]});
            around(&setup(), &ChatRequest::from_value(body).unwrap(), None, 0)
        };
        let picture = |url: &str, text: &str| json!([{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}]);
        assert_eq!(of(json!("one")), of(json!("two")));
        assert_eq!(of(picture("u", "one")), of(picture("u", "two")));
        assert_ne!(of(picture("u", "one")), of(picture("v", "one")));
        assert_ne!(of(picture("u", "one")), of(json!("one")));
    }

    #[test]
    fn vectors_are_told_apart_by_all_that_shapes_them() {
        let of = |body: Value| embedding(&setup(), &EmbeddingRequest::from_value(body).unwrap(), None);
        let base = of(json!({"model": "a/e", "input": ["a", "b"]}));
        assert_eq!(base, of(json!({"model": "a/e", "input": ["a", "b"], "encoding_format": "base64", "user": "u"})));
        for other in [
            json!({"model": "a/f", "input": ["a", "b"]}),
            json!({"model": "a/e", "input": ["b", "a"]}),
            json!({"model": "a/e", "input": ["ab"]}),
            json!({"model": "a/e", "input": [[1, 2]]}),
            json!({"model": "a/e", "input": ["a", "b"], "dimensions": 5}),
            json!({"model": "a/e", "input": ["a", "b"], "input_type": "query"}),
            json!({"model": "a/e", "input": ["a", "b"], "truncate": "END"}),
        ] {
            assert_ne!(base, of(other.clone()), "{other}");
        }
    }
}
