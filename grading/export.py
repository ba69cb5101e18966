"""Grades as text: a table for people, and the files that Canvas and Moodle import.

People open the table in a spreadsheet, which runs cells that look like formulas; those are disarmed there. What a learning management
system reads keeps every name and id exactly as it is.
"""

import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

from grading.course import Course, database, on_path

# What makes a formula at the start of a cell (the wide forms too), also behind characters at which another country's spreadsheet splits.
FORMULA = re.compile(r"(^|[;,|\t\r\n])(?=[\s'\"]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])")


@dataclass
class Row:
    """One student: who, and {lab: (points, late penalty, handed in or None), or None where nothing is graded}."""

    id: str
    last_name: str
    first_name: str
    email: str
    lms_id: str
    scores: dict = field(default_factory=dict)

    def points(self, lab):
        """What the lab is worth after its penalty, as text; nothing where nothing is graded."""
        return number(self.scores[lab][0] - self.scores[lab][1]) if self.scores[lab] else ""

    def total(self, labs):
        return sum(float(self.points(lab) or 0) for lab in labs)


def export(kind, course, only=(), unread=None):
    """The grades of the course folder `course` as text; `kind` is csv, canvas or moodle. A lab that somebody has not handed in, or that is
    not graded, is an empty field, which no learning management system takes for a zero.

    only : these labs; else all in which anything is graded
    unread : a list that gets (student, lab) of the graded labs in which an answer waits for a person
    """
    writers = {"csv": people, "canvas": canvas, "moodle": moodle}
    if kind not in writers:
        raise ValueError(f"there is no export format {kind!r}; the formats are {', '.join(writers)}")
    on_path()
    course = Course(Path(course).resolve())
    labs, rows = grades(database(course), unread)
    if not rows:
        raise ValueError(f"the gradebook of {course.root} holds no students: grading enrol enters a class list; where there were some, put "
                         "gradebook.db from your backup in its place")
    if unknown := set(only) - set(labs):
        raise ValueError(f"the gradebook has no lab {', '.join(sorted(unknown))}; it has {', '.join(labs)}")
    labs = {lab: most for lab, most in labs.items() if (lab in only if only else any(row.scores[lab] for row in rows))}
    return writers[kind](labs, rows)


def grades(url, unread=None):
    """({lab: greatest score}, rows) from nbgrader's gradebook, students in the order of their ids."""
    with Gradebook(url) as gradebook:
        labs = {assignment.name: assignment.max_score for assignment in gradebook.assignments}
        rows = []
        for student in sorted(gradebook.students, key=lambda s: s.id):
            row = Row(student.id, student.last_name or "", student.first_name or "", student.email or "", student.lms_user_id or "")
            for lab in labs:
                row.scores[lab] = score(gradebook, lab, student.id, unread)
            rows.append(row)
    return dict(sorted(labs.items())), rows


def score(gradebook, lab, student, unread=None):
    """(points, late penalty, time handed in or None); None where nothing was handed in, or nothing of it is graded."""
    try:
        submission = gradebook.find_submission(lab, student)
    except MissingEntry:
        return None
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    if all(grade.auto_score is None and grade.manual_score is None for grade in grades):
        return None
    if unread is not None and any(grade.needs_manual_grade for grade in grades):
        unread.append((student, lab))
    points = submission.score
    return points, min(points, submission.late_submission_penalty or 0.0), submission.timestamp


def table(lines):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def disarmed(text):
    """`text` so that a spreadsheet shows it instead of computing it."""
    return FORMULA.sub(r"\1'", text)


def number(value):
    return f"{value:.6g}"


def people(labs, rows):
    head = ["student", "last name", "first name", "email"]
    for lab in labs:
        head += [lab, f"{lab} late penalty", f"{lab} handed in (UTC)"]
    lines = [[*head, "total", "of"]]
    for row in rows:
        line = [disarmed(text) for text in (row.id, row.last_name, row.first_name, row.email)]
        for lab in labs:
            _, penalty, when = row.scores[lab] or (0.0, 0.0, None)
            line += [row.points(lab), number(penalty) if row.scores[lab] else "", when.isoformat(" ", "seconds") if when else ""]
        lines.append([*line, number(row.total(labs)), number(sum(labs.values()))])
    return table(lines)


def canvas(labs, rows):
    """Canvas' gradebook import. Students are matched by "ID", Canvas' own number, where the gradebook knows it, else by "SIS Login ID",
    the course's id; columns by the assignment's name. A row whose first field says "Points Possible" is read as the possible points."""
    lines = [["Student", "ID", "SIS Login ID", "Section", *labs], ["    Points Possible", "", "", "", *map(number, labs.values())]]
    for row in rows:
        name = ", ".join(part for part in (row.last_name, row.first_name) if part) or row.id
        name = row.id if "Points Possible" in name else name
        lines.append([name, row.lms_id, row.id, "", *map(row.points, labs)])
    return table(lines)


def moodle(labs, rows):
    """Moodle's grade import: students are matched by their id number, columns mapped on import."""
    lines = [["ID number", "First name", "Last name", "Email address", *labs]]
    for row in rows:
        lines.append([row.id, row.first_name, row.last_name, row.email, *map(row.points, labs)])
    return table(lines)
