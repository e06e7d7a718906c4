//! The text of an ask in, its shape and its counts out: bytes only, so that every language is counted alike.

/// What an ask looks like: each shape has weights of its own, since other things make it hard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Answers to choose from.
    Choices,
    /// A story with numbers in it that ends in a question or is to be worked out.
    Story,
    /// Everything else.
    Other,
}

impl Shape {
    /// Number of shapes.
    pub const COUNT: usize = 3;

    /// Its place in tables.
    pub const fn index(self) -> usize {
        match self {
            Self::Choices => 0,
            Self::Story => 1,
            Self::Other => 2,
        }
    }
}

/// Counts over an ask. Options that stand at its end are counted apart from what they answer.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    /// Letters and signs, where a sign counts for as many letters of English as it takes to say the same.
    pub signs: usize,
    pub lines: usize,
    pub sentences: usize,
    pub questions: usize,
    pub commas: usize,
    pub brackets: usize,
    pub operators: usize,
    /// Backslashes.
    pub latex: usize,
    /// Dollar signs.
    pub money: usize,
    pub upper: usize,
    pub wide: usize,
    pub numbers: usize,
    pub decimals: usize,
    /// Digits of the longest number.
    pub digits: usize,
    /// Percent signs.
    pub shares: usize,
    /// Lines that are answers to choose from.
    pub options: usize,
    /// Bytes from the first of them on.
    pub option_bytes: usize,
}

impl Counts {
    /// Counts `text`.
    pub fn of(text: &str) -> Self {
        let (options, start) = options(text.as_bytes());
        let mut count = Self { options, option_bytes: text.len() - start, ..Self::default() };
        let bytes = &text.as_bytes()[..start];
        let mut weight = 0;
        let mut run = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            // Most bytes are letters and blanks, of which there is nothing more to say.
            match CLASSES[usize::from(byte)] {
                Class::Plain => weight += LETTER,
                Class::Inside => continue,
                Class::Digit => {
                    weight += LETTER;
                    run += 1;
                    count.numbers += usize::from(run == 1);
                    count.digits = count.digits.max(run);
                    continue;
                }
                Class::Upper => {
                    weight += LETTER;
                    count.upper += 1;
                }
                Class::Sign => {
                    weight += LETTER;
                    count.narrow(byte, bytes.get(at + 1), run > 0);
                }
                Class::Lead => {
                    let rest = &bytes[at + 1..];
                    weight += weight_of(byte, rest);
                    count.broad(byte, rest);
                }
            }
            run = 0;
        }
        count.signs = weight / LETTER;
        count
    }

    /// The shape that these counts have. `material` says that code stands beside the ask, `figures` that something is
    /// to be worked out: then numbers may be words, and no question has to be put.
    pub fn shape(&self, material: bool, figures: bool) -> Shape {
        let asks = figures && self.numbers + self.questions >= 1 && self.operators == 0
            || self.numbers >= 1 && self.questions >= 1;
        if self.options >= 2 {
            Shape::Choices
        } else if !material && self.latex == 0 && asks && self.sentences >= 2 {
            Shape::Story
        } else {
            Shape::Other
        }
    }

    fn narrow(&mut self, byte: u8, next: Option<&u8>, after_digit: bool) {
        match byte {
            b'\n' => self.lines += 1,
            b'.' if after_digit && next.is_some_and(u8::is_ascii_digit) => self.decimals += 1,
            b'.' | b'!' => self.sentences += usize::from(next.is_none_or(u8::is_ascii_whitespace)),
            b'?' => {
                self.sentences += 1;
                self.questions += 1;
            }
            b',' | b';' => self.commas += 1,
            b'(' | b'[' | b'{' => self.brackets += 1,
            b'=' | b'+' | b'*' | b'/' | b'^' | b'<' | b'>' => self.operators += 1,
            b'\\' => self.latex += 1,
            b'$' => self.money += 1,
            b'%' => self.shares += 1,
            _ => {}
        }
    }

    fn broad(&mut self, lead: u8, rest: &[u8]) {
        self.wide += 1;
        match (lead, rest) {
            // 、 and ，
            (0xE3, [0x80, 0x81, ..]) | (0xEF, [0xBC, 0x8C, ..]) | (0xD8, [0x8C, ..]) => self.commas += 1,
            // 。 ！ and the danda
            (0xE3, [0x80, 0x82, ..]) | (0xEF, [0xBC, 0x81, ..]) | (0xE0, [0xA5, 0xA4, ..]) => self.sentences += 1,
            // ？ and ؟
            (0xEF, [0xBC, 0x9F, ..]) | (0xD8, [0x9F, ..]) => {
                self.sentences += 1;
                self.questions += 1;
            }
            _ => {}
        }
    }
}

