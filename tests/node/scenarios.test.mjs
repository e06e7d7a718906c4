/** Every scenario of tests/scenarios through the typed API. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { eventually, startFake } from "./support/fake.mjs";
import { checkCache, checkCall, checkRequests, isPart } from "./support/expectation.mjs";
import { filled, played } from "./support/scenario.mjs";

// Keys of the machine that runs the tests must not make providers reachable.
for (const name of Object.keys(process.env)) {
  if (/^CLAWROUTERS_|_API_KEY$|_TOKEN$|^AWS_|^GOOGLE_|^GEMINI_/.test(name)) {
    delete process.env[name];
  }
}

const folder = new URL("../scenarios/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".json")).sort();
assert.ok(files.length > 0, "no scenarios");
const fake = await startFake();

for (const file of files) {
  const scenarios = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
  describe(file, { concurrency: 8 }, () => {
    for (const scenario of scenarios) {
      const both = scenario.operation !== "embed" && (scenario.stream === undefined || scenario.stream === "both");
      const streams = both ? [false, true] : [scenario.stream ?? false];
      for (const stream of streams) {
        test(`${scenario.name} (${stream ? "streamed" : "whole"})`, () => play(scenario, stream));
      }
    }
  });
}

async function play(scenario, stream) {
  const script = await fake.script({}, scenario.script ?? { providers: {} });
  const folder = mkdtempSync(join(tmpdir(), "clawrouters-scenario-"));
  const fill = (part) => filled(part ?? {}, fake, script.base, folder.replaceAll("\\", "/"));
  const calls = scenario.calls && fill(scenario.calls);
  const outcomes = await played({ ...scenario, calls, request: fill(scenario.request) }, stream, fill(scenario.config));
  const expected = [scenario.expect].flat();
  for (const got of outcomes) {
    const wanted = expected[Math.min(got.call, expected.length - 1)];
    checkCall(wanted, got);
    const feedback = got.feedback ?? null;
    const refused = wanted.feedback ? isPart(wanted.feedback, feedback) : feedback === null;
    assert.ok(refused, `feedback: ${JSON.stringify(feedback)}`);
  }
  for (const [i, { answer }] of (scenario.ledger ?? []).entries()) {
    const got = outcomes.at(-1).ledger[i];
    assert.ok(isPart(answer, got), `ledger[${i}]: expected part ${JSON.stringify(answer)}, was ${JSON.stringify(got)}`);
  }
  rmSync(folder, { recursive: true, force: true });
  const last = expected.at(-1);
  const { learned } = outcomes.at(-1);
  assert.ok(isPart(last.learned ?? {}, learned ?? {}), `learned: ${JSON.stringify(learned)}`);
  if (last.budget_events) {
    assert.ok(isPart(last.budget_events, outcomes.events), `budget_events: ${JSON.stringify(outcomes.events)}`);
  }
  checkCache(last, outcomes.at(-1).cache);
  const settled = async () => (await script.requests()).every((r) => r.ended_ms != null);
  await eventually(settled, "the replies ended", 1000).catch(() => undefined);
  checkRequests(last, await script.requests());
}
