/** The process under test: the tools over stdio, as `chingu mcp serve` serves them. */
import { serveToolsOverStdio } from "../../../../packages/core/src/mcp/serve-stdio.ts";
import { tools } from "./tools.ts";

let count = 0;
await serveToolsOverStdio(
  tools,
  { name: "chingu", version: "0.0.0", instructions: "Use sum for sums." },
  { makeId: () => `connection-${++count}` },
);
console.error("ended");
