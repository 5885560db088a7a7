/**
 * The process that evaluates an expression with mathjs, behind Node's permission model: an expression can be as
 * endless or as large as a program. One line of JSON in is a request, lines out are frames. It imports only what lies
 * beside it, because it may read nothing but this folder and mathjs.
 */
import { writeSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { type CalculatorLimits, createCalculator } from "./evaluate.ts";
import { checkText } from "./guards.ts";
import { normaliseKorean, type Reading } from "./normalise-korean.ts";

interface Init {
  readonly library: string;
  readonly limits: CalculatorLimits & { readonly resultBytes: number };
}

interface Call {
  readonly id: string;
  readonly expression: string;
  /** Significant digits of what is shown. */
  readonly digits: number;
  readonly unit: string | null;
}

interface Failure {
  readonly message: string;
  /** Where in the expression, counting characters from 1. */
  readonly position?: number;
}

const exit = process.exit.bind(process);

function explain(error: unknown, expression: string, reading: Reading | undefined): Failure {
  if (error instanceof RangeError && /call stack/i.test(error.message)) {
    return { message: "the expression is nested too deeply, or a function calls itself without end" };
  }
  const { message, char } = error instanceof Error ? (error as Error & { char?: number }) : { message: String(error) };
  const words = plainWords(message.slice(0, 500).replace(/ \(char \d+\)$/, ""), expression);
  if (char !== undefined) {
    return { message: words, position: reading === undefined ? char : reading.origin(char - 1) + 1 };
  }
  const name = /^Undefined (?:symbol|function) (\S+)/.exec(words)?.[1];
  const at = name === undefined ? -1 : expression.indexOf(name);
  return at === -1 ? { message: words } : { message: words, position: at + 1 };
}

/** What mathjs says about the types of its arguments, for people. */
function plainWords(message: string, expression: string): string {
  const [, name, expected = "", actual] =
    /^Unexpected type of argument in function (\S+) \(expected: (.*), actual: (\w+)/.exec(message) ?? [];
  if (name === undefined) {
    const many = /^Too (few|many) arguments in function (\S+)/.exec(message);
    const mixed = /^Cannot calculate (\S+), unexpected type of argument/.exec(message);
    if (mixed) return `${mixed[1]} cannot take a quantity and a plain number together`;
    return many ? `${many[2]} was given too ${many[1]} arguments` : message;
  }
  if (name === "to") return "to turns a quantity into a unit of the same kind: 5 cm to inch";
  if (actual === "function" || actual === "any") {
    return "a function or unit stands where a number should: call it with its arguments in brackets";
  }
  if (actual === "Unit" || /\bUnit\b/.test(expected)) {
    return `${name.replace("Scalar", "")} cannot take a quantity and a plain number together`;
  }
  const called = new RegExp(`\\b${name.replace(/\W/g, "")}\\b`).test(expression) ? name : "an operation here";
  return `${called} cannot take a ${actual === "string" ? "text" : actual}: it takes ${expected.slice(0, 120)}`;
}

function send(frame: object): void {
  const bytes = Buffer.from(`${JSON.stringify(frame)}\n`);
  for (let sent = 0; sent < bytes.length; ) sent += writeSync(1, bytes, sent);
}

async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line = await lines.next();
    return line.done ? exit(0) : JSON.parse(line.value);
  };
  const { library, limits } = (await next()) as Init;
  const { calculate, measure } = createCalculator(createRequire(import.meta.url)(library), limits);
  send({ kind: "ready", engine: "mathjs" });

  function answer({ expression, digits, unit }: Call): object {
    let reading: Reading | undefined;
    try {
      checkText(expression, limits);
      reading = normaliseKorean(expression, measure);
      const wanted = unit === null ? undefined : normaliseKorean(unit).expression.trim();
      const value = calculate(reading.expression, { digits, unit: wanted });
      const longest = Math.max(value.exact.length, value.decimal?.length ?? 0);
      if (longest > limits.resultBytes) {
        const message = `the result has ${longest} characters; at most ${limits.resultBytes} are shown`;
        return { ok: false, error: { message } };
      }
      const read = reading.expression.trim().replace(/ +/g, " ").slice(0, limits.resultBytes);
      return {
        ok: true,
        value: {
          ...value,
          ...(reading.changed && { read_as: read }),
          ...(reading.notes.length > 0 && { notes: reading.notes }),
        },
      };
    } catch (error) {
      return { ok: false, error: explain(error, expression, reading) };
    }
  }

  for (;;) {
    const call = (await next()) as Call;
    send({ kind: "result", id: call.id, result: answer(call) });
  }
}

main().catch((error: unknown) => {
  writeSync(2, `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`.slice(0, 4000));
  exit(70);
});
