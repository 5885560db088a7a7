import { chmod, mkdir, readFile, realpath, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { parseDocument } from "yaml";
import { type Config, configSchema } from "./schema.ts";

/**
 * Writes settings into a configuration file and leaves everything else in it, comments included, as it was. The file
 * may hold keys: only its owner can read it. It is replaced in one step, so a crash leaves the old or the new one.
 * Throws when what stands in the file cannot be understood; nothing is overwritten then.
 */
export async function saveSettings(
  file: string,
  settings: readonly { readonly path: readonly string[]; readonly value: unknown }[],
): Promise<Config> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const document = parseDocument(text);
  if (document.errors[0]) throw new Error(`${file} is not YAML: ${document.errors[0].message.split("\n")[0]}`);
  for (const { path, value } of settings) document.setIn(path, document.createNode(value));
  const config = configSchema.parse(document.toJS());
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // The file may be a link to one that is kept elsewhere: that one is replaced, not the link.
  const target = await realpath(file).catch(() => file);
  const next = `${target}.${process.pid}.new`;
  await writeFile(next, document.toString(), { mode: 0o600 });
  await chmod(next, 0o600);
  await rename(next, target);
  return config;
}
