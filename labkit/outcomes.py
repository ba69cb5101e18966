"""What a function did when it was called: the one vocabulary that `check`, the proof of the graders and the judge share.

A `Call` says what to call with; `perform` calls and returns an `Outcome`; `difference` says in one sentence how an outcome departs
from what was expected, or None. Calls and outcomes are plain data, so they cross between processes unchanged.
"""

import contextlib
import copy
import io
import math
import re
import sys
import traceback
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from importlib import import_module
from itertools import permutations

import numpy as np

from labkit.deadline import TimeLimit, at_a_stop, debugged, time_limit

LIBRARIES = __file__.removesuffix("outcomes.py"), contextlib.__file__.removesuffix("contextlib.py")     # labkit's folder and Python's own
EXACT = (Fraction, Decimal)     # numbers that NumPy would keep as objects
# What an error's words, which are hard to read for a beginner, most often mean.
MEANT = {"bitwise_xor|for \\^|\\^.* does not work on": "in Python a power is written **",
         "is ambiguous": "if, in, max and min ask about one number; np.array_equal compares whole arrays, np.where and np.maximum go place by place",
         "converted to Python scalars": "float, int and the functions of math take one number; for arrays there are np.exp, np.sqrt and their like",
         "inhomogeneous": "the columns of a table are equally long; where 1 stands for a column, np.ones(len(x)) has one for each example",
         "ndarray' object is not callable": "a product needs its *, as in Y * (1 - Y), and an element is reached by square brackets, as in w[0]"}
ONE_THREAD = "one-thread"   # a kernel that is right, but in which one thread does all the work: no fault of the emulator's, one of an exercise's
LAZY = ("a generator", "a map", "a zip", "a filter", "a range")      # what plain() says of things that have yet to be counted out
ENDLESS, TOO_LARGE = "something that holds itself, or parts within parts without end", "a number too large for any array"
DEEPEST, MOST_LISTS = 64, 10**6     # lists within lists, and how many in one layer of them: what NumPy can make a table of, and room to spare
LARGEST = 2**63 - 1         # whole number that NumPy does not keep as an object
LAUNCH_STEPS = 20_000       # statements of a block before an exercise's kernel counts as endless; the same on every machine


@dataclass(frozen=True)
class Tolerance:
    """|got - expected| <= atol + rtol |expected|, element by element; wide enough for float32 arithmetic."""

    rtol: float = 1e-4
    atol: float = 1e-5

    def scaled(self, factor):
        return Tolerance(self.rtol * factor, self.atol * factor)


@dataclass(frozen=True)
class Ref:
    """An argument named by its place in labkit, for example Ref("surfaces:beale"): functions cross as names, never as code."""

    path: str

    def resolve(self):
        module, _, names = self.path.partition(":")
        return reduce(getattr, names.split("."), import_module(f"labkit.{module}"))


@dataclass
class Call:
    """One call of a student's function on data.

    writes      positions of array arguments that the function is meant to fill in place
    then        further steps on what it returned: (path, args) calls it, (path, None) reads it; "" is the thing itself,
                "step" an attribute, "1" an element
    grid, block launch configuration, for a CUDA kernel
    part        the name of the part of the exercise that this call tests (partial credit)
    """

    args: list = field(default_factory=list)
    kwargs: dict = field(default_factory=dict)
    writes: tuple = ()
    then: tuple = ()
    grid: tuple | int | None = None
    block: tuple | int | None = None
    part: str = ""


@dataclass
class Outcome:
    """What came of a call. `kind` is one of value, raised, fault, not_attempted, timed_out, out_of_memory, killed, no_answer,
    malformed, missing. `error` names the exception's type or the kernel's fault, `line` the student's own source line,
    `changed` the positions of arguments that were changed without leave."""

    kind: str
    value: object = None
    error: str = ""
    message: str = ""
    line: str = ""
    changed: tuple = ()
    printed: bool = False


