/** Platform in, the native library and its types out. */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Stops the call that it was passed to. */
export interface Canceller {
  cancel(): void;
}

/** A streamed answer, in batches of JSON text. */
export interface NativeStream {
  nextBatch(): Promise<string>;
  close(): void;
}

/** An HTTP response of the door. */
export interface NativeDoor {
  readonly status: number;
  /** Name, value, name, value, each on a line of its own. */
  readonly headers: string;
  takeWhole(): Buffer<ArrayBuffer> | null;
  next(): Promise<Buffer<ArrayBuffer> | null>;
  close(): void;
}

/** An HTTP request of the door. */
export interface Inbound {
  method: string;
  url: string;
  headers: string;
  body?: string | Uint8Array;
}

/** The router's native half. */
export interface NativeRouter {
  chat(json: string, canceller?: Canceller, apiKey?: string): Promise<string>;
  stream(json: string, canceller?: Canceller, apiKey?: string): Promise<NativeStream>;
  embed(json: string, canceller?: Canceller, apiKey?: string): Promise<string>;
  classify(json: string): Promise<string>;
  explain(json: string, apiKey?: string): Promise<string>;
  models(apiKey?: string): Promise<string>;
  keys(name: string, json: string): Promise<string>;
  learning(name: string, json: string): Promise<string>;
  entries(): string;
  health(): string;
  cacheStats(): string;
  clearCache(): void;
  onShadow(callback: (json: string) => void): void;
  addHook(
    stage: "before" | "after",
    callback: (json: string) => Promise<string>,
    name: string,
    onFailure?: string,
    timeoutMs?: number,
  ): void;
  onRecord(callback: (json: string) => void): void;
  recordsTold(): number;
  metrics(): string;
  onBudget(callback: (json: string) => void): void;
  quota(subject: string): Promise<string>;
  call(inbound: Inbound, canceller?: Canceller): Promise<NativeDoor>;
  usage(json: string): Promise<string>;
  export(path: string, json: string): Promise<number>;
  whatIf(strategy: string, entries: string | undefined, json: string): Promise<string>;
  report(path: string, json: string): Promise<void>;
  ledger(): string;
  onEntry(callback: (json: string) => void): void;
  flushWithin(ms: number): boolean;
  flush(): Promise<void>;
  close(): Promise<void>;
}

interface Native {
  onLogLine(level: string, callback: (json: string) => void): void;
  instruments(): string;
  Canceller: new () => Canceller;
  NativeRouter: {
    fromEnv(): NativeRouter;
    fromConfig(json: string): NativeRouter;
    fromTomlFile(path: string): NativeRouter;
  };
  ledgerUsage(db: string, json: string): Promise<string>;
  ledgerExport(db: string, path: string, json: string): Promise<number>;
  ledgerReport(db: string, path: string, json: string): Promise<void>;
}

/** The names a library of this platform may have; musl comes second since a package manager installs only one. */
function platforms(): string[] {
  const { platform, arch } = process;
  if (platform === "linux") {
    return [`linux-${arch}-gnu`, `linux-${arch}-musl`];
  }
  return [platform === "win32" ? `win32-${arch}-msvc` : `${platform}-${arch}`];
}

function load(): Native {
  const tried: string[] = [];
  const faults: unknown[] = [];
  for (const name of platforms()) {
    const beside = join(__dirname, `clawrouters.${name}.node`);
    const places = existsSync(beside) ? [beside] : [`clawrouters-${name}`];
    for (const place of places) {
      try {
        // eslint-disable-next-line @typescript-eslint/no-require-imports -- a native library has no import form
        return require(place) as Native;
      } catch (fault) {
        tried.push(place);
        faults.push(fault);
      }
    }
  }
  const fix = "install without --omit=optional, or build it with `npm run build`";
  throw new Error(`clawrouters has no native library for ${process.platform}-${process.arch}: tried ${tried.join(", ")}; ${fix}`, {
    cause: faults[0],
  });
}

/** The native library. */
export const native = load();
