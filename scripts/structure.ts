import { cruise, type ICruiseResult } from "dependency-cruiser";
import { structureRules } from "./structure-rules.ts";

/** How a look at the imports ended: what breaks a rule, and how many modules were seen. */
export interface StructureReport {
  readonly modules: number;
  readonly violations: readonly string[];
}

/** Holds the imports below the given folders against the rules of the house. */
export async function checkStructure(folders: readonly string[], baseDir = process.cwd()): Promise<StructureReport> {
  const { output } = await cruise([...folders], {
    baseDir,
    ruleSet: structureRules,
    validate: true,
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "/dist/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".tsx", ".js", ".mjs"],
    },
  });
  const { summary } = output as ICruiseResult;
  return {
    modules: summary.totalCruised,
    violations: summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`),
  };
}

if (import.meta.main) {
  const { modules, violations } = await checkStructure(["packages/core/src", "packages/tools/src", "packages/cli/src"]);
  for (const violation of violations) console.error(violation);
  // A cruiser that cannot read TypeScript sees nothing and finds nothing: that must not pass for good order.
  if (modules === 0) console.error("no module was seen: the check itself does not work");
  console.log(`structure: ${modules} modules, ${violations.length} violations`);
  process.exitCode = violations.length > 0 || modules === 0 ? 1 : 0;
}