// What a byte may be worth counting for.
#[derive(Clone, Copy)]
enum Class {
    Plain,
    Digit,
    Upper,
    Sign,
    // The first byte of a character outside ASCII, and those after it.
    Lead,
    Inside,
}

const CLASSES: [Class; 256] = classes();

const fn classes() -> [Class; 256] {
    let mut table = [Class::Plain; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'0'..=b'9' => Class::Digit,
            b'A'..=b'Z' => Class::Upper,
            b'a'..=b'z' | b' ' => Class::Plain,
            0..=127 => Class::Sign,
            0x80..=0xBF => Class::Inside,
            0xC0..=0xFF => Class::Lead,
        };
        byte += 1;
    }
    table
}

// What one character says, in tenths of a letter of English: the same text has about so many fewer signs in scripts
// whose signs are syllables or words, or that leave vowels out.
const LETTER: usize = 10;

const fn weight_of(lead: u8, rest: &[u8]) -> usize {
    match (lead, rest) {
        // The punctuation of the east; kana; Han; Hangul.
        (0xE3, [0x80, ..]) => LETTER,
        (0xE3, [0x81..=0x83, ..]) => 18,
        (0xE3..=0xE9, _) => 30,
        (0xEA..=0xED, _) => 20,
        // Arabic and Hebrew.
        (0xD8..=0xDB, _) => 11,
        (0xD6 | 0xD7, _) => 13,
        _ => LETTER,
    }
}

// How many lines are options, and where the first starts: the end of the text where there are fewer than two.
fn options(text: &[u8]) -> (usize, usize) {
    let (mut count, mut first) = (0, text.len());
    for at in text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1) {
        if option(&text[at..]) {
            if count == 0 {
                first = at;
            }
            count += 1;
        }
    }
    if count >= 2 { (count, first) } else { (count, text.len()) }
}

// `A. `, `(b) `, `C) ` at the start of a line.
fn option(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"(").unwrap_or(line);
    matches!(line, [b'A'..=b'J' | b'a'..=b'j', b'.' | b')' | b':', b' ', ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_to_choose_from_are_counted_apart_from_the_question() {
        let text = "Which gas, by share, leads?\nA. Oxygen, of course\nB. Argon\nC. Nitrogen";
        let count = Counts::of(text);
        assert_eq!((count.options, count.commas, count.questions), (3, 2, 1));
        assert_eq!(count.shape(false, false), Shape::Choices);
        assert!(text[text.len() - count.option_bytes..].starts_with("A."));
        // One such line is a list of one, or an initial.
        assert_eq!(Counts::of("Who wrote it?\nA. Smith").options, 1);
        assert_eq!(Counts::of("Who wrote it?\nA. Smith").option_bytes, 0);
    }

    #[test]
    fn a_story_has_numbers_and_ends_in_a_question() {
        let story = "Mia has 3 boxes of 2.5 kg. How much do they weigh?";
        let count = Counts::of(story);
        assert_eq!((count.numbers, count.decimals, count.digits), (3, 1, 1));
        assert_eq!(count.shape(false, false), Shape::Story);
        assert_eq!(count.shape(true, false), Shape::Other);
        assert_eq!(Counts::of("How are you?").shape(false, false), Shape::Other);
    }

    #[test]
    fn scripts_without_blanks_weigh_what_they_say() {
        let count = Counts::of("東京、大阪。どこ？");
        assert_eq!((count.commas, count.sentences, count.questions), (1, 2, 1));
        assert_eq!(count.signs, 4 * 3 + 3 + 2 * 18 / 10);
        assert_eq!((Counts::of("Привет").signs, Counts::of("안녕하세요").signs), (6, 10));
        assert_eq!(Counts::of("كم، متى؟").questions, 1);
    }
}
