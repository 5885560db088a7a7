/**
 * The process that runs a model's JavaScript: QuickJS as WebAssembly behind Node's permission model. A program cannot
 * reach the JavaScript out here; should it, the process is locked like that of Python. One line of JSON in is a
 * request, lines out are frames. It imports nothing of ours, because it may read nothing but this file and its engine.
 */
import { writeSync } from "node:fs";
import { registerHooks } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import type { Node as AcornNode, Options, Program } from "acorn";
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from "quickjs-emscripten-core";

interface Init {
  readonly libraries: {
    readonly engine: string;
    readonly core: string;
    readonly types: string;
    readonly parser: string;
  };
  readonly driver: string;
  readonly limits: {
    readonly heapBytes: number;
    readonly stackBytes: number;
    readonly valueBytes: number;
    readonly printBytes: number;
    readonly intDigits: number;
  };
}

interface Call {
  readonly id: string;
  readonly code: string;
  readonly timeoutMs: number;
}

interface Reply {
  readonly ok: boolean;
  readonly value?: object;
  readonly error?: {
    readonly type: string;
    readonly message: string;
    readonly line?: number;
    readonly column?: number;
    readonly source_line?: string;
    readonly traceback?: string;
  };
  readonly limit?: "time" | "memory" | "recursion";
}

/** The parser's nodes, as far as the top of a program is looked at. */
interface Statement extends AcornNode {
  readonly kind?: string;
  readonly id?: Pattern;
  readonly params?: readonly AcornNode[];
  readonly expression?: AcornNode & { readonly operator?: string; readonly left?: Pattern };
  readonly declarations?: readonly (AcornNode & { readonly id: Pattern; readonly init: AcornNode | null })[];
}
interface Pattern extends AcornNode {
  readonly name?: string;
}

/** A program made ready: what it sets is found by name, so that its value can be looked for. */
interface Prepared {
  readonly code: string;
  readonly endsInExpression: boolean;
  readonly declared: { readonly [name: string]: true };
  /** The function whose result is the answer when nothing else is. */
  readonly solver: string | undefined;
  /** The source text of what was assigned last. */
  readonly lastTarget: string | undefined;
}

declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => object;
};

/** The engine's own flag for `await` at the top of a script; the script's result is then a promise of `{ value }`. */
const EVAL_ASYNC = 128;
const OUT_OF_MEMORY = { type: "InternalError", message: "out of memory" };
/** An error may run the program's code once more when it is put into words. */
const WORDING_MS = 100;
const PAGE = 65_536;
const JOBS = 200;
const BLOCK = 32 * 1024;

const exit = process.exit.bind(process);

function send(frame: object): void {
  const bytes = Buffer.from(`${JSON.stringify(frame)}\n`);
  for (let sent = 0; sent < bytes.length; ) {
    try {
      sent += writeSync(1, bytes, sent);
    } catch (error) {
      // EAGAIN: the reader is slower than we are. Anything else: nobody reads any more.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") exit(1);
    }
  }
}

const filename = (number: number) => (number === 1 ? "<program>" : `<program ${number}>`);

/**
 * At its top level `let`, `const` and `class` become `var`: models write whole programs again, and a name declared
 * in an earlier call must not stand in the way. Lines and columns stay.
 */
function prepare(code: string, parse: (code: string, options: Options) => Program): Prepared {
  const { body } = parse(code, { ecmaVersion: "latest", sourceType: "script", allowAwaitOutsideFunction: true }) as {
    body: readonly AcornNode[];
  } as { readonly body: readonly Statement[] };
  const edits: { readonly at: number; readonly end: number; readonly text: string }[] = [];
  const insert = (at: number, text: string) => edits.push({ at, end: at, text });
  const declared: { [name: string]: true } = Object.create(null);
  const source = (node: AcornNode) => code.slice(node.start, node.end);
  let solver: string | undefined;
  let lastTarget: string | undefined;
  const target = (pattern: Pattern) => {
    const text = source(pattern);
    if (!text.includes("=")) lastTarget = text;
  };
  for (const statement of body) {
    switch (statement.type) {
      case "VariableDeclaration": {
        const { kind = "", declarations = [] } = statement;
        if (kind === "let" || kind === "const") {
          edits.push({ at: statement.start, end: statement.start + kind.length, text: "var".padEnd(kind.length) });
        }
        for (const { id, init, end } of declarations) {
          if (id.name !== undefined) declared[id.name] = true;
          if (init !== null) target(id);
          else if (kind === "let") insert(end, "=void 0");
        }
        break;
      }
      case "ClassDeclaration":
        insert(statement.start, `var ${statement.id?.name}=`);
        insert(statement.end, ";");
        break;
      case "FunctionDeclaration": {
        const name = statement.id?.name;
        if ((name === "solution" || name === "solver") && statement.params?.length === 0) solver ??= name;
        break;
      }
      case "ExpressionStatement": {
        const { type, left } = statement.expression ?? {};
        if (type !== "AssignmentExpression" || left === undefined) break;
        if (left.name !== undefined) declared[left.name] = true;
        target(left);
        break;
      }
    }
  }
  let ready = "";
  let from = 0;
  for (const { at, end, text } of edits.sort((a, b) => a.at - b.at)) {
    ready += code.slice(from, at) + text;
    from = end;
  }
  const endsInExpression = body.at(-1)?.type === "ExpressionStatement";
  return { code: ready + code.slice(from), endsInExpression, declared, solver, lastTarget };
}

