/** Bad input of every kind: a typed error that names the field, nothing sent, nothing thrown raw. */
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ClawRoutersError, Router } from "clawrouters";
import { asking, startFake } from "./support/fake.mjs";

const fake = await startFake();
const script = await fake.script({ alpha: [{ say: "ok" }] });
const router = new Router(script.config());

const circular = { role: "user", content: "hi" };
circular.self = circular;
const user = (content) => ({ model: "alpha/m", messages: [{ role: "user", content }] });

const requests = [
  ["no parameters", undefined, "params"],
  ["null", null, "params"],
  ["a list", [], "params"],
  ["no model", { messages: [] }, "model"],
  ["a number for a model", { model: 3, messages: [] }, "model"],
  ["no messages", { model: "alpha/m" }, "messages"],
  ["empty messages", { model: "alpha/m", messages: [] }, "messages"],
  ["an undefined message", { model: "alpha/m", messages: [undefined] }, "messages[0]"],
  ["a wrong role", { model: "alpha/m", messages: [{ role: "robot", content: "x" }] }, "messages[0].role"],
  ["a tool result without its call", { model: "alpha/m", messages: [{ role: "tool", tool_call_id: "x", content: "x" }] }, "messages[0].tool_call_id"],
  ["a schema that is not an object", asking("alpha/m", { tools: [{ type: "function", function: { name: "f", parameters: "no" } }] }), "tools[0].function.parameters"],
  ["NaN", asking("alpha/m", { temperature: NaN }), "temperature"],
  ["Infinity", asking("alpha/m", { max_tokens: Infinity }), "max_tokens"],
  ["a deep NaN", asking("alpha/m", { logit_bias: { 50256: -Infinity } }), "logit_bias.50256"],
  ["a NaN in a schema", asking("alpha/m", { tools: [{ type: "function", function: { name: "f", parameters: { minimum: NaN } } }] }), "tools[0].function.parameters.minimum"],
  ["a NaN in the route", asking("alpha/m", { route: { max_cost: NaN } }), "route.max_cost"],
  ["a BigInt", asking("alpha/m", { max_tokens: 10n }), "max_tokens"],
  ["a circle", { model: "alpha/m", messages: [circular] }, "messages[0].self"],
  ["a lone high surrogate", user("a\ud83d"), "messages[0].content"],
  ["a lone low surrogate", user("\ude00b"), "messages[0].content"],
  ["a toJSON that throws", asking("alpha/m", { when: { toJSON() { throw new Error("no"); } } }), "params"],
  ["an unknown route option", asking("alpha/m", { route: { fastest: true } }), /^route/],
  ["a temperature out of range", asking("alpha/m", { temperature: 3 }), "temperature"],
  ["50 MB of prompt", user("x".repeat(50 * 1024 * 1024)), "messages"],
];

for (const [what, params, param] of requests) {
  test(`${what} is an InvalidRequest`, async () => {
    const fits = (error) => {
      assert.ok(error instanceof ClawRoutersError, String(error));
      assert.equal(error.code, "InvalidRequest");
      if (param instanceof RegExp) {
        assert.match(error.param, param);
      } else {
        assert.equal(error.param, param);
      }
      assert.equal(error.statusCode, 400);
      return true;
    };
    await assert.rejects(router.chat.completions.create(params), fits);
    await assert.rejects(router.chat.completions.create(params && { stream: true, ...params }), (e) => e.code === "InvalidRequest");
    await assert.rejects(router.classify(params), fits);
    await assert.rejects(router.explain(params), fits);
  });
}

test("an unknown model is refused before anything is sent", async () => {
  await assert.rejects(router.chat.completions.create(asking("nobody-has-this")), (error) => error instanceof ClawRoutersError);
});

test("a timeout that is no time is refused", async () => {
  for (const timeout of [0, -1, NaN, Infinity]) {
    await assert.rejects(router.chat.completions.create(asking("alpha/m"), { timeout }), { code: "InvalidRequest", param: "timeout" });
  }
});

test("bad parameters stay typed errors with a timeout and a signal", async () => {
  const create = (params, options) => router.chat.completions.create(params, options);
  const timeout = 1000;
  await assert.rejects(create(null, { timeout }), { code: "InvalidRequest", param: "params" });
  await assert.rejects(create(asking("alpha/m", { route: "x" }), { timeout }), { code: "InvalidRequest", param: /^route/ });
  await assert.rejects(create(asking("alpha/m", { route: { deadline_ms: 5n } }), { timeout }), { param: "route.deadline_ms" });
  await assert.rejects(create(asking("alpha/m", { route: { deadline_ms: NaN } }), { timeout }), { param: "route.deadline_ms" });
  await assert.rejects(create(asking("alpha/m"), { signal: {} }), { code: "InvalidRequest", param: "signal" });
});

test("proper pairs, nulls and the word null pass", async () => {
  const reply = await router.chat.completions.create({ ...user("😀 null \u2028"), temperature: null, stop: undefined });
  assert.equal(reply.choices[0].message.content, "ok");
  const sent = (await script.requests()).at(-1).body;
  assert.equal(sent.messages[0].content, "😀 null \u2028");
});

test("only the good request was sent", async () => {
  assert.equal((await script.requests()).length, 1);
});

const configs = [
  ["an unknown key", { stratgey: "best" }, /stratgey|config/],
  ["a wrong type", { timeouts: { idle_ms: "soon" } }, /^timeouts\.idle_ms$/],
  ["an unknown strategy", { strategy: "thriftiest" }, /^strategy$/],
  ["NaN", { timeouts: { idle_ms: NaN } }, /^timeouts\.idle_ms$/],
  ["a function", { providers: { alpha: { kind: "openai", base_url: () => "x" } } }, /^providers\.alpha\.base_url$/],
  ["a Map", { providers: new Map() }, /^providers$/],
  ["a number", 7, /^config$/],
  ["null", null, /^config$/],
  ["a missing file", "/nowhere/router.toml", /^config$/],
];

for (const [what, config, param] of configs) {
  test(`${what} is an InvalidConfig`, () => {
    assert.throws(
      () => new Router(config),
      (error) => {
        assert.ok(error instanceof ClawRoutersError, String(error));
        assert.equal(error.code, "InvalidConfig");
        assert.match(error.param, param);
        return true;
      },
    );
  });
}

test("an error of the configuration shows no key", () => {
  const secret = "sk-very-secret-value";
  assert.throws(
    () => new Router({ providers: { alpha: { kind: "openai", base_url: "not a url", api_key: secret } } }),
    (error) => error.code === "InvalidConfig" && !`${error.stack}${JSON.stringify(error)}`.includes(secret),
  );
});

test("a TOML file is read", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "clawrouters-")), "router.toml");
  writeFileSync(path, `strategy = "best"\n[providers.alpha]\nkind = "openai"\nbase_url = "${script.base}/alpha/v1"\napi_key = "test"\n`);
  const reply = await new Router(path).chat.completions.create(asking("alpha/m"));
  assert.equal(reply.choices[0].message.content, "ok");
});
