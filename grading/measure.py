"""How long a lab takes and how much memory it needs, solved, from its first cell to its last."""

import json
import os
import tempfile
import threading
import time
from datetime import date

import psutil

from grading.build import MEASURED, labs, source_notebook, write
from labkit import devices


def run(notebook, seconds=300):
    """Executes a notebook in an empty folder; returns (the executed notebook, seconds, peak MB of the kernel's processes)."""
    from nbclient import NotebookClient

    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=seconds, kernel_name="python3", resources={"metadata": {"path": folder}})
        watch = Peak(client)
        start = time.perf_counter()
        with watch:
            client.execute()
        return notebook, time.perf_counter() - start, watch.megabytes


class Peak:
    """The largest resident memory of a notebook's kernel and the processes that it starts, sampled twenty times a second."""

    def __init__(self, client):
        self.client = client

    def __enter__(self):
        self.bytes, self.done = 0, threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()

    def watch(self):
        while not self.done.wait(0.05):
            kernel = getattr(getattr(self.client.km, "provisioner", None), "pid", None)
            if kernel:
                self.bytes = max(self.bytes, held(kernel))

    @property
    def megabytes(self):
        return self.bytes / 2**20


def held(pid):
    """Bytes that a process and all below it hold."""
    total = 0
    try:
        first = psutil.Process(pid)
        for process in (first, *first.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total


def machine():
    """What the figures were measured on, in a few words: 2 CPU cores (Intel Xeon)."""
    return f"{devices.cores()} CPU cores ({devices.processor()})"


def measure(names=None):
    """Runs labs solved on the CPU and rewrites their rows of measured.json."""
    os.environ["LABKIT_DEVICE"] = "cpu"
    rows = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    for lab in names or labs():
        _, seconds, memory = run(source_notebook(lab))
        rows[lab] = {"seconds": round(seconds, 1), "memory_mb": round(memory), "machine": machine(), "date": date.today().isoformat()}
        print(f"{lab}: {seconds:.1f} s, {memory:.0f} MB")
    write(MEASURED, json.dumps(dict(sorted(rows.items())), indent=1) + "\n", force=True)
