"""Make an environment from pins with hashes, and put this checkout's two projects into it.

    python tools/setup.py [--venv .venv] [--pins tests/requirements.txt] [--only-pins]

Needs nothing but Python 3.11 to 3.13. A second run finds the stamp of the first and is done at once: it holds the pins' hash, the
Python version and the places of the checkout and the environment, since an environment does not survive being moved.
"""

import argparse
import errno
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECTS = (ROOT, ROOT / "grading")
VERSIONS = ((3, 11), (3, 13))
ROOM = 2e9          # bytes: the development environment takes 1.6 GB, and pip unpacks beside it
FULL = "the disk is full; make room, or put the environment elsewhere with VENV=/path, and run this again."
NETWORK = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "Network is unreachable", "Temporary failure in name",
           "ReadTimeoutError", "ProxyError", "Connection refused", "Could not fetch URL", "No matching distribution found")


class SetupError(Exception):
    """One sentence: what was wrong, what was expected, what to do."""


def main():
    options = arguments()
    where = Path(os.path.abspath(options.venv))
    try:
        started = time.monotonic()
        if set_up(where, options.pins, options.only_pins):
            print(f"Ready after {time.monotonic() - started:.0f} s: {shown(where)} with Python {version()}.")
        else:
            print(f"{shown(where)} is up to date.")
    except SetupError as error:
        sys.exit(f"Set-up stopped: {error}")
    except OSError as error:
        full = error.errno == errno.ENOSPC
        sys.exit(f"Set-up stopped: {FULL if full else f'{error}; see that {shown(where)} can be written to, or name another with VENV=.'}")
    except KeyboardInterrupt:
        sys.exit("\nSet-up stopped by hand; run it again to go on.")


def arguments():
    parser = argparse.ArgumentParser(description="Make an environment from pins with hashes.")
    parser.add_argument("--venv", default=ROOT / ".venv", help="the environment's folder")
    parser.add_argument("--pins", type=Path, default=ROOT / "tests" / "requirements.txt", help="the lock file")
    parser.add_argument("--only-pins", action="store_true", help="leave the course itself out, and allow pins without hashes")
    return parser.parse_args()


def set_up(where, pins, only_pins=False):
    """True when there was something to do, False when the environment was up to date. Raises SetupError."""
    if not VERSIONS[0] <= sys.version_info[:2] <= VERSIONS[1]:
        raise SetupError(f"this is Python {version()}, and the course runs on 3.11, 3.12 and 3.13; start one of those.")
    if not pins.is_file():
        raise SetupError(f"there is no lock file {pins}; name one with PINS=, for example tests/requirements.txt.")
    wanted, stamp = description(where, pins, only_pins), where / "set-up.json"
    if read(stamp) == wanted and runs(where):
        return False
    if where.exists() and not (where / "pyvenv.cfg").is_file() and (not where.is_dir() or any(where.iterdir())):
        raise SetupError(f"{where} is not an environment and not empty, so it is left alone; name another folder with VENV=.")
    check_room(where)
    if not (usable(where) and read(stamp).get("python", version()) == version()):
        create(where)
    stamp.unlink(missing_ok=True)
    install(where, pins, only_pins)
    temporary = stamp.with_suffix(".new")
    temporary.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
    temporary.replace(stamp)
    return True


def description(where, pins, only_pins):
    """What an environment is made of; when any of it changes, there is something to do."""
    files = [pins, *([] if only_pins else [project / "pyproject.toml" for project in PROJECTS])]
    return {"python": version(), "sha256": [hashlib.sha256(path.read_bytes()).hexdigest() for path in files],
            "venv": str(where), "checkout": str(ROOT)}


def version():
    return "{}.{}.{}".format(*sys.version_info[:3])


def shown(where):
    """The folder as a person would type it."""
    return where.relative_to(Path.cwd()) if where.is_relative_to(Path.cwd()) else where


