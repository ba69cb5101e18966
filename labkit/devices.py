"""Where labkit computes: an NVIDIA GPU ("cuda"), the cores of this machine ("cpu") or the emulator ("emulated").

The choice is made once and said out loud, with the reason. `LABKIT_DEVICE=cuda`, `cpu` or `emulated` overrides it.
Looking for a GPU asks the driver directly; Numba is loaded only where a driver reports one.
"""

import ctypes
import importlib.metadata
import os
import platform
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

NAMES = ("cuda", "cpu", "emulated")
INSTALL = 'pip install "numba-cuda[cu13]>=0.30.4"'      # as the extra gpu in pyproject.toml; the course itself is on no index

# Waking threads costs more than it saves on less arithmetic than this (measured: about a million multiply-adds).
PARALLEL_ABOVE = 1_000_000


@dataclass(frozen=True)
class Device:
    """Where labkit computes, and why. `memory_bytes` is the GPU's memory on "cuda", this machine's otherwise."""

    name: str
    reason: str
    cores: int
    memory_bytes: int
    gpu_name: str | None = None


def current():
    """The Device in use. Raises ValueError for an unknown `LABKIT_DEVICE`, RuntimeError where CUDA is asked for and missing."""
    return _choose(os.environ.get("LABKIT_DEVICE", "").strip().lower())


def report():
    """Two lines for a notebook's header: where the work runs, and why."""
    device = current()
    memory = f"{device.memory_bytes / 2**30:.0f} GiB of memory"
    cores = f"{device.cores} core{'s' if device.cores > 1 else ''}"
    where = {
        "cuda": f"This notebook computes on the GPU {device.gpu_name} with {memory}.",
        "cpu": f"This notebook computes on the CPU ({cores}, {memory}) and runs the kernels that you write in the emulator.",
        "emulated": "This notebook runs its kernels in the emulator: slow, but it sees every mistake.",
    }[device.name]
    return f"{where}\nWhy: {device.reason}."


def threads(operations):
    """How many threads suit a kernel of so many arithmetic operations: one for a small one, else every core."""
    return cores() if operations > PARALLEL_ABOVE else 1


def free():
    """Give back to the GPU what labkit keeps of its memory for reuse, at once, and what arrays still hold when they are let go.

    A fit and a swarm do so when they end. Returns the bytes given back. LABKIT_GPU_MEMORY bounds what is taken: see `labkit.pool`.
    """
    pool = sys.modules.get("labkit.pool")           # not loaded: nothing was taken
    return sum(each.free() for each in list(pool.pools)) if pool else 0


class Size(int):
    """A number of things to compute, which also says what it left out: `print(size.note)`."""

    note: str


