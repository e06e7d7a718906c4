//! Words in, the language that they are most likely of out. Small words tell it; names and nouns do not.

use std::collections::HashMap;

use super::tokens::Token;
use crate::fork::Lazy;

/// A language whose small words are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Tongue {
    English,
    German,
    French,
    Spanish,
    Italian,
    Portuguese,
    Dutch,
    Polish,
    Russian,
    Chinese,
    Japanese,
    Korean,
}

use Tongue::{
    Chinese, Dutch, English, French, German, Italian, Japanese, Korean, Polish, Portuguese, Russian, Spanish,
};

/// Small words by language. One that several languages have counts for each.
const SMALL: [(Tongue, &str); 9] = [
    (
        English,
        "the a an of is are was were do does did how what which who where when why can could should would will i you my your it this that these those to in on for with and or not from by at be has have there me please tell about explain write give list show",
    ),
    (
        German,
        "der die das den dem des ein eine einen einem einer ist sind war waren wie was welche welcher welches wer wo wann warum kann kannst können könnte soll ich du sie mein meine dein es und oder nicht von zu zum zur mit für auf im in aus bei hat haben mir man bitte viel viele erkläre erklär schreibe schreib nenne",
    ),
    (
        French,
        "le la les un une des du de est sont était comment que quel quelle quels quelles qui où quand pourquoi peut peux pouvez je tu vous mon ma mes ton votre il elle ce cette ces et ou ne pas à au aux dans en pour avec sur par a ont il faut me moi puis combien quoi explique écris donne",
    ),
    (
        Spanish,
        "el la los las un una unos unas de del es son era cómo como qué que cuál cuáles quién dónde cuándo por puede puedo puedes yo tú mi tu su esto esta este y o no a al en para con sin ha hay se me cuánto cuántos explica explícame escribe dime dame",
    ),
    (
        Italian,
        "il lo la i gli le un uno una di del della dei delle è sono era come che cosa quale quali chi dove quando perché può posso puoi io tu mio mia tuo e o non a al alla in nel nella per con su da ha hanno si mi quanto quanti cos spiega spiegami scrivi dammi",
    ),
    (
        Portuguese,
        "o os as um uma uns umas de do da dos das é são era como que qual quais quem onde quando por pode posso você eu meu minha seu sua isto este esta e ou não em no na nos nas para com sem há se me quanto quantos a explique escreva diga",
    ),
    (
        Dutch,
        "de het een van is zijn was waren hoe wat welke wie waar wanneer waarom kan kun kunt ik je jij u mijn jouw dit dat en of niet te in op voor met aan uit bij heeft hebben er mij",
    ),
    (
        Polish,
        "jest są był była jak co jaki jaka jakie który kto gdzie kiedy dlaczego może mogę ja ty mój moja ten ta te i lub nie w we na do dla z ze od po się mi ile czy proszę",
    ),
    (
        Russian,
        "как что какой какая какие какое кто где когда почему может можно я ты вы мой моя это этот эта и или не в во на для с со от по из мне сколько ли есть был была пожалуйста объясни напиши скажи",
    ),
];

static BY_WORD: Lazy<HashMap<&'static str, Vec<Tongue>>> = Lazy::new(|| {
    let mut map: HashMap<_, Vec<_>> = HashMap::new();
    for (tongue, words) in SMALL {
        words.split(' ').for_each(|word| map.entry(word).or_default().push(tongue));
    }
    map
});

/// Letters and marks that few languages have.
const LETTERS: [(Tongue, &str); 6] = [
    (German, "äöüß"),
    (French, "âêîôûèàùçœ"),
    (Spanish, "¿¡ñáíó"),
    (Italian, "èàùò"),
    (Portuguese, "ãõâêôçáíó"),
    (Polish, "łąęśżźćń"),
];

/// A small word of any language.
pub(super) fn is_small(word: &str) -> bool {
    BY_WORD.contains_key(word)
}

/// The language with the most small words and letters of its own; nothing when none or several have the most.
pub(super) fn tongue(text: &str, tokens: &[Token]) -> Option<Tongue> {
    let has = |low: u32, high: u32| {
        tokens.iter().any(|t| t.text.chars().next().is_some_and(|c| (low..=high).contains(&(c as u32))))
    };
    if has(0x3040, 0x30FF) {
        return Some(Japanese);
    }
    if has(0xAC00, 0xD7AF) {
        return Some(Korean);
    }
    if has(0x4E00, 0x9FFF) {
        return Some(Chinese);
    }
    let mut votes: HashMap<Tongue, usize> = HashMap::new();
    for token in tokens {
        for tongue in BY_WORD.get(token.text.as_str()).into_iter().flatten() {
            *votes.entry(*tongue).or_default() += 1;
        }
    }
    let seen = |letters: &str| letters.chars().filter(|letter| text.contains(*letter)).count();
    for (tongue, letters) in LETTERS.iter().filter(|_| !text.is_ascii()) {
        if seen(letters) > 0 {
            *votes.entry(*tongue).or_default() += seen(letters);
        }
    }
    let most = votes.values().max().copied()?;
    let mut first = votes.into_iter().filter(|(_, count)| *count == most).map(|(tongue, _)| tongue);
    first.next().filter(|_| first.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;

    #[test]
    fn questions_tell_their_language() {
        for (text, wanted) in [
            ("What is the capital of France?", Some(English)),
            ("Was ist die Hauptstadt von Frankreich?", Some(German)),
            ("Quelle est la capitale de la France ?", Some(French)),
            ("¿Cuál es la capital de Francia?", Some(Spanish)),
            ("Qual è la capitale della Francia?", Some(Italian)),
            ("Qual é a capital da França?", Some(Portuguese)),
            ("Wat is de hoofdstad van Frankrijk?", Some(Dutch)),
            ("Jaka jest stolica Francji?", Some(Polish)),
            ("Какой город является столицей Франции и где это?", Some(Russian)),
            ("法国的首都是哪里？", Some(Chinese)),
            ("フランスの首都はどこですか", Some(Japanese)),
            ("프랑스의 수도는 어디인가요?", Some(Korean)),
            ("GDP France 2024", None),
        ] {
            assert_eq!(tongue(text, &tokens(text)), wanted, "{text}");
        }
    }
}
