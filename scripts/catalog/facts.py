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
        models=_rows(folder / MODELS),
        schedule=_rows(folder / SCHEDULE),
        providers=_rows(folder / PROVIDERS),
        quality=_rows(folder / QUALITY),
    )


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
