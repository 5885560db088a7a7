/**
 * The process that runs a model's Python: Pyodide behind Node's permission model. Everything in here is the second
 * wall; the first is the process itself and its flags. One line of JSON in is a request, lines out are frames. It
 * imports nothing of ours, because it may read nothing but this file, Pyodide's folder, the packages and the snapshot.
 */
import childProcess from "node:child_process";
import { hash } from "node:crypto";
import dgram from "node:dgram";
import fs from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import tls from "node:tls";
import { pathToFileURL } from "node:url";
import workerThreads from "node:worker_threads";

interface Init {
  readonly library: string;
  readonly driver: string;
  readonly limits: {
    readonly heapBytes: number;
    readonly filesBytes: number;
    readonly fileOverheadBytes: number;
    readonly [name: string]: number;
  };
  readonly packages: {
    readonly files: readonly { readonly name: string; readonly modules: readonly string[]; readonly path: string }[];
    readonly missing: readonly { readonly module: string; readonly package: string }[];
  };
  /** The memory of an interpreter that had started: taken instead of starting one, if it is the right one. */
  readonly snapshot?: { readonly path: string; readonly sha256: string };
  /** Python. Instead of taking calls the child runs it, writes its memory to its output and ends. */
  readonly makeSnapshot?: string;
}

interface Call {
  readonly id: string;
  readonly code: string;
  readonly expect: string | null;
  readonly timeoutMs: number;
}

interface Ping {
  readonly ping: string;
}

interface ModuleSettings {
  instantiateWasm(imports: { readonly env: { emscripten_resize_heap(size: number): unknown } }, done: unknown): unknown;
}

type Run = {
  /** Loads the packages that the code imports; `announce` is called first, with their names as JSON, unless all are there. */
  prepare(code: string, announce: (names: string) => void): void;
  callPromising(
    code: string,
    number: number,
    expect: string | null,
    printed: () => boolean,
    /** Ends the interrupts; whether there was one. */
    disarm: () => boolean,
  ): Promise<string>;
};

interface MemoryNode {
  readonly contents?: Int8Array | Uint8Array | { readonly [name: string]: MemoryNode };
}

interface MemoryFiles {
  createNode(...args: unknown[]): MemoryNode;
  expandFileStorage(node: MemoryNode, size: number): void;
  resizeFileStorage(node: MemoryNode, size: number): void;
  readonly ops_table: { readonly file: { readonly stream: { write(...args: unknown[]): number } } };
}

interface Pyodide {
  readonly version: string;
  readonly FS: {
    readonly root: MemoryNode;
    readonly streams: readonly ({ readonly node?: MemoryNode } | null)[];
    readonly filesystems: { readonly MEMFS: MemoryFiles };
    readonly ErrnoError: new (errno: number) => Error;
    mkdirTree(path: string): void;
    writeFile(path: string, content: Uint8Array, options: { canOwn: true }): void;
  };
  readonly _api: { readonly config: { _loadSnapshot?: unknown } };
  runPython(
    code: string,
    options?: { globals: unknown },
  ): (limits: unknown, packages: unknown, pause: (seconds: number) => void) => Run;
  makeMemorySnapshot(): Uint8Array;
  setInterruptBuffer(buffer: { [0]: number }): void;
  toPy(value: unknown): unknown;
  setStdin(options: { error: true }): void;
  setStdout(options: { write(bytes: Uint8Array): number; isatty: false }): void;
  setStderr(options: { write(bytes: Uint8Array): number; isatty: false }): void;
  unregisterJsModule(name: string): void;
}

const ENOSPC = 51;
const SIGINT = 2;
const GROWTH_DOUBLES_BELOW = 1024 * 1024;
/** The first lines leave at once, so that a run that is stopped still shows them; later ones leave in blocks. */
const PROMPT_FRAMES = 500;
const BLOCK = 16 * 1024;

const stringify = JSON.stringify;
const parse = JSON.parse;
const exit: (code: number) => never = process.exit.bind(process);
const { writeSync } = fs;

function send(frame: object): void {
  const bytes = Buffer.from(`${stringify(frame)}\n`);
  for (let sent = 0; sent < bytes.length; ) {
    try {
      sent += writeSync(1, bytes, sent);
    } catch (error) {
      // EAGAIN: the reader is slower than we are. Anything else: nobody reads any more.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") exit(1);
    }
  }
}

