"""The rules of tests/conftest.py, seen from outside: a small suite, run as a process of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import pytest

def test_right(): pass
@pytest.mark.slow
def test_slow(): pass
@pytest.mark.peers
def test_peer(): pass
@pytest.mark.slow
@pytest.mark.peers
def test_slow_peer(): pass
def test_unlucky(): pytest.skip("no chromium here")
@pytest.mark.xfail(reason="known")
def test_known(): assert False
@pytest.mark.gpu
def test_gpu(): pytest.skip("no gpu here")
"""
OPTIONS = "[pytest]\naddopts = -rfEs -p no:cacheprovider\nmarkers =\n    slow\n    peers\n    gpu\n"


@pytest.fixture
def run(tmp_path):
    shutil.copy(Path(__file__).parents[1] / "conftest.py", tmp_path / "conftest.py")
    (tmp_path / "pytest.ini").write_text(OPTIONS)
    (tmp_path / "test_suite.py").write_text(SUITE)

    def run(*arguments, **environment):
        done = subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=tmp_path, capture_output=True, text=True,
                              env=os.environ | {"REQUIRE_ALL": ""} | environment)
        return done.returncode, done.stdout

    return run


def test_slow_and_peer_tests_are_left_out_and_counted(run):
    status, said = run()
    assert status == 0
    assert "left out: 2 slow (" in said and "left out: 1 peers (" in said
    assert "no chromium here" in said
    assert "1 passed, 1 skipped" in said


def test_several_workers_count_as_one_does(run):
    status, said = run("-n", "2", "--dist", "loadfile")
    assert status == 0 and "left out: 2 slow (" in said and "left out: 1 peers (" in said and "1 passed, 1 skipped" in said
    assert run("-n", "2", "--dist", "loadfile", REQUIRE_ALL="1")[0] == 1


def test_left_out_tests_run_when_they_are_asked_for(run):
    assert "2 passed" in run("-m", "slow")[1]
    assert "1 passed" in run("test_suite.py::test_peer")[1]


def test_require_all_turns_a_skip_into_a_failure_gpu_aside(run):
    status, said = run(REQUIRE_ALL="1")
    assert status == 1
    assert "1 failed, 1 passed" in said and "1 xfailed" in said
    assert "REQUIRE_ALL=1 and this was skipped: no chromium here" in said
    assert run("test_suite.py::test_gpu", REQUIRE_ALL="1")[0] == 0


def test_require_all_sees_a_file_that_skips_itself(run, tmp_path):
    (tmp_path / "test_suite.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
    status, said = run(REQUIRE_ALL="1")
    assert status != 0 and "no_such_module" in said
