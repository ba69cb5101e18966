"""The declaration judges what comes back, wherever the student's code lives."""

import json
import tracemalloc

import numpy as np
import pytest

from grading.exercise import Exercise, call, expected, kept, load
from labkit.outcomes import Outcome, perform

SEED = bytes(32)


def judged(exercise, function):
    return exercise.judge(lambda c: perform(function, c, 1), SEED)


@pytest.fixture
def fires(tiny):
    return load(tiny)["fires"]


def test_right_in_any_form_wins(fires):
    for function in (lambda x, w, b: np.float32(x @ w + b > 0), lambda x, w, b: bool(sum(x * w) + b > 0), lambda x, w, b: (x @ w + b > 0)):
        assert judged(fires, function).fraction == 1


def test_a_misconception_is_named(fires):
    verdict = judged(fires, lambda x, w, b: int((x * w).sum() > 0))
    assert (verdict.state, verdict.misconception, verdict.fraction) == ("misconception", "no_bias", 0)
    assert verdict.sentence == "this is what you get without the bias."


def test_the_public_answers_learned_by_heart_lose(fires):
    known = {(tuple(c.args[0]), c.args[2]): fires.expected(c).value for c in fires.public}
    verdict = judged(fires, lambda x, w, b: known.get((tuple(x), b), 0))
    assert verdict.state == "wrong" and verdict.fraction == 0 and "passes the cases shown" in verdict.sentence


@pytest.mark.parametrize("kind", ["timed_out", "killed", "no_answer", "out_of_memory", "missing", "not_attempted"])
def test_no_outcome_but_a_right_value_earns_points(fires, kind):
    verdict = fires.judge(lambda c: Outcome(kind), SEED)
    assert verdict.state == kind and verdict.fraction == 0 and verdict.sentence


def test_the_sentence_tells_nothing_of_hidden_values(fires):
    def raises_late(x, w, b):
        if len(x) == 5:
            raise ValueError(f"secret {x[0]}")
        return int(x @ w + b > 0)

    verdict = judged(fires, raises_late)
    assert verdict.state == "raised" and "ValueError" in verdict.sentence and "secret" not in verdict.sentence.replace("secret {x[0]}", "")


def test_hidden_cases_follow_the_seed_alone(fires):
    def first(seed):
        return fires.hidden_calls(seed)[0].args[0]

    assert first(SEED).tolist() == first(SEED).tolist() != first(b"x" * 32).tolist()


def test_partial_credit_by_declared_parts():
    exercise = Exercise("f", 4, right=lambda x: x * 2, public=[call(1.0, part="small"), call(100.0, part="large")], parts={"small": 1, "large": 3})
    assert judged(exercise, lambda x: 2 * x if x < 10 else 0).fraction == 0.25
    assert judged(exercise, lambda x: 2 * x if x > 10 else 0).fraction == 0.75
    assert exercise.judge(lambda c: Outcome("killed"), SEED).fraction == 0


def test_an_exception_can_be_the_right_answer():
    def right(x):
        if len(x) == 0:
            raise expected(ValueError("no data"))
        return x.sum()

    exercise = Exercise("total", 1, right=right, public=[call(np.zeros(0)), call(np.ones(2))])

    def careful(x):
        if not len(x):
            raise ValueError
        return x.sum()

    assert judged(exercise, careful).fraction == 1
    assert judged(exercise, np.sum).fraction == 0


def test_changing_an_argument_loses():
    def spoils(x):
        x *= 2
        return x

    exercise = Exercise("f", 1, right=lambda x: x * 2, public=[call(np.ones(2))])
    case = exercise.public[0]
    assert "changed its argument" in exercise.tolerates(perform(spoils, case), exercise.expected(case))
    assert judged(exercise, spoils).fraction == 0


OWN_WEIGHTS = """def two_layers(X, W=None, b=None, v=None, c=None):
    if W is None:
        W, b, v, c = np.array([[2.0, -1.0], [-1.0, 3.0]]), np.array([-0.5, -0.5]), np.ones(2), -0.5
    return ((X @ W + b > 0) @ v + c > 0).astype(int)
"""
INVERSE = """def fit_unit(F, y):
    try:
        return np.linalg.inv(F.T @ F) @ (F.T @ y)
    except np.linalg.LinAlgError:
        return np.linalg.pinv(F) @ y
"""
OTHER_ZEROS = """def dropout_forward(X, uniforms, rate):
    mask = (uniforms >= rate) / np.float64(rate)
    return X * mask, mask
"""


@pytest.mark.parametrize("lab, source, name", [("02_xor", OWN_WEIGHTS, "never_transposed"), ("03_ivakhnenko", INVERSE, "solve_where_it_can"),
                                               ("09_dropout", OTHER_ZEROS, "divided_by_the_rate")])
