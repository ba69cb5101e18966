"""The proof of the graders can fail: each kind of weak declaration is found."""

import numpy as np
import pytest

from grading import cli
from grading.exercise import Exercise, call, load
from grading.verify import verify, verify_exercise


def test_the_tiny_lab_is_sound(tiny):
    rows = verify(tiny)
    assert [(r.id, r.escapes, r.false_rejections) for r in rows] == [("fires", 0, 0), ("guess", 0, 0)]
    assert rows[0].right >= 10 and rows[0].misconceptions == 4 and rows[0].mutants > 10


def test_the_command_prints_counts_and_fails_on_an_escape(tiny, capsys, monkeypatch):
    assert cli.main(["verify", tiny]) == 0
    assert "0 escapes and false rejections" in capsys.readouterr().out
    monkeypatch.setattr("grading.verify.load", lambda lab: {"fires": weakened(tiny)})
    assert cli.main(["verify", tiny]) == 1


def weakened(tiny):
    """`fires` without a hidden case: answers learned by heart get through."""
    fires = load(tiny)["fires"]
    fires.hidden = None
    return fires


def test_missing_hidden_cases_are_an_escape(tiny):
    row = verify_exercise(tiny, weakened(tiny))
    assert row.escapes and any("learned by heart" in note for note in row.notes)


def test_a_wrong_right_solution_is_a_false_rejection(tiny):
    fires = load(tiny)["fires"]
    fires.solution("def fires(x, w, b):\n    return int(np.dot(x, w) - b > 0)")
    assert verify_exercise(tiny, fires).false_rejections == 5


def test_too_tight_a_tolerance_is_a_false_rejection(tiny):
    from labkit.outcomes import Tolerance

    mean = Exercise("mean", 1, right=lambda x: np.mean(x), public=[call(np.array([0.1, 0.7]))], tolerance=Tolerance(0, 1e-12),
                    hidden=lambda rng: [call(rng.normal(size=n)) for n in (3, 4)])
    mean.solution("def mean(x):\n    return sum(x) / len(x)")
    assert any("float32" in note for note in verify_exercise(tiny, mean).notes)


def test_a_misconception_that_is_right_is_an_escape(tiny):
    fires = load(tiny)["fires"]
    fires.misconception("", "not wrong at all", "def fires(x, w, b):\n    return int(np.dot(w, x) + b > 0)", name="right_after_all")
    assert any("right_after_all" in note for note in verify_exercise(tiny, fires).notes)


def test_a_misconception_is_not_compared_where_it_is_unsure(tiny):
    fires = load(tiny)["fires"]
    last = len(fires.public) - 1
    fires.misconceptions[0].unsure = lambda x, *_: x is fires.public[last].args[0]
    assert [outcome is None for outcome in fires.check_data()["misconceptions"][0]["outcomes"]] == [False] * last + [True]
    fires.misconceptions[0].unsure = lambda *_: True
    with pytest.raises(ValueError, match="the public cases do not tell"):
        fires.check_data()


def test_a_misconception_that_always_raises_is_an_escape(tiny):
    """Whatever else raised the same error would get its hint, and the student would not see the error."""
    fires = load(tiny)["fires"]
    fires.misconception("", "not by index", "def fires(x, w, b):\n    return x[len(x)] * w[0]", name="always_raises")
    assert any("always_raises raises on every public case" in note for note in verify_exercise(tiny, fires).notes)


def test_misconceptions_that_the_notebook_cannot_tell_apart_are_an_escape(tiny):
    fires = load(tiny)["fires"]
    del fires.public[2:]
    assert any("the public cases do not tell" in note for note in verify_exercise(tiny, fires).notes)
