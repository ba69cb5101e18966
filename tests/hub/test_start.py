"""What begins every server: a private copy of the compiled kernels, once for each state of them, and a server whatever happens."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.hub.running import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a hub's servers run on Linux")


@pytest.fixture
def place(tmp_path):
    """A hub's folders, as `make hub` makes them: the programs, the filled cache, somebody's home."""
    (tmp_path / "hub").mkdir()
    shutil.copy(ROOT / "binder" / "hub" / "start", tmp_path / "hub")
    fill(tmp_path, "first")
    (tmp_path / "home").mkdir()
    return tmp_path


def fill(place, state):
    cache = place / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    for name in ("numba/kernels_0a", "matplotlib"):
        (cache / name).mkdir(parents=True)
    (cache / "numba" / "kernels_0a" / "fires.nbi").write_text(state)
    (cache / "matplotlib" / "fontlist.json").write_text("{}")
    (cache / "state").write_text(state)


def begin(place, *command, home=None, **environment):
    """What the program says that `start` becomes."""
    done = subprocess.run(["/bin/sh", place / "hub" / "start", *command], capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"], "HOME": str(home or place / "home")} | environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def cache_of(place, **options):
    return begin(place, "sh", "-c", "umask 022; echo $NUMBA_CACHE_DIR", **options)


def test_the_copy_is_whole_private_and_in_the_home(place):
    copy = place / "home" / ".cache" / "perceptron" / "numba-first"
    assert cache_of(place) == str(copy)
    assert (copy / "kernels_0a" / "fires.nbi").read_text() == "first"
    assert (place / "home" / ".cache" / "matplotlib" / "fontlist.json").exists()
    assert not [path for path in (copy.parent, *copy.parent.rglob("*")) if path.stat().st_mode & 0o077]


def test_the_next_server_finds_the_copy_with_what_was_compiled_since(place):
    added = place / "home" / ".cache" / "perceptron" / "numba-first" / "mine.nbi"
    assert cache_of(place) == str(added.parent)
    added.touch()
    assert cache_of(place) == str(added.parent) and added.exists()


def test_a_new_state_takes_the_place_of_the_old_one_and_of_what_was_left_half_done(place):
    cache_of(place)
    mine = place / "home" / ".cache" / "perceptron"
    (mine / "new-a1b2c3").mkdir()
    fill(place, "second")
    assert cache_of(place) == str(mine / "numba-second")
    assert [path.name for path in mine.iterdir()] == ["numba-second"]
    assert (mine / "numba-second" / "kernels_0a" / "fires.nbi").read_text() == "second"


@pytest.mark.parametrize("harm", ["no home", "no cache", "cache being filled", "copy fails", "home of somebody else"])
def test_a_copy_that_fails_keeps_no_server_from_starting(place, harm):
    home, path = place / "home", os.environ["PATH"]
    if harm == "no home":
        home = "/dev/null"
    elif harm == "no cache":
        shutil.rmtree(place / "cache")
    elif harm == "cache being filled":
        (place / "cache" / "state").unlink()
    elif harm == "copy fails":          # as on a full disk: something was written, and cp says so
        (place / "bin").mkdir()
        (place / "bin" / "cp").write_text('#!/bin/sh\nfor last; do :; done\ntouch "$last/part"\nexit 1\n')
        (place / "bin" / "cp").chmod(0o755)
        path = f"{place / 'bin'}:{path}"
    elif harm == "home of somebody else":
        if os.geteuid() != 0:
            pytest.skip("only root can make a folder that belongs to somebody else")
        (home / ".cache" / "perceptron" / "numba-first").mkdir(parents=True)
        os.chown(home / ".cache" / "perceptron", 65534, 65534)
    assert begin(place, "sh", "-c", "echo started with ${NUMBA_CACHE_DIR-no copy}", home=home, PATH=path) == "started with no copy"
    assert not list((place / "home").glob(".cache/perceptron/new-*"))


def test_arguments_arrive_as_they_are(place):
    assert begin(place, "printf", "%s|", "two words", "$HOME", "") == "two words|$HOME||"


def test_people_go_before_the_hub_where_memory_runs_out(place):
    score = ("cat", "/proc/self/oom_score_adj")
    own = int(begin(place, *score))
    assert int(begin(place, *score, JUPYTERHUB_USER="ada")) == max(500, own)
    assert int(begin(place, *score, JUPYTERHUB_USER="course-grader", JUPYTERHUB_SERVICE_NAME="course")) == own


@pytest.mark.parametrize("limit, threads", [("100000 100000", "1"), ("250000 100000", "3"), ("400000 100000", ""), ("max 100000", ""), (None, "")])
def test_blas_gets_as_many_threads_as_a_container_s_share(place, limit, threads):
    share = place / "cpu.max"
    if limit:
        share.write_text(f"{limit}\n")
    said = (ROOT / "binder" / "environment.sh").read_text()
    assert "/sys/fs/cgroup/cpu.max" in said
    (place / "hub" / "environment.sh").write_text(said.replace("/sys/fs/cgroup/cpu.max", str(share)))
    (place / "nproc").write_text("#!/bin/sh\necho 4\n")
    (place / "nproc").chmod(0o755)
    assert begin(place, "sh", "-c", "echo $OPENBLAS_NUM_THREADS", PATH=f"{place}:{os.environ['PATH']}") == threads
