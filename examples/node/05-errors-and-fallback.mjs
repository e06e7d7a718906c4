/**
 * A provider that fails is left for the next one; what no provider can do is a typed error.
 *
 * Runs offline: both providers are sandboxes, the first one told to fail.
 */
import { ClawRoutersError, Router } from "clawrouters";

const router = new Router({
  providers: {
    openai: { kind: "sandbox", sandbox: { fail: { status: 503 } } },
    anthropic: { kind: "sandbox" },
  },
  aliases: { careful: ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5"] },
});
const messages = [{ role: "user", content: "Classify the sentiment: The parcel came late, but the staff were lovely." }];

const reply = await router.chat.completions.create({ model: "careful", messages });
console.log(reply.choices[0].message.content);
for (const { target, verdict, status, then } of reply.clawrouters.attempts) {
  console.log(`  ${target}: ${verdict}${status ? ` (${status})` : ""}, then ${then}`);
}

const attempts = {
  "a provider that is down": { model: "openai/gpt-5-mini", messages },
  "a malformed request": { model: "careful", messages: [] },
  "a price that nothing meets": { model: "auto", messages, route: { max_cost: 0 } },
};
for (const [what, params] of Object.entries(attempts)) {
  try {
    await router.chat.completions.create(params);
  } catch (error) {
    if (!(error instanceof ClawRoutersError)) {
      throw error;
    }
    const { code, param, retryAfter, attempts, refusals } = error;
    console.log(`\n${what}: ${code}`);
    console.log(`  ${error.message.slice(0, 160)}`);
    console.log(`  param ${param}, retryAfter ${retryAfter}, attempts ${attempts.length}, refusals ${refusals.length}`);
  }
}
