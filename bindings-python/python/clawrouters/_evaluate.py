"""Offline evaluation: a table of prompts with known outcomes in, what a strategy would have chosen and cost out.

The choice is the router's own: the table's models become models of a sandbox, and every prompt is planned. Nothing is
sent.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ._errors import InvalidRequestError
from ._router import Router

if TYPE_CHECKING:
    from ._types import Task

Strategy = Literal["cheapest", "balanced", "best", "fastest"]
Table = str | Path | Iterable[Mapping[str, Any]]

# The item-response curve of the selection: points of score per factor e in the odds, and the demand of the easiest and
# of the hardest request.
_SLOPE, _EASY, _HARD = 8.0, -5.0, 45.0
# Prompts of a class that count as much as all prompts together: for how hard the class is, for how models differ in it.
_LEVEL, _OWN = 10, 100
_LEAST = [0.0, *(1 / (1 + math.exp(-x / 4)) for x in range(-12, 33))]
_PROVIDER = "table"
_GENERAL = "general"


@dataclass(frozen=True)
class Point:
    """One way to route all prompts of a table."""

    name: str
    quality: float
    """Mean outcome, 0 to 1."""
    cost: float
    """US dollars of all prompts."""
    shares: dict[str, float] = field(default_factory=dict)
    """The share of prompts that each model was chosen for."""


@dataclass(frozen=True)
class Evaluation:
    """What a strategy makes of a table, with the constant routers beside it. Money in US dollars."""

    strategy: str
    prompts: int
    """Prompts reported on; as many others were used to fit abilities where none were given."""
    chosen: Point
    """The strategy."""
    curve: list[Point]
    """`cheapest` and `balanced` above a least quality, over all least qualities."""
    singles: list[Point]
    """Each model alone, cheapest first."""
    oracle: Point
    """For each prompt the cheapest of the models that answered it best. Single samples flatter it."""
    kinds: dict[str, dict[str, float]]
    """By kind of task: `prompts`, `quality`, `cost`, and `best_quality`, `best_cost` of the best single model."""
    abilities: dict[str, float]
    """The score of each model over all prompts."""
    scores: dict[str, dict[str, float]]
    """The scores by class that the choice was made by, as `models[].scores` of a configuration takes them."""
    aiq: float
    """Mean quality under the hull of the curve, over the costs from the cheapest to the dearest single model."""
    zero_aiq: float
    """The same of the zero router: the hull of the single models, mixed at random."""
    standard_error: float
    """Of the quality of `chosen`."""

    @property
    def best_single(self) -> Point:
        """The model with the best mean outcome; the cheaper of equals."""
        return max(self.singles, key=lambda p: (p.quality, -p.cost))

    @property
    def saved_against_best(self) -> float:
        """The share of the best single model's cost that `chosen` saves; its quality is another."""
        return _saved(self.chosen.cost, self.best_single.cost)

    @property
    def saved_against_zero(self) -> float | None:
        """The share that `chosen` saves against the zero router of the same quality; nothing where there is none."""
        cost = _cost_at(_hull(self.singles), self.chosen.quality)
        return None if cost is None else _saved(self.chosen.cost, cost)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            **asdict(self),
            "best_single": asdict(self.best_single),
            "saved_against_best": self.saved_against_best,
            "saved_against_zero": self.saved_against_zero,
        }

    def chart(self, path: str | Path) -> None:
        """Draws the curve, the single models and the oracle into a PNG, SVG or PDF file. Needs matplotlib."""
        try:
            from matplotlib.figure import Figure  # type: ignore[import-not-found,unused-ignore]
        except ImportError as missing:
            raise ImportError("charts need matplotlib: pip install matplotlib") from missing
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.add_subplot()
        hull = _hull(self.singles)
        axes.plot([p.cost for p in hull], [p.quality for p in hull], "--", color="0.6", label="zero router")
        best = _hull(self.curve)
        axes.plot([p.cost for p in best], [p.quality for p in best], "-", label="least quality, swept")
        axes.scatter([p.cost for p in self.curve], [p.quality for p in self.curve], s=6)
        axes.scatter([p.cost for p in self.singles], [p.quality for p in self.singles], color="0.4", label="one model")
        for point in self.singles:
            axes.annotate(
                point.name, (point.cost, point.quality), fontsize=7, xytext=(4, 4), textcoords="offset points"
            )
        axes.scatter([self.chosen.cost], [self.chosen.quality], marker="*", s=160, label=self.strategy, zorder=3)
        axes.scatter([self.oracle.cost], [self.oracle.quality], marker="^", label="oracle")
        axes.set_xscale("log")
        axes.set(xlabel=f"US dollars for {self.prompts} prompts", ylabel="mean outcome")
        axes.legend()
        figure.savefig(path, dpi=150)


