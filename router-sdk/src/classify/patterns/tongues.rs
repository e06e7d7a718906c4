//! The commonest words of languages in Latin letters: they say which language's stems may speak.

use super::Bound::Word;
use super::Effect::Tongue;
use super::{Row, row};

// One row a line, however long.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("en", "common words", Tongue, 0.0, Word, r"(?:the|of|and|is|are|to|for|with|this|that|you|my|me|your|what|how|which|was|were|it|its|an|from|be|have|has|does|please|at|by|or|if|on|we|they|their|who|can|into|each|following|between)\b"),
    row("es", "common words", Tongue, 0.0, Word, r"(?:el|la|los|las|de|del|que|un|una|por|para|con|en|es|este|esta|mi|tu|al|como|se|lo|me|su|sus|sobre|son|cual|si|mas|entre|tengo|siguiente)\b"),
    row("fr", "common words", Tongue, 0.0, Word, r"(?:le|la|les|de|des|du|que|un|une|pour|avec|en|est|ce|cette|ces|mon|ma|moi|et|dans|sur|je|tu|il|pas|ne|au|aux|qui|mes|vous|sont|quel|quelle|entre|par|suivant|s'il)\b|(?:l|d|qu|j|n|c|s)'"),
    row("de", "common words", Tongue, 0.0, Word, r"(?:der|die|das|den|dem|des|und|ist|ein|eine|einen|einem|einer|fur|mit|von|zu|zum|zur|im|auf|nicht|ich|du|mir|mich|mein|meine|wie|was|sich|uber|aus|diese|diesen|dieser|dieses|bitte|sind|als|folgenden|zwischen|es|so)\b"),
    row("pt", "common words", Tongue, 0.0, Word, r"(?:os|as|de|do|da|dos|das|que|um|uma|por|para|com|em|no|na|nos|nas|este|esta|esse|meu|minha|como|se|sobre|voce|sao|qual|mais|entre|ao|me|seguinte)\b"),
    row("it", "common words", Tongue, 0.0, Word, r"(?:il|lo|la|gli|le|di|del|della|dei|che|un|una|uno|per|con|in|questo|questa|questi|mio|mia|come|si|su|sul|sono|non|mi|al|alla|da|dal|dalla|piu|tra|quale|seguente)\b|(?:l|dell|un|quest)'"),
    row("nl", "common words", Tongue, 0.0, Word, r"(?:de|het|een|van|en|is|in|op|voor|met|dat|die|deze|dit|ik|je|mijn|mij|wat|hoe|niet|aan|naar|uit|om|zijn|bij|als|over|maar|tussen|te|alle|welke|volgende)\b"),
    row("pl", "common words", Tongue, 0.0, Word, r"(?:na|ze|do|sie|jest|nie|to|ten|te|tego|tym|ta|jak|co|dla|od|po|moj|moja|mi|czy|ktora|ktory|oraz|sa|miedzy|mam|prosze|lub|jako)\b"),
    row("tr", "common words", Tongue, 0.0, Word, r"(?:bir|bu|ve|ile|icin|mi|ne|nasil|bana|benim|olarak|hakkinda|daha|gibi|da|en|cok|su|veya|var|yok|olan|sonra|arasindaki|lutfen|yaz|tum)\b"),
    row("sv", "common words", Tongue, 0.0, Word, r"(?:och|en|ett|att|det|den|som|pa|for|med|av|till|ar|jag|du|mig|min|om|hur|vad|inte|har|fran|denna|detta|mellan|alla)\b"),
    row("id", "common words", Tongue, 0.0, Word, r"(?:yang|dan|di|ke|dari|ini|itu|untuk|dengan|saya|adalah|dalam|pada|apa|bagaimana|sebuah|kamu|anda|tidak|akan|antara|tentang|tolong|buatkan|berikut)\b"),
    row("vi", "common words", Tongue, 0.0, Word, r"(?:cua|va|la|mot|nhung|cac|cho|trong|voi|nay|toi|ban|khong|duoc|ve|tu|sang|hay|cai|bai|cau|giua|sau|hay|nhu|co)\b"),
];
