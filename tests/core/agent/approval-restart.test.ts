import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createAgent, defineTool, openThreadStore } from "@chingu/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { call, startModelServer, text, toolCalls } from "../../kit/model-server.ts";
import { startRedis, type TemporaryRedis } from "../../kit/redis.ts";
import { toolMessages } from "./support.ts";

let redis: TemporaryRedis;
let folder: string;
beforeAll(async () => {
  redis = await startRedis();
  folder = await mkdtemp(join(tmpdir(), "chingu-restart-"));
});
afterAll(async () => {
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a turn with the calls `note` (unasked) and `send` (asked about) in a process that is killed at a line it says. */
async function killedAt(line: "asking" | "running", storeURL: string, threadId: string, answer: "never" | "yes") {
  await using model = await startServer([toolCalls([call("note", {}), call("send", {})])]);
  const script = fileURLToPath(new URL("./approval-child.ts", import.meta.url));
  const child = spawn(process.execPath, [script, storeURL, model.baseURL, threadId, answer], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const said of createInterface(child.stdout)) if (said === line) child.kill("SIGKILL");
  if (child.signalCode === null && child.exitCode === null) await once(child, "exit");
  expect(child.signalCode).toBe("SIGKILL");
}

/** Another process of the same user on the same store. */
async function reopened(storeURL: string, ran: string[]) {
  const server = await startServer([text("done")]);
  const clock = { now: Date.now };
  const makeId = () => crypto.randomUUID();
  const store = await openThreadStore(storeURL, { clock, makeId, home: "" }, new AbortController().signal);
  const agent = await createAgent({
    model: { name: "test-model", baseURL: server.baseURL },
    memory: store,
    system: "Be brief.",
    tools: ["note", "send"].map((name) =>
      defineTool({
        name,
        description: "Has an effect.",
        input: z.object({}),
        annotations: { readOnly: name === "note", openWorld: false },
        run: () => {
          ran.push(name);
          return `${name} ran`;
        },
      }),
    ),
  });
  return {
    agent,
    server,
    async [Symbol.asyncDispose]() {
      await agent.close();
      await store.close();
      await server.close();
    },
  };
}

async function startServer(script: Parameters<typeof startModelServer>[0]) {
  const server = await startModelServer(script);
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}

describe.each([
  ["SQLite", () => `sqlite:${join(folder, "threads.db")}`],
  ["Redis", () => redis.url],
])("with %s, after kill -9", (_, url) => {
  test("an open question can be answered: none of the calls had run, and now each runs once", async () => {
    await killedAt("asking", url(), "answered", "never");
    const ran: string[] = [];
    await using kit = await reopened(url(), ran);
    const asked: string[] = [];
    const ask = async ({ name }: { name: string }) => {
      asked.push(name);
      return true;
    };
    const result = await kit.agent.resume("answered", { ask }).result();
    expect(result).toMatchObject({ status: "completed", answer: "done" });
    expect({ asked, ran: ran.toSorted() }).toEqual({ asked: ["send"], ran: ["note", "send"] });
    expect(toolMessages(kit.server)).toEqual(["note ran", "send ran"]);
  });

  test("another message closes the question: the model is told that nothing was run", async () => {
    await killedAt("asking", url(), "closed", "never");
    const ran: string[] = [];
    await using kit = await reopened(url(), ran);
    await kit.agent.turn("Are you there?", { threadId: "closed" }).result();
    const never = "denied: it was not run: nobody allowed it (make the call again if it is still needed)";
    expect(toolMessages(kit.server)).toEqual([never, never]);
    expect(ran).toEqual([]);
    const again = kit.agent.resume("closed", { ask: async () => true });
    expect(await again.result()).toMatchObject({ status: "failed", error: { code: "usage" } });
  });

  test("calls that were allowed and out may have run: the model is told so, and they are not run again", async () => {
    await killedAt("running", url(), "running", "yes");
    const ran: string[] = [];
    await using kit = await reopened(url(), ran);
    expect(await kit.agent.resume("running", { ask: async () => true }).result()).toMatchObject({ status: "failed" });
    await kit.agent.turn("Are you there?", { threadId: "running" }).result();
    for (const told of toolMessages(kit.server)) expect(told).toContain("may have run");
    expect(ran).toEqual([]);
  });
});
