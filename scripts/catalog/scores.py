"""Benchmark rows and shipped models in, one score a task class, model and level of effort out."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import efforts
import fits
import makers
import measures
import prior
from facts import Facts, Row
from measures import Key, Mapped

Json = dict[str, Any]

# Even a model with every benchmark is not known better than this.
_FLOOR = 2.0
# What a figure loses in trust when it was measured at another level of effort.
_OTHER_LEVEL_SPREAD = 5.0
_OTHER_LEVEL_WEIGHT = 0.5
_LEAST_FOR_LEVEL = 3
# The same weights at another speed or place, which nobody measured again.
_SAME_MODEL = re.compile(r"^in-anthropic-|(-\d{4})?(-spot)?-(fast|ultrafast|ultraspeed|highspeed|spot|prime)$|-\d{4}$")
_TWIN_SPREAD = 3.0
_SPECIAL = tuple(name for name in measures.CLASSES if name != "general")


@dataclass(frozen=True)
class Scored:
    """A score as the data files say it."""

    value: float
    sigma: float
    basis: str


NOTHING = Scored(0.0, 30.0, "-")


def derive(known: Facts, by_provider: dict[str, list[Json]]) -> dict[str, Json]:
    """The rows of scores.json: every chat model that anything can be said of."""
    levels = _levels(known, efforts.scored_level)
    tops = _levels(known, lambda row, _maker: efforts.top_level(row))
    tables = measures.by_level(known.quality, tops)
    lines = measures.fit_all(tables, levels)
    at = measures.mapped(tables, lines)
    shifts = _shifts(tables[measures.ANCHOR])
    defaults = {
        model: _at_level(at, model, levels.get(model, efforts.UNSTATED), shifts)
        for model in sorted({model for model, _ in at})
    }
    spread = _class_spread(defaults)
    general = {model: _general(metrics) for model, metrics in defaults.items() if metrics and _trusted(metrics)}
    guess = prior.fit(known, {model: score.value for model, score in general.items()})
    tokens = _verbosity(tables[measures.VERBOSITY], levels)
    lengths = _lengths(tokens)
    found: dict[str, Json] = {}
    for model in sorted(_shipped(by_provider)):
        if model in general:
            row = _row(_classes(defaults[model], spread))
        elif _same_as(model) in general:
            row = _row(_from_twin(_classes(defaults[_same_as(model)], spread)))
        elif model in guess:
            row = _row(_from_prior(guess[model], spread))
        else:
            continue
        level = levels.get(model, "")
        length = tokens.get((model, "")) or _length_at(model, level, level, tokens, lengths)
        if length is not None:
            row["verbosity"] = length
        steps = _effort_rows(model, at, levels.get(model, ""), spread, tokens, lengths)
        if steps:
            row["efforts"] = steps
        found[model] = row
    return found


def _shipped(by_provider: dict[str, list[Json]]) -> set[str]:
    return {
        line["canonical"]
        for lines in by_provider.values()
        for line in lines
        if line.get("mode") != "embedding" and "canonical" in line
    }


def _levels(known: Facts, level_of: Callable[[Row, str], str]) -> dict[str, str]:
    """A level for each model; its maker's own word counts first."""
    found: dict[str, tuple[int, str]] = {}
    for row in known.models:
        maker = makers.maker_of(row["canonical"], row["model_id"])
        rank = 0 if row["provider"] == maker else 1 if row["reasoning"] else 2
        level = level_of(row, maker)
        if level != efforts.UNSTATED or rank == 0:
            known_rank = found.get(row["canonical"], (9, ""))[0]
            if rank < known_rank:
                found[row["canonical"]] = (rank, level)
    return {model: level for model, (_, level) in found.items()}


