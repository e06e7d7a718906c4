/**
 * A streamed reply, stopped by its reader, and one stopped by a signal.
 *
 * Runs offline with the sandbox: CLAWROUTERS_SANDBOX=1 node examples/node/02-streaming.mjs
 */
import { ClawRoutersError, Router } from "clawrouters";

const router = Router.fromEnv();
const messages = [{ role: "user", content: "Tell me a story about a lighthouse keeper." }];

// The last chunk carries the route with the cost.
const stream = await router.chat.completions.create({ model: "auto:fastest", messages, stream: true });
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? "");
  if (chunk.clawrouters) {
    const { model, first_token_ms: first, latency_ms: whole } = chunk.clawrouters;
    console.log(`\n  ${model}: first token after ${first?.toFixed(0)} ms, whole after ${whole.toFixed(0)} ms\n`);
  }
}

// Leaving the loop stops the provider's request, so nothing more is billed.
let pieces = 0;
for await (const chunk of await router.chat.completions.create({ model: "auto:fastest", messages, stream: true })) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? "");
  if (++pieces === 3) {
    break;
  }
}
console.log("\n  that was enough\n");

// So does a signal; a waiting call rejects at once.
try {
  const signal = AbortSignal.timeout(1);
  for await (const chunk of await router.chat.completions.create({ model: "auto:fastest", messages, stream: true }, { signal })) {
    process.stdout.write(chunk.choices[0]?.delta.content ?? "");
  }
} catch (error) {
  if (error instanceof ClawRoutersError && error.code === "Cancelled") {
    console.log(`  stopped by the signal: ${error.cause.name}`);
  } else {
    throw error;
  }
}