/** Collects what the running call prints and sends it on as it comes. */
function createOutput(current: () => string | undefined) {
  let frames = 0;
  let printed = 0;
  const stream = (name: "stdout" | "stderr") => {
    let decoder = new TextDecoder();
    let held = "";
    const flush = () => {
      const id = current();
      if (held !== "" && id !== undefined) send({ kind: "output", id, stream: name, text: held });
      held = "";
      frames++;
    };
    return {
      write(bytes: Uint8Array): number {
        printed += bytes.length;
        for (let at = 0; at < bytes.length; at += BLOCK) {
          held += decoder.decode(bytes.subarray(at, at + BLOCK), { stream: true });
          if (frames < PROMPT_FRAMES || held.length >= BLOCK) flush();
        }
        return bytes.length;
      },
      end() {
        held += decoder.decode();
        flush();
        decoder = new TextDecoder();
      },
    };
  };
  const stdout = stream("stdout");
  const stderr = stream("stderr");
  return {
    stdout,
    stderr,
    printed: () => printed > 0,
    begin() {
      frames = 0;
      printed = 0;
    },
    end() {
      stdout.end();
      stderr.end();
    },
  };
}

/**
 * Interrupts the running program after its time. Pyodide looks for a signal in a buffer that another thread is meant to
 * write; here the buffer itself looks at the clock, so that no thread need be allowed. It asks again at intervals: a
 * program that catches the first one is interrupted again, and the driver has time to say that it has ended.
 */
function createAlarm() {
  const againMs = 100;
  const never = Number.POSITIVE_INFINITY;
  let deadline = never;
  let fired = false;
  const now = performance.now.bind(performance);
  const buffer = {
    get 0() {
      if (now() < deadline) return 0;
      deadline = now() + againMs;
      fired = true;
      return SIGINT;
    },
    // Pyodide takes the signal out of the buffer by writing 0.
    set 0(_taken: number) {},
  };
  return {
    buffer,
    arm(ms: number) {
      fired = false;
      deadline = now() + ms;
    },
    disarm() {
      deadline = never;
      return fired;
    },
  };
}

const still = new Int32Array(new SharedArrayBuffer(4));
const { wait } = Atomics;
/** Stands still. Python's own way to wait lets other code run meanwhile, where an interrupt would end the interpreter. */
function pause(seconds: number): void {
  wait(still, 0, 0, seconds * 1000);
}

const packageFolder = "/lib/packages";
/** Wheels with compiled code must be unpacked before they can be imported; the driver does so when one is. */
const isNative = (path: string) => path.endsWith(".whl") && !path.endsWith("-none-any.whl");
/** More than any such wheel grows when it is unpacked. */
const unpacksTo = 8;

/** Puts the packages into the virtual file system, and tells where they lie there. */
function mount({ FS }: Pyodide, packages: Init["packages"]) {
  FS.mkdirTree(packageFolder);
  let roomForNative = 0;
  const files = packages.files.map(({ name, modules, path }) => {
    const content = fs.readFileSync(path);
    const native = isNative(path);
    if (native) roomForNative += content.length * unpacksTo;
    const at = `${packageFolder}/${path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1)}`;
    FS.writeFile(at, new Uint8Array(content.buffer, content.byteOffset, content.length), { canOwn: true });
    return { name, modules, native, path: at };
  });
  return { roomForNative, mounted: { files, missing: packages.missing } };
}

/** Holds the virtual files to a quota. What is in use is counted anew only when the running total reaches it. */
function limitFiles({ FS }: Pyodide, limits: Init["limits"], quota: number): void {
  const files = FS.filesystems.MEMFS;
  const overhead = limits.fileOverheadBytes;
  const measure = () => {
    const seen = new Set<MemoryNode>();
    const open = [FS.root, ...FS.streams.flatMap((stream) => (stream?.node ? [stream.node] : []))];
    let bytes = 0;
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      bytes += overhead;
      if (ArrayBuffer.isView(node.contents)) bytes += node.contents.length;
      else if (node.contents) open.push(...Object.values(node.contents));
    }
    return bytes;
  };
  const own = measure();
  let used = own;
  const charge = (bytes: number) => {
    used += bytes;
    if (used - own <= quota) return;
    used = measure() + bytes;
    if (used - own <= quota) return;
    used -= bytes;
    throw new FS.ErrnoError(ENOSPC);
  };
  const sizeOf = (node: MemoryNode) => (ArrayBuffer.isView(node.contents) ? node.contents.length : 0);

  const { createNode, expandFileStorage, resizeFileStorage } = files;
  files.createNode = (...args) => {
    charge(overhead);
    return createNode.apply(files, args);
  };
  files.expandFileStorage = (node, size) => {
    const before = sizeOf(node);
    // Storage grows in steps larger than what was asked for.
    if (size > before) charge(Math.max(size, before < GROWTH_DOUBLES_BELOW ? before * 2 : before * 1.125) - before);
    expandFileStorage.call(files, node, size);
  };
  files.resizeFileStorage = (node, size) => {
    if (size > sizeOf(node)) charge(size - sizeOf(node));
    resizeFileStorage.call(files, node, size);
  };
  const stream = files.ops_table.file.stream;
  const write = stream.write;
  stream.write = (...args) => {
    const [{ node }, , , length, position] = args as [{ node: MemoryNode }, unknown, unknown, number, number];
    // The first write to an empty file does not pass through expandFileStorage.
    if (position === 0 && sizeOf(node) === 0) charge(length);
    return write.apply(stream, args);
  };
}

