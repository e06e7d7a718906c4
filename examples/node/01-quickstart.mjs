/**
 * A first call: the router reads the request, chooses a model and says what it did.
 *
 * Runs offline with the sandbox: CLAWROUTERS_SANDBOX=1 node examples/node/01-quickstart.mjs
 * With provider keys in the environment, such as OPENAI_API_KEY, it asks the real models.
 */
import { Router } from "clawrouters";

const router = Router.fromEnv();

const prompts = [
  "What is the capital of Peru?",
  "Translate into German: The meeting has been moved to Thursday.",
  "Write a Rust function that merges overlapping intervals, and prove that it runs in O(n log n).",
];

for (const content of prompts) {
  const reply = await router.chat.completions.create({ model: "auto", messages: [{ role: "user", content }] });
  const { task, difficulty, model, cost, saved } = reply.clawrouters;
  console.log(`> ${content}`);
  console.log(reply.choices[0].message.content);
  console.log(`  ${task}, difficulty ${difficulty?.toFixed(2)}: ${model}, $${cost?.toFixed(6)}, saved $${saved?.toFixed(6)}\n`);
}
