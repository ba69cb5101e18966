"""An exercise, declared once: its cases, what a right answer is, right solutions, misconceptions. Everything else is derived.

A file in `exercises/` makes `Exercise` objects. The build derives the student's check data from them, `verify` proves the grader,
and the judge holds the hidden cases; all of them see a student's code only through `run(call) -> Outcome`.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import linecache
import math
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from labkit.checks import prediction, seal
from labkit.outcomes import (
    Call,
    Outcome,
    Ref,
    Tolerance,
    departure,
    difference,
    encode_call,
    encode_outcome,
    fresh,
    perform,
    plain,
    reading,
)

FOLDER = Path(__file__).parent / "exercises"
KINDS = ("function", "object", "kernel", "value", "prediction")
ROOM = 1 << 20      # bytes of an answer that are kept, besides ten times what the right one has: all cases of an exercise are kept at a time
STOPPED = ("timed_out", "out_of_memory", "killed", "no_answer", "missing", "not_attempted")   # no use asking again


def call(*args, writes=(), then=(), grid=None, block=None, part="", **kwargs):
    """A Call, written the way the student's function is called."""
    return Call(list(args), kwargs, tuple(writes), tuple(then), grid, block, part)


@dataclass
class Source:
    """A solution or a misconception: its text, under the exercise's name, and the function.

    unsure  a function of a case's arguments, or None: whether rounding, or a choice that the text leaves open, decides there what a
            misconception gives
    """

    name: str
    text: str
    why: str = ""
    hint: str = ""
    unsure: object = None

    def is_unsure(self, case):
        return self.unsure is not None and bool(self.unsure(*case.args, **case.kwargs))


@dataclass
class Verdict:
    """What the judge found: a state, the fraction of the points, one sentence for the student, the misconception's name if it is one."""

    state: str
    fraction: float
    sentence: str
    misconception: str | None = None
    cases: int = 0


