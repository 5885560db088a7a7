import type { AgentEvent, ToolCall, TurnResult, UnstampedEvent } from "@chingu/core/protocol";
import { noUsage } from "@chingu/core/protocol";
import {
  english,
  korean,
  runTerminal,
  type TerminalOptions,
  type TurnContext,
} from "../../../packages/cli/src/terminal/index.tsx";

/** The terminal over a scripted agent, as a program of its own: `script.js SCENARIO`. */

type Turn = (text: string, context: TurnContext) => AsyncIterable<UnstampedEvent>;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function end(fields: Partial<TurnResult>): UnstampedEvent {
  const result: TurnResult = {
    status: "completed",
    answer: "",
    value: null,
    receipts: [],
    unsupported: [],
    denied: [],
    usage: noUsage,
    cost: { usd: null, known: false },
    model: "scripted",
    steps: 1,
    threadId: "t",
    turnId: "u",
    annotations: [],
    error: null,
    ...fields,
  };
  return { type: "turn_end", reason: result.status, result };
}

const call = (name: string, input: unknown): ToolCall => ({ id: name, name, arguments: JSON.stringify(input) });

/** Streams lines until it is stopped or `count` are out. */
async function* lines(count: number, signal: AbortSignal): AsyncGenerator<UnstampedEvent> {
  for (let line = 1; line <= count && !signal.aborted; line++) {
    for (const word of [`line-${line}-begins `, "그리고 이어서 ", `끝-${line}\n`]) {
      yield { type: "text_delta", text: word };
      await pause(4);
    }
  }
}

const scenarios: Readonly<Record<string, Turn>> = {
  async *echo(text) {
    yield { type: "text_delta", text: `got ${JSON.stringify(text)} with ${[...text].length} characters` };
    yield end({});
  },
  async *long(_text, { signal }) {
    yield* lines(60, signal);
    yield end({});
  },
  async *endless(_text, { signal }) {
    yield* lines(100_000, signal);
    yield end({ status: "aborted" });
  },
  async *slow(text, { signal }) {
    if (text === "wait") for (let left = 100; left > 0 && !signal.aborted; left--) await pause(10);
    yield { type: "text_delta", text: `answered ${text}` };
    yield end(signal.aborted ? { status: "aborted" } : {});
  },
  async *tools() {
    const python = call("run_python", { code: "boxes = 17 * 24\nprint(boxes * 5 // 8)" });
    yield { type: "step_start", step: 0 };
    yield { type: "text_delta", text: "먼저 계산해 보겠습니다." };
    yield { type: "tool_call", call: python };
    yield { type: "tool_start", callId: python.id, name: python.name };
    await pause(150);
    const receipt = {
      id: "r1",
      kind: "computation",
      tool: "run_python",
      language: "python",
      program: "boxes = 17 * 24\nprint(boxes * 5 // 8)",
      value: "255",
      stdout: "255\n",
      hash: "sha256:00",
    } as const;
    yield {
      type: "tool_end",
      callId: python.id,
      name: python.name,
      outcome: { kind: "value", content: "255", display: "255\n1\n2\n3\n4\n5\n6\n7", receipt },
    };
    yield { type: "step_start", step: 1 };
    yield { type: "text_delta", text: "한 사람당 51개이고 0개가 남습니다. 약 12,345원입니다.\n\n" };
    const answer = "한 사람당 51개이고 0개가 남습니다. 약 12,345원입니다.";
    yield end({ answer, receipts: [receipt], unsupported: [{ text: "12,345", start: 24, end: 30 }] });
  },
  async *approval(_text, { approve }) {
    const shell = call("notes__delete", { path: "a\u001b[2J\u202etxt", force: true });
    yield { type: "tool_call", call: shell };
    const allowed = await approve({ call: shell, reason: "It changes files." });
    yield {
      type: "tool_end",
      callId: shell.id,
      name: shell.name,
      outcome: allowed
        ? { kind: "value", content: "deleted" }
        : { kind: "error", code: "denied", message: "the person said no" },
    };
    yield { type: "text_delta", text: `verdict: ${allowed}` };
    yield end({});
  },
  async *inject() {
    const evil = "A\u001b[31m\u001b[2J\u001b]0;title\u0007\u001b[?1049h\u009b5n\u202eB\rC\u001b[6n\bD";
    yield { type: "notice", code: "x", text: `notice ${evil}` };
    for (const character of `text ${evil}`) yield { type: "text_delta", text: character };
    const tool = { id: "1", name: `tool${evil}`, arguments: JSON.stringify({ [evil]: evil }) };
    yield { type: "tool_call", call: tool };
    yield { type: "tool_progress", callId: "1", progress: 1, total: 2, message: evil };
    await pause(150);
    yield { type: "tool_end", callId: "1", name: tool.name, outcome: { kind: "value", content: evil } };
    yield end({ status: "failed", error: { code: "x", message: `error ${evil}`, hint: `hint ${evil}` } });
  },
  async *fail() {
    yield { type: "retry", attempt: 1, delayMs: 10, error: { code: "x", message: "the server was busy" } };
    const error = { code: "model_unavailable", message: "No model answered.", hint: "Start one." };
    yield end({ status: "failed", error });
  },
  async *retry() {
    yield { type: "step_start", step: 0 };
    yield { type: "text_delta", text: "first attempt\nis cut he" };
    await pause(150);
    yield { type: "retry", attempt: 1, delayMs: 10, error: { code: "x", message: "the stream broke" } };
    yield { type: "text_delta", text: "second attempt" };
    yield end({ answer: "second attempt" });
  },
  async *loading() {
    for (let part = 0; part <= 20; part++) {
      yield { type: "notice", code: "model_loading", text: "Loading qwen2.5-coder-1.5b", progress: part / 20 };
      await pause(40);
    }
    yield { type: "text_delta", text: "loaded" };
    yield end({});
  },
  // biome-ignore lint/correctness/useYield: a turn that breaks yields nothing
  async *broken() {
    throw new Error("a bug");
  },
};

