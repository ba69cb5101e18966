"""A pool of device memory: what one array gave back, the next one of about that size gets, without asking the driver.

Asking costs: the driver's allocation takes as long as several kernels, and its release waits until the GPU has nothing to do.
A training step takes and gives back the same sizes again and again, so after the first step it asks no more.

What a process takes in all, in use and kept for reuse, stays below a limit that an operator can set, since a GPU is often
shared: LABKIT_GPU_MEMORY="4 GiB", or "25%" of the GPU's memory. `labkit.devices.free()` gives back what is kept.

When a block may be used again. The host lets go of an array when the kernels on it are started, not when they have finished.
The next array in that block is written by work that is started later, and work on CUDA's default stream runs in the order in which
it was started, so nothing is overwritten too soon. The one other stream that labkit uses, for captured steps, waits for the
default stream and lets it wait (a "blocking" stream), so that the same holds across both. A program that makes streams of its own
breaks that order: then `before_reuse` has to wait for the GPU, which `labkit.memory` sees to.
"""

import gc
import os
import re
import threading
import weakref
from collections import defaultdict
from contextlib import contextmanager

SMALLEST = 512                      # bytes; a GPU hands out no less
COARSEST = 16 * 2**20               # bytes between the sizes of large blocks
UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
SHARE = 0.9                         # of the GPU's memory where nothing is set: the compiler and the libraries need some too

pools = weakref.WeakSet()           # every pool of this process


class Block:
    """Memory of the device. handle : as the driver names it; size : bytes; shelf : where it lies when nobody uses it"""

    __slots__ = ("handle", "size", "shelf")

    def __init__(self, handle, size):
        self.handle, self.size, self.shelf = handle, size, None


class Shelf:
    """Blocks that nobody uses, by size. A closed shelf takes none back: they go to the driver instead."""

    def __init__(self):
        self.blocks = defaultdict(list)
        self.closed = False


class Pool:
    """Blocks of memory, kept and handed out again.

    allocate : function (bytes) -> handle, which raises MemoryError where there is no more
    release  : function (handle)
    limit    : function () -> bytes that all blocks may take together
    before_reuse : called before a block is handed out again
    """

    def __init__(self, allocate, release, limit, before_reuse=lambda: None):
        self._allocate, self._release, self._limit, self._before_reuse = allocate, release, limit, before_reuse
        self._common, self._private = Shelf(), threading.local()
        self._lock, self._captures, self._late = threading.RLock(), 0, []
        self.taken = 0              # bytes that the driver has given, in use or kept
        pools.add(self)

    @property
    def kept(self):
        """Bytes on the common shelf, for reuse."""
        return sum(size * len(blocks) for size, blocks in self._common.blocks.items())

    def take(self, size):
        """A Block of at least so many bytes. Raises MemoryError, with the way out, where there is no room even after tidying up."""
        size, shelf = size_class(size), getattr(self._private, "shelf", None) or self._common
        try:
            block = shelf.blocks[size].pop()
        except IndexError:
            block = self._new(size)
        else:
            self._before_reuse()
        block.shelf = shelf
        return block

    def give(self, block):
        """Take a block back: for reuse, or for the driver where its shelf was closed meanwhile."""
        if block.shelf.closed:
            self._return(block)
        else:
            block.shelf.blocks[block.size].append(block)

    def free(self):
        """Give every block that is kept back to the driver, and those still in use when they are let go. Returns the bytes given back."""
        before, shelf = self.taken, self._common
        self._common = Shelf()
        self.close(shelf)
        return before - self.taken

    def close(self, shelf):
        """Give a shelf's blocks back to the driver, and those that came from it when they are let go."""
        shelf.closed = True
        for blocks in shelf.blocks.values():
            while blocks:
                self._return(blocks.pop())

    @contextmanager
    def private(self, shelf):
        """For this thread, take from a shelf of its own: for what a CUDA graph captures, which writes to the same addresses at
        every replay, whoever else has them by then. The driver gets nothing back meanwhile, as its release would spoil the capture."""
        before = getattr(self._private, "shelf", None)
        self._private.shelf = shelf
        with self._lock:
            self._captures += 1
        try:
            yield
        finally:
            self._private.shelf = before
            with self._lock:
                self._captures -= 1
            while self._late and not self._captures:
                self._return(self._late.pop())

    def _new(self, size):
        try:
            return self._within_limit(size)
        except MemoryError:
            gc.collect()                    # an array in a cycle of references, such as an error's, is let go of only now
            self.free()
        try:
            return self._within_limit(size)
        except MemoryError:
            most = self._limit()
            if self.taken + size > most:
                rest = (f"may take {in_words(most)}. Use a smaller batch or fewer networks, or set LABKIT_GPU_MEMORY higher before starting "
                        "this notebook.")
            else:
                rest = "others have the rest. Use a smaller batch or fewer networks, or close other notebooks that use the GPU."
            raise MemoryError(
                f"There is no room on the GPU for {in_words(size)} more: this process has {in_words(self.taken)} in use and {rest}") from None

    def _within_limit(self, size):
        with self._lock:
            if self.taken + size > self._limit():
                raise MemoryError
            block = Block(self._allocate(size), size)
            self.taken += size
        return block

    def _return(self, block):
        if self._captures:
            self._late.append(block)
            return
        with self._lock:
            self._release(block.handle)
            self.taken -= block.size


def size_class(size):
    """The size of block for so many bytes: four sizes between one power of two and the next, at most a quarter too large."""
    if size <= SMALLEST:
        return SMALLEST
    step = min(2 ** ((size - 1).bit_length() - 3), COARSEST)
    return -(-size // step) * step


def setting():
    """What somebody has set as the limit, or an empty text."""
    return os.environ.get("LABKIT_GPU_MEMORY", "")


def limit(setting, total):
    """The bytes that a setting such as "4 GiB", "500 MB", "25%" or "0.25" allows of `total`; 90% where it is empty."""
    if not setting.strip():
        return int(SHARE * total)
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(%|[KMG]?i?B)?\s*", setting, re.IGNORECASE)
    number, unit = (float(found[1]), (found[2] or "").upper()) if found else (0.0, "")
    share = number / 100 if unit == "%" else number if unit == "" and number <= 1 else None
    size = int(share * total if share is not None else number * UNITS.get(unit, 0))
    if size < SMALLEST or share is not None and share > 1:
        raise ValueError(f'LABKIT_GPU_MEMORY is {setting!r} but has to be an amount such as "4 GiB" or a share such as "25%"; unset it to '
                         f"allow {SHARE:.0%} of the GPU.")
    return min(size, total)


def in_words(size):
    """Bytes in GiB, MiB or KiB."""
    unit = next((unit for unit in ("GiB", "MiB") if size >= UNITS[unit.upper()]), "KiB")
    return f"{size / UNITS[unit.upper()]:,.1f} {unit}"
