"""The memory that a kernel sees: buffers of elements, and views that say where an array's elements lie in one.

Addresses are numbers of elements from a buffer's start. A view's offset may differ from thread to thread: a row `a[i]`, or
an array of the threads' own (`cuda.local.array`), which is one buffer with a part for every thread.
"""

import itertools

import numpy as np

ALLOWED_KINDS = "biufc"


class Buffer:
    """Elements in a row. space: "global", "shared", "local" or "constant".

    written      (size,) bool, or None where all are; (size, bytes of an element) where arrays of other types share the memory
    shadow, use  the running launch's notes: who touched what (races.py), and how often, by the array's name (counters.py)
    arrays       the kernel's arguments that lie in it, as Views by name
    """

    _numbers = itertools.count()

    def __init__(self, data, name, space, written=None, read_only=False):
        self.number = next(self._numbers)
        self.data = data
        self.space = space
        self.written = written
        self.read_only = read_only
        self.begin(name)

    def begin(self, name):
        """A launch that knows this memory by `name` starts."""
        self.name, self.shadow, self.use, self.arrays = name, None, {}, {}

    @classmethod
    def fresh(cls, size, dtype, name, space):
        """Memory that nothing has written: NaN, or a number that nobody would write."""
        return cls(garbage(size, dtype), name, space, written=np.zeros(size, bool))


def garbage(size, dtype):
    """What uninitialized memory holds: NaN for floats, bytes of 0xCD otherwise, so that nobody mistakes it for a result."""
    array = np.empty(size, dtype)
    fill_with_garbage(array)
    return array


def fill_with_garbage(array):
    if array.dtype.kind in "fc":
        array.fill(np.nan)
    elif array.dtype.kind == "b":
        array.fill(True)
    else:
        array.view(np.uint8).fill(0xCD)


class View:
    """An array inside a kernel.

    offset          int, or (threads,) int64 where every thread has its own
    shape, strides  tuples of ints, in elements
    whole           the View that this is a part of, or None
    """

    __slots__ = ("buffer", "offset", "shape", "strides", "name", "whole")

    def __init__(self, buffer, offset, shape, strides, name, whole=None):
        self.buffer, self.offset, self.shape, self.strides, self.name, self.whole = buffer, offset, shape, strides, name, whole

    @property
    def array(self):
        """The name of the array that this is a part of."""
        return self.name.removesuffix("[...]")

    @property
    def dtype(self):
        return self.buffer.data.dtype

    @property
    def size(self):
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def ends(self):
        """The lowest address of its elements, and the one after the highest."""
        reach = [(n - 1) * step for n, step in zip(self.shape, self.strides, strict=True)]
        return self.offset + sum(r for r in reach if r < 0), self.offset + sum(r for r in reach if r > 0) + 1

    @property
    def contiguous(self):
        return self.strides == row_major(self.shape)

    def transposed(self):
        return View(self.buffer, self.offset, self.shape[::-1], self.strides[::-1], self.name)

    def reshaped(self, shape):
        if not self.contiguous:
            raise TypeError(f"{self.name} is not contiguous, so it cannot be reshaped without a copy")
        if -1 in shape:
            known = -int(np.prod(shape))
            shape = tuple(self.size // known if n == -1 and known > 0 else n for n in shape)
        if min(shape, default=0) < 0 or int(np.prod(shape)) != self.size:
            raise TypeError(f"{self.name} has {self.size} elements and cannot take the shape {shape}")
        return View(self.buffer, self.offset, shape, row_major(shape), self.name)


def row_major(shape):
    """Strides, in elements, of an array whose last index runs fastest."""
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return tuple(reversed(strides))


class GlobalMemory:
    """The host's arrays as buffers. Arrays that share memory share a buffer, so that a race between them is seen.

    An array whose elements do not lie in one piece is copied; `write_back` copies it back after the launch.
    """

    def __init__(self):
        self._buffers = {}
        self._copied, self._borrowed = [], []
        self._kept = []

    def view(self, array, name, space="global", known=None):
        """A View of a NumPy array. known: a Buffer that the array's owner has already (a device array's)."""
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        flat = owner.ravel(order="K")
        itemsize = array.dtype.itemsize
        steps = tuple(stride // itemsize for stride in array.strides)
        if owner.dtype != array.dtype or (address(array) - address(owner)) % itemsize or (owner.size and not np.may_share_memory(flat, owner)):
            flat = np.ascontiguousarray(array).ravel()
            if np.may_share_memory(flat, array):
                flat = flat.copy()
            self._copied.append((array, flat))
            return View(Buffer(flat, name, space, read_only=not array.flags.writeable), 0, array.shape, row_major(array.shape), name)
        if id(owner) not in self._buffers:
            self._buffers[id(owner)] = known or Buffer(flat, name, space, read_only=not array.flags.writeable)
            self._buffers[id(owner)].begin(name)
            self._kept.append(owner)
        buffer = self._buffers[id(owner)]
        start = (address(array) - address(owner)) // itemsize if array.size else 0
        buffer.arrays[name] = View(buffer, start, array.shape, steps, name)
        return buffer.arrays[name]

    def arrays(self):
        """The elements of all of it."""
        return [buffer.data for buffer in self._buffers.values()] + [flat for _, flat in self._copied]

    def borrowed(self, device_array):
        """The host's copy of another library's device array, which gets the values back after the launch."""
        host = device_array.copy_to_host()
        self._borrowed.append((device_array, host))
        return host

    def write_back(self):
        for array, flat in self._copied:
            if array.flags.writeable:
                array[...] = flat.reshape(array.shape)
        for device_array, host in self._borrowed:
            device_array.copy_to_device(host)


def address(array):
    return array.__array_interface__["data"][0]