def read(stamp):
    try:
        return json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def python_of(where):
    return where / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def runs(where, *arguments):
    """Does the environment's Python start? It does not where the Python it was made from has been removed."""
    try:
        return subprocess.run([python_of(where), "-I", *(arguments or ("-c", ""))], capture_output=True).returncode == 0
    except OSError:
        return False


def usable(where):
    """Whole, of this Python version, and not moved here from somewhere else."""
    same = f"import sys; sys.exit('{version()}' != '{{}}.{{}}.{{}}'.format(*sys.version_info[:3]))"
    return runs(where, "-c", same) and read(where / "set-up.json").get("venv", str(where)) == str(where)


def check_room(where):
    parent = next(folder for folder in [where, *where.parents] if folder.exists())
    free = shutil.disk_usage(parent).free
    if not usable(where) and free < ROOM:
        raise SetupError(f"the environment needs about {ROOM / 1e9:.1f} GB and {parent} has {free / 1e9:.1f} GB free; "
                         "make room, or put it elsewhere with VENV=/path.")


def create(where):
    """An empty environment. Where Debian has left ensurepip out, it has no pip of its own until the pins bring one."""
    print(f"Making {shown(where)} with Python {version()}.", flush=True)
    try:
        venv.EnvBuilder(clear=True, symlinks=os.name != "nt", with_pip=importlib.util.find_spec("ensurepip") is not None).create(where)
    except subprocess.CalledProcessError as error:
        raise SetupError(f"Python's own module ensurepip failed in {where} ({error}); run this again with another PYTHON=.") from error


def install(where, pins, only_pins):
    """Pins first, in pip's hash mode; that mode refuses a folder, so the projects follow, without their dependencies."""
    names = {line.split("==")[0] for line in pins.read_text(encoding="utf-8").splitlines() if re.match(r"[A-Za-z0-9]", line)}
    print(f"Installing up to {len(names)} packages from {pins.name}: minutes the first time.", flush=True)
    pip(where, *([] if only_pins else ["--require-hashes"]), "--requirement", str(pins))
    if not only_pins:
        editable = [word for project in PROJECTS for word in ("--editable", str(project))]
        pip(where, "--no-deps", "--no-build-isolation", *editable)


def pip(where, *arguments):
    """Run `pip install`, one line of progress on a terminal and all of it in a log. Raises SetupError with the likely cause."""
    python = [str(python_of(where)), "-I", "-m", "pip"]
    if not runs(where, "-c", "import pip"):
        python = [sys.executable, "-I", "-m", "pip", "--python", str(python_of(where))]
    command = [*python, "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off", *arguments]
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PIP_REQUIRE_HASHES", "PIP_QUIET")}
    log, collected = where / "set-up.log", 0
    with log.open("a", encoding="utf-8") as record:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                   text=True, encoding="utf-8", errors="replace", env=environment, cwd=ROOT)
        said = []
        for line in process.stdout:
            record.write(line)
            said.append(line)
            collected += line.startswith("Collecting ")
            if sys.stdout.isatty():
                print(f"\r  {collected} packages: {line.strip()[:60]:<60}", end="", flush=True)
    if sys.stdout.isatty():
        print("\r" + " " * 90 + "\r", end="", flush=True)
    if process.wait():
        raise SetupError(cause("".join(said), log))


def cause(said, log):
    """What pip's words mean for the person who reads them."""
    if "No space left on device" in said:
        return FULL
    if "DO NOT MATCH THE HASHES" in said or "HASHES ARE REQUIRED" in said:
        return f"a package is not the one that was pinned; do not install it, and report what {log} says."
    if any(word in said for word in NETWORK):
        return f"packages could not be downloaded; see that this machine reaches the Python package index, and run this again ({log})."
    last = next((line.strip() for line in reversed(said.splitlines()) if line.startswith("ERROR")), "pip said nothing")
    return f"pip failed ({last}); the whole of what it said is in {log}."


if __name__ == "__main__":
    main()
