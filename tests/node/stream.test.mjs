/** Streams through the typed API: order, failover, breaks, and every way to stop one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ClawRoutersError, Router, Stream } from "clawrouters";
import { asking, eventually, startFake } from "./support/fake.mjs";

const fake = await startFake();
const streamed = (model, more = {}) => asking(model, { stream: true, ...more });
const textOf = (chunks) => chunks.map((c) => c.choices[0]?.delta?.content ?? "").join("");
const closedEarly = (script) => eventually(async () => (await script.requests())[0]?.closed_early, "the provider's connection closed");

async function all(stream) {
  const chunks = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
  }
  return chunks;
}

test("chunks arrive in order, the last one with the route", async () => {
  const script = await fake.script({ alpha: [{ say: "one two three four", chunks: 40 }] });
  const stream = await new Router(script.config()).chat.completions.create(streamed("alpha/m"));
  assert.ok(stream instanceof Stream);
  const chunks = await all(stream);
  assert.equal(textOf(chunks), "one two three four");
  assert.ok(chunks.every((c) => c.object === "chat.completion.chunk" && Array.isArray(c.choices)));
  assert.equal(chunks.filter((c) => c.clawrouters).length, 1);
  assert.equal(chunks.at(-1).clawrouters.model, "alpha/m");
  assert.ok(chunks.some((c) => c.choices[0]?.finish_reason === "stop"));
});

test("chunks arrive as they are sent, not at the end", async () => {
  const script = await fake.script({ alpha: [{ say: "a b c d e f", chunks: 6, chunk_ms: 60 }] });
  const stream = await new Router(script.config()).chat.completions.create(streamed("alpha/m"));
  const times = [];
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta?.content) {
      times.push(performance.now());
    }
  }
  assert.ok(times.at(-1) - times[0] > 180, `all within ${times.at(-1) - times[0]} ms`);
});

test("a thousand chunks come whole", async () => {
  const say = Array.from({ length: 1000 }, (_, i) => `w${i} `).join("");
  const script = await fake.script({ alpha: [{ say, chunks: 1000 }] });
  const stream = await new Router(script.config()).chat.completions.create(streamed("alpha/m"));
  assert.equal(textOf(await all(stream)), say);
});

test("tool call fragments can be put together", async () => {
  const script = await fake.script({ alpha: [{ tool_calls: [{ id: "c1", name: "f", arguments: { city: "Oslo" } }], argument_pieces: 4 }] });
  const tools = [{ type: "function", function: { name: "f", parameters: { type: "object", properties: {} } } }];
  const chunks = await all(await new Router(script.config()).chat.completions.create(streamed("alpha/m", { tools })));
  const parts = chunks.flatMap((c) => c.choices[0]?.delta?.tool_calls ?? []);
  assert.equal(parts.map((p) => p.function?.arguments ?? "").join(""), '{"city":"Oslo"}');
  assert.equal(parts[0].id, "c1");
});

test("a provider that fails before its first output is left unseen", async () => {
  const script = await fake.script({
    alpha: [{ say: "x", fault: { kind: "cut", after_pieces: 0 } }],
    beta: [{ say: "from beta" }],
  });
  const router = new Router(script.config());
  const chunks = await all(await router.chat.completions.create(streamed("alpha/a", { models: ["alpha/a", "beta/b"] })));
  assert.equal(textOf(chunks), "from beta");
  assert.deepEqual(chunks.at(-1).clawrouters.attempts.map((a) => a.provider), ["alpha", "beta"]);
});

test("a stream that breaks after output throws what there was", async () => {
  const script = await fake.script({ alpha: [{ chunks: ["Hel", "lo ", "world"], fault: { kind: "cut", after_pieces: 2 } }] });
  const stream = await new Router(script.config()).chat.completions.create(streamed("alpha/m"));
  const seen = [];
  await assert.rejects(
    (async () => {
      for await (const chunk of stream) {
        seen.push(chunk);
      }
    })(),
    (error) => {
      assert.ok(error instanceof ClawRoutersError);
      assert.equal(error.code, "StreamInterrupted");
      assert.equal(error.partial.text, "Hello ");
      return true;
    },
  );
  assert.equal(textOf(seen), "Hello ");
});

test("leaving the loop closes the provider's connection", async () => {
  const script = await fake.script({ alpha: [{ say: "x", fault: { kind: "never_ending", after_pieces: 1 } }] });
  const stream = await new Router(script.config()).chat.completions.create(streamed("alpha/m"));
  let n = 0;
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta?.content && ++n === 3) {
      break;
    }
  }
  await closedEarly(script);
  await assert.rejects(all(stream), { code: "InvalidRequest", param: "stream" });
});

test("a stream that was left is in the ledger after flush", async () => {
  const script = await fake.script({ alpha: [{ say: "x", fault: { kind: "never_ending", after_pieces: 1 } }] });
  const router = new Router(script.config());
  const stream = await router.chat.completions.create(streamed("alpha/m"));
  for await (const chunk of stream) {
    assert.equal(chunk.object, "chat.completion.chunk");
    break;
  }
  await router.flush();
  assert.equal(router.entries()[0]?.error, "Cancelled");
});

test("a loop body that throws closes it too", async () => {
  const script = await fake.script({ alpha: [{ say: "x", fault: { kind: "never_ending", after_pieces: 1 } }] });
  const stream = await new Router(script.config()).chat.completions.create(streamed("alpha/m"));
  await assert.rejects(
    (async () => {
      for await (const chunk of stream) {
        throw new Error(`mine ${chunk.object}`);
      }
    })(),
    /mine/,
  );
  await closedEarly(script);
});

for (const [what, stop] of [
  ["close()", (stream) => stream.close()],
  ["controller.abort()", (stream) => stream.controller.abort()],
  ["disposing", (stream) => stream[Symbol.asyncDispose]()],
]) {
  test(`${what} ends a waiting loop quietly`, async () => {
    const script = await fake.script({ alpha: [{ chunks: ["a", "b"], fault: { kind: "stall", after_pieces: 1 } }] });
    const stream = await new Router(script.config()).chat.completions.create(streamed("alpha/m"));
    setTimeout(() => stop(stream), 50);
    const begun = performance.now();
    assert.equal(textOf(await all(stream)), "a");
    assert.ok(performance.now() - begun < 1500);
    await closedEarly(script);
  });
}

test("a stream closed before it is read gives nothing", async () => {
  const script = await fake.script({ alpha: [{ say: "x", fault: { kind: "never_ending", after_pieces: 1 } }] });
  const stream = await new Router(script.config()).chat.completions.create(streamed("alpha/m"));
  stream.close();
  assert.deepEqual(await all(stream), []);
  await closedEarly(script);
});

test("an aborted signal makes a waiting loop throw Cancelled", async () => {
  const script = await fake.script({ alpha: [{ chunks: ["a", "b"], fault: { kind: "stall", after_pieces: 1 } }] });
  const controller = new AbortController();
  const stream = await new Router(script.config()).chat.completions.create(streamed("alpha/m"), { signal: controller.signal });
  setTimeout(() => controller.abort(), 50);
  await assert.rejects(all(stream), (error) => error.code === "Cancelled" && error.cause.name === "AbortError");
  await closedEarly(script);
});

for (const stream of [false, true]) {
  test(`an aborted signal stops a call that waits for its ${stream ? "first token" : "reply"}`, async () => {
    const script = await fake.script({ alpha: [{ fault: { kind: "hang_before_headers" } }] });
    const router = new Router(script.config());
    const controller = new AbortController();
    const call = router.chat.completions.create(asking("alpha/m", { stream }), { signal: controller.signal });
    await eventually(async () => (await script.requests()).length === 1, "the request arrived");
    const begun = performance.now();
    controller.abort();
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof ClawRoutersError);
      assert.equal(error.code, "Cancelled");
      assert.equal(error.cause.name, "AbortError");
      return true;
    });
    assert.ok(performance.now() - begun < 100, "the call did not stop at once");
    await closedEarly(script);
    await router.flush();
    assert.equal(router.entries()[0]?.error, "Cancelled");
  });
}

test("a signal aborted beforehand sends nothing", async () => {
  const script = await fake.script({ alpha: [{ say: "never" }] });
  const reason = new Error("changed my mind");
  const call = new Router(script.config()).chat.completions.create(asking("alpha/m"), { signal: AbortSignal.abort(reason) });
  await assert.rejects(call, (error) => error.code === "Cancelled" && error.cause === reason);
  assert.equal((await script.requests()).length, 0);
});

test("an unread stream that is dropped closes its connection", { skip: !globalThis.gc && "needs --expose-gc" }, async () => {
  const script = await fake.script({ alpha: [{ say: "x", fault: { kind: "never_ending", after_pieces: 1 } }] });
  const router = new Router(script.config());
  await (async () => void (await router.chat.completions.create(streamed("alpha/m"))))();
  await eventually(async () => {
    globalThis.gc();
    return (await script.requests())[0]?.closed_early;
  }, "the dropped stream closed its connection");
});

test("many streams at once keep their chunks apart", async () => {
  const names = ["alpha", "beta", "gamma", "delta"];
  const script = await fake.script(Object.fromEntries(names.map((n) => [n, [{ say: `${n} `.repeat(20), chunks: 20, chunk_ms: 2 }]])));
  const router = new Router(script.config());
  const runs = Array.from({ length: 40 }, async (_, i) => {
    const name = names[i % names.length];
    return textOf(await all(await router.chat.completions.create(streamed(`${name}/m`)))) === `${name} `.repeat(20);
  });
  assert.ok((await Promise.all(runs)).every(Boolean));
});
