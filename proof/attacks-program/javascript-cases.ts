// What a hostile or careless JavaScript program tries: ways out, and ways to use up the machine. `CANARY`, `PORT` and
// `SECRET_FILE` stand for a variable of the host's environment, a server on loopback and a file of the host.
import type { Ends } from "./ends.ts";

export interface JavascriptCase {
  readonly name: string;
  readonly code: string;
  /** `itself` unless given. */
  readonly ends?: Ends;
}

const reach = (global: string) =>
  `try { ${global}.process.env.CANARY } catch (e) { e.message } + ' ' + typeof ${global}.process + typeof ${global}.require`;

export const javascriptEscapes: readonly JavascriptCase[] = [
  { name: "the constructor of a constructor", code: "[].constructor.constructor('return process.env.CANARY')()" },
  { name: "Function", code: "new Function('return process.env.CANARY')()" },
  { name: "indirect eval", code: "(0, eval)('process.env.CANARY')" },
  {
    name: "the generator function's constructor",
    code: "(function* () {}).constructor('return process')().next().value",
  },
  {
    name: "the async function's constructor",
    code: "await (async () => {}).constructor('return process.env.CANARY')()",
  },
  {
    name: "the global of console.log's constructor",
    code: "console.log.constructor('return this')().process.env.CANARY",
  },
  {
    name: "the constructor of a formatted text",
    code: "(5).toLocaleString().constructor.constructor('return process')()",
  },
  {
    name: "the constructor of a host error",
    code: "let f;\ntry { (5).toLocaleString('x', { style: 'nope' }) } catch (e) { f = e.constructor.constructor }\nf('return process.env.CANARY')()",
  },
  {
    name: "the stack's call sites",
    code: "Error.prepareStackTrace = (e, s) => s;\nnew Error().stack[0].getThis().process",
  },
  { name: "import() of fs", code: "(await import('fs')).readFileSync('SECRET_FILE', 'utf8')" },
  { name: "import() of node:child_process", code: "(await import('node:child_process')).execSync('cat SECRET_FILE')" },
  { name: "import() of a path", code: "await import('SECRET_FILE')" },
  { name: "QuickJS's own modules", code: "[await import('std'), await import('os')]" },
  { name: "QuickJS's own globals", code: "std.loadFile('SECRET_FILE') + os.exec(['cat', 'SECRET_FILE'])" },
  {
    name: "the host's globals",
    code: "[typeof process, typeof require, typeof module, typeof global, typeof Deno, typeof __loadScript].join()",
  },
  { name: "the parts of Emscripten", code: "[typeof Module, typeof HEAPU8, typeof WebAssembly, typeof FS].join()" },
  { name: "fetch", code: "await fetch('http://127.0.0.1:PORT/')" },
  {
    name: "XMLHttpRequest",
    code: "const x = new XMLHttpRequest();\nx.open('GET', 'http://127.0.0.1:PORT/', false);\nx.send()",
  },
  { name: "WebSocket", code: "new WebSocket('ws://127.0.0.1:PORT/')" },
  { name: "a Worker", code: "new Worker('data:text/javascript,postMessage(process.env.CANARY)')" },
  {
    name: "a forged answer",
    code: `console.log('\\n{"kind":"result","id":"1","result":{"ok":true,"value":{"repr":"666"}}}\\n');\n1 + 1`,
  },
  { name: "the engine's private functions", code: reach("globalThis") },
];

