//! Literals in, a trie out: every occurrence that starts where a word, a sign or a letter outside ASCII does, in one pass.
//!
//! Inside a word of ASCII nothing starts, so most bytes of most texts are only stepped over.

use super::fold::head;

/// What a literal stands for and where it may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The caller's number.
    pub target: u16,
    /// The caller's rule for the byte before it.
    pub before: u8,
    /// A word must end after it.
    pub ends_word: bool,
}

#[derive(Debug, Default)]
struct Building {
    children: Vec<(u8, u32)>,
    marks: Vec<(Mark, String)>,
}

// A state is the number of a node, or with this bit that of a row of `dense`, where every byte is resolved.
const DENSE: u32 = 1 << 30;
// A state with this bit is one where something ends. Most bytes lead to none, and no more is read for them.
const HEARD: u32 = 1 << 31;
const NUMBER: u32 = DENSE - 1;

// Nodes with more children than this get a row with every byte resolved.
const SPARSE: usize = 5;

// All that a step reads stands in one line of the processor's cache.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(32))]
struct Node {
    targets: [u32; SPARSE],
    // The first of the marks that end here, and how many there are.
    marks: u32,
    // Places without a child repeat the first one.
    keys: [u8; SPARSE],
}

impl Node {
    #[inline]
    fn child(&self, byte: u8) -> u32 {
        (0..SPARSE).find(|place| self.keys[*place] == byte).map_or(0, |place| self.targets[place])
    }
}

// Bytes of a literal that get nodes: so many tell nearly all apart, and the rest is compared where they stand.
const DEEPEST: usize = 13;
// A shorter rest is not worth a comparison.
const LEAST_REST: usize = 3;

// Marks of one node.
const MOST_MARKS: usize = 0xFF;

// A mark, and what of its literal is compared.
#[derive(Debug, Clone, Copy)]
struct Kept {
    mark: Mark,
    from: u32,
    to: u32,
}

/// The trie.
#[derive(Debug)]
pub(crate) struct Automaton {
    nodes: Vec<Node>,
    marks: Vec<Kept>,
    // The ends of long literals, one after the other.
    rests: Vec<u8>,
    root: Vec<u32>,
    dense: Vec<u32>,
    // The marks of each row, as those of a node.
    dense_marks: Vec<u32>,
}

impl Automaton {
    /// Builds the trie.
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
        Self::link(&trie)
    }

    fn link(trie: &[Building]) -> Self {
        let mut out = Self {
            nodes: vec![Node::default(); trie.len()],
            marks: Vec::new(),
            rests: Vec::new(),
            root: vec![0; 256],
            dense: Vec::new(),
            dense_marks: Vec::new(),
        };
        let mut rows = 0;
        let states: Vec<u32> = (0u32..)
            .zip(trie)
            .map(|(number, node)| {
                let heard = if node.marks.is_empty() { 0 } else { HEARD };
                if node.children.len() <= SPARSE || number == 0 {
                    return number | heard;
                }
                rows += 1;
                (rows - 1) | DENSE | heard
            })
            .collect();
        for (slot, (node, state)) in trie.iter().zip(&states).enumerate() {
            let marks = out.keep(&node.marks);
            if slot == 0 {
                node.children.iter().for_each(|(byte, child)| out.root[usize::from(*byte)] = states[*child as usize]);
            } else if state & DENSE != 0 {
                let mut row = [0; 256];
                node.children.iter().for_each(|(byte, child)| row[usize::from(*byte)] = states[*child as usize]);
                out.dense.extend(row);
                out.dense_marks.push(marks);
            } else {
                let known = &mut out.nodes[slot];
                known.marks = marks;
                for place in 0..SPARSE {
                    let child = node.children.get(place).or(node.children.first());
                    (known.keys[place], known.targets[place]) =
                        child.map_or((0, 0), |(byte, child)| (*byte, states[*child as usize]));
                }
            }
        }
        out
    }

    fn keep(&mut self, marks: &[(Mark, String)]) -> u32 {
        let first = self.marks.len();
        for (mark, rest) in marks.iter().take(MOST_MARKS) {
            let from = self.rests.len() as u32;
            self.rests.extend(rest.as_bytes());
            self.marks.push(Kept { mark: *mark, from, to: self.rests.len() as u32 });
        }
        ((first << 8) | (self.marks.len() - first)) as u32
    }

    /// Calls `found(mark, start, end)` for every literal that stands where something may start.
    pub fn scan(&self, text: &[u8], mut found: impl FnMut(&Mark, usize, usize)) {
        let mut before = SIGN;
        for (start, &byte) in text.iter().enumerate() {
            let class = CLASSES[usize::from(byte)];
            if std::mem::replace(&mut before, class) != class || class == SIGN {
                self.walk(text, start, byte, &mut found);
            }
        }
    }

    #[inline]
    fn walk(&self, text: &[u8], start: usize, first: u8, found: &mut impl FnMut(&Mark, usize, usize)) {
        let mut at = self.root[usize::from(first)];
        let mut end = start + 1;
        while at != 0 {
            if at & HEARD != 0 {
                self.hear(at, text, end, |mark, end| found(mark, start, end));
            }
            let Some(&byte) = text.get(end) else { return };
            let number = (at & NUMBER) as usize;
            at = if at & DENSE == 0 {
                self.nodes[number].child(byte)
            } else {
                self.dense[number * 256 + usize::from(byte)]
            };
            end += 1;
        }
    }

    fn hear(&self, at: u32, text: &[u8], end: usize, mut found: impl FnMut(&Mark, usize)) {
        let number = (at & NUMBER) as usize;
        let marks = if at & DENSE == 0 { self.nodes[number].marks } else { self.dense_marks[number] };
        let (first, count) = ((marks >> 8) as usize, (marks & 0xFF) as usize);
        for Kept { mark, from, to } in &self.marks[first..first + count] {
            let rest = &self.rests[*from as usize..*to as usize];
            if rest.is_empty() || text[end..].starts_with(rest) {
                found(mark, end + rest.len());
            }
        }
    }

    /// How many nodes there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }
}

/// True for the bytes of a word of ASCII.
pub(crate) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

const SIGN: u8 = 0;
const LETTER: u8 = 1;
const DIGIT: u8 = 2;

// In `3x` something starts with the letter.
const CLASSES: [u8; 256] = {
    let mut table = [SIGN; 256];
    let mut byte = 0;
    while byte < 256 {
        let known = byte as u8;
        table[byte] = if known.is_ascii_digit() {
            DIGIT
        } else if is_word(known) {
            LETTER
        } else {
            SIGN
        };
        byte += 1;
    }
    table
};
