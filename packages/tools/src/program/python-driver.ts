/**
 * The Python side of the evaluator: compiles one call's code, runs it in `__main__`, finds its value and describes it
 * as JSON. It is handed to the child at start, so the child stays a single file. What it returns is data like all the
 * rest: the code it runs can reach and change it.
 */
export const pythonDriver = String.raw`
import ast, builtins, gc, json, linecache, sys, traceback
from decimal import Decimal
from fractions import Fraction

def make_driver(limits):
    main = sys.modules["__main__"].__dict__
    main.clear()
    main.update(__name__="__main__", __builtins__=builtins, __doc__=None, __annotations__={})

    room = limits["heapBytes"] // 16
    value_bytes, traceback_bytes = limits["valueBytes"], limits["tracebackBytes"]
    sys.set_int_max_str_digits(limits["intDigits"])
    set_limit, highest = sys.setrecursionlimit, limits["maxRecursion"]
    sys.setrecursionlimit = lambda n: set_limit(min(n, highest))
    set_limit(limits["recursion"])
    for name in ("js", "pyodide_js", "_pyodide_core", "ctypes", "_ctypes"):
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
    own_builtins = dict(builtins.__dict__)
    ANSWERS = ("ans", "answer", "result")
    SOLVERS = ("solution", "solver")
    SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    ABSENT = object()
    OUT_OF_MEMORY = json.dumps({"ok": False, "final": True, "limit": "memory", "error": {"type": "MemoryError", "message": ""}})
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
            out["json"] = plain(value)
        except Exception:
            pass
        if type(value) in (int, Fraction, Decimal):
            out["exact"] = str(value)
        if type(value) is Fraction:
            try:
                out["decimal"] = repr(float(value))
            except OverflowError:
                pass
        elif type(value) in (float, Decimal):
            out["decimal"] = str(value)
        return out

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
                    names.update(n.id for n in ast.walk(target) if isinstance(n, ast.Name))
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

    def run_body(tree, filename, printed):
        body = tree.body
        before = {name: main.get(name, ABSENT) for name in ANSWERS + SOLVERS}
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
        for name in ANSWERS:
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
        if isinstance(error, ModuleNotFoundError):
            name = (error.name or "").partition(".")[0]
            return f"No module named {error.name!r}" if name in sys.stdlib_module_names else (
                f"No module named {error.name!r}: only the standard library is installed here "
                "(math, cmath, fractions, decimal, statistics, random, datetime, itertools, collections, re, json and the rest)")
        return message

    def describe_error(error, filename):
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith("<program")]
        line = source = None
        if isinstance(error, SyntaxError) and error.filename == filename:
            line, source = error.lineno, (error.text or "").strip() or None
        elif frames:
            line, source = frames[-1].lineno, frames[-1].line or None
        name, message = type(error).__name__, message_of(error)
        head = "Traceback (most recent call last):\n" + "".join(traceback.StackSummary.from_list(frames).format()) if frames else ""
        trace = head + (f"{name}: {message}" if message else name)
        if len(trace) > traceback_bytes:
            trace = trace[: traceback_bytes * 3 // 4] + "\n...\n" + trace[-traceback_bytes // 4 :]
        out = {"type": name[:200], "message": message[:4000], "traceback": trace}
        if line is not None:
            out["line"] = line
        if source:
            out["source_line"] = source[:400]
        return out

    def attempt(code, filename, printed):
        try:
            value = run_body(ast.parse(code, filename), filename, printed)
            return {"ok": True} if value is None else {"ok": True, "value": value}
        except SystemExit as e:
            return {"ok": True} if e.code in (None, 0) else {"ok": False, "error": describe_error(e, filename)}
        except BaseException as e:
            reply = {"ok": False, "error": describe_error(e, filename)}
            if isinstance(e, MemoryError):
                reply["limit"] = "memory"
            elif isinstance(e, RecursionError):
                reply["limit"] = "recursion"
            return reply

    def has_room():
        gc.collect()
        try:
            bytearray(room)
            return True
        except MemoryError:
            return False

    def run(code, number, printed):
        filename = "<program>" if number == 1 else f"<program {number}>"
        linecache.cache[filename] = (len(code), None, code.splitlines(True), filename)
        try:
            reply = attempt(code, filename, printed)
        except BaseException:
            # Not even enough memory to say so.
            return OUT_OF_MEMORY
        finally:
            flush()
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__ = own
            for name, thing in own_builtins.items():
                if builtins.__dict__.get(name) is not thing:
                    builtins.__dict__[name] = thing
        if reply.get("limit") == "memory" and not has_room():
            reply["final"] = True
        return encode(reply)

    return run

make_driver
`;
