import { defineTool, type ToolDefinition, type ToolReturn } from "@chingu/core/protocol";
import { sanitizeLine, toValidUnicode } from "@chingu/core/text";
import { z } from "zod";
import type { Evaluator } from "./evaluator.ts";
import { programLimits } from "./limits.ts";

const limits = programLimits.calculate;
const text = (max: number) => z.string().max(max).overwrite(toValidUnicode);

const valueSchema = z.object({
  /** The value itself: `0.3`, `10/21`, all digits of a large integer; rounded where `is_exact` is false. */
  exact: text(limits.resultBytes + 200),
  /** Rounded to the precision asked for; without the unit. */
  decimal: text(limits.resultBytes + 200).optional(),
  unit: text(200).optional(),
  type: text(50),
  is_exact: z.boolean(),
});

const errorSchema = z.object({ message: text(600), position: z.number().int().optional() });

/** What the child says; a claim until it fits. */
const replySchema = z.union([
  z.object({ ok: z.literal(true), value: valueSchema }),
  z.object({ ok: z.literal(false), error: errorSchema }),
]);

/** The structured result of `calculate`. */
const calculationSchema = z.object({
  ok: z.boolean(),
  ...valueSchema.partial().shape,
  error: errorSchema.optional(),
  limit: z.enum(["time", "memory"]).optional(),
  duration_ms: z.number().int(),
});

const description = `Evaluates one mathematical expression exactly: fractions and decimals without rounding errors, integers of any size, percentages, units, complex numbers, matrices. Use it for one-line arithmetic and unit conversion instead of computing in your head; for several steps, dates, loops or text use run_python.

Examples: 0.1 + 0.2 · 1/3 + 1/7 · 2^200 · 15% * 80 · sqrt(2) · 5 cm to inch · 100 km/h to m/s · 25 degC to degF · combinations(45, 6) · mean(3, 4, 8) · det([1, 2; 3, 4]) · 23 mod 5

Write numbers without thousands separators. Nothing is kept between calls.`;

/** `timeMs` shortens the limit of a calculation. */
export function createCalculate(evaluator: Evaluator, timeMs: number): ToolDefinition {
  const timeoutMs = Math.min(timeMs, limits.timeMs);
  return defineTool({
    name: "calculate",
    title: "Calculate",
    description,
    input: z.object({
      expression: z.string().describe("One expression in ordinary notation, for example 17 * 24 * (1 - 3/8)."),
      precision: z
        .number()
        .int()
        .min(1)
        .max(limits.maxDigits)
        .optional()
        .describe(`Significant digits of the decimal form; ${limits.shownDigits} unless given.`),
    }),
    output: calculationSchema,
    annotations: { readOnly: true, openWorld: false },
    timeoutMs: limits.timeMs + programLimits.process.startMs,
    async run({ expression, precision }, { signal, threadId }) {
      const evaluation = await evaluator.evaluate({
        threadId,
        request: { expression: toValidUnicode(expression), digits: precision ?? limits.shownDigits },
        timeoutMs,
        residentBytes: limits.residentBytes,
        signal,
      });
      if (evaluation.kind === "busy") {
        const content = "busy: too many calculations are waiting. Call again in a few seconds.";
        return { content, display: content, isError: true };
      }
      const duration_ms = evaluation.durationMs;
      if (evaluation.kind === "stopped") {
        const { message, limit } = stopped(evaluation.reason, timeoutMs);
        return failed({ message }, { duration_ms, ...(limit && { limit }) });
      }
      const reply = replySchema.safeParse(evaluation.result);
      if (!reply.success) return failed({ message: "the calculation disturbed its own process" }, { duration_ms });
      return reply.data.ok
        ? presentValue(expression, reply.data.value, duration_ms)
        : failed(reply.data.error, { duration_ms }, expression);
    },
  });
}

function presentValue(program: string, value: z.infer<typeof valueSchema>, duration_ms: number): ToolReturn {
  const { exact, decimal, unit, is_exact } = value;
  const rounded = decimal === undefined ? "" : unit === undefined ? decimal : `${decimal} ${unit}`;
  const shown = !is_exact
    ? `≈ ${exact}`
    : rounded === "" || rounded === exact
      ? `= ${exact}`
      : `= ${exact} ≈ ${rounded}`;
  return {
    content: shown,
    structured: { ok: true, ...definedOnly(value), duration_ms },
    display: sanitizeLine(shown).slice(0, 400),
    receipt: { kind: "computation", tool: "calculate", language: "mathjs", program, value: exact, stdout: "" },
  };
}

function failed(
  error: z.infer<typeof errorSchema>,
  rest: { readonly duration_ms: number; readonly limit?: "time" | "memory" },
  expression = "",
): ToolReturn {
  const where =
    error.position === undefined ? "" : ` at character ${error.position}: ${near(expression, error.position)}`;
  const content = `${error.message}${where}`;
  const hint = advice(error.message, expression, rest.limit);
  return {
    content: hint === undefined ? content : `${content}\n${hint}`,
    structured: { ok: false, error: definedOnly(error), ...rest },
    display: sanitizeLine(content).slice(0, 400),
    isError: true,
  };
}

/** The place of an error and a little around it. */
function near(expression: string, position: number): string {
  const start = Math.max(0, position - 11);
  return `${start > 0 ? "…" : ""}${expression.slice(start, position - 1)}⟨here⟩${expression.slice(position - 1, position + 9)}`;
}

function stopped(reason: string, timeoutMs: number): { readonly message: string; readonly limit?: "time" | "memory" } {
  switch (reason) {
    case "time":
      return { message: `stopped after ${timeoutMs / 1000} s`, limit: "time" };
    case "memory":
      return { message: "the calculation used too much memory and was ended", limit: "memory" };
    default:
      return { message: "the calculation ended its own process" };
  }
}

function advice(message: string, expression: string, limit: string | undefined): string | undefined {
  if (limit !== undefined) return "Ask for less at once, or find a closed formula; run_python may take longer.";
  if (/\d,\d{3}(?!\d)/.test(expression)) return "Write numbers without thousands separators: 1234567.";
  if (/is not available|Undefined (symbol|function)/.test(message)) {
    return "For equations, calculus or anything with several steps use run_python.";
  }
  return undefined;
}

function definedOnly<Value extends object>(value: Value): { [Key in keyof Value]-?: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as never;
}
