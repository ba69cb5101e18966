"""Where nbgrader's own autograde meets the trusted path: an exporter, two preprocessors and a hook, all set by nbgrader_config.py.

nbgrader keeps what it does well: submissions, missing notebooks, late penalties, regrading, the gradebook.
"""

import atexit
from dataclasses import replace
from functools import cache
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool

from grading import grader, intake, journal, rebuild, sandbox
from grading.course import Course

TAKEN = set()           # course folders whose lock this module holds
LOCK_SECONDS = 10       # how long one of nbgrader's own commands waits for another grading run
READY = {}      # (lab, hash of the submission): Result, put here by a batch that graded in parallel


class SkeletonExporter(NotebookExporter):
    """Does not open what a student submitted: Rebuild makes the notebook."""

    def from_filename(self, filename, resources=None, **kw):
        if any(isinstance(step, Rebuild) for step in self._preprocessors):
            return self.from_notebook_node(nbformat.v4.new_notebook(), resources=resources, **kw)
        return super().from_filename(filename, resources=resources, **kw)


class Rebuild(NbGraderPreprocessor):
    """The submission, rebuilt from the instructor's skeleton."""

    def preprocess(self, nb, resources):
        course, lab, folder = place(self, resources)
        take(course.root)
        raw, note = intake.notebook(folder, lab)
        rebuilt = rebuild.rebuild(skeleton(course.source(lab)), raw, note)
        rebuilt.notebook.metadata["grading"] = {"submission": rebuild.digest(raw), "notes": rebuilt.notes + intake.notes(folder)}
        return rebuilt.notebook, resources


class RunAndJudge(NbGraderPreprocessor):
    """Runs a rebuilt notebook in the sandbox, asks the judge, and leaves the outputs that SaveAutoGrades reads."""

    unprotected = Bool(False, help="Run students' code without the sandbox: it can then do whatever you can.").tag(config=True)

    def preprocess(self, nb, resources):
        course, lab, folder = place(self, resources)
        about = nb.metadata["grading"]
        result = READY.get((lab, about["submission"]))
        if result is None:
            raw, _ = intake.notebook(folder, lab)
            result = graders(course.source(lab), course.secret(), self.unprotected).grade(raw)
            if result.digest != about["submission"]:
                raise RuntimeError(f"{folder} was submitted again while it was being graded; grade it once more")
        result = replace(result, notes=about["notes"])
        for note in result.notes:
            self.log.warning("%s, %s: %s", resources["nbgrader"]["student"], lab, note)
        for trouble in result.trouble:
            self.log.error("%s, %s: %s", resources["nbgrader"]["student"], lab, trouble)
        return grader.fill(nb, result), resources


def place(step, resources):
    """(Course, lab, the submitted folder) of the notebook that a preprocessor is given."""
    coursedir, about = step.parent.parent.coursedir, resources["nbgrader"]
    folder = coursedir.format_path(coursedir.submitted_directory, about["student"], about["assignment"])
    return Course(Path(coursedir.root)), about["assignment"], Path(folder)


def receive(assignment, student, notebooks):
    """nbgrader's hook before a submission is touched: takes out what nbgrader would copy, follow or stumble over.

    `notebooks` is nbgrader's own list of the submission's notebooks. It is emptied when this fails, so that nothing is graded then.
    """
    found = list(notebooks)
    notebooks.clear()
    folder = Path(found[0]).parent
    intake.clean(folder, assignment)
    notebooks.append(str(folder / f"{assignment}.ipynb"))


def finish(assignment, student, notebooks):
    """nbgrader's hook after a submission that went well: lets others grade."""
    let_go(Path(notebooks[0]).parents[3])


def take(root):
    """The course folder's lock, until the submission is done; after one that failed, until the next one is."""
    if str(root) not in TAKEN:
        journal.hold(root, wait=LOCK_SECONDS)
        TAKEN.add(str(root))


def let_go(root):
    if str(root) in TAKEN:
        TAKEN.remove(str(root))
        journal.release(root)


@cache
def skeleton(source):
    return rebuild.skeleton(source)


@cache
def graders(source, secret, unprotected):
    """One Grader for each lab for the life of this process: its sandbox is warm."""
    if unprotected:
        sandbox.warn()
    one = make(source, secret, unprotected)
    atexit.register(one.sandbox.close)
    return one


def make(source, secret, unprotected):
    """The Grader of a lab; its sandbox runs the lab's own set-up cells beforehand."""
    return grader.Grader.of(source, secret, sandbox.choose(unprotected, warm=rebuild.setup(skeleton(source))))
