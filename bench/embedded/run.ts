// How often the embedded model does the right thing with short texts:
//   node bench/embedded/run.ts FILE.jsonl [--size default|small] [--decide] [--pal [--samples N]] [--from N] [--limit N]
//     [--verbose] [--json]
// Each line of FILE: {"text", "tool": "run_python" | "answer", "expect"?: ["51", "1,087|1087"]}. The weights must be in the
// cache already or CHINGU_DOWNLOAD=1 be set; programs run in python3. With --pal each line is {"question", "answer": number} and goes through
// the agent and its own evaluator as `chingu -p --pal` sends it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { z } from "zod";
import { systemPrompt } from "../../packages/core/src/agent/system-prompt.ts";
import type { ChatModel, ModelEvent } from "../../packages/core/src/model/chat-model.ts";
import { createEmbeddedModel } from "../../packages/core/src/model/embedded/index.ts";
import type { Message, Part, ToolCall, ToolOutcome, ToolSpec } from "../../packages/core/src/protocol/index.ts";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: "string", default: "default" },
    decide: { type: "boolean", default: false },
    pal: { type: "boolean", default: false },
    samples: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    limit: { type: "string" },
    verbose: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const itemSchema = z.object({
  text: z.string(),
  tool: z.enum(["run_python", "answer"]),
  expect: z.array(z.string()).default([]),
});
type Item = z.infer<typeof itemSchema>;

const runPython: ToolSpec = {
  name: "run_python",
  description: "Runs a Python program.",
  inputSchema: { type: "object", properties: { code: { type: "string" } }, required: ["code"] },
};
const calculate: ToolSpec = {
  name: "calculate",
  description: "Works out one expression.",
  inputSchema: { type: "object", properties: { expression: { type: "string" } }, required: ["expression"] },
};

// Words the result as the product's own tool does: the value is that of the last expression, else of `ans`, `answer` or
// `result`, else of the last assignment.
const driver = `
import ast, sys, io, contextlib
source = sys.stdin.read()
tree = ast.parse(source)
last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
names, out, value = {}, io.StringIO(), None
with contextlib.redirect_stdout(out):
    exec(compile(tree, "program", "exec"), names)
    if last: value = eval(compile(ast.Expression(last.value), "program", "eval"), names)
if value is None: value = next((names[n] for n in ("ans", "answer", "result") if n in names), None)
end = tree.body[-1] if tree.body and last is None else None
if value is None and isinstance(end, (ast.Assign, ast.AugAssign)):
    target = end.targets[0] if isinstance(end, ast.Assign) else end.target
    value = names.get(getattr(target, "id", ""))
if value is not None: sys.stdout.write(f"Value: {value!r} ({type(value).__name__})\\n")
if out.getvalue(): sys.stdout.write("Output:\\n" + out.getvalue())
`;

const model = createEmbeddedModel({
  size: flags.size === "small" ? "small" : "default",
  gpu: false,
  makeId: (
    (count) => () =>
      `c${count++}`
  )(0),
  artefacts: {
    cacheFolder: join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "chingu", "artefacts"),
    consent: async () => process.env["CHINGU_DOWNLOAD"] === "1",
    offline: false,
    environment: process.env,
  },
});

const file = positionals[0];
if (!file) throw new Error("Name a JSONL file.");
const from = Number(flags.from);
const rows = (await readFile(file, "utf8"))
  .split("\n")
  .filter(Boolean)
  .slice(from, flags.limit === undefined ? undefined : from + Number(flags.limit))
  .map((line): unknown => JSON.parse(line));
if (flags.pal) {
  const { measurePal } = await import("./pal.ts");
  await measurePal(model, rows, { samples: Number(flags.samples), verbose: flags.verbose, json: flags.json });
  await model.dispose?.();
  process.exit(0);
}
const items = rows.map((row) => itemSchema.parse(row));
const results: { item: Item; decided: boolean; computed: boolean; told: boolean; seconds: number }[] = [];
await ask(model, [said("user", "1", "Hi")], { decideOnly: true });
for (const [index, item] of items.entries()) {
  const started = performance.now();
  const outcome = await oneTurn(item);
  const seconds = (performance.now() - started) / 1000;
  results.push({ item, ...outcome, seconds });
  if (flags.verbose) {
    const marks = [outcome.decided, outcome.computed, outcome.told].map((right) => (right ? "+" : "-")).join("");
    process.stderr.write(
      `${marks} ${index + 1} ${seconds.toFixed(1)} s ${item.text}\n${outcome.trace.replace(/^/gm, "    ")}\n`,
    );
  }
}
await model.dispose?.();
report();

