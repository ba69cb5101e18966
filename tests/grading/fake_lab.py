"""A tiny lab in a course folder, for tests of the grading path: two functions, a value, a prediction and a question graded by hand."""

import contextlib
import copy
import os
import shutil
import sys
from pathlib import Path

import nbformat
import psutil

from grading import build, exercise
from grading.seam import make

LAB = "01_fake"

EXERCISES = '''
import numpy as np

from grading.exercise import Exercise, call


def right_double(x):
    return 2 * np.asarray(x)


double = Exercise(
    id="double", points=4, right=right_double, parts={"numbers": 1, "arrays": 3},
    public=[call(1.5, part="numbers"), call(np.array([1.0, -2.0]), part="arrays")],
    hidden=lambda rng: [call(float(rng.normal()), part="numbers"), *(call(rng.normal(size=n), part="arrays") for n in (3, 17))],
)
double.misconception("squares instead of doubling", "Twice a number is not its square.",
                     "def double(x):\\n    return np.asarray(x) ** 2", name="squared")


def right_clip_all(rows, low):
    return np.maximum(np.asarray(rows), low)


clip_all = Exercise(
    id="clip_all", points=3, right=right_clip_all,
    public=[call(np.array([[1.0, -1.0]]), 0.0)],
    hidden=lambda rng: [call(rng.normal(size=(4, 5)), 0.25), call(rng.normal(size=(1, 7)), -0.5)],
)

answer = Exercise(id="answer", points=2, kind="value", right=12.0, sealed=0.01)
guess = Exercise(id="guess", points=1, kind="prediction", choices=("a", "b"))
'''

CELLS = '''# %% [markdown]
# # A fake lab

# %% role="setup"
import numpy as np

from labkit import check

# %% role="solution" id="double"
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * np.asarray(x)
    ### END SOLUTION

# %% role="check"
check(double)

# %% role="picture"
raise RuntimeError("pictures are not run when a lab is graded")

# %% role="solution" id="clip_all"
def clip_all(rows, low):
    """Every entry of rows, but none below low."""
    ### BEGIN SOLUTION
    return np.maximum(np.asarray(rows), low)
    ### END SOLUTION

# %% role="check"
check(clip_all)

# %% role="solution" id="answer"
answer = ...
### BEGIN SOLUTION
answer = 12.0
### END SOLUTION

# %% role="check"
check(answer=answer)

# %% role="predict" id="guess"
guess = ...
### BEGIN SOLUTION
guess = "a"
### END SOLUTION

# %% role="check"
check(guess=guess)

# %% [markdown] role="explain" id="why" points=4
# Because.
'''

RIGHT = {
    "double": "def double(x):\n    return 2 * np.asarray(x)",
    "clip_all": "def clip_all(rows, low):\n    return np.maximum(np.asarray(rows), low)",
    "answer": "answer = 12.0",
    "guess": 'guess = "a"',
    "why": "Because I say so.",
}
POINTS = {"double": 4.0, "clip_all": 3.0, "answer": 2.0, "guess": 1.0}


class FakeCourse:
    """A course folder with the fake lab built and released, ready for submissions."""

    def __init__(self, root):
        self.root = Path(root)
        self.exercises = self.root / "exercises"
        self.released = nbformat.read(self.root / "release" / LAB / f"{LAB}.ipynb", as_version=4)

    @classmethod
    def make(cls, root):
        root = Path(root)
        for folder, text in (("exercises", EXERCISES), ("labs", CELLS)):
            (root / folder).mkdir(parents=True)
            (root / folder / f"{LAB}.py").write_text(text)
        old, exercise.FOLDER = exercise.FOLDER, root / "exercises"
        try:
            build.prepare(root)
            source = root / "source" / LAB / f"{LAB}.ipynb"
            source.parent.mkdir(parents=True)
            source.write_text(build.notebook_text(build.source_notebook(LAB, root / "labs"), LAB))
            build.generate(LAB, root)
        finally:
            exercise.FOLDER = old
        config = root / "nbgrader_config.py"
        config.write_text("import pathlib\n\nimport grading.exercise\n\n"
                          "grading.exercise.FOLDER = pathlib.Path(__file__).resolve().parent / 'exercises'\n" + config.read_text())
        return cls(root)

    def copied(self, root):
        shutil.copytree(self.root, root)
        return type(self)(root)

    @property
    def source(self):
        return self.root / "source" / LAB / f"{LAB}.ipynb"

    def notebook(self, answers=RIGHT):
        """The released notebook with solution cells replaced by `answers` ({grade id: source})."""
        notebook = copy.deepcopy(self.released)
        for cell in notebook.cells:
            ident = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = answers.get(ident, cell.source)
        return notebook

    def submit(self, student, notebook=RIGHT, name=f"{LAB}.ipynb"):
        """Hands in a notebook, a dictionary of answers, or raw bytes. Returns the file."""
        folder = self.root / "submitted" / student / LAB
        folder.mkdir(parents=True, exist_ok=True)
        if isinstance(notebook, dict) and "cells" not in notebook:
            notebook = self.notebook(notebook)
        raw = notebook if isinstance(notebook, bytes) else nbformat.writes(notebook).encode()
        (folder / name).write_bytes(raw)
        return folder / name

    def scores(self):
        """{student: {exercise: score}} from nbgrader's gradebook."""
        from nbgrader.api import Gradebook

        os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        with Gradebook(f"sqlite:///{self.root / 'gradebook.db'}") as gradebook:
            return {s.student.id: {g.name.removeprefix("check_"): g.score for n in s.notebooks for g in n.grades}
                    for s in gradebook.assignment_submissions(LAB)}


class Made:
    """`seam.make` for a worker that is not forked from this process, as on Windows and macOS: it too finds the exercises in `folder`."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, *arguments):
        exercise.FOLDER = self.folder
        return make(*arguments)


def templates():
    """How many sandboxes this process has started and has not ended, its own and those that nobody has any more; other tests may run beside it."""
    found = 0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if "/inside/template.py" in process.cmdline():
                above = [one for one in process.parents() if one.pid != 1 and "/inside/template.py" not in one.cmdline()]
                found += not above or os.getpid() in [one.pid for one in above]
    return found
