//! Output items, whole or in the making, in; pieces of a chat message out. Whole replies and streams are read by this alone.

mod closing;

use serde_json::Value;

use super::annotation::annotation;
use super::item::{Body, Item, Kind, Part, Thought, is_text, rest_of, text_of};
use super::kept::is;
use super::turns::{Piece, digest, given};

/// More items than any reply has; further ones are not remembered.
const MAX_ITEMS: usize = 10_000;
/// What stands between two parts of the thinking.
const BETWEEN_THOUGHTS: &str = "\n\n";

/// A piece, with the log probabilities of its tokens.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) piece: Piece,
    pub(super) logprobs: Vec<Value>,
}

/// Where an event belongs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place<'a> {
    pub(super) index: Option<u64>,
    pub(super) id: &'a str,
}

/// A reply as far as it has been read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    provider: String,
    items: Vec<Item>,
    calls: usize,
    /// Characters of the answer so far.
    length: usize,
    thought: bool,
    /// Items so far that a later request would hold.
    places: usize,
    told: Vec<Told>,
}

impl Reading {
    pub(super) fn new(provider: &str) -> Self {
        Self { provider: provider.to_owned(), ..Self::default() }
    }

    /// What there is to tell since the last time.
    pub(super) fn take(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    pub(super) fn calls_tools(&self) -> bool {
        self.calls > 0
    }

    /// True when every item that was begun was ended, and there is one.
    pub(super) fn is_complete(&self) -> bool {
        !self.items.is_empty() && self.items.iter().all(|item| item.closed)
    }

    fn tell(&mut self, piece: Piece) {
        self.told.push(Told { piece, logprobs: Vec::new() });
    }

    /// The item of an event that goes on with it; a new one where none was announced.
    fn find(&mut self, place: Place<'_>, kind: Kind) -> usize {
        let open = |item: &Item| !item.closed && item.kind() == kind;
        let by_index = |item: &Item| place.index.is_some() && item.index == place.index && open(item);
        let found = self.items.iter().rposition(by_index);
        let found = found.or_else(|| self.items.iter().rposition(|i| i.is_called(place.id, "") && i.kind() == kind));
        let found = found.or_else(|| match (place.index, place.id) {
            (None, "") => self.items.iter().rposition(open),
            _ => None,
        });
        found.unwrap_or_else(|| self.push(Item::new(kind, place.index, place.id)))
    }

    fn push(&mut self, item: Item) -> usize {
        if self.items.len() < MAX_ITEMS {
            self.items.push(item);
        }
        self.items.len() - 1
    }

    /// An item begins.
    pub(super) fn added(&mut self, index: Option<u64>, item: &Value) {
        let (kind, id) = (Kind::of(item), str_of(item, "id"));
        let early = self.items.iter().rposition(|known| {
            !known.closed && known.index == index && known.kind() == kind && (known.id == id || known.id.is_empty())
        });
        let at = early.unwrap_or_else(|| self.push(Item::new(kind, index, id)));
        self.items[at].id = id.to_owned();
        match &mut self.items[at].body {
            Body::Call(call) => {
                call.given = text_of(item.get(if call.custom { "input" } else { "arguments" }));
                self.open_call(at, item);
            }
            Body::Other(seen) => *seen = item.clone(),
            Body::Message(_) | Body::Reasoning(_) => {}
        }
    }

    /// An item is told whole, whatever was told of it before.
    pub(super) fn done(&mut self, index: Option<u64>, item: &Value) {
        let (kind, id, call_id) = (Kind::of(item), str_of(item, "id"), str_of(item, "call_id"));
        let called = |known: &Item| known.kind() == kind && known.is_called(id, call_id);
        if self.items.iter().any(|known| known.closed && called(known)) {
            return;
        }
        let at_index = |known: &Item| !known.closed && known.kind() == kind && index.is_some() && known.index == index;
        let found = self.items.iter().rposition(at_index);
        let found = found.or_else(|| self.items.iter().rposition(called));
        let found = found.or_else(|| match index {
            None => self.items.iter().rposition(|known| !known.closed && known.kind() == kind),
            Some(_) => None,
        });
        let at = found.unwrap_or_else(|| self.push(Item::new(kind, index, id)));
        self.close(at, item);
    }

    /// The items of the whole reply at the end of a stream, or of a reply that came whole.
    pub(super) fn settle(&mut self, output: &[Value]) {
        for (nth, item) in output.iter().enumerate().filter(|(_, item)| item.is_object()) {
            if !self.closed_before(nth, item, output) {
                self.done(u64::try_from(nth).ok(), item);
            }
        }
        for at in 0..self.items.len() {
            if !self.items[at].closed {
                self.close(at, &Value::Null);
            }
        }
    }

    /// Whether an item of the whole reply has been told in full. Some providers give it another id each time, some no
    /// place.
    fn closed_before(&self, nth: usize, item: &Value, output: &[Value]) -> bool {
        let kind = Kind::of(item);
        let (id, call_id) = (str_of(item, "id"), str_of(item, "call_id"));
        if let Some(known) = self.items.iter().find(|k| k.kind() == kind && k.is_called(id, call_id)) {
            return known.closed;
        }
        if self.items.iter().any(|k| k.index == u64::try_from(nth).ok() && k.kind() == kind && k.closed) {
            return true;
        }
        let earlier = output.iter().take(nth).filter(|other| Kind::of(other) == kind).count();
        let placeless = self.items.iter().filter(|k| k.kind() == kind).nth(earlier);
        placeless.is_some_and(|k| k.index.is_none() && k.closed)
    }

    /// More text of the answer, or of a refusal.
    pub(super) fn text(&mut self, place: Place<'_>, part: u64, refusal: bool, text: &str, logprobs: &[Value]) {
        let at = self.find(place, Kind::Message);
        self.say(at, part, refusal, text, logprobs);
    }

    fn say(&mut self, at: usize, part: u64, refusal: bool, text: &str, logprobs: &[Value]) {
        let start = self.length;
        let Body::Message(parts) = &mut self.items[at].body else { return };
        let part = parts.entry(part).or_insert_with(|| Part { start, refusal, ..Part::default() });
        if text.is_empty() {
            return;
        }
        part.text.push_str(text);
        let piece = if refusal {
            Piece::Refusal(text.to_owned())
        } else {
            self.length += text.chars().count();
            Piece::Text(text.to_owned())
        };
        self.told.push(Told { piece, logprobs: logprobs.to_vec() });
    }

    /// The whole text of a part.
    pub(super) fn whole_text(&mut self, place: Place<'_>, part: u64, refusal: bool, whole: &str, logprobs: &[Value]) {
        let at = self.find(place, Kind::Message);
        self.say_rest(at, part, refusal, whole, logprobs);
    }

    fn say_rest(&mut self, at: usize, part: u64, refusal: bool, whole: &str, logprobs: &[Value]) {
        let Body::Message(parts) = &self.items[at].body else { return };
        let told = parts.get(&part).map(|p| p.text.as_str()).unwrap_or_default();
        let rest = rest_of(whole, told).to_owned();
        let logprobs = if told.is_empty() { logprobs } else { &[] };
        self.say(at, part, refusal, &rest, logprobs);
    }

    /// A citation of a part.
    pub(super) fn annotate(&mut self, place: Place<'_>, part: u64, citation: &Value) {
        let at = self.find(place, Kind::Message);
        self.cite(at, part, citation);
    }

    fn cite(&mut self, at: usize, part: u64, citation: &Value) {
        let start = self.length;
        let Body::Message(parts) = &mut self.items[at].body else { return };
        let part = parts.entry(part).or_insert_with(|| Part { start, ..Part::default() });
        part.annotations += 1;
        let entry = annotation(citation, part.start);
        self.tell(Piece::Annotation(entry));
    }

    /// A part of a message, whole.
    pub(super) fn part(&mut self, place: Place<'_>, index: u64, part: &Value) {
        if is_text(part) || is(part, "refusal") {
            let at = self.find(place, Kind::Message);
            self.whole_part(at, index, part);
        }
    }

    fn whole_part(&mut self, at: usize, index: u64, part: &Value) {
        if is(part, "refusal") {
            return self.say_rest(at, index, true, str_of(part, "refusal"), &[]);
        }
        if !is_text(part) {
            return;
        }
        self.say_rest(at, index, false, str_of(part, "text"), list(part, "logprobs"));
        let told = match &self.items[at].body {
            Body::Message(parts) => parts.get(&index).map_or(0, |p| p.annotations),
            _ => 0,
        };
        for citation in list(part, "annotations").iter().skip(told) {
            self.cite(at, index, citation);
        }
    }

    /// More thinking.
    pub(super) fn think(&mut self, place: Place<'_>, thought: Thought, index: u64, text: &str) {
        let at = self.find(place, Kind::Reasoning);
        self.think_on(at, thought, index, text);
    }

    fn think_on(&mut self, at: usize, thought: Thought, index: u64, text: &str) {
        let Body::Reasoning(thinking) = &mut self.items[at].body else { return };
        if text.is_empty() {
            return;
        }
        let part = thinking.part(thought, index);
        let begins = part.is_empty() && self.thought;
        part.push_str(text);
        self.thought = true;
        let shown = if begins { format!("{BETWEEN_THOUGHTS}{text}") } else { text.to_owned() };
        self.tell(Piece::Thought(shown));
    }

    /// The whole of a part of the thinking.
    pub(super) fn whole_thought(&mut self, place: Place<'_>, thought: Thought, index: u64, whole: &str) {
        let at = self.find(place, Kind::Reasoning);
        self.think_rest(at, thought, index, whole);
    }

    fn think_rest(&mut self, at: usize, thought: Thought, index: u64, whole: &str) {
        let Body::Reasoning(thinking) = &mut self.items[at].body else { return };
        let rest = rest_of(whole, thinking.part(thought, index)).to_owned();
        self.think_on(at, thought, index, &rest);
    }

    /// More arguments of a function, or more input of a tool that takes text.
    pub(super) fn arguments(&mut self, place: Place<'_>, custom: bool, text: &str) {
        let at = self.find(place, if custom { Kind::Custom } else { Kind::Function });
        self.argue(at, text);
    }

    /// All arguments.
    pub(super) fn whole_arguments(&mut self, place: Place<'_>, custom: bool, whole: &str) {
        let at = self.find(place, if custom { Kind::Custom } else { Kind::Function });
        self.argue_rest(at, whole);
    }

    fn argue_rest(&mut self, at: usize, whole: &str) {
        let Body::Call(call) = &self.items[at].body else { return };
        let rest = rest_of(whole, &call.text).to_owned();
        self.argue(at, &rest);
    }

    fn argue(&mut self, at: usize, text: &str) {
        let Body::Call(call) = &mut self.items[at].body else { return };
        if text.is_empty() {
            return;
        }
        call.text.push_str(text);
        if let Some(index) = call.number {
            let (custom, text) = (call.custom, text.to_owned());
            self.tell(if custom { Piece::Input { index, text } } else { Piece::Arguments { index, text } });
        }
    }

    /// Tells of a call as soon as its name is known, with the arguments that came before.
    fn open_call(&mut self, at: usize, item: &Value) {
        let number = self.calls;
        let Item { id, body: Body::Call(call), .. } = &mut self.items[at] else { return };
        if call.number.is_some() {
            return;
        }
        call.name = given(item, "name").map(|n| text_of(Some(n))).unwrap_or_default();
        if call.name.is_empty() {
            return;
        }
        let own = str_of(item, "call_id");
        call.call_id = match (own, id.as_str()) {
            ("", "") => format!("call_{}", digest(&[&call.name, &number.to_string()])),
            ("", id) => id.to_owned(),
            (own, _) => own.to_owned(),
        };
        call.number = Some(number);
        self.calls += 1;
        let (index, id, name) = (number, call.call_id.clone(), call.name.clone());
        let (custom, text) = (call.custom, std::mem::take(&mut call.text));
        let arguments = String::new();
        self.tell(if custom { Piece::Custom { index, id, name } } else { Piece::Call { index, id, name, arguments } });
        self.argue(at, &text);
    }
}

fn str_of<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
