"""The journal keeps results through anything, and lets one grader work at a time."""

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from grading import journal
from grading.journal import Busy, Journal, Key

ROOT = Path(__file__).parents[2]
KEY = Key("01_a", "ada", "d" * 64, "v1", "s1")


@pytest.fixture
def kept(tmp_path):
    with Journal(tmp_path) as one:
        yield one


def test_a_result_is_found_under_its_key_alone(kept):
    kept.keep(KEY, b"result")
    assert kept.find(KEY) == b"result"
    for field in ("lab", "digest", "version", "seed"):
        assert kept.find(replace(KEY, **{field: "other"})) is None


def test_the_same_submission_of_another_student_shares_the_result_but_not_that_it_was_written(kept):
    kept.keep(KEY, b"result")
    kept.wrote(KEY)
    bob = replace(KEY, student="bob")
    assert kept.find(bob) == b"result" and kept.written(KEY) and not kept.written(bob)


def test_a_new_result_is_not_yet_written(kept):
    kept.keep(KEY, b"old")
    kept.wrote(KEY)
    kept.keep(KEY, b"new")
    assert kept.find(KEY) == b"new" and not kept.written(KEY)


def test_what_is_forgotten_is_neither_found_nor_written(kept):
    kept.keep(KEY, b"result")
    kept.wrote(KEY)
    kept.forget(KEY)
    kept.wrote(KEY)
    assert kept.find(KEY) is None and not kept.written(KEY)


def test_only_results_of_this_batch_count_unless_told_otherwise(kept):
    kept.keep(KEY, b"result")
    assert kept.find(KEY, since=1e12) is None


def test_it_is_on_disk_at_once_and_for_its_owner_alone(kept, tmp_path):
    kept.keep(KEY, b"result")
    assert os.name == "nt" or (tmp_path / journal.NAME).stat().st_mode & 0o077 == 0
    with Journal(tmp_path) as other:
        assert other.find(KEY) == b"result"
        assert other.database.execute("pragma synchronous").fetchone() == (2,)
        assert other.database.execute("pragma journal_mode").fetchone() == ("wal",)


def test_a_full_disk_is_an_error_and_loses_nothing(kept, tmp_path):
    kept.keep(KEY, b"result")
    kept.database.execute("pragma max_page_count = 1")      # the closest that SQLite has to a full disk
    with pytest.raises(sqlite3.OperationalError, match="full"):
        for i in range(100):
            kept.keep(replace(KEY, student=str(i)), bytes(10_000))
    with Journal(tmp_path) as other:
        assert other.find(KEY) == b"result"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no list of mounts")
@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
def test_a_network_file_system_is_refused(tmp_path, kind):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path} {kind} rw 0 0\nnone {tmp_path}/local tmpfs rw 0 0\n")
    with pytest.raises(RuntimeError, match=f"network file system .{kind}"):
        journal.refuse_network(tmp_path / "course", mounts)
    journal.refuse_network(tmp_path / "local" / "course", mounts)
    journal.refuse_network("/somewhere", mounts)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no list of mounts")
def test_a_network_file_system_is_refused_whatever_its_folder_is_called(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path}/jörg\\040müller nfs4 rw 0 0\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match="network file system"):
        journal.refuse_network(tmp_path / "jörg müller" / "course", mounts)


# One at a time


def other_process(root):
    code = f"from grading import journal; journal.hold({str(root)!r})"
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)


def test_two_graders_at_once_are_refused_in_one_sentence(tmp_path):
    with journal.alone(tmp_path):
        with journal.alone(tmp_path):       # the same process may take it again
            pass
        said = other_process(tmp_path).stderr.strip().splitlines()[-1]
        assert f"another grading run is at work in {tmp_path} (process {os.getpid()}): wait until it has ended" in said
    assert other_process(tmp_path).returncode == 0


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path):
    code = f"import os; from grading import journal; journal.hold({str(tmp_path)!r}); os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode in (-9, 9)       # 9 on Windows
    with journal.alone(tmp_path):
        pass


def test_waiting_ends(tmp_path):
    code = f"import os; from grading import journal; journal.hold({str(tmp_path)!r}); print(os.getpid(), flush=True); input()"
    holder = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        number = int(holder.stdout.readline())          # on Windows an environment's Python starts another one
        with pytest.raises(Busy, match=f"process {number}"):
            journal.hold(tmp_path, wait=0.2)
    finally:
        holder.communicate(b"\n")
    with journal.alone(tmp_path):
        pass
