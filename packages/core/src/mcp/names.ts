import { createHash } from "node:crypto";

export interface NamedTool {
  readonly server: string;
  readonly tool: string;
}

const longest = 64;

/**
 * Model-visible names of foreign tools, one each, in the order given: `server__tool` in [A-Za-z0-9_-]{1,64}. Where two
 * tools would share a name, or one is taken, or too long, a hash of server and tool tells them apart: the same names
 * come out whatever order servers answered in. Kept as a map; never split to find the server again.
 */
export function nameTools(tools: readonly NamedTool[], taken: ReadonlySet<string>): string[] {
  const plain = tools.map(({ server, tool }) => `${clean(server)}__${clean(tool)}`);
  const count = new Map<string, number>();
  for (const name of plain) count.set(name, (count.get(name) ?? 0) + 1);
  return tools.map(({ server, tool }, index) => {
    const name = plain[index] ?? "";
    if (count.get(name) === 1 && name.length <= longest && !taken.has(name)) return name;
    const hash = createHash("sha256").update(`${server}\0${tool}`).digest("hex").slice(0, 8);
    return `${name.slice(0, longest - hash.length - 1)}_${hash}`;
  });
}

function clean(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/gu, "_");
}
