//! A folded ask in, the same with its misspelt key words set right out: two words are near when they share a spelling
//! with one letter left out.

use crate::fork::Lazy;
use std::collections::HashMap;

/// Key words whose neighbours are mostly not other words.
const WORDS: &str = "\
    translate translation translating traduire traduis traduction traducir traduce traduccion traduzir \
    traduza traducao tradurre traduci traduzione ubersetze ubersetzen ubersetzung vertaal vertaling \
    przetlumacz tlumaczenie oversatt terjemahkan cevirisi переведи перевести переклади summarize summarise \
    summary summarizing summarising resumen resumir resumer zusammenfassen zusammenfassung riassumi \
    riassunto samenvatting samenvatten podsumuj streszczenie ozetle резюмируй подытожь classify \
    classification categorize categorise sentiment clasifica clasificar classifique classifica classificare \
    klassifiziere sklasyfikuj siniflandir классифицируй extract extracting extraction extrae extraire \
    extraia estrai extrahiere wyodrebnij извлеки function functions python javascript typescript program \
    programming algorithm implement refactor funcion fonction funcao funzione funktion functie funkcje \
    fonksiyon функцию программу debugging exception segfault traceback compile calculate calculation \
    integral derivative equation probability calcula calcular calculer calcule berechne bereken oblicz \
    hesapla вычисли посчитай analyze analyse analysis compare explain evaluate analiza analizar analyser \
    analysiere vergleiche analizza confronta проанализируй сравни poem story haiku slogan poeme histoire \
    gedicht geschichte historia cuento racconto wiersz opowiadanie стихотворение рассказ write suggest \
    pretend remind cancel prove compute solve percent percentage square triangle fraction average review \
    positive negative category label sentence paragraph article report bullet points names dates address \
    addresses emails e-mail numbers invoice amount letter message email poems joke jokes lyrics speech \
    caption riddle script query class classes unit tests crashes crash error errors working pointer database \
    website component advantages disadvantages consequences causes difference recommend strategy study schedule \
    weather alarm reminder calendar flight hotel table restaurant capital country population inventor \
    invented language english german french spanish italian portuguese japanese chinese russian arabic \
    korean turkish pirate wizard detective character picture image screenshot receipt grammar polite apology \
    invitation birthday wedding resume newsletter description brief fehler erklare schreibe gleichung wecker \
    termin gedichte ecris lettre erreur explique poema carta correo escribe explica resuelve poesia lettera \
    scrivi spiega gedichtje schrijf napisz wyjasnij hikaye cevir acikla напиши объясни сократи перескажи \
    ошибка письмо функция поясни порахуй помилка";
// A typed word shorter than this is near to too many others.
const SHORTEST_TYPED: usize = 4;
const LONGEST_TYPED: usize = 64;
const SHORTEST_REPLACED: usize = 8;
const MOST_TOKENS: usize = 24;

/// The word that a spelling is near to, and whether it is that word.
struct Near {
    word: &'static str,
    exact: bool,
}

static NEAR: Lazy<HashMap<u64, Near>> = Lazy::new(|| {
    let mut near: HashMap<u64, Near> = HashMap::new();
    for word in WORDS.split(' ') {
        let mut first = true;
        spellings(word, |hash| {
            let exact = std::mem::take(&mut first);
            let known = near.entry(hash).or_insert(Near { word, exact });
            if exact {
                *known = Near { word, exact };
            }
        });
    }
    near
});

/// The text with its first misspelt key words set right; none where there are none.
pub(crate) fn repaired(folded: &str) -> Option<String> {
    let mut out = String::new();
    let mut done = 0;
    let words = folded.split(|c: char| !(c.is_alphanumeric() || c == '\'')).filter(|word| !word.is_empty());
    for word in words.take(MOST_TOKENS) {
        let Some(right) = right_word(word) else { continue };
        let at = word.as_ptr() as usize - folded.as_ptr() as usize;
        out.push_str(&folded[done..at]);
        out.push_str(right);
        done = at + word.len();
    }
    (done > 0).then(|| out + &folded[done..])
}

fn right_word(word: &str) -> Option<&'static str> {
    if word.len() > LONGEST_TYPED || word.chars().count() < SHORTEST_TYPED {
        return None;
    }
    let mut found: Option<&'static str> = None;
    let mut own = true;
    let mut known = false;
    spellings(word, |hash| {
        let near = NEAR.get(&hash);
        known |= std::mem::take(&mut own) && near.is_some_and(|near| near.exact);
        found = found.or_else(|| near.map(|near| near.word).filter(|right| !replaces(word, right)));
    });
    found.filter(|_| !known)
}

// A short word with another letter in it is mostly another word.
fn replaces(typed: &str, right: &str) -> bool {
    let letters = |word: &str| {
        let mut all: Vec<char> = word.chars().collect();
        all.sort_unstable();
        all
    };
    let (typed, right) = (letters(typed), letters(right));
    typed.len() == right.len() && typed.len() < SHORTEST_REPLACED && typed != right
}

// The hash of a word and of each spelling with one letter left out, the word itself first.
fn spellings(word: &str, mut visit: impl FnMut(u64)) {
    let letters = word.chars().count();
    for left_out in (0..=letters).rev() {
        let mut hash = 0xCBF2_9CE4_8422_2325u64;
        for (at, c) in word.chars().enumerate() {
            if at != left_out {
                hash = (hash ^ u64::from(c as u32)).wrapping_mul(0x0000_0100_0000_01B3);
            }
        }
        visit(hash);
    }
}
