import { type AgentOptions, defineTool } from "@chingu/core";
import type { TurnResult } from "@chingu/core/protocol";
import { afterAll, expect, test } from "vitest";
import { z } from "zod";
import { createProgramTools } from "../../../packages/tools/src/index.ts";
import { httpError, type Script, text, toolCall, truncatedCall } from "../../kit/model-server.ts";
import { agentWith, allEvents, quickTimeouts, resultOf, typesOf } from "./support.ts";

const programs = createProgramTools();
afterAll(() => programs.close());

/** An agent that can run Python; under load an interpreter takes its time to start. */
const palAgent = (script: Script, options: Partial<AgentOptions> = {}) =>
  agentWith(script, {
    tools: programs.tools,
    ...options,
    policy: { timeouts: { ...quickTimeouts, turn: 60_000 }, ...options.policy },
  });

const program = (code: string, options = {}) => toolCall("run_python", { code }, options);
const turnOf = async (agent: Awaited<ReturnType<typeof palAgent>>["agent"], options = {}) =>
  allEvents(agent.turn("How many?", { pal: true, ...options }));

const computed = ({ receipts }: TurnResult) => receipts.filter((one) => one.kind === "computation");

test("the answer is what the program gives, and no model call follows it", async () => {
  await using at = await palAgent([program("left = 17 * 24\nleft * 5 // 8")]);
  const events = await turnOf(at.agent, { threadId: "t" });
  expect(resultOf(events)).toMatchObject({
    status: "completed",
    answer: "255",
    value: 255,
    steps: 1,
    unsupported: [],
    receipts: [{ id: "r1", tool: "run_python", program: "left = 17 * 24\nleft * 5 // 8", value: "255" }],
  });
  expect(at.server.requests).toHaveLength(1);
  expect(events.filter(({ type }) => type === "text_delta")).toMatchObject([{ text: "255" }]);
  const rows = await at.agent.store.read({ namespace: "default", id: "t" });
  const kept = rows.flatMap((row) => ("message" in row ? [row.message] : []));
  expect(kept.map(({ role, parts }) => [role, parts.map(({ type }) => type)])).toEqual([
    ["user", ["text"]],
    ["assistant", ["tool_call"]],
    ["tool", ["tool_result"]],
    ["assistant", ["text"]],
  ]);
});

test("the model is held to one call of run_python and is offered nothing else", async () => {
  await using at = await palAgent([program("1 + 1")]);
  await turnOf(at.agent);
  const { body } = at.server.requests[0] ?? {};
  expect(body.tool_choice).toEqual({ type: "function", function: { name: "run_python" } });
  expect(body.tools.map((tool: { function: { name: string } }) => tool.function.name)).toEqual(["run_python"]);
  expect(body.messages[0].content).toMatch(/^Be brief\.\n\nAnswer the newest message with one Python program/);
  expect(body.messages[1]).toEqual({ role: "user", content: "How many?" });
});

test("an endpoint that refuses to be told which tool to call is asked with words alone", async () => {
  await using at = await palAgent([
    httpError(400, "Thinking mode does not support this tool_choice"),
    text("Here it is:\n```python\nn = 6\nn * 7\n```\nIt gives 41."),
  ]);
  const result = resultOf(await turnOf(at.agent));
  expect(result).toMatchObject({ status: "completed", answer: "42", steps: 1 });
  expect(result.receipts).toMatchObject([{ program: "n = 6\nn * 7" }]);
  expect(at.server.requests.map(({ body }) => body.tool_choice)).toEqual([expect.any(Object), "auto"]);
});

test("what the model says around its program is neither streamed nor part of the answer", async () => {
  await using at = await palAgent([text("I think it is 41.\n```py\n6 * 7\n```", {})]);
  const events = await turnOf(at.agent);
  expect(events.filter(({ type }) => type === "text_delta")).toMatchObject([{ text: "42" }]);
  expect(resultOf(events).answer).toBe("42");
});

test.each([
  ["Fraction(1, 3)", "1/3", "1/3"],
  ["0.1 + 0.2", "0.30000000000000004", 0.30000000000000004],
  ["2 ** 100", "1267650600228229401496703205376", "1267650600228229401496703205376"],
  ["{'사과': 51, '남은 것': [0, 'x']}", "사과: 51\n남은 것: [0, x]", { 사과: 51, "남은 것": [0, "x"] }],
  ["(51, 0)", "51, 0", [51, 0]],
  ["'it\\'s\\n\"so\"'", 'it\'s\n"so"', 'it\'s\n"so"'],
  ["date(2025, 6, 6)", "2025-06-06", "2025-06-06"],
  ["print('total:', 5)", "total: 5", "total: 5"],
  ["print(5)", "5", 5],
])("%s reads as %j", async (expression, answer, value) => {
  const code = `from fractions import Fraction\nfrom datetime import date\n${expression}`;
  await using at = await palAgent([program(code)]);
  expect(resultOf(await turnOf(at.agent))).toMatchObject({ status: "completed", answer, value });
});

