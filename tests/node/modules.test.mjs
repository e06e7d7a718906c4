/** The package as an application loads it: ESM and CommonJS, worker threads, a process that ends by itself. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import * as esm from "clawrouters";
import { asking, startFake } from "./support/fake.mjs";

const cjs = createRequire(import.meta.url)("clawrouters");
const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));
const fake = await startFake();

test("ESM and CommonJS give the same classes", () => {
  for (const name of ["Router", "ClawRoutersError", "Stream"]) {
    assert.equal(typeof esm[name], "function");
    assert.equal(esm[name], cjs[name]);
  }
  assert.equal(esm.default, esm.Router);
});

test("require works in a CommonJS program", async () => {
  const script = await fake.script({ alpha: [{ say: "from cjs" }] });
  const program = fileURLToPath(new URL("support/program.cjs", import.meta.url));
  const { stdout } = await run(process.execPath, [program, JSON.stringify(script.config())], { cwd: root });
  assert.equal(stdout.trim(), "from cjs");
});

test("a program ends by itself, also with a stream left open", async () => {
  const script = await fake.script({ alpha: [{ say: "x", fault: { kind: "never_ending", after_pieces: 1 } }] });
  const program = `import { Router } from "clawrouters";
    const router = new Router(${JSON.stringify(script.config())});
    await router.chat.completions.create(${JSON.stringify(asking("alpha/m", { stream: true }))});
    console.log("opened");`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], { cwd: root, timeout: 10_000 });
  assert.equal(stdout.trim(), "opened");
});

test("worker threads have routers of their own and may end", async () => {
  const script = await fake.script({ alpha: [{ say: "from a worker" }] });
  const program = `const { parentPort, workerData } = require("node:worker_threads");
    const { Router } = require("clawrouters");
    new Router(workerData.config).chat.completions.create(workerData.params)
      .then((reply) => parentPort.postMessage(reply.choices[0].message.content), (error) => parentPort.postMessage(String(error)));`;
  const once = () =>
    new Promise((resolve, reject) => {
      const worker = new Worker(program, { eval: true, workerData: { config: script.config(), params: asking("alpha/m") } });
      let answer;
      worker.on("message", (message) => (answer = message));
      worker.on("error", reject);
      worker.on("exit", () => resolve(answer));
    });
  assert.deepEqual(await Promise.all([once(), once(), once()]), Array(3).fill("from a worker"));
  assert.equal(await once(), "from a worker");
  const reply = await new esm.Router(script.config()).chat.completions.create(asking("alpha/m"));
  assert.equal(reply.choices[0].message.content, "from a worker");
});

test("two routers in one process are independent", async () => {
  const script = await fake.script({ alpha: [{ say: "a" }], beta: [{ say: "b" }] });
  const [one, two] = [new esm.Router(script.config()), new esm.Router(script.config())];
  await one.chat.completions.create(asking("alpha/m"));
  await one.flush();
  assert.equal(one.entries().length, 1);
  assert.equal(two.entries().length, 0);
});

test("without a key and without a sandbox the error names both ways out", async () => {
  const program = `import { Router } from "clawrouters";
    try {
      await new Router().chat.completions.create(${JSON.stringify(asking("auto"))});
    } catch (error) {
      console.log(error.code, error.message);
    }`;
  const bare = { PATH: process.env.PATH, HOME: process.env.HOME };
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], { cwd: root, env: bare });
  assert.match(stdout, /^InvalidConfig .*CLAWROUTERS_SANDBOX/s);
  const sandboxed = await run(process.execPath, ["--input-type=module", "-e", program + ` console.log("done");`], {
    cwd: root,
    env: { ...bare, CLAWROUTERS_SANDBOX: "1" },
  });
  assert.equal(sandboxed.stdout.trim(), "done");
});
