//! Words that two asks must share before they may share an answer, by what they do; tables, no logic.

use crate::fork::Lazy;
use std::collections::{HashMap, HashSet};

/// Words that deny.
const DENIALS: &str = "not no never without none nothing nobody neither nor non except excluding unless \
    nicht kein keine keinen keinem keiner keines nie niemals ohne nichts niemand außer \
    ne pas jamais sans aucun aucune rien ni personne sauf \
    nunca sin ningún ninguno ninguna nada jamás excepto nadie mai senza nessun nessuno nessuna niente né tranne \
    não sem nenhum nenhuma nem niet geen nooit zonder nie bez żaden не нет без никогда ни ничего кроме \
    لا لم لن ليس بدون नहीं बिना değil yok olmadan 안 못 아니";

/// Signs of denial in scripts without blanks.
pub(super) const DENYING_SIGNS: &str = "不没沒无無非未否别莫";
/// Endings that deny in Japanese and Korean.
pub(super) const DENYING_ENDS: [&str; 7] = ["ない", "なく", "ません", "なしで", "없", "않", "지 마"];

/// Words whose counterparts turn an ask around, and forms that an answer is asked in.
const TURNS: &str = "before after first last next previous cheapest cheap expensive dearest priciest cheaper dearer min max minimum \
    maximum minimal maximal more less most least fewer few low higher lower highest lowest increase decrease \
    increasing decreasing raise reduce down left right import export buy sell purchase open close start stop begin end \
    enable disable add remove insert delete install uninstall encrypt decrypt encode decode compress decompress upload \
    download push pull lock unlock mount unmount best worst bad better worse cold north south east west \
    past future ascending descending asc desc outside out off below under early late earliest latest oldest newest new \
    largest smallest biggest small little short longest shortest fastest slowest faster slower slow strong weak different equal \
    unequal true false win lose gain loss profit pros cons advantages disadvantages advantage disadvantage benefits drawbacks \
    benefit drawback risks risk illegal unsafe impossible positive negative input output front bottom night morning evening \
    today tomorrow yesterday now ago monday tuesday wednesday thursday friday saturday sunday january february march april \
    may june july august september october november december weekday weekend woman women female boy girl husband wife \
    father mother son daughter brother sister king queen he she his her all some any only every each both either \
    always sometimes often rarely must should was were \
    briefly brief detailed detail sentence sentences word words paragraph bullet bullets table json xml yaml csv markdown \
    html english german french spanish italian portuguese dutch polish russian chinese japanese korean arabic hindi turkish \
    summary code poem \
    vor nach vorher nachher zuerst zuletzt billigste billigsten günstigste günstigsten teuerste teuersten mehr weniger \
    höher niedriger höchste niedrigste größte kleinste größten kleinsten beste schlechteste besten schlechtesten gut schlecht \
    kaufen verkaufen öffnen schließen starten beenden aktivieren deaktivieren installieren deinstallieren einschalten ausschalten \
    hinzufügen entfernen links rechts oben unten warm kalt heute morgen gestern mann frau vorteile nachteile mit erhöhen senken \
    avant après moins plus meilleur pire meilleurs pires acheter vendre ouvrir fermer activer désactiver ajouter supprimer gauche \
    droite haut bas chaud froid hier demain aujourd homme femme avantages inconvénients avec augmenter réduire installer désinstaller \
    antes después más menos mejor peor mejores peores comprar vender abrir cerrar activar desactivar añadir eliminar izquierda derecha \
    arriba abajo caliente frío hoy mañana ayer hombre mujer ventajas desventajas con aumentar reducir barato caro instalar desinstalar \
    prima dopo più meno migliore peggiore migliori peggiori comprare vendere aprire chiudere attivare disattivare aggiungere rimuovere \
    sinistra destra caldo freddo oggi domani ieri uomo donna vantaggi svantaggi aumentare ridurre \
    depois mais melhor pior melhores piores fechar ativar desativar adicionar remover esquerda direita quente frio hoje amanhã ontem \
    homem mulher vantagens desvantagens com diminuir barata cara \
    до после больше меньше лучший худший лучшие худшие купить продать открыть закрыть включить выключить добавить удалить слева справа \
    дешевле дороже сегодня завтра вчера мужчина женщина преимущества недостатки увеличить уменьшить установить";

/// The same in scripts without blanks, where they are looked for as they stand.
pub(super) const TURNING_SIGNS: [&str; 60] = [
    "之前",
    "之后",
    "以前",
    "以后",
    "最大",
    "最小",
    "最高",
    "最低",
    "最好",
    "最差",
    "最便宜",
    "最贵",
    "增加",
    "减少",
    "打开",
    "关闭",
    "安装",
    "卸载",
    "启用",
    "禁用",
    "买",
    "卖",
    "左",
    "右",
    "上",
    "下",
    "优点",
    "缺点",
    "今天",
    "明天",
    "昨天",
    "男",
    "女",
    "加密",
    "解密",
    "前",
    "後",
    "最安",
    "開",
    "閉",
    "買",
    "売",
    "増",
    "減",
    "男性",
    "女性",
    "昨日",
    "今日",
    "明日",
    "長所",
    "短所",
    "전",
    "후",
    "최대",
    "최소",
    "증가",
    "감소",
    "열",
    "닫",
    "장점",
];

