import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { freshMachine } from "../kit/cli.ts";
import { text, toolCall } from "../kit/model-replies.ts";
import { startModelServer } from "../kit/model-server.ts";
import { freePort, startRedis } from "../kit/redis.ts";

describe("a Redis that cannot be reached", () => {
  test("refuses the question by default, and says how to go on without it", async () => {
    await using model = await startModelServer([text("안녕")]);
    await using machine = await freshMachine({
      ...{ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "test-model" },
      CHINGU_MEMORY_URL: `redis://:hidden@127.0.0.1:${await freePort()}`,
    });
    const { stdout, stderr, exitCode } = await machine.run(["-p", "안녕?"]);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 5 });
    expect(stderr).toContain("cannot be reached");
    expect(stderr).toContain("CHINGU_MEMORY_FALLBACK=embedded");
    expect(stderr).not.toContain("hidden");
    expect(model.requests).toHaveLength(0);
  });

  test("with the fallback set is told in one line; the next start that reaches it has the thread", async () => {
    const server = await startRedis();
    await server.kill();
    await using model = await startModelServer([text("반가워요"), text("사과요")]);
    await using machine = await freshMachine({
      ...{ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "test-model" },
      ...{ CHINGU_MEMORY_URL: server.url, CHINGU_MEMORY_FALLBACK: "embedded" },
    });
    const away = await machine.run(["-p", "안녕?"]);
    expect(away).toMatchObject({ stdout: "반가워요\n", exitCode: 0 });
    expect(away.stderr.match(/cannot be reached/g)).toHaveLength(1);
    expect(away.stderr).toMatch(/kept in sqlite:.*unsent-\w+\.db, and earlier ones are out of sight/);
    await machine.run(["memory", "save", "차를 좋아한다"]);
    expect((await machine.run(["search", "안녕"])).stdout).toContain("안녕?");
    const indexes = () => readdirSync(join(machine.home, ".cache/chingu/index"));
    expect(indexes()).not.toEqual([]);

    const korean = await machine.run(["threads", "list"], { env: { CHINGU_LANG: "ko" } });
    expect(korean.stdout).toContain("안녕?");
    expect(korean.stderr).toContain("다시 연결될 때까지");

    await server.restart();
    const back = await machine.run(["-p", "--continue", "뭐라고 했지?"]);
    expect(back).toMatchObject({ stdout: "사과요\n", exitCode: 0 });
    expect(back.stderr).toContain("1 thread and 1 fact kept on this machine went to the store.");
    expect(JSON.stringify(model.requests.at(-1)?.body)).toContain("반가워요");
    // What is deleted in the store from now on must not live on beside it.
    expect(indexes()).toEqual([]);
    const again = await machine.run(["threads", "list", "--output", "json"]);
    expect(JSON.parse(again.stdout)).toHaveLength(1);
    expect(again.stderr).toBe("");
    expect(readdirSync(join(machine.home, ".local/share/chingu")).filter((file) => /^chingu/.test(file))).toEqual([]);
    await server.stop();
  });

  test("in the middle of a turn costs no word of it: the answer stands, and goes to the store at the next start", async () => {
    const server = await startRedis({ args: ["--appendfsync", "always"] });
    await using model = await startModelServer(async (_request, index) => {
      if (index === 0) return toolCall("calculate", { expression: "1/3 + 1/7" });
      await server.kill();
      return text("스물하나 중 열입니다.");
    });
    await using machine = await freshMachine({
      ...{ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "test-model", CHINGU_MEMORY_URL: server.url },
    });
    const { stdout, stderr, exitCode } = await machine.run(["-p", "1/3 + 1/7?"]);
    expect({ stdout, exitCode }).toEqual({ stdout: "스물하나 중 열입니다.\n", exitCode: 0 });
    expect(stderr).toMatch(/cannot be reached.*kept in sqlite:.*unsent-\w+\.db/);

    await server.restart();
    const back = await machine.run(["threads", "list", "--output", "json"]);
    expect(back.stderr).toBe("1 thread kept on this machine went to the store.\n");
    const [thread] = JSON.parse(back.stdout);
    const shown = await machine.run(["threads", "show", thread.id]);
    expect(shown.stdout).toContain("1/3 + 1/7?");
    expect(shown.stdout).toContain("스물하나 중 열입니다.");
    await server.stop();
  });

  test("a fallback that does not exist is a usage error", async () => {
    await using machine = await freshMachine({ CHINGU_MEMORY_FALLBACK: "cloud" });
    const { stderr, exitCode } = await machine.run(["threads", "list"]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/CHINGU_MEMORY_FALLBACK.*\n.*embedded or none/);
  });
});

describe("chingu doctor on a store", () => {
  test("warns of a Redis that keeps nothing on disk or evicts, and says what to run; that alone is exit 0", async () => {
    const careless = ["--appendonly", "no", "--maxmemory-policy", "allkeys-lru"];
    const server = await startRedis({ args: careless });
    await using model = await startModelServer([text("OK")]);
    await using machine = await freshMachine({
      ...{ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "test-model", CHINGU_MEMORY_URL: server.url },
    });
    const { stdout, exitCode } = await machine.run(["doctor"], { env: { CHINGU_LANG: "ko" } });
    expect(stdout).toMatch(/^warn {2}store .*디스크에 기록을 남기지 않아.*\n {20}.*CONFIG SET appendonly yes/m);
    expect(stdout).toMatch(/^warn {2}store .*maxmemory-policy.*\n {20}.*noeviction/m);
    expect(exitCode).toBe(0);
    await server.stop();
  });
});
