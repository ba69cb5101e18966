"""Each kernel of the registry beside its plain NumPy form, in this process. On a GPU the arrays are there before the clock starts."""

import statistics
import time

import numpy as np

from labkit import devices
from labkit.bench.race import NO_PEER, short
from labkit.kernels.registry import copies

MOST_SECONDS = 0.5              # a kernel is run again until this is used up
SHORT_ORACLE = 0.05             # the oracle is run at a size that takes about so long


def registered():
    from labkit.kernels import registry

    return registry.kernels()


def rows(kernel, measured, beside_numpy):
    """The row of one kernel, as a list."""
    arguments = kernel.draw(kernel.bench_size)
    work = kernel.work(*arguments)
    limit = max(work.bytes / measured["bytes_per_second"], work.operations / measured["operations_per_second"])
    first, seconds = timed(kernel, arguments)
    row = {"name": kernel.name, "size": f"{kernel.bench_size:,}", "seconds": seconds, "first_seconds": first, "limit_share": limit / seconds}
    return [row | (against_numpy(kernel) if beside_numpy else NO_PEER)]


def against_numpy(kernel):
    """Ours and plain NumPy on the same, smaller work: compared first, then timed."""
    size = kernel.bench_size
    while size > 64 and oracle_seconds(kernel, size) > SHORT_ORACLE:
        size //= 4
    found = {"peer": "numpy", "peer_size": f"{size:,}"}
    ours, theirs = kernel.draw(size), kernel.draw(size)
    kernel.on_current(*ours)
    kernel.oracle(*theirs)
    try:
        kernel.compare_long(ours, theirs)
    except AssertionError as error:
        return NO_PEER | found | {"problem": f"not timed, outputs differ: {short(error)}"}
    arguments = kernel.draw(size)
    seconds = median_seconds(kernel.oracle, arguments, kernel.outputs)
    return found | {"peer_seconds": seconds, "ratio": seconds / timed(kernel, arguments)[1]}


def timed(kernel, arguments):
    """(seconds of the first call, which compiles; median seconds of a later one) where labkit computes."""
    if devices.current().name != "cuda":
        start = time.perf_counter()
        kernel.on_current(*copies(arguments))
        return time.perf_counter() - start, median_seconds(kernel.on_current, arguments, kernel.outputs)
    from labkit import _cuda

    cuda = _cuda.real()
    there = [cuda.to_device(a) if isinstance(a, np.ndarray) and a.size else a for a in arguments]

    def run(*_):
        kernel.start_on_cuda(*there)
        cuda.synchronize()

    start = time.perf_counter()
    run()
    return time.perf_counter() - start, median_seconds(run, (), 0)


def oracle_seconds(kernel, size):
    """How long plain NumPy takes at this size, found from a sixteenth of it so as not to wait for it."""
    small = max(64, size // 16)
    arguments = kernel.draw(small)
    start = time.perf_counter()
    kernel.oracle(*arguments)
    return (time.perf_counter() - start) * size / small


def median_seconds(run, arguments, outputs, least=3, most=25):
    """The median time of a call; what it writes is put back before each."""
    times, end = [], time.perf_counter() + MOST_SECONDS
    while len(times) < least or (len(times) < most and time.perf_counter() < end):
        fresh = [*copies(arguments[:outputs]), *arguments[outputs:]]
        start = time.perf_counter()
        run(*fresh)
        times.append(time.perf_counter() - start)
    return statistics.median(times)
