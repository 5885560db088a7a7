import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createAgent } from "../../packages/core/src/agent/create-agent.ts";
import { createChatCompletionsModel } from "../../packages/core/src/model/chat-completions.ts";
import type { Message } from "../../packages/core/src/protocol/index.ts";
import { startModelServer, text } from "../../tests/kit/model-server.ts";
import { thread } from "./ledger.ts";
import { type Fault, type Stage, until } from "./stage.ts";

type Kind = "redis" | "sqlite";
const kinds = ["redis", "sqlite"] as const;

const urlOf = async (stage: Stage, kind: Kind) =>
  kind === "redis" ? (await stage.serve()).url : `sqlite:${join(stage.folder, "chingu.db")}`;

/** Several at once, a writer that dies, and a clock that is wrong. */
export const writerFaults: readonly Fault[] = [
  ...kinds.map(
    (store): Fault => ({
      name: "two processes write one thread, 1,000 messages each",
      store,
      async meet(stage) {
        const url = await urlOf(stage, store);
        const writers = ["a", "b"].map((who) => startWriter(stage, url, stage.times(1_000), who));
        for (const { ended } of writers) stage.expect((await ended) === "", "a writer failed");
        await stage.ledger.audit(await stage.open(url));
      },
    }),
  ),
  ...kinds.map(
    (store): Fault => ({
      name: "two clients that each expect the newest number",
      store,
      async meet(stage) {
        const url = await urlOf(stage, store);
        let conflicts = 0;
        const write = async (who: string) => {
          const own = await stage.open(url);
          let seq = 0;
          for (let n = stage.times(200); n > 0; n--) {
            for (;;) {
              const item = saidBy("user", `${who}${n}`, "x");
              const outcome = await own.append(thread, [item], { expect: seq });
              seq = outcome.seq;
              if (outcome.kind === "appended") break;
              conflicts += 1;
            }
            stage.ledger.promised([`${who}${n}`]);
          }
        };
        await Promise.all([write("a"), write("b")]);
        stage.notes.push(`${conflicts} conflicts`);
        await stage.ledger.audit(await stage.open(url));
      },
    }),
  ),
  ...kinds.map(
    (store): Fault => ({
      name: "kill -9 of the writer during appends",
      store,
      long: true,
      async meet(stage) {
        const url = await urlOf(stage, store);
        const rounds = stage.times(20);
        for (let round = 0; round < rounds; round++) {
          const writer = startWriter(stage, url, 100_000, `r${round}-`);
          await until(() => writer.acked() >= 20 + 11 * (round % 7));
          writer.kill();
          await writer.ended;
        }
        stage.notes.push(`${rounds} kills`);
        await stage.ledger.audit(await stage.open(url));
      },
    }),
  ),
  ...kinds.map(
    (store): Fault => ({
      name: "two compactions at once",
      store,
      meet: async (stage) => compactTwice(stage, await urlOf(stage, store)),
    }),
  ),
  ...kinds.map(
    (store): Fault => ({
      name: "the clock goes back by an hour",
      store,
      async meet(stage) {
        const time = { now: Date.UTC(2026, 0, 2) };
        const own = await stage.open(await urlOf(stage, store), { now: () => time.now });
        await stage.ledger.sayAll(own, 10);
        const before = await own.info(thread);
        time.now -= 3_600_000;
        await stage.ledger.sayAll(own, 10);
        const after = await own.info(thread);
        stage.expect(
          before?.updatedAt === after?.updatedAt,
          `a thread of ${before?.updatedAt} is of ${after?.updatedAt}`,
        );
        const forked = await own.fork(thread, 12, "f");
        stage.expect(forked.kind === "forked", `a fork is ${forked.kind}`);
        const listed = (await own.threads(thread.namespace)).threads.map(({ id }) => id);
        stage.expect(listed.toSorted().join() === "f,t", `listed are ${listed}`);
        await stage.ledger.audit(own);
      },
    }),
  ),
];

const script = fileURLToPath(new URL("../../tests/core/memory/writer.ts", import.meta.url));

/** A process that appends, and what it was promised. */
function startWriter(stage: Stage, url: string, count: number, who: string) {
  const child = spawn(process.execPath, [script, url, String(count), who], { stdio: ["ignore", "pipe", "pipe"] });
  stage.defer(() => child.kill("SIGKILL"));
  let acked = 0;
  let errors = "";
  child.stderr.on("data", (words) => {
    errors += words;
  });
  createInterface(child.stdout).on("line", () => {
    stage.ledger.promised([`${who}${acked}`]);
    acked += 1;
  });
  return {
    acked: () => acked,
    kill: () => void child.kill("SIGKILL"),
    /** What it complained of. */
    ended: once(child, "close").then(() => errors),
  };
}

function saidBy(role: "user" | "assistant", id: string, words: string): Message {
  const parts: Message["parts"] = [{ type: "text", text: words }];
  return { id, turnId: id, role, parts, at: "2026-01-02T03:04:05.006Z", state: "complete" };
}

/** Two agents over stores of their own are asked at once to compact one thread; neither knows of the other. */
async function compactTwice(stage: Stage, url: string): Promise<void> {
  const both = Promise.withResolvers<void>();
  let asked = 0;
  const server = await startModelServer(() => {
    if (++asked === 2) both.resolve();
    return text(`## Goal\nfind out why, by ${asked}`, { before: both.promise });
  });
  stage.defer(() => server.close());
  const first = await stage.open(url);
  const messages = Array.from({ length: 8 }, (_, n) =>
    saidBy(n % 2 ? "assistant" : "user", `m${n}`, `${n} ${"because it is so ".repeat(50)}`),
  );
  await first.append(thread, messages);
  stage.ledger.promised(messages.map(({ id }) => id));

  const compacted = await Promise.all(
    [first, await stage.open(url)].map(async (memory) => {
      const model = createChatCompletionsModel({
        model: "test-model",
        baseURL: server.baseURL,
        makeId: () => crypto.randomUUID(),
        clock: { now: Date.now },
        capabilities: { contextWindow: 100_000 },
      });
      const agent = await createAgent({ model, memory, system: "Be brief." });
      stage.defer(() => model.dispose?.());
      return agent.compact(thread.id);
    }),
  );
  const rows = await first.read(thread);
  const summaries = rows.flatMap((row) => ("mark" in row && row.mark.type === "summary" ? [row.mark.text] : []));
  stage.notes.push(`${asked} summaries made, ${summaries.length} kept`);
  stage.expect(asked === 2, `the model was asked ${asked} times`);
  stage.expect(summaries.length === 1, `${summaries.length} summaries were kept`);
  for (const outcome of compacted) {
    const got =
      outcome.kind === "compacted" && "summary" in outcome.compaction ? outcome.compaction.summary : outcome.kind;
    stage.expect(got === summaries[0], `one of the two goes on with: ${got}`);
  }
  await stage.ledger.audit(first);
}
