/** The hooks of a scenario, as data: what each does in, hooks of the router out. */
export function addHooks(router, hooks = []) {
  for (const told of hooks) {
    const changed = told.at === "after" ? "reply" : "request";
    const hook = async (body) => {
      if (told.raises) {
        throw new Error("as it was told to");
      }
      if (told.hangs) {
        await new Promise(() => {});
      }
      if ("returns" in told) {
        return told.returns;
      }
      const decision = { tags: told.tags, refuse: told.refuse, kind: told.kind };
      if (told.sets || told.says) {
        Object.assign(body, told.sets);
        if (told.says) {
          body.choices[0].message.content = told.says;
        }
        decision[changed] = body;
      }
      return decision;
    };
    router[told.at === "after" ? "afterResponse" : "beforeRequest"](hook, { name: told.name ?? "hook" });
  }
}
