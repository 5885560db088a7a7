import { makeId, serveToolsOverStdio } from "@chingu/core";
import { createProgramTools } from "@chingu/tools";
import type { Io } from "../io.ts";
import { openPackages } from "../open-packages.ts";
import { type CommonFlags, readSettings } from "../settings.ts";
import { version } from "../version.ts";

/** `chingu mcp serve`: Chingu's own tools for another MCP client, until it hangs up. */
export async function serveMcp(flags: CommonFlags, io: Io): Promise<number> {
  const programs = createProgramTools({ packages: await openPackages(await readSettings(flags, io), io) });
  try {
    await serveToolsOverStdio(
      programs.tools,
      { name: "chingu", version },
      {
        makeId,
        signal: io.signal,
        onError: (error) => io.stderr.write(`chingu mcp serve: ${error.message}\n`),
      },
    );
    return 0;
  } finally {
    await programs.close();
  }
}
