/** `router.fetch`: a WHATWG fetch that the router answers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Router } from "clawrouters";
import { asking, eventually, startFake } from "./support/fake.mjs";

const fake = await startFake();
const url = "https://api.openai.com/v1/chat/completions";
const post = (body, more = {}) => ({
  method: "POST",
  headers: { "content-type": "application/json", authorization: "Bearer unused" },
  body: JSON.stringify(body),
  ...more,
});

test("a whole reply is a Response with the router's headers", async () => {
  const script = await fake.script({ alpha: [{ say: "Hello" }] });
  const { fetch } = new Router(script.config());
  const response = await fetch(url, post(asking("alpha/m")));
  assert.ok(response instanceof Response);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("x-clawrouters-model"), "alpha/m");
  assert.equal(response.headers.get("x-clawrouters-provider"), "alpha");
  assert.ok(response.headers.get("x-clawrouters-request-id"));
  assert.match(response.headers.get("content-type"), /application\/json/);
  const reply = await response.json();
  assert.equal(reply.choices[0].message.content, "Hello");
  const [request] = await script.requests();
  assert.notEqual(request.headers.authorization, "Bearer unused");
});

const bodies = {
  "a URL and bytes": (json) => [new URL(url), post({}, { body: new TextEncoder().encode(json) })],
  "a Request": (json) => [new Request(url, { method: "POST", body: json })],
  "a Request and init": (json) => [new Request(url, { method: "POST", body: "{}" }), { body: json }],
  "an ArrayBuffer": (json) => [url, post({}, { body: new TextEncoder().encode(json).buffer })],
  "a Blob": (json) => [url, post({}, { body: new Blob([json]) })],
  "a ReadableStream": (json) => [url, post({}, { body: new Blob([json]).stream() })],
  "another host and prefix": (json) => ["http://localhost:8080/api/proxy/openai/chat/completions", post({}, { body: json })],
};
for (const [what, args] of Object.entries(bodies)) {
  test(`${what} is understood`, async () => {
    const script = await fake.script({ alpha: [{ say: "ok" }] });
    const response = await new Router(script.config()).fetch(...args(JSON.stringify(asking("alpha/m", { user: "ü" }))));
    assert.equal((await response.json()).choices?.[0].message.content, "ok");
    assert.equal((await script.requests())[0].body.user, "ü");
  });
}

test("a streamed body arrives piece by piece", async () => {
  const script = await fake.script({ alpha: [{ say: "a b c d e", chunks: 5, chunk_ms: 60 }] });
  const response = await new Router(script.config()).fetch(url, post(asking("alpha/m", { stream: true })));
  assert.match(response.headers.get("content-type"), /text\/event-stream/);
  const times = [];
  let text = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    times.push(performance.now());
    text += piece;
  }
  assert.ok(times.at(-1) - times[0] > 150, "everything came at once");
  assert.ok(text.trimEnd().endsWith("data: [DONE]"));
  assert.ok(text.includes('"clawrouters"'));
});

test("errors are OpenAI error JSON with a status", async () => {
  const script = await fake.script({ alpha: [{ status: 503, error: {} }] });
  const { fetch } = new Router(script.config({ retry: { max_attempts: 1, max_total_attempts: 1 } }));
  const failed = await fetch(url, post(asking("alpha/m")));
  assert.equal(failed.status, 503);
  assert.equal(failed.headers.get("x-should-retry"), "false");
  assert.equal(typeof (await failed.json()).error.message, "string");
  const bad = await fetch(url, post({ model: "alpha/m", messages: [] }));
  assert.equal(bad.status, 400);
  assert.equal((await bad.json()).error.param, "messages");
  const noJson = await fetch(url, post({}, { body: "{" }));
  assert.equal(noJson.status, 400);
  const nowhere = await fetch("https://api.openai.com/v1/nowhere");
  assert.equal(nowhere.status, 404);
  assert.ok((await nowhere.json()).error);
});

test("GET /v1/models lists what can be asked for", async () => {
  const script = await fake.script({ alpha: [{ say: "ok" }] });
  const response = await new Router(script.config()).fetch("https://api.openai.com/v1/models");
  assert.ok((await response.json()).data.some((m) => m.id === "auto"));
});

test("an aborted fetch rejects like fetch and stops the provider", async () => {
  const script = await fake.script({ alpha: [{ fault: { kind: "hang_before_headers" } }] });
  const { fetch } = new Router(script.config());
  const controller = new AbortController();
  const call = fetch(url, post(asking("alpha/m"), { signal: controller.signal }));
  await eventually(async () => (await script.requests()).length === 1, "the request arrived");
  controller.abort();
  await assert.rejects(call, (error) => error instanceof DOMException && error.name === "AbortError");
  await eventually(async () => (await script.requests())[0].closed_early, "the provider's connection closed");
  await assert.rejects(fetch(url, post(asking("alpha/m"), { signal: AbortSignal.abort() })), { name: "AbortError" });
  await assert.rejects(fetch(new Request(url, post(asking("alpha/m"), { signal: AbortSignal.abort() }))), { name: "AbortError" });
});

test("an abort in mid-body fails the body and stops the provider", async () => {
  const script = await fake.script({ alpha: [{ say: "x", fault: { kind: "never_ending", after_pieces: 1 } }] });
  const controller = new AbortController();
  const response = await new Router(script.config()).fetch(url, post(asking("alpha/m", { stream: true }), { signal: controller.signal }));
  const reader = response.body.getReader();
  await reader.read();
  controller.abort();
  await assert.rejects(
    (async () => {
      while (!(await reader.read()).done);
    })(),
    { name: "AbortError" },
  );
  await eventually(async () => (await script.requests())[0].closed_early, "the provider's connection closed");
});

test("cancelling the body stops the provider", async () => {
  const script = await fake.script({ alpha: [{ say: "x", fault: { kind: "never_ending", after_pieces: 1 } }] });
  const response = await new Router(script.config()).fetch(url, post(asking("alpha/m", { stream: true })));
  const reader = response.body.getReader();
  await reader.read();
  await reader.cancel();
  await eventually(async () => (await script.requests())[0].closed_early, "the provider's connection closed");
});

test("it is bound and needs no this", async () => {
  const script = await fake.script({ alpha: [{ say: "ok" }] });
  const router = new Router(script.config());
  const response = await router.fetch.call(undefined, url, post(asking("alpha/m")));
  assert.equal(response.status, 200);
});
