"""A learner with the student wheel and one notebook: the wheel alone in an environment of pins, the notebook alone in a folder."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.packaging.conftest import STUDENT
from tests.packaging.test_locks import LOCKS, versions
from tests.packaging.wheels import ROOT

LAB = "01_perceptron"
pytestmark = pytest.mark.timeout(900)       # the first test may have to fill the environment


@pytest.fixture
def student(empty, student_wheel, tmp_path):
    empty.run("-m", "pip", "install", "--quiet", "--no-deps", student_wheel, cwd=tmp_path)
    return empty


@pytest.fixture
def notebook(tmp_path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    return Path(shutil.copy(ROOT / "notebooks" / f"{LAB}.ipynb", folder))


def run_all(student, notebook):
    """What each check cell printed, by the name of its exercise, after Run All."""
    student.run("-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", notebook, cwd=notebook.parent)
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return {ident: said(cell) for cell in cells for ident in declared() if re.search(rf"^check\({ident}\b", "".join(cell["source"]), re.M)}


def said(cell):
    return "".join("".join(out.get("text", []) or out.get("evalue", "")) for out in cell.get("outputs", []))


def declared():
    from grading import exercise

    return exercise.load(LAB)


def solve(notebook, answers):
    """Write these sources into the solution cells, found by the exercise's name."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    cells = {cell["metadata"].get("nbgrader", {}).get("grade_id"): cell for cell in content["cells"]}
    for ident, source in answers.items():
        cells[ident]["source"] = source
    notebook.write_text(json.dumps(content), encoding="utf-8")


def test_only_the_pins_and_the_wheel_are_installed(student, tmp_path):
    installed = student.packages(tmp_path)
    assert set(installed) - {STUDENT, "pip", "setuptools"} <= {name for name, _ in versions(LOCKS["binder/requirements.txt"])}
    where = student.run(student.python, "-I", "-c", "import labkit; print(labkit.__file__)", cwd=tmp_path)
    assert where.startswith(str(student.folder))


def test_an_untouched_notebook_reaches_its_end_and_says_what_is_to_do(student, notebook):
    checks = run_all(student, notebook)
    assert set(checks) == set(declared())
    assert not [ident for ident, words in checks.items() if words.startswith("Right") or "Could not check" in words], checks


def test_right_answers_are_accepted_and_a_misconception_is_met_with_its_hint(student, notebook):
    exercises = declared()
    answers = {ident: exercise.solutions[0].text for ident, exercise in exercises.items() if exercise.solutions}
    wrong = next(ident for ident, exercise in exercises.items() if exercise.kind == "function")
    idea = exercises[wrong].misconceptions[0]
    solve(notebook, answers | {wrong: idea.text})
    checks = run_all(student, notebook)
    assert idea.hint in checks.pop(wrong)
    assert not [(ident, checks[ident]) for ident in checks if ident in answers and "Right" not in checks[ident]]
