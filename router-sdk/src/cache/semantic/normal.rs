//! Words in, the same ask without what changes nothing of it out: articles, politeness, the frames of a question.

use super::tokens::Token;
use super::tongue::Tongue;

/// What a language has too much of.
struct Table {
    /// Words that change nothing anywhere.
    anywhere: &'static str,
    /// Beginnings that only say that something is asked; longer ones first.
    opening: &'static [&'static str],
    /// Phrases that mean the same as another one.
    same: &'static [(&'static str, &'static str)],
    /// Ends that say nothing.
    closing: &'static [&'static str],
}

const ENGLISH: Table = Table {
    anywhere: "a an the please kindly just actually really exactly basically hi hello hey ok okay",
    opening: &[
        "i would like you to",
        "i would like to know",
        "i want you to",
        "i need you to",
        "i want to know",
        "i need to know",
        "i am wondering",
        "i was wondering",
        "could you tell me",
        "can you tell me",
        "would you tell me",
        "do you know",
        "could you help me",
        "can you help me",
        "could you explain to me",
        "can you explain to me",
        "explain to me",
        "would you mind telling me",
        "could you",
        "can you",
        "would you",
        "will you",
        "tell me",
        "let me know",
        "help me",
        "what is",
        "what are",
        "quick question",
        "i have question",
    ],
    same: &[
        ("how do i", "how"),
        ("how do we", "how"),
        ("how can i", "how"),
        ("how can we", "how"),
        ("how could i", "how"),
        ("how would i", "how"),
        ("how should i", "how"),
        ("how does one", "how"),
        ("how can one", "how"),
        ("how to", "how"),
        ("what is way to", "how"),
        ("in what way do i", "how"),
        ("give me", "give"),
        ("write me", "write"),
        ("show me", "show"),
        ("explain to me", "explain"),
    ],
    closing: &["thanks", "thank you", "thanks in advance", "thank you very much"],
};

const GERMAN: Table = Table {
    anywhere: "der die das den dem des ein eine einen einem einer eines bitte mal denn eigentlich genau hallo hi doch",
    opening: &[
        "ich würde gern wissen",
        "ich würde gerne wissen",
        "ich möchte wissen",
        "ich möchte gern wissen",
        "kannst du mir sagen",
        "könntest du mir sagen",
        "können sie mir sagen",
        "könnten sie mir sagen",
        "weißt du",
        "wissen sie",
        "sag mir",
        "sagen sie mir",
        "kannst du mir",
        "könntest du mir",
        "können sie mir",
        "könnten sie mir",
        "kannst du",
        "könntest du",
        "können sie",
        "könnten sie",
        "was ist",
        "was sind",
    ],
    same: &[
        ("wie kann ich", "wie"),
        ("wie kann man", "wie"),
        ("wie könnte ich", "wie"),
        ("wie muss ich", "wie"),
        ("gib mir", "gib"),
        ("schreib mir", "schreib"),
        ("zeig mir", "zeig"),
        ("erklär mir", "erklär"),
        ("erkläre mir", "erklär"),
        ("erkläre", "erklär"),
        ("schreibe", "schreib"),
    ],
    closing: &["danke", "vielen dank", "danke schön", "danke im voraus"],
};

const FRENCH: Table = Table {
    anywhere: "le la les l un une des svp stp bonjour salut donc exactement",
    opening: &[
        "s il vous plaît",
        "s il te plaît",
        "pouvez vous me dire",
        "peux tu me dire",
        "pourriez vous me dire",
        "pourrais tu me dire",
        "je voudrais savoir",
        "j aimerais savoir",
        "je veux savoir",
        "dis moi",
        "dites moi",
        "sais tu",
        "savez vous",
        "est ce que tu peux",
        "est ce que vous pouvez",
        "peux tu",
        "pouvez vous",
        "pourrais tu",
        "pourriez vous",
        "qu est ce que c est que",
        "qu est ce que",
        "qu est ce qu",
        "c est quoi",
        "quel est",
        "quelle est",
        "quels sont",
        "quelles sont",
    ],
    same: &[
        ("comment puis je", "comment"),
        ("comment est ce que je peux", "comment"),
        ("comment peut on", "comment"),
        ("comment je peux", "comment"),
        ("comment faire pour", "comment"),
        ("explique moi", "explique"),
        ("expliquez moi", "explique"),
        ("expliquez", "explique"),
        ("donne moi", "donne"),
        ("donnez moi", "donne"),
        ("écris moi", "écris"),
        ("écrivez", "écris"),
        ("me donner", "donne"),
        ("m expliquer", "explique"),
    ],
    closing: &["s il vous plaît", "s il te plaît", "merci", "merci d avance", "merci beaucoup"],
};

