/**
 * The demo in JavaScript: a few prompts, a live stream and a provider that dies, over the same file as the Rust demo.
 *
 * Without provider keys in the environment, or with CLAWROUTERS_SANDBOX=1, every answer comes from the built-in sandbox.
 */
import { readFile } from "node:fs/promises";
import process from "node:process";

import { Router } from "clawrouters";

const SHORT_RUN = 8;
const PROVIDERS = ["anthropic", "deepseek", "google", "groq", "mistral", "moonshot", "openai", "xai"];
const { stdout } = process;

/** Every provider as a sandbox; one may be dead. */
function sandbox(latency, dead) {
  const entry = (name) => [name, { kind: "sandbox", sandbox: { latency, ...(name === dead && { fail: { status: 503 } }) } }];
  return { providers: Object.fromEntries(PROVIDERS.map(entry)) };
}

/** Whether `auto` can reach a provider with what the environment holds. */
async function realProviders() {
  if (!["", "0"].includes((process.env.CLAWROUTERS_SANDBOX ?? "").trim())) {
    return false;
  }
  try {
    await Router.fromEnv().explain({ model: "auto", messages: [{ role: "user", content: "hello" }] });
    return true;
  } catch {
    return false;
  }
}

/** The parameters of `create` for one entry of the file. */
function request({ prompt = "", repeat, messages, fields }) {
  const text = repeat ? `${prompt}\n\n${repeat.text.repeat(repeat.times)}` : prompt;
  return { model: "auto", messages: messages ?? [{ role: "user", content: text }], ...fields };
}

function dollars(amount) {
  return amount == null ? "unknown" : `$${amount.toFixed(6)}`;
}

/** Asks one prompt, prints its row and returns the model that answered. */
async function ask(router, entry) {
  const { clawrouters: route } = await router.chat.completions.create(request(entry));
  const columns = [
    entry.title.padEnd(26),
    (route.task ?? "-").padEnd(17),
    (route.difficulty?.toFixed(2) ?? "-").padStart(10),
    `  ${route.model.padEnd(38)}`,
    dollars(route.cost).padStart(11),
    dollars(route.saved).padStart(11),
  ];
  stdout.write(`${columns.join("")}\n`);
  return route.model;
}

/** Prints one answer token by token. */
async function stream(router) {
  stdout.write("\nA live stream:\n\n  ");
  const messages = [{ role: "user", content: "In three sentences: why do leaves turn red?" }];
  const chunks = await router.chat.completions.create({ model: "auto:fastest", messages, stream: true });
  for await (const chunk of chunks) {
    stdout.write(chunk.choices[0]?.delta.content ?? "");
    if (chunk.clawrouters) {
      stdout.write(`\n\n  ${chunk.clawrouters.model}, ${chunk.clawrouters.latency_ms.toFixed(0)} ms\n`);
    }
  }
}

/** A dead provider stands before a living one. */
async function outage(sandboxed, model) {
  const provider = model.split("/")[0];
  const config = sandboxed
    ? { ...sandbox(0.05, "openai"), aliases: { careful: ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5"] } }
    : {
        providers: { dead: { kind: "openai", base_url: "http://127.0.0.1:9/v1" }, [provider]: {} },
        aliases: { careful: ["dead/any", model] },
      };
  const messages = [{ role: "user", content: "Answer with one word: what is the opposite of north?" }];
  const reply = await new Router(config).chat.completions.create({ model: "careful", messages });
  stdout.write('\nThe first provider of the list "careful" is dead:\n');
  for (const { target, verdict, latency_ms } of reply.clawrouters.attempts) {
    stdout.write(`  ${target} -> ${verdict}, ${latency_ms.toFixed(1)} ms\n`);
  }
}

const entries = JSON.parse(await readFile(process.argv[2] ?? "examples/demo/prompts.json", "utf8")).slice(0, SHORT_RUN);
const sandboxed = !(await realProviders());
const label = sandboxed ? "SANDBOX, no key used, no money spent" : "real providers, costs money";
stdout.write(`\nClawRouters demo, JavaScript: ${entries.length} prompts (${label})\n\n`);
const router = sandboxed ? new Router(sandbox(0.05)) : Router.fromEnv();
let model = "";
for (const entry of entries) {
  model = await ask(router, entry);
}
await stream(sandboxed ? new Router(sandbox(1)) : router);
await outage(sandboxed, model);
