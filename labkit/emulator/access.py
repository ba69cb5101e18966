"""Reads and writes of memory by the threads of a block: bounds, races, memory never written, counts.

`task` is the running Task (see interpreter.py): it knows the block, the launch and the line, and takes the faults.
"""

import numpy as np

from labkit.emulator.arithmetic import cast
from labkit.emulator.faults import index_as_text, plural
from labkit.emulator.memory import View


def element(task, view, index, lanes, node, doing):
    """Addresses of view[index] for these lanes, after the check of bounds.

    index : one integer a dimension, uniform or one a thread. Returns (addresses, lanes that stay inside); addresses is an
    int where it is the same for every thread, else (threads,) int64.
    """
    address, inside = view.offset, None
    for i, length, stride in zip(index, view.shape, view.strides, strict=True):
        if i.dtype.kind not in "iu":
            task.refuse(f"the index of {view.name} is a {i.dtype}, but an index has to be an integer; divide with // or "
                        "convert it with int(...)", node, lanes)
        if isinstance(i, np.ndarray):
            i = i if i.dtype == np.int64 else i.astype(np.int64)
            here = i.view(np.uint64) < length       # a negative index is a huge one without its sign
            inside = here if inside is None else inside & here
            address = address + (i if stride == 1 else i * stride)
        else:
            i = int(i)
            if not 0 <= i < length:
                inside, i = np.zeros(len(lanes.bits), bool), 0
            address = address + i * stride
    if inside is not None and not (inside if lanes.full else inside[lanes.index]).all():
        _out_of_bounds(task, view, index, lanes.unless(inside), node, doing)
        lanes = lanes.where(inside)
    return address, lanes


def _out_of_bounds(task, view, index, lanes, node, doing):
    lane = int(lanes.index[0])
    place = tuple(int(i[lane]) if isinstance(i, np.ndarray) else int(i) for i in index)
    view, place = _in_the_whole(view, place, lane)
    dimension = next(d for d, (i, length) in enumerate(zip(place, view.shape, strict=True)) if not 0 <= i < length)
    length = view.shape[dimension]
    what = f"{view.name} has {plural(length, 'element')}" if len(view.shape) == 1 else f"{view.name} has the shape {view.shape}"
    if place[dimension] < 0:
        advice = ("a negative index lies before the array, and in CUDA that is other memory and not the last element (Numba's "
                  "compiler turns it round to the end, which only hides the mistake); guard the access with an if")
    elif length == 0:
        advice = "so it has no index at all; do not launch the kernel for it"
    else:
        advice = f"the last index is {length - 1}; guard the access with an if"
    who = task.who(lane)
    others = f" (as {plural(lanes.count - 1, 'other thread')} of the block)" if lanes.count > 1 else ""
    task.fault("out-of-bounds", f"{who}{others} {doing} {index_as_text(view.name, place)}, but {what}: {advice}.",
               node, lane, array=view.array, index=place)


def _in_the_whole(view, place, lane):
    """A row's index as one of the array that the row is of: a[3][9] is a[3, 9]. Other parts, such as a[2:5], stay what they are."""
    whole, n = view.whole, len(place)
    if whole is None or (whole.shape[-n:], whole.strides[-n:]) != (view.shape, view.strides):
        return view, place
    start = int(view.offset[lane]) if isinstance(view.offset, np.ndarray) else view.offset
    return whole, index_of(whole, start, lane)[:-n] + place


def load(task, view, index, lanes, node):
    """view[index]: a NumPy scalar where every thread reads the same element, else (threads,). Lanes outside get zeros."""
    address, inside = element(task, view, index, lanes, node, "reads")
    data = view.buffer.data
    uniform = not isinstance(address, np.ndarray)
    if inside.count:
        addresses = np.full(inside.count, address) if uniform else address if inside.full else address[inside.index]
        written = view.buffer.written
        if written is not None and not written[addresses].all():
            unwritten(task, view, addresses, inside, node, "reads", _WRITE_FIRST[view.buffer.space])
        if task.traces and view.buffer.space != "constant":
            task.trace("reads", view, addresses, inside, node)
    if uniform:
        return data[address] if inside.count else data.dtype.type(0)
    if inside.full:
        return data[address]
    values = np.zeros(len(lanes.bits), data.dtype)
    values[inside.index] = data[address[inside.index]]
    return values


_WRITE_FIRST = {
    "shared": "write it first, and put cuda.syncthreads() between the writes and the reads",
    "local": "write it first: a local array starts with whatever the memory held",
    "global": "copy data into it first: cuda.device_array makes memory and puts nothing into it",
}


def unwritten(task, view, addresses, lanes, node, doing, advice):
    i = int(np.argmin(view.buffer.written[addresses].reshape(len(addresses), -1).all(axis=1)))
    lane = int(lanes.index[i])
    view = view.whole or view
    place = index_of(view, int(addresses[i]), lane)
    task.fault("unwritten-read", f"{task.who(lane)} {doing} {index_as_text(view.name, place)}, which nothing has written yet; "
               f"{advice}.", node, lane, array=view.array, index=place)


def store(task, view, index, lanes, value, node):
    """view[index] = value for these lanes. Of two threads that write one address, the later one's value stays."""
    if view.buffer.read_only:
        task.stop("read-only", f"{view.name} may only be read; write to an array that is passed to the kernel.", node, lanes,
                  array=view.array)
    if value.dtype.kind == "c" != view.dtype.kind:
        task.refuse(f"an element of {view.name} is a {view.dtype}, and a complex number does not become one; take its .real or .imag", node, lanes)
    address, lanes = element(task, view, index, lanes, node, "writes")
    if not lanes.count:
        return
    addresses = address if isinstance(address, np.ndarray) else np.full(len(lanes.bits), address)
    addresses = addresses if lanes.full else addresses[lanes.index]
    value = cast(value, view.dtype)
    if not isinstance(value, np.ndarray):
        values = np.full(lanes.count, value)
    else:
        values = value if lanes.full else value[lanes.index]
    if task.traces:
        task.trace("writes", view, addresses, lanes, node, values)
    else:
        view.buffer.data[addresses] = values
    if view.buffer.written is not None:
        view.buffer.written[addresses] = True


def fill(task, view, lanes, value, node):
    """view[...] = value, element by element: what a slice on the left of an assignment does."""
    for index in np.ndindex(view.shape):
        item = load(task, value, tuple(np.int64(i) for i in index), lanes, node) if isinstance(value, View) else value
        store(task, view, tuple(np.int64(i) for i in index), lanes, item, node)


def index_of(view, address, lane):
    """The index, as the kernel writes it, of an address in a view, as one thread sees the view."""
    offset = int(view.offset[lane]) if isinstance(view.offset, np.ndarray) else view.offset
    rest = address - offset
    place = [0] * len(view.shape)
    for d in sorted(range(len(view.shape)), key=lambda d: -abs(view.strides[d])):
        if view.strides[d]:
            place[d], rest = divmod(rest, view.strides[d])
    return tuple(place)
