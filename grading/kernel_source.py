"""Which source a student's CUDA kernel may consist of: Numba's CUDA subset, by an allow-list of syntax and names.

A kernel is judged as source, in a process that runs nothing else of the student's. The list keeps what runs there to arithmetic on its
arguments: no imports, no dunders, no attributes but those of `cuda` and `math`, number types, NumPy's few that Numba compiles, array shapes.

What stands inside a function is only ever interpreted by the emulator, prints and asserts among it. What stands around it (constants,
decorators, annotations) is run by Python itself, so only numbers, texts and number types may stand there, and no name that a kernel calls may
be given another meaning.
"""

import ast
import builtins

from labkit.checks import PLAIN
from labkit.emulator import intrinsics, subset
from labkit.emulator.functions import NUMPY_COMPILED, numpy_advice

STATEMENTS = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.While, ast.If, ast.Return, ast.Expr, ast.Pass, ast.Break, ast.Continue,
              ast.Assert, ast.Raise)
EXPRESSIONS = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.Name, ast.Constant, ast.Subscript, ast.Attribute,
               ast.Tuple, ast.List, ast.Slice, ast.keyword, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context)
PRINTED = (ast.Name, ast.Constant, ast.Subscript, ast.Attribute, ast.Tuple, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.expr_context)
BUILTINS = {"range", "len", "abs", "min", "max", "int", "float", "bool", "round", "pow", "divmod"}
INSIDE = BUILTINS | {"enumerate", "zip", "isinstance"}      # what a kernel may call; a constant beside it only BUILTINS
TYPES = {"float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool_", "boolean"}
MODULES = {"cuda", "math", "np", "numpy", "numba"}
NUMBERS = {"pi", "e", "inf", "nan"}
ARRAY_ATTRIBUTES = {"shape", "size", "ndim", "dtype", "T", "strides", "itemsize", "nbytes", "x", "y", "z"}
EXCEPTIONS = {name for name, thing in vars(builtins).items() if isinstance(thing, type) and issubclass(thing, BaseException)}
MAX_SOURCE, MAX_NUMBER = 20_000, 1 << 40


def refusal(source, name):
    """Why this source may not be run as the kernel `name`, in a sentence; "not_attempted" for a stub; None when it may."""
    if len(source) > MAX_SOURCE:
        return f"The kernel's cell is longer than {MAX_SOURCE} characters: leave only the kernel in it."
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"The cell is not valid Python ({getattr(error, 'msg', type(error).__name__)}, line {getattr(error, 'lineno', '?')})."
    try:
        return refused_tree(tree, name)
    except RecursionError:
        return "The cell is nested too deeply to be a kernel."


def plain_function(source, name):
    """A sentence where the function `name` stands under no decorator, in a source that may be run; None where it is a kernel."""
    node = next(node for node in reversed(ast.parse(source).body) if isinstance(node, ast.FunctionDef) and node.name == name)
    return None if node.decorator_list else PLAIN.format(name=name)


def refused_tree(tree, name):
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if name not in functions:
        return f"The cell defines no function called {name}."
    if is_stub(functions[name]):
        return "not_attempted"
    constants, everything = set(), {name.id for node in tree.body for name in named(node)}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found = refused_binding(node.name, node, constants) or refused_function(node, functions, constants, everything)
        elif named(node):
            found = refused_annotation(getattr(node, "annotation", None), constants) or refused_constant(node.value, constants)
            found = found or next(filter(None, (refused_binding(name.id, name, functions) for name in named(node))), None)
            constants |= {name.id for name in named(node)}
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        else:
            found = f"line {node.lineno}: only kernels and constants may stand in this cell, not `{ast.unparse(node)[:60]}`"
        if found:
            return f"The kernel cannot be run on a GPU as it stands: {found}."
    return None


