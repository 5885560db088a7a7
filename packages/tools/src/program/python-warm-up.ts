/** Defines `close_ctypes()`. The real one leads out of Python, and no program needs it. */
export const closeCtypes = `
def close_ctypes():
    # sympy asks for the size of a C long and for nothing else.
    import sys, types
    if not isinstance(sys.modules.get("ctypes"), types.ModuleType) or hasattr(sys.modules["ctypes"], "CDLL"):
        closed = types.ModuleType("ctypes", "Closed here.")
        closed.c_long, closed.sizeof = int, lambda kind: 4
        sys.modules["ctypes"] = closed
`;

/**
 * Run before the memory is kept: imports what programs import most and, because packages load much of themselves only
 * when it is used, uses a little of everything. What is not there is passed over.
 */
export const pythonWarmUp = `${closeCtypes}
close_ctypes()
def warm_up():
    import importlib
    modules = (
        "math cmath fractions decimal statistics random datetime time calendar itertools collections functools operator "
        "re json string heapq bisect copy dataclasses typing enum textwrap traceback linecache ast numbers asyncio "
        "mpmath sympy sympy.physics.units sympy.ntheory sympy.combinatorics sympy.stats six dateutil.relativedelta "
        "dateutil.parser dateutil.rrule"
    )
    found = {}
    for name in modules.split():
        try:
            found[name] = importlib.import_module(name)
        except ImportError:
            pass
    if "sympy" not in found:
        return
    s = found["sympy"]
    x, y, n = s.symbols("x y n")
    f = s.Function("f")
    uses = (
        lambda: s.solve(x**2 - 5 * x + 6, x),
        lambda: s.solve([x + y - 3, x - y - 1], [x, y]),
        lambda: s.solve(x**3 - x - 1, x),
        lambda: s.solveset(s.sin(x) - s.Rational(1, 2), x, s.S.Reals),
        lambda: s.linsolve([x + y - 3, x - y - 1], x, y),
        lambda: s.nsolve(s.cos(x) - x, 1),
        lambda: s.integrate(x * s.exp(x), x),
        lambda: s.integrate(s.exp(-(x**2)), (x, -s.oo, s.oo)),
        lambda: s.diff(s.sin(x) * x**2, x),
        lambda: s.limit(s.sin(x) / x, x, 0),
        lambda: s.series(s.exp(x), x, 0, 5),
        lambda: s.summation(1 / n**2, (n, 1, s.oo)),
        lambda: s.dsolve(f(x).diff(x) - f(x), f(x)),
        lambda: s.factor(x**4 - 1),
        lambda: s.simplify(s.sin(x) ** 2 + s.cos(x) ** 2),
        lambda: s.apart(1 / (x**2 - 1), x),
        lambda: s.latex(s.Integral(s.sqrt(x) / y, (x, 0, 1))),
        lambda: (s.Matrix([[1, 2], [3, 4]]).inv(), s.Matrix([[2, 0], [0, 3]]).eigenvals()),
        lambda: (s.factorint(360), s.isprime(97), s.divisors(28), s.totient(10), s.primerange(2, 20)),
        lambda: s.reduce_inequalities(x**2 < 4, x),
        lambda: s.lambdify(x, x**2)(3),
        lambda: s.parse_expr("2*x + 1"),
        lambda: s.N(s.pi, 30),
        lambda: s.binomial(45, 6),
        lambda: s.Piecewise((x, x > 0), (0, True)).subs(x, 1),
    )
    for use in uses:
        try:
            str(use())
        except Exception:
            pass
warm_up()
del warm_up, close_ctypes
`;
