"""Submissions graded by several processes at once. Each has its own Grader and warm sandbox; what comes back is bytes, parsed by the writer.

A worker that dies takes one submission with it: that one is tried once more by a fresh worker, and given up after that.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
from collections import deque
from multiprocessing.connection import wait

from grading.sandbox import SandboxError
from labkit import devices

TRIES = 2
ROOM = 512 << 20    # bytes for each worker: its template holds 200 MB and it itself 130 (measured), the rest is for what a student's code holds


def fitting():
    """How many workers suit this machine, or this container: one for each core, as far as its memory goes."""
    return max(1, min(devices.cores(), devices.memory_bytes() // ROOM))


class Worker:
    """One process, as the writer sees it: `job` is what it is working on."""

    def __init__(self, context, make, neighbours=()):
        self.pipe, inside = context.Pipe()
        self.job = None
        copies = [one.pipe for one in neighbours] + [self.pipe] if context.get_start_method() == "fork" else []
        self.process = context.Process(target=work, args=(inside, make, copies, os.getpid()), daemon=True)
        self.process.start()
        inside.close()

    def give(self, job):
        self.job = job
        self.pipe.send_bytes(b"" if job.raw is None else b"=" + job.raw)

    def close(self):
        self.pipe.close()
        self.process.join(10)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


class Job:
    """A submission to grade: whatever `name` it goes by, its bytes (None where there is no notebook)."""

    def __init__(self, name, raw):
        self.name, self.raw, self.tries = name, raw, 0


def work(pipe, make, copies, parent):
    """What a worker process does until its pipe is closed or the process `parent` ends. Where no sandbox can be made, it says so: that stops the
    batch."""
    for copy in copies:
        with contextlib.suppress(OSError):
            copy.close()        # made by the fork: the end of a pipe is seen only when every copy of it is closed
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(parent)
    with contextlib.ExitStack() as stack:
        try:
            grader = make()
            stack.callback(grader.sandbox.close)
            while (raw := received(pipe)) is not None:
                pipe.send_bytes(b"=" + grader.grade(raw[1:] if raw else None).to_bytes())
        except (SandboxError, ValueError, FileNotFoundError, PermissionError) as error:
            pipe.send_bytes(b"!" + f"{error}".encode())


def received(pipe):
    """The next bytes, or None where the other end is gone."""
    try:
        return pipe.recv_bytes()
    except (EOFError, OSError):
        return None


def die_with_parent(parent):
    """Ends this process when the process `parent`, which made it, has ended or ends. That one may well be process 1, of a container."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def graded(jobs, make, count):
    """(job, bytes or None) for each of `jobs`, as they are done; None where the workers that graded it died. `make()` gives a Grader, in each
    worker. Jobs are taken from the iterator only when a worker is free, so that a large class needs no more memory than a small one."""
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    jobs, again = iter(jobs), deque()
    workers = []
    try:
        while True:
            while len([w for w in workers if w.job]) < count and (job := again.popleft() if again else next(jobs, None)) is not None:
                idle = next((w for w in workers if w.job is None), None)
                if idle is None:
                    idle = Worker(context, make, workers)
                    workers.append(idle)
                with contextlib.suppress(OSError):     # a worker that is gone is noticed below
                    idle.give(job)
            busy = {w.pipe: w for w in workers if w.job is not None}
            if not busy:
                return
            for pipe in wait(list(busy)):
                worker, job = busy[pipe], busy[pipe].job
                worker.job = None
                if (answer := received(pipe)) is not None:
                    if answer[:1] == b"!":
                        raise RuntimeError(answer[1:].decode("utf-8", "replace"))
                    yield job, answer[1:]
                    continue
                workers.remove(worker)
                worker.close()
                job.tries += 1
                if job.tries < TRIES:
                    again.append(job)
                else:
                    yield job, None
    finally:
        for worker in workers:
            worker.close()
