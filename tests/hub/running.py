"""A real hub for the tests: `make hub` itself, as root, for system accounts that are made for it and removed afterwards.

Its environment and the compiled kernels take minutes to make, so they are kept in one folder from run to run; all else in there is made anew.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil

if os.name == "posix":
    import fcntl
    import pwd

ROOT = Path(__file__).resolve().parents[2]
PLACE = Path("/srv/perceptron-hub-tests")
KEPT = ("env", "proxy", "cache", ".lock")
LAB = "01_perceptron"
GRADER = "hubgrader"
STUDENTS, INSTRUCTORS = ("hubada", "hubblaise"), ("hubgrace",)


def missing():
    """Why no hub can be started here, or None."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a hub needs root on Linux: every person's server is that person's own account's"
    for program, package in (("npm", "npm"), ("node", "nodejs"), ("bwrap", "bubblewrap"), ("runuser", "util-linux"), ("useradd", "passwd")):
        if shutil.which(program) is None:
            return f"{program} is missing; on Debian: apt-get install {package}"
    return None


def environment():
    """What `make hub` inherits: nothing of this test's own virtual environment, nor of a `make test PYTHON=...` around it."""
    own = "VIRTUAL_ENV", "PYTHONPATH", "MPLBACKEND", "PYTHON", "MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS"
    return {name: value for name, value in os.environ.items() if name not in own}


def free_ports(count=4):
    """The first of `count` free ports in a row."""
    import socket

    for first in range(8700, 9700, 10):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(first, first + count):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise RuntimeError("no free ports between 8700 and 9700")


class Running:
    """A hub that runs: its address, its folders, its people and their passwords."""

    def __init__(self, root, port, passwords, log):
        self.root, self.passwords, self.log = root, passwords, log
        self.address = f"http://127.0.0.1:{port}"
        self.course, self.exchange = root / "grader" / "course", root / "exchange" / "course"

    def home(self, name):
        return Path(pwd.getpwnam(name).pw_dir)

    def as_user(self, name, *command, cwd="/"):
        """Runs a command as an account of this machine, with nothing of ours; returns subprocess's CompletedProcess."""
        who = pwd.getpwnam(name)
        path = f"{self.root / 'env' / 'bin'}:/usr/bin:/bin"
        return subprocess.run(["setpriv", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--init-groups", "env", "-i", f"PATH={path}",
                               f"HOME={who.pw_dir}", f"USER={name}", *map(str, command)], cwd=cwd, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120)


@contextlib.contextmanager
def accounts():
    """The people's accounts, each with a password, and JupyterLab set up as the tests drive it. Yields the passwords."""
    remove()
    passwords = {name: secrets.token_urlsafe(12) for name in (*STUDENTS, *INSTRUCTORS)}
    try:
        for name in passwords:
            subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", name], check=True)
            home = Path(pwd.getpwnam(name).pw_dir)
            home.chmod(0o755)       # as some systems make homes: the hub closes them
            settle(home)
            subprocess.run(["chown", "-R", f"{name}:", home], check=True)
        said = "".join(f"{name}:{password}\n" for name, password in passwords.items())
        subprocess.run(["chpasswd"], input=said, text=True, check=True)
        yield passwords
    finally:
        remove()


def settle(home):
    """JupyterLab in the browser answers the tests' questions, and does not ask for news."""
    jupyter = home / ".jupyter"
    quiet = jupyter / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    (quiet / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    (jupyter / "jupyter_server_config.json").write_text(json.dumps({"LabApp": {"expose_app_in_browser": True}}))


def remove():
    """The tests' accounts, with their processes and homes."""
    for name in (*STUDENTS, *INSTRUCTORS, GRADER):
        with contextlib.suppress(KeyError):
            uid = pwd.getpwnam(name).pw_uid
            for process in psutil.process_iter(["uids"]):
                if process.info["uids"] and process.info["uids"].real == uid:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.kill()
            subprocess.run(["userdel", "--force", *(["--remove"] if name != GRADER else []), name], capture_output=True)


@contextlib.contextmanager
def alone():
    """The tests' folder, for this run alone, with nothing of an earlier run but the environment."""
    PLACE.mkdir(exist_ok=True)
    if PLACE.is_symlink() or PLACE.stat().st_uid != 0:
        raise RuntimeError(f"{PLACE} belongs to somebody else; remove it")
    with open(PLACE / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        clear()
        try:
            yield
        finally:
            clear()


def clear():
    for path in PLACE.iterdir():
        if path.name not in KEPT:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextlib.contextmanager
def hub(log):
    """`make hub`, until it answers; `log` is the file for what it says. Yields a Running. One at a time on a machine."""
    with alone(), accounts() as passwords, open(log, "w") as said:
        port = free_ports()
        (PLACE / "hub.toml").write_text(f"instructors = {list(INSTRUCTORS)}\nstudents = {list(STUDENTS)}\n"
                                        f"port = {port}\ninner_ports = {port + 1}\naccount = '{GRADER}'\n")
        (PLACE / "hub.toml").chmod(0o600)
        process = subprocess.Popen(["make", "hub", f"HUB={PLACE}", f"HUB_ARGS=--labs {LAB}"], cwd=ROOT, stdout=said, stderr=said,
                                   env=environment(), start_new_session=True)
        try:
            running = Running(PLACE, port, passwords, Path(log))
            until_it_answers(process, running)
            yield running
        finally:
            end(process)


def until_it_answers(process, running, seconds=1500):
    """Waits for the hub and for the service that grades; the first time the environment has to be made."""
    deadline = time.monotonic() + seconds
    for part in ("/hub/login", f"/services/course/api?{secrets.token_hex(2)}"):
        while True:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the hub did not start:\n{running.log.read_text()[-3000:]}")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(running.address + part).close()
                break
            time.sleep(0.5)


def end(process):
    """Ends the hub, which stops its proxy and services, and then whatever is left of its folder's programs."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    deadline = time.monotonic() + 20
    while (left := ours()) and time.monotonic() < deadline:
        time.sleep(0.2)
    for one in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait(10)


def ours():
    """root's and nobody's processes that run the programs of the tests' hub."""
    return [one for one in psutil.process_iter(["cmdline", "username"])
            if one.info["username"] in ("root", "nobody") and f"{PLACE}/" in " ".join((one.info["cmdline"] or ())[:2])]
