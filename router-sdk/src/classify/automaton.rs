//! Literals in, an Aho-Corasick automaton out: every occurrence in one pass, at the same cost from the first call.

use std::collections::VecDeque;

use super::fold::head;

/// What a literal stands for and where it may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The caller's number.
    pub target: u16,
    /// Length of the literal in bytes.
    pub len: u16,
    /// The caller's rule for the byte before it.
    pub before: u8,
    /// A word must end after it.
    pub ends_word: bool,
}

#[derive(Debug, Default)]
struct Building {
    children: Vec<(u8, u32)>,
    marks: Vec<(Mark, String)>,
    fail: u32,
}

// A state is the number of a node, or with this bit that of a row of `dense`, where every byte is resolved.
const DENSE: u32 = 1 << 30;
// A state with this bit is one where something ends. Most bytes lead to none, and no more is read for them.
const HEARD: u32 = 1 << 31;
const NUMBER: u32 = DENSE - 1;

// All that a step reads stands in one line of the processor's cache.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(32))]
struct Node {
    targets: [u32; SPARSE],
    // What to try where no child fits: the next node on the fail path that has children.
    fail: u32,
    // Row of `dense`, from 1; 0 for none.
    row: u32,
    // What ends here, by its place in `ends`; 0 for nothing.
    end: u32,
    // Places without a child repeat the first one.
    keys: [u8; SPARSE],
}

impl Node {
    #[inline]
    fn child(&self, byte: u8) -> Option<u32> {
        let place = (0..SPARSE).find(|place| self.keys[*place] == byte)?;
        Some(self.targets[place]).filter(|child| *child != 0)
    }
}

// What ends at a node: marks, and what ends there by its fail path.
#[derive(Debug, Clone, Copy, Default)]
struct End {
    first: u32,
    last: u32,
    also: u32,
}

// Bytes of a literal that get nodes: so many tell nearly all apart, and the rest is compared where they stand.
const DEEPEST: usize = 13;
// A shorter rest is not worth a comparison.
const LEAST_REST: usize = 3;

// A mark, and what of its literal is compared.
#[derive(Debug, Clone, Copy)]
struct Kept {
    mark: Mark,
    from: u32,
    to: u32,
}

// Nodes with more children than this get a row with every byte resolved.
const SPARSE: usize = 3;

/// The automaton.
#[derive(Debug)]
pub(crate) struct Automaton {
    nodes: Vec<Node>,
    ends: Vec<End>,
    marks: Vec<Kept>,
    // The ends of long literals, one after the other.
    rests: Vec<u8>,
    root: Vec<u32>,
    dense: Vec<u32>,
    // What ends at the state of each row.
    dense_ends: Vec<u32>,
}

impl Automaton {
    /// Builds the automaton.
    pub fn new(literals: impl Iterator<Item = (String, Mark)>) -> Self {
        let mut trie = vec![Building::default()];
        for (text, mark) in literals {
            let mut at = 0usize;
            let deep = if text.len() >= DEEPEST + LEAST_REST { DEEPEST } else { text.len() };
            let noded = head(&text, deep);
            let rest = &text[noded.len()..];
            for byte in noded.bytes() {
                at = match trie[at].children.iter().find(|(known, _)| *known == byte) {
                    Some((_, child)) => *child as usize,
                    None => {
                        let child = trie.len();
                        trie.push(Building::default());
                        trie[at].children.push((byte, child as u32));
                        child
                    }
                };
            }
            let kept = (mark, rest.to_owned());
            if !trie[at].marks.contains(&kept) {
                trie[at].marks.push(kept);
            }
        }
        Self::link(trie)
    }