def plain(value):
    """`value` as data that can be compared and sent: numbers and arrays as NumPy arrays, text, None, lists, tuples, dicts.

    Raises TypeError for anything else (functions, generators, objects)."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, np.ndarray) and value.dtype == object:         # what NumPy makes of rows of different lengths
        return plain(value.tolist())
    if isinstance(value, (bool, int, float, complex, *EXACT, np.generic, np.ndarray)):
        array = np.array(float(value) if isinstance(value, EXACT) or isinstance(value, int) and abs(value) > LARGEST else value)
        if array.dtype.kind not in "biufc":
            raise TypeError(f"an array of dtype {array.dtype}")
        return array
    if isinstance(value, (list, tuple)):
        return plain_parts(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "copy_to_host"):
        return plain(value.copy_to_host())
    raise TypeError(a_or_an(type(value).__name__))


def plain_parts(value):
    """A tuple of plain parts; of a list an array where it makes one of numbers."""
    check_ends(value)
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        array = np.array(value)
        if array.dtype.kind in "biufc":
            return array
    parts = [plain(item) for item in value]
    with contextlib.suppress(ValueError):       # a table of fractions is one of numbers by now
        array = np.array(parts)
        if array.dtype.kind in "biufc":
            return array
    return parts


def a_or_an(noun):
    """A noun with its article."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def check_ends(value):
    """Raises TypeError for lists within lists without end: NumPy would follow them until memory runs out."""
    layer = [value]
    for _ in range(DEEPEST):
        layer = [item for one in layer for item in one if isinstance(item, (list, tuple))]
        if not layer:
            return
        if len(layer) > MOST_LISTS:
            break
    raise TypeError("a list that holds itself, or lists within lists without end")


def follow(thing, path):
    """The element or attribute of `thing` at a dotted path; the empty path is `thing`."""
    for name in filter(None, path.split(".")):
        thing = thing[int(name)] if name.isdigit() else getattr(thing, name)
    return thing


def unchanged(before, after):
    """Whether an argument still holds the same data, dtype and shape included."""
    if isinstance(before, np.ndarray):
        return isinstance(after, np.ndarray) and before.dtype == after.dtype and before.shape == after.shape \
            and (before.tobytes() == after.tobytes() or put_back(before, after))
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(unchanged, before, after))
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(unchanged(before[k], after[k]) for k in before)
    return isinstance(before, Ref) or before is after or before == after


def put_back(before, after):
    """Whether two arrays differ by no more than rounding leaves when a number is moved and put back where it was."""
    if before.dtype.kind != "f" or not before.size:
        return False
    with np.errstate(all="ignore"):
        return bool(np.abs(after - before).max() <= 16 * np.finfo(before.dtype).eps * max(1, np.abs(before).max()))


def fresh(argument):
    return argument.resolve() if isinstance(argument, Ref) else copy.deepcopy(argument)


class Unheard(io.StringIO):
    """Takes what a call prints. What a debugger that stands in it says to its user is shown, as is what its user has it print."""

    def __init__(self):
        super().__init__()
        self.shown = sys.stdout

    def write(self, words):
        return self.shown.write(words) if debugged() and at_a_stop(sys._getframe(1)) else super().write(words)

    def flush(self):
        if debugged():
            self.shown.flush()


def perform(function, call, seconds=None):
    """Calls `function` as `call` says, in this process, and returns the Outcome. Nothing it prints is shown."""
    if call.grid is not None:
        return perform_launch(function, call)
    args, kwargs = [fresh(a) for a in call.args], {k: fresh(v) for k, v in call.kwargs.items()}
    spoken = Unheard()
    try:
        with contextlib.redirect_stdout(spoken), contextlib.redirect_stderr(spoken), np.errstate(all="ignore"), time_limit(seconds):
            result = function(*args, **kwargs)
            if call.then:
                steps = ((follow(result, path), extra) for path, extra in call.then)
                result = tuple(plain(thing if extra is None else thing(*map(fresh, extra))) for thing, extra in steps)
    except TimeLimit:
        return Outcome("timed_out")
    except NotImplementedError:
        return Outcome("not_attempted")
    except MemoryError:
        return Outcome("out_of_memory")
    except (Exception, SystemExit) as error:       # exit() would end the learner's kernel
        return Outcome("raised", error=type(error).__name__, message=one_line(error), line=students_line(error))
    return returned(call, args, result, bool(spoken.getvalue()))


def returned(call, args, result, printed=False):
    """The Outcome of a call that came to its end."""
    try:
        value = plain(result)
        if call.writes:
            written = tuple(plain(args[i]) for i in call.writes)
            value = written[0] if len(written) == 1 else written
    except RecursionError:
        return Outcome("malformed", message=ENDLESS)
    except OverflowError:
        return Outcome("malformed", message=TOO_LARGE)
    except TypeError as error:
        return Outcome("malformed", message=str(error))
    changed = tuple(i for i, (a, b) in enumerate(zip(call.args, args, strict=True)) if i not in call.writes and not unchanged(a, b))
    return Outcome("value", value, changed=changed, printed=printed)


