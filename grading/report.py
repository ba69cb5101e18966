"""What autograding found, for the whole class: points, misconceptions, other endings, what waits for a person, and what looks alike.

Everything is read from what was graded already: the marks in autograded/ and nbgrader's gradebook. Nothing is run or written in the course.
"""

import ast
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import quote

import nbformat
import sqlalchemy
from nbgrader import api
from nbgrader.utils import is_grade, is_solution
from sqlalchemy.orm import Session

from grading import exercise, rebuild, similar
from grading.course import Course, configuration

ORDER = ("right", "misconception", "wrong", "ended", "untouched")       # the groups of states that the overview shows
GROUP = {"right": "right", "misconception": "misconception", "wrong": "wrong", "malformed": "wrong", "not_attempted": "untouched"}


@dataclass
class Submission:
    """One student's: `marks` {exercise: what the judge wrote}, `sources` {solution cell: text}, `points` {graded cell: points so far},
    `waits` the cells that a person has to grade, `penalty` the points that lateness costs, `notes` what was odd."""

    student: str
    name: str
    digest: str
    notes: list
    marks: dict
    sources: dict
    points: dict = field(default_factory=dict)
    waits: list = field(default_factory=list)
    penalty: float = 0.0

    def total(self):
        return max(0.0, sum(self.points.values()) - self.penalty)


@dataclass
class Lab:
    """The lab that was graded. `most` {graded cell: points}, `questions` the cells that a person grades, `known` sources that everybody has,
    `imported` the names that its set-up has from labkit."""

    name: str
    title: str
    exercises: dict
    most: dict
    questions: list
    known: list
    imported: set


@dataclass
class Report:
    """All that the page shows. `ungraded` were handed in and `elsewhere` graded without this grader, `absent` are in the roster and handed
    in nothing, `gone` are graded and no longer in the gradebook; `advice` are (submission, exercise, sentence) on solutions that use labkit's own."""

    lab: Lab
    submissions: list
    ungraded: list
    elsewhere: list
    absent: list
    gone: list
    pairs: list
    advice: list

    def totals(self):
        return [one.total() for one in self.submissions]

    def states(self, ident):
        """[(submission, mark)] of an exercise."""
        return [(one, one.marks[ident]) for one in self.submissions if ident in one.marks]

    def groups(self, ident):
        """{group of ORDER: how many} of an exercise."""
        counts = Counter(GROUP.get(mark["state"], "ended") for _, mark in self.states(ident))
        return {group: counts[group] for group in ORDER}

    def median(self, ident):
        return median(one.points.get(f"check_{ident}", 0.0) for one in self.submissions)


def read(course, name):
    """The Report on the lab `name` in the folder `course`."""
    course = Course(Path(course).resolve())
    lab = read_lab(course, name)
    found, elsewhere = graded(course, lab)
    if not found:
        raise FileNotFoundError(f"{name} is not graded yet: there is nothing that grading autograde wrote in {course.root / 'autograded'}; "
                                f"run grading autograde {name} first")
    found, absent, gone = with_grades(found, name, url(course, configuration(course)))
    if not found:
        raise ValueError(f"the gradebook has no scores of what is in {course.root / 'autograded'} for {name}: run grading autograde {name}, or put "
                         "gradebook.db from your backup in its place")
    handed_in = {folder.parent.name for folder in course.submitted(name)}
    ungraded = sorted(handed_in - {one.student for one in found} - set(elsewhere) - set(gone))
    pairs = similar.pairs({one.student: one.sources for one in found}, lab.known)
    return Report(lab, found, ungraded, elsewhere, [who for who in absent if who not in handed_in], gone, pairs, list(advice(found, lab)))


