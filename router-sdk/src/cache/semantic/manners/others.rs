//! Polish, Russian, Chinese, Japanese and Korean: how they wrap an ask; tables, no logic.

use super::{Manners, NONE};

pub(super) const POLISH: Manners = Manners {
    greetings: &["dzień dobry", "cześć", "hej"],
    polite: &["proszę"],
    thanks: &["z góry dziękuję", "dziękuję", "dzięki"],
    telling: &[
        "czy możesz mi powiedzieć",
        "możesz mi powiedzieć",
        "chciałbym wiedzieć",
        "chciałabym wiedzieć",
        "powiedz mi",
        "czy wiesz",
    ],
    questions: "co kto jak jaki jaka jakie gdzie kiedy dlaczego ile który która które",
    verbs: "napisz wyjaśnij podaj wymień opisz porównaj oblicz daj pokaż",
    starts: &[("jak można", "jak mogę"), ("napisz mi", "napisz"), ("daj mi", "daj"), ("wyjaśnij mi", "wyjaśnij")],
    fronted: "w",
    pairs: (&["różnica między", "różnice między"], "a"),
    mention: "przetłumacz powiedzieć znaczy słowo mówi",
    ..NONE
};

pub(super) const RUSSIAN: Manners = Manners {
    greetings: &["добрый день", "здравствуйте", "привет"],
    polite: &["пожалуйста"],
    thanks: &["заранее спасибо", "большое спасибо", "спасибо"],
    telling: &[
        "не могли бы вы сказать",
        "можете сказать",
        "можешь сказать",
        "я хотел бы знать",
        "я хочу знать",
        "хочу узнать",
        "подскажите",
        "подскажи",
        "скажите",
        "скажи мне",
        "скажи",
        "вы знаете",
        "ты знаешь",
    ],
    questions: "что кто как какой какая какое какие где куда когда почему зачем сколько чем",
    verbs: "объясни объясните напиши напишите дай дайте перечисли опиши сравни покажи составь",
    starts: &[
        ("как мне", "как"),
        ("как можно", "как"),
        ("объясни мне", "объясни"),
        ("объясните мне", "объясни"),
        ("объясните", "объясни"),
        ("напиши мне", "напиши"),
        ("напишите мне", "напиши"),
        ("напишите", "напиши"),
        ("дай мне", "дай"),
    ],
    fronted: "в",
    pairs: (&["разница между", "отличие между"], "и"),
    mention: "переведи переведите сказать значит слово слова рифма",
    ..NONE
};

pub(super) const CHINESE: Manners = Manners {
    greetings: &["你好", "您好"],
    polite: &["请问一下", "请问", "请"],
    thanks: &["谢谢", "多谢"],
    telling: &["你能告诉我", "你可以告诉我", "能告诉我", "请告诉我", "告诉我", "我想知道"],
    questions: "什 谁 哪 如 怎 多 几 为",
    verbs: "写 解 给 列 比 介 总",
    starts: &[("怎么", "如何"), ("怎样", "如何"), ("帮我写", "写")],
    mention: "译 说 词 意 字",
    ..NONE
};

pub(super) const JAPANESE: Manners = Manners {
    greetings: &["こんにちは", "すみません"],
    ends: &[
        ("教えてもらえますか", "教えて"),
        ("教えてください", "教えて"),
        ("教えて下さい", "教えて"),
        ("教えてくれますか", "教えて"),
        ("どこですか", "どこ"),
        ("誰ですか", "誰"),
        ("何ですか", "何"),
        ("なのですか", "なの"),
        ("のですか", "の"),
        ("方法を教えて", "方法"),
        ("作り方を教えて", "作り方"),
        ("ゆで方を教えて", "ゆで方"),
        ("を教えて", "は"),
    ],
    mention: "訳 言 意 語",
    ..NONE
};

pub(super) const KOREAN: Manners = Manners {
    greetings: &["안녕하세요", "안녕"],
    thanks: &["감사합니다", "고마워"],
    ends: &[
        ("좀 알려 주세요", "알려줘"),
        ("좀 알려주세요", "알려줘"),
        ("좀 알려줘", "알려줘"),
        ("알려 주세요", "알려줘"),
        ("알려주세요", "알려줘"),
        ("말해 주세요", "말해줘"),
        ("말해주세요", "말해줘"),
    ],
    mention: "번역 단어 뜻",
    ..NONE
};
