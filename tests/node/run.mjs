/** Builds the fake provider and runs every test, the `openai` ones on both of the package's versions. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
process.env.FAKE_PROVIDER ??= built();

const files = readdirSync(`${root}tests/node`)
  .filter((name) => name.endsWith(".test.mjs"))
  .map((name) => `tests/node/${name}`);
// npm puts node_modules/.bin first, where the `node` package has a newer Node than the one that runs npm.
const node = process.env.npm_node_execpath ?? process.execPath;
const newer = `${root}node_modules/node/bin/node${process.platform === "win32" ? ".exe" : ""}`;

run(node, ["--expose-gc", "--test", "--test-reporter=spec", ...files]);
run(newer, ["--expose-gc", "--test", "--test-reporter=spec", "tests/node/openai.test.mjs", "tests/node/modules.test.mjs"], {
  env: { ...process.env, OPENAI_PACKAGE: "openai-7" },
});
run(node, ["node_modules/typescript/bin/tsc", "-p", "tests/node/types/tsconfig.json"]);

function built() {
  const wanted = ["build", "--profile", "ci", "-p", "fake-provider", "--message-format=json-render-diagnostics"];
  const messages = run("cargo", wanted, { stdio: ["ignore", "pipe", "inherit"] }).stdout.split("\n");
  return messages
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line))
    .find((message) => message.executable && message.target.name === "fake-provider").executable;
}

function run(command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: root, stdio: "inherit", encoding: "utf8", maxBuffer: 1 << 28, ...options });
  if (done.error || done.status !== 0) {
    console.error(`failed: ${command} ${args.join(" ")}`);
    process.exit(1);
  }
  return done;
}
