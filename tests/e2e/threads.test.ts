import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { messageSchema } from "@chingu/core/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshMachine, type Machine } from "../kit/cli.ts";
import { type ModelServer, startModelServer, text } from "../kit/model-server.ts";
import { startRedis, type TemporaryRedis } from "../kit/redis.ts";

let model: ModelServer;
let redis: TemporaryRedis;
beforeAll(async () => {
  [model, redis] = await Promise.all([startModelServer((_, index) => text(`답 ${index}`)), startRedis()]);
});
afterAll(async () => {
  await Promise.all([model.close(), redis.stop()]);
});

const newMachine = (env: Record<string, string> = {}): Promise<Machine> =>
  freshMachine({ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "test-model", ...env });

/** What the newest request carried behind the instructions. */
const conversation = () =>
  model.requests
    .at(-1)
    ?.body.messages.slice(1)
    .map(({ role, content }: { role: string; content: string }) => `${role}: ${content}`);

const idOf = (stdout: string): string => JSON.parse(stdout).threadId;

interface Store {
  readonly name: string;
  readonly env: () => Record<string, string>;
  readonly flags: readonly string[];
}
const stores: readonly Store[] = [
  { name: "the embedded default", env: () => ({}), flags: [] },
  { name: "--memory sqlite:PATH", env: () => ({}), flags: ["--memory", "sqlite:~/elsewhere/talk.db"] },
  { name: "CHINGU_MEMORY_URL=redis://…", env: () => ({ CHINGU_MEMORY_URL: redis.url }), flags: [] },
];

describe.each(stores)("with $name", ({ env, flags }) => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await newMachine(env());
  });
  afterAll(() => machine[Symbol.asyncDispose]());

  test("--continue and --thread go on with what was said", async () => {
    const first = await machine.run(["내 이름은 하늘이야", "--output", "json", ...flags]);
    const id = idOf(first.stdout);
    const answer = JSON.parse(first.stdout).answer;

    const second = await machine.run(["--continue", "내 이름이 뭐지?", "--output", "json", ...flags]);
    expect(idOf(second.stdout)).toBe(id);
    expect(conversation()).toEqual(["user: 내 이름은 하늘이야", `assistant: ${answer}`, "user: 내 이름이 뭐지?"]);

    const other = await machine.run(["다른 이야기", "--output", "json", ...flags]);
    expect(idOf(other.stdout)).not.toBe(id);
    expect(conversation()).toEqual(["user: 다른 이야기"]);

    const third = await machine.run(["--thread", id, "그리고?", "--output", "json", ...flags]);
    expect(idOf(third.stdout)).toBe(id);
    expect(conversation()?.filter((line: string) => line.startsWith("user"))).toEqual([
      "user: 내 이름은 하늘이야",
      "user: 내 이름이 뭐지?",
      "user: 그리고?",
    ]);
  });

  test("a thread nobody knows is a usage error, and nothing is asked", async () => {
    const before = model.requests.length;
    const { stdout, stderr, exitCode } = await machine.run(["--thread", "nowhere", "뭐지?", ...flags]);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    expect(stderr).toMatch(/^error: there is no thread "nowhere" in \S+\n {2}chingu threads list shows them\n$/);
    expect(model.requests.length).toBe(before);
  });

  test("two processes that speak in one thread at once lose nothing", async () => {
    const id = idOf((await machine.run(["시작", "--output", "json", ...flags])).stdout);
    const said = ["하나", "둘", "셋", "넷"];
    const both = await Promise.all(said.map((word) => machine.run(["--thread", id, word, ...flags])));
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);

    await machine.run(["--thread", id, "마지막", ...flags]);
    const words = conversation() as string[];
    for (const word of said) expect(words).toContain(`user: ${word}`);
    expect(words.filter((line) => line.startsWith("assistant"))).toHaveLength(5);
  });
});

