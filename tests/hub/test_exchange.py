"""What is collected from the exchange: what its owner put there, as data; and which of several."""

import errno
import logging
import os
import pwd
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.hub import running

LAB = "01_perceptron"
STUDENT = "daemon"      # system accounts that every Debian has stand for students
OTHER = "bin"
pytestmark = pytest.mark.skipif(running.missing() is not None, reason=str(running.missing()))


def put(folder, owner=STUDENT, **files):
    """A submission in the exchange."""
    folder.mkdir()
    for name, text in (files or {LAB: "{}"}).items():
        (folder / f"{name}.ipynb").write_text(text)
        os.chown(folder / f"{name}.ipynb", pwd.getpwnam(owner).pw_uid, -1)
    os.chown(folder, pwd.getpwnam(owner).pw_uid, -1)
    return folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_plain_files_of_the_student_are_copied_and_nothing_else(exchange, tmp_path):
    handed_in = put(tmp_path / "in", **{LAB: "mine"})
    solutions = tmp_path / "solutions.ipynb"
    solutions.write_text("the instructor's")
    (handed_in / "link.ipynb").symlink_to(solutions)
    os.link(solutions, handed_in / "hard.ipynb")
    (handed_in / "folder.ipynb").mkdir()
    os.mkfifo(handed_in / "pipe.ipynb")
    (handed_in / "notes.txt").write_text("not taken")
    exchange.copy_submission(handed_in, tmp_path / "out", STUDENT)
    assert names(tmp_path / "out") == [f"{LAB}.ipynb"] and (tmp_path / "out" / f"{LAB}.ipynb").read_text() == "mine"


def test_a_link_in_the_place_of_a_folder_somebody_elses_folder_and_too_much_are_refused(exchange, tmp_path):
    (tmp_path / "link").symlink_to(put(tmp_path / "own"))
    for source, why in ((tmp_path / "link", "not a folder"), (put(tmp_path / "other", OTHER), "belongs to somebody else"),
                        (put(tmp_path / "many", **{f"n{i}": "" for i in range(11)}), "holds 11 notebooks")):
        with pytest.raises(exchange.Refused, match=why):
            exchange.copy_submission(source, tmp_path / "out", STUDENT)
    assert not (tmp_path / "out").exists()


def test_a_file_larger_than_grading_reads_is_left(exchange, tmp_path, monkeypatch):
    monkeypatch.setattr(exchange, "MAX_FILE", 3)
    left = exchange.copy_submission(put(tmp_path / "in", small="abc", large="abcd"), tmp_path / "out", STUDENT)
    assert names(tmp_path / "out") == ["small.ipynb"] and left == ["large.ipynb"]


@pytest.fixture
def submit(exchange, tmp_path, monkeypatch):
    """A student's submit of the lab in the folder home/, and where it puts it."""
    from nbgrader.auth import Authenticator
    from nbgrader.coursedir import CourseDirectory

    monkeypatch.chdir(tmp_path)
    for folder in (f"home/{LAB}", "exchange/course/inbound", f"exchange/course/outbound/{LAB}"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "exchange").chmod(0o777)
    (tmp_path / "home" / LAB / f"{LAB}.ipynb").write_text("{}")
    coursedir = CourseDirectory(root=str(tmp_path), course_id="course", assignment_id=LAB)
    made = exchange.Submit(coursedir=coursedir, authenticator=Authenticator())
    made.root, made.cache, made.assignment_dir = (str(tmp_path / name) for name in ("exchange", "cache", "home"))
    return made, tmp_path / "exchange" / "course" / "inbound"


def test_only_notebooks_are_handed_in(submit, tmp_path):
    (tmp_path / "home" / LAB / "data").mkdir()
    (tmp_path / "home" / LAB / "data" / "large.npy").write_text("x")
    (tmp_path / "home" / LAB / "notes.txt").write_text("x")
    submit[0].start()
    [folder] = submit[1].iterdir()
    assert names(folder) == [f"{LAB}.ipynb", "submission_secret.txt", "timestamp.txt"] and folder.stat().st_mode & 0o777 == 0o770


@pytest.mark.parametrize("files, why", [({"large": "abcd"}, "large.ipynb is 0 MB large, and at most 0 MB are taken"),
                                        ({f"n{i}": "" for i in range(10)}, "There are 11 notebooks in .* and at most 10 are taken")])