def named(node):
    """The names to which a top-level statement gives constants: `SIZE = 2`, `A, B = 1, 2`, `SIZE: int = 2`; none where it does anything else."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) and node.value else []
    parts = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return parts if all(isinstance(part, ast.Name) for part in parts) else []


def refused_binding(name, node, taken):
    """A name that is called, or in which functions are looked up, keeps its meaning."""
    if "__" in name or name in MODULES | TYPES | INSIDE | {"print"} or name in taken:
        return f"line {node.lineno}: the name {name} means something else here already; choose another"
    return None


def refused_constant(tree, constants):
    """None or a reason, for an expression that Python itself runs. `constants` are the names that the cell gave to such expressions above."""
    for node in ast.walk(tree):
        at = f"line {getattr(node, 'lineno', tree.lineno)}: "
        if isinstance(node, ast.Name) and node.id not in MODULES | TYPES | BUILTINS | constants:
            return at + f"the name {node.id} is not known outside a kernel"
        if isinstance(node, ast.Attribute) and not plain_constant(node):
            return at + f"{ast.unparse(node)} is not available outside a kernel"
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Attribute) or getattr(node.func, "id", None) in BUILTINS | TYPES):
            return at + f"`{ast.unparse(node)[:60]}` cannot be called outside a kernel"
        if reason := refused_expression(node, BUILTINS):
            return reason
    return None


def plain_constant(node):
    """Whether an attribute is a number type, one of NumPy's constants or something of `math`."""
    module = node.value.id if isinstance(node.value, ast.Name) else None
    if module == "math":
        return not node.attr.startswith("_")
    return module in MODULES and node.attr in TYPES or module in ("np", "numpy") and node.attr in NUMBERS


def is_stub(function):
    return any(isinstance(n, ast.Raise) and "NotImplementedError" in ast.unparse(n) for n in ast.walk(function))


def refused_annotation(part, constants):
    return None if part is None or ast.unparse(part) == "np.ndarray" else refused_constant(part, constants)


def refused_function(function, functions, constants, everything):
    """None or a reason, for a kernel or a device function. `constants` stand above it in its cell, `everything` are all that the cell has."""
    for decorator in function.decorator_list:
        called = isinstance(decorator, ast.Call)
        given = [*decorator.args, *(keyword.value for keyword in decorator.keywords)] if called else []
        if ast.unparse(decorator.func if called else decorator) != "cuda.jit" or any(refused_constant(part, constants) for part in given):
            return f"line {function.lineno}: the decorator is `{ast.unparse(decorator)[:60]}`, expected `cuda.jit`"
    arguments = function.args
    if arguments.vararg or arguments.kwarg or arguments.defaults or arguments.kwonlyargs or getattr(function, "type_params", None):
        return f"line {function.lineno}: a kernel takes plain positional arguments only"
    for part in (*(argument.annotation for argument in arguments.posonlyargs + arguments.args), function.returns):
        if reason := refused_annotation(part, constants):
            return reason
    nodes = [node for statement in function.body for node in ast.walk(statement)]
    calls, spoken = INSIDE | functions.keys(), {}
    known = calls | everything | MODULES | TYPES | EXCEPTIONS | {a.arg for a in arguments.posonlyargs + arguments.args}
    known |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in nodes:
        if isinstance(node, STATEMENTS):
            reason = refused_words(node, spoken)
        elif node in spoken:
            reason = spoken[node]
        else:
            reason = refused_expression(node, calls) or refused_name(node, known)
        if reason:
            return reason
    return None


def refused_name(node, known):
    """None or a reason, for a name that is read."""
    if isinstance(node, ast.Name) and node.id not in known:
        return f"line {node.lineno}: there is no {node.id} in this cell; a kernel is judged alone, so what it needs has to stand in its own cell"
    return None


def refused_words(statement, spoken):
    """None or a reason, for what an assert or a raise says. A print, and a call that is raised, go into `spoken` with theirs."""
    at = f"line {statement.lineno}: "
    if isinstance(statement, ast.Assert) and not isinstance(statement.msg, (ast.Constant, type(None))):
        return at + "what assert says has to be a text in quotes"
    if isinstance(statement, ast.Raise):
        error = statement.exc
        if isinstance(error, ast.Call) and isinstance(error.func, ast.Name) and not error.keywords:
            spoken[error] = None if all(isinstance(part, ast.Constant) for part in error.args) else at + "what raise says has to be a text in quotes"
        elif not isinstance(error, (ast.Name, type(None))):
            return at + "a kernel can raise an exception by its name only, with a text in quotes"
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and getattr(statement.value.func, "id", None) == "print":
        spoken |= {statement.value.func: None, statement.value: refused_print(statement.value, at)}
    return None


