"""Whoever leaves out what a lab calls optional still comes to its end, unless the lab's first cell says that those cells are needed."""

import dis
import re

import pytest

from grading import build

SAID = "the table at the end uses them"


def by_need(notebook):
    """[(code cell, whether it is optional)]. A heading with the word makes all cells up to the next heading optional; a paragraph that
    begins with it, the cells up to the next text."""
    found, section, part = [], False, False
    for cell in notebook.cells[1:]:
        if cell.cell_type == "code":
            found.append((cell, section or part))
            continue
        *_, last = re.split(r"^(?=#+ )", cell.source, flags=re.MULTILINE)
        heading, _, text = last.partition("\n") if last.startswith("#") else ("", "", last)
        section = "optional" in heading.lower() if heading else section
        part = bool(re.search(r"^\*Optional", text, re.MULTILINE))
    return found


def read_and_given(source):
    """(names that a cell takes from the cells before it, names that it gives to those after it)."""
    read, given = set(), set()
    for step in dis.get_instructions(code := compile(source, "cell", "exec")):
        if step.opname == "STORE_NAME":
            given.add(step.argval)
        elif step.opname == "LOAD_NAME" and step.argval not in given:
            read.add(step.argval)
    return read | {name for inner in within(code) for name in taken(inner)} - given, given


def within(code):
    """The code of the functions and classes in a cell, and in those."""
    for inner in code.co_consts:
        if hasattr(inner, "co_code"):
            yield from (inner, *within(inner))


def taken(code):
    """The names that a function or a class body finds in the notebook, or nowhere."""
    steps = list(dis.get_instructions(code))
    own = {step.argval for step in steps if step.opname == "STORE_NAME"}
    return {step.argval for step in steps if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")} - own


def needed(notebook):
    """[(cell, name, the optional cell that gave it)] wherever a cell that everybody runs takes what only some have."""
    found, givers = [], {}
    for cell, optional in by_need(notebook):
        read, given = read_and_given(cell.source)
        found += [(cell.id, name, givers[name].id) for name in sorted(read & set(givers)) if not optional]
        givers = {name: who for name, who in givers.items() if name not in given} | (dict.fromkeys(given, cell) if optional else {})
    return found


@pytest.mark.parametrize("lab", build.labs())
def test_a_lab_whose_optional_cells_are_needed_says_so_at_its_head(lab):
    notebook = build.source_notebook(lab)
    first = " ".join(notebook.cells[0].source.split())
    marked = [cell.id for cell, optional in by_need(notebook) if optional]
    assert bool(marked) == ("marked *optional*" in first), (lab, marked)
    assert bool(needed(notebook)) == (SAID in first), needed(notebook)
