import { expect, test } from "vitest";
import { createThreadReader } from "../../../packages/core/src/agent/thread-log.ts";
import type { Conversation } from "../../../packages/core/src/memory/conversation.ts";
import { createMemoryStore } from "../../../packages/core/src/memory/memory-store.ts";
import type { Message } from "../../../packages/core/src/protocol/index.ts";
import { text } from "../../kit/model-server.ts";
import { agentWith } from "./support.ts";

const key = { namespace: "default", id: "t1" };

function said(id: string): Message {
  const at = "2026-01-01T00:00:00.000Z";
  return { id, turnId: "t", role: "user", state: "complete", at, parts: [{ type: "text", text: id }] };
}

const idsOf = ({ messages }: Conversation) => messages.map(({ message }) => message.id);

test("a thread that grows is read on from where it was, and the rest not again", async () => {
  const store = createMemoryStore({ clock: { now: () => 0 } });
  const asked: unknown[] = [];
  const read = createThreadReader({
    ...store,
    read: (thread, query) => {
      asked.push(query);
      return store.read(thread, query);
    },
  });
  await store.append(key, [said("a"), said("b")]);
  expect(idsOf(await read(key))).toEqual(["a", "b"]);
  await store.append(key, [said("c")]);
  expect(idsOf(await read(key))).toEqual(["a", "b", "c"]);
  expect(idsOf(await read(key))).toEqual(["a", "b", "c"]);
  expect(asked).toEqual([undefined, { after: 1 }, { after: 2 }]);
});

test("a thread that is no longer the one that was read is read anew", async () => {
  let store = createMemoryStore({ clock: { now: () => 0 } });
  const read = createThreadReader({ ...store, read: (thread, query) => store.read(thread, query) });
  await store.append(key, [said("a"), said("b")]);
  await read(key);
  store = createMemoryStore({ clock: { now: () => 0 } });
  await store.append(key, [said("x"), said("y"), said("z")]);
  expect(idsOf(await read(key))).toEqual(["x", "y", "z"]);
});

test("a mark as the newest row is read once, and what it says counts", async () => {
  const store = createMemoryStore({ clock: { now: () => 0 } });
  const asked: unknown[] = [];
  const read = createThreadReader({
    ...store,
    read: (thread, query) => {
      asked.push(query);
      return store.read(thread, query);
    },
  });
  const at = "2026-01-01T00:00:00.000Z";
  await store.append(key, [said("a"), said("b"), { type: "rewind", id: "back", at, to: 1 }]);
  expect(idsOf(await read(key))).toEqual(["a"]);
  await store.append(key, [said("c")]);
  expect(idsOf(await read(key))).toEqual(["a", "c"]);
  expect(asked).toEqual([undefined, { after: 2 }]);
});

test("what another agent says in a thread is there in the next turn", async () => {
  const store = createMemoryStore({ clock: { now: () => 0 } });
  let ids = 0;
  const shared = { memory: store, ids: () => `shared-${++ids}` };
  await using one = await agentWith([text("first"), text("third")], shared);
  await using two = await agentWith([text("second")], shared);
  await one.agent.turn("1", { threadId: "t1" }).result();
  await two.agent.turn("2", { threadId: "t1" }).result();
  await one.agent.turn("3", { threadId: "t1" }).result();
  const contents = one.server.requests[1]?.body.messages.map(({ content }: { content: string }) => content);
  expect(contents).toEqual(["Be brief.", "1", "first", "2", "second", "3"]);
});

test("a thread that was deleted elsewhere is begun anew, and the user is told", async () => {
  await using kit = await agentWith([text("one"), text("two"), text("three")]);
  const turn = async (said: string) => {
    const events = await Array.fromAsync(kit.agent.turn(said, { threadId: "t1" }));
    return events.flatMap((event) => (event.type === "notice" ? event.code : []));
  };
  expect(await turn("first")).toEqual([]);
  await kit.agent.store.erase({ namespace: key.namespace, thread: key.id });
  expect(await turn("second")).toEqual(["thread_erased"]);
  expect(await turn("third")).toEqual([]);
  const rows = await kit.agent.store.read(key);
  expect(rows.flatMap((row) => ("message" in row ? row.message.parts : []))).toMatchObject([
    { text: "second" },
    { text: "two" },
    { text: "third" },
    { text: "three" },
  ]);
});
