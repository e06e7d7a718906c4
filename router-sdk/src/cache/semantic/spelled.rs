//! A text in, its pieces as they are spelled out: nothing is folded but forms of the same sign.

use super::tokens::{is_alone, narrow};

/// A word, a piece of code, one character of a script without blanks, or a mark between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    /// It opens a sentence, where a capital says nothing.
    pub(super) first: bool,
    /// A mark of punctuation.
    pub(super) mark: bool,
}

impl Piece {
    /// A word inside a sentence.
    pub(super) fn word(text: &str) -> Self {
        Self { text: text.to_owned(), first: false, mark: false }
    }

    /// In lower case.
    pub(super) fn folded(&self) -> String {
        self.text.to_lowercase()
    }

    /// One of these marks.
    pub(super) fn is_one_of(&self, marks: &[&str]) -> bool {
        self.mark && marks.contains(&self.text.as_str())
    }
}

/// Marks that end a sentence.
pub(super) const ENDS: [&str; 4] = [".", "!", "?", "…"];

/// Reads a text. Marks at the edges of a word stand for themselves, all other signs belong to it: flags, brackets, quotes.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for (at, line) in text.trim().lines().enumerate() {
        if at > 0 {
            out.push(Piece { text: "\n".into(), first: false, mark: true });
        }
        for chunk in line.split_whitespace() {
            let chars: Vec<char> = chunk.chars().map(plain).collect();
            read(&chars, &mut out);
        }
    }
    let mut opens = true;
    for piece in &mut out {
        piece.first = opens && !piece.mark;
        opens = if piece.mark { opens || ENDS.contains(&piece.text.as_str()) } else { false };
    }
    out
}

/// Marks of other scripts as those of this one.
fn plain(c: char) -> char {
    match narrow(c) {
        '。' | '｡' => '.',
        '、' | '،' => ',',
        '؟' => '?',
        '؛' => ';',
        c => c,
    }
}

fn read(chars: &[char], out: &mut Vec<Piece>) {
    let start = chars.iter().take_while(|c| matches!(c, '¿' | '¡')).count();
    let rest = chars.get(start..).unwrap_or_default();
    let end = rest.len() - rest.iter().rev().take_while(|c| ",.;:?!…".contains(**c)).count();
    let (body, marks) = rest.split_at_checked(end).unwrap_or_default();
    if body.is_empty() {
        return alone(marks, out);
    }
    // Where no blanks stand between words, each character is one, and so are the marks beside it.
    let near_alone = |at: usize| {
        let beside = [at.checked_sub(1), Some(at + 1)].into_iter().flatten();
        beside.filter_map(|at| body.get(at)).any(|c| is_alone(*c))
    };
    let mut word = String::new();
    for (at, c) in body.iter().enumerate() {
        let mark = ",.;:?!".contains(*c) && near_alone(at);
        if mark || is_alone(*c) {
            push(&mut word, false, out);
            word.push(*c);
            push(&mut word, mark, out);
        } else {
            word.push(*c);
        }
    }
    push(&mut word, false, out);
    // 5! is another number than 5, and f! another name than f.
    let meant = marks.first() == Some(&'!') && body.len() == 1
        || matches!((body.last(), marks.first()), (Some(c), Some('!')) if !c.is_alphabetic());
    if meant {
        let last = out.last_mut().filter(|piece| !piece.mark);
        last.into_iter().for_each(|piece| piece.text.extend(marks));
        return;
    }
    // Of several ends the first counts: ?? says what ? says.
    if let Some(mark) = marks.first() {
        let mark = if marks.contains(&'?') { '?' } else { *mark };
        out.push(Piece { text: mark.to_string(), first: false, mark: true });
    }
}

fn push(word: &mut String, mark: bool, out: &mut Vec<Piece>) {
    if !word.is_empty() {
        out.push(Piece { text: std::mem::take(word), first: false, mark });
    }
}

/// A chunk of marks alone: a mark that stands off its word, or a sign that is spoken of.
fn alone(marks: &[char], out: &mut Vec<Piece>) {
    let text: String = marks.iter().collect();
    let mark = !text.is_empty() && marks.iter().all(|c| "?:;".contains(*c)) || text == "!";
    if !text.is_empty() {
        out.push(Piece { text, first: false, mark });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let show = |p: Piece| match (p.mark, p.first) {
            (true, _) => format!("<{}>", p.text.replace('\n', "n")),
            (false, true) => format!("^{}", p.text),
            (false, false) => p.text,
        };
        pieces(text).into_iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn marks_at_the_edges_stand_alone_and_signs_belong_to_their_words() {
        assert_eq!(read("Hi, what does grep -L do??"), "^Hi <,> what does grep -L do <?>");
        assert_eq!(read("Read .docx, a[i] and “so”. Then go!"), "^Read .docx <,> a[i] and \"so\" <.> ^Then go <!>");
        assert_eq!(read("what is 5!"), "^what is 5!");
        assert_eq!(read("¿Qué es 3.14? ls ."), "^Qué es 3.14 <?> ^ls .");
        assert_eq!(read("Quelle heure ?"), "^Quelle heure <?>");
        assert_eq!(read("fix:\nx = 1"), "^fix <:> <n> x = 1");
    }

    #[test]
    fn scripts_without_blanks_are_read_by_their_characters() {
        assert_eq!(read("Python怎么读取 JSON文件？"), read("Python 怎么读取JSON 文件?"));
        assert_eq!(read("リストをソート。"), "^リスト を ソート <.>");
        assert_eq!(read("请问，海"), "^请 问 <,> 海");
    }
}
