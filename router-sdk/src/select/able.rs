//! A model's abilities as bits, so that a whole catalogue is sifted with a few instructions a model.

use crate::catalog::Model;
use crate::classify::Needs;

/// One bit an ability.
pub(crate) const TOOLS: u32 = 1;
pub(crate) const FORCED_TOOL: u32 = 1 << 1;
pub(crate) const PARALLEL_TOOLS: u32 = 1 << 2;
pub(crate) const VISION: u32 = 1 << 3;
pub(crate) const AUDIO: u32 = 1 << 4;
pub(crate) const VIDEO: u32 = 1 << 5;
pub(crate) const PDF: u32 = 1 << 6;
pub(crate) const JSON_MODE: u32 = 1 << 7;
pub(crate) const JSON_SCHEMA: u32 = 1 << 8;
pub(crate) const PREFILL: u32 = 1 << 9;
pub(crate) const REASONING: u32 = 1 << 10;
pub(crate) const SYSTEM: u32 = 1 << 11;

/// Names of the bits, as gates name them.
pub(crate) const NAMES: [(u32, &str); 12] = [
    (TOOLS, "tools"),
    (FORCED_TOOL, "forced_tool_choice"),
    (PARALLEL_TOOLS, "parallel_tools"),
    (VISION, "vision"),
    (AUDIO, "audio"),
    (VIDEO, "video"),
    (PDF, "pdf"),
    (JSON_MODE, "json_mode"),
    (JSON_SCHEMA, "json_schema"),
    (PREFILL, "assistant_prefill"),
    (REASONING, "reasoning"),
    (SYSTEM, "system_prompt"),
];

/// What a model is known to do and known not to do; neither bit is set where nobody knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Able {
    pub(crate) yes: u32,
    pub(crate) no: u32,
}

impl Able {
    pub(crate) fn of(model: &Model) -> Self {
        let c = &model.capabilities;
        let mut able = Self::default();
        let reasons = if model.reasons() { Some(true) } else { c.reasoning };
        let facts = [
            (TOOLS, c.tools),
            (FORCED_TOOL, c.forced_tool_choice.or(c.tool_choice)),
            (PARALLEL_TOOLS, c.parallel_tools),
            (VISION, c.vision),
            (AUDIO, c.audio_in),
            (VIDEO, c.video_in),
            (PDF, c.pdf),
            // A model that keeps to a schema keeps to JSON.
            (JSON_MODE, c.json_mode.or(c.json_schema.filter(|s| *s))),
            (JSON_SCHEMA, c.json_schema),
            (PREFILL, c.assistant_prefill),
            (REASONING, reasons),
            (SYSTEM, c.system_prompt),
        ];
        for (bit, fact) in facts {
            match fact {
                Some(true) => able.yes |= bit,
                Some(false) => able.no |= bit,
                None => {}
            }
        }
        able
    }

    /// The same for a model whose thinking is switched off.
    pub(crate) fn without_reasoning(self) -> Self {
        Self { yes: self.yes & !REASONING, no: self.no | REASONING }
    }

    /// Needed bits that are missing: known not to be there, and with `strict` also those that nobody knows.
    ///
    /// A system prompt and a forced tool choice are missing only where they are known to be: nearly every model takes
    /// them and few lists say so. Prefill likewise, for which every family has another way.
    pub(crate) fn missing(self, needed: u32, strict: bool) -> u32 {
        const LENIENT: u32 = SYSTEM | FORCED_TOOL | PREFILL | PARALLEL_TOOLS;
        let no = needed & self.no;
        if strict { no | (needed & !self.yes & !LENIENT) } else { no }
    }
}

/// The bits that a request needs.
pub(crate) fn needed(needs: &Needs) -> u32 {
    let wanted = [
        (TOOLS, needs.tools),
        (FORCED_TOOL, needs.forced_tool_choice),
        (PARALLEL_TOOLS, needs.parallel_tools),
        (VISION, needs.vision),
        (AUDIO, needs.audio),
        (VIDEO, needs.video),
        (PDF, needs.pdf),
        (JSON_MODE, needs.json_mode),
        (JSON_SCHEMA, needs.json_schema),
        (PREFILL, needs.prefill),
        (REASONING, needs.reasoning),
        (SYSTEM, needs.system_prompt),
    ];
    wanted.iter().filter(|(_, on)| *on).fold(0, |bits, (bit, _)| bits | bit)
}

/// The bit of a name in `route.require`; `zero_price` is no ability and has none.
pub(crate) fn bit(name: &str) -> u32 {
    NAMES.iter().find(|(_, n)| *n == name).map_or(0, |(bit, _)| *bit)
}

/// The name of the lowest of these bits.
pub(crate) fn name(bits: u32) -> &'static str {
    NAMES.iter().find(|(bit, _)| bits & bit != 0).map_or("capability", |(_, name)| name)
}
