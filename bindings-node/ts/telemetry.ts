/** Records of closed requests in, spans and measurements of the application's OpenTelemetry out; log lines for a function. */
import type { ClawRoutersError } from "./errors.js";
import { invalid } from "./errors.js";
import { native } from "./native.js";
import type { NativeRouter } from "./native.js";

/** The part of `@opentelemetry/api` that is used; passed in, or found where the application installed it. */
export interface OpenTelemetryApi {
  trace: {
    getTracer(name: string): unknown;
    getSpan(context: unknown): { spanContext(): SpanContextLike } | undefined;
    setSpanContext(context: unknown, span: SpanContextLike): unknown;
    setSpan(context: unknown, span: never): unknown;
  };
  metrics: { getMeter(name: string): unknown };
  context: { active(): unknown };
  ROOT_CONTEXT: unknown;
  createTraceState?: (header: string) => unknown;
}

interface SpanContextLike {
  traceId: string;
  spanId: string;
  traceFlags: number;
  isRemote?: boolean | undefined;
  traceState?: { serialize(): string } | undefined;
}

/** Where spans and measurements go; what is absent is the application's global provider. */
export interface InstrumentOptions {
  /** A `TracerProvider`. */
  tracerProvider?: { getTracer(name: string): unknown } | undefined;
  /** A `MeterProvider`. */
  meterProvider?: { getMeter(name: string): unknown } | undefined;
  /** `@opentelemetry/api`, where it cannot be found by its name. */
  api?: unknown;
}

interface SpanTold {
  name: string;
  parent: { trace_id: string; span_id: string; sampled: boolean; state: string | null } | null;
  start: string;
  end: string;
  attributes: Record<string, string | number | boolean | string[]>;
  error: string | null;
  children: SpanTold[];
}

interface RecordTold {
  span: SpanTold;
  measurements: { instrument: string; value: number; attributes: Record<string, string> }[];
}

interface Span {
  spanContext(): SpanContextLike;
  setStatus(status: { code: number; message: string }): unknown;
  end(time: [number, number]): void;
}

interface Tracer {
  startSpan(name: string, options: object, context: unknown): Span;
}

type Recorder = (value: number, attributes: Record<string, string>) => void;

const CLIENT = 2;
const ERROR = 2;

/** Routers whose requests belong to the span that is active where they are made. */
const traced = new WeakMap<NativeRouter, Heard>();

interface Heard {
  current: () => { traceparent: string; tracestate?: string } | undefined;
  records: number;
}

/** How long `flush` and `close` wait for spans that are due. */
const LAST_RECORDS_MS = 5000;

/** Waits until what was told so far is passed on. */
export async function settled(router: NativeRouter): Promise<void> {
  const heard = traced.get(router);
  const told = heard ? router.recordsTold() : 0;
  const until = Date.now() + LAST_RECORDS_MS;
  while (heard && heard.records < told && Date.now() < until) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Has a router's spans and measurements made; see `Router.instrument`. */
export function instrumentNative(router: NativeRouter, options: InstrumentOptions = {}): void {
  const api = (options.api ?? installed()) as OpenTelemetryApi;
  const tracer = (options.tracerProvider ?? api.trace).getTracer("clawrouters") as Tracer;
  const recorders = made((options.meterProvider ?? api.metrics).getMeter("clawrouters"));
  const heard = { current: () => current(api), records: 0 };
  traced.set(router, heard);
  router.onRecord((json) => {
    heard.records += 1;
    try {
      const { span, measurements } = JSON.parse(json) as RecordTold;
      tell(api, tracer, span, within(api, span.parent));
      for (const { instrument, value, attributes } of measurements) {
        recorders.get(instrument)?.(value, attributes);
      }
    } catch (thrown) {
      process.emitWarning(`telemetry could not be passed on: ${String(thrown)}`, "ClawRoutersWarning");
    }
  });
}

/** The parameters of a call with the active span as their parent. */
export function withTrace<P extends object>(router: NativeRouter, params: P): P {
  const span = traced.get(router)?.current();
  if (!span) {
    return params;
  }
  const route: unknown = (params as { route?: unknown } | undefined)?.route ?? {};
  if (typeof params !== "object" || typeof route !== "object" || route === null || "traceparent" in route) {
    return params;
  }
  return { ...params, route: { ...route, ...span } };
}

/** The headers of a fetch with the active span as their parent. */
export function traceHeaders(router: NativeRouter, headers: Headers): Headers {
  const span = headers.has("traceparent") ? undefined : traced.get(router)?.current();
  for (const [name, value] of Object.entries(span ?? {})) {
    headers.set(name, value);
  }
  return headers;
}

function installed(): unknown {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- only where it is wanted, and only if it is there
    return require("@opentelemetry/api");
  } catch {
    throw missing();
  }
}

