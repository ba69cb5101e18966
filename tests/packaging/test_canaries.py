"""Canaries planted in every place where a secret of the instructor's lives; none may reach what students get."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from grading import exercise
from tests.packaging.wheels import ROOT, build_wheel, leaks

LAB = "00_start"
CANARIES = {name: f"canary-{name}-in-the-mine" for name in ("solution", "misconception", "why", "hidden", "reference", "answer", "lab")}


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A copy of the project with a canary in each place of lab 00, built; its folder."""
    copy = tmp_path_factory.mktemp("planted")
    for part in ("labkit", "grading", "data"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", "0[1-9]_*", "classroom"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-CC-BY-4.0"):
        shutil.copy(ROOT / name, copy)
    plant(copy / "grading" / "exercises" / f"{LAB}.py", {
        "def loop(x, w):\n    total = 0.0\n": "def loop(x, w):\n    total = 0.0\n    '{solution}'\n",
        "def products_only(x, w):\n": "def products_only(x, w):\n    '{misconception}'\n",
        'why="The products are what catches the eye; the sum is forgotten."': 'why="{why}"',
        "def some_sums(rng):\n": "def some_sums(rng):\n    '{hidden}'\n",
        "def sum_of_products(x, w):\n": "def sum_of_products(x, w):\n    '{reference}'\n",
    })
    plant(copy / "grading" / "labs" / f"{LAB}.py", {"    return np.sum(x * w)\n": "    return np.sum(x * w)  # {lab}\n",
                                                    "# A model answer.": "# A model answer. {answer}"})
    done = subprocess.run([sys.executable, "-m", "grading.cli", "build"], cwd=copy, capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": str(copy)})
    assert done.returncode == 0, done.stdout + done.stderr
    return copy


def plant(path, places):
    text = path.read_text(encoding="utf-8")
    for old, new in places.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new.format(**CANARIES))
    path.write_text(text, encoding="utf-8")


def test_every_canary_is_alive_on_the_instructors_side(planted):
    source = "".join(p.read_text(encoding="utf-8") for p in (planted / "grading").rglob(f"{LAB}.py"))
    assert [name for name, canary in CANARIES.items() if canary not in source] == []
    assert CANARIES["lab"] in (planted / "course" / "source" / LAB / f"{LAB}.ipynb").read_text(encoding="utf-8")


def test_no_canary_is_in_the_student_edition_the_check_data_or_the_wheel(planted, tmp_path):
    for path in (planted / "notebooks" / f"{LAB}.ipynb", planted / "course" / "release" / LAB / f"{LAB}.ipynb",
                 planted / "data" / "checks" / f"{LAB}.json"):
        assert not re.search("in-the-mine", path.read_text(encoding="utf-8")), path
    assert leaks(build_wheel(planted, tmp_path), list(CANARIES.values())) == []


def test_no_hidden_input_is_in_the_check_data():
    """The hidden inputs of a fixed seed: not one of their arrays of real numbers is among the public data."""
    public = (ROOT / "data" / "checks" / f"{LAB}.json").read_text(encoding="utf-8")
    for one in exercise.load(LAB).values():
        for call in one.hidden_calls(bytes(32)):
            numbers = [x for a in call.args if hasattr(a, "ravel") for x in a.ravel().tolist() if x != round(x, 2)]
            assert not any(repr(x) in public for x in numbers)
