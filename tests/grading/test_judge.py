"""Every way a submission can end is a state with a sentence, and only positive proof earns points."""

import json
import math
import os
import time
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest

from grading import exercise, grader, judge, sandbox, session
from grading.course import Course
from grading.exercise import Outcome, Verdict
from tests.grading.fake_lab import POINTS, RIGHT

LIMITS = sandbox.Limits(cell_seconds=2, call_seconds=1)


@pytest.fixture(scope="module")
def grade(fake_course_made):
    """grade(**answers) -> (Result, {exercise: Mark}), in the sandbox where there can be one."""
    old, exercise.FOLDER = exercise.FOLDER, fake_course_made.exercises
    place = sandbox.choose(unprotected=sandbox.problem() is not None, limits=LIMITS)
    one = grader.Grader.of(fake_course_made.source, b"s" * 32, place, LIMITS)
    exercise.FOLDER = old

    def graded(**answers):
        result = one.grade(json.dumps(fake_course_made.notebook({**RIGHT, **answers})).encode())
        return result, {mark.id: mark for mark in result.marks}

    yield graded
    place.close()


def test_right_answers_get_every_point_and_no_output(grade):
    result, marks = grade()
    assert {ident: mark.points for ident, mark in marks.items()} == POINTS
    assert {mark.state for mark in marks.values()} == {"right"}
    assert not any(outputs for cell, outputs in result.outputs.items() if cell.startswith("check_"))


def test_settings_of_a_students_own_jupyter_cost_nothing(grade):
    settings = "%matplotlib widget\n%matplotlib notebook\n%matplotlib qt\n%load_ext line_profiler\n%autosave 60\n%conda install numpy\n%store x\n"
    assert grade(double=settings + RIGHT["double"])[1]["double"].state == "right"
    assert grade(double=f"%run nothing.py\n{RIGHT['double']}")[1]["double"].state == "raised"


@pytest.mark.parametrize("above", ["%autoreload 2", "%connect_info", "%%memit", "%%unknown -n 3", "help(np.dot)", "_, __, ___"])
def test_what_jupyterlab_would_have_run_costs_nothing(grade, above):
    """Magics whose extension another cell loaded, JupyterLab's own, and what is there in every notebook."""
    assert grade(double=f"{above}\n{RIGHT['double']}")[1]["double"].state == "right"


def test_pictures_that_nobody_will_see_take_no_time(grade):
    slow = "import time\nfrom IPython.display import display\nclass Slow:\n    def _repr_png_(self):\n        time.sleep(3)\n"
    assert grade(double=f"{slow}def double(x):\n    display(Slow())\n    return 2 * np.asarray(x)")[1]["double"].state == "right"
    result, _ = grade(double=f"import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n{RIGHT['double']}")
    assert "image/png" in result.outputs["double"][0]["data"]


STATES = {
    "def double(x):\n    raise NotImplementedError": ("not_attempted", 0),
    "def double(x):\n    return np.asarray(x) ** 2": ("misconception", 0),
    "def double(x):\n    return 3 * np.asarray(x)": ("wrong", 0),
    "def double(x):\n    return 2 * x if np.ndim(x) == 0 else x": ("wrong", 1),
    "def double(x):\n    return 2 * x if np.ndim(x) == 0 else float('nan')": ("wrong", 1),
    "def double(x):\n    print(2 * x)": ("wrong", 0),
    "def double(x):\n    return 1 / 0": ("raised", 0),
    "def double(x)\n    return 2 * x": ("raised", 0),
    "double = 1 / 0": ("raised", 0),
    "double = 7": ("raised", 0),
    "twice = 7": ("missing", 0),
    "def double(x):\n    while True:\n        pass": ("timed_out", 0),
    "while True:\n    pass": ("timed_out", 0),
    "def double(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass": ("timed_out", 0),
    "import os\ndef double(x):\n    os._exit(0)": ("killed", 0),
    "import os\nos._exit(0)": ("killed", 0),
    "def double(x):\n    raise MemoryError": ("out_of_memory", 0),
    "def double(x):\n    return (n for n in x)": ("raised", 0),
    "def double(x):\n    return lambda: x": ("malformed", 0),
    "def double(x):\n    return np.zeros(10_000_000)": ("malformed", 0),
    "def double(x):\n    x = np.asarray(x); x *= 2; return x": ("wrong", 1),
    "import os\ndef double(x):\n    [os.write(fd, b'\\xff' * 64) for fd in range(3, 64) if is_socket(fd)]\n"
    "def is_socket(fd):\n    try: return 'socket' in os.readlink(f'/proc/self/fd/{fd}')\n    except OSError: return False": ("tampered", 0),
}


