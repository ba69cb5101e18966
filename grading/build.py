"""Labs and exercises in; nbgrader's source, the student edition and the student's check data out.

A lab is a py:percent file. Its cells carry short options: a role (setup, solution, check, predict, picture, swarm, table, explain), an
id where there is an exercise, and points for the manual question; all other points stand in the exercises' declarations.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

import jupytext
import nbformat
from nbformat.v4 import new_notebook

from grading import book
from grading import exercise as exercises
from grading.course import Course, configuration, on_path
from grading.put import put
from labkit.cells import defines

LABS = Path(__file__).parent / "labs"
ROOT = Path(__file__).parent.parent
MEASURED = Path(__file__).parent / "measured.json"
ROLES = {"setup", "solution", "check", "predict", "picture", "swarm", "table", "explain"}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


class BuildError(RuntimeError):
    """A lab that cannot be built: which lab, which cell, what to do."""


def labs():
    """The names of all labs, in the order of the course."""
    return sorted(path.stem for path in LABS.glob("[0-9]*.py"))


# A lab's file becomes nbgrader's source notebook


def source_notebook(lab, folder=LABS):
    """The instructor's notebook of a lab, solutions in place, with nbgrader's metadata."""
    declared = exercises.load(lab)
    script = jupytext.read(Path(folder) / f"{lab}.py", fmt="py:percent")
    cells, seen = [], set()
    for index, cell in enumerate(script.cells):
        options = dict(cell.metadata)
        role = options.get("role")
        where = f"{lab}, cell {index + 1} ({cell.source.strip().splitlines()[0][:50] if cell.source.strip() else 'empty'})"
        if role is not None and role not in ROLES:
            raise BuildError(f"{where}: role {role!r} is not one of {', '.join(sorted(ROLES))}")
        if role in ("solution", "predict") and "### BEGIN SOLUTION" not in cell.source:
            raise BuildError(f"{where}: a {role} cell needs ### BEGIN SOLUTION and ### END SOLUTION around what the student writes")
        if cell.cell_type == "code" and role is None:
            raise BuildError(f"{where}: a code cell needs a role, for example role=\"picture\"")
        ident = options.get("id") or (checked_name(cell.source) if role == "check" else None)
        if role in ("solution", "predict", "check") and ident not in declared:
            raise BuildError(f"{where}: {ident!r} is not declared in grading/exercises/{lab}.py")
        cell.metadata = nbformat.from_dict(metadata(role, ident, options, declared))
        cell["id"] = cell.metadata.nbgrader.grade_id if "nbgrader" in cell.metadata else f"{role or 'text'}-{index}"
        if cell["id"] in seen:
            raise BuildError(f"{where}: the id {cell['id']} stands twice")
        seen.add(cell["id"])
        cell.source = pictured(prose(cell.source, lab), cell) if cell.cell_type == "markdown" else cell.source
        cells.append(cell)
    for ident in declared:
        if not {ident, f"check_{ident}"} <= seen:
            raise BuildError(f"{lab}: the exercise {ident} needs a solution cell and a check cell")
    notebook = new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})
    nbformat.validate(notebook)
    return notebook


def checked_name(source):
    """fires from `check(fires)` or `check(fires=fires)`."""
    found = re.search(r"^check\((\w+)", source, re.M)
    return found and found[1]


def metadata(role, ident, options, declared):
    """A cell's notebook metadata: its role as a tag, and nbgrader's own where it is graded or locked."""
    data = {"tags": [role] + (["raises-exception"] if role == "check" else [])} if role else {}
    if role == "table":         # long, and nothing to learn from: JupyterLab shows three dots to click
        data["jupyter"] = {"source_hidden": True}
    kinds = {   # role: grade, solution, grade id
        "solution": (False, True, ident),
        "predict": (False, True, ident),
        "check": (True, False, f"check_{ident}"),
        "explain": (True, True, ident),
        "setup": (False, False, ident or "setup"),
    }
    if role in kinds:
        grade, solution, grade_id = kinds[role]
        data["nbgrader"] = {"schema_version": 3, "grade_id": grade_id, "grade": grade, "solution": solution, "locked": not solution, "task": False}
        if grade:
            data["nbgrader"]["points"] = options["points"] if role == "explain" else declared[ident].points
    return data


def prose(source, lab):
    """Text with its derived words filled in: {measured}, the lab's measured time and memory; {glossary}, its terms."""
    if "{measured}" in source:
        measured = json.loads(MEASURED.read_text(encoding="utf-8")).get(lab) if MEASURED.exists() else None
        said = "{seconds:.0f} s and {memory_mb:.0f} MB, solved, on {machine}, {date}".format(**measured) if measured else "not measured yet"
        source = source.replace("{measured}", said)
    return source.replace("{glossary}", terms(glossary(lab)))


