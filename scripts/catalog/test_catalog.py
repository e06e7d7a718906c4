"""Tests of the generator: `python3 -m unittest discover scripts/catalog`."""

from __future__ import annotations

import contextlib
import io
import sys
import unittest
from pathlib import Path
from unittest import mock

import build
import efforts
import facts
import fits
import makers
import models
import names
import prices

FACTS = build.ROOT.parent / "shared" / "catalog"

COLUMNS = (
    *("provider", "model_id", "display_name", "canonical", "family", "release_date", "status"),
    *("context_window", "max_input_tokens", "max_output_tokens", "tiers_json", "off_peak_json"),
    *("price_input", "price_output", "price_cached_input", "batch_input", "batch_output"),
    *("tier_threshold_tokens", "tier_input", "tier_output", "free_or_zero_priced"),
    *("n_price_sources_agreeing", "reasoning_control", "reasoning_effort_values"),
    *("reasoning_budget_range", "temperature", "prompt_cache_min_tokens", "embedding_dim"),
    *("sunset_date", "open_weights", "knowledge_cutoff"),
)


def row(**cells: str) -> facts.Row:
    """A row with these cells and every other one empty."""
    known = list(COLUMNS)
    known += [column for _, column in models._ABILITIES]
    return {**dict.fromkeys(known, ""), "mode": "chat", **cells}


class Prices(unittest.TestCase):
    def test_unstated_rates_move_with_the_prompt(self) -> None:
        cells = row(
            price_input="0.1",
            price_output="0.5",
            price_cache_write_1h="0.2",
            tier_threshold_tokens="100000",
            tier_input="0.5",
            tier_output="2.5",
            tier_cache_write="0",
        )
        (period,) = prices.periods(cells, [])
        self.assertEqual(period["rates"], [0.1, 0.5, None, None, 0.2])
        tier = {"above": 100000, "rates": [0.5, 2.5, None, None, 1]}
        self.assertEqual(period["tiers"], [tier])

    def test_a_change_ends_the_period_before(self) -> None:
        change = {"effective_from": "2026-12-01", "input": "4", "output": "20", "cached_input": ""}
        cells = row(price_input="2", price_output="10", price_cached_input="0.1")
        before, after = prices.periods(cells, [change])
        self.assertEqual(before["until"], "2026-11-30")
        self.assertEqual(after, {"from": "2026-12-01", "rates": [4, 20, 0.2]})

    def test_an_unknown_price_is_no_period(self) -> None:
        self.assertEqual(prices.periods(row(), []), [])

    def test_impossible_cells_are_dropped(self) -> None:
        cells = row(price_input="1", price_output="2", price_cached_input="1.5", batch_input="3")
        (period,) = prices.periods(cells, [])
        self.assertEqual(period, {"rates": [1, 2]})


class Levels(unittest.TestCase):
    def test_variants(self) -> None:
        for variant, label, level in (
            ("thinking-64k-high-effort", "", "high"),
            ("", "Claude Sonnet 4.6 (Adaptive Reasoning, Max Effort)", "max"),
            ("non-reasoning-low-effort", "", "none"),
            ("thinking-16k", "", "on"),
            ("", "GPT-5.4 mini (xhigh)", "xhigh"),
            ("", "Grok 4", ""),
            ("reasoning+medium", "", "medium"),
        ):
            self.assertEqual(efforts.of_variant(variant, label), level, variant or label)

    def test_defaults(self) -> None:
        thinks = row(reasoning="true", reasoning_effort_values="none|low|medium|high")
        free = {**thinks, "temperature": "true"}
        self.assertEqual(efforts.default_effort(free, "openai"), "none")
        fixed = {**thinks, "temperature": "false"}
        self.assertEqual(efforts.default_effort(fixed, "openai"), "medium")
        self.assertIsNone(efforts.default_effort(thinks, "deepseek"))


class Lines(unittest.TestCase):
    def test_retired_and_batch_only_models_stay_out(self) -> None:
        kept = row(provider="a", model_id="x", canonical="x", price_input="1", price_output="2")
        rows = [
            kept,
            {**kept, "model_id": "x:batch", "price_input": "0.5", "price_output": "1"},
            {**kept, "model_id": "y", "sunset_date": "2026-11-21"},
            {**kept, "model_id": "z", "status": "retired"},
        ]
        (line,) = models.build(rows, [], [], "2026-11-22")["a"]
        self.assertEqual(line["prices"], [{"rates": [1, 2], "batch": [0.5, 1]}])
        self.assertNotIn("cannot", line)

    def test_a_vendor_settles_what_no_model_of_it_takes(self) -> None:
        vendor = {"name": "a", "quirks": {"json_schema": False}}
        line = models.build(
            [row(provider="a", model_id="x", canonical="x", json_schema="true")],
            [],
            [vendor],
            "2026-11-22",
        )["a"][0]
        self.assertEqual(line["cannot"], "json_schema")

    def test_names(self) -> None:
        lines: list[names.Json] = [
            {"id": "org/Some-1", "canonical": "some-1", "maker": "org"},
            {"id": "org/some-1:free", "canonical": "some-1", "maker": "org", "free": True},
        ]
        names.add_aliases(lines)
        self.assertEqual(lines[0]["aliases"], ["Some-1", "some-1"])
        index = names.index({"b": lines, "org": [{**lines[0]}]}, {"org": ["org"]})
        self.assertEqual(index["some-1"], "org b")

    def test_makers(self) -> None:
        self.assertEqual(makers.maker_of("llama-3-3-nemotron-super-49b", "x"), "nvidia")
        self.assertEqual(makers.maker_of("unheard-of", "acme/unheard-of"), "acme")
        self.assertEqual(makers.maker_of("unheard-of", "unheard-of"), "")


class Fits(unittest.TestCase):
    def test_major_axis(self) -> None:
        line = fits.major_axis([(0, 1), (1, 3), (2, 5)])
        assert line is not None
        self.assertAlmostEqual(line.at(10), 21)
        self.assertAlmostEqual(line.spread, 0)

    def test_ridge(self) -> None:
        exact = fits.ridge([[1, 0], [1, 1], [1, 2]], [1, 3, 5], [0, 0], [0, 0])
        self.assertAlmostEqual(exact[0], 1)
        self.assertAlmostEqual(exact[1], 2)
        drawn = fits.ridge([[1, 0]], [1], [9, 7], [1e9, 1e9])
        self.assertAlmostEqual(drawn[1], 7)


class Committed(unittest.TestCase):
    @unittest.skipUnless((FACTS / facts.MODELS).is_file(), f"no facts in {FACTS}")
    def test_the_committed_files_are_what_the_facts_give(self) -> None:
        said = io.StringIO()
        argv = ["build.py", str(FACTS), "--check"]
        with (
            mock.patch.object(sys, "argv", argv),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            self.assertEqual(build.main(), 0, said.getvalue())

    def test_without_facts_the_check_says_so(self) -> None:
        said = io.StringIO()
        argv = ["build.py", str(Path(__file__).parent / "nowhere"), "--check"]
        with mock.patch.object(sys, "argv", argv), contextlib.redirect_stdout(said):
            self.assertEqual(build.main(), 0)
        self.assertIn("skipped", said.getvalue())


if __name__ == "__main__":
    unittest.main()
