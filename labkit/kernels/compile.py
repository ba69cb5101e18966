"""Compile the CUDA forms to machine code on a machine without a GPU, and count what they use.

Numba writes PTX, NVIDIA's linker turns it into the machine code of one generation of GPUs and says how many registers it
took and whether any spilled. Needs `numba-cuda[cu13]`, which brings the compilers as wheels; macOS has none.
"""

import re
import sys
from contextlib import contextmanager
from types import SimpleNamespace
from typing import NamedTuple

CAPABILITIES = ((7, 5), (8, 0), (9, 0), (10, 0))        # Turing, Ampere, Hopper, Blackwell


class Compiled(NamedTuple):
    """What the machine code of one kernel uses, per thread; `shared_bytes` per block."""

    registers: int
    spilled_bytes: int
    stack_bytes: int
    shared_bytes: int
    float64_operations: int


def why_not():
    """Why kernels cannot be compiled here, in a sentence, or None where they can."""
    if sys.platform == "darwin":
        return "NVIDIA's compilers do not exist for macOS"
    try:
        from cuda.bindings import nvjitlink  # noqa: F401

        from labkit import _cuda

        _cuda.real()
    except (ImportError, RuntimeError) as error:
        return f"numba-cuda[cu13] is not installed ({error})"


def compile_kernel(kernel, capability):
    """Compile a registered kernel for a compute capability such as (9, 0); returns Compiled."""
    ptx = to_ptx(kernel.cuda, kernel.signature, capability)
    log = link(ptx, capability)
    return Compiled(
        registers=int(re.search(r"Used (\d+) registers", log)[1]),
        spilled_bytes=_count(r"(\d+) bytes spill stores", log) + _count(r"(\d+) bytes spill loads", log),
        stack_bytes=_count(r"(\d+) bytes stack frame", log),
        shared_bytes=_count(r"(\d+) bytes smem", log),
        float64_operations=len(re.findall(r"\b[a-z]\w*(?:\.\w+)*\.f64\b", ptx)),
    )


def over_budget(kernel, compiled):
    """What a kernel uses beyond its Budget, in words; an empty list when it keeps to it.

    float64 is for kernels that take float64 alone: on most GPUs it is 32 or 64 times slower, and a bare 0.1 brings it in.
    """
    budget = kernel.budget
    limits = {
        "registers": budget.registers,
        "spilled_bytes": 0,
        "stack_bytes": budget.stack_bytes,
        "shared_bytes": budget.shared_bytes,
        "float64_operations": float("inf") if "float64" in kernel.signature else 0,
    }
    used = compiled._asdict()
    return [f"{used[name]} {name.replace('_', ' ')}, at most {most}" for name, most in limits.items() if used[name] > most]


def to_ptx(factory, signature, capability):
    """The PTX of `factory(cuda)`; a new kernel each time, as its device functions are compiled for one capability only."""
    from labkit import _cuda

    cuda = _cuda.real()
    with _pretended_device(capability):
        ptx, _ = cuda.compile_ptx(factory(cuda), signature, cc=capability)
    return ptx


def link(ptx, capability):
    """Machine code for PTX; returns the linker's log. Raises RuntimeError where it refuses."""
    from cuda.bindings import nvjitlink

    code = ptx.encode()
    major, minor = capability
    handle = nvjitlink.create(2, [f"-arch=sm_{major}{minor}", "-verbose"])
    try:
        nvjitlink.add_data(handle, nvjitlink.InputType.PTX, code, len(code), "kernel")
        nvjitlink.complete(handle)
        log = bytearray(nvjitlink.get_info_log_size(handle))
        nvjitlink.get_info_log(handle, log)
        return log.decode(errors="replace")
    finally:
        nvjitlink.destroy(handle)


def _count(pattern, log):
    found = re.search(pattern, log)
    return int(found[1]) if found else 0


@contextmanager
def _pretended_device(capability):
    """Device functions ask for the current GPU's capability; where there is none, tell them the one we compile for."""
    from numba.cuda import dispatcher

    before = dispatcher.get_current_device
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=capability)
    try:
        yield
    finally:
        dispatcher.get_current_device = before
