"""What this machine can do at most, measured: bytes a second to and from memory, float32 operations a second of a loop.

Every kernel's time is reported as a share of these. A share above one means that the data stayed in a cache, which is faster
than memory. On a GPU the bytes are those of a copy, by the driver or by a kernel, whichever is faster. A CPU's copy reads from
memory what it is about to overwrite, too, which no count of bytes shows; so there an array is scaled in place.
"""

import time

import numpy as np

from labkit import devices
from labkit.kernels._numba import loops, prange
from labkit.kernels.each import each, four_each

CHAINS = 64             # independent sums side by side: enough to keep every arithmetic unit busy
AWAKE = 0.2             # seconds of work before the clock starts: a GPU that had nothing to do has slowed down, and takes some time to speed up
_SHRINK, _STEP = np.float32(0.999), np.float32(0.1)


@loops
def _scale_cpu(a):
    for i in prange(a.size):
        a[i] *= _SHRINK


@loops(fastmath={"contract"})       # one rounding where there is a fused multiply-add; anything freer folds the loop away
def _multiply_and_add_cpu(out, rounds):
    for c in prange(out.size):
        x = np.full(CHAINS, np.float32(c), np.float32)
        for _ in range(rounds):
            for i in range(CHAINS):
                x[i] = x[i] * _SHRINK + _STEP
        out[c] = x.sum()


def copy_of(a):
    return a


def multiply_and_add_cuda(cuda):
    """Four chains a thread, so that one waits for none."""

    def multiply_and_add(out, rounds):
        i = cuda.grid(1)
        if i < out.size:
            a = np.float32(i)
            b = a + _STEP
            c = b + _STEP
            d = c + _STEP
            for _ in range(rounds):
                a = a * _SHRINK + _STEP
                b = b * _SHRINK + _STEP
                c = c * _SHRINK + _STEP
                d = d * _SHRINK + _STEP
            out[i] = a + b + c + d

    return multiply_and_add


def measure():
    """{"bytes_per_second", "operations_per_second"} of the place in use; read and written bytes both count."""
    return on_cuda() if devices.current().name == "cuda" else on_cpu()


def on_cpu(elements=2**25, rounds=1_000_000):
    cores, a = devices.cores(), np.ones(elements, np.float32)
    sums = np.empty(cores, np.float32)
    return _speeds(2 * a.nbytes, [lambda: _scale_cpu(a, threads=cores)],
                   2 * CHAINS * rounds * cores, lambda: _multiply_and_add_cpu(sums, rounds, threads=cores))


def on_cuda(elements=2**26, threads=2**20, rounds=4096, in_a_row=10):
    """Each is started some times in a row and waited for once, so that waiting does not count."""
    from labkit import _cuda

    cuda = _cuda.real()
    copy, work = cuda.jit(each(copy_of, "copy", 1, writes="out")(cuda)), cuda.jit(multiply_and_add_cuda(cuda))
    a, out = cuda.device_array(elements, np.float32), cuda.device_array(elements, np.float32)
    a.copy_to_device(np.ones(elements, np.float32))
    sums = cuda.device_array(threads, np.float32)

    def repeated(launch):
        def run():
            for _ in range(in_a_row):
                launch()
            cuda.synchronize()

        return run

    copies = [lambda: copy[four_each(elements)](out, a), lambda: out.copy_to_device(a)]
    arithmetic = repeated(lambda: work[(threads + 255) // 256, 256](sums, np.int32(rounds)))
    return _speeds(8 * elements * in_a_row, [repeated(launch) for launch in copies], 8 * threads * rounds * in_a_row, arithmetic)


def _speeds(moved, moves, operations, work):
    return {"bytes_per_second": moved / min(map(_best_seconds, moves)), "operations_per_second": operations / _best_seconds(work)}


def _best_seconds(run, times=7):
    """The shortest of some times: a limit is what the machine can do, undisturbed."""
    run()
    wake(run)
    found = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return min(found)


def wake(run):
    """Keep the machine busy for a moment."""
    end = time.perf_counter() + AWAKE
    while time.perf_counter() < end:
        run()
