import { dirname } from "node:path";
import type { ChildEntry } from "./child-entry.ts";
import { permissionFlags, programLimits } from "./limits.ts";

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
export function confined(entry: ChildEntry, confinement: Confinement): CommandLine {
  return rationed({
    command: confinement.node,
    args: [...permissionFlags(entry.readable), ...entry.flags, entry.file],
    env: { TZ: confinement.timeZone },
  });
}

/** Linux ends the child with us, also when we are killed; passed over where it cannot. */
const setpriv = "/usr/bin/setpriv --pdeathsig KILL --";

/**
 * Limits that the system itself keeps: no file written, no core dump, and an end to the CPU time, so that a child that
 * loops does not run on for ever when we are killed before we can end it. Where there is no shell it goes without.
 */
function rationed({ command, args, env }: CommandLine): CommandLine {
  if (process.platform === "win32") return { command, args, env };
  const limits = `ulimit -f 0; ulimit -c 0; ulimit -t ${programLimits.process.cpuSeconds}`;
  const script = `${limits}; ${setpriv} true 2>/dev/null && exec ${setpriv} "$@"; exec "$@"`;
  return { command: "/bin/sh", args: ["-c", script, "sh", command, ...args], env };
}

/** What a dynamically linked Node needs of the system; those that are missing are passed over. */
const systemFolders = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"];

/**
 * The same child inside bubblewrap as well: its own empty file system, no network, no other process to see. Works
 * where Linux lets an ordinary user make namespaces.
 */
export function bubblewrapped(bwrap: string, entry: ChildEntry, confinement: Confinement): CommandLine {
  const { node, timeZone } = confinement;
  const bind = (path: string) => ["--ro-bind", path, path];
  return rationed({
    command: bwrap,
    args: [
      ...["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"],
      ...["--clearenv", "--setenv", "TZ", timeZone],
      ...systemFolders.flatMap((path) => ["--ro-bind-try", path, path]),
      ...["--dev", "/dev"],
      ...bind(node),
      ...bind(dirname(entry.file)),
      ...entry.readable.flatMap(bind),
      ...["--chdir", "/", "--", node, ...permissionFlags(entry.readable), ...entry.flags, entry.file],
    ],
    env: {},
  });
}
