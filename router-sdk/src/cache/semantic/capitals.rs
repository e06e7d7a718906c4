//! Two spellings of one word in, whether their capitals say the same out.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::spelled::Piece;
use super::tongue::{Tongue, is_small};

/// Words that name another thing with a capital than without.
const NAMES_AND_WORDS: &str = "turkey china polish march august rust swift java python ruby perl pearl basic delphi scratch \
    windows word excel access outlook teams slack zoom target gap square stripe oracle spark hive pig flask bottle chrome safari \
    opera edge react angular next express node spring beam nest unity pandas apple amazon shell orange meta threads signal \
    discord telegram notion linear cursor copilot gemini claude mistral llama falcon whisper bath reading nice cork mobile cologne \
    mercury mars earth venus saturn lent easter rose jack mark bill hope faith grace frank drew gene dick peter jordan chad chile \
    mali niger guinea wales galley crane rich chase daisy lily iris violet jade amber ivory olive dawn holly ivy joy merry penny \
    pepper robin rocky rusty sandy sunny victor violetta warren wade hunter mason carter taylor baker cook smith miller fisher \
    potter porter turner page king prince duke earl bishop pope church lake hill wood woods stone brown black white green gray grey \
    young long short small strong wise moody savage batman titanic alien frozen cars friends lost house scrubs heroes cats hamlet \
    emma dune matrix avatar twilight inception dracula cream queen kiss heart rush yes journey boston chicago nirvana oasis blur \
    pulp genesis poison bush train pink prince doors eagles stones beatles monkey monkeys catholic orthodox liberal democrat \
    republican conservative labour labor tory whig god lord father mother bible titan atlas phoenix orion chariots civil states \
    state union congress senate cabinet parliament capitol crown union west east north south tanks cup open masters derby \
    galaxy pixel surface fire stick echo alexa cortana siri finder pages numbers keynote photos mail messages notes maps books \
    news music podcasts health wallet shortcuts home game center sheets docs slides drive meet chat keep tasks classroom forms \
    essen weg leben lieben arm reich wagen kosten morgen liebe leiden fliegen sie ihnen ihre ihr ihrem ihren kiefer band rechts \
    lyon nice tours angers vienne marne oise seine rosa pablo mercedes dolores soledad paz rosario leon león salvador cruz \
    vitoria vitória lima natal salto corrientes francia roma amor lot sol real stella viola vittoria gioia franco \
    pierre marguerite claire olivier martin victoire роман вера надежда любовь слава мир лев орел орёл земля луна солнце lew róża";

static TWO_THINGS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| NAMES_AND_WORDS.split_whitespace().collect());

/// Words after which a name stands more often than anything else.
const BEFORE_NAMES: &str = "of in to from for at on near about like de del da do das dos di della dello dell' dalla di du des \
    en à au aux vers sobre para em no na von nach aus in für bei über zu van naar uit voor z do w we na из в на во до от для у \
    la le les el los il lo i gli o os a as der die das den dem het l' d'";

/// Letters that a name must have to be known by them without its capital.
const TELLING: usize = 4;
/// The same in German, where other words have capitals too.
const TELLING_GERMAN: usize = 6;

/// Whether this is written without any capital that stands inside a sentence: its writer spells names small. What is
/// written in capitals alone is no name.
pub(super) fn careless(pieces: &[Piece], tongue: Option<Tongue>) -> bool {
    pieces.iter().all(|piece| {
        let after = usize::from(piece.first);
        let letters = || piece.text.chars().filter(|c| c.is_alphabetic());
        let short = letters().count() > 1 && letters().all(char::is_uppercase);
        short || is_i(&piece.text, tongue) || !piece.text.chars().skip(after).any(char::is_uppercase)
    })
}

/// The same word, with the same capitals or such as mean nothing: where a sentence begins, and in names that a careless
/// writer spelled small. `[true, ..]`: the first one's writer is careless; `placed`: a name is likely here.
pub(super) fn agree(pieces: [&Piece; 2], careless: [bool; 2], placed: bool, tongue: Option<Tongue>) -> bool {
    let [a, b] = pieces;
    if a.text == b.text {
        return a.mark == b.mark;
    }
    let folded = a.folded();
    if folded != b.folded() || a.mark || b.mark {
        return false;
    }
    if is_i(&a.text, tongue) && is_i(&b.text, tongue) {
        return true;
    }
    let (high, low_is_careless) = if a.text == folded {
        (b, careless[0])
    } else if b.text == folded {
        (a, careless[1])
    } else {
        return false;
    };
    let capital = high.text.chars().skip(1).all(|c| !c.is_uppercase());
    if !capital || TWO_THINGS.contains(folded.as_str()) {
        return false;
    }
    high.first || (low_is_careless && tells(&folded, placed, tongue))
}

/// Without its capital this still is the same name, and no other word.
fn tells(folded: &str, placed: bool, tongue: Option<Tongue>) -> bool {
    let letters = folded.chars().count();
    match tongue {
        None => false,
        // All nouns have a capital; verbs and adjectives become nouns by it.
        Some(Tongue::German) => {
            let verb = folded.ends_with("en") || folded.ends_with('e');
            letters >= TELLING_GERMAN && !verb && !is_small(folded)
        }
        Some(_) => placed && letters >= TELLING && !is_small(folded),
    }
}

/// Whether a name is likely after these two, which are the same word: after a preposition, or another name spelled so.
pub(super) fn places(before: [&Piece; 2]) -> bool {
    let [a, b] = before;
    let word = a.folded();
    BEFORE_NAMES.split_whitespace().any(|other| other == word) || (a.text != b.text && !a.first && !b.first)
}

/// The English pronoun, alone or with what is contracted to it.
fn is_i(text: &str, tongue: Option<Tongue>) -> bool {
    let mut chars = text.chars();
    tongue == Some(Tongue::English)
        && chars.next().is_some_and(|c| c.eq_ignore_ascii_case(&'i'))
        && chars.next().is_none_or(|c| c == '\'')
}

#[cfg(test)]
mod tests {
    use super::super::spelled::pieces;
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        let [a, b] = [a, b].map(pieces);
        let tongue = Some(Tongue::English);
        let loose = [careless(&a, tongue), careless(&b, tongue)];
        let placed = |at: usize| at > 0 && places([&a[at - 1], &b[at - 1]]);
        let all = a.iter().zip(&b).enumerate();
        a.len() == b.len() && all.into_iter().all(|(at, (x, y))| agree([x, y], loose, placed(at), tongue))
    }

    #[test]
    fn a_capital_says_nothing_where_a_sentence_begins_or_its_writer_uses_none() {
        assert!(same("Who lives in Rome", "who lives in rome"));
        assert!(same("A map of Costa Rica", "a map of costa rica"));
        assert!(same("what do I eat in Lisbon", "What do i eat in lisbon"));
    }

    #[test]
    fn other_capitals_tell_things_apart() {
        for (a, b) in [
            ("how big is turkey", "how big is Turkey"),
            ("grep -l x", "grep -L x"),
            ("is it in Paris or rome", "is it in Paris or Rome"),
            ("who runs IT", "who runs it"),
            ("what is the WHO", "what is the who"),
            ("March in line", "march in line"),
            ("will smith", "will Smith"),
            ("what is life about", "what is Life about"),
            ("gm in the US", "gm in the us"),
            ("MWh", "mWh"),
        ] {
            assert!(!same(a, b), "{a} / {b}");
        }
    }
}
