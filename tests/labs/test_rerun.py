"""A student goes back to a cell and runs it again: it must not change what a name means to the cells after it."""

import dis
from types import CodeType

import pytest

from grading import build


def needs_and_sets(source):
    """(the names that a cell reads before it sets them, the names that it sets)."""
    needed, made = set(), set()
    code = compile(source, "cell", "exec")
    for step in dis.get_instructions(code):
        if step.opname == "LOAD_NAME" and step.argval not in made:
            needed.add(step.argval)
        elif step.opname == "STORE_NAME":
            made.add(step.argval)
    return needed | asked(code) - made, made


def asked(code):
    """The global names that the functions within a code object look up."""
    inner = [part for part in code.co_consts if isinstance(part, CodeType)]
    return set().union(*({s.argval for s in dis.get_instructions(part) if s.opname == "LOAD_GLOBAL"} | asked(part) for part in inner))


def two_meanings(sources):
    """[(name, position of the reader, positions of the cells before it that set the name)] where those are two or more."""
    cells = [needs_and_sets(source) for source in sources]
    return [(name, reader, before) for reader, (needed, _) in enumerate(cells) for name in sorted(needed)
            if len(before := [k for k, (_, made) in enumerate(cells[:reader]) if name in made]) > 1]


def test_it_finds_what_it_looks_for():
    assert two_meanings(["start = 1", "start = [2]", "start.append(3)"]) == [("start", 2, [0, 1])]
    assert two_meanings(["T = 1", "T = [2]", "def f():\n    return [T for _ in T]"]) == [("T", 2, [0, 1])]
    assert two_meanings(["x = 1\nx + 1", "x = 2\nx + 1", "for x in range(3):\n    x + 1", "def f(x):\n    return x"]) == []


@pytest.mark.parametrize("lab", build.labs())
def test_no_name_has_two_meanings_for_a_later_cell(lab):
    cells = [cell for cell in build.source_notebook(lab).cells if cell.cell_type == "code"]
    assert two_meanings([cell.source for cell in cells]) == []
