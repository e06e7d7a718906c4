/** An expectation and an outcome in, nothing or an assertion error that names the key out. */
import assert from "node:assert/strict";

/** True when everything that `part` names is in `whole`. */
export function isPart(part, whole) {
  if (Array.isArray(part)) {
    return Array.isArray(whole) && part.length === whole.length && part.every((item, i) => isPart(item, whole[i]));
  }
  if (typeof part === "object" && part !== null) {
    return (
      typeof whole === "object" &&
      whole !== null &&
      Object.entries(part).every(([key, value]) => (value === null ? (whole[key] ?? null) === null : isPart(value, whole[key])))
    );
  }
  return part === whole;
}

function part(what, expected, actual) {
  assert.ok(isPart(expected, actual), `${what}: expected part ${JSON.stringify(expected)}, was ${JSON.stringify(actual)}`);
}

const checks = {
  text: (want, got) => assert.equal(got.text, want),
  reasoning: (want, got) => assert.equal(got.reasoning, want),
  finish_reason: (want, got) => assert.equal(got.finishReason, want),
  model: (want, got) => {
    assert.equal(got.model, want);
    assert.equal(got.route.model, want);
  },
  provider: (want, got) => assert.equal(got.route.provider, want),
  cached: (want, got) => assert.equal(got.route.cached, want),
  usage: (want, got) => part("usage", want, got.route.usage),
  route: (want, got) => part("route", want, got.route),
  reply: (want, got) => got.reply && part("reply", want, got.reply),
  some_chunk: (want, got, stream) => {
    if (stream) {
      assert.ok(got.chunks.some((chunk) => isPart(want, chunk)), `no chunk holds ${JSON.stringify(want)}: ${JSON.stringify(got.chunks)}`);
    }
  },
  cost_usd: (want, got) => {
    const { cost } = got.route;
    assert.ok(want === null ? cost === null : Math.abs(cost - want) <= 1e-9, `cost: expected ${want}, was ${cost}`);
  },
  tool_calls: (want, got) => {
    const read = got.toolCalls.map((call, i) => ({
      ...call,
      arguments: typeof want[i]?.arguments === "object" ? JSON.parse(call.arguments) : call.arguments,
    }));
    part("tool_calls", want, read);
    want.forEach((call, i) => typeof call.arguments === "object" && assert.deepEqual(read[i].arguments, call.arguments));
  },
  attempts: (want, got) => part("attempts", want, attemptsOf(got)),
  last_attempt: (want, got) => part("last_attempt", want, attemptsOf(got).at(-1)),
  error: (want, got) => error(want, got.error),
  partial: (want, got) => assert.equal(got.error.partial?.text, want),
  quota: (want, got) => {
    for (const [subject, wanted] of Object.entries(want)) {
      part(`quota of ${subject}`, wanted, got.quota[subject]);
    }
  },
  health: (want, got) => {
    for (const [target, wanted] of Object.entries(want)) {
      part(`health of ${target}`, wanted, got.health.find((h) => h.target === target));
    }
  },
  entry: (want, got) => part("entry", want, got.entry),
  min_ms: (want, got) => assert.ok(got.ms >= want, `took ${got.ms} ms, at least ${want} expected`),
  max_ms: (want, got) => assert.ok(got.ms <= want, `took ${got.ms} ms, at most ${want} expected`),
};

/** Keys that are checked elsewhere: once after the last call, or where scores are told. */
const overall = ["budget_events", "cache", "feedback", "learned", "requests", "requests_of", "requests_at_most", "requests_at_least", "providers_asked", "connections"];

/** Checks one call. */
export function checkCall(expect, got) {
  const { stream, cancelled } = got;
  if (!expect.error && !cancelled && got.error) {
    throw got.error;
  }
  assert.ok(!expect.error || got.error, "the call succeeded, an error was expected");
  for (const [key, want] of Object.entries(expect)) {
    if (!overall.includes(key)) {
      assert.ok(checks[key], `unknown expectation ${key}`);
      checks[key](want, got, stream);
    }
  }
}

/** Checks how the cache stands after all calls. */
export function checkCache(expect, cache) {
  part("cache", expect.cache ?? {}, cache);
}

/** Checks what the providers were asked over all calls. */
export function checkRequests(expect, requests) {
  const of = (name) => requests.filter((r) => r.provider === name).length;
  if (expect.requests) {
    const seen = requests.map((r) => `${r.provider}${r.path}`);
    assert.equal(requests.length, expect.requests.length, `requests were ${JSON.stringify(seen)}`);
    expect.requests.forEach((want, i) => request(want, requests[i]));
  }
  for (const [name, count] of Object.entries(expect.requests_of ?? {})) {
    assert.equal(of(name), count, `requests of ${name}`);
  }
  for (const [name, most] of Object.entries(expect.requests_at_most ?? {})) {
    assert.ok(of(name) <= most, `${of(name)} requests of ${name}, at most ${most} expected`);
  }
  for (const [name, least] of Object.entries(expect.requests_at_least ?? {})) {
    assert.ok(of(name) >= least, `${of(name)} requests of ${name}, at least ${least} expected`);
  }
  if (expect.providers_asked !== undefined) {
    assert.equal(new Set(requests.map((r) => r.provider)).size, expect.providers_asked, "providers asked");
  }
  if (expect.connections !== undefined) {
    assert.equal(new Set(requests.map((r) => r.connection)).size, expect.connections, "connections");
  }
}

function attemptsOf(got) {
  return got.error?.attempts ?? got.route?.attempts;
}

function error(want, got) {
  const names = { kind: "code", code: "providerCode", request_id: "requestId", retry_after: "retryAfter" };
  for (const [key, value] of Object.entries(want)) {
    if (key === "retry_after_at_most") {
      assert.ok(got.retryAfter <= value, `retryAfter was ${got.retryAfter}, at most ${value} expected`);
    } else if (key === "refusals") {
      for (const refusal of value) {
        assert.ok(got.refusals.some((r) => isPart(refusal, r)), `no refusal ${JSON.stringify(refusal)}: ${JSON.stringify(got.refusals)}`);
      }
    } else {
      assert.equal(got[names[key] ?? key] ?? null, value, `error.${key}: ${got.message}`);
    }
  }
}

const requestChecks = {
  provider: (want, got) => assert.equal(got.provider, want),
  method: (want, got) => assert.equal(got.method, want),
  path: (want, got) => assert.equal(got.path, want),
  query: (want, got) => assert.equal(got.query, want),
  closed_early: (want, got) => assert.equal(got.closed_early, want, "closed_early"),
  headers: (want, got) => Object.entries(want).forEach(([name, value]) => assert.equal(got.headers[name], value, `header ${name}`)),
  headers_absent: (want, got) => want.forEach((name) => assert.ok(!(name in got.headers), `header ${name} was sent`)),
  body: (want, got) => part("request body", want, got.body),
  body_has: (want, got) => want.forEach((key) => assert.ok(key in got.body, `${key} is missing in the body`)),
  body_absent: (want, got) => want.forEach((key) => assert.ok(!(key in got.body), `${key} is in the body`)),
  body_contains: (want, got) => {
    for (const [path, texts] of Object.entries(want)) {
      const at = path.split(".").reduce((value, key) => value?.[key], got.body);
      for (const text of [texts].flat()) {
        assert.ok(JSON.stringify(at)?.includes(text), `${path} holds no ${text}: ${JSON.stringify(at)}`);
      }
    }
  },
};

function request(want, got) {
  for (const [key, value] of Object.entries(want)) {
    assert.ok(requestChecks[key], `unknown expectation requests.${key}`);
    requestChecks[key](value, got);
  }
}

