"""`make setup` and `make lab`, where something is missing and where nothing is: what they do, and the one sentence they say."""

import json
import os
import shutil
import subprocess
import sys
import time
import venv

import pytest

from tests.packaging.wheels import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="make and sh: Windows has the README's pip lines")


def run(*command, cwd=ROOT, **environment):
    """(exit status, what it printed, what it complained)"""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=os.environ | environment)
    return done.returncode, done.stdout, done.stderr


def set_up(*options, **environment):
    return run(sys.executable, ROOT / "tools" / "setup.py", *options, **environment)


def one_sentence(said):
    """One line, that starts as announced and ends as a sentence or with what to look at."""
    lines = said.strip().splitlines()
    assert len(lines) == 1, said
    return lines[0]


def fake_python(folder, name, script):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


# Finding a Python


def find(*candidates, **environment):
    return run("sh", ROOT / "tools" / "find-python.sh", *candidates, **environment)


def test_a_python_is_found_by_running_it(tmp_path):
    shim = fake_python(tmp_path, "python3.12", "echo 'python3.12: choose a version first' >&2; exit 127")
    old = fake_python(tmp_path, "python3.9", "echo other 3.9.18")
    status, path, _ = find(shim, old, sys.executable)
    assert status == 0
    assert os.path.realpath(path.strip()) == os.path.realpath(sys.executable)


def test_an_environment_keeps_the_python_it_was_made_with(tmp_path):
    venv.create(tmp_path / "kept", with_pip=False)
    _, path, _ = find(KEEP=str(tmp_path / "kept" / "bin" / "python"))
    assert os.path.realpath(path.strip()) == os.path.realpath(sys.executable)


@pytest.mark.parametrize("answer, words", [
    ("echo bare 3.11.2", "has neither the module ensurepip nor pip"),
    ("echo bare 3.11.2", "apt-get install python3.11-venv"),
    ("echo other 3.9.18", "3.9.18"),
    ("exit 127", "does not run as a 64-bit Python 3.11, 3.12 or 3.13"),
])
def test_no_python_that_serves_is_one_sentence(tmp_path, answer, words):
    status, said, complained = find(fake_python(tmp_path, "python3", answer))
    assert status == 1 and not said
    assert words in one_sentence(complained)


@pytest.mark.parametrize("version, way_out", [("3.9.18", "apt-get install python3 python3-venv"), ("3.14.0", "apt-get install python3.13-venv")])
def test_no_python_at_all_is_one_sentence_with_a_way_out(tmp_path, version, way_out):
    """Where the system's own is too new, its package would be that one again."""
    tools = tmp_path / "bin"
    tools.mkdir()
    fake_python(tools, "python3", f"echo other {version}")
    status, _, complained = run("/bin/sh", ROOT / "tools" / "find-python.sh", PATH=str(tools), HOME=str(tmp_path), PYENV_ROOT=str(tmp_path))
    assert status == 1
    assert f"python3 is {version}" in one_sentence(complained) and way_out in complained


# Making the environment


@pytest.fixture
def nothing(tmp_path):
    """A lock that asks for nothing."""
    path = tmp_path / "nothing.txt"
    path.write_text("# nothing\n")
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An environment that set-up made, of a lock that asks for nothing."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "nothing.txt").write_text("# nothing\n")
    where = folder / "venv"
    status, said, complained = set_up("--only-pins", "--venv", where, "--pins", folder / "nothing.txt")
    assert status == 0 and "Making" in said, complained
    return where, folder / "nothing.txt"


def test_a_second_run_is_done_at_once(made):
    where, pins = made
    started = time.monotonic()
    status, said, _ = set_up("--only-pins", "--venv", where, "--pins", pins)
    assert status == 0 and "up to date" in said
    assert time.monotonic() - started < 2


def test_a_changed_lock_is_installed_into_the_same_environment(made, nothing):
    nothing.write_text("# nothing, said differently\n")
    said = set_up("--only-pins", "--venv", made[0], "--pins", nothing)[1]
    assert "Ready" in said and "Making" not in said


def test_an_interrupted_set_up_is_taken_up_again(made):
    where, pins = made
    (where / "set-up.json").unlink()
    status, said, _ = set_up("--only-pins", "--venv", where, "--pins", pins)
    assert status == 0 and "Ready" in said and "Making" not in said


WRONG_HASH = "==1.0 --hash=sha256:" + "0" * 64


