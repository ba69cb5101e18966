"""Which threads of a block take part in a step.

The emulator runs a block the way a GPU runs a warp: one statement at a time, for every thread at once. A value is either
uniform (a NumPy scalar, the same in every thread) or an array with one element a thread. Where threads part ways, in an
`if` or a loop, a statement runs for some of them only: these are its lanes.
"""

import numpy as np


class Lanes:
    """A set of threads. bits : (threads of the block,) bool."""

    __slots__ = ("bits", "count", "_index")

    def __init__(self, bits, count=None):
        self.bits = bits
        self.count = int(np.count_nonzero(bits)) if count is None else count
        self._index = None

    @classmethod
    def of(cls, threads, index):
        """The threads in `index` of a block of so many."""
        bits = np.zeros(threads, bool)
        bits[index] = True
        return cls(bits)

    @property
    def full(self):
        return self.count == len(self.bits)

    @property
    def index(self):
        """Their numbers within the block, in order."""
        if self._index is None:
            self._index = np.flatnonzero(self.bits)
        return self._index

    def where(self, condition):
        """Those for which `condition` holds: a bool for all of them, or one a thread."""
        if not np.ndim(condition):
            return self if condition else self.none()
        return self._keep(self.bits & condition)

    def unless(self, condition):
        return self.where(~condition if np.ndim(condition) else not condition)

    def without(self, other):
        return self._keep(self.bits & ~other.bits) if other.count else self

    def join(self, other):
        if not other.count or not self.count:
            return self if not other.count else other
        return Lanes(self.bits | other.bits)

    def none(self):
        return Lanes(np.zeros(len(self.bits), bool), 0)

    def _keep(self, bits):
        kept = Lanes(bits)
        return self if kept.count == self.count else kept

    def first(self, condition=True):
        """The first of these threads for which the condition holds."""
        return int(np.argmax(self.bits & condition))


def truth(value):
    """A value as a condition: a bool where it is uniform, else an array of bool."""
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind == "b" else value != 0
    return bool(value)
