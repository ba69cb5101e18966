"""A class made from the exercises' declarations: notebooks as students could have handed them in, for measuring and for proving.

Each is the released notebook with declared right solutions and misconceptions in its solution cells, and nothing else changed.
"""

import copy
import random

import nbformat
import numpy as np

from grading import build, exercise
from grading.course import Course

RIGHT, WRONG = 0.65, 0.3    # the shares of right solutions and misconceptions; the rest is left as it was handed out
TEXT = "Answer {number}: it stops when no example is left on the wrong side."


def prepare(root, lab):
    """A Course in the folder `root` with `lab` built and released, ready for submissions."""
    build.build([lab], root, only_course=True)
    return Course(root)


def right(one):
    """Sources of right answers to an Exercise."""
    if one.kind == "prediction":
        return [f"{one.id} = {choice!r}\n" for choice in one.choices or (0.5,)]
    if one.kind == "value":
        return [f"{one.id} = {one.right.tolist() if isinstance(one.right, np.ndarray) else one.right!r}\n"]
    return [source.text for source in one.solutions]


def cell(one, text):
    """Source text as it would stand in a student's cell: it imports what the declaration's own names have beforehand."""
    return f"import math\n\n{text}" if "math." in text and one.kind != "kernel" else text


def answers(exercises, chance):
    """{exercise: cell source} of one student; `chance` is a random.Random. An exercise that is left as it was has no entry."""
    chosen = {}
    for one in exercises.values():
        draw = chance.random()
        wrong = [idea.text for idea in one.misconceptions]
        if draw < RIGHT or (draw < RIGHT + WRONG and not wrong):
            chosen[one.id] = cell(one, chance.choice(right(one)))
        elif draw < RIGHT + WRONG:
            chosen[one.id] = cell(one, chance.choice(wrong))
    return chosen


def notebook(released, chosen, text=None):
    """The bytes of a submission: the released notebook with `chosen` cells, and `text` as the answer to its questions."""
    made = copy.deepcopy(released)
    for one in made.cells:
        about = one.metadata.get("nbgrader", {})
        if about.get("solution"):
            one.source = chosen.get(about["grade_id"], text if about["grade"] and text else one.source)
    return nbformat.writes(made).encode()


def released(course, lab):
    return nbformat.read(course.root / "release" / lab / f"{lab}.ipynb", as_version=4)


def hand_in(course, lab, student, raw):
    """Puts the bytes of a notebook where nbgrader collects submissions."""
    path = course.root / "submitted" / student / lab / f"{lab}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)


def fill(course, lab, count, seed=0):
    """Hands in `count` submissions of student_000 and following, no two the same. Returns the students."""
    exercises, chance, blank = exercise.load(lab), random.Random(seed), released(course, lab)
    students = [f"student_{number:04d}" for number in range(count)]
    for number, student in enumerate(students):
        hand_in(course, lab, student, notebook(blank, answers(exercises, chance), TEXT.format(number=number)))
    return students