def scale(full, laptop, emulated=None, what="runs"):
    """The size that suits this place: `full` on a GPU, `laptop` on a CPU, `emulated` in the emulator (a thousandth of
    `laptop`, at least one, if not given).

    >>> runs = scale(100_000, 10_000, what="networks")      # doctest: +SKIP
    >>> print(runs.note)                                    # doctest: +SKIP
    10,000 of 100,000 networks: this place has no GPU, so the other 90,000 are left out.
    """
    device = current()
    small = max(1, laptop // 1000) if emulated is None else emulated
    size = Size({"cuda": full, "cpu": laptop, "emulated": small}[device.name])
    why = "the emulator plays all threads on one core" if device.name == "emulated" else "this place has no GPU"
    size.note = f"All {size:,} {what}."
    if size < full:
        size.note = f"{size:,} of {full:,} {what}: {why}, so the other {full - size:,} are left out."
    return size


@lru_cache
def _choose(asked):
    if asked not in ("", *NAMES):
        raise ValueError(f"LABKIT_DEVICE is {asked!r} but has to be cuda, cpu or emulated; unset it to let labkit choose.")
    if asked in ("cpu", "emulated"):
        return Device(asked, f"LABKIT_DEVICE={asked} asks for it", cores(), memory_bytes())
    gpu = find_gpu()
    if gpu.problem is None:
        reason = "LABKIT_DEVICE=cuda asks for it" if asked else "an NVIDIA GPU was found and ran a first kernel"
        return Device("cuda", reason, cores(), gpu.memory_bytes, gpu.name)
    if asked:
        raise RuntimeError(f"LABKIT_DEVICE=cuda, but {gpu.problem}. Unset LABKIT_DEVICE to compute on the CPU.")
    return Device("cpu", gpu.problem, cores(), memory_bytes(), gpu.name)


@dataclass(frozen=True)
class Gpu:
    """What the driver says of the first GPU; `problem` is why it cannot be used, or None."""

    problem: str | None
    name: str | None = None
    memory_bytes: int = 0
    driver: str | None = None


@lru_cache
def find_gpu():
    """Ask the NVIDIA driver for the first GPU, then see whether a kernel runs on it. Without a driver this takes a millisecond."""
    try:
        found = _ask_driver()
    except OSError:
        return Gpu("no NVIDIA driver was found")
    except RuntimeError as error:
        return Gpu(str(error))
    problem = _missing_package(found.name) or _kernel_fails(found)
    return Gpu(problem, found.name, found.memory_bytes, found.driver)


def _ask_driver():
    driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")

    def call(function, *arguments):
        code = getattr(driver, function)(*arguments)
        if code == 100:                                     # CUDA_ERROR_NO_DEVICE
            raise RuntimeError("an NVIDIA driver was found but no GPU that it may use")
        if code:
            raise RuntimeError(f"the NVIDIA driver answered {function} with error {code}")

    version, count, device, memory, name = (ctypes.c_int(), ctypes.c_int(), ctypes.c_int(), ctypes.c_size_t(),
                                            ctypes.create_string_buffer(256))
    call("cuInit", 0)
    call("cuDriverGetVersion", ctypes.byref(version))
    call("cuDeviceGetCount", ctypes.byref(count))
    if count.value == 0:
        raise RuntimeError("an NVIDIA driver was found but no GPU that it may use")
    call("cuDeviceGet", ctypes.byref(device), 0)
    call("cuDeviceGetName", name, 256, device)
    call("cuDeviceTotalMem_v2", ctypes.byref(memory), device)
    return Gpu(None, name.value.decode(errors="replace"), memory.value, f"{version.value // 1000}.{version.value % 1000 // 10}")


def _missing_package(gpu_name):
    try:
        importlib.metadata.version("numba-cuda")
    except importlib.metadata.PackageNotFoundError:
        return f"the GPU {gpu_name} is here but the package numba-cuda is not; add it with: {INSTALL}"


def _kernel_fails(gpu):
    from labkit import _cuda

    if problem := _cuda.trial():
        return f"the GPU {gpu.name} (driver for CUDA {gpu.driver}) could not run a first kernel: {problem}"


@lru_cache
def cores():
    """Cores this process may use: what the scheduler allows, within a container's share."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = _container("/sys/fs/cgroup/cpu.max")
    if share and share[0] != "max":
        allowed = min(allowed, -(-int(share[0]) // int(share[1])))
    return max(1, allowed)


@lru_cache
def processor():
    """The processor's name as its maker writes it."""
    try:
        text = Path("/proc/cpuinfo").read_text()
        return next(line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


@lru_cache
def memory_bytes():
    """Memory of this machine, or of this container where that is less."""
    total = _windows_memory() if sys.platform == "win32" else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _container("/sys/fs/cgroup/memory.max")
    return min(total, int(limit[0])) if limit and limit[0] != "max" else total


def _container(path):
    """The words of one of the kernel's files on this container's limits, or None where there is none."""
    try:
        return Path(path).read_text().split()
    except OSError:
        return None


def _windows_memory():
    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [(f"field{i}", ctypes.c_ulonglong) for i in range(7)]

    status = Status(length=ctypes.sizeof(Status))
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return status.field0
