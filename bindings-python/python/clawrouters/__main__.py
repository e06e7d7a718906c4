"""`python -m clawrouters`: reports, exports and figures of a ledger's database."""

from __future__ import annotations

import argparse
import sys

from ._errors import ClawRoutersError
from ._ledger import LedgerFile


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m clawrouters", description="Reads a ledger's database.")
    whats = parser.add_subparsers(dest="what", required=True, metavar="report | export | usage")
    moment = "2026-11-01, 2026-11-01T08:00:00Z, or so long before now, such as 30d"
    for name, out, text in (
        ("report", "report.html", "a page of costs, savings, latencies and errors"),
        ("export", "requests.csv", "every request, as .csv, .jsonl or .ndjson"),
        ("usage", None, "the same figures as JSON"),
    ):
        what = whats.add_parser(name, help=text, description=text)
        what.add_argument("--db", required=True, metavar="FILE", help="the database that ledger.sqlite names")
        what.add_argument("--since", metavar="MOMENT", help=moment)
        what.add_argument("--until", metavar="MOMENT", help="the same; what was asked later is left out")
        if out is not None:
            what.add_argument("--out", required=True, metavar="FILE", help=f"such as {out}")
        else:
            what.add_argument("--group-by", metavar="WORDS", help="such as day,model")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    asked = _parser().parse_args(arguments)
    file = LedgerFile(asked.db)
    try:
        if asked.what == "report":
            file.report(asked.out, asked.since, asked.until)
            print(asked.out)
        elif asked.what == "export":
            print(f"{file.export(asked.out, asked.since, asked.until)} requests in {asked.out}")
        else:
            groups = [word for word in (asked.group_by or "").split(",") if word]
            print(file.usage(groups, asked.since, asked.until).to_json(indent=2))
    except ClawRoutersError as error:
        print(f"clawrouters: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
