"""Which lab trained a model: its canonical name in, the lab's name out."""

from __future__ import annotations

import re

# First match wins. A fine-tune belongs to who tuned it, so those come first.
_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"nemotron|^nv-|cosmos|usdcode|usdvalidate|riva", "nvidia"),
    (r"deepseek", "deepseek"),
    (r"hermes", "nousresearch"),
    (r"euryale|lunaris", "sao10k"),
    (r"^aion", "aion"),
    (r"dracarys", "abacusai"),
    (r"dolphin", "cognitivecomputations"),
    (r"cogito", "deepcogito"),
    (r"magnum", "anthracite"),
    (r"cydonia|skyfall|unslopnemo|rocinante", "thedrummer"),
    (r"wizardlm|^phi-|^mai-", "microsoft"),
    (r"claude", "anthropic"),
    (
        r"gemini|gemma|paligemma|^deep-research|multimodalembedding|text-embedding-00|"
        r"text-embedding-large-exp|text-embedding-preview",
        "google",
    ),
    (r"^gpt|^o[134]($|-)|^chat$|codex|daybreak|text-embedding-(3|ada)", "openai"),
    (r"grok", "xai"),
    (r"mi(s|x|nis)tral|codestral|devstral|magistral|pixtral|voxtral|leanstral", "mistral"),
    (r"command|^c4ai|cohere|^embed-|^embed$|^north", "cohere"),
    (r"^qwen|^qwq|^qvq", "alibaba"),
    (r"kimi", "moonshot"),
    (r"glm", "zai"),
    (r"minimax", "minimax"),
    (r"mimo", "xiaomi"),
    (r"llama|^muse", "meta"),
    (r"sonar|pplx", "perplexity"),
    (r"nova|titan", "amazon"),
    (r"palmyra", "writer"),
    (r"^seed|ui-tars", "bytedance"),
    (r"^hy\d|^hy-|hunyuan", "tencent"),
    (r"ernie", "baidu"),
    (r"^step-", "stepfun"),
    (r"^ling|^ring", "inclusionai"),
    (r"laguna", "poolside"),
    (r"granite", "ibm"),
    (r"^lfm", "liquid"),
    (r"trinity", "arcee"),
    (r"solar", "upstage"),
    (r"mercury", "inception"),
    (r"reka", "reka"),
    (r"longcat", "meituan"),
    (r"morph", "morph"),
    (r"relace", "relace"),
    (r"^nex-", "nex-agi"),
    (r"fugu|namazu", "sakana"),
    (r"allam", "sdaia"),
    (r"sarvam", "sarvam"),
    (r"jamba", "ai21"),
    (r"^voyage", "voyage"),
)
_COMPILED = tuple((re.compile(pattern), maker) for pattern, maker in _PATTERNS)


def maker_of(canonical: str, model_id: str) -> str:
    """The lab; where no pattern fits, the organisation before the slash of the id."""
    for pattern, maker in _COMPILED:
        if pattern.search(canonical):
            return maker
    organisation, slash, _ = model_id.partition("/")
    if slash and organisation not in ("accounts", "openrouter"):
        return organisation.lstrip("~").lower()
    return ""
