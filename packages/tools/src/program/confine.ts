import { dirname } from "node:path";
import type { ChildEntry } from "./child-entry.ts";
import { permissionFlags } from "./limits.ts";

/** A command line, ready for `spawn`; the environment is complete, nothing is inherited. */
export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: { readonly [name: string]: string };
}

export interface Confinement {
  /** The Node that runs the child, as a real path. */
  readonly node: string;
  /** IANA name; the clock of the programs. */
  readonly timeZone: string;
}

/** The child behind Node's permission model alone. */
export function confined(entry: ChildEntry, { node, timeZone }: Confinement): CommandLine {
  return {
    command: node,
    args: [...permissionFlags([entry.file, entry.library]), entry.file],
    env: { TZ: timeZone },
  };
}

/** What a dynamically linked Node needs of the system; those that are missing are passed over. */
const systemFolders = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"];

/**
 * The same child inside bubblewrap as well: its own empty file system, no network, no other process to see. Works
 * where Linux lets an ordinary user make namespaces.
 */
export function bubblewrapped(bwrap: string, entry: ChildEntry, confinement: Confinement): CommandLine {
  const { command, args, env } = confined(entry, confinement);
  const bind = (path: string) => ["--ro-bind", path, path];
  return {
    command: bwrap,
    args: [
      ...["--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"],
      ...Object.entries(env).flatMap(([name, value]) => ["--setenv", name, value]),
      ...systemFolders.flatMap((path) => ["--ro-bind-try", path, path]),
      ...["--dev", "/dev"],
      ...bind(command),
      ...bind(dirname(entry.file)),
      ...bind(entry.library),
      ...["--chdir", "/", "--", command, ...args],
    ],
    env: {},
  };
}
