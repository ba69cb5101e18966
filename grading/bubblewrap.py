"""What a student's process sees of this machine: bubblewrap's command line."""

import contextlib
import importlib.metadata
import os
import re
import shutil
import sys
from pathlib import Path

import labkit

HERE = Path(__file__).resolve().parent
LABKIT = Path(labkit.__file__).resolve().parent.parent
INSIDE = ("template.py", "lockdown.py", "shell.py", "wire.py")      # of this folder, all that enters the sandbox
LIBRARIES = ("numpy", "scipy", "numba", "matplotlib", "ipython", "ipywidgets", "anywidget", "scikit-learn", "tqdm", "greenlet")
SYSTEM = (*(f"/{place}{name}" for place in ("usr/", "") for name in ("bin", "lib", "lib64", "lib32", "libx32")),
          *(f"/usr/share/{name}" for name in ("fonts", "locale", "matplotlib", "terminfo", "zoneinfo")))     # what is shown of the system, read-only


def command(environment):
    """(command line of bubblewrap, folders for sys.path): Python, the labs' libraries, labkit and its data, read-only, and an environment;
    nothing else."""
    words = [shutil.which("bwrap"), "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent",
             "--new-session", "--clearenv"]
    if not privileged():
        words += ["--unshare-user"]
    words += folders("/usr", "/usr/share")
    for name in SYSTEM:
        if os.path.islink(name):
            words += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            words += ["--ro-bind", name, name]
    for folder in sorted({path.resolve() for path in Path("/usr").glob("lib*/python*/*-packages") if path.is_dir()}):
        words += ["--perms", "0755", "--tmpfs", str(folder)]      # other installations of Python keep out
    words += [*folders("/etc", "/inside"), "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for name in INSIDE:
        words += ["--ro-bind", str(HERE / name), f"/inside/{name}"]
    words += [*python_binds(), *library_binds(), *labkit_binds()]
    words += ["--dev", "/dev", "--proc", "/proc", "--perms", "1777", "--tmpfs", "/tmp", "--perms", "1777", "--tmpfs", "/dev/shm",
              "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]
    for name, value in {**environment, "LD_LIBRARY_PATH": "/python/lib", "TZ": "UTC"}.items():
        words += ["--setenv", name, value]
    return words, ["/packages", "/course"]


def shown(command, path):
    """(path, the folder that shows it) where bubblewrap's `command` lets a file or folder be seen inside, else None."""
    path = Path(path).resolve()
    covers = [Path(command[at + 1]) for at, word in enumerate(command) if word == "--tmpfs"]
    for at in (at for at, word in enumerate(command) if word in ("--ro-bind", "--ro-bind-try")):
        bound, inside = Path(command[at + 1]).resolve(), Path(command[at + 2])
        if path.is_relative_to(bound) and not any((inside / path.relative_to(bound)).is_relative_to(cover) for cover in covers):
            return path, bound
    return None


def folders(*names):
    """Folders that everybody may enter: those that root's bubblewrap makes by itself are closed."""
    return [word for name in names for word in ("--perms", "0755", "--dir", name)]


def python_binds():
    """The interpreter and its standard library, wherever they are, at /python; without the packages that are installed in it."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    standard = Path(os.__file__).resolve().parent
    binds = [*folders("/python", "/python/bin", "/python/lib"), "--ro-bind", os.path.realpath(sys._base_executable), "/python/bin/python",
             "--ro-bind", str(standard), f"/python/lib/{version}"]
    dynamic = Path(sys.base_exec_prefix, "lib", version, "lib-dynload")
    if not (standard / "lib-dynload").exists() and dynamic.exists():
        binds += ["--ro-bind", str(dynamic), f"/python/lib/{version}/lib-dynload"]
    for name in ("site-packages", "dist-packages"):
        if (standard / name).exists():
            binds += ["--perms", "0755", "--tmpfs", f"/python/lib/{version}/{name}"]
    for library in Path(sys.base_exec_prefix, "lib").glob("libpython3*.so*"):
        binds += ["--ro-bind", str(library.resolve()), f"/python/lib/{library.name}"]
    return binds


def library_binds():
    """The libraries that the labs use, and what those need, at /packages: by their own lists of files, so that no other package is seen."""
    binds, seen = folders("/packages"), set()
    for distribution in needed(LIBRARIES):
        for top in {path.parts[0] for path in distribution.files or () if path.parts[0] not in ("..", "__pycache__")} - seen:
            place = Path(distribution.locate_file(top))
            if place.exists() and place.suffix != ".pth":
                seen.add(top)
                binds += ["--ro-bind", str(place.resolve()), f"/packages/{top}"]
    return binds


def needed(names):
    """The installed distributions of these names and of all that they require."""
    from packaging.requirements import Requirement

    found, waiting = {}, [Requirement(name) for name in names]
    while waiting:
        one = waiting.pop()
        name = re.sub(r"[-_.]+", "-", one.name).lower()
        if name in found or (one.marker is not None and not one.marker.evaluate({"extra": ""})):
            continue
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.distribution(name)
            waiting += [Requirement(text) for text in found[name].requires or ()]
    return list(found.values())


def labkit_binds():
    """labkit and its data at /course, laid out as they are here."""
    binds = [*folders("/course"), "--ro-bind", str(LABKIT / "labkit"), "/course/labkit"]
    data = LABKIT / "data"
    if not (LABKIT / "labkit" / "data").exists() and data.exists():
        binds += ["--ro-bind", str(data), "/course/data"]
    return binds


def privileged():
    """Whether this is a root that may make namespaces without a user namespace."""
    if os.geteuid() != 0:
        return False
    effective = re.search(r"^CapEff:\s*(\w+)", Path("/proc/self/status").read_text(), re.MULTILINE)
    mapped = int(Path("/proc/self/uid_map").read_text().split()[2])
    return mapped > 1 and bool(int(effective[1], 16) >> 21 & 1)     # CAP_SYS_ADMIN
