"""Races: two threads touch one address, at least one of them writes, and nothing says which comes first.

Every access gets a time: the number of memory accesses before it. For every address the last accesses are remembered, each
as one number, time * 2**32 + thread: the last write, and of the reads and of the atomics the last one, the last one by
another thread and the last one by another warp, so that another's access is known whoever comes next. In global memory the first read and atomic
since the grid's last barrier stay too: blocks run one after another here, so they tell whether an earlier block touched the address. A new access
is ordered after an older one

- by the same thread,
- by a thread of the same block before the block's last barrier, or of the same warp before the last `syncwarp` of the two,
- or before an atomic operation from which a chain of atomics on common addresses and of barriers leads here: the way in
  which the block that finishes last learns that the others have. Only an atomic whose old value is looked at teaches.

Everything else is a race; two atomics never are. Several threads that write the same value to one address get a warning and
no fault: whichever write lands last, the result is the same.
"""

import itertools
from typing import NamedTuple

import numpy as np

_THREAD = np.int64(2**32 - 1)
_MOST_WAITING = 100_000


class Conflict(NamedTuple):
    """Two accesses that nothing orders: one of the running block's, now, and an older one."""

    lane: int               # thread of the running block
    address: int
    other_thread: int       # counted through the grid
    other_time: int
    what: str               # "reads", "writes" or "atomics": what the other thread does


class Shadow:
    """Who touched each address of a buffer last. Tables are made when they are needed.

    Reads wait in a list until something writes: most are never asked about, because a barrier comes first.
    threads : of a block
    """

    def __init__(self, buffer, threads):
        self.size, self.threads = buffer.data.size, threads
        self.crosses_blocks = buffer.space == "global"
        self.tables = {}
        self._reads, self._waiting = [], 0

    def note_read(self, addresses, threads, time, block, floor):
        self._reads.append((addresses, threads, time))
        self._waiting += len(addresses)
        if self._waiting > _MOST_WAITING:
            self.settle(block, floor)

    def settle(self, block, floor):
        """Put the reads that wait into the table, but for those that the block's barrier has ordered."""
        for addresses, threads, time in self._reads:
            if self.crosses_blocks or time > block.barrier_time:
                self.note("reads", addresses, (time << 32) + threads, floor)
        self._reads.clear()
        self._waiting = 0

    def note_write(self, addresses, keys):
        """Remember these writes. Returns the keys that stay: of two writes to one address, the last thread's."""
        table = self._table("writes", 1)[0]
        table[addresses] = keys
        return table[addresses]

    def note(self, what, addresses, keys, floor):
        """Remember reads or atomics: (last, last by another thread, by another warp, first since `floor`). Several may share an address."""
        table = self._table(what, 3 + self.crosses_blocks)
        before = table[0][addresses]
        table[0][addresses[::-1]] = keys[::-1]
        first = table[0][addresses]
        table[0][addresses] = keys
        last = table[0][addresses]
        for row, who in ((1, self._thread), (2, self._warp)):
            other = np.where(who(before) != who(last), before, table[row][addresses])
            table[row][addresses] = np.where(who(first) != who(last), first, other)
        if self.crosses_blocks:
            earliest = table[3][addresses]
            table[3][addresses] = np.where(earliest > floor, earliest, last)

    def _thread(self, keys):
        return keys & _THREAD

    def _warp(self, keys):
        """The warps' first threads, counted through the grid."""
        thread = keys & _THREAD
        return thread - thread % self.threads % 32

    def _table(self, what, rows):
        if what not in self.tables:
            self.tables[what] = np.zeros((rows, self.size), np.int64)
        return self.tables[what]