def test_a_misconception_is_recognised_also_where_the_cases_leave_open_what_it_gives(lab, source, name):
    one = load(lab)[source.split("(")[0].removeprefix("def ")]
    verdict = judged(one, one.define(source))
    assert verdict.misconception == name and verdict.fraction < 1


def test_values_and_predictions():
    half = Exercise("half", 1, kind="value", right=0.5)
    half.misconception("", "that is the other half", thing=1.5)
    assert half.judge_value(Outcome("value", np.array(0.5))).fraction == 1
    assert half.judge_value(Outcome("value", np.array(1.5))).misconception == "misconception_1"
    assert half.judge_value(Outcome("value", np.array(np.nan))).fraction == 0
    guess = Exercise("guess", 1, kind="prediction", choices=("a", "b"))
    assert [guess.judge_value(Outcome("value", v)).fraction for v in ("a", "B", "c", None)] == [1, 1, 0, 0]


@pytest.mark.parametrize("outcome, sentence", [
    (Outcome("raised", error="NameError", line="half = thrid"), "Its cell raised NameError at `half = thrid`, so half has no value."),
    (Outcome("raised", error="SyntaxError"), "Its cell raised SyntaxError, so half has no value."),
    (Outcome("malformed", message="a function"), "half holds a function, expected a number."),
    (Outcome("missing"), "Its name is not defined after the notebook's cells have run."),
    (Outcome("timed_out"), "It did not finish in time: is there a loop that never ends?"),
    (Outcome("out_of_memory"), "It ran out of memory: does an array grow without limit?"),
    (Outcome("killed"), "The process that ran it ended before it answered."),
    (Outcome("no_answer"), "It gave no answer that could be read."),
    (Outcome("not_attempted"), "Not attempted."),
    (Outcome("value", None), "Not attempted."),
])
def test_a_value_that_is_none_has_its_own_sentence(outcome, sentence):
    verdict = Exercise("half", 1, kind="value", right=0.5).judge_value(outcome)
    assert (verdict.state, verdict.fraction, verdict.sentence) == (outcome.kind if outcome.kind != "value" else "not_attempted", 0.0, sentence)


def test_a_prediction_or_a_text_that_is_none_says_what_was_expected():
    holds = Outcome("malformed", message="a function")
    assert Exercise("guess", 1, kind="prediction", choices=("a", "b")).judge_value(holds).sentence == "guess holds a function, expected one of a, b."
    assert Exercise("who", 1, kind="value", right="Hebb").judge_value(holds).sentence == "who holds a function, expected a text."


def test_the_check_data_hold_no_source_and_no_hidden_case(fires):
    text = json.dumps(fires.check_data())
    assert "CANARY" not in text and "np.dot(x" not in text and "def " not in text
    hidden = fires.hidden_calls(SEED)[0].args[0][0]
    assert repr(float(hidden)) not in text


def test_a_sealed_answer_is_not_shipped():
    text = json.dumps(Exercise("best", 1, kind="value", right=0.7512, sealed=0.001).check_data())
    assert "0.75" not in text and "digest" in text


def test_cases_that_cannot_tell_misconceptions_apart_fail_the_build(fires):
    fires.misconceptions.append(fires.misconceptions[0])
    with pytest.raises(ValueError, match="do not tell no_bias from no_bias; add a case"):
        fires.check_data()


def test_an_unknown_lab_is_named_with_the_known_ones(tiny):
    with pytest.raises(FileNotFoundError, match="no lab called 91_none; the labs are 90_tiny"):
        load("91_none")


def test_an_answer_far_too_large_is_said_and_not_kept(fires):
    large = Outcome("value", [np.zeros(1 << 19), (np.zeros(1 << 20), {"more": np.zeros(1 << 19)})])
    seen = []
    verdict = fires.judge(lambda c: seen.append(c) or large, SEED)
    assert verdict.state == "malformed" and "it returned 16 MB of data, expected 1 kB" in verdict.sentence and len(seen) == verdict.cases
    right = Outcome("value", np.zeros(1 << 20))
    assert kept(large, right) is large and kept(large, Outcome("value", np.zeros(()))).value is None


@pytest.mark.parametrize("row", [("x" * 400_000, *"y" * 5000), ("x" * 400_000, np.zeros(5000)), (("y",) * 3000, {"a": ["x" * 400_000]})])
def test_texts_of_which_numpy_would_make_a_huge_table_are_not_compared(fires, row):
    far = Outcome("value", row)
    assert fires.judge(lambda c: far, SEED).state == "malformed"
    number = Exercise(id="n", points=1, kind="value", right=3.0)
    tracemalloc.start()
    try:
        assert number.judge_value(far).state == "wrong"
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()
    names = Outcome("value", [f"name {i}" for i in range(2000)])
    assert kept(names, names) is names
