/** What a TypeScript program may and may not write; it is compiled, never run. */
import OpenAI from "openai";
import DefaultRouter, { ClawRoutersError, Router, Stream } from "clawrouters";
import type { ChatCompletion, ChatCompletionChunk, ChatCompletionMessageParam, Config, CreateEmbeddingResponse, Entry, Explanation, RouteInfo, ShadowReply, TargetHealth, Task } from "clawrouters";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(yes: Same<A, B>): void => void yes;

const config: Config = {
  strategy: "balanced",
  providers: { mine: { kind: "openai", base_url: "http://127.0.0.1:1/v1", api_key: "k" }, box: { kind: "sandbox" } },
  aliases: { quick: ["mine/m"], spread: { models: ["mine/m", { model: "box/m", weight: 2, priority: 1 }], balance: "round_robin" } },
  models: [{ id: "mine/m", price: { input: 1, output: 2, per_request: 0.1, batch: { input: 0.5 } }, capabilities: { tools: true } }],
  timeouts: { idle_ms: 100, min_tokens_per_second: 5 },
  balance: "hash",
  on_interrupt: "restart",
  on_malformed: "skip",
  hedge: { share: 0.1, after_ms: 500 },
  shadow: { model: "mine/m", share: 0.5 },
  breaker: { key_rest_ms: 1, window_ms: 1, window_calls: 1, window_rate: 0.5, probe_interval_ms: 1 },
};
new Router({ providers: { mine: { deployments: [{ name: "east", weight: 2, max_concurrency: 8 }], balance: "least_busy", tokens_per_minute: 9 } } });
new Router({
  limits: { global: { requests_per_minute: 60, concurrency: 4 }, tags: { "team=x": { tokens_per_day: 1 } }, queue_ms: 100 },
  budgets: { global: [{ usd: 5, window: "day", soft: 0.8, on_soft: "cheapest" }], providers: { mine: { usd: 1, hard_stop: true } } },
});
// @ts-expect-error an unknown limit
new Router({ limits: { global: { requests_per_fortnight: 1 } } });
// @ts-expect-error an unknown way to balance
new Router({ balance: "by_mood" });
const router: Router = new DefaultRouter(config);
new Router("router.toml");
new Router();
// @ts-expect-error an unknown key
new Router({ stratgey: "best" });
// @ts-expect-error an unknown strategy
new Router({ strategy: "thriftiest" });

const messages: ChatCompletionMessageParam[] = [{ role: "user", content: [{ type: "text", text: "hi" }] }];

const whole = await router.chat.completions.create({ model: "auto", messages });
same<typeof whole, ChatCompletion>(true);
const content: string | null | undefined = whole.choices[0]?.message.content;
const info: RouteInfo = whole.clawrouters;
const cost: number | null = info.cost;

const stream = await router.chat.completions.create({ model: "auto:cheapest", messages, stream: true }, { signal: AbortSignal.timeout(1000) });
same<typeof stream, Stream<ChatCompletionChunk>>(true);
for await (const chunk of stream) {
  const piece: string | null | undefined = chunk.choices[0]?.delta.content;
  const route: RouteInfo | undefined = chunk.clawrouters;
  const anew: true | undefined = chunk.clawrouters?.restart;
  void [piece, route, anew];
}
stream.controller.abort();

const either = await router.chat.completions.create({ model: "auto", messages, stream: Math.random() > 0.5 });
same<typeof either, ChatCompletion | Stream<ChatCompletionChunk>>(true);

await router.chat.completions.create({ model: "mine/m", messages, temperature: 0.2, own_field: { of: "the provider" }, route: { only: ["mine"] } });
// @ts-expect-error a model is required
await router.chat.completions.create({ messages });
// @ts-expect-error an unknown role
await router.chat.completions.create({ model: "auto", messages: [{ role: "robot", content: "x" }] });
// @ts-expect-error an unknown route option
await router.chat.completions.create({ model: "auto", messages, route: { quickest: true } });
// @ts-expect-error a temperature is a number
await router.chat.completions.create({ model: "auto", messages, temperature: "warm" });

const vectors: CreateEmbeddingResponse = await router.embeddings.create({ model: "mine/e", input: ["a"], input_type: "query" });
const numbers: number[] | undefined = (await router.embed({ model: "mine/e", input: [[1, 2]], own: 1 }, { timeout: 5 })).data[0]?.embedding;
// @ts-expect-error a model is required
await router.embed({ input: "a" });
// @ts-expect-error an unknown input type
await router.embed({ model: "mine/e", input: "a", input_type: "poem" });

const task: Task = await router.classify({ model: "auto", messages });
const explanation: Explanation = await router.explain({ model: "auto", messages });
const entries: Entry[] = router.entries();
const stands: TargetHealth[] = router.health();
router.onShadow((reply: ShadowReply) => reply.reply?.choices[0]?.message.content);
router.onShadow(async (reply) => {
  await Promise.resolve(reply.clawrouters.cost);
});
// @ts-expect-error a function is required
router.onShadow("loud");
const ids: string[] = (await router.models.list()).data.map((m) => m.id);

try {
  await router.chat.completions.create({ model: "auto", messages }, { timeout: 100 });
} catch (error) {
  if (error instanceof ClawRoutersError) {
    switch (error.code) {
      case "RateLimited": {
        const wait: number | undefined = error.retryAfter;
        void wait;
        break;
      }
      // @ts-expect-error no such kind
      case "Nonsense":
        break;
    }
  }
}

// The drop-in, and histories that go from one package to the other.
const openai = new OpenAI({ fetch: router.fetch, apiKey: "unused" });
const reply = await openai.chat.completions.create({ model: "auto", messages: [{ role: "user", content: "hi" }] });
const message = reply.choices[0]?.message;
if (message) {
  messages.push(message);
}
const theirs: OpenAI.Chat.Completions.ChatCompletionMessageParam[] = [{ role: "user", content: "hi" }];
await router.chat.completions.create({ model: "auto", messages: theirs });

await using own = new Router(config);
void [vectors, numbers, content, cost, task.difficulty, explanation.candidates[0]?.cost, entries[0]?.at_ms, stands, ids, own];
