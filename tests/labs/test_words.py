"""What a lab tells its students can be done by them: the files it names are there, and so is what its checks name."""

import re

import numpy as np
import pytest

from grading import build, exercise, publish
from labkit import checks
from labkit.widgets import descent_rules, momentum_rules


@pytest.mark.parametrize("lab", build.labs())
def test_a_lab_sends_students_only_to_files_that_they_have(lab):
    folders = {path.name for path in build.ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    for cell in build.source_notebook(lab).cells:
        for paragraph in cell.source.split("\n\n") if cell.cell_type == "markdown" else ():
            named = {name for name in re.findall(r"[\w./-]+/[\w.-]+\.\w+", paragraph) if name.split("/")[0] in folders}
            kept = {name for name in named if not name.startswith(publish.PARTS)}
            assert not kept or "instructors' checkout" in paragraph, (cell.id, kept)


@pytest.mark.parametrize("lab", build.labs())
def test_no_line_within_a_list_begins_with_a_number_that_jupyterlab_takes_for_an_item(lab):
    for cell in build.source_notebook(lab).cells:
        lines = cell.source.split("\n") if cell.cell_type == "markdown" else ()
        assert not (taken := [line for line in lines if re.match(r" +\d+[.)]( |$)", line)]), (cell.id, taken)


def test_a_walker_whose_number_is_lost_to_the_steps_is_told_so(capsys):
    one = exercise.load("05_sgd")["descend_kernel"]
    once = next(source.text for source in one.solutions if "for _ in range(steps)" in source.text and "i = cuda.grid(1)" in source.text)
    with pytest.raises(checks.CheckFailed, match=r"Or is i used again inside, as in `for i in range\(steps\)`"):
        checks.check(one.define(once.replace("for _ in range(steps)", "for i in range(steps)")))


def test_lab_06_says_where_the_slopes_are_that_its_check_names():
    named = {argument.path.split(":")[1] for call in exercise.load("06_momentum")["nesterov_step"].public for argument in call.args
             if isinstance(argument, exercise.Ref)}
    text = "\n".join(cell.source for cell in build.source_notebook("06_momentum").cells if cell.cell_type == "markdown")
    assert named and all(hasattr(momentum_rules, name) for name in named)
    assert any(f"call `ours.{name}`" in text for name in named)


def test_the_example_in_the_docstring_of_an_epoch_is_what_an_epoch_gives():
    cell = next(cell for cell in build.source_notebook("05_sgd").cells if cell.id == "sgd_epoch")
    given = np.array([[0.0, 0.0]]), np.array([[1.0], [3.0]]), np.array([0, 1])
    for steps in ([[0]], [[0], [1]]):
        reached = descent_rules.epoch(*given, [np.array(rows) for rows in steps], 1.0)
        assert str(reached.round(3).tolist()) in cell.source
