"""The registry: every kernel is entered once, and everything else about it follows.

From an entry come its tests against plain NumPy, its runs in the emulator and on a GPU, its compilation for four
generations of GPUs with a budget, and its row in `labkit bench`.
"""

import importlib
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from labkit.live import running

# Every file here is a family, so that none can be forgotten, except those that serve them all.
TOOLS = {"compile", "each", "formulas", "limits", "registry", "vector_math"}
FAMILIES = tuple(sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]) if m.name[0] != "_" and m.name not in TOOLS))

_kernels = {}
RESERVED = 1024             # bytes of shared memory that CUDA keeps for itself in each block


class Work(NamedTuple):
    """What a call has to do at least: bytes read and written once each, and floating-point operations."""

    bytes: int
    operations: int


class Budget(NamedTuple):
    """What a CUDA form may use. Not listed, as no kernel may have any: spilled registers, and float64 in a float32 kernel.

    `stack_bytes` is memory of a thread's own that did not fit into registers by design, such as an indexed table.
    """

    registers: int
    shared_bytes: int = 0
    stack_bytes: int = 0


@dataclass(frozen=True)
class Kernel:
    """One operation in three forms that take the same arguments, the arrays they write first.

    name       what it is called in tests and tables
    signature  its types, as Numba writes them: "void(float32[::1], float32)"
    oracle     plain NumPy, `oracle(*arguments)`: slow, short and evidently right
    cpu        Numba for CPU cores, `cpu(*arguments, threads=1)`: see `_numba.Loops`
    cuda       `cuda(namespace)` gives the kernel, written for that namespace: Numba's or the emulator's
    launch     `launch(*arguments)` gives (blocks, threads of a block)
    arguments  `arguments(rng, size)` draws valid arguments for tests and timings
    work       `work(*arguments)` gives the Work
    budget     the Budget of its CUDA form
    outputs    how many leading arguments it writes; they may be read too
    sizes      sizes for tests, from the least that makes sense (mostly 0): none a multiple of a warp
    bench_size the size that `labkit bench` times
    tolerance  largest difference from the oracle, relative to the larger of 1 and the value
    statistics `statistics(*outputs)` gives numbers that agree to 1% even for long runs, where float32 runs part ways; None
               where every element agrees at every size
    doc        what it computes, in a line: the first of the oracle's docstring unless given
    """

    name: str
    signature: str
    oracle: Callable
    cpu: Callable
    cuda: Callable
    launch: Callable
    arguments: Callable
    work: Callable
    budget: Budget
    outputs: int = 1
    sizes: tuple = (0, 1, 3, 31, 33, 257)
    bench_size: int = 1_000_000
    tolerance: float = 0.0
    statistics: Callable | None = None
    doc: str = ""

    def __call__(self, *arguments):
        """Compute where the first array lives: on the CPU for NumPy's, on the GPU for the GPU's."""
        (self.on_cpu if isinstance(arguments[0], np.ndarray) else self.start_on_cuda)(*arguments)

    def on_current(self, *arguments):
        """Compute on NumPy's arrays where `devices.current()` says."""
        from labkit import devices

        {"cpu": self.on_cpu, "cuda": self.on_cuda, "emulated": self.on_emulator}[devices.current().name](*arguments)

    def on_cpu(self, *arguments):
        """Compute on NumPy's arrays with as many threads as the work is worth."""
        from labkit import devices

        self.cpu(*arguments, threads=devices.threads(self.work(*arguments).operations))

    def on_emulator(self, *arguments):
        self._start(lambda: self.emulated, arguments)

    def on_cuda(self, *arguments):
        """Copy the arrays to the GPU, run, copy what was written back, and leave none of the GPU's memory taken."""
        from labkit import _cuda, devices

        cuda = _cuda.real()
        try:
            there = moved(arguments, cuda)
            self.start_on_cuda(*there)
            for host, device in zip(arguments[: self.outputs], there, strict=False):
                if host is not device:
                    device.copy_to_host(host)
        finally:
            devices.free()

    def start_on_cuda(self, *arguments):
        """Launch on arrays that are on the GPU already; returns before the kernel has finished."""
        self._start(lambda: self.compiled, arguments)

    @cached_property
    def compiled(self):
        """The CUDA form, which Numba compiles when it is first launched."""
        from labkit import _cuda

        cuda = _cuda.real()
        return cuda.jit(self.cuda(cuda))

    @cached_property
    def emulated(self):
        """The CUDA form, translated for the emulator, which keeps the translation as long as the kernel."""
        from labkit import _cuda

        cuda = _cuda.emulated()
        kernel = cuda.jit(self.cuda(cuda))
        kernel.max_steps = sys.maxsize
        return kernel

    def _start(self, compiled, arguments):
        blocks, threads = self.launch(*arguments)
        if not np.prod(blocks):                         # CUDA refuses a launch of no blocks
            return
        if running.capture:                             # a training step that is being recorded: see labkit/capture.py
            running.capture.start(self, blocks, threads, arguments)
        else:
            compiled()[blocks, threads](*arguments)

    def draw(self, size, seed=0):
        """Arguments of this size, as a list; the same for the same seed."""
        return list(self.arguments(np.random.default_rng(seed), size))

    def compare(self, got, expected):
        """Raise AssertionError, with the first differences, where two sets of outputs differ by more than the tolerance."""
        for ours, theirs in zip(got[: self.outputs], expected[: self.outputs], strict=True):
            exact = self.tolerance == 0 or ours.dtype.kind in "iub"
            tolerance = 0 if exact else self.tolerance
            np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance, err_msg=self.name)

    def compare_long(self, got, expected):
        """As `compare`, for arguments of `bench_size`: by the statistics, where the kernel declares some."""
        if self.statistics is None:
            return self.compare(got, expected)
        ours, theirs = (np.asarray(self.statistics(*outputs[: self.outputs])) for outputs in (got, expected))
        np.testing.assert_allclose(ours, theirs, rtol=0.01, atol=1e-3, err_msg=self.name)


def register(**entry):
    """Enter a kernel and return it. Raises ValueError where the name is taken."""
    kernel = Kernel(**entry)
    if not kernel.doc:
        kernel = replace(kernel, doc=(kernel.oracle.__doc__ or kernel.name).splitlines()[0])
    if kernel.name in _kernels:
        raise ValueError(f"a kernel named {kernel.name!r} is registered already; choose another name.")
    _kernels[kernel.name] = kernel
    return kernel


def kernels():
    """Every kernel of every family, by name."""
    for family in FAMILIES:
        importlib.import_module(f"labkit.kernels.{family}")
    return dict(_kernels)


def warm():
    """Compile every CPU form for one thread and for several, so that Numba's cache holds them: for building an image."""
    for kernel in kernels().values():
        for threads in (1, 2):
            kernel.cpu(*kernel.draw(kernel.sizes[1]), threads=threads)


def copies(arguments):
    """The arguments with every array copied, so that a second form starts from the same values."""
    return [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]


def moved(arguments, cuda):
    """The arguments with every array on the GPU, but for those of no elements, for which it has no place."""
    return [cuda.to_device(a) if isinstance(a, np.ndarray) and a.size else a for a in arguments]


def one_thread_each(count, threads=128):
    """The launch that gives each of `count` items a thread of its own."""
    return (count + threads - 1) // threads, threads
