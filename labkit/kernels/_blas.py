"""SciPy's BLAS by the addresses that it gives out for compiled code, and threads to use them on.

Called so, a product leaves Python's lock free: every thread can compute one. SciPy's own functions hold the lock.
"""

import ctypes
import os
from _thread import allocate_lock, start_new_thread
from collections import deque
from functools import lru_cache
from queue import SimpleQueue

import numpy as np

REALS = {"f": ("s", ctypes.c_float), "d": ("d", ctypes.c_double)}
LETTERS = {letter: ctypes.byref(ctypes.c_char(letter.encode())) for letter in "NTU"}


# Products of tables in C order, whose rows may lie apart, as those of a part of a table do. BLAS counts by columns and sees each
# of them transposed: it is asked for out' = b' a'.

def gemm(scale, a, b, keep, out, transpose_a=False, transpose_b=False):
    """out = scale op(a) op(b) + keep out, in place; op transposes where asked. out : (n, m), op(a) : (n, k), op(b) : (k, m)"""
    n, m = out.shape
    k = b.shape[1] if transpose_b else b.shape[0]
    _call("gemm", out.dtype.char, "NT"[transpose_b], "NT"[transpose_a], m, n, k, float(scale), b, _apart(b), a, _apart(a),
          float(keep), out, _apart(out))


def add_gram(a, out):
    """out += a' a, the lower half only. a : (m, n), out : (n, n)"""
    _call("syrk", out.dtype.char, "U", "N", len(out), len(a), 1.0, a, _apart(a), 1.0, out, _apart(out))


def add_projection(a, t, out):
    """out += a' t. a : (m, n), t : (m,), out : (n,), both vectors without gaps"""
    _call("gemv", out.dtype.char, "N", len(out), len(t), 1.0, a, _apart(a), t, 1, 1.0, out, 1)


def _call(name, kind, *arguments):
    """Fortran takes everything by its address: letters, whole numbers, real numbers and arrays."""
    prefix, real = REALS[kind]
    routine, whole = _routine(prefix + name)
    routine(*[_address(a, real, whole) for a in arguments])


def _address(value, real, whole):
    if isinstance(value, int):
        return ctypes.byref(whole(value))
    if isinstance(value, np.ndarray):
        return ctypes.c_void_p(value.__array_interface__["data"][0])
    return LETTERS[value] if isinstance(value, str) else ctypes.byref(real(value))


@lru_cache(None)
def _routine(name):
    """The routine, and the type of its whole numbers: its signature says whether SciPy was built for those of 64 bits."""
    from scipy.linalg import cython_blas

    capsule = cython_blas.__pyx_capi__[name]
    name_of, pointer_of = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    signature = name_of(capsule)
    whole = ctypes.c_int if b" int *" in signature else ctypes.c_int64
    return ctypes.CFUNCTYPE(None)(pointer_of(capsule, signature)), whole


def _apart(a):
    """How many numbers lie between the starts of two rows; NumPy may say anything where there is only one."""
    return max(a.strides[0] // a.itemsize, a.shape[1])


# Other threads. Their locks and their queue are C's: a lock that Python's own code takes, as in concurrent.futures, stays taken where
# Ctrl-C comes just then, and whoever asks for it next waits for ever.

def at_once(tasks, threads):
    """The results of functions without arguments, shared out among this thread and up to `threads` - 1 others.

    Those sleep until they are needed, and who waits for them sleeps too, where the threads of BLAS keep a core busy. Where all
    cores are taken and one has not begun in time, nobody waits for it. To wake one takes about a twentieth of a millisecond.
    """
    results, left = [None] * len(tasks), deque(enumerate(tasks))

    def work():
        while left:
            try:
                place, task = left.popleft()
            except IndexError:          # another thread was faster
                return
            results[place] = task()

    others = []
    try:
        for count in range(1, min(threads, len(tasks))):
            others.append(_helpers(os.getpid()).begin(work, count))
        work()
    finally:
        left.clear()
        for other in others:
            other.end()
    return results


class Helpers:
    """Threads that wait for something to do. They end with the process."""

    def __init__(self):
        self.count, self.asked = 0, SimpleQueue()

    def begin(self, function, count):
        """Let one of `count` threads call the function, as soon as one is free; returns the Asked."""
        while self.count < count:
            start_new_thread(self._help, ())
            self.count += 1
        self.asked.put(asked := Asked(function))
        return asked

    def _help(self):
        while True:
            self.asked.get().call()


class Asked:
    """A call that another thread was asked for. Who gets `begun` may make it, and `busy` is free again when it is made."""

    def __init__(self, function):
        self.function, self.error, self.begun, self.busy = function, None, allocate_lock(), allocate_lock()
        self.busy.acquire()

    def call(self):
        if self.begun.acquire(blocking=False):
            try:
                self.function()
            except BaseException as error:
                self.error = error
            finally:
                self.busy.release()

    def end(self):
        """Wait until the call is made and raise its error; where no thread has begun it, none will."""
        if not self.begun.acquire(blocking=False):
            self.busy.acquire()
            if self.error:
                raise self.error


@lru_cache(None)
def _helpers(process):
    """The other threads of a process: a forked one has none of its parent's."""
    return Helpers()
