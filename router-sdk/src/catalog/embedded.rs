//! The data files as text. Written by `scripts/catalog/build.py`.

use jiff::civil::{Date, date};

pub(super) const AS_OF: Date = date(2026, 11, 22);
pub(super) const VENDORS: &str = include_str!("../../catalog/providers.json");
pub(super) const NAMES: &str = include_str!("../../catalog/names.json");
pub(super) const SCORES: &str = include_str!("../../catalog/scores.json");

pub(super) const PROVIDERS: [&str; 29] = [
    "alibaba",
    "anthropic",
    "azure",
    "bedrock",
    "cerebras",
    "cohere",
    "deepinfra",
    "deepseek",
    "fireworks",
    "google",
    "groq",
    "huggingface",
    "meta",
    "minimax",
    "mistral",
    "moonshot",
    "nvidia",
    "ollama",
    "ollama-cloud",
    "openai",
    "openrouter",
    "perplexity",
    "sambanova",
    "together",
    "vertex",
    "voyage",
    "xai",
    "xiaomi",
    "zai",
];

pub(super) const MODELS: [&str; 29] = [
    include_str!("../../catalog/models/alibaba.json"),
    include_str!("../../catalog/models/anthropic.json"),
    include_str!("../../catalog/models/azure.json"),
    include_str!("../../catalog/models/bedrock.json"),
    include_str!("../../catalog/models/cerebras.json"),
    include_str!("../../catalog/models/cohere.json"),
    include_str!("../../catalog/models/deepinfra.json"),
    include_str!("../../catalog/models/deepseek.json"),
    include_str!("../../catalog/models/fireworks.json"),
    include_str!("../../catalog/models/google.json"),
    include_str!("../../catalog/models/groq.json"),
    include_str!("../../catalog/models/huggingface.json"),
    include_str!("../../catalog/models/meta.json"),
    include_str!("../../catalog/models/minimax.json"),
    include_str!("../../catalog/models/mistral.json"),
    include_str!("../../catalog/models/moonshot.json"),
    include_str!("../../catalog/models/nvidia.json"),
    include_str!("../../catalog/models/ollama.json"),
    include_str!("../../catalog/models/ollama-cloud.json"),
    include_str!("../../catalog/models/openai.json"),
    include_str!("../../catalog/models/openrouter.json"),
    include_str!("../../catalog/models/perplexity.json"),
    include_str!("../../catalog/models/sambanova.json"),
    include_str!("../../catalog/models/together.json"),
    include_str!("../../catalog/models/vertex.json"),
    include_str!("../../catalog/models/voyage.json"),
    include_str!("../../catalog/models/xai.json"),
    include_str!("../../catalog/models/xiaomi.json"),
    include_str!("../../catalog/models/zai.json"),
];
