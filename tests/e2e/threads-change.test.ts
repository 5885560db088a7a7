import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
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

/** Says each in one thread and gives its id. */
async function say(machine: Machine, ...words: readonly string[]): Promise<string> {
  let id = "";
  for (const word of words) {
    const thread = id === "" ? [] : ["--thread", id];
    id = JSON.parse((await machine.run([...thread, word, "--output", "json"])).stdout).threadId;
  }
  return id;
}

/** What the user said in the newest request. */
const heard = () =>
  model.requests
    .at(-1)
    ?.body.messages.filter(({ role }: { role: string }) => role === "user")
    .map(({ content }: { content: string }) => content);

const idsOf = async (machine: Machine): Promise<string[]> =>
  JSON.parse((await machine.run(["threads", "list", "--output", "json"])).stdout).map(({ id }: { id: string }) => id);

describe.each([
  { name: "SQLite", env: () => ({}) },
  { name: "Redis", env: () => ({ CHINGU_MEMORY_URL: redis.url }) },
])("chingu threads with $name", ({ env }) => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await newMachine(env());
  });
  afterAll(() => machine[Symbol.asyncDispose]());

  test("rewind takes back the last turn: the model no longer sees it, the log still shows it", async () => {
    const id = await say(machine, "하나", "둘", "셋");
    const { stdout, exitCode } = await machine.run(["threads", "rewind", id]);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(`${id} goes on behind row 4; 2 later messages are kept, but no longer part of it\n`);
    await machine.run(["--thread", id, "넷"]);
    expect(heard()).toEqual(["하나", "둘", "넷"]);
    const shown = (await machine.run(["threads", "show", id])).stdout;
    expect(shown).toMatch(/── 5 · user \(rewound\)[^\n]*\n셋\n/);
    expect(shown).toMatch(/── 7 · rewound to 4/);
  });

  test("rewind goes back several turns, behind a row, or to the start, and says when there is nothing", async () => {
    const id = await say(machine, "하나", "둘", "셋");
    await machine.run(["threads", "rewind", id, "--turns", "2"]);
    await machine.run(["--thread", id, "다시"]);
    expect(heard()).toEqual(["하나", "다시"]);
    await machine.run(["threads", "rewind", id, "--to", "0"]);
    await machine.run(["--thread", id, "처음부터"]);
    expect(heard()).toEqual(["처음부터"]);
    const nothing = await machine.run(["threads", "rewind", id, "--to", "99"]);
    expect(nothing).toMatchObject({ stdout: "", exitCode: 2 });
    expect(nothing.stderr).toContain("there is nothing to rewind");
  });

  test("a fork goes on alone from a row, and both stay whole", async () => {
    const id = await say(machine, "하나", "둘");
    const { stdout, stderr } = await machine.run(["threads", "fork", id, "--at", "2"]);
    const fork = stdout.trim();
    expect(stderr).toBe(`${fork} goes on from row 2 of ${id}\n`);
    await machine.run(["--thread", fork, "갈림길"]);
    expect(heard()).toEqual(["하나", "갈림길"]);
    await machine.run(["--thread", id, "셋"]);
    expect(heard()).toEqual(["하나", "둘", "셋"]);
    const outside = await machine.run(["threads", "fork", id, "--at", "77"]);
    expect(outside).toMatchObject({ stdout: "", exitCode: 2 });
    expect(outside.stderr).toContain("has no row 77");
  });

  test("rename changes the title in lists; an empty one gives back the first message's", async () => {
    const id = await say(machine, "이름 없는 대화");
    expect((await machine.run(["threads", "rename", id, "여행", "계획"])).stdout).toBe(
      `${id} is now called "여행 계획"\n`,
    );
    expect((await machine.run(["threads", "list"])).stdout).toContain("여행 계획");
    await machine.run(["threads", "rename", id, ""]);
    expect((await machine.run(["threads", "list"])).stdout).toContain("이름 없는 대화");
  });

  test("behind -- a command's arguments may begin with a dash, and are never sent to a model", async () => {
    const id = await say(machine, "비밀 낱말");
    const asked = model.requests.length;
    expect((await machine.run(["search", "--", "-비밀"])).stdout).toContain(id);
    expect((await machine.run(["threads", "rename", "--", id, "-5도"])).exitCode).toBe(0);
    expect((await machine.run(["-q", "threads", "delete", "--yes", "--", id])).stdout).toBe(`${id}\n`);
    expect(model.requests.length).toBe(asked);
  });

  test("flags that every command takes may stand before the name of a command of threads", async () => {
    await say(machine, "깃발");
    const { stdout, exitCode } = await machine.run(["threads", "--output", "json", "-q", "list", "--limit", "1"]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toHaveLength(1);
    const most = await machine.run(["threads", "list", "--limit", String(Number.MAX_SAFE_INTEGER)]);
    expect(most).toMatchObject({ stdout: expect.stringContaining("깃발"), exitCode: 0 });
  });

  test("show --at opens the rows around a message", async () => {
    const id = await say(machine, "하나", "둘", "셋", "넷", "다섯");
    const { stdout } = await machine.run(["threads", "show", id, "--at", "9"]);
    expect(stdout).not.toContain("둘");
    expect(stdout).toContain("── 9 · user");
    expect(await machine.run(["threads", "show", id, "--at", "99"])).toMatchObject({ stdout: "", exitCode: 2 });
  });

  test("delete asks, and without a terminal or --yes deletes nothing", async () => {
    const id = await say(machine, "지우지 마");
    const refused = await machine.run(["threads", "delete", id]);
    expect(refused).toMatchObject({ stdout: "", exitCode: 2 });
    expect(refused.stderr).toContain("--yes deletes without asking");
    expect(await idsOf(machine)).toContain(id);
  });

  test("delete names the forks that share the words, and takes them along with --with-forks", async () => {
    const id = await say(machine, "나누어 가진 말");
    const fork = (await machine.run(["threads", "fork", id])).stdout.trim();
    const forkOfFork = (await machine.run(["threads", "fork", fork])).stdout.trim();
    const first = await machine.run(["threads", "delete", id, "--yes"]);
    expect(first.stderr).toContain(fork);
    expect(first.stdout).toBe(`${id}\n`);
    expect(await idsOf(machine)).toEqual(expect.arrayContaining([fork, forkOfFork]));
    await machine.run(["--thread", forkOfFork, "그래도"]);
    expect(heard()).toEqual(["나누어 가진 말", "그래도"]);
    await machine.run(["threads", "delete", fork, "--with-forks", "--yes"]);
    const left = await idsOf(machine);
    for (const gone of [id, fork, forkOfFork]) expect(left).not.toContain(gone);
  });

  test("what was exported can be imported elsewhere, and importing it again adds nothing", async () => {
    const id = await say(machine, "가지고 갈 말", "또 하나");
    await machine.run(["threads", "rewind", id]);
    const { stdout: lines } = await machine.run(["threads", "export", id]);
    await using other = await newMachine();
    const file = await other.write("project/threads.jsonl", lines);
    const first = await other.run(["threads", "import", file]);
    expect(first.stdout).toBe(`${id}  5 rows  가지고 갈 말\n`);
    expect((await other.run(["threads", "import", file])).stdout).toBe(`${id}  here already  가지고 갈 말\n`);
    await other.run(["--thread", id, "이어서"]);
    expect(heard()).toEqual(["가지고 갈 말", "이어서"]);
    const again = (await other.run(["threads", "export", id])).stdout.split("\n").slice(1, 6).join("\n");
    expect(again.replaceAll(',"from":"import"', "")).toBe(lines.split("\n").slice(1, 6).join("\n"));
  });
});

