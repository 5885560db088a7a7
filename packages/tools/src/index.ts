export { createProgramTools, type ProgramTools, type ProgramToolsOptions } from "./program/index.ts";
export { programLimits } from "./program/limits.ts";
export type { MissingPackage, PythonPackageFile, PythonPackages } from "./program/packages.ts";
export type { PythonResult } from "./program/run-python.ts";
