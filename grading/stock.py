"""nbgrader as it comes, on the same labs, to compare with: the notebook runs in its own kernel, and the hidden cases stand in it as hidden
tests, as data and assertions. Nothing of the course is graded this way.
"""

import json
import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from grading import build, exercise, rebuild
from grading.course import on_path
from labkit.outcomes import Outcome, encode_call, encode_outcome, plain

SECONDS = 300       # for one cell, on a busy machine
NEEDED = {"setup", "solution", "predict", "check", "explain"}       # the roles of the cells that grading needs
HIDDEN = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS\n"
CALLS = """import json
from labkit.outcomes import Tolerance, decode_call, decode_outcome, difference, perform, reading
lost = set()
for case in json.loads({cases!r}):
    call = decode_call(case["call"])
    outcome = reading(perform({ident}, call, 5), {read!r}, call)
    if difference(outcome, decode_outcome(case["right"]), Tolerance{tolerance}):
        lost.add(case["part"])
"""
VALUE = """import json
from labkit.outcomes import Outcome, Tolerance, decode_outcome, difference, plain
assert difference(Outcome("value", plain({ident})), decode_outcome(json.loads({right!r})), Tolerance{tolerance}) is None"""
PREDICTION = """from labkit.checks import prediction
assert prediction({ident!r}, {{"choices": {choices!r}}}, {ident})[0]"""


def hidden_tests(one, seed):
    """What stands in an exercise's check cell in plain nbgrader: all its cases, and what must come back."""
    tolerance = (one.tolerance.rtol, one.tolerance.atol)
    if one.kind == "prediction":
        return PREDICTION.format(ident=one.id, choices=list(one.choices))
    if one.kind == "value":
        return VALUE.format(ident=one.id, right=json.dumps(encode_outcome(Outcome("value", plain(one.right)))), tolerance=tolerance)
    cases = json.dumps([{"call": encode_call(call), "right": encode_outcome(right), "part": call.part} for call, right in one.cases(seed)])
    text = CALLS.format(cases=cases, ident=one.id, read=one.read, tolerance=tolerance)
    if one.parts:
        return text + f"{one.points} * sum(w for part, w in {one.parts!r}.items() if part not in lost) / {sum(one.parts.values())}"
    return text + "assert not lost"


def prepare(root, lab, seed, whole=False):
    """A course folder for plain nbgrader: the lab's cells that grading needs, or all of them, with hidden tests in the check cells."""
    root, declared = Path(root), exercise.load(lab)
    notebook = build.source_notebook(lab)
    notebook.cells = [cell for cell in notebook.cells if whole or NEEDED & set(cell.metadata.get("tags", ()))]
    for cell in notebook.cells:
        if rebuild.checks(cell):
            cell.source = HIDDEN.format(hidden_tests(declared[cell.metadata.nbgrader.grade_id.removeprefix("check_")], seed))
    path = root / "source" / lab / f"{lab}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    build.generate(lab, root)
    return root


def hand_in(root, lab, student, raw):
    """A submission to the course, handed in here: the same solution cells in the released notebook."""
    chosen = {cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"]) for cell in json.loads(raw)["cells"]
              if cell["metadata"].get("nbgrader", {}).get("solution")}
    notebook = nbformat.read(root / "release" / lab / f"{lab}.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = chosen.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    path = root / "submitted" / student / lab / f"{lab}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


def grade(root, lab, students):
    """Grades these students' submissions in a process of its own, one after the other. Returns the seconds that each took."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(graded, str(root), lab, list(students)).result()


def graded(root, lab, students):
    """In the process of its own: what nbgrader, SQLAlchemy and the kernels say goes into a file, and is repeated where it fails."""
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            return list(each(root, lab, students))
        except (Exception, SystemExit) as error:
            said.seek(0)
            raise RuntimeError(f"plain nbgrader failed: {error}\n{said.read().decode('utf-8', 'replace')[-2000:]}") from None


def each(root, lab, students):
    on_path()
    os.environ["LABKIT_DEVICE"] = "cpu"
    config = Config()
    config.CourseDirectory.root = root
    config.CourseDirectory.course_id = "course"
    config.CourseDirectory.assignment_id = lab
    config.ExecutePreprocessor.timeout = SECONDS
    for student in students:
        config.CourseDirectory.student_id = student
        converter = Autograde(coursedir=CourseDirectory(config=config), config=config)
        converter.log.setLevel("ERROR")
        start = time.perf_counter()
        converter.start()
        yield time.perf_counter() - start


def scores(root, lab):
    """{student: {graded cell: points by machine}} from a course folder's gradebook."""
    with Gradebook(f"sqlite:///{Path(root) / 'gradebook.db'}", "course") as gradebook:
        return {one.student.id: {grade.name: grade.auto_score for notebook in one.notebooks for grade in notebook.grades}
                for one in gradebook.assignment_submissions(lab)}
