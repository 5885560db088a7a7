import { homedir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { type ObtainOptions, obtain } from "../../../packages/core/src/artefacts/index.ts";
import type { ChatModel, ModelEvent, ModelRequest } from "../../../packages/core/src/model/chat-model.ts";
import { type EmbeddedSize, embeddedModels } from "../../../packages/core/src/model/embedded/catalogue.ts";
import { createEmbeddedModel } from "../../../packages/core/src/model/embedded/index.ts";
import type { Message, Part, ToolOutcome, ToolSpec } from "../../../packages/core/src/protocol/index.ts";

/** Fetching the weights once may take as long as the network needs. */
export const weightsMs = 1_800_000;

const artefacts: ObtainOptions = {
  cacheFolder: join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "chingu", "artefacts"),
  consent: async () => true,
  offline: Boolean(process.env["CHINGU_OFFLINE"]),
  environment: process.env,
};

/**
 * Where the weights are in the user's own cache, fetched where they are missing. Where no source has them the test fails; with
 * CHINGU_TEST_MODELS=absent it is reported as skipped, by name and with the reason.
 */
export async function needsWeights(size: EmbeddedSize, { skip }: Pick<TestContext, "skip">): Promise<string> {
  const obtained = await obtain(embeddedModels[size].artefact, artefacts, AbortSignal.timeout(weightsMs));
  if (obtained.kind === "ready") return obtained.path;
  const { message, hint } = obtained.failure;
  if (process.env["CHINGU_TEST_MODELS"] === "absent") skip(message);
  throw new Error(`${message} ${hint} Without the weights, CHINGU_TEST_MODELS=absent reports this test as skipped.`);
}

export function modelOf(size: EmbeddedSize, more: Partial<ObtainOptions> = {}, contextSize = 4096): ChatModel {
  let count = 0;
  const makeId = () => `call${count++}`;
  return createEmbeddedModel({ size, gpu: false, makeId, contextSize, artefacts: { ...artefacts, ...more } });
}

export const runPython: ToolSpec = {
  name: "run_python",
  description: "Runs a Python program and returns its value.",
  inputSchema: { type: "object", properties: { code: { type: "string" } }, required: ["code"] },
};

export function requestOf(messages: readonly Message[], more: Partial<ModelRequest> = {}): ModelRequest {
  return {
    system: "You are Chingu, an assistant in a terminal. Answer in the user's language, briefly.",
    messages,
    tools: [],
    toolChoice: "auto",
    ...more,
  };
}

export async function eventsOf(
  model: ChatModel,
  request: ModelRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<ModelEvent[]> {
  return Array.fromAsync(model.stream(request, signal));
}

export function textIn(events: readonly ModelEvent[]): string {
  return events.map((event) => (event.type === "text_delta" ? event.text : "")).join("");
}

export function callIn(events: readonly ModelEvent[]) {
  const end = events.at(-1);
  return end?.type === "finished" ? end.calls[0] : undefined;
}

export const user = (text: string) => message("user", [{ type: "text", text }]);
export const assistant = (text: string) => message("assistant", [{ type: "text", text }]);

/** A call as the model made it, and what became of it. */
export function called(code: string, outcome: ToolOutcome, id = "c"): Message[] {
  const call = { id, name: "run_python", arguments: JSON.stringify({ code }) };
  return [
    message("assistant", [{ type: "tool_call", call }]),
    message("tool", [{ type: "tool_result", callId: id, name: "run_python", outcome }]),
  ];
}

function message(role: Message["role"], parts: Part[]): Message {
  return { id: crypto.randomUUID(), turnId: "t", role, parts, at: "2026-01-01T00:00:00.000Z", state: "complete" };
}
