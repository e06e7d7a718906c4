"""Reads the folder of facts: CSV files in, rows of text out. An empty cell is an unknown fact."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str]

MODELS = "models.csv"
SCHEDULE = "price_schedule.csv"
PROVIDERS = "providers.csv"
QUALITY = "quality.csv.gz"
# Models that the folder lacks or has wrong, kept here; they take the place of its rows.
OWN_MODELS = Path(__file__).with_name("own_models.csv")


@dataclass(frozen=True)
class Facts:
    """Everything that a build reads."""

    models: list[Row]
    schedule: list[Row]
    providers: list[Row]
    quality: list[Row]


def read(folder: Path) -> Facts:
    """Reads all files of the folder."""
    return Facts(
        models=_with_own(_rows(folder / MODELS), _rows(OWN_MODELS)),
        schedule=_rows(folder / SCHEDULE),
        providers=_rows(folder / PROVIDERS),
        quality=_rows(folder / QUALITY),
    )


def _with_own(rows: list[Row], own: list[Row]) -> list[Row]:
    """The rows with own ones in the place of those of the same model, new ones at the end, unnamed cells empty."""
    blank = dict.fromkeys(rows[0], "")
    by_name = {(row["provider"], row["model_id"]): {**blank, **row} for row in own}
    kept = [by_name.pop((row["provider"], row["model_id"]), row) for row in rows]
    return kept + list(by_name.values())


def _rows(path: Path) -> list[Row]:
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8", newline="") as packed:
            return list(csv.DictReader(packed))
    with path.open(encoding="utf-8", newline="") as plain:
        return list(csv.DictReader(plain))


def number(text: str) -> float | None:
    """The number in a cell."""
    return float(text) if text else None


def whole(text: str) -> int | None:
    """The whole number in a cell."""
    return int(float(text)) if text else None


def flag(text: str) -> bool | None:
    """The yes or no in a cell."""
    return {"true": True, "false": False}.get(text)


def words(text: str) -> list[str]:
    """The words of a cell that are parted by bars."""
    return [word for word in text.split("|") if word]


def day(text: str) -> str | None:
    """A date; a month stands for its first day."""
    if len(text) == len("2026-01"):
        return f"{text}-01"
    return text or None
