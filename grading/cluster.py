"""The same submissions on a Dask cluster, past one machine: what `workers` does with processes, with a scheduler that runs already, or with a
cluster that a Dask Gateway starts for this batch.

Work items are bytes and results are bytes, parsed and checked here. Off loopback the cluster has to use TLS: the items hold students' work
and the seed of the hidden cases. Each worker needs this package, the same one, and bubblewrap; students' code runs in its sandbox.
"""

import atexit
import ipaddress
import platform
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from grading import grader, seam
from grading.sandbox import SandboxError

AHEAD = 2       # submissions given out for each thread of the cluster
GATEWAY = ("https", "http")     # how the address of a Dask Gateway begins
WORKERS = 4     # what is asked of a gateway where nobody says how many
PATIENCE = {True: 900, False: 60}       # seconds for the first worker; a gateway may have to start a machine for it, and fetch the image
CERTIFICATES = "ca-file, client.cert and client.key below distributed.comm.tls in Dask's configuration say where they are"
HERE = threading.local()        # a worker thread's Grader


@dataclass(frozen=True)
class Order:
    """What a worker has to know: the lab's name and nbgrader source notebook, the course's secret, whether to do without the sandbox, and
    the fingerprint of exercises and code that it must have as well."""

    lab: str
    source: bytes
    secret: bytes
    unprotected: bool
    version: str


def order(lab, source, secret, unprotected):
    return Order(lab, Path(source).read_bytes(), secret, unprotected, grader.version(source))


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
    if grader.version(source) != order.version:
        raise ValueError(f"the worker on {platform.node()} has another version of this course, of NumPy or of Numba: install the same ones on every "
                         "machine")


# At the writer


def graded(jobs, address, order, workers=None):
    """(job, bytes or None) for each of `jobs`, as they are done, like workers.graded; None where the workers that graded it died.

    address : of a scheduler, or of a Dask Gateway, which is asked for a cluster of so many `workers`
    """
    refuse_open(address)
    with reached(address, workers) as cluster:
        from distributed import as_completed

        jobs, running, done = iter(jobs), {}, as_completed(loop=cluster.loop)

        def give_out():
            while len(running) < AHEAD * threads(cluster, address) and (job := next(jobs, None)) is not None:
                future = cluster.submit(work, order, job.raw, pure=False, retries=0)
                running[future.key] = job
                done.add(future)

        give_out()
        for future in done:
            if future.status == "lost":     # its worker died before the answer was fetched: the scheduler has it worked out again
                done.add(future)
                continue
            job = running.pop(future.key)
            yield job, answer(future, address)
            give_out()


def reached(address, workers):
    """A context with the connection to the scheduler at `address`, or to the one that the gateway there starts."""
    return started(address, workers or WORKERS) if is_gateway(address) else client(address)


def is_gateway(address):
    return urlsplit(address).scheme in GATEWAY


@contextmanager
def started(address, workers):
    """A connection to a new cluster of the Dask Gateway at `address`, which is stopped at the end. Who asks, and where the gateway's proxy for
    schedulers is, stands in Dask's configuration: DASK_GATEWAY__AUTH__TYPE, DASK_GATEWAY__PROXY_ADDRESS."""
    try:
        from dask_gateway import Gateway
    except ImportError:
        raise RuntimeError("grading through a Dask Gateway needs its client: pip install distributed dask-gateway") from None
    gateway = Gateway(address)      # closed when it is let go: its own way, which fails where it was closed before
    try:
        name = gateway.submit()
    except Exception as error:      # the client's own kinds, aiohttp's, OSError
        raise RuntimeError(f"the Dask Gateway at {address} gives no cluster: {type(error).__name__} {error}") from error
    try:
        report = running(gateway, name, address)
        gateway.scale_cluster(name, workers)
        with connection(report.scheduler_address, report.security) as cluster:
            yield cluster
    finally:
        gateway.stop_cluster(name)


def running(gateway, name, address):
    """The gateway's report on a cluster, once it runs: its scheduler's address and the certificate made for it."""
    while (report := gateway.get_cluster(name, wait=True)).status.name == "PENDING":
        pass        # each answer waits some seconds at the gateway
    if report.status.name != "RUNNING":
        raise RuntimeError(f"the Dask Gateway at {address} could not start cluster {name}, which is {report.status.name.lower()}: the log of its "
                           "scheduler says why")
    return report


def client(address):
    """A connection to the scheduler at `address`."""
    refuse_open(address)
    try:
        from distributed import Security
    except ImportError:
        raise RuntimeError("grading on a cluster needs Dask: pip install distributed") from None
    if not address.startswith("tls://"):
        return connection(address, None)
    security = Security(require_encryption=True)
    try:
        certified = security.get_connection_args("client")["ssl_context"] is not None
    except OSError as error:
        raise RuntimeError(f"the scheduler at {address} cannot be reached, as a certificate cannot be read ({error}): {CERTIFICATES}") from error
    if not certified:       # Dask would try all the same, and go on for a minute
        raise RuntimeError(f"the scheduler at {address} cannot be reached without certificates: {CERTIFICATES}")
    return connection(address, security)


def connection(address, security):
    """A Client; only what this side sends is pickled, never what it is sent."""
    from distributed import Client

    try:
        return Client(address, security=security, set_as_default=False, timeout=30, deserializers=["msgpack", "error"])
    except (OSError, TypeError, RuntimeError) as error:     # TypeError: TLS without certificates in Dask's configuration
        raise RuntimeError(f"the scheduler at {address} cannot be reached: {error}") from error


def threads(cluster, address):
    """How many submissions the cluster can grade at a time. Waits for the first worker."""
    workers = cluster.scheduler_info(n_workers=-1)["workers"]
    if not workers:
        try:
            cluster.wait_for_workers(1, timeout=(seconds := PATIENCE[is_gateway(address)]))
        except TimeoutError:
            raise RuntimeError(f"the scheduler at {address} has had no worker for {seconds} seconds") from None
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
    """Off loopback nothing is sent without encryption. A gateway makes a certificate for each scheduler and hands it over, so that it has to be
    asked over TLS itself."""
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    if parts.scheme in ("tls", "https") or (parts.scheme in ("tcp", "http") and loopback(parts.hostname or "")):
        return
    raise ValueError(f"{address} is not on this machine and not encrypted: the cluster has to use TLS (tls://..., or https://... for a Dask "
                     "Gateway), as submissions and the seed of the hidden cases are sent to it")


def loopback(host):
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