def test_what_would_not_be_collected_is_refused_where_the_student_is_told(exchange, submit, tmp_path, monkeypatch, files, why):
    from nbgrader.exchange import ExchangeError

    monkeypatch.setattr(exchange, "MAX_FILE", 3)
    for name, text in files.items():
        (tmp_path / "home" / LAB / f"{name}.ipynb").write_text(text)
    with pytest.raises(ExchangeError, match=why):
        submit[0].start()
    assert names(submit[1]) == []


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_no_part_of_a_submission(exchange, submit, tmp_path, monkeypatch):
    """It would be the latest one, or pass for what was collected."""
    monkeypatch.setattr(exchange.shutil, "copy", full)
    with pytest.raises(OSError, match="No space left"):
        submit[0].start()
    assert names(submit[1]) == []
    collect = exchange.Collect(coursedir=submit[0].coursedir)
    for where, name in ((exchange.shutil, "copyfileobj"), (Path, "write_text")):
        source = put(tmp_path / f"in of {name}")
        monkeypatch.setattr(where, name, full)
        with pytest.raises(OSError, match="No space left"):
            collect.do_copy(source, str(tmp_path / STUDENT / LAB))
        assert names(tmp_path / STUDENT) == []


@pytest.fixture
def collected(exchange, tmp_path, monkeypatch, caplog):
    """A function that says which of these folders would be collected."""
    from nbgrader.coursedir import CourseDirectory

    inbound = tmp_path / "exchange" / "course" / "inbound"
    inbound.mkdir(parents=True)

    def which(*folders, due=None, before_duedate=False, owner=STUDENT):
        for name in folders:
            put(inbound / name, owner)
        collect = exchange.Collect(coursedir=CourseDirectory(root=str(tmp_path), course_id="course", assignment_id=LAB))
        collect.root, collect.before_duedate = str(tmp_path / "exchange"), before_duedate
        monkeypatch.setattr(exchange, "due", lambda coursedir: due)
        collect.log = logging.getLogger("collect")
        caplog.clear()
        collect.init_src()
        return [record["filename"] for record in collect.src_records], caplog.messages

    return which


def at(hour, lab=LAB, student=STUDENT, day="2036-05-01"):
    return f"{student}+{lab}+{day} {hour:02}:00:00.000000 UTC+random"


def test_the_latest_is_collected(collected):
    assert collected(at(10), at(14), at(12), at(15, lab="02_xor"))[0] == [at(14)]


def test_the_latest_before_the_due_date_where_there_is_one(collected):
    assert collected(at(10), at(12), at(14), due=datetime(2036, 5, 1, 13), before_duedate=True)[0] == [at(12)]


def test_the_latest_of_all_where_all_are_late(collected):
    assert collected(at(14), at(16), due=datetime(2036, 5, 1, 13), before_duedate=True)[0] == [at(16)]


def test_work_in_somebody_elses_name_hides_nothing(collected):
    collected(at(10))
    found, said = collected(at(20), owner=OTHER)
    assert found == [at(10)]
    assert any(f"says that it is from {STUDENT}, who does not own it" in line for line in said)


@pytest.mark.parametrize("name", [f"{STUDENT}+{LAB}+yesterday+random", f"{STUDENT}+{LAB}+9999999-01-01+random",
                                  f"nobody-here+{LAB}+2036-05-01+random"])
def test_a_name_that_makes_no_sense_stops_nothing(collected, name):
    found, said = collected(at(10), name)
    assert found == [at(10)] and any(name in line for line in said)


def test_names_of_other_shapes_are_passed_over(collected):
    assert collected(at(10), "x", "+", "++", f"+{LAB}+", f"{LAB}", f"{STUDENT}+{LAB}+2036-05-01", f"{at(11)}\x1b[2J")[0] == [at(10)]


def test_a_time_before_the_folder_was_changed_is_said(collected):
    found, said = collected(at(10, day="2020-01-01"))
    assert found and any("was changed later" in line for line in said)


def test_a_notebook_that_was_written_into_later_is_said(collected, monkeypatch):
    """That changes nothing of its folder, which may have been made in time with anything in it."""
    real, name = os.stat, f"{STUDENT}+{LAB}+{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f} UTC+random"
    assert collected(name) == ([name], [])
    hours_later = SimpleNamespace(st_ctime=time.time() + 7200)
    monkeypatch.setattr(os, "stat", lambda path, dir_fd=None, **how: hours_later if dir_fd is not None else real(path, **how))
    found, said = collected()
    assert found == [name] and any("was changed later" in line for line in said)
