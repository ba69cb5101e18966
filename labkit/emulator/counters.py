"""What a launch did with memory, counted as the hardware counts.

A warp asks for memory at once. Global memory answers in sectors of 32 bytes: the fewer sectors for the same data, the
better (CUDA C++ Best Practices Guide, "Coalesced Access to Global Memory"). Shared memory has 32 banks of 4 bytes: threads
of a warp that want different words of one bank wait for one another (same guide, "Shared Memory and Memory Banks").
"""

from dataclasses import dataclass, field

import numpy as np

SECTOR_BYTES = 32
BANKS, BANK_BYTES = 32, 4
_REMEMBERED = 4096
_TOUCHES_KEPT = 65_536


@dataclass
class ArrayUse:
    """Counts for one array; reads, writes and atomics are of single elements by single threads.

    transactions        sectors of 32 bytes that warps asked for (global memory)
    ideal_transactions  sectors that would have held the same elements, packed
    requests            accesses by whole warps
    bank_conflicts      extra rounds that warps waited because of shared memory's banks
    first               address of its first element, in memory that it may share with other arrays
    touched             [(kind, threads counted through the grid, addresses from there)], for pictures; stops after 65,536 accesses
    """

    name: str
    space: str
    size: int
    shape: tuple = ()
    first: int = 0
    reads: int = 0
    writes: int = 0
    atomics: int = 0
    requests: int = 0
    transactions: int = 0
    ideal_transactions: int = 0
    bank_conflicts: int = 0
    touched: list = field(default_factory=list, repr=False)
    touched_all: bool = True

    @property
    def coalescing(self):
        """Share of the ideal: 1.0 is best. None where global memory was not touched."""
        return self.ideal_transactions / self.transactions if self.transactions else None


class Counters:
    """Counts for every array of a launch, by name."""

    def __init__(self):
        self.arrays = {}
        self._patterns = {}

    def note(self, kind, view, addresses, lanes, threads):
        """Count one access by the threads in `lanes`. kind: "reads", "writes" or "atomics"; addresses, threads : (lanes,)."""
        buffer = view.buffer
        use = buffer.use.get(view.array)
        if use is None:
            use = buffer.use[view.array] = self._use(view)
        setattr(use, kind, getattr(use, kind) + len(addresses))
        if buffer.space in ("global", "shared"):
            measure = sectors if buffer.space == "global" else banks
            requests, cost, ideal = self._measured(measure, addresses, lanes, buffer.data.itemsize)
            use.requests += requests
            if buffer.space == "global":
                use.transactions += cost
                use.ideal_transactions += ideal
            else:
                use.bank_conflicts += cost - ideal
            self._keep(use, kind, threads, addresses)

    def _use(self, view):
        """The counts that an array adds to: every block's shared array of one name has one, arrays of different kinds do not."""
        name, space = view.array, view.buffer.space
        if name in self.arrays and self.arrays[name].space != space:
            name = f"{name} ({space})"
        if name not in self.arrays:
            whole = view.buffer.arrays.get(view.array)
            first, end = whole.ends if whole else (0, view.buffer.data.size)
            shape = (whole or view).shape
            self.arrays[name] = ArrayUse(name, space, end - first, shape if np.prod(shape) == end - first else (end - first,), first)
        return self.arrays[name]

    def _keep(self, use, kind, threads, addresses):
        if use.touched_all and use.reads + use.writes + use.atomics <= _TOUCHES_KEPT:
            use.touched.append((kind, threads, addresses - use.first if use.first else addresses))
        else:
            use.touched_all = False

    def _measured(self, measure, addresses, lanes, itemsize):
        """The same pattern comes back in every turn of a loop, so its measure is remembered."""
        start = int(addresses[0])
        period = SECTOR_BYTES // itemsize or 1
        pattern = (measure, itemsize, start % period, (addresses - start).tobytes(), lanes.bits.tobytes())
        found = self._patterns.get(pattern)
        if found is None:
            if len(self._patterns) >= _REMEMBERED:
                self._patterns.clear()
            found = self._patterns[pattern] = measure(addresses, lanes.index // 32, itemsize)
        return found


def sectors(addresses, warps, itemsize):
    """(requests, sectors asked for, sectors that the same elements would fill if they lay together)."""
    requests = actual = ideal = 0
    for warp in np.unique(warps):
        elements = np.unique(addresses[warps == warp])
        first = elements * itemsize // SECTOR_BYTES
        last = (elements * itemsize + itemsize - 1) // SECTOR_BYTES
        requests += 1
        actual += len(np.union1d(first, last))
        ideal += -(-len(elements) * itemsize // SECTOR_BYTES)
    return requests, actual, ideal


def banks(addresses, warps, itemsize):
    """(requests, rounds needed, rounds without conflicts). Elements of 8 bytes are served to half a warp at a time."""
    requests = rounds = least = 0
    for warp in np.unique(warps):
        members = addresses[warps == warp]
        requests += 1
        for part in np.array_split(members, 2) if itemsize > BANK_BYTES and len(members) > 16 else [members]:
            words = np.unique(part * itemsize // BANK_BYTES)
            rounds += int(np.bincount(words % BANKS).max())
            least += 1
    return requests, rounds, least