class RaceDetector:
    """Watches one launch of `blocks` blocks of `threads` threads."""

    def __init__(self, blocks, threads):
        self.blocks, self.threads = blocks, threads
        self.time = 0
        self._floor = np.int64(0)
        self._log = []          # barriers (time, block, None, False) and atomics (time, threads, place, learns)
        self._has_atomics = False
        self._known = {}

    def barrier(self, block):
        block.barrier_time = self.time
        self._log.append((self.time, block.number, None, False))

    def grid_barrier(self):
        """Whatever came before comes before everything from here on."""
        self._floor = (self.time << 32) + _THREAD

    def read(self, buffer, addresses, block, threads):
        """Note reads by `threads` (counted through the grid), one an address. Returns a Conflict or None."""
        shadow = self._begin(buffer)
        found = self._against(shadow, ("writes", "atomics"), addresses, block, threads)
        shadow.note_read(addresses, threads, self.time, block, self._floor)
        return found

    def atomic(self, buffer, addresses, block, threads, learns):
        """Note atomic operations. Returns a Conflict with a plain access, or None.

        learns: whether the kernel looks at the old value. One that does not cannot know who came before it.
        """
        shadow = self._begin(buffer)
        found = self._against(shadow, ("writes", "reads"), addresses, block, threads)
        shadow.note("atomics", addresses, (self.time << 32) + threads, self._floor)
        self._log.append((self.time, threads, (buffer.number, addresses), learns))
        self._has_atomics = True
        return found

    def write(self, buffer, addresses, block, threads, values):
        """Note writes and do them. Returns (Conflict or None, the same for threads that raced to write the same value)."""
        shadow = self._begin(buffer)
        found = self._against(shadow, ("reads", "atomics"), addresses, block, threads)
        keys = (self.time << 32) + threads
        earlier = self._last_writes(shadow, addresses)
        racing = self._unordered(earlier, shadow, block, threads)
        differs = racing & ~_equal(buffer.data[addresses], values)
        landed = shadow.note_write(addresses, keys)
        buffer.data[addresses] = values
        lost = landed != keys
        if not (racing.any() or lost.any()):
            return found, None
        found = found or self._conflict(differs, earlier, addresses, threads, "writes")
        differs = lost & ~_equal(buffer.data[addresses], values)
        found = found or self._conflict(differs, landed, addresses, threads, "writes")
        return found, None if found else self._conflict(racing | lost, np.where(lost, landed, earlier), addresses, threads, "writes")

    def _begin(self, buffer):
        self.time += 1
        if buffer.shadow is None:
            buffer.shadow = Shadow(buffer, self.threads)
        return buffer.shadow

    def _last_writes(self, shadow, addresses):
        table = shadow.tables.get("writes")
        return np.zeros(len(addresses), np.int64) if table is None else table[0][addresses]

    def _against(self, shadow, kinds, addresses, block, threads):
        if "reads" in kinds:
            shadow.settle(block, self._floor)
        for what in kinds:
            for row in shadow.tables.get(what, ()):
                keys = row[addresses]
                unordered = self._unordered(keys, shadow, block, threads)
                if unordered.any():
                    return self._conflict(unordered, keys, addresses, threads, what)
        return None

    def _unordered(self, keys, shadow, block, threads):
        """Which of these older accesses are another thread's with nothing to order them before this one."""
        barrier = (block.barrier_time << 32) + _THREAD
        unordered = keys > (self._floor if shadow.crosses_blocks else max(barrier, self._floor))
        if not unordered.any():
            return unordered
        thread = keys & _THREAD
        unordered &= thread != threads
        same_block = thread // self.threads == block.number
        unordered &= ~(same_block & (keys <= barrier))
        if block.warp_time is not None:
            lane, other = threads % self.threads, thread % self.threads
            same_warp = same_block & (other // 32 == lane // 32)
            unordered &= ~(same_warp & (keys >> 32 <= block.warp_time[lane, other % 32]))
        if self._has_atomics and unordered.any():
            unordered &= keys >> 32 > self._after_barrier(block)[thread]
            for i in np.flatnonzero(unordered):
                if keys[i] >> 32 > self._after_atomics(int(threads[i]), block)[thread[i]]:
                    return np.arange(len(keys)) == i        # one is enough
                unordered[i] = False
        return unordered

    def _conflict(self, unordered, keys, addresses, threads, what):
        if not unordered.any():
            return None
        i = int(np.argmax(unordered))
        return Conflict(int(threads[i]) % self.threads, int(addresses[i]), int(keys[i] & _THREAD), int(keys[i] >> 32), what)

    def _after_barrier(self, block):
        """What every thread of a block knows since its last barrier: see _spread."""
        key = (block.number, block.barrier_time)
        if key not in self._known:
            self._known = {key: self._spread(slice(block.number * self.threads, (block.number + 1) * self.threads), block.barrier_time)}
        return self._known[key]

    def _after_atomics(self, thread, block):
        """What one thread knows now, from its own atomics since that barrier too."""
        recent = itertools.takewhile(lambda entry: entry[0] > block.barrier_time, reversed(self._log))
        if not any(learns and thread in who for _, who, _, learns in recent):
            return self._after_barrier(block)
        key = (thread, len(self._log))
        if key not in self._known:
            self._known[key] = self._spread(thread, self.time)
        return self._known[key]

    def _spread(self, who, now):
        """(threads of the grid,): up to which time each thread's accesses come before what `who` did at the time `now`.

        Read backwards, the log spreads this knowledge: over a barrier to every thread of its block, over an atomic whose old
        value the kernel looks at to the threads that did an atomic on the same address before.
        """
        known = np.zeros(self.blocks * self.threads, np.int64)
        known[who] = now
        acquired = set()
        for time, who, place, learns in reversed(self._log):
            if time > now:
                continue
            if place is None:
                members = known[who * self.threads:(who + 1) * self.threads]
                if members.max() >= time:
                    np.maximum(members, time, out=members)
                continue
            number, addresses = place
            for thread, address in zip(who[::-1].tolist(), addresses[::-1].tolist(), strict=True):     # they took turns in order
                if known[thread] < time and (number, address) in acquired:
                    known[thread] = time
                if known[thread] >= time and learns:
                    acquired.add((number, address))
        return known


def _equal(a, b):
    """Element by element; a NaN equals a NaN."""
    return (a == b) | ((a != a) & (b != b))