def reading(outcome, path, call):
    """The Outcome as labkit's function at `path` reads it, for answers that can be right in many ways. Without a path, as it is."""
    if not path or outcome.kind != "value" or outcome.value is None:
        return outcome
    try:
        return replace(outcome, value=plain(Ref(path).resolve()(outcome.value, *call.args)))
    except (ValueError, TypeError) as error:
        return Outcome("malformed", message=str(error))


def perform_launch(kernel, call):
    """Runs a CUDA kernel in the emulator; a fault is an outcome of its own even when the numbers happen to be right."""
    from labkit import emulator

    args = [fresh(a) for a in call.args]
    try:
        report = emulator.run(kernel, call.grid, call.block, *args, max_steps=LAUNCH_STEPS)
    except NotImplementedError:
        return Outcome("not_attempted")
    except Exception as error:
        return Outcome("raised", error=type(error).__name__, message=one_line(error), line=students_line(error))
    # Writing one value from many threads is harmless on a GPU, but it means that every thread did all the work.
    found = [*report.faults, *(w for w in report.warnings if w.kind == "same-value-write")]
    if found:
        first = found[0]
        if first.kind == "assertion" and "NotImplementedError" in first.message:
            return Outcome("not_attempted")
        if first.kind == "same-value-write":
            first = replace(first, message="several threads write the same value to one place, so each does the work of all: let one thread "
                                           "write each element")
        return Outcome("fault", error=first.kind, message=str(first))
    if busy := alone(report):
        return Outcome("fault", error=ONE_THREAD, message=busy)
    return returned(call, args, ())


def alone(report):
    """A sentence where one thread wrote an array of several elements although there was a thread for each of them, or None."""
    threads = int(np.prod(report.grid) * np.prod(report.block))
    for use in report.arrays.values():
        if use.space == "global" and 1 < use.size <= threads:
            writes = [(who, where) for kind, who, where in use.touched if kind == "writes"]
            who, where = (np.concatenate(part) for part in zip(*writes, strict=True)) if writes else ([], [])
            if len(set(where)) > 1 and len(set(who)) == 1:
                return f"one thread wrote all of {use.name}, and the others had nothing to do: let thread i write element i, without a loop"
    return None


def one_line(error):
    """An exception's text without its line breaks, and no longer than a message can bear."""
    try:
        return " ".join(str(error).split())[:300]
    except Exception:       # of a class of the student's own
        return ""


def students_line(error):
    """The last source line of the traceback that is neither in an installed library, nor in labkit, nor in Python: the student's own."""
    frames = [f for f in traceback.extract_tb(error.__traceback__)
              if "site-packages" not in f.filename and not f.filename.startswith(("<frozen", "<__array", *LIBRARIES))]
    return (frames[-1].line or "").strip()[:200] if frames else ""


def text(value):
    """A short readable form of a value, for one line of a message."""
    if isinstance(value, np.ndarray):
        if value.ndim == 0:
            return f"{value.item() + 0.0:.6g}" if value.dtype.kind == "f" else str(value.item())
        words = np.array2string(value, precision=4, separator=", ", threshold=12, edgeitems=3, suppress_small=False)
        return " ".join(words.split())
    if isinstance(value, tuple):
        return "(" + ", ".join(map(text, value)) + (",)" if len(value) == 1 else ")")
    said = "[" + ", ".join(map(text, value)) + "]" if isinstance(value, list) else repr(value)
    return said if len(said) < 80 or isinstance(value, list) else said[:77] + "..."


def shape_words(array):
    return "one number" if array.ndim == 0 else f"shape {array.shape}"


def difference(outcome, expected, tolerance=Tolerance()):  # noqa: B008 (frozen)
    """None when `outcome` agrees with the Outcome `expected`, else one sentence that names the first difference."""
    if outcome.kind != expected.kind:
        return departure(outcome, expected)
    if outcome.kind in ("raised", "fault"):
        return None if outcome.error == expected.error else f"it gave {outcome.error}, expected {expected.error}"
    if outcome.kind != "value":
        return None
    found = value_difference(outcome.value, expected.value, tolerance)
    if found and outcome.value is None:
        return "it printed its answer but returned nothing: use return" if outcome.printed \
            else "it returned nothing (None): does every path end with return?"
    if not found and set(outcome.changed) != set(expected.changed):
        return f"it changed its argument number {outcome.changed[0] + 1}, which has to stay as it was: work on a copy" if outcome.changed \
            else "it should change its argument, and did not"
    return found


