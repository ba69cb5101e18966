"""The warm process inside bubblewrap: imports everything once, then forks one locked-down child for each request.

It holds no secret, runs only trusted code itself, and stays single-threaded, since a fork copies one thread.
usage: template.py CONTROL_DESCRIPTOR, settings as JSON in the first message
"""

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path

FILES = Path(__file__).parent       # this file, shell.py, wire.py, lockdown.py; covered before a student's code runs
PRELOAD = ("scipy.special", "numba", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "ipywidgets", "greenlet", "labkit.checks",
           "labkit.datasets", "labkit.devices", "labkit.swarm", "labkit.emulator", "labkit.widgets", "labkit.figures.style")
WARM = ("import numpy as np, matplotlib.pyplot as plt",
        "from numba import njit\n@njit\ndef _warm(a):\n    s = 0.0\n    for i in range(a.size):\n        s += a[i]\n    return s\n_warm(np.ones(3))",
        "1 / 0")
LOOK_SECONDS = 0.05     # how often a submission's memory is looked at


def beside(name):
    spec = importlib.util.spec_from_file_location(name, FILES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    control = socket.socket(fileno=int(sys.argv[1]))
    settings = json.loads(control.recv(1 << 20))
    sys.path += settings["path"]
    sys.argv = [""]
    try:
        lockdown = beside("lockdown")
        lockdown.drop_root()
        filters = lockdown.Filter()
        server = warm(settings["warm"]) if not settings["probe"] else importlib.import_module("labkit.devices") and None
        if (threads := len(os.listdir("/proc/self/task"))) != 1:
            raise RuntimeError(f"the template must stay single-threaded, but has {threads} threads")
    except BaseException as error:
        control.send(f"{type(error).__name__}: {error}".encode()[:2000])
        return
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    control.send(b"ready")
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, 16, 2)
        if not request:
            return
        if os.fork() == 0:
            try:
                control.close()
                keep(descriptors, settings["limits"], lockdown, filters, server)
            finally:
                os._exit(1)
        for descriptor in descriptors:
            os.close(descriptor)


def warm(sources):
    """A shell.Server in which first-use costs are paid: imports, compilers, the lab's own set-up."""
    for name in PRELOAD:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    shell = beside("shell")
    server = shell.Server(shell.make_shell())
    for source in (*WARM, *sources):
        shell.run_cell(server.shell, source, 60)
    server.shell.reset(new_session=True)
    server.shell.execution_count = 1
    return server


def keep(descriptors, limits, lockdown, filters, server):
    """Makes the namespaces and the student's process in them, hands its pidfd to the judge, and says how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    status = socket.socket(fileno=descriptors[1])
    try:
        lockdown.new_namespaces()
        ready, go = os.pipe()
        leaf = os.fork()
        if leaf == 0:
            status.close()
            os.close(go)
            os.read(ready, 1)
            student(descriptors[0], limits, lockdown, filters, server)
        os.close(descriptors[0])
        pidfd = os.pidfd_open(leaf)
        socket.send_fds(status, [b"started"], [pidfd])
        os.write(go, b"1")
        memory = watch(leaf, pidfd, limits["memory_mb"] << 10)
        _, how, usage = os.wait4(leaf, 0)
        status.send(json.dumps({"signal": how & 127, "memory": memory, "cpu_seconds": usage.ru_utime + usage.ru_stime}).encode())
    except BaseException as error:
        status.send(f"{type(error).__name__}: {error}".encode()[:2000])
    os._exit(0)


def watch(leaf, pidfd, limit):
    """Waits for the student's processes to end; ends them when together they hold more than `limit` KiB. Returns whether that happened."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    while not poll.poll(LOOK_SECONDS * 1000):
        # The first counts shared pages twice, the second takes longer.
        if held("status", "RssAnon", "RssShmem", "VmPTE") > limit and held("smaps_rollup", "Pss") + held("status", "VmPTE") > limit:
            os.kill(leaf, signal.SIGKILL)
            return True
    return False


def held(file, *names):
    """KiB that the students' processes hold together. Their own /proc has taken the place of ours, in which we would find ourselves."""
    return sum(of_process(pid, file, names) for pid in filter(str.isdigit, os.listdir("/proc") if not os.path.lexists("/proc/self/status") else ()))


def of_process(pid, file, names):
    """KiB that one process holds. Where `file` does not say it, as for one that made itself unreadable or whose first thread has ended, what
    the status of any of its threads says."""
    instead = names if file == "status" else ("RssAnon", "RssShmem")
    places = [(f"/proc/{pid}/{file}", names), *((f"/proc/{pid}/task/{thread}/status", instead) for thread in threads(pid))]
    for path, wanted in places:
        with contextlib.suppress(OSError, ValueError, KeyError):
            fields = read(path)
            return sum(int(fields[name].split()[0]) for name in wanted)
    return 0


def threads(pid):
    with contextlib.suppress(OSError):
        yield from os.listdir(f"/proc/{pid}/task")


def read(path):
    with open(path) as file:
        return {name: value for name, _, value in (line.partition(":") for line in file)}


def student(descriptor, limits, lockdown, filters, server):
    """The process that runs a student's code: nothing open but its socket, as descriptor 3."""
    try:
        null = os.open("/dev/null", os.O_RDWR)
        kept = os.dup(descriptor)
        for target in (0, 1, 2):
            os.dup2(null, target)
        os.dup2(kept, 3)
        os.closerange(4, 1 << 16)
        os.setsid()
        os.nice(5)      # the judge and the template come first
        lockdown.enter(limits, filters, [str(FILES)])
        sock = socket.socket(fileno=3)
        if server is None:
            sock.send(b"locked")
        else:
            server.serve(sock)
    except BaseException as error:
        if server is None:
            with contextlib.suppress(OSError):
                os.write(3, f"{type(error).__name__}: {error}".encode()[:500])
    os._exit(3)


if __name__ == "__main__":
    main()
