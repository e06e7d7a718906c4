"""Measured models in; a guess of the general score from lab, price and date for the others out."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date

import fits
import makers
from facts import Facts, day, number

# A lab needs this many measured models before anything is guessed from it.
_LEAST_OF_LAB = 3
# How many models of its own a lab needs to outweigh all labs: level, price, date.
_PULL = (2.0, 8.0, 8.0)
_LEAST_SIGMA = 6.0


@dataclass(frozen=True)
class Guess:
    """A general score nobody measured."""

    value: float
    sigma: float


@dataclass(frozen=True)
class _Traits:
    lab: str
    features: list[float]


def fit(known: Facts, measured: dict[str, float]) -> dict[str, Guess]:
    """Guesses for every unmeasured model of a lab with measured ones."""
    traits = _traits(known)
    seen = sorted(model for model in measured if model in traits)
    everyone = _everyone([traits[m].features for m in seen], [measured[m] for m in seen])
    by_lab: dict[str, list[str]] = defaultdict(list)
    for model in seen:
        by_lab[traits[model].lab].append(model)
    misses: dict[str, list[float]] = defaultdict(list)
    for lab, models in by_lab.items():
        for model in models:
            others = [other for other in models if other != model]
            line = _lab_line(others, traits, measured, everyone)
            misses[lab].append(measured[model] - _value(line, traits[model].features))
    typical = fits.deviation([miss for group in misses.values() for miss in group])
    highest = max(measured.values())
    found: dict[str, Guess] = {}
    for model, trait in sorted(traits.items()):
        own = by_lab.get(trait.lab, [])
        if model in measured or len(own) < _LEAST_OF_LAB:
            continue
        line = _lab_line(own, traits, measured, everyone)
        value = min(highest, max(0.0, _value(line, trait.features)))
        # Misses of leave-one-out, drawn towards all labs where there are few.
        count = len(own)
        mean = (sum(miss**2 for miss in misses[trait.lab]) + 5 * typical**2) / (count + 5)
        found[model] = Guess(value, max(_LEAST_SIGMA, math.sqrt(mean)))
    return found


def _everyone(rows: list[list[float]], ys: list[float]) -> list[float]:
    return fits.ridge(rows, ys, [0.0] * 3, [1e-6] * 3)


def _lab_line(
    models: list[str],
    traits: dict[str, _Traits],
    measured: dict[str, float],
    everyone: list[float],
) -> list[float]:
    rows = [traits[model].features for model in models]
    ys = [measured[model] for model in models]
    return fits.ridge(rows, ys, everyone, list(_PULL))


def _value(line: list[float], features: list[float]) -> float:
    return sum(weight * feature for weight, feature in zip(line, features, strict=True))


def _first_seen(text: str) -> str | None:
    """The day after which a model without a date turned up in the sources."""
    found = re.match(r"after (\d{4}-\d\d-\d\d)", text)
    return found[1] if found else None


def _traits(known: Facts) -> dict[str, _Traits]:
    """Lab, log output price and date of every model that has all three."""
    prices: dict[str, list[float]] = defaultdict(list)
    own: dict[str, list[float]] = defaultdict(list)
    dates: dict[str, str] = {}
    labs: dict[str, str] = {}
    for row in known.models:
        model = row["canonical"]
        if row["mode"] == "embedding":
            continue
        lab = makers.maker_of(model, row["model_id"])
        labs.setdefault(model, lab)
        price = number(row["price_output"])
        if price and not row["model_id"].endswith((":batch", "-contributor")):
            (own if row["provider"] == lab else prices)[model].append(price)
        released = day(row["release_date"]) or _first_seen(row["first_seen"])
        if released:
            dates[model] = min(released, dates.get(model, released))
    found: dict[str, _Traits] = {}
    for model, lab in labs.items():
        price_list = own.get(model) or prices.get(model)
        if not lab or not price_list or model not in dates:
            continue
        years = (date.fromisoformat(dates[model]) - date(2026, 1, 1)).days / 365.25
        features = [1.0, math.log2(fits.median(price_list)), years]
        found[model] = _Traits(lab, features)
    return found
