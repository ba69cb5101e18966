"""Each lab as students meet it who solved it in other ways: with those declared right solutions that are least like the lab's own."""

import ast
from difflib import SequenceMatcher

import pytest

from grading import build, exercise, made_class, measure

NAMES = "from numpy import float32, float64, int32\n\n"       # what the declared kernels find without an import


def unlike(one, own):
    """An exercise's right solutions, the least like the source `own` first."""
    return sorted(made_class.right(one), key=lambda text: SequenceMatcher(None, plain(text), plain(own)).ratio())


def plain(source):
    """Source text without docstrings and comments."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node):
            del node.body[0]
    return ast.unparse(tree)


def solved_in_another_way(lab, which):
    """(the lab's notebook, {exercise: source}): in each solution cell the solution that is in the place `which` of the unlike ones."""
    notebook, declared, chosen = build.source_notebook(lab), exercise.load(lab), {}
    for cell in notebook.cells:
        if "solution" in cell.metadata.get("tags", []):
            one = declared[cell.id]
            solutions = unlike(one, cell.source)
            chosen[cell.id] = solutions[min(which, len(solutions) - 1)]
            cell.source = made_class.cell(one, chosen[cell.id]) if one.kind != "kernel" else NAMES + chosen[cell.id]
    return notebook, chosen


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("which", [0, 1], ids=["least alike", "next"])
@pytest.mark.parametrize("lab", build.labs())
def test_right_answers_of_other_kinds_reach_the_end_of_a_lab(lab, which, monkeypatch):
    monkeypatch.setenv("LABKIT_DEVICE", "cpu")
    notebook, chosen = solved_in_another_way(lab, which)
    done, *_ = measure.run(notebook, seconds=900)
    said = {cell.id: [o for o in cell.outputs if o.output_type == "error" or o.get("name") == "stderr" or "labkit's." in o.get("text", "")]
            for cell in done.cells if cell.cell_type == "code"}
    assert {ident: outputs for ident, outputs in said.items() if outputs} == {}, chosen
    checks = {cell.id: cell.outputs[0].text for cell in done.cells if "check" in cell.metadata.get("tags", [])}
    assert all(text.startswith(("Right", "Committed")) for text in checks.values()), checks
