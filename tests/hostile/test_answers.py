"""Answers that cost whoever compares them far more than they weigh, or that a tolerance would let through."""

import tracemalloc

import numpy as np
import pytest

from labkit.outcomes import Outcome, difference

BIG = 4_000_000     # bytes; a message may carry sixteen times as much

COSTLY = {
    "bytes where two results are expected": (np.zeros(BIG, np.uint8), (np.array(1.0), np.array(2.0))),
    "bytes where a list of results is expected": (np.zeros(BIG, np.uint8), [np.zeros(2), np.zeros(3)]),
    "rows of bytes and one of complex numbers": ((*[np.zeros(BIG // 40, np.uint8)] * 30, np.zeros(BIG // 40, complex)), np.zeros((31, 2))),
    "rows of bytes in rows": (((np.zeros(BIG, np.uint8), np.zeros(2)),) * 2, (np.zeros((2, 2)), np.zeros((2, 2)))),
}


@pytest.mark.parametrize(("got", "expected"), COSTLY.values(), ids=COSTLY)
def test_comparing_takes_no_more_than_the_answer(got, expected):
    tracemalloc.start()
    try:
        assert difference(Outcome("value", got), Outcome("value", expected)) is not None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * BIG


@pytest.mark.parametrize("got", [0.0, 1e300, -np.inf, np.nan])
def test_only_infinity_is_infinite(got):
    infinite = Outcome("value", np.array([np.inf, 1.0]))
    assert difference(infinite, infinite) is None
    assert difference(Outcome("value", np.array([got, 1.0])), infinite) is not None
