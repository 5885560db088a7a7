/** Hands values from a writer that must not wait to a reader that does; ends for the reader when closed. */
export interface Channel<Value> {
  readonly push: (value: Value) => void;
  /** What was pushed before is still read; what is pushed afterwards is dropped. */
  readonly close: () => void;
  readonly read: () => AsyncGenerator<Value, void, void>;
}

export function channel<Value>(): Channel<Value> {
  const waiting: Value[] = [];
  let closed = false;
  let wake = Promise.withResolvers<void>();
  return {
    push(value) {
      if (closed) return;
      waiting.push(value);
      wake.resolve();
    },
    close() {
      closed = true;
      wake.resolve();
    },
    async *read() {
      while (true) {
        for (const value of waiting.splice(0)) yield value;
        if (waiting.length > 0) continue;
        if (closed) return;
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    },
  };
}
