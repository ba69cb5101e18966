"""A submitted folder before anything reads it: which file is the notebook, what else is there, and what has to be taken away.

nbgrader copies every other file of a submission into its own folders and from there into feedback, following links. What is not a plain
notebook or nbgrader's time stamp is therefore moved to `quarantine/` beside the course's other folders, where the instructor can look.
"""

import contextlib
import json
import os
import re
import shutil
import stat
from datetime import datetime
from pathlib import Path

from dateutil import parser
from nbgrader.utils import parse_utc

from grading import rebuild
from grading.put import put

KEPT = "timestamp.txt"
SECRET = "submission_secret.txt"        # nbgrader's key to a submission's feedback, written by its submit
UNFINISHED = re.compile(r"\..+\.ipynb\.\w{8}")       # what a killed `grading collect` was writing
LOOKED_AT = re.compile(r"\.DS_Store|desktop\.ini|Thumbs\.db")          # what macOS and Windows leave in a folder that is opened
REPORT = ".quarantined.json"        # after the lab's name, beside the folder: no file of a submission can be in its place


def notebook(folder, lab):
    """(bytes or None, note or None) of the notebook in a submitted folder: by its name, or the only one under another name."""
    expected = Path(folder) / f"{lab}.ipynb"
    if os.path.lexists(expected):
        return rebuild.read(expected)
    others = sorted(p for p in Path(folder).glob("[!.]*.ipynb") if not p.is_symlink() and p.is_file())
    if len(others) != 1:
        return None, f"There is no notebook {lab}.ipynb in the submission" + (f", but {len(others)} others." if others else ".")
    raw, note = rebuild.read(others[0])
    return raw, note or f"The notebook was renamed; it is expected as {lab}.ipynb."


def clean(folder, lab):
    """Moves away what nbgrader must not see in a submitted folder."""
    folder = Path(folder)
    odd = [entry for entry in sorted(os.scandir(folder), key=lambda e: e.name) if not harmless(entry)]
    if said := [entry.name for entry in odd if not (UNFINISHED.fullmatch(entry.name) or LOOKED_AT.fullmatch(entry.name))]:
        record(folder, said)
    for entry in odd:
        keep_apart(folder, entry)


def harmless(entry):
    status = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        return False
    if status.st_size < 200 and entry.name in (KEPT, SECRET):
        raw = Path(entry.path).read_bytes()
        return dated(raw) if entry.name == KEPT else re.fullmatch(rb"[\w-]+\s*", raw) is not None
    return entry.name.endswith(".ipynb")


def dated(raw):
    """Whether nbgrader can read this time stamp."""
    with contextlib.suppress(ValueError, OverflowError, parser.ParserError, UnicodeDecodeError, TypeError):
        return isinstance(parse_utc(raw.decode().strip()), datetime)
    return False


def quarantine(folder):
    """Where a submission's odd files are kept: quarantine/<student>/<lab> beside submitted/."""
    return folder.parent.parent.parent / "quarantine" / folder.parent.name / folder.name


def report(folder):
    """The file that says what was taken out of a submission."""
    kept = quarantine(folder)
    return kept.with_name(kept.name + REPORT)


def keep_apart(folder, entry):
    target = quarantine(folder) / entry.name
    target.parent.mkdir(parents=True, exist_ok=True)
    if entry.is_dir(follow_symlinks=False):
        os.chmod(entry.path, 0o700)     # a folder that may not be written to cannot be moved either
    if os.path.lexists(target):
        shutil.rmtree(target) if target.is_dir() and not target.is_symlink() else target.unlink()
    os.rename(entry.path, target)


def record(folder, names):
    names = sorted({*recorded(folder), *(name.encode("utf-8", "replace").decode() for name in names)})
    put(report(folder), json.dumps(names).encode())


def recorded(folder):
    """The names of what was taken out of a submission; where the list is damaged, of what lies there."""
    try:
        return json.loads(report(folder).read_text())
    except FileNotFoundError:
        return []
    except ValueError:
        kept = quarantine(folder)
        return [name.encode("utf-8", "replace").decode() for name in os.listdir(kept)] if kept.is_dir() else []


def notes(folder):
    """Sentences on what was taken out of a submission."""
    if not (names := recorded(Path(folder))):
        return []
    said = [f"{rebuild.number(len(names), 'file', 'files')} besides the notebook {'was' if len(names) == 1 else 'were'} not taken: "
            "only the notebook is graded."] if set(names) - {KEPT} else []
    return said + (["The time stamp of the submission could not be read."] if KEPT in names else [])
