"""Fixtures shared by the tests of grading."""

import os
import sys
from pathlib import Path

import pytest

from tests.grading.fake_lab import FakeCourse, Made


@pytest.fixture(scope="session")
def fake_course_made(tmp_path_factory):
    return FakeCourse.make(tmp_path_factory.mktemp("made") / "course")


@pytest.fixture
def fake_course(fake_course_made, tmp_path, monkeypatch):
    """A fresh copy of the fake course, whose exercises `grading.exercise.load` finds."""
    from grading import exercise, seam

    course = fake_course_made.copied(tmp_path / "course")
    monkeypatch.setattr(exercise, "FOLDER", course.exercises)
    monkeypatch.setattr(seam, "READY", {})
    if sys.platform != "linux":
        monkeypatch.setattr(seam, "make", Made(course.exercises))
    return course


TINY = Path(__file__).parent / "tiny"


@pytest.fixture
def tiny(monkeypatch):
    """The lab 90_tiny: its name; `grading` sees it alone."""
    from grading import build, exercise

    monkeypatch.setattr(exercise, "FOLDER", TINY / "exercises")
    monkeypatch.setattr(build, "LABS", TINY / "labs")
    monkeypatch.setattr(build.source_notebook, "__defaults__", (TINY / "labs",))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return "90_tiny"
