"""Make a JupyterHub on this machine, and start it.

    sudo python binder/hub/set_up.py [--hub /srv/perceptron-hub] [--labs 01_perceptron ...] [--gpu] [--no-warm] [--only-set-up]

Needs root, since every person's server runs as that person's own account, and otherwise Python 3.11 to 3.13, bubblewrap and, for a hub of
its own, Node.js 20 or later with npm. A second run brings the programs up to date and leaves people's files, the course and the gradebook
alone. Where hub.toml names a prefix, people log in at another JupyterHub of this machine: then no hub is started, and its proxy is not needed.
"""

import argparse
import errno
import grp
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from hub_settings import EXAMPLE, Hub, SettingsError

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DEFAULT = Path("/srv/perceptron-hub")
NODE = 20


class SetUpError(Exception):
    """One sentence: what was wrong, what was expected, what to do."""


def main():
    options = arguments()
    try:
        prerequisites(options.hub)
        if not options.only_set_up:
            not_running(options.hub)
        hub = set_up(options.hub, options.labs, not options.no_warm, options.gpu)
        if hub.guest:
            print(f"Everything is in place for the JupyterHub that makes accounts named {hub.prefix}NAME; it starts when that hub is told of it.")
        if options.only_set_up or hub.guest:
            return
        if not hub.people:
            raise SetUpError(f"everything is in place, but nobody may log in yet: name the class in {hub.root / 'hub.toml'} and run make hub again.")
        start(hub)
    except (SetUpError, SettingsError) as error:
        sys.exit(f"make hub: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"make hub: {' '.join(map(str, error.cmd[:4]))} ... failed with status {error.returncode}; what it said is above.")
    except OSError as error:
        sys.exit(f"make hub: {error}; make room, or name another folder with HUB=.")


def arguments():
    parser = argparse.ArgumentParser(description="Make a JupyterHub on this machine, and start it.")
    parser.add_argument("--hub", type=Path, default=DEFAULT, help=f"the hub's folder (default: {DEFAULT})")
    parser.add_argument("--labs", nargs="+", default=None, metavar="LAB", help="the labs to build into the course (default: all)")
    parser.add_argument("--gpu", action="store_true", help="with the packages for an NVIDIA GPU of this machine")
    parser.add_argument("--no-warm", action="store_true", help="leave labkit's kernels to be compiled where they are first used")
    parser.add_argument("--only-set-up", action="store_true", help="do not start it")
    return parser.parse_args()


def set_up(root, labs=None, warm=True, gpu=False):
    """The Hub, with everything in place. Raises SetUpError, SettingsError, OSError and CalledProcessError."""
    guest = (root / "hub.toml").exists() and Hub.at(root).guest
    if not guest:
        proxy_prerequisites()
    os.umask(0o022)
    folder(root, 0o755)
    if not (root / "hub.toml").exists():
        write(root / "hub.toml", EXAMPLE)
    (root / "hub.toml").chmod(0o600)
    hub = Hub.at(root)
    account(hub)
    folders(hub)
    environment(hub, warm, gpu)
    if not guest:
        proxy(hub)
    programs(hub)
    course(hub, labs)
    for name in () if guest else hub.people:
        if not known(name):
            print(f"{name} has no account on this machine, so {name} cannot log in; make one with: adduser {name}", flush=True)
    return hub


def not_running(root):
    """Raises SetUpError where this hub is at work: a second one would end its proxy, after its programs were replaced under it."""
    if not (root / "hub.toml").exists() or (hub := Hub.at(root)).guest:
        return
    try:
        socket.create_server(("127.0.0.1", hub.hub_port)).close()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise SetUpError(f"port {hub.hub_port} of this machine is taken, by this hub if it is running: end it with Ctrl-C where it was started, or, "
                         "under systemd, run sudo make hub HUB_ARGS=--only-set-up && sudo systemctl restart course-hub; if it is another "
                         f"program's, name other inner_ports in {root / 'hub.toml'}.") from None


def start(hub):
    """Becomes the hub."""
    print(f"JupyterHub starts at http{'s' * bool(hub.certificate)}://{hub.ip}:{hub.port} for {len(hub.instructors)} instructors and "
          f"{len(hub.students)} students; Ctrl-C ends it.", flush=True)
    os.chdir(hub.state)
    keep = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ", "CONFIGPROXY_AUTH_TOKEN", "JPY_COOKIE_SECRET") if name in os.environ}
    program = hub.environment / "bin" / "jupyterhub"
    os.execve(program, [str(program), "-f", str(hub.programs / "jupyterhub_config.py")], {**keep, "PATH": hub.path(), "HOME": str(hub.state)})


# What must be there


def prerequisites(root):
    """Raises SetUpError where something is missing that the set-up cannot make."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise SetUpError("a hub runs every person's server as that person's own account, which takes root on Linux: run sudo make hub; "
                         "to open the course for yourself alone: make lab.")
    closed = closed_to_others(Path(sys._base_executable).resolve()) or closed_to_others(root)
    if closed:
        raise SetUpError(f"{closed} is closed to other accounts, and everybody's server must get through it; name a Python outside of it with "
                         "PYTHON= (Debian, Ubuntu: apt-get install python3 python3-venv) or another folder with HUB=.")
    for program, package in (("useradd", "passwd"), ("runuser", "util-linux"), ("bwrap", "bubblewrap")):
        if shutil.which(program) is None:
            raise SetUpError(f"{program} is missing; install the package {package}.")


def proxy_prerequisites():
    """Raises SetUpError where what runs and installs the proxy is missing."""
    if node() < NODE or shutil.which("npm") is None:
        has = f"this is Node.js {node()}" if node() else "Node.js is not there"
        raise SetUpError(f"the hub's proxy needs Node.js {NODE} or later with npm, and {has if node() < NODE else 'npm is not there'}; "
                         "install it (Debian 13, Ubuntu 25.04 and later: apt-get install nodejs npm; Ubuntu 24.04 has 18 only, and the guide for "
                         "operators says what to do there).")


def node():
    """The major version of Node.js, or 0."""
    try:
        said = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout
    except OSError:
        return 0
    return int(found[1]) if (found := re.match(r"v(\d+)\.", said)) else 0


def closed_to_others(path):
    """The first folder on the way to `path` that other accounts may not enter, or None."""
    path = Path(os.path.abspath(path))
    return next((parent for parent in reversed(path.parents) if parent.exists() and not parent.stat().st_mode & 0o001), None)


def known(name):
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


# What the set-up makes


def account(hub):
    """The account that owns the course and grades; it has no password and no shell."""
    if not known(hub.account):
        print(f"Making the account {hub.account}, which owns the course and grades.", flush=True)
        subprocess.run(["useradd", "--system", "--user-group", "--home-dir", hub.course, "--no-create-home", "--shell", "/usr/sbin/nologin",
                        "--comment", "grades the course", hub.account], check=True)


def folders(hub):
    """Every folder with its owner and permissions, put right where they are not."""
    for path, mode, owner, group in hub.folders():
        folder(path, mode, pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid)


def folder(path, mode, owner=0, group=0):
    path.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        raise SetUpError(f"{path} is a link; the hub's own folders must be folders: remove it.")
    os.chown(path, owner, group)
    path.chmod(mode)


def write(path, text, mode=0o644):
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def environment(hub, warm=True, gpu=False):
    """Python, JupyterHub and what people's servers need, from pins with hashes; labkit itself; its kernels compiled for everybody."""
    pins = HERE / ("requirements-gpu.txt" if gpu else "requirements.txt")
    subprocess.run([sys.executable, ROOT / "tools" / "setup.py", "--only-pins", "--venv", hub.environment, "--pins", pins], check=True)
    stamp = hub.environment / "labkit.stamp"
    made_of = f"{fingerprint(ROOT / 'labkit', ROOT / 'data', ROOT / 'pyproject.toml')} {warm}"
    if not stamp.exists() or stamp.read_text() != made_of or warm and not (hub.cache / "state").exists():
        print(f"Installing labkit{' and compiling its kernels' * warm}.", flush=True)
        python = hub.environment / "bin" / "python"
        # Made without ensurepip, which Debian may leave out, it has no pip of its own.
        pip = [python, "-I", "-m", "pip"] if importlib.util.find_spec("ensurepip") else [sys.executable, "-I", "-m", "pip", "--python", python]
        subprocess.run([*pip, "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation",
                        "--force-reinstall", ROOT], check=True)
        shutil.rmtree(hub.cache, ignore_errors=True)
        if warm:
            folder(hub.cache, 0o755)
            subprocess.run([python, "-I", HERE / "warm.py", hub.cache], check=True)
        stamp.write_text(made_of)


def proxy(hub):
    """configurable-http-proxy, from the versions and hashes of package-lock.json."""
    stamp, made_of = hub.proxy / "stamp", fingerprint(HERE / "package-lock.json")
    if stamp.exists() and stamp.read_text() == made_of:
        return
    print("Installing the proxy.", flush=True)
    folder(hub.proxy, 0o755)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, hub.proxy)
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=hub.proxy, check=True)
    stamp.write_text(made_of)


