"""The proof that the graders work: right solutions win, misconceptions lose with their own hint, mutants lose.

Every declared solution is tried as it stands and in the forms that students hand in (float32 data, results as lists, as float32, as plain
Python numbers). A mutant that no case of many further seeds tells from a right solution is the same function and is counted as such.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import partial

import numpy as np

from grading import mutants
from grading.exercise import Outcome, load
from labkit.outcomes import perform, plain

SEEDS = [bytes([n]) * 32 for n in range(3)]
MORE_SEEDS = [bytes([n]) * 32 for n in range(100, 130)]
SECONDS = 2


@dataclass
class Row:
    """Counts for one exercise; `notes` say what went wrong, `same` which mutants were the same function."""

    id: str
    lab: str
    points: float
    right: int = 0
    misconceptions: int = 0
    mutants: int = 0
    escapes: int = 0
    false_rejections: int = 0
    same: int = 0
    notes: list = field(default_factory=list)

    def data(self):
        return {k: v for k, v in asdict(self).items() if k not in ("notes", "same")}


def verify(lab):
    """One Row an exercise of a lab."""
    return [verify_exercise(lab, exercise) for exercise in load(lab).values()]


def verify_exercise(lab, exercise):
    row = Row(exercise.id, lab, exercise.points)
    if exercise.kind == "prediction":
        return verify_prediction(exercise, row)
    if exercise.kind == "value":
        return verify_value(exercise, row)
    enough(exercise, row)
    try:
        exercise.check_data()
    except ValueError as error:
        row.escapes += 1
        row.notes.append(str(error))
    for solution in exercise.solutions:
        for form, adapt in FORMS.items() if exercise.kind != "kernel" else [("as it stands", lambda f: f)]:
            row.right += 1
            for seed in SEEDS:
                verdict = exercise.judge(runner(exercise, solution.text, adapt), seed)
                if verdict.state != "right":
                    row.false_rejections += 1
                    row.notes.append(f"false rejection: {solution.name}, {form}: {verdict.sentence}")
                    break
    for idea in exercise.misconceptions:
        row.misconceptions += 1
        for seed in SEEDS:
            verdict = exercise.judge(runner(exercise, idea.text), seed)
            if verdict.fraction >= 1 or verdict.misconception != idea.name:
                row.escapes += 1
                row.notes.append(f"misconception {idea.name}: {verdict.state} {verdict.misconception or ''} {verdict.sentence}")
                break
    for said, source in slipped(exercise):
        lost = exercise.judge(runner(exercise, source), SEEDS[0]).fraction < 1
        if not lost and all(exercise.judge(runner(exercise, source), seed).fraction >= 1 for seed in MORE_SEEDS):
            row.same += 1
            row.notes.append(f"the same function: {said}")
            continue
        row.mutants += 1
        if not lost:
            row.escapes += 1
            row.notes.append(f"escape: {said}")
    return row


def enough(exercise, row):
    """An exercise needs two different right solutions, four misconceptions, hidden cases and three hints."""
    for what, have, want in (("right solutions", len({s.text for s in exercise.solutions}), 2),
                             ("misconceptions", len(exercise.misconceptions), 4), ("hints", len(exercise.hints), 3),
                             ("hidden cases", len(exercise.hidden_calls(SEEDS[0])), 2)):
        if have < want:
            row.escapes += 1
            row.notes.append(f"{have} {what}, expected at least {want}")


def runner(exercise, source, adapt=lambda function: function):
    """run(call) -> Outcome for source text, in this process: these are our own texts."""
    try:
        function = adapt(exercise.define(source))
    except Exception as error:
        broken = Outcome("raised", error=type(error).__name__)
        return lambda call: broken
    return lambda call: perform(function, call, SECONDS)


def float32_data(function):
    """The function, handed float32 arrays where it would get float64."""
    def narrow(value):
        if isinstance(value, np.ndarray) and value.dtype == np.float64:
            return value.astype(np.float32)
        return type(value)(map(narrow, value)) if type(value) in (list, tuple) else value
    return lambda *args, **kwargs: function(*map(narrow, args), **{k: narrow(v) for k, v in kwargs.items()})


def returning(change, function):
    """The function, with `change` made to every array or number in what it returns."""
    def changed(value):
        if type(value) in (list, tuple):
            return type(value)(map(changed, value))
        return change(value) if isinstance(value, (float, int, np.ndarray, np.generic)) and not isinstance(value, bool) else value
    return lambda *args, **kwargs: changed(function(*args, **kwargs))


def to_float32(value):
    array = np.asarray(value)
    return array.astype(np.float32)[()] if array.dtype.kind == "f" else value


FORMS = {
    "as it stands": lambda f: f,
    "float32 data": float32_data,
    "float32 result": partial(returning, to_float32),
    "result as list": partial(returning, lambda v: np.asarray(v).tolist()),
    "result as arrays": partial(returning, np.asarray),
}


def slipped(exercise):
    """[(what was slipped, source)] for every right solution, and the answers learned by heart."""
    made = [(f"{s.name}, {said}", text) for s in exercise.solutions for said, text in mutants.sources(s.text)]
    if exercise.kind == "function":
        answers = []
        for c in exercise.public:
            expected = exercise.expected(c)
            if expected.kind == "value":
                answers.append((repr(repr(tuple(c.args))), repr(expected.value)))
        made.append(("the public answers learned by heart", mutants.lookup(exercise.id, answers)))
        made.append(("the first answer, always", mutants.lookup(exercise.id, answers[:1])))
    return made


def verify_value(exercise, row):
    right = plain(exercise.right)
    wrong = ["x", *(right + np.array(d) for d in (1, -1, 0.5)), -right - 1, right * 2 + 1] if isinstance(right, np.ndarray) else ["", right + "x"]
    for idea in exercise.misconceptions:
        row.misconceptions += 1
        verdict = exercise.judge_value(Outcome("value", plain(exercise.defined(idea))))
        if verdict.misconception != idea.name or verdict.fraction:
            row.escapes += 1
            row.notes.append(f"misconception {idea.name}: {verdict.state}")
    forms = {repr(right): right, "list": right.tolist() if isinstance(right, np.ndarray) else right}
    return verify_values(exercise, row, forms.values(), wrong)


def verify_prediction(exercise, row):
    """Any choice wins; nothing, or something that is no choice, does not."""
    none = (None, "", "no such choice" if exercise.choices else "three", float("nan"))
    return verify_values(exercise, row, exercise.choices or (0, 3, 0.5, -2), none)


def verify_values(exercise, row, right, wrong):
    """The Row, with what came of values that are to win and of others."""
    for value in right:
        row.right += 1
        if exercise.judge_value(Outcome("value", plain(value))).fraction < 1:
            row.false_rejections += 1
            row.notes.append(f"false rejection: {value!r}")
    for value in wrong:
        row.mutants += 1
        if exercise.judge_value(Outcome("value", plain(value))).fraction:
            row.escapes += 1
            row.notes.append(f"escape: {value!r}")
    return row


def table(rows):
    """The rows as aligned text."""
    head = ("exercise", "points", "right", "misconceptions", "mutants", "escapes", "false rejections", "same function")
    body = [(r.id, f"{r.points:g}", r.right, r.misconceptions, r.mutants, r.escapes, r.false_rejections, r.same) for r in rows]
    return aligned([head, *body])


def aligned(lines):
    """Lines of words as text in columns: the first to the left, the others to the right."""
    widths = [max(len(str(word)) for word in column) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(f"{word:<{w}}" if i == 0 else f"{word:>{w}}" for i, (word, w) in enumerate(zip(map(str, line), widths, strict=True)))
                     for line in lines)