async function oneTurn(item: Item) {
  const user = said("user", "1", item.text);
  const first = await ask(model, [user], { decideOnly: flags.decide || item.tool === "answer" });
  const decided = (first.call ? "run_python" : "answer") === item.tool;
  if (!first.call || flags.decide) return { decided, computed: false, told: false, trace: first.text };
  let history: Message[] = [user];
  let call: ToolCall | undefined = first.call;
  let trace = "";
  let outcome: ToolOutcome = { kind: "unknown", message: "" };
  let answer = "";
  for (let step = 0; call && step < 3; step++) {
    const code = z.object({ code: z.string() }).parse(JSON.parse(call.arguments)).code;
    outcome = await runProgram(code);
    trace += `${code}\n=> ${outcome.kind === "value" ? outcome.content : outcome.message}\n`;
    history = [
      ...history,
      message("assistant", `a${step}`, [{ type: "tool_call", call }]),
      message("tool", `t${step}`, [{ type: "tool_result", callId: call.id, name: call.name, outcome }]),
    ];
    const next = await ask(model, history, { decideOnly: false });
    call = next.call;
    answer = next.text;
  }
  const content = outcome.kind === "value" ? outcome.content : "";
  return { decided, computed: holds(item, content), told: holds(item, answer), trace: `${trace}${answer}` };
}

async function ask(asked: ChatModel, messages: readonly Message[], options: { readonly decideOnly: boolean }) {
  let text = "";
  let end: ModelEvent | undefined;
  const request = { system: systemPrompt(), messages, tools: [calculate, runPython], toolChoice: "auto" } as const;
  for await (const event of asked.stream(request, new AbortController().signal)) {
    if (event.type === "text_delta") text += event.text;
    if (event.type === "failed") throw new Error(event.error.message);
    end = event;
    if (options.decideOnly && event.type === "text_delta") break;
    if (options.decideOnly && event.type === "tool_call_delta") {
      return { text, call: { id: "cut", name: event.name, arguments: "" } satisfies ToolCall };
    }
  }
  return { text, call: end?.type === "finished" ? end.calls[0] : undefined };
}

async function runProgram(code: string): Promise<ToolOutcome> {
  const child = spawn("python3", ["-I", "-c", driver], { stdio: "pipe", timeout: 10_000 });
  child.stdin.end(code);
  const [output, errors, [exitCode]] = await Promise.all([
    readAll(child.stdout),
    readAll(child.stderr),
    once(child, "close"),
  ]);
  if (exitCode === 0 && output) {
    const display = /^Value: (.*) \(\w+\)$/m.exec(output)?.[1];
    return { kind: "value", content: output.trim(), ...(display && { display }) };
  }
  return {
    kind: "error",
    code: "failed",
    message: errors.trim().split("\n").slice(-3).join("\n") || "It has no value.",
  };
}

function holds(item: Item, text: string): boolean {
  const plain = text.replace(/(?<=\d),(?=\d{3})/g, "");
  return item.expect.every((alternatives) =>
    alternatives.split("|").some((one) => {
      const number = /^\d/.test(one)
        ? new RegExp(`(?<![\\d.])${RegExp.escape(one.replaceAll(",", ""))}(?!\\d|\\.[1-9])`)
        : undefined;
      return number ? number.test(plain) || number.test(rounded(plain)) : text.includes(one);
    }),
  );
}

/** 397.80000000000001 counts as 397.8, and 22.22 as 22.2. */
function rounded(text: string): string {
  return text.replace(/\d+\.\d{2,}/g, (number) => String(Number(Number(number).toFixed(1))));
}

function said(role: "user", id: string, text: string): Message {
  return message(role, id, [{ type: "text", text }]);
}

function message(role: Message["role"], id: string, parts: Part[]): Message {
  return { id, turnId: "t", role, parts, at: "2026-01-01T00:00:00.000Z", state: "complete" };
}

function report(): void {
  const toCompute = results.filter(({ item }) => item.expect.length > 0);
  const share = (of: typeof results, right: (one: (typeof results)[number]) => boolean) =>
    of.length === 0 ? 0 : of.filter(right).length / of.length;
  const figures = [
    { case: "decision", right: share(results, ({ decided }) => decided), target: 0.95, rounds: results.length },
    ...(flags.decide
      ? []
      : [
          {
            case: "computed by the program",
            right: share(toCompute, ({ computed }) => computed),
            target: 0.85,
            rounds: toCompute.length,
          },
          {
            case: "said in the answer",
            right: share(toCompute, ({ told }) => told),
            target: 0.85,
            rounds: toCompute.length,
          },
        ]),
  ];
  const seconds = results.reduce((sum, one) => sum + one.seconds, 0) / Math.max(1, results.length);
  for (const { right, target, rounds, ...figure } of figures) {
    if (flags.json) {
      const cost = {
        unit: "share",
        ours: right,
        floor: 1,
        ratio: right > 0 ? 1 / right : null,
        target: 1 / target,
        rounds,
      };
      console.log(JSON.stringify({ bench: "embedded", ...figure, ...cost }));
    } else
      console.log(
        `${figure.case.padEnd(24)} ${(right * 100).toFixed(1).padStart(5)} %  of ${rounds} (target ${target * 100} %)`,
      );
  }
  if (!flags.json) console.log(`${"seconds an item".padEnd(24)} ${seconds.toFixed(2).padStart(5)}`);
}
