import { type AgentOptions, createAgent, defineTool, type ToolDefinition } from "@chingu/core";
import type { AgentEvent, TurnResult } from "@chingu/core/protocol";
import { z } from "zod";
import { type ModelServer, type Script, startModelServer } from "../../kit/model-server.ts";

export const addTool = defineTool({
  name: "add",
  description: "Adds two numbers.",
  input: z.object({ a: z.number(), b: z.number() }),
  annotations: { readOnly: true, openWorld: false },
  run: ({ a, b }) => ({
    content: String(a + b),
    receipt: {
      kind: "computation",
      tool: "add",
      language: "sum",
      program: `${a} + ${b}`,
      value: String(a + b),
      stdout: "",
    },
  }),
});

/** A tool that waits for the test, and notes what it was called with. */
export function gatedTool(
  name: string,
  gates: ReadonlyMap<string, Promise<string>>,
  finished: string[],
): ToolDefinition {
  return defineTool({
    name,
    description: "Waits for its gate.",
    input: z.object({ gate: z.string() }),
    annotations: { readOnly: true, openWorld: false },
    run: async ({ gate }) => {
      const content = await gates.get(gate);
      finished.push(gate);
      return content ?? "";
    },
  });
}

/** Ids and times that count up, so that whole requests and events can be compared. */
export function counted() {
  let ids = 0;
  let now = Date.UTC(2026, 0, 1);
  return { ids: () => `id-${String(++ids).padStart(3, "0")}`, clock: { now: () => now++ }, random: () => 0 };
}

/** No wait is long, so that a fault ends a test and not the afternoon. */
export const quickTimeouts = { firstEvent: 2_000, betweenEvents: 1_000, step: 5_000, tool: 2_000, turn: 20_000 };

/** An agent in front of a scripted model server; both are closed when the binding goes. */
export async function agentWith(script: Script, options: Partial<AgentOptions> = {}) {
  const server = await startModelServer(script);
  const agent = await createAgent({
    model: { name: "test-model", baseURL: server.baseURL, apiKey: "key" },
    system: "Be brief.",
    tools: [addTool],
    ...counted(),
    ...options,
    policy: { timeouts: quickTimeouts, ...options.policy },
  });
  return {
    server,
    agent,
    async [Symbol.asyncDispose]() {
      await agent.close();
      await server.close();
    },
  };
}

export async function allEvents(events: AsyncIterable<AgentEvent>): Promise<AgentEvent[]> {
  return Array.fromAsync(events);
}

/** The events without their stamps, which other tests look at. */
export function unstamped(events: readonly AgentEvent[]): object[] {
  return events.map(({ turnId: _turnId, seq: _seq, at: _at, ...event }) => event);
}

export function typesOf(events: readonly AgentEvent[]): string[] {
  return events.map(({ type }) => type);
}

export function resultOf(events: readonly AgentEvent[]): TurnResult {
  const last = events.at(-1);
  if (last?.type !== "turn_end") throw new Error(`the turn ended with ${last?.type}`);
  return last.result;
}

/** The outcomes of the turn's tool calls, in the order in which they were stored. */
export function outcomesOf(events: readonly AgentEvent[]) {
  return events.flatMap((event) => (event.type === "tool_end" ? [event.outcome] : []));
}

/** What the model was told about each call, from the last request. */
export function toolMessages(server: ModelServer): string[] {
  const messages: { role: string; content: string }[] = server.requests.at(-1)?.body.messages ?? [];
  return messages.flatMap(({ role, content }) => (role === "tool" ? [content] : []));
}
