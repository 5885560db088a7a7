import { type MathJs, replace } from "./mathjs.ts";

/** Too much to begin with. It is said at once, whatever else could be tried. */
export class Refused extends Error {
  readonly char: number | undefined;
  constructor(message: string, char?: number) {
    super(message);
    this.char = char;
  }
}

export interface ExpressionLimits {
  readonly expressionBytes: number;
  /** Numbers, names and operators. */
  readonly parts: number;
  readonly nesting: number;
}

/** Length, parts and nesting, before anything is parsed. */
export function checkText(expression: string, limits: ExpressionLimits): void {
  const bytes = Buffer.byteLength(expression);
  if (bytes > limits.expressionBytes) {
    throw new Refused(`the expression has ${bytes} bytes; at most ${limits.expressionBytes} are taken`);
  }
  const parts = expression.match(/[\p{L}\p{N}_.$]+|[^\s\p{L}\p{N}_.$()[\]{},;"]/gu)?.length ?? 0;
  if (parts > limits.parts) throw new Refused(`the expression has ${parts} parts; at most ${limits.parts} are taken`);
  let depth = 0;
  for (let at = 0; at < expression.length; at++) {
    const character = expression[at] ?? "";
    if ("([{".includes(character)) depth++;
    if (")]}".includes(character)) depth--;
    if (depth > limits.nesting) throw new Refused(`brackets are nested deeper than ${limits.nesting}`, at + 1);
  }
}

/** Numbers in a list or matrix that an expression may make. */
const ELEMENTS = 100_000;
/** Of a matrix in operations whose cost grows with the third power. */
const ROWS = 100;
const MEMBERS = 12;

/** Makes the functions that answer a few characters with hours of work, or a full memory, refuse at once. */
export function guardSizes(math: MathJs): void {
  const size = (value: unknown): readonly number[] => {
    if (Array.isArray(value)) return value.length > 0 ? [value.length, ...size(value[0])] : [0];
    const matrix = value as { size?: () => readonly number[]; isMatrix?: boolean } | null | undefined;
    return matrix?.isMatrix === true && matrix.size ? matrix.size() : [];
  };
  const count = (value: unknown) => size(value).reduce((product, length) => product * length, 1);
  const numeric = (value: unknown): number => {
    const number = Number(value);
    return Number.isFinite(number) ? number : 0;
  };
  const few = (elements: number, what: string) => {
    if (elements > ELEMENTS) throw new Refused(`${what} would have ${elements} numbers; at most ${ELEMENTS} are held`);
  };
  const guard = (names: readonly string[], check: (name: string, args: readonly unknown[]) => void) => {
    for (const name of names) {
      replace(math, name, (theirs) => {
        const guarded = (...args: unknown[]) => {
          check(name, args);
          return theirs(...args);
        };
        return Object.assign(guarded, theirs);
      });
    }
  };
  const asked = (args: readonly unknown[]): number => {
    const shape = count(args[0]) > 1 || size(args[0]).length > 0 ? flat(args[0]) : args;
    return shape.map(numeric).reduce((product, length) => product * Math.max(length, 1), 1);
  };
  const flat = (value: unknown): unknown[] => {
    const array = Array.isArray(value) ? value : (value as { toArray(): unknown[] }).toArray();
    return array.flat(3) as unknown[];
  };

  guard(["zeros", "ones", "resize"], (name, args) => few(asked(name === "resize" ? args.slice(1) : args), name));
  guard(["identity"], (name, args) => {
    const shape = size(args[0]).length > 0 ? flat(args[0]) : args;
    few(numeric(shape[0]) * numeric(shape[1] ?? shape[0]), name);
  });
  guard(["diag"], (name, args) => few(size(args[0]).length === 1 ? count(args[0]) ** 2 : 0, name));
  guard(["random", "randomInt", "pickRandom"], (name, args) => {
    for (const arg of args) {
      if (name === "pickRandom" ? size(arg).length === 0 : size(arg).length > 0)
        few(name === "pickRandom" ? numeric(arg) : asked([arg]), name);
    }
  });
  guard(["range"], (name, args) => {
    const [start, end, step = 1] = args;
    if (typeof start === "string") throw new Refused("range takes numbers: range(1, 10)");
    if (typeof end !== "boolean") few(Math.abs((numeric(end) - numeric(start)) / (numeric(step) || 1)), name);
  });
  guard(["kron"], (name, args) => few(count(args[0]) * count(args[1]), name));
  guard(["setCartesian"], (name, args) => few(2 * count(args[0]) * count(args[1]), name));
  guard(["setPowerset"], (name, args) => {
    const members = count(args[0]);
    if (members > MEMBERS) throw new Refused(`${name} of ${members} members; at most ${MEMBERS} are taken`);
  });
  const cubic = [
    "inv",
    "pinv",
    "det",
    "lup",
    "qr",
    "slu",
    "lusolve",
    "eigs",
    "expm",
    "sqrtm",
    "schur",
    "sylvester",
    "lyap",
    "pow",
  ];
  guard([...cubic, "multiply", "divide"], (name, args) => {
    for (const arg of args) {
      const shape = size(arg);
      const both = name === "multiply" ? args.every((other) => size(other).length > 1) : shape.length > 1;
      if (both && Math.max(...shape) > ROWS)
        throw new Refused(`${name} of a matrix with more than ${ROWS} rows or columns`);
    }
  });
  guard(
    ["fft", "ifft", "conv", "map", "forEach", "filter", "sort", "cumsum", "cross", "reshape", "concat", "flatten"],
    (name, args) => {
      few(
        args.reduce((sum: number, arg) => sum + count(arg), 0),
        name,
      );
    },
  );
  const largest: { readonly [name: string]: number } = {
    ...{ factorial: 100_000, gamma: 100_000, lgamma: 1e300, combinations: 1e6, combinationsWithRep: 1e6 },
    ...{
      permutations: 100_000,
      stirlingS2: 300,
      bellNumbers: 300,
      catalan: 10_000,
      composition: 10_000,
      nthRoots: 1_000,
    },
    ...{ isPrime: 1e13, multinomial: 10_000, bernoulli: 500, zeta: 1e6 },
  };
  guard(Object.keys(largest), (name, args) => {
    const most = largest[name] ?? 0;
    const values =
      name === "nthRoots" ? args.slice(1) : args.flatMap((arg) => (size(arg).length > 0 ? flat(arg) : [arg]));
    for (const value of values) {
      if (Math.abs(numeric(value)) > most) throw new Refused(`${name} takes numbers up to ${most} here`);
    }
  });
}
