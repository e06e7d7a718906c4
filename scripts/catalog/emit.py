"""Finished data in, the text of each file out: sorted, one record a line, always the same bytes."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

_RUST_HEAD = """//! The data files as text. Written by `scripts/catalog/build.py`.

use jiff::civil::{{Date, date}};

pub(super) const AS_OF: Date = date({year}, {month}, {day});
pub(super) const VENDORS: &str = include_str!("../../catalog/providers.json");
pub(super) const NAMES: &str = include_str!("../../catalog/names.json");
pub(super) const SCORES: &str = include_str!("../../catalog/scores.json");

"""


def compact(value: object) -> str:
    """One value on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def array(records: list[Json]) -> str:
    """A list with one record a line."""
    return "[\n" + ",\n".join(compact(record) for record in records) + "\n]\n"


def table(records: dict[str, Any]) -> str:
    """An object with one entry a line, sorted by name."""
    lines = (f"{compact(name)}:{compact(value)}" for name, value in sorted(records.items()))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def rust(providers: list[str], as_of: str) -> str:
    """The Rust source that embeds the files, as `cargo fmt` would lay it out."""
    year, month, day = (int(part) for part in as_of.split("-"))
    text = _RUST_HEAD.format(year=year, month=month, day=day)
    text += f"pub(super) const PROVIDERS: [&str; {len(providers)}] = [\n"
    text += "".join(f'    "{name}",\n' for name in providers)
    text += f"];\n\npub(super) const MODELS: [&str; {len(providers)}] = [\n"
    text += "".join(f'    include_str!("../../catalog/models/{name}.json"),\n' for name in providers)
    return text + "];\n"
