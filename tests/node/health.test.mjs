/** Health, the shadow's replies, and streams that begin anew. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Router } from "clawrouters";
import { asking, eventually, startFake } from "./support/fake.mjs";

const fake = await startFake();
const shadow = { shadow: { model: "beta/m", share: 1 } };
const both = { alpha: [{ say: "From alpha." }], beta: [{ say: "From beta." }] };

test("health tells how targets stand", async () => {
  const script = await fake.script({ alpha: [{ say: "Hi" }], beta: [{ status: 503, error: {} }] });
  const router = new Router(script.config({ retry: { max_attempts: 1 }, breaker: { failures: 1 } }));
  assert.deepEqual(router.health(), []);
  await router.chat.completions.create(asking("alpha/m"));
  await assert.rejects(router.chat.completions.create(asking("beta/m")));
  const [good, bad] = router.health();
  assert.deepEqual([good.target, good.state, good.failures, good.last_failure, good.requests_minute], ["alpha/m", "closed", 0, null, 1]);
  assert.ok(good.first_token_ms > 0);
  assert.deepEqual([bad.target, bad.state, bad.last_failure], ["beta/m", "open", "overloaded"]);
  assert.ok(bad.retry_after > 0 && bad.retry_after <= 2);
});

test("a callback gets the shadow's replies", async () => {
  const script = await fake.script(both);
  const router = new Router(script.config(shadow));
  const replies = [];
  router.onShadow((reply) => replies.push(reply));
  const answer = await router.chat.completions.create(asking("alpha/m"));
  assert.equal(answer.choices[0].message.content, "From alpha.");
  const [reply] = await eventually(() => replies.length > 0 && replies, "a reply of the shadow");
  assert.equal(reply.reply.choices[0].message.content, "From beta.");
  assert.equal(reply.error, null);
  assert.equal(reply.request_id, answer.clawrouters.request_id);
  assert.notEqual(reply.request_id, reply.clawrouters.request_id);
  assert.equal(reply.clawrouters.model, "beta/m");
  assert.deepEqual(router.entries().map((e) => e.purpose).sort(), ["request", "shadow"]);
});

test("a failed shadow has an error", async () => {
  const script = await fake.script({ alpha: [{ say: "Hi" }], beta: [{ status: 400, error: {} }] });
  const router = new Router(script.config(shadow));
  const replies = [];
  router.onShadow((reply) => replies.push(reply));
  await router.chat.completions.create(asking("alpha/m"));
  const [reply] = await eventually(() => replies.length > 0 && replies, "a reply of the shadow");
  assert.equal(reply.error.kind, "InvalidRequest");
  assert.equal(reply.reply, null);
});

test("the last callback counts, and none after close", async () => {
  const script = await fake.script(both);
  const router = new Router(script.config(shadow));
  const [first, second] = [[], []];
  router.onShadow((reply) => first.push(reply));
  router.onShadow((reply) => second.push(reply));
  await router.chat.completions.create(asking("alpha/m"));
  await eventually(() => second.length === 1, "a reply of the shadow");
  assert.equal(first.length, 0);
  await router.close();
  assert.throws(() => router.onShadow(() => {}), { code: "InvalidRequest" });
  assert.throws(() => new Router(script.config()).onShadow("no function"), { code: "InvalidRequest", param: "callback" });
});

test("what a callback throws or rejects with becomes a warning and harms nothing", async () => {
  const script = await fake.script(both);
  const router = new Router(script.config(shadow));
  const warnings = [];
  const heard = (warning) => warnings.push(warning);
  process.on("warning", heard);
  try {
    let calls = 0;
    router.onShadow(() => {
      calls += 1;
      if (calls === 1) {
        throw new Error("thrown by mine");
      }
      return Promise.reject(new Error("rejected by mine"));
    });
    await router.chat.completions.create(asking("alpha/m"));
    await router.chat.completions.create(asking("alpha/m"));
    await eventually(() => warnings.length === 2, "two warnings");
  } finally {
    process.off("warning", heard);
  }
  assert.ok(warnings.every((w) => w.name === "ClawRoutersWarning"));
  assert.match(warnings.map((w) => w.message).join(), /thrown by mine[\s\S]*rejected by mine/);
});

test("a callback that waits for nothing keeps no process alive", async () => {
  const script = await fake.script(both);
  const program = `
    import { Router } from "clawrouters";
    const router = new Router(JSON.parse(process.argv[1]));
    router.onShadow(() => {});
    await router.chat.completions.create({ model: "alpha/m", messages: [{ role: "user", content: "x" }] });
  `;
  const args = ["--input-type=module", "-e", program, JSON.stringify(script.config(shadow))];
  const cwd = fileURLToPath(new URL("../../", import.meta.url));
  const { stderr } = await promisify(execFile)(process.execPath, args, { cwd, timeout: 10_000 });
  assert.equal(stderr, "");
});

test("a stream that begins anew says so", async () => {
  const broken = { chunks: ["One ", "two ", "three."], fault: { kind: "cut", after_pieces: 2 } };
  const script = await fake.script({ alpha: [broken], beta: [{ say: "One two three." }] });
  const router = new Router(script.config({ aliases: { pair: ["alpha/m", "beta/m"] } }));
  const request = { ...asking("pair"), stream: true, route: { on_interrupt: "restart" } };
  let [text, restarts, last] = ["", 0, undefined];
  for await (const chunk of await router.chat.completions.create(request)) {
    if (chunk.clawrouters?.restart) {
      assert.deepEqual(chunk.choices, []);
      restarts += 1;
      text = "";
    }
    text += chunk.choices[0]?.delta.content ?? "";
    last = chunk;
  }
  assert.deepEqual([text, restarts], ["One two three.", 1]);
  assert.deepEqual(last.clawrouters.resumed.map((r) => r.form), ["restart"]);
});
