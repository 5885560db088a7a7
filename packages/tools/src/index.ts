export { createProgramTools, type ProgramTools, type ProgramToolsOptions } from "./program/index.ts";
