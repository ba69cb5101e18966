"""`check(f)`: is this right, which misconception is it, or where does it first differ?

What is known of each exercise comes as data from `data/checks/`: public inputs, right outputs, and for each common misconception the
outputs that it gives and a hint. No solution is in there.
"""

import builtins
import difflib
import hashlib
import json
import math
import os
import sys
import textwrap
import time
from contextlib import suppress
from functools import cache, wraps
from itertools import repeat
from operator import is_
from types import FunctionType

import numpy as np

from labkit.cells import from_elsewhere, hidden_in_the_cell, looks_up, outside_the_cell, unread
from labkit.deadline import debugged
from labkit.outcomes import (
    Call,
    Outcome,
    Ref,
    Tolerance,
    a_or_an,
    decode_call,
    decode_outcome,
    departure,
    difference,
    perform,
    plain,
    reading,
    text,
)

SECONDS = 10    # for one check, all its cases together
WIDTH = 96      # letters of a line; JupyterLab breaks a longer one anywhere, in the middle of a word
CHANGING = "gives another answer when it is called again with the same arguments: does it draw random numbers of its own, or keep something " \
           "from one call to the next (in a global name or a default argument)?"
PLAIN = "{name} is a plain function, which no GPU can start: write @cuda.jit on the line above def {name}."


class CheckFailed(Exception):
    """A check that did not pass, shown in the notebook by its sentence alone."""

    def _render_traceback_(self):
        return [wrapped(str(self))]


class NotAttempted(CheckFailed):
    """An exercise that is still to be written; raised only where nbgrader executes."""


class CouldNotCheck(CheckFailed):
    """The check itself could not run: an unknown name, or data that are missing."""


@cache
def exercises():
    """Every exercise that the course checks: {name: data}."""
    from labkit.datasets import data_root

    found = {}
    for path in sorted((data_root() / "checks").glob("*.json")):
        lab = json.loads(path.read_text(encoding="utf-8"))
        found |= {name: one | {"given": lab["given"]} for name, one in lab["exercises"].items()}
    return found


def check(function=None, *, hint=None, **named):
    """Says whether your function (or value) is right, and if not, what would help.

    check(f)             f is a function that you wrote; its name says which exercise it is
    check(guess=guess)   for an answer that is not a function
    check(f, hint=1)     a first hint; hint=2 and hint=3 say more
    """
    caller = sys._getframe(1)
    notebook = caller.f_globals
    name, thing = identify(function, named, notebook, caller.f_code.co_names)
    exercise = exercises().get(name)
    if exercise is None:
        near = difflib.get_close_matches(name, exercises(), 1)
        raise CouldNotCheck(f"Could not check: there is no exercise called {name}" + (f"; did you mean {near[0]}?" if near else "."))
    if hint is not None:
        print(wrapped(ladder(name, exercise["hints"], hint)))
        return
    if trouble := unread(name, notebook):
        raise CheckFailed(f"Not checked: Python could not read the cell with {name} when it ran last ({trouble}) and still has what was there "
                          "before. Mend it, run its cell, then this one.")
    judge = {"prediction": prediction, "value": value}.get(exercise["kind"], behaviour)
    right, line = judge(name, exercise, thing)
    if right:
        print(wrapped(line + missing(name, exercise, thing, notebook)))
    elif right is None:
        if os.environ.get("NBGRADER_EXECUTION"):
            raise NotAttempted(line)
        print(wrapped(line))
    else:
        raise CheckFailed(line)


def wrapped(said):
    """Text in lines that break between words."""
    return textwrap.fill(said, WIDTH, break_long_words=False, break_on_hyphens=False)


def identify(function, named, names, written=()):
    """(exercise name, the thing to check) from the arguments of `check`; `names` are the notebook's, `written` those that stand where `check` is
    called. A function without a usable name is found by its variable, and so is one that has a second name, as after gate = fires."""
    if function is None:
        if len(named) != 1:
            raise CouldNotCheck("Could not check: call check(f) with your function, or check(name=value) with one answer.")
        return next(iter(named.items()))
    inner = getattr(function, "py_func", function)
    meant = [n for n in written if n in exercises() and names.get(n) is function]
    name = meant[0] if len(meant) == 1 else getattr(inner, "__name__", None)
    if name not in exercises():
        name = next((n for n, thing in names.items() if thing is function and n in exercises()), name)
    if name is None:
        raise CouldNotCheck(f"Could not check: {spoken(function)} is not a function; "
                            "for an answer that is not a function write check(name=value).")
    return name, function


