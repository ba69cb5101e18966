"""A class in which nearly everybody cheats, crashes or breaks something: graded in one batch, through the whole path.

Each submission says what it expects: its own points and states. For all of them: the batch ends, neighbours keep their points, nothing
outside is touched, and what instructor and student read is harmless.
"""

import hashlib
import json
import socket
import threading
import time
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from grading import exercise, judge, runner, sandbox, seam
from grading import grader as grading_grader
from tests.grading.fake_lab import LAB, POINTS, RIGHT, templates
from tests.hostile import ended, forged, handed_in, reached

CASES = {f"{kind}{i:02d}": case for kind, module in (("e", ended), ("f", forged), ("h", handed_in), ("r", reached))
         for i, case in enumerate(module.CASES)}
HONEST = ("aaa", "e30x", "f99", "h30x", "r01x", "zzz")      # before, between and after the others
LIMITS = sandbox.Limits(cell_seconds=4, call_seconds=1, exercise_seconds=3, total_seconds=25, memory_mb=700)
OUTPUTS = {"stream", "display_data", "execute_result", "error"}


class Listener:
    """Something on this machine that a submission would like to reach: whoever connects is counted."""

    def __init__(self):
        self.visits = []
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.abstract = socket.socket(socket.AF_UNIX)
        self.abstract.bind("\0hostile-canary")
        self.abstract.listen()
        self.port = self.tcp.getsockname()[1]
        for one in (self.tcp, self.abstract):
            threading.Thread(target=self.listen, args=(one,), daemon=True).start()

    def listen(self, one):
        while True:
            try:
                self.visits.append(one.accept())
            except OSError:
                return

    def close(self):
        for one in (self.tcp, self.abstract):
            one.shutdown(socket.SHUT_RDWR)
            one.close()


def hand_in(course, student, case, port):
    answers = {**RIGHT, **{ident: text.replace("COURSE", repr(str(course.root))).replace("PORT", str(port)) for ident, text in case.answers.items()}}
    notebook = course.notebook(answers)
    if case.edit:
        case.edit(notebook)
    if case.place:
        folder = course.root / "submitted" / student / LAB
        folder.mkdir(parents=True)
        case.place(folder, notebook)
    else:
        course.submit(student, case.raw(notebook) if case.raw else json.dumps(notebook).encode())


def prints(course):
    """Hashes of what no submission may change."""
    kept = [course.root / "secret", course.source, course.exercises / f"{LAB}.py", course.root / "nbgrader_config.py", Path(judge.__file__)]
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


@pytest.fixture(scope="module")
def batch(fake_course_made, tmp_path_factory):
    """The course after the batch, with what was seen."""
    if (why := sandbox.problem()) is not None:
        pytest.skip(why)
    course = fake_course_made.copied(tmp_path_factory.mktemp("hostile") / "course")
    course.listener = Listener()
    for student, case in CASES.items():
        hand_in(course, student, case, course.listener.port)
    for student in HONEST:
        course.submit(student, {**RIGHT, "why": f"I am {student}."})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exercise, "FOLDER", course.exercises)
        patch.setattr(seam, "READY", {})
        patch.setattr(sandbox, "Limits", lambda: LIMITS)
        patch.setattr(grading_grader, "Limits", lambda: LIMITS)
        patch.setenv("HOSTILE_CANARY", "HOSTILE_CANARY")
        course.before, course.templates_before = prints(course), templates()
        start = time.monotonic()
        course.code = runner.autograde(LAB, course.root, workers=2)
        course.seconds = time.monotonic() - start
        course.table = course.scores()
    course.templates_after = templates()
    course.listener.close()
    return course


def graded(course, student):
    return nbformat.read(course.root / "autograded" / student / LAB / f"{LAB}.ipynb", as_version=4)


def known(state, allowed):
    """`allowed` where the state is one of those that it names, "a|b"; None allows every state."""
    return allowed if allowed is None or state in allowed.split("|") else state


