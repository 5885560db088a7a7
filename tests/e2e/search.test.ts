import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshMachine, type Machine } from "../kit/cli.ts";
import { type ModelServer, startModelServer, text, toolCall } from "../kit/model-server.ts";
import { startRedis, type TemporaryRedis } from "../kit/redis.ts";

let model: ModelServer;
let redis: TemporaryRedis;
beforeAll(async () => {
  const answers: Readonly<Record<string, string>> = {
    "회식은 어디가 좋을까?": "성수동 화로구이를 추천합니다.",
    "How do I debounce inside useEffect?": "Use a timer and clear it in the cleanup.",
  };
  [model, redis] = await Promise.all([
    startModelServer((request) => {
      const asked: string = request.body.messages.findLast(({ role }: { role: string }) => role === "user").content;
      if (asked.startsWith("기억") && request.body.messages.at(-1).role === "user") {
        return toolCall("memory_search", { query: "추천한 회식 장소" });
      }
      return text(answers[asked] ?? "성수동 화로구이였습니다.");
    }),
    startRedis(),
  ]);
});
afterAll(async () => {
  await Promise.all([model.close(), redis.stop()]);
});

const newMachine = (env: Record<string, string> = {}): Promise<Machine> =>
  freshMachine({ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "test-model", TZ: "Asia/Seoul", ...env });

/** Two conversations; their ids. */
async function talk(machine: Machine): Promise<{ dinner: string; hook: string }> {
  const ids: string[] = [];
  for (const question of ["회식은 어디가 좋을까?", "How do I debounce inside useEffect?"]) {
    ids.push(JSON.parse((await machine.run([question, "--output", "json"])).stdout).threadId);
  }
  return { dinner: ids[0] ?? "", hook: ids[1] ?? "" };
}

