"""One launch of a kernel: checks, the blocks one after another, the report.

Blocks run in the order of their numbers, and all threads of a block run in lock step, so that the result is the same every
time. Kernels whose threads wait for one another need more: see schedule.py.
"""

import ast
import time
from contextlib import suppress

import numpy as np
from greenlet import GreenletExit

from labkit.emulator import subset
from labkit.emulator.arithmetic import typed
from labkit.emulator.block import Block, Geometry
from labkit.emulator.counters import Counters
from labkit.emulator.faults import Fault, KernelFault, Stop, plural
from labkit.emulator.interpreter import Task
from labkit.emulator.lanes import Lanes
from labkit.emulator.memory import ALLOWED_KINDS, GlobalMemory
from labkit.emulator.races import RaceDetector
from labkit.emulator.report import Report
from labkit.emulator.schedule import Schedule
from labkit.emulator.source import as_function, python_function
from labkit.emulator.translate import same_tuple

MAX_STEPS = 300_000         # about half a minute of computing: an endless loop is called so while its author still waits
_CLOCK_EVERY = 512
_THREADS, _SIDES, _GRID = 1024, (1024, 1024, 64), (2**31 - 1, 65535, 65535)


class Launch:
    """One run of one kernel.

    trace        whether to look for races and count accesses
    max_steps    statements that a block may run; a loop turn counts as one. Where its threads run one by one (schedule.py), each may
                 run so many, but all of them together only so many turns of while loops
    max_seconds  time that the launch may take, or None
    """

    def __init__(self, function, trace, max_steps, max_seconds, shared_bytes):
        self.function, self.trace = function, trace
        self.max_steps, self.max_seconds = max_steps, max_seconds
        self.shared_bytes = int(shared_bytes)
        self.report = Report(kernel=function.name)
        self.schedule = None
        self.memory = GlobalMemory()
        self.counters = Counters()
        self.reported, self.outside, self.checked, self._constants = set(), {}, set(), {}
        self.places = [None]            # time -> (function, line) of an access
        self._started = time.perf_counter()

    def run(self, grid, block, arguments):
        """Run and return the Report; faults are in it, not raised."""
        try:
            geometry = Geometry(self._sides(grid, "grid", _GRID), self._sides(block, "block", _SIDES))
            self.report.grid, self.report.block = geometry.grid, geometry.block
            self.check(self.function, is_kernel=True)
            values = self._arguments(arguments)
            self.races = RaceDetector(geometry.blocks, geometry.threads)
            self.alone = geometry.blocks * geometry.threads == 1       # one thread races with nobody
            with np.errstate(all="ignore"):
                self._run_blocks(geometry, values)
        except Stop:
            pass
        self.memory.write_back()
        self.report.arrays = self.counters.arrays
        self.report.seconds = time.perf_counter() - self._started
        return self.report

    def _refuse(self, kind, message):
        self.report.faults.append(self.finding(kind, message + ".", self.function, 0))
        raise Stop

    def finding(self, kind, message, function, line, **details):
        """A Fault in a line of the kernel or of one of its device functions."""
        device = "" if function is self.function else function.name
        return Fault(kind, message, self.function.name, line, function.code(line), function=device, **details)

    def _sides(self, given, what, most):
        """(x, y, z) of a grid or block given as a number or a tuple."""
        sides = tuple(given) if isinstance(given, (tuple, list)) else (given,)
        if not 1 <= len(sides) <= 3 or not all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in sides):
            self._refuse("launch", f"the {what} is {given!r}, but it has to be an integer or a tuple of up to three")
        if any(n < 1 for n in sides):
            self._refuse("launch", f"the {what} is {given!r}, but each of its sides has to be 1 or more")
        if what == "block" and np.prod(sides) > _THREADS:
            self._refuse("launch", f"a block of {' x '.join(map(str, sides))} is {int(np.prod(sides))} threads, but a GPU "
                         f"takes at most {_THREADS} in one block; use smaller blocks and more of them")
        if any(n > limit for n, limit in zip(sides, most, strict=False)):
            self._refuse("launch", f"the {what} is {given!r}, but a GPU takes at most {most} along x, y and z")
        return tuple(int(n) for n in sides) + (1,) * (3 - len(sides))

    def check(self, function, is_kernel):
        """Refuse what no GPU would compile, once for each function."""
        if function in self.checked:
            return
        self.checked.add(function)
        found = list(subset.refusals(function, is_kernel))
        if function.frame is None:
            found += [("unsupported", node, f"the name {name} is not defined")
                      for node, name in subset.unknown_names(function, lambda name: _knows(function, name))]
        for kind, node, message in sorted(found, key=lambda f: f[1].lineno):
            self.report.faults.append(self.finding(kind, message + ".", function, node.lineno))
        if found:
            raise Stop

    def _arguments(self, arguments):
        parameters, defaults = self.function.parameters, self.function.defaults
        least, most = len(parameters) - len(defaults), len(parameters)
        if not least <= len(arguments) <= most:
            self._refuse("arguments", f"{self.function.name} takes {plural(most, 'argument')} "
                         f"({', '.join(parameters)}) but was given {len(arguments)}; pass one for each, in this order")
        given = (*arguments, *defaults[len(arguments) - least:])
        return [self._argument(value, name) for value, name in zip(given, parameters, strict=True)]

    def _argument(self, value, name):
        if value is None:
            return None
        if isinstance(value, (bool, int, float, complex, np.number, np.bool_)):
            return typed(value)
        if isinstance(value, tuple):
            return same_tuple(value, (self._argument(v, name) for v in value))
        device = getattr(value, "emulated", None)
        if device is not None:
            return self.memory.view(device.array, name, known=device.buffer)
        if hasattr(value, "copy_to_host") and not isinstance(value, np.ndarray):
            value = self.memory.borrowed(value)
        if getattr(getattr(value, "dtype", None), "kind", "") == "V":
            self._refuse("arguments", f"{name} holds records, which the emulator does not run; pass each field as an array of its own, such as "
                         f"{name}['{next(iter(value.dtype.names or ['x']))}']")
        if not isinstance(value, np.ndarray):
            self._refuse("arguments", f"the argument {name} is a {type(value).__name__}, but a kernel takes arrays and numbers"
                         + ("; make it an array with np.array(...)" if isinstance(value, list) else ""))
        if value.dtype.kind not in ALLOWED_KINDS:
            self._refuse("arguments", f"the array {name} holds {value.dtype}, but a kernel takes arrays of numbers; convert it "
                         "with astype")
        return self.memory.view(value, name)

    def constant(self, array, name):
        """An array from outside the kernel: one of NumPy's, which Numba freezes into the kernel when it compiles, or a device array."""
        if hasattr(array, "emulated"):          # a device array, which stays where it is
            return self.memory.view(array.emulated.array, name, known=array.emulated.buffer)
        if id(array) not in self._constants:
            self._constants[id(array)] = (self.memory.view(array.copy(), name, space="constant"), array)
            self._constants[id(array)][0].buffer.read_only = True
        return self._constants[id(array)][0]

    def check_budget(self, task, node, lanes):
        """Called when a block has run check_at statements."""
        loops = task.frame.loops
        where = loops[-1].node if loops else node
        if task.block.steps >= self._budget(task.block):
            self.endless(task, where, lanes, f"after {self._budget(task.block):,} steps of its block")
        if self.max_seconds is not None and time.perf_counter() - self._started > self.max_seconds:
            self.endless(task, where, lanes, f"after {self.max_seconds:g} seconds")
        task.block.check_at = self._next_check(task.block)

    def _budget(self, block):
        return self.max_steps * max(1, len(block.tasks))

    def _next_check(self, block):
        return self._budget(block) if self.max_seconds is None else min(self._budget(block), block.steps + _CLOCK_EVERY)

    def endless(self, task, node, lanes, after):
        task.stop("endless", f"{task.who(lanes.first())} is still in this loop {after}; look for what should end it, or allow "
                  "more: emulator.run(..., max_steps=...)", node, lanes)

    # Blocks

    def _run_blocks(self, geometry, values):
        functions = _reachable(self.function)
        one_by_one = any(map(subset.waits_for_other_threads, functions))
        if one_by_one or any(map(subset.waits_for_the_grid, functions)):
            self.schedule = Schedule(self, geometry, values, one_by_one)
            self.schedule.run()
        else:
            for number in range(geometry.blocks):
                block = self.new_block(geometry, number)
                block.tasks = [Task(self, block)]
                self.run_task(block.tasks[0], block.everybody, values)

    def new_block(self, geometry, number):
        block = Block(geometry, number)
        block.check_at = self._next_check(block)
        return block

    def run_task(self, task, lanes, values):
        try:
            task.call(self.function, values, {}, lanes, self.function.node)
        except (Stop, GreenletExit):
            raise
        except Exception as error:
            task.refuse(f"the emulator cannot run this line ({type(error).__name__}: {error}); write it in smaller steps",
                        task.at[1], lanes)
        task.block.leave(lanes.without(Lanes(task.block.exited)), 0)

    def open_barrier(self, block):
        """All threads of a block have come to a barrier and go on."""
        self.report.barriers += 1
        self.races.barrier(block)


