/** A WHATWG fetch call in, a Response of the door out. */
import { under } from "./call.js";
import { rebuilt } from "./errors.js";
import { traceHeaders } from "./telemetry.js";
import type { Inbound, NativeDoor, NativeRouter } from "./native.js";

/** Answers a fetch by the router; rejects only as `fetch` does, with the signal's reason or a TypeError. */
export async function fetchThrough(router: NativeRouter, input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
  signal?.throwIfAborted();
  const inbound = plain(router, input, init) ?? (await read(router, new Request(input, withDuplex(init))));
  let door: NativeDoor;
  try {
    door = await under(signal, (canceller) => router.call(inbound, canceller));
  } catch (thrown) {
    signal?.throwIfAborted();
    throw new TypeError("fetch failed", { cause: thrown });
  }
  const whole = door.takeWhole();
  return new Response(whole ?? bodyOf(door, signal), { status: door.status, headers: pairs(door.headers) });
}

/** The common case, an address with a text or byte body, without the cost of a Request. */
function plain(router: NativeRouter, input: string | URL | Request, init?: RequestInit): Inbound | undefined {
  if (input instanceof Request) {
    return undefined;
  }
  const url = typeof input === "string" ? input : input.href;
  const body = init?.body ?? undefined;
  if (body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array)) {
    return undefined;
  }
  const inbound: Inbound = { method: (init?.method ?? "GET").toUpperCase(), url, headers: lines(traceHeaders(router, new Headers(init?.headers))) };
  return body === undefined ? inbound : { ...inbound, body };
}

async function read(router: NativeRouter, request: Request): Promise<Inbound> {
  const body = new Uint8Array(await request.arrayBuffer());
  return { method: request.method, url: request.url, headers: lines(traceHeaders(router, new Headers(request.headers))), body };
}

/** Node asks for `duplex` with a streamed body, browsers do not. */
function withDuplex(init?: RequestInit): RequestInit | undefined {
  return init?.body instanceof ReadableStream ? { ...init, duplex: "half" } : init;
}

function lines(headers: Headers): string {
  let out = "";
  headers.forEach((value, name) => {
    out += out ? `\n${name}\n${value}` : `${name}\n${value}`;
  });
  return out;
}

function pairs(text: string): [string, string][] {
  const flat = text ? text.split("\n") : [];
  const out: [string, string][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    out.push([flat[i] ?? "", flat[i + 1] ?? ""]);
  }
  return out;
}

/** The streamed body; cancelling it or aborting the signal stops the provider's request. */
function bodyOf(door: NativeDoor, signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
  const stop = new AbortController();
  const end = (): void => {
    stop.abort();
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      signal?.addEventListener(
        "abort",
        () => {
          door.close();
          end();
          controller.error(signal.reason);
        },
        { once: true, signal: stop.signal },
      );
    },
    async pull(controller) {
      try {
        const piece = await door.next();
        if (signal?.aborted) {
          return;
        }
        if (piece) {
          controller.enqueue(piece);
        } else {
          end();
          controller.close();
        }
      } catch (thrown) {
        end();
        controller.error(rebuilt(thrown));
      }
    },
    cancel() {
      end();
      door.close();
    },
  });
}
