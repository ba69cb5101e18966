"""A CUDA emulator that teaches: it runs a kernel without a GPU, thread by thread in lock step, and says what is wrong with it.

    from labkit.emulator import cuda            # numba.cuda's names
    report = emulator.run(kernel, blocks, threads, *arguments)
    print(report)                               # faults, warnings, reads and writes, coalescing, bank conflicts
    report.picture()                            # which thread touches what

It computes what a GPU computes: float32 stays float32, `x * 0.1` of a float32 x is a float64, integers wrap. It finds what a
GPU passes over in silence: an index out of bounds, a race, a barrier that not all threads reach, memory never written. See
KINDS in faults.py for all of it.

Read it in this order: lanes.py (the idea), arithmetic.py, memory.py, access.py, interpreter.py with expressions.py, indexing.py,
calls.py, functions.py and mixed.py, block.py, intrinsics.py, warp.py, atomics.py, races.py, counters.py, faults.py, watching.py,
report.py, picture.py, launch.py, state.py, schedule.py (greenlets), source.py, subset.py, translate.py, host.py, cuda.py.

Decisions. Several threads that write one value to one address get a warning, not a fault. A negative index is a fault, though
Numba's compiler turns it round to the end. Two shared arrays made on one line are a fault, though a GPU keeps them apart:
Numba's simulator does not. Two accesses of one warp need a `syncwarp` between them, as on GPUs since Volta.

Limits. A variable's type is that of the value it holds, where Numba gives a variable one type for all paths: a float32
variable that only another path makes a float64 stays a float32 here until the paths meet, and a variable that is None until a
loop gives it a number runs here, where Numba refuses it. So does a name that an if makes one of two functions, or of two arrays
of different types, where all threads take one path, and a search in a tuple of int32 and int64. Signatures are not looked at:
@cuda.jit("void(float32)") makes no float32 of a float64. Numba keeps the constants around a kernel as they were when it compiled
it; here a launch sees them as they are. Blocks run in the order of their numbers. `math` may differ from a GPU's in the last bit.

Not found: a missing cuda.threadfence(), since every thread sees every write at once: a block that adds up what the others wrote
gets the right sum here without it, and may not on a GPU. Races between two arrays in dynamic shared memory whose elements differ
in size. Threads that wait in a while loop run one by one: where they wait for good, with nothing changing, that is found at
once, else after so many turns (max_steps), a minute or two. Such a wait is known by `cas`, `exch`, `compare_and_swap` or an
atomic that adds 0 in the loop; one on a plain element, which a GPU may read only once, is called endless.

Not run, each refused in a sentence: random states of cuda.random, cuda.libdevice, cuda.fp16, records, vector types, enumerations, cache
hints such as cuda.ldcg. Of what Numba compiles: sum() and reductions such as a.sum() and np.sum(a), min, max and `in` of an array, tuple(), type(),
iter(), next(), hasattr(), ord(), recursion, match, :=, nonlocal, *args, a.flat, a.real, a.view, a.transpose, np.ndindex, np.newaxis,
arithmetic of strings and tuples, named tuples made inside a kernel, a slice whose ends differ from thread to thread unless it has
one length in all of them and no step. A variable may hold one array in some threads and another of its type, or None, in others;
then only its elements, its attributes and `is None` are run.
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