describe.each([
  ["the embedded store", () => ({})],
  ["Redis", () => ({ CHINGU_MEMORY_URL: redis.url })],
])("with %s", (_, env: () => Record<string, string>) => {
  let machine: Machine;
  let ids: Awaited<ReturnType<typeof talk>>;
  beforeAll(async () => {
    machine = await newMachine(env());
    ids = await talk(machine);
  });
  afterAll(() => machine[Symbol.asyncDispose]());

  test("search prints the passage, and the command that shows where it stands works", async () => {
    const { stdout, stderr, exitCode } = await machine.run(["search", "네가", "추천한", "회식", "장소"]);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toEqual([
      expect.stringMatching(new RegExp(`^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d  ${ids.dinner}  회식은 어디가 좋을까\\?$`)),
      "  user #1: 회식은 어디가 좋을까?",
      "  assistant #2: 성수동 화로구이를 추천합니다.",
      `  chingu threads show ${ids.dinner} --at 2`,
    ]);
    const shown = await machine.run(lines.at(-1)?.trim().split(" ").slice(1) ?? []);
    expect(shown.stdout).toContain("성수동 화로구이를 추천합니다.");
  });

  test("a program gets JSON and JSONL with the same finds", async () => {
    const [json, jsonl] = await Promise.all(
      ["json", "jsonl"].map((form) => machine.run(["search", "debounce", "--output", form])),
    );
    const found = JSON.parse(json?.stdout ?? "");
    expect(found).toMatchObject([
      {
        thread: ids.hook,
        title: "How do I debounce inside useEffect?",
        folder: machine.folder,
        best: 1,
        messages: [
          { seq: 1, role: "user", text: "How do I debounce inside useEffect?", matches: [{ start: 9, end: 17 }] },
          { seq: 2, role: "assistant" },
        ],
        open: `chingu threads show ${ids.hook} --at 1`,
      },
    ]);
    expect(
      jsonl?.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual(found);
  });

  test("a deleted thread is found no more, and its words are in no file of the cache", async () => {
    const words = "수박화채레시피";
    const { stdout } = await machine.run([words, "--output", "json"]);
    expect((await machine.run(["search", words])).stdout).toContain(words);
    await machine.run(["threads", "delete", JSON.parse(stdout).threadId, "--yes"]);
    expect((await machine.run(["search", words])).stdout).toBe("");
    const folder = join(machine.home, ".cache/chingu/index");
    for (const name of await readdir(folder)) {
      expect((await readFile(join(folder, name))).includes("화채")).toBe(false);
    }
  });
});

describe("chingu search", () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await newMachine();
    await talk(machine);
  });
  afterAll(() => machine[Symbol.asyncDispose]());

  test("nothing found is no failure, and is said on stderr", async () => {
    expect(await machine.run(["search", "hovercraft"])).toMatchObject({
      stdout: "",
      stderr: "nothing found\n",
      exitCode: 0,
    });
    expect((await machine.run(["search", "what was it?", "--output", "json"])).stdout).toBe("[]\n");
  });

  test("it can be narrowed to a thread, days and this folder", async () => {
    const found = async (...flags: string[]) =>
      JSON.parse((await machine.run(["search", "회식", "--output", "json", ...flags])).stdout).length;
    expect(await found("--here")).toBe(1);
    expect(await found("--after", "2020-01-01", "--before", "2100-01")).toBe(1);
    expect(await found("--before", "2020-01-01")).toBe(0);
    expect(
      JSON.parse(
        (await machine.run(["search", "회식", "--here", "--output", "json"], { folder: machine.home })).stdout,
      ),
    ).toEqual([]);
    const { stderr, exitCode } = await machine.run(["search", "회식", "--after", "soon"]);
    expect({ stderr, exitCode }).toEqual({ stderr: expect.stringContaining("YYYY-MM-DD"), exitCode: 2 });
  });

  test("a turn that finds what was said carries the receipt, and a person sees it under the answer", async () => {
    const { stdout, stderr } = await machine.run(["기억나? 추천한 회식 장소"]);
    expect(stdout).toBe("성수동 화로구이였습니다.\n");
    expect(stderr).toMatch(/^\[r1\] memory_search → .*(회식|화로구이)/m);
  });

  test("an embedding endpoint that is down leaves the search by words, and says so", async () => {
    await machine.write(
      "home/.config/chingu/config.yaml",
      "memory:\n  embeddings:\n    provider: gone\n    model: embed\nproviders:\n  gone:\n    baseURL: http://127.0.0.1:9/v1\n",
    );
    const { stdout, stderr, exitCode } = await machine.run(["search", "debounce"]);
    expect(stdout).toContain("How do I debounce");
    expect({ stderr, exitCode }).toEqual({
      stderr: expect.stringMatching(/^error: .*127\.0\.0\.1:9.*words alone/),
      exitCode: 0,
    });
  });
});

test("in the terminal /search lists finds by number, and /search N shows what stands around one", async () => {
  await using machine = await newMachine();
  await talk(machine);
  const terminal = machine.open([]);
  try {
    await terminal.until("/help");
    terminal.send("/search debounce\r");
    await terminal.until("«debounce» inside useEffect?");
    terminal.send("/search 1\r");
    await terminal.until("chingu --thread");
    expect(terminal.screen().join("\n")).toContain("Use a timer and clear it in the cleanup.");
    terminal.send("/search 9\r");
    await terminal.until("no find 9");
  } finally {
    terminal.close();
  }
});

test("deleting a thread names the threads in which its words were quoted", async () => {
  await using machine = await newMachine();
  const { dinner } = await talk(machine);
  const quoting = JSON.parse((await machine.run(["기억나는 회식 장소는?", "--output", "json"])).stdout).threadId;
  const { stderr, stdout } = await machine.run(["threads", "delete", dinner, "--yes"]);
  expect(stdout).toBe(`${dinner}\n`);
  expect(stderr).toContain(`quoted these words in other threads, where they stay: ${quoting}\n`);
});
