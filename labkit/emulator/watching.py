"""What a Task reports, and how it watches memory and barriers while the kernel runs."""

import ast

import numpy as np

from labkit.emulator import access
from labkit.emulator.faults import Stop

_MOST_FAULTS = 50


class Watching:
    """The part of a Task that finds faults.

    at       (function, statement) that runs
    naming   the variable that a call's value will go to: a shared array's name
    dropped  the call whose value nobody looks at
    waiting  (for whom, node, lanes) while it waits at a barrier, see schedule.py
    """

    def __init__(self, launch, block):
        self.launch, self.block = launch, block
        self.traces = launch.trace
        self.frame = None
        self.naming = self.dropped = None
        self.waiting = None
        self.at = launch.function, launch.function.node

    def who(self, lane):
        return self.block.geometry.who(self.block.number, lane)

    def name_of(self, lane):
        return self.who(lane).split(" of ")[0].removeprefix("thread ")

    def text(self, node):
        """A piece of the kernel's source."""
        return ast.unparse(node)

    def fault(self, kind, message, node, lane=None, **details):
        """Report a fault, once for each kind, line and array."""
        self._report(self.launch.report.faults, kind, message, node, lane, details)

    def warn(self, kind, message, node, lane=None, **details):
        self._report(self.launch.report.warnings, kind, message, node, lane, details)

    def stop(self, kind, message, node, lanes, **details):
        """Report a fault that nothing can run after. lanes : Lanes, or the number of one thread."""
        lane = lanes if isinstance(lanes, int) else int(lanes.index[0]) if lanes.count else None
        self.fault(kind, message if message.endswith(".") else message + ".", node, lane, **details)
        raise Stop

    def refuse(self, message, node, lanes, **details):
        """Stop at something that Numba does not compile for a GPU, or that the emulator does not run."""
        self.stop("unsupported", message, node, lanes, **details)

    def _report(self, findings, kind, message, node, lane, details):
        function = details.pop("function", None) or (self.frame.function if self.frame else self.at[0])
        line = getattr(node, "lineno", 0)
        key = (kind, function, line, details.get("array"))
        if key in self.launch.reported or len(findings) >= _MOST_FAULTS:
            return
        self.launch.reported.add(key)
        if lane is not None:
            details = {"thread": self.block.geometry.thread_at(lane), "block": self.block.index, **details}
        findings.append(self.launch.finding(kind, message, function, line, **details))

    def trace(self, kind, view, addresses, lanes, node, values=None):
        """Count an access and look for races. Writes are done here. kind: "reads", "writes" or "atomics"."""
        threads = self.block.first_thread + lanes.index
        self.launch.counters.note(kind, view, addresses, lanes, threads)
        buffer, races = view.buffer, self.launch.races
        if buffer.space == "local" or self.launch.alone:
            if values is not None:
                buffer.data[addresses] = values
            return
        self.launch.places.append((self.frame.function, node.lineno))
        same = None
        if kind == "writes":
            conflict, same = races.write(buffer, addresses, self.block, threads, values)
        elif kind == "reads":
            conflict = races.read(buffer, addresses, self.block, threads)
        else:
            conflict = races.atomic(buffer, addresses, self.block, threads, learns=node is not self.dropped)
        if conflict:
            self._race(kind, view, conflict, node)
        elif same:
            self._same_value(view, same, node)

    def _same_value(self, view, same, node):
        """Warn of two writes of one value that nothing orders."""
        whole, geometry = view.whole or view, self.block.geometry
        index = access.index_of(whole, same.address, same.lane)
        other = geometry.who(*divmod(same.other_thread, geometry.threads))
        self.warn("same-value-write", f"{self.who(same.lane)} and {other} write the same value to {access.index_as_text(whole.name, index)} with "
                  "nothing to order them: harmless, for the result is the same whichever comes last, but let one thread write, or use an atomic.",
                  node, same.lane, array=view.array, index=index)

    def _race(self, kind, view, conflict, node):
        """Report two accesses that nothing orders. Where one is atomic, the other one is the fault."""
        here = (self.frame.function, node.lineno, self.block.number, conflict.lane, kind)
        other = (*self.launch.places[conflict.other_time], *divmod(conflict.other_thread, self.block.geometry.threads), conflict.what)
        (function, line, block, lane, doing), second = (other, here) if kind == "atomics" else (here, other)
        geometry = self.block.geometry
        other_function, other_line, other_block, other_lane, did = second
        same_block, same_line = block == other_block, (function, line) == (other_function, other_line)
        view = view.whole or view
        index = access.index_of(view, conflict.address, conflict.lane)
        who = geometry.who(other_block, other_lane)
        where = "in the same line" if same_line else f"in line {other_line}" if function is other_function else \
            f"in {other_function.name}, line {other_line}"
        message = (f"race on {view.buffer.space} memory: {geometry.who(block, lane)} {_DOES[doing]} "
                   f"{access.index_as_text(view.name, index)} and {who.split(' of ')[0] if same_block else who} {_DOES[did]} "
                   f"it {where}, and nothing says which comes first; {_race_advice(doing, did, same_block, same_line)}.")
        self.fault("race", message, ast.Pass(lineno=line), lane, function=function, array=view.array, index=index,
                   block=geometry.block_at(block), other_line=other_line, other_block=geometry.block_at(other_block),
                   other_thread=geometry.thread_at(other_lane))

    def barrier(self, node, lanes):
        """cuda.syncthreads(): nobody goes on before everybody is here."""
        block = self.block
        if len(block.tasks) > 1:
            self.wait("block", node, lanes)
            return
        if not lanes.full:
            self.diverged(node, lanes)
        self.launch.open_barrier(block)

    def wait(self, whom, node, lanes):
        """Let other tasks run until the scheduler ends this one's waiting. whom: "block" or "grid"."""
        self.waiting = (whom, node, lanes)
        while self.waiting:
            self.launch.schedule.switch()

    def diverged(self, node, lanes):
        """Some threads wait at a barrier that the others do not reach."""
        block = self.block
        here, missing = lanes.first(), ~lanes.bits
        what = self.text(node)
        if (block.exited | ~missing).all():
            absent = int(np.argmax(missing))
            line = f" in line {int(block.exit_line[absent])}" if block.exit_line[absent] else ""
            self.stop("unreached-barrier", f"{self.who(here)} waits at {what}, but thread {self.name_of(absent)} has "
                      f"returned{line} and never comes; let every thread of the block reach the barrier: put the work under an "
                      "if instead of returning early", node, here)
        absent = int(np.argmax(missing & ~block.exited))
        self.stop("divergent-barrier", f"{self.who(here)} waits at {what}, but thread {self.name_of(absent)} took another path "
                  "and does not reach it; a barrier must be reached by all threads of a block or by none: move it out of the "
                  "if or loop", node, here)


_DOES = {"reads": "reads", "writes": "writes", "atomics": "atomically changes"}


def _race_advice(doing, did, same_block, same_line):
    if not same_block:
        return ("blocks run in any order and no barrier holds between them: use an atomic, give every block an element of its "
                "own, or split the work into two launches")
    if same_line and doing == "writes":
        return ("give every thread an element of its own, use an atomic such as cuda.atomic.add, or read first, wait at "
                "cuda.syncthreads() and write then")
    barrier = "put cuda.syncthreads() between the two, where every thread of the block reaches it"
    return f"{barrier}, or change it atomically in both" if {doing, did} == {"writes", "atomics"} else barrier
