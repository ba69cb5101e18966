"""What `cuda`'s names mean inside a kernel: where a thread is, its memory, its barriers, bit operations.

VALUES maps a dotted name to a function of the task, CALLS to one of (task, node, lanes, *arguments). Warp functions and
atomics have files of their own.
"""

import functools
import math

import numpy as np

from labkit.emulator import atomics, subset, warp
from labkit.emulator.arithmetic import cast, select, widens
from labkit.emulator.lanes import truth
from labkit.emulator.memory import Buffer, View, garbage, row_major
from labkit.emulator.races import Shadow

# CUDA C++ Programming Guide, "Technical Specifications per Compute Capability".
SHARED_BYTES, LOCAL_BYTES = 48 * 1024, 512 * 1024
_ELEMENTS = {np.dtype(letter) for letter in "?bBhHiIqQefdFD"}


class Intrinsic:
    """A name of the `cuda` namespace that means something inside a kernel only."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, attribute):
        name = f"{self.name}.{attribute}"
        if attribute.startswith("__") or not known(name):
            raise AttributeError(f"cuda.{self.name} has no {attribute!r}")
        return Intrinsic(name)

    def __call__(self, *arguments, **options):
        raise RuntimeError(f"cuda.{self.name} works inside a kernel only; this line runs on the host")

    def __repr__(self):
        return f"cuda.{self.name}"


@functools.cache
def known(name):
    return any(full == name or full.startswith(name + ".") for full in (*VALUES, *CALLS))


VALUES = {"laneid": lambda task: task.block.geometry.lane_in_warp, "warpsize": lambda task: np.int32(32)}
for _d, _axis in enumerate("xyz"):
    VALUES |= {f"threadIdx.{_axis}": lambda task, d=_d: task.block.geometry.thread[d],
               f"blockIdx.{_axis}": lambda task, d=_d: np.int32(task.block.index[d]),
               f"blockDim.{_axis}": lambda task, d=_d: np.int32(task.block.geometry.block[d]),
               f"gridDim.{_axis}": lambda task, d=_d: np.int32(task.block.geometry.grid[d])}


def grid(task, node, lanes, ndim):
    """cuda.grid(n): this thread's place in the whole grid; a number for n = 1, else a tuple (x, y[, z])."""
    place = tuple(task.block.grid_position(d) for d in range(_dimensions(task, node, lanes, ndim)))
    return place[0] if len(place) == 1 else place


def gridsize(task, node, lanes, ndim):
    """cuda.gridsize(n): how many threads the grid has along each of n dimensions."""
    g = task.block.geometry
    size = tuple(np.int64(g.grid[d] * g.block[d]) for d in range(_dimensions(task, node, lanes, ndim)))
    return size[0] if len(size) == 1 else size


def _dimensions(task, node, lanes, number):
    written = (*node.args, *(k.value for k in node.keywords))[0]
    if isinstance(number, np.integer) and number in (1, 2, 3) and subset.constant_shape(written, task.frame.function):
        return int(number)
    task.refuse("cuda.grid and cuda.gridsize take 1, 2 or 3, the number of dimensions, as a plain constant", node, lanes)


def shared_array(task, node, lanes, shape, dtype, alignment=None):
    """cuda.shared.array(shape, dtype): one array for the block. shape 0: the memory that the launch asked for."""
    block = task.block
    _check_alignment(task, node, lanes, alignment)
    if id(node) in block.shared:
        return block.shared[id(node)]
    name = task.naming or "the shared array"
    shape, dtype = _shape_and_type(task, node, lanes, shape, dtype)
    line = (task.frame.function, node.lineno)
    if line in block.lines:
        who = f"{block.lines[line]} and {name} are two shared arrays made" if task.naming else "two shared arrays are made"
        task.fault("two-allocations", f"{who} on one line, and Numba's simulator, which tells them apart by their line, gives both the same "
                   "memory; make each on a line of its own.",
                   node, lanes.first(), array=name)
    block.lines.setdefault(line, name)
    block.shared_bytes += task.launch.shared_bytes * (block.dynamic is None) if shape == (0,) else math.prod(shape) * dtype.itemsize
    if block.shared_bytes > SHARED_BYTES:
        task.stop("shared-memory", f"the block asks for {block.shared_bytes:,} bytes of shared memory, but a block has "
                  f"{SHARED_BYTES:,} (48 KiB); use smaller tiles or a smaller type", node, lanes)
    if shape == (0,):
        buffer = _dynamic(task, dtype, name)
        shape = (buffer.data.size,)
    else:
        buffer = Buffer.fresh(math.prod(shape), dtype, name, "shared")
    block.shared[id(node)] = View(buffer, 0, shape, row_major(shape), name)
    return block.shared[id(node)]


