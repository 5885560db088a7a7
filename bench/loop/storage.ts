import { statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import type { Line } from "../line.ts";
import type { Case } from "./cases.ts";
import type { Stage } from "./stage.ts";

/** How much a thread of 200 turns leaves in a store, and how often Redis is asked for it. */
export const storageCases = ["200-turn thread, stored in sqlite", "200-turn thread, stored in redis"] as const;

const thread: Case = {
  name: "storage",
  kind: "thread",
  model: "thread",
  store: "sqlite",
  warmUp: 0,
  measured: 1,
  figures: [],
};

export async function measureStorage(stage: Stage, name: string): Promise<Line[]> {
  return name.endsWith("redis") ? inRedis(stage, name) : inSqlite(stage, name);
}

async function inSqlite(stage: Stage, name: string): Promise<Line[]> {
  const url = stage.freshStore("sqlite");
  const { payload_bytes: payload = 0 } = await stage.measure(thread, "ours", url);
  return [bytes(name, statSync(url.slice("sqlite:".length)).size, payload)];
}

async function inRedis(stage: Stage, name: string): Promise<Line[]> {
  const client = new Redis(stage.redisPort);
  const url = stage.freshStore("redis");
  const run = async (side: "ours" | "floor") => {
    await client.flushall();
    const monitor = await client.monitor();
    let commands = 0;
    // What a script does inside the server is not a command of ours.
    monitor.on("monitor", (_time: string, [command]: string[], source: string) => {
      if (source !== "lua" && !handshake.has(command?.toLowerCase() ?? "")) commands++;
    });
    const { payload_bytes: payload = 0 } = await stage.measure(thread, side, url);
    await delay(200);
    monitor.disconnect();
    const sizes = (await client.keys("*")).map((key) => client.memory("USAGE", key, "SAMPLES", 0));
    const stored = (await Promise.all(sizes)).reduce<number>((sum, size) => sum + (size ?? 0), 0);
    return { commands: commands / 200, stored, payload };
  };
  const ours = await run("ours");
  const floor = await run("floor");
  client.disconnect();
  const asked: Line = {
    case: "200-turn thread, redis commands a turn",
    unit: "commands",
    ours: ours.commands,
    floor: floor.commands,
    ratio: ours.commands / floor.commands,
    target: 1.5,
    rounds: 1,
  };
  return [bytes(name, ours.stored, ours.payload), asked];
}

const handshake = new Set(["info", "ping", "client", "hello", "select", "script", "monitor", "flushall"]);

function bytes(name: string, stored: number, payload: number): Line {
  return { case: name, unit: "bytes", ours: stored, floor: payload, ratio: stored / payload, target: 1.5, rounds: 1 };
}
