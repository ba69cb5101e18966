"""What is in the two wheels: the student's holds labkit and the data, and nothing of the instructor's side."""

import ast
import zipfile

import pytest

from tests.packaging.wheels import ROOT, build_wheel, leaks, members

INSTRUCTORS = ("BEGIN SOLUTION", "BEGIN HIDDEN TESTS", "misconception(", "hidden_calls", "canary")


@pytest.fixture(scope="module")
def names(student_wheel):
    return set(members(student_wheel))


def test_student_wheel_is_labkit_and_data_alone(names):
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"labkit"}
    assert not [name for name in names if name.endswith((".ipynb", ".nbi", ".nbc", ".pyc"))]


def test_student_wheel_holds_every_module_and_data_file(names):
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "labkit").rglob("*.py")}
    data = {f"labkit/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "data").rglob("*") if path.is_file()}
    assert "labkit/datasets.py" in modules and "labkit/data/movies.csv" in data
    assert modules | data <= names


def test_student_wheel_carries_both_licences(names):
    licences = {name.split("/")[-1] for name in names if "/licenses/" in name}
    assert licences == {"LICENSE", "LICENSE-CC-BY-4.0"}


def test_nothing_of_the_instructors_side_is_in_the_student_wheel(student_wheel, names):
    assert not [name for name in names if "grading" in name]
    assert leaks(student_wheel, INSTRUCTORS) == []


def test_no_module_of_labkit_imports_grading():
    """The wall that makes the wheel whole: what it imported would be missing."""
    for path in (ROOT / "labkit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""] \
                if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not [name for name in names if name.split(".")[0] == "grading"], path


def test_leaks_finds_what_is_planted(tmp_path):
    wheel = tmp_path / "planted.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labkit/data/checks/01.json", '{"hint": "look at the sign"}')
        archive.writestr("labkit/deep.py", "# CANARY-7 stands here\n")
        archive.writestr("grading/labs/01.py", "")
    assert leaks(wheel, ["canary-7", "grading/", "absent"]) == [("labkit/deep.py", "canary-7"), ("grading/labs/01.py", "grading/")]


def test_grading_wheel_is_the_folder_grading(tmp_path):
    names = set(members(build_wheel(ROOT / "grading", tmp_path)))
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "grading").rglob("*.py")}
    assert sources <= names
    assert {"grading/LICENSE", "grading/LICENSE-CC-BY-4.0"} <= names
    assert not [name for name in names if not name.startswith(("grading/", "perceptron_to_dropout_grading-"))]
    assert "grading/pyproject.toml" not in names
