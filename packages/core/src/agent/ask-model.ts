import type { Toolbox } from "../mcp/toolbox.ts";
import type { ChatModel, ModelFailure, ModelRequest } from "../model/chat-model.ts";
import { overflowed } from "../model/overflow.ts";
import type { Message, UnstampedEvent } from "../protocol/index.ts";
import { type AnswerSchema, repairInstruction, schemaInstruction } from "./answer-schema.ts";
import { callModel, type ModelAnswer } from "./call-model.ts";
import { type FitDeps, fitContext } from "./compaction/fit.ts";
import { buildContext } from "./context.ts";
import { estimateTokens, inputTokens } from "./estimate-usage.ts";
import type { TurnThread } from "./turn-thread.ts";

export interface AskModelDeps extends FitDeps {
  readonly toolbox: Toolbox;
}

/** What the model is to be asked with. */
export interface Asking {
  readonly system: string;
  /** Quoted ahead of the conversation in every request; never stored. */
  readonly preface?: string | undefined;
  readonly thread: TurnThread;
  /** The model must answer now (rule 22). */
  readonly last: boolean;
  /** What the turn's answer must fit. */
  readonly answerSchema?: AnswerSchema | undefined;
  /** The answer that missed the schema: the model is to write it again, and to call nothing. */
  readonly repair?: Repair | undefined;
  /** The answer is to be a program: one call of this tool. */
  readonly program?: ProgramAsking | undefined;
}

export interface ProgramAsking {
  readonly tool: string;
  /** Whether the endpoint holds the model to it. */
  readonly forced: boolean;
  readonly temperature?: number | undefined;
  /** The answer that had no program, and what to say about it. */
  readonly missed?: { readonly text: string; readonly say: string } | undefined;
}

export interface Repair {
  readonly text: string;
  readonly issues: readonly string[];
}

/**
 * One model call of the loop, with a context that fits: compacted ahead where the window is known (rule 14), and once
 * more when the provider says that it was too much, or took more than it can hold without saying so (rule 13). A
 * compaction that cannot shrink the context any further ends with the provider's failure; it never loops (rule 15).
 */
export async function* askModel(
  deps: AskModelDeps,
  asking: Asking,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, ModelAnswer> {
  const { thread } = asking;
  const { window } = deps;
  const fixed = fixedPart(deps, asking);
  const first = yield* fitContext(deps, { thread, overhead: fixed.tokens, reason: "window" }, signal);
  const request = requestOf(fixed, asking, first.messages);
  const answer = yield* callModel(deps, request, signal);
  const overflow = overflowOf(answer, deps.model);
  if (answer.end.type === "finished" && answer.end.usage && window.room()) {
    window.observe(first.tokens().after, answer.end.usage, answer.end.model ?? deps.model.id);
  }
  if (!overflow || signal.aborted) return answer;

  window.learn(inputTokens(request));
  const smaller = buildContext(thread.conversation(), {
    room: window.room(),
    overhead: fixed.tokens,
    measure: window.measure,
  });
  if (smaller.tokens().after >= first.tokens().after) return failed(answer, overflow);
  yield { type: "retry", attempt: 1, delayMs: 0, error: { code: overflow.code, message: overflow.message } };
  const second = yield* fitContext(deps, { thread, overhead: fixed.tokens, reason: "overflow" }, signal);
  return yield* callModel(deps, requestOf(fixed, asking, second.messages), signal);
}

interface FixedPart extends Pick<ModelRequest, "system" | "tools" | "outputSchema"> {
  readonly tokens: number;
}

/** What heads every request: the same from call to call (rule 30). */
function fixedPart({ toolbox, model }: AskModelDeps, asking: Asking): FixedPart {
  const { system, preface = "", answerSchema, program } = asking;
  const offered = toolbox.list().filter(({ name }) => program === undefined || name === program.tool);
  const tools = offered.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  const tokens = estimateTokens(system) + estimateTokens(preface) + estimateTokens(tools);
  if (!answerSchema) return { system, tools, tokens };
  const { schema, strict } = answerSchema;
  const { structuredOutput, structuredOutputWithTools } = model.capabilities;
  const held = tools.length > 0 ? structuredOutputWithTools : structuredOutput;
  return { system, tools, ...(held && { outputSchema: { schema, strict } }), tokens: tokens + estimateTokens(schema) };
}

/** The stable part first; what grows, last: consecutive requests share their prefix byte for byte (rule 30). */
function requestOf({ system, tools, outputSchema }: FixedPart, asking: Asking, messages: readonly Message[]) {
  const { last, repair, answerSchema, preface, program } = asking;
  const asides: Message[] = [];
  const say = (role: Message["role"], text: string) => asides.push(aside([...messages, ...asides], role, text));
  if (repair && answerSchema) {
    say("assistant", repair.text);
    say("user", repairInstruction(repair.issues, answerSchema));
  }
  if (program?.missed) {
    if (program.missed.text.trim() !== "") say("assistant", program.missed.text);
    say("user", program.missed.say);
  }
  if (last) say("user", answerNow);
  const request: ModelRequest = {
    system,
    tools,
    messages: [
      ...(preface === undefined ? [] : [aside(messages.slice(0, 1), "user", preface)]),
      ...(answerSchema && !outputSchema ? instructed(messages, answerSchema) : messages),
      ...asides,
    ],
    toolChoice: last || repair ? "none" : program?.forced ? { tool: program.tool } : "auto",
    ...(program?.temperature !== undefined && { temperature: program.temperature }),
    ...(outputSchema && { outputSchema }),
  };
  return request;
}

const answerNow = "This is the last step of this turn: answer now with what you have. No tool can be called any more.";

/** Said to the model alone, never stored. */
function aside(messages: readonly Message[], role: Message["role"], text: string): Message {
  const { id = "turn", turnId = "", at = "" } = messages.at(-1) ?? {};
  return { id: `${id}-aside`, turnId, role, state: "complete", at, parts: [{ type: "text", text }] };
}

/**
 * The messages with the schema's instruction behind the words that began the newest turn: from the first step to the last
 * it stands in the same place. It is not stored: in the thread the person's words are the person's own.
 */
function instructed(messages: readonly Message[], schema: AnswerSchema): readonly Message[] {
  const turnId = messages.findLast(({ role }) => role === "user")?.turnId;
  const first = messages.findIndex((message) => message.role === "user" && message.turnId === turnId);
  return messages.map((message, index) =>
    index === first
      ? { ...message, parts: [...message.parts, { type: "text", text: `\n\n${schemaInstruction(schema)}` }] }
      : message,
  );
}

function overflowOf({ end }: ModelAnswer, model: ChatModel): ModelFailure | undefined {
  if (end.type === "failed") return end.error.code === "overflow" ? end.error : undefined;
  if (!end.usage || !overflowed(end.usage, model.capabilities)) return undefined;
  return { code: "overflow", message: `${model.id} was sent more than it can hold`, retryable: false };
}

function failed(answer: ModelAnswer, overflow: ModelFailure): ModelAnswer {
  const hint = "start a new thread, say less at once, or use a model with a larger window";
  return { ...answer, end: { type: "failed", error: { ...overflow, hint } } };
}