def departure(outcome, expected):
    """One sentence for an outcome of another kind than the expected one."""
    line = f" at `{outcome.line}`" if outcome.line else ""
    said = f" ({outcome.message})" if outcome.message else ""
    if outcome.kind == "fault" and not outcome.message:
        from labkit.emulator.faults import KINDS

        own = {ONE_THREAD: "one thread does all the work, and the others have nothing to do"}
        means = (KINDS | own).get(outcome.error, "").removeprefix("warning: ")
        outcome = replace(outcome, message=f"{outcome.error}, {means}" if means else outcome.error)
    more = ": collect them in a list and return that" if outcome.message in LAZY else ""
    meant = next((f": {advice}" for words, advice in MEANT.items() if re.search(words, outcome.message)), "")
    return {
        "value": f"it returned {text(outcome.value)} where it should raise {expected.error}",
        "raised": f"it raised {outcome.error}{line}{said}{meant}",
        "fault": f"the emulator stopped it: {outcome.message.rstrip('.')}{meant}",
        "not_attempted": "it is not written yet",
        "timed_out": "it did not finish in time: is there a loop that never ends?",
        "out_of_memory": "it ran out of memory: does an array grow without limit?",
        "killed": "its process ended before it answered",
        "no_answer": "it gave no answer",
        "malformed": f"it returned {outcome.message}{'' if ', expected' in outcome.message else ', expected numbers or arrays'}{more}",
        "missing": "it is not defined",
    }[outcome.kind]


def value_difference(got, expected, tolerance):
    """None or one sentence. Lists count as arrays, 0/1 as booleans, a list of results as a tuple; shapes are compared first."""
    if isinstance(expected, np.ndarray):
        return array_difference(got, expected, tolerance)
    if isinstance(expected, (tuple, list)):
        return several_differences(got, expected, tolerance)
    if isinstance(expected, dict):
        if not isinstance(got, dict) or got.keys() != expected.keys():
            return f"it returned {words(got)}, expected a dictionary with the keys {', '.join(expected)}"
        return next((f"{key}: {d}" for key in expected if (d := value_difference(got[key], expected[key], tolerance))), None)
    same = got.strip().casefold() == expected.strip().casefold() if isinstance(got, str) and isinstance(expected, str) else got is expected
    return None if same else f"got {words(got)}, expected {words(expected)}"


def several_differences(got, expected, tolerance):
    """None or one sentence for several results."""
    if isinstance(got, np.ndarray) and got.ndim:
        if isinstance(expected, tuple) and expected and got.ndim == np.ndim(expected[0]):
            return f"it returned one array of {shape_words(got)}, expected {len(expected)} results: return a, b"
    elif not isinstance(got, (tuple, list)):
        return f"it returned {words(got)}, expected {len(expected)} results: return a, b"
    if len(got) != len(expected):       # looked at first: taking an array apart could cost a hundred times its size
        return f"it returned {results(got)}, expected {len(expected)}"
    got = tuple(map(np.asarray, got)) if isinstance(got, np.ndarray) else got
    for index, (one, other) in enumerate(zip(got, expected, strict=True)):
        if found := value_difference(one, other, tolerance):
            return "the results are right, but they stand in another order" if turned(got, expected, tolerance) else f"result {index + 1}: {found}"
    return None


def turned(got, expected, tolerance):
    """Whether up to four results agree with what is expected once they change places."""
    return len(got) <= 4 and any(all(value_difference(one, other, tolerance) is None for one, other in zip(order, expected, strict=True))
                                 for order in permutations(got))


def words(value):
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of {shape_words(value)}"
    if isinstance(value, dict):
        return f"a dictionary with the keys {', '.join(value)}" if value else "an empty dictionary"
    return "nothing (None)" if value is None else results(value) if isinstance(value, (tuple, list)) else text(value)


def results(several):
    return f"{len(several)} result{'' if len(several) == 1 else 's'}"


def array_difference(got, expected, tolerance):
    """None or one sentence for what should be this array."""
    if isinstance(got, tuple) and entries(got) <= max(10_000, 2 * expected.size):      # a table of mixed types can be many times larger
        with contextlib.suppress(ValueError, TypeError):
            together = np.array(got)
            got = together if together.dtype.kind in "biufc" else got
    if isinstance(got, (list, tuple)) and (odd := [one for one in got if one is None or isinstance(one, (str, dict))]):
        return f"it returned {results(got)}, one of them {words(odd[0])}, expected {shape_words(expected)}"
    if isinstance(got, list):
        return f"it returned {results(got)} that do not make a table, expected {shape_words(expected)}"
    if not isinstance(got, np.ndarray):
        return f"it returned {words(got)}, expected {shape_words(expected)}"
    if got.shape != expected.shape:
        return f"it returned {shape_words(got)}, expected {shape_words(expected)}"
    if got.dtype.kind == "c" and expected.dtype.kind != "c":
        return "it returned complex numbers, expected real ones"
    return first_difference(got, expected, tolerance)


