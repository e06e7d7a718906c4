//! A text in, its shape out: counts of runs of like characters, from which token counts are estimated.

/// Kinds of characters that tokenizers treat alike.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind {
    Lower,
    Upper,
    Digit,
    Space,
    Newline,
    Symbol,
    Accented,
    Cyrillic,
    Arabic,
    Han,
    Hiragana,
    Katakana,
    Hangul,
    Wide,
    Letter,
    Other,
}

const KINDS: usize = 16;
/// Letters beyond these in one run are counted apart, by kind: long words are split.
const LONG: [u32; KINDS] = [5, 1, 3, 1, 1, 1, 1, 5, 4, 1, 2, 3, 2, 1, 3, 1];
/// And beyond these once more.
const VERY_LONG: [u32; KINDS] = [9, 4, 6, 8, 2, 2, 2, 9, 6, 3, 4, 5, 4, 2, 6, 2];

/// The figures that an estimate is a weighted sum of.
pub const FIGURES: usize = 48;

/// Names no figure twice: the order of `Shape::figures`.
#[derive(Debug, Clone)]
pub struct Shape {
    runs: [u32; KINDS],
    chars: [u32; KINDS],
    long: [u32; KINDS],
    very_long: [u32; KINDS],
    /// Runs of each kind by the kind of the run before them.
    after: [[u32; KINDS]; KINDS],
    /// Digits in groups of up to three.
    groups: u32,
}

const ASCII: [Kind; 128] = ascii();
/// Kinds of the two-byte and three-byte characters, one entry for 32 characters.
const BLOCKS: [Kind; 2048] = blocks();

const fn ascii() -> [Kind; 128] {
    let mut table = [Kind::Symbol; 128];
    let mut i = 0;
    while i < 128 {
        table[i] = match i as u8 {
            b'a'..=b'z' => Kind::Lower,
            b'A'..=b'Z' => Kind::Upper,
            b'0'..=b'9' => Kind::Digit,
            b' ' => Kind::Space,
            b'\n' | b'\r' | b'\t' => Kind::Newline,
            _ => Kind::Symbol,
        };
        i += 1;
    }
    table
}

const fn blocks() -> [Kind; 2048] {
    let mut table = [Kind::Letter; 2048];
    let mut i = 0;
    while i < 2048 {
        table[i] = match (i as u32) * 32 {
            0x80..=0x9f | 0x2000..=0x2bff | 0xe000..=0xf8ff | 0xfe00..=0xfe1f => Kind::Other,
            0xa0..=0x2ff | 0x1e00..=0x1eff => Kind::Accented,
            0x400..=0x52f => Kind::Cyrillic,
            0x600..=0x77f | 0xfb40..=0xfdff | 0xfe60..=0xfeff => Kind::Arabic,
            0x3040..=0x309f => Kind::Hiragana,
            0x30a0..=0x30ff => Kind::Katakana,
            0x3000..=0x303f | 0x3100..=0x33ff | 0xff00..=0xffff => Kind::Wide,
            0x3400..=0x9fff | 0xf900..=0xfaff => Kind::Han,
            0xac00..=0xd7ff => Kind::Hangul,
            _ => Kind::Letter,
        };
        i += 1;
    }
    table
}

fn kind(c: char) -> Kind {
    let code = c as usize;
    if code < 128 {
        ASCII[code]
    } else if let Some(kind) = BLOCKS.get(code >> 5) {
        *kind
    } else if (0x20000..0x32000).contains(&code) {
        Kind::Han
    } else {
        Kind::Other
    }
}

const fn is_eastern(kind: Kind) -> bool {
    matches!(kind, Kind::Han | Kind::Hiragana | Kind::Katakana)
}

impl Shape {
    /// No text at all.
    pub fn empty() -> Self {
        Self {
            runs: [0; KINDS],
            chars: [0; KINDS],
            long: [0; KINDS],
            very_long: [0; KINDS],
            after: [[0; KINDS]; KINDS],
            groups: 0,
        }
    }

