import { closeCtypes } from "./python-warm-up.ts";

/**
 * The Python side of the evaluator: compiles one call's code, runs it in `__main__`, finds its value and describes it
 * as JSON. It is handed to the child at start, so the child stays a single file. What it returns is data like all the
 * rest: the code it runs can reach and change it.
 */
export const pythonDriver = String.raw`${closeCtypes}
import ast, builtins, gc, importlib, importlib.util, json, linecache, os, random, sys, time, traceback, types, warnings
from decimal import Decimal
from fractions import Fraction
from operator import is_not

SITE = "/lib/packages/unpacked"
# Programs import it out of habit and then never use it, so only its use fails.
MISSED_ON_USE = {"numpy"}

def pull_hint(name, package):
    return f"No module named {name!r}: it is not installed; the user can get it with: chingu packages pull {package}"

def mount(packages, main):
    for file in packages["files"]:
        if not file["native"] and file["path"] not in sys.path:
            sys.path.append(file["path"])
    native = {module: file["path"] for file in packages["files"] if file["native"] for module in file["modules"]}
    missing = {entry["module"]: entry["package"] for entry in packages["missing"]}

    class Absent(types.ModuleType):
        def __getattr__(self, attribute):
            if attribute.startswith("__") and attribute != "__all__":
                raise AttributeError(attribute)
            name = self.__name__
            raise ModuleNotFoundError(pull_hint(name, missing[name.partition(".")[0]]), name=name)

    def asked_by_program():
        frame = sys._getframe(2)
        while frame is not None and "importlib" in frame.f_code.co_filename:
            frame = frame.f_back
        return frame is not None and frame.f_globals is main

    class Finder:
        def find_spec(self, name, path=None, target=None):
            top = name.partition(".")[0]
            if name in native:
                import zipfile
                archive = native.pop(name)
                with zipfile.ZipFile(archive) as wheel:
                    wheel.extractall(SITE)
                os.unlink(archive)
                if SITE not in sys.path:
                    sys.path.append(SITE)
                importlib.invalidate_caches()
                return importlib.util.find_spec(name)
            # A library asks in order to do without.
            if top in MISSED_ON_USE and top in missing and (name != top or asked_by_program()):
                return importlib.util.spec_from_loader(name, self, is_package=True)
            return None
        def create_module(self, spec):
            return Absent(spec.name)
        def exec_module(self, module):
            pass

    sys.meta_path.append(Finder())
    return missing

def make_driver(limits, packages, pause):
    main = sys.modules["__main__"].__dict__
    main.clear()
    main.update(__name__="__main__", __builtins__=builtins, __doc__=None, __annotations__={})

    room = limits["heapBytes"] // 16
    value_bytes, traceback_bytes = limits["valueBytes"], limits["tracebackBytes"]
    sys.set_int_max_str_digits(limits["intDigits"])
    set_limit, highest = sys.setrecursionlimit, limits["maxRecursion"]
    sys.setrecursionlimit = lambda n: set_limit(min(n, highest))
    set_limit(limits["recursion"])
    close_ctypes()
    for name in ("js", "pyodide_js", "_pyodide_core", "_ctypes"):
        sys.modules[name] = None
    sys.meta_path[:] = [f for f in sys.meta_path if "pyodide" not in type(f).__module__]
    sys.path_hooks[:] = [h for h in sys.path_hooks if "pyodide" not in getattr(h, "__module__", "")]
    sys.argv, sys.orig_argv = [""], [""]
    def stream(fd):
        return open(fd, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    own = [stream(1), stream(2)]
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__ = own
    def no_input(prompt=""):
        raise EOFError("input() has nobody to ask here")
    builtins.input = no_input
    # The real one cannot be interrupted.
    def sleep(seconds):
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            # Interrupts are looked for every fifty steps.
            for _ in range(64):
                pass
            pause(min(left, 0.02))
    time.sleep = sleep
    # What a snapshot carries over from the process that made it.
    random.seed()
    if "sympy.core.random" in sys.modules:
        sys.modules["sympy.core.random"].rng.seed()
    missing = mount(packages, main)
    installed = [file["name"] for file in packages["files"]]
    # What the driver works with is as it was for the next call, whatever the program did to it.
    tools = [(m.__dict__, *zip(*m.__dict__.items())) for m in (builtins, ast, gc, linecache, traceback, types)]
    any_of, each, pairs = any, map, zip
    ANSWERS = ("ans", "answer", "result")
    SOLVERS = ("solution", "solver")
    SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    ABSENT = object()
    # Longer expressions are shown as they are: the other forms can take longer than the program.
    SYMBOLIC_TEXT = 2_000
    OUT_OF_MEMORY = json.dumps({"ok": False, "final": True, "limit": "memory", "error": {"type": "MemoryError", "message": ""}})
    OUT_OF_TIME = json.dumps({"ok": False, "limit": "time", "error": {"type": "KeyboardInterrupt", "message": ""}})
    DISTURBED = json.dumps({"ok": False, "error": {"type": "InvalidReply", "message": "the program disturbed its own interpreter"}})
    BRACKETS = {list: ("[", "]"), tuple: ("(", ")"), set: ("{", "}"), frozenset: ("frozenset({", "})")}

    encode = json.JSONEncoder().encode

    class TooLong(Exception):
        pass

    def bounded_repr(value):
        # repr() of a big container would first build the whole text, and of a deep one exhaust the stack.
        parts, left = [], [value_bytes]
        def put(text):
            parts.append(text[: left[0]])
            left[0] -= len(text)
            if left[0] < 0:
                raise TooLong
        def write(v, depth):
            kind = type(v)
            if kind in (str, bytes) and len(v) > left[0]:
                put(repr(v[: left[0]]))
                raise TooLong
            if depth > 60:
                put("...")
            elif kind in BRACKETS and v:
                opening, closing = BRACKETS[kind]
                put(opening)
                for i, item in enumerate(v):
                    if i:
                        put(", ")
                    write(item, depth + 1)
                put("," + closing if kind is tuple and len(v) == 1 else closing)
            elif kind is dict and v:
                put("{")
                for i, (key, item) in enumerate(v.items()):
                    if i:
                        put(", ")
                    write(key, depth + 1)
                    put(": ")
                    write(item, depth + 1)
                put("}")
            else:
                put(repr(v))
        try:
            write(value, 0)
        except TooLong:
            return "".join(parts) + "...", True
        return "".join(parts), False

    def plain(value, depth=0):
        # JSON keeps integers only up to 2**53 on the other side: larger ones stay in repr alone.
        if value is None or type(value) in (bool, str):
            return value
        if type(value) is int and abs(value) <= 2**53:
            return value
        if type(value) is float and value - value == 0:
            return value
        if depth < 20 and type(value) in (list, tuple):
            return [plain(v, depth + 1) for v in value]
        if depth < 20 and type(value) is dict and all(type(k) is str for k in value):
            return {k: plain(v, depth + 1) for k, v in value.items()}
        raise TypeError

    def describe(value, source):
        if isinstance(value, types.CoroutineType):
            import asyncio
            value = asyncio.run(value)
        try:
            text, cut = bounded_repr(value)
        except ValueError as e:
            if type(value) is not int:
                raise
            text, cut = f"<int of {value.bit_length()} bits, too long to print>", True
        out = {"repr": text, "type": type(value).__name__[:200], "from": source, "truncated": cut}
        if cut:
            return out
        try:
            decorate(value, out)
        except (Exception, KeyboardInterrupt):
            # The value is there; how else it could be shown was too much.
            pass
        return out

    def decorate(value, out):
        try:
            out["json"] = plain(value)
        except Exception:
            pass
        sympy = sys.modules.get("sympy")
        if sympy is not None and is_symbolic(sympy, value):
            return decorate_symbolic(sympy, value, out)
        if type(value) in (int, Fraction, Decimal):
            out["exact"] = str(value)
        if type(value) is Fraction:
            try:
                out["decimal"] = repr(float(value))
            except OverflowError:
                pass
        elif type(value) in (float, Decimal):
            out["decimal"] = str(value)

    def is_symbolic(sympy, value):
        if type(value) in (list, tuple, set):
            return 0 < len(value) <= 100 and any(is_symbolic(sympy, v) for v in value if type(v) is not list)
        if type(value) is dict:
            return 0 < len(value) <= 100 and any(is_symbolic(sympy, v) for v in value.values() if type(v) is not dict)
        return isinstance(value, (sympy.Basic, sympy.MatrixBase))

    def decorate_symbolic(sympy, value, out):
        if len(out["repr"]) > SYMBOLIC_TEXT:
            return
        if isinstance(value, sympy.Expr) and value.is_number:
            if not value.has(sympy.Float):
                out["exact"] = str(value)
            out["decimal"] = str(value) if value.is_Integer else sympy.sstr(value.evalf(15), full_prec=False)
        latex = sympy.latex(value)
        if len(latex) <= value_bytes:
            out["latex"] = latex

    def assigned_at_top(body):
        names = set()
        for statement in body:
            if isinstance(statement, SCOPES):
                names.add(statement.name)
            elif isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                if isinstance(statement, ast.AnnAssign) and statement.value is None:
                    continue
                for target in targets:
                    # Walking takes longer than most programs run.
                    parts = (target,) if isinstance(target, ast.Name) else ast.walk(target)
                    names.update(n.id for n in parts if isinstance(n, ast.Name))
        return names

    def last_assignment(body):
        for statement in reversed(body):
            if isinstance(statement, ast.Assign):
                return statement.targets[-1]
            if isinstance(statement, (ast.AnnAssign, ast.AugAssign)) and statement.value is not None:
                return statement.target
        return None

    def callable_without_arguments(f):
        code = getattr(f, "__code__", None)
        return code is not None and code.co_argcount == len(f.__defaults__ or ()) and code.co_kwonlyargcount == len(f.__kwdefaults__ or ())

    def flush():
        for i in (0, 1):
            try:
                own[i].flush()
            except ValueError:
                # The program closed it; the next one prints again.
                own[i] = stream(i + 1)

    def run_body(tree, filename, expect, printed):
        body = tree.body
        answers = ANSWERS if expect is None else (expect,) + ANSWERS
        before = {name: main.get(name, ABSENT) for name in answers + SOLVERS}
        certain = assigned_at_top(body)
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        if body:
            exec(compile(tree, filename, "exec", dont_inherit=True), main)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), filename, "eval", dont_inherit=True), main)
            if value is not None:
                return describe(value, "expression")
        def new(name):
            return name in main and (name in certain or main[name] is not before[name])
        for name in answers:
            if new(name) and main[name] is not None:
                return describe(main[name], "variable")
        flush()
        if printed():
            return None
        for name in SOLVERS:
            if new(name) and callable_without_arguments(main[name]):
                value = main[name]()
                return None if value is None else describe(value, "function")
        flush()
        target = last_assignment(body)
        if target is None or printed():
            return None
        target = ast.parse(ast.unparse(target), mode="eval")
        value = eval(compile(target, filename, "eval"), main)
        return None if value is None else describe(value, "last_assignment")

    def text_of(error):
        try:
            return str(error)
        except BaseException:
            return ""

    def message_of(error):
        if isinstance(error, SyntaxError):
            return error.msg or ""
        message = text_of(error)
        if type(error).__name__ == "ZoneInfoNotFoundError" and "tzdata" in missing:
            return f"{message}: time zones come with tzdata; the user can get it with: chingu packages pull tzdata"
        if isinstance(error, ModuleNotFoundError):
            name = (error.name or "").partition(".")[0]
            if name in missing:
                return pull_hint(error.name, missing[name])
            if name in sys.stdlib_module_names or message != f"No module named {error.name!r}":
                return message
            library = "the standard library (math, cmath, fractions, decimal, statistics, random, datetime, itertools, collections, re, json and the rest)"
            return f"{message}: " + (f"installed are {', '.join(installed)} and {library}" if installed else f"only {library} is installed")
        return message

    def describe_error(error, filename):
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith("<program")]
        line = column = source = None
        if isinstance(error, SyntaxError) and error.filename == filename:
            line, column, source = error.lineno, error.offset, (error.text or "").strip() or None
        elif frames:
            line, source = frames[-1].lineno, frames[-1].line or None
            column = None if frames[-1].colno is None else frames[-1].colno + 1
        name, message = type(error).__name__, message_of(error)
        head = "Traceback (most recent call last):\n" + "".join(traceback.StackSummary.from_list(frames).format()) if frames else ""
        trace = head + (f"{name}: {message}" if message else name)
        if len(trace) > traceback_bytes:
            trace = trace[: traceback_bytes * 3 // 4] + "\n...\n" + trace[-traceback_bytes // 4 :]
        out = {"type": name[:200], "message": message[:4000], "traceback": trace}
        if line is not None:
            out["line"] = line
        if column:
            out["column"] = column
        if source:
            out["source_line"] = source[:400]
        return out

    def attempt(code, filename, expect, printed, disarm):
        try:
            value = run_body(ast.parse(code, filename), filename, expect, printed)
            return {"ok": True} if value is None else {"ok": True, "value": value}
        except SystemExit as e:
            return {"ok": True} if e.code in (None, 0) else {"ok": False, "error": describe_error(e, filename)}
        except BaseException as e:
            interrupted = disarm() and isinstance(e, KeyboardInterrupt)
            reply = {"ok": False, "error": describe_error(e, filename)}
            if interrupted:
                reply["limit"] = "time"
            elif isinstance(e, MemoryError):
                reply["limit"] = "memory"
            elif isinstance(e, RecursionError):
                reply["limit"] = "recursion"
            return reply

    importable = {module for file in packages["files"] for module in file["modules"]}

    def prepare(code, announce):
        # Loading a package is not the program's work, so it does not run on the program's time.
        try:
            if not any(module in code for module in importable):
                return
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(code)
            names = []
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    names += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names.append(node.module)
            names = [n for n in dict.fromkeys(names) if n.partition(".")[0] in importable and n not in sys.modules][:20]
            if not names:
                return
            announce(encode([n[:100] for n in names]))
            for name in names:
                try:
                    importlib.import_module(name)
                except Exception:
                    # The program's own import says what is wrong.
                    pass
            flush()
        except BaseException:
            pass

    def has_room():
        gc.collect()
        try:
            bytearray(room)
            return True
        except MemoryError:
            return False

    def run(code, number, expect, printed, disarm):
        filename = "<program>" if number == 1 else f"<program {number}>"
        linecache.cache[filename] = (len(code), None, code.splitlines(True), filename)
        reply = failure = None
        try:
            reply = attempt(code, filename, expect, printed, disarm)
        except BaseException as e:
            failure = e.__class__
        finally:
            disarm()
            flush()
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__ = own
            for now, names, things in tools:
                if any_of(each(is_not, each(now.get, names), things)):
                    now.update(pairs(names, things))
        if failure is KeyboardInterrupt:
            return OUT_OF_TIME
        if reply is None:
            # Not even enough memory to say so, or nothing left to say it with.
            return OUT_OF_MEMORY if failure is MemoryError or not has_room() else DISTURBED
        if reply.get("limit") == "memory" and not has_room():
            reply["final"] = True
        return encode(reply)

    run.prepare = prepare
    return run

make_driver
`;