@pytest.mark.parametrize("student", CASES, ids=lambda s: f"{s} {CASES[s].name}")
def test_each_gets_what_it_expects(batch, student):
    case, about = CASES[student], graded(batch, student).metadata["grading"]
    marks = {mark["id"]: mark for mark in about["marks"]}
    expected = {ident: case.expects.get(ident, ("right", points)) for ident, points in POINTS.items()}
    for ident, (state, points) in expected.items():
        if points is None:          # what the state earns: either of two may be, by who is first
            expected[ident] = state, POINTS[ident] if marks[ident]["state"] == "right" else 0.0
    got = {ident: (known(mark["state"], expected[ident][0]), mark["points"]) for ident, mark in marks.items()}
    assert got == expected, [(mark["state"], mark["sentence"]) for mark in marks.values()]
    assert {ident: score for ident, score in batch.table[student].items() if ident in POINTS} == {i: p for i, (_, p) in expected.items()}
    assert all(mark["state"] in judge.STATES and len(mark["sentence"]) > 3 for mark in marks.values())
    assert case.says in " ".join(about["notes"]) and (case.says or case.edit or case.raw or case.place or not about["notes"])


def test_the_batch_ends_and_everybody_is_graded(batch):
    assert batch.code == 0
    assert set(batch.table) == set(CASES) | set(HONEST) and len(CASES) > 150


@pytest.mark.parametrize("student", HONEST)
def test_honest_neighbours_keep_their_points(batch, student):
    assert {ident: batch.table[student][ident] for ident in POINTS} == POINTS


def test_nothing_outside_was_touched(batch):
    assert prints(batch) == batch.before
    assert batch.listener.visits == []
    assert not (batch.root / "written_by_a_submission").exists()
    assert not Path("/tmp/hostile").exists() and not Path("/dev/shm/hostile").exists()


def test_nothing_that_was_started_is_left(batch):
    """All that a submission starts lives in a sandbox."""
    assert batch.templates_after <= batch.templates_before


def test_no_probe_found_anything(batch):
    for student in (s for s in CASES if s.startswith("r")):
        for cell in graded(batch, student).cells:
            for output in cell.get("outputs", ()):
                assert not (output.output_type == "stream" and "LEAK" in output.text), (CASES[student].name, output.text[:300])
                assert "HIDDEN" not in json.dumps(output) and "HOSTILE_CANARY" not in json.dumps(output)


def test_no_sentence_repeats_what_the_judge_sent(batch):
    for student in CASES:
        assert not [mark for mark in graded(batch, student).metadata["grading"]["marks"] if "leak of" in mark["sentence"]]


def test_outputs_are_plain_and_small(batch):
    for student in CASES:
        path = batch.root / "autograded" / student / LAB / f"{LAB}.ipynb"
        assert path.stat().st_size < 8 << 20, CASES[student].name
        for cell in graded(batch, student).cells:
            for output in cell.get("outputs", ()):
                assert output.output_type in OUTPUTS and set(output.get("data", {})) <= {"text/plain", "image/png", "image/jpeg"}
                assert not any(ord(c) < 32 and c not in "\n\t" or 127 <= ord(c) < 160 for c in output.get("text", ""))


def test_feedback_of_those_who_tried_runs_nothing(batch, monkeypatch):
    from nbgrader.converters import GenerateFeedback
    from nbgrader.coursedir import CourseDirectory

    from grading.course import Course, configuration

    monkeypatch.setattr(exercise, "FOLDER", batch.exercises)        # the fake course's configuration moves it too
    config = configuration(Course(batch.root))
    for student in [s for s, c in CASES.items() if "script" in c.name or "picture" in c.name or "terminal" in c.name]:
        config.CourseDirectory.student_id = student
        config.CourseDirectory.assignment_id = LAB
        GenerateFeedback(coursedir=CourseDirectory(config=config), config=config).start()
        tree = BeautifulSoup((batch.root / "feedback" / student / LAB / f"{LAB}.html").read_text(), "html.parser")
        assert not any(command in tree.body.get_text() for command in ("\\href", "\\require", "\\style"))
        for tag in tree.find_all(True):
            assert tag.name != "script" or "LEAK" not in tag.get_text()
            assert not any(name.startswith("on") or "script:" in str(value).lower() for name, value in tag.attrs.items())


def test_it_fits_into_continuous_integration(batch):
    print(f"{len(CASES)} hostile submissions in {batch.seconds:.0f} s")
    assert batch.seconds < 600
