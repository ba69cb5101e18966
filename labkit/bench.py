"""`labkit bench`: how fast each kernel runs here, as a share of what this machine can do at most, and beside other ways to do it.

Outputs are compared first; what differs is not timed. Times are medians. The limit of a kernel is the longer of two times: its
bytes at the measured speed of a copy, its operations at the measured speed of a loop that does nothing but multiply and add
(`labkit.kernels.limits`). On a GPU the arrays are there before the clock starts.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from labkit import devices
from labkit.kernels.registry import copies

MOST_SECONDS = 1.0              # a kernel is run again until this is used up
SHORT_ORACLE = 0.05             # the oracle is run at a size that takes about so long


def main(arguments=None):
    """Run the command; prints a table, and with --json also writes {"machine", "rows"}. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="labkit bench", description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE", help="also write the rows to this file")
    parser.add_argument("--against", default="numpy", metavar="PEERS", help=f"peers, separated by commas; known: {', '.join(COMPARE)}")
    parser.add_argument("--only", default="", metavar="NAME", help="kernels whose name contains this")
    options = parser.parse_args(arguments)
    peers = [peer for peer in options.against.split(",") if peer]
    if unknown := sorted(set(peers) - set(COMPARE)):
        parser.error(f"no way to compare with {', '.join(unknown)} is built in yet; known: {', '.join(COMPARE)}")
    from labkit.kernels import limits, registry

    kernels = [kernel for name, kernel in registry.kernels().items() if options.only in name]
    if not kernels:
        parser.error(f"no kernel's name contains {options.only!r}; registered are {', '.join(registry.kernels())}")
    measured = limits.measure()
    found = {"machine": machine(measured), "rows": []}
    print(describe(found["machine"]), flush=True)
    print(f"{'kernel':24s} {'seconds':>10s} {'of limit':>9s}  {'peer':8s} {'seconds':>10s} {'ratio':>8s}", flush=True)
    for kernel in kernels:
        for row in rows(kernel, measured, peers):
            found["rows"].append(row)
            print(line(row), flush=True)
    if options.json:
        write(Path(options.json), found)
    return 1 if any(row.get("differs") for row in found["rows"]) else 0


def rows(kernel, measured, peers):
    """The rows of one kernel: one for each peer, or one alone."""
    arguments = kernel.draw(kernel.bench_size)
    work = kernel.work(*arguments)
    limit = max(work.bytes / measured["bytes_per_second"], work.operations / measured["operations_per_second"])
    first, seconds = timed(kernel, arguments)
    row = {"name": kernel.name, "size": kernel.bench_size, "seconds": seconds, "first_seconds": first, "limit_share": limit / seconds}
    return [row | COMPARE[peer](kernel) for peer in peers] or [row | NO_PEER]


NO_PEER = {"peer": None, "peer_seconds": None, "ratio": None}


def against_numpy(kernel):
    """Ours and plain NumPy on the same, smaller work: compared first, then timed."""
    size = kernel.bench_size
    while size > 64 and oracle_seconds(kernel, size) > SHORT_ORACLE:
        size //= 4
    ours, theirs = kernel.draw(size), kernel.draw(size)
    kernel.on_current(*ours)
    kernel.oracle(*theirs)
    try:
        kernel.compare_long(ours, theirs)
    except AssertionError as error:
        return NO_PEER | {"peer": "numpy", "differs": str(error).strip().splitlines()[0]}
    arguments = kernel.draw(size)
    seconds = median_seconds(kernel.oracle, arguments, kernel.outputs)
    return {"peer": "numpy", "peer_size": size, "peer_seconds": seconds, "ratio": seconds / timed(kernel, arguments)[1]}


COMPARE = {"numpy": against_numpy}


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
    """How long plain NumPy takes at this size, found from a quarter of a quarter of it so as not to wait for it."""
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


# Where the figures were measured

def machine(limits):
    """The machine and its limits, as the JSON file tells them."""
    device = devices.current()
    return {
        "device": device.name,
        "gpu": device.gpu_name if device.name == "cuda" else None,
        "processor": processor(),
        "cores": devices.cores(),
        "memory_bytes": devices.memory_bytes(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
        **limits,
    }


def processor():
    """The processor's name as the system gives it."""
    try:
        text = Path("/proc/cpuinfo").read_text()
        return next(line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


# What is shown and written

def describe(found):
    return (f"{found['gpu'] or found['processor']}, {found['cores']} cores: a copy moves {found['bytes_per_second'] / 1e9:.1f} GB/s, "
            f"a loop does {found['operations_per_second'] / 1e9:.0f} GFLOP/s")


def line(row):
    text = f"{row['name']:24s} {row['seconds']:10.6f} {row['limit_share']:9.1%}  {row['peer'] or '':8s}"
    if row.get("differs"):
        return f"{text} not timed, outputs differ: {row['differs']}"
    return text if row["ratio"] is None else f"{text} {row['peer_seconds']:10.6f} {row['ratio']:8.1f}"


def write(path, found):
    """Write the file whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(found, indent=1) + "\n")
    os.replace(part, path)


if __name__ == "__main__":
    sys.exit(main())
