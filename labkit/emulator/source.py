"""From a kernel, in whatever form it arrives, to its syntax tree and the names it can see."""

import ast
import builtins
import itertools
import linecache
import textwrap
import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from types import FunctionType, SimpleNamespace

from labkit.emulator.faults import Fault, KernelFault

_numbers = itertools.count(1)


@dataclass(eq=False)
class Function:
    """A kernel or device function, ready to be interpreted.

    node      its ast.FunctionDef or ast.Lambda; line numbers are those of its file, cell or source text
    globals   the names of its module; closure: those of the functions around it
    local     the names that it assigns, its parameters among them
    defaults  values of its last parameters
    frame     for a function defined inside a kernel: the Frame around it
    """

    name: str
    node: ast.AST
    lines: list
    globals: dict
    closure: dict
    defaults: tuple
    keyword_defaults: dict
    frame: object = None
    parameters: list = field(init=False)
    local: frozenset = field(init=False)

    def __post_init__(self):
        self.parameters = [a.arg for a in self.node.args.posonlyargs + self.node.args.args + self.node.args.kwonlyargs]
        self.local = frozenset(self.parameters) | frozenset(_assigned(self.node))

    @property
    def body(self):
        return [ast.copy_location(ast.Return(self.node.body), self.node.body)] if isinstance(self.node, ast.Lambda) else self.node.body

    def code(self, line):
        """The text of one of its lines, without a comment at its end."""
        return self.lines[line - 1].split("  #")[0].strip() if 0 < line <= len(self.lines) else ""

    def lookup(self, name):
        """The Python object that a name from outside stands for. Raises KeyError."""
        for names in (self.closure, self.globals):
            if name in names:
                return names[name]
        return vars(builtins)[name]


def _assigned(node):
    """Names that a function's own body assigns; those of functions inside it are theirs."""
    todo = list(node.body) if isinstance(node.body, list) else []
    while todo:
        inner = todo.pop()
        if isinstance(inner, ast.FunctionDef):
            yield inner.name
        elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id
        elif not isinstance(inner, ast.Lambda):
            todo.extend(ast.iter_child_nodes(inner))


def python_function(kernel):
    """The plain function inside a kernel: a Numba dispatcher's or an emulator kernel's `py_func`, or the function itself."""
    function = getattr(kernel, "py_func", kernel)
    if isinstance(function, FunctionType):
        return function
    raise TypeError(f"expected a kernel (a function, or one under @cuda.jit) but got {type(kernel).__name__}.")


@lru_cache(maxsize=512)
def as_function(function):
    """The Function of a Python function. Raises KernelFault where its source text cannot be found."""
    code = function.__code__
    linecache.checkcache(code.co_filename)      # the file may have been edited and loaded again
    lines = linecache.getlines(code.co_filename, function.__globals__)
    node = _find(tuple(lines), code) if lines else None
    if node is None:
        raise fault(function.__name__, "unsupported", _why_not_found(code, lines))
    closure = {}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            closure[name] = cell.cell_contents
        except ValueError:          # a name that the function around has not set yet
            pass
    return Function(function.__name__, node, lines, function.__globals__, closure, function.__defaults__ or (),
                    function.__kwdefaults__ or {})


def _find(lines, code):
    """The node of a function by its name and first line, decorators included; None where there is none."""
    tree, lambdas = _parsed(lines), []
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            if code.co_firstlineno in (node.lineno, *(d.lineno for d in node.decorator_list)):
                return node
        if isinstance(node, ast.Lambda) and code.co_name == "<lambda>" and node.lineno == code.co_firstlineno:
            lambdas.append(node)
    return _innermost(lambdas, code) if len(lambdas) > 1 else lambdas[0] if lambdas else None


def _innermost(lambdas, code):
    """Of lambdas on one line, the one whose body holds the columns of this code; None where Python keeps no columns."""
    places = [((line, column), (end_line, end_column)) for line, end_line, column, end_column in code.co_positions()
              if column is not None and (line, column) < (end_line, end_column)]
    around = [node for node in lambdas if places and (node.body.lineno, node.body.col_offset) <= min(places)[0]
              and max(end for _, end in places) <= (node.body.end_lineno, node.body.end_col_offset)]
    return max(around, key=lambda node: (node.body.lineno, node.body.col_offset), default=None)


