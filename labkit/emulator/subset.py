"""What Python a kernel may be written in, looked for before it runs, in every branch of it.

What a refusal says of Numba was seen by compiling it with numba-cuda 0.30 for sm_90. What Numba compiles and the emulator does
not run is in _NOT_RUN.
"""

import ast
import functools

_ADVICE = {
    ast.Dict: ("a dict", "use arrays"),
    ast.Set: ("a set", "use arrays"),
    ast.List: ("a list", "a kernel cannot make or grow lists: use cuda.local.array(size, dtype), or a tuple"),
    ast.ListComp: ("a list comprehension", "use cuda.local.array(size, dtype) and a loop"),
    ast.SetComp: ("a set comprehension", "use a loop"),
    ast.DictComp: ("a dict comprehension", "use a loop"),
    ast.GeneratorExp: ("a generator", "write the loop out"),
    ast.JoinedStr: ("an f-string", "print its parts: print('x', x)"),
    ast.Try: ("try and except", "a GPU has no exceptions to catch: test with an if instead"),
    ast.With: ("a with block", "leave it out"),
    ast.Yield: ("yield", "a kernel is not a generator: write results to an array"),
    ast.YieldFrom: ("yield", "a kernel is not a generator: write results to an array"),
    ast.Await: ("await", "leave it out"),
    ast.AsyncFunctionDef: ("an async function", "write a plain def"),
    ast.AsyncFor: ("an async for", "write a plain for"),
    ast.AsyncWith: ("an async with", "leave it out"),
    ast.ClassDef: ("a class", "define it outside, and pass numbers and arrays to the kernel"),
    ast.Import: ("an import", "import it above the kernel"),
    ast.ImportFrom: ("an import", "import it above the kernel"),
    ast.Global: ("global", "pass an array to the kernel and write to it"),
    ast.Delete: ("del", "leave it out"),
    ast.MatMult: ("the matrix product @", "write its loops: that is the kernel"),
}
if hasattr(ast, "TryStar"):
    _ADVICE[ast.TryStar] = _ADVICE[ast.Try]
_NOT_RUN = {
    ast.Nonlocal: ("nonlocal", "return the value instead"),
    ast.NamedExpr: (":= inside an expression, nor does Numba compile most of them", "assign on a line of its own"),
    ast.Match: ("match", "use if and elif"),
}


def advice_on(node):
    """(what a node of the syntax is, what to do instead) for one that no kernel holds; None for others."""
    what, instead = _ADVICE.get(type(node)) or _NOT_RUN.get(type(node)) or (None, None)
    return what and (what.partition(",")[0], instead)


def refusals(function, is_kernel):
    """(kind, node, message) for everything in the function that no GPU would run."""
    node = function.node
    arguments = node.args
    if arguments.vararg or arguments.kwarg:
        yield "unsupported", node, "the emulator runs functions with a fixed number of arguments only: name each of them"
    inner = {n for f in ast.walk(node) if f is not node and isinstance(f, (ast.FunctionDef, ast.Lambda)) for n in ast.walk(f)}
    for part in _parts(node):
        advice = _ADVICE.get(type(part.op) if isinstance(part, (ast.BinOp, ast.AugAssign)) else type(part))
        if advice and not _taken_as_a_tuple(part, node) and not _only_read(part, function):
            yield "unsupported", part, f"Numba does not compile {advice[0]} for a GPU; {advice[1]}"
        elif type(part) in _NOT_RUN:
            what, instead = _NOT_RUN[type(part)]
            yield "unsupported", part, f"the emulator does not run {what}; {instead}"
        elif isinstance(part, ast.Starred) and isinstance(part.ctx, ast.Store):
            yield "unsupported", part, "Numba does not compile a starred name on the left of =; name each part"
        elif isinstance(part, ast.Return) and is_kernel and part not in inner and not _returns_nothing(part):
            yield "return-value", part, "a kernel returns nothing: write the result to an array that is passed to it"
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == "print" and part.keywords:
            yield "unsupported", part, "print takes no keywords such as sep inside a kernel; print the parts one by one"
        elif isinstance(part, ast.Raise) and isinstance(part.exc, ast.Call) and not all(
                isinstance(a, ast.Constant) for a in part.exc.args):
            yield "unsupported", part, "a kernel can raise an exception with constant text only"
        elif isinstance(part, ast.Assert) and part.msg and not isinstance(part.msg, ast.Constant):
            yield "unsupported", part, "the text after an assert has to be plain text in quotes inside a kernel, not an f-string or a name"


def _parts(node):
    """Every node of a function's body, without its decorators and annotations."""
    for statement in node.body if isinstance(node.body, list) else [node.body]:
        yield from (part for part in ast.walk(statement) if hasattr(part, "lineno"))


