//! A misspelt key word in, its kind out: two words are near when they share a spelling with one letter left out.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::TaskKind;

/// Key words long enough that their neighbours are not other words.
const WORDS: &[(TaskKind, &str)] = &[
    (
        TaskKind::Translation,
        "translate translation translating traduire traduis traduction traducir traduce traduccion traduzir traduza traducao tradurre traduci traduzione ubersetze ubersetzen ubersetzung vertaal vertaling przetlumacz tlumaczenie oversatt terjemahkan cevirisi переведи перевести переклади",
    ),
    (
        TaskKind::Summarisation,
        "summarize summarise summary summarizing summarising resumen resumir resumer zusammenfassen zusammenfassung riassumi riassunto samenvatting samenvatten podsumuj streszczenie ozetle резюмируй подытожь",
    ),
    (
        TaskKind::Classification,
        "classify classification categorize categorise sentiment clasifica clasificar classifique classifica classificare klassifiziere sklasyfikuj siniflandir классифицируй",
    ),
    (
        TaskKind::Extraction,
        "extract extracting extraction extrae extraire extraia estrai extrahiere wyodrebnij извлеки",
    ),
    (
        TaskKind::Code,
        "function functions python javascript typescript program programming algorithm implement refactor funcion fonction funcao funzione funktion functie funkcje fonksiyon функцию программу",
    ),
    (TaskKind::Debug, "debugging exception segfault traceback compile"),
    (
        TaskKind::Math,
        "calculate calculation integral derivative equation probability calcula calcular calculer calcule berechne bereken oblicz hesapla вычисли посчитай",
    ),
    (
        TaskKind::Reasoning,
        "analyze analyse analysis compare explain evaluate analiza analizar analyser analysiere vergleiche analizza confronta проанализируй сравни",
    ),
    (
        TaskKind::Creative,
        "poem story haiku slogan poeme histoire gedicht geschichte historia cuento racconto wiersz opowiadanie стихотворение рассказ",
    ),
];
const SHORTEST: usize = 5;
// A typed word shorter than this is near to too many others.
const SHORTEST_TYPED: usize = 6;
const MOST_TOKENS: usize = 24;

static NEAR: LazyLock<HashMap<u64, TaskKind>> = LazyLock::new(|| {
    let mut near = HashMap::new();
    for (kind, words) in WORDS {
        for word in words.split(' ').filter(|word| word.chars().count() >= SHORTEST) {
            spellings(word, |hash| {
                near.entry(hash).or_insert(*kind);
            });
        }
    }
    near
});

/// The kind that the first misspelt key word speaks for.
pub(crate) fn near_kind(folded: &str) -> Option<TaskKind> {
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.take(MOST_TOKENS).find_map(|word| {
        let long = word.len() <= 64 && word.chars().count() >= SHORTEST_TYPED;
        let mut found = None;
        if long {
            spellings(word, |hash| found = found.or_else(|| NEAR.get(&hash).copied()));
        }
        found
    })
}

// The hash of a word and of each spelling with one letter left out.
fn spellings(word: &str, mut visit: impl FnMut(u64)) {
    let letters = word.chars().count();
    for left_out in 0..=letters {
        let mut hash = 0xCBF2_9CE4_8422_2325u64;
        for (at, c) in word.chars().enumerate() {
            if at != left_out {
                hash = (hash ^ u64::from(c as u32)).wrapping_mul(0x0000_0100_0000_01B3);
            }
        }
        visit(hash);
    }
}
