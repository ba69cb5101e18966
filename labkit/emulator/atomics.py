"""Atomic operations: read, change and write back with nobody in between. Threads take turns in the order of their numbers."""

import numpy as np

from labkit.emulator.access import element, unwritten
from labkit.emulator.arithmetic import INT64, cast, is_number
from labkit.emulator.faults import plural
from labkit.emulator.memory import View

_INTEGERS, _UNSIGNED, _ANY = "iu", "u", "iuf"


def _change(function, kinds=_ANY):
    """An atomic that puts function(old, value) in place of old and returns old."""
    def atomic(task, node, lanes, array, index, value):
        return _apply(task, node, lanes, array, index, function, kinds, value)
    return atomic


def _cas(task, node, lanes, array, index, old, value):
    """Write `value` where `old` still stands; return what stood there."""
    return _apply(task, node, lanes, array, index, lambda now, expected, new: new if now == expected else now, _INTEGERS, old, value)


def _compare_and_swap(task, node, lanes, array, old, value):
    first = np.int64(0)
    return _cas(task, node, lanes, array, (first,) * len(array.shape) if len(array.shape) > 1 else first, old, value)


def _apply(task, node, lanes, array, index, function, kinds, *values):
    _check(task, node, lanes, array, kinds)
    if isinstance(index, tuple) and len(index) == 1:
        task.refuse("Numba does not compile an atomic whose index is a tuple of one number; write the number", node, lanes)
    index = tuple(cast(i, INT64) if is_number(i) and i.dtype.kind == "f" else i        # Numba cuts a float that is an atomic's index
                  for i in (index if isinstance(index, tuple) else (index,)))
    if len(index) != len(array.shape):
        task.refuse(f"{array.name} has {plural(len(array.shape), 'dimension')} but the atomic was given {len(index)} indices", node, lanes)
    address, inside = element(task, array, index, lanes, node, "changes")
    data, old = array.buffer.data, np.zeros(len(lanes.bits), array.dtype)
    if not inside.count:
        return old
    addresses = address[inside.index] if isinstance(address, np.ndarray) else np.full(inside.count, address)
    written = array.buffer.written
    if written is not None and not written[addresses].all():
        unwritten(task, array, addresses, inside, node, "changes", "set it to a start value first, and put cuda.syncthreads() after that")
    if task.traces:
        task.trace("atomics", array, addresses, inside, node)
    columns = [np.broadcast_to(cast(v, array.dtype), old.shape)[inside.index] for v in values]
    for lane, place, *operands in zip(inside.index.tolist(), addresses.tolist(), *columns, strict=True):
        old[lane] = now = data[place]
        data[place] = function(now, *operands)
    if written is not None:
        written[addresses] = True
    return old


def _check(task, node, lanes, array, kinds):
    if not isinstance(array, View):
        task.refuse("an atomic works on an array and an index: cuda.atomic.add(array, index, value)", node, lanes)
    if array.buffer.read_only:
        task.stop("read-only", f"{array.name} may only be read; use an array that is passed to the kernel", node, lanes, array=array.array)
    if array.dtype.kind not in kinds or array.dtype.itemsize < 4:
        wanted = {"iuf": "32 or 64 bits", "iu": "integers of 32 or 64 bits", "u": "uint32 or uint64"}[kinds]
        task.refuse(f"this atomic works on {wanted}, but {array.name} is {array.dtype}", node, lanes, array=array.array)


def _inc(old, limit):
    return old.dtype.type(0) if old >= limit else old + old.dtype.type(1)


def _dec(old, limit):
    return limit if old == 0 or old > limit else old - old.dtype.type(1)


CALLS = {f"atomic.{name}": operation for name, operation in {
    "add": _change(np.add), "sub": _change(np.subtract), "max": _change(np.maximum), "min": _change(np.minimum),
    "nanmax": _change(np.fmax), "nanmin": _change(np.fmin), "and_": _change(np.bitwise_and, _INTEGERS),
    "or_": _change(np.bitwise_or, _INTEGERS), "xor": _change(np.bitwise_xor, _INTEGERS),
    "exch": _change(lambda old, new: new, _INTEGERS), "inc": _change(_inc, _UNSIGNED), "dec": _change(_dec, _UNSIGNED),
    "cas": _cas, "compare_and_swap": _compare_and_swap,
}.items()}
