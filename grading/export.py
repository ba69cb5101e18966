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

from grading.course import Course, on_path

# What makes a formula at the start of a cell (the wide forms too), also behind characters at which another country's spreadsheet splits.
FORMULA = re.compile(r"(^|[;,|\t\r\n])(?=[\s'\"]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])")


@dataclass
class Row:
    """One student: who, and {lab: (points, late penalty, handed in or None)}."""

    id: str
    last_name: str
    first_name: str
    email: str
    lms_id: str
    scores: dict = field(default_factory=dict)

    def total(self):
        return sum(points - penalty for points, penalty, _ in self.scores.values())


def export(kind, course):
    """The grades of the course folder `course` as text; `kind` is csv, canvas or moodle."""
    from grading.runner import configuration

    writers = {"csv": people, "canvas": canvas, "moodle": moodle}
    if kind not in writers:
        raise ValueError(f"there is no export format {kind!r}; the formats are {', '.join(writers)}")
    on_path()
    course = Course(Path(course).resolve())
    labs, rows = grades(database(course, configuration(course)))
    return writers[kind](labs, rows)


def database(course, config):
    return config.CourseDirectory.get("db_url") or f"sqlite:///{course.root / 'gradebook.db'}"


def grades(url):
    """({lab: greatest score}, rows) from nbgrader's gradebook, students in the order of their ids."""
    with Gradebook(url) as gradebook:
        labs = {assignment.name: assignment.max_score for assignment in gradebook.assignments}
        rows = []
        for student in sorted(gradebook.students, key=lambda s: s.id):
            row = Row(student.id, student.last_name or "", student.first_name or "", student.email or "", student.lms_user_id or "")
            for lab in labs:
                row.scores[lab] = score(gradebook, lab, student.id)
            rows.append(row)
    return dict(sorted(labs.items())), rows


def score(gradebook, lab, student):
    """(points, late penalty, time handed in or None); nothing handed in is no points."""
    try:
        submission = gradebook.find_submission(lab, student)
    except MissingEntry:
        return 0.0, 0.0, None
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
            points, penalty, when = row.scores[lab]
            line += [number(points - penalty), number(penalty), when.isoformat(" ", "seconds") if when else ""]
        lines.append([*line, number(row.total()), number(sum(labs.values()))])
    return table(lines)


def canvas(labs, rows):
    """Canvas' gradebook import. Students are matched by "ID", Canvas' own number, where the gradebook knows it, else by "SIS Login ID",
    the course's id; columns by the assignment's name. A row whose first field says "Points Possible" is read as the possible points."""
    lines = [["Student", "ID", "SIS Login ID", "Section", *labs], ["    Points Possible", "", "", "", *map(number, labs.values())]]
    for row in rows:
        name = ", ".join(part for part in (row.last_name, row.first_name) if part) or row.id
        name = row.id if "Points Possible" in name else name
        lines.append([name, row.lms_id, row.id, "", *(number(row.scores[lab][0] - row.scores[lab][1]) for lab in labs)])
    return table(lines)


def moodle(labs, rows):
    """Moodle's grade import: students are matched by their id number, columns mapped on import."""
    lines = [["ID number", "First name", "Last name", "Email address", *labs]]
    for row in rows:
        scores = (number(row.scores[lab][0] - row.scores[lab][1]) for lab in labs)
        lines.append([row.id, row.first_name, row.last_name, row.email, *scores])
    return table(lines)
