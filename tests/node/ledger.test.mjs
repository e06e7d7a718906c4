/** The ledger from Node: usage, exports, reports, callbacks, the command line and the end of the process. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { LedgerFile, Router } from "clawrouters";
import { eventually } from "./support/fake.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "clawrouters-ledger-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const started = promisify(execFile);
const config = (ledger) => ({ providers: { openai: { kind: "sandbox", sandbox: { latency: 0 } } }, ledger });
const ask = (router, team = "a") =>
  router.chat.completions.create({ model: "auto", messages: [{ role: "user", content: "Hi" }], route: { tags: { team } } });

test("what another strategy would have cost", async () => {
  const router = new Router(config({}));
  for (let i = 0; i < 3; i++) {
    await router.chat.completions.create({ model: "auto:best", messages: [{ role: "user", content: "Hi" }] });
  }
  const told = await router.whatIf("cheapest", { where: { strategy: "best" } });
  assert.deepEqual([told.requests, told.changed, told.strategy], [3, 3, "cheapest"]);
  assert.equal(told.actual.cost_nanos, (await router.usage()).total.cost_nanos);
  assert.ok(told.instead.cost > 0 && told.instead.cost < told.actual.cost);
  const entries = join(folder, "what-if.csv");
  assert.equal(await router.export(entries), 3);
  assert.deepEqual(await router.whatIf("cheapest", { entries, since: "1h" }), told);
  await assert.rejects(router.whatIf("dearest"), { code: "InvalidRequest", param: "strategy" });
});

test("usage, exports and reports", async () => {
  const db = join(folder, "usage.db");
  const router = new Router(config({ sqlite: db }));
  for (const team of ["a", "a", "b"]) {
    await ask(router, team);
  }
  const usage = await router.usage({ group_by: ["tag:team"], since: new Date(Date.now() - 3600000) });
  assert.deepEqual([usage.source, usage.total.requests], ["sqlite", 3]);
  assert.deepEqual(Object.fromEntries(usage.rows.map((row) => [row.group["tag:team"], row.requests])), { a: 2, b: 1 });
  assert.equal(usage.total.cost_nanos, router.entries().reduce((sum, entry) => sum + entry.cost_nanos, 0));
  assert.equal((await router.usage({ where: { tag: ["team=b", "team=c"] } })).total.requests, 1);
  assert.equal(await router.export(join(folder, "out.csv")), 3);
  await router.report(join(folder, "report.html"), { since: "1h" });
  assert.match(readFileSync(join(folder, "report.html"), "utf8"), /Content-Security-Policy/);
  assert.deepEqual(router.ledger().sinks, [{ name: "sqlite", written: 3, waiting: 0, dropped: 0, fault: null }]);
  await router.close();
  await assert.rejects(ask(router), { code: "InvalidRequest", param: "router" });
  const file = new LedgerFile(db);
  assert.equal((await file.usage()).total.requests, 3);
  assert.equal(await file.export(join(folder, "out.jsonl"), { where: { tag: "team=a" } }), 2);
  assert.equal(readFileSync(join(folder, "out.jsonl"), "utf8").trim().split("\n").length, 2);
});

test("odd questions name their field", async () => {
  const router = new Router(config({}));
  await assert.rejects(router.usage({ group_by: "colour" }), { code: "InvalidRequest", param: "group_by" });
  await assert.rejects(router.usage({ since: "soon" }), { code: "InvalidRequest", param: "since" });
  await assert.rejects(router.usage("day"), { code: "InvalidRequest", param: "query" });
  await assert.rejects(router.export(join(folder, "out.parquet")), { code: "InvalidRequest", param: "path" });
  await assert.rejects(router.report(join(folder, "out.pdf")), { code: "InvalidRequest", param: "path" });
  await assert.rejects(new LedgerFile(join(folder, "none.db")).usage(), { code: "InvalidRequest" });
  assert.throws(() => new LedgerFile(""), { code: "InvalidRequest", param: "path" });
  assert.throws(() => router.onEntry(3), { code: "InvalidRequest", param: "callback" });
  assert.throws(() => new Router(config({ sqlite: join(folder, "no", "log.db") })), { code: "InvalidConfig", param: "ledger.sqlite" });
});

test("a callback is called with every entry until the router is closed", async () => {
  const router = new Router(config({}));
  const heard = [];
  router.onEntry((entry) => heard.push(entry.request_id));
  const replies = [await ask(router), await ask(router)];
  await router.flush();
  await eventually(() => heard.length === 2, "both entries");
  assert.deepEqual(heard, replies.map((reply) => reply.clawrouters.request_id));
  await router.close();
});

test("the end of the process loses nothing", async () => {
  const db = join(folder, "exit.db");
  const program = `
    import { Router } from "clawrouters";
    const router = new Router(${JSON.stringify(config({ sqlite: db, flush_ms: 60000 }))});
    for (let i = 0; i < 3; i++) await router.chat.completions.create({ model: "auto", messages: [{ role: "user", content: "Hi" }] });
    process.exit(0);`;
  await started(process.execPath, ["--input-type=module", "-e", program], { cwd: root });
  assert.equal((await new LedgerFile(db).usage()).total.requests, 3);
});

test("the command line", async () => {
  const db = join(folder, "cli.db");
  const router = new Router(config({ sqlite: db }));
  await ask(router);
  await router.close();
  const cli = (...words) => started(process.execPath, [join(root, "bindings-node/dist/cli.js"), ...words]);
  await cli("report", "--db", db, "--out", join(folder, "cli.html"));
  assert.match(readFileSync(join(folder, "cli.html"), "utf8"), /ClawRouters report/);
  assert.equal(JSON.parse((await cli("usage", "--db", db, "--group-by", "day,model")).stdout).total.requests, 1);
  assert.match((await cli("export", "--db", db, "--out", join(folder, "cli.csv"))).stdout, /^1 requests/);
  await assert.rejects(cli("report", "--db", join(folder, "none"), "--out", "r.html"), { code: 1 });
  await assert.rejects(cli("report"), { code: 2 });
});