test("a program that fails goes back to the model with its error", async () => {
  await using at = await palAgent([program("1 / 0"), program("1 / 4")]);
  const result = resultOf(await turnOf(at.agent));
  expect(result).toMatchObject({ status: "completed", answer: "0.25", steps: 2, receipts: [{ program: "1 / 4" }] });
  expect(at.server.requests[1]?.body.messages.at(-1)).toMatchObject({
    role: "tool",
    content: expect.stringContaining("ZeroDivisionError"),
  });
});

test("a program that goes on failing ends the turn without an answer after three rounds", async () => {
  await using at = await palAgent(() => program("1 / 0"));
  expect(resultOf(await turnOf(at.agent))).toMatchObject({
    status: "incomplete",
    answer: "",
    value: null,
    steps: 3,
    receipts: [],
    error: { code: "program_failed", message: expect.stringContaining("ZeroDivisionError") },
  });
});

test("a number that the model only says is never the answer", async () => {
  await using at = await palAgent(() => text("It is 42."));
  const events = await turnOf(at.agent);
  expect(resultOf(events)).toMatchObject({ status: "incomplete", answer: "", steps: 3, error: { code: "no_program" } });
  expect(typesOf(events)).not.toContain("text_delta");
  expect(at.server.requests[1]?.body.messages.slice(-2)).toEqual([
    { role: "assistant", content: "It is 42." },
    { role: "user", content: expect.stringContaining("There is no program in your answer") },
  ]);
});

test("a program that failed is what the turn ends with, though the model answers its error in words", async () => {
  await using at = await palAgent([program("1 / 0"), text("It cannot be divided."), text("Really.")]);
  expect(resultOf(await turnOf(at.agent))).toMatchObject({
    status: "incomplete",
    error: { code: "program_failed", message: expect.stringContaining("ZeroDivisionError") },
  });
});

test("a value too long to be shown whole is no answer, and has no vote", async () => {
  await using at = await palAgent([program("10**20000")]);
  expect(resultOf(await turnOf(at.agent))).toMatchObject({
    status: "incomplete",
    answer: "",
    value: null,
    error: { code: "program_failed", message: expect.stringContaining("too long") },
    receipts: [{ truncated: true }],
  });
  await using many = await palAgent([program("10**20000"), program("10**20000 + 1"), program("7")]);
  const result = resultOf(await turnOf(many.agent, { samples: 3 }));
  expect(result).toMatchObject({ status: "completed", answer: "7" });
  expect(computed(result).map(({ agreement }) => agreement)).toEqual([undefined, undefined, { programs: 1, of: 3 }]);
});

test("a program that was cut is not run, and a shorter one is asked for", async () => {
  await using at = await palAgent([truncatedCall("run_python", '{"code":"x = 1\\nx +'), program("x = 2\nx")]);
  expect(resultOf(await turnOf(at.agent))).toMatchObject({ answer: "2", receipts: [{ program: "x = 2\nx" }] });
  expect(at.server.requests[1]?.body.messages.at(-1).content).toContain("Write a shorter one");
});

test("a refusal of the model and a program nobody allows end the turn as such", async () => {
  await using refusing = await palAgent([text("", { refusal: "No." })]);
  expect(resultOf(await turnOf(refusing.agent))).toMatchObject({ status: "refused", answer: "" });
  await using denying = await palAgent([program("1")], { approve: () => "deny" });
  const denied = resultOf(await turnOf(denying.agent));
  expect(denied).toMatchObject({ status: "denied", answer: "", denied: [{ tool: "run_python" }], receipts: [] });
});

test("of several programs each runs by itself, and what most of them give is the answer", async () => {
  await using at = await palAgent([program("sum = 40\nsum + 1"), program("sum([40, 2])"), program("42")]);
  const events = await turnOf(at.agent, { samples: 3 });
  const result = resultOf(events);
  expect(result).toMatchObject({ status: "completed", answer: "42", value: 42, steps: 3 });
  expect(
    computed(result)
      .map(({ value, agreement }) => [value, agreement])
      .toSorted(),
  ).toEqual([
    ["41", { programs: 1, of: 3 }],
    ["42", { programs: 2, of: 3 }],
    ["42", { programs: 2, of: 3 }],
  ]);
  expect(events).toContainEqual(expect.objectContaining({ code: "agreement", text: "2 of 3 programs agree" }));
  expect(at.server.requests.map(({ body }) => body.temperature)).toEqual([0.7, 0.7, 0.7]);
});

/** A `run_python` whose programs are their own values, so that many may be sampled. */
const valueTool = defineTool({
  name: "run_python",
  description: "Gives back the program.",
  input: z.object({ code: z.string() }),
  annotations: { readOnly: true, openWorld: false },
  run: ({ code }) => {
    if (code === "fail") throw new Error("it failed");
    const receipt = { tool: "run_python", language: "python", program: code, value: code, stdout: "" };
    return { content: code, receipt: { kind: "computation", ...receipt } };
  },
});

