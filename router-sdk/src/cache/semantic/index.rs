//! Vectors of asks by scope in, the nearest kept answer out. A flat search: scopes are small, and rows lie side by side.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use super::facts::{Facts, Leeway};
use super::sketch::{SLACK, WIDTH, product, sketch};
use crate::cache::canonical::Key;
use crate::cache::kept::Kept;

/// Rows that are looked at closely.
const CLOSE: usize = 64;

/// Answers by scope and vector, bounded by number and bytes; the oldest go first.
#[derive(Debug)]
pub(super) struct Index {
    rows: RwLock<Rows>,
    most: usize,
    most_bytes: usize,
}

#[derive(Debug, Default)]
struct Rows {
    scopes: HashMap<Key, Scope>,
    /// Every row in the order in which they came.
    order: VecDeque<(Key, u64)>,
    next: u64,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Scope {
    sketches: Vec<[i8; WIDTH]>,
    /// What makes numbers of the sketches again.
    scales: Vec<f32>,
    /// What tells most asks apart, and the order in which rows came: apart from the rows, since all are looked through.
    marks: Vec<u64>,
    serials: Vec<u64>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    vector: Box<[f32]>,
    facts: Facts,
    kept: Arc<Kept>,
    ends: Instant,
    weight: usize,
}

/// What is looked for.
pub(super) struct Wanted<'a> {
    pub(super) scope: &'a Key,
    pub(super) vector: &'a [f32],
    pub(super) facts: &'a Facts,
    pub(super) leeway: Leeway,
    pub(super) threshold: f32,
}

impl Index {
    pub(super) fn new(most: usize, most_bytes: usize) -> Self {
        Self { rows: RwLock::default(), most, most_bytes }
    }

    fn read(&self) -> RwLockReadGuard<'_, Rows> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Rows> {
        self.rows.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The nearest answer that is near enough and whose ask agrees, with its cosine.
    pub(super) fn nearest(&self, wanted: &Wanted<'_>, now: Instant) -> Option<(Arc<Kept>, f32)> {
        let rows = self.read();
        let scope = rows.scopes.get(wanted.scope)?;
        let near = scope.near(wanted.vector, wanted.threshold);
        let agrees = |row: &Row| row.ends > now && row.facts.clash(wanted.facts, wanted.leeway).is_none();
        let (row, cosine) = near.into_iter().find(|(row, _)| agrees(row))?;
        Some((Arc::clone(&row.kept), cosine))
    }

    /// Keeps an answer; one to the very same ask gives way.
    pub(super) fn put(&self, scope: Key, vector: Vec<f32>, facts: Facts, kept: Arc<Kept>, ttl: Duration, now: Instant) {
        let sketch = sketch(&vector);
        let weight = kept.weight() + facts.weight() + 4 * vector.len() + WIDTH + 96;
        if weight > self.most_bytes {
            return;
        }
        let mut rows = self.write();
        let serial = rows.next;
        rows.next += 1;
        let ends = now + ttl;
        let mark = facts.mark();
        let row = Row { vector: vector.into(), facts, kept, ends, weight };
        if let Some(serial) = rows.scopes.get(&scope).and_then(|s| s.same(mark, &row.facts)) {
            rows.remove(&scope, serial);
            rows.order.retain(|(_, other)| *other != serial);
        }
        rows.bytes += weight;
        let place = rows.scopes.entry(scope).or_default();
        place.sketches.push(sketch.bytes);
        place.scales.push(sketch.scale);
        place.marks.push(mark);
        place.serials.push(serial);
        place.rows.push(row);
        rows.order.push_back((scope, serial));
        rows.make_room(self.most, self.most_bytes, now);
    }

    pub(super) fn clear(&self) {
        *self.write() = Rows::default();
    }

    /// Rows and bytes.
    pub(super) fn size(&self) -> (u64, u64) {
        let rows = self.read();
        (rows.scopes.values().map(|scope| scope.rows.len() as u64).sum(), rows.bytes as u64)
    }
}

impl Rows {
    /// Takes away what is out of time at the old end, and the oldest beyond the bounds.
    fn make_room(&mut self, most: usize, most_bytes: usize, now: Instant) {
        while let Some((scope, serial)) = self.order.front().copied() {
            let row = self.scopes.get(&scope).and_then(|s| s.rows.get(s.at(serial)?));
            let gone = row.is_none_or(|row| row.ends <= now);
            if !gone && self.order.len() <= most && self.bytes <= most_bytes {
                return;
            }
            self.order.pop_front();
            self.remove(&scope, serial);
        }
    }

    fn remove(&mut self, key: &Key, serial: u64) {
        let Some(scope) = self.scopes.get_mut(key) else { return };
        let Some(at) = scope.at(serial) else { return };
        self.bytes -= scope.rows.swap_remove(at).weight;
        scope.sketches.swap_remove(at);
        scope.scales.swap_remove(at);
        scope.marks.swap_remove(at);
        scope.serials.swap_remove(at);
        if scope.rows.is_empty() {
            self.scopes.remove(key);
        }
    }
}

