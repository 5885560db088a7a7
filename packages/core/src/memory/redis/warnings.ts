import { z } from "zod";
import type { Failure } from "../../protocol/index.ts";
import type { RedisConnection } from "./client.ts";

/** What decides whether words survive; undefined where the server does not tell. */
interface Keeping {
  readonly appendonly: string | undefined;
  readonly appendfsync: string | undefined;
  readonly policy: string | undefined;
}

type Node = Awaited<ReturnType<RedisConnection["nodes"]>>[number];

/** What endangers words on this server, or on any node of this cluster. */
export async function redisWarnings({ run, nodes }: RedisConnection, address: string): Promise<readonly Failure[]> {
  const asked = await nodes();
  const found = await Promise.all(asked.map((node) => run(z.custom<Keeping>(), () => readKeeping(node))));
  const warnings = found.flatMap((keeping) => warningsOf(keeping, address));
  return warnings.filter(({ message }, index) => warnings.findIndex((other) => other.message === message) === index);
}

async function readKeeping(node: Node): Promise<Keeping> {
  const told = z.array(z.string());
  // One by one: servers before 7 take one name only. A forbidden command must not hide the others.
  const config = async (name: string) => {
    const reply = told.safeParse(await refusedAs([], node.config("GET", name)));
    return reply.data?.[1];
  };
  const info = async (section: string, name: string) =>
    new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(await refusedAs("", node.info(section)))?.[1];
  const [appendonly, appendfsync, policy] = await Promise.all([
    config("appendonly").then((value) => value ?? info("persistence", "aof_enabled")),
    config("appendfsync"),
    config("maxmemory-policy").then((value) => value ?? info("memory", "maxmemory_policy")),
  ]);
  return { appendonly: appendonly === "0" ? "no" : appendonly === "1" ? "yes" : appendonly, appendfsync, policy };
}

/** The server's refusal (forbidden, renamed, unknown) is no answer; a broken connection stays an error. */
async function refusedAs<T>(none: T, reply: Promise<unknown>): Promise<T> {
  try {
    return (await reply) as T;
  } catch (error) {
    if (error instanceof Error && error.name === "ReplyError") return none;
    throw error;
  }
}

function warningsOf({ appendonly, appendfsync, policy }: Keeping, address: string): Failure[] {
  const warnings: Failure[] = [];
  const warn = (code: string, message: string, hint: string) => warnings.push({ code, message, hint });
  if (appendonly === "no") {
    const message = `Redis at ${address} keeps no log on disk (appendonly no): what was said last is lost when it stops.`;
    warn("store_not_durable", message, "Run there: CONFIG SET appendonly yes, then CONFIG REWRITE.");
  } else if (appendfsync === "no") {
    const message = `Redis at ${address} leaves it to its system when words reach the disk (appendfsync no).`;
    warn("store_syncs_late", message, "Run there: CONFIG SET appendfsync everysec, then CONFIG REWRITE.");
  }
  if (policy !== undefined && policy !== "noeviction") {
    const message = `Redis at ${address} may drop whole threads without a word when its memory is full (maxmemory-policy ${policy}).`;
    warn("store_evicts", message, "Run there: CONFIG SET maxmemory-policy noeviction, then CONFIG REWRITE.");
  }
  const untold = [appendonly === undefined && "appendonly", policy === undefined && "maxmemory-policy"].filter(Boolean);
  if (untold.length > 0) {
    const message = `Redis at ${address} does not tell its ${untold.join(" and ")}, so it could not be checked whether threads are safe there.`;
    warn("store_unchecked", message, "Make sure that it runs with appendonly yes and maxmemory-policy noeviction.");
  }
  return warnings;
}
