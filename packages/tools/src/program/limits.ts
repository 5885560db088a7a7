/** What is shown of a result, in whatever language. */
const shown = {
  valueBytes: 16 * 1024,
  tracebackBytes: 8 * 1024,
};

/** Every limit of the evaluator, in one place. Sizes are bytes unless the name says otherwise. */
export const programLimits = {
  /** In whatever language. */
  program: {
    timeMs: 10_000,
    maxTimeMs: 60_000,
    /** A program is interrupted at its limit, which keeps what it defined, and killed this much later. */
    graceMs: 300,
    /** Then a thread gets a new interpreter. */
    calls: 500,
    codeBytes: 64 * 1024,
    ...shown,
  },
  python: {
    /** Of the WebAssembly heap; a request beyond it is a MemoryError inside the program. */
    heapBytes: 256 * 1024 * 1024,
    /** Files live in the JavaScript heap, outside the one above. */
    filesBytes: 32 * 1024 * 1024,
    /** Charged for each file or folder on top of its content. */
    fileOverheadBytes: 4096,
    residentBytes: 600 * 1024 * 1024,
    ...shown,
    recursion: 1_000,
    maxRecursion: 3_000,
    intDigits: 100_000,
  },
  javascript: {
    heapBytes: 128 * 1024 * 1024,
    /** Of the engine; some 5,000 calls of a plain function. */
    stackBytes: 768 * 1024,
    /** V8's, in kilobytes, on which the engine's own stack lies: large enough that the engine's limit comes first. */
    v8StackKilobytes: 3_900,
    residentBytes: 512 * 1024 * 1024,
    valueBytes: shown.valueBytes,
    /** Of one printed value. */
    printBytes: 1024 * 1024,
    intDigits: 20_000,
  },
  calculate: {
    timeMs: 5_000,
    expressionBytes: 10_000,
    parts: 5_000,
    nesting: 200,
    /** Digits carried while computing; what is shown is rounded to the precision asked for. */
    workingDigits: 64,
    shownDigits: 20,
    maxDigits: 1_000,
    /** An integer longer than this is shown rounded. */
    integerDigits: 10_000,
    resultBytes: 16 * 1024,
    residentBytes: 512 * 1024 * 1024,
  },
  output: {
    /** Kept of stdout and stderr together, from the beginning and from the end. */
    headBytes: 48 * 1024,
    tailBytes: 16 * 1024,
    /** A run that prints more is ended. */
    floodBytes: 8 * 1024 * 1024,
  },
  process: {
    /** Under load an interpreter that starts in two seconds may take many. */
    startMs: 60_000,
    frameBytes: 256 * 1024,
    /** V8's own heap, in megabytes: beyond it the child aborts. */
    v8HeapMegabytes: 256,
    watchEveryMs: 100,
    pingMs: 1_000,
    /** Over a child's whole life, kept by the system. */
    cpuSeconds: 900,
  },
  snapshot: {
    makeMs: 180_000,
    /** A program that needs it waits for it so long, then loads its packages itself. */
    patienceMs: 60_000,
    maxBytes: 256 * 1024 * 1024,
    /** Of other versions and packages, the ones used last. */
    keep: 3,
    unusedDays: 30,
  },
  pool: {
    running: 2,
    waiting: 16,
    sessions: 4,
    idleMs: 10 * 60_000,
  },
} as const;

/**
 * Node's flags for a child that runs a model's code: nothing may be read but `readable`, nothing written, no process,
 * worker, addon or (from Node 25 on) network, and no code made from strings, so that a JavaScript object that leaks
 * into the program leads nowhere.
 */
export function permissionFlags(readable: readonly string[]): readonly string[] {
  return [
    "--permission",
    ...readable.map((path) => `--allow-fs-read=${path}`),
    "--disallow-code-generation-from-strings",
    `--max-old-space-size=${programLimits.process.v8HeapMegabytes}`,
    "--no-warnings",
  ];
}
