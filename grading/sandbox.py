"""Where students' code runs: the trusted side, which starts and ends processes.

Both places speak the same protocol (shell.py answers); only how a process is started differs. `Sandbox` forks one from a warm template in
bubblewrap; `Unprotected` starts a plain one.
"""

import contextlib
import itertools
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from grading import bubblewrap
from grading.bubblewrap import LABKIT
from grading.cgroup import Group

HERE = Path(__file__).resolve().parent
START_SECONDS = 120


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Seconds are wall-clock time except `cpu_seconds`, which is one process's processor time;
    `memory_mb` is held by all its processes together, `address_mb` mapped by one; `tmp_mb` bounds its files, together and each.
    What is tried once more has `total_seconds` together again."""

    cell_seconds: float = 30.0
    call_seconds: float = 10.0
    exercise_seconds: float = 20.0
    total_seconds: float = 180.0
    cpu_seconds: int = 180
    memory_mb: int = 2048
    address_mb: int = 6144
    tmp_mb: int = 64
    processes: int = 64
    files: int = 256


class SandboxError(RuntimeError):
    """A sandbox that cannot be made: what is missing, and what to do."""


def environment(home):
    """All that a student's process knows of the environment: one thread each for BLAS and OpenMP, no GPU, caches in its own folder."""
    system = ({"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"} if os.name == "posix" else
              {"SystemRoot": os.environ.get("SystemRoot", ""), "USERPROFILE": home})
    return system | {
        "HOME": home, "TMPDIR": home, "TEMP": home, "MPLCONFIGDIR": home, "IPYTHONDIR": home, "NUMBA_CACHE_DIR": home,
        "LABKIT_DEVICE": "cpu", "NBGRADER_EXECUTION": "autograde", "MPLBACKEND": "agg", "PYTHONHASHSEED": "0",
        "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "2",
    }


def python(interpreter):
    """Python without the folder of its script and without a user's own packages. Not -I, which would pass over PYTHONHASHSEED: sets then
    have another order in every process, and sums over them other last bits."""
    return [interpreter, "-P", "-s", "-B"]


def itself():
    """(interpreter, additions to its environment) of a process that is Python itself: on Windows an environment's python.exe starts another one
    and waits, and a socket is shared with one process alone."""
    base = sys._base_executable
    return (sys.executable, {}) if os.name == "posix" or base == sys.executable else (base, {"__PYVENV_LAUNCHER__": sys.executable})


def choose(unprotected=False, warm=(), limits=None, private=()):
    """The sandbox of this machine, refused with a sentence at its first start where there can be none; the plain subprocess where the
    instructor said so. `warm` are sources of trusted cells to run beforehand, `private` the paths that no student may see."""
    return Unprotected() if unprotected else Sandbox(warm, limits, private=private)


def warn():
    print("warning: --unprotected runs students' code as you, without the sandbox: it can read, change and send away whatever you can, "
          "the gradebook and the hidden cases included.", file=sys.stderr)


# The sandbox


class Sandbox:
    """A warm template in bubblewrap; `start` forks a student's process from it. A template that died is started again. Where a path of
    `private` could be seen from inside, there is no sandbox."""

    def __init__(self, warm=(), limits=None, probe=False, private=()):
        self.warm, self.limits, self.probe, self.template = list(warm), limits or Limits(), probe, None
        self.private = [HERE, *private]

    def start(self):
        """A Process. Raises SandboxError."""
        try:
            return self.fork()
        except OSError:     # the template has died
            self.close()
        try:
            return self.fork()
        except OSError as error:
            self.close()
            raise SandboxError(f"the sandbox cannot start a student's process: {error}") from error

    def fork(self):
        if self.template is None:
            self.template = Template(self.warm, self.limits, self.probe, self.private)
        return self.template.fork()

    def close(self):
        if self.template is not None:
            self.template.close()
            self.template = None


class Template:
    """The warm process, as this side knows it."""

    count = itertools.count()

    def __init__(self, warm, limits, probe, private):
        if (missing := prerequisites()) is not None:
            raise SandboxError(missing)
        command, path = bubblewrap.command(environment("/tmp"))
        if (seen := next(filter(None, (bubblewrap.shown(command, one) for one in private)), None)) is not None:
            raise SandboxError(f"students' code could read {seen[0]}, because all of {seen[1]} is shown to it: move it to another folder, for "
                               "example below /srv, /opt or a home")
        self.control, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(START_SECONDS)
        self.group = Group(f"labkit-grading-{os.getpid()}-{next(self.count)}", (limits.memory_mb + 1024) << 20, 2 * limits.processes + 16)
        with tempfile.TemporaryFile() as said:
            command = [*self.group.command(), *command, *python("/python/bin/python"), "-S", "/inside/template.py", str(inside.fileno())]
            self.process = subprocess.Popen(command, pass_fds=[inside.fileno()], stdin=subprocess.DEVNULL, stdout=said, stderr=said, env={})
            inside.close()
            settings = {"path": path, "warm": warm, "limits": asdict(limits), "probe": probe}
            answer = self.say(settings)
            if answer != b"ready":
                self.close()
                said.seek(0)
                raise SandboxError(explained((answer or said.read()).decode("utf-8", "replace").strip()))

    def say(self, settings):
        try:
            self.control.send(json.dumps(settings).encode())
            return self.control.recv(4096)
        except OSError:
            return b""

    def fork(self):
        """A Process. Raises OSError where the template is gone or the locks do not close."""
        judge, student = socket.socketpair()
        status, status_inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with student, status_inside:
                socket.send_fds(self.control, [b"fork"], [student.fileno(), status_inside.fileno()])
            status.settimeout(START_SECONDS)
            message, descriptors, _, _ = socket.recv_fds(status, 4096, 1)
            if not descriptors:
                raise OSError(message.decode("utf-8", "replace") or "its template ended")
        except OSError:
            judge.close()
            status.close()
            raise
        return Process(judge, status, descriptors[0])

    def close(self):
        self.control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        self.process.kill()
        self.process.wait()
        self.group.close()


