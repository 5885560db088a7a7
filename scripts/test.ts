import { startVitest } from "vitest/node";
import { build } from "./build.ts";

/** Builds the command line, which the end-to-end tests drive, and runs every test. */
await build();
const vitest = await startVitest("test", process.argv.slice(2), { watch: false });
await vitest?.close();
