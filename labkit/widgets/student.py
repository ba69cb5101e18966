"""The student's function with labkit's behind it: run live, never trusted to be finished, and said which of the two is running."""

from __future__ import annotations

import contextlib
import io

import numpy as np

from labkit.outcomes import TimeLimit, students_line, time_limit


def are_results(result, count):
    """Whether these are so many results: in a tuple, a list, or one array in which they are stacked."""
    stacked = isinstance(result, np.ndarray) and result.ndim > 1
    return (stacked or isinstance(result, (tuple, list))) and len(result) == count


class Unfinished(Exception):
    """The reason why the student's function gave no usable answer, in words that follow "it"."""


class Student:
    """Calls the student's function; where that gives no usable answer, labkit's, and remembers why.

    function : the student's, or None; fallback : labkit's, with the same arguments and results
    clean    : turns a raw result into the form the picture needs, or raises Unfinished with what is wrong with it
    A function that did not end within `seconds` is not called again, and what is no function never.
    """

    def __init__(self, function, fallback, name, clean, seconds=1.0):
        self.function, self.fallback, self.name, self.clean, self.seconds = function, fallback, name, clean, seconds
        self.problem, self.before, self.asked, self.stuck = "", "", True, False
        if function is not None and not callable(function):
            self.problem, self.stuck = f"is {described(function)}, not a function: pass `{name}` itself, without parentheses behind it", True

    def fresh(self):
        """Forgets the last problem, before a new event: the student's function gets another chance, unless it ran for ever."""
        self.settle()
        if not self.stuck:
            self.before, self.problem, self.asked = self.problem, "", False

    def settle(self):
        """After an event that did not call the function: what was last said of it still holds."""
        if not self.asked:
            self.problem, self.asked = self.before, True

    def __call__(self, *args):
        return self.map([args])[0]

    def map(self, calls):
        """One result a tuple of arguments, all from the same function: the student's if every one is usable, else labkit's."""
        self.asked = True
        if self.function is not None and not self.problem:
            try:
                return self.run(calls)
            except Unfinished as reason:
                self.problem = str(reason)
        return [self.clean(self.fallback(*args)) for args in calls]

    def run(self, calls):
        spoken, raw = io.StringIO(), []
        try:
            with contextlib.redirect_stdout(spoken), np.errstate(all="ignore"), time_limit(self.seconds):
                for args in calls:
                    raw.append(self.function(*map(own_copy, args)))
        except TimeLimit:
            if raw and self.ends(calls[len(raw)]):
                raise Unfinished(f"is too slow for the {len(calls):,} answers that this picture wants within {self.seconds:g} s") from None
            self.stuck = True
            raise Unfinished(f"did not finish within {self.seconds:g} s: look for a loop that never ends") from None
        except NotImplementedError:
            raise Unfinished("is not written yet") from None
        except (Exception, SystemExit) as error:
            line = students_line(error)
            raise Unfinished(f"raised {type(error).__name__}{f' at `{line}`' if line else ''}: {first_line(error)}") from None
        if any(result is None for result in raw):
            raise Unfinished("printed its answer but returned nothing: use return" if spoken.getvalue()
                             else "returned nothing (None): let every path end with return")
        return [self.clean(result) for result in raw]

    def ends(self, args):
        """Whether one call ends in time when it is alone."""
        try:
            with contextlib.redirect_stdout(io.StringIO()), time_limit(self.seconds), contextlib.suppress(Exception, SystemExit):
                self.function(*map(own_copy, args))
        except TimeLimit:
            return False
        return True

    @property
    def sentence(self):
        """Which function is running, and if not the student's, why."""
        if self.function is None:
            return f"Showing labkit's `{self.name}`: none of yours was given."
        if self.problem:
            return f"Your `{self.name}` {self.problem.rstrip('.?')}. Showing labkit's instead."
        return f"Running your `{self.name}`."


def sentences(students):
    """One line for all functions of a picture: those of the student that run together, then each of the others."""
    running = [f"`{s.name}`" for s in students if s.function is not None and not s.problem]
    others = [s.sentence for s in students if s.function is None or s.problem]
    listed = " and ".join([", ".join(running[:-1])] * (len(running) > 1) + running[-1:])
    return " ".join([f"Running your {listed}."] * bool(running) + others)


def own_copy(argument):
    """Arrays are handed over as copies, so a function that changes its input cannot disturb the picture."""
    return argument.copy() if isinstance(argument, np.ndarray) else argument


def first_line(error):
    text = str(error).strip().splitlines()
    return text[0][:120] if text else "no message"


def one_number(result):
    """A float from a number or an array of one, or Unfinished."""
    try:
        array = np.asarray(result, float)
    except (TypeError, ValueError):
        raise Unfinished(f"returned {described(result)}, expected one number") from None
    if array.size != 1:
        raise Unfinished(f"returned an array of shape {array.shape}, expected one number")
    value = float(array.reshape(()))
    if not np.isfinite(value):
        raise Unfinished(f"returned {value}, expected a finite number")
    return value


def zero_or_one(result):
    value = one_number(result)
    if value not in (0.0, 1.0):
        raise Unfinished(f"returned {value:g}, expected 0 or 1")
    return int(value)


def share(result):
    """A number from 0 to 1, such as an accuracy or a probability."""
    value = one_number(result)
    if not -1e-6 <= value <= 1 + 1e-6:
        raise Unfinished(f"returned {value:g}, expected a number from 0 to 1")
    return min(1.0, max(0.0, value))


def weights_and_bias(result):
    """(w, b) with w of shape (2,) and b a float, from a pair, or Unfinished."""
    if not are_results(result, 2):
        raise Unfinished(f"returned {described(result)}, expected two results: return w, b")
    try:
        w = np.array(result[0], float)
    except (TypeError, ValueError):
        raise Unfinished(f"returned {described(result[0])} for w, expected two numbers") from None
    if w.shape != (2,):
        raise Unfinished(f"returned w of shape {w.shape}, expected (2,)")
    if not np.isfinite(w).all():
        raise Unfinished("returned w with NaN or infinity")
    return w, one_number(result[1])


def described(value):
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, (tuple, list)):
        return f"{len(value)} results"
    return "nothing" if value is None else f"a {type(value).__name__}"