@pytest.mark.parametrize("source", STATES, ids=range(len(STATES)))
def test_every_outcome_is_a_state_with_a_sentence_and_touches_no_other_exercise(grade, source):
    state, points = STATES[source]
    _, marks = grade(double=source)
    assert (marks["double"].state, marks["double"].points) == (state, points), marks["double"]
    assert marks["double"].sentence.endswith((".", "?")) and len(marks["double"].sentence) > 10
    assert {ident: mark.points for ident, mark in marks.items() if ident != "double"} == {k: v for k, v in POINTS.items() if k != "double"}


def test_a_function_that_is_overwritten_later_is_judged_as_its_own_cell_left_it(grade):
    _, marks = grade(clip_all=RIGHT["clip_all"] + "\ndouble = None")
    assert marks["double"].points == POINTS["double"]


def test_a_hint_reaches_an_answer_whose_helper_is_overwritten_later(grade):
    squares = "def helper(x):\n    return np.asarray(x) ** 2\ndef double(x):\n    return helper(x)"
    assert grade(double=squares, clip_all=f"helper = 3\n{RIGHT['clip_all']}")[1]["double"].state == "misconception"


def test_code_that_fails_below_its_function_does_not_cost_the_function(grade):
    _, marks = grade(double=RIGHT["double"] + "\ndouble('a', 'b')")
    assert marks["double"].points == POINTS["double"]


def test_a_value_that_is_not_there_or_no_number_is_no_answer(grade):
    for source, state in (("answer = ...", "not_attempted"), ("answer = None", "not_attempted"), ("answer = float('inf')", "wrong"),
                          ("", "missing"), ("answer = object()", "malformed")):
        assert grade(answer=source)[1]["answer"].state == state, source


def test_nothing_said_during_the_judges_calls_comes_back(grade):
    leak = ("word = 'LEA' + 'KED'\nseen = ['nothing yet']\ndef double(x):\n    seen.append(f'{word} {x}'); print(word, x)\n"
            "    raise type(f'{word}{float(np.sum(x))}', (Exception,), {})(word)")
    result, marks = grade(double=leak, clip_all="def clip_all(rows, low):\n    raise ValueError(f'{seen}')",
                          answer="answer = seen", guess="guess = seen")
    assert "LEAKED" not in json.dumps([mark.data() for mark in result.marks]) + json.dumps(result.outputs)
    assert marks["double"].state == "raised" and "an error of its own" in marks["double"].sentence
    assert "it raised ValueError at `raise ValueError(f'{seen}')`" in marks["clip_all"].sentence
    assert "guess is ['nothing yet']" in marks["guess"].sentence


def test_grading_twice_gives_the_same(grade):
    source = "import random\ndef double(x):\n    return 2 * np.asarray(x) + (np.random.rand() < .5) + (random.random() < .5) + (hash('a') % 2)"
    assert grade(double=source)[0].to_bytes() == grade(double=source)[0].to_bytes()


def test_a_result_survives_the_journey(grade):
    result, _ = grade(double="1 / 0")
    assert grader.Result.from_bytes(result.to_bytes()) == result


# What the judge makes of verdicts and answers


@pytest.mark.parametrize("fraction", [math.nan, math.inf, -math.inf, -0.1, 1.0001, 1e9, True, None, "1", 1 + 0j])
def test_a_fraction_that_is_no_proof_earns_nothing(fraction):
    mark = judge.marked("f", Verdict("right", fraction, "Right."), 4)
    assert (mark.points, mark.state) == (0, "not_judged")


def test_full_marks_need_the_state_right():
    assert judge.marked("f", Verdict("wrong", 1.0, "Wrong."), 4).points == 0
    assert judge.marked("f", Verdict("no such state", 1.0, ""), 4).state == "not_judged"
    assert judge.marked("f", Verdict("right", 1.0, "Right."), 4).points == 4


@pytest.mark.parametrize(("fraction", "state", "score"), [(1.0, "right", 4.0), (0.25, "wrong", 1.0), (0.0, "wrong", 0.0), (0.0, "tampered", 0.0)])
def test_nbgrader_reads_the_points_that_were_meant(fraction, state, score):
    from nbgrader.utils import determine_grade

    cell = nbformat.v4.new_code_cell("check(f)", metadata={"nbgrader": {"grade": True, "solution": False, "points": 4, "grade_id": "check_f"}})
    cell.outputs = [nbformat.from_dict(o) for o in judge.shown(judge.marked("f", Verdict(state, fraction, "Why."), 4.0))]
    assert determine_grade(cell) == (score, 4.0)