/// Numbers in words.
const NUMBERS: [(&str, &str); 11] = [
    ("2", "two twice double zwei deux dos due dois duas twee dwa два две дважды zweimal"),
    ("3", "three triple drei trois tres tre três drie trzy три"),
    ("4", "four vier quatre cuatro quattro quatro cztery четыре"),
    ("5", "five fünf cinq cinco cinque vijf pięć пять"),
    ("6", "six sechs seis sei zes sześć шесть"),
    ("7", "seven sieben sept siete sette sete zeven siedem семь"),
    ("8", "eight acht huit ocho otto oito osiem восемь"),
    ("9", "nine neun neuf nueve nove negen dziewięć девять"),
    ("10", "ten zehn dix diez dieci dez tien dziesięć десять"),
    ("100", "hundred hundert cent cien cento honderd sto сто"),
    ("1000", "thousand tausend mille mil duizend tysiąc тысяча"),
];

/// Units by their short form; each is also its own name.
const UNITS: [(&str, &str); 34] = [
    ("km", "kilometer kilometers kilometre kilometres kilómetros chilometri quilômetros километров"),
    ("m", "meter meters metre metres mètres metros metri метров"),
    ("cm", "centimeter centimeters centimetre centimetres"),
    ("mm", "millimeter millimeters millimetre millimetres"),
    ("mi", "mile miles meilen millas miglia milhas мили"),
    ("ft", "foot feet"),
    ("inch", "inches zoll pulgadas"),
    ("yard", "yards"),
    ("kg", "kilogram kilograms kilo kilos kilogramm chili quilos килограмм"),
    ("g", "gram grams gramm gramme grammes gramos grammi gramas грамм"),
    ("mg", "milligram milligrams"),
    ("lb", "lbs pound pounds pfund livres libras libbre"),
    ("oz", "ounce ounces"),
    ("l", "liter liters litre litres litros litri литров"),
    ("ml", "milliliter milliliters millilitre millilitres"),
    ("gal", "gallon gallons"),
    ("c", "celsius centigrade °c"),
    ("f", "fahrenheit °f"),
    ("kelvin", "kelvins"),
    ("usd", "dollar dollars $ dólares dollari доллар доллара долларов"),
    ("eur", "euro euros € евро"),
    ("gbp", "£ sterling"),
    ("jpy", "yen ¥"),
    ("percent", "% prozent pourcent procent процентов"),
    ("second", "seconds sec secs sekunden secondes segundos secondi секунд"),
    ("minute", "minutes mins minuten minutos minuti минут"),
    ("hour", "hours hr hrs stunden stunde heures heure horas hora ore часов часа час"),
    ("day", "days tage tag jours jour días giorni dias дней"),
    ("week", "weeks wochen woche semaines semanas settimane недель"),
    ("month", "months monate monat mois meses mesi месяцев"),
    ("year", "years jahre jahr ans année années años anni anos лет"),
    ("mb", "megabyte megabytes mib"),
    ("gb", "gigabyte gigabytes gib"),
    ("kb", "kilobyte kilobytes kib"),
];

/// Words that ask for a kind of thing. What and how are put in place of each other: how old, what age.
const QUESTIONS: [(&str, &str); 5] = [
    ("who", "whom whose wer wen wem qui quién quiénes chi quem kto кто"),
    ("when", "wann quand cuándo quando wanneer kiedy когда 何时"),
    ("where", "wo wohin woher où dónde adónde dove onde waar gdzie где куда"),
    ("why", "warum weshalb wieso pourquoi perché waarom dlaczego почему зачем"),
    (
        "many",
        "much viele viel combien cuánto cuántos cuánta cuántas quanto quanti quanta quante quantos hoeveel ile сколько",
    ),
];

fn set(words: &'static str) -> HashSet<&'static str> {
    words.split_whitespace().collect()
}

fn map(pairs: &'static [(&'static str, &'static str)]) -> HashMap<&'static str, &'static str> {
    let own = pairs.iter().map(|(short, _)| (*short, *short));
    own.chain(pairs.iter().flat_map(|(short, words)| words.split_whitespace().map(move |word| (word, *short))))
        .collect()
}

pub(super) static DENIAL: Lazy<HashSet<&'static str>> = Lazy::new(|| set(DENIALS));
pub(super) static TURN: Lazy<HashSet<&'static str>> = Lazy::new(|| set(TURNS));
pub(super) static NUMBER: Lazy<HashMap<&'static str, &'static str>> = Lazy::new(|| map(&NUMBERS));
pub(super) static UNIT: Lazy<HashMap<&'static str, &'static str>> = Lazy::new(|| map(&UNITS));
pub(super) static QUESTION: Lazy<HashMap<&'static str, &'static str>> = Lazy::new(|| map(&QUESTIONS));
