#!/usr/bin/env node
/** The program `clawrouters`: reports, exports and figures of a ledger's database. */
import { parseArgs } from "node:util";
import { LedgerFile } from "./ledger.js";
import type { UsageGroup } from "./types/ledger.js";

const USAGE = `usage: clawrouters <what> --db FILE [options]

  report   --out report.html     a page of costs, savings, latencies and errors
  export   --out requests.csv    every request, as .csv, .jsonl or .ndjson
  usage    --group-by day,model  the same figures as JSON

  --db FILE        the database that ledger.sqlite names
  --since MOMENT   2026-11-01, 2026-11-01T08:00:00Z, or so long before now, such as 30d
  --until MOMENT   the same; what was asked later is left out
`;

async function main(): Promise<number> {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { db: text, out: text, since: text, until: text, "group-by": text, help: { type: "boolean", short: "h" } },
  });
  const [what] = positionals;
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (positionals.length !== 1 || values.db === undefined || (what !== "usage" && values.out === undefined)) {
    process.stderr.write(USAGE);
    return 2;
  }
  const file = new LedgerFile(values.db);
  const span = { since: values.since, until: values.until };
  const out = values.out ?? "";
  switch (what) {
    case "report":
      await file.report(out, span);
      process.stdout.write(`${out}\n`);
      return 0;
    case "export":
      process.stdout.write(`${String(await file.export(out, span))} requests in ${out}\n`);
      return 0;
    case "usage": {
      const groups = values["group-by"]?.split(",").filter(Boolean) as UsageGroup[] | undefined;
      process.stdout.write(`${JSON.stringify(await file.usage({ ...span, group_by: groups }), undefined, 2)}\n`);
      return 0;
    }
    default:
      process.stderr.write(USAGE);
      return 2;
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`clawrouters: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
