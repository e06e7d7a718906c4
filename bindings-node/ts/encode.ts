/** What a caller passed in, JSON text or an error that names the field out. */
import { ClawRoutersError, invalid } from "./errors.js";

type Kind = "InvalidRequest" | "InvalidConfig";

/** Request parameters as JSON text. */
export function requestJson(params: unknown): string {
  object("InvalidRequest", "params", params);
  const json = text("InvalidRequest", "params", params);
  // JSON writes NaN and Infinity as null, and a null changes the request silently;
  // text without a null cannot hide one, so few requests are walked.
  if (json.includes("null")) {
    reject("InvalidRequest", params);
  }
  return json;
}

/** A configuration as JSON text; it is small, so it is always walked. */
export function configJson(config: unknown): string {
  object("InvalidConfig", "config", config);
  reject("InvalidConfig", config);
  return text("InvalidConfig", "config", config);
}

/** Gives an error of the native half the name of the field, where JSON text could not. */
export function located(error: ClawRoutersError, params: unknown): ClawRoutersError {
  if (error.code !== "InvalidRequest" || error.param !== "body") {
    return error;
  }
  return fault("InvalidRequest", params, "", []) ?? error;
}

function object(kind: Kind, name: string, value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(kind, name, "must be an object");
  }
}

function text(kind: Kind, name: string, value: unknown): string {
  try {
    const json = JSON.stringify(value) as string | undefined;
    if (json !== undefined) {
      return json;
    }
  } catch (cause) {
    throw fault(kind, value, "", []) ?? invalid(kind, name, "cannot be written as JSON", cause);
  }
  throw invalid(kind, name, "cannot be written as JSON");
}

function reject(kind: Kind, value: unknown): void {
  const found = fault(kind, value, "", []);
  if (found) {
    throw found;
  }
}

/** The first thing in a value that JSON cannot carry; `above` are the objects on the way to it. */
function fault(kind: Kind, value: unknown, path: string, above: unknown[]): ClawRoutersError | undefined {
  const fix = unfit(kind, value);
  if (fix) {
    return invalid(kind, path || "params", fix);
  }
  if (typeof value !== "object" || value === null || "toJSON" in value) {
    return undefined;
  }
  if (above.includes(value)) {
    return invalid(kind, path, "refers back to an object that holds it; JSON has no circles");
  }
  above.push(value);
  for (const [key, item] of Object.entries(value)) {
    const at = Array.isArray(value) ? `${path}[${key}]` : path ? `${path}.${key}` : key;
    const found = fault(kind, item, at, above);
    if (found) {
      return found;
    }
  }
  above.pop();
  return undefined;
}

function unfit(kind: Kind, value: unknown): string | undefined {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? undefined : `must be a finite number, not ${value}`;
    case "bigint":
      return "must be a number or a string, not a BigInt";
    case "string":
      return isWellFormed(value) ? undefined : "holds a lone surrogate; it must be valid Unicode";
    case "function":
    case "symbol":
      return kind === "InvalidConfig" ? `must be plain data, not a ${typeof value}` : undefined;
    case "object":
      return value instanceof Map || value instanceof Set ? "must be a plain object or a list" : undefined;
    default:
      return undefined;
  }
}

function isWellFormed(value: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value);
}
