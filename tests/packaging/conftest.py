"""The student's wheel, and an environment that holds the pinned packages and nothing of the course."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.packaging.wheels import ROOT, build_wheel

PINS = ROOT / "binder" / "requirements.txt"
STUDENT = "perceptron-to-dropout"


@pytest.fixture(scope="session")
def student_wheel(tmp_path_factory):
    return build_wheel(ROOT, tmp_path_factory.mktemp("student"))


class Empty:
    """An environment of pins alone. Commands run in it see nothing of the environment that runs the tests."""

    def __init__(self, folder):
        self.folder = folder
        self.bin = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.bin / ("python.exe" if os.name == "nt" else "python")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NBGRADER", "LABKIT"))}
        self.environment = kept | {"PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}", "VIRTUAL_ENV": str(folder)}

    def run(self, *command, cwd):
        """Run a command in it, python's own by default. Fails with what the command said; returns that."""
        if command[0] == "-m":
            command = (self.python, *command)
        done = subprocess.run(command, cwd=cwd, env=self.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
        return done.stdout

    def packages(self, cwd):
        """{name, written as locks write it: version}"""
        listed = json.loads(self.run("-m", "pip", "list", "--format=json", cwd=cwd))
        return {re.sub(r"[-_.]+", "-", one["name"]).lower(): one["version"] for one in listed}


@pytest.fixture(scope="session")
def pinned(pytestconfig):
    """An Empty that is kept between runs for as long as the lock and the Python stay the same: tools/setup.py sees to that."""
    folder = pytestconfig.cache.mkdir("pinned" + os.environ.get("PYTEST_XDIST_WORKER", "")) / "venv"       # one for each worker
    done = subprocess.run([sys.executable, ROOT / "tools" / "setup.py", "--only-pins", "--venv", folder, "--pins", PINS],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return Empty(folder)


@pytest.fixture
def empty(pinned, tmp_path):
    """The pinned packages without the course, whatever an earlier test put there."""
    if STUDENT in pinned.packages(tmp_path):
        pinned.run("-m", "pip", "uninstall", "--yes", "--quiet", STUDENT, cwd=tmp_path)
    assert not {name for name in pinned.packages(tmp_path) if name.startswith(STUDENT)}
    return pinned