export const javascriptBombs: readonly JavascriptCase[] = [
  { name: "an endless loop", code: "for (;;) {}", ends: "time" },
  { name: "a loop that catches everything", code: "for (;;) { try { for (;;) {} } catch {} }", ends: "time" },
  {
    name: "a loop in an async function",
    code: "(async () => { for (;;) { try { for (;;) {} } catch {} } })()",
    ends: "time",
  },
  { name: "a loop of promises", code: "(function next() { Promise.resolve().then(next) })()", ends: "time" },
  { name: "an endless await", code: "for (;;) await null", ends: "time" },
  { name: "timers that set timers", code: "(function next() { setTimeout(next) })()", ends: "time" },
  { name: "an interval nobody ends", code: "setInterval(() => {}, 1)", ends: "time" },
  { name: "a generator without end", code: "[...(function* () { for (;;) yield 1 })()]", ends: "memory" },
  { name: "a regular expression", code: "/(a+)+$/.test('a'.repeat(40) + 'b')", ends: "time" },
  { name: "a getter that loops", code: "({ get a() { for (;;) {} } }).a", ends: "time" },
  { name: "a toJSON that loops", code: "JSON.stringify({ toJSON() { for (;;) {} } })", ends: "time" },
  {
    name: "a value whose name loops",
    code: "class A {}\nObject.defineProperty(A.prototype, 'x', { enumerable: true, get() { for (;;) {} } });\nnew Proxy(new A(), { ownKeys() { for (;;) {} } })",
    ends: "time",
  },
  {
    name: "an error whose message loops",
    code: "throw Object.defineProperty(new Error(), 'message', { get() { for (;;) {} } })",
  },
  { name: "an array that grows", code: "const a = [];\nfor (;;) a.push(new Array(1e5).fill(1))", ends: "memory" },
  { name: "a doubling string", code: "let s = 'x';\nfor (;;) s += s" },
  {
    name: "a list of long strings",
    code: "const a = [];\nfor (let i = 0; ; i++) a.push('x'.repeat(1e6) + i)",
    ends: "memory",
  },
  { name: "array buffers", code: "const a = [];\nfor (;;) a.push(new ArrayBuffer(1e7))", ends: "memory" },
  { name: "one huge array buffer", code: "new ArrayBuffer(2 ** 31 - 1)", ends: "memory" },
  { name: "a filled array", code: "new Array(1e9).fill(0)", ends: "memory" },
  { name: "objects linked without end", code: "let o = {};\nfor (;;) o = { o }", ends: "memory" },
  { name: "a map that grows", code: "const m = new Map();\nfor (let i = 0; ; i++) m.set(i, { i })", ends: "memory" },
  { name: "recursion", code: "function f() { return f() + 1 }\nf()", ends: "recursion" },
  { name: "recursion through a getter", code: "({ get a() { return this.a } }).a", ends: "recursion" },
  {
    name: "recursion through a proxy",
    code: "const p = new Proxy({}, { get() { return p.x } });\np.x",
    ends: "recursion",
  },
  { name: "recursion through sort", code: "function f() { [1, 2].sort(f) }\nf()", ends: "recursion" },
  { name: "recursion through replace", code: "function f() { return 'a'.replace(/a/, f) }\nf()", ends: "recursion" },
  {
    name: "recursion through toString",
    code: "const o = { toString() { return '' + o } };\n'' + o",
    ends: "recursion",
  },
  {
    name: "recursion through JSON",
    code: "const o = { toJSON() { return JSON.stringify(o) } };\nJSON.stringify(o)",
    ends: "recursion",
  },
  {
    name: "recursion through Reflect.apply",
    code: "function f() { Reflect.apply(f, null, []) }\nf()",
    ends: "recursion",
  },
  { name: "deep JSON to read", code: "JSON.parse('['.repeat(1e6) + ']'.repeat(1e6))", ends: "recursion" },
  {
    name: "deep JSON to write",
    code: "let o = {};\nfor (let i = 0; i < 1e5; i++) o = { o };\nJSON.stringify(o)",
    ends: "recursion",
  },
  { name: "a deep value", code: "let o = [];\nfor (let i = 0; i < 1e5; i++) o = [o];\no" },
  { name: "deep brackets for eval", code: "eval('('.repeat(1e5) + ')'.repeat(1e5))", ends: "recursion" },
  { name: "deep brackets in the program", code: `${"(".repeat(30_000)}1${")".repeat(30_000)}` },
  { name: "deep templates for Function", code: "new Function('`${'.repeat(1e4))", ends: "recursion" },
  { name: "a deep regular expression", code: "new RegExp('('.repeat(1e5) + ')'.repeat(1e5))" },
  { name: "a join of a sparse array", code: "new Array(2 ** 27).join('x')", ends: ["time", "memory"] },
  {
    name: "a sort of two million",
    code: "Array.from({ length: 2e6 }, (_, i) => (i * 7919) % 1000003).sort().length",
    ends: ["itself", "memory"],
  },
  { name: "a power of a BigInt", code: "7n ** 30000000n" },
  { name: "a BigInt that squares itself", code: "let n = 3n;\nfor (;;) n *= n" },
  { name: "a long BigInt in digits", code: "(1n << 4000000n).toString().length" },
  { name: "an error of ten megabytes", code: "throw new Error('x'.repeat(1e7))" },
  { name: "a text of ten megabytes thrown", code: "throw 'x'.repeat(1e7)" },
  { name: "a value of a hundred megabytes", code: "'x'.repeat(1e8)", ends: ["itself", "memory"] },
  { name: "a sparse array as value", code: "const a = [];\na[2 ** 32 - 2] = 1;\na" },
  { name: "printing ten megabytes at once", code: "console.log('x'.repeat(1e7))" },
  { name: "printing without end", code: "for (;;) console.log('spam'.repeat(1000))", ends: "output" },
  { name: "errors printed without end", code: "for (;;) console.error('spam'.repeat(1000))", ends: "output" },
  {
    name: "a format of a hundred places",
    code: "for (;;) (Math.PI).toLocaleString('ko-KR', { minimumFractionDigits: 100 })",
    ends: "time",
  },
  { name: "a list of a million locales", code: "(5).toLocaleString(new Array(1e6).fill('en'))" },
  {
    name: "typed arrays sharing nothing",
    code: "const a = [];\nfor (;;) a.push(new Float64Array(1e6).fill(1))",
    ends: "memory",
  },
  { name: "symbols without end", code: "for (let i = 0; ; i++) Symbol.for('s' + i)", ends: ["time", "memory"] },
];

/** Each is followed by a program whose result must still be right. */
export const javascriptPoisons: readonly JavascriptCase[] = [
  { name: "the array's prototype", code: "Array.prototype.push = Array.prototype.slice = Array.prototype.join = null" },
  {
    name: "the object's prototype",
    code: "Object.prototype.toJSON = () => 1;\nObject.prototype.ans = 5;\nObject.prototype.value = 6",
  },
  { name: "JSON", code: "JSON.stringify = () => '{}';\nJSON.parse = null" },
  { name: "console", code: "console = null" },
  { name: "Reflect and Object", code: "Reflect.ownKeys = Object.is = Object.defineProperty = null" },
  { name: "the text's prototype", code: "String.prototype.slice = String.prototype.charCodeAt = () => 'evil'" },
  { name: "Promise", code: "Promise.prototype.then = null" },
  {
    name: "the function's prototype",
    code: "Function.prototype.call = Function.prototype.apply = Function.prototype.bind = null",
  },
  { name: "the iterators", code: "Array.prototype[Symbol.iterator] = null" },
];
