"""Benchmark rows in; what each metric says of each (model, level) on the anchor scale out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import efforts
import fits
from facts import Row

ANCHOR = "aa_intelligence_index_2026_08"
VERBOSITY = "aa_index_output_tokens"
# Lower is better, so the figure is turned round.
_INVERTED = ("vectara_hallucination_rate",)
_BEST_ONLY = ("_2026_09", "_2026_10")
_LEAST_R = 0.3
_LEAST_OVERLAP = 8
# The anchor is the scale itself, so beside it the other general figures only help.
_ANCHOR_WEIGHT = 4.0

_INDEX = (ANCHOR, "aa_intelligence_index_2026_09")
_ARENA_LANGUAGES = tuple(
    f"arena_text_{name}"
    for name in (
        "chinese",
        "french",
        "german",
        "japanese",
        "korean",
        "non_english",
        "polish",
        "russian",
        "spanish",
    )
)
CLASSES: dict[str, tuple[str, ...]] = {
    "code": (
        "aa_coding_index",
        "livebench_coding",
        "livebench_agentic_coding",
        "arena_text_coding",
        "arena_webdev_overall",
        "terminalbench_hard",
        "terminalbench_v2_1",
        "scicode",
        "livecodebench",
        "aider_polyglot_pass2",
    ),
    "math": ("aime_25", "aa_math_index", "livebench_mathematics", "arena_text_math"),
    "reasoning": (
        "gpqa_diamond",
        "hle",
        "critpt",
        "livebench_reasoning",
        "arena_text_hard_prompts",
        "arena_text_expert",
    ),
    "extraction": ("ifbench", "livebench_data_analysis", "livebench_if", "lcr"),
    "translation": _ARENA_LANGUAGES,
    "creative": ("arena_text_creative_writing", "livebench_task_story_generation"),
    "chat": ("arena_text_overall", "arena_text_multi_turn"),
    "summarise": (
        "livebench_task_summarize",
        "lcr",
        "arena_text_longer_query",
        *_INVERTED,
    ),
    "agentic": (
        "aa_agentic_index",
        "aa_agentic_index_2026_10",
        "tau2",
        "gdpval_aa_normalized",
        "terminalbench_hard",
        "terminalbench_v2_1",
    ),
    "general": (*_INDEX, "livebench_global_average", "arena_text_overall"),
}

Key = tuple[str, str]


@dataclass(frozen=True)
class Mapped:
    """One metric's word on one model at one level, on the anchor scale."""

    value: float
    weight: float
    spread: float


def by_level(quality: list[Row], top: dict[str, str]) -> dict[str, dict[Key, float]]:
    """The mean figure of every metric by (model, level).

    The later indices print a model once, without a level: its best one.
    """
    sums: dict[str, dict[Key, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in quality:
        level = efforts.of_variant(row["effort_variant"], row["extra"])
        if level == efforts.UNSTATED and row["metric"].endswith(_BEST_ONLY):
            level = top.get(row["canonical"], efforts.UNSTATED)
        value = float(row["value"])
        if row["metric"] in _INVERTED:
            value = -value
        sums[row["metric"]][row["canonical"], level].append(value)
    return {metric: {key: sum(values) / len(values) for key, values in table.items()} for metric, table in sums.items()}


def fit_all(tables: dict[str, dict[Key, float]], stands_for: dict[str, str]) -> dict[str, fits.Line]:
    """The line of every metric that some class uses and that follows the anchor."""
    anchor = tables[ANCHOR]
    lines: dict[str, fits.Line] = {}
    for metric in sorted({metric for group in CLASSES.values() for metric in group}):
        points = []
        for (model, level), x in sorted(tables.get(metric, {}).items()):
            y = _anchor_of(anchor, model, level, stands_for)
            if y is not None:
                points.append((x, y))
        line = fits.major_axis(points) if len(points) >= _LEAST_OVERLAP else None
        if line is not None and line.r > _LEAST_R:
            lines[metric] = line
    return lines


def _anchor_of(anchor: dict[Key, float], model: str, level: str, stands_for: dict[str, str]) -> float | None:
    if (model, level) in anchor:
        return anchor[model, level]
    if level in (efforts.UNSTATED, efforts.ON):
        stated = stands_for.get(model, efforts.ON)
        for other in (stated, efforts.ON, efforts.UNSTATED):
            if (model, other) in anchor:
                return anchor[model, other]
    return None


def mapped(tables: dict[str, dict[Key, float]], lines: dict[str, fits.Line]) -> dict[Key, dict[str, Mapped]]:
    """Every figure on the anchor scale, by (model, level) and metric."""
    found: dict[Key, dict[str, Mapped]] = defaultdict(dict)
    for metric, line in lines.items():
        for key, x in tables[metric].items():
            value = x if metric == ANCHOR else line.at(x)
            weight = _ANCHOR_WEIGHT if metric == ANCHOR else line.r**2
            spread = 0.0 if metric == ANCHOR else line.spread
            found[key][metric] = Mapped(min(100.0, max(0.0, value)), weight, spread)
    return dict(found)
