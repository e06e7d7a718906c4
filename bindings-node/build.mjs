/** Builds the native library with cargo and puts it where `dist/native.js` looks for it. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const profile = process.argv.includes("--release") ? "release" : "ci";

const cargo = spawnSync(
  "cargo",
  ["build", "--profile", profile, "-p", "clawrouters-node", "--message-format=json-render-diagnostics"],
  { cwd: dirname(here), stdio: ["ignore", "pipe", "inherit"], encoding: "utf8", maxBuffer: 1 << 28 },
);
if (cargo.error || cargo.status !== 0) {
  throw new Error(`cargo failed: ${cargo.error?.message ?? `status ${cargo.status}`}`);
}

const library = cargo.stdout
  .split("\n")
  .filter((line) => line.startsWith("{"))
  .map((line) => JSON.parse(line))
  .filter((message) => message.reason === "compiler-artifact" && message.target.name === "clawrouters_node")
  .flatMap((message) => message.filenames)
  .find((file) => /\.(so|dylib|dll)$/.test(file));
if (!library) {
  throw new Error("cargo built no library");
}

const target = join(here, "dist", `clawrouters.${platform()}.node`);
mkdirSync(dirname(target), { recursive: true });
// A running process keeps the old file; writing into it would crash that process.
copyFileSync(library, `${target}.new`);
renameSync(`${target}.new`, target);

function platform() {
  const { platform, arch, report } = process;
  if (platform === "linux") {
    const glibc = report?.getReport().header.glibcVersionRuntime;
    return `linux-${arch}-${glibc ? "gnu" : "musl"}`;
  }
  return platform === "win32" ? `win32-${arch}-msvc` : `${platform}-${arch}`;
}
