/** The keys of a scenario: steps in, calls of `router.keys` and the secrets by the scenario's own names out. */

export class Ring {
  #secrets = new Map();
  #ids = new Map();

  /** Takes the steps that come before a call. */
  async prepare(router, steps, call) {
    for (const step of steps ?? []) {
      if ((step.before_call ?? 0) !== call) {
        continue;
      }
      if (step.create) {
        this.#keep(step.as, await router.keys.create(step.create));
      } else if (step.rotate) {
        this.#keep(step.as, await router.keys.rotate(this.#ids.get(step.rotate), step.grace_s ?? 0));
      } else if (step.update) {
        await router.keys.update(this.#ids.get(step.update), step.change);
      } else {
        const name = ["disable", "enable", "delete"].find((one) => step[one]);
        await router.keys[name](this.#ids.get(step[name]));
      }
    }
  }

  #keep(name, issued) {
    this.#ids.set(name, issued.id);
    this.#secrets.set(name, issued.secret);
  }

  /** The key of a call: a name of the scenario's, or text that is passed as it is; a list has one a call. */
  keyOf(wanted, call) {
    const one = Array.isArray(wanted) ? wanted[Math.min(call, wanted.length - 1)] : wanted;
    return this.#secrets.get(one) ?? one ?? undefined;
  }

  /** The newest entry of the ledger, with the scenario's name in place of the id of its caller. */
  entry(router) {
    const entry = router?.entries().at(-1);
    const named = [...this.#ids].find(([, id]) => id === entry?.caller);
    return named ? { ...entry, caller: named[0] } : entry;
  }
}
