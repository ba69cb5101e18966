"""The student's side: an IPython shell without a kernel that runs cells, keeps what they define and answers calls with data.

It runs inside the sandbox (where template.py loads it) or, unprotected, as a plain process, and holds no secret: nothing here is trusted by
the judge. As a process: shell.py DESCRIPTOR LABKIT_FOLDER
"""

import asyncio.selector_events
import contextlib
import importlib.util
import json
import os
import random
import signal
import site
import socket
import sys
from base64 import b64encode
from pathlib import Path

if __name__ == "__main__":      # started with -I: of this project only labkit may be found
    sys.path.append(sys.argv[2])

import numpy as np
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from labkit.outcomes import Call, Outcome, perform


def beside(name):
    """The module in the file beside this one: their folder is not on the path, since the grader's other files may lie in it."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


wire = beside("wire")

MAX_OUTPUTS, MAX_STREAM, MAX_OUTPUT = 50, 64 << 10, 1 << 20     # a cell's outputs: how many, characters a stream, characters each
MAX_TOGETHER = 1 << 21      # bytes of all of them in a message, streams apart


class Outputs(list):
    """A cell's outputs; `used` is what they take of MAX_TOGETHER."""

    used = 0

    def clear(self):
        super().clear()
        self.used = 0


OUTPUTS = Outputs()


class CellTimeLimit(BaseException):
    """A cell ran too long. Not an Exception, so that `except Exception` in a loop does not swallow it."""


class Stream:
    """sys.stdout or sys.stderr of a cell; what is too much is dropped, with a word."""

    encoding, errors, closed = "utf-8", "replace", False

    def __init__(self, name):
        self.name, self.room = name, MAX_STREAM

    def write(self, text):
        text = str(text)
        if self.room > 0:
            kept = text if len(text) <= self.room else text[:self.room] + "\n(the rest of the output was left out)\n"
            if OUTPUTS and OUTPUTS[-1].get("name") == self.name:
                OUTPUTS[-1]["text"] += kept
            else:
                publish({"output_type": "stream", "name": self.name, "text": kept})
        self.room -= len(text)
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False


def publish(output):
    """Keeps an output; one for which there is no room is left out, and costs nothing else."""
    length = len(json.dumps(output)) if output["output_type"] != "stream" else 0       # streams have a bound of their own
    if len(OUTPUTS) < MAX_OUTPUTS and OUTPUTS.used + length <= MAX_TOGETHER:
        OUTPUTS.append(output)
        OUTPUTS.used += length


def as_text(data):
    """A MIME bundle as text, without what is too large."""
    texts = {kind: b64encode(value).decode() if isinstance(value, bytes) else value for kind, value in data.items()}
    return {kind: value for kind, value in texts.items() if isinstance(value, str) and len(value) <= MAX_OUTPUT}


class Publisher(DisplayPublisher):
    def publish(self, data, metadata=None, **_):
        publish({"output_type": "display_data", "data": as_text(data), "metadata": {}})

    def clear_output(self, wait=False):
        OUTPUTS.clear()


class Hook(DisplayHook):
    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        publish({"output_type": "execute_result", "execution_count": self.prompt_count, "data": as_text(format_dict), "metadata": {}})

    def finish_displayhook(self):
        self._is_active = False


# Magics with which people set up their own Jupyter; what they ask for may not be there where answers are graded. So it is with magics that
# are not known here at all: a student's extensions were loaded in another cell, and some are JupyterLab's own.
SETTINGS = {"autosave", "conda", "config", "load_ext", "mamba", "micromamba", "pip", "reload_ext", "store", "uv"}


class Shell(InteractiveShell):
    displayhook_class = Hook
    display_pub_class = Publisher

    def enable_gui(self, gui=None):
        pass

    def enable_matplotlib(self, gui=None):
        """Pictures are drawn into the notebook, whatever window or widget `%matplotlib` asks for."""
        return super().enable_matplotlib("inline")

    def run_line_magic(self, magic_name, line, _stack_depth=1):
        if self.find_line_magic(magic_name) is None:
            print(f"%{magic_name} {line}: left out (it is not known here)")
            return None
        try:
            return super().run_line_magic(magic_name, line, _stack_depth + 1)
        except Exception as error:
            if magic_name not in SETTINGS:
                raise
            print(f"%{magic_name} {line}: left out ({type(error).__name__})")

    def run_cell_magic(self, magic_name, line, cell):
        """A cell under a magic that is not known here runs as one without it."""
        if self.find_cell_magic(magic_name) is not None:
            return super().run_cell_magic(magic_name, line, cell)
        print(f"%%{magic_name} {line}: left out (it is not known here)")
        return self.ex(self.transform_cell(cell))

    def _showtraceback(self, etype, evalue, stb):
        publish({"output_type": "error", "ename": etype.__name__, "evalue": str(evalue), "traceback": list(stb)})


class End:
    """One end of a pipe, with what an event loop asks of a socket."""

    def __init__(self, descriptor):
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor

    def fileno(self):
        return self.descriptor

    def recv(self, most):
        return os.read(self.descriptor, most)

    def send(self, data):
        return os.write(self.descriptor, data)

    def close(self):
        os.close(self.descriptor)


def with_a_pipe(loop):
    """Gives an event loop the channel through which it wakes itself. asyncio's own is a pair of sockets, which the sandbox refuses."""
    loop._ssock, loop._csock = map(End, os.pipe())
    loop._internal_fds += 1
    loop._add_reader(loop._ssock.fileno(), loop._read_from_self)