/** The wording of numbers, dates and the order of texts, by this process's own Intl. */
function createFormat() {
  const formatters = new Map<string, { format(value: never): string; resolvedOptions(): object }>();
  const collators = new Map<string, Intl.Collator>();
  const once = <Value>(cache: Map<string, Value>, key: string, make: () => Value): Value => {
    const known = cache.get(key);
    if (known !== undefined) return known;
    if (cache.size >= 50) cache.clear();
    const made = make();
    cache.set(key, made);
    return made;
  };
  /** What a `Date` method shows when it is not told. */
  const usual = (kind: string, options: Intl.DateTimeFormatOptions = {}): Intl.DateTimeFormatOptions => {
    const { weekday, year, month, day, dayPeriod, hour, minute, second, fractionalSecondDigits } = options;
    const asksDay = [weekday, year, month, day].some((part) => part !== undefined);
    const asksTime = [dayPeriod, hour, minute, second, fractionalSecondDigits].some((part) => part !== undefined);
    if (options.dateStyle !== undefined || options.timeStyle !== undefined) return options;
    const [wantsDay, wantsTime] = [kind !== "time", kind !== "day"];
    if ((wantsDay && asksDay) || (wantsTime && asksTime)) return options;
    return {
      ...options,
      ...(wantsDay && ({ year: "numeric", month: "numeric", day: "numeric" } as const)),
      ...(wantsTime && ({ hour: "numeric", minute: "numeric", second: "numeric" } as const)),
    };
  };
  return (kind: string, localesText: string, optionsText: string, value: string): string => {
    const locales = localesText === "" ? "en-US" : JSON.parse(localesText);
    const options = optionsText === "" ? undefined : JSON.parse(optionsText);
    const key = `${kind} ${localesText} ${optionsText}`;
    if (kind === "compare") {
      const [a, b] = JSON.parse(value);
      return String(once(collators, key, () => new Intl.Collator(locales, options)).compare(a, b));
    }
    const formatter = once(formatters, key, () =>
      kind === "number"
        ? new Intl.NumberFormat(locales, options)
        : new Intl.DateTimeFormat(locales, kind === "date" ? options : usual(kind, options)),
    );
    if (value === "resolve") return JSON.stringify(formatter.resolvedOptions());
    // Digits go in as text: a large BigInt keeps all of them.
    if (kind === "number") return formatter.format((value === "-0" ? -0 : value) as never);
    if (value === "NaN") return "Invalid Date";
    return formatter.format(Number(value) as never);
  };
}

/** Loads the engine from the folders it was given: what it imports by name is found there and nowhere else. */
async function loadEngine({ engine, core, types, parser }: Init["libraries"], heapBytes: number) {
  const url = (folder: string, file: string) => pathToFileURL(`${folder}/${file}`).href;
  const named: { readonly [specifier: string]: string } = {
    "@jitl/quickjs-ffi-types": url(types, "index.mjs"),
  };
  registerHooks({
    resolve: (specifier, context, next) => {
      const known = named[specifier];
      if (known !== undefined) return { url: known, format: "module", shortCircuit: true };
      return specifier.startsWith("file:") || specifier.startsWith(".")
        ? { url: new URL(specifier, context.parentURL).href, format: "module", shortCircuit: true }
        : next(specifier, context);
    },
  });
  const { newQuickJSWASMModuleFromVariant, newVariant } = await import(url(core, "index.mjs"));
  const { QuickJSFFI } = await import(url(engine, "ffi.mjs"));
  const { default: createModule } = await import(url(engine, "emscripten-module.mjs"));
  const { parse } = await import(url(parser, "acorn.mjs"));
  // The engine's own count of its memory is not to be relied upon: a heap that cannot grow is.
  const wasmMemory = new WebAssembly.Memory({ initial: 256, maximum: heapBytes / PAGE });
  const variant = { type: "sync", importFFI: async () => QuickJSFFI, importModuleLoader: async () => createModule };
  const quickjs = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmMemory }));
  const runtime: QuickJSRuntime = quickjs.newRuntime();
  return { runtime, parse: parse as (code: string, options: Options) => Program };
}