def _shifts(measured: dict[Key, float]) -> dict[str, float]:
    """How far each level lies above high effort, over all models.

    Pairs of levels of one model give differences; a few rounds of averaging
    turn those into one position a level.
    """
    by_model: dict[str, dict[str, float]] = {}
    for (model, level), value in measured.items():
        by_model.setdefault(model, {}).setdefault(level, value)
    groups = [levels for _, levels in sorted(by_model.items()) if len(levels) > 1]
    position = dict.fromkeys((*efforts.LEVELS, efforts.ON, efforts.UNSTATED), 0.0)
    for _ in range(50):
        gaps: dict[str, list[float]] = {level: [] for level in position}
        for levels in groups:
            centre = sum(value - position[level] for level, value in levels.items()) / len(levels)
            for level, value in levels.items():
                gaps[level].append(value - centre)
        position = {level: sum(values) / len(values) if values else 0.0 for level, values in gaps.items()}
    shifted = {level: value - position["high"] for level, value in position.items()}
    for weaker, stronger in pairwise(level for level in efforts.LEVELS if level != "minimal"):
        shifted[stronger] = max(shifted[weaker], shifted[stronger])
    return {**shifted, efforts.UNSTATED: 0.0}


def _at_level(at: dict[Key, dict[str, Mapped]], model: str, level: str, shifts: dict[str, float]) -> dict[str, Mapped]:
    """Each metric at a level: measured there, or else at the nearest level and moved."""
    same = {level, efforts.UNSTATED}
    if level in (efforts.ON, efforts.UNSTATED, "high"):
        same |= {efforts.ON}
    if level == efforts.ON:
        same |= {"high"}
    have = {known: at[model, known] for name, known in at if name == model}
    found: dict[str, Mapped] = {}

    def distance(other: str) -> tuple[bool, bool, float, str]:
        return (other != level, other not in same, abs(shifts[other] - shifts[level]), other)

    for other in sorted(have, key=distance):
        for metric, figure in have[other].items():
            if metric in found:
                continue
            if other in same or (level == efforts.UNSTATED and other == "none"):
                found[metric] = figure
                continue
            move = shifts[level] - shifts[other]
            found[metric] = Mapped(
                min(100.0, max(0.0, figure.value + move)),
                figure.weight * _OTHER_LEVEL_WEIGHT,
                math.hypot(figure.spread, _OTHER_LEVEL_SPREAD),
            )
    return found


def _mean(metrics: dict[str, Mapped], names: tuple[str, ...]) -> tuple[float, float, int] | None:
    """The weighted mean of some metrics, its spread, and how many there were."""
    present = [metrics[name] for name in names if name in metrics]
    if not present:
        return None
    total = sum(one.weight for one in present)
    value = sum(one.weight * one.value for one in present) / total
    # Benchmarks share their errors, so many of them help less than by the root.
    spread = sum(one.weight * one.spread for one in present) / total
    return value, spread / len(present) ** 0.25, len(present)


def _trusted(metrics: dict[str, Mapped]) -> bool:
    """One stray figure outside the general benchmarks is not a measurement of a model."""
    return _mean(metrics, measures.CLASSES["general"]) is not None or len(metrics) >= 2


def _general(metrics: dict[str, Mapped]) -> Scored:
    measured = _mean(metrics, measures.CLASSES["general"])
    if measured is not None:
        value, spread, _ = measured
        return Scored(value, math.hypot(spread, _FLOOR), "m")
    value, spread, _ = _mean(metrics, tuple(metrics)) or (0.0, 0.0, 0)
    return Scored(value, math.hypot(spread, 2 * _FLOOR), "g")


def _classes(metrics: dict[str, Mapped], spread: dict[str, float]) -> list[Scored]:
    general = _general(metrics)
    found = []
    for name in _SPECIAL:
        measured = _mean(metrics, measures.CLASSES[name])
        if measured is None:
            found.append(Scored(general.value, math.hypot(general.sigma, spread[name]), "g"))
            continue
        value, own, count = measured
        share = count / (count + 2)
        sigma = math.sqrt(
            (share * own) ** 2 + ((1 - share) * spread[name]) ** 2 + ((1 - share) * general.sigma) ** 2 + _FLOOR**2
        )
        found.append(Scored(share * value + (1 - share) * general.value, sigma, "m"))
    return [*found, general]


