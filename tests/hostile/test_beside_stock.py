"""The same forgeries beside plain nbgrader: what a wrong `double` (4 points) earns there and here. The table that it prints is the guide's."""

import sys
from pathlib import Path

import pytest

from grading import build, exercise, runner, sandbox, seam, stock
from grading.verify import aligned
from tests.grading.fake_lab import LAB, POINTS, RIGHT
from tests.hostile.case import WRONG


def tagged(notebook):
    """nbgrader restores a locked cell's source and leaves its tags; the kernel's client skips cells with this one."""
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "check_double":
            cell.metadata["tags"] = ["skip-execution"]


FORGERIES = {
    "a tag on the test cell that skips it": (WRONG, tagged),
    "asserts are removed from the syntax tree": (
        WRONG + "import ast\nclass T(ast.NodeTransformer):\n    def visit_Assert(self, node): return ast.Pass()\n"
        "    def visit_If(self, node): return ast.Pass()\nget_ipython().ast_transformers.append(T())", None),
    "an input transformer empties later cells": (WRONG + "get_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\n'])", None),
    "the comparison is replaced": (WRONG + "import labkit.outcomes\nlabkit.outcomes.difference = lambda *a: None", None),
    "the instructor's solution is read from the disk": (
        WRONG + "import glob, json\nfor path in glob.glob('../../../source/*/*.ipynb'):\n    for cell in json.load(open(path))['cells']:\n"
        "        if cell['id'] == 'double': exec(''.join(cell['source']))", None),
    "what a number displays as is forged": (
        WRONG + "get_ipython().display_formatter.formatters['text/plain'].for_type(float, lambda value, printer, cycle: printer.text('4.0'))", None),
    "(wrong, and no forgery)": (WRONG, None),
    "(right)": (RIGHT["double"], None),
}


@pytest.fixture(scope="module")
def beside(fake_course_made, tmp_path_factory):
    """{forgery: (points in plain nbgrader, points here)} for `double`."""
    if (why := sandbox.problem()) is not None:
        pytest.skip(why)
    ours = fake_course_made.copied(tmp_path_factory.mktemp("beside") / "ours")
    students = {f"s{n}": name for n, name in enumerate(FORGERIES)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exercise, "FOLDER", ours.exercises)
        patch.setattr(seam, "READY", {})
        patch.setattr(build.source_notebook, "__defaults__", (ours.root / "labs",))
        plain = stock.prepare(ours.root.parent / "plain", LAB, bytes(32))
        for student, name in students.items():
            source, edit = FORGERIES[name]
            notebook = ours.notebook({**RIGHT, "double": source, "why": f"{student}: because."})
            if edit:
                edit(notebook)
            raw = ours.submit(student, notebook).read_bytes()
            stock.hand_in(plain, LAB, student, raw)
            if edit:
                handed_in(plain, student, edit)
        assert runner.autograde(LAB, ours.root, workers=2) == 0
        stock.grade(plain, LAB, students)
    there, here = stock.scores(plain, LAB), stock.scores(ours.root, LAB)
    return {name: (there[student]["check_double"], here[student]["check_double"]) for student, name in students.items()}


def handed_in(root, student, edit):
    """Edits a notebook that was handed in to plain nbgrader."""
    import nbformat

    path = Path(root) / "submitted" / student / LAB / f"{LAB}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    edit(notebook)
    nbformat.write(notebook, path)


def table(found):
    return aligned([("what a wrong answer does", "plain nbgrader", "here"), *((name, f"{there:g} of 4", f"{here:g} of 4")
                                                                              for name, (there, here) in found.items())])


@pytest.mark.timeout(900)
def test_forgeries_earn_full_marks_there_and_nothing_here(beside):
    print(f"\n{table(beside)}", file=sys.stderr)
    assert beside.pop("(right)") == (POINTS["double"], POINTS["double"])
    assert beside.pop("(wrong, and no forgery)") == (0.0, 0.0)
    assert {name: here for name, (_, here) in beside.items()} == dict.fromkeys(beside, 0.0)
    assert {name: there for name, (there, _) in beside.items()} == dict.fromkeys(beside, POINTS["double"])