def _taken_as_a_tuple(part, function):
    """`for x in [1, 2, 3]` and `x in [1, 2, 3]`, where a list is as good as a tuple, and `[a, b] = ...`."""
    return isinstance(part, ast.List) and (isinstance(part.ctx, ast.Store) or any(
        isinstance(n, ast.For) and n.iter is part
        or isinstance(n, ast.Compare) and any(p is part and isinstance(op, (ast.In, ast.NotIn)) for op, p in zip(n.ops, n.comparators, strict=True))
        for n in ast.walk(function)))


def _only_read(part, function):
    """`global NAME` where the function never sets it, so that it says nothing new."""
    return isinstance(part, ast.Global) and not function.local & set(part.names)


def _returns_nothing(node):
    return node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None)


def unknown_names(function, known):
    """(node, name) for names that are neither the function's own nor known outside."""
    seen = set()
    for part in _parts(function.node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and part.id not in seen and part.id not in function.local:
            seen.add(part.id)
            if not known(part.id) and not _belongs_to_inner(function, part.id):
                yield part, part.id


def _belongs_to_inner(function, name):
    return any(isinstance(inner, (ast.FunctionDef, ast.Lambda)) and name in
               {a.arg for a in inner.args.posonlyargs + inner.args.args + inner.args.kwonlyargs}
               | {n.id for n in ast.walk(inner) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
               | {n.name for n in ast.walk(inner) if isinstance(n, ast.FunctionDef)}
               for inner in ast.walk(function.node) if inner is not function.node)


def constant_shape(node, function):
    """Whether Numba takes this expression as the size of a shared or local array: a number, a name for one, or a tuple."""
    if isinstance(node, (ast.Tuple, ast.List)):
        return isinstance(node, ast.Tuple) and all(constant_shape(e, function) for e in node.elts)
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Subscript):
        return constant_shape(node.value, function) and constant_shape(node.slice, function)
    if isinstance(node, ast.Name):
        if node.id not in function.local:
            return True
        values = [s.value for s in ast.walk(function.node) if isinstance(s, ast.Assign)
                  and any(isinstance(t, ast.Name) and t.id == node.id for t in s.targets)]
        return node.id not in function.parameters and len(values) == 1 and constant_shape(values[0], function)
    # Python folds arithmetic of literals, such as 16 * 2, before Numba sees it.
    return not any(isinstance(n, (ast.Name, ast.Call, ast.Attribute)) for n in ast.walk(node))


@functools.lru_cache(maxsize=256)
def divided_on_some_paths(node, function):
    """Of `k /= 2`: whether it stands in a loop or under an if that does not set k itself: there Numba cannot make a float of an integer k."""
    for part in ast.walk(function.node):
        for statements in (getattr(part, "body", None), getattr(part, "orelse", None)):
            if part is not function.node and isinstance(statements, list) and node in statements:
                set_before = [t for s in statements[:statements.index(node)] if isinstance(s, ast.Assign) for t in s.targets]
                return node.target.id not in [t.id for t in set_before if isinstance(t, ast.Name)]
    return False


@functools.lru_cache(maxsize=256)
def cannot_end(loop):
    """A while loop that, once gone round, goes round for ever: its test reads no memory, nothing in it changes the test's names or leaves it."""
    test, inside = list(ast.walk(loop.test)), [n for statement in loop.body for n in ast.walk(statement)]
    names = {n.id for n in test if isinstance(n, ast.Name)}
    return not (any(isinstance(n, (ast.Subscript, ast.Call, ast.Lambda)) for n in test)
                or any(isinstance(n, (ast.Break, ast.Return, ast.Raise, ast.Assert))
                       or isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.id in names for n in inside))


def waits_for_other_threads(function):
    """A loop that waits until another thread lets go: `while cuda.atomic.cas(...)` and its like, `while cuda.atomic.add(flag, 0, 0) == 0`."""
    return any(isinstance(loop, ast.While) and (any(map(_tries, ast.walk(loop))) or any(map(_reads_atomically, ast.walk(loop))))
               for loop in ast.walk(function.node))


def _tries(node):
    return isinstance(node, ast.Attribute) and node.attr in ("cas", "exch", "compare_and_swap")


def _reads_atomically(node):
    """An atomic that changes nothing: it adds 0."""
    return (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and "atomic" in ast.unparse(node.func.value)
            and bool(node.args) and isinstance(node.args[-1], ast.Constant) and node.args[-1].value == 0)


def waits_for_the_grid(function):
    """A barrier of the whole grid: cuda.cg.this_grid().sync()."""
    return any(isinstance(n, ast.Attribute) and n.attr == "this_grid" for n in ast.walk(function.node))