function missing(): ClawRoutersError {
  return invalid("InvalidConfig", "instrument", "needs @opentelemetry/api: npm install @opentelemetry/api, or pass it as api");
}

function current(api: OpenTelemetryApi): { traceparent: string; tracestate?: string } | undefined {
  const span = api.trace.getSpan(api.context.active())?.spanContext();
  if (!span || /^0*$/.test(span.traceId) || /^0*$/.test(span.spanId)) {
    return undefined;
  }
  const flags = span.traceFlags.toString(16).padStart(2, "0");
  const traceparent = `00-${span.traceId}-${span.spanId}-${flags}`;
  const tracestate = span.traceState?.serialize();
  return tracestate ? { traceparent, tracestate } : { traceparent };
}

function within(api: OpenTelemetryApi, parent: SpanTold["parent"]): unknown {
  if (!parent) {
    return api.ROOT_CONTEXT;
  }
  const span = { traceId: parent.trace_id, spanId: parent.span_id, traceFlags: parent.sampled ? 1 : 0, isRemote: true };
  const traceState = parent.state ? api.createTraceState?.(parent.state) : undefined;
  return api.trace.setSpanContext(api.ROOT_CONTEXT, (traceState ? { ...span, traceState } : span) as SpanContextLike);
}

function tell(api: OpenTelemetryApi, tracer: Tracer, told: SpanTold, parent: unknown): void {
  const options = { kind: CLIENT, startTime: time(told.start), attributes: told.attributes };
  const span = tracer.startSpan(told.name, options, parent);
  if (told.error !== null) {
    span.setStatus({ code: ERROR, message: told.error });
  }
  const inside = api.trace.setSpan(parent, span as never);
  for (const child of told.children) {
    tell(api, tracer, child, inside);
  }
  span.end(time(told.end));
}

/** Seconds and nanoseconds, of nanoseconds that are too many for a number. */
function time(nanos: string): [number, number] {
  return [Number(nanos.slice(0, -9)), Number(nanos.slice(-9))];
}

interface InstrumentTold {
  name: string;
  kind: "counter" | "up_down_counter" | "histogram";
  unit: string;
  description: string;
  boundaries: number[];
}

interface Meter {
  createCounter(name: string, options: object): { add: Recorder };
  createUpDownCounter(name: string, options: object): { add: Recorder };
  createHistogram(name: string, options: object): { record: Recorder };
}

function made(given: unknown): Map<string, Recorder> {
  const meter = given as Meter;
  const out = new Map<string, Recorder>();
  for (const { name, kind, unit, description, boundaries } of JSON.parse(native.instruments()) as InstrumentTold[]) {
    if (kind === "histogram") {
      const histogram = meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries: boundaries } });
      out.set(name, (value, attributes) => {
        histogram.record(value, attributes);
      });
    } else {
      const counter = kind === "counter" ? meter.createCounter(name, { unit, description }) : meter.createUpDownCounter(name, { unit, description });
      out.set(name, (value, attributes) => {
        counter.add(value, attributes);
      });
    }
  }
  return out;
}

/** A line of the log. */
export interface LogLine {
  level: "ERROR" | "WARN" | "INFO" | "DEBUG" | "TRACE";
  message: string;
  fields: Record<string, unknown>;
}

/**
 * Calls a function with every log line of all routers of the process at a level and above; the last one set counts.
 *
 * What it throws becomes a process warning. It does not keep the process alive.
 */
export function onLog(callback: (line: LogLine) => unknown, level: "error" | "warn" | "info" | "debug" | "trace" = "warn"): void {
  if (typeof callback !== "function") {
    throw invalid("InvalidRequest", "callback", "must be a function");
  }
  native.onLogLine(level, (json) => {
    try {
      callback(JSON.parse(json) as LogLine);
    } catch (thrown) {
      process.emitWarning(`the callback of onLog failed: ${String(thrown)}`, "ClawRoutersWarning");
    }
  });
}
