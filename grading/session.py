"""One student's process, as the judge drives it: cells in order, then calls; after a death a fresh process replays what survived.

Everything that comes back is untrusted. It is rebuilt field by field, and an answer that does not keep to the protocol ends the process.
"""

import binascii
import builtins
import json
import math
import time
from base64 import b64decode
from dataclasses import dataclass, field

import numpy as np

from grading import wire
from grading.exercise import Outcome
from grading.sandbox import Limits, SandboxError
from labkit.emulator import KINDS as EMULATORS
from labkit.outcomes import ENDLESS, ONE_THREAD, TOO_LARGE, a_or_an

START_SECONDS = 60       # importing NumPy and IPython on a busy machine
GRACE_SECONDS = 3        # after the student's process should have interrupted itself
KINDS = {"value", "raised", "fault", "not_attempted", "timed_out", "out_of_memory", "malformed", "missing"}
FAULTS = {*EMULATORS, ONE_THREAD}
ERRORS = {name for name, thing in vars(builtins).items() if isinstance(thing, type) and issubclass(thing, BaseException)}
ERRORS |= {"LinAlgError", "AxisError", "TypingError", "LoweringError", "UnsupportedError"}
RETURNED = {a_or_an(kind) for kind in ("function", "generator", "method", "map", "zip", "set", "range", "filter", "type", "module", "object",
                                       "builtin_function_or_method", "coroutine", "list_iterator", "enumerate", "dict_keys", "dict_values")}
RETURNED |= {ENDLESS, TOO_LARGE}
MAX_SHOWN = 6 << 20      # characters of all outputs of a submission
MIME = {"text/plain": 100_000, "image/png": 2 << 20, "image/jpeg": 2 << 20}    # shown to instructor and student: what, how many characters
PROTOCOL = (wire.WireError, KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)


class Gone(Exception):
    """The student's process ended, was ended, or broke the protocol; `outcome` says which."""

    def __init__(self, kind):
        super().__init__(kind)
        self.outcome = Outcome(kind)


@dataclass
class Cell:
    """A cell that ran: its source, the exercise whose name it holds, how it ended, and whether it is replayed."""

    source: str
    hold: str | None = None
    fate: Outcome | None = None
    outputs: list = field(default_factory=list)


