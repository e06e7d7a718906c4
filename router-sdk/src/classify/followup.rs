//! A short message in, whether it only continues the conversation out.

use regex::Regex;

use super::alike::as_matched;
use super::fold::fold_into;
use crate::fork::Lazy;

// Folded words, whole messages: what people say to go on, agree, refuse or ask for more of the same.
const WHOLE: &str = r"(?x)^[\s\W]*(?:
 (?:(?:ok(?:ay)?|yes|yeah|yep|yup|sure|no|nope|great|good|nice|perfect|cool|fine|thanks|thank\ you|please|now|and|so|then|well|alright|right|looks|lgtm|awesome|excellent)[\s,.!]*)*
 (?:ok(?:ay)?|yes|yeah|yep|y|n|sure|no|nope|continue|go\ on|go\ ahead|keep\ going|carry\ on|proceed|next|more|again|try\ again|retry|redo(?:\ it)?|do\ it|do\ that|do\ so|go|run\ it|ship\ it|commit(?:\ (?:it|this|that|and\ push))?|push(?:\ it)?|merge(?:\ it)?|apply(?:\ (?:it|this|that))?|looks\ good(?:\ to\ me)?(?:[\s,.]*(?:commit|ship|merge|push|apply)(?:\ it)?)?|lgtm|good|great|perfect|nice|cool|thanks?|thank\ you|correct|exactly|right|wrong|that(?:'s|\ is)\ (?:right|wrong|correct|not\ (?:right|correct|it)|it|fine|good|great|perfect)|(?:it|that)\ (?:works|doesn'?t\ work|does\ not\ work|still\ (?:fails|doesn'?t\ work))|still\ (?:fails|broken|failing|wrong|not\ working|the\ same(?:\ error)?)|same\ (?:error|problem|issue|thing)(?:\ again)?|same|why(?:\ not)?|how(?:\ so)?|what\ else|anything\ else|another(?:\ one)?|one\ more|and\ then|what\ next|(?:the\ )?(?:first|second|third|last|other)(?:\ one)?|option\ \w|both|all(?:\ of\ them)?|neither|please(?:\ do)?|explain(?:\ (?:more|further|that|it|again))?|elaborate|be\ more\ specific|tell\ me\ more|(?:fix|do|use|change|try|test|check|undo|revert)\ (?:it|that|this|them)|(?:make\ it\ )?(?:shorter|longer|simpler|better|faster|bigger|smaller|clearer|funnier|more\ \w+|less\ \w+))
 |(?:and|what\ about|how\ about|now|same|the\ same|and\ now|ok\ and|do\ the\ same)\ (?:(?:the\ same\ )?(?:in|for|with|to|on|as)\ )(?:\S+\s*){1,4}
 |(?:and|but|so)\ (?:what|why|how|when|where|if|who|which|is|are|was|does|do|did|can|could|would|will)\b[^?.!\n]{1,45}\?
 |s[i]+|vale|de\ acuerdo|claro|continua|sigue|adelante|hazlo|otra\ vez|mas|gracias|perfecto|por\ que|¿?por\ que|¿?y\ (?:en|para|con)\ \S+(?:\ \S+)?|mas\ (?:corto|largo|simple)
 |oui|non|d'accord|continue[sz]?|vas[\ -]y|allez[\ -]y|encore|merci|parfait|pourquoi|plus\ (?:court|long|simple)|et\ (?:en|pour|avec|au)\ \S+(?:\ \S+)?|c'est\ (?:bon|faux|parfait)|fais[\ -]le
 |ja|nein|weiter|mach\ weiter|fortfahren|gerne|nochmal|noch\ einmal|danke|perfekt|super|warum|passt|sieht\ gut\ aus(?:[\s,.]*.{0,20})?|und\ (?:auf|fur|mit|in)\ \S+(?:\ \S+)?|kurzer|langer|mach\ das
 |sim|nao|continue|continua|pode\ continuar|prossiga|obrigad[oa]|perfeito|de\ novo|e\ em\ \S+|faz\ isso|faca\ isso
 |si|va\ bene|continua|vai\ avanti|procedi|grazie|perfetto|ancora|perche|e\ in\ \S+
 |ga\ (?:door|verder)|doorgaan|bedankt|goed|prima|nog\ een\ keer|waarom|en\ in\ het\ \S+|en\ in\ \S+
 |tak|nie|dalej|kontynuuj|dzieki|dziekuje|dobrze|jeszcze\ raz|dlaczego|a\ po\ \S+|swietnie
 |evet|hayir|devam(?:\ et)?|tamam|tesekkurler|tekrar|neden|peki\ ya\ \S+|guzel
 |да|нет|продолжай(?:те)?|дальше|еще(?:\ раз)?|ок|хорошо|спасибо|отлично|почему|давай|сделай\ это|а\ на\ \S+|так|продовжуй|далі|дякую
 |نعم|لا|استمر|تابع|اكمل|أكمل|واصل|حسنا|شكرا|مرة\ (?:أخرى|اخرى)|لماذا|ممتاز|و?بال\S+
 |हाँ|हां|नहीं|जारी\ रखें|जारी\ रखो|आगे|आगे\ बढ़ो|ठीक\ है|धन्यवाद|फिर\ से|क्यों|और
 |是的?|对|好的?|可以|继续(?:吧|写)?|接着(?:说|写)?|再来一次|谢谢|不是?|不对|为什么|提交吧?|没问题(?:.{0,6})?|更短一?点|那?(?:用)?\S{1,3}(?:文|语)呢|很好(?:.{0,6})?|下一个|是|行|繼續|為什麼
 |はい|いいえ|続けて(?:ください)?|お願いします|もう一度|ありがとう(?:ございます)?|次|なぜ|いいですね(?:.{0,10})?|ok です|それで(?:お願いします)?|了解(?:です)?|\S{1,6}では
 |네|예|아니요|아니|계속(?:해(?:줘|주세요)?)?|좋아(?:요)?(?:.{0,10})?|다시(?:\ 해줘)?|감사합니다|고마워|왜|다음|진행해(?:줘)?|응
 |co\ |tiep\ tuc|cam\ on|lanjut(?:kan)?|terima\ kasih|ya|fortsatt|tack|jatka|kiitos
)[\s\W]*$";

const LONGEST: usize = 90;

#[allow(clippy::expect_used, reason = "the pattern is a constant that the tests compile")]
static FOLLOW_UP: Lazy<Regex> = Lazy::new(|| Regex::new(&as_matched(WHOLE)).expect("constant pattern"));

/// Whether the message makes sense only after what came before it.
pub(crate) fn is_follow_up(text: &str) -> bool {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST * 3 || text.chars().count() > LONGEST {
        return false;
    }
    let mut folded = String::new();
    fold_into(text, &mut folded);
    FOLLOW_UP.is_match(&folded)
}
