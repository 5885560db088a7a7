import { StoreError } from "../thread-store.ts";

const orEmbedded = "or name no store (CHINGU_MEMORY_URL, --memory) to use the embedded one";

/** What the server says for a short while, when waiting helps: it starts, a script runs, a replica takes over. */
export function isPassing(error: unknown): boolean {
  const name = replyName(error);
  return name !== undefined && ["LOADING", "BUSY", "TRYAGAIN", "MASTERDOWN", "CLUSTERDOWN"].includes(name);
}

/** A server that was the primary a moment ago: behind the same name another may stand by now. */
export function isDemoted(error: unknown): boolean {
  return replyName(error) === "READONLY";
}

type Explanation = readonly [code: string, what: string, hint: string];

// By the first word of the server's error. Older servers wrap it in "Error running script", so it may stand anywhere.
const explanations: Readonly<Record<string, Explanation>> = {
  WRONGPASS: ["store_unavailable", "refuses the user name or password", `Check the URL, ${orEmbedded}.`],
  NOAUTH: [
    "store_unavailable",
    "asks for a password",
    `Give it in the URL (redis://:PASSWORD@HOST:PORT), ${orEmbedded}.`,
  ],
  NOPERM: [
    "store_unavailable",
    "does not let this user run what memory needs",
    "Allow the user EVALSHA, EVAL and the stream, hash and sorted-set commands on keys m1:*.",
  ],
  READONLY: [
    "store_read_only",
    "is a read-only replica",
    `Point the URL at the primary (or run REPLICAOF NO ONE there), ${orEmbedded}.`,
  ],
  NOREPLICAS: [
    "store_read_only",
    "takes no writes while too few replicas are connected",
    `Bring its replicas back or lower min-replicas-to-write, ${orEmbedded}.`,
  ],
  OOM: [
    "store_full",
    "has no memory left for new messages (maxmemory)",
    `Raise maxmemory or delete other data, ${orEmbedded}. What was stored before is safe.`,
  ],
  MISCONF: [
    "store_read_only",
    "takes no writes because it cannot save to its disk",
    `Free disk space and read the server's log, ${orEmbedded}.`,
  ],
  LOADING: ["store_unavailable", "is still loading its data", "Try again in a moment."],
  BUSY: ["store_unavailable", "is busy with a script", "Try again in a moment, or run SCRIPT KILL there."],
  MOVED: [
    "store_unavailable",
    "is a node of a cluster and does not say which other node holds these threads",
    "Allow the user CLUSTER|SLOTS, and check that every node of the cluster can be reached from here.",
  ],
  CLUSTERDOWN: ["store_unavailable", "belongs to a cluster of which a part is down", "Bring all its nodes back."],
  WRONGTYPE: [
    "store_corrupt",
    "holds something else where this thread should be",
    "Another program writes keys m1:*. Use a database of its own (redis://HOST:PORT/1). Nothing was overwritten.",
  ],
  NEWERFORMAT: ["store_corrupt", "holds this thread in the format of a newer Chingu", "Update Chingu."],
};

function replyName(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (/invalid password|invalid username/i.test(error.message)) return "WRONGPASS";
  return error.message.match(/\b[A-Z]{3,}\b/g)?.find((word) => word in explanations || isPassingName(word));
}

const isPassingName = (word: string) => ["TRYAGAIN", "MASTERDOWN"].includes(word);

/**
 * What a person can do about an error of Redis or of the way to it. `address` is host:port: never a password. The
 * error itself goes no further: ioredis hangs the command on it, and that may be the AUTH command.
 */
export function explainRedisError(error: unknown, address: string): StoreError {
  const fail = ([code, what, hint]: Explanation) =>
    new StoreError({ code, message: `Redis at ${address} ${what}.`, hint }, { cause: reasonOf(error) });
  const known = explanations[replyName(error) ?? ""];
  if (known) return fail(known);
  if (error instanceof Error && error.name === "ReplyError") {
    const hint = `Check the URL and that it is a Redis of version 6 or newer, ${orEmbedded}.`;
    return fail(["store_unavailable", `answered with an error: ${reasonOf(error)}`, hint]);
  }
  if (error instanceof Error && /\bRESP\b|protocol error/i.test(error.message)) {
    return fail(["store_unavailable", "does not speak Redis's protocol", `Check the host and port, ${orEmbedded}.`]);
  }
  return fail([
    "store_unavailable",
    `cannot be reached (${reasonOf(error)})`,
    `Start it (for example: redis-server --appendonly yes), check the URL (host, port, redis or rediss), set CHINGU_MEMORY_FALLBACK=embedded to keep threads on this machine until it is back, ${orEmbedded}.`,
  ]);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A host with several addresses fails with an AggregateError, whose own message is empty.
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  // Redis quotes the arguments of a command that it does not know.
  return error.message.replace(/,? with args beginning with.*/s, "") || code || error.name;
}
