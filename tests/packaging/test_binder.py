"""Binder: repo2docker accepts the repository that `grading publish` writes, and the steps that it would take work in an empty folder."""

import json
import os
import platform
import re
import subprocess
import sys
import tomllib

import pytest

from grading import publish
from tests.hub.loaded import FIRST_CALLS
from tests.packaging.conftest import STUDENT
from tests.packaging.wheels import ROOT


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    """The repository that launch links point to."""
    folder = tmp_path_factory.mktemp("public") / "course"
    publish.publish(folder)
    return folder


@pytest.fixture(scope="module")
def recipe(public):
    """The Dockerfile that repo2docker would build."""
    done = subprocess.run([sys.executable, "-m", "repo2docker", "--no-build", public], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_repo2docker_takes_our_python_our_pins_our_last_step_and_our_start(public, recipe):
    python = re.fullmatch(r"python-(3\.\d+)\n", (ROOT / "binder" / "runtime.txt").read_text())[1]
    assert f"py-2d{python.replace('.', '-2e')}" in recipe       # the file name of its own environment, escaped
    assert re.search(r'^RUN \S+/bin/pip install --no-cache-dir -r "binder/requirements.txt"$', recipe, re.MULTILINE)
    assert re.search(r"^RUN \./binder/postBuild$", recipe, re.MULTILINE)
    assert re.search(r'^ENV R2D_ENTRYPOINT="\S+/binder/start"$', recipe, re.MULTILINE)
    assert all(os.access(public / "binder" / name, os.X_OK) for name in ("postBuild", "start"))
    assert "pip install --no-cache-dir ." not in recipe         # it would fetch dependencies that no lock holds


def test_binders_python_is_one_that_the_course_supports():
    minor = int((ROOT / "binder" / "runtime.txt").read_text().split(".")[1])
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"] == ">=3.11,<3.14"
    assert 11 <= minor <= 13


@pytest.mark.timeout(900)
@pytest.mark.skipif(os.name == "nt", reason="Binder's last step is a shell script")
def test_the_same_steps_in_an_empty_folder(empty, public, tmp_path):
    """`empty` holds requirements.txt; what is left is the repository as a clone brings it, and postBuild."""
    home = tmp_path / "home"
    subprocess.run(["git", "clone", "--quiet", public, home], check=True)
    empty.run("./binder/postBuild", cwd=home)
    assert STUDENT in empty.packages(home)
    package = next(empty.folder.glob("lib/python*/site-packages/labkit"))
    assert list(package.glob("kernels/__pycache__/*.nbi")), "no kernel was compiled ahead"
    *_, said, processor = empty.run("binder/start", empty.python, "-I", "-c", f"{FIRST_CALLS}\nprint(config.CPU_NAME)", cwd=home).splitlines()
    assert processor == ("x86-64-v3" if platform.machine() == "x86_64" else "None"), "compiled for the building node's own processor"
    assert json.loads(said)["loaded"] > 40 and json.loads(said)["compiled"] == 0, said
    empty.run("-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", "notebooks/00_start.ipynb", cwd=home)
