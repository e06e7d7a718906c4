/**
 * What would happen: the same walk, stopped before anything is sent.
 *
 * Runs offline with the sandbox: CLAWROUTERS_SANDBOX=1 node examples/node/04-explain.mjs
 */
import { Router } from "clawrouters";

const router = Router.fromEnv();
const params = {
  model: "auto",
  messages: [{ role: "user", content: "Find the bug: my binary search loops for ever when the list has two elements." }],
  tools: [{ type: "function", function: { name: "run_tests", parameters: { type: "object", properties: {} } } }],
  route: { max_cost: 0.05 },
};

const task = await router.classify(params);
console.log(`${task.kind}, difficulty ${task.difficulty.toFixed(2)}, confidence ${task.confidence.toFixed(2)}`);
console.log(`evidence: ${task.evidence.map((e) => e.signal).join(", ") || "none"}\n`);

const plan = await router.explain(params);
console.log(plan.reasons.join("\n"));
console.log("\nwould be tried, in this order:");
for (const { model, quality, cost } of plan.candidates.slice(0, 5)) {
  console.log(`  ${model.padEnd(48)} quality ${quality?.toFixed(3) ?? "?"}  cost $${cost?.toFixed(6) ?? "?"}`);
}
console.log("\nrefused:");
for (const { model, gate, reason } of plan.refused.slice(0, 5)) {
  console.log(`  ${model.padEnd(48)} ${gate}: ${reason}`);
}
