"""What the labs need, and what they use where it is there."""

import importlib
import importlib.metadata
import os
import platform
import re
import struct
import sys

from labkit.doctor.finding import NAME, Finding, pip, program, set_up, unset, version

MODULES = {"scikit-learn": "sklearn"}       # what is imported, where it is not called as what is installed


def python():
    bits, found = 8 * struct.calcsize("P"), platform.python_version()
    detail = f"{found}, {bits}-bit, {platform.system()} {platform.machine()}, {sys.executable}"
    if (3, 11) <= sys.version_info[:2] <= (3, 13) and bits == 64:
        return Finding("Python", True, detail, needed=True)
    return Finding("Python", False, detail, "the course runs on 64-bit Python 3.11, 3.12 and 3.13 only",
                   set_up("PYTHON=python3.12"), needed=True)


def packages():
    """The packages that `perceptron-to-dropout` asks for, as its own metadata list them: each is there, and loads."""
    if version(NAME) is None:
        return Finding("Packages", False, f"{NAME} is not installed in this Python", "labs cannot import labkit as they should",
                       set_up(), needed=True)
    needs = {re.match(r"[A-Za-z0-9._-]+", need)[0]: need for need in importlib.metadata.requires(NAME) if "extra ==" not in need}
    missing = [name for name in needs if version(name) is None]
    if missing:
        return Finding("Packages", False, f"missing: {', '.join(missing)}", "labs stop at their first import",
                       pip(" ".join(f'"{needs[name]}"' for name in missing)), needed=True)
    others = [name for name, need in needs.items() if not allowed(name, need)]
    if others:
        return Finding("Packages", False, "other versions than the course asks for: " + ", ".join(f"{name} {version(name)}" for name in others),
                       "labs may stop, or show something else", pip(" ".join(f'"{needs[name]}"' for name in others)), needed=True)
    broken = {name: str(error) for name in needs if name != "greenlet" and (error := failure(name))}        # of that one `emulator` speaks
    if broken:
        return Finding("Packages", False, f"installed, but not to be loaded: {', '.join(broken)} ({next(iter(broken.values()))})",
                       "labs stop at their first import", pip("--force-reinstall " + " ".join(f'"{needs[name]}"' for name in broken)), needed=True)
    return Finding("Packages", True, ", ".join(f"{name} {version(name)}" for name in needs), needed=True)


def allowed(name, need):
    """Whether the installed version is one that is asked for: what was installed later may have replaced it."""
    from packaging.requirements import Requirement

    return Requirement(need).specifier.contains(version(name), prereleases=True)


def failure(name):
    """Why a package that is installed does not load, or None: its installation was broken off, or versions do not go together."""
    try:
        importlib.import_module(MODULES.get(name, name))
    except ImportError as error:
        return error


def data():
    """The bundled data sets and what `check` knows."""
    from labkit import datasets

    try:
        root = datasets.data_root()
    except FileNotFoundError as error:
        return Finding("Data", False, str(error), "labs cannot load their examples",
                       pip("--force-reinstall --no-deps --no-build-isolation ."), needed=True)
    checks = sorted(path.stem for path in (root / "checks").glob("*.json"))
    if not checks:
        return Finding("Data", False, f"{root} has no checks", "check(...) cannot tell right from wrong", "grading build", needed=True)
    return Finding("Data", True, f"{root}, with the checks of {', '.join(checks)}", needed=True)


def mnist():
    """The optional data set. Only looked for: nothing is downloaded."""
    from labkit import datasets

    home = datasets._mnist_home(datasets._mnist_places())
    if home:
        return Finding("MNIST", True, str(home))
    named = os.environ.get("LABKIT_DATA")
    where = f"not in LABKIT_DATA={named}, nor in the cache" if named else "not in the cache, and LABKIT_DATA is not set"
    return Finding("MNIST", False, where, "labs use the 8 x 8 digits that ship with scikit-learn, and say so",
                   f'{program(sys.executable)} -c "from labkit import datasets; datasets.mnist(download=True)"')


def place():
    """Where labkit computes, in its own words."""
    from labkit import devices

    try:
        device = devices.current()
    except (ValueError, RuntimeError) as error:
        return Finding("Runs on", False, str(error), "labs stop where they first compute", unset("LABKIT_DEVICE"), needed=True)
    return Finding("Runs on", True, f"{device.name}: {device.reason}", needed=True)


def emulator():
    """The emulator needs greenlet, which is compiled for each Python."""
    cost = "the kernels that you write run only on a GPU, and their mistakes are not explained"
    try:
        from labkit.emulator import cuda  # noqa: F401
    except ImportError as error:
        return Finding("Emulator", False, f"does not load: {error}", cost, pip("--force-reinstall greenlet"))
    return Finding("Emulator", True, f"ready, on greenlet {version('greenlet')}")