/** Takes from this process what a program that got out of Python would look for. */
function lockDown(): void {
  const deny = () => {
    throw new Error("not available");
  };
  // os.system() ends in spawnSync: an ordinary "command not found" leaves the interpreter alive.
  const notFound = () => ({
    status: 127,
    signal: null,
    output: [null, null, null],
    pid: 0,
    stdout: null,
    stderr: null,
  });
  const closed: [object, string[]][] = [
    [childProcess, ["spawn", "exec", "execFile", "execSync", "execFileSync", "fork", "ChildProcess"]],
    [net, ["connect", "createConnection", "createServer", "Socket", "Server", "Stream"]],
    [tls, ["connect", "createServer", "TLSSocket", "Server"]],
    [dgram, ["createSocket", "Socket"]],
    [http, ["request", "get", "createServer", "ClientRequest", "Server"]],
    [https, ["request", "get", "createServer", "Server"]],
    [http2, ["connect", "createServer", "createSecureServer"]],
    [workerThreads, ["Worker"]],
    [process, ["dlopen", "binding", "_linkedBinding", "getBuiltinModule", "kill", "_kill", "_debugProcess", "chdir"]],
  ];
  const replace = (target: object, name: string, value: unknown) =>
    Object.defineProperty(target, name, { value, writable: false, configurable: false });
  for (const [target, names] of closed) for (const name of names) replace(target, name, deny);
  replace(childProcess, "spawnSync", notFound);
  syncBuiltinESMExports();
  const globals = ["fetch", "WebSocket", "EventSource", "XMLHttpRequest", "Request", "Response", "require", "Worker"];
  for (const name of globals) Object.defineProperty(globalThis, name, { value: undefined, configurable: false });
  process.argv = [];
  process.execArgv = [];
  // A JavaScript object that Python holds reaches the prototypes: what they do is settled now.
  const shared = [Function, Array, String, Number, BigInt, Boolean, Symbol, Promise, Map, Set, WeakMap, WeakRef];
  const bytes = [ArrayBuffer, DataView, Uint8Array, Int8Array, Uint32Array, Int32Array, Float64Array, TextDecoder];
  // Pyodide writes this one whenever an error of Python's reaches us.
  const errorMembers = Reflect.ownKeys(Error).filter((name) => name !== "stackTraceLimit");
  for (const name of errorMembers) Object.defineProperty(Error, name, { writable: false, configurable: false });
  Object.preventExtensions(Error);
  Object.freeze(Error.prototype);
  for (const type of [...shared, ...bytes, RangeError, TypeError, RegExp, Date]) {
    Object.freeze(type.prototype);
    Object.freeze(type);
  }
  Object.freeze(Object.getPrototypeOf(Uint8Array.prototype));
  // Pyodide gives its own objects members that this prototype has too, which freezing would forbid.
  Object.preventExtensions(Object.prototype);
  Object.freeze(Object);
}

/** The bytes of the snapshot, unless they are not the ones that were made. */
function readSnapshot(snapshot: Init["snapshot"]): Uint8Array | undefined {
  if (snapshot === undefined) return undefined;
  try {
    const content = fs.readFileSync(snapshot.path);
    if (hash("sha256", content, "hex") === snapshot.sha256) {
      return new Uint8Array(content.buffer, content.byteOffset, content.length);
    }
  } catch {
    // As good as not there.
  }
  return undefined;
}

