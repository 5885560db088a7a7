import { createInstructionsReader, type Instructions, type SystemSource, systemPrompt } from "@chingu/core";
import type { Failure } from "@chingu/core/protocol";
import type { Io } from "./io.ts";
import type { Settings } from "./settings.ts";

/** The instructions of one command: Chingu's own, the `AGENTS.md` files', the configuration's and the command line's. */
export interface OpenedInstructions {
  /** Asked at each turn's start; what is wrong with a file is said once, until it changes. */
  readonly system: SystemSource;
  /** As they were last read. */
  readonly files: () => Instructions["files"];
  /** What was wrong with the files when they were first read. */
  readonly failures: readonly Failure[];
}

/** The most the files may take of a request, in bytes, and the share of a small window, at three bytes a token. */
const most = 32 * 1024;
const share = 3 / 16;

export async function openInstructions(
  { flags, config, folders }: Settings,
  io: Io,
  contextWindow: () => number | undefined,
): Promise<OpenedInstructions> {
  const readFiles = createInstructionsReader({ folder: io.folder, home: io.home, configFolder: folders.config });
  const read = () => readFiles(Math.min(most, Math.floor((contextWindow() ?? Number.POSITIVE_INFINITY) * share)));
  let latest = await read();
  const { failures } = latest;
  return {
    system: async () => {
      const known = new Set(latest.failures.map(({ message }) => message));
      latest = await read();
      const text = systemPrompt([latest.text, config.system, flags.system].filter(Boolean).join("\n\n"));
      return { text, notices: latest.failures.filter(({ message }) => !known.has(message)) };
    },
    files: () => latest.files,
    failures,
  };
}

/** `~/.config/chingu/AGENTS.md (512 bytes)`: one file a line, with what is left out of it. */
export function instructionLine({ path, bytes, used }: Instructions["files"][number]): string {
  return `${path} (${used < bytes ? `${used} of ${bytes}` : bytes} bytes)`;
}
