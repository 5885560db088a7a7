import { Transform } from "node:stream";
import type { FetchTask } from "./artefact.ts";

/** Marks the error of a stream that holds more than the pinned size: it is cut before it fills the disk. */
export const tooMany = "more bytes than the pinned file has";

/** Passes bytes through, reports how many there are by now, and fails with `tooMany` past the pinned size. */
export function counted(start: number, task: FetchTask): Transform {
  let bytes = start;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > task.artefact.bytes) return done(new Error(tooMany));
      task.onBytes(bytes);
      done(null, chunk);
    },
  });
}
