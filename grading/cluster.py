"""The same submissions on a Dask cluster, past one machine: what `workers` does with processes, with a scheduler that runs already.

Work items are bytes and results are bytes, parsed and checked here. Off loopback the cluster has to use TLS: the items hold students' work
and the seed of the hidden cases. Each worker needs this package, the same one, and bubblewrap; students' code runs in its sandbox.
"""

import atexit
import hashlib
import ipaddress
import platform
import tempfile
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import labkit
from grading import grader, seam
from grading.sandbox import SandboxError

AHEAD = 2       # submissions given out for each thread of the cluster
HERE = threading.local()        # a worker thread's Grader


@dataclass(frozen=True)
class Order:
    """What a worker has to know: the lab's name and nbgrader source notebook, the course's secret, whether to do without the sandbox, and
    the fingerprints of exercises and code that it must have as well."""

    lab: str
    source: bytes
    secret: bytes
    unprotected: bool
    version: str
    code: str


def order(lab, source, secret, unprotected):
    return Order(lab, Path(source).read_bytes(), secret, unprotected, grader.version(source), fingerprint())


@cache
def fingerprint():
    """Of the code that grades: this package's and labkit's."""
    found = hashlib.sha256()
    for folder in (Path(__file__).parent, Path(labkit.__file__).parent):
        for path in sorted(folder.glob("*.py")):
            found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()


# On a worker


def work(order, raw):
    """Grades one submission on a worker: "=" and the Result's bytes, or "!" and a sentence that stops the batch."""
    try:
        return b"=" + grader_of(order).grade(raw).to_bytes()
    except (SandboxError, ValueError, FileNotFoundError, PermissionError) as error:
        return b"!" + f"{error}".encode()


def grader_of(order):
    """This thread's Grader for an order; its sandbox stays warm until another order comes."""
    if getattr(HERE, "order", None) != order:
        if (old := getattr(HERE, "grader", None)) is not None:
            HERE.order = HERE.grader = None
            old.sandbox.close()
        folder = Path(tempfile.mkdtemp(prefix="grading-"))      # 0700: it holds the solutions
        source = folder / f"{order.lab}.ipynb"
        try:
            source.write_bytes(order.source)
            agree(order, source)
            HERE.grader = seam.make(source, order.secret, order.unprotected)
        finally:
            source.unlink(missing_ok=True)
            folder.rmdir()
        HERE.order = order
        atexit.register(HERE.grader.sandbox.close)
    return HERE.grader


def agree(order, source):
    """A worker with other exercises or other code would give other grades."""
    if fingerprint() != order.code or grader.version(source) != order.version:
        raise ValueError(f"the worker on {platform.node()} has another version of this course: install the same one on every machine")


# At the writer


def graded(jobs, address, order):
    """(job, bytes or None) for each of `jobs`, as they are done, like workers.graded; None where the workers that graded it died."""
    from distributed import as_completed

    with client(address) as cluster:
        jobs, running, done = iter(jobs), {}, as_completed(loop=cluster.loop)

        def give_out():
            while len(running) < AHEAD * threads(cluster, address) and (job := next(jobs, None)) is not None:
                future = cluster.submit(work, order, job.raw, pure=False, retries=0)
                running[future.key] = job
                done.add(future)

        give_out()
        for future in done:
            job = running.pop(future.key)
            yield job, answer(future, address)
            give_out()


def client(address):
    """A connection to the scheduler at `address`; only what this side sends is pickled, never what it is sent."""
    refuse_open(address)
    try:
        from distributed import Client, Security
    except ImportError:
        raise RuntimeError("grading on a cluster needs Dask: install perceptron-to-dropout-grading[cluster]") from None
    security = Security(require_encryption=True) if address.startswith("tls://") else None
    try:
        return Client(address, security=security, set_as_default=False, timeout=30, deserializers=["msgpack", "error"])
    except (OSError, TypeError, RuntimeError) as error:     # TypeError: TLS without certificates in Dask's configuration
        raise RuntimeError(f"the scheduler at {address} cannot be reached: {error}") from error


def threads(cluster, address):
    """How many submissions the cluster can grade at a time. Waits for the first worker."""
    workers = cluster.scheduler_info(n_workers=-1)["workers"]
    if not workers:
        try:
            cluster.wait_for_workers(1, timeout=60)
        except TimeoutError:
            raise RuntimeError(f"the scheduler at {address} has had no worker for a minute") from None
        workers = cluster.scheduler_info(n_workers=-1)["workers"]
    for place in workers:
        refuse_open(place)
    return max(1, sum(one["nthreads"] for one in workers.values()))


def answer(future, address):
    """The Result's bytes, or None where the workers died over it."""
    from distributed import KilledWorker

    if future.status == "error" and isinstance(future.exception(), KilledWorker):
        return None
    if future.status != "finished" or type(raw := future.result()) is not bytes or raw[:1] not in (b"=", b"!"):
        raise RuntimeError(f"a worker of the cluster at {address} gave no answer that could be read ({future.status}); nothing that was graded "
                           "is lost: go on with --resume")
    if raw[:1] == b"!":
        raise RuntimeError(raw[1:].decode("utf-8", "replace"))
    return raw[1:]


def refuse_open(address):
    """Off loopback nothing is sent without encryption."""
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    if parts.scheme == "tls" or (parts.scheme == "tcp" and loopback(parts.hostname or "")):
        return
    raise ValueError(f"{address} is not on this machine and not encrypted: the cluster has to use TLS (tls://...), as submissions and the seed of "
                     "the hidden cases are sent to it")


def loopback(host):
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
