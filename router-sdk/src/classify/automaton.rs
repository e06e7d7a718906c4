//! Literals in, an Aho-Corasick automaton out: every occurrence in one pass, at the same cost from the first call.

use std::collections::VecDeque;

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
    marks: Vec<Mark>,
    fail: u32,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    first: u32,
    fail: u32,
    marks: u32,
    // The next node on the fail path that has marks; 0 for none.
    also: u32,
    children: u16,
    mark_count: u16,
    // Row of `dense`, from 1; 0 for none.
    dense: u32,
}

// Nodes with more children than this get a row with every byte resolved.
const SPARSE: usize = 3;

/// The automaton.
#[derive(Debug)]
pub(crate) struct Automaton {
    nodes: Vec<Node>,
    bytes: Vec<u8>,
    targets: Vec<u32>,
    marks: Vec<Mark>,
    root: Vec<u32>,
    dense: Vec<u32>,
}

impl Automaton {
    /// Builds the automaton.
    pub fn new(literals: impl Iterator<Item = (String, Mark)>) -> Self {
        let mut trie = vec![Building::default()];
        for (text, mark) in literals {
            let mut at = 0usize;
            for byte in text.bytes() {
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
            if !trie[at].marks.contains(&mark) {
                trie[at].marks.push(mark);
            }
        }
        Self::link(trie)
    }

    fn link(mut trie: Vec<Building>) -> Self {
        let mut root = vec![0u32; 256];
        for &(byte, child) in &trie[0].children {
            root[usize::from(byte)] = child;
        }
        let mut also = vec![0u32; trie.len()];
        let mut order = Vec::with_capacity(trie.len());
        let mut queue: VecDeque<u32> = trie[0].children.iter().map(|(_, child)| *child).collect();
        while let Some(node) = queue.pop_front() {
            order.push(node);
            let fail = trie[node as usize].fail as usize;
            also[node as usize] = if trie[fail].marks.is_empty() { also[fail] } else { fail as u32 };
            for (byte, child) in trie[node as usize].children.clone() {
                let mut at = trie[node as usize].fail;
                trie[child as usize].fail = loop {
                    let step = trie[at as usize].children.iter().find(|(known, _)| *known == byte);
                    match step {
                        Some((_, next)) => break *next,
                        None if at == 0 => break 0,
                        None => at = trie[at as usize].fail,
                    }
                };
                queue.push_back(child);
            }
        }
        let mut out = Self {
            nodes: Vec::new(),
            bytes: Vec::new(),
            targets: Vec::new(),
            marks: Vec::new(),
            root,
            dense: Vec::new(),
        };
        for (at, node) in trie.into_iter().enumerate() {
            out.nodes.push(Node {
                first: out.bytes.len() as u32,
                fail: node.fail,
                marks: out.marks.len() as u32,
                also: also[at],
                children: node.children.len() as u16,
                mark_count: node.marks.len() as u16,
                dense: 0,
            });
            out.bytes.extend(node.children.iter().map(|(byte, _)| *byte));
            out.targets.extend(node.children.iter().map(|(_, child)| *child));
            out.marks.extend(node.marks);
        }
        // Shallow nodes first: what they fail to is resolved by then.
        for node in order {
            if usize::from(out.nodes[node as usize].children) > SPARSE {
                let row: Vec<u32> = (0..=255).map(|byte| out.next(node, byte)).collect();
                out.dense.extend(row);
                out.nodes[node as usize].dense = (out.dense.len() / 256) as u32;
            }
        }
        out
    }

    /// Calls `found(mark, start, end)` for every occurrence of every literal.
    pub fn scan(&self, text: &[u8], mut found: impl FnMut(&Mark, usize, usize)) {
        let mut at = 0u32;
        for (position, &byte) in text.iter().enumerate() {
            at = self.next(at, byte);
            let mut node = at;
            while node != 0 {
                let Node { marks, mark_count, also, .. } = self.nodes[node as usize];
                for mark in &self.marks[marks as usize..marks as usize + usize::from(mark_count)] {
                    found(mark, position + 1 - usize::from(mark.len), position + 1);
                }
                node = also;
            }
        }
    }

    fn next(&self, mut at: u32, byte: u8) -> u32 {
        while at != 0 {
            let node = &self.nodes[at as usize];
            if node.dense != 0 {
                return self.dense[(node.dense as usize - 1) * 256 + usize::from(byte)];
            }
            let from = node.first as usize;
            let to = from + usize::from(node.children);
            if let Some(nth) = self.bytes[from..to].iter().position(|known| *known == byte) {
                return self.targets[from + nth];
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
