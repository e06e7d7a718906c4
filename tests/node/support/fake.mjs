/** A running fake provider: scripts in, base URLs and records of what was asked out. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";


const root = fileURLToPath(new URL("../../../", import.meta.url));

function binary() {
  const places = [process.env.FAKE_PROVIDER, `${root}target/ci/fake-provider`, `${root}target/debug/fake-provider`];
  const found = places.find((place) => place && existsSync(place));
  if (!found) {
    throw new Error("the fake provider is not built: run `cargo build --profile ci -p fake-provider`");
  }
  return found;
}

/** Starts a fake provider for the tests of one file. */
export async function startFake() {
  const child = spawn(binary(), [], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdout.setEncoding("utf8");
  const line = await new Promise((resolve, reject) => {
    child.stdout.once("data", resolve);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the fake provider ended with ${code}`)));
  });
  const address = `http://${line.trim().split(" ").at(-1)}`;
  // It ends when its stdin closes, so neither may hold this process up.
  child.unref();
  child.stdin.unref();
  child.stdout.unref();
  return new Fake(address, await (await fetch(`${address}/_info`)).json());
}

class Fake {
  #next = 0;

  constructor(address, info) {
    this.address = address;
    this.refusedPort = info.refused_port;
    this.silentPort = info.silent_port;
  }

  /** Registers replies by provider, or a script whole; gives what a test needs of it. */
  async script(providers, whole = { providers }) {
    const id = `node-${process.pid}-${this.#next++}`;
    const put = await fetch(`${this.address}/_scripts/${id}`, { method: "PUT", body: JSON.stringify(whole) });
    const { base, error } = await put.json();
    if (error) {
      throw new Error(error);
    }
    return {
      base,
      /** Everything that was asked so far. */
      requests: async () => (await (await fetch(`${this.address}/_scripts/${id}`)).json()).requests,
      /** A configuration whose providers are the script's, all of the OpenAI family unless said otherwise. */
      config: (more = {}, kinds = {}) => ({
        providers: Object.fromEntries(
          Object.keys(providers).map((name) => [
            name,
            { kind: kinds[name] ?? "openai", base_url: `${base}/${name}/v1`, api_key: "test" },
          ]),
        ),
        ...more,
      }),
    };
  }
}

/** Asks again until the answer is truthy; fails after some time. */
export async function eventually(ask, what, ms = 2000) {
  const until = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer) {
      return answer;
    }
    if (Date.now() > until) {
      throw new Error(`did not happen: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A request of one user message. */
export const asking = (model, more = {}) => ({ model, messages: [{ role: "user", content: "Say hello." }], ...more });
