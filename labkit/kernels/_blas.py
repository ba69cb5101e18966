"""SciPy's BLAS by the addresses that it gives out for compiled code, and threads to use them on.

Called so, a product leaves Python's lock free: every thread can compute one. SciPy's own functions hold the lock.
"""

import ctypes
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

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


# Other threads

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

    others = [_helpers(os.getpid()).submit(work) for _ in range(min(threads, len(tasks)) - 1)]
    try:
        work()
    finally:
        left.clear()
        for other in others:
            other.cancel() or other.result()
    return results


@lru_cache(None)
def _helpers(process):
    """The other threads of a process: a forked one has none of its parent's."""
    return ThreadPoolExecutor(63, "labkit")
