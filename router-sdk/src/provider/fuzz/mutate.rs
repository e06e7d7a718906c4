//! Bytes and dice in; the bytes damaged in one of the ways that bytes get damaged, out.

/// A small generator: the same seed, the same damage.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }

    /// Any bytes, or bytes that look like events.
    pub(super) fn bytes(&mut self, most: usize) -> Vec<u8> {
        let len = self.below(most);
        let words: [&[u8]; 12] =
            [b"data:", b"\n", b"\r\n", b"{", b"}", b"[", b"]", b"\"", b":", b"event: error", b"null", b"\"choices\""];
        let mut out = Vec::new();
        while out.len() < len {
            match self.below(3) {
                0 => out.push(self.below(256) as u8),
                _ => out.extend_from_slice(words[self.below(words.len())]),
            }
        }
        out
    }
}

/// One damage.
pub(super) fn mutated(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    if bytes.is_empty() {
        return vec![b'{'];
    }
    let (a, b) = (dice.below(bytes.len()), dice.below(bytes.len()));
    let (from, to) = (a.min(b), a.max(b));
    let mut out = bytes.to_vec();
    match dice.below(9) {
        0 => out[a] ^= 1 << dice.below(8),
        1 => drop(out.drain(from..to)),
        2 => {
            let piece = out[from..to].to_vec();
            out.splice(from..from, piece);
        }
        3 => out.truncate(a),
        4 => out[a] = dice.below(256) as u8,
        5 => reordered(&mut out, dice),
        6 => replaced_number(&mut out, dice),
        7 => {
            let nest = [b"[".repeat(300), b"{\"a\":".repeat(300)];
            out.splice(a..a, nest[dice.below(2)].clone());
        }
        _ => {
            let words: [&[u8]; 8] = [b"null", b"-1", b"\"\"", b"{}", b"[]", b"1e999", b"\xff\xfe", b"\"\\ud800\""];
            out.splice(a..a, words[dice.below(words.len())].to_vec());
        }
    }
    out.truncate(64 * 1024);
    out
}

/// Two events change places.
fn reordered(out: &mut Vec<u8>, dice: &mut Dice) {
    let text = String::from_utf8_lossy(out).replace("\r\n", "\n");
    let mut events: Vec<&str> = text.split("\n\n").collect();
    let (a, b) = (dice.below(events.len()), dice.below(events.len()));
    events.swap(a, b);
    *out = events.join("\n\n").into_bytes();
}

fn replaced_number(out: &mut Vec<u8>, dice: &mut Dice) {
    let digits: Vec<usize> = (0..out.len()).filter(|at| out[*at].is_ascii_digit()).collect();
    if digits.is_empty() {
        return;
    }
    let at = digits[dice.below(digits.len())];
    let numbers: [&[u8]; 7] = [
        b"18446744073709551615",
        b"-9223372036854775808",
        b"1e308",
        b"99999999999999999999999",
        b"0.5",
        b"-0",
        b"4294967296",
    ];
    out.splice(at..=at, numbers[dice.below(numbers.len())].to_vec());
}

/// Input that is extreme rather than broken.
pub(super) fn extremes() -> Vec<Vec<u8>> {
    let long = "x".repeat(40_000);
    vec![
        b"[".repeat(20_000),
        b"{\"a\":".repeat(20_000),
        format!("[{}1]", "1,".repeat(20_000)).into_bytes(),
        format!("{{{}\"z\":1}}", "\"a\":1,".repeat(5_000)).into_bytes(),
        format!("{{\"choices\":[{}{{}}]}}", "{},".repeat(5_000)).into_bytes(),
        format!("{{\"choices\":[{{\"index\":18446744073709551615,\"delta\":{{\"content\":\"{long}\"}}}}]}}")
            .into_bytes(),
        format!("{{\"type\":\"content_block_start\",\"index\":4294967295,\"content_block\":{{\"type\":\"{long}\"}}}}")
            .into_bytes(),
        format!("{{\"candidates\":[{}{{\"index\":-3}}]}}", "{\"index\":99999999999},".repeat(2_000)).into_bytes(),
        format!("{{\"id\":\"{long}\",\"error\":{{\"message\":\"{long}\"}}}}").into_bytes(),
        b"\r\n".repeat(20_000),
        b"data\n".repeat(10_000),
        format!(":{long}").into_bytes(),
        b"event: a\n".repeat(5_000),
    ]
}
