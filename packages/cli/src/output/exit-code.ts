import type { TurnResult } from "@chingu/core/protocol";

/** The exit codes scripts rely on; 2 is for usage, 130 and 143 for signals. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  denied: 3,
  limit: 4,
  unavailable: 5,
  incomplete: 6,
  interrupted: 130,
};

/** Failures of the way to a model or a store: nothing of the request itself was wrong. */
const unavailable = new Set([
  "model_unavailable",
  "packages_unavailable",
  "store_unavailable",
  "store_full",
  "store_read_only",
  "store_corrupt",
  "network",
  "timeout",
  "rate_limited",
  "provider_error",
  "invalid_request",
  "overflow",
]);

/** The exit code of a failure that ended a command, by its code. */
export function exitCodeOfFailure(code: string): number {
  if (code === "usage") return exitCodes.usage;
  return unavailable.has(code) ? exitCodes.unavailable : exitCodes.failed;
}

export function exitCodeOf({ status, error }: Pick<TurnResult, "status" | "error">): number {
  switch (status) {
    case "completed":
      return exitCodes.ok;
    case "failed":
      return exitCodeOfFailure(error?.code ?? "internal");
    case "denied":
      return exitCodes.denied;
    case "max_steps":
    case "max_tokens":
    case "max_cost":
    case "max_time":
    case "repeating":
      return exitCodes.limit;
    case "incomplete":
    case "refused":
    case "unverified":
      return exitCodes.incomplete;
    case "aborted":
      return exitCodes.interrupted;
  }
}