    /// Adds a text.
    ///
    /// Runs are closed as they end, but for the scripts of Japanese and Chinese: these change so often that a branch on
    /// the change costs more than counting every character.
    pub fn add(&mut self, text: &str) {
        let mut before = Kind::Newline;
        let mut current = Kind::Newline;
        let mut length = 0u32;
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let kind = kind(c);
            if kind as u8 == current as u8 {
                length += 1;
                continue;
            }
            self.close(before, current, length);
            before = current;
            current = kind;
            length = 1;
            if is_eastern(kind) {
                self.close(before, kind, 1);
                let rest = chars.as_str();
                let (last, taken) = self.eastern(kind, rest.as_bytes());
                (current, length) = (last, 0);
                chars = rest[taken..].chars();
            }
        }
        self.close(before, current, length);
    }

    /// Counts on from a character of an eastern script to the first one of another; the kind of the last one and how many
    /// bytes were read come back. All of these characters have three bytes but rare ones, which stop it.
    fn eastern(&mut self, first: Kind, bytes: &[u8]) -> (Kind, usize) {
        let (mut last, mut length) = (first, 1u32);
        let mut rest = bytes;
        while let [a @ 0xe3..=0xe9, b, c, more @ ..] = rest {
            let block = usize::from(a & 0xf) << 7 | usize::from(b & 0x3f) << 1 | usize::from(c >> 5 & 1);
            let kind = BLOCKS[block];
            if !is_eastern(kind) {
                break;
            }
            let (same, at) = (kind as u8 == last as u8, kind as usize);
            length = if same { length + 1 } else { 1 };
            self.runs[at] += u32::from(!same);
            self.chars[at] += 1;
            self.very_long[at] += u32::from(length > VERY_LONG[at]);
            last = kind;
            rest = more;
        }
        (last, bytes.len() - rest.len())
    }

    #[inline(always)]
    fn close(&mut self, before: Kind, kind: Kind, length: u32) {
        let at = kind as usize;
        if length == 0 {
            return;
        }
        self.runs[at] += 1;
        self.chars[at] += length;
        self.long[at] += length.saturating_sub(LONG[at]);
        self.very_long[at] += length.saturating_sub(VERY_LONG[at]);
        self.after[before as usize][at] += 1;
        if let Kind::Digit = kind {
            self.groups += length.div_ceil(3);
        }
    }

    /// The figures, in the order of the weights.
    pub fn figures(&self) -> [f32; FIGURES] {
        use Kind::*;
        let after = |before: &[Kind], kind: Kind| before.iter().map(|b| self.after[*b as usize][kind as usize]).sum();
        let (runs, chars) = (|k: Kind| self.runs[k as usize], |k: Kind| self.chars[k as usize]);
        let (long, longer) = (|k: Kind| self.long[k as usize], |k: Kind| self.very_long[k as usize]);
        let gap = [Space, Newline];
        let counts: [u32; FIGURES] = [
            after(&gap, Lower),
            after(&[Upper], Lower),
            after(&[Symbol, Digit], Lower),
            long(Lower),
            longer(Lower),
            after(&[Space, Newline, Symbol, Digit], Upper),
            after(&[Lower], Upper),
            long(Upper),
            longer(Upper),
            self.groups,
            chars(Digit),
            after(&[Space], Digit),
            after(&[Lower, Upper], Digit),
            runs(Symbol),
            long(Symbol),
            longer(Symbol),
            after(&[Space], Symbol),
            after(&[Lower, Upper], Symbol),
            runs(Newline),
            long(Newline),
            after(&[Newline], Space),
            longer(Space),
            after(&[Symbol], Newline),
            runs(Accented),
            long(Accented),
            runs(Cyrillic),
            long(Cyrillic),
            longer(Cyrillic),
            chars(Cyrillic),
            runs(Arabic),
            long(Arabic),
            longer(Arabic),
            chars(Arabic),
            runs(Han),
            chars(Han),
            longer(Han),
            runs(Hiragana),
            chars(Hiragana),
            longer(Hiragana),
            runs(Katakana),
            chars(Katakana),
            longer(Katakana),
            runs(Hangul),
            chars(Hangul),
            chars(Wide),
            runs(Letter),
            chars(Letter),
            chars(Other),
        ];
        counts.map(|count| count as f32)
    }
}