def programs(hub):
    """The hub's own files for everybody to read, and the instructor's programs, with the solutions, for the account alone."""
    replace(HERE, hub.programs)
    for name in ("grading", "data", "notebooks"):
        replace(ROOT / name, hub.grader / name)
    folder(hub.grader / "bin", 0o755)
    write(hub.grader / "bin" / "grading", f"#!/bin/sh\nexec {hub.environment}/bin/python -m grading.cli \"$@\"\n", 0o755)


def replace(source, target):
    """`target` becomes a copy of the folder `source`, readable and not writable by others than root."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "node_modules", ".*"), copy_function=shutil.copyfile)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def course(hub, labs):
    """The labs, built into the course folder by the account that owns it. What an instructor edited there is kept, and said."""
    build = """
import pathlib, sys
from grading import build, errors
try:
    build.build(sys.argv[2:] or None, pathlib.Path(sys.argv[1]), only_course=True)
except Exception as error:
    sys.exit(errors.sentence(error) or repr(error))
"""
    print("Building the labs into the course folder.", flush=True)
    done = as_grader(hub, hub.environment / "bin" / "python", "-c", build, hub.course, *(labs or ()))
    if done.returncode:
        raise SetUpError(f"the labs could not be built into {hub.course}: {(done.stderr.strip().splitlines() or ['no reason was given'])[-1]}")


def as_grader(hub, *command, where=()):
    """Runs a command as the account that grades; `where` is a command of root's that runs another one in some place.

    Returns subprocess's CompletedProcess, output as text."""
    environment = [f"{name}={value}" for name, value in hub.graders_environment().items()]
    return subprocess.run([*where, "runuser", "-u", hub.account, "--", "env", "-i", *environment, *map(str, command)], cwd=hub.course,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)


def fingerprint(*places):
    """What some files and folders hold, as a hash."""
    found = hashlib.sha256()
    for path in sorted(path for place in places for path in ([place] if place.is_file() else place.rglob("*"))):
        if path.is_file() and "__pycache__" not in path.parts:
            found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


if __name__ == "__main__":
    main()
