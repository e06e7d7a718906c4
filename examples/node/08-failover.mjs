/**
 * Requests are spread over models, a stream that breaks is completed by another model, and health shows who is left alone.
 *
 * Runs offline: all providers are sandboxes, two of them told to fail.
 */
import { Router } from "clawrouters";

const router = new Router({
  providers: {
    openai: { kind: "sandbox" },
    anthropic: { kind: "sandbox" },
    // Breaks its first stream after three pieces.
    mistral: { kind: "sandbox", sandbox: { fail: { count: 1, cut_after: 3 } } },
    deepseek: { kind: "sandbox", sandbox: { fail: { status: 503 } } },
  },
  aliases: {
    spread: { models: ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5"], balance: "round_robin" },
    shaky: ["mistral/mistral-small-latest", "openai/gpt-5-mini"],
    down: ["deepseek/deepseek-chat", "openai/gpt-5-mini"],
  },
});
const messages = [{ role: "user", content: "Summarise: the parcel came late, but the staff were lovely." }];

console.log("four requests in turn:");
for (let i = 0; i < 4; i++) {
  const { model } = await router.chat.completions.create({ model: "spread", messages });
  console.log(`  answered by ${model}`);
}

console.log("\na stream that breaks:");
let [text, route] = ["", undefined];
for await (const chunk of await router.chat.completions.create({ model: "shaky", messages, stream: true })) {
  text += chunk.choices[0]?.delta.content ?? "";
  route = chunk.clawrouters ?? route;
}
console.log(`  ${text}`);
for (const { from, to, after_chars: after, cause } of route.resumed) {
  console.log(`  ${from} broke after ${after} characters (${cause}), ${to} went on`);
}

for (let i = 0; i < 3; i++) {
  await router.chat.completions.create({ model: "down", messages });
}
console.log("\nhealth:");
for (const { target, state, requests_minute: requests, last_failure: failure } of router.health()) {
  console.log(`  ${target}: ${state}, ${requests} requests, last failure ${failure}`);
}