def _knows(function, name):
    try:
        function.lookup(name)
    except KeyError:
        return False
    return True


def _reachable(function, seen=None):
    """The function and every device function that its names lead to."""
    seen = [] if seen is None else seen
    if function in seen:
        return seen
    seen.append(function)
    names = {node.id for node in ast.walk(function.node) if isinstance(node, ast.Name)} - function.local
    for value in (function.lookup(name) for name in names if _knows(function, name)):
        if callable(getattr(value, "py_func", None)):
            with suppress(KernelFault, TypeError):
                _reachable(as_function(python_function(value)), seen)
    return seen


def run(kernel, grid, block, *arguments, trace=True, max_steps=MAX_STEPS, max_seconds=None, shared_bytes=0):
    """Run a kernel once on `grid` blocks of `block` threads and return the Report. Faults are in it; nothing is raised for them.

    kernel       a plain function, a function under the emulator's or Numba's @cuda.jit, or what from_source gives
    grid, block  a number or a tuple of up to three
    arguments    NumPy arrays, which the kernel changes in place, device arrays, numbers, tuples
    trace        False: bounds, barriers and types only, with no races and no counts; about twice as fast
    max_steps, max_seconds   when to call a loop endless
    """
    try:
        function = as_function(python_function(kernel))
    except KernelFault as fault:
        return fault.report
    return Launch(function, trace, max_steps, max_seconds, shared_bytes).run(grid, block, arguments)
