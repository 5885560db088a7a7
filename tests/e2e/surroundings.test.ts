import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshMachine, type Machine } from "../kit/cli.ts";
import { type ModelServer, startModelServer, text, toolCall } from "../kit/model-server.ts";

let model: ModelServer;
let machine: Machine;
beforeAll(async () => {
  model = await startModelServer((_, index) => text(`답 ${index}`));
  machine = await freshMachine({ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "test-model" });
});
afterAll(async () => {
  await machine[Symbol.asyncDispose]();
  await model.close();
});

describe("the environment", () => {
  test("an empty variable counts as unset", async () => {
    const { stdout, stderr, exitCode } = await machine.run(["threads", "list", "--output", "json"], {
      env: { CHINGU_MEMORY_URL: "", CHINGU_LANG: "", XDG_DATA_HOME: "", NO_COLOR: "" },
    });
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: "[]\n", stderr: "", exitCode: 0 });
    const unset = await machine.run(["네?"], { env: { OPENAI_API_KEY: "", CHINGU_MODEL: " ", CHINGU_MEMORY_URL: "" } });
    expect(unset.exitCode).toBe(0);
    expect(unset.stderr).toContain(`model: test-model at ${model.baseURL} (OPENAI_BASE_URL)`);
    expect(model.requests.at(-1)?.headers["authorization"]).toBeUndefined();
  });

  test.each([
    [{ CHINGU_LANG: "ko" }, "오류: 질문이 없습니다"],
    [{ LANG: "ko_KR.UTF-8" }, "오류: "],
    [{ LANG: "ko_KR.UTF-8", CHINGU_LANG: "en" }, "error: there is no question"],
    [{ LANG: "C" }, "error: there is no question"],
  ])("%j speaks the language it names", async (env, words) => {
    const { stderr, exitCode } = await machine.run(["-p"], { env });
    expect(stderr).toContain(words.split(" ")[0]);
    expect(exitCode).toBe(2);
  });

  test("CHINGU_LANG=ko: what is said to a person is Korean, keys and codes stay", async () => {
    const env = { CHINGU_LANG: "ko" };
    const { stderr } = await machine.run(["--continue", "이어서"], { env, folder: machine.home });
    expect(stderr).toContain("이 폴더에 이어 갈 대화가 없어 새로 시작합니다");
    const result = await machine.run(["네?", "--output", "json"], {
      env: { ...env, OPENAI_BASE_URL: "http://127.0.0.1:9/v1" },
    });
    expect(JSON.parse(result.stdout).error.code).toBe("model_unavailable");
    expect(result.stderr).toContain("오류: ");
  });

  test("the user's language setting counts where no variable says otherwise", async () => {
    await using own = await freshMachine({ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "test-model" });
    await own.write("home/.config/chingu/config.yaml", "language: ko\n");
    expect((await own.run(["--continue", "이어서"])).stderr).toContain("새로 시작합니다");
  });

  test("nothing is coloured where the output is no terminal, NO_COLOR or not", async () => {
    for (const env of [{}, { NO_COLOR: "1" }, { TERM: "dumb" }, { FORCE_COLOR: "1" }]) {
      const { stdout, stderr } = await machine.run(["네?"], { env });
      expect(stdout + stderr).not.toContain("\u001b");
    }
  });

  test("the model named on the command line beats the environment, which beats the file", async () => {
    await using own = await freshMachine({ OPENAI_BASE_URL: model.baseURL });
    await own.write("home/.config/chingu/config.yaml", "model: from-file\n");
    const used = async (args: readonly string[], env: Record<string, string>) => {
      await own.run(["네?", ...args], { env });
      return model.requests.at(-1)?.body.model;
    };
    expect(await used([], {})).toBe("from-file");
    expect(await used([], { CHINGU_MODEL: "from-environment" })).toBe("from-environment");
    expect(await used(["--model", "from-flag"], { CHINGU_MODEL: "from-environment" })).toBe("from-flag");
  });

  test("--system and the file's system text follow Chingu's own instructions", async () => {
    await using own = await freshMachine({ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "m" });
    await own.write("home/.config/chingu/config.yaml", "system: 반말로 답해 줘.\n");
    await own.run(["네?", "--system", "세 낱말로."]);
    const [system] = model.requests.at(-1)?.body.messages ?? [];
    expect(system).toMatchObject({
      role: "system",
      content: expect.stringMatching(/^You are Chingu[\s\S]*\n\n반말로 답해 줘\.\n\n세 낱말로\.$/),
    });
  });
});

describe("in a terminal", () => {
  test("chingu without words talks: question, answer, /quit, and the thread is kept", async () => {
    await using own = await freshMachine({ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "test-model" });
    const terminal = own.open([]);
    try {
      await terminal.until("/help");
      terminal.send("한글로 물어봅니다\r");
      await terminal.until(/답 \d+/);
      terminal.send("/quit\r");
      expect((await terminal.exited).exitCode).toBe(0);
    } finally {
      terminal.close();
    }
    expect(model.requests.at(-1)?.body.messages.at(-1)).toEqual({ role: "user", content: "한글로 물어봅니다" });
    expect((await own.run(["threads", "list"])).stdout).toContain("한글로 물어봅니다");
    // The prompt is a row of its own again for the shell.
    expect(terminal.cursor().x).toBe(0);
  });

  test("a foreign tool is asked about, with its exact arguments, and runs after a yes", async () => {
    await using script = await startModelServer([toolCall("echo__echo", { text: "안녕" }), text("메아리였습니다.")]);
    await using own = await freshMachine({ OPENAI_BASE_URL: script.baseURL, CHINGU_MODEL: "test-model" });
    const echo = new URL("../kit/echo-server.ts", import.meta.url).pathname;
    const servers = { mcpServers: { echo: { command: process.execPath, args: [echo] } } };
    await own.write("home/.config/chingu/mcp.json", JSON.stringify(servers));
    const terminal = own.open([]);
    try {
      await terminal.until("/help");
      terminal.send("메아리를 불러 줘\r");
      await terminal.until(/echo__echo[\s\S]*안녕[\s\S]*y = yes/);
      terminal.send("y");
      await terminal.until("메아리였습니다.");
      terminal.send("/quit\r");
      await terminal.exited;
    } finally {
      terminal.close();
    }
    expect(script.requests[1]?.body.messages.at(-1)).toMatchObject({ role: "tool", content: "안녕" });
  });

  test("one question on a terminal is answered as it comes, without a screen", async () => {
    const terminal = machine.open(["서울은?"]);
    try {
      expect((await terminal.exited).exitCode).toBe(0);
      expect(terminal.everything().join("\n")).toMatch(/^model: test-model at .*\n답 \d+\n/);
    } finally {
      terminal.close();
    }
  });

  test("TERM=dumb gets a line a question and no control sequence", async () => {
    await using own = await freshMachine({ OPENAI_BASE_URL: model.baseURL, CHINGU_MODEL: "test-model", TERM: "dumb" });
    const terminal = own.open([]);
    try {
      await terminal.until(/^>$/m);
      terminal.send("서울은?\r");
      await terminal.until(/답 \d+/);
      terminal.send("\u0004");
      expect((await terminal.exited).exitCode).toBe(0);
      expect(terminal.bytes()).not.toContain("\u001b");
    } finally {
      terminal.close();
    }
  });
});
