"""A class, graded: every submission to a lab through the trusted path, grades written by nbgrader's own autograde."""

import os
import sys
from pathlib import Path

from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from grading.course import Course


class Batch(Autograde):
    """nbgrader's autograde for the folders it is told: one without any notebook is graded as well, as not attempted."""

    folders = ()

    def init_notebooks(self):
        lab = self.coursedir.assignment_id
        self.assignments = {str(folder): [str(folder / f"{lab}.ipynb")] for folder in self.folders}


def autograde(lab, course, student=None, workers=None, resume=False, unprotected=False):
    """Grades what was submitted to `lab` in the folder `course`. Returns 0, or 1 where a submission could not be graded."""
    course = Course(Path(course).resolve())
    folders = course.submitted(lab, student)
    if not folders:
        raise FileNotFoundError(f"nothing to grade: there is no {course.root / 'submitted' / (student or '*') / lab}")
    course.secret()
    converter = nbgraders(course, lab, unprotected)
    converter.folders = folders
    return write(converter)


def nbgraders(course, lab, unprotected):
    """nbgrader's converter for a lab, with the course's own configuration."""
    on_path()
    config = configuration(course)
    config.RunAndJudge.unprotected = unprotected
    coursedir = CourseDirectory(config=config)
    coursedir.assignment_id = lab
    return Batch(coursedir=coursedir, config=config, force=True)


def configuration(course):
    path = course.root / "nbgrader_config.py"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: grading build writes it")
    return Config(PyFileConfigLoader(path.name, path=str(course.root)).load_config())


def on_path():
    """nbgrader's gradebook calls `alembic` by name: the environment's scripts come first."""
    scripts = str(Path(sys.executable).parent)
    if os.environ.get("PATH", "").split(os.pathsep)[0] != scripts:
        os.environ["PATH"] = scripts + os.pathsep + os.environ.get("PATH", "")


def write(converter):
    """Lets nbgrader write autograded/ and the gradebook. One submission that fails does not stop the others."""
    from nbgrader.converters.base import NbGraderException

    try:
        converter.start()
    except NbGraderException as error:
        print(f"not everything could be graded: {error}", file=sys.stderr)
        return 1
    return 0
