/**
 * The one-line change: the `openai` package with the router in place of the network.
 *
 * Runs offline with the sandbox: CLAWROUTERS_SANDBOX=1 node examples/node/03-openai-client.mjs
 */
import OpenAI from "openai";
import { Router } from "clawrouters";

const openai = new OpenAI({ fetch: Router.fromEnv().fetch, apiKey: "unused" });

const { data, response } = await openai.chat.completions
  .create({ model: "auto", messages: [{ role: "user", content: "Summarise in a sentence why the sky is blue." }] })
  .withResponse();
console.log(data.choices[0].message.content);
console.log(`  ${response.headers.get("x-clawrouters-model")} for $${response.headers.get("x-clawrouters-cost")}\n`);

const stream = await openai.chat.completions.create({
  model: "auto",
  messages: [{ role: "user", content: "Write a haiku about rain." }],
  stream: true,
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? "");
  if (chunk.clawrouters) {
    console.log(`\n  ${chunk.clawrouters.model} for $${chunk.clawrouters.cost}`);
  }
}
