import { noUsage, type ToolSpec } from "../../protocol/index.ts";
import type { ModelEvent, ModelRequest } from "../chat-model.ts";
import { answerPrefix, leftOut, writeAnswer } from "./answer.ts";
import { type Exchange, exchangesOf } from "./conversation.ts";
import { decide, decidePrefix } from "./decide.ts";
import type { Engine, LaneName } from "./engine.ts";
import type { Prompt } from "./prompt.ts";
import { writeArguments } from "./write-arguments.ts";
import {
  codeOf,
  type FailedProgram,
  type ProgramOptions,
  palPrefix,
  programPrefix,
  withAllValues,
  writeProgram,
} from "./write-program.ts";

export interface RespondDeps {
  readonly engine: Engine;
  readonly makeId: () => string;
  readonly emit: (event: ModelEvent) => void;
}

type Finished = Extract<ModelEvent, { type: "finished" }>;

/**
 * Decide, write, answer: one model call of the loop. A small model does one small thing at a time, each in a form in
 * which it is reliable. Ends with exactly one `finished` event; rejects on abort.
 */
export async function respond(deps: RespondDeps, request: ModelRequest, signal: AbortSignal): Promise<void> {
  const exchanges = exchangesOf(request.messages);
  const before = deps.engine.used();
  const finished = await nextStep(deps, request, exchanges, signal);
  const after = deps.engine.used();
  deps.emit({
    ...finished,
    usage: { ...noUsage, input: after.input - before.input, output: after.output - before.output },
  });
}

async function nextStep(
  deps: RespondDeps,
  request: ModelRequest,
  exchanges: readonly Exchange[],
  signal: AbortSignal,
): Promise<Finished> {
  const calls = exchanges.at(-1)?.calls ?? [];
  if (request.toolChoice === "none") return answer(deps, request, exchanges, signal);
  if (typeof request.toolChoice === "object") {
    const tool = forcedTool(request);
    if (!takesPython(tool)) return callWithArguments(deps, tool, request, exchanges, signal);
    return callProgram(
      deps,
      tool,
      exchanges,
      { failed: lastFailure(calls), temperature: request.temperature, pal: true },
      signal,
    );
  }
  if (calls.length > 0) {
    const again = programToMend(request.tools, calls);
    return again ? callProgram(deps, again.tool, exchanges, again, signal) : answer(deps, request, exchanges, signal);
  }
  const decision = await decide(await lane(deps, "decide", decidePrefix, signal), exchanges, request.tools, signal);
  if (decision.kind === "answer") return answer(deps, request, exchanges, signal);
  return takesPython(decision.tool)
    ? callProgram(deps, decision.tool, exchanges, {}, signal)
    : callWithArguments(deps, decision.tool, request, exchanges, signal);
}

/** A program that failed goes back once, with its error; a second failure is told to the person. */
function programToMend(
  tools: readonly ToolSpec[],
  calls: Exchange["calls"],
): { tool: ToolSpec; failed: FailedProgram } | undefined {
  const failures = calls.filter(({ outcome }) => outcome?.kind === "error");
  const failed = lastFailure(calls);
  if (failures.length !== 1 || !failed) return undefined;
  const tool = tools.find(({ name }) => name === calls.at(-1)?.call.name);
  return tool && takesPython(tool) ? { tool, failed } : undefined;
}

/** The last call, where it was a program that ran and failed. */
function lastFailure(calls: Exchange["calls"]): FailedProgram | undefined {
  const last = calls.at(-1);
  if (last?.outcome?.kind !== "error" || last.outcome.code === "denied" || last.outcome.code === "cancelled")
    return undefined;
  const code = codeOf(last.call.arguments);
  return code === undefined ? undefined : { code, error: last.outcome.message };
}

function forcedTool({ tools, toolChoice }: ModelRequest): ToolSpec {
  const tool = tools.find(({ name }) => typeof toolChoice === "object" && name === toolChoice.tool);
  if (!tool) throw new Error("The tool to be called is not among those offered.");
  return tool;
}

function takesPython({ name, inputSchema }: ToolSpec): boolean {
  const properties = inputSchema["properties"];
  return /python/i.test(name) && typeof properties === "object" && properties !== null && "code" in properties;
}

async function callProgram(
  deps: RespondDeps,
  tool: ToolSpec,
  exchanges: readonly Exchange[],
  options: ProgramOptions,
  signal: AbortSignal,
): Promise<Finished> {
  const writing = await (options.pal
    ? lane(deps, "pal", palPrefix, signal)
    : lane(deps, "program", programPrefix, signal));
  const pieces = writeProgram(writing, exchanges, options, signal);
  const show = (text: string) => deps.emit({ type: "tool_call_delta", index: 0, name: tool.name, arguments: text });
  show('{"code":"');
  let code = "";
  const end = await eachPiece(pieces, (piece) => {
    code += piece;
    show(JSON.stringify(piece).slice(1, -1));
  });
  show('"}');
  return calling(deps, tool, JSON.stringify({ code: withAllValues(code) }), end);
}

async function callWithArguments(
  deps: RespondDeps,
  tool: ToolSpec,
  request: ModelRequest,
  exchanges: readonly Exchange[],
  signal: AbortSignal,
): Promise<Finished> {
  const grammar = await deps.engine.grammarFor(tool.inputSchema);
  // Without a grammar the arguments could be anything: the model answers instead.
  if (!grammar) return answer(deps, request, exchanges, signal);
  const answering = await lane(deps, "answer", answerPrefix(request.system), signal);
  let text = "";
  const end = await eachPiece(writeArguments(answering, exchanges, tool, grammar, signal), (piece) => {
    text += piece;
    deps.emit({ type: "tool_call_delta", index: 0, name: tool.name, arguments: piece });
  });
  return calling(deps, tool, text, end);
}

async function answer(
  deps: RespondDeps,
  request: ModelRequest,
  exchanges: readonly Exchange[],
  signal: AbortSignal,
): Promise<Finished> {
  const answering = await lane(deps, "answer", answerPrefix(request.system), signal);
  const options = {
    ...(request.maxOutputTokens !== undefined && { maxTokens: request.maxOutputTokens }),
    onCut: () =>
      deps.emit({
        type: "progress",
        code: "message_cut",
        text: "The message is too long for this small model: its middle is left out.",
      }),
  };
  let text = "";
  const tell = (piece: string) => {
    text += piece;
    deps.emit({ type: "text_delta", text: piece });
  };
  const end = await eachPiece(writeAnswer(answering, exchanges, options, signal), tell);
  const left = end === "stop" && leftOut(exchanges.at(-1), text);
  if (left) tell(left);
  return { type: "finished", reason: end, raw: end, calls: [] };
}

function calling(deps: RespondDeps, tool: ToolSpec, argumentsText: string, end: "stop" | "length"): Finished {
  const reason = end === "stop" ? "tool_calls" : "length";
  return {
    type: "finished",
    reason,
    raw: reason,
    calls: [{ id: deps.makeId(), name: tool.name, arguments: argumentsText }],
  };
}

function lane(deps: RespondDeps, name: LaneName, prefix: Prompt, signal: AbortSignal) {
  return deps.engine.lane(name, prefix, signal, (progress) =>
    deps.emit({ type: "progress", code: "model_prepare", text: "Preparing the model (once)", progress }),
  );
}

async function eachPiece<End>(pieces: AsyncGenerator<string, End, void>, use: (piece: string) => void): Promise<End> {
  for (let next = await pieces.next(); ; next = await pieces.next()) {
    if (next.done) return next.value;
    use(next.value);
  }
}
