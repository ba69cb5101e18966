"""The part of a student's cell that a kernel consists of: the kernel itself, and the functions and constants that it uses.

A cell may hold more: an import, a trial of the kernel, a print of what came out. A kernel is judged alone, so the rest is left out rather
than refused; what stays is then held against the allow-list.
"""

import ast
import re

from grading.kernel_names import spelled_out, without_hints
from grading.kernel_source import MAX_SOURCE

MAGIC = re.compile(r"(?P<indent>\s*)([%!?]|[\w.*]+\?{1,2}\s*;?\s*$|\w+(\s*,\s*\w+)*\s*=\s*[%!])")


def kernel_part(source, name):
    """`source` with the top-level statements that the kernel `name` does not need blanked out; the lines keep their numbers.

    Where that cannot be done (the kernel is not there, the cell is no valid Python, two statements share a line) it comes back as it is.
    """
    if len(source) > MAX_SOURCE:
        return source
    source = without_magics(source.replace("\r\n", "\n").replace("\r", "\n"))
    try:
        source = without_hints(source)
        tree = ast.parse(source)
        kept, source = needed(tree, name), spelled_out(source, tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
    lines, stay = source.split("\n"), {line for node in kept for line in span(node)}
    gone = {line for node in tree.body if node not in kept for line in span(node)}
    if not kept or stay & gone:
        return source
    return "\n".join("" if number in gone else line for number, line in enumerate(lines, 1))


def without_magics(source):
    """`source` without what only IPython understands (`%timeit add[1, 8](out, a, b)`, `files = !ls`, `add?`), where that makes it Python; the lines
    keep their numbers."""
    if is_python(source):
        return source
    lines, goes_on = [], False
    for line in source.split("\n"):
        found = MAGIC.match(line)
        lines.append("" if goes_on else f"{found['indent']}pass" if found else line)
        goes_on = bool(found or goes_on) and line.endswith("\\")
    return plain if is_python(plain := "\n".join(lines)) else source


def is_python(source):
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def needed(tree, name):
    """The top-level statements that bind `name`, and those that bind what they look up, and so on."""
    bound = {}
    for node in tree.body:
        for one in binds(node):
            bound.setdefault(one, []).append(node)
    kept, wanted = [], [name]
    while wanted:
        for node in bound.pop(wanted.pop(), []):
            if node not in kept:
                kept.append(node)
                wanted += looks_up(node)
    return kept


def binds(node):
    """The names that a top-level statement gives a meaning to; imports are left out: spelled_out has seen to them."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def looks_up(node):
    """The names that a statement needs from outside itself: neither its arguments nor what it assigns."""
    names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
    own = {n.id for n in names if isinstance(n.ctx, ast.Store)} | {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}
    return {n.id for n in names} - own


def span(node):
    """The numbers of a statement's lines, its decorators' among them."""
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    return range(first, node.end_lineno + 1)
