"""The bench measures both paths on the same submissions, and they agree on the points."""

import json
import os
import random
import subprocess
import sys
import time

import pytest

from grading import bench, cli, exercise, journal, made_class, stock

QUIET = {"say": lambda _: None}


@pytest.fixture
def measured():
    """A few submissions to a small lab: what is tested is the bench, not the machine."""
    return bench.bench("00_start", students=3, workers=1, stocks=2, **QUIET)


def test_both_paths_grade_the_same_class_alike(measured):
    (row,) = measured["stock"]
    assert row["compared"] == 2 * len(exercise.load("00_start")) and row["different"] == []
    assert row["ratio"] == pytest.approx(row["seconds_each"] / measured["ours"]["seconds_each"]) and len(row["seconds"]) == 2
    assert 0 < measured["ours"]["seconds_each_once_warm"] < measured["ours"]["seconds"]
    assert measured["memory_mb"]["peak"] > 50
    said = bench.text(measured)
    assert "a made class of 3" in said and f"the same points in {row['compared']} of {row['compared']}" in said and measured["date"] in said


def test_what_differs_is_named():
    row = {"cells": "x", "seconds": [4.0], "seconds_each": 4.0, "ratio": 8.0, "compared": 3,
           "different": [{"student": "ada", "cell": "check_f", "ours": 1.0, "stock": 0.0}]}
    found = {"lab": "l", "students": 9, "workers": 2, "sandbox": False, "machine": "m", "date": "d", "load_before": None, "stock": [row],
             "ours": {"seconds": 4.5, "seconds_each": 0.5, "seconds_each_once_warm": None},
             "memory_mb": {"writer": [1.0, 2.0], "workers": [None, None], "everything": [3.0, 4.0], "peak": 5.0}}
    said = bench.text(found)
    assert "the same points in 2 of 3" in said and "ada, check_f: ours 1, nbgrader 0" in said
    assert "8.0 times ours" in said and "UNPROTECTED" in said and "writer 1 to 2, everything 3 to 4; most 5" in said


def test_memory_is_seen_to_grow(tmp_path):
    """A process whose memory grows with what it has written: the bench's own question to itself."""
    with journal.Journal(tmp_path) as kept:
        code = "import sys\nheld = []\nfor line in sys.stdin:\n    held.append(bytearray(b'1') * (8 << 20)); print(flush=True)"
        process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        watch = bench.Watch(process.pid, tmp_path)
        for n in range(12):
            process.stdin.write("\n")
            process.stdin.flush()
            process.stdout.readline()
            key = journal.Key("lab", f"s{n}", str(n), "v", "s")
            kept.keep(key, b"{}")
            kept.wrote(key)
            time.sleep(2 * bench.EVERY)
        process.stdin.close()
        process.wait()
        watch.stop()
    rows = [(count, writer, 1.0, everything) for count, writer, _, everything in watch.samples]
    first, last = bench.memory(rows, 12)["writer"]
    assert last - first > 40 and bench.memory(rows, 12)["peak"] >= last
    assert not watch.thread.is_alive()


def test_the_made_class_is_the_same_each_time_and_no_two_are_alike(tmp_path):
    lab = "01_perceptron"
    declared = exercise.load(lab)
    assert made_class.answers(declared, random.Random(1)) == made_class.answers(declared, random.Random(1))
    course = made_class.prepare(tmp_path / "course", lab)
    students = made_class.fill(course, lab, 5)
    handed_in = [path.read_bytes() for path in sorted(course.root.glob("submitted/*/*/*.ipynb"))]
    assert len(students) == len(set(handed_in)) == 5
    cells = [cell for raw in handed_in for cell in json.loads(raw)["cells"] if cell["id"] in declared]
    assert any("NotImplementedError" in "".join(cell["source"]) for cell in cells)


@pytest.mark.parametrize("lab", ["00_start", "01_perceptron", "02_xor"])
def test_hidden_tests_of_plain_nbgrader_hold_exactly_for_right_answers(lab):
    """The cells that stock.py writes, run here: right solutions pass, misconceptions do not."""
    seed = bytes(32)
    for one in exercise.load(lab).values():
        source = stock.hidden_tests(one, seed)

        def points(text, one=one, source=source):
            names = {one.id: one.define(text)}
            body, _, last = source.rpartition("\n")
            try:
                exec(body, names)
                return eval(last, names) if one.parts else exec(last, names) or one.points
            except AssertionError:
                return 0.0

        assert [points(text) for text in made_class.right(one)] == [one.points] * len(made_class.right(one))
        assert all(points(idea.text) < one.points for idea in one.misconceptions)


def test_the_command_writes_what_it_measured(tmp_path, monkeypatch, capsys):
    asked = {}

    def fake(lab, students, workers, stocks, whole):
        asked.update(lab=lab, students=students, workers=workers, stocks=stocks, whole=whole)
        return {"lab": lab}

    monkeypatch.setattr(bench, "bench", fake)
    monkeypatch.setattr(bench, "text", lambda found: f"measured {found['lab']}")
    assert cli.main(["bench", "02_xor", "--students", "7", "--workers", "1", "--stock", "0", "--json", str(tmp_path / "b.json")]) == 0
    assert asked == {"lab": "02_xor", "students": 7, "workers": 1, "stocks": 0, "whole": False}
    assert json.loads((tmp_path / "b.json").read_text()) == {"lab": "02_xor"} and "measured 02_xor" in capsys.readouterr().out


def test_a_grading_run_that_fails_is_said(tmp_path):
    course = made_class.Course(tmp_path)
    with pytest.raises(RuntimeError, match="grading autograde 02_xor failed:\n.*there is no course in"):
        bench.ours(course, "02_xor", 1, False)
    assert os.listdir(tmp_path) == []
