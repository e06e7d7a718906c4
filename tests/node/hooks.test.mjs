/** Hooks: what they may do, how they fail, through the typed API and through fetch. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ClawRoutersError, Router, refuse } from "clawrouters";

const sandbox = { providers: { openai: { kind: "sandbox", sandbox: { latency: 0 } } } };
const model = "openai/gpt-5.4";
const messages = [{ role: "user", content: "Name a colour." }];

async function drained(stream) {
  let text = "";
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? "";
  }
  return text;
}

for (const stream of [false, true]) {
  test(`a before hook changes and labels the request (${stream ? "streamed" : "whole"})`, async () => {
    const router = new Router(sandbox);
    const seen = [];
    router
      .beforeRequest((request) => {
        seen.push(request);
        return { request: { ...request, temperature: 0.5 }, tags: { first: "yes" } };
      })
      .beforeRequest(async (request, context) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        seen.push(request, context);
      });
    const reply = await router.chat.completions.create({ model, messages, stream, route: { tags: { own: "1" } } });
    if (stream) {
      assert.ok(await drained(reply));
    }
    const [first, second, context] = seen;
    assert.deepEqual(first.messages, messages);
    assert.equal(second.temperature, 0.5);
    assert.deepEqual(context.tags, { own: "1", first: "yes" });
    assert.deepEqual([context.stage, context.operation, context.stream, context.caller], ["before", "chat", stream, "anonymous"]);
    await router.flush();
    assert.deepEqual(router.entries()[0].tags, { own: "1", first: "yes" });
  });

  test(`a before hook refuses (${stream ? "streamed" : "whole"})`, async () => {
    const router = new Router(sandbox);
    let answer = () => refuse("not in this house");
    router.beforeRequest((request) => answer(request));
    await assert.rejects(router.chat.completions.create({ model, messages, stream }), { code: "ContentRefused", message: "not in this house" });
    answer = () => refuse("not you", "Forbidden");
    await assert.rejects(router.chat.completions.create({ model, messages, stream }), { code: "Forbidden", message: "not you" });
    answer = () => {
      throw new ClawRoutersError({ kind: "Forbidden", message: "thrown" });
    };
    await assert.rejects(router.chat.completions.create({ model, messages, stream }), { code: "Forbidden", message: "thrown" });
    await router.flush();
    assert.deepEqual(router.entries().map((entry) => entry.error), ["ContentRefused", "Forbidden", "Forbidden"]);
  });
}

test("an after hook changes whole answers, labels streams and refuses them late", async () => {
  const router = new Router(sandbox);
  const seen = [];
  let answer = (reply) => {
    reply.choices[0].message.content = "SHOUTED";
    return { reply, tags: { loud: "yes" } };
  };
  router.afterResponse((reply, context) => {
    seen.push([JSON.parse(JSON.stringify(reply)), context]);
    return answer(reply);
  });
  const reply = await router.chat.completions.create({ model, messages });
  assert.equal(reply.choices[0].message.content, "SHOUTED");
  assert.equal(reply.clawrouters.model, model);
  answer = async () => ({ tags: { seen: "1" } });
  const text = await drained(await router.chat.completions.create({ model, messages, stream: true }));
  const [whole, context] = seen[1];
  assert.equal(whole.choices[0].message.content, text);
  assert.equal(whole.choices[0].finish_reason, "stop");
  assert.equal(context.stream, true);
  answer = () => refuse("too late, but no");
  const stream = await router.chat.completions.create({ model, messages, stream: true });
  await assert.rejects(drained(stream), (error) => error.code === "ContentRefused" && error.partial.text === text);
  await router.flush();
  assert.deepEqual(router.entries().map((entry) => [entry.tags, entry.error]), [
    [{ loud: "yes" }, null],
    [{ seen: "1" }, null],
    [{}, "ContentRefused"],
  ]);
});

const failures = {
  "throws": [() => { throw new TypeError("as it was told to"); }, /the hook guard threw TypeError/],
  "rejects": [async () => { throw new RangeError("as it was told to"); }, /the hook guard threw RangeError/],
  "returns a number": [() => 7, /returned neither/],
  "returns a circle": [() => { const a = {}; a.a = a; return a; }, /JSON cannot carry/],
  "returns a broken request": [(request) => ({ ...request, messages: "none" }), /not valid at messages/],
  "never settles": [() => new Promise(() => {}), /took longer than 150 ms/],
};

for (const [name, [hook, message]] of Object.entries(failures)) {
  test(`a hook that ${name} refuses, or is passed over`, async (t) => {
    t.mock.method(process, "emitWarning", () => {});
    const router = new Router({ ...sandbox, hooks: { timeout_ms: 150 } });
    router.beforeRequest(hook, { name: "guard" });
    await assert.rejects(router.chat.completions.create({ model, messages }), (error) => {
      assert.equal(error.code, "Forbidden");
      assert.match(error.message, message);
      assert.ok(!error.message.includes("colour") && !error.message.includes("told to"));
      return true;
    });
    const passing = new Router(sandbox).beforeRequest(hook, { onFailure: "pass", timeoutMs: 150 });
    assert.ok((await passing.chat.completions.create({ model, messages })).choices[0].message.content);
  });
}

test("what is no hook is refused at once", () => {
  const router = new Router(sandbox);
  assert.throws(() => router.beforeRequest("no function"), { code: "InvalidRequest" });
  assert.throws(() => router.beforeRequest(() => {}, { onFailure: "maybe" }), { code: "InvalidRequest" });
  assert.throws(() => router.beforeRequest(() => {}, { timeoutMs: 0 }), { code: "InvalidRequest" });
});

test("hooks hold for fetch, many at once, and may call the router", async () => {
  const router = new Router(sandbox);
  let calls = 0;
  router.beforeRequest(async (request) => {
    calls += 1;
    if (calls === 1) {
      await router.chat.completions.create({ model, messages });
    }
    return { ...request, model };
  });
  const body = JSON.stringify({ model: "gpt-anything", messages });
  const init = { method: "POST", body };
  const answers = await Promise.all(Array.from({ length: 50 }, () => router.fetch("http://router/v1/chat/completions", init)));
  assert.ok(answers.every((answer) => answer.status === 200));
  assert.equal(calls, 51);
  router.beforeRequest(() => refuse("closed today", "Forbidden"));
  const refused = await router.fetch("http://router/v1/chat/completions", init);
  assert.equal(refused.status, 403);
  assert.equal((await refused.json()).error.message, "closed today");
});
