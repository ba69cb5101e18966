"""The host's side of `cuda`: memory on the device that does not exist, streams, events.

The memory comes from a pool as on a GPU (labkit/pool.py), within the same limit, and holds garbage when it is handed out.
"""

import time
import weakref
from contextlib import contextmanager

import numpy as np

from labkit import devices
from labkit.emulator.memory import Buffer, fill_with_garbage
from labkit.pool import Pool, limit, setting

POOL = Pool(bytearray, lambda handle: None, lambda: limit(setting(), devices.memory_bytes()))


def allocate(size, dtype, written):
    """A Buffer of memory from the pool, which gets it back when no array lies in it any more. written : whether the host fills it"""
    dtype = np.dtype(dtype)
    block = POOL.take(size * dtype.itemsize)
    flat = np.frombuffer(block.handle, dtype, size)
    fill_with_garbage(flat)
    buffer = Buffer(flat, "device array", "global", None if written else np.zeros(size, bool))
    weakref.finalize(buffer, POOL.give, block)
    return buffer


class DeviceMemory:
    """An array and the Buffer of the memory that it lies in, which remembers what has been written."""

    def __init__(self, array, buffer):
        self.array, self.buffer = array, buffer


class DeviceArray:
    """Memory on the emulated device. The host sees its values by `copy_to_host()`, as on a GPU."""

    def __init__(self, array, buffer):
        self.emulated = DeviceMemory(array, buffer)

    @property
    def _array(self):
        return self.emulated.array

    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype)
    size = property(lambda self: self._array.size)
    ndim = property(lambda self: self._array.ndim)
    strides = property(lambda self: self._array.strides)
    nbytes = property(lambda self: self._array.nbytes)
    itemsize = property(lambda self: self._array.itemsize)
    T = property(lambda self: self._part(self._array.T))

    def __len__(self):
        return len(self._array)

    def __repr__(self):
        return f"DeviceArray(shape={self.shape}, dtype={self.dtype}); copy_to_host() gives its values"

    def __array__(self, dtype=None, copy=None):
        return self._array.astype(dtype or self.dtype)

    def copy_to_host(self, ary=None, stream=0):
        """The values as a NumPy array, in `ary` where one is given."""
        _nothing_is_captured()
        if ary is None:
            return self._array.copy()
        if ary.shape != self.shape or ary.dtype != self.dtype:
            raise ValueError(f"the host's array is {ary.dtype} {ary.shape} but the device's is {self.dtype} {self.shape}; they "
                             "have to agree.")
        ary[...] = self._array
        return ary

    def copy_to_device(self, ary, stream=0):
        """Put the values of `ary`, an array of this shape, into this memory."""
        values = ary.copy_to_host() if isinstance(ary, DeviceArray) else np.asarray(ary)
        if values.shape != self.shape:
            raise ValueError(f"the array has shape {values.shape} but this device array has {self.shape}; they have to agree.")
        self._write(Ellipsis, values)

    def _write(self, where, values):
        _nothing_is_captured()
        self._array[where] = values
        written = self.emulated.buffer.written
        if written is not None:
            start = (self._array.__array_interface__["data"][0] - self.emulated.buffer.data.__array_interface__["data"][0])
            steps = tuple(s // self.itemsize for s in self.strides)
            index = np.full(self.shape, start // self.itemsize)
            for axis, (length, step) in enumerate(zip(self.shape, steps, strict=True)):
                index += (np.arange(length) * step).reshape((-1,) + (1,) * (self.ndim - axis - 1))
            written[index[where]] = True

    def _part(self, array):
        return DeviceArray(array, self.emulated.buffer)

    def __getitem__(self, index):
        found = self._array[index]
        return self._part(found) if isinstance(found, np.ndarray) else found

    def __setitem__(self, index, value):
        self._write(index, value.copy_to_host() if isinstance(value, DeviceArray) else value)

    def reshape(self, *shape, order="C"):
        return self._part(self._array.reshape(*shape, order=order))

    def ravel(self, order="C"):
        return self._part(self._array.reshape(-1, order=order))

    def transpose(self, axes=None):
        return self._part(self._array.transpose(axes))

    def view(self, dtype):
        return self._part(self._array.view(dtype))

    def is_c_contiguous(self):
        return self._array.flags.c_contiguous


def to_device(obj, stream=0, copy=True, to=None):
    """A copy of a NumPy array on the device."""
    if to is not None:
        to.copy_to_device(obj)
        return to
    _nothing_is_captured()
    values = obj.copy_to_host() if isinstance(obj, DeviceArray) else np.asarray(obj)
    there = _shaped(allocate(values.size, values.dtype, True), values.shape,
                    "F" if values.flags.f_contiguous and not values.flags.c_contiguous else "C")
    there._array[...] = values
    return there


def device_array(shape, dtype=np.float64, strides=None, order="C", stream=0):
    """Memory on the device that nothing has written yet. dtype is float64 where none is given, as in Numba."""
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    return _shaped(allocate(int(np.prod(shape)), dtype, False), shape, order)


def _shaped(buffer, shape, order):
    return DeviceArray(buffer.data.reshape(shape, order=order), buffer)


def device_array_like(ary, stream=0):
    return device_array(ary.shape, ary.dtype)


def host_array(shape, dtype=np.float64, strides=None, order="C", stream=0, **_):
    """Memory of the host, for `pinned_array`, `mapped_array` and `managed_array`: here they are all the same."""
    return np.empty(shape, dtype, order)


def host_array_like(ary):
    return np.empty_like(ary)


@contextmanager
def pinned(*arrays, stream=0):
    """`with cuda.pinned(a):` keeps a GPU's copies of these arrays fast; here it changes nothing."""
    yield


@contextmanager
def mapped(*arrays, stream=0):
    """`with cuda.mapped(a) as there:` lends the host's memory to kernels: here, the arrays themselves."""
    yield arrays[0] if len(arrays) == 1 else list(arrays)


def only_read(ary):
    """`kernel[...](cuda.In(a))`: the kernel gets a copy, which does not come back."""
    return np.array(ary)


def brought_back(ary):
    """`cuda.Out(a)` and `cuda.InOut(a)`: the kernel's values come back into the array, as they do without it."""
    return ary


class Stream:
    """Work in order. The emulator does everything at once, so there is never anything to wait for.

    While it is captured, launches on it are recorded and not carried out; nothing may be copied meanwhile, as on a GPU.
    """

    captured = 0            # streams being captured
    launches = None         # of this one, while it is

    def begin_capture(self):
        self.launches, self._buffers = [], {}
        Stream.captured += 1

    def record(self, launch, arguments):
        self.launches.append((launch, [_address(a, self._buffers) for a in arguments]))

    def end_capture(self):
        """What was recorded, as a Graph."""
        launches, self.launches = self.launches, None
        Stream.captured -= 1
        return Graph(launches)

    def synchronize(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    auto_synchronize = __enter__


class Graph:
    """Recorded launches. `launch()` carries them out, on the same memory, whoever has it by then: a graph knows addresses only."""

    def __init__(self, launches):
        self._launches = launches

    def launch(self):
        for start, arguments in self._launches:
            start(*arguments)


def _address(argument, buffers):
    """The same memory for an array, without a hold on it."""
    if not isinstance(argument, DeviceArray):
        return argument
    data = argument.emulated.buffer.data
    return DeviceArray(argument._array, buffers.setdefault(id(data), Buffer(data, "device array", "global")))


def _nothing_is_captured():
    if Stream.captured:
        raise RuntimeError("memory cannot be copied while a stream is captured: copies would not be repeated with its kernels.")


class Event:
    """A moment in time."""

    def __init__(self, timing=True):
        self.at = None

    def record(self, stream=0):
        self.at = time.perf_counter()

    def synchronize(self):
        pass

    def wait(self, stream=0):
        pass

    def query(self):
        """True: what came before is done."""
        return True

    def elapsed_time(self, other):
        """Milliseconds from this event to another."""
        return 1000 * (other.at - self.at)


class Device:
    """What programs ask a GPU about itself."""

    name = b"labkit's emulator"
    id = 0
    compute_capability = (9, 0)
    WARP_SIZE = 32
    MAX_THREADS_PER_BLOCK = 1024
    MAX_BLOCK_DIM_X, MAX_BLOCK_DIM_Y, MAX_BLOCK_DIM_Z = 1024, 1024, 64
    MAX_GRID_DIM_X, MAX_GRID_DIM_Y, MAX_GRID_DIM_Z = 2**31 - 1, 65535, 65535
    MAX_SHARED_MEMORY_PER_BLOCK = 48 * 1024
    MULTIPROCESSOR_COUNT = 1
