import fc from "fast-check";
import { expect } from "vitest";
import type { ThreadStore } from "../../../packages/core/src/memory/thread-store.ts";
import { message } from "./messages.ts";

const thread = fc.constantFrom("a", "b", "한글");
const writer = fc.nat(1);
const small = fc.integer({ min: -1, max: 12 });

/** Appends and reads as callers may send them, repeated and out-of-date ones included. */
export const storeCommands = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("append" as const),
      thread,
      writer,
      texts: fc.array(fc.string({ unit: "binary", maxLength: 12 }), { maxLength: 3 }),
      op: fc.option(fc.constantFrom("1", "2", "3", "\ud800"), { nil: undefined }),
      expect: fc.option(fc.constantFrom("newest", "older", "newer"), { nil: undefined }),
    }),
    fc.record({
      kind: fc.constant("read" as const),
      thread,
      writer,
      after: fc.option(small, { nil: undefined }),
      before: fc.option(small, { nil: undefined }),
      limit: fc.option(fc.nat(5), { nil: undefined }),
    }),
  ),
  { maxLength: 25 },
);
type Command = typeof storeCommands extends fc.Arbitrary<(infer One)[]> ? One : never;

interface ModelThread {
  readonly texts: string[];
  readonly ops: Map<string, number>;
}

/** Runs the commands on stores that share their data, and on a plain list; they must answer alike. */
export async function compareWithModel(
  stores: readonly ThreadStore[],
  namespace: string,
  commands: readonly Command[],
): Promise<void> {
  const model = new Map<string, ModelThread>();
  for (const command of commands) {
    const store = stores[command.writer];
    if (!store) throw new Error("no such writer");
    const key = { namespace, id: command.thread };
    const known: ModelThread = model.get(command.thread) ?? { texts: [], ops: new Map() };
    model.set(command.thread, known);
    if (command.kind === "read") {
      const { after, before, limit } = command;
      const query = { ...(after !== undefined && { after }), ...(before !== undefined && { before }) };
      const rows = await store.read(key, { ...query, ...(limit !== undefined && { limit }) });
      const within = known.texts
        .map((text, index) => ({ seq: index + 1, message: message(String(index + 1), text) }))
        .filter(({ seq }) => seq > (after ?? 0) && seq < (before ?? Number.POSITIVE_INFINITY));
      expect(rows).toEqual(limit === undefined ? within : within.slice(Math.max(0, within.length - limit)));
      continue;
    }
    const seq = known.texts.length;
    const expected = { newest: seq, older: seq - 1, newer: seq + 1 }[command.expect ?? "newest"];
    const { op } = command;
    const outcome = await store.append(
      key,
      command.texts.map((text, n) => message(String(seq + n + 1), text)),
      { ...(op !== undefined && { op }), ...(command.expect !== undefined && { expect: expected }) },
    );
    const answered = op === undefined ? undefined : known.ops.get(op);
    if (answered !== undefined) {
      expect(outcome).toEqual({ kind: "appended", seq: answered });
    } else if (command.expect !== undefined && expected !== seq) {
      expect(outcome).toEqual({ kind: "conflict", seq });
    } else {
      known.texts.push(...command.texts);
      expect(outcome).toEqual({ kind: "appended", seq: known.texts.length });
      if (op !== undefined && command.texts.length > 0) known.ops.set(op, known.texts.length);
    }
    expect((await store.info(key))?.seq).toBe(known.texts.length || undefined);
  }
}