def first_difference(got, expected, tolerance):
    """None or one sentence for two arrays of one shape."""
    exact = expected.dtype.kind in "biu"
    with np.errstate(all="ignore"):
        room = 1e-6 if exact else np.where(np.isfinite(expected), tolerance.atol + tolerance.rtol * np.abs(expected), 0)
        a, b = got.astype(complex if got.dtype.kind == "c" else float), expected.astype(complex if got.dtype.kind == "c" else float)
        good = (np.abs(a - b) <= room) | (a == b) | (np.isnan(a) & np.isnan(b))
    if good.all():
        return None
    if exact and expected.ndim == 2 and sorted(a.tolist()) == sorted(b.tolist()):
        return "the rows are right, but they stand in another order"
    where = tuple(int(i) for i in np.argwhere(~good)[0]) if expected.ndim else ()
    place = f" at index {list(where) if len(where) > 1 else where[0]}" if where else ""
    more = "" if exact or a.dtype.kind == "c" or not rounded(a, b) else ": do not round what you return"
    return f"got {text(np.asarray(got[where]))}, expected {text(np.asarray(expected[where]))}{place}{more}"


def rounded(got, expected):
    """Whether these are the expected numbers, rounded to 2, 3 or 4 decimals."""
    with np.errstate(all="ignore"):
        return got.any() and any((np.abs(got * unit - np.round(got * unit)) < 1e-3).all() and (np.abs(got - expected) * unit < 0.501).all()
                                 for unit in (1e2, 1e3, 1e4))


def entries(value):
    """How many numbers a tuple, a list or an array holds; a text counts its letters, None as one."""
    return sum(map(entries, value)) if isinstance(value, (tuple, list)) else len(value) if isinstance(value, str) else np.size(value)


def encode(value):
    """Plain data as JSON: {"array": nested lists, "dtype": ...}; nan and infinities as text."""
    if isinstance(value, Ref):
        return {"labkit": value.path}
    if isinstance(value, (np.ndarray, np.generic)):
        value = np.asarray(value)
        items = [encode(x) for x in value.ravel().tolist()] if value.size else []
        return {"array": items, "dtype": str(value.dtype), "shape": list(value.shape)}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, tuple):
        return {"tuple": [encode(v) for v in value]}
    if isinstance(value, list):
        return [encode(v) for v in value]
    if isinstance(value, dict):
        return {"dict": [[k, encode(v)] for k, v in value.items()]}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"cannot write a {type(value).__name__} as data")


def decode(data):
    if isinstance(data, list):
        return [decode(v) for v in data]
    if not isinstance(data, dict):
        return data
    (tag, body), *_ = data.items()
    if tag == "array":
        return np.array([decode(v) for v in body], dtype=data["dtype"]).reshape(data["shape"])
    return {"labkit": Ref, "float": float, "tuple": lambda b: tuple(map(decode, b)),
            "dict": lambda b: {k: decode(v) for k, v in b}}[tag](body)


def encode_call(call):
    """A Call as JSON, without what is empty."""
    data = {"args": [encode(a) for a in call.args]}
    optional = {"kwargs": encode(call.kwargs) if call.kwargs else None, "writes": list(call.writes), "grid": call.grid, "block": call.block,
                "then": [[path, None if args is None else encode(list(args))] for path, args in call.then]}
    return data | {key: value for key, value in optional.items() if value not in (None, [], ())}


def decode_call(data):
    size = lambda v: tuple(v) if isinstance(v, list) else v  # noqa: E731
    return Call([decode(a) for a in data["args"]], decode(data.get("kwargs", {"dict": []})), tuple(data.get("writes", ())),
                tuple((path, None if args is None else decode(args)) for path, args in data.get("then", ())),
                size(data.get("grid")), size(data.get("block")))


def encode_outcome(outcome):
    data = {"kind": outcome.kind}
    if outcome.kind == "value":
        data["value"] = encode(outcome.value)
    if outcome.error:
        data["error"] = outcome.error
    return data | ({"changed": list(outcome.changed)} if outcome.changed else {})


def decode_outcome(data):
    return Outcome(data["kind"], decode(data.get("value")), data.get("error", ""), changed=tuple(data.get("changed", ())))