@dataclass(frozen=True)
class _Row:
    prompt: str
    outcomes: dict[str, float]
    costs: dict[str, float]


def evaluate(
    table: Table,
    strategy: Strategy = "balanced",
    *,
    prices: Mapping[str, tuple[float, float]] | None = None,
    abilities: Mapping[str, float | Mapping[str, float]] | None = None,
) -> Evaluation:
    """What a strategy would have chosen for prompts with known outcomes, and what that would have cost.

    `table` is the path of a CSV file (also gzipped) or its rows: `prompt`, an outcome from 0 to 1 of each model in
    `m:NAME`, its cost in US dollars in `cost:NAME`. Without costs `prices` gives US dollars per one million input and
    output tokens, and `outtok:NAME` the tokens of the answers. `abilities` are scores on the catalogue's scale, one of
    each model or one by class; without them they are fitted to mean outcomes on half of the prompts, by the class that
    each prompt is scored as and shrunk towards those of all prompts, and the other half is reported.
    """
    rows = _read(table, prices or {})
    names = list(rows[0].outcomes)
    tasks = _tasked(rows)
    fit = [i for i, row in enumerate(rows) if _half(row.prompt)] if abilities is None else []
    told = [i for i in range(len(rows)) if i not in set(fit)]
    if abilities is None and (not fit or not told):
        raise InvalidRequestError("table: too few prompts to fit abilities; give abilities or more rows")
    if abilities is None:
        overall, scores = _fitted([rows[i] for i in fit], [tasks[i] for i in fit])
    else:
        overall, scores = _given(abilities, names)
    report, kinds = [rows[i] for i in told], [tasks[i].kind for i in told]
    with _router(names, rows, overall, scores) as router:
        chosen = _pick(router, names, report, {"strategy": strategy})
        curve = [
            _point(f"{of} {least:.3f}", report, _pick(router, names, report, {"strategy": of, "min_quality": least}))
            for of in ("cheapest", "balanced")
            for least in _LEAST
        ]
    singles = [_point(name, report, [name] * len(report)) for name in names]
    singles.sort(key=lambda p: p.cost)
    best = max(singles, key=lambda p: (p.quality, -p.cost)).name
    oracle = [max(r.outcomes, key=lambda n: (r.outcomes[n], -r.costs[n])) for r in report]
    low, high = singles[0].cost, singles[-1].cost
    outcomes = [r.outcomes[n] for r, n in zip(report, chosen, strict=True)]
    return Evaluation(
        strategy=strategy,
        prompts=len(report),
        chosen=_point(strategy, report, chosen),
        curve=curve,
        singles=singles,
        oracle=_point("oracle", report, oracle),
        kinds=_by_kind(report, kinds, chosen, best),
        abilities=overall,
        scores=scores,
        aiq=_area(_hull([*curve, singles[0]]), low, high),
        zero_aiq=_area(_hull(singles), low, high),
        standard_error=_standard_error(outcomes),
    )


def _read(table: Table, prices: Mapping[str, tuple[float, float]]) -> list[_Row]:
    if isinstance(table, (str, Path)):
        raw = Path(table).read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
        listed: list[Mapping[str, Any]] = list(csv.DictReader(io.StringIO(text, newline="")))
    else:
        listed = list(table)
    if not listed:
        raise InvalidRequestError("table: has no rows")
    # Models that some prompts have no outcome of cannot be compared on the same prompts.
    columns = [c for c in listed[0] if c.startswith("m:")]
    names = [c[2:] for c in columns if all(_number(row.get(c)) is not None for row in listed)]
    if len(names) < 2 or "prompt" not in listed[0]:
        raise InvalidRequestError("table: needs the column prompt and outcomes of two models or more in m:NAME")
    return [_row(row, i, names, prices) for i, row in enumerate(listed)]


