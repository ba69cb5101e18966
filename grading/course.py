"""A course folder: where nbgrader's directories are, and the secret from which its hidden cases come."""

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Course:
    """A course folder as `grading build` makes it, with nbgrader's default directory structure."""

    root: Path

    def source(self, lab):
        return self.root / "source" / lab / f"{lab}.ipynb"

    def holds(self, lab):
        """Raises FileNotFoundError where this is no course, or one without this lab."""
        if not (self.root / "nbgrader_config.py").exists():
            raise FileNotFoundError(f"there is no course in {self.root}: name its folder with --course, or make one with grading build")
        if lab not in (labs := sorted(path.stem for path in self.root.glob("source/*/*.ipynb") if path.stem == path.parent.name)):
            raise FileNotFoundError(f"the course in {self.root} has no lab {lab}; it has {', '.join(labs) or 'none yet'}; grading build makes them")

    def submitted(self, lab, student=None):
        """The folders that were submitted to a lab: everybody's, or one student's."""
        students = (self.root / "submitted").glob("*") if student is None else [self.root / "submitted" / student]
        return sorted(s / lab for s in students if not s.is_symlink() and not (s / lab).is_symlink() and (s / lab).is_dir())

    def secret(self):
        """The seed of the hidden cases. Refused where anybody but its owner could read it."""
        path = self.root / "secret"
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: grading build makes it; without it no hidden case can be made")
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode) or (os.name == "posix" and mode & 0o077):
            raise PermissionError(f"{path} holds the seed of the hidden cases and must be readable by you alone: chmod 600 {path}")
        raw = path.read_bytes()
        if len(raw) < 16:
            raise ValueError(f"{path} holds {len(raw)} bytes, expected 32: remove it and run grading build; hidden cases will change")
        return raw


def on_path():
    """nbgrader's gradebook calls `alembic` by name: the environment's scripts come first."""
    scripts = str(Path(sys.executable).parent)
    if os.environ.get("PATH", "").split(os.pathsep)[0] != scripts:
        os.environ["PATH"] = scripts + os.pathsep + os.environ.get("PATH", "")
