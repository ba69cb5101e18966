"""A block of threads: its place in the grid, its shared memory, its barrier."""

import numpy as np

from labkit.emulator.faults import threads_as_text
from labkit.emulator.lanes import Lanes

WARP = 32


class Geometry:
    """Grid and block of a launch, as (x, y, z), and the place of each thread in its block. lane arrays : (threads,)."""

    def __init__(self, grid, block):
        self.grid, self.block = grid, block
        self.blocks, self.threads = int(np.prod(grid)), int(np.prod(block))
        self.lane = np.arange(self.threads)
        x, y, z = self.lane % block[0], self.lane // block[0] % block[1], self.lane // (block[0] * block[1])
        self.thread = tuple(v.astype(np.int32) for v in (x, y, z))
        self.lane_in_warp = (self.lane % WARP).astype(np.int32)
        self.warp_start = self.lane // WARP * WARP

    def block_at(self, number):
        """(x, y, z) of a block, counted through the grid."""
        return number % self.grid[0], number // self.grid[0] % self.grid[1], number // (self.grid[0] * self.grid[1])

    def thread_at(self, lane):
        return tuple(int(v[lane]) for v in self.thread)

    def who(self, block, lane):
        """`thread 5 of block 2`."""
        thread = threads_as_text(self.thread_at(lane), self.block)
        return f"thread {thread} of block {threads_as_text(self.block_at(block), self.grid)}"


class Block:
    """One block while it runs.

    everybody     Lanes of all its threads
    exited        (threads,) bool: which have returned; exit_line: where
    barrier_time  when the block last met at a barrier (see races.py)
    warp_time     (threads, 32): up to when a `syncwarp` has ordered the accesses of each thread of its warp before its own, or None
    shared        shared arrays by the place in the source that makes them; local the same
    tasks         what runs it: one Task for all threads, or one a thread (see schedule.py)
    steps         statements run so far; at check_at the launch looks whether that is too many
    turns         of while loops, where there are several tasks
    """

    def __init__(self, geometry, number):
        self.geometry, self.number = geometry, number
        self.index = geometry.block_at(number)
        self.first_thread = number * geometry.threads
        self.everybody = Lanes(np.ones(geometry.threads, bool))
        self.exited = np.zeros(geometry.threads, bool)
        self.exit_line = np.zeros(geometry.threads, np.int64)
        self.barrier_time = 0
        self.warp_time = None
        self.shared, self.local, self.lines = {}, {}, {}
        self.shared_bytes = 0
        self.dynamic = None
        self.tasks = []
        self.steps = self.check_at = self.turns = 0
        self.predicate = np.zeros(geometry.threads, bool)
        self.position = {}

    def grid_position(self, dimension):
        """cuda.grid's coordinates of every thread along a dimension : (threads,) int64."""
        if dimension not in self.position:
            g = self.geometry
            self.position[dimension] = g.thread[dimension].astype(np.int64) + self.index[dimension] * g.block[dimension]
        return self.position[dimension]

    def leave(self, lanes, line):
        """These threads have returned."""
        self.exited |= lanes.bits
        self.exit_line[lanes.index] = line
