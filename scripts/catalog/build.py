"""Builds the catalogue: a folder of facts in, the files of router-sdk/catalog out.

python3 scripts/catalog/build.py ../shared/catalog           writes
python3 scripts/catalog/build.py ../shared/catalog --check   compares
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import emit
import facts
import models
import names
import scores

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "router-sdk" / "catalog"
EMBEDDED = ROOT / "router-sdk" / "src" / "catalog" / "embedded.rs"
# The last day of the facts that the committed files were built from.
AS_OF = "2026-11-22"


def build(folder: Path, as_of: str) -> dict[Path, str]:
    """The text of every file that follows from the facts."""
    known = facts.read(folder)
    vendors = json.loads((DATA / "providers.json").read_text(encoding="utf-8"))
    makes = {vendor["name"]: vendor.get("makes", []) for vendor in vendors}
    by_provider = models.build(known.models, known.schedule, vendors, as_of)
    missing = sorted(({row["provider"] for row in known.providers} | set(by_provider)) - set(makes))
    if missing:
        raise SystemExit(f"providers.json has no row for {', '.join(missing)}")
    for lines in by_provider.values():
        names.add_aliases(lines)
    found = {
        DATA / "names.json": emit.table(names.index(by_provider, makes)),
        DATA / "scores.json": emit.table(scores.derive(known, by_provider)),
        EMBEDDED: emit.rust(sorted(by_provider), as_of),
    }
    for provider, lines in by_provider.items():
        found[DATA / "models" / f"{provider}.json"] = emit.array(lines)
    return found


def main() -> int:
    """Writes the files, or says which differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("facts", type=Path, help="folder with the CSV files")
    parser.add_argument("--as-of", default=AS_OF, help="last day of the facts")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    wish = parser.parse_args()
    if not (wish.facts / facts.MODELS).is_file():
        if wish.check:
            print(f"skipped: no facts in {wish.facts}")
            return 0
        parser.error(f"{wish.facts} holds no {facts.MODELS}")
    built = build(wish.facts, wish.as_of)
    stale = [path for path in (DATA / "models").glob("*.json") if path not in built]
    if wish.check:
        return _compare(built, stale)
    for path in stale:
        path.unlink()
    for path, text in built.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"{len(built)} files, {sum(len(text.encode()) for text in built.values())} bytes")
    return 0


def _compare(built: dict[Path, str], stale: list[Path]) -> int:
    wrong = list(stale)
    for path, text in built.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            wrong.append(path)
    for path in sorted(wrong):
        print(f"differs: {path.relative_to(ROOT)}", file=sys.stderr)
    if not wrong:
        print(f"{len(built)} files are what the facts give")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
