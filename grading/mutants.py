"""Generic wrong solutions, made from a right one: the slips that everybody makes, whatever the exercise."""

import ast
import copy

SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.MatMult: ast.Mult,
         ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
         ast.And: ast.Or, ast.Or: ast.And}
FLIPS = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}
CALLS = {"sum": "mean", "mean": "sum", "max": "min", "min": "max", "argmax": "argmin", "argmin": "argmax", "zeros": "ones",
         "ones": "zeros", "exp": "tanh", "where": None}


def sites(tree):
    """(description, function that edits a fresh copy of the node in place) for every slip that can be made at each node."""
    for index, node in enumerate(ast.walk(tree)):
        for said, edit in slips(node):
            yield index, said, edit


def slips(node):
    line = getattr(node, "lineno", "?")
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in SWAPS:
        new = SWAPS[type(node.op)]
        yield f"line {line}: {type(node.op).__name__} becomes {new.__name__}", lambda n, new=new: setattr(n, "op", new())
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        yield f"line {line}: the power is missing", lambda n: setattr(n, "op", ast.Mult()) or setattr(n, "right", ast.Constant(1))
    if isinstance(node, ast.BoolOp):
        new = SWAPS[type(node.op)]
        yield f"line {line}: {type(node.op).__name__} becomes {new.__name__}", lambda n, new=new: setattr(n, "op", new())
    if isinstance(node, ast.Compare):
        for table in (SWAPS, FLIPS):
            if type(node.ops[0]) in table:
                new = table[type(node.ops[0])]
                yield f"line {line}: {type(node.ops[0]).__name__} becomes {new.__name__}", lambda n, new=new: n.ops.__setitem__(0, new())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield f"line {line}: the sign is lost", lambda n: setattr(n, "op", ast.UAdd())
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield f"line {line}: {node.value} becomes {node.value + 1}", lambda n: setattr(n, "value", n.value + 1)
        if node.value not in (0, 1):
            yield f"line {line}: {node.value} becomes {-node.value}", lambda n: setattr(n, "value", -n.value)
    if isinstance(node, ast.keyword) and node.arg == "axis" and isinstance(node.value, ast.Constant):
        yield f"line {line}: the wrong axis", lambda n: setattr(n.value, "value", {0: 1}.get(n.value.value, 0))
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield f"line {line}: not transposed", lambda n: setattr(n, "attr", "real")
    if isinstance(node, ast.Attribute) and CALLS.get(node.attr):
        yield f"line {line}: {node.attr} becomes {CALLS[node.attr]}", lambda n: setattr(n, "attr", CALLS[n.attr])
    if isinstance(node, ast.If):
        yield f"line {line}: the condition is ignored", lambda n: setattr(n, "test", ast.Constant(True))
        yield f"line {line}: the branch is never taken", lambda n: setattr(n, "test", ast.Constant(False))
    if isinstance(node, ast.Return) and node.value is not None:
        yield f"line {line}: the sign of the answer", lambda n: setattr(n, "value", negated(n.value))
        yield f"line {line}: nothing is returned", lambda n: setattr(n, "value", None)
        if isinstance(node.value, ast.Tuple):
            yield f"line {line}: the results change places", lambda n: n.value.elts.reverse()


def negated(value):
    if isinstance(value, ast.Tuple):
        return ast.Tuple([negated(value.elts[0]), *value.elts[1:]], ast.Load())
    return ast.UnaryOp(ast.USub(), value)


def sources(text):
    """[(what was slipped, source)] for each single slip in a right solution."""
    tree = ast.parse(text)
    made = []
    for index, said, edit in sites(tree):
        mutant = copy.deepcopy(tree)
        edit(next(n for i, n in enumerate(ast.walk(mutant)) if i == index))
        made.append((said, ast.unparse(ast.fix_missing_locations(mutant)) + "\n"))
    return made


def lookup(name, answers):
    """Source of a function that knows the public cases by heart and nothing else. `answers`: [(repr of arguments, repr of the answer)]."""
    table = "".join(f"        {arguments}: {answer},\n" for arguments, answer in answers)
    return (f"def {name}(*arguments):\n    from numpy import array, nan, inf, float64, float32, int64, bool_\n    known = {{\n{table}    }}\n"
            f"    return known.get(repr(arguments), next(iter(known.values())))\n")
