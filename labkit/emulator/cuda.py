"""`numba.cuda`'s names without a GPU: `from labkit.emulator import cuda`.

Kernels are written and launched as with Numba:

    @cuda.jit
    def add(out, a, b):
        i = cuda.grid(1)
        if i < out.size:
            out[i] = a[i] + b[i]

    add[blocks, threads](out, a, b)         # raises KernelFault where the kernel is wrong
    add.report                              # what the launch did
"""

import functools
import sys
from types import FunctionType, SimpleNamespace

import numpy as np

from labkit.emulator import intrinsics
from labkit.emulator.faults import KernelFault
from labkit.emulator.host import (  # noqa: F401
    Device,
    DeviceArray,
    Event,
    Stream,
    brought_back,
    device_array,
    device_array_like,
    host_array,
    host_array_like,
    mapped,
    only_read,
    pinned,
    to_device,
)
from labkit.emulator.intrinsics import Intrinsic
from labkit.emulator.launch import MAX_STEPS, run
from labkit.emulator.source import python_function

TYPES = {name: getattr(np, name) for name in (
    "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "intp", "uintp", "complex64",
    "complex128")}
TYPES |= {"boolean": np.bool_, "bool_": np.bool_} | {letters: np.dtype(letters).type for letters in "b1 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 c8 c16".split()}
globals().update(TYPES)
types = SimpleNamespace(**TYPES)

_NOT_CUDA = {"TYPES", "INSTEAD", "functools", "sys", "np", "intrinsics", "FunctionType", "SimpleNamespace", "Intrinsic", "KernelFault",
             "MAX_STEPS", "run", "python_function", "host_array", "host_array_like", "only_read", "brought_back"}
INSTEAD = {"random": "draw random numbers outside the kernel, with NumPy, and pass them to it in an array",
            "libdevice": "write it with the functions of math", "fp16": "convert to float32 and back"}
CudaSupportError = RuntimeError
pinned_array = mapped_array = managed_array = host_array
pinned_array_like = mapped_array_like = host_array_like
In, Out, InOut = only_read, brought_back, brought_back


class Kernel:
    """A function under @cuda.jit. `kernel[grid, block](*arguments)` runs it; `kernel.report` is the last launch's Report.

    max_steps : when to call a loop endless; labkit's own kernels, which are known to end, take as many as they need
    """

    max_steps = MAX_STEPS

    def __init__(self, function, device=False):
        self.py_func = python_function(function)
        self.device = device
        self.report = None
        self.__name__, self.__doc__ = self.py_func.__name__, self.py_func.__doc__
        self.__module__ = self.py_func.__module__

    def __getitem__(self, configuration):
        if not isinstance(configuration, tuple) or not 2 <= len(configuration) <= 4:
            raise ValueError(f"{self.__name__} is launched as {self.__name__}[blocks, threads](...), also with a stream and "
                             f"bytes of shared memory after them, but got [{configuration!r}].")
        return self.configure(*configuration)

    def configure(self, griddim, blockdim, stream=0, sharedmem=0):
        if self.device:
            raise RuntimeError(f"{self.__name__} is a device function: call it inside a kernel, and from Python a copy of it without @cuda.jit.")

        def launch(*arguments, **named):
            if named:
                raise TypeError(f"{self.__name__} takes its arguments in their order, as every kernel does: leave out {next(iter(named))}=.")
            if getattr(stream, "launches", None) is not None:
                return stream.record(self.configure(griddim, blockdim, 0, sharedmem), arguments)
            self.report = run(self, griddim, blockdim, *arguments, max_steps=self.max_steps, shared_bytes=sharedmem)
            for line in self.report.output:
                print(line, file=sys.stdout)
            if not self.report.ok:
                raise KernelFault(self.report)
        return launch

    def forall(self, ntasks, tpb=0, stream=0, sharedmem=0):
        """A launch with one thread for each of `ntasks`, in blocks of `tpb` threads (128 where it is 0). Without tasks nothing is launched."""
        if ntasks < 0:
            raise ValueError(f"{self.__name__}.forall takes the number of tasks, which cannot be {ntasks}.")
        threads = tpb or 128
        return self.configure(-(-ntasks // threads), threads, stream, sharedmem) if ntasks else lambda *arguments: None

    def __call__(self, *arguments):
        if self.device:
            raise RuntimeError(f"{self.__name__} is a device function: call it inside a kernel, and from Python a copy of it without @cuda.jit.")
        raise ValueError(f"{self.__name__} is a kernel: say how many blocks and threads it runs on, {self.__name__}[blocks, "
                         "threads](...).")

    def __repr__(self):
        return f"<emulated {'device function' if self.device else 'kernel'} {self.__name__}>"


def jit(func_or_sig=None, device=False, **options):
    """Decorator for kernels, and with device=True for functions that kernels call. Signatures and other options change nothing here."""
    if isinstance(func_or_sig, FunctionType) or hasattr(func_or_sig, "py_func"):
        return Kernel(func_or_sig, device)
    return lambda function: Kernel(function, device)


class Reduce:
    """`total = cuda.reduce(lambda a, b: a + b)`: `total(array)` puts all its elements together, with `init`, into one.

    The kernel leaves so many parts as it has threads; Python puts them together.
    """

    def __init__(self, functor):
        self._functor = functor
        operation, threadIdx = Kernel(functor, device=True), Intrinsic("threadIdx")

        def parts(out, values):
            part = values[threadIdx.x]
            for i in range(threadIdx.x + out.size, values.size, out.size):
                part = operation(part, values[i])
            out[threadIdx.x] = part

        self._parts = Kernel(parts)

    def __call__(self, arr, size=None, res=None, init=0, stream=0):
        """The result; where `res` is an array, it is put into its first element instead."""
        values = arr[:size]
        out = np.empty(min(1024, len(values)), values.dtype)
        if len(out):
            self._parts[1, len(out)](out, values)
        result = functools.reduce(self._functor, out, values.dtype.type(init))
        if res is None:
            return result
        res[0] = result


reduce = Reduce


def select_device(device_id):
    return Device()


def list_devices():
    return [Device()]


gpus = list_devices()


def is_available():
    """False: this is not a GPU."""
    return False


def synchronize():
    """Kernels have finished when their launch returns, so there is nothing to wait for."""


def stream():
    return Stream()


default_stream = legacy_default_stream = per_thread_default_stream = stream


def event(timing=True):
    return Event(timing)


def event_elapsed_time(start, end):
    return start.elapsed_time(end)


def get_current_device():
    return Device()


def close():
    pass


def detect():
    print("labkit's emulator: no GPU is used.")
    return False


def __getattr__(name):
    if intrinsics.known(name):
        return Intrinsic(name)
    if name in INSTEAD:
        raise AttributeError(f"the emulator does not run Numba's cuda.{name}; {INSTEAD[name]}")
    import difflib

    close_by = difflib.get_close_matches(name, __dir__(), 1, 0.7)
    raise AttributeError(f"the emulator's cuda has no {name!r}" + (f" (did you mean cuda.{close_by[0]}?)" if close_by else ""))


def __dir__():
    own = {name for name in globals() if not name.startswith("_")} - _NOT_CUDA
    return sorted(own | {name.split(".")[0] for name in (*intrinsics.VALUES, *intrinsics.CALLS)} - {"grid_group"})
