"""What nbgrader's gradebook holds of a lab already: looked at before anything is written, built or graded."""

import contextlib

from nbgrader.api import Assignment, Base, Grade, Gradebook, MissingEntry, Student, SubmittedAssignment, SubmittedNotebook
from nbgrader.utils import is_grade, is_locked, is_solution, is_task
from sqlalchemy import or_, select

from grading.course import on_path

NOBODYS = ""        # the course whose gradebook is asked for: where one is named, opening it makes a row for that course
KINDS = {"grade_cells": is_grade, "solution_cells": is_solution, "task_cells": is_task,
         "source_cells": lambda cell: is_grade(cell) or is_solution(cell) or is_locked(cell) or is_task(cell)}


class Disagreement(ValueError):
    """A lab's notebook has other cells than its gradebook: which, and what to do."""


def may_change(url, lab, notebook):
    """Raises Disagreement where building `notebook` would add or take away cells of a lab that has submissions: nbgrader would refuse too, but
    only once it has removed what was released."""
    found = cells(url, lab)
    if found is not None and found[1] and (other := differing(found[0], notebook)):
        raise Disagreement(
            f"{lab} has submissions in the gradebook, whose cells nbgrader cannot change ({other}): nothing of it was built, and what was built "
            f"before is as it was. Put grading/labs/{lab}.py and grading/exercises/{lab}.py back as they were, or give the new lab a name of its "
            f"own. To throw the submissions' grades away instead: nbgrader db assignment remove {lab} --force")


def agree(url, lab, notebook):
    """Raises Disagreement where grades for `notebook` would find no place in the gradebook."""
    found = cells(url, lab)
    if found is None:
        raise Disagreement(f"the gradebook does not know {lab}: nothing was graded; run grading build {lab}")
    if other := differing(found[0], notebook):
        raise Disagreement(f"the instructor's notebook of {lab} has other cells than the gradebook ({other}): nothing was graded, and no grade was "
                           f"changed; run grading build {lab}, which puts that right or says what to do")


def scored(url, lab):
    """The ids of the students whose submission to the lab has a score in the gradebook."""
    with opened(url) as gradebook:
        rows = gradebook.db.query(SubmittedAssignment.student_id).join(Assignment, SubmittedAssignment.assignment_id == Assignment.id) \
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id) \
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id) \
            .filter(Assignment.name == lab, or_(Grade.auto_score.is_not(None), Grade.manual_score.is_not(None))).distinct()
        return {student for student, in rows}


def students(url):
    """The ids of everybody in the gradebook."""
    with opened(url) as gradebook:
        return {ident for ident, in gradebook.db.query(Student.id)}


@contextlib.contextmanager
def opened(url):
    """The Gradebook. Raises sqlalchemy's error where a column is missing, because another version of nbgrader made it."""
    on_path()
    with Gradebook(url, NOBODYS) as gradebook:
        for table in Base.metadata.sorted_tables:
            gradebook.db.execute(select(table).limit(0))
        yield gradebook


def cells(url, lab):
    """({kind: names of the lab's cells}, how many submissions it has), or None where the gradebook does not hold the lab."""
    with opened(url) as gradebook:
        try:
            notebook = gradebook.find_notebook(lab, lab)
        except MissingEntry:
            return None
        return {kind: {cell.name for cell in getattr(notebook, kind)} for kind in KINDS}, len(notebook.submissions)


def differing(known, notebook):
    """Which cells of `notebook` the gradebook does not have as they are, and the other way round, in words; "" where there are none."""
    new, gone = set(), set()
    for kind, fits in KINDS.items():
        names = {cell.metadata.nbgrader.grade_id for cell in notebook.cells if fits(cell)}
        new |= names - known[kind]
        gone |= known[kind] - names
    return "; ".join(f"{said}: {', '.join(sorted(names))}" for said, names in (("new", new), ("gone", gone)) if names)