def refused_print(call, at):
    """None or a reason, for a print: what it shows has to be at hand, so that printing runs nothing."""
    if call.keywords:
        return at + f"print takes no {call.keywords[0].arg or '**'} in a kernel"
    if any(isinstance(part, ast.JoinedStr) for part in call.args):
        return at + "a kernel prints no f-strings; print the parts: print('x', x)"
    for part in call.args:
        if any(not (isinstance(node, PRINTED) or of_a_number(node)) for node in ast.walk(part)):
            return at + f"print shows names, numbers, texts and elements in a kernel; give `{ast.unparse(part)[:60]}` a name on the line above"
    return None


def of_a_number(node):
    """Whether it is a call that makes a number of numbers: float(x), np.float32(x), math.sqrt(x)."""
    if not isinstance(node, ast.Call) or node.keywords:
        return False
    if isinstance(node.func, ast.Attribute):
        return isinstance(node.func.value, ast.Name) and node.func.value.id in ("math", "np", "numpy")
    return isinstance(node.func, ast.Name) and node.func.id in BUILTINS | TYPES


def refused_expression(node, calls):
    """None or a reason, for one node; `calls` are the names that may be called, number types apart."""
    at = f"line {getattr(node, 'lineno', '?')}: "
    if isinstance(node, (ast.FunctionDef, ast.Lambda)):
        return at + "a function within a kernel; write it above the kernel, under @cuda.jit(device=True)"
    if not isinstance(node, EXPRESSIONS):
        what, instead = subset.advice_on(node) or (f"`{type(node).__name__.lower()}`", "write it with loops and plain arithmetic")
        return at + f"{what} is outside what a CUDA kernel can do here; {instead}"
    if isinstance(node, ast.Name) and ("__" in node.id or isinstance(node.ctx, ast.Store) and node.id in MODULES):
        return at + f"the name {node.id} is not allowed"
    if isinstance(node, ast.Constant) and isinstance(node.value, int) and abs(node.value) > MAX_NUMBER:
        return at + "a number is too large"
    if isinstance(node, ast.Attribute):
        return refused_attribute(node, at)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        own = "a helper of your own has to stand in this cell, under @cuda.jit(device=True)"
        return None if node.func.id in calls | TYPES else at + f"{node.func.id}() cannot be called in a kernel here; {own}"
    if isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
        return at + "only names can be called"
    return None


def refused_attribute(node, at):
    """cuda.*, math.*, number types of np and numba, what Numba compiles of np, and shapes of arrays: nothing else."""
    if node.attr.startswith("_"):
        return at + f"the attribute {node.attr} is not allowed"
    names, root = [], node
    while isinstance(root, ast.Attribute):
        names.append(root.attr)
        root = root.value
    module = root.id if isinstance(root, ast.Name) and root.id in MODULES else None
    if module in ("np", "numpy", "numba"):
        known = TYPES if module == "numba" else TYPES | NUMBERS | NUMPY_COMPILED
        instead = f"; {numpy_advice(node.attr)}" if module != "numba" else ""
        return None if names == [node.attr] and node.attr in known else at + f"{ast.unparse(node)[:60]} is not available in a kernel{instead}"
    if module == "math" and len(names) == 1:
        return None
    if module == "cuda" and (intrinsics.known(names[-1]) or names == ["jit"] or len(names) == 1 and node.attr in TYPES):
        return None
    if module:
        return at + f"{ast.unparse(node)[:60]} is not available in a kernel"
    return None if node.attr in ARRAY_ATTRIBUTES else at + f"the attribute {node.attr} is not available in a kernel"
