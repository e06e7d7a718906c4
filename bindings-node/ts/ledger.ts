/** The ledger: questions in, answers out; functions that are called with entries; the end of the process. */
import { under } from "./call.js";
import { invalid } from "./errors.js";
import { native } from "./native.js";
import type { NativeRouter } from "./native.js";
import type { Entry, UsageQuery, UsageReport } from "./types/ledger.js";

/** How long the end of the process waits for the ledger's sinks, in milliseconds. */
const LAST_WRITE = 2000;

const open = new Set<WeakRef<NativeRouter>>();
const gone = new FinalizationRegistry<WeakRef<NativeRouter>>((ref) => open.delete(ref));
let watched = false;

/** Has the end of the process wait until the router's ledger is written. */
export function flushAtExit(router: NativeRouter): void {
  const ref = new WeakRef(router);
  open.add(ref);
  gone.register(router, ref);
  if (!watched) {
    watched = true;
    process.on("exit", () => {
      for (const each of open) {
        each.deref()?.flushWithin(LAST_WRITE);
      }
    });
  }
}

/** The question as JSON text; dates become moments. */
export function queryJson(query: UsageQuery | undefined): string {
  if (query !== undefined && (typeof query !== "object" || (query as object | null) === null || Array.isArray(query))) {
    throw invalid("InvalidRequest", "query", "must be an object with group_by, since, until and where");
  }
  try {
    return JSON.stringify(query ?? {});
  } catch (cause) {
    throw invalid("InvalidRequest", "query", "cannot be written as JSON", cause);
  }
}

/** What the native half is given: never throws, for there is nobody who could catch it. */
export function entryCallback(callback: (entry: Entry) => unknown): (json: string) => void {
  if (typeof callback !== "function") {
    throw invalid("InvalidRequest", "callback", "must be a function");
  }
  return (json) => {
    try {
      Promise.resolve(callback(JSON.parse(json) as Entry)).catch(failed);
    } catch (thrown) {
      failed(thrown);
    }
  };
}

function failed(thrown: unknown): void {
  const what = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  process.emitWarning(`the callback of onEntry failed: ${what}`, "ClawRoutersWarning");
}

/** A ledger's database, read without a router; the path is what `ledger.sqlite` names. */
export class LedgerFile {
  readonly #path: string;

  constructor(path: string) {
    if (typeof path !== "string" || path === "") {
      throw invalid("InvalidRequest", "path", "must be the path of a ledger's database");
    }
    this.#path = path;
  }

  /** As `Router.usage`, of what is in the file. */
  async usage(query?: UsageQuery): Promise<UsageReport> {
    const json = queryJson(query);
    return JSON.parse(await under(undefined, () => native.ledgerUsage(this.#path, json))) as UsageReport;
  }

  /** As `Router.export`, of what is in the file. */
  async export(path: string, query?: Omit<UsageQuery, "group_by">): Promise<number> {
    const json = queryJson(query);
    return under(undefined, () => native.ledgerExport(this.#path, path, json));
  }

  /** As `Router.report`, of what is in the file. */
  async report(path: string, query?: Omit<UsageQuery, "group_by">): Promise<void> {
    const json = queryJson(query);
    await under(undefined, () => native.ledgerReport(this.#path, path, json));
  }
}
