/** Keys of callers in JavaScript's terms: calls, what is printed, the drop-in, a file. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import { Router } from "clawrouters";
import { asking, startFake } from "./support/fake.mjs";

const fake = await startFake();
const refusal = (code) => (error) => error.code === code;

async function keyed(keys = { memory: true }) {
  const script = await fake.script({ alpha: [{ say: "Hello there" }] });
  return { script, router: new Router(script.config({ keys })) };
}

test("a key is made, listed, changed, rotated and ended", async () => {
  const { router } = await keyed();
  const key = await router.keys.create({ name: "acme", tags: { team: "x" }, expires_at: new Date(Date.UTC(2027, 0, 31)) });
  assert.match(key.secret, /^cr_[0-9A-Za-z]{49}$/);
  assert.equal(key.expires_at, "2027-01-31T00:00:00Z");
  assert.deepEqual((await router.keys.list()).map((k) => [k.id, k.name, "secret" in k]), [[key.id, "acme", false]]);
  assert.equal((await router.keys.update(key.id, { name: null, owner: "o" })).owner, "o");
  assert.equal((await router.keys.get(key.id)).name, null);
  await router.keys.disable(key.id);
  await assert.rejects(router.chat.completions.create(asking("alpha/m"), { apiKey: key.secret }), refusal("Unauthenticated"));
  await router.keys.enable(key.id);
  const newer = await router.keys.rotate(key.id, 60);
  for (const apiKey of [key.secret, newer.secret]) {
    const reply = await router.chat.completions.create(asking("alpha/m"), { apiKey });
    assert.equal(reply.choices[0].message.content, "Hello there");
  }
  assert.equal(router.entries().at(-1).caller, key.id);
  assert.equal(await router.keys.delete(key.id), true);
  assert.equal(await router.keys.delete(key.id), false);
  assert.equal(await router.keys.get(key.id), null);
});

test("a secret is not shown by accident", async () => {
  const { router } = await keyed();
  const key = await router.keys.create({ name: "acme" });
  assert.ok(!inspect(key).includes(key.secret));
  assert.ok(!JSON.stringify(key).includes(key.secret));
});

test("bad arguments name the field", async () => {
  const { router, script } = await keyed();
  await assert.rejects(router.keys.create({ models: ["nobody/knows"] }), (error) => error.param === "models[0]");
  await assert.rejects(router.keys.rotate("key_nobody"), (error) => error.param === "id");
  await assert.rejects(router.chat.completions.create(asking("alpha/m"), { apiKey: 5 }), (error) => error.param === "api_key");
  await assert.rejects(new Router(script.config()).keys.list(), refusal("InvalidConfig"));
});

test("models and plans are those of the key", async () => {
  const { router } = await keyed();
  const { secret } = await router.keys.create({ models: ["alpha/m"], strategies: ["best"] });
  const names = (await router.models.list({ apiKey: secret })).data.map((m) => m.id);
  assert.ok(!names.includes("auto:cheapest") && names.includes("auto:best"), names.join());
  assert.equal((await router.explain(asking("alpha/m"), { apiKey: secret })).model, "alpha/m");
  await assert.rejects(router.explain(asking("auto:cheapest"), { apiKey: secret }), refusal("Forbidden"));
  await assert.rejects(router.explain(asking("alpha/m")), refusal("Unauthenticated"));
});

test("the bearer of the drop-in is the key", async () => {
  const { router } = await keyed();
  const { secret } = await router.keys.create({ models: ["alpha/m"] });
  const ask = (headers, model = "alpha/m") =>
    router.fetch("http://router/v1/chat/completions", { method: "POST", body: JSON.stringify(asking(model)), headers });
  assert.equal((await ask({ authorization: `Bearer ${secret}` })).status, 200);
  assert.equal((await ask({ "x-api-key": secret })).status, 200);
  assert.equal((await ask({})).status, 401);
  assert.equal((await ask({ authorization: "Bearer unused" })).status, 401);
  assert.equal((await ask({ authorization: `Bearer ${secret}` }, "alpha/other")).status, 403);
  assert.equal((await router.fetch("http://router/v1/models")).status, 401);
});

test("a file keeps keys between routers, and one that is none is refused", async () => {
  const folder = await mkdtemp(join(tmpdir(), "clawrouters-keys-"));
  try {
    const path = join(folder, "keys.db");
    const { router, script } = await keyed({ path });
    const { secret } = await router.keys.create();
    const again = new Router(script.config({ keys: { path } }));
    await again.chat.completions.create(asking("alpha/m"), { apiKey: secret });
    await assert.rejects(router.keys.create({ credentials: { alpha: "key-of-the-tenant" } }), (error) => error.param === "keys.seal_env");
    await writeFile(join(folder, "text"), "no database ".repeat(1000));
    assert.throws(() => new Router(script.config({ keys: { path: join(folder, "text") } })), refusal("InvalidConfig"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
