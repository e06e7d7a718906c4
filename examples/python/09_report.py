"""Every request in a database, what it used and cost, and a report page.

Runs offline with the sandbox. The same page by the command line:
python -m clawrouters report --db log.db --out report.html
"""

import tempfile
from pathlib import Path

from clawrouters import LedgerFile, Router

folder = Path(tempfile.gettempdir())
db, page = folder / "clawrouters-example-py.db", folder / "clawrouters-example-py.html"
config = {
    "providers": {"openai": {"kind": "sandbox", "sandbox": {"latency": 0.02}}},
    "ledger": {"sqlite": str(db), "retention_days": 90},
}
asks = [
    ("search", "What is the capital of Peru?"),
    ("search", "Prove that the square root of two is irrational."),
    ("support", "Summarise: the parcel came late, but the staff were lovely."),
]

with Router(config) as router:
    router.on_entry(lambda entry: print(f"  closed: {entry.request_id} by {entry.model}"))
    for team, ask in asks:
        messages = [{"role": "user", "content": ask}]
        router.chat.completions.create(model="auto", messages=messages, route={"tags": {"team": team}})

    usage = router.usage(group_by="tag:team", since="24h")
    for row in usage.rows:
        best = row.best_single
        print(
            f"{row.group['tag:team']}: {row.requests} requests for ${row.cost:.6f}; saved ${row.baseline.saved:.6f} "
            f"against the dearest able model, ${best.saved:.6f} against {', '.join(best.models)}"
        )

# The file can be read without a router, also while others write it.
LedgerFile(db).report(page)
print(page)
