import { type MathJs, replace } from "./mathjs.ts";

/** Open doors of mathjs: they change the instance for later calls, run text as code, or reach the library itself. */
const closedFunctions = [
  ...["import", "config", "create", "createUnit", "parser", "parse", "compile", "evaluate", "typed", "chain", "help"],
  ...["simplify", "simplifyCore", "simplifyConstant", "derivative", "rationalize", "resolve", "symbolicEqual"],
  ...["leafCount", "reviver", "replacer", "factory", "on", "off", "once", "emit", "splitUnit"],
];

export function closeFunctions(math: MathJs): void {
  for (const name of closedFunctions) {
    replace(math, name, () => () => {
      throw new Error(`${name} is not available in calculate`);
    });
  }
}