def glossary(lab):
    """{term: what it means} of one lab."""
    path = ROOT / "data" / "glossary" / f"{lab}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def terms(words):
    return "\n".join(f"- **{term}**: {meaning}" for term, meaning in sorted(words.items(), key=lambda item: item[0].lower()))


def glossary_text():
    """The glossary of the whole course, each term with the lab that introduces it."""
    met = {}
    for lab in labs():
        for term, meaning in glossary(lab).items():
            met.setdefault(term, f"{meaning} (lab {lab[:2]})")
    return f"# Glossary\n\nWritten by `grading build` from `data/glossary/`.\n\n{terms(met)}\n"


def pictured(source, cell):
    """Text whose ![](still:name) become folded, attached images: they show where no kernel runs."""
    def attach(match):
        name = match[2]
        data = (ROOT / "data" / "stills" / f"{name}.png").read_bytes()
        alt = match[1] or json.loads((ROOT / "data" / "stills" / "alt.json").read_text(encoding="utf-8"))[name]
        cell.setdefault("attachments", {})[f"{name}.png"] = {"image/png": base64.b64encode(data).decode()}
        return ("<details><summary>Still picture, for where no kernel runs</summary>\n\n"
                f"![{alt}](attachment:{name}.png)\n\n</details>")
    return re.sub(r"!\[(.*?)\]\(still:([\w-]+)\)", attach, source)


# nbgrader's own generate step


def generate(lab, course):
    """Runs nbgrader's generate_assignment on course/source and returns the release notebook."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException

    on_path()
    coursedir = course_directory(lab, course)
    converter = GenerateAssignment(coursedir=coursedir, config=coursedir.config)
    converter.log.setLevel("WARNING")
    try:
        converter.start()
    except NbGraderException as error:
        raise BuildError(f"nbgrader could not make the students' edition of {lab}; why stands above. What was built before is as it was") from error
    return nbformat.read(course / "release" / lab / f"{lab}.ipynb", as_version=4)


def course_directory(lab, course):
    """nbgrader's view of the course folder, for building a lab. Its gradebook is the one that the course's own configuration names."""
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    from grading.stubs import TEXT_STUB, preprocessors

    config = Config()
    config.CourseDirectory.root = str(course)
    config.CourseDirectory.course_id = "course"
    config.CourseDirectory.assignment_id = lab
    if (course / "nbgrader_config.py").exists() and "db_url" in (own := configuration(Course(course)).CourseDirectory):
        config.CourseDirectory.db_url = own.db_url
    config.GenerateAssignment.preprocessors = preprocessors()
    config.GenerateAssignment.force = True
    config.ClearSolutions.text_stub = config.Stubs.text_stub = TEXT_STUB
    return CourseDirectory(config=config)


# Writing: atomic, stable, and never over a person's edits


def write(path, text, force=False):
    """Writes a derived file whole or not at all; refuses where a person changed what the build wrote. True when it changed."""
    path = Path(path)
    if path.exists():
        old = path.read_text(encoding="utf-8", errors="replace")
        if old == text:
            return False
        if not force and not as_built(old):
            raise BuildError(f"{path} was changed by hand since it was built; keep a copy elsewhere, then build again with --force")
    put(path, text.encode())
    return True


def sealed_text(data, holder):
    """JSON text that carries the digest of itself in `holder["built"]`, so that a person's edit can be told from a build."""
    holder["built"] = ""
    holder["built"] = digest(json.dumps(data, sort_keys=True))
    return json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def as_built(text):
    """Whether a derived file is still as a build wrote it."""
    try:
        data = json.loads(text)
        holder = data["metadata"]["labkit"] if "cells" in data else data
        said, holder["built"] = holder["built"], ""
    except (ValueError, KeyError, TypeError):
        return False
    return said == digest(json.dumps(data, sort_keys=True))


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def notebook_text(notebook, lab):
    notebook = nbformat.from_dict(notebook)
    notebook.metadata["labkit"] = {"lab": lab}
    data = json.loads(nbformat.writes(notebook))
    return sealed_text(data, data["metadata"]["labkit"])


def check_text(lab, committed):
    """The student's check data of a lab. A number that a build derives keeps its committed value while the new one agrees with it
    within a tenth of the tolerance: processors and BLAS builds differ in the last bits."""
    old = json.loads(committed.read_text(encoding="utf-8"))["exercises"] if committed.exists() else {}
    data = {"lab": lab, "given": given(lab), "exercises": {}}
    for ident, one in exercises.load(lab).items():
        data["exercises"][ident] = settled(one.check_data(), old.get(ident), one.tolerance.scaled(0.1))
    return sealed_text(data, data)