    // Shallow nodes first: what they fail to is complete by then.
    fn link(mut trie: Vec<Building>) -> Self {
        let mut out = Self {
            nodes: vec![Node::default(); trie.len()],
            ends: vec![End::default()],
            marks: Vec::new(),
            rests: Vec::new(),
            root: vec![0u32; 256],
            dense: Vec::new(),
            dense_ends: Vec::new(),
        };
        for &(byte, child) in &trie[0].children {
            out.root[usize::from(byte)] = child;
        }
        let mut queue: VecDeque<u32> = trie[0].children.iter().map(|(_, child)| *child).collect();
        while let Some(node) = queue.pop_front() {
            let Building { children, marks, fail } = std::mem::take(&mut trie[node as usize]);
            let beyond = out.nodes[fail as usize];
            let bare = beyond.row == 0 && beyond.targets == [0; SPARSE];
            let end = out.end(&marks, beyond.end);
            let slot = &mut out.nodes[node as usize];
            *slot = Node { fail: if bare { beyond.fail } else { fail }, end, ..Node::default() };
            for (place, key) in slot.keys.iter_mut().enumerate() {
                let child = children.get(place).or(children.first());
                (*key, slot.targets[place]) = child.map_or((0, 0), |(byte, child)| (*byte, *child));
            }
            for (byte, child) in &children {
                trie[*child as usize].fail = out.child(fail, *byte);
                queue.push_back(*child);
            }
            if children.len() > SPARSE {
                out.resolve(node, &children);
            }
        }
        out.number();
        out
    }

    // Node numbers become states.
    fn number(&mut self) {
        let states: Vec<u32> = (0u32..)
            .zip(&self.nodes)
            .map(|(number, node)| {
                let place = if node.row == 0 { number } else { DENSE | (node.row - 1) };
                if node.end == 0 { place } else { place | HEARD }
            })
            .collect();
        let named = self.nodes.iter_mut().flat_map(|node| node.targets.iter_mut().chain([&mut node.fail]));
        for number in named.chain(&mut self.root).chain(&mut self.dense) {
            *number = states[*number as usize];
        }
    }

    fn end(&mut self, marks: &[(Mark, String)], also: u32) -> u32 {
        if marks.is_empty() {
            return also;
        }
        let first = self.marks.len() as u32;
        for (mark, rest) in marks {
            let from = self.rests.len() as u32;
            self.rests.extend(rest.as_bytes());
            self.marks.push(Kept { mark: *mark, from, to: self.rests.len() as u32 });
        }
        self.ends.push(End { first, last: self.marks.len() as u32, also });
        (self.ends.len() - 1) as u32
    }

    // Before the nodes are numbered as states a row is found through its node.
    fn resolve(&mut self, node: u32, children: &[(u8, u32)]) {
        let Node { fail, end, .. } = self.nodes[node as usize];
        let mut row: Vec<u32> = (0..=255).map(|byte| self.child(fail, byte)).collect();
        for (byte, child) in children {
            row[usize::from(*byte)] = *child;
        }
        self.dense.extend(row);
        self.dense_ends.push(end);
        self.nodes[node as usize].row = self.dense_ends.len() as u32;
    }

    fn child(&self, mut node: u32, byte: u8) -> u32 {
        while node != 0 {
            let known = &self.nodes[node as usize];
            if known.row != 0 {
                return self.dense[(known.row as usize - 1) * 256 + usize::from(byte)];
            }
            if let Some(child) = known.child(byte) {
                return child;
            }
            node = known.fail;
        }
        self.root[usize::from(byte)]
    }

    /// Calls `found(mark, start, end)` for every occurrence of every literal.
    pub fn scan(&self, text: &[u8], mut found: impl FnMut(&Mark, usize, usize)) {
        let mut at = 0u32;
        for (position, &byte) in text.iter().enumerate() {
            at = self.next(at, byte);
            if at & HEARD == 0 {
                continue;
            }
            let number = (at & NUMBER) as usize;
            let mut end = if at & DENSE == 0 { self.nodes[number].end } else { self.dense_ends[number] };
            while end != 0 {
                let End { first, last, also } = self.ends[end as usize];
                for Kept { mark, from, to } in &self.marks[first as usize..last as usize] {
                    let rest = &self.rests[*from as usize..*to as usize];
                    if rest.is_empty() || text[position + 1..].starts_with(rest) {
                        let end = position + 1 + rest.len();
                        found(mark, end - usize::from(mark.len), end);
                    }
                }
                end = also;
            }
        }
    }

    #[inline]
    fn next(&self, mut at: u32, byte: u8) -> u32 {
        while at != 0 {
            let number = (at & NUMBER) as usize;
            if at & DENSE != 0 {
                return self.dense[number * 256 + usize::from(byte)];
            }
            let node = &self.nodes[number];
            if let Some(child) = node.child(byte) {
                return child;
            }
            at = node.fail;
        }
        self.root[usize::from(byte)]
    }

    /// How many nodes there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }
}
