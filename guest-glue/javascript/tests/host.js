// Stands in for what a component imports, so that the glue runs under ordinary Node,
// from 22.15 on.

import { registerHooks } from "node:module";

const url = new URL("./fakes.js", import.meta.url).href;

// A module has the query of the one that imports it: so each test can have a glue of its own.
registerHooks({
  resolve(specifier, context, next) {
    if (/^(metatype|wasi):/.test(specifier)) return { url, shortCircuit: true };
    const resolved = next(specifier, context);
    const query = resolved.url.includes("/src/") && context.parentURL ? new URL(context.parentURL).search : "";
    return { ...resolved, url: resolved.url + query };
  },
});