async function* stamped(events: AsyncIterable<UnstampedEvent>): AsyncGenerator<AgentEvent> {
  let seq = 0;
  for await (const event of events) {
    yield { ...event, turnId: "u", seq: seq++, at: "2026-01-01T00:00:00.000Z" };
  }
}

const scenario = scenarios[process.argv[2] ?? ""];
if (scenario === undefined) throw new Error(`No scenario ${process.argv[2]}`);

const history: TerminalOptions["history"] = process.argv.includes("--history")
  ? [
      {
        id: "1",
        turnId: "0",
        role: "user",
        parts: [{ type: "text", text: "사과는 몇 개인가요?" }],
        at: "",
        state: "complete",
      },
      {
        id: "2",
        turnId: "0",
        role: "assistant",
        parts: [{ type: "text", text: "모두 408개입니다." }],
        at: "",
        state: "complete",
      },
    ]
  : [];

const { reason, exitCode } = await runTerminal({
  stdin: process.stdin,
  stdout: process.stdout,
  banner: ["Chingu 0.1.0  model: scripted", "/help lists the commands"],
  history,
  runTurn: (text, context) => stamped(scenario(text, context)),
  commands: [
    { name: "tools", description: "the tools", run: async () => ({ text: "calculate\nrun_python" }) },
    {
      name: "lasting",
      description: "takes its time",
      run: (_argument, { signal }) =>
        new Promise((resolve) => signal.addEventListener("abort", () => resolve({ text: "given up" }))),
    },
    {
      name: "broken",
      description: "fails",
      run: async () => {
        throw new Error("no such thing");
      },
    },
  ],
  labels: process.argv.includes("--korean") ? korean : english,
  color: !process.argv.includes("--no-color"),
  clock: { now: Date.now },
});
process.stdout.write(`left: ${reason} ${exitCode}\n`);
process.exitCode = exitCode;
