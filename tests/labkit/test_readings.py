"""Answers that can be right in many ways are compared by what they do."""

import numpy as np
import pytest

from labkit.outcomes import Call, Outcome, difference, perform, reading
from labkit.readings import threshold_answers

PLACE = "readings:threshold_answers"


@pytest.mark.parametrize("pair", [(np.ones(2), -1.5), ([4.0, 4.0], -7.0), [(1, 1), np.array([-1.2])]])
def test_different_weights_of_one_gate_read_the_same(pair):
    assert threshold_answers(pair, "AND", 2).tolist() == [0, 0, 0, 1]


def test_inputs_are_tried_in_counting_order():
    assert threshold_answers((np.array([0.0, 0.0, 1.0]), -0.5), "last", 3).tolist() == [0, 1] * 4
    assert threshold_answers((-1.0, 0.5), "NOT", 1).tolist() == [1, 0]


def test_a_sum_of_exactly_zero_does_not_fire():
    assert threshold_answers((np.ones(2), -2.0), "AND", 2).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(("result", "words"), [
    (np.ones(2), "one thing, expected two"), ((np.ones(3), 0.0), r"shape \(3,\) for 2 inputs, expected shape \(2,\)"),
    ((np.ones(2), np.ones(2)), "a bias of shape"), ((np.array([np.nan, 1.0]), 0.0), "NaN"), ((np.ones((2, 1)), 0.0), "for 2 inputs"),
    ((np.ones(10**6), 0.0), "for 2 inputs"), ((np.ones(2),), "one thing"), ((1.0, 1.0, -1.5), "3 things, expected two"),
    (([1.0, 1.0], "-1.5"), "text"),
])
def test_what_cannot_be_read_is_said_in_words(result, words):
    with pytest.raises(ValueError, match=words):
        threshold_answers(result, "AND", 2)


def test_an_outcome_is_read_and_a_malformed_one_says_why():
    call = Call(["OR", 2])
    read = reading(perform(lambda name, n: (np.full(n, 3.0), -1.0), call), PLACE, call)
    assert read.value.tolist() == [0, 1, 1, 1]
    broken = reading(perform(lambda name, n: (np.ones(3), -1.0), call), PLACE, call)
    assert difference(broken, read) == "it returned weights of shape (3,) for 2 inputs, expected shape (2,)"
    text = reading(perform(lambda name, n: ("a", 1.0), call), PLACE, call)
    assert text.kind == "malformed"


def test_without_a_reading_or_without_a_value_nothing_changes():
    raised, nothing = Outcome("raised", error="TypeError"), Outcome("value", None)
    assert reading(raised, PLACE, Call(["OR", 2])) is raised and reading(nothing, PLACE, Call(["OR", 2])) is nothing
    value = Outcome("value", np.ones(2))
    assert reading(value, "", Call()) is value
