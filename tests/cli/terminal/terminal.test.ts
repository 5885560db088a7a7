import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { bundleScript, openTerminal, type TerminalUnderTest } from "../../kit/terminal.ts";

let script: Awaited<ReturnType<typeof bundleScript>>;
let open: TerminalUnderTest[] = [];

beforeAll(async () => {
  script = await bundleScript(new URL("harness.ts", import.meta.url).pathname);
});
afterAll(() => script.remove());
afterEach(() => {
  for (const terminal of open) terminal.close();
  open = [];
});

/** The scripted assistant, at its prompt; the shell around it says afterwards what state the terminal is in. */
async function start(
  scenario: string,
  options: { columns?: number; rows?: number; flags?: readonly string[] } = {},
): Promise<TerminalUnderTest> {
  const { columns = 80, rows = 24, flags = [] } = options;
  const terminal = openTerminal({
    command: "sh",
    args: [
      "-c",
      'trap "" HUP TERM; "$0" "$@"; echo "exit $?"; stty -a',
      process.execPath,
      script.path,
      scenario,
      ...flags,
    ],
    columns,
    rows,
  });
  open.push(terminal);
  await terminal.until(() => terminal.cursor().row.startsWith(">") && terminal.cursor().visible);
  return terminal;
}

const rowsWith = (terminal: TerminalUnderTest, text: string) =>
  terminal.everything().filter((row) => row.includes(text));

test("a question typed with its Enter in one read is sent and answered", async () => {
  const terminal = await start("echo");
  terminal.send("안녕\r");
  await terminal.until('got "안녕" with 2 characters');
  expect(rowsWith(terminal, "> 안녕")).toHaveLength(1);
  await terminal.until(() => terminal.cursor().row === ">");
});

test("the cursor stands behind what was typed, where an input method composes", async () => {
  const terminal = await start("echo");
  terminal.send("안녕하세요 세계");
  await terminal.until("> 안녕하세요 세계");
  await terminal.until(() => terminal.cursor().x === 17);
  expect(terminal.cursor()).toMatchObject({ row: "> 안녕하세요 세계", visible: true });
  terminal.send("\u001b[D\u001b[D");
  await terminal.until(() => terminal.cursor().x === 13);
});

test("backspace removes one syllable", async () => {
  const terminal = await start("echo");
  terminal.send(`가${"각".normalize("NFD")}`);
  await terminal.until(() => terminal.cursor().x === 6);
  terminal.send("\u007f");
  await terminal.until(() => terminal.cursor().x === 4);
  terminal.send("!\r");
  await terminal.until('got "가!" with 2 characters');
});

test("text in decomposed jamo is sent composed", async () => {
  const terminal = await start("echo");
  terminal.send("한글".normalize("NFD"));
  await terminal.until(() => terminal.cursor().x === 6);
  terminal.send("\r");
  await terminal.until('got "한글" with 2 characters');
});

test("a marked paste does not send, and its escapes do nothing", async () => {
  const terminal = await start("echo");
  terminal.send("\u001b[200~first\r\n\u001b[2Jsecond\r\u001b[201~");
  await terminal.until("  second");
  expect(rowsWith(terminal, "got")).toEqual([]);
  expect(rowsWith(terminal, "Chingu 0.1.0")).toHaveLength(1);
  terminal.send("\r");
  await terminal.until('got "first\\nsecond" with 12 characters');
});

test("an answer longer than the screen stands in the scrollback once, row for row", async () => {
  const terminal = await start("long", { columns: 60, rows: 12 });
  terminal.send("go\r");
  await terminal.until(() => rowsWith(terminal, "끝-60").length > 0 && terminal.cursor().row === ">");
  expect(rowsWith(terminal, "-begins")).toEqual(
    Array.from({ length: 60 }, (_, index) => `line-${index + 1}-begins 그리고 이어서 끝-${index + 1}`),
  );
  expect(rowsWith(terminal, "Esc to stop")).toEqual([]);
});

test("while an answer streams, typing is echoed at the cursor and Enter queues it", async () => {
  const terminal = await start("endless");
  terminal.send("go\r");
  await terminal.until("line-3-begins");
  terminal.send("다음 질문");
  await terminal.until(() => terminal.cursor().row === "> 다음 질문" && terminal.cursor().x === 11);
  terminal.send("\r");
  await terminal.until("next: 다음 질문");
  expect(terminal.cursor().row).toBe(">");
});

test("a queued text goes out when the turn before it has ended", async () => {
  const terminal = await start("slow");
  terminal.send("wait\r");
  await terminal.until("Esc to stop");
  terminal.send("second\r");
  await terminal.until("answered wait");
  await terminal.until("answered second");
});

