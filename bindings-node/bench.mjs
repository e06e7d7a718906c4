/**
 * Times a call and a chunk against `fetch` with `JSON.parse`, both on the fake provider in the same run.
 *
 * Usage: node bindings-node/bench.mjs [rounds]
 */
import { Router } from "clawrouters";
import { asking, startFake } from "../tests/node/support/fake.mjs";

const rounds = Number(process.argv[2] ?? 400);
const fake = await startFake();
const say = Array.from({ length: 200 }, (_, i) => `word${i} `).join("");
const script = await fake.script({ alpha: [{ say: "Hello there" }], beta: [{ say, chunks: 200 }] });
const router = new Router(script.config({ models: [{ id: "alpha/m", quality: 50, price: { input: 1, output: 2 }, context_window: 100_000 }] }));
const decoder = new TextDecoder();

const post = (provider, body, signal) =>
  fetch(`${script.base}/${provider}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer test" },
    body: JSON.stringify(body),
    signal,
  });
const through = (body) =>
  router.fetch("https://api.openai.com/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer test" },
    body: JSON.stringify(body),
  });

async function events(response) {
  let rest = "";
  let count = 0;
  for await (const piece of response.body) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data: {")) {
        JSON.parse(line.slice(6));
        count += 1;
      }
    }
  }
  return count;
}

async function chunks(stream) {
  let count = 0;
  for await (const chunk of stream) {
    count += chunk.choices.length;
  }
  return count;
}

const calls = {
  "fetch": async () => (await post("alpha", asking("m"))).json(),
  "router, a model": () => router.chat.completions.create(asking("alpha/m")),
  "router, auto": () => router.chat.completions.create(asking("auto")),
  "router, a signal": () => router.chat.completions.create(asking("alpha/m"), { signal: new AbortController().signal }),
  "router.fetch": async () => (await through(asking("alpha/m"))).json(),
};
const streams = {
  "fetch": async () => events(await post("beta", asking("m", { stream: true }))),
  "router": async () => chunks(await router.chat.completions.create(asking("beta/m", { stream: true }))),
  "router.fetch": async () => events(await through(asking("beta/m", { stream: true }))),
};

console.log(`a call, median of ${rounds}`);
await compare(calls, rounds);
console.log(`a stream of 200 chunks, median of ${Math.ceil(rounds / 4)}`);
await compare(streams, Math.ceil(rounds / 4));
process.exit(0);

/** Takes the contestants in turn, so that a busy machine is as busy for each. */
async function compare(contestants, rounds) {
  const times = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = -20; round < rounds; round++) {
    for (const [name, run] of Object.entries(contestants)) {
      const begun = performance.now();
      await run();
      if (round >= 0) {
        times[name].push(performance.now() - begun);
      }
    }
  }
  const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
  const base = median(times.fetch);
  for (const [name, list] of Object.entries(times)) {
    const it = median(list);
    console.log(`  ${name.padEnd(18)} ${(it * 1000).toFixed(0).padStart(7)} µs  ${(it / base).toFixed(2)}x`);
  }
}
