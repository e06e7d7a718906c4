/** The real `openai` package over `router.fetch`; OPENAI_PACKAGE names the version to load. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Router } from "clawrouters";
import { asking, eventually, startFake } from "./support/fake.mjs";

const { default: OpenAI, ...sdk } = await import(process.env.OPENAI_PACKAGE ?? "openai");
const fake = await startFake();
const weather = {
  type: "function",
  function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } },
};

async function client(providers, config = {}, options = {}) {
  const script = await fake.script(providers);
  const router = new Router(script.config(config));
  return { script, router, openai: new OpenAI({ fetch: router.fetch, apiKey: "unused", ...options }) };
}

test("a whole reply", async () => {
  const { openai } = await client({ alpha: [{ say: "Hello there" }] });
  const reply = await openai.chat.completions.create(asking("alpha/m"));
  assert.equal(reply.choices[0].message.content, "Hello there");
  assert.equal(reply.model, "alpha/m");
  assert.equal(reply.usage.total_tokens, 15);
  assert.equal(reply.clawrouters.provider, "alpha");
  assert.ok(reply._request_id);
});

test("withResponse shows the router's headers", async () => {
  const { openai } = await client({ alpha: [{ say: "x" }] });
  const { data, response } = await openai.chat.completions.create(asking("alpha/m")).withResponse();
  assert.equal(data.choices[0].message.content, "x");
  assert.equal(response.headers.get("x-clawrouters-model"), "alpha/m");
  assert.equal(response.headers.get("x-clawrouters-attempts"), "1");
});

test("a streamed reply, piece by piece", async () => {
  const { openai } = await client({ alpha: [{ say: "one two three four five", chunks: 5, chunk_ms: 50 }] });
  const stream = await openai.chat.completions.create({ ...asking("alpha/m"), stream: true, stream_options: { include_usage: true } });
  const times = [];
  let text = "";
  let last;
  for await (const chunk of stream) {
    times.push(performance.now());
    text += chunk.choices[0]?.delta.content ?? "";
    last = chunk;
  }
  assert.equal(text, "one two three four five");
  assert.ok(times.at(-1) - times[0] > 120, "everything came at once");
  assert.equal(last.usage.total_tokens, 15);
  assert.equal(last.clawrouters.model, "alpha/m");
});

test("embeddings, which the package asks for as base64 or floats", async () => {
  const { openai, script } = await client({ alpha: [{ embed: 2 }] });
  const { data, response } = await openai.embeddings.create({ model: "alpha/bge-m3", input: ["hello", "cats"] }).withResponse();
  assert.deepEqual(data.data.map((d) => Array.from(d.embedding)), [[5, 1], [4, 1]]);
  assert.equal(data.usage.total_tokens, 4);
  assert.equal(response.headers.get("x-clawrouters-model"), "alpha/bge-m3");
  const floats = await openai.embeddings.create({ model: "alpha/bge-m3", input: "hello", encoding_format: "float" });
  assert.deepEqual(floats.data[0].embedding, [5, 1]);
  assert.equal((await script.requests())[0].path, "/v1/embeddings");
  await assert.rejects(openai.embeddings.create({ model: "auto", input: "hello" }), { status: 400, param: "model" });
});

test("tool calls, whole", async () => {
  const { openai } = await client({ alpha: [{ tool_calls: [{ id: "c1", name: "weather", arguments: { city: "Zürich" } }] }] });
  const reply = await openai.chat.completions.create({ ...asking("alpha/m"), tools: [weather] });
  assert.equal(reply.choices[0].finish_reason, "tool_calls");
  assert.deepEqual(JSON.parse(reply.choices[0].message.tool_calls[0].function.arguments), { city: "Zürich" });
});

test("tool calls, streamed and put together by the package", async () => {
  const { openai } = await client({ alpha: [{ tool_calls: [{ id: "c1", name: "weather", arguments: { city: "Zürich" } }], argument_pieces: 5 }] });
  const stream = openai.chat.completions.stream({ ...asking("alpha/m"), tools: [weather] });
  const reply = await stream.finalChatCompletion();
  assert.deepEqual(JSON.parse(reply.choices[0].message.tool_calls[0].function.arguments), { city: "Zürich" });
});

test("a whole conversation with a tool, run by the package", async () => {
  const { openai, script } = await client({
    alpha: [{ tool_calls: [{ id: "c1", name: "weather", arguments: { city: "Oslo" } }] }, { say: "It rains in Oslo." }],
  });
  const runner = openai.chat.completions.runTools({
    ...asking("alpha/m"),
    tools: [{ type: "function", function: { ...weather.function, function: () => "rain", parse: JSON.parse } }],
  });
  assert.equal(await runner.finalContent(), "It rains in Oslo.");
  const requests = await script.requests();
  assert.equal(requests.length, 2);
  assert.deepEqual(requests[1].body.messages.at(-1), { role: "tool", tool_call_id: "c1", content: "rain" });
});

for (const stream of [false, true]) {
  test(`failing over is not seen, ${stream ? "streamed" : "whole"}`, async () => {
    const { openai } = await client(
      { alpha: [{ status: 529, error: {} }], beta: [{ say: "from beta" }] },
      { aliases: { pair: ["alpha/a", "beta/b"] } },
    );
    const reply = await openai.chat.completions.create({ ...asking("pair"), stream });
    let text = "";
    if (stream) {
      for await (const chunk of reply) {
        text += chunk.choices[0]?.delta.content ?? "";
      }
    } else {
      text = reply.choices[0].message.content;
    }
    assert.equal(text, "from beta");
  });
}

const once = { retry: { max_attempts: 1, max_total_attempts: 1 } };
for (const [status, name] of [
  [400, "BadRequestError"],
  [401, "AuthenticationError"],
  [403, "PermissionDeniedError"],
  [429, "RateLimitError"],
  [500, "InternalServerError"],
  [503, "InternalServerError"],
]) {
  test(`a ${status} is raised as ${name}, and asked once`, async () => {
    const { openai, script } = await client({ alpha: [{ status, error: {} }] }, once);
    await assert.rejects(openai.chat.completions.create(asking("alpha/m")), (error) => {
      assert.ok(error instanceof OpenAI[name] && error instanceof sdk.APIError, `${error.constructor.name}: ${error.message}`);
      assert.ok(error.requestID);
      assert.ok(error.code || error.type);
      return true;
    });
    assert.equal((await script.requests()).length, 1, "the package asked again what the router had given up");
  });
}

test("a bad request names its field", async () => {
  const { openai } = await client({ alpha: [{ say: "x" }] });
  await assert.rejects(openai.chat.completions.create({ model: "alpha/m", messages: [] }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.param, "messages");
    return true;
  });
});

test("a stream that breaks after output raises APIError", async () => {
  const { openai } = await client({ alpha: [{ chunks: ["a", "b", "c"], fault: { kind: "cut", after_pieces: 2 } }] });
  const stream = await openai.chat.completions.create({ ...asking("alpha/m"), stream: true });
  let text = "";
  await assert.rejects(
    (async () => {
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? "";
      }
    })(),
    (error) => error instanceof sdk.APIError,
  );
  assert.equal(text, "ab");
});

test("an abort stops the provider's request", async () => {
  const { openai, script } = await client({ alpha: [{ fault: { kind: "hang_before_headers" } }] });
  const controller = new AbortController();
  const call = openai.chat.completions.create(asking("alpha/m"), { signal: controller.signal });
  await Promise.all([
    assert.rejects(call, (error) => error instanceof OpenAI.APIUserAbortError),
    eventually(async () => (await script.requests()).length === 1, "the request arrived").then(() => controller.abort()),
  ]);
  await eventually(async () => (await script.requests())[0].closed_early, "the provider's connection closed");
});

test("leaving a stream's loop stops the provider's request", async () => {
  const { openai, script } = await client({ alpha: [{ say: "x", fault: { kind: "never_ending", after_pieces: 1 } }] });
  const stream = await openai.chat.completions.create({ ...asking("alpha/m"), stream: true });
  let n = 0;
  for await (const chunk of stream) {
    if (chunk.choices.length && ++n === 3) {
      break;
    }
  }
  await eventually(async () => (await script.requests())[0].closed_early, "the provider's connection closed");
});

test("the package's own timeout is raised as its own error", async () => {
  const { openai } = await client({ alpha: [{ fault: { kind: "hang_before_headers" } }] }, {}, { timeout: 150, maxRetries: 0 });
  await assert.rejects(openai.chat.completions.create(asking("alpha/m")), (error) => error instanceof OpenAI.APIConnectionTimeoutError);
});

test("models.list", async () => {
  const { openai } = await client({ alpha: [{ say: "x" }] });
  const ids = [];
  for await (const model of openai.models.list()) {
    ids.push(model.id);
  }
  assert.ok(ids.includes("auto"));
});

test("another base URL changes nothing", async () => {
  const { openai } = await client({ alpha: [{ say: "x" }] }, {}, { baseURL: "http://127.0.0.1:9/some/prefix/v1" });
  assert.equal((await openai.chat.completions.create(asking("alpha/m"))).choices[0].message.content, "x");
});

const broken = (kind) => ({ chunks: ["One ", "two ", "three."], fault: { kind, after_pieces: 2 } });
const pair = { aliases: { pair: ["alpha/a", "beta/b"] } };

async function textOf(stream) {
  let text = "";
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
  }
  return text;
}

for (const kind of ["cut", "reset", "end", "in_stream_error", "malformed"]) {
  test(`a stream that breaks after output is whole: ${kind}`, async () => {
    const { openai } = await client({ alpha: [broken(kind)], beta: [{ say: "One two three." }] }, pair);
    const reply = await openai.chat.completions.stream(asking("pair")).finalChatCompletion();
    assert.equal(reply.choices[0].message.content, "One two three.");
    assert.equal(reply.choices[0].finish_reason, "stop");
  });
}

test("malformed chunks can be left out", async () => {
  const { openai, script } = await client({ alpha: [broken("malformed")] });
  const stream = await openai.chat.completions.create({ ...asking("alpha/a"), stream: true, route: { on_malformed: "skip" } });
  assert.equal(await textOf(stream), "One two three.");
  assert.equal((await script.requests()).length, 1);
});

test("a stream that nobody completes ends in the package's error", async () => {
  const { openai } = await client({ alpha: [broken("cut"), { status: 500, error: {} }] });
  let text = "";
  await assert.rejects(
    async () => {
      for await (const chunk of await openai.chat.completions.create({ ...asking("alpha/a"), stream: true })) {
        text += chunk.choices[0]?.delta.content ?? "";
      }
    },
    (error) => {
      assert.ok(error instanceof sdk.APIError, error.constructor.name);
      assert.equal(error.code, "StreamInterrupted");
      assert.equal(error.error.clawrouters.partial.text, "One two ");
      return true;
    },
  );
  assert.equal(text, "One two ");
});

test("restart needs the typed interface", async () => {
  const providers = { alpha: [broken("cut")], beta: [{ say: "One two three." }] };
  const { openai } = await client(providers, pair);
  const asked = openai.chat.completions.create({ ...asking("pair"), stream: true, route: { on_interrupt: "restart" } });
  await assert.rejects(asked, { status: 400, param: "route.on_interrupt" });
  const configured = await client(providers, { ...pair, on_interrupt: "restart" });
  const stream = await configured.openai.chat.completions.create({ ...asking("pair"), stream: true });
  assert.equal(await textOf(stream), "One two three.");
});
