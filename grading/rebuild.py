"""A clean notebook from an untrusted one: the instructor's cells, with the sources of the student's solution cells and nothing else.

Whatever is odd about the submission is said in a sentence, to the student and to the instructor; it is never fatal and never earns points.
"""

import copy
import hashlib
import itertools
import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader.preprocessors import ClearHiddenTests, ClearOutput
from nbgrader.utils import compute_checksum, is_grade, is_solution

from grading.kernel_part import is_python, without_magics
from grading.stubs import TEXT_STUB, Stubs

MAX_FILE = 20 << 20      # bytes of a submitted notebook
MAX_PARTS, MAX_CELLS = 2_000_000, 5_000      # brackets and commas in it, and cells: what reading it may cost
MAX_SOURCE = 100_000     # characters of one cell; of a written answer MAX_TEXT: what showing it costs grows with the square of its length
MAX_TEXT = 20_000
TOO_MANY = "The notebook has too many parts to be one of this course, so it was not read."
PADDING = "\0\x1a\n\r\t "      # what file systems and old programs leave behind a text
RUNNING = {"setup", "solution", "predict"}    # the roles whose cells are run


class SkeletonError(ValueError):
    """An instructor's notebook that cannot be graded against: what is wrong with it and what to do."""


@dataclass(frozen=True)
class Skeleton:
    """The instructor's notebook of a lab, stubs in the place of solutions; `released` holds the locked cells' sources by grade id."""

    notebook: nbformat.NotebookNode
    released: dict
    path: Path

    def points(self):
        return {c.metadata.nbgrader.grade_id: float(c.metadata.nbgrader.points) for c in self.notebook.cells if is_grade(c)}


@dataclass
class Rebuilt:
    """A rebuilt notebook, what was odd about the submission, and the solution cells' sources by grade id."""

    notebook: nbformat.NotebookNode
    notes: list
    sources: dict


def skeleton(path):
    """The Skeleton of a lab from nbgrader's source notebook."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise SkeletonError(f"there is no {path}: run grading build first") from None
    except Exception as error:      # whatever a damaged file makes of the reader
        why = str(error).partition("\n")[0]
        raise SkeletonError(f"{path} cannot be read as a notebook ({why}): put it back from your backup, or make it anew with "
                            f"grading build {Path(path).stem} --force") from error
    clear = Stubs()
    clear.text_stub = TEXT_STUB
    for step in (ClearOutput(), clear):
        notebook, _ = step.preprocess(notebook, {})
    for cell in notebook.cells:
        if is_solution(cell) or is_grade(cell):
            cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
        if checks(cell) and cell.cell_type == "code" and not only_check(cell.source):
            raise SkeletonError(f"{path}: the check cell {cell.metadata.nbgrader.grade_id} holds more than check(...); "
                                "hidden cases belong into the exercise's declaration")
    public, _ = ClearHiddenTests().preprocess(copy.deepcopy(notebook), {})
    released = {c.metadata.nbgrader.grade_id: c.source for c in public.cells if "nbgrader" in c.metadata and not is_solution(c)}
    return Skeleton(notebook, released, Path(path))


def checks(cell):
    """Whether this is a cell that the judge fills in."""
    return is_grade(cell) and not is_solution(cell)


def runs(cell):
    """Whether grading runs this cell: setup cells and solution cells, nothing else."""
    return cell.cell_type == "code" and not is_grade(cell) and bool(RUNNING & set(cell.metadata.get("tags", ())))


def setup(skeleton):
    """The sources of the lab's own set-up cells."""
    return [c.source for c in skeleton.notebook.cells if runs(c) and not is_solution(c)]


