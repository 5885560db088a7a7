import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { type Failure, type Json, jsonSchema } from "../protocol/index.ts";
import { sanitizeLine } from "../text/index.ts";
import { inheritedVariables } from "./process.ts";
import { type ServerConfig, serverEntrySchema, serverNameSchema } from "./server-config.ts";

export interface ServersFiles {
  /** The user's own `mcp.json`. */
  readonly userFile: string;
  /** The folder's `.mcp.json`: it came with the project, so a person must agree to what it starts. */
  readonly projectFile: string;
  /** Where `${VAR}` is looked up. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /**
   * Whether the user agrees to the servers of a project file with this content. Asked at every load: the caller
   * remembers the answer by hash, and answers no where nobody can be asked.
   */
  readonly consent: (file: string, hash: string, servers: readonly ProposedServer[]) => Promise<boolean>;
}

/** A server as the file has it, nothing filled in: made to be shown in full. */
export interface ProposedServer {
  readonly name: string;
  readonly entry: Json;
}

export interface LoadedServers {
  readonly servers: { readonly [name: string]: ServerConfig };
  readonly failures: readonly Failure[];
}

const fileSchema = z.looseObject({ mcpServers: z.record(z.string(), jsonSchema) });

/**
 * Reads the `mcpServers` of both files; of two servers with one name the project's counts. A file that is not there is
 * no failure. A file or an entry that cannot be used is one that names file and key, and costs the others nothing.
 */
export async function loadServers({
  userFile,
  projectFile,
  environment,
  consent,
}: ServersFiles): Promise<LoadedServers> {
  const user = readServers(userFile, await readText(userFile), environment);
  const projectText = await readText(projectFile);
  const project = readServers(projectFile, projectText, environment);
  const allowed = project.proposed.length === 0 || (await consent(projectFile, hashOf(projectText), project.proposed));
  return {
    servers: { ...user.servers, ...(allowed && project.servers) },
    failures: [...user.failures, ...(allowed ? project.failures : [notAllowed(projectFile, userFile)])],
  };
}

type FileText = { readonly text: string } | { readonly missing: true } | { readonly unreadable: string };

async function readText(file: string): Promise<FileText> {
  try {
    return { text: await readFile(file, "utf8") };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return code === "ENOENT" || code === "ENOTDIR" ? { missing: true } : { unreadable: code || String(error) };
  }
}

function hashOf(file: FileText): string {
  return createHash("sha256")
    .update("text" in file ? file.text : "")
    .digest("hex");
}

interface FileServers {
  readonly servers: Record<string, ServerConfig>;
  readonly proposed: readonly ProposedServer[];
  readonly failures: readonly Failure[];
}

function readServers(path: string, file: FileText, environment: ServersFiles["environment"]): FileServers {
  const none = { servers: {}, proposed: [] };
  if ("missing" in file) return { ...none, failures: [] };
  if ("unreadable" in file) return { ...none, failures: [unusable(path, `it cannot be read (${file.unreadable})`)] };
  const json = parseJson(file.text);
  if ("problem" in json) return { ...none, failures: [unusable(path, json.problem)] };
  const parsed = fileSchema.safeParse(json.value);
  if (!parsed.success) return { ...none, failures: [unusable(path, problems(parsed.error, []))] };

  const read = Object.entries(parsed.data.mcpServers).map(([name, entry]) => ({
    name,
    entry,
    config: readEntry(path, name, entry, environment),
  }));
  return {
    proposed: read.map(({ name, entry }) => ({ name, entry })),
    servers: Object.fromEntries(read.flatMap(({ name, config }) => ("type" in config ? [[name, config]] : []))),
    failures: read.flatMap(({ config }) => ("type" in config ? [] : [config])),
  };
}

function readEntry(
  path: string,
  name: string,
  entry: Json,
  environment: ServersFiles["environment"],
): ServerConfig | Failure {
  const key = ["mcpServers", name];
  const named = serverNameSchema.safeParse(name);
  if (!named.success) return unusable(path, problems(named.error, key));
  const filled = fillIn(entry, environment);
  if (filled.unset.length > 0) {
    return {
      code: "tool_server_config",
      message: `The tool server "${name}" in ${path} needs ${filled.unset.join(", ")}, not set in the environment.`,
      hint: `Set it, or write a default into the file: \${${filled.unset[0]}:-default}.`,
    };
  }
  const config = serverEntrySchema.safeParse(filled.value);
  if (!config.success) return unusable(path, problems(config.error, key));
  const { secrets } = filled;
  if (config.data.type === "http") return { ...config.data, secrets };
  const cwd = config.data.cwd && resolve(dirname(path), config.data.cwd);
  return { ...config.data, ...(cwd && { cwd }), secrets };
}

interface Filled {
  readonly value: Json;
  readonly unset: readonly string[];
  readonly secrets: readonly string[];
}

/** Fills `${VAR}` and `${VAR:-default}` into every text of an entry. An empty variable counts as unset. */
function fillIn(entry: Json, environment: ServersFiles["environment"]): Filled {
  const unset = new Set<string>();
  const secrets = new Set<string>();
  const fill = (value: Json): Json => {
    if (typeof value === "string") {
      return value.replace(/\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g, (_, variable: string, fallback?: string) => {
        const found = environment[variable] || undefined;
        if (found !== undefined && !inheritedVariables.includes(variable)) secrets.add(found);
        if (found === undefined && fallback === undefined) unset.add(variable);
        return found ?? fallback ?? "";
      });
    }
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner)]));
  };
  return { value: fill(entry), unset: [...unset], secrets: [...secrets] };
}

function parseJson(text: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    // The engine's message may quote the file, and keys are written there: only the place is passed on.
    const place = /\(line \d+ column \d+\)/.exec(String(error))?.[0];
    return { problem: place ? `it is not JSON ${place}` : "it is not JSON" };
  }
}

function problems(error: z.ZodError, key: readonly string[]): string {
  return error.issues
    .map(({ path, message }) => {
      const at = sanitizeLine([...key, ...path.map(String)].join("."));
      return `${at || "its content"}: ${sanitizeLine(message)}`;
    })
    .join("; ");
}

function unusable(file: string, why: string): Failure {
  return {
    code: "tool_server_config",
    message: `The tool servers file ${file} has a problem: ${why}.`,
    hint: 'Its form is {"mcpServers": {"NAME": {"command": "…", "args": []}, "OTHER": {"type": "http", "url": "…"}}}.',
  };
}

function notAllowed(projectFile: string, userFile: string): Failure {
  return {
    code: "tool_servers_not_allowed",
    message: `The tool servers in ${projectFile} were not started: a project's servers need your consent first.`,
    hint: `Run chingu here in a terminal to be asked, or put the servers you trust into ${userFile}.`,
  };
}
