"""Where nbgrader's own autograde meets the trusted path: an exporter, two preprocessors and a hook, all set by nbgrader_config.py.

nbgrader keeps what it does well: submissions, missing notebooks, late penalties, regrading, the gradebook.
"""

import atexit
import weakref
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import nbformat
import sqlalchemy
from nbconvert.exporters import NotebookExporter
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool

from grading import book, grader, intake, journal, rebuild, sandbox
from grading.course import Course
from grading.errors import sentence

TAKEN = {}      # {course folder whose lock this module holds: what lets go of it once the converter that took it is gone}
LOCK_SECONDS = 10       # how long one of nbgrader's own commands waits for another grading run
GRADERS = {}    # {(source, secret, unprotected): (version, Grader)}, each with a warm sandbox
READY = {}      # (lab, hash of the submission): Result, put here by a batch that graded in parallel


class SkeletonExporter(NotebookExporter):
    """Does not open what a student submitted: Rebuild makes the notebook. nbgrader makes it when it begins, before it removes anything."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        if (coursedir := getattr(self.parent, "coursedir", None)) is not None:
            agreed(Course(Path(coursedir.root)).source(coursedir.assignment_id), coursedir, self.log)

    def from_filename(self, filename, resources=None, **kw):
        try:
            if any(isinstance(step, Rebuild) for step in self._preprocessors):
                return self.from_notebook_node(nbformat.v4.new_notebook(), resources=resources, **kw)
            return super().from_filename(filename, resources=resources, **kw)
        except BaseException:
            let_go(Path(self.parent.coursedir.root))
            raise


def agreed(source, coursedir, log):
    """Raises NbGraderException, with the reason in the log, where grades for the notebook `source` would find no place in the gradebook."""
    try:
        book.agree(coursedir.db_url, coursedir.assignment_id, skeleton(source).notebook)
    except (book.Disagreement, rebuild.SkeletonError, FileNotFoundError, sqlalchemy.exc.DBAPIError) as error:
        log.error("%s", said := sentence(error) or str(error))
        raise NbGraderException(said) from error


class Rebuild(NbGraderPreprocessor):
    """The submission, rebuilt from the instructor's skeleton."""

    def preprocess(self, nb, resources):
        course, lab, folder = place(self, resources)
        take(course.root, self.parent.parent)
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
            if result.given_up():
                raise RuntimeError(f"{folder} was not graded, and scores from before stay: {result.trouble[0]}")
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


def take(root, converter):
    """The course folder's lock, until the submission is done or has failed, and no longer than there is nbgrader's `converter`."""
    if str(root) in TAKEN:
        TAKEN[str(root)].detach()
    else:
        journal.hold(root, wait=LOCK_SECONDS)
    TAKEN[str(root)] = weakref.finalize(converter, let_go, root)


def let_go(root):
    if str(root) in TAKEN:
        TAKEN.pop(str(root)).detach()
        journal.release(root)


def skeleton(source):
    """The lab's Skeleton as it is now: formgrader's process outlives many builds."""
    return read(source, grader.version(source)) if Path(source).exists() else rebuild.skeleton(source)


@lru_cache(16)
def read(source, version):
    return rebuild.skeleton(source)


def graders(source, secret, unprotected):
    """One Grader for each lab, whose sandbox stays warm until the lab changes or this process ends."""
    which, version = (source, secret, unprotected), grader.version(source)
    if which not in GRADERS or GRADERS[which][0] != version:
        if unprotected:
            sandbox.warn()
        if which in GRADERS:
            GRADERS.pop(which)[1].sandbox.close()
        GRADERS[which] = version, make(source, secret, unprotected)
    return GRADERS[which][1]


@atexit.register
def close():
    for _, one in GRADERS.values():
        one.sandbox.close()


def make(source, secret, unprotected):
    """The Grader of a lab; its sandbox runs the lab's own set-up cells beforehand."""
    return grader.Grader.of(source, secret, sandbox.choose(unprotected, warm=rebuild.setup(skeleton(source)), private=[source]))
