"""Numba as every kernel family uses it: `loops` for what Python calls, `njit` for the helpers that loops call."""

import hashlib
import os
import pickle
import threading
import types
from contextlib import contextmanager, suppress
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")     # read when OpenMP loads: see labkit/__init__.py

import numba  # noqa: E402
from numba import prange  # noqa: E402, F401

# All of fastmath but "no NaN, no infinity": a training run may diverge, and has to be seen to.
FINITE_MATH = {"contract", "reassoc", "arcp", "nsz", "afn"}

# Numba's cache looks at the file of a function only, not at the files of what it calls. This looks at them all.
_SOURCES = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))).hexdigest()[:8]

_parallel = threading.RLock()
_started_in = None      # the process that has Numba's threads. A process forked from it has none, and OpenMP ends one that asks for them


def njit(function=None, **options):
    """`numba.njit` for a helper; it is cached inside the loops that call it. Division by zero gives infinity or NaN."""
    return numba.njit(function, **{"error_model": "numpy", **options})


class Loops:
    """A function with `prange` loops, compiled twice on demand: `serial` for one thread, `parallel` for several.

    A small call then pays for no threads, neither in time nor in compilation.
    """

    def __init__(self, function, **options):
        self.serial = cached(_renamed(function, "serial"), **options)
        self.parallel = cached(_renamed(function, "parallel"), parallel=True, **options)

    def __call__(self, *arguments, threads=1):
        if threads == 1 or _started_in not in (None, os.getpid()):
            self.serial(*arguments)
        else:
            with _only(threads):
                self.parallel(*arguments)


def loops(function=None, **options):
    """Decorator: `Loops` of a function whose outer loop is a `prange`."""
    return (lambda function: Loops(function, **options)) if function is None else Loops(function, **options)


def cached(function, **options):
    """`njit`, cached on disk where a cache can be kept.

    Numba refuses to define a cached function whose file lies in a read-only place when it finds no writable cache folder
    either ("no locator available"). A course in a container is such a place: there the function is compiled anew. So it is where
    the cache fails later, on a full disk or by a file that was cut short.
    """
    try:
        compiled = njit(function, cache=True, **options)
    except RuntimeError:
        return njit(function, **options)
    if cache := getattr(compiled, "_cache", None):          # with NUMBA_DISABLE_JIT it is the function itself
        cache.load_overload, cache.save_overload = _where_it_can(cache.load_overload), _where_it_can(cache.save_overload)
    return compiled


def _where_it_can(use):
    def used(*arguments):
        with suppress(OSError, EOFError, pickle.UnpicklingError):
            return use(*arguments)

    return used


def _renamed(function, form):
    """A copy whose name, under which Numba caches it, tells its form and the state of all sources."""
    copy = types.FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
    copy.__qualname__ = f"{function.__qualname__}_{form}_{_SOURCES}"
    copy.__module__ = function.__module__
    return copy


@contextmanager
def _only(threads):
    """Let one parallel kernel at a time use `threads` threads. Where Numba finds no OpenMP it falls back to a scheduler that
    ends the process when two threads enter it."""
    global _started_in
    with _parallel:
        _started_in = os.getpid()
        before = numba.get_num_threads()
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        try:
            yield
        finally:
            numba.set_num_threads(before)
