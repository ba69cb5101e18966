"""A tiny lab in place of the real ones, and nbgrader's helpers on the path."""

import os
import sys
from pathlib import Path

import pytest

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
