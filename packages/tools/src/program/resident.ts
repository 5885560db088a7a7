import { readFile } from "node:fs/promises";

/**
 * Resident memory of a process and its descendants in bytes, as Linux tells it; 0 where it cannot be read, so that
 * elsewhere only the limits inside the child hold.
 */
export async function residentBytes(pid: number): Promise<number> {
  const read = (path: string) => readFile(path, "utf8").catch(() => "");
  const [status, children] = await Promise.all([
    read(`/proc/${pid}/status`),
    read(`/proc/${pid}/task/${pid}/children`),
  ]);
  const own = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  const below = await Promise.all(
    children
      .split(" ")
      .filter(Boolean)
      .map((child) => residentBytes(Number(child))),
  );
  return below.reduce((sum, bytes) => sum + bytes, own);
}
