import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text as readAll } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { startRedis } from "../../tests/kit/redis.ts";
import type { Case } from "./cases.ts";
import type { Figures, Order } from "./worker.ts";

/** What a bench runs against: the model's server, a Redis and a folder, all of its own. */
export interface Stage extends AsyncDisposable {
  readonly redisPort: number;
  /** The URL of a store nobody has used yet; Redis is one for all. */
  freshStore(kind: Case["store"]): string;
  /** Measures one side of a case in a fresh process. */
  measure(one: Case, side: Order["side"], memory: string): Promise<Figures>;
}

const figuresSchema = z.record(z.string(), z.number());

export async function openStage(): Promise<Stage> {
  const cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "chingu-bench-"));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const redis = await startRedis();
  cleanup.defer(() => redis.stop());
  const server = spawn(process.execPath, [pathOf("server.ts")], { stdio: ["ignore", "pipe", "inherit"] });
  cleanup.defer(() => void server.kill());
  const [port] = await once(createInterface(server.stdout), "line");
  let stores = 0;
  return {
    redisPort: redis.port,
    freshStore: (kind) => {
      if (kind === "redis") return redis.url;
      return kind === "sqlite" ? `sqlite:${join(folder, `${++stores}.db`)}` : "memory:";
    },
    async measure({ kind, model, warmUp, measured }, side, memory) {
      const order: Order = { side, kind, model, warmUp, measured, memory, baseURL: `http://127.0.0.1:${port}/v1` };
      const args = [pathOf("worker.ts"), JSON.stringify(order)];
      const worker = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
      const [output] = await Promise.all([readAll(worker.stdout), once(worker, "exit")]);
      if (worker.exitCode !== 0) throw new Error(`The ${side} side of ${model} failed.`);
      return figuresSchema.parse(JSON.parse(output));
    },
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url));
