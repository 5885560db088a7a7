export { findPackages, type PackagePlaces, type PulledPackage, pullPackages } from "./program/find-packages.ts";
export { createProgramTools, type ProgramTools, type ProgramToolsOptions } from "./program/index.ts";
export { programLimits } from "./program/limits.ts";
export { type PythonPackage, pythonPackages } from "./program/package-catalogue.ts";
export type { FindPackages, MissingPackage, PythonPackageFile, PythonPackages } from "./program/packages.ts";
export type { ProgramResult } from "./program/program-result.ts";
export { programTimeZone } from "./program/time-zone.ts";
