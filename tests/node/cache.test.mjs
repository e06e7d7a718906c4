/** `router.cache`, and the headers of the drop-in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Router } from "clawrouters";
import { asking, startFake } from "./support/fake.mjs";

const fake = await startFake();

test("stats and clear", async () => {
  const script = await fake.script({ alpha: [{ say: "one" }, { say: "two" }] });
  const router = new Router(script.config({ cache: { exact: { ttl_s: 60 } } }));
  const ask = async () => router.chat.completions.create(asking("alpha/m"));
  assert.equal((await ask()).clawrouters.cached, "miss");
  assert.equal((await ask()).clawrouters.cached, "hit");
  const { hits, misses, entries } = router.cache.stats();
  assert.deepEqual({ hits, misses, entries }, { hits: 1, misses: 1, entries: 1 });
  router.cache.clear();
  assert.equal(router.cache.stats().entries, 0);
  assert.equal((await ask()).choices[0].message.content, "two");
  await router.close();
});

test("the door says what the cache did and hears what HTTP says of caches", async () => {
  const script = await fake.script({ alpha: [{ say: "one" }, { say: "two" }] });
  const router = new Router(script.config({ cache: { exact: {} } }));
  const post = async (headers) => {
    const body = JSON.stringify(asking("alpha/m"));
    const reply = await router.fetch("http://door/v1/chat/completions", { method: "POST", headers, body });
    const { choices } = await reply.json();
    return [reply.headers.get("x-clawrouters-cache"), choices[0].message.content];
  };
  assert.deepEqual(await post({}), ["miss", "one"]);
  assert.deepEqual(await post({}), ["hit", "one"]);
  assert.deepEqual(await post({ "cache-control": "no-cache" }), ["bypass", "two"]);
  assert.deepEqual(await post({ "x-clawrouters-cache": "no-store, ttl_s=5" }), ["hit", "two"]);
  const bad = await router.fetch("http://door/v1/chat/completions", {
    method: "POST",
    headers: { "x-clawrouters-cache": "sometimes" },
    body: JSON.stringify(asking("alpha/m")),
  });
  assert.equal(bad.status, 400);
  await router.close();
});
