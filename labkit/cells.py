"""What the cells of a notebook, as they were run, say of an answer: could Python read it, and does it lean on what grading does not run?

Grading runs a lab's set-up cells and the cells that are to be written in. A helper function or an import in any other cell works in the
notebook and is missing there. Only what is sure is said: where a cell cannot be read, nothing.
"""

import ast
import builtins
import dis
import inspect
import re
import symtable
import warnings
from types import CodeType, FunctionType

# In a cell that holds one of these, names may get a meaning that its text does not show
UNREADABLE = re.compile(r"get_ipython\(|import \*|\b(?:exec|eval|globals|locals|vars|setattr)\(")

# The names that a kernel finds where it is judged, alone
KERNELS_FIND = frozenset("cuda math np numpy numba float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool_ boolean".split())


def from_elsewhere(name, function, given, answers, notebook):
    """The names, in order, that the answer `name` reaches, or its cell until it has it, and that no set-up cell or cell with an answer defines.

    given : names that the set-up cells define; answers : the names of all exercises; notebook : its names, and in "In" its cells as they
    were run
    """
    with_answers = [source for source in run_so_far(notebook) if answers & set(re.findall(r"\w+", source))]
    if any(map(UNREADABLE.search, with_answers)):
        return []
    defined = set().union(*(names for source in with_answers if (names := defines(source)) & answers))
    if name not in defined:
        return []
    own = next(source for source in reversed(with_answers) if name in defines(source))
    asked = {n for n in asks_for(own, name) if n in notebook}
    found = asked.union(reaches(function, notebook), *(reaches(notebook[n], notebook) for n in asked))
    return sorted(n for n in found if n not in defined and n not in given and not hasattr(builtins, n))


def outside_the_cell(name, kernel, notebook):
    """The names, in order, that a kernel reaches and that the cell which holds it, judged alone, does not define."""
    own = cell_of(name, notebook)
    if own is None:
        return []
    return sorted(n for n in reaches(kernel, notebook) - KERNELS_FIND - defines(own) if not hasattr(builtins, n))


def hidden_in_the_cell(name, notebook):
    """Whether the cell that holds a kernel, judged by its text, has no function of that name of its own, or one under a decorator that it made."""
    own = cell_of(name, notebook)
    body = ast.parse(own or "").body
    made = {target.id for node in body if isinstance(node, ast.Assign) for target in node.targets if isinstance(target, ast.Name)}
    kernels = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == name and node.decorator_list]
    calls = [getattr(decorator, "func", decorator) for node in kernels[-1:] for decorator in node.decorator_list]
    return own is not None and (not kernels or any(isinstance(n, ast.Name) and n.id in made for call in calls for n in ast.walk(call)))


def cell_of(name, notebook):
    """The text of the cell that defined `name` last, or None where that is not sure."""
    own = next((source for source in reversed(run_so_far(notebook)) if name in defines(source)), None)
    return None if own is None or UNREADABLE.search(own) else own


def unread(name, notebook):
    """What Python did not understand of the cell that was to define `name` last, or None."""
    meant = re.compile(rf"^[ \t]*(?:async +)?(?:def|class)[ \t]+{name}\b|^{name}[ \t]*=(?!=)", re.MULTILINE)
    source = next((source for source in reversed(run_so_far(notebook)) if meant.search(source)), "")
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(source, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError as error:
        return f"{error.msg}, line {error.lineno}"
    except (ValueError, RecursionError, MemoryError):
        return None


def run_so_far(notebook):
    """The cells as they were run: IPython's list of them, unless the student calls something else In."""
    cells = notebook.get("In")
    return cells if isinstance(cells, list) and all(isinstance(source, str) for source in cells) else []


def defines(source):
    """The names that a cell assigns, imports or defines, and those that its functions declare `global`."""
    top = table_of(source)
    if top is None:
        return set()
    names, inner = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()}, top.get_children()
    while inner:
        table = inner.pop()
        names |= {s.get_name() for s in table.get_symbols() if s.is_declared_global()}
        inner += table.get_children()
    return names


def table_of(source):
    """Python's table of a cell's names, or None for what is no Python or too deep for it."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return symtable.symtable(source, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def reaches(function, notebook):
    """The names of the notebook that a function looks up, and those that the notebook's functions and classes behind them do."""
    found, waiting, seen = set(), [function], []
    while waiting:
        thing = waiting.pop()
        thing = getattr(thing, "py_func", None) or getattr(thing, "__wrapped__", None) or thing
        if any(thing is one for one in seen):
            continue
        seen.append(thing)
        if isinstance(thing, FunctionType):
            if thing.__globals__ is notebook:
                here = {name for name in looks_up(thing.__code__) if name in notebook}
                found |= here
                waiting += [notebook[name] for name in here]
        elif isinstance(thing, type):
            waiting += [part for part in vars(thing).values() if isinstance(part, FunctionType)]
        elif callable(thing):
            waiting.append(type(thing))
    return found


def asks_for(source, name):
    """The names that a cell looks up by itself until it has `name`: for decorators, defaults, type hints and whatever it calls."""
    with warnings.catch_warnings(action="ignore"):
        steps = list(dis.get_instructions(compile(source, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)))
    until = max((i for i, step in enumerate(steps) if step.opname.startswith("STORE") and step.argval == name), default=0)
    names = {step.argval for step in steps[:until] if step.opname == "LOAD_NAME"}
    codes = [step.argval for step in steps[:until] if isinstance(step.argval, CodeType)]
    # What no name leads to: the bodies of comprehensions and lambdas, and those of classes, which run where they stand.
    return names.union(*(looks_up(code) for code in codes if code.co_name.startswith("<") or not code.co_flags & inspect.CO_OPTIMIZED))


def looks_up(code):
    """The global names that a code object and those within it ask for."""
    steps = list(dis.get_instructions(code))
    kept = {step.argval for step in steps if step.opname == "STORE_NAME"}
    names = {step.argval for step in steps if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")} - kept
    return names.union(*(looks_up(part) for part in code.co_consts if isinstance(part, CodeType)))