test.each([
  ["Esc", "\u001b"],
  ["Ctrl-C", "\u0003"],
  ["Ctrl-C on a Korean keyboard", "\u001b[12618;5u"],
])("%s stops a running turn, and a queued text comes back to the input", async (_name, key) => {
  const terminal = await start("endless");
  terminal.send("go\r");
  await terminal.until("line-2-begins");
  terminal.send("later\r");
  await terminal.until("next: later");
  terminal.send(key);
  await terminal.until("Stopped.");
  await terminal.until(() => terminal.cursor().row === "> later");
});

test("Ctrl-C clears what was typed; two on an empty input leave, with the terminal as it was", async () => {
  const terminal = await start("echo");
  terminal.send("some text");
  await terminal.until("> some text");
  terminal.send("\u0003");
  await terminal.until(() => terminal.cursor().row === ">");
  terminal.send("\u0003");
  await terminal.until("Press Ctrl-C again to quit");
  terminal.send("\u0003");
  await terminal.until("left: quit 0");
  await terminal.until("exit 0");
  await terminal.exited;
  await terminal.until(/(?<!-)icanon/);
  expect(terminal.bytes()).toContain("\u001b[?2004l");
  expect(terminal.cursor().visible).toBe(true);
  expect(rowsWith(terminal, "again to quit")).toEqual([]);
});

test("Ctrl-D on an empty input leaves, also while a turn runs", async () => {
  const idle = await start("echo");
  idle.send("\u0004");
  await idle.until("left: quit 0");
  const busy = await start("endless");
  busy.send("go\r");
  await busy.until("line-2-begins");
  busy.send("\u0004");
  await busy.until("Stopped.");
  await busy.until("left: quit 0");
});