def only_check(source):
    lines = [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return bool(lines) and all(re.fullmatch(r"check\([\w=, ]*\)", line.strip()) for line in lines)


def read(path):
    """(bytes of a submitted file or None, the note that says why not). Follows no link, reads no more than it may."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return None, "The notebook is missing."
    except OSError:
        return None, "The notebook is a link or cannot be opened, so it was not read."
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None, "The notebook is no plain file, so it was not read."
    with os.fdopen(descriptor, "rb") as file:
        raw = file.read(MAX_FILE + 1)
    if len(raw) > MAX_FILE:
        return None, f"The notebook is larger than {MAX_FILE >> 20} MB, so it was not read: clear its outputs and submit it again."
    return raw, None


def digest(raw):
    """What identifies a submission: the hash of its bytes."""
    return hashlib.sha256(raw if raw is not None else b"missing").hexdigest()


def parse(raw):
    """(list of submitted cells, note or None) from untrusted bytes."""
    if not raw.strip():
        return [], "The notebook file is empty."
    if raw.count(b",") + raw.count(b"[") + raw.count(b"{") > MAX_PARTS:
        return [], TOO_MANY
    try:
        cells = json.loads(raw.decode(json.detect_encoding(raw), "surrogatepass").rstrip(PADDING))["cells"]
        if type(cells) is not list:
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        return [], "The notebook file is damaged and could not be read as a notebook: open it in Jupyter, save it and submit it again."
    cells = [cell for cell in cells if type(cell) is dict and cell]
    return ([], TOO_MANY) if len(cells) > MAX_CELLS else (cells, None)


@dataclass
class Submitted:
    """One cell of an untrusted notebook, as far as it can be understood."""

    ident: str | None
    kind: str
    source: str
    odd: str | None = None

    @classmethod
    def of(cls, cell):
        about = cell.get("metadata")
        about = about.get("nbgrader") if type(about) is dict else None
        ident = about.get("grade_id") if type(about) is dict else None
        source = cell.get("source", "")
        if type(source) is list:
            source = "".join(line for line in source if type(line) is str)
        if type(source) is not str:
            source = ""
        odd = "too long" if len(source) > MAX_SOURCE else None
        source = source[:MAX_SOURCE].replace("\0", "").replace("\r\n", "\n").encode("utf-8", "replace").decode()
        kind = cell.get("cell_type")
        return cls(ident if type(ident) is str else None, kind if type(kind) is str else "", source, odd)


def rebuild(skeleton, raw, note=None):
    """The Rebuilt notebook of one submission. `raw` is None where there is nothing to read; `note` says why, or what is odd about the file."""
    cells, trouble = ([], None) if raw is None else parse(raw)
    notes = [said for said in (note, trouble) if said]
    submitted = [Submitted.of(cell) for cell in cells]
    notebook = copy.deepcopy(skeleton.notebook)
    known = {c.metadata.nbgrader.grade_id for c in notebook.cells if "nbgrader" in c.metadata}
    if ids := marks(cells, known - {one.ident for one in submitted}):
        for one, ident in zip(submitted, ids, strict=True):
            one.ident = one.ident or ident
        notes.append("A program had removed what marks the lab's cells; they were found again by their ids.")
    sources = {}
    for cell in notebook.cells:
        if is_solution(cell):
            ident = cell.metadata.nbgrader.grade_id
            found = [one for one in submitted if one.ident == ident]
            stub = cell.source
            cell.source, said = taken(ident, cell, found)
            if cell.cell_type == "markdown" and cell.source == stub and (below := written_below(skeleton, submitted, ident)):
                cell.source = below[:MAX_TEXT]
                said = [*said, f"The answer {ident} stood in a text cell below its own; it was taken from there."]
            if cell.cell_type == "markdown" and cell.source != stub:
                cell.source = inert(cell.source)
            sources[ident] = cell.source
            notes += said if known & {one.ident for one in submitted} else []
    notes += deviations(skeleton, submitted, known) if raw is not None and not trouble else []
    return Rebuilt(notebook, notes, sources)


def marks(cells, wanted):
    """For each submitted cell its own id where that is one of the names that are `wanted`, which the lab's cells have as their ids; [] where none
    is."""
    ids = [cell.get("id") if type(cell.get("id")) is str and cell["id"] in wanted else None for cell in cells]
    return ids if any(ids) else []


def taken(ident, cell, found):
    """(source, notes) for one solution cell from the submitted cells that carry its id."""
    if not found:
        return cell.source, [f"The cell {ident} is missing, so it was graded as not attempted; code in other cells is not graded."]
    notes = []
    if any(one.kind != cell.cell_type for one in found):
        notes.append(f"The cell {ident} was turned into another type of cell; it was read as {cell.cell_type} again.")
    different = pieces(cell, [one.source for one in found])
    source = "\n".join(different)
    most = MAX_SOURCE if cell.cell_type == "code" else MAX_TEXT
    if any(one.odd for one in found) or len(source) > most:
        notes.append(f"The cell {ident} is too long: it was cut after {most} characters.")
    if len(found) > 1:
        left = len({one.source for one in found} - set(different))
        notes.append(f"The cell {ident} is there {len(found)} times; " +
                     (f"{number(left, 'copy that is', 'copies that are')} as handed out or no valid Python left aside." if left else
                      "its copies are the same." if len(different) == 1 else "its copies were put together, one below the other."))
    return source[:most], notes


def pieces(cell, sources):
    """The different copies of a solution cell that count: none that is as it was handed out beside one that is not, and where all together
    are no valid Python, such as with an attempt that was given up, those that are."""
    different = list(dict.fromkeys(sources))
    different = [source for source in different if plain(source) != plain(cell.source)] or different[:1]
    if cell.cell_type != "code" or len(different) == 1 or is_python(without_magics("\n".join(different))):
        return different
    return [source for source in different if is_python(without_magics(source))] or different


def written_below(skeleton, submitted, ident):
    """The text that somebody added between an answer's own cell and the lab's next one, which is no text of the lab's."""
    ours = {plain(cell.source) for cell in skeleton.notebook.cells}
    at = max(i for i, one in enumerate(submitted) if one.ident == ident) if any(one.ident == ident for one in submitted) else len(submitted)
    after = list(itertools.takewhile(lambda one: one.ident is None and plain(one.source) not in ours, submitted[at + 1:]))
    return "\n\n".join(one.source for one in after if one.kind == "markdown" and one.source.strip())


def inert(text):
    """Markdown that makes no HTML, link or picture: nbgrader shows it unfiltered, in formgrader and in feedback. A space ends every tag,
    comment, link and link definition before it begins, and reads the same in prose, code and formulas; so it is with the commands of MathJax
    that make links and styles."""
    text = re.sub(r"<(?=[A-Za-z/!?])", "< ", re.sub(r"\](?=[(\[:])", "] ", text))
    return re.sub(r"\\(?=(?:href|class|cssId|style|mmlToken|require)(?![A-Za-z]))", r"\\ ", text)


def deviations(skeleton, submitted, known):
    """Sentences on what else differs from the lab as it was handed out."""
    notes = []
    present = {one.ident for one in submitted}
    if known and not known & present:
        return ["None of this lab's cells is in the notebook: it is another lab's, or a program removed what marks its cells. Copy the answers into "
                "the notebook as it was handed out, and submit that."]
    for ident, source in skeleton.released.items():
        found = [one for one in submitted if one.ident == ident]
        if not found:
            notes.append(f"The cell {ident}, which is the lab's own, is missing; the original was used.")
        elif any(one.source.strip() != source.strip() for one in found):
            notes.append(f"The cell {ident}, which is the lab's own, was changed; the original was used.")
        elif len(found) > 1:
            notes.append(f"The cell {ident}, which is the lab's own, is there {len(found)} times; the original was used once.")
    strange = sum(one.ident is not None and one.ident not in known for one in submitted)
    if strange:
        notes.append(f"{number(strange, 'cell carries an id', 'cells carry ids')} that this lab does not have: not graded.")
    ours = {plain(cell.source) for cell in skeleton.notebook.cells if cell.cell_type == "code"}
    added = sum(one.ident is None and one.kind == "code" and plain(one.source) not in ours | {""} for one in submitted)
    if added:
        notes.append(f"{number(added, 'code cell was', 'code cells were')} added or changed outside the exercises: only the exercises' own "
                     "cells are run and graded, so whatever they need has to stand in them.")
    return notes


def plain(source):
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def number(count, one, many):
    return f"{count} {one if count == 1 else many}"


def report(notes):
    """A markdown cell for the top of the graded notebook, or None. Its text is ours: nothing of the submission stands in it."""
    if not notes:
        return None
    lines = "\n".join(f"- {note}" for note in notes)
    return nbformat.v4.new_markdown_cell(f"**About this submission**\n\n{lines}", id="about-this-submission")