def make_shell():
    if os.name != "nt":
        asyncio.selector_events.BaseSelectorEventLoop._make_self_pipe = with_a_pipe      # for `await` in a cell, as JupyterLab has it
    site.sethelper()        # `help`, which Python has where it starts as usual
    config = Config()
    config.HistoryManager.enabled = False        # it would start a thread and write a database
    shell = Shell.instance(config=config)
    shell.colors = "nocolor"
    with contextlib.suppress(ImportError):
        shell.enable_matplotlib("inline")
    return shell


@contextlib.contextmanager
def cell_time_limit(seconds):
    """One interrupt after `seconds`, where the platform has one; the judge's own clock stands behind it."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_):
        raise CellTimeLimit(f"the cell ran longer than {seconds:g} s")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def run_cell(shell, source, seconds):
    """Runs one cell; what it shows is left in OUTPUTS. Returns (error's type or None, line number in the cell or None)."""
    OUTPUTS.clear()
    saved = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Stream("stdout"), Stream("stderr")
    result = None
    try:
        with cell_time_limit(seconds):
            result = shell.run_cell(source, store_history=True)
    except CellTimeLimit:
        return "CellTimeLimit", None
    finally:
        sys.stdout, sys.stderr = saved
    error = result.error_before_exec or result.error_in_exec
    if error is None:
        return None, None
    return "MemoryError" if isinstance(error, MemoryError) else type(error).__name__, error_line(error)


def error_line(error):
    """The line of the cell at which it stopped: a syntax error's own, else that of the outermost frame that is the cell's."""
    if isinstance(error, SyntaxError):
        return error.lineno
    frame = error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_name == "<module>" and frame.tb_frame.f_globals.get("__name__") == "__main__":
            return frame.tb_lineno
        frame = frame.tb_next
    return None


class Server:
    """Answers the judge's requests, one at a time: begin, cell, call, read, kernel."""

    def __init__(self, shell):
        self.shell, self.held = shell, {}
        self.shows = shell.display_formatter.active_types

    def serve(self, sock):
        while True:
            try:
                request, arrays = wire.receive(sock)
            except EOFError:
                return
            document, sent = self.answer(request, arrays)
            number = {"number": request["number"]}
            try:
                wire.send(sock, document | number, sent)
            except wire.WireError:
                wire.send(sock, {"kind": "malformed", "error": "more data than an answer may carry"} | number)

    def answer(self, request, arrays):
        saved = sys.stdout, sys.stderr
        try:
            return getattr(self, f"do_{request['op']}")(request, arrays)
        except SystemExit:
            return {"kind": "raised", "error": "SystemExit"}, []
        except BaseException as error:
            return {"kind": "raised", "error": type(error).__name__}, []
        finally:
            sys.stdout, sys.stderr = saved

    def do_begin(self, request, arrays):
        random.seed(request["seed"])
        np.random.seed(request["seed"])     # noqa: NPY002 (students may use NumPy's global generator)
        self.shell.user_ns.update(_="", __="", ___="")      # what was shown last: nothing yet
        return {"ready": True}, []

    def do_cell(self, request, arrays):
        self.shell.display_formatter.active_types = self.shows
        error, line = run_cell(self.shell, request["source"], request["seconds"])
        name = request.get("hold")
        if name and name in self.shell.user_ns:
            self.held[name] = self.shell.user_ns[name]
        return {"outputs": list(OUTPUTS), "error": error, "line": line}, []

    def do_call(self, request, arrays):
        self.shell.display_formatter.active_types = ["text/plain"]      # nobody sees it: no time goes into drawing pictures
        return self.outcome(lambda thing: perform(thing, wire.unpack_call(request["call"], arrays), request["seconds"]), request["name"])

    def do_read(self, request, arrays):
        return self.outcome(read, request["name"])

    def do_kernel(self, request, arrays):
        from labkit import emulator

        key = request["name"], request["source"]
        try:
            if key not in self.held:
                self.held[key] = emulator.from_source(request["source"], request["name"])
            return pack_outcome(perform(self.held[key], wire.unpack_call(request["call"], arrays)))
        except emulator.KernelFault as error:
            return {"kind": "fault", "error": error.faults[0].kind}, []

    def outcome(self, make, name):
        if name in self.held:
            return pack_outcome(make(self.held[name]))
        if name in self.shell.user_ns:
            return pack_outcome(make(self.shell.user_ns[name]))
        return {"kind": "missing"}, []


def connection(descriptor):
    """The socket to the judge: an inherited descriptor, or on Windows its shared form on standard input."""
    if descriptor == "shared":
        return socket.fromshare(sys.stdin.buffer.read())
    return socket.socket(fileno=int(descriptor))


def read(value):
    """A variable's value as an Outcome; a stub leaves Ellipsis."""
    return Outcome("not_attempted") if value is Ellipsis else perform(lambda: value, Call())


def pack_outcome(outcome):
    arrays = []
    document = {"kind": outcome.kind, "error": outcome.error, "line": outcome.line, "changed": list(outcome.changed),
                "printed": outcome.printed, "message": outcome.message if outcome.kind == "malformed" else ""}
    if outcome.kind == "value":
        document["value"] = wire.pack(outcome.value, arrays)        # plain data already: perform sees to it
    return document, arrays


if __name__ == "__main__":
    Server(make_shell()).serve(connection(sys.argv[1]))
