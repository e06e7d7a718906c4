//! Words that make a task harder or easier whatever its kind, and the shape of multiple choice.

use super::Bound::{Blank, Free, Word};
use super::Effect::{Easier, Harder, Kind};
use super::{Row, row};
use crate::classify::TaskKind::*;

// One row a line, however long.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("en", "depth", Harder, 1.0, Word, r"prove\b|proof\b|rigorous|formal(?:ly)? (?:verif|prove)|optimi[sz]e|optimal|complexity (?:bound|class|theory|proof|analysis)|scalab|distributed|concurren|thread-?safe|lock-?free|fault[- ]toleran|consensus|high[- ]availability|production[- ](?:ready|grade)|architecture|multi-?tenant|zero[- ]downtime|security audit|vulnerabilit|cryptograph|in[- ]depth|comprehensive|detailed analysis|thorough|edge cases|trade-?offs?|first principles|derive\b|counterexample|asymptotic|np-hard|dynamic programming|stochastic|bayesian|differential equation|quantum|topolog|jurisdiction|differential diagnosis|contraindicat|pharmacokinetic|end-to-end|from scratch|without using|backward compatib|migrat(?:e|ion)|root cause|intermittent|legacy"),
    row("en", "constraints", Harder, 0.6, Word, r"must (?:not|be|have|support|handle)|at least \d|at most \d|exactly \d|no more than|ensure that|make sure|requirements?:|constraints?:|assum(?:e|ing) that|given that|taking into account|while (?:keeping|maintaining|preserving|avoiding)|considering|justify|for each|in addition|furthermore|as well as|and then |after that|additionally|secondly|finally,"),
    row("en", "plain", Easier, 0.9, Word, r"briefly|in one (?:word|sentence|line)|one word|short answer|quick question|simple\b|simplest|simply|basic\b|eli5|like i'?m (?:5|five)|for (?:a )?(?:beginner|kid|child)|hello world|just (?:tell|give|answer|say)|only the (?:answer|number|name|label)|yes or no|quick(?:ly)?\b|short\b|easy\b"),
    row("any", "choices", Kind(Reasoning), 1.4, Free, r"\n ?\(?a[.):] ?[^\n]{1,300}\n ?\(?b[.):] |\na [^\n]{1,200}\nb |choices:|options:"),
    row("any", "answer slot", Kind(Reasoning), 0.5, Free, r"\nanswer:|statement 1 \|"),
    row("es", "hondura", Harder, 0.9, Word, r"demuestra|demostrar|demostracion|optimi[zc]|paso a paso|escalab|distribuid|concurren|exhaustiv|detallad|rigur|arquitectura|complejidad"),
    row("fr", "profondeur", Harder, 0.9, Word, r"demontre|prouve|preuve|optimis|etape par etape|distribue|concurren|exhausti|detaille|rigour|architecture|complexite|approfondi"),
    row("de", "Tiefe", Harder, 0.9, Word, r"beweis|optimier|schritt fur schritt|skalier|verteilt|nebenlauf|ausfuhrlich|detaillier|architektur|komplex|grundlich|fehlertolera"),
    row("pt", "fundo", Harder, 0.9, Word, r"demonstr|prove que|otimiz|passo a passo|escalav|distribuid|concorren|detalhad|arquitetura|complexidade|aprofund"),
    row("it", "fondo", Harder, 0.9, Word, r"dimostr|ottimizz|passo dopo passo|passo passo|scalabil|distribuit|concorren|dettagliat|architettura|complessita|approfond"),
    row("nl", "diepte", Harder, 0.9, Word, r"bewijs|optimalis|stap voor stap|schaalbaar|gedistribueerd|uitgebreid|gedetailleerd|architectuur|complexiteit|grondig"),
    row("pl", "glebia", Harder, 0.9, Word, r"udowodn|dowod|optymaliz|krok po kroku|skalowaln|rozproszon|szczegolow|architektur|zlozonosc|doglebn"),
    row("tr", "derinlik", Harder, 0.9, Word, r"kanitla|ispatla|optimi|adim adim|olceklen|dagitik|ayrintili|detayli|mimari|karmasik"),
    row("ru", "глубина", Harder, 0.9, Blank, r"докаж|доказат|оптимиз|по шагам|шаг за шагом|пошагов|масштабир|распредел|подробн|архитектур|сложност|строго"),
    row("uk", "глибина", Harder, 0.9, Blank, r"довед|оптиміз|крок за кроком|покроков|масштаб|розподілен|детальн|архітектур|складніст"),
    row("ar", "عمق", Harder, 0.9, Free, r"أثبت|اثبت|برهن|خطوة بخطوة|تحسين أداء|موزع|قابل للتوسع|بالتفصيل|معماري|تعقيد"),
    row("hi", "गहराई", Harder, 0.9, Free, r"सिद्ध|साबित|चरण दर चरण|विस्तार से|विस्तृत|वितरित|आर्किटेक्चर|जटिल|अनुकूलित"),
    row("zh", "深度", Harder, 0.9, Free, r"证明|證明|优化|逐步|一步一步|分布式|并发|高可用|可扩展|详细|深入|架构|复杂度|严格|推导|线程安全"),
    row("ja", "深さ", Harder, 0.9, Free, r"証明|最適化|ステップ|段階的|分散|並行|スケーラブル|詳細|詳しく|アーキテクチャ|計算量|厳密|導出|スレッドセーフ"),
    row("ko", "깊이", Harder, 0.9, Free, r"증명|최적화|단계별|분산|동시성|확장 ?가능|자세히|상세|아키텍처|복잡도|엄밀|유도"),
];
