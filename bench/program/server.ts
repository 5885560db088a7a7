// The tools that run programs over stdio, as `chingu mcp serve` serves them.
import { serveToolsOverStdio } from "../../packages/core/src/mcp/serve-stdio.ts";
import { createProgramTools } from "../../packages/tools/src/index.ts";

const programs = createProgramTools({ timeZone: "UTC" });
await serveToolsOverStdio(programs.tools, { name: "chingu", version: "0.0.0" }, { makeId: () => "bench" });
await programs.close();
