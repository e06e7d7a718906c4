/** One scenario in, its calls made through the typed API, what came of each out. */
import { Router } from "clawrouters";
import { addHooks } from "./hooks.mjs";
import { Ring } from "./keys.mjs";

/** Fills the placeholders of a configuration or a request. */
export function filled(part, fake, base, folder) {
  const text = JSON.stringify(part)
    .replaceAll("${base}", base)
    .replaceAll("${tls}", base.replace("http://", "https://"))
    .replaceAll("${refused}", `http://127.0.0.1:${fake.refusedPort}`)
    .replaceAll("${silent}", `http://127.0.0.1:${fake.silentPort}`)
    .replaceAll("${tmp}", folder);
  return JSON.parse(text);
}

/** Makes all calls of a scenario on one router. */
export async function played(scenario, stream, config) {
  const outcomes = [];
  const events = [];
  const requests = [scenario.request].flat();
  const expected = [scenario.expect].flat();
  const of = (list, i) => list[Math.min(i, list.length - 1)];
  let router;
  const ring = new Ring();
  const calls = scenario.calls ?? Array.from({ length: scenario.repeat ?? 1 }, () => ({}));
  for (const [i, own] of calls.entries()) {
    if (i > 0) {
      await new Promise((resolve) => setTimeout(resolve, scenario.pause_ms ?? 0));
    }
    const request = { ...of(requests, i), ...own.request };
    const cancel = own.cancel ?? scenario.cancel;
    const streamed = own.stream ?? stream;
    const make = async () => {
      const begun = performance.now();
      const outcome = { chunks: [], call: i, stream: streamed, cancelled: Boolean(cancel) };
      try {
        if (!router) {
          router = new Router(config);
          addHooks(router, scenario.hooks);
          router.onBudget((event) => events.push(event));
        }
        await ring.prepare(router, scenario.keys, i);
        const apiKey = ring.keyOf(scenario.api_key, i);
        if (scenario.operation === "embed") {
          await embed(router, request, cancel, outcome, apiKey);
        } else {
          await call(router, { ...request, stream: streamed }, cancel, outcome, apiKey);
        }
      } catch (error) {
        outcome.error = error;
      }
      outcome.ms = performance.now() - begun;
      outcome.health = router?.health() ?? [];
      outcome.entry = ring.entry(router);
      outcome.feedback = await told(router, own.feedback ?? scenario.feedback, outcome);
      outcome.quota = {};
      for (const subject of router ? Object.keys(of(expected, i).quota ?? {}) : []) {
        outcome.quota[subject] = await router.quota(subject);
      }
      return streamed ? { ...outcome, ...joined(outcome.chunks) } : { ...outcome, ...facts(outcome.reply) };
    };
    outcomes.push(...(await Promise.all(Array.from({ length: scenario.at_once ?? 1 }, make))));
  }
  // When all have ended: one of many at once may come before another has counted.
  outcomes.at(-1).cache = router?.cache.stats() ?? {};
  outcomes.at(-1).learned = await router?.learning.export().then(({ models }) => models, () => null);
  outcomes.at(-1).ledger = [];
  for (const { ask } of (router && scenario.ledger) ?? []) {
    const answer = router.usage(ask).catch(({ code, param }) => ({ kind: code, param }));
    outcomes.at(-1).ledger.push(await answer);
  }
  const until = performance.now() + 1000;
  while (events.length < (expected.at(-1).budget_events ?? []).length && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Object.assign(outcomes, { events });
}

/** Tells the router how good the answer was; what came of it: an error, or null. */
async function told(router, said, outcome) {
  const route = outcome.reply?.clawrouters ?? outcome.chunks.findLast((chunk) => chunk.clawrouters)?.clawrouters;
  const [id, score] =
    said?.request_id !== undefined
      ? [said.request_id, said.score]
      : [route?.request_id, typeof said === "object" ? said?.[route?.model] : said];
  if (id === undefined || score === undefined) {
    return null;
  }
  return router.feedback(id, score).then(() => null, ({ code, param }) => ({ kind: code, param }));
}

async function call(router, request, cancel, outcome, apiKey) {
  const controller = new AbortController();
  const timer = cancel?.after_ms && setTimeout(() => controller.abort(), cancel.after_ms);
  try {
    const reply = await router.chat.completions.create(request, { signal: controller.signal, apiKey });
    if (!request.stream) {
      outcome.reply = reply;
      return;
    }
    let withOutput = 0;
    for await (const chunk of reply) {
      outcome.chunks.push(chunk);
      if (cancel?.after_chunks && hasOutput(chunk) && ++withOutput === cancel.after_chunks) {
        return;
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

async function embed(router, request, cancel, outcome, apiKey) {
  const controller = new AbortController();
  const timer = cancel?.after_ms && setTimeout(() => controller.abort(), cancel.after_ms);
  try {
    outcome.reply = await router.embeddings.create(request, { signal: controller.signal, apiKey });
  } finally {
    clearTimeout(timer);
  }
}

function hasOutput(chunk) {
  const delta = chunk.choices[0]?.delta ?? {};
  return Boolean(delta.content || delta.reasoning_content || delta.refusal || delta.tool_calls?.length);
}

/** What a whole reply says, in the words of the expectations. */
function facts(reply) {
  const choice = reply?.choices?.[0];
  return {
    text: choice?.message.content ?? "",
    reasoning: choice?.message.reasoning_content ?? "",
    toolCalls: (choice?.message.tool_calls ?? []).map((c) => ({ id: c.id, ...c.function })),
    finishReason: choice?.finish_reason,
    model: reply?.model,
    route: reply?.clawrouters,
  };
}

/** The same of a stream. */
function joined(chunks) {
  const out = { text: "", reasoning: "", toolCalls: [] };
  for (const chunk of chunks) {
    const choice = chunk.choices.find((c) => c.index === 0);
    out.text += choice?.delta?.content ?? "";
    out.reasoning += choice?.delta?.reasoning_content ?? "";
    out.finishReason = choice?.finish_reason ?? out.finishReason;
    out.model = chunk.model;
    out.route = chunk.clawrouters ?? out.route;
    for (const part of choice?.delta?.tool_calls ?? []) {
      const call = (out.toolCalls[part.index] ??= { arguments: "" });
      call.id ??= part.id;
      call.name ??= part.function?.name;
      call.arguments += part.function?.arguments ?? "";
    }
  }
  out.toolCalls = out.toolCalls.filter(Boolean);
  return out;
}