def given(lab):
    """The names that a lab's set-up cells define, in order: an answer may use them wherever it stands."""
    return sorted(set().union(*(defines(cell.source) for cell in source_notebook(lab).cells if "setup" in cell.metadata.get("tags", ()))))


def settled(new, old, tolerance):
    if isinstance(new, dict) and isinstance(old, dict):
        return {key: settled(value, old.get(key), tolerance) for key, value in new.items()}
    if isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        return [settled(a, b, tolerance) for a, b in zip(new, old, strict=True)]
    close = isinstance(new, float) and isinstance(old, float) and abs(new - old) <= tolerance.atol + tolerance.rtol * abs(old)
    return old if close else new


# The commands


def build(names=None, course=None, root=ROOT, force=False, only_course=False):
    """Builds labs into `course` (nbgrader's folders) and, under `root`, notebooks/ and data/checks/. Returns the files that changed. Labs whose
    cells may not change any more are left as they are, and named in a BuildError once the others are built."""
    course = Path(course or ROOT / "course")
    prepare(course)
    changed, refused = [], []
    for lab in names or labs():
        try:
            release, wrote = released(lab, course, force)
        except book.Disagreement as error:
            refused.append(str(error))
            continue
        changed += wrote
        if only_course:
            continue
        for path, text in ((Path(root) / "notebooks" / f"{lab}.ipynb", notebook_text(release, lab)),
                           (Path(root) / "data" / "checks" / f"{lab}.json", check_text(lab, Path(root) / "data" / "checks" / f"{lab}.json"))):
            if write(path, text, force):
                changed.append(path)
    words = Path(root) / "notebooks" / "GLOSSARY.md"
    if not only_course and write(words, glossary_text(), force=True):
        changed.append(words)
    if refused:
        raise BuildError("\n".join(refused))
    return changed


def released(lab, course, force):
    """(the students' notebook of a lab, the files written in the course folder). Where nbgrader refuses, source/ and release/ are as they were.
    Raises book.Disagreement before anything is written where the lab has submissions and other cells."""
    notebook, source = source_notebook(lab), course / "source" / lab / f"{lab}.ipynb"
    book.may_change(course_directory(lab, course).db_url, lab, notebook)
    with as_they_were(source.parent, course / "release" / lab):
        wrote = [source] if write(source, notebook_text(notebook, lab), force) else []
        return generate(lab, course), wrote


@contextlib.contextmanager
def as_they_were(*folders):
    """Puts these folders back, with all that was in them, where what is done meanwhile fails."""
    with tempfile.TemporaryDirectory() as kept:
        kept = [(folder, Path(kept) / f"{number}") for number, folder in enumerate(folders)]
        for folder, copy in kept:
            if folder.exists():
                shutil.copytree(folder, copy)
        try:
            yield
        except BaseException:
            for folder, copy in kept:
                shutil.rmtree(folder, ignore_errors=True)
                if copy.exists():
                    shutil.copytree(copy, folder)
            raise


def check(names=None, root=ROOT):
    """The committed files that differ from what a build would write now."""
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        for part in ("notebooks", "data/checks"):
            if (root / part).exists():
                shutil.copytree(root / part, scratch / part)
        changed = build(names, scratch / "course", scratch, force=True)
        stale = [p.relative_to(scratch) for p in changed if "course" not in p.relative_to(scratch).parts]
        known = {f"{lab}{suffix}" for lab in labs() for suffix in (".ipynb", ".json")}
        extra = [p.relative_to(root) for part, kind in (("notebooks", "ipynb"), ("data/checks", "json"))
                 for p in (root / part).glob(f"*.{kind}") if p.name not in known]
        return sorted(stale + extra)


def prepare(course):
    """A course folder that nbgrader's own commands understand, and the secret seed of its hidden cases."""
    if strange := re.search(r"[*?[]|%[0-9A-Fa-f]{2}", str(course.absolute())):
        raise BuildError(f"{course.absolute()} has {strange[0]!r} in its name, which nbgrader or its gradebook take for something else: choose a "
                         "folder without it")
    course.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix" and (mode := course.stat().st_mode & 0o777) & 0o077:
        print(f"warning: {course} holds solutions and grades, and its mode {mode:o} lets other accounts of this machine in: chmod 700 {course}",
              file=sys.stderr)
    config = course / "nbgrader_config.py"
    if not config.exists():     # whole or not at all: without it nbgrader grades unprotected
        put(config, b"from grading.nbgrader_config import configure\n\nconfigure(get_config(), __file__)  # noqa: F821\n")
    secret = course / "secret"
    if not secret.exists():
        put(secret, secrets.token_bytes(32), 0o600)


__all__ = ["BuildError", "build", "check", "labs", "source_notebook"]
