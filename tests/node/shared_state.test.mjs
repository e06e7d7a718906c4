/** State that routers and processes share, against a real server where there is one. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Router } from "clawrouters";
import { asking, startFake } from "./support/fake.mjs";

const self = fileURLToPath(import.meta.url);

/** How many of so many requests are answered; the others are told to wait. */
async function answered(config, calls) {
  const router = new Router(config);
  let count = 0;
  for (let call = 0; call < calls; call += 1) {
    try {
      await router.chat.completions.create(asking("alpha/m"));
      count += 1;
    } catch (error) {
      assert.equal(error.code, "RateLimited", String(error));
      assert.ok(error.retryAfter > 50, String(error.retryAfter));
    }
  }
  return count;
}

const child = process.env.CLAWROUTERS_TEST_CHILD;
if (child) {
  console.log(`COUNT ${await answered(JSON.parse(child), 10)}`);
  process.exit(0);
}

async function freePort() {
  const listener = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => listener.once("listening", resolve));
  const { port } = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

const answers = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket.destroy() && true));
    socket.once("error", () => resolve(false));
  });

/** A server without persistence, or nothing where there is none to start. */
async function startServer(t) {
  const [port, folder] = [await freePort(), await mkdtemp(join(tmpdir(), "clawrouters-"))];
  const quiet = ["--save", "", "--appendonly", "no", "--loglevel", "warning"];
  const server = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", ...quiet], { cwd: folder, stdio: "ignore" });
  const missing = await new Promise((resolve) => {
    server.once("spawn", () => resolve(false));
    server.once("error", () => resolve(true));
  });
  if (missing) {
    t.skip("there is no redis-server");
    return undefined;
  }
  t.after(async () => {
    server.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });
  for (let look = 0; look < 500 && !(await answers(port)); look += 1) {
    await sleep(10);
  }
  return `redis://127.0.0.1:${port}`;
}

test("two processes and two routers of one share a limit", async (t) => {
  const url = await startServer(t);
  if (!url) {
    return;
  }
  const fake = await startFake();
  const script = await fake.script({ alpha: [{ say: "Hi" }] });
  const config = script.config({ limits: { global: { requests_per_minute: 12 } }, state: { url, timeout_ms: 500 } });
  const run = () =>
    promisify(execFile)(process.execPath, [self], { env: { ...process.env, CLAWROUTERS_TEST_CHILD: JSON.stringify(config) } });
  const outputs = await Promise.all([run(), run()]);
  const counts = outputs.map(({ stdout }) => Number(/COUNT (\d+)/.exec(stdout)[1]));
  assert.equal(counts[0] + counts[1], 12);
  assert.deepEqual([await answered(config, 2), await answered(config, 1)], [0, 0]);
});

test("no part of the address is shown", async () => {
  const fake = await startFake();
  const script = await fake.script({ alpha: [{ say: "Hi" }] });
  const state = { url: "redis://someone:hunter2@127.0.0.1:1", on_failure: { limits: "closed" } };
  const router = new Router(script.config({ limits: { global: { requests_per_minute: 1 } }, state }));
  await assert.rejects(router.chat.completions.create(asking("alpha/m")), (error) => {
    assert.equal(error.providerCode, "state_unavailable");
    assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, /hunter2|someone/);
    return true;
  });
  assert.throws(() => new Router({ state: { url: "hunter2://x" } }), (error) => {
    assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, /hunter2/);
    return true;
  });
});