def ladder(name, hints, step):
    if not hints:
        return f"{name} has no hints."
    if type(step) is not int or step not in range(1, len(hints) + 1):
        return f"{name} has hints 1 to {len(hints)}: check({name}, hint=1)."
    more = f"  (one more: hint={step + 1})" if step < len(hints) else ""
    return f"Hint {step} of {len(hints)}: {hints[step - 1]}{more}"


def behaviour(name, exercise, function):
    """(right, line) for a function: every public case is called and compared."""
    if not callable(function) and not hasattr(function, "py_func"):
        return False, f"Not right yet: {name} is {spoken(function)}, expected a function."
    tolerance = Tolerance(**exercise["tolerance"])
    outcomes, end = [], time.monotonic() + SECONDS

    def left():         # no equal shares: the first call of a function with @njit compiles it; the time that a debugger takes is not the answer's
        return SECONDS if debugged() else end - time.monotonic()

    for case in exercise["cases"]:
        outcomes.append(outcome_of(function, exercise, case, max(left(), 0.1)))
        if line := settled(name, case, outcomes[-1], tolerance):
            return None if outcomes[-1].kind == "not_attempted" else False, line
    if exercise["kind"] == "kernel" and isinstance(function, FunctionType):
        return False, f"Not right yet: {PLAIN.format(name=name)}"
    wrong = next((i for i, (o, case) in enumerate(zip(outcomes, exercise["cases"], strict=True)) if disagrees(o, case["right"], tolerance)), None)
    for idea in exercise["misconceptions"] if wrong is not None else ():
        if all(expected is None or not disagrees(o, expected, tolerance) for o, expected in zip(outcomes, idea["outcomes"], strict=True)):
            return False, f"Not right yet: {idea['hint']}"
    asked = sorted({0, wrong or 0})     # what is kept may spoil only the calls behind the first, and those for ever
    if exercise["kind"] != "kernel" and any(changing(function, exercise, i, outcomes[i], left()) for i in asked):
        return False, f"Not right yet: {name} {CHANGING}"
    if wrong is None:
        count = len(outcomes)
        return True, f"Right: {name} passes {'its case' if count == 1 else f'all {count} cases'}.{advice(function, exercise)}"
    return False, complaint(name, exercise["cases"][wrong], outcomes[wrong], tolerance) + taken(function, outcomes[wrong].error)


def outcome_of(function, exercise, case, seconds):
    """What comes of one case."""
    call = decode_call(case["call"])
    return reading(perform(function, call, seconds), exercise.get("read"), call)


def settled(name, case, outcome, tolerance):
    """What is to be said after this case without a look at the others, or None."""
    if outcome.kind == "not_attempted":
        return f"Not attempted yet: write {name} in place of its line raise NotImplementedError, then run its cell and this one again. " \
               f"(check({name}, hint=1) for a first hint)"
    if outcome.error == "BdbQuit":
        return f"Not checked: you left the debugger within {name}. Where it is no longer needed, take its line out of {name} and run that cell " \
               "and this one again."
    if outcome.kind == "timed_out":
        return f"Not right yet: {name} did not finish within {SECONDS} s: is there a loop that never ends?"
    return complaint(name, case, outcome, tolerance) if outcome.error == "endless" else None        # a kernel's: the others would take as long


def changing(function, exercise, index, outcome, seconds):
    """Whether a case that is called once more has another outcome."""
    again = outcome_of(function, exercise, exercise["cases"][index], seconds) if seconds > 0 else Outcome("timed_out")
    return again.kind != "timed_out" and difference(again, outcome, Tolerance(**exercise["tolerance"])) is not None


def complaint(name, case, outcome, tolerance):
    """Where an answer first differs, in a sentence."""
    found = disagrees(outcome, case["right"], tolerance)
    return f"Not right yet: for {called(name, case['call'])} {found}{'' if found.endswith('?') else '.'}"


def disagrees(outcome, data, tolerance):
    """None or a sentence; `data` is an encoded outcome, or a sealed one whose value is not told."""
    if "sealed" in data:
        if outcome.kind != "value":
            return departure(outcome, Outcome("value"))
        return None if opens(data["sealed"], outcome.value) else f"got {text(outcome.value)}, which is not the answer"
    return difference(outcome, decode_outcome(data), tolerance)


def seal(value, salt, step):
    """A digest of a number or a text, so that an answer can be recognised but not read. Numbers are rounded to multiples of `step`."""
    key = value.strip().casefold() if isinstance(value, str) else str(round(float(value) / step))
    return hashlib.sha256(f"{salt}:{key}".encode()).hexdigest()


