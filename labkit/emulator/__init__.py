"""A CUDA emulator that teaches: it runs a kernel without a GPU, thread by thread in lock step, and says what is wrong with it.

    from labkit.emulator import cuda            # numba.cuda's names
    report = emulator.run(kernel, blocks, threads, *arguments)
    print(report)                               # faults, warnings, reads and writes, coalescing, bank conflicts
    report.picture()                            # which thread touches what

It computes what a GPU computes: float32 stays float32, `x * 0.1` of a float32 x is a float64, integers wrap. It finds what a
GPU passes over in silence: an index out of bounds, a race, a barrier that not all threads reach, memory never written. See
KINDS in faults.py for all of it.

Read it in this order: lanes.py (the idea), arithmetic.py, memory.py, access.py, interpreter.py with expressions.py, indexing.py
and calls.py, intrinsics.py, warp.py, atomics.py, races.py, counters.py, watching.py, launch.py, schedule.py (greenlets), source.py.

Decisions. Several threads that write one value to one address get a warning, not a fault. A negative index is a fault, though
Numba's compiler turns it round to the end. Two shared arrays made on one line are a fault, though a GPU keeps them apart:
Numba's simulator does not. Two accesses of one warp need a `syncwarp` between them, as on GPUs since Volta.

Limits. A variable's type is that of the value it holds, where Numba gives a variable one type for all paths: a float32
variable that only another path makes a float64 stays a float32 here until the paths meet. Blocks run in the order of their
numbers. `math` may differ from a GPU's in the last bit. Not run: random states of cuda.random, cuda.libdevice, records,
vector types, reductions such as a.sum() inside a kernel; each is refused in a sentence.
"""

from labkit.emulator import cuda
from labkit.emulator.faults import KINDS, Fault, KernelFault
from labkit.emulator.launch import MAX_STEPS, run
from labkit.emulator.report import Report
from labkit.emulator.source import from_source

__all__ = ["KINDS", "MAX_STEPS", "Fault", "KernelFault", "Report", "cuda", "draw", "from_source", "run"]


def draw(report):
    """A Matplotlib figure: which thread touches which address."""
    return report.picture()
