"""What the cells of a notebook, as they were run, say of an answer: could Python read it, and does it lean on what grading does not run?

Grading runs a lab's set-up cells and the cells that are to be written in. A helper function or an import in any other cell works in the
notebook and is missing there. Only what is sure is said: where a cell cannot be read, nothing.
"""

import ast
import builtins
import dis
import re
import symtable
import warnings
from types import CodeType, FunctionType

# In a cell that holds one of these, names may get a meaning that its text does not show
UNREADABLE = re.compile(r"get_ipython\(|import \*|\b(?:exec|eval|globals|locals|vars|setattr)\(")


def from_elsewhere(name, function, given, answers, notebook):
    """The names, in order, that the answer `name` reaches and that neither a set-up cell nor a cell with an answer defines.

    given : names that the set-up cells define; answers : the names of all exercises; notebook : its names, and in "In" its cells as they
    were run
    """
    with_answers = [source for source in notebook.get("In", ()) if answers & set(re.findall(r"\w+", source))]
    if any(map(UNREADABLE.search, with_answers)):
        return []
    defined = set().union(*(names for source in with_answers if (names := defines(source)) & answers))
    if name not in defined:
        return []
    return sorted(n for n in reaches(function, notebook) if n not in defined and n not in given and not hasattr(builtins, n))


def unread(name, notebook):
    """What Python did not understand of the cell that was to define `name` last, or None."""
    meant = re.compile(rf"^[ \t]*(?:async +)?(?:def|class)[ \t]+{name}\b|^{name}[ \t]*=(?!=)", re.MULTILINE)
    source = next((source for source in reversed(notebook.get("In", ())) if meant.search(source)), "")
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(source, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError as error:
        return f"{error.msg}, line {error.lineno}"
    except (ValueError, RecursionError, MemoryError):
        return None


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


def looks_up(code):
    """The global names that a code object and those within it ask for."""
    names = {step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    return names.union(*(looks_up(part) for part in code.co_consts if isinstance(part, CodeType)))