class Process:
    """One running student's process: `socket` speaks to it, `kill` ends it with everything that it started and says how it ended."""

    def __init__(self, sock, status, pidfd):
        self.socket, self.status, self.pidfd = sock, status, pidfd

    def kill(self):
        """{"signal": int, "memory": whether it was ended for its memory, "cpu_seconds": float}, or {} where that is not known."""
        self.socket.close()
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        select.select([self.pidfd], [], [], 10)
        self.status.settimeout(5)
        ended = {}
        with contextlib.suppress(OSError, ValueError):
            ended = json.loads(self.status.recv(4096))
        os.close(self.pidfd)
        self.status.close()
        return ended


# What is missing


def problem():
    """Why students' code cannot be locked away on this machine, in a sentence that says what to do; None where it can. Under a second."""
    probe = Sandbox(probe=True)
    try:
        process = probe.start()
        process.socket.settimeout(20)
        with contextlib.closing(process.socket):
            said = process.socket.recv(600).decode("utf-8", "replace")
        process.kill()
        return None if said == "locked" else explained(said)
    except SandboxError as error:
        return str(error)
    except OSError as error:
        return explained(str(error))
    finally:
        probe.close()


def prerequisites():
    if sys.platform != "linux":
        return "the sandbox needs Linux: grade on a Linux machine, or run students' code unprotected with --unprotected"
    if shutil.which("bwrap") is None:
        return "bubblewrap is missing: install the package bubblewrap, or run students' code unprotected with --unprotected"
    return None


SETTINGS = (
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor forbids user namespaces to programs that it does not know",
     "sudo sh binder/hub/apparmor/allow.sh (in the course's repository, for bubblewrap alone)"),
    ("kernel/unprivileged_userns_clone", "0", "user namespaces are switched off",
     "echo kernel.unprivileged_userns_clone=1 | sudo tee -a /etc/sysctl.d/90-course.conf && sudo sysctl --system"),
    ("user/max_user_namespaces", "0", "user namespaces are switched off",
     "echo user.max_user_namespaces=15000 | sudo tee -a /etc/sysctl.d/90-course.conf && sudo sysctl --system"),
)


def explained(said, settings=Path("/proc/sys")):
    """One sentence for what bubblewrap or the template said: which permission is missing, and what gives it."""
    said = (said.splitlines() or ["it said nothing"])[-1].removeprefix("bwrap: ")[:300]
    for name, forbids, why, command in () if re.search("mount(ing)? /?proc", said) else SETTINGS:    # whoever got so far has namespaces
        with contextlib.suppress(OSError):
            if (settings / name).read_text().strip() == forbids:
                return f"students' code cannot be locked away, because {why} ({said}); to allow them: {command}"
    known = {
        "libseccomp": ("libseccomp is missing", "install the package libseccomp2 (libseccomp on Fedora)"),
        "/proc": ("a new /proc may not be mounted, which containers forbid unless told otherwise, and systemd where a unit has ProtectKernelTunables",
                  "start the container with --security-opt systempaths=unconfined --security-opt seccomp=unconfined, give the unit "
                  "ProtectKernelTunables=no, or grade outside it"),
        "namespace": ("namespaces may not be made here, which containers forbid unless told otherwise",
                      "start the container with --security-opt seccomp=unconfined --cap-add SYS_ADMIN, or grade outside it"),
        "Permission denied": ("a folder that the sandbox needs cannot be read by it", "make Python, its packages and labkit readable for everybody"),
    }
    for words, (why, remedy) in known.items():
        if words in said:
            return f"students' code cannot be locked away, because {why} ({said}); {remedy}, or use --unprotected"
    return f"students' code cannot be locked away ({said}); grade on another machine, or use --unprotected"


# Without protection


class Unprotected:
    """A plain subprocess for each submission: no protection against what its code does to this machine, only against mistakes."""

    def start(self):
        home = tempfile.mkdtemp(prefix="labkit-grading-")
        judge, student = socket.socketpair()
        interpreter, launched = itself()
        command = [*python(interpreter), str(HERE / "shell.py")]
        options = {"cwd": home, "env": environment(home) | launched, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
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
            with contextlib.suppress(ProcessLookupError, PermissionError):      # macOS says the latter of a group that has ended
                os.killpg(self.process.pid, 9)
        self.process.kill()
        self.process.wait(10)
        shutil.rmtree(self.home, ignore_errors=True)
        return {}


if __name__ == "__main__":      # `labkit doctor` asks so: nothing where it works, else the sentence
    missing = problem()
    print(missing or "")
    sys.exit(missing is not None)
