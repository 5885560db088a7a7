import { createReadStream, createWriteStream } from "node:fs";
import { access, constants } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { FetchTask, SourceFault } from "./artefact.ts";
import { counted } from "./count.ts";

/** Copies a file of this machine into the part file. */
export async function fetchFile(path: string, task: FetchTask): Promise<SourceFault> {
  try {
    await access(path, constants.R_OK);
  } catch {
    return "the file cannot be read";
  }
  await pipeline(createReadStream(path), counted(0, task), createWriteStream(task.partPath), { signal: task.signal });
  return undefined;
}