def _row(row: Mapping[str, Any], at: int, names: Sequence[str], prices: Mapping[str, tuple[float, float]]) -> _Row:
    prompt = str(row["prompt"])
    outcomes, costs = {}, {}
    for name in names:
        outcome = _number(row[f"m:{name}"])
        if outcome is None or not 0.0 <= outcome <= 1.0:
            raise InvalidRequestError(f"table: row {at + 1}: m:{name} must be from 0 to 1")
        cost = _number(row.get(f"cost:{name}"))
        if cost is None and name in prices:
            read, written = prices[name]
            tokens = _number(row.get(f"outtok:{name}")) or 200.0
            cost = (len(prompt) / 4 * read + tokens * written) / 1e6
        if cost is None or cost < 0:
            raise InvalidRequestError(f"table: row {at + 1}: needs cost:{name}, or prices for {name}")
        outcomes[name], costs[name] = outcome, cost
    return _Row(prompt, outcomes, costs)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _tasked(rows: Sequence[_Row]) -> list[Task]:
    """What the classifier takes every prompt for."""
    with Router({"providers": {_PROVIDER: {"kind": "sandbox"}}}) as router:
        return [router.classify(messages=[{"role": "user", "content": row.prompt or " "}]) for row in rows]


def _half(prompt: str) -> bool:
    return hashlib.sha256(prompt.encode("utf-8", "replace")).digest()[0] % 2 == 0


