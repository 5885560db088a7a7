import { dirname } from "node:path";
import type { Failure } from "../protocol/index.ts";
import { formatBytes } from "./progress.ts";

const full = new Set(["ENOSPC", "EDQUOT"]);
const unwritable = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST", "ENOENT", "EISDIR"]);

/** A fault of this machine's disk as a failure; undefined when the error is something else. */
export function machineFailure(error: unknown, path: string, bytes: number): Failure | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  if ("syscall" in error && error.syscall === "connect") return undefined;
  if (full.has(error.code)) return diskFull(path, bytes);
  if (!unwritable.has(error.code)) return undefined;
  return {
    code: "cache_unwritable",
    message: `The cache folder ${dirname(path)} cannot be written (${error.code}).`,
    hint: "Set XDG_CACHE_HOME to a folder you may write, or correct the rights of this one.",
  };
}

export function diskFull(path: string, bytes: number): Failure {
  return {
    code: "disk_full",
    message: `There is no room for ${formatBytes(bytes)} in ${dirname(path)}.`,
    hint: "Free some space, or set XDG_CACHE_HOME to a folder on a larger disk; what was fetched is kept.",
  };
}