test.each([
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("%s stops the turn and puts the terminal back", async (signal, exitCode) => {
  const terminal = await start("endless");
  terminal.send("go\r");
  await terminal.until("line-2-begins");
  // The shell around it ignores the signal, its child does not.
  process.kill(-terminal.pid, signal);
  await terminal.until(`left: signal ${exitCode}`);
  await terminal.exited;
  await terminal.until(/(?<!-)icanon/);
  expect(terminal.bytes()).toContain("\u001b[?2004l");
  expect(terminal.cursor().visible).toBe(true);
});

test("hostile text from a model, a tool or an error leaves no control character but ours", async () => {
  const terminal = await start("inject", { flags: ["--no-color"] });
  const before = terminal.bytes().length;
  terminal.send("go\r");
  await terminal.until("hint");
  await terminal.until(() => terminal.cursor().row === ">");
  const written = terminal.bytes().slice(before);
  // What ink writes: cursor moves, erases, its visibility, synchronised output. Nothing else may remain.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences are what is looked for
  const ours = /\u001b\[(?:\d*[ABCDEGKJ]|\d+;\d+H|\?25[hl]|\?2026[hl])/g;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  expect(written.replace(ours, "")).not.toMatch(/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u202e]/);
  expect(written).not.toContain("\u001b[2J");
});

test("without colour no style is written", async () => {
  const terminal = await start("tools", { flags: ["--no-color"] });
  terminal.send("go\r");
  await terminal.until("receipts: r1 run_python → 255 (/why)");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a style is a control sequence
  expect(terminal.bytes()).not.toMatch(/\u001b\[[\d;]*m/);
});

test("a tool call, its result cut to five rows, the receipts and the numbers without one are shown", async () => {
  const terminal = await start("tools");
  terminal.send("사과\r");
  await terminal.until("receipts: r1 run_python → 255 (/why)");
  const shown = terminal.everything().join("\n");
  expect(shown).toContain("* run_python boxes = 17 * 24 ...\n  255\n  1\n  2\n  3\n  4\n  ... 3 more lines\n");
  expect(shown).toContain("≈ 12,345:");
  terminal.send("/why\r");
  await terminal.until("    print(boxes * 5 // 8)");
});

test("an approval shows the exact call with hidden characters visible; y allows it", async () => {
  const terminal = await start("approval");
  terminal.send("go\r");
  await terminal.until("Allow it?");
  expect(rowsWith(terminal, "a␛[2J<U+202E>txt")).toHaveLength(1);
  terminal.send("y");
  await terminal.until("verdict: true");
});

test.each([
  ["n", "n"],
  ["Enter", "\r"],
  ["Esc", "\u001b"],
  ["ㅜ, the n of a Korean keyboard", "ㅜ"],
])("%s denies an approval, and the turn goes on", async (_name, key) => {
  const terminal = await start("approval");
  terminal.send("go\r");
  await terminal.until("Allow it?");
  terminal.send(key);
  await terminal.until("verdict: false");
});

test("someone who is writing when an approval appears does not answer it by accident", async () => {
  const terminal = await start("approval");
  terminal.send("go\ryes, yes");
  await terminal.until("Allow it?");
  expect(rowsWith(terminal, "verdict")).toEqual([]);
  terminal.send("n");
  await terminal.until("verdict: false");
  await terminal.until(() => terminal.cursor().row === "> yes, yes");
});

test("a withdrawn text is said to be withdrawn, and the answer follows", async () => {
  const terminal = await start("retry");
  terminal.send("go\r");
  await terminal.until("second attempt");
  const shown = terminal.everything().join("\n");
  expect(shown).toContain("! the stream broke\nThe text above is withdrawn: the answer starts again.\n");
  expect(shown).not.toContain("is cut he");
});

test("a turn that fails says what happened and what to do; one that breaks leaves the prompt usable", async () => {
  const failed = await start("fail");
  failed.send("go\r");
  await failed.until("No answer.\nNo model answered.\nStart one.");
  const broken = await start("broken");
  broken.send("go\r");
  await broken.until("Something in Chingu broke.");
  broken.send("/help\r");
  await broken.until("/tools");
});

test("a model that loads is one row that counts, gone when it is loaded", async () => {
  const terminal = await start("loading");
  terminal.send("go\r");
  await terminal.until(/Loading qwen2\.5-coder-1\.5b \d+%/);
  await terminal.until(() => rowsWith(terminal, "loaded").length > 0 && terminal.cursor().row === ">");
  expect(rowsWith(terminal, "Loading")).toEqual([]);
});

test("commands: given ones run, unknown and failing ones say so, also with the Korean layout on", async () => {
  const terminal = await start("echo", { flags: ["--korean"] });
  terminal.send("/색ㅊㄷ\r");
  await terminal.until("명령은 없습니다");
  terminal.send("/broken\r");
  await terminal.until("no such thing");
  terminal.send("/새ㅐㅣㄴ\r");
  await terminal.until("run_python");
  terminal.send("/ㅂㅕㅑㅅ\r");
  await terminal.until("left: quit 0");
});

test("a command that takes its time is stopped like a turn, and the prompt is there again", async () => {
  const terminal = await start("echo");
  terminal.send("/lasting\r");
  await terminal.until("Esc to stop");
  terminal.send("\u001b");
  await terminal.until("given up");
  terminal.send("go on\r");
  await terminal.until('got "go on"');
});

test("a resumed thread stands above the prompt, and its texts are in the history", async () => {
  const terminal = await start("echo", { flags: ["--history"] });
  expect(rowsWith(terminal, "> 사과는 몇 개인가요?")).toHaveLength(1);
  expect(rowsWith(terminal, "모두 408개입니다.")).toHaveLength(1);
  terminal.send("\u001b[A");
  await terminal.until(() => terminal.cursor().row === "> 사과는 몇 개인가요?");
});

test("a screen of 20 columns and 5 rows is enough to ask, read and stop", async () => {
  const terminal = await start("endless", { columns: 20, rows: 5 });
  terminal.send("go\r");
  await terminal.until("line-3-begins");
  terminal.send("typed meanwhile, and longer than a row");
  await terminal.until(() => terminal.cursor().row.trim() === "row");
  terminal.send("\u001b");
  await terminal.until("Stopped.");
  const begun = rowsWith(terminal, "-begins");
  expect(new Set(begun).size).toBe(begun.length);
});

test("after the screen became narrower and wider the input is there once, with the cursor behind it", async () => {
  const terminal = await start("echo");
  const text = "긴 입력을 여기에 씁니다 그리고 더 길게 씁니다 and then some English to fill two rows";
  terminal.send(text);
  await terminal.until("wo rows");
  for (const [columns, rows] of [
    [50, 24],
    [90, 14],
    [60, 14],
  ] as const) {
    terminal.resize(columns, rows);
    await terminal.until(() => terminal.everything().join("").replace(/\s/g, "").endsWith(text.replace(/\s/g, "")));
    expect(rowsWith(terminal, "> 긴 입력을")).toHaveLength(1);
    expect(terminal.cursor().row.endsWith("rows")).toBe(true);
  }
});

test("idle, nothing is written", async () => {
  const terminal = await start("echo");
  terminal.send("hi\r");
  await terminal.until('got "hi"');
  await terminal.until(() => terminal.cursor().row === ">");
  await new Promise((resolve) => setTimeout(resolve, 200));
  const before = terminal.bytes().length;
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(terminal.bytes().length).toBe(before);
});
