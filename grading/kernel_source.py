"""Which source a student's CUDA kernel may consist of: Numba's CUDA subset, by an allow-list of syntax and names.

A kernel is judged as source, in a process that runs nothing else of the student's. The list keeps what runs there to arithmetic on its
arguments: no imports, no dunders, no attributes but those of `cuda`, `math`, number types and array shapes.

What stands inside a function is only ever interpreted by the emulator. What stands around it (constants, decorators, annotations) is run by
Python itself, so only numbers, texts and number types may stand there, and no name that a kernel calls may be given another meaning.
"""

import ast

from labkit.emulator import intrinsics

STATEMENTS = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.While, ast.If, ast.Return, ast.Expr, ast.Pass, ast.Break, ast.Continue)
EXPRESSIONS = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.Name, ast.Constant, ast.Subscript, ast.Attribute,
               ast.Tuple, ast.Slice, ast.keyword, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context, ast.arguments, ast.arg)
BUILTINS = {"range", "len", "abs", "min", "max", "int", "float", "bool", "round", "pow", "divmod"}
TYPES = {"float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool_", "boolean"}
MODULES = {"cuda", "math", "np", "numpy", "numba"}
ARRAY_ATTRIBUTES = {"shape", "size", "ndim", "dtype", "x", "y", "z"}
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


def refused_tree(tree, name):
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if name not in functions:
        return f"The cell defines no function called {name}."
    if is_stub(functions[name]):
        return "not_attempted"
    constants = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found = refused_binding(node.name, node, constants) or refused_function(node, functions, constants)
        elif isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) for t in node.targets):
            found = refused_constant(node.value, constants) or next(filter(None, (refused_binding(t.id, t, functions) for t in node.targets)), None)
            constants |= {t.id for t in node.targets}
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        else:
            found = f"line {node.lineno}: only kernels and constants may stand in this cell, not `{ast.unparse(node)[:60]}`"
        if found:
            return f"The kernel cannot be run on a GPU as it stands: {found}."
    return None


def refused_binding(name, node, taken):
    """A name that is called, or in which functions are looked up, keeps its meaning."""
    if "__" in name or name in MODULES | TYPES | BUILTINS or name in taken:
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
        if reason := refused_expression(node, {}):
            return reason
    return None


def plain_constant(node):
    """Whether an attribute is a number type or something of `math`."""
    module = node.value.id if isinstance(node.value, ast.Name) else None
    return node.attr in TYPES if module in MODULES - {"math"} else module == "math" and not node.attr.startswith("_")


def is_stub(function):
    return any(isinstance(n, ast.Raise) and "NotImplementedError" in ast.unparse(n) for n in ast.walk(function))


def refused_function(function, functions, constants):
    for decorator in function.decorator_list:
        called = isinstance(decorator, ast.Call)
        given = [*decorator.args, *(keyword.value for keyword in decorator.keywords)] if called else []
        if ast.unparse(decorator.func if called else decorator) != "cuda.jit" or any(refused_constant(part, constants) for part in given):
            return f"line {function.lineno}: the decorator is `{ast.unparse(decorator)[:60]}`, expected `cuda.jit`"
    arguments = function.args
    if arguments.vararg or arguments.kwarg or arguments.defaults or arguments.kwonlyargs or getattr(function, "type_params", None):
        return f"line {function.lineno}: a kernel takes plain positional arguments only"
    for part in (*(argument.annotation for argument in arguments.posonlyargs + arguments.args), function.returns):
        if part is not None and (reason := refused_constant(part, constants)):
            return reason
    for node in (n for statement in function.body for n in ast.walk(statement)):
        if isinstance(node, STATEMENTS):
            continue
        if reason := refused_expression(node, functions):
            return reason
    return None


def refused_expression(node, functions):
    """None or a reason, for one node."""
    at = f"line {getattr(node, 'lineno', '?')}: "
    if not isinstance(node, EXPRESSIONS):
        return at + f"`{type(node).__name__.lower()}` is outside what a CUDA kernel can do here"
    if isinstance(node, ast.Name) and ("__" in node.id or isinstance(node.ctx, ast.Store) and node.id in MODULES):
        return at + f"the name {node.id} is not allowed"
    if isinstance(node, ast.Constant) and isinstance(node.value, int) and abs(node.value) > MAX_NUMBER:
        return at + "a number is too large"
    if isinstance(node, ast.Attribute):
        return refused_attribute(node, at)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        allowed = BUILTINS | TYPES | functions.keys()
        return None if node.func.id in allowed else at + f"{node.func.id}() cannot be called in a kernel here"
    if isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
        return at + "only names can be called"
    return None


def refused_attribute(node, at):
    """cuda.*, math.*, number types of np and numba, and shapes of arrays: nothing else."""
    if node.attr.startswith("_"):
        return at + f"the attribute {node.attr} is not allowed"
    names, root = [], node
    while isinstance(root, ast.Attribute):
        names.append(root.attr)
        root = root.value
    module = root.id if isinstance(root, ast.Name) and root.id in MODULES else None
    if module in ("np", "numpy", "numba"):
        return None if node.attr in TYPES else at + f"{ast.unparse(node)} is not available in a kernel"
    if module == "math" and len(names) == 1:
        return None
    if module == "cuda" and (intrinsics.known(names[-1]) or names == ["jit"] or len(names) == 1 and node.attr in TYPES):
        return None
    if module:
        return at + f"{ast.unparse(node)[:60]} is not available in a kernel"
    return None if node.attr in ARRAY_ATTRIBUTES else at + f"the attribute {node.attr} is not available in a kernel"
