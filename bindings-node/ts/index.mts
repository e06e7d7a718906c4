/** The ESM face: the same objects as the CommonJS one, so that `instanceof` holds across both. */
export * from "./index.js";
export { Router as default } from "./index.js";
