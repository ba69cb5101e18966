"""What was graded, kept so that a batch which was stopped at any moment goes on: nothing lost, nothing graded twice.

SQLite in WAL mode, one writer. A result is on disk before anything of it enters nbgrader's gradebook, and is marked as written after.
"""

import contextlib
import os
import re
import sqlite3
import time
from dataclasses import astuple, dataclass
from pathlib import Path

NAME = "grading.db"
LOCK = ".grading.lock"
NETWORK = ("nfs", "cifs", "smb", "fuse.sshfs", "afs", "ceph", "glusterfs", "fuse.glusterfs", "lustre", "gpfs", "beegfs")
TABLE = """create table if not exists results (lab text, student text, digest text, version text, seed text, result blob not null,
graded real not null, written real, primary key (lab, student, digest, version, seed)) without rowid"""
SAME = "lab = ? and student = ? and digest = ? and version = ? and seed = ?"


@dataclass(frozen=True)
class Key:
    """Which grading this is: the submission's hash, the exercises' version and a fingerprint of the seed of the hidden cases."""

    lab: str
    student: str
    digest: str
    version: str
    seed: str


class Journal:
    """The journal of a course folder. One process writes it: the one that holds the lock."""

    def __init__(self, root):
        refuse_network(root)
        path = Path(root) / NAME
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self.database = sqlite3.connect(path, isolation_level=None, timeout=30)
        self.database.execute("pragma journal_mode = wal")
        self.database.execute("pragma synchronous = full")
        self.database.execute(TABLE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.database.close()

    def find(self, key, since=0.0):
        """The result of the same submission under the same exercises and seed, whoever handed it in; None where there is none
        that was graded after the time `since`."""
        row = self.database.execute("select result from results where lab = ? and digest = ? and version = ? and seed = ? and graded >= ? limit 1",
                                    (key.lab, key.digest, key.version, key.seed, since)).fetchone()
        return row[0] if row else None

    def keep(self, key, result):
        """Records a result (bytes); what was written of an earlier one no longer counts."""
        self.database.execute("insert or replace into results values (?, ?, ?, ?, ?, ?, ?, null)", (*astuple(key), result, time.time()))

    def share(self, key, result):
        """Records that a student's submission has this known result; changes nothing where that is recorded already."""
        self.database.execute("insert or ignore into results values (?, ?, ?, ?, ?, ?, ?, null)", (*astuple(key), result, time.time()))

    def forget(self, key):
        """Nothing is known of this grading any more: the gradebook is about to hold something else."""
        self.database.execute(f"delete from results where {SAME}", astuple(key))

    def wrote(self, key):
        """The gradebook holds this result."""
        self.database.execute(f"update results set written = ? where {SAME}", (time.time(), *astuple(key)))

    def written(self, key):
        return bool(self.database.execute(f"select 1 from results where {SAME} and written is not null", astuple(key)).fetchone())


def refuse_network(root, mounts=Path("/proc/self/mounts")):
    """SQLite's locks and WAL cannot be trusted over a network: refused, in a sentence."""
    kind = file_system(Path(root).resolve(), mounts)
    if kind.startswith(NETWORK):
        raise RuntimeError(f"{root} lies on a network file system ({kind}), on which grades can be lost: move the course folder to a local disk, "
                           "and set c.CourseDirectory.db_url for a gradebook that several machines share")


def file_system(path, mounts):
    """The kind of file system that holds `path`, or "" where that is not known."""
    best, kind = Path("/"), ""
    with contextlib.suppress(OSError):
        for line in mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            _, place, what, *_ = line.split(" ")
            place = Path(re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), place))
            if path.is_relative_to(place) and len(place.parts) >= len(best.parts):
                best, kind = place, what
    return kind


# One grader at a time

HELD = {}       # {course folder: [open lock file, how often]} of this process


class Busy(RuntimeError):
    """Another process grades in this course folder."""


def hold(root, wait=0.0):
    """Takes the course folder's lock for this process, as often as it likes. Raises Busy after `wait` seconds."""
    root = str(Path(root).resolve())
    if root not in HELD:
        HELD[root] = [locked(Path(root) / LOCK, time.monotonic() + wait), 0]
    HELD[root][1] += 1


def release(root):
    """Gives the lock back once it was released as often as taken."""
    root = str(Path(root).resolve())
    if root in HELD:
        HELD[root][1] -= 1
        if HELD[root][1] <= 0:
            HELD.pop(root)[0].close()


@contextlib.contextmanager
def alone(root, wait=0.0):
    hold(root, wait)
    try:
        yield
    finally:
        release(root)


def locked(path, deadline):
    """The open, locked file. The kernel lets go of it when the process ends, however it ends."""
    file = open(path, "a+")
    while not lock(file):
        if time.monotonic() > deadline:
            file.seek(0)
            who = file.read(20).strip()
            file.close()
            raise Busy(f"another grading run is at work in {path.parent}" + (f" (process {who})" if who else "") + ": wait until it has ended")
        time.sleep(0.1)
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def lock(file):
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            file.seek(1 << 30)      # locked bytes cannot be read there, and the process's number is to be read
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        return True
    except OSError:
        return False