const SPANISH: Table = Table {
    anywhere: "el la los las un una unos unas hola exactamente pues",
    opening: &[
        "por favor",
        "me puedes decir",
        "puedes decirme",
        "podrías decirme",
        "me podrías decir",
        "puede decirme",
        "me puede decir",
        "quisiera saber",
        "me gustaría saber",
        "quiero saber",
        "dime",
        "dígame",
        "sabes",
        "sabe usted",
        "me puedes",
        "me podrías",
        "puedes",
        "podrías",
        "puede",
        "podría",
        "qué es",
        "qué son",
        "cuál es",
        "cuáles son",
        "cual es",
    ],
    same: &[
        ("cómo puedo", "cómo"),
        ("cómo se puede", "cómo"),
        ("cómo podría", "cómo"),
        ("como puedo", "cómo"),
        ("explícame", "explica"),
        ("explicarme", "explica"),
        ("explicar", "explica"),
        ("dame", "da"),
        ("darme", "da"),
        ("escríbeme", "escribe"),
        ("escribirme", "escribe"),
        ("escribir", "escribe"),
    ],
    closing: &["por favor", "gracias", "muchas gracias", "gracias de antemano"],
};

const ITALIAN: Table = Table {
    anywhere: "il lo la i gli le l un uno una ciao salve esattamente",
    opening: &[
        "per favore",
        "mi puoi dire",
        "puoi dirmi",
        "potresti dirmi",
        "mi potresti dire",
        "può dirmi",
        "mi può dire",
        "vorrei sapere",
        "mi piacerebbe sapere",
        "voglio sapere",
        "dimmi",
        "mi dica",
        "sai",
        "mi puoi",
        "mi potresti",
        "puoi",
        "potresti",
        "può",
        "potrebbe",
        "che cos è",
        "cos è",
        "che cosa è",
        "cosa è",
        "qual è",
        "quali sono",
    ],
    same: &[
        ("come posso", "come"),
        ("come si può", "come"),
        ("come potrei", "come"),
        ("come faccio a", "come"),
        ("come si fa a", "come"),
        ("spiegami", "spiega"),
        ("spiegarmi", "spiega"),
        ("spiegare", "spiega"),
        ("dammi", "da"),
        ("darmi", "da"),
        ("scrivimi", "scrivi"),
        ("scrivermi", "scrivi"),
        ("scrivere", "scrivi"),
    ],
    closing: &["per favore", "grazie", "grazie mille", "grazie in anticipo"],
};

const PORTUGUESE: Table = Table {
    anywhere: "o os as a um uma uns umas olá oi exatamente",
    opening: &[
        "por favor",
        "você pode me dizer",
        "pode me dizer",
        "poderia me dizer",
        "você poderia me dizer",
        "gostaria de saber",
        "eu gostaria de saber",
        "quero saber",
        "me diga",
        "diga me",
        "você sabe",
        "você pode me",
        "você poderia",
        "você pode",
        "pode",
        "poderia",
        "o que é",
        "que é",
        "o que são",
        "qual é",
        "quais são",
    ],
    same: &[
        ("como posso", "como"),
        ("como eu posso", "como"),
        ("como se pode", "como"),
        ("como faço para", "como"),
        ("como fazer para", "como"),
        ("me explique", "explica"),
        ("explique", "explica"),
        ("explicar", "explica"),
        ("me dê", "dê"),
        ("escreva", "escreve"),
        ("escrever", "escreve"),
    ],
    closing: &["por favor", "obrigado", "obrigada", "muito obrigado"],
};