def opens(sealed, value):
    if isinstance(value, str):
        return seal(value, sealed["salt"], 1) == sealed["digest"]
    if not isinstance(value, np.ndarray) or value.ndim or value.dtype.kind not in "biuf" or not np.isfinite(value):
        return False
    step = sealed["step"]
    return any(seal(float(value) + shift * step, sealed["salt"], step) == sealed["digest"] for shift in (-1, 0, 1))


def called(name, data):
    """How the failing call reads: fires([1.0, 0.0], -0.5)."""
    call = decode_call(data)
    if call.grid is not None:
        return f"{name}[{call.grid}, {call.block}] with {', '.join(map(brief, call.args))}"
    words = [spoken(a) for a in call.args] + [f"{k}={spoken(v)}" for k, v in call.kwargs.items()]
    line = f"{name}({', '.join(words)})"
    return line if len(line) <= 140 else f"{name} with {', '.join(map(brief, [*call.args, *call.kwargs.values()]))}"


def brief(argument):
    """An argument in a few words, for a call that would not fit on a line: an array by its shape, a list by its length."""
    if isinstance(argument, (list, tuple)):
        return f"a list of {len(argument)}"
    return f"shape {argument.shape}" if isinstance(argument, np.ndarray) and argument.ndim else spoken(argument)


def spoken(argument):
    """An argument as it would be written in the call; a function of labkit by its name, what is no data by its type."""
    if isinstance(argument, Ref):
        return argument.path.replace(":", ".").split(".")[-1]
    try:
        return text(plain(argument))
    except (TypeError, OverflowError, RecursionError):
        return a_or_an(type(argument).__name__)


def advice(function, exercise):
    """A word to a student whose solution calls labkit's own form: never a matter of points."""
    inner = getattr(function, "py_func", function)
    code, names = getattr(inner, "__code__", None), getattr(inner, "__globals__", {})
    if code is None:
        return ""
    ours = [n for n in code.co_names if str(getattr(names.get(n), "__module__", getattr(names.get(n), "__name__", ""))).startswith("labkit.")
            and n not in ("cuda", "check")]
    used = sorted({*ours, *(n for n in exercise.get("avoid", ()) if n in code.co_names)})
    return f" It calls {', '.join(used)}; the exercise asks you to write that part yourself." if used else ""


def taken(function, error):
    """A word on a function of Python's own whose name, such as sum, means another in the notebook: something that cannot be called, or NumPy's
    after from numpy import *."""
    inner = getattr(function, "py_func", function)
    code, names = getattr(inner, "__code__", None), getattr(inner, "__globals__", {})
    shared = sorted(n for n in (looks_up(code) if code else ()) if n in names and callable(getattr(builtins, n, None)))
    for name in shared:
        numpys = names[name] is getattr(np, name, None)
        if numpys or error == "TypeError" and not callable(names[name]):
            what = "NumPy's" if numpys else spoken(names[name])
            return f" In this notebook {name} is {what}: del {name} makes it Python's own again."
    return ""


def missing(name, exercise, thing, notebook):
    """A word on names that the answer has from cells that grading does not run; on those that a kernel, judged alone, has from outside its cell."""
    names = ()
    if exercise["kind"] == "kernel":
        if hidden_in_the_cell(name, notebook):
            return f" But a kernel is judged by the text of its cell: begin two lines of it with @cuda.jit and def {name}."
        names = outside_the_cell(name, thing, notebook)
        verb, where, into = "stand", f"outside the cell of {name}, and a kernel is judged alone", "that cell"
    elif exercise["kind"] in ("function", "object"):
        names = from_elsewhere(name, thing, exercise["given"], set(exercises()), notebook)
        verb, where, into = "come", "from a cell that is not run when your work is graded", f"the cell of {name}"
    if not names:
        return ""
    said, them = (f"{', '.join(names[:-1])} and {names[-1]} {verb}", "them") if len(names) > 1 else (f"{names[0]} {verb}s", "it")
    return f" But {said} {where}: write {them} into {into}."


def value(name, exercise, thing):
    """(right, line) for an answer that is a number or a short text."""
    if thing is None or thing is Ellipsis:
        return None, f"Not attempted yet: give {name} a value, then run this cell again."
    try:
        outcome = Outcome("value", plain(thing))
    except TypeError:
        return False, f"Not right yet: {name} is {spoken(thing)}, expected a number."
    tolerance = Tolerance(**exercise["tolerance"])
    if (found := disagrees(outcome, exercise["right"], tolerance)) is None:
        return True, f"Right: {name} = {text(outcome.value)}."
    for idea in exercise["misconceptions"]:
        if disagrees(outcome, idea["outcomes"][0], tolerance) is None:
            return False, f"Not right yet: {idea['hint']}"
    return False, f"Not right yet: for {name} {found}."


