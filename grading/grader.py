"""One submission to one lab: rebuilt, run in the sandbox, judged. Knows nothing of nbgrader's gradebook or of other submissions."""

import hashlib
import hmac
import json
import logging
import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from grading import exercise as exercises
from grading import fingerprint, judge, rebuild
from grading.rebound import rebound
from grading.sandbox import Limits, SandboxError
from grading.session import Session

log = logging.getLogger("grading")


@dataclass
class Result:
    """What grading one submission found; plain data, so that it can be kept in a journal and sent between machines.

    digest   the hash of the submitted bytes
    notes    sentences on the submission, for student and instructor
    outputs  {cell id: outputs} of the cells that ran and of the check cells
    marks    a judge.Mark for each exercise
    trouble  what went wrong on our side, for the instructor alone
    """

    digest: str
    notes: list = field(default_factory=list)
    outputs: dict = field(default_factory=dict)
    marks: list = field(default_factory=list)
    trouble: list = field(default_factory=list)

    def given_up(self):
        """Whether nothing of it could be judged."""
        return bool(self.trouble) and all(mark.state == "not_judged" for mark in self.marks)

    def to_bytes(self):
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, raw):
        data = json.loads(raw)
        return cls(**{**data, "marks": [judge.Mark(**one) for one in data["marks"]]})


class Grader:
    """Grades submissions to a lab, one at a time: `skeleton` and `exercises` of the lab, the course's secret `seed`, a sandbox."""

    def __init__(self, skeleton, lab_exercises, seed, sandbox, limits=None):
        self.skeleton, self.exercises, self.seed, self.sandbox, self.limits = skeleton, lab_exercises, seed, sandbox, limits or Limits()
        self.agree()

    @classmethod
    def of(cls, source, secret, sandbox, limits=None):
        """The Grader of the lab whose nbgrader source notebook is `source`."""
        source = Path(source)
        return cls(rebuild.skeleton(source), exercises.load(source.stem), secret, sandbox, limits)

    def agree(self):
        """The notebook's points are the declarations' points, exercise by exercise; else nothing may be graded."""
        for cell in filter(judge_fills, self.skeleton.notebook.cells):
            ident, points = exercise_of(cell), float(cell.metadata.nbgrader.points)
            if ident not in self.exercises or self.exercises[ident].points != points:
                raise rebuild.SkeletonError(f"{self.skeleton.path}: the check cell of {ident} ({points:g} points) does not fit the declared "
                                            "exercises: run grading build again")

    def grade(self, raw):
        """The Result for one submission's bytes (None where there is nothing that could be read). Where that fails, it says so: what is the
        machine's fault is raised, and may stop the others."""
        try:
            return self.graded(raw)
        except (SandboxError, OSError):
            raise
        except Exception as error:      # ours, and of this submission alone
            log.exception("a submission could not be graded")
            return given_up(self.skeleton, rebuild.digest(raw), f"it could not be graded ({type(error).__name__}: {error})")

    def graded(self, raw):
        rebuilt = rebuild.rebuild(self.skeleton, raw)
        result = Result(rebuild.digest(raw), list(rebuilt.notes))
        cells = list(filter(rebuild.runs, rebuilt.notebook.cells))
        end = time.monotonic() + 2 * self.limits.total_seconds      # half of it for all that is tried once more
        with self.session(result) as session:
            result.outputs = {cell.id: outputs for cell, outputs in zip(cells, self.run(session, cells), strict=True)}
            values = self.values(session)
            for cell in filter(judge_fills, rebuilt.notebook.cells):
                ident, most = exercise_of(cell), float(cell.metadata.nbgrader.points)
                mark = self.mark(ident, session, values, rebuilt.sources, most, result)
                if mark.points < most and mark.state != "tampered" and ident not in values and (above := disturbed(cells, ident)):
                    with self.session(result, end) as as_it_stood:
                        self.run(as_it_stood, above)
                        stood = self.mark(ident, as_it_stood, values, rebuilt.sources, most, result)
                    mark = max(mark, stood, key=lambda one: (one.points, one.misconception is not None))    # a hint says more than an error
                result.marks.append(mark)
                result.outputs[cell.id] = judge.shown(mark)
        return result

    def session(self, result, end=math.inf):
        return Session(self.sandbox, self.luck(result.digest), self.limits, end)

    def run(self, session, cells):
        """What each cell put out."""
        return [session.cell(cell.source, grade_id(cell) if grade_id(cell) in self.exercises else None).outputs for cell in cells]

    def values(self, session):
        """{exercise: Outcome} of what variables hold, read before the first hidden case is sent: what a sentence repeats cannot hold one."""
        return {ident: session.read(ident) for ident, one in self.exercises.items() if one.kind in judge.VALUES}

    def mark(self, ident, session, values, sources, max_points, result):
        try:
            if ident in values:
                return judge.mark_value(self.exercises[ident], values[ident], max_points)
            return judge.mark(self.exercises[ident], session, self.seed, max_points, sources.get(ident, ""),
                              lambda: self.session(result))
        except Exception as error:      # ours: the student loses the points for now, and the instructor is told
            log.exception("the exercise %s could not be judged", ident)
            result.trouble.append(f"the exercise {ident} could not be judged ({type(error).__name__}: {error})")
            return judge.not_judged(ident, max_points)

    def luck(self, submission):
        """The seed of a submission's global random numbers: the same whenever the same file is graded in the same course."""
        return int.from_bytes(hmac.digest(self.seed, submission.encode(), hashlib.sha256)[:4], "little")


def given_up(skeleton, digest, why):
    """The Result of a submission that could not be graded at all: nothing earned yet, and the instructor is told."""
    points = {exercise_of(cell): float(cell.metadata.nbgrader.points) for cell in filter(judge_fills, skeleton.notebook.cells)}
    return Result(digest, trouble=[f"{why}: what it has no scores for is worth nothing until a person has looked at it"],
                  marks=[judge.not_judged(ident, most) for ident, most in points.items()])


def version(source):
    """A fingerprint of all that decides a lab's grades: its notebook, its exercises' declarations and the code that judges."""
    source = Path(source)
    return hashlib.sha256(source.read_bytes() + (exercises.FOLDER / f"{source.stem}.py").read_bytes() + fingerprint.code().encode()).hexdigest()


def disturbed(cells, ident):
    """The cells down to an exercise's own, where a later cell of the student's takes a name from them; else None."""
    until = next((i for i, cell in enumerate(cells, 1) if grade_id(cell) == ident), len(cells))
    later = [cell.source for cell in cells[until:] if rebuild.is_solution(cell)]
    return cells[:until] if rebound([cell.source for cell in cells[:until]], later) else None


def judge_fills(cell):
    return cell.cell_type == "code" and rebuild.checks(cell)


def grade_id(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def exercise_of(cell):
    return cell.metadata.nbgrader.grade_id.removeprefix("check_")


def fill(notebook, result):
    """Puts a Result into a rebuilt notebook, for nbgrader to read: outputs, and the report at the top."""
    for count, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), 1):
        if cell.id in result.outputs:
            cell.outputs = [rebuild.nbformat.from_dict(one) for one in result.outputs[cell.id]]
            cell.execution_count = count
        elif judge_fills(cell):     # never judged: no output would mean full marks
            cell.outputs = [rebuild.nbformat.from_dict(one) for one in judge.shown(judge.not_judged(exercise_of(cell), 1.0))]
    if (about := rebuild.report(result.notes)) is not None:
        notebook.cells.insert(0, about)
    notebook.metadata["grading"] = {"notes": result.notes, "marks": [one.data() for one in result.marks], "submission": result.digest}
    return notebook
