/** Spans, measurements, counters and log lines, as the application's own libraries get them. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { SpanKind, SpanStatusCode, context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { Router, onLog } from "clawrouters";

const sandbox = {
  providers: {
    openai: { kind: "sandbox", sandbox: { latency: 0, fail: { count: 1, status: 503 } } },
    anthropic: { kind: "sandbox", sandbox: { latency: 0 } },
  },
  aliases: { pair: ["openai/gpt-5.4", "anthropic/claude-opus-4-5"] },
};
const messages = [{ role: "user", content: "A private matter of ana@example.com." }];
const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

before(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});

function told(router) {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  router.instrument({ tracerProvider, meterProvider });
  return { exporter, metrics, meterProvider, tracer: tracerProvider.getTracer("application") };
}

const nanos = ([seconds, rest]) => BigInt(seconds) * 1_000_000_000n + BigInt(rest);

for (const stream of [false, true]) {
  test(`a request is a span with a child for each attempt (${stream ? "streamed" : "whole"})`, async () => {
    const router = new Router(sandbox);
    const { exporter, tracer } = told(router);
    const outer = tracer.startSpan("outer");
    await context.with(trace.setSpan(context.active(), outer), async () => {
      const reply = await router.chat.completions.create({ model: "pair", messages, stream, temperature: 0.5 });
      if (stream) {
        for await (const chunk of reply) assert.ok(chunk);
      }
    });
    await router.flush();
    const spans = exporter.getFinishedSpans();
    const [chat] = spans.filter((span) => span.name === "chat pair");
    assert.equal(chat.parentSpanContext.spanId, outer.spanContext().spanId);
    assert.equal(chat.kind, SpanKind.CLIENT);
    assert.equal(chat.attributes["gen_ai.provider.name"], "anthropic");
    assert.equal(chat.attributes["gen_ai.request.temperature"], 0.5);
    assert.equal(chat.attributes["gen_ai.request.stream"], stream);
    assert.deepEqual(chat.attributes["gen_ai.response.finish_reasons"], ["stop"]);
    assert.ok(chat.attributes["gen_ai.usage.input_tokens"] > 0);
    const attempts = spans.filter((span) => span.name.startsWith("attempt"));
    assert.deepEqual(attempts.map((span) => span.name), ["attempt openai/gpt-5.4", "attempt anthropic/claude-opus-4-5"]);
    for (const attempt of attempts) {
      assert.equal(attempt.parentSpanContext.spanId, chat.spanContext().spanId);
      assert.ok(nanos(attempt.startTime) >= nanos(chat.startTime) && nanos(attempt.endTime) <= nanos(chat.endTime));
    }
    assert.equal(attempts[0].status.code, SpanStatusCode.ERROR);
    assert.equal(attempts[0].attributes["error.type"], "overloaded");
    assert.ok(!JSON.stringify(spans.map((span) => span.attributes)).includes("private"));
  });
}

test("fetch takes the header or the active span", async () => {
  const router = new Router(sandbox);
  const { exporter, tracer } = told(router);
  const init = { method: "POST", body: JSON.stringify({ model: "pair", messages }) };
  await router.fetch("http://router/v1/chat/completions", { ...init, headers: { traceparent: parent } });
  const outer = tracer.startSpan("outer");
  await context.with(trace.setSpan(context.active(), outer), () => router.fetch("http://router/v1/chat/completions", init));
  await router.fetch("http://router/v1/chat/completions", init);
  await router.flush();
  const parents = exporter.getFinishedSpans().filter((span) => span.name === "chat pair").map((span) => span.parentSpanContext?.spanId);
  assert.deepEqual(parents, ["b7ad6b7169203331", outer.spanContext().spanId, undefined]);
});

test("measurements are those of the conventions", async () => {
  const router = new Router(sandbox);
  const { metrics, meterProvider } = told(router);
  await router.chat.completions.create({ model: "pair", messages });
  await router.flush();
  await meterProvider.forceFlush();
  const all = metrics.getMetrics().flatMap((resource) => resource.scopeMetrics).flatMap((scope) => scope.metrics);
  const byName = Object.fromEntries(all.map((metric) => [metric.descriptor.name, metric]));
  const kinds = byName["gen_ai.client.token.usage"].dataPoints.map((point) => point.attributes["gen_ai.token.type"]);
  assert.deepEqual(kinds.sort(), ["input", "output"]);
  assert.equal(byName["gen_ai.client.operation.duration"].dataPoints[0].value.count, 1);
  assert.equal(byName["gen_ai.client.operation.duration"].dataPoints[0].value.buckets.boundaries[0], 0.01);
  const verdicts = byName["clawrouters.attempts"].dataPoints.map((point) => point.attributes["clawrouters.verdict"]);
  assert.deepEqual(verdicts.sort(), ["ok", "overloaded"]);
  await meterProvider.shutdown();
});

test("metrics are OpenMetrics text", async () => {
  const router = new Router({ ...sandbox, telemetry: { metrics: true }, redact: ["email"] });
  await router.chat.completions.create({ model: "pair", messages });
  await router.flush();
  const text = router.metrics();
  assert.ok(text.endsWith("# EOF\n"));
  assert.match(text, /^clawrouters_requests_total\{model="anthropic\/claude-opus-4-5".*\} 1$/m);
  assert.match(text, /^clawrouters_redacted_total\{kind="email"\} 1$/m);
  assert.match(text, /^clawrouters_target_state\{target="openai\/gpt-5.4",state="closed"\} 1(\.0)?$/m);
});

test("log lines come to a function", async () => {
  const lines = [];
  onLog((line) => lines.push(line), "debug");
  await new Router(sandbox).chat.completions.create({ model: "pair", messages });
  for (let i = 0; i < 200 && lines.length === 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const [line] = lines.filter(({ message }) => message === "attempt failed");
  assert.equal(line.level, "DEBUG");
  assert.equal(line.fields.cause, "overloaded");
  assert.ok(!JSON.stringify(lines).includes("private"));
});
