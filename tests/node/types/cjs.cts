/** The same package from a CommonJS program; it is compiled, never run. */
import clawrouters = require("clawrouters");

const router = new clawrouters.Router({ providers: { box: { kind: "sandbox" } } });
const error: new (...args: never[]) => Error = clawrouters.ClawRoutersError;
void [router.fetch, error];