def _class_spread(defaults: dict[str, dict[str, Mapped]]) -> dict[str, float]:
    """How far a class strays from the general score, over well measured models."""
    found = {}
    for name in _SPECIAL:
        gaps = []
        for metrics in defaults.values():
            measured = _mean(metrics, measures.CLASSES[name])
            general = _mean(metrics, measures.CLASSES["general"])
            if measured and general and (measured[2] >= 2 or len(measures.CLASSES[name]) == 2):
                gaps.append(measured[0] - general[0])
        found[name] = max(_FLOOR, fits.deviation(gaps))
    return found


def _from_prior(guess: prior.Guess, spread: dict[str, float]) -> list[Scored]:
    found = [Scored(guess.value, math.hypot(guess.sigma, spread[name]), "f") for name in _SPECIAL]
    return [*found, Scored(guess.value, guess.sigma, "f")]


def _same_as(model: str) -> str:
    """The model that this one is under another name of speed, region or build."""
    return _SAME_MODEL.sub("", model)


def _from_twin(scored: list[Scored]) -> list[Scored]:
    return [Scored(one.value, math.hypot(one.sigma, _TWIN_SPREAD), "f") for one in scored]


def _row(scored: list[Scored]) -> Json:
    return {
        "value": [_tenth(min(100.0, max(0.0, one.value))) for one in scored],
        "sigma": [_tenth(one.sigma) for one in scored],
        "basis": "".join(one.basis for one in scored),
    }


def _effort_rows(
    model: str,
    at: dict[Key, dict[str, Mapped]],
    default: str,
    spread: dict[str, float],
    tokens: dict[Key, float],
    lengths: dict[str, float],
) -> list[Json]:
    """Rows of the levels that were measured by themselves."""
    have = {level: metrics for (name, level), metrics in at.items() if name == model}
    if "high" not in have and efforts.ON in have and default == "none":
        # Thinking that is only on or off is what every level above none turns on.
        have["high"] = have[efforts.ON]
    rows = []
    for level in efforts.LEVELS:
        metrics = have.get(level)
        if metrics is None or len(metrics) < _LEAST_FOR_LEVEL:
            continue
        if _mean(metrics, measures.CLASSES["general"]) is None:
            continue
        row: Json = {"effort": level, **_row(_classes(metrics, spread))}
        length = _length_at(model, level, default, tokens, lengths)
        if length is not None:
            row["verbosity"] = length
        rows.append(row)
    return rows


def _verbosity(tokens: dict[Key, float], levels: dict[str, str]) -> dict[Key, float]:
    """Output tokens relative to the median, by level, and under "" at the default level."""
    default: dict[str, float] = {}
    for model in sorted({model for model, _ in tokens}):
        level = levels.get(model, efforts.UNSTATED)
        same = (level, efforts.UNSTATED, efforts.ON) if level == efforts.ON else (level, "")
        for other in same:
            if (model, other) in tokens:
                default[model] = tokens[model, other]
                break
    middle = fits.median(list(tokens.values()))
    found = {key: round(value / middle, 2) for key, value in tokens.items() if key[1]}
    found.update({(model, ""): round(value / middle, 2) for model, value in default.items()})
    return found


def _lengths(tokens: dict[Key, float]) -> dict[str, float]:
    """How much longer answers are at each level than at high effort, as a logarithm, over all models."""
    return _shifts({key: math.log(value) for key, value in tokens.items() if key[1] and value > 0})


def _length_at(
    model: str, level: str, default: str, tokens: dict[Key, float], lengths: dict[str, float]
) -> float | None:
    """Output tokens at a level: measured there, or else at the model's nearest level and moved."""
    if (model, level) in tokens:
        return tokens[model, level]
    have = {other: value for (name, other), value in tokens.items() if name == model and other in efforts.LEVELS}
    if (model, "") in tokens and default in efforts.LEVELS:
        have.setdefault(default, tokens[model, ""])
    if not have:
        return None
    if level not in efforts.LEVELS:
        return None
    nearest = min(have, key=lambda other: (abs(lengths[other] - lengths[level]), other))
    return max(0.01, round(have[nearest] * math.exp(lengths[level] - lengths[nearest]), 2))


def _tenth(value: float) -> float | int:
    value = round(value, 1)
    return int(value) if value == int(value) else value