impl Scope {
    /// The row that came so.
    fn at(&self, serial: u64) -> Option<usize> {
        self.serials.iter().position(|other| *other == serial)
    }

    /// The serial of the row of the very same ask.
    fn same(&self, mark: u64, facts: &Facts) -> Option<u64> {
        let marked = self.marks.iter().enumerate().filter(|(_, other)| **other == mark);
        let mut same = marked.filter(|(at, _)| self.rows.get(*at).is_some_and(|row| row.facts == *facts));
        same.next().and_then(|(at, _)| self.serials.get(at).copied())
    }

    /// Rows at least as near as the threshold, the nearest first: told by sketches, then by the vectors themselves.
    fn near(&self, vector: &[f32], threshold: f32) -> Vec<(&Row, f32)> {
        let wanted = sketch(vector);
        let (wide, least) = (wanted.wide(), threshold - SLACK);
        let mut close: Vec<(f32, usize)> = Vec::new();
        for (at, (bytes, scale)) in self.sketches.iter().zip(&self.scales).enumerate() {
            let about = product(bytes, &wide) as f32 * wanted.scale * scale;
            if about >= least {
                close.push((about, at));
            }
        }
        close.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let rows = close.into_iter().take(CLOSE).filter_map(|(_, at)| self.rows.get(at));
        let mut near: Vec<(&Row, f32)> = rows
            .filter(|row| row.vector.len() == vector.len())
            .map(|row| (row, row.vector.iter().zip(vector).map(|(x, y)| x * y).sum::<f32>()))
            .filter(|(_, cosine)| *cosine >= threshold)
            .collect();
        near.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
        near
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexical;
    use super::*;
    use crate::wire::{Object, RouteInfo};

    const SCOPE: Key = [1; 32];

    fn put(index: &Index, scope: Key, ask: &str, ttl_ms: u64, now: Instant) {
        let facts = Facts::of(ask);
        let kept = Kept::of_chat(
            &Object::from_iter([("ask".to_owned(), ask.into())]),
            None,
            &RouteInfo::default(),
            0,
            Duration::from_secs(1),
        );
        let vector = lexical::vector(&facts.words()).unwrap();
        index.put(scope, vector, facts, Arc::new(kept), Duration::from_millis(ttl_ms), now);
    }

    fn find(index: &Index, scope: Key, ask: &str, now: Instant) -> Option<String> {
        let facts = Facts::of(ask);
        let vector = lexical::vector(&facts.words()).unwrap();
        let wanted = Wanted { scope: &scope, vector: &vector, facts: &facts, leeway: Leeway::Near, threshold: 0.8 };
        let (kept, cosine) = index.nearest(&wanted, now)?;
        assert!(cosine >= 0.8);
        Some(kept.chat()?.body["ask"].as_str()?.to_owned())
    }

    #[test]
    fn the_right_answer_is_found_among_many_like_it() {
        let (index, now) = (Index::new(10_000, 1 << 30), Instant::now());
        for n in 0..2_000 {
            put(&index, SCOPE, &format!("What is {n} plus {}?", n + 1), 60_000, now);
        }
        assert_eq!(
            find(&index, SCOPE, "please tell me what is 77 plus 78", now).as_deref(),
            Some("What is 77 plus 78?")
        );
        assert_eq!(find(&index, SCOPE, "What is 77 plus 79?", now), None);
        assert_eq!(find(&index, [2; 32], "What is 77 plus 78?", now), None);
    }

    #[test]
    fn time_number_and_bytes_are_bounded_and_the_same_ask_gives_way() {
        let (index, now) = (Index::new(3, 1 << 20), Instant::now());
        put(&index, SCOPE, "How old is the moon?", 50, now);
        assert!(find(&index, SCOPE, "how old is the moon", now).is_some());
        let later = now + Duration::from_millis(60);
        assert!(find(&index, SCOPE, "how old is the moon", later).is_none());
        for ask in ["Who is Ada?", "Who is Bob?", "Who is Bob?", "Who is Cleo?", "Who is Dora?"] {
            put(&index, SCOPE, ask, 60_000, later);
        }
        assert_eq!(index.size().0, 3);
        assert_eq!(find(&index, SCOPE, "who is Ada", later), None);
        assert!(find(&index, SCOPE, "who is Bob", later).is_some());
        let small = Index::new(100, 3_000);
        for n in 0..20 {
            put(&small, SCOPE, &format!("Who is number {n}?"), 60_000, now);
        }
        assert!((1..20).contains(&small.size().0) && small.size().1 <= 3_000, "{:?}", small.size());
        small.clear();
        assert_eq!(small.size(), (0, 0));
    }
}
