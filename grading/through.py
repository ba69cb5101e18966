"""The proof through the whole path: every declared solution, every misconception and every mutant is handed in, run in the sandbox, judged
from outside and written into a gradebook by nbgrader. Each must get the verdict that the declaration gives it in this process.

A submission holds one of them for each exercise; which ones stand together is chance's business, and must not matter.
"""

import json
import tempfile
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from grading import exercise, made_class, runner, sandbox, stock, verify
from grading.judge import VALUES
from labkit.outcomes import Outcome, plain

WAITED = {"timed_out", "killed", "out_of_memory"}     # what a slow or a full machine makes of a mutant that never ends


@dataclass
class Try:
    """One source that is handed in as an exercise's solution. `kind` is right, misconception or mutant; `name` says which."""

    exercise: str
    kind: str
    name: str
    text: str


@dataclass
class Proof:
    """What came of a lab: how many of each kind were tried, and a sentence for each that went wrong."""

    lab: str
    counts: dict
    wrong: list

    def text(self):
        tried = ", ".join(f"{count} {kind}" for kind, count in self.counts.items())
        return "\n".join([*self.wrong, f"{self.lab} through the whole path: {tried}; {len(self.wrong)} went wrong"])


def tries(one, mutants=True):
    """All that is tried for an Exercise."""
    found = [Try(one.id, "right", f"solution {n}", text) for n, text in enumerate(made_class.right(one), 1)]
    found += [Try(one.id, "misconception", idea.name, idea.text) for idea in one.misconceptions]
    if mutants and one.kind not in VALUES:
        found += [Try(one.id, "mutant", said, text) for said, text in verify.slipped(one)]
    return found


def verdict(one, text, seed):
    """The declaration's Verdict on a source, in this process."""
    if one.kind in VALUES:
        return one.judge_value(Outcome("value", plain(one.define(text))))
    if one.kind == "kernel":
        return one.judge_source(text, lambda source, _, call: verify.runner(one, source)(call), seed)
    return one.judge(verify.runner(one, text), seed)


def prove(lab, workers=None, mutants=True):
    """The Proof of a lab."""
    declared = exercise.load(lab)
    columns = [tries(one, mutants) for one in declared.values()]
    with tempfile.TemporaryDirectory(prefix="through-") as scratch:
        course = made_class.prepare(Path(scratch), lab)
        blank, handed_in = made_class.released(course, lab), {}
        for number, row in enumerate(zip_longest(*columns)):
            student = f"student_{number:04d}"
            handed_in[student] = [one for one in row if one is not None]
            chosen = {one.exercise: made_class.cell(declared[one.exercise], one.text) for one in handed_in[student]}
            made_class.hand_in(course, lab, student, made_class.notebook(blank, chosen, made_class.TEXT.format(number=number)))
        runner.autograde(lab, course.root, workers=workers, unprotected=sandbox.problem() is not None)
        scores, seed, wrong = stock.scores(course.root, lab), course.secret(), []
        for student, those in handed_in.items():
            marks = {mark["id"]: mark for mark in graded(course, lab, student)["marks"]}
            for one in those:
                expected = verdict(declared[one.exercise], one.text, seed)
                said = trouble(one, declared[one.exercise].points, expected, marks[one.exercise], scores[student][f"check_{one.exercise}"])
                wrong += [f"{one.exercise}, {one.kind} {one.name}: {said}"] if said else []
    every = [one for column in columns for one in column]
    return Proof(lab, {kind: sum(one.kind == kind for one in every) for kind in ("right", "misconception", "mutant")}, wrong)


def trouble(one, most, expected, mark, score):
    """What is wrong with a mark, or None. `expected` is the Verdict in this process, `score` what stands in the gradebook."""
    if mark["points"] != score:
        return f"the judge gave {mark['points']:g} points and the gradebook holds {score:g}"
    if one.kind == "right" and score != most:
        return f"it got {score:g} of {most:g} points: {mark['state']}, {mark['sentence']}"
    if one.kind == "misconception" and (score == most or mark["misconception"] != one.name):
        return f"it was taken for {mark['misconception'] or mark['state']} and got {score:g} of {most:g} points"
    earned = (expected.state, expected.misconception, expected.fraction * most)
    got = (mark["state"], mark["misconception"], score)
    if got != earned and not ({expected.state, mark["state"]} & WAITED and score < most and expected.fraction < 1):
        return f"{mark['state']} with {score:g} points through the whole path, {expected.state} with {earned[2]:g} in process"
    return None


def graded(course, lab, student):
    path = course.root / "autograded" / student / lab / f"{lab}.ipynb"
    return json.loads(path.read_text(encoding="utf-8"))["metadata"]["grading"]

