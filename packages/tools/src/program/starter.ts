import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Json, ToolContext } from "@chingu/core/protocol";
import { type Child, startChild } from "./child.ts";
import type { ChildEntry } from "./child-entry.ts";
import { bubblewrapped, type CommandLine, type Confinement, confined } from "./confine.ts";

/** How the next child is started. */
export interface Start {
  /** Children of different kinds are not exchangeable: a thread's child of another kind than the next one's is given up. */
  readonly kind: string;
  /** Whether the child starts with its packages loaded; one that did not is no substitute. */
  readonly loaded?: boolean;
  start(): Child;
}

export interface Starter {
  /**
   * Asked before each call, so it must be quick once it has answered; where a child is about to be started (`starts`) it
   * may take the time to make starts quick. Rejects when no child can be started here.
   */
  next(onProgress: ToolContext["onProgress"] | undefined, starts: boolean): Promise<Start>;
  /** What was looked up about this machine is looked up again. */
  refresh(): void;
  close(): void;
}

/** Children that start from their first line and nothing else. */
export function createStarter(
  entry: () => ChildEntry,
  init: (library: string) => Json,
  confine: ReturnType<typeof createConfiner>,
): Starter {
  let chosen: Promise<Start> | undefined;
  const choose = async (): Promise<Start> => {
    const found = entry();
    const commandLine = await confine(found);
    return { kind: "", start: () => startChild(commandLine, init(found.library)) };
  };
  return {
    next() {
      chosen ??= choose();
      return chosen;
    },
    refresh: () => {},
    close: () => {},
  };
}

/** Finds out once how a child is locked in here: bubblewrap is tried, and without it the permission model stands alone. */
export function createConfiner(confinement: Confinement, bubblewrap: string | undefined) {
  let wraps: Promise<boolean> | undefined;
  return async (entry: ChildEntry): Promise<CommandLine> => {
    if (bubblewrap === undefined) return confined(entry, confinement);
    const wrapped = bubblewrapped(bubblewrap, entry, confinement);
    wraps ??= works(wrapped);
    return (await wraps) ? wrapped : confined(entry, confinement);
  };
}

/** Whether the confinement lets Node start at all. */
async function works({ command, args, env }: CommandLine): Promise<boolean> {
  // The same command line, but for the entry file at its end.
  const trial = [...args.slice(0, -1), "--version"];
  try {
    const { stdout } = await promisify(execFile)(command, trial, { env: { ...env }, timeout: 10_000 });
    return stdout.startsWith("v");
  } catch {
    return false;
  }
}
