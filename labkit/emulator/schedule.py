"""Kernels whose threads wait for one another, run on greenlets.

A greenlet is a call that can stop in the middle and go on later. A kernel that waits for the whole grid runs each block in
one. A kernel that waits for a lock in a while loop runs each thread in one: in lock step the thread that holds the lock
would wait for those that want it. They take turns in a fixed order, so the result is the same every time.
"""

from collections import deque

import numpy as np
from greenlet import getcurrent, greenlet

from labkit.emulator.interpreter import Task
from labkit.emulator.lanes import Lanes
from labkit.emulator.state import memory, state

# A block that has only waited for so many rounds may be waiting for one that has not started.
_PATIENCE = 3


class Schedule:
    def __init__(self, launch, geometry, values, one_by_one):
        self.launch, self.geometry, self.values, self.one_by_one = launch, geometry, values, one_by_one
        self.pending = deque(range(geometry.blocks))
        self.running = []           # for each block that has started: {task: greenlet} of what has not finished
        self._seen = None

    def run(self):
        self._main = getcurrent()
        idle = 0
        while self.pending or self.running:
            if self.pending and (not self.running or idle >= _PATIENCE):
                self.running.append(self._start(self.pending.popleft()))
            moved = [self._round(tasks) for tasks in self.running]
            self.running = [tasks for tasks in self.running if tasks]
            idle = 0 if any(moved) or self._open_grid_barrier() else idle + 1
            if idle > _PATIENCE and not self.pending:
                self._stuck()
                if self.one_by_one and idle & (idle - 1) == 0:      # 4, 8, 16, ... rounds
                    self._look_for_change()

    def switch(self):
        """Called by a task: let the others have their turn."""
        self._main.switch()

    def _start(self, number):
        block = self.launch.new_block(self.geometry, number)
        threads = range(self.geometry.threads)
        parts = [Lanes.of(len(threads), [lane]) for lane in threads] if self.one_by_one else [block.everybody]
        block.tasks = [Task(self.launch, block) for _ in parts]
        return {task: greenlet(lambda task=task, lanes=lanes: self.launch.run_task(task, lanes, self.values))
                for task, lanes in zip(block.tasks, parts, strict=True)}

    def _round(self, tasks):
        """A turn for each task of a block. True where one finished or a barrier opened."""
        moved = False
        for task, thread in list(tasks.items()):
            if not task.waiting:
                thread.switch()
                if thread.dead:
                    del tasks[task]
                    moved = True
        return self._open_block_barrier(tasks) or moved

    def _open_block_barrier(self, tasks):
        if not tasks or not all(task.waiting and task.waiting[0] == "block" for task in tasks):
            return False
        first = next(iter(tasks))
        _, node, _ = first.waiting
        here = Lanes(np.logical_or.reduce([task.waiting[2].bits for task in tasks if task.waiting[1] is node]))
        if not here.full:
            first.diverged(node, here)
        self._free(tasks)
        self.launch.open_barrier(first.block)
        return True

    def _open_grid_barrier(self):
        everyone = [task for tasks in self.running for task in tasks]
        if self.pending or len(everyone) < self.geometry.blocks * (self.geometry.threads if self.one_by_one else 1):
            return False
        if not all(task.waiting and task.waiting[0] == "grid" for task in everyone):
            return False
        self._free(everyone)
        self.launch.races.grid_barrier()
        return True

    def _free(self, tasks):
        for task in tasks:
            task.waiting = None

    def _look_for_change(self):
        """Where all is as it was at an earlier look, it comes to that again and again: nobody will ever leave the loops."""
        blocks = {task.block.number: task.block for tasks in self.running for task in tasks}.values()
        seen = memory(self.launch, blocks), [state(task, lane) for b in blocks for lane, task in enumerate(b.tasks)]
        if seen == self._seen:
            task = next(task for tasks in self.running for task in tasks if not task.waiting)
            task.stop("endless", f"{task.who(task.frame.live.first())} is still in this loop and always will be: no thread changes "
                      "memory or a variable any more; look for what should end it, such as a thread that gives back the lock",
                      task.frame.loops[-1].node, task.frame.live)
        self._seen = seen

    def _stuck(self):
        """Nobody can go on: say who waits, unless somebody still goes round a loop, which has a budget of its own."""
        waiting = [task for tasks in self.running for task in tasks if task.waiting]
        if waiting and all(task.waiting for tasks in self.running for task in tasks):
            whom, node, lanes = waiting[0].waiting
            gone = sorted(set(range(self.geometry.blocks)) - {task.block.number for task in waiting})
            missing = f"{self.geometry.who(gone[0], 0).split(' of ')[1]} has finished" if gone else "some threads have finished or wait elsewhere"
            waiting[0].stop("unreached-barrier", f"{waiting[0].who(lanes.first())} waits at {waiting[0].text(node)} for the "
                            f"whole {whom}, but {missing} and never come{'s' * bool(gone)}; let every thread reach it", node, lanes)
