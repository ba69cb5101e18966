"""A variable that holds different things in different threads: one array here and another there, or None and a number.

    root = None
    if x > 0:
        root = math.sqrt(x)
    if root is not None:
        ...

Numbers need no such thing: they are one array with an element a thread. Wherever all threads that run hold the same thing, the
variable is that thing (see `within`); where they do not, its elements, its attributes and `is` are looked up part by part
(Task.each).
"""

from labkit.emulator.lanes import Lanes
from labkit.emulator.memory import View


class Mixed:
    """parts : [((threads,) bool, value)]; no thread is in two of them."""

    __slots__ = ("parts",)

    def __init__(self, parts):
        self.parts = parts

    @property
    def several_types(self):
        """Whether it is arrays of different types or dimensions, or tuples of different lengths: no one type for all paths."""
        arrays = {(part.dtype, len(part.shape)) for _, part in self.parts if isinstance(part, View)}
        return len(arrays) > 1 or len({len(part) for _, part in self.parts if isinstance(part, tuple)}) > 1

    @classmethod
    def of(cls, lanes, new, old, joined):
        """`new` in these lanes, `old` in the others. joined(lanes, new, old) : both as one value, or None where that cannot be."""
        parts = []
        for bits, value in (*_parts(new, lanes.bits), *_parts(old, ~lanes.bits)):
            for k, (there, other) in enumerate(parts):
                one = value if value is other else joined(Lanes(bits), value, other)
                if one is not None or value is other:
                    parts[k] = there | bits, one
                    break
            else:
                parts.append((bits, value))
        return cls(parts) if len(parts) > 1 else parts[0][1]


def _parts(value, bits):
    if not isinstance(value, Mixed):
        return [(bits, value)]
    return [(there & bits, part) for there, part in value.parts if (there & bits).any()]


def within(value, lanes):
    """What a variable is in these lanes: the one thing that all of them hold, else the Mixed."""
    if isinstance(value, Mixed):
        for bits, part in value.parts:
            if not (lanes.bits & ~bits).any():
                return part
    return value
