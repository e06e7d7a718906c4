//! Words in, the same ask without what changes nothing of it out: articles, politeness, the frames of a question.

use super::phrases::table;
use super::tokens::Token;
use super::tongue::Tongue;

/// The words that make the ask what it is, in their order.
pub(super) fn normal(tokens: &[Token], tongue: Option<Tongue>) -> Vec<String> {
    let Some(tongue) = tongue else { return tokens.iter().map(|t| t.text.clone()).collect() };
    let table = table(tongue);
    let fillers: Vec<&str> = table.anywhere.split(' ').collect();
    let kept = tokens.iter().filter(|t| !fillers.contains(&t.text.as_str()));
    let mut words: Vec<String> = kept.map(|t| if t.name { t.text.clone() } else { stem(&t.text, tongue) }).collect();
    let steps = |phrase: &str| -> Vec<String> {
        if matches!(tongue, Tongue::Chinese | Tongue::Japanese) {
            return phrase.chars().map(String::from).collect();
        }
        phrase.split(' ').filter(|w| !fillers.contains(w)).map(|w| stem(w, tongue)).collect()
    };
    // Several may follow each other: "hello, could you please tell me".
    while let Some(phrase) = table.opening.iter().map(|p| steps(p)).find(|p| !p.is_empty() && words.starts_with(p)) {
        words.drain(..phrase.len());
    }
    let same = table.same.iter().map(|(from, to)| (steps(from), steps(to)));
    let found = same.filter_map(|(from, to)| Some((place(&words, &from)?, from.len(), to)));
    if let Some((at, length, to)) = found.max_by_key(|(_, length, _)| *length) {
        words.splice(at..at + length, to);
    }
    while let Some(phrase) = table.closing.iter().map(|p| steps(p)).find(|p| !p.is_empty() && words.ends_with(p)) {
        words.truncate(words.len() - phrase.len());
    }
    // Nothing but a frame is an ask of its own.
    if words.is_empty() { tokens.iter().map(|t| t.text.clone()).collect() } else { words }
}

/// Where these words stand.
fn place(words: &[String], phrase: &[String]) -> Option<usize> {
    words.windows(phrase.len().max(1)).position(|window| window == phrase)
}

/// Words whose last s is no plural.
const NO_PLURALS: [&str; 14] = [
    "news", "goods", "customs", "means", "arms", "glasses", "series", "species", "does", "sales", "always", "perhaps",
    "savings", "earnings",
];

/// One form for one and many, where that is as plain as an s at the end.
fn stem(word: &str, tongue: Tongue) -> String {
    let plain = word.len() > 3 && word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    let has = matches!(tongue, Tongue::English | Tongue::Spanish | Tongue::French | Tongue::Portuguese);
    if !(plain && has) || NO_PLURALS.contains(&word) || word.chars().any(|c| c.is_ascii_digit()) {
        return word.to_owned();
    }
    let cut = |end: usize| word[..word.len() - end].to_owned();
    if tongue == Tongue::English && word.len() > 4 {
        if word.ends_with("ies") {
            return cut(3) + "y";
        }
        if ["xes", "ches", "shes", "sses", "zes"].iter().any(|end| word.ends_with(end)) {
            return cut(2);
        }
    }
    cut(1)
}

/// True when two asks are the same but for what changes nothing, or one begins where the other ends: "in Python, how do
/// I sort a list" and "how do I sort a list in Python".
pub(super) fn same(a: &[String], b: &[String]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if a == b {
        return true;
    }
    a.len() > 3 && (1..a.len()).any(|at| a[at..] == b[..a.len() - at] && a[..at] == b[a.len() - at..])
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::super::tongue::tongue;
    use super::*;

    fn read(text: &str) -> String {
        let tokens = tokens(text);
        normal(&tokens, tongue(text, &tokens)).join(" ")
    }

    #[test]
    fn frames_fall_away() {
        assert_eq!(read("Hi! Could you please tell me what the capital of France is?"), "what capital of france is");
        assert_eq!(read("What is the capital of France?"), "capital of france");
        assert_eq!(read("How can I sort lists in Python, please?"), "how sort list in python");
        assert_eq!(read("How do I sort a list in Python"), "how sort list in python");
        assert_eq!(read("Kannst du mir bitte sagen, wie man einen Reifen wechselt?"), "wie man reifen wechselt");
        assert_eq!(read("请问法国的首都是哪里？"), read("法国的首都是哪里呢"));
        assert_eq!(read("please"), "please");
    }

    #[test]
    fn an_end_may_become_the_beginning_but_nothing_else_moves() {
        let list = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(same(&list("in python how sort list"), &list("how sort list in python")));
        assert!(!same(&list("call python from c"), &list("call c from python")));
        assert!(!same(&list("dog bites man"), &list("man bites dog")));
        assert!(!same(&list("a b"), &list("b a")));
    }
}
