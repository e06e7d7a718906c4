"""Lines of models in, the other names they answer to and the index of bare names out."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

Json = dict[str, Any]


def add_aliases(lines: list[Json]) -> None:
    """Gives each model of one provider the aliases that mean it and nothing else."""
    ids = {line["id"] for line in lines}
    wanted: dict[str, list[Json]] = defaultdict(list)
    for line in lines:
        for alias in _candidates(line):
            if alias not in ids:
                wanted[alias].append(line)
    for alias, owners in sorted(wanted.items()):
        owner = min(owners, key=_rank)
        owner.setdefault("aliases", []).append(alias)


def index(by_provider: dict[str, list[Json]], makes: dict[str, list[str]]) -> dict[str, str]:
    """Every name without a slash, with the providers that have it, the maker's own first."""
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    for provider, lines in sorted(by_provider.items()):
        for line in lines:
            own = line.get("maker", "") in makes.get(provider, [])
            for name in [line["id"], *line.get("aliases", [])]:
                if "/" not in name:
                    found[name][provider] = own
    return {
        name: " ".join(sorted(owners, key=lambda provider: (not owners[provider], provider)))
        for name, owners in sorted(found.items())
    }


def _candidates(line: Json) -> set[str]:
    names = {line.get("canonical", "")}
    last = line["id"].rsplit("/", 1)[-1]
    names |= {last, last.lower()}
    return {name for name in names if name and name != line["id"]}


def _rank(line: Json) -> tuple[int, int, int, int, int, str]:
    """The plainest of several models that share a name comes first."""
    name = line["id"]
    return (
        int(line.get("free", False)),
        int("status" in line),
        int(name.startswith("~") or name.endswith("-latest")),
        0 if name.startswith("global.") else 1,
        len(name),
        name,
    )
