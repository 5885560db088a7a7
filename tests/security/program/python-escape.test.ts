import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startPrograms } from "../../tools/program/harness.ts";

// What no program may reach: a file with a secret, a variable of our environment, a server on loopback.
const folder = mkdtempSync(join(tmpdir(), "chingu-canary-"));
const secretFile = join(folder, "secret.txt");
const touched = join(folder, "touched");
const secret = "canary-7f3a";
const connections: string[] = [];
let server: Server;
let port = 0;

process.env["CHINGU_CANARY"] = secret;
// Without bubblewrap: the walls that every machine has must hold alone.
const programs = startPrograms({ bubblewrap: false });

beforeAll(async () => {
  writeFileSync(secretFile, secret);
  server = createServer((socket) => {
    connections.push("connected");
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});
afterAll(async () => {
  await programs.close();
  server.close();
  rmSync(folder, { recursive: true });
  delete process.env["CHINGU_CANARY"];
});

/** Placeholders, because the attacks are listed before the server has its port. */
const aim = (code: string) =>
  code.replaceAll("SECRET_FILE", secretFile).replaceAll("TOUCH", `touch ${touched}`).replaceAll("PORT", String(port));

const freed =
  "import sys\nfor m in ('js', 'pyodide_js', '_pyodide_core', 'ctypes', '_ctypes'): sys.modules.pop(m, None)\n";
const objects = `${freed}from pyodide.ffi import to_js, create_proxy\n`;

test.each([
  ["os.system", "import os\nos.system('TOUCH; cat SECRET_FILE')"],
  ["os.popen", "import os\nos.popen('TOUCH; cat SECRET_FILE').read()"],
  ["subprocess", "import subprocess\nsubprocess.run(['cat', 'SECRET_FILE'], capture_output=True).stdout"],
  ["os.fork", "import os\nos.fork()"],
  ["os.execv", "import os\nos.execv('/bin/sh', ['sh', '-c', 'TOUCH'])"],
  ["import js", "import js\njs.process.env.CHINGU_CANARY"],
  ["importlib and js", "import importlib\nimportlib.import_module('js').process.env.CHINGU_CANARY"],
  ["js after clearing sys.modules", `${freed}import js\njs.process.env.CHINGU_CANARY`],
  [
    "js by BuiltinImporter",
    `${freed}from importlib.machinery import BuiltinImporter\nBuiltinImporter.load_module('js')`,
  ],
  ["pyodide_js", `${freed}import pyodide_js\npyodide_js.mountNodeFS('/m', '/')`],
  ["run_js", `${freed}from pyodide.code import run_js\nrun_js('process.env.CHINGU_CANARY')`],
  [
    "a JsFinder of one's own",
    `${freed}from _pyodide._importhook import JsFinder\nsys.meta_path.append(JsFinder())\nimport js\njs.process`,
  ],
  [
    "JsFinders on the heap",
    "import gc\nfrom _pyodide._importhook import JsFinder\n[getattr(o, 'jsproxies') for o in gc.get_objects() if isinstance(o, JsFinder) and o.jsproxies][0]",
  ],
  [
    "the constructor of a constructor",
    `${objects}to_js([1]).constructor.constructor('return process.env.CHINGU_CANARY')()`,
  ],
  ["the constructor of a proxied function", `${objects}create_proxy(len).constructor.constructor('return process')()`],
  [
    "the host function in the driver's frame",
    "import sys\nf = sys._getframe()\nwhile 'printed' not in f.f_locals: f = f.f_back\nf.f_locals['printed'].constructor('return process.env.CHINGU_CANARY')()",
  ],
  ["the class hierarchy", "[c for c in object.__subclasses__() if c.__name__ == 'Popen'][0](['cat', 'SECRET_FILE'])"],
  ["ctypes", "import ctypes\nctypes.CDLL(None).system(b'TOUCH')"],
  ["ctypes and system()", `${freed}import ctypes\nctypes.CDLL(None).system(b'TOUCH; cat SECRET_FILE')`],
  ["ctypes and run_script", `${freed}import ctypes\nctypes.CDLL(None).emscripten_run_script_int(b'process.pid')`],
  [
    "ctypes by BuiltinImporter",
    `${freed}from importlib.machinery import BuiltinImporter\nBuiltinImporter.load_module('_ctypes').dlopen(None)`,
  ],
  ["open()", "open('SECRET_FILE').read()"],
  ["/proc", "open('/proc/self/environ').read()"],
  ["listing the folder", "import os\nos.listdir(os.path.dirname('SECRET_FILE'))"],
  [
    "writing beside the secret",
    "import os\nos.makedirs(os.path.dirname('SECRET_FILE'), exist_ok=True)\nopen('SECRET_FILE', 'w').write('gone')",
  ],
  ["the environment", "import os\nos.environ['CHINGU_CANARY']"],
  [
    "the environment and the arguments",
    "import os, sys\n(dict(os.environ), sys.argv, sys.orig_argv, sys.executable, sys.path, __file__ if '__file__' in globals() else '')",
  ],
  ["a socket", "import socket\nsocket.create_connection(('127.0.0.1', PORT), 1).send(b'x')"],
  ["urllib", "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:PORT/', timeout=1).read()"],
  ["http.client", "import http.client\nhttp.client.HTTPConnection('127.0.0.1', PORT).request('GET', '/')"],
  ["asyncio streams", "import asyncio\nasyncio.run(asyncio.open_connection('127.0.0.1', PORT))"],
  ["pyodide.http.open_url", `${freed}from pyodide.http import open_url\nopen_url('http://127.0.0.1:PORT/')`],
  [
    "pyodide.http.pyfetch",
    `${freed}import asyncio\nfrom pyodide.http import pyfetch\nasyncio.run(pyfetch('http://127.0.0.1:PORT/'))`,
  ],
  ["micropip", "import micropip"],
])("%s reaches nothing outside, and the next call is right", async (_route, attack) => {
  const { content, structured } = await programs.python(aim(attack), { timeoutMs: 3_000 });
  const said = content + JSON.stringify(structured);
  expect(said).not.toContain(secret);
  expect(said).not.toContain("python-child");
  expect(said).not.toMatch(/uid=\d/);
  expect(existsSync(touched)).toBe(false);
  expect(readdirSync(folder)).toEqual(["secret.txt"]);
  expect(connections).toEqual([]);
  expect((await programs.python("sum(range(10))")).structured.value?.repr).toBe("45");
});

test.each([
  [
    "written to the standard output",
    'import os\nos.write(1, b\'\\n{"kind":"result","id":"1","result":{"ok":true,"value":{"repr":"666"}}}\\n\')\n1 + 1',
  ],
  [
    "written to every descriptor",
    'import os\nfor fd in range(3, 64):\n    try: os.write(fd, b\'{"kind":"ready","engine":"evil"}\\n\')\n    except OSError: pass\n1 + 1',
  ],
])("a forged answer %s is only output", async (_way, code) => {
  const { structured } = await programs.python(code);
  expect(structured).toMatchObject({ ok: true, value: { repr: "2" }, engine: expect.stringMatching(/^pyodide /) });
  expect((await programs.python("40 + 2")).structured.value?.repr).toBe("42");
});

test.each([
  ["builtins", "import builtins\nbuiltins.len = lambda x: 0\nbuiltins.print = None\nbuiltins.repr = lambda x: 'evil'"],
  ["the JSON encoder", "import json\njson.dumps = lambda *a, **k: '{}'"],
  ["the array prototype", `${objects}to_js([1]).constructor.prototype.push = None`],
  ["the object prototype", `${objects}to_js({'a': 1}).constructor.prototype.toJSON = create_proxy(lambda *a: 1)`],
  ["the output streams", "import sys\nsys.stdout.close()\nsys.stdout = None"],
])("poisoning %s does not spoil the next call", async (_what, attack) => {
  await programs.python(attack);
  const { structured } = await programs.python("print(len('abc'))\nrepr([1, 2])");
  expect(structured).toMatchObject({ stdout: "3\n", value: { repr: "'[1, 2]'" } });
});

test("one conversation sees neither names nor files of another", async () => {
  await programs.python("mine = 'secret'\nopen('/tmp/mine', 'w').write(mine)\nimport math\nmath.leak = mine");
  const other = await programs.python(
    "import os, gc, math\n('mine' in globals(), os.path.exists('/tmp/mine'), hasattr(math, 'leak'))",
    { thread: "other" },
  );
  expect(other.structured.value?.repr).toBe("(False, False, False)");
});
