"""Evaluation of a table: what the strategies choose, and what stands beside it."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

import clawrouters
import pytest
from clawrouters import InvalidRequestError, evaluate

EASY = ["Say hello to {}.", "What is the capital of {}?", "Translate '{}' into French."]
HARD = [
    "Prove that for every prime p above {} the group of units modulo p is cyclic, and generalise it to prime powers.",
    "Design a lock-free queue for {} producers, prove that it is linearisable and analyse its memory ordering.",
    "Compare three theories of {} under strategic voting, step by step, and derive where each of them fails.",
]


def rows() -> list[dict[str, Any]]:
    """The small model answers what is easy, the large one everything."""
    out = []
    for i in range(60):
        out.append(row(EASY[i % 3].format(f"place {i}"), 1.0, 1.0))
        out.append(row(HARD[i % 3].format(i + 2), 0.0, 1.0))
    return out


def row(prompt: str, small: float, large: float) -> dict[str, Any]:
    return {"prompt": prompt, "m:small": small, "cost:small": 0.0001, "m:large": large, "cost:large": 0.01}


ABILITIES = {"small": 18.0, "large": 70.0}


def test_a_sensible_route_is_as_good_as_the_best_and_cheaper() -> None:
    told = evaluate(rows(), "cheapest", abilities=ABILITIES)
    assert told.prompts == 120
    assert told.best_single.name == "large"
    assert told.chosen.quality > 0.95
    assert told.saved_against_best > 0.3
    assert told.saved_against_zero is not None
    assert told.saved_against_zero > 0.3
    assert told.aiq > told.zero_aiq
    assert told.oracle.quality == 1.0
    assert sum(kind["prompts"] for kind in told.kinds.values()) == 120


def test_constant_routers_stand_beside_it() -> None:
    told = evaluate(rows(), "best", abilities=ABILITIES)
    assert [p.name for p in told.singles] == ["small", "large"]
    assert told.singles[0].quality == 0.5
    assert told.singles[0].cost == pytest.approx(120 * 0.0001)
    # `best` is the large model for everything, and saves nothing.
    assert told.chosen.shares == {"large": 1.0}
    assert told.saved_against_best == pytest.approx(0.0)
    # Half of each at random has three quarters of the quality.
    assert told.zero_aiq == pytest.approx(0.75)


def test_abilities_are_fitted_to_one_half_and_the_other_is_reported() -> None:
    told = evaluate(rows(), "balanced")
    assert 30 <= told.prompts <= 90
    assert told.abilities["large"] > told.abilities["small"]
    again = evaluate(rows(), "balanced")
    assert again.to_dict() == told.to_dict()


def test_abilities_are_told_apart_by_class() -> None:
    code = [row(f"Write a Python function that sorts list number {i}.", 1.0, 0.0) for i in range(120)]
    talk = [row(f"Hello friend number {i}, how are you today?", 0.0, 1.0) for i in range(120)]
    told = evaluate(code + talk, "best")
    small, large = told.scores["small"], told.scores["large"]
    assert small["code"] > large["code"]
    assert large["chat"] > small["chat"]
    # Over everything they are alike, and classes that no prompt is of have no score of their own.
    assert told.abilities["small"] == pytest.approx(told.abilities["large"], abs=5)
    assert set(small) == {"code", "chat"}
    # Neither model alone is good at both.
    assert told.best_single.quality < 0.7
    assert told.chosen.quality > 0.95
    assert told.aiq > told.zero_aiq + 0.1
    # What was fitted can be given, and stands in a configuration as it is.
    given = evaluate(code + talk, "best", abilities=told.scores)
    assert given.prompts == 240
    assert given.chosen.quality > 0.95
    model = {
        "id": "x/m",
        "quality": told.abilities["small"],
        "scores": told.scores["small"],
        "price": {"input": 1, "output": 1},
    }
    with clawrouters.Router({"providers": {"x": {"kind": "sandbox"}}, "models": [model]}) as router:
        assert router.explain(messages=[{"role": "user", "content": "Hello!"}]).candidates


def test_the_curve_is_of_what_a_request_can_ask_for() -> None:
    told = evaluate(rows(), "cheapest", abilities=ABILITIES)
    assert {point.name.partition(" ")[0] for point in told.curve} == {"cheapest", "balanced"}
    assert min(point.cost for point in told.curve) == told.singles[0].cost


def test_a_file_reads_as_its_rows_do(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.gz"
    with gzip.open(path, "wt", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows()[0]))
        writer.writeheader()
        writer.writerows(rows())
    assert (
        evaluate(path, "cheapest", abilities=ABILITIES).to_dict()
        == evaluate(rows(), "cheapest", abilities=ABILITIES).to_dict()
    )


def test_prices_stand_in_for_costs() -> None:
    bare = [{k: v for k, v in r.items() if not k.startswith("cost:")} | {"outtok:small": 100} for r in rows()]
    told = evaluate(bare, prices={"small": (1.0, 2.0), "large": (10.0, 30.0)}, abilities=ABILITIES)
    prompt_tokens = sum(len(r["prompt"]) / 4 for r in rows())
    assert told.singles[0].cost == pytest.approx((prompt_tokens * 1.0 + 120 * 100 * 2.0) / 1e6)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ([], "has no rows"),
        ([{"prompt": "x", "m:a": 1}], "two models"),
        ([{"prompt": "x", "m:a": 1, "m:b": 2, "cost:a": 1, "cost:b": 1}], "m:b must be from 0 to 1"),
        ([{"prompt": "x", "m:a": 1, "m:b": 1, "cost:a": 1}], "cost:b"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(table: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(InvalidRequestError, match=says):
        evaluate(table)


def test_an_ability_for_every_model() -> None:
    with pytest.raises(InvalidRequestError, match="large has none"):
        evaluate(rows(), abilities={"small": 1.0})
    bad: list[Any] = [{}, {"code": "x"}, {"code": None}, "x", None, [1], float("nan")]
    for given in bad:
        with pytest.raises(InvalidRequestError, match="large has no score"):
            evaluate(rows(), abilities={"small": 1.0, "large": given})
    with pytest.raises(clawrouters.InvalidConfigError, match=r"scores\.prose: is not a task class"):
        evaluate(rows(), abilities={"small": 1.0, "large": {"prose": 40.0}})


def test_a_chart_is_drawn_where_matplotlib_is(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    clawrouters.evaluate(rows(), "cheapest", abilities=ABILITIES).chart(tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes()[:4] == b"\x89PNG"