async function load(
  { library, limits }: Init,
  snapshot: Uint8Array | undefined,
  makeSnapshot: boolean,
): Promise<Pyodide> {
  const home = library.endsWith("/") ? library : `${library}/`;
  // Pyodide asks for the file constants through a binding that the permission model denies.
  Object.defineProperty(process, "binding", {
    configurable: true,
    writable: true,
    value: (name: string) => {
      if (name !== "constants") throw new Error("not available");
      return { fs: fs.constants, os: constants };
    },
  });
  const { loadPyodide } = await import(pathToFileURL(`${home}pyodide.mjs`).href);
  const { default: createModule } = await import(pathToFileURL(`${home}pyodide.asm.mjs`).href);
  const pyodide: Pyodide = await loadPyodide({
    indexURL: home,
    jsglobals: Object.create(null),
    // Without it the programs would see the path of this file.
    _sysExecutable: "/usr/bin/python",
    env: { HOME: "/home/pyodide", TZ: process.env["TZ"] ?? "UTC", LANG: "C.UTF-8" },
    ...(snapshot !== undefined && { _loadSnapshot: snapshot }),
    ...(makeSnapshot && { _makeSnapshot: true }),
    createPyodideModule: async (settings: ModuleSettings) => {
      const instantiate = settings.instantiateWasm;
      settings.instantiateWasm = (imports, done) => {
        const { env } = imports;
        const resize = env.emscripten_resize_heap;
        env.emscripten_resize_heap = (size) => (size >>> 0 > limits.heapBytes ? 0 : resize(size));
        return instantiate(imports, done);
      };
      const module = await createModule(settings);
      // Memory starts smaller than a snapshot that holds packages, and Pyodide does not make it larger.
      if (snapshot !== undefined) module.growMemory(snapshot.length);
      return module;
    },
  });
  // Else the bytes would stay in memory twice.
  pyodide._api.config._loadSnapshot = undefined;
  return pyodide;
}

/** Nothing but our own and the packages' code has run in this interpreter, and nothing else ever will. */
async function writeSnapshot(init: Init, warmUp: string): Promise<never> {
  const pyodide = await load(init, undefined, true);
  const { mounted } = mount(pyodide, init.packages);
  const paths = mounted.files.filter(({ native }) => !native).map(({ path }) => path);
  pyodide.runPython(`import sys\nsys.path += ${stringify(paths)}\n${warmUp}`);
  // Compiling the driver takes as long as the rest of a start from a snapshot.
  pyodide.runPython(`sys._driver = {}\nexec(${stringify(init.driver)}, sys._driver)`);
  const memory = pyodide.makeMemorySnapshot();
  process.stdout.write(memory, () => exit(0));
  return new Promise(() => {});
}

async function start(init: Init, current: () => string | undefined) {
  const { driver, limits, packages } = init;
  const snapshot = readSnapshot(init.snapshot);
  const output = createOutput(current);
  const alarm = createAlarm();
  const pyodide = await load(init, snapshot, false);
  const { mounted, roomForNative } = mount(pyodide, packages);
  pyodide.unregisterJsModule("js");
  pyodide.unregisterJsModule("pyodide_js");
  pyodide.setStdin({ error: true });
  pyodide.setStdout({ write: output.stdout.write, isatty: false });
  pyodide.setStderr({ write: output.stderr.write, isatty: false });
  pyodide.setInterruptBuffer(alarm.buffer);
  limitFiles(pyodide, limits, limits.filesBytes + roomForNative);
  const makeDriver = snapshot === undefined ? driver : `import sys\nsys.__dict__.pop("_driver")["make_driver"]`;
  const make = pyodide.runPython(makeDriver, { globals: pyodide.toPy({}) });
  const run = make(pyodide.toPy(limits), pyodide.toPy(mounted), pause);
  const { prepare } = run;
  lockDown();
  const from = snapshot !== undefined ? "snapshot" : init.snapshot === undefined ? "cold" : "refused";
  return { run, prepare, output, alarm, engine: `pyodide ${pyodide.version}`, from };
}

async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line = await lines.next();
    return line.done ? exit(0) : parse(line.value);
  };
  let current: string | undefined;
  const init = (await next()) as Init;
  if (init.makeSnapshot !== undefined) return writeSnapshot(init, init.makeSnapshot);
  const { run, prepare, output, alarm, engine, from } = await start(init, () => current);
  send({ kind: "ready", engine, from });
  for (let number = 1; ; ) {
    const message = (await next()) as Call | Ping;
    if ("ping" in message) {
      // What the last program left to run at once is run before the answer.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      send({ kind: "pong", id: message.ping });
      continue;
    }
    const { id, code, expect, timeoutMs } = message;
    let announced = false;
    prepare(code, (names) => {
      announced = true;
      send({ kind: "loading", id, modules: parse(names) });
    });
    if (announced) send({ kind: "begun", id });
    current = id;
    output.begin();
    alarm.arm(timeoutMs);
    const reply = await run.callPromising(code, number++, expect, output.printed, alarm.disarm);
    alarm.disarm();
    output.end();
    current = undefined;
    const { final, ...result } = parse(reply);
    send({ kind: "result", id, result, final: final === true });
  }
}

/** An interpreter that has failed once cannot be used again. */
function fail(error: unknown): never {
  writeSync(2, `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`.slice(0, 4000));
  exit(70);
}

// Node itself would print the line of source, and all of Pyodide is one.
process.on("uncaughtException", fail);
main().catch(fail);