def _why_not_found(code, lines):
    if code.co_filename == "<timed exec>":
        return ("IPython keeps no source text of a cell under %%time, and the emulator reads the source; take %%time out of the "
                "cell that defines it, and run that cell again")
    if lines and code.co_name == "<lambda>":
        return "the emulator cannot tell which lambda of its line it is; write it on a line of its own, or as a def"
    return ("its source text cannot be found, and the emulator reads the source; define it in a file or a notebook cell, or use "
            "emulator.from_source(text, name)")


@lru_cache(maxsize=64)
def _parsed(lines):
    text = "".join(lines)
    try:
        return ast.parse(text)
    except SyntaxError:             # a notebook cell may hold lines that only IPython understands
        pass
    try:
        return ast.parse("".join("\n" if line.lstrip().startswith(("%", "!")) else line for line in lines))
    except SyntaxError:
        return None


def from_source(source, name):
    """The kernel `name` out of source text, as a Kernel. Its imports reach the emulator's `cuda`, `numba`'s types, math and NumPy.

    Without any import the text sees cuda, math, np and the types (float32, int32, ...). Raises KernelFault for text that is
    no Python or defines no such function.
    """
    from labkit.emulator import cuda

    source = textwrap.dedent(source)
    filename = f"<{name} {next(_numbers)}>"
    lines = [line + "\n" for line in source.split("\n")]
    linecache.cache[filename] = (len(source), None, lines, filename)
    try:
        with warnings.catch_warnings(action="ignore"):
            code = compile(source, filename, "exec")
    except SyntaxError as error:
        raise fault(name, "syntax", f"this is not Python: {error.msg}", error.lineno or 0,
                    lines[error.lineno - 1].strip() if error.lineno and error.lineno <= len(lines) else "") from None
    except ValueError as error:
        raise fault(name, "syntax", f"this is not Python: {error}") from None
    names = {**cuda.TYPES, "cuda": cuda, "math": _importable()["math"], "np": _importable()["numpy"], "__name__": "kernel",
             "__builtins__": {**vars(builtins), "__import__": _import}}
    try:
        exec(code, names)
    except Exception as error:
        line = next((t.tb_lineno for t in reversed(list(_traceback(error))) if t.tb_frame.f_code.co_filename == filename), 0)
        raise fault(name, "syntax", f"running the definitions raised {type(error).__name__}: {error}", line,
                    lines[line - 1].strip() if 0 < line <= len(lines) else "") from None
    if not hasattr(getattr(names.get(name), "py_func", names.get(name)), "__code__"):
        raise fault(name, "syntax", f"the source defines no function called {name}; write def {name}(...):")
    found = names[name]
    return found if isinstance(found, cuda.Kernel) else cuda.Kernel(found)


def _traceback(error):
    trace = error.__traceback__
    while trace:
        yield trace
        trace = trace.tb_next


@lru_cache(maxsize=1)
def _importable():
    """What a kernel's source may import: nothing that loads Numba."""
    import cmath
    import math

    import numpy

    from labkit import emulator
    from labkit.emulator import cuda

    types = SimpleNamespace(**cuda.TYPES)
    numba = SimpleNamespace(cuda=cuda, types=types, **cuda.TYPES)
    labkit = SimpleNamespace(cuda=cuda, emulator=emulator)
    return {"math": math, "cmath": cmath, "numpy": numpy, "numba": numba, "numba.cuda": numba, "numba.types": types, "labkit": labkit,
            "labkit.emulator": emulator}


def _import(name, globals=None, locals=None, fromlist=(), level=0):
    allowed = _importable()
    if name not in allowed:
        raise ImportError(f"a kernel's source may import {', '.join(sorted(allowed))}, not {name}")
    if name == "numba.cuda" and fromlist:
        return allowed["numba"].cuda
    return allowed[name] if fromlist or "." not in name else allowed[name.split(".")[0]]


def fault(kernel, kind, message, line=0, code=""):
    """A KernelFault for a kernel that cannot even start."""
    from labkit.emulator.report import Report

    return KernelFault(Report(kernel=kernel, faults=[Fault(kind, message + ".", kernel, line, code)]))
