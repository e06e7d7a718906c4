/** Whole replies through the typed API: shapes, route, failover, errors, many at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ClawRoutersError, Router } from "clawrouters";
import { asking, startFake } from "./support/fake.mjs";

const fake = await startFake();

test("a whole reply has the OpenAI shape and its route", async () => {
  const script = await fake.script({ alpha: [{ say: "Hello there" }] });
  const reply = await new Router(script.config()).chat.completions.create(asking("alpha/small"));
  assert.equal(reply.object, "chat.completion");
  assert.equal(reply.model, "alpha/small");
  assert.equal(reply.choices[0].message.content, "Hello there");
  assert.equal(reply.choices[0].finish_reason, "stop");
  assert.equal(reply.choices[0].message.tool_calls, undefined);
  assert.equal(reply.usage.total_tokens, 15);
  assert.equal(reply.clawrouters.provider, "alpha");
  assert.equal(reply.clawrouters.attempts.length, 1);
  assert.equal(reply.clawrouters.attempts[0].verdict, "ok");
});

test("own fields reach the provider and route options do not", async () => {
  const script = await fake.script({ alpha: [{ say: "ok", extra: { vendor_field: { deep: [1] } } }] });
  const reply = await new Router(script.config()).chat.completions.create(
    asking("alpha/small", { temperature: 0.5, own_field: { x: [1, "é😀"] }, route: { tags: { team: "a" } } }),
  );
  const [request] = await script.requests();
  assert.deepEqual(request.body.own_field, { x: [1, "é😀"] });
  assert.equal(request.body.temperature, 0.5);
  assert.equal(request.body.model, "small");
  assert.equal(request.body.route, undefined);
  assert.deepEqual(reply.vendor_field, { deep: [1] });
});

test("tool calls come back whole", async () => {
  const script = await fake.script({ alpha: [{ tool_calls: [{ id: "c1", name: "weather", arguments: { city: "Zürich" } }] }] });
  const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object", properties: {} } } }];
  const reply = await new Router(script.config()).chat.completions.create(asking("alpha/small", { tools }));
  const [call] = reply.choices[0].message.tool_calls;
  assert.equal(call.id, "c1");
  assert.deepEqual(JSON.parse(call.function.arguments), { city: "Zürich" });
  assert.equal(reply.choices[0].finish_reason, "tool_calls");
});

test("a failing provider is left for the next one", async () => {
  const script = await fake.script({ alpha: [{ status: 503, error: {} }], beta: [{ say: "from beta" }] });
  const router = new Router(script.config());
  const reply = await router.chat.completions.create({ ...asking("alpha/a"), models: ["alpha/a", "beta/b"] });
  assert.equal(reply.choices[0].message.content, "from beta");
  assert.equal(reply.model, "beta/b");
  assert.deepEqual(reply.clawrouters.attempts.map((a) => a.target), ["alpha/a", "beta/b"]);
  assert.equal(reply.clawrouters.attempts[0].status, 503);
  assert.equal(reply.clawrouters.attempts[0].then, "next");
});

test("an error carries its kind and its context", async () => {
  const script = await fake.script({ alpha: [{ status: 401, error: {}, headers: { "x-request-id": "req-7" } }] });
  const router = new Router(script.config());
  await assert.rejects(router.chat.completions.create(asking("alpha/small")), (error) => {
    assert.ok(error instanceof ClawRoutersError && error instanceof Error);
    assert.equal(error.name, "ClawRoutersError");
    assert.equal(error.code, "Unauthenticated");
    assert.equal(error.status, 401);
    assert.equal(error.statusCode, 401);
    assert.equal(error.provider, "alpha");
    assert.equal(error.model, "alpha/small");
    assert.equal(error.requestId, "req-7");
    assert.equal(error.retryAfter, undefined);
    assert.equal(error.partial, undefined);
    assert.equal(error.attempts.length, 1);
    assert.ok(!error.message.startsWith("{"));
    assert.ok(!error.stack.includes("Say hello"));
    return true;
  });
});

test("a Retry-After hint is in seconds", async () => {
  const script = await fake.script({ alpha: [{ status: 429, error: {}, headers: { "retry-after": "7" } }] });
  const router = new Router(script.config({ retry: { max_attempts: 1 } }));
  await assert.rejects(router.chat.completions.create(asking("alpha/small")), (error) => {
    assert.equal(error.code, "RateLimited");
    assert.ok(error.retryAfter > 6 && error.retryAfter <= 7, `${error.retryAfter}`);
    return true;
  });
});

test("NoCandidate names the gate that refused each model", async () => {
  const script = await fake.script({ alpha: [{ say: "never" }] });
  const models = [{ id: "alpha/blind", context_window: 4000, capabilities: { vision: false, tools: false } }];
  const router = new Router(script.config({ models }));
  const tools = [{ type: "function", function: { name: "f", parameters: { type: "object", properties: {} } } }];
  await assert.rejects(router.chat.completions.create(asking("auto", { tools })), (error) => {
    assert.equal(error.code, "NoCandidate");
    assert.equal(error.statusCode, 400);
    assert.ok(error.refusals.some((r) => r.model === "alpha/blind" && r.gate === "tools"), JSON.stringify(error.refusals));
    return true;
  });
  assert.equal((await script.requests()).length, 0);
});

test("a timeout ends the whole call", async () => {
  const script = await fake.script({ alpha: [{ fault: { kind: "hang_before_headers" } }] });
  const router = new Router(script.config());
  const begun = performance.now();
  await assert.rejects(router.chat.completions.create(asking("alpha/small"), { timeout: 150 }), { code: "Timeout" });
  assert.ok(performance.now() - begun < 2000);
});

test("two hundred calls at once keep their answers apart", async () => {
  const script = await fake.script({ alpha: [{ say: "pong", delay_ms: 20 }] });
  const router = new Router(script.config());
  const begun = performance.now();
  const replies = await Promise.all(
    Array.from({ length: 200 }, (_, i) => router.chat.completions.create(asking("alpha/small", { user: `u${i}` }))),
  );
  assert.ok(performance.now() - begun < 4000, "the calls ran one after the other");
  assert.ok(replies.every((r) => r.choices[0].message.content === "pong"));
  assert.equal(new Set(replies.map((r) => r.clawrouters.request_id)).size, 200);
  const users = new Set((await script.requests()).map((r) => r.body.user));
  assert.equal(users.size, 200);
});

test("classify and explain send nothing", async () => {
  const script = await fake.script({ alpha: [{ say: "never" }] });
  const router = new Router(script.config({ models: [{ id: "alpha/m", quality: 50, price: { input: 1, output: 2 }, context_window: 100000 }] }));
  const params = { model: "auto", messages: [{ role: "user", content: "Write a Python function that reverses a linked list." }] };
  const task = await router.classify(params);
  assert.equal(task.kind, "code");
  assert.ok(task.difficulty >= 0 && task.difficulty <= 1);
  assert.ok(task.success.weak <= task.success.strong);
  const explanation = await router.explain(params);
  assert.equal(explanation.task.kind, "code");
  assert.equal(explanation.model, "alpha/m");
  assert.ok(explanation.candidates[0].cost > 0);
  assert.equal((await script.requests()).length, 0);
});

test("entries hold what was spent and no prompt", async () => {
  const script = await fake.script({ alpha: [{ say: "ok", usage: { input: 1000, output: 100 } }] });
  const router = new Router(script.config({ models: [{ id: "alpha/m", price: { input: 1, output: 10 } }] }));
  await router.chat.completions.create(asking("alpha/m", { route: { tags: { team: "a" } } }));
  await router.flush();
  const [entry] = router.entries();
  assert.equal(entry.model, "alpha/m");
  assert.equal(entry.cost, 0.002);
  assert.deepEqual(entry.tags, { team: "a" });
  assert.equal(entry.error, null);
  assert.ok(!JSON.stringify(router.entries()).includes("Say hello"));
  await router.close();
});

test("models.list names auto, aliases and own models", async () => {
  const script = await fake.script({ alpha: [{ say: "ok" }] });
  const router = new Router(script.config({ aliases: { quick: ["alpha/m"] }, models: [{ id: "alpha/m" }] }));
  const list = await router.models.list();
  assert.equal(list.object, "list");
  const ids = list.data.map((m) => m.id);
  for (const id of ["auto", "auto:cheapest", "quick", "alpha/m"]) {
    assert.ok(ids.includes(id), `${id} is missing`);
  }
  const iterated = [];
  for await (const model of list) {
    iterated.push(model.id);
  }
  assert.deepEqual(iterated, ids);
});

test("a closed router refuses calls and keeps its ledger", async () => {
  const script = await fake.script({ alpha: [{ say: "ok" }] });
  const router = new Router(script.config());
  await router.chat.completions.create(asking("alpha/small"));
  await router[Symbol.asyncDispose]();
  for (const stream of [false, true]) {
    await assert.rejects(router.chat.completions.create(asking("alpha/small", { stream })), { code: "InvalidRequest", param: "router" });
  }
  assert.equal(router.entries().length, 1);
  assert.equal((await script.requests()).length, 1);
});
