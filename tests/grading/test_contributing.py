"""CONTRIBUTING's steps for a new lab, a new exercise and a new kernel, followed to the letter in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent.parent
STEP = re.compile(r"^ *\d\. (?P<said>.*?)\n\n(?P<block> +```(?P<kind>\w+)\n.*?\n +```)", re.S | re.M)


def section(title):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def follow(title, copy):
    """Does what each numbered step of a section says: a block is written to or appended to the file named before it, or run."""
    steps = list(STEP.finditer(section(title)))
    assert len(steps) == len(re.findall(r"^\d\. ", section(title), re.M))
    for step in steps:
        body = "\n".join(textwrap.dedent(step["block"]).splitlines()[1:-1]) + "\n"
        if step["kind"] == "sh":
            run(body, copy)
            continue
        path = copy / re.search(r"`((?:grading|data|labkit)/[\w/.]+)`", step["said"])[1]
        if "ppend" in step["said"]:
            path.write_text(path.read_text(encoding="utf-8") + "\n\n" + body, encoding="utf-8")
        else:
            assert not path.exists()
            path.write_text(body, encoding="utf-8")


def run(lines, copy):
    """Shell lines, with the copy's own `grading` in the place of the installed one."""
    for line in lines.splitlines():
        program, *words = line.split()
        command = [sys.executable, *{"grading": ["-m", "grading.cli"], "python": []}[program], *words]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(copy)})
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


@pytest.fixture
def copy(tmp_path):
    """The parts of the project that the steps touch, with one real lab beside the new one."""
    for part in ("labkit", "grading", "data"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "0[1-9]_*", "1[0-4]_*"))
    return tmp_path


def test_a_lab_and_then_an_exercise(copy):
    follow("Add a lab", copy)
    built = nbformat.read(copy / "notebooks" / "15_middle.ipynb", as_version=4)
    assert {"guess_middle", "middle", "check_middle", "explain_middle"} <= {cell.id for cell in built.cells}
    assert "MB, solved, on" in built.cells[0].source
    follow("Add an exercise", copy)
    built = nbformat.read(copy / "notebooks" / "15_middle.ipynb", as_version=4)
    assert built.cells[-1].id == "check_spread"
    assert "median" in (copy / "notebooks" / "GLOSSARY.md").read_text()


def test_a_kernel(copy):
    shutil.copytree(ROOT / "tests" / "labkit" / "kernels", copy / "tests" / "labkit" / "kernels")
    shutil.copy(ROOT / "pyproject.toml", copy)
    follow("Add a kernel", copy)
