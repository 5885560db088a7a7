import type { ChildProcess } from "node:child_process";

/**
 * For `spawn` of a child that `killAll` shall end: a group of its own. A key that interrupts us does not reach it either.
 * On Windows there are no groups, and a console window would open.
 */
export const ownGroup = { detached: process.platform !== "win32", windowsHide: true } as const;

/**
 * Ends a child and everything it has started that is still in its group. bubblewrap is two processes, and while it
 * starts the inner one would outlive the outer one for ever.
 */
export function killAll(child: ChildProcess): void {
  const { pid, exitCode, signalCode } = child;
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    if (ownGroup.detached) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
  child.kill("SIGKILL");
}
