"""A course folder: where nbgrader's directories are, the secret from which its hidden cases come, nbgrader's settings."""

import os
import stat
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader


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


def configuration(course):
    """nbgrader's settings for a Course, from its nbgrader_config.py. Raises FileNotFoundError, and ValueError where that cannot be used."""
    path = course.root / "nbgrader_config.py"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: grading build writes it")
    try:
        config = Config(PyFileConfigLoader(path.name, path=str(course.root)).load_config())
    except Exception as error:      # the instructor's own Python
        inside = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        line = inside[-1] if inside else getattr(error, "lineno", "?")
        raise ValueError(f"{path} cannot be used; mend its line {line} ({type(error).__name__}: {error})") from error
    try:
        sqlalchemy.make_url(config.CourseDirectory.get("db_url", "sqlite://")).get_dialect().import_dbapi()
    except (sqlalchemy.exc.ArgumentError, ImportError) as error:
        raise ValueError(f"{path}: c.CourseDirectory.db_url names no gradebook that can be opened ({error}); an address such as "
                         "sqlite:////folder/gradebook.db or postgresql://person@machine/name is expected, and its driver installed") from error
    return config


def database(course):
    """The address of a Course's gradebook."""
    return configuration(course).CourseDirectory.get("db_url") or f"sqlite:///{course.root / 'gradebook.db'}"


def on_path():
    """nbgrader's gradebook calls `alembic` by name: the environment's scripts come first."""
    scripts = str(Path(sys.executable).parent)
    if os.environ.get("PATH", "").split(os.pathsep)[0] != scripts:
        os.environ["PATH"] = scripts + os.pathsep + os.environ.get("PATH", "")
