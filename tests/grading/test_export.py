"""Grades leave in three forms: a table that no spreadsheet runs, and files that keep every id as it is."""

import csv
import datetime
import io
import os
import stat
from pathlib import Path

import pytest

from grading import cli, export
from grading.export import Row

NAMES = ["=cmd|' /C calc'!A0", "+1", "-2", "@SUM(A1)", "O'Brien, Ann", 'quo"te', "line\nbreak", "Ümläut", "\t=1", "0012", "<b>x</b>"]
WHEN = datetime.datetime(2026, 3, 4, 5, 6, 7)


def rows():
    return [Row(name, name, "First", f"{name}@x", "17" if i else "", {"01_a": (7.5, 0.5, WHEN), "02_b": None})
            for i, name in enumerate(NAMES)]


LABS = {"01_a": 20.0, "02_b": 10.0}


def read(text):
    return list(csv.reader(io.StringIO(text)))


def test_the_human_table_disarms_formulas_and_adds_up():
    head, *lines = read(export.people(LABS, rows()))
    assert len(lines) == len(NAMES)
    for line in lines:
        assert not any(field.startswith(("=", "+", "-", "@", "\t")) for field in line[:4])
        assert dict(zip(head, line, strict=True))["01_a"] == "7" and line[-2:] == ["7", "30"]
    assert lines[4][0] == "O'Brien, Ann" and lines[0][0] == "'" + NAMES[0]
    assert lines[0][head.index("01_a handed in (UTC)")] == "2026-03-04 05:06:07"


def test_canvas_keeps_ids_and_has_points_possible_in_the_second_row():
    head, possible, *lines = read(export.canvas(LABS, rows()))
    assert head[:5] == ["Student", "ID", "SIS Login ID", "Section", "01_a"] and possible[0].strip() == "Points Possible"
    assert possible[-2:] == ["20", "10"]
    assert [line[2] for line in lines] == NAMES and [line[-2:] for line in lines] == [["7", ""]] * len(NAMES)


def test_nobody_can_set_the_possible_points_by_a_name():
    _, _, line = read(export.canvas(LABS, [Row("eve", "Points Possible", "", "", "", {"01_a": (1, 0, None), "02_b": (1, 0, None)})]))
    assert line[0] == "eve"


def test_moodle_keeps_ids():
    head, *lines = read(export.moodle(LABS, rows()))
    assert head[0] == "ID number" and [line[0] for line in lines] == NAMES


def test_a_penalty_never_makes_a_score_negative(fake_course):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{fake_course.root / 'gradebook.db'}") as gradebook:
        gradebook.add_student("ada", last_name="=1+1", first_name="Ada", email="a@x", lms_user_id="4711")
        gradebook.add_student("bob")
        gradebook.add_submission("01_fake", "ada")
        notebook = gradebook.find_submission_notebook("01_fake", "01_fake", "ada")
        gradebook.find_grade("check_double", "01_fake", "01_fake", "ada").auto_score = 3.0
        notebook.late_submission_penalty = 99.0
        gradebook.db.commit()
    lines = read(export.export("csv", fake_course.root))
    assert [line[0] for line in lines] == ["student", "ada", "bob"]
    assert lines[1][1] == "'=1+1" and lines[1][4:6] == ["0", "3"] and lines[1][-1] == "14"
    assert lines[2][4:] == ["", "", "", "0", "14"]          # nothing was handed in
    assert read(export.export("canvas", fake_course.root))[2][:3] == ["=1+1, Ada", "4711", "ada"]
    assert read(export.export("moodle", fake_course.root))[1] == ["ada", "Ada", "=1+1", "a@x", "0"]


def test_labs_that_nobody_has_points_in_are_no_column_and_answers_that_wait_are_told(fake_course):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{fake_course.root / 'gradebook.db'}") as gradebook:
        gradebook.add_student("ada")
        assert read(export.export("canvas", fake_course.root))[0] == ["Student", "ID", "SIS Login ID", "Section"]
        gradebook.add_submission("01_fake", "ada")
        gradebook.find_grade("check_double", "01_fake", "01_fake", "ada").auto_score = 3.0
        gradebook.find_grade("why", "01_fake", "01_fake", "ada").needs_manual_grade = True
        gradebook.add_assignment("02_later")
        gradebook.db.commit()
    unread = []
    assert read(export.export("moodle", fake_course.root, unread=unread))[0][4:] == ["01_fake"] and unread == [("ada", "01_fake")]
    assert read(export.export("moodle", fake_course.root, ["02_later"]))[1][4:] == [""]
    with pytest.raises(ValueError, match="the gradebook has no lab 03_none; it has 01_fake, 02_later"):
        export.export("csv", fake_course.root, ["03_none"])


def test_a_full_disk_leaves_the_table_that_was_there(fake_course, monkeypatch, capsys):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{fake_course.root / 'gradebook.db'}") as gradebook:
        gradebook.add_student("ada")
    command, table = ["export", "--course", str(fake_course.root), "--to"], fake_course.root / "grades.csv"
    private = 0o600 if os.name == "posix" else 0o666      # Windows has no such mode
    assert cli.main([*command, str(table)]) == 0 and stat.S_IMODE(table.stat().st_mode) == private
    before = table.read_bytes()
    assert before.startswith(b"\xef\xbb\xbfstudent,")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert cli.main([*command, str(table)]) == 1 and "No space left" in capsys.readouterr().err
    assert table.read_bytes() == before and not list(fake_course.root.glob(".grades*"))
    assert os.name == "nt" or cli.main([*command, "/dev/null"]) == 0 and Path("/dev/null").is_char_device()


def test_an_unknown_format_is_one_sentence(fake_course):
    with pytest.raises(ValueError, match="csv, canvas, moodle"):
        export.export("xls", fake_course.root)
