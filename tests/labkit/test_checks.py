"""check(f): right, this misconception, first difference, not attempted, could not check."""

import bdb
import time

import numpy as np
import pytest

from labkit import checks
from labkit.checks import WIDTH, CheckFailed, CouldNotCheck, NotAttempted, check
from labkit.outcomes import Call, Ref, encode_call


def outcome(value):
    return {"kind": "value", "value": value}


DOUBLE = {
    "kind": "function", "points": 2, "given": [], "hints": ["think", "twice", "add it to itself"], "tolerance": {"rtol": 1e-4, "atol": 1e-6},
    "avoid": ["sum"],
    "cases": [{"call": {"args": [x]}, "right": outcome({"array": [2 * x], "dtype": "float64", "shape": []})} for x in (1.0, 3.0)],
    "misconceptions": [{"name": "squares", "hint": "this is what you get when you square.",
                        "outcomes": [outcome({"array": [x * x], "dtype": "float64", "shape": []}) for x in (1.0, 3.0)]}],
}
SEALED = {"kind": "value", "points": 1, "hints": [], "tolerance": {"rtol": 1e-4, "atol": 1e-6}, "misconceptions": [],
          "right": {"sealed": {"salt": "s", "step": 0.001, "digest": checks.seal(0.75, "s", 0.001)}}}
GUESS = {"kind": "prediction", "points": 1, "hints": [], "choices": ["a", "b"]}
NUMBER = {"kind": "prediction", "points": 1, "hints": [], "choices": []}


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setattr(checks, "exercises", lambda: {"double": DOUBLE, "best": SEALED, "guess": GUESS, "number": NUMBER})
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)


def failing(*args, **kwargs):
    with pytest.raises(CheckFailed) as caught:
        check(*args, **kwargs)
    line = str(caught.value)
    assert "\n" not in line
    shown, = caught.value._render_traceback_()
    assert " ".join(shown.split()) == " ".join(line.split())
    return line


def test_right(capsys):
    def double(x):
        return np.float32(x + x)

    check(double)
    assert capsys.readouterr().out == "Right: double passes all 2 cases.\n"


def test_a_misconception_gets_its_hint():
    def double(x):
        return x * x

    assert failing(double) == "Not right yet: this is what you get when you square."


def test_a_misconception_may_leave_a_case_open(monkeypatch):
    def double(x):
        return x * x if x < 2 else 5

    open_case = DOUBLE["misconceptions"][0] | {"outcomes": [DOUBLE["misconceptions"][0]["outcomes"][0], None]}
    monkeypatch.setitem(DOUBLE, "misconceptions", [open_case])
    assert failing(double) == "Not right yet: this is what you get when you square."


def test_anything_else_gets_the_first_difference():
    def double(x):
        return 2 * x if x < 2 else 5

    assert failing(double) == "Not right yet: for double(3) got 5, expected 6."


def counting(answer):
    """answer(x, how often it has been called)"""
    calls = []
    return lambda x: (calls.append(x), answer(x, len(calls)))[1]


@pytest.mark.parametrize("body", [lambda x: x + np.random.default_rng().random(), counting(lambda x, n: 2 * x * n),
                                  counting(lambda x, n: 2 * x if n < 3 else 0), counting(lambda x, n: 2 * x if n < 2 else 0)],
                         ids=["chance", "a count kept", "right at first", "right once"])
def test_an_answer_that_changes_from_call_to_call_is_said_to(body):
    def double(x):
        return body(x)

    assert "gives another answer when it is called again" in failing(double)


def two_lines(x):
    raise ValueError("a line\nand another")


@pytest.mark.parametrize("body, said", [
    (lambda x: None, "returned nothing"), (lambda x: print(2 * x), "printed its answer"), (lambda x: 1 / 0, "raised ZeroDivisionError"),
    (lambda x: [2 * x], "shape (1,), expected one number"), (lambda x: "two", "expected one number"),
    (lambda x: object(), "expected numbers or arrays"),
    (lambda: 2, "raised TypeError"), (two_lines, "(a line and another)"),
    (lambda x: {"answer": np.arange(40).reshape(8, 5)}, "a dictionary with the keys answer"),
])
def test_each_kind_of_trouble_is_one_sentence(body, said):
    body.__name__ = "double"
    assert said in failing(body)


def test_a_call_that_does_not_fit_on_a_line_is_said_in_shapes(monkeypatch):
    batches = [np.arange(30), np.arange(7)]
    call = encode_call(Call([np.ones((40, 3)), batches, Ref("surfaces:Surface.value"), 0.5]))
    exercise = DOUBLE | {"misconceptions": [], "cases": [{"call": call, "right": outcome({"array": [1.0], "dtype": "float64", "shape": []})}]}
    monkeypatch.setattr(checks, "exercises", lambda: {"double": exercise})

    def double(table, batches, of, rate):
        return None

    assert failing(double) == ("Not right yet: for double with shape (40, 3), a list of 2, value, 0.5 it returned nothing (None): "
                               "does every path end with return?")