const RUSSIAN: Table = Table {
    anywhere: "пожалуйста привет здравствуйте же именно а ну",
    opening: &[
        "можешь сказать",
        "можете сказать",
        "не могли бы вы сказать",
        "подскажи",
        "подскажите",
        "скажи",
        "скажите",
        "скажи мне",
        "я хочу знать",
        "хочу узнать",
        "я хотел бы знать",
        "ты знаешь",
        "вы знаете",
        "можешь",
        "можете",
        "что такое",
    ],
    same: &[
        ("как мне", "как"),
        ("как можно", "как"),
        ("как я могу", "как"),
        ("объясни мне", "объясни"),
        ("объясните", "объясни"),
        ("объяснить", "объясни"),
        ("напиши мне", "напиши"),
        ("напишите", "напиши"),
        ("написать", "напиши"),
        ("дай мне", "дай"),
    ],
    closing: &["спасибо", "заранее спасибо"],
};

const DUTCH: Table = Table {
    anywhere: "de het een alsjeblieft alstublieft hallo even eigenlijk precies",
    opening: &[
        "kun je me vertellen",
        "kunt u me vertellen",
        "ik wil graag weten",
        "weet je",
        "vertel me",
        "kun je",
        "kunt u",
        "wat is",
        "wat zijn",
    ],
    same: &[
        ("hoe kan ik", "hoe"),
        ("hoe kun je", "hoe"),
        ("hoe moet ik", "hoe"),
        ("geef me", "geef"),
        ("schrijf me", "schrijf"),
    ],
    closing: &["bedankt", "dank je", "dank u"],
};

const POLISH: Table = Table {
    anywhere: "proszę cześć dokładnie właściwie",
    opening: &[
        "czy możesz mi powiedzieć",
        "możesz mi powiedzieć",
        "chciałbym wiedzieć",
        "powiedz mi",
        "czy wiesz",
        "czy możesz",
        "możesz",
        "co to jest",
        "czym jest",
    ],
    same: &[("jak mogę", "jak"), ("jak można", "jak"), ("napisz mi", "napisz"), ("daj mi", "daj")],
    closing: &["dzięki", "dziękuję"],
};

const CHINESE: Table = Table {
    anywhere: "",
    opening: &[
        "请问一下",
        "请问",
        "你能告诉我",
        "你可以告诉我",
        "能告诉我",
        "能不能告诉我",
        "请告诉我",
        "告诉我",
        "你知道",
        "我想知道",
        "你能",
        "请你",
        "请",
        "麻烦",
    ],
    same: &[
        ("给我写", "写"),
        ("帮我写", "写"),
        ("给我解释", "解释"),
        ("什么是", "解释"),
        ("怎样", "如何"),
        ("怎么样", "如何"),
        ("怎么", "如何"),
    ],
    closing: &["吗", "呢", "谢谢", "吧", "啊"],
};

const JAPANESE: Table = Table {
    anywhere: "",
    opening: &["すみません", "こんにちは"],
    same: &[],
    closing: &[
        "を教えてください",
        "を教えて下さい",
        "を教えてくれますか",
        "を教えて",
        "について教えてください",
        "を知りたいです",
        "教えてください",
        "教えて",
        "てください",
        "て下さい",
        "でしょうか",
        "ですか",
        "なのですか",
        "か",
        "です",
        "は",
        "ください",
        "お願いします",
        "て",
        "の",
    ],
};

const KOREAN: Table = Table {
    anywhere: "좀 제발 안녕하세요 혹시",
    opening: &[],
    same: &[],
    closing: &[
        "알려 주세요",
        "알려주세요",
        "알려줘",
        "말해 주세요",
        "말해줘",
        "해 주세요",
        "감사합니다",
        "무엇인가요",
        "뭐예요",
        "뭐야",
    ],
};

fn table(tongue: Tongue) -> &'static Table {
    match tongue {
        Tongue::English => &ENGLISH,
        Tongue::German => &GERMAN,
        Tongue::French => &FRENCH,
        Tongue::Spanish => &SPANISH,
        Tongue::Italian => &ITALIAN,
        Tongue::Portuguese => &PORTUGUESE,
        Tongue::Dutch => &DUTCH,
        Tongue::Polish => &POLISH,
        Tongue::Russian => &RUSSIAN,
        Tongue::Chinese => &CHINESE,
        Tongue::Japanese => &JAPANESE,
        Tongue::Korean => &KOREAN,
    }
}

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