describe("chingu threads import", () => {
  test("leaves a conversation as old as it was, with where it was forked from, and not this folder's newest", async () => {
    await using machine = await newMachine();
    const id = await say(machine, "어미 말");
    const fork = (await machine.run(["threads", "fork", id])).stdout.trim();
    const lines = (await machine.run(["threads", "export", fork])).stdout;
    await machine.run(["threads", "delete", fork, "--yes"]);
    const newest = await say(machine, "새 말");
    const file = await machine.write("project/fork.jsonl", lines);
    expect((await machine.run(["threads", "import", file])).exitCode).toBe(0);
    expect((await idsOf(machine))[0]).toBe(newest);
    await machine.run(["--continue", "이어서"]);
    expect(heard()).toEqual(["새 말", "이어서"]);
    const again = (await machine.run(["threads", "export", fork])).stdout;
    const withoutOrigin = again.replaceAll(',"from":"import"', "");
    expect(withoutOrigin).toBe(lines);
    expect(JSON.parse(again.split("\n")[0] ?? "")).toMatchObject({ parent: { id, seq: 2 } });
    expect((await machine.run(["search", "어미"])).stdout).toContain(fork);
  });

  test("marks the words of users as words from a file", async () => {
    await using machine = await newMachine();
    const id = await say(machine, "제 말");
    const lines = (await machine.run(["threads", "export", id])).stdout;
    await using other = await newMachine();
    const file = await other.write("project/threads.jsonl", lines);
    await other.run(["threads", "import", file]);
    const [, user, assistant] = (await other.run(["threads", "export", id])).stdout.split("\n");
    expect(JSON.parse(user ?? "").item.parts).toEqual([{ type: "text", text: "제 말", from: "import" }]);
    expect(assistant).not.toContain('"from"');
  });

  test("says which row the file misses, keeps those before it, and goes on with the whole file", async () => {
    await using machine = await newMachine();
    const id = await say(machine, "하나", "둘");
    const lines = (await machine.run(["threads", "export", id])).stdout.trimEnd().split("\n");
    await using other = await newMachine();
    const file = await other.write("project/gap.jsonl", lines.toSpliced(3, 1).join("\n"));
    const { stdout, stderr, exitCode } = await other.run(["threads", "import", file]);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    expect(stderr).toContain(`line 4: the file misses row 3 of the thread ${id}`);
    const whole = await other.write("project/whole.jsonl", lines.join("\n"));
    expect((await other.run(["threads", "import", whole])).stdout).toBe(`${id}  2 rows  하나\n`);
  });

  test("refuses rows of the same ids that say something else", async () => {
    await using machine = await newMachine();
    const id = await say(machine, "원래 말");
    const lines = (await machine.run(["threads", "export", id])).stdout;
    const file = await machine.write("project/other.jsonl", lines.replaceAll('"text":"원래 말"', '"text":"다른 말"'));
    const refused = await machine.run(["threads", "import", file]);
    expect(refused).toMatchObject({ stdout: "", exitCode: 2 });
    expect(refused.stderr).toContain("says something else");
    const same = await machine.write("project/same.jsonl", lines);
    expect((await machine.run(["threads", "import", same])).stdout).toContain("here already");
  });

  test("says that a thread, or the whole file, is empty", async () => {
    await using machine = await newMachine();
    const id = await say(machine, "하나");
    const lines = (await machine.run(["threads", "export", id])).stdout.split("\n");
    await using other = await newMachine();
    const bare = await other.write("project/bare.jsonl", `${lines[0]}\n`);
    expect((await other.run(["threads", "import", bare])).stdout).toBe(`${id}  empty, nothing to import  하나\n`);
    const short = await other.write("project/short.jsonl", lines.slice(0, 2).join("\n"));
    expect((await other.run(["threads", "import", short])).stdout).toBe(`${id}  1 row  하나\n`);
    const none = await other.run(["threads", "import", await other.write("project/none.jsonl", "\n")]);
    expect(none).toMatchObject({ stdout: "", exitCode: 2 });
    expect(none.stderr).toContain("the file holds no thread");
  });

  test("refuses a thread whose id another conversation has, and takes it with --as-new", async () => {
    await using machine = await newMachine();
    const id = await say(machine, "원래 대화");
    const lines = (await machine.run(["threads", "export", id])).stdout;
    const other = lines.replaceAll(/"id":"([0-9A-Z]{26})","turnId"/g, '"id":"X$1","turnId"');
    const file = await machine.write("project/other.jsonl", other);
    const refused = await machine.run(["threads", "import", file]);
    expect(refused).toMatchObject({ stdout: "", exitCode: 2 });
    expect(refused.stderr).toContain("--as-new");
    const taken = await machine.run(["threads", "import", file, "--as-new"]);
    expect(taken.exitCode).toBe(0);
    expect(await idsOf(machine)).toHaveLength(2);
  });

  test("names the line that cannot be read, keeps what came before, and goes on once it is mended", async () => {
    await using machine = await newMachine();
    const ids = [await say(machine, "첫째"), await say(machine, "둘째")];
    const lines = (await machine.run(["threads", "export", "--all"])).stdout.trimEnd().split("\n");
    await using other = await newMachine();
    const broken = await other.write(
      "project/broken.jsonl",
      [...lines.slice(0, 4), "{oops", ...lines.slice(5)].join("\n"),
    );
    const failed = await other.run(["threads", "import", broken]);
    expect(failed.exitCode).toBe(2);
    expect(failed.stderr).toContain("line 5");
    const whole = await other.write("project/whole.jsonl", lines.join("\n"));
    expect((await other.run(["threads", "import", whole])).exitCode).toBe(0);
    expect((await idsOf(other)).toSorted()).toEqual(ids.toSorted());
  });

  test("says that a file is not there", async () => {
    await using machine = await newMachine();
    const { stdout, stderr, exitCode } = await machine.run(["threads", "import", "nowhere.jsonl"]);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    expect(stderr).toContain("nowhere.jsonl cannot be read");
  });
});

describe("chingu threads export", () => {
  test("writes Markdown for people, to a file of the owner's alone", async () => {
    await using machine = await newMachine();
    const id = await say(machine, "# 제목처럼 생긴 말");
    const { exitCode } = await machine.run(["threads", "export", id, "--format", "markdown", "--to", "talk.md"]);
    expect(exitCode).toBe(0);
    const page = await readFile(join(machine.folder, "talk.md"), "utf8");
    expect(page).toMatch(/^# # 제목처럼 생긴 말\n/);
    expect(page).toMatch(/## assistant · [^\n]+\n\n답 \d+\n/);
    expect(await readdir(machine.folder)).toEqual(["talk.md"]);
  });

  test("wants to know which threads, and a folder it can write to", async () => {
    await using machine = await newMachine();
    await say(machine, "말");
    expect(await machine.run(["threads", "export"])).toMatchObject({ stdout: "", exitCode: 2 });
    const nowhere = await machine.run(["threads", "export", "--all", "--to", "no/such/folder.jsonl"]);
    expect(nowhere).toMatchObject({ stdout: "", exitCode: 2 });
    expect(nowhere.stderr).toContain("--to");
  });
});
