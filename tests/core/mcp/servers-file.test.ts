// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files hold such placeholders
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadServers, type ProposedServer, type ServersFiles } from "../../../packages/core/src/mcp/servers-file.ts";

interface Files {
  readonly user?: unknown;
  readonly project?: unknown;
}

async function load({ user, project }: Files, options: Partial<ServersFiles> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "chingu-servers-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const userFile = join(folder, "mcp.json");
  const projectFile = join(folder, ".mcp.json");
  const text = (content: unknown) => (typeof content === "string" ? content : JSON.stringify(content));
  if (user !== undefined) await writeFile(userFile, text(user));
  if (project !== undefined) await writeFile(projectFile, text(project));
  const loaded = await loadServers({ userFile, projectFile, environment: {}, consent: async () => true, ...options });
  return { ...loaded, userFile, projectFile };
}

test("without files there are no servers and no failures", async () => {
  expect(await load({})).toMatchObject({ servers: {}, failures: [] });
});

test("servers of both files are taken, commands and addresses; the project's counts where names are the same", async () => {
  const { servers, failures } = await load({
    user: { mcpServers: { a: { command: "mine" }, web: { type: "http", url: "https://example.org/mcp" } } },
    project: { mcpServers: { a: { command: "theirs", args: ["--x"], env: { K: "v" } } } },
  });

  expect(failures).toEqual([]);
  expect(servers).toMatchObject({
    a: { type: "stdio", command: "theirs", args: ["--x"], env: { K: "v" } },
    web: { type: "http", url: "https://example.org/mcp" },
  });
});

test("variables are filled in from the environment, with a default where one is given", async () => {
  const { servers } = await load(
    {
      user: {
        mcpServers: { a: { command: "${BIN:-node}", args: ["--key=${KEY}"], env: { K: "${KEY}-${EMPTY:-x}" } } },
      },
    },
    { environment: { KEY: "k1", EMPTY: "" } },
  );

  expect(servers["a"]).toMatchObject({ command: "node", args: ["--key=k1"], env: { K: "k1-x" }, secrets: ["k1"] });
});

test("a variable that is not set fails its server alone, by name", async () => {
  const { servers, failures, userFile } = await load({
    user: { mcpServers: { a: { command: "x", env: { K: "${NO_SUCH}" } }, b: { command: "y" } } },
  });

  expect(Object.keys(servers)).toEqual(["b"]);
  expect(failures).toEqual([expect.objectContaining({ code: "tool_server_config" })]);
  for (const part of ['"a"', userFile, "NO_SUCH"]) expect(failures[0]?.message).toContain(part);
});

test.each([
  ["text that is not JSON", "{ nonsense", "it is not JSON"],
  ["no mcpServers", {}, "mcpServers:"],
  ["a command that is a number", { mcpServers: { a: { command: 7 } } }, "mcpServers.a.command:"],
  ["a key nobody knows", { mcpServers: { a: { command: "x", arguments: [] } } }, "mcpServers.a:"],
  ["an argument that is no text", { mcpServers: { a: { command: "x", args: ["y", 1] } } }, "mcpServers.a.args.1:"],
  ["a type nobody knows", { mcpServers: { a: { type: "sse", url: "https://x" } } }, "mcpServers.a.type:"],
  ["an address that is no http", { mcpServers: { a: { type: "http", url: "file:///x" } } }, "mcpServers.a.url:"],
  ["a server name with an escape", { mcpServers: { "a\u001b[2J": { command: "x" } } }, "mcpServers.a:"],
])("a file with %s is a failure that names file and key", async (_, user, key) => {
  const { servers, failures, userFile } = await load({ user });

  expect(servers).toEqual({});
  expect(failures).toHaveLength(1);
  expect(failures[0]?.message).toContain(userFile);
  expect(failures[0]?.message).toContain(key);
});

test("a mistake in one entry leaves the others", async () => {
  const { servers, failures } = await load({ user: { mcpServers: { a: { command: "" }, b: { command: "y" } } } });

  expect(Object.keys(servers)).toEqual(["b"]);
  expect(failures).toHaveLength(1);
});

test("a broken file is not quoted: keys are written there", async () => {
  const { failures } = await load({ user: '{"mcpServers": {"a": {"env": {"KEY": "sk-very-secret" "x"' });

  expect(JSON.stringify(failures)).not.toContain("secret");
});

test("a project's servers are shown as written and asked about by content; the user's own are not", async () => {
  const asked: { file: string; hash: string; servers: readonly ProposedServer[] }[] = [];
  const consent: ServersFiles["consent"] = async (file, hash, servers) => {
    asked.push({ file, hash, servers });
    return true;
  };
  const project = (command: string) => ({ mcpServers: { a: { command, env: { K: "${KEY}" } } } });

  const first = await load({ user: project("mine"), project: project("x") }, { consent, environment: { KEY: "k" } });
  await load({ project: project("x") }, { consent, environment: { KEY: "k" } });
  await load({ project: project("y") }, { consent, environment: { KEY: "k" } });

  expect(asked[0]).toMatchObject({
    file: first.projectFile,
    servers: [{ name: "a", entry: { command: "x", env: { K: "${KEY}" } } }],
  });
  expect(asked[1]?.hash).toBe(asked[0]?.hash);
  expect(asked[2]?.hash).not.toBe(asked[0]?.hash);
});

test("without consent a project's servers stay out, and the failure says how to allow them", async () => {
  const { servers, failures, projectFile, userFile } = await load(
    { user: { mcpServers: { mine: { command: "x" } } }, project: { mcpServers: { theirs: { command: "y" } } } },
    { consent: async () => false },
  );

  expect(Object.keys(servers)).toEqual(["mine"]);
  expect(failures).toEqual([
    {
      code: "tool_servers_not_allowed",
      message: expect.stringContaining(projectFile),
      hint: expect.stringContaining(userFile),
    },
  ]);
});