@dataclass
class Exercise:
    """One exercise.

    id          the name of the student's function or variable, unique in the course; also the solution cell's grade id
    points      what it is worth
    kind        "function"; "object" (calls have `then`); "kernel" (calls have `grid` and `block`); "value"; "prediction"
    right       the right answer, computed by code that is no student's: right(*args, **kwargs) returns it, or raises what is expected.
                For calls with `then` it returns the tuple of the steps' results, for calls with `writes` what is written,
                for a value it is the value
    public      the calls that the student's check shows
    hidden      hidden(rng) -> calls, from the course's secret seed
    parts       {part name: weight} where calls name parts; otherwise all or nothing
    sealed      the public value is the answer itself: only a digest is shipped; for numbers, the step to which they are rounded
    read        "readings:name": a labkit function read(result, *args) that turns what was returned into what is compared, where
                many answers are right
    hints       three rungs, each saying more; none is the solution
    avoid       names that a plain solution does not call: advice, never points
    choices     for a prediction: the letters to choose from; none for a number
    """

    id: str
    points: float
    right: object = None
    public: list = field(default_factory=list)
    hidden: object = None
    kind: str = "function"
    tolerance: Tolerance = Tolerance()
    parts: dict = field(default_factory=dict)
    sealed: float | None = None
    read: str = ""
    hints: tuple = ()
    avoid: tuple = ()
    choices: tuple = ()
    solutions: list = field(default_factory=list, repr=False)
    misconceptions: list = field(default_factory=list, repr=False)
    _cases: dict = field(default_factory=dict, init=False, repr=False, compare=False)
    _known: dict = field(default_factory=dict, init=False, repr=False, compare=False)
    _defined: dict = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"exercise {self.id} has kind {self.kind!r}, expected one of {', '.join(KINDS)}")

    def solution(self, thing):
        """Declares a right solution: a function (as a decorator), or the source text."""
        self.solutions.append(Source(f"solution_{len(self.solutions) + 1}", self.source_of(thing)))
        return thing

    def misconception(self, why, hint, thing=None, name=None, unsure=None):
        """Declares a wrong solution that students really write; as a decorator, or with the value or source text as `thing`.
        Where it is `unsure` (see Source) any outcome is taken for it."""
        def declare(thing):
            label = name or getattr(thing, "__name__", None) or f"misconception_{len(self.misconceptions) + 1}"
            self.misconceptions.append(Source(label, self.source_of(thing), why, hint, unsure))
            return thing
        return declare if thing is None else declare(thing)

    def source_of(self, thing):
        """Source text that defines `self.id`: a function's own, without decorators and renamed, or an assignment of a value."""
        if isinstance(thing, str) and self.kind != "value":
            return textwrap.dedent(thing).strip() + "\n"
        if not callable(thing) and not hasattr(thing, "py_func"):
            return f"{self.id} = {thing!r}\n"
        tree = ast.parse(textwrap.dedent(inspect.getsource(getattr(thing, "py_func", thing))))
        definition = tree.body[0]
        definition.name = self.id
        definition.decorator_list = [d for d in definition.decorator_list if ast.unparse(d).startswith("cuda")]
        return ast.unparse(tree) + "\n"

    # Outcomes that we know

    def expected(self, call):
        """The right Outcome of a call."""
        args, kwargs = [fresh(a) for a in call.args], {k: fresh(v) for k, v in call.kwargs.items()}
        with np.errstate(all="ignore"):
            try:
                return reading(Outcome("value", plain(self.right(*args, **kwargs))), self.read, call)
            except (ValueError, TypeError, ZeroDivisionError, IndexError) as error:
                if getattr(error, "__notes__", None) == ["expected"]:
                    return Outcome("raised", error=type(error).__name__)
                raise

    def hidden_calls(self, seed):
        """The hidden calls of a course, from its secret seed and the exercise's name alone."""
        digest = hashlib.sha256(bytes(seed) + self.id.encode()).digest()
        return list(self.hidden(np.random.default_rng(list(digest)))) if self.hidden else []

    def cases(self, seed):
        """[(call, expected Outcome)] of a course, computed once for a class."""
        if seed not in self._cases:
            self._cases[seed] = [(c, self.expected(c)) for c in (*self.public, *self.hidden_calls(seed))]
        return self._cases[seed]

    def tolerates(self, outcome, expected):
        """None, or the difference in a sentence."""
        return difference(outcome, expected, self.tolerance)

    # Judging

    def judge(self, run, seed):
        """The Verdict on a student's function that `run(call) -> Outcome` calls, wherever it lives."""
        outcomes, wrong, cases = [], [], self.cases(seed)
        for case, expected in cases:
            outcome = reading(kept(run(case), expected), self.read, case)
            outcomes.append(outcome)
            if self.tolerates(outcome, expected):
                wrong.append(len(outcomes) - 1)
            if outcome.kind in STOPPED:
                break
        if not wrong:
            return Verdict("right", 1.0, f"Right: all {len(cases)} cases pass.", cases=len(cases))
        last = outcomes[-1]
        fraction = self.fraction(cases, len(outcomes), set(wrong))
        if last.kind in STOPPED:
            return Verdict(last.kind, fraction if last.kind != "not_attempted" else 0.0, SENTENCES[last.kind], cases=len(cases))
        idea = self.recognise(seed, outcomes)
        if idea:
            return Verdict("misconception", fraction, idea.hint, idea.name, len(cases))
        state, sentence = self.unexplained(cases, outcomes, wrong)
        return Verdict(state, fraction, sentence, cases=len(cases))

    def unexplained(self, cases, outcomes, wrong):
        """(state, sentence) where no misconception explains the outcomes; `wrong` are the positions of those that are not right."""
        first, fail = outcomes[wrong[0]], f"{len(wrong)} of {len(cases)} cases fail"
        if first.kind != "value":
            safe = Outcome(first.kind, error=first.error, line=first.line, message=first.message if first.kind == "malformed" else "")
            return first.kind, f"{fail}: {departure(safe, cases[wrong[0]][1])}."
        if wrong[0] < len(self.public):
            return "wrong", f"{fail}; check({self.id}) in the notebook shows the first."
        return "wrong", (f"It passes the cases shown in the notebook but fails {len(wrong)} of {len(cases)} in all: try other shapes, other sizes "
                         "and other signs.")

    def fraction(self, cases, reached, wrong):
        """The declared weight of the parts in which every case was reached and right; all or nothing where no parts are declared."""
        if not self.parts:
            return 0.0
        lost = {case.part for i, (case, _) in enumerate(cases) if i >= reached or i in wrong}
        return sum(w for part, w in self.parts.items() if part not in lost) / sum(self.parts.values())

    def recognise(self, seed, outcomes):
        """The misconception that explains every outcome, or None."""
        cases = [case for case, _ in self.cases(seed)]
        for idea in self.misconceptions:
            if all(idea.is_unsure(case) or difference(outcome, known, self.tolerance) is None
                   for case, outcome, known in zip(cases, outcomes, self.known(idea, seed), strict=False)):
                return idea
        return None

    def known(self, idea, seed):
        """A misconception's outcomes on a course's cases, one by one, each computed once for a class."""
        for position, (case, _) in enumerate(self.cases(seed)):
            key = (idea.name, seed, position)
            if key not in self._known:
                self._known[key] = self.outcome_of(idea, case)
            yield self._known[key]

    def outcome_of(self, source, call):
        return reading(perform(self.defined(source), call, seconds=5), self.read, call)

    def defined(self, source):
        """The function or value that a declared solution or misconception defines."""
        if source.name not in self._defined:
            self._defined[source.name] = self.define(source.text)
        return self._defined[source.name]

    def define(self, text):
        """What source text of our own (never a student's) defines under the exercise's name."""
        names = {"np": np, "math": math}
        if self.kind == "kernel":
            from labkit.emulator import cuda
            names |= {"cuda": cuda, "float32": np.float32, "int32": np.int32, "float64": np.float64}
        place = f"<{self.id} {hashlib.sha256(text.encode()).hexdigest()[:8]}>"
        linecache.cache[place] = (len(text), None, text.splitlines(True), place)      # the emulator reads a kernel's lines
        exec(compile(text, place, "exec"), names)
        return names[self.id]

    def judge_value(self, value):
        """The Verdict on a value or a prediction that the student left in a variable; `value` is an Outcome."""
        if value.kind != "value":
            return Verdict(value.kind, 0.0, self.unread(value))
        if value.value is None:
            return Verdict("not_attempted", 0.0, SENTENCES["not_attempted"])
        if self.kind == "prediction":
            said = value.value.item() if isinstance(value.value, np.ndarray) and value.value.ndim == 0 else value.value
            committed, line = prediction(self.id, {"choices": list(self.choices)}, said)
            return Verdict("right" if committed else "not_attempted" if committed is None else "wrong", float(bool(committed)), line)
        right = Outcome("value", plain(self.right))
        value = kept(value, right)
        if not difference(value, right, self.tolerance):
            return Verdict("right", 1.0, "Right.", cases=1)
        for idea in self.misconceptions:
            if not difference(value, Outcome("value", plain(self.defined(idea))), self.tolerance):
                return Verdict("misconception", 0.0, idea.hint, idea.name, 1)
        return Verdict("wrong", 0.0, "That is not the answer.", cases=1)

    def unread(self, outcome):
        """The sentence for a variable that holds nothing to compare."""
        if outcome.kind == "raised":
            return f"Its cell raised {outcome.error}{f' at `{outcome.line}`' if outcome.line else ''}, so {self.id} has no value."
        if outcome.kind == "malformed":
            wanted = f"one of {', '.join(self.choices)}" if self.choices else "a text" if isinstance(self.right, str) else "a number"
            return f"{self.id} holds {outcome.message}, expected {wanted}."
        return SENTENCES.get(outcome.kind, SENTENCES["no_answer"])

    def judge_source(self, source, run_kernel, seed):
        """The Verdict on a student's kernel, judged as source: what the kernel needs of its cell is allow-listed here, then
        run_kernel(source, name, call) -> Outcome emulates it in a fresh child that holds nothing else."""
        from grading.kernel_part import kernel_part
        from grading.kernel_source import plain_function, refusal

        source = kernel_part(source, self.id)
        if reason := refusal(source, self.id) or plain_function(source, self.id):
            state = "not_attempted" if reason == "not_attempted" else "wrong"
            return Verdict(state, 0.0, SENTENCES["not_attempted"] if state == "not_attempted" else reason)
        return self.judge(lambda c: run_kernel(source, self.id, c), seed)

    # What the student's check may know

    def check_data(self):
        """The exercise as data for `check`: no solution, no misconception's source, no hidden case."""
        data = {"kind": self.kind, "points": self.points, "hints": list(self.hints)}
        if self.kind == "prediction":
            return data | {"choices": list(self.choices)}
        data |= {"tolerance": {"rtol": self.tolerance.rtol, "atol": self.tolerance.atol}, "avoid": list(self.avoid)}
        if self.kind == "value":
            right = Outcome("value", plain(self.right))
            ideas = [(idea, [Outcome("value", plain(self.defined(idea)))]) for idea in self.misconceptions]
            return data | {"right": self.shipped(right), "misconceptions": [self.idea_data(*idea) for idea in ideas]}
        data |= {"read": self.read} if self.read else {}
        rights = [self.expected(c) for c in self.public]
        ideas = [(idea, [self.outcome_of(idea, c) for c in self.public]) for idea in self.misconceptions]
        self.tell_apart([("the right answer", rights, ()), *((idea.name, outcomes, self.unsure(idea)) for idea, outcomes in ideas)])
        return data | {"cases": [{"call": encode_call(c), "right": self.shipped(r)} for c, r in zip(self.public, rights, strict=True)],
                       "misconceptions": [self.idea_data(*idea) for idea in ideas]}

    def idea_data(self, idea, outcomes):
        unsure = self.unsure(idea)
        return {"name": idea.name, "hint": idea.hint, "outcomes": [None if i in unsure else encode_outcome(o) for i, o in enumerate(outcomes)]}

    def unsure(self, idea):
        """The positions of the public cases in which a misconception is unsure."""
        return tuple(i for i, case in enumerate(self.public) if idea.is_unsure(case))

    def shipped(self, outcome):
        if self.sealed is None:
            return encode_outcome(outcome)
        value = outcome.value if isinstance(outcome.value, str) else outcome.value.item()
        salt = hashlib.sha256(self.id.encode()).hexdigest()[:16]
        return {"sealed": {"salt": salt, "step": self.sealed, "digest": seal(value, salt, self.sealed)}}

    def tell_apart(self, rows):
        """Fails the build when two of the rows (name, outcomes, unsure) agree within ten tolerances on every public case: hints could not
        tell them apart. Where one is unsure it agrees with every other misconception; from the right answer it has to differ."""
        for i, (one, a, unsure) in enumerate(rows):
            if i and all(outcome.kind == "raised" for outcome in a):
                raise ValueError(f"exercise {self.id}: {one} raises on every public case, as many another mistake does; add a case on which it "
                                 "does not")
            for j, (other, b, as_unsure) in enumerate(rows[:i]):
                open_to = {*unsure, *as_unsure} if j else ()
                if all(n in open_to or (x.kind == y.kind and difference(x, y, self.tolerance.scaled(10)) is None)
                       for n, (x, y) in enumerate(zip(a, b, strict=True))):
                    raise ValueError(f"exercise {self.id}: the public cases do not tell {one} from {other}; add a case on which they differ")