describe("--continue", () => {
  test("takes the newest thread of this folder alone, and says when there is none", async () => {
    await using machine = await newMachine();
    const elsewhere = join(machine.home, "other");
    await mkdir(elsewhere);
    await machine.run(["여기서 한 말"]);

    const there = await machine.run(["--continue", "이어서"], { folder: elsewhere });
    expect(there.exitCode).toBe(0);
    expect(there.stderr).toContain("no earlier thread in this folder: starting a new one\n");
    expect(conversation()).toEqual(["user: 이어서"]);

    await machine.run(["-c", "여기서 이어서"]);
    expect(conversation()?.[0]).toBe("user: 여기서 한 말");
  });

  test("has nothing to go on with when the store is memory:", async () => {
    await using machine = await newMachine({ CHINGU_MEMORY_URL: "memory:" });
    expect((await machine.run(["잊어도 돼"])).exitCode).toBe(0);
    const { stderr } = await machine.run(["--continue", "기억나?"]);
    expect(stderr).toContain("no earlier thread in this folder");
    expect(conversation()).toEqual(["user: 기억나?"]);
  });
});

describe("chingu threads", () => {
  let machine: Machine;
  let ids: string[];
  beforeAll(async () => {
    machine = await newMachine();
    ids = [];
    for (const word of ["첫째", "둘째", "셋째"]) {
      ids.unshift(idOf((await machine.run([word, "--output", "json"])).stdout));
    }
  });
  afterAll(() => machine[Symbol.asyncDispose]());

  test("list shows the newest first, one line each", async () => {
    const { stdout, stderr, exitCode } = await machine.run(["threads", "list"]);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    const lines = stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual(
      ["셋째", "둘째", "첫째"].map((title, index) => [
        ids[index],
        expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d$/),
        "2",
        title,
      ]),
    );
  });

  test("list pages with --limit and --cursor until nothing is left", async () => {
    const first = await machine.run(["threads", "list", "--limit", "2", "--output", "json"]);
    expect(JSON.parse(first.stdout).map(({ id }: { id: string }) => id)).toEqual(ids.slice(0, 2));
    const cursor = /more: chingu threads list --cursor (\S+)/.exec(first.stderr)?.[1] ?? "";
    const second = await machine.run(["threads", "list", "--limit", "2", "--cursor", cursor, "--output", "jsonl"]);
    expect(
      second.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).id),
    ).toEqual(ids.slice(2));
    expect(second.stderr).toBe("");
  });

  test("list refuses a cursor it did not give", async () => {
    const { stdout, stderr, exitCode } = await machine.run(["threads", "list", "--cursor", "!!"]);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    expect(stderr).toMatch(/^error: .*cursor/i);
  });

  test("list --here leaves out the threads of other folders", async () => {
    const { stdout, exitCode } = await machine.run(["threads", "list", "--here"], { folder: machine.home });
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 0 });
    expect((await machine.run(["threads", "list", "--here"])).stdout.trimEnd().split("\n")).toHaveLength(3);
  });

  test("show prints the messages for a person", async () => {
    const { stdout, exitCode } = await machine.run(["threads", "show", ids[0] ?? ""]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^── 1 · user · \d{4}-\d\d-\d\d \d\d:\d\d\n셋째\n\n── 2 · assistant · [^\n]+\n답 \d+\n\n$/);
  });

  test("show takes the end of an id, and gives JSON and JSONL for a program", async () => {
    const id = ids[1] ?? "";
    const json = JSON.parse((await machine.run(["threads", "show", id.slice(-8), "--output", "json"])).stdout);
    expect(json.thread).toMatchObject({ id, title: "둘째", folder: machine.folder, seq: 2 });
    const lines = (await machine.run(["threads", "show", id, "--output", "jsonl"])).stdout.trimEnd().split("\n");
    expect(lines.map((line) => messageSchema.parse(JSON.parse(line)))).toEqual(json.messages);
    expect(json.messages.map(({ role }: { role: string }) => role)).toEqual(["user", "assistant"]);
  });

  test("flags may stand before the command's name as well", async () => {
    const { stdout } = await machine.run(["--output", "json", "threads", "list", "--limit", "1"]);
    expect(JSON.parse(stdout)).toMatchObject([{ id: ids[0] }]);
  });

  test("a home where nobody spoke yet lists nothing and says so on stderr", async () => {
    await using empty = await newMachine();
    expect(await empty.run(["threads", "list"])).toMatchObject({ stdout: "", stderr: "no threads yet\n", exitCode: 0 });
    expect((await empty.run(["threads", "list", "--output", "json"])).stdout).toBe("[]\n");
  });
});
