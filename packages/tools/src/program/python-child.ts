/**
 * The process that runs a model's Python: Pyodide behind Node's permission model. Everything in here is the second
 * wall; the first is the process itself and its flags. One line of JSON in is a request, lines out are frames. It
 * imports nothing of ours, because it may read nothing but this file and Pyodide's folder.
 */
import childProcess from "node:child_process";
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
}

interface Call {
  readonly id: string;
  readonly code: string;
}

interface ModuleSettings {
  instantiateWasm(imports: { readonly env: { emscripten_resize_heap(size: number): unknown } }, done: unknown): unknown;
}

type Run = { callPromising(code: string, number: number, printed: () => boolean): Promise<string> };

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
  };
  readonly globals: unknown;
  runPython(code: string, options: { globals: unknown }): (limits: unknown) => Run;
  toPy(value: unknown): unknown;
  setStdin(options: { error: true }): void;
  setStdout(options: { write(bytes: Uint8Array): number; isatty: false }): void;
  setStderr(options: { write(bytes: Uint8Array): number; isatty: false }): void;
  unregisterJsModule(name: string): void;
}

const ENOSPC = 51;
const GROWTH_DOUBLES_BELOW = 1024 * 1024;
/** The first lines leave at once, so that a run that is stopped still shows them; later ones leave in blocks. */
const PROMPT_FRAMES = 500;
const BLOCK = 16 * 1024;

const stringify = JSON.stringify;
const parse = JSON.parse;
const exit = process.exit.bind(process);
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

/** Holds the virtual files to a quota. What is in use is counted anew only when the running total reaches it. */
function limitFiles({ FS }: Pyodide, limits: Init["limits"]): void {
  const files = FS.filesystems.MEMFS;
  const quota = limits.filesBytes;
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
  for (const type of [...shared, ...bytes, Error, RangeError, TypeError, RegExp, Date]) {
    Object.freeze(type.prototype);
    Object.freeze(type);
  }
  Object.freeze(Object.getPrototypeOf(Uint8Array.prototype));
  // Pyodide gives its own objects members that this prototype has too, which freezing would forbid.
  Object.preventExtensions(Object.prototype);
  Object.freeze(Object);
}

async function start({ library, driver, limits }: Init, current: () => string | undefined) {
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
  const output = createOutput(current);
  const pyodide: Pyodide = await loadPyodide({
    indexURL: home,
    jsglobals: Object.create(null),
    // Without it the programs would see the path of this file.
    _sysExecutable: "/usr/bin/python",
    env: { HOME: "/home/pyodide", TZ: process.env["TZ"] ?? "UTC", LANG: "C.UTF-8" },
    createPyodideModule: (settings: ModuleSettings) => {
      const instantiate = settings.instantiateWasm;
      settings.instantiateWasm = (imports, done) => {
        const { env } = imports;
        const resize = env.emscripten_resize_heap;
        env.emscripten_resize_heap = (size) => (size >>> 0 > limits.heapBytes ? 0 : resize(size));
        return instantiate(imports, done);
      };
      return createModule(settings);
    },
  });
  pyodide.unregisterJsModule("js");
  pyodide.unregisterJsModule("pyodide_js");
  pyodide.setStdin({ error: true });
  pyodide.setStdout({ write: output.stdout.write, isatty: false });
  pyodide.setStderr({ write: output.stderr.write, isatty: false });
  limitFiles(pyodide, limits);
  const run = pyodide.runPython(driver, { globals: pyodide.toPy({}) })(pyodide.toPy(limits));
  lockDown();
  return { run, output, version: pyodide.version };
}

async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line = await lines.next();
    return line.done ? exit(0) : parse(line.value);
  };
  let current: string | undefined;
  const { run, output, version } = await start((await next()) as Init, () => current);
  send({ kind: "ready", engine: `pyodide ${version}` });
  for (let number = 1; ; number++) {
    const { id, code } = (await next()) as Call;
    current = id;
    output.begin();
    const reply = await run.callPromising(code, number, output.printed);
    output.end();
    current = undefined;
    const { final, ...result } = parse(reply);
    send({ kind: "result", id, result, final: final === true });
  }
}

main().catch((error: unknown) => {
  // An interpreter that has failed once cannot be used again.
  writeSync(2, `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`.slice(0, 4000));
  exit(70);
});