def _given(
    abilities: Mapping[str, float | Mapping[str, float]], names: Sequence[str]
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Scores over everything and by class, as they were given."""
    missing = [name for name in names if name not in abilities]
    if missing:
        raise InvalidRequestError(f"abilities: {missing[0]} has none; give one for every model of the table")
    scores: dict[str, dict[str, float]] = {}
    for name in names:
        given = abilities[name]
        read = {
            of: _number(score) for of, score in (given if isinstance(given, Mapping) else {_GENERAL: given}).items()
        }
        scores[name] = {of: score for of, score in read.items() if score is not None}
        if not read or len(scores[name]) < len(read):
            raise InvalidRequestError(f"abilities: {name} has no score that is a number; give one, or one by class")
    return {name: of.get(_GENERAL, sum(of.values()) / len(of)) for name, of in scores.items()}, scores


def _fitted(rows: Sequence[_Row], tasks: Sequence[Task]) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Scores over everything and by class at which the selection's own curve expects the mean outcomes that were seen.

    What all models have in common in a class says how hard it is, what is one model's own needs more prompts.
    """
    names = list(rows[0].outcomes)
    overall = _fit(rows, tasks, names)
    out: dict[str, dict[str, float]] = {name: {} for name in names}
    for scored_as in sorted({task.scored_as for task in tasks}):
        at = [i for i, task in enumerate(tasks) if task.scored_as == scored_as]
        own = _fit([rows[i] for i in at], [tasks[i] for i in at], names)
        level = sum(own[name] - overall[name] for name in names) / len(names)
        for name in names:
            apart = own[name] - overall[name] - level
            moved = level * len(at) / (len(at) + _LEVEL) + apart * len(at) / (len(at) + _OWN)
            out[name][scored_as] = _score(overall[name] + moved)
    return {name: _score(overall[name]) for name in names}, out


def _score(ability: float) -> float:
    """Scores are from 0 to 100."""
    return min(max(ability, 0.0), 100.0)


def _fit(rows: Sequence[_Row], tasks: Sequence[Task], names: Sequence[str]) -> dict[str, float]:
    demands = [_EASY + (_HARD - _EASY) * task.difficulty for task in tasks]

    def fit(name: str) -> float:
        seen = min(max(sum(r.outcomes[name] for r in rows) / len(rows), 0.02), 0.98)
        low, high = _EASY - 60.0, _HARD + 60.0
        for _ in range(60):
            middle = (low + high) / 2
            expected = sum(1 / (1 + math.exp((b - middle) / _SLOPE)) for b in demands) / len(demands)
            low, high = (middle, high) if expected < seen else (low, middle)
        return (low + high) / 2

    return {name: fit(name) for name in names}


def _router(
    names: Sequence[str], rows: Sequence[_Row], overall: Mapping[str, float], scores: Mapping[str, Mapping[str, float]]
) -> Router:
    """A router whose models are those of the table, at prices that give their mean cost."""
    tokens = sum(len(row.prompt) / 4 + 200 for row in rows)
    models = []
    for at, name in enumerate(names):
        price = sum(row.costs[name] for row in rows) / tokens * 1e6
        # Classes without a score of their own go by the one over everything.
        known = {"quality": _score(overall[name]), "scores": {of: _score(score) for of, score in scores[name].items()}}
        models.append({"id": f"{_PROVIDER}/m{at}", "price": {"input": price, "output": price}} | known)
    return Router({"providers": {_PROVIDER: {"kind": "sandbox"}}, "models": models})


def _pick(router: Router, names: Sequence[str], rows: Sequence[_Row], route: dict[str, Any]) -> list[str]:
    picked = []
    for row in rows:
        messages = [{"role": "user", "content": row.prompt or " "}]
        plan = router.explain(messages=messages, route=route)  # type: ignore[arg-type]
        if not plan.candidates:
            # Nobody is good enough: the ablest is asked.
            plan = router.explain(messages=messages, route={"strategy": "best"})
        picked.append(names[int(plan.candidates[0].model.rpartition("/m")[2])])
    return picked


def _point(name: str, rows: Sequence[_Row], picked: Sequence[str]) -> Point:
    pairs = list(zip(rows, picked, strict=True))
    shares = {model: sum(p == model for p in picked) / len(picked) for model in dict.fromkeys(picked)}
    quality = sum(row.outcomes[model] for row, model in pairs) / len(pairs)
    return Point(name, quality, sum(row.costs[model] for row, model in pairs), shares)


def _by_kind(
    rows: Sequence[_Row], kinds: Sequence[str], picked: Sequence[str], best: str
) -> dict[str, dict[str, float]]:
    out = {}
    for kind in sorted(set(kinds)):
        at = [i for i, k in enumerate(kinds) if k == kind]
        some = [rows[i] for i in at]
        own, single = _point(kind, some, [picked[i] for i in at]), _point(kind, some, [best] * len(at))
        out[kind] = {
            "prompts": float(len(at)),
            "quality": own.quality,
            "cost": own.cost,
            "best_quality": single.quality,
            "best_cost": single.cost,
        }
    return out


def _hull(points: Sequence[Point]) -> list[Point]:
    """The points from which no mixture of others is better at the same cost, cheapest first."""
    hull: list[Point] = []
    for point in sorted(points, key=lambda p: (p.cost, -p.quality)):
        if hull and point.quality <= hull[-1].quality:
            continue
        while len(hull) > 1 and _slope(hull[-2], hull[-1]) <= _slope(hull[-2], point):
            hull.pop()
        hull.append(point)
    return hull


def _slope(a: Point, b: Point) -> float:
    return (b.quality - a.quality) / (b.cost - a.cost) if b.cost > a.cost else math.inf


def _quality_at(hull: Sequence[Point], cost: float) -> float:
    if cost <= hull[0].cost:
        return hull[0].quality
    for a, b in pairwise(hull):
        if cost <= b.cost:
            return a.quality + _slope(a, b) * (cost - a.cost)
    return hull[-1].quality


def _cost_at(hull: Sequence[Point], quality: float) -> float | None:
    if quality <= hull[0].quality:
        return hull[0].cost
    for a, b in pairwise(hull):
        if quality <= b.quality:
            return a.cost + (quality - a.quality) / _slope(a, b)
    return None


def _area(hull: Sequence[Point], low: float, high: float) -> float:
    """Mean quality between two costs; below its cheapest point a hull counts as that."""
    if high <= low:
        return _quality_at(hull, high)
    edges = sorted({low, high, *(p.cost for p in hull if low < p.cost < high)})
    steps = pairwise(edges)
    return sum((_quality_at(hull, a) + _quality_at(hull, b)) / 2 * (b - a) for a, b in steps) / (high - low)


def _saved(cost: float, against: float) -> float:
    return 1 - cost / against if against > 0 else 0.0


def _standard_error(outcomes: Sequence[float]) -> float:
    n = len(outcomes)
    if n < 2:
        return 0.0
    mean = sum(outcomes) / n
    return math.sqrt(sum((o - mean) ** 2 for o in outcomes) / (n - 1) / n)