@pytest.mark.parametrize("pins, words", [
    ("absent" + WRONG_HASH, "could not be downloaded"),
    ("tiny" + WRONG_HASH, "not the one that was pinned"),
    ("tiny", "pip failed (ERROR: In --require-hashes mode"),
    (None, "there is no lock file"),
])
def test_what_pip_cannot_do_is_one_sentence(made, tmp_path, pins, words):
    lock = tmp_path / "lock.txt"
    (tmp_path / "tiny-1.0-py3-none-any.whl").write_bytes(b"not what was pinned")
    if pins is not None:
        lock.write_text(pins + "\n")
    status, _, complained = set_up("--venv", made[0], "--pins", lock, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path))
    assert status == 1
    assert words in one_sentence(complained)
    assert pins is None or not (made[0] / "set-up.json").exists()


def test_a_moved_environment_is_made_again(made, tmp_path):
    where, pins = made
    moved = shutil.copytree(where, tmp_path / "moved", symlinks=True)
    (moved / "set-up.json").write_text(json.dumps({"venv": str(where)}))
    assert "Making" in set_up("--only-pins", "--venv", moved, "--pins", pins)[1]


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path, nothing):
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.txt").write_text("years of work")
    status, _, complained = set_up("--only-pins", "--venv", home, "--pins", nothing)
    assert status == 1 and "left alone" in one_sentence(complained)
    assert (home / "thesis.txt").read_text() == "years of work"


def test_a_full_disk_is_one_sentence(tmp_path, nothing):
    if not shutil.which("bwrap"):
        pytest.skip("bubblewrap, which lends a small disk, is missing")
    status, _, complained = run("bwrap", "--dev-bind", "/", "/", "--size", "30000000", "--tmpfs", "/mnt", sys.executable,
                                ROOT / "tools" / "setup.py", "--only-pins", "--venv", "/mnt/venv", "--pins", nothing)
    assert status == 1
    assert "has 0.0 GB free" in one_sentence(complained)


# The learner's copies


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    monkeypatch.delitem(sys.modules, "lab", raising=False)
    import lab

    labs, work = tmp_path / "notebooks", tmp_path / "work"
    labs.mkdir()
    for name in ("00_start", "01_perceptron"):
        (labs / f"{name}.ipynb").write_text(json.dumps({"cells": [name]}))
    return lambda: lab.refresh(labs, work), labs, work


def test_labs_are_copied_once(lab):
    refresh, labs, work = lab
    assert refresh() == "Your labs are in work/ (copied: 00_start, 01_perceptron)."
    assert (work / "00_start.ipynb").read_bytes() == (labs / "00_start.ipynb").read_bytes()
    assert refresh() == "Your labs are in work/ (nothing new)."


def test_an_edited_copy_is_kept_and_an_unedited_one_gives_way(lab):
    refresh, labs, work = lab
    refresh()
    (work / "00_start.ipynb").write_text("mine")
    assert "kept as you left it: 00_start" in refresh()
    for path in labs.iterdir():
        path.write_text("newer")
    said = refresh()
    assert "copied: 01_perceptron" in said and "newer version" in said and "00_start" in said
    assert (work / "00_start.ipynb").read_text() == "mine"
    assert (work / "01_perceptron.ipynb").read_text() == "newer"


def test_a_copy_whose_record_was_lost_still_gives_way(lab):
    refresh, labs, work = lab
    refresh()
    (work / ".copied.json").unlink()
    refresh()
    (labs / "00_start.ipynb").write_text("newer")
    assert refresh() == "Your labs are in work/ (copied: 00_start)."


def test_a_notebook_put_there_by_hand_is_kept_and_a_deleted_one_comes_back(lab):
    refresh, _, work = lab
    work.mkdir()
    (work / "00_start.ipynb").write_text("mine")
    assert "kept as you left it: 00_start" in refresh()
    (work / "01_perceptron.ipynb").unlink()
    assert "copied: 01_perceptron" in refresh()
    assert (work / "00_start.ipynb").read_text() == "mine"


def test_jupyterlab_shows_a_learner_neither_news_nor_an_instructors_panels(lab, monkeypatch):
    """JupyterLab's own reading of its settings, with those of the command: what else somebody has set stays."""
    import lab as tool

    seen = {}
    monkeypatch.setattr(tool.os, "chdir", lambda place: None)
    monkeypatch.setattr(tool.os, "execve", lambda program, command, environment: seen.update(environment))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/somewhere/else")
    tool.open_lab(lab[2], [])
    assert seen["JUPYTER_CONFIG_PATH"].split(os.pathsep)[1:] == ["/somewhere/else"]
    read = "from jupyterlab.commands import get_app_info; print(*get_app_info()['disabled'])"
    disabled = subprocess.run([sys.executable, "-c", read], env=seen, capture_output=True, text=True, check=True).stdout.split()
    assert {"@jupyterlab/apputils-extension:announcements", "@jupyter/nbgrader:create-assignment"} <= set(disabled)
