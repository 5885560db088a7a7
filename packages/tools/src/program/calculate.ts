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
  /** The expression in plain notation, where it was written in another. */
  read_as: text(limits.resultBytes).optional(),
  /** Said of units that people understand in several ways. */
  notes: z.array(text(300)).max(10).optional(),
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

Examples: 0.1 + 0.2 · 1/3 + 1/7 · 2^200 · 17% of 2,340 · 80 + 15% (= 92) · sqrt(2) · 5 cm to inch · 100 km/h to m/s · 25 degC to degF · combinations(45, 6) · mean(3, 4, 8) · det([1, 2; 3, 4]) · 23 mod 5

Korean is read too: 3억 5천만 / 12 · 2340의 17% · 5만 원 * 3할 · 32평을 m^2로 · 3근 to g (평, 근, 관, 돈, 되, 말, 홉, 자, 리). Money keeps its unit (원, USD, EUR, JPY, CNY) and has no exchange rates: multiply by one, as in 200 USD * 1350 원/USD. Inside functions and matrices a comma separates. Nothing is kept between calls.`;

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
      unit: z.string().min(1).max(100).optional().describe("The unit the result is wanted in: km/h, m^2, 평."),
    }),
    output: calculationSchema,
    annotations: { readOnly: true, openWorld: false },
    timeoutMs: limits.timeMs + programLimits.process.startMs,
    async run({ expression: written, precision, unit }, { signal, threadId }) {
      // Hangul may come in its letters, as from file names of macOS.
      const expression = toValidUnicode(written).normalize("NFC");
      const evaluation = await evaluator.evaluate({
        threadId,
        request: {
          expression,
          digits: precision ?? limits.shownDigits,
          unit: unit === undefined ? null : toValidUnicode(unit).normalize("NFC"),
        },
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
        ? presentValue(written, reply.data.value, duration_ms)
        : failed(reply.data.error, { duration_ms }, expression);
    },
  });
}

function presentValue(program: string, value: z.infer<typeof valueSchema>, duration_ms: number): ToolReturn {
  const { exact, decimal, unit, is_exact, read_as, notes = [] } = value;
  const rounded = decimal === undefined ? "" : unit === undefined ? decimal : `${decimal} ${unit}`;
  const shown = !is_exact
    ? `≈ ${exact}`
    : rounded === "" || rounded === exact
      ? `= ${exact}`
      : `= ${exact} ≈ ${rounded}`;
  return {
    content: [shown, ...(read_as === undefined ? [] : [`Read as: ${read_as}`]), ...notes].join("\n"),
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
  if (/\d,\d/.test(expression) && /^(Syntax error|Unexpected|Value expected|Parenthesis)/.test(message)) {
    return "A comma separates thousands in groups of three: 1,234,567.";
  }
  if (/Units do not match/.test(message) || /a quantity and a plain number/.test(message)) {
    return "Give both sides a unit of the same kind, or none. Money has no exchange rates: multiply by one.";
  }
  if (/Undefined symbol [가-힣]/.test(message)) return "Leave out counters such as 개 or 명, and words around the sum.";
  if (/is not available|Undefined (symbol|function)/.test(message)) {
    return "For equations, calculus or anything with several steps use run_python.";
  }
  return undefined;
}

function definedOnly<Value extends object>(value: Value): { [Key in keyof Value]-?: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as never;
}
