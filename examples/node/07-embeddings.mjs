/**
 * Vectors of texts, and the text that is nearest to a question.
 *
 * Runs offline with the sandbox, whose vectors know words and no meaning:
 * CLAWROUTERS_SANDBOX=1 node examples/node/07-embeddings.mjs
 */
import OpenAI from "openai";
import { Router } from "clawrouters";

const router = Router.fromEnv();
const model = "openai/text-embedding-3-small";
const texts = [
  "A parcel that came late can be claimed within fourteen days.",
  "The office opens at nine and closes at six.",
  "Passwords are reset on the account page.",
];

const documents = await router.embed({ model, input: texts, input_type: "document" });

// The same through the `openai` package.
const openai = new OpenAI({ fetch: router.fetch, apiKey: "unused" });
const query = await openai.embeddings.create({ model, input: "When does the office open?" });

const likeness = (vector) => vector.reduce((sum, value, i) => sum + value * query.data[0].embedding[i], 0);
const ranked = documents.data.map(({ embedding, index }) => ({ text: texts[index], likeness: likeness(embedding) }));
for (const { text, likeness } of ranked.sort((a, b) => b.likeness - a.likeness)) {
  console.log(`${likeness.toFixed(2)}  ${text}`);
}
console.log(`\n${documents.model}: ${documents.usage.total_tokens} tokens for $${documents.clawrouters.cost}`);

try {
  await router.embed({ model: "auto", input: "hello" });
} catch (error) {
  console.log(`\n${error.message}`);
}
