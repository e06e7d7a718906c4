/** Every example runs offline and says what it is about. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const folder = fileURLToPath(new URL("../../examples/node/", import.meta.url));
const says = {
  "01-quickstart.mjs": [/translation, difficulty 0\.\d+: /, /\[sandbox/, /saved \$/],
  "02-streaming.mjs": [/first token after \d+ ms/, /that was enough/, /stopped by the signal: TimeoutError/],
  "03-openai-client.mjs": [/ for \$0\.\d+\n\n/, / for \$[\d.e-]+\n$/],
  "04-explain.mjs": [/^debug, difficulty/, /would be tried, in this order:\n {2}\S+\/\S+ /, /max_cost: /],
  "05-errors-and-fallback.mjs": [/\(503\), then next/, /a provider that is down: ProviderUnavailable/, /param messages/, /NoCandidate/],
  "07-embeddings.mjs": [/^0\.\d\d {2}The office opens/, /tokens for \$[\d.e-]+\n/, /must name an embedding model/],
  "08-failover.mjs": [/(answered by openai\S+\n {2}answered by anthropic\S+\n\s*){2}/, /mistral\S+ broke after \d+ characters/, /deepseek\S+: open/],
  "09-report.mjs": [/search: \d+ requests for \$0\.\d+; saved \$/, /clawrouters-example-js\.html\n$/],
};

test("every example is known here", () => {
  assert.deepEqual(readdirSync(folder).filter((name) => name.endsWith(".mjs")).sort(), Object.keys(says));
});

for (const [name, patterns] of Object.entries(says)) {
  test(name, async () => {
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, CLAWROUTERS_SANDBOX: "1" };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [folder + name], { env, timeout: 30_000 });
    assert.equal(stderr, "");
    patterns.forEach((pattern) => assert.match(stdout, pattern));
  });
}
