import { type MathJs, replace } from "./mathjs.ts";

/** Open doors of mathjs: they change the instance for later calls, run text as code, or reach the library itself. */
const closedFunctions = [
  ...["import", "config", "create", "createUnit", "parser", "parse", "compile", "evaluate", "typed", "chain", "help"],
  ...["simplify", "simplifyCore", "simplifyConstant", "derivative", "rationalize", "resolve", "symbolicEqual"],
  ...["leafCount", "reviver", "replacer", "factory", "on", "off", "once", "emit", "splitUnit"],
];

/** They would write out a function as its source. */
const writers = ["string", "format", "print", "concat"];

export function closeFunctions(math: MathJs): void {
  for (const name of writers) {
    replace(math, name, (theirs) => (...args: unknown[]) => {
      if (args.some((arg) => typeof arg === "function")) throw new Error(`${name} cannot take a function`);
      return theirs(...args);
    });
  }
  for (const name of closedFunctions) {
    replace(math, name, () => () => {
      throw new Error(`${name} is not available in calculate`);
    });
  }
}
