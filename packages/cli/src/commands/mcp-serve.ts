import { makeId, serveToolsOverStdio } from "@chingu/core";
import type { Io } from "../io.ts";
import { openPrograms } from "../open-programs.ts";
import { type CommonFlags, readSettings } from "../settings.ts";
import { version } from "../version.ts";

/** `chingu mcp serve`: Chingu's own tools for another MCP client, until it hangs up. */
export async function serveMcp(flags: CommonFlags, io: Io): Promise<number> {
  const programs = await openPrograms(await readSettings(flags, io), io);
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
}
