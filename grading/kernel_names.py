"""What a cell's imports call the things that a kernel may use, spelled out.

A kernel is judged without its cell's imports: `cuda`, `math`, `np` and the number types are there already. Where a student imported
them under other names (`from math import sqrt`, `import numba as nb`), the kernel is given those it will find.
"""

import ast
import math

TOP = {"math": "math", "numpy": "np", "numba": "numba", "labkit": "numba"}     # labkit.cuda is numba.cuda's other form
FROM = {"math": "math.", "numpy": "np.", "numba.cuda": "cuda.", "numba": "", "numba.types": "", "labkit": "", "labkit.emulator": ""}


def spelled_out(source, tree):
    """`source`, of which `tree` is the syntax, with imported names replaced by those of the kernel's world; the lines keep their numbers."""
    meant = meanings(tree)
    found = {node: text for node in ast.walk(tree) if (text := replacement(node, meant)) is not None}
    # not over two lines, not within an f-string, whose places Python 3.11 miscounts
    return exchanged(source, found, lambda node, there: there.decode() == ast.unparse(node))


def without_hints(source):
    """`source` with None in place of the type hints and signatures of its functions, which mean nothing to a kernel; the lines keep their
    numbers."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            inner = [one.annotation for one in ast.walk(node) if isinstance(one, (ast.arg, ast.AnnAssign))]
            signatures = [part for call in node.decorator_list if isinstance(call, ast.Call) for part in call.args]
            found |= {hint: "None" for hint in (*inner, node.returns, *signatures) if hint}
    return exchanged(source, found, lambda hint, there: hint.lineno == hint.end_lineno)


def exchanged(source, found, fits):
    """`source` with the texts of `found`, {node: text}, in place of those nodes that `fits`, asked with the node and the bytes at its place."""
    lines = source.split("\n")
    for node, text in sorted(found.items(), key=lambda pair: (pair[0].lineno, pair[0].col_offset), reverse=True):
        line = lines[node.lineno - 1].encode()      # the syntax tree counts bytes
        before, there, after = line[:node.col_offset], line[node.col_offset:node.end_col_offset], line[node.end_col_offset:]
        if fits(node, there):
            lines[node.lineno - 1] = (before + text.encode() + after).decode()
    return "\n".join(lines)


def meanings(tree):
    """{name: what it stands for} for the names that the cell imports and gives no other meaning to."""
    found = {"numpy": "np", "numba": "numba"}
    for node in tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name: TOP[alias.name] for alias in node.names if alias.name in TOP}
            found |= {alias.asname: "cuda" for alias in node.names if alias.name == "numba.cuda" and alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module in FROM and not node.level:
            names = dict.fromkeys(dir(math)) if (node.module, node.names[0].name) == ("math", "*") else {a.name: a.asname for a in node.names}
            found |= {own or name: FROM[node.module] + name for name, own in names.items()}
    own = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    own |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)} | {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    return {name: text for name, text in found.items() if name not in own}


def replacement(node, meant):
    """The text to put in a node's place, or None. `numba.` goes from in front of what it holds, since there is no `numba` in a kernel's world."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and meant.get(node.value.id) == "numba":
        return node.attr
    if isinstance(node, ast.Name) and meant.get(node.id, "numba") not in ("numba", node.id):
        return meant[node.id]
    return None
