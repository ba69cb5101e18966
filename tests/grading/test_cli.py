"""Arguments that cannot be right: what was wrong, what is expected, and nothing done."""

import io
import os
import subprocess
import sys

import pytest

from grading import cli, errors, sandbox
from tests.grading.fake_lab import LAB, RIGHT


@pytest.mark.parametrize("wrong", (["autograde", LAB, "--workers", "0"], ["autograde", LAB, "--workers", "-3"], ["autograde", LAB, "--workers", "²"],
                                   ["bench", LAB, "--students", "0"], ["bench", LAB, "--stock", "-1"], ["bench", LAB, "--workers", "1.5"]))
def test_a_number_that_cannot_be_is_refused(wrong, capsys):
    """With a negative number of workers nothing would be graded, and the command end well."""
    with pytest.raises(SystemExit, match="2"):
        cli.main(wrong)
    assert "a whole number from " in capsys.readouterr().err


def test_a_lab_or_a_course_that_is_not_there_is_named(fake_course, tmp_path, capsys):
    for arguments, said in (([LAB, "--course", str(tmp_path / "nowhere")], "there is no course in"),
                            ([f"{LAB}/", "--course", str(fake_course.root)], f"has no lab {LAB}/; it has {LAB}"),
                            ([LAB, "--course", str(fake_course.root)], "grading collect puts what an LMS gives there")):
        assert cli.main(["autograde", *arguments]) == 1
        assert said in capsys.readouterr().err


def test_what_the_system_refuses_is_said_with_what_to_do(fake_course, tmp_path, capsys):
    course = ["--course", str(fake_course.root)]
    (tmp_path / "file").touch()
    for arguments, said in ((["enrol", str(tmp_path / "no.csv"), *course], "no.csv is not there: look at its name"),
                            (["enrol", str(tmp_path), *course], f"{tmp_path} is a folder, but a file is expected"),
                            (["demo", "--course", str(tmp_path / "file")], "file is no folder, but one is expected")):
        assert cli.main(arguments) == 1
        said_here = capsys.readouterr().err
        assert said in said_here and "Errno" not in said_here


def test_what_python_says_of_a_students_cell_is_kept_from_the_terminal(fake_course):
    """Of which student, and of which cell, it does not say."""
    fake_course.submit("ada", {**RIGHT, "double": "def double(x):\n    return 1if x is None else 3 * x"})
    command = [sys.executable, "-m", "grading.cli", "autograde", LAB, "--course", str(fake_course.root)]
    done = subprocess.run(command + ["--unprotected"] * (sandbox.problem() is not None), capture_output=True, text=True)
    assert done.returncode == 0 and "SyntaxWarning" not in done.stderr


def test_a_name_that_standard_output_cannot_hold_is_not_changed(fake_course, tmp_path, monkeypatch):
    """Windows writes what goes into a file or a pipe in the encoding of its country."""
    (tmp_path / "list.csv").write_text("id,first_name,last_name\nada,\u0141ucja,Lem\n", encoding="utf-8")
    course = ["--course", str(fake_course.root)]
    assert cli.main(["enrol", str(tmp_path / "list.csv"), *course]) == 0
    out, err = (io.TextIOWrapper(io.BytesIO(), "cp1252") for _ in range(2))
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("sys.stderr", err)
    assert cli.main(["export", *course]) == 1
    for stream in (out, err):
        stream.flush()
    assert out.buffer.getvalue() == b"" and rb"in cp1252 here, which has no \u0141; write to a file with --to" in err.buffer.getvalue()


def test_an_error_of_two_files_is_about_the_one_that_was_named(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "temporary").touch()
    with pytest.raises(OSError) as refused:
        os.replace(tmp_path / "temporary", tmp_path / "folder")
    assert errors.sentence(refused.value) == f"{tmp_path / 'folder'} is a folder, but a file is expected there"
    assert errors.sentence(OSError("own words")) == "own words"
