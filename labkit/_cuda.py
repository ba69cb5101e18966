"""The one place that imports CUDA. Everybody else writes `from labkit import cuda`.

The name has to be the module `numba.cuda` itself where there is a GPU, because Numba recognises it by identity inside a
kernel; that is why `labkit.cuda` is an attribute that is looked up (see `labkit/__init__.py`) and not a module of ours.
"""

import importlib
import os
import warnings
from functools import lru_cache, wraps

import numpy as np

from labkit import devices


def namespace():
    """Numba's CUDA on a GPU; the emulator, with the same names, otherwise or where `LABKIT_DEVICE=emulated` asks for it."""
    return real() if devices.current().name == "cuda" else emulated()


def real():
    """The module `numba.cuda`, which compiles kernels without a GPU and runs them with one.

    Raises RuntimeError, with what to do, where the package is missing, broken or replaced by Numba's simulator.
    """
    if os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0"):
        raise RuntimeError("NUMBA_ENABLE_CUDASIM is set, so Numba only plays a GPU. Unset it and restart the notebook's kernel; "
                           "LABKIT_DEVICE=emulated asks for labkit's emulator, which finds more faults.")
    try:
        return _pooled(importlib.import_module("numba.cuda"))
    except Exception as error:      # a missing toolkit raises RuntimeError here, a missing package ImportError
        raise RuntimeError(
            f"CUDA cannot be loaded ({_first_line(error)}). Install it with: {devices.INSTALL}, "
            "or set LABKIT_DEVICE=cpu to go on without it."
        ) from error


@lru_cache(None)
def _pooled(cuda):
    """Numba's module, with labkit's memory behind it, and without its warnings at what lessons do: small grids, NumPy's arrays."""
    from labkit import memory

    memory.install(cuda)
    if not hasattr(np, "row_stack"):        # NumPy 2.5 dropped this name, for which numba-cuda 0.30 asks at each compilation
        np.row_stack = np.vstack  # noqa: NPY201
    for warning in ("CUDA_LOW_OCCUPANCY_WARNINGS", "CUDA_WARN_ON_IMPLICIT_COPY"):
        if f"NUMBA_{warning}" not in os.environ:
            setattr(importlib.import_module("numba.cuda.core.config"), warning, 0)
    explain(importlib.import_module("numba.cuda.cudadrv.driver").Driver)
    return cuda


class Stopped(RuntimeError):
    """A kernel failed, such as by an address outside its arrays: the driver refuses this process all that comes after."""


STOPPED = {700, 702, 710, *range(714, 720)}     # CUDA_ERROR_ILLEGAL_ADDRESS, a timeout, a failed assertion, faults of the hardware


def explain(driver):
    """Make Numba say what else it calls a copy's error: that a kernel before it failed, and what to do."""
    name = "_check_cuda_python_error"
    check = getattr(driver, name, None)
    if check is None:                           # another version of Numba's CUDA
        return

    @wraps(check)
    def checked(self, function, returned):
        _stop(returned[0])
        return check(self, function, returned)

    setattr(driver, name, checked)


def _stop(code):
    if int(code) in STOPPED:
        raise Stopped(f"A kernel that ran before failed ({code.name}), mostly by reading or writing outside an array, and the GPU does "
                      "nothing more for this process. Restart the notebook's kernel; LABKIT_DEVICE=emulated names the line.")


def driver(function, *arguments):
    """Call a function of the CUDA driver, such as "cuMemFree"; returns its results in a list.

    Raises MemoryError where the GPU's memory is used up, Stopped after a kernel that failed, RuntimeError for every other refusal.
    """
    from cuda.bindings import driver

    code, *results = getattr(driver, function)(*arguments)
    if int(code) == 2:                          # CUDA_ERROR_OUT_OF_MEMORY
        raise MemoryError("the GPU's memory is used up")
    _stop(code)
    if int(code):
        raise RuntimeError(f"the CUDA driver refused {function} with {getattr(code, 'name', code)}")
    return results


def emulated():
    """labkit's emulator, under the names of `numba.cuda`."""
    return importlib.import_module("labkit.emulator").cuda


def trial():
    """Why a kernel cannot run on this machine's GPU, or None when one did.

    A driver can be present and still refuse: too old for the compiler, no memory left, a GPU held by somebody else.
    Only running a kernel tells.
    """
    def increment(values):
        i = cuda.grid(1)
        if i < values.size:
            values[i] += 1

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")     # that one thread leaves most of the GPU idle, or that the driver is old: a result tells
            cuda = real()
            values = cuda.to_device(np.zeros(1, np.int32))
            cuda.jit(increment)[1, 1](values)
        return None if values.copy_to_host()[0] == 1 else "a first kernel gave a wrong result"
    except Exception as error:
        return _first_line(error)


def _first_line(error):
    """What an error says, without its full stop: the first line, and the second where the first only announces it."""
    lines = (str(error).strip() or type(error).__name__).splitlines()
    return " ".join(line.strip() for line in lines[:2 if lines[0].rstrip().endswith(":") else 1]).rstrip(" .:")