def prediction(name, exercise, thing):
    """(committed, line): a prediction counts for being made, whatever was predicted."""
    said = thing.item() if isinstance(thing, np.ndarray) and thing.ndim == 0 else thing
    said = said.strip().lower() if isinstance(said, str) else said
    choices = exercise.get("choices")
    wanted = "one of " + ", ".join(f'"{choice}"' for choice in choices) if choices else "a number"
    if said is None or said is Ellipsis or isinstance(said, str) and not said:
        return None, f"Not attempted yet: set {name} to {wanted}, then run this cell again."
    if choices:
        good = isinstance(said, str) and said in choices
    else:
        good = isinstance(said, (int, float, np.integer, np.floating)) and not isinstance(said, bool) and finite(said)
    if good:
        return True, f"Committed: {name} = {thing!r}. The lab comes back to it below."
    return False, f"Not a prediction yet: {name} is {spoken(thing)}, expected {wanted}."


def finite(number):
    with suppress(OverflowError):       # a whole number that no array holds
        return math.isfinite(number)
    return False


def working(function, fallback, *examples):
    """(the function to show, a sentence that says whose it is): the student's, if it works well enough to be drawn, else labkit's.

    examples: tuples of arguments that a picture will call it with. Well enough: it answers, and in the same shape as the fallback.
    Where the fallback answers with arrays, so does the function that is shown, though the student's may make lists.
    """
    name, answers, models = name_of(function), [], []
    for arguments in examples or ((),):
        outcome = perform(keeping(function, answers), Call(list(arguments)), seconds=2)
        if outcome.kind == "not_attempted":
            return fallback, f"{name} is not written yet: this shows labkit's."
        trouble = unfit(outcome, perform(keeping(fallback, models), Call(list(arguments))))
        if trouble:
            return fallback, f"{name} is not ready ({trouble}): this shows labkit's."
    if any(formed(answer, model) is not answer for answer, model in zip(answers, models, strict=True)):
        function = wraps(function)(lambda *arguments, inner=function: formed(inner(*arguments), models[0]))
    return function, f"This runs your {name}."


def keeping(function, answers):
    """The function, with each of its answers put into a list as well."""
    def kept(*arguments):
        answers.append(function(*arguments))
        return answers[-1]
    return kept


def formed(answer, model):
    """The answer, with arrays where `model` has arrays: a list of numbers is as right, but what draws it goes on to calculate with it."""
    if isinstance(model, np.ndarray):
        return np.asarray(answer)
    if isinstance(model, (tuple, list)) and model and isinstance(answer, (tuple, list, np.ndarray)):
        models = model if isinstance(model, tuple) else repeat(model[0])        # a list may have another length next time
        parts = type(model)(map(formed, answer, models))
        same = type(answer) is type(model) and all(map(is_, parts, answer))
        return answer if same else parts
    return answer


def agreeing(function, fallback, *examples):
    """As `working`, for pictures whose point is the numbers: the student's only where it answers these examples as labkit's does."""
    chosen, whose = working(function, fallback, *examples)
    for arguments in examples:
        theirs, ours = (perform(one, Call(list(arguments))) for one in (chosen, fallback))
        if difference(theirs, ours, Tolerance()):
            return fallback, f"{name_of(function)} is not right yet: this shows labkit's."
    return chosen, whose


def name_of(function):
    return getattr(getattr(function, "py_func", function), "__name__", "your function")


def unfit(outcome, ours):
    """Why an outcome cannot be drawn where `ours` can, or None."""
    if outcome.kind != "value":
        return departure(outcome, Outcome("value"))
    if outcome.value is None and ours.value is not None:
        return "it returns nothing"
    value, want = outcome.value, shape_of(ours.value)
    if isinstance(ours.value, tuple) and isinstance(value, np.ndarray) and value.ndim:
        value = tuple(value)                            # return [a, b] is as good as return a, b
    elif isinstance(ours.value, np.ndarray) and isinstance(value, tuple):
        with suppress(ValueError):
            value = np.array(value)                     # and a tuple of numbers as good as an array
    got = shape_of(value)
    return None if got == want else f"its result has the shape {got}, labkit's {want}"


def shape_of(value):
    """The shape of an array, the shapes of several results, or the type of anything else."""
    if isinstance(value, np.ndarray):
        return value.shape
    return tuple(map(shape_of, value)) if isinstance(value, (tuple, list)) else type(value).__name__