def test_an_error_of_ours_costs_no_crash_and_is_told_to_the_instructor(grade, fake_course_made, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(exercise.Exercise, "judge", broken)
    result, marks = grade()
    assert marks["double"].state == "not_judged" and marks["double"].points == 0 and marks["answer"].points == 2
    assert "double could not be judged (ZeroDivisionError: ours)" in result.trouble[0]


@pytest.mark.parametrize("answer", [
    {}, {"kind": "right"}, {"kind": ["value"]}, {"kind": "value"}, {"kind": "value", "value": {"x": 1}}, {"kind": "value", "value": 1, "changed": 7},
    {"kind": "value", "value": 1, "changed": [-1]}, {"kind": "killed"}, {"kind": "value", "value": 1, "changed": [0] * 1000},
])
def test_an_answer_outside_the_protocol_is_refused(answer):
    with pytest.raises(session.PROTOCOL):
        session.outcome(answer, iter([]), "")


def test_only_lines_of_the_submission_and_known_errors_are_quoted():
    got = session.outcome({"kind": "raised", "error": "Hidden_1_5", "line": "x = [1.25, 3.5]", "message": "1.25"}, iter([]), "x = 1\n  y = 2")
    assert got == Outcome("raised", error="an error of its own")
    got = session.outcome({"kind": "raised", "error": "ValueError", "line": "y = 2"}, iter([]), "x = 1\n  y = 2")
    assert (got.error, got.line) == ("ValueError", "y = 2")


@pytest.mark.parametrize("untrusted", [
    [{"output_type": "display_data", "data": {"text/html": "<script>1</script>", "application/javascript": "1", "text/markdown": "x",
                                              "image/svg+xml": "<svg onload=1>"}, "metadata": {}}],
    [{"output_type": "display_data", "data": {"image/png": "<script>"}}], [{"output_type": "update_display_data", "data": {}}],
])
def test_outputs_that_a_browser_would_run_are_left_out(untrusted):
    assert session.outputs(untrusted) == []


def test_the_judge_waits_no_longer_than_its_clock():
    class Silent:
        def start(self):
            return sandbox.Unprotected().start()

    with session.Session(Silent(), limits=sandbox.Limits(total_seconds=3)) as one:
        one.cell("1")
        start = time.monotonic()
        one.cell("import signal, time\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\ntime.sleep(60)")
        assert time.monotonic() - start < 3 + session.GRACE_SECONDS + 2
        start = time.monotonic()
        assert one.cell("2").fate.kind == "timed_out" and time.monotonic() - start < 0.5


def test_a_process_that_does_not_start_is_no_fault_of_the_student(monkeypatch):
    monkeypatch.setattr(session, "START_SECONDS", -session.GRACE_SECONDS)
    with session.Session(sandbox.Unprotected()) as one, pytest.raises(sandbox.SandboxError, match="did not start within .* too busy; grade again"):
        one.cell("1")


def test_what_is_tried_once_more_has_its_time_together(grade, monkeypatch):
    answers = {"double": "def double(x):\n    return two() * np.asarray(x)\ndef two():\n    return 2", "answer": "two = 0\nanswer = 12.0"}
    assert grade(**answers)[1]["double"].state == "right"
    over = time.monotonic() - 2 * LIMITS.total_seconds
    monkeypatch.setattr(grader, "time", SimpleNamespace(monotonic=lambda: over))
    assert grade(**answers)[1]["double"].state == "raised"


def test_what_broke_the_protocol_is_not_tried_once_more(grade):
    """Where that would go well, nobody would be told."""
    answers = {"double": "def double(x):\n    return two() * np.asarray(x)\ndef two():\n    return 2"}
    broken = list(STATES)[-1].replace("double(x)", "two()") + "\nanswer = 12.0"
    assert grade(**answers)[1]["double"].state == "right" and grade(**answers, answer=broken)[1]["double"].state == "tampered"


def test_the_secret_is_refused_where_others_can_read_it(tmp_path):
    course = Course(tmp_path)
    with pytest.raises(FileNotFoundError, match="grading build"):
        course.secret()
    path = tmp_path / "secret"
    path.write_bytes(os.urandom(32))
    path.chmod(0o640)
    with pytest.raises(PermissionError, match="chmod 600"):
        course.secret()
    path.chmod(0o600)
    assert len(course.secret()) == 32
    path.write_bytes(b"short")
    with pytest.raises(ValueError, match="expected 32"):
        course.secret()


KERNEL = "@cuda.jit\ndef add_one(x):\n    i = cuda.grid(1)\n    if i < x.size:\n        x[i] += 1"


@pytest.mark.parametrize(("source", "kind", "error"), [
    (KERNEL, "value", ""),
    (KERNEL.replace("i < x.size", "True"), "fault", "out-of-bounds"),
    (KERNEL.replace("def add_one", "def other"), "fault", "syntax"),
])
def test_a_kernel_is_judged_as_source_in_a_process_of_its_own(source, kind, error):
    with session.Session(sandbox.Unprotected()) as alone:
        outcome = alone.kernel(source, "add_one", exercise.call(np.zeros(5, np.float32), writes=(0,), grid=2, block=4))
    assert (outcome.kind, outcome.error) == (kind, error)
    assert kind != "value" or outcome.value.tolist() == [1] * 5