def _dynamic(task, dtype, name):
    """The block's dynamic shared memory, which every array of shape 0 shares. It is given when the kernel is launched.

    Arrays of different types know of one another's writes, and those whose elements are of one size of one another's races.
    """
    block = task.block
    if block.dynamic is None:
        block.dynamic = {}
        block.dynamic_bytes = np.full(task.launch.shared_bytes // 16 * 16 + 16, 0xCD, np.uint8)
        block.dynamic_written, block.dynamic_shadows = np.zeros(block.dynamic_bytes.size, bool), {}
    if dtype not in block.dynamic:
        data = block.dynamic_bytes.view(dtype)[:task.launch.shared_bytes // dtype.itemsize]
        written = block.dynamic_written.reshape(-1, dtype.itemsize)[:data.size]     # a bool for every byte
        buffer = block.dynamic[dtype] = Buffer(data, name, "shared", written)
        buffer.shadow = block.dynamic_shadows.setdefault(dtype.itemsize, Shadow(buffer, block.geometry.threads))
    return block.dynamic[dtype]


def local_array(task, node, lanes, shape, dtype, alignment=None):
    """cuda.local.array(shape, dtype): an array of each thread's own."""
    block = task.block
    _check_alignment(task, node, lanes, alignment)
    if id(node) not in block.local:
        shape, dtype = _shape_and_type(task, node, lanes, shape, dtype)
        size, threads = math.prod(shape), block.geometry.threads
        if not size:
            task.refuse("a local array has one element or more; only cuda.shared.array(0, ...), the memory of the launch, may be of 0", node, lanes)
        if size * dtype.itemsize > LOCAL_BYTES:
            task.refuse(f"a thread asks for {size * dtype.itemsize:,} bytes in one array, but it has {LOCAL_BYTES:,} (512 KiB) "
                        "of local memory; pass an array to the kernel instead", node, lanes)
        name = task.naming or "the local array"
        buffer = Buffer.fresh(size * threads, dtype, name, "local")
        block.local[id(node)] = View(buffer, block.geometry.lane * size, shape, row_major(shape), name)
    made = task.frame.made.get(id(node), lanes.none())
    new = lanes.without(made)
    if new.count:
        _forget(block.local[id(node)], new)
        task.frame.made[id(node)] = made.join(new)
    return block.local[id(node)]


def _forget(view, lanes):
    """A call begins with a local array that it has not written, whatever the last call left there."""
    addresses = (view.offset[lanes.index][:, None] + np.arange(view.size)).ravel()
    view.buffer.data[addresses] = garbage(1, view.dtype)
    view.buffer.written[addresses] = False


def _check_alignment(task, node, lanes, alignment):
    """Where an array begins changes no result here; Numba takes a power of two that is a multiple of a pointer's 8 bytes."""
    if alignment is not None and not (isinstance(alignment, np.integer) and alignment >= 8 and alignment & (alignment - 1) == 0):
        task.refuse(f"alignment has to be 8, 16, 32 or another power of two from there, not {alignment!r}", node, lanes)


def _shape_and_type(task, node, lanes, shape, dtype):
    expression = node.args[0] if node.args else next(k.value for k in node.keywords if k.arg == "shape")
    sizes = shape if isinstance(shape, tuple) else (shape,)
    if not subset.constant_shape(expression, task.frame.function):
        task.refuse(f"Numba wants the size of this array as a plain constant, not {task.text(expression)}; give it a name "
                    "above the kernel, such as SIZE = 16, and write that", node, lanes)
    if not all(isinstance(n, np.integer) and n >= 0 for n in sizes):
        task.refuse("the size of an array has to be an integer or a tuple of them", node, lanes)
    try:
        if any(dtype is python for python in (bool, int, float, complex)) or np.dtype(dtype) not in _ELEMENTS:
            raise TypeError("Numba knows no size for Python's own types, and a GPU no text, dates or records in such an array")
        return tuple(int(n) for n in sizes), np.dtype(dtype)
    except (TypeError, ValueError):
        what = repr(dtype) if isinstance(dtype, (str, type)) else task.describe(dtype)
        task.refuse(f"the type of the array has to be a type such as np.float32, not {what}", node, lanes)


def const_array(task, node, lanes, array):
    """cuda.const.array_like(array): an array from outside the kernel, as constant memory. Any other array Numba leaves where it is."""
    if not isinstance(array, View):
        task.refuse(f"cuda.const.array_like takes a NumPy array defined outside the kernel, not {task.describe(array)}", node, lanes)
    if array.buffer.space != "constant":
        task.warn("constant", f"{array.name} stays in {array.buffer.space} memory: only a NumPy array defined outside the kernel, which is known "
                  "when it is compiled, becomes constant memory.", node)
    return array


def syncthreads(task, node, lanes):
    task.barrier(node, lanes)


def _block_vote(name, gather):
    def vote(task, node, lanes, predicate):
        if predicate.dtype.kind not in "iu":
            task.refuse(f"cuda.{name} takes an integer, and numba-cuda compiles none for a {predicate.dtype}: write 1 if ... else 0, or int32(...)",
                        node, lanes)
        condition = truth(predicate)
        task.block.predicate[lanes.index] = condition[lanes.index] if np.ndim(condition) else condition
        task.barrier(node, lanes)
        result = np.int32(gather(task.block.predicate))
        if len(task.block.tasks) > 1:       # the next vote must not overwrite what a slower thread still has to read
            task.barrier(node, lanes)
        return result
    return vote


def grid_sync(task, node, lanes):
    """cuda.cg.this_grid().sync(): a barrier for every thread of every block."""
    task.barrier(node, lanes)
    task.wait("grid", node, lanes)


def fence(task, node, lanes):
    """The emulator's threads see every write at once."""


def nanosleep(task, node, lanes, ns):
    """A pause."""


def popc(task, node, lanes, x):
    return cast(np.bitwise_count(x.astype(np.dtype(f"u{x.dtype.itemsize}"))), x.dtype)


def clz(task, node, lanes, x):
    """Zero bits before the first one."""
    bits, left = x.dtype.itemsize * 8, _unsigned(x)
    length = sum((left >> _unsigned(np.int64(k)).astype(left.dtype) != 0).astype(np.int64) for k in range(bits))
    return cast(bits - length, x.dtype)


def ffs(task, node, lanes, x):
    """Place of the lowest one bit, counted from 1; 0 where there is none."""
    if x.dtype.itemsize < 4:
        task.refuse(f"cuda.ffs takes integers of 32 or 64 bits, not {x.dtype}; convert it with np.int32(...)", node, lanes)
    lowest = _unsigned(x) & (~_unsigned(x) + _unsigned(x).dtype.type(1))
    return cast(np.where(lowest == 0, 0, np.bitwise_count(lowest - lowest.dtype.type(1)) + 1)[()].astype(np.uint32), np.dtype(np.uint32))


def brev(task, node, lanes, x):
    """The bits in reverse order: 64 of a uint64, else 32."""
    x = x if x.dtype == np.uint64 else cast(x, np.dtype(np.uint32))
    left, result = _unsigned(x), _unsigned(x) * 0
    one = left.dtype.type(1)
    for _ in range(x.dtype.itemsize * 8):
        result = (result << one) | (left & one)
        left = left >> one
    return cast(result, x.dtype)


def _unsigned(x):
    return x.astype(np.dtype(f"u{max(4, x.dtype.itemsize)}"))


def fma(task, node, lanes, x, y, z, /):
    """x * y + z, rounded once for float32 (almost always: the sum is taken in float64)."""
    dtype = np.result_type(x, y, z)
    if widens(np.result_type(x, y), z.dtype) or widens(x.dtype, y.dtype):
        task.warn_float64(node, tuple(zip((x, y, z), node.args, strict=True)))
    return cast(x.astype(np.float64) * y.astype(np.float64) + z.astype(np.float64), dtype)


def selp(task, node, lanes, condition, yes, no):
    if condition.dtype.kind != "b" or yes.dtype != no.dtype or yes.dtype.kind not in "iuf" or yes.dtype.itemsize < 2:
        task.refuse(f"cuda.selp takes a bool and two numbers of one type, of 16 bits or more, not {condition.dtype}, {yes.dtype} and {no.dtype}; "
                    "write yes if condition else no", node, lanes)
    condition = truth(condition)
    return select(condition, yes, no) if np.ndim(condition) else yes if condition else no


def cbrt(task, node, lanes, x):
    return np.cbrt(x if x.dtype.kind == "f" else x.astype(np.float64))


CALLS = {
    "grid": grid, "gridsize": gridsize, "shared.array": shared_array, "local.array": local_array, "const.array_like": const_array,
    "syncthreads": syncthreads, "syncthreads_count": _block_vote("syncthreads_count", np.count_nonzero),
    "syncthreads_and": _block_vote("syncthreads_and", np.all), "syncthreads_or": _block_vote("syncthreads_or", np.any),
    "cg.this_grid": lambda task, node, lanes: Intrinsic("grid_group"), "grid_group.sync": grid_sync,
    "threadfence": fence, "threadfence_block": fence, "threadfence_system": fence, "nanosleep": nanosleep,
    "popc": popc, "clz": clz, "ffs": ffs, "brev": brev, "fma": fma, "selp": selp, "cbrt": cbrt,
    **warp.CALLS, **atomics.CALLS,
}
