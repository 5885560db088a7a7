import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { foldersOf } from "../../../packages/core/src/config/folders.ts";
import { loadConfig } from "../../../packages/core/src/config/load.ts";

let root: string;
let user: string;
let project: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "chingu-config-"));
  user = join(root, ".config/chingu/config.yaml");
  project = join(root, "project/chingu.yaml");
  for (const file of [user, project]) await mkdir(dirname(file), { recursive: true });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const load = (environment: Record<string, string> = {}) =>
  loadConfig({ folders: foldersOf(environment, root), folder: join(root, "project"), environment });

async function failureOf(file: string, text: string): Promise<string> {
  await writeFile(file, text);
  const loaded = await load();
  if (loaded.kind === "loaded") throw new Error(`loaded: ${JSON.stringify(loaded.config)}`);
  expect(loaded.failure).toMatchObject({ code: "usage", hint: expect.any(String) });
  expect(loaded.failure.message).toContain(`the configuration ${file} cannot be used: `);
  return loaded.failure.message;
}

describe("layers", () => {
  test("no file at all is the defaults", async () => {
    expect(await load()).toMatchObject({ kind: "loaded", config: {}, files: [] });
  });

  test("an empty file, or one of comments, is an empty layer", async () => {
    await writeFile(user, "");
    await writeFile(project, "# nothing yet\n");
    expect(await load()).toMatchObject({ kind: "loaded", config: {}, files: [user, project] });
  });

  test("the project's file stands above the user's, the environment above both", async () => {
    await writeFile(user, "model: from-user\nmaxSteps: 5\nsystem: mine\n");
    await writeFile(project, "model: from-project\nmaxSteps: 9\n");
    expect(await load()).toMatchObject({ config: { model: "from-project", maxSteps: 9, system: "mine" } });
    const environment = { CHINGU_MODEL: "from-environment", CHINGU_MEMORY_URL: "memory:" };
    expect(await load(environment)).toMatchObject({
      config: { model: "from-environment", maxSteps: 9, system: "mine", memory: { url: "memory:" } },
    });
  });

  test("the folder of Python packages is named by the user's file, or by the environment above it", async () => {
    await writeFile(user, "tools: {python: {packages: ~/wheels}}\n");
    expect(await load()).toMatchObject({ config: { tools: { python: { packages: "~/wheels" } } } });
    expect(await load({ CHINGU_TOOLS_PYTHON_PACKAGES: "/other" })).toMatchObject({
      config: { tools: { python: { packages: "/other" } } },
    });
  });

  test("an empty variable says nothing", async () => {
    await writeFile(user, "model: from-user\n");
    expect(await load({ CHINGU_MODEL: "", CHINGU_MEMORY_URL: " " })).toMatchObject({
      config: { model: "from-user" },
    });
  });

  test("aliases and timeouts of both files stand together, key by key; lists are replaced", async () => {
    await writeFile(
      user,
      "aliases: {fast: a/one, good: a/two}\ntimeouts: {tool: 20s, turn: 5m}\nproviders: {a: {baseURL: 'http://a/v1', models: [one]}}\n",
    );
    await writeFile(project, "aliases: {good: a/three}\ntimeouts: {tool: 1500ms}\n");
    expect(await load()).toMatchObject({
      config: {
        aliases: { fast: "a/one", good: "a/three" },
        timeouts: { tool: 1500, turn: 300_000 },
        providers: { a: { baseURL: "http://a/v1", models: ["one"] } },
      },
    });
  });

  test("XDG_CONFIG_HOME says where the user's file is", async () => {
    const file = join(root, "elsewhere/chingu/config.yaml");
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, "model: there\n");
    expect(await load({ XDG_CONFIG_HOME: join(root, "elsewhere") })).toMatchObject({
      config: { model: "there" },
      files: [file],
    });
  });
});

describe("a project's file, which comes with somebody's repository,", () => {
  test.each([
    ["providers", "providers: {a: {baseURL: 'http://evil/v1'}}"],
    ["memory", "memory: {url: 'redis://evil'}"],
    ["tools", "tools: {python: {packages: '/evil'}}"],
  ])("may not set `%s`", async (key, yaml) => {
    expect(await failureOf(project, yaml)).toContain(`\`${key}\` may stand only in your own ${user}`);
  });

  test("may not set them empty either", async () => {
    expect(await failureOf(project, "allow: []")).toContain("`allow`");
  });
});

describe("durations", () => {
  const tool = async (text: string) => {
    await writeFile(user, `timeouts: {tool: ${text}}\n`);
    const loaded = await load();
    return loaded.kind === "loaded" ? loaded.config.timeouts?.tool : loaded.failure.message;
  };

  test.each([
    ["250ms", 250],
    ["20s", 20_000],
    ["1.5m", 90_000],
    ["2h", 7_200_000],
  ])("%s is %i ms", async (text, ms) => {
    expect(await tool(text)).toBe(ms);
  });

  test.each(["soon", "'20'", "20", "-5s", "5d", "'5 s'", "''", "5S"])("%s is none", async (text) => {
    expect(await tool(text)).toContain("timeouts.tool");
  });
});

describe("a file that cannot be used names itself and what is wrong", () => {
  test.each([
    ["a misspelt key", "modle: x\n", "there is no setting `modle`"],
    ["a key too deep", "memory: {uri: x}\n", "there is no setting `memory.uri`"],
    ["a wrong type", "maxSteps: many\n", "`maxSteps`: expected number, received string"],
    ["a base URL that is none", "providers: {a: {baseURL: localhost}}\n", "must be an http:// or https:// URL"],
    ["a base URL of another kind", "providers: {a: {baseURL: 'file:///etc/passwd'}}\n", "providers.a.baseURL"],
    ["a provider's name with a slash", "providers: {a/b: {baseURL: 'http://a'}}\n", "a provider's name"],
    ["an unknown language", "language: fr\n", "language"],
    ["a list", "- model\n", "expected object"],
    ["a text", "model\n", "expected object"],
    ["broken YAML", "a: [1\nb: 2\n", "it is not YAML"],
    ["the same key twice", "model: a\nmodel: b\n", "unique"],
    ["a YAML bomb", bomb(), "alias"],
  ])("%s", async (_, yaml, what) => {
    const message = await failureOf(user, yaml);
    expect(message.toLowerCase()).toContain(what.toLowerCase());
    expect(message).not.toContain("\n");
  });

  test("a folder in its place", async () => {
    await mkdir(user);
    expect(await load()).toMatchObject({
      kind: "failed",
      failure: { message: `the configuration ${user} cannot be used: it is a folder, not a file` },
    });
  });

  test("a value that is wrong is not repeated: it may be a key", async () => {
    const message = await failureOf(user, "providers: {a: {baseURL: sk-secret, apiKey: [sk-secret]}}\n");
    expect(message).not.toContain("sk-secret");
  });
});

function bomb(): string {
  const rows = ["a: &a [x, x, x, x, x, x, x, x, x]"];
  for (const [before, name] of ["ab", "bc", "cd", "de", "ef", "fg"].map((pair) => [...pair])) {
    rows.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(", ")}]`);
  }
  return rows.join("\n");
}