def test_an_endless_loop_is_stopped(monkeypatch):
    monkeypatch.setattr(checks, "SECONDS", 0.4)

    def double(x):
        while True:
            pass

    assert "never ends" in failing(double)


def test_the_first_call_may_take_longer_than_the_others(monkeypatch):
    """A function with @njit is compiled by its first call."""
    monkeypatch.setattr(checks, "SECONDS", 1.5)

    def double(x):
        for _ in range(90 if x < 2 else 0):
            time.sleep(0.01)
        return 2 * x

    check(double)


def test_where_a_debugger_looks_on_each_call_has_the_whole_time(monkeypatch):
    monkeypatch.setattr(checks, "SECONDS", 1.5)

    def double(x):
        time.sleep(0.9)
        return 2 * x

    assert "did not finish" in failing(double)
    monkeypatch.setattr(checks, "debugged", lambda: True)
    check(double)


def test_a_name_of_pythons_own_that_was_taken_is_said(monkeypatch):
    def double(x):
        return sum([x for _ in range(2)])

    monkeypatch.setitem(globals(), "sum", 0)
    assert failing(double).endswith("('int' object is not callable). In this notebook sum is 0: del sum makes it Python's own again.")
    monkeypatch.setitem(globals(), "sum", np.sum)
    check(double)


@pytest.mark.parametrize("body", ["sum(x for _ in range(2))", "max(2 * x, 1.5)", "2 * x + any(n > 1 for n in (0, 0))"])
def test_a_name_of_pythons_own_that_is_numpys_is_said(body):
    notebook = {name: getattr(np, name) for name in ("sum", "max", "any")}      # as after from numpy import *
    exec(f"def double(x):\n    return {body}", notebook)
    name = next(name for name in ("sum", "max", "any") if name in body)
    assert failing(notebook["double"]).endswith(f" In this notebook {name} is NumPy's: del {name} makes it Python's own again.")


def test_leaving_the_debugger_is_no_verdict():
    def double(x):
        raise bdb.BdbQuit

    assert failing(double).startswith("Not checked: you left the debugger within double.")


def test_an_endless_kernel_is_stopped_at_the_first_case(monkeypatch):
    import json

    from labkit import cuda, datasets, emulator, outcomes

    real = json.loads((datasets.data_root() / "checks" / "07_rmsprop.json").read_text())["exercises"]["rmsprop_kernel"]
    monkeypatch.setattr(checks, "exercises", lambda: {"rmsprop_kernel": real})
    monkeypatch.setattr(outcomes, "LAUNCH_STEPS", 300)
    launches, run = [], emulator.run
    monkeypatch.setattr(emulator, "run", lambda *args, **options: (launches.append(args), run(*args, **options))[1])

    @cuda.jit
    def rmsprop_kernel(w, s, g, learning_rate, decay, epsilon):
        i = cuda.grid(1)
        while i < w.size:
            s[i] = g[i]
            i += 0

    assert "is still in this loop after 300 steps" in failing(rmsprop_kernel) and len(launches) == 1


def test_not_attempted_prints_and_raises_only_under_nbgrader(capsys, monkeypatch):
    def double(x):
        raise NotImplementedError

    check(double)
    assert capsys.readouterr().out.startswith("Not attempted yet: write double")
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(NotAttempted):
        check(double)


def test_hints_climb_a_ladder(capsys):
    def double(x):
        raise NotImplementedError

    check(double, hint=1)
    check(double, hint=3)
    check(double, hint=4)
    assert capsys.readouterr().out.splitlines() == ["Hint 1 of 3: think  (one more: hint=2)", "Hint 3 of 3: add it to itself",
                                                    "double has hints 1 to 3: check(double, hint=1)."]


def test_could_not_check_names_the_nearest():
    def doubel(x):
        return x

    with pytest.raises(CouldNotCheck, match="no exercise called doubel; did you mean double"):
        check(doubel)
    with pytest.raises(CouldNotCheck):
        check()
    with pytest.raises(CouldNotCheck, match="not a function"):
        check(3.5)


def test_a_lambda_is_found_by_its_variable(capsys):
    globals()["double"] = lambda x: 2 * x
    try:
        check(globals()["double"])
    finally:
        del globals()["double"]
    assert capsys.readouterr().out.startswith("Right")


def test_a_function_with_two_names_is_checked_as_what_the_call_says(capsys, monkeypatch):
    monkeypatch.setattr(checks, "exercises", lambda: {"double": DOUBLE, "twice": DOUBLE})
    notebook = {"check": check}
    for cell in ("def double(x): return 2 * x\ntwice = double", "check(twice)", "check(double)", "for f in [twice]: check(f)"):
        exec(cell, notebook)
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["twice", "double", "twice"]