def kept(outcome, expected):
    """The Outcome, without its value where that is far larger than the right one."""
    size, usual = (held(one.value) + as_table(one.value) for one in (outcome, expected))
    if size <= ROOM + 10 * usual:
        return outcome
    return Outcome("malformed", message=f"{size / 2**20:.0f} MB of data, expected {max(usual, 1024) / 1024:.0f} kB")


def held(value):
    """About how many bytes a value that came from the wire holds."""
    if isinstance(value, (list, tuple, dict)):
        return sum(64 + held(item) for item in (value.values() if isinstance(value, dict) else value))
    return value.nbytes if isinstance(value, np.ndarray) else len(value) if isinstance(value, str) else 8


def as_table(value):
    """About how many bytes texts would take as NumPy makes a table of them: every entry as wide as the longest."""
    entries, longest, waiting = 0, 0, [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, (list, tuple, dict)):
            waiting += one.values() if isinstance(one, dict) else one
        else:
            entries += np.size(one)
            longest = max(longest, len(one) if isinstance(one, str) else 0)
    return 4 * entries * longest if entries > 1 else 0


SENTENCES = {
    "timed_out": "It did not finish in time: is there a loop that never ends?",
    "out_of_memory": "It ran out of memory: does an array grow without limit?",
    "killed": "The process that ran it ended before it answered.",
    "no_answer": "It gave no answer that could be read.",
    "missing": "Its name is not defined after the notebook's cells have run.",
    "not_attempted": "Not attempted.",
}


def load(lab):
    """{id: Exercise} of a lab, in the order of its file."""
    path = FOLDER / f"{lab}.py"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("[0-9]*.py")))
        raise FileNotFoundError(f"there is no lab called {lab}; the labs are {known}")
    spec = importlib.util.spec_from_file_location(f"grading.exercises.{lab}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {thing.id: thing for thing in vars(module).values() if isinstance(thing, Exercise)}


def expected(error):
    """Marks an exception as the right answer: `raise expected(ValueError("..."))` in a `right` function."""
    error.add_note("expected")
    return error


__all__ = ["Call", "Exercise", "Outcome", "Ref", "Source", "Tolerance", "Verdict", "call", "expected", "load"]