type Driver = {
  readonly [name in
    | "describe"
    | "describeError"
    | "remember"
    | "answer"
    | "runTimer"
    | "clearTimers"
    | "roomy"]: QuickJSHandle;
};

/** Thrown through our own calls when the program failed; the handle is the thrown value. */
class Thrown extends Error {
  readonly value: QuickJSHandle;
  constructor(value: QuickJSHandle) {
    super("thrown");
    this.value = value;
  }
}

async function start({ libraries, driver: driverCode, limits }: Init, print: (stream: string, text: string) => void) {
  const { runtime, parse } = await loadEngine(libraries, limits.heapBytes);
  runtime.setMaxStackSize(limits.stackBytes);
  const vm: QuickJSContext = runtime.newContext();
  let deadline = Number.POSITIVE_INFINITY;
  let late = false;
  runtime.setInterruptHandler(() => {
    late ||= performance.now() > deadline;
    return late;
  });

  const unwrap = (result: ReturnType<QuickJSContext["evalCode"]>): QuickJSHandle => {
    if (result.error) throw new Thrown(result.error);
    return result.value;
  };
  const sources = new Map<string, string>();
  const format = createFormat();
  const hostPrint = vm.newFunction("print", (stream, text) => print(vm.getString(stream), vm.getString(text)));
  const hostFormat = vm.newFunction("format", (...parts) => {
    const [kind = "", locales = "", options = "", value = ""] = parts.map((part) => vm.getString(part));
    return vm.newString(format(kind, locales, options, value));
  });
  const shared = unwrap(vm.evalCode(`(${JSON.stringify(limits)})`));
  const made = unwrap(
    vm.callFunction(unwrap(vm.evalCode(driverCode, "<driver>")), vm.undefined, hostPrint, hostFormat, shared),
  );
  const driver = Object.fromEntries(
    ["describe", "describeError", "remember", "answer", "runTimer", "clearTimers", "roomy"].map((name) => [
      name,
      vm.getProp(made, name),
    ]),
  ) as Driver;
  const ask = (name: keyof Driver, ...args: QuickJSHandle[]) =>
    unwrap(vm.callFunction(driver[name], vm.undefined, ...args));
  const askText = (name: keyof Driver, ...args: QuickJSHandle[]) => ask(name, ...args).consume(vm.getString);

  /** Runs what waits until the value is there. A promise nothing will ever keep is an error. */
  function settle(handle: QuickJSHandle): QuickJSHandle {
    for (;;) {
      runJobs();
      const state = vm.getPromiseState(handle);
      if (state.type === "rejected") throw new Thrown(state.error);
      if (state.type === "fulfilled") {
        if (state.notAPromise) return handle;
        handle.dispose();
        return state.value;
      }
      if (vm.dump(ask("runTimer")) === false) {
        throw new Thrown(vm.newError("it waits for a promise that nothing will ever settle"));
      }
    }
  }

  function runJobs(): void {
    for (;;) {
      const done = runtime.executePendingJobs(JOBS);
      if (done.error) done.error.dispose();
      late ||= performance.now() > deadline;
      if (late) throw new Thrown(vm.newError("interrupted"));
      if (!done.error && done.value === 0) return;
    }
  }

  function evaluate(code: string, name: string): QuickJSHandle {
    const holder = settle(unwrap(vm.evalCode(code, name, EVAL_ASYNC)));
    const value = vm.getProp(holder, "value");
    holder.dispose();
    return settle(value);
  }

  function runRest(): void {
    do runJobs();
    while (vm.dump(ask("runTimer")) === true);
  }

  const isUndefined = (handle: QuickJSHandle) => vm.typeof(handle) === "undefined";
  const describe = (handle: QuickJSHandle, from: string) => {
    const text = askText("describe", handle, vm.newString(from));
    handle.dispose();
    return JSON.parse(text);
  };

  function runProgram(code: string, name: string, printed: () => boolean): object | undefined {
    const program = prepare(code, parse);
    ask("remember");
    const completion = evaluate(program.code, name);
    runRest();
    if (program.endsInExpression && !isUndefined(completion)) return describe(completion, "expression");
    const answer = askText("answer", vm.newString(JSON.stringify(program.declared)));
    if (answer !== "") return JSON.parse(answer);
    if (printed()) return undefined;
    if (program.solver !== undefined) {
      const value = evaluate(`${program.solver}()`, "<call>");
      return isUndefined(value) ? undefined : describe(value, "function");
    }
    if (program.lastTarget === undefined) return undefined;
    const value = evaluate(`(${program.lastTarget})`, "<call>");
    return isUndefined(value) ? undefined : describe(value, "last_assignment");
  }

  /** The place of the failure in the program, from the engine's list of calls. */
  function place(stack: string) {
    const [, name, line, column] = /\(?(<program(?: \d+)?>):(\d+):(\d+)\)?/.exec(stack) ?? [];
    if (name === undefined) return {};
    const source = sources.get(name)?.split("\n")[Number(line) - 1]?.trim().slice(0, 400);
    return { line: Number(line), column: Number(column), ...(source ? { source_line: source } : {}) };
  }

  function explain(error: unknown, code: string, timeoutMs: number): { reply: Reply; final: boolean } {
    if (late) {
      const message = `stopped after ${timeoutMs / 1000} s`;
      return {
        reply: { ok: false, limit: "time", error: { type: "TimeLimit", message } },
        final: runtime.hasPendingJob(),
      };
    }
    if (error instanceof SyntaxError && "loc" in error) {
      const { line, column } = error.loc as { line: number; column: number };
      const source_line = code.split("\n")[line - 1]?.trim().slice(0, 400);
      const message = error.message.replace(/ \(\d+:\d+\)$/, "");
      return {
        reply: {
          ok: false,
          error: { type: "SyntaxError", message, line, column: column + 1, ...(source_line ? { source_line } : {}) },
        },
        final: false,
      };
    }
    if (error instanceof Thrown) {
      deadline = performance.now() + WORDING_MS;
      // A full heap cannot even make the error that says so.
      const full = !hasRoom();
      const words = wordsOf(error.value);
      const { type, message, stack } = full ? { ...words, ...OUT_OF_MEMORY } : words;
      const where = stack.split("\n").filter((entry) => entry.includes("<program"));
      const traceback = [`${type}: ${message}`, ...where].join("\n").slice(0, 8000);
      const limit = message === "out of memory" ? "memory" : message === "stack overflow" ? "recursion" : undefined;
      return {
        reply: {
          ok: false,
          error: { type, message, ...place(stack), traceback },
          ...(type === "InternalError" && limit !== undefined && { limit }),
        },
        final: full,
      };
    }
    // The engine itself failed: it is thrown away with this process.
    if (error instanceof RangeError) {
      const message = "stack overflow";
      return { reply: { ok: false, limit: "recursion", error: { type: "InternalError", message } }, final: true };
    }
    throw error;
  }

  function wordsOf(thrown: QuickJSHandle): { type: string; message: string; stack: string } {
    try {
      return JSON.parse(askText("describeError", thrown));
    } catch {
      return { type: "Thrown", message: "something that cannot be shown", stack: "" };
    }
  }

  function hasRoom(): boolean {
    try {
      ask("roomy", vm.newNumber(limits.heapBytes / 16)).dispose();
      return true;
    } catch {
      return false;
    }
  }

  return ({ code, timeoutMs }: Call, number: number, printed: () => boolean): { reply: Reply; final: boolean } => {
    const name = filename(number);
    sources.clear();
    sources.set(name, code);
    late = false;
    deadline = performance.now() + timeoutMs;
    try {
      const value = runProgram(code, name, printed);
      return { reply: { ok: true, ...(value && { value }) }, final: false };
    } catch (error) {
      const { reply, final } = explain(error, code, timeoutMs);
      late = false;
      ask("clearTimers");
      return { reply, final };
    } finally {
      late = false;
      deadline = Number.POSITIVE_INFINITY;
    }
  };
}

async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line = await lines.next();
    return line.done ? exit(0) : JSON.parse(line.value);
  };
  let current = "";
  let printed = false;
  const print = (stream: string, text: string) => {
    printed = true;
    for (let at = 0; at < text.length; at += BLOCK) {
      send({ kind: "output", id: current, stream, text: text.slice(at, at + BLOCK) });
    }
  };
  const run = await start((await next()) as Init, print);
  send({ kind: "ready", engine: "quickjs" });
  for (let number = 1; ; number++) {
    const call = (await next()) as Call;
    current = call.id;
    printed = false;
    const { reply, final } = run(call, number, () => printed);
    send({ kind: "result", id: call.id, result: reply, final });
  }
}

main().catch((error: unknown) => {
  // An engine that has failed once cannot be used again.
  writeSync(2, `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`.slice(0, 4000));
  exit(70);
});
