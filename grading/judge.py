"""From a student's process to points: asks it for calls, and writes what was found where nbgrader's SaveAutoGrades reads it.

Points need positive proof. Whatever else happens is a state with a sentence, and is worth what the declared parts say or nothing.
"""

import math
import time
from dataclasses import asdict, dataclass
from functools import partial

from grading.exercise import Outcome, Verdict

STATES = {"right", "wrong", "misconception", "raised", "fault", "malformed", "timed_out", "out_of_memory", "killed", "no_answer", "missing",
          "not_attempted", "tampered", "not_judged"}
VALUES = {"value", "prediction"}    # the kinds of exercise whose answer is a variable
TAMPERED = "What ran it broke the grader's protocol, so nothing that it said was counted."
NOT_JUDGED = "The grader could not judge this one: your instructor has to look at it."
MAX_SENTENCE = 600


@dataclass
class Mark:
    """What one exercise earned, and the sentence that says why."""

    id: str
    points: float
    max_points: float
    state: str
    sentence: str
    misconception: str | None = None
    cases: int = 0

    def data(self):
        return asdict(self)


def mark_value(exercise, value, max_points):
    """The Mark of an exercise whose answer is a variable; `value` is the Outcome of reading it."""
    verdict = Verdict("tampered", 0.0, TAMPERED) if value.kind == "no_answer" else exercise.judge_value(value)
    return marked(exercise.id, verdict, max_points)


def mark(exercise, session, seed, max_points, source, kernels=None):
    """The Mark of an exercise whose answer is a function. `session` has run the submission's cells; `source` is the exercise's own cell;
    `kernels()` makes an empty Session for a kernel. Our own errors are raised."""
    session.tampered = False
    alone = None
    if exercise.kind == "kernel":
        with kernels() as alone:
            verdict = exercise.judge_source(source, within(alone.kernel, alone.limits.exercise_seconds), seed)
    else:
        run = within(partial(session.call, exercise.id, source=source), session.limits.exercise_seconds)
        verdict = exercise.judge(run, seed)
    if session.tampered or (alone is not None and alone.tampered):
        verdict = Verdict("tampered", 0.0, TAMPERED)
    return marked(exercise.id, verdict, max_points)


def within(run, seconds):
    """`run`, which answers timed_out without asking once an exercise has had its time."""
    end = time.monotonic() + seconds
    return lambda *args: run(*args) if time.monotonic() < end else Outcome("timed_out")


def marked(ident, verdict, max_points):
    """The Mark of a Verdict. A fraction that is no proof (not a number, outside 0..1) or a state that is unknown earns nothing."""
    fraction = verdict.fraction
    sound = type(fraction) in (int, float) and math.isfinite(fraction) and 0 <= fraction <= 1 and verdict.state in STATES
    if not sound:
        return not_judged(ident, max_points)
    if fraction == 1 and verdict.state != "right":
        fraction = 0.0      # full marks only ever come with the state that says so
    return Mark(ident, fraction * max_points, max_points, verdict.state, verdict.sentence[:MAX_SENTENCE], verdict.misconception, verdict.cases)


def not_judged(ident, max_points):
    return Mark(ident, 0.0, max_points, "not_judged", NOT_JUDGED)


def shown(mark):
    """A check cell's outputs: none is full marks, a number is part of them, an error is nothing."""
    if mark.points == mark.max_points and mark.state == "right":
        return []
    if 0 < mark.points < mark.max_points:
        return [{"output_type": "stream", "name": "stdout", "text": f"{mark.points:g} of {mark.max_points:g} points. {mark.sentence}\n"},
                {"output_type": "execute_result", "execution_count": 1, "data": {"text/plain": repr(float(mark.points))}, "metadata": {}}]
    return [{"output_type": "error", "ename": mark.state, "evalue": mark.sentence, "traceback": [mark.sentence]}]
