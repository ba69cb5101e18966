"""How long a lab takes and how much memory it needs, solved, from its first cell to its last: here, and with no more than Binder gives.

    python -m grading.measure LAB       one lab, as a line of JSON: what `on_binder` runs inside its limits
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date

import psutil

from grading.build import MEASURED, labs, source_notebook, write
from grading.cgroup import Group
from labkit import devices

# mybinder.org promises 1 GB and ends a session at 2 GB; a processor is shared.
BINDER = {"memory_bytes": 2**30, "processes": 1000, "cpus": 1}


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


def measure(names=None, binder=False):
    """Runs labs solved on the CPU and rewrites their rows of measured.json; `binder`: within Binder's limits, kept beside."""
    rows = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    first = [lab for lab in names or labs() if lab not in rows]
    if binder and first:
        raise ValueError(f"{first[0]} was not measured yet, and the figures within Binder's limits stand beside those without: run first "
                         f"grading measure {' '.join(first)}")
    for lab in names or labs():
        found = on_binder(lab) if binder else figures(lab)
        said = {**found, "machine": machine(), "date": date.today().isoformat()}
        if binder:
            rows[lab]["binder"] = said
        else:
            rows[lab] = {**said, "binder": rows.get(lab, {}).get("binder")}
        print(f"{lab}: {found['seconds']:.1f} s, {found['memory_mb']} MB", flush=True)
    write(MEASURED, json.dumps(dict(sorted(rows.items())), indent=1) + "\n", force=True)


def figures(lab):
    os.environ["LABKIT_DEVICE"] = "cpu"
    _, seconds, memory = run(source_notebook(lab))
    return {"seconds": round(seconds, 1), "memory_mb": round(memory)}


def on_binder(lab):
    """{seconds, memory_mb} of a lab whose kernel and client, which stands for the notebook server, get one processor and 1 GiB.

    Raises RuntimeError where no such control group can be made, and where the lab does not get through.
    """
    group = Group(f"labkit-binder-{os.getpid()}-0", **BINDER)
    try:
        if not {"memory", "cpu"} <= group.limited:
            raise RuntimeError("Binder's limits need control groups for memory and processors, and this user may make none; run this as root.")
        done = subprocess.run([*group.command(), sys.executable, "-m", "grading.measure", lab], capture_output=True, text=True)
    finally:
        group.close()
    if done.returncode:
        raise RuntimeError(f"{lab} does not run within Binder's limits: {(done.stderr.strip() or 'killed').splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    print(json.dumps(figures(sys.argv[1])))
