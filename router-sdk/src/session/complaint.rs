//! Folded text in; whether it complains of the last answer, asks the same as another, points back, or is a tool's error out.

use std::collections::HashSet;

use regex::Regex;

use crate::classify::{as_matched, is_follow_up};
use crate::fork::Lazy;

/// A complaint stands at the beginning; what comes later is material, in characters.
const HEAD: usize = 240;
/// The share of words, or of pairs of letters, that two asks have in common when they are the same.
const SAME: f64 = 0.9;
/// Words from which on an ask can be the same by its words; shorter ones by pairs of letters.
const WORDS: usize = 4;
/// An ask of fewer letters is not told apart from another.
const LETTERS: usize = 6;

// Of languages with blanks, where a word begins.
const SPACED: &str = r"(?x)
 (?:that|this|it|which|answer|result|output|code)(?:'s|\ is|\ was)?\ (?:still\ |just\ |completely\ |totally\ |also\ )?(?:wrong|incorrect|broken|nonsense|not\ (?:right|correct|true|working|what\ i|it\b|even))
|(?:it|this|that|code|test|tests|solution|version|fix|answer|which)\ (?:still\ |just\ |also\ )?(?:doesn'?t|does\ not|didn'?t|did\ not|don'?t|do\ not|isn'?t|is\ not|won'?t|will\ not)\ (?:even\ |really\ )?(?:work|help|fix|solve|compile|run|change|pass|correct|right|do\ what)
|(?:still|again)\ (?:fails?|failing|broken|wrong|crash(?:es|ing)|not\ (?:working|right|correct|fixed)|the\ (?:same|wrong)|getting|throws?|throwing|doesn'?t|does\ not|isn'?t)|not\ working|(?:didn'?t|did\ not)\ (?:work|help)
|same\ (?:error|problem|issue|mistake|bug)|(?:you|you're|you\ are|your\ answer\ is)\ (?:still\ |again\ )?(?:wrong|mistaken|incorrect|misunderst\w+|got\ it\ wrong|made\ (?:a|the\ same|another)\ mistake|didn'?t\ (?:answer|understand|fix|read|listen))
|wrong\ (?:again|answer)|not\ what\ i\ (?:asked|meant|want|need)|(?:please\ )?try\ (?:it\ )?again\b|^(?:no,?\ )?(?:wrong|incorrect)\b
|no\ (?:me\ )?(?:funciona|sirve|compila|es\ (?:correcto|asi|eso|lo\ que))|esta\ mal\b|es\ (?:incorrecto|falso|erroneo)|te\ equivocas|(?:el|la)\ mism[oa]\ (?:error|problema|fallo)|sigue\ (?:sin|fallando|igual|mal)|intentalo\ (?:de\ nuevo|otra)
|(?:marche|fonctionne|va|compile)\ (?:toujours\ )?pas|(?:c'est|est)\ (?:toujours\ )?(?:faux|incorrect|errone|pas\ (?:ca|bon|correct|juste|ce\ que))|tu\ te\ trompes|vous\ vous\ trompez|(?:la|le)\ meme\ (?:erreur|probleme)|toujours\ (?:la\ meme|faux|une\ erreur)|reessaie|essaie\ encore
|(?:das|es|dies)\ (?:ist|war)\ (?:leider\ |immer\ noch\ |so\ |doch\ )?(?:falsch|verkehrt|unsinn|nicht\ (?:richtig|korrekt|was|das))|(?:geht|funktioniert|klappt|lauft|hilft|stimmt)\ (?:so\ |immer\ noch\ |leider\ |doch\ |aber\ ){0,2}nicht|(?:immer\ noch|schon\ wieder)\ (?:falsch|der|ein\ fehler|nicht|kaputt)|gleiche[rn]?\ fehler|derselbe\ fehler|du\ (?:irrst|liegst\ falsch)|versuch\ es\ noch
|nao\ (?:funciona|funcionou|esta\ (?:certo|correto|funcionando)|e\ isso|era\ isso|deu\ certo|compila)|(?:esta|ta)\ errad[oa]|continua\ (?:errado|com\ erro|sem|igual)|o\ mesmo\ (?:erro|problema)|tente\ (?:de\ novo|novamente)
|non\ (?:funziona|va\ bene|e\ (?:corretto|giusto|quello)|compila)|(?:e\ )?sbagliat[oa]\b|ancora\ (?:sbagliato|lo\ stesso|un\ errore)|lo\ stesso\ (?:errore|problema)|ti\ sbagli|riprova
|(?:werkt|klopt|lukt|compileert)\ (?:nog\ steeds\ |zo\ )?niet|(?:dat|dit|het)\ is\ (?:fout|verkeerd|niet\ (?:goed|juist|wat))|nog\ steeds\ (?:niet|fout|dezelfde)|dezelfde\ fout|probeer\ (?:het\ )?opnieuw
|nie\ (?:dziala|kompiluje|jest\ (?:poprawn|to)|o\ to)|(?:to|jest)\ (?:zle|bledn|nieprawda)|(?:nadal|wciaz)\ (?:nie|ten\ sam|zle)|ten\ sam\ blad|sprobuj\ (?:ponownie|jeszcze)
|yanlis|dogru\ degil|calismiyor|olmadi\b|hala\ (?:ayni|hata)|ayni\ hata|tekrar\ dene
|(?:fungerar|funkar|stammer)\ (?:fortfarande\ )?inte|(?:det|detta)\ (?:ar|var)\ fel|fortfarande\ (?:fel|samma)|samma\ fel|forsok\ igen
|(?:itu|ini|masih|jawabanmu)\ salah|tidak\ (?:berfungsi|benar|jalan|berhasil)|masih\ (?:error|gagal|tidak|sama)|(?:nggak|gak|ga)\ (?:jalan|berhasil|benar)|coba\ lagi
|sai\ roi|khong\ (?:dung|hoat\ dong|chay)|van\ (?:sai|bi\ loi|khong)|cung\ loi|thu\ lai
|nefunguje|je\ to\ spatne|porad\ (?:stejn|spatne)|stejna\ chyba|nu\ (?:merge|functioneaza|e\ (?:corect|bine))|e\ gresit|aceeasi\ eroare
|nem\ (?:mukodik|jo|helyes)|ugyanaz\ a\ hiba|ei\ toimi|se\ on\ vaarin|sama\ virhe|(?:virker|fungerer)\ (?:stadig\ |fortsatt\ )?ikke|det\ er\ (?:forkert|feil)|samme\ (?:fejl|feil)";

// Of other scripts, anywhere.
const FREE: &str = r"(?x)
 неправильно|неверно|не\ (?:работает|помогло|сработало|то\b|так\b|верно|компилируется)|(?:та\ же|такая\ же)\ (?:самая\ )?ошибка|все\ (?:еще|равно)\ (?:не|ошибка)|опять\ (?:не|ошибка)|ты\ ошиб|попробуй\ (?:еще|снова)
|невірно|не\ (?:працює|допомогло|спрацювало|компілюється)|та\ сама\ помилка|досі\ не|спробуй\ (?:ще|знову)
|δεν\ (?:δουλευει|λειτουργει|ειναι\ σωστο)|ειναι\ λαθος|το\ ιδιο\ (?:λαθος|προβλημα)
|هذا\ (?:خطأ|غير\ صحيح)|غير\ صحيح|^خطأ|(?:لا|لم)\ (?:يعمل|تعمل|ينجح)|نفس\ (?:الخطأ|المشكلة)|ما\ زال|حاول\ مرة
|زה\ לא|לא\ (?:עובד|נכון)|זה\ שגוי|אותה\ שגיאה|עדיין\ לא
|کار\ نمی|اشتباه\ است|درست\ نیست|همان\ خطا
|गलत\ है|सही\ नहीं|काम\ नहीं|नहीं\ चल|वही\ (?:गलती|एरर|समस्या)
|ไม่ถูก|ใช้ไม่ได้|ไม่ทำงาน|ยังผิด|เหมือนเดิม
|不对|错了|不正确|不是这样|^不行|(?:用|跑|运行|编译)不了|没有?用|不(?:工作|起作用)|还是(?:不|报错|错|一样)|仍然(?:不|报错)|同样的(?:错误|问题)|又(?:错|报错)|再试|答非所问|你(?:搞|弄|理解)错
|(?:それは|答えが)違|違います|^違う|間違(?:って|い)です|間違って|正しくない|動(?:か|き)(?:ない|ません)|動作しない|うまくいか|まだ(?:エラー|動か|だめ|ダメ|直)|同じ(?:エラー|問題)|やり直し
|틀렸|틀린|^아니야|안\ ?(?:돼|되네|됩니다|된다)|작동(?:하지|이\ 안)|아직도|여전히\ (?:안|에러|오류)|같은\ (?:오류|에러|문제)|잘못\ ?(?:됐|되었|된)|다시\ 시도";

#[allow(clippy::expect_used, reason = "the patterns are constants that the tests compile")]
static COMPLAINT: Lazy<Regex> = Lazy::new(|| {
    let both = format!(r"(?-u:\b)(?:{SPACED})|(?:{FREE})");
    Regex::new(&as_matched(&both)).expect("constant pattern")
});

/// Whether a folded ask says that the answer before it was wrong or does not work.
pub(super) fn complains(ask: &str) -> bool {
    let head = ask.char_indices().nth(HEAD).map_or(ask, |(end, _)| ask.get(..end).unwrap_or(ask));
    COMPLAINT.is_match(head)
}

/// Whether two folded asks are the same but for a word or a letter. What only goes on is never the same question.
pub(super) fn same_ask(one: &str, other: &str) -> bool {
    if is_follow_up(one) || one.chars().filter(|c| c.is_alphanumeric()).count() < LETTERS {
        return false;
    }
    let (own, its) = (words(one), words(other));
    if own.len() >= WORDS && its.len() >= WORDS { alike(&own, &its) } else { alike(&pairs(one), &pairs(other)) }
}

fn words(text: &str) -> HashSet<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn pairs(text: &str) -> HashSet<String> {
    let letters: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
    letters.windows(2).map(|pair| pair.iter().collect()).collect()
}

fn alike(one: &HashSet<String>, other: &HashSet<String>) -> bool {
    let shared = one.intersection(other).count();
    let all = one.len() + other.len() - shared;
    all > 0 && shared as f64 >= SAME * all as f64
}

// Words that mean something said before, in languages with blanks.
const BACK: [&str; 64] = [
    "it",
    "its",
    "this",
    "that",
    "these",
    "those",
    "them",
    "they",
    "above",
    "previous",
    "previously",
    "earlier",
    "before",
    "again",
    "same",
    "former",
    "latter",
    "he",
    "she",
    "das",
    "dies",
    "diese",
    "dieser",
    "dieses",
    "daraus",
    "davon",
    "oben",
    "vorher",
    "ca",
    "cela",
    "ceci",
    "celui",
    "celle",
    "precedent",
    "eso",
    "esto",
    "esta",
    "este",
    "anterior",
    "isso",
    "isto",
    "questo",
    "quello",
    "precedente",
    "dat",
    "dit",
    "deze",
    "vorige",
    "to",
    "ten",
    "tego",
    "bu",
    "onu",
    "det",
    "detta",
    "itu",
    "tersebut",
    "nay",
    "это",
    "этот",
    "эту",
    "предыдущ",
    "це",
    "цей",
];
// The same where words are not told apart by blanks.
const BACK_FREE: [&str; 24] = [
    "هذا",
    "هذه",
    "ذلك",
    "السابق",
    "यह",
    "इस",
    "ऊपर",
    "这",
    "那",
    "它",
    "上面",
    "刚才",
    "之前",
    "これ",
    "それ",
    "この",
    "その",
    "上記",
    "さっき",
    "이것",
    "그것",
    "이거",
    "위의",
    "앞의",
];

/// Whether a folded ask points at something said before. In doubt it does.
pub(super) fn points_back(ask: &str) -> bool {
    let mut spoken = ask.split(|c: char| !c.is_alphanumeric());
    spoken.any(|word| BACK.contains(&word)) || BACK_FREE.iter().any(|word| ask.contains(&as_matched(word)))
}

/// What the result of a tool that failed begins with, folded to lower case.
const FAILURES: [&str; 14] = [
    "error",
    "traceback",
    "exception",
    "fatal",
    "failed",
    "failure",
    "command failed",
    "permission denied",
    "no such file",
    "invalid",
    "cannot",
    "could not",
    "unable to",
    "panic",
];
/// What it may hold near its beginning.
const MARKS: [&str; 9] = [
    "\"error\":",
    "\"is_error\":true",
    "\"is_error\": true",
    "\"success\":false",
    "\"success\": false",
    "\"ok\":false",
    "\"ok\": false",
    "\"status\":\"error\"",
    "\"status\": \"error\"",
];

/// Whether a tool's result tells of an error.
pub(super) fn fails(result: &str) -> bool {
    let head: String = result.trim_start().chars().take(HEAD).collect::<String>().to_lowercase();
    // What JSON says stands in its fields.
    let bare = if head.starts_with(['{', '[']) { "" } else { head.trim_start_matches(|c: char| !c.is_alphanumeric()) };
    let named = bare.split_whitespace().next().is_some_and(|word| {
        let word = word.trim_end_matches(':');
        // Such as `TypeError` and `java.lang.NullPointerException`.
        word.ends_with("error") || word.ends_with("exception")
    });
    let no_error =
        ["\"error\":null", "\"error\": null", "\"error\":\"\"", "\"error\":false"].iter().any(|m| head.contains(m));
    let coded = ["exit code", "exit code:", "exit status", "exited with code"].iter().any(|mark| {
        let code = head.split_once(mark).map(|(_, rest)| rest.trim_start_matches([' ', ':', '=']));
        code.is_some_and(|code| code.starts_with(|c: char| ('1'..='9').contains(&c)))
    });
    named
        || coded
        || FAILURES.iter().any(|mark| bare.starts_with(mark))
        || !no_error && MARKS.iter().any(|m| head.contains(m))
}