class Session:
    """All of one submission: `cell` runs its cells, `call` and `read` ask for what they defined, `kernel` judges a source by itself.
    After `end`, a time.monotonic() value, nothing is started any more, and at the latest after the limits' `total_seconds`."""

    def __init__(self, sandbox, seed=0, limits=None, end=math.inf):
        self.sandbox, self.seed, self.limits = sandbox, seed, limits or Limits()
        self.end = min(end, time.monotonic() + self.limits.total_seconds)
        self.cells, self.process = [], None
        self.asked = 0
        self.room = MAX_SHOWN
        self.tampered = False       # an answer broke the protocol since this was last cleared

    # The process

    def start(self):
        if time.monotonic() > self.end:
            raise Gone("timed_out")
        self.process = self.sandbox.start()
        try:
            self.ask({"op": "begin", "seed": self.seed}, seconds=START_SECONDS)
        except Gone as gone:        # no student's code has run in this process yet
            if gone.outcome.kind != "timed_out" or time.monotonic() > self.end:
                raise
            raise SandboxError(f"a student's process did not start within {START_SECONDS} seconds: this machine is too busy; grade again, with "
                               "fewer --workers or when it has less to do") from None

    def close(self):
        """Ends the process; returns what is known of how it ended."""
        process, self.process = self.process, None
        return process.kill() if process is not None else {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ask(self, request, arrays=(), seconds=1.0):
        """One request, one answer: (document, arrays). Raises Gone; the process has then been ended."""
        deadline = min(time.monotonic() + seconds, self.end) + GRACE_SECONDS
        self.asked += 1
        try:
            wire.send(self.process.socket, request | {"number": self.asked}, arrays, deadline)
            document, raw = wire.receive(self.process.socket, deadline)
            if type(document) is not dict or document.get("number") != self.asked:
                raise wire.WireError("an answer to something else")     # a forked child answers what was answered already
            return document, raw
        except TimeoutError:
            raise self.gone("timed_out") from None
        except (OSError, EOFError):
            raise self.gone("killed") from None
        except wire.WireError:
            raise self.broken() from None

    def gone(self, kind):
        return Gone("out_of_memory" if self.close().get("memory") else kind)

    def broken(self):
        self.tampered = True
        return self.gone("no_answer")

    def ready(self):
        """Makes sure that a process lives in which every cell that can run has run."""
        if self.process is not None:
            return
        self.start()
        for cell in self.cells:
            if cell.fate is None or cell.fate.kind in ("raised", "not_attempted"):
                try:
                    self.run(cell)
                except Gone as gone:
                    cell.fate = gone.outcome
                    raise

    # Cells

    def cell(self, source, hold=None):
        """Runs a cell and returns the Cell, outputs cleaned."""
        cell = Cell(source, hold)
        try:
            self.ready()
            self.cells.append(cell)
            answer = self.run(cell)
            cell.outputs = self.fitting(outputs(answer.get("outputs")))
            cell.fate = fate(answer, source)
        except Gone as gone:
            cell.fate = gone.outcome
        except PROTOCOL:
            self.broken()
            cell.fate = Outcome("no_answer")
        return cell

    def run(self, cell):
        request = {"op": "cell", "source": cell.source, "hold": cell.hold, "seconds": self.limits.cell_seconds}
        return self.ask(request, seconds=self.limits.cell_seconds)[0]

    def fitting(self, outputs):
        """The outputs for which the notebook has room."""
        kept = []
        for one in outputs:
            self.room -= len(json.dumps(one))
            if self.room > 0:
                kept.append(one)
        return kept

    # Questions

    def call(self, name, call, source=""):
        """The Outcome of calling what the student named `name`; `source` is the cell, whose lines alone may be quoted."""
        arrays = []
        request = {"op": "call", "name": name, "call": wire.pack_call(call, arrays), "seconds": self.limits.call_seconds}
        return self.outcome(request, arrays, name, source)

    def read(self, name):
        """The Outcome that a variable holds."""
        return self.outcome({"op": "read", "name": name}, (), name, "")

    def kernel(self, source, name, call):
        """The Outcome of a kernel that is judged as source; this session must hold no cells."""
        arrays = []
        request = {"op": "kernel", "source": source, "name": name, "call": wire.pack_call(call, arrays)}
        return self.outcome(request, arrays, name, source)

    def outcome(self, request, arrays, name, source):
        try:
            self.ready()
            answer, raw = self.ask(request, arrays, self.limits.call_seconds)
            found = outcome(answer, raw, source)
        except Gone as gone:
            return gone.outcome
        except PROTOCOL:
            return self.broken().outcome
        if found.kind == "missing":
            return next((c.fate for c in self.cells if c.hold == name and c.fate is not None), found)
        return found


def outcome(answer, raw, source):
    """An Outcome rebuilt from an untrusted answer. Raises one of PROTOCOL."""
    kind = answer["kind"]
    if kind not in KINDS:
        raise wire.WireError("an outcome of no known kind")
    value = settled(wire.unpack(answer["value"], raw)) if kind == "value" else None
    changed = answer.get("changed", [])
    if type(changed) is not list or len(changed) > 64 or not all(type(i) is int and 0 <= i < 64 for i in changed):
        raise wire.WireError("changed arguments that are no positions")
    return Outcome(kind, value, error_name(kind, answer.get("error")), returned(answer.get("message")) if kind == "malformed" else "",
                   quoted(answer.get("line"), source), tuple(changed), answer.get("printed") is True)


def settled(value):
    """A value as labkit.outcomes.plain makes it: every number in an array. Raises WireError for what no function's result becomes."""
    if value is None or type(value) in (str, np.ndarray):
        return value
    if type(value) in (list, tuple):
        return type(value)(map(settled, value))
    if type(value) is dict:
        return {key: settled(item) for key, item in value.items()}
    raise wire.WireError("a number outside an array, or the name of a function")


def error_name(kind, said):
    """An exception's type, or a fault's name. A name of the student's own making could carry a hidden case out, so it is not repeated."""
    if kind == "raised":
        return said if type(said) is str and said in ERRORS else "an error of its own"
    if kind == "fault":
        return said if type(said) is str and said in FAULTS else "a fault"
    return ""


def returned(said):
    return said if type(said) is str and said in RETURNED else "something else"


def quoted(line, source):
    """A line that the student wrote, or nothing: what the process says is quoted only where it stands in the submission."""
    line = line.strip() if type(line) is str else ""
    return line if line and line in {text.strip()[:200] for text in source.splitlines()} else ""


def fate(answer, source):
    """How a cell ended, where it did not end well: the Outcome that a call of what it should have defined has."""
    error, line = answer.get("error"), answer.get("line")
    if error is None:
        return None
    for name, kind in (("CellTimeLimit", "timed_out"), ("MemoryError", "out_of_memory"), ("NotImplementedError", "not_attempted")):
        if error == name:
            return Outcome(kind)
    lines = source.splitlines()
    text = lines[line - 1] if type(line) is int and 0 < line <= len(lines) else ""
    return Outcome("raised", error=error_name("raised", error), line=quoted(text[:200], source))


def outputs(untrusted):
    """A cell's outputs, rebuilt from untrusted data; what is not a plain text or a picture is left out."""
    if type(untrusted) is not list:
        raise wire.WireError("outputs that are no list")
    return [made for made in map(output, untrusted[:50]) if made is not None]


def output(one):
    kind = one["output_type"]
    if kind == "stream":
        return {"output_type": "stream", "name": "stdout", "text": readable(one["text"], 100_000)}
    if kind == "error":
        lines = [readable(text, 10_000) for text in one["traceback"][:100]]
        return {"output_type": "error", "ename": readable(one["ename"], 100), "evalue": readable(one["evalue"], 2000), "traceback": lines}
    if kind in ("display_data", "execute_result"):
        data = {mime: shown(mime, text) for mime, text in one["data"].items() if mime in MIME}
        data = {mime: text for mime, text in data.items() if text is not None}
        return {"output_type": "display_data", "data": data, "metadata": {}} if data else None
    return None


def shown(mime, text):
    if mime == "text/plain":
        return readable(text, MIME[mime])
    if type(text) is not str or len(text) > MIME[mime]:
        return None
    try:
        b64decode(text.replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return None
    return text


def readable(text, limit):
    """Text that any file and page can hold: no lone surrogates, no control characters, at most `limit` characters."""
    if type(text) is not str:
        raise wire.WireError("text that is no text")
    clean = text[:limit].encode("utf-8", "replace").decode()
    return "".join(c for c in clean if c in "\n\t" or c.isprintable() or ord(c) > 159)
