/**
 * Every request in a database, what it used and cost, and a report page.
 *
 * Runs offline with the sandbox. The same page by the command line:
 * npx clawrouters report --db log.db --out report.html
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LedgerFile, Router } from "clawrouters";

const db = join(tmpdir(), "clawrouters-example-js.db");
const page = join(tmpdir(), "clawrouters-example-js.html");
const router = new Router({
  providers: { openai: { kind: "sandbox", sandbox: { latency: 0.02 } } },
  ledger: { sqlite: db, retention_days: 90 },
});
router.onEntry((entry) => console.log(`  closed: ${entry.request_id} by ${entry.model}`));

const asks = [
  ["search", "What is the capital of Peru?"],
  ["search", "Prove that the square root of two is irrational."],
  ["support", "Summarise: the parcel came late, but the staff were lovely."],
];
for (const [team, content] of asks) {
  await router.chat.completions.create({ model: "auto", messages: [{ role: "user", content }], route: { tags: { team } } });
}

const usage = await router.usage({ group_by: "tag:team", since: "24h" });
for (const row of usage.rows) {
  const { requests, cost, baseline, best_single: best } = row;
  console.log(`${row.group["tag:team"]}: ${requests} requests for $${cost.toFixed(6)}; saved $${baseline.saved.toFixed(6)} against the`);
  console.log(`  dearest able model, $${best.saved.toFixed(6)} against ${best.models.join(", ")}`);
}
await router.close();

// The file can be read without a router, also while others write it.
await new LedgerFile(db).report(page);
console.log(page);