def read_lab(course, name):
    declared = exercise.load(name)
    source = course.source(name)
    skeleton = rebuild.skeleton(source)
    cells = nbformat.read(source, as_version=4).cells
    heading = next((line[2:] for cell in cells if cell.cell_type == "markdown" for line in cell.source.splitlines() if line.startswith("# ")), name)
    known = [cell.source for cell in [*skeleton.notebook.cells, *cells] if cell.cell_type == "code"]
    known += [form.text for one in declared.values() for form in (*one.solutions, *one.misconceptions)]
    imported = set().union(*(similar.labkit_names(ast.parse(text)) for text in rebuild.setup(skeleton)))
    questions = [cell.metadata.nbgrader.grade_id for cell in cells if is_grade(cell) and is_solution(cell)]
    return Lab(name, heading, declared, skeleton.points(), questions, known, imported)


def graded(course, lab):
    """(Submissions, names of those that something else graded) in autograded/."""
    found, elsewhere = [], []
    for path in sorted(course.root.glob(f"autograded/*/{lab.name}/{lab.name}.ipynb")):
        student = path.parents[1].name
        try:
            one = submission(student, json.loads(path.read_text(encoding="utf-8")), lab)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"{path} is damaged ({error}): grading autograde {lab.name} --student {student} makes it anew") from error
        found.append(one) if one else elsewhere.append(student)
    return found, elsewhere


def submission(student, notebook, lab):
    """The Submission of a graded notebook, or None where something else graded it."""
    about = notebook["metadata"].get("grading", {})
    if "marks" not in about:
        return None
    sources = {ident: "".join(cell["source"]) for cell in notebook["cells"]
               if cell["cell_type"] == "code" and (ident := cell["metadata"].get("nbgrader", {}).get("grade_id")) in lab.exercises}
    return Submission(student, student, about["submission"], about["notes"], {mark["id"]: mark for mark in about["marks"]}, sources)


def url(course, config):
    """The gradebook's address; SQLite's is opened for reading alone."""
    if "db_url" in config.CourseDirectory:
        return config.CourseDirectory.db_url
    path = course.root / "gradebook.db"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: grading autograde makes it")
    return sqlalchemy.URL.create("sqlite", database=f"file:{quote(path.as_posix(), safe='/:')}", query={"mode": "ro", "uri": "true"})


def with_grades(submissions, lab, url):
    """Puts the gradebook's points into the submissions. Returns those that the gradebook has, the students of the roster that handed in nothing,
    and the students whose submissions the gradebook does not have."""
    known = {one.student: one for one in submissions}
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with Session(engine) as session:
        grades = sqlalchemy.select(api.Student.id, api.BaseCell.name, api.Grade.score, api.Grade.needs_manual_grade).select_from(api.Grade)
        for model, via in ((api.SubmittedNotebook, api.Grade.notebook), (api.SubmittedAssignment, api.SubmittedNotebook.assignment),
                           (api.Student, api.SubmittedAssignment.student), (api.BaseCell, api.Grade.cell)):
            grades = grades.join(model, via)
        of_lab = api.SubmittedAssignment.assignment.has(name=lab)
        for student, cell, score, waits in session.execute(grades.where(of_lab)):
            if student in known:
                known[student].points[cell] = score or 0.0
                known[student].waits += [cell] if waits else []
        late = sqlalchemy.select(api.SubmittedAssignment.student_id, api.SubmittedAssignment.late_submission_penalty).where(of_lab)
        for student, penalty in session.execute(late):
            if student in known:
                known[student].penalty = penalty or 0.0
        absent = []
        for student, first, last in session.execute(sqlalchemy.select(api.Student.id, api.Student.first_name, api.Student.last_name)):
            if student in known:
                known[student].name = " ".join(part for part in (first, last) if part) or student
            else:
                absent.append(student)
    gone = sorted(student for student, one in known.items() if not one.points)
    return [one for one in submissions if one.points], sorted(absent), gone


def advice(submissions, lab):
    """(submission, exercise, sentence) for every solution that calls or repeats labkit's own form."""
    ours = similar.library()
    known = set().union(*map(similar.fingerprints, lab.known))
    for one in submissions:
        for ident, source in one.sources.items():
            if names := similar.calls(source, lab.imported, lab.exercises[ident].avoid):
                yield one, ident, f"calls {', '.join(names)}, which it was to write itself"
            if found := similar.repeats(source, ours, known):
                yield one, ident, f"repeats {found[0]} ({found[1]:.0%} of its own code)"