test("a program that fails has no vote, and of values with equal votes the earliest is the answer", async () => {
  const codes = ["fail", "7", "7.000000000001", "8", "8"];
  await using at = await palAgent((_, index) => program(codes[index] ?? ""), { tools: [valueTool] });
  const result = resultOf(await turnOf(at.agent, { samples: 5 }));
  expect(result.receipts).toHaveLength(4);
  expect(result.answer).toBe(computed(result)[0]?.value);
  expect(computed(result).map(({ agreement }) => agreement)).toEqual(Array(4).fill({ programs: 2, of: 5 }));
});

test("where all samples fail, one more program is asked for with their errors", async () => {
  await using at = await palAgent((_, index) => program(index < 3 ? "fail" : "7"), { tools: [valueTool] });
  expect(resultOf(await turnOf(at.agent, { samples: 3 }))).toMatchObject({
    status: "completed",
    answer: "7",
    steps: 4,
  });
});

test("at most four samples are written at once", async () => {
  let open = 0;
  let most = 0;
  await using at = await palAgent(
    async () => {
      most = Math.max(most, ++open);
      await new Promise(setImmediate);
      open--;
      return program("7");
    },
    { tools: [valueTool] },
  );
  const result = resultOf(await turnOf(at.agent, { samples: 20 }));
  expect(computed(result).map(({ agreement }) => agreement)).toEqual(Array(20).fill({ programs: 20, of: 20 }));
  expect(most).toBeLessThanOrEqual(4);
});

test("the limit of steps counts every sample, and the notice says how many were taken", async () => {
  await using at = await palAgent(() => program("7"), { tools: [valueTool], policy: { maxSteps: 2 } });
  const events = await turnOf(at.agent, { samples: 5 });
  expect(resultOf(events)).toMatchObject({ status: "completed", answer: "7", steps: 2 });
  expect(events).toContainEqual(expect.objectContaining({ text: "2 of 2 programs agree (5 were asked for)" }));
});

test("a budget ends the sampling, and what was sampled before decides", async () => {
  await using at = await palAgent(() => program("7", { usage: { prompt_tokens: 900, completion_tokens: 100 } }), {
    tools: [valueTool],
    budget: { tokens: 6_000 },
  });
  const result = resultOf(await turnOf(at.agent, { samples: 20 }));
  expect(result).toMatchObject({ status: "completed", answer: "7" });
  expect(result.steps).toBe(result.receipts.length);
  expect(result.steps).toBeLessThan(20);
});

test("the time limit ends the sampling, and what came in time decides", async () => {
  const tool = defineTool({
    name: "run_python",
    description: "Runs.",
    input: z.object({ code: z.string() }),
    annotations: { readOnly: true },
    run: async ({ code }, { signal }) => {
      const never = code === "7" ? undefined : Promise.withResolvers<never>();
      signal.addEventListener("abort", () => never?.reject(signal.reason));
      await never?.promise;
      const receipt = { kind: "computation", tool: "run_python", language: "python" } as const;
      return { content: "7", receipt: { ...receipt, program: code, value: code, stdout: "" } };
    },
  });
  await using at = await palAgent([program("7"), program("forever")], {
    tools: [tool],
    policy: { timeouts: { ...quickTimeouts, turn: 6_000 } },
  });
  const events = await turnOf(at.agent, { samples: 2, threadId: "t" });
  expect(resultOf(events)).toMatchObject({ status: "completed", answer: "7", error: null });
  expect(events).toContainEqual(expect.objectContaining({ code: "agreement" }));
});

test("stopping while samples are written ends the turn at once, without an answer", async () => {
  const stop = new AbortController();
  await using at = await palAgent((_, index) => {
    if (index === 1) stop.abort();
    return index === 0 ? program("7") : { ...program("7"), before: new Promise(() => {}) };
  });
  expect(resultOf(await turnOf(at.agent, { samples: 4, signal: stop.signal }))).toMatchObject({
    status: "aborted",
    answer: "",
  });
});

test("an ordinary turn goes on from a program's answer as from any other", async () => {
  await using at = await palAgent([program("6 * 7"), text("It was 42.")]);
  await at.agent.turn("How many?", { threadId: "t", pal: true }).result();
  await at.agent.turn("What was it?", { threadId: "t" }).result();
  expect(at.server.requests[1]?.body.messages.slice(-4).map(({ role }: { role: string }) => role)).toEqual([
    "assistant",
    "tool",
    "assistant",
    "user",
  ]);
});

test.each([
  [{ pal: false, samples: 3 }, "--pal"],
  [{ pal: true, samples: 0 }, "1 to 40"],
  [{ pal: true, outputSchema: { type: "object" } }, "--output-schema"],
])("what cannot be asked for together ends the turn as a usage failure: %j", async (options, hint) => {
  await using at = await palAgent([]);
  const result = resultOf(await turnOf(at.agent, options));
  expect(result).toMatchObject({ status: "failed", error: { code: "usage", hint: expect.stringContaining(hint) } });
  expect(at.server.requests).toHaveLength(0);
});
