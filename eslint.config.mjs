import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  globalIgnores(["**/node_modules/", "bindings-node/dist/", "target/", "**/*.d.mts"]),
  js.configs.recommended,
  {
    files: ["bindings-node/ts/**/*.{ts,mts}"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      // A retry count or a status in a message is clear as it is.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  {
    files: ["tests/node/types/**/*.ts"],
    extends: [tseslint.configs.strict],
  },
  {
    files: ["bindings-node/*.mjs", "tests/node/**/*.mjs", "tests/node/**/*.cjs", "examples/node/**/*.mjs"],
    languageOptions: {
      globals: Object.fromEntries(
        [
          "AbortController", "AbortSignal", "Blob", "Buffer", "DOMException", "Headers", "ReadableStream", "Request",
          "Response", "TextDecoder", "TextDecoderStream", "TextEncoder", "URL", "clearTimeout", "console", "fetch", "performance",
          "process", "setImmediate", "setTimeout",
        ].map((name) => [name, "readonly"]),
      ),
    },
  },
  {
    files: ["tests/node/**/*.cjs"],
    languageOptions: { sourceType: "commonjs", globals: { require: "readonly", module: "writable" } },
  },
);
