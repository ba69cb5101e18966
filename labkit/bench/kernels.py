"""Each kernel of the registry beside its plain NumPy form, in this process.

On a GPU the arrays are there before the clock starts, and work is so large that neither its cache nor the start of a kernel counts.
"""

import statistics
import time

from labkit import _cuda, devices
from labkit.bench.race import NO_PEER, short
from labkit.kernels.limits import wake
from labkit.kernels.registry import copies, moved

MOST_SECONDS = 0.5              # a kernel is run again until this is used up
SHORT_ORACLE = 0.05             # the oracle is run at a size that takes about so long
MOVED, COMPUTED = 2**28, 2e10   # bytes or operations of a launch on a GPU: several times the largest cache, and longer than a start takes
LAUNCHES = 10                   # of a kernel in a row on a GPU, which is waited for once


def size_here(kernel):
    """`bench_size`, or on a GPU the size, 2^k times as large, that keeps it busy for long enough to be timed, if there is one: some
    kernels have no more to do from a certain size on. How work grows is seen at two sizes: drawing large ones takes a host many seconds."""
    size = kernel.bench_size
    if devices.current().name != "cuda":
        return size
    work = moved, computed = kernel.work(*kernel.draw(size))
    if moved < MOVED and computed < COMPUTED and (twice := kernel.work(*kernel.draw(2 * size))) != work:
        while moved < MOVED and computed < COMPUTED:
            size, moved, computed = 2 * size, moved * twice.bytes / work.bytes, computed * twice.operations / work.operations
    return size


def launches():
    return LAUNCHES if devices.current().name == "cuda" else 1


def arguments_of(inputs):
    """A kernel's arguments as they were drawn, of arrays a0, a1, ... in a file: numbers are numbers again."""
    return [inputs[f"a{i}"][()] for i in range(len(inputs) - 1)]


def rows(kernel, measured, beside_numpy):
    """The rows of one kernel: at its own size, and beside NumPy at a smaller one where NumPy would take long."""
    size = size_here(kernel)
    peer_size = kernel.bench_size
    while beside_numpy and peer_size > 64 and oracle_seconds(kernel, peer_size) > SHORT_ORACLE:
        peer_size //= 4
    ours = at_size(kernel, size, measured)
    if not beside_numpy:
        return [ours | NO_PEER]
    if peer_size == size:
        return [ours | beside(kernel, size, ours["seconds"])]
    smaller = at_size(kernel, peer_size, measured)
    return [ours | NO_PEER, smaller | beside(kernel, peer_size, smaller["seconds"])]


def at_size(kernel, size, measured):
    """What a row says of the kernel alone, on work of this size."""
    arguments = kernel.draw(size)
    work = kernel.work(*arguments)
    limit = max(work.bytes / measured["bytes_per_second"], work.operations / measured["operations_per_second"])
    first, seconds = timed(kernel, arguments)
    return {"name": kernel.name, "size": f"{size:,}", "seconds": seconds, "first_seconds": first, "limit_share": limit / seconds}


def beside(kernel, size, seconds):
    """What a row says of plain NumPy on the same work: outputs are compared, then it is timed."""
    ours, theirs = kernel.draw(size), kernel.draw(size)
    kernel.on_current(*ours)
    kernel.oracle(*theirs)
    try:
        kernel.compare_long(ours, theirs)
    except AssertionError as error:
        return NO_PEER | {"peer": "numpy", "problem": f"not timed, outputs differ: {short(error)}"}
    peer_seconds = median_seconds(kernel.oracle, kernel.draw(size), kernel.outputs)
    return {"peer": "numpy", "peer_seconds": peer_seconds, "ratio": peer_seconds / seconds}


def timed(kernel, arguments):
    """(seconds of the first call, which compiles; median seconds of a later one) where labkit computes."""
    if devices.current().name != "cuda":
        start = time.perf_counter()
        kernel.on_current(*copies(arguments))
        return time.perf_counter() - start, median_seconds(kernel.on_current, arguments, kernel.outputs)
    cuda = _cuda.real()
    there = moved(arguments, cuda)

    def run(*_, times=LAUNCHES):
        for _ in range(times):
            kernel.start_on_cuda(*there)
        cuda.synchronize()

    start = time.perf_counter()
    run(times=1)
    first = time.perf_counter() - start
    wake(run)
    return first, median_seconds(run, (), 0) / LAUNCHES


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
