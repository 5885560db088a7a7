import type { ThreadStore } from "../../packages/core/src/memory/thread-store.ts";
import type { ChatModel, ModelEvent, ModelRequest } from "../../packages/core/src/model/chat-model.ts";

/** Passes one await point; the process may not live to see its end. */
export type Point = (name: string) => void;

/** Numbers the points it passes from 1 and kills the process, as a power cut would, at the one named; 0 kills nowhere. */
export function createPoints(killAt: number): { readonly point: Point; readonly passed: readonly string[] } {
  const passed: string[] = [];
  return {
    passed,
    point: (name) => {
      if (passed.push(name) === killAt) process.kill(process.pid, "SIGKILL");
    },
  };
}

/** The store with a point before an operation, one when it is out, and one when it has answered. */
export function faultyStore(store: ThreadStore, point: Point, onStored: (id: string) => void): ThreadStore {
  const around = async <T>(name: string, operation: () => Promise<T>): Promise<T> => {
    point(`${name}: before`);
    const answer = operation();
    point(`${name}: sent`);
    return answer;
  };
  return {
    ...store,
    async append(key, messages, options) {
      const outcome = await around("append", () => store.append(key, messages, options));
      for (const { id } of messages) onStored(id);
      point("append: answered");
      return outcome;
    },
    async read(key, query) {
      const rows = await around("read", () => store.read(key, query));
      point("read: answered");
      return rows;
    },
    async saveText(key, text) {
      const name = await around("save text", () => store.saveText(key, text));
      point("save text: answered");
      return name;
    },
  };
}

/** The model with a point before the request, one while it is out, and one behind each of its events. */
export function faultyModel(model: ChatModel, point: Point): ChatModel {
  async function* stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    const events = model.stream(request, signal)[Symbol.asyncIterator]();
    try {
      point("model: before");
      let asked = events.next();
      point("model: asked");
      for (;;) {
        const next = await asked;
        point(`model: ${next.done ? "done" : next.value.type}`);
        if (next.done) return;
        yield next.value;
        asked = events.next();
      }
    } finally {
      await events.return?.();
    }
  }
  return { ...model, stream };
}