def test_calling_what_is_to_be_written_is_said_and_costs_nothing(capsys):
    def double(x):
        return sum([x, x])

    check(double)
    said = capsys.readouterr().out
    assert "It calls sum; the exercise asks you to write that part yourself." in " ".join(said.split())
    assert max(map(len, said.splitlines())) <= WIDTH


def test_what_did_not_pass_breaks_between_words():
    shown, = CheckFailed("expected " + "[1.5, -0.5], " * 20)._render_traceback_()
    assert max(map(len, shown.splitlines())) <= WIDTH and "".join(shown.split()) == "expected" + "[1.5,-0.5]," * 20


def test_a_sealed_answer_is_recognised_but_not_told(capsys):
    check(best=3 / 4)
    check(best=np.float32(0.75))
    assert capsys.readouterr().out.count("Right") == 2
    assert "0.75" not in failing(best=0.5)
    assert "expected a number" in failing(best=object())
    check(best=None)
    assert "Not attempted" in capsys.readouterr().out


def test_a_hint_has_a_whole_number():
    for step in (1.0, True, "1", None, 0, 3):
        assert checks.ladder("double", ["one", "two"], step) == "double has hints 1 to 2: check(double, hint=1)."
    assert checks.ladder("double", ["one", "two"], 2) == "Hint 2 of 2: two"


def test_what_is_no_prediction_is_said_as_it_was_written():
    for said, words in ((10**400, "an int"), (10**5000, "an int"), ((33, 5), "(33, 5)"), ((50,), "(50,)"), ([1, 2], "[1, 2]"), (len, "a builtin"),
                        ("33%", "'33%'"), (True, "True"), ("x" * 1000, "xxx...")):
        right, line = checks.prediction("guess", NUMBER, said)
        assert right is False and words in line and line.endswith(", expected a number.") and len(line) < 200, line
    assert checks.prediction("guess", NUMBER, 2**70)[0]


def test_predictions_count_for_being_made(capsys):
    check(guess="B")
    check(number=0.3)
    check(number=np.array(0.3))
    assert capsys.readouterr().out.count("Committed") == 3
    assert 'expected one of "a", "b"' in failing(guess="z")
    assert "expected a number" in failing(number="many")
    assert "expected a number" in failing(number=float("nan"))
    assert 'expected one of "a", "b"' in failing(guess=np.zeros(0))
    check(guess=...)
    assert 'Not attempted yet: set guess to one of "a", "b"' in capsys.readouterr().out


def test_working_falls_back_and_says_so():
    def update(w):
        raise NotImplementedError

    shown, said = checks.working(update, abs, (1.0,))
    assert shown is abs and said == "update is not written yet: this shows labkit's."
    shown, said = checks.working(lambda w: w[5], abs, (1.0,))
    assert shown is abs and "raised" in said
    shown, said = checks.working(lambda w: [w, w], abs, (1.0,))
    assert shown is abs and "shape (2,)" in said
    shown, said = checks.working(np.negative, abs, (1.0,))
    assert shown is np.negative and said == "This runs your negative."


@pytest.mark.parametrize("wrong", [
    lambda w, g: (w - 0.1 * g, w), lambda w, g: (w + g, g), lambda w, g: (w - g, "g"), lambda w, g: w - g,
    lambda w, g: (np.subtract(w, g, out=w), g)])
def test_agreeing_shows_only_right_answers(wrong):
    def ours(w, g):
        return w - g, g

    def theirs(w, g):
        return np.float32(w) - g, np.array(g)

    example = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    assert checks.agreeing(theirs, ours, example) == (theirs, "This runs your theirs.")
    shown, said = checks.agreeing(wrong, ours, example)
    assert shown is ours and said.endswith("this shows labkit's.")
    assert np.array_equal(example[0], [1.0, 2.0])


@pytest.mark.parametrize(("ours", "theirs"), [
    (lambda w: 2 * w, lambda w: [2 * x for x in w]), (lambda w: (w, w[:1]), lambda w: [list(w), [w[0]]]),
    (lambda w: (w, -w), lambda w: np.stack([w, -w])), (lambda w: [w[:2], w[2:4]], lambda w: ([*w[:2]], [*w[2:4]]))])
def test_what_is_shown_answers_with_arrays_where_labkit_does(ours, theirs):
    shown, said = checks.agreeing(theirs, ours, (np.arange(4.0),))
    assert said.startswith("This runs your")
    model, answer = ours(np.arange(1.0, 5.0)), shown(np.arange(1.0, 5.0))
    assert type(answer) is type(model)
    for one, other in zip(answer, model, strict=True):
        assert type(one) is type(other) and np.array_equal(one, other)
