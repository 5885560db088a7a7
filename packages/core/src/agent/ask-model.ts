import type { Toolbox } from "../mcp/toolbox.ts";
import type { ChatModel, ModelFailure, ModelRequest } from "../model/chat-model.ts";
import { overflowed } from "../model/overflow.ts";
import type { Message, UnstampedEvent } from "../protocol/index.ts";
import { type AnswerSchema, repairInstruction, schemaInstruction } from "./answer-schema.ts";
import { type CallModelDeps, callModel, type ModelAnswer } from "./call-model.ts";
import { type ContextWindow, type Cut, estimateTokens, fitContext } from "./context.ts";
import { inputTokens } from "./estimate-usage.ts";
import { replayable } from "./repair.ts";

export interface AskModelDeps extends CallModelDeps {
  readonly toolbox: Toolbox;
  readonly window: ContextWindow;
}

/** What the model is to be asked with. */
export interface Asking {
  readonly system: string;
  readonly messages: readonly Message[];
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
 * One model call of the loop, with a context that fits: cut ahead where the window is known (rule 14), and once more
 * when the provider says that it was too much, or took more than it can hold without saying so (rule 13). A cut that
 * cannot shrink the context any further ends with the provider's failure; it never loops (rule 15).
 */
export async function* askModel(
  deps: AskModelDeps,
  asking: Asking,
  signal: AbortSignal,
): AsyncGenerator<UnstampedEvent, ModelAnswer> {
  const fixed = fixedPart(deps, asking);
  const known = fitted(lastAsked(asking.messages), deps.window, fixed.tokens).cut?.droppedMessages ?? 0;
  const first = fitted(asking.messages, deps.window, fixed.tokens);
  if (first.cut && first.cut.droppedMessages > known) yield { type: "compaction", reason: "window", ...first.cut };
  const request = requestOf(fixed, asking, first.messages);
  const answer = yield* callModel(deps, request, signal);
  const overflow = overflowOf(answer, deps.model);
  if (!overflow || signal.aborted) return answer;

  deps.window.learn(inputTokens(request));
  const second = fitted(asking.messages, deps.window, fixed.tokens);
  if (!second.cut || shrunkNothing(first.cut, second.cut)) return failed(answer, overflow);
  yield { type: "retry", attempt: 1, delayMs: 0, error: { code: overflow.code, message: overflow.message } };
  yield { type: "compaction", reason: "overflow", ...second.cut };
  return yield* callModel(deps, requestOf(fixed, asking, second.messages), signal);
}

/** What the model was asked with the last time: what was left out then is no news now. */
function lastAsked(messages: readonly Message[]): readonly Message[] {
  return messages.slice(
    0,
    Math.max(
      0,
      messages.findLastIndex(({ role }) => role === "assistant"),
    ),
  );
}

interface FixedPart extends Pick<ModelRequest, "system" | "tools" | "outputSchema"> {
  readonly tokens: number;
}

/** What heads every request: the same from call to call (rule 30). */
function fixedPart({ toolbox, model }: AskModelDeps, { system, answerSchema, program }: Asking): FixedPart {
  const offered = toolbox.list().filter(({ name }) => program === undefined || name === program.tool);
  const tools = offered.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  const tokens = estimateTokens(system) + estimateTokens(tools);
  if (!answerSchema) return { system, tools, tokens };
  const { schema, strict } = answerSchema;
  const { structuredOutput, structuredOutputWithTools } = model.capabilities;
  const held = tools.length > 0 ? structuredOutputWithTools : structuredOutput;
  return { system, tools, ...(held && { outputSchema: { schema, strict } }), tokens: tokens + estimateTokens(schema) };
}

function fitted(messages: readonly Message[], window: ContextWindow, overhead: number) {
  const tokens = window.tokens();
  return tokens === undefined
    ? { messages: replayable(messages), cut: undefined }
    : fitContext(messages, tokens, overhead);
}

/** The stable part first; what grows, last: consecutive requests share their prefix byte for byte (rule 30). */
function requestOf({ system, tools, outputSchema }: FixedPart, asking: Asking, messages: readonly Message[]) {
  const { last, repair, answerSchema, program } = asking;
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
    messages: [...(answerSchema && !outputSchema ? instructed(messages, answerSchema) : messages), ...asides],
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

function shrunkNothing(first: Cut | undefined, second: Cut): boolean {
  return second.tokensAfter >= (first?.tokensAfter ?? second.tokensBefore);
}
