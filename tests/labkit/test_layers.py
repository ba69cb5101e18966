"""The dense layer and the initializers: PyTorch, central differences, any layout, wrong input in words."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.activations import PReLU
from labkit.gradcheck import check_layer
from labkit.initializers import INITIALIZERS, glorot, he, sparse, uniform
from labkit.layers import Dense

REFERENCE = json.loads((Path(__file__).parent / "references" / "torch.json").read_text())["layers"]
X = np.array(REFERENCE["X"])


def reference_layer():
    layer = Dense(4, 3)
    layer.W[:], layer.b[:] = REFERENCE["W"], REFERENCE["b"]
    return layer


def test_agrees_with_pytorch():
    Y, backprop = reference_layer().forward(X)
    dX, (dW, db) = backprop(np.array(REFERENCE["dY3"]))
    np.testing.assert_allclose(Y, REFERENCE["dense"]["Y"], rtol=1e-12)
    for ours, theirs in zip((dX, dW, db), REFERENCE["dense"]["gradients"], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@given(rows=st.integers(1, 6), inputs=st.integers(1, 5), units=st.integers(1, 5), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=25)
def test_backward_rule_agrees_with_central_differences(rows, inputs, units, seed):
    check_layer(Dense(inputs, units, random_state=seed), np.random.default_rng(seed).normal(size=(rows, inputs)), tolerance=1e-6)


def test_gradients_are_returned_and_do_not_accumulate():
    layer = reference_layer()
    _, backprop = layer.forward(X)
    dY = np.array(REFERENCE["dY3"])
    first, second = backprop(dY), backprop(dY)
    np.testing.assert_array_equal(first[1][0], second[1][0])
    assert not np.shares_memory(first[1][0], second[1][0])


def test_gradients_can_be_written_into_given_arrays():
    layer = reference_layer()
    _, backprop = layer.forward(X)
    dY = np.array(REFERENCE["dY3"])
    buffer = np.full(15, np.nan)
    dX, _ = backprop(dY, into=[buffer[:12].reshape(4, 3), buffer[12:]], to_input=False)
    assert dX is None
    np.testing.assert_allclose(buffer[:12].reshape(4, 3), REFERENCE["dense"]["gradients"][1], rtol=1e-12)
    np.testing.assert_allclose(buffer[12:], REFERENCE["dense"]["gradients"][2], rtol=1e-12)


@pytest.mark.parametrize("arrange", [np.asfortranarray, lambda x: np.repeat(x, 2, axis=0)[::2], lambda x: x[::-1][::-1]])
def test_any_layout_gives_the_same(arrange):
    x = arrange(X)
    x.flags.writeable = False
    layer = reference_layer()
    np.testing.assert_allclose(layer.forward(x)[0], REFERENCE["dense"]["Y"], rtol=1e-12)
    _, backprop = layer.forward(x)
    np.testing.assert_allclose(backprop(np.asfortranarray(REFERENCE["dY3"]))[1][0], REFERENCE["dense"]["gradients"][1], rtol=1e-12)


def test_no_rows_one_input_one_unit():
    Y, backprop = Dense(4, 3).forward(np.empty((0, 4)))
    dX, (dW, db) = backprop(np.empty((0, 3)))
    assert Y.shape == (0, 3) and dX.shape == (0, 4) and not dW.any() and not db.any()
    assert Dense(1, 1).forward(np.ones((1, 1)))[0].shape == (1, 1)


@pytest.mark.parametrize("bad, error, words", [
    (np.ones((2, 3)), ValueError, "X has 3 columns but this layer was built for 4; pass examples as (n, 4), for example X.reshape(len(X), -1)."),
    (np.ones(4), ValueError, "X has shape (4,), but a table (n_examples, n_columns) is expected; pass a single example as X.reshape(1, -1)."),
    (np.ones((2, 2, 2)), ValueError, "X has shape (2, 2, 2), but a table"),
    (np.ones((2, 4), np.float32), TypeError, "X is float32 but this layer computes in float64; pass X.astype(np.float64)"),
    (np.ones((2, 4), np.float16), TypeError, "X is float16"),
    (np.array([["1"] * 4]), TypeError, "X holds text"),
    (np.array([[{}] * 4]), TypeError, "X holds Python objects"),
])
def test_bad_input_is_refused_in_words(bad, error, words):
    with pytest.raises(error) as caught:
        Dense(4, 3).forward(bad)
    assert str(caught.value).startswith(words)


def test_whole_numbers_become_float64():
    np.testing.assert_allclose(reference_layer().forward(np.ones((1, 4), int))[0], reference_layer().forward(np.ones((1, 4)))[0])


@pytest.mark.parametrize("name", INITIALIZERS)
def test_starts_depend_on_the_seed_alone(name):
    a, b, c = (Dense(30, 20, INITIALIZERS[name], seed).W for seed in (1, 1, 2))
    assert a.shape == (30, 20) and (a == b).all() and (a != c).any()
    assert not Dense(30, 20, INITIALIZERS[name]).b.any()


def test_the_scale_of_each_start():
    rng = np.random.default_rng(0)
    assert abs(uniform(100, 100, rng, limit=0.3)).max() <= 0.3
    np.testing.assert_allclose(glorot(300, 100, rng).var(), 2 / 400, rtol=0.05)
    np.testing.assert_allclose(he(300, 100, rng).var(), 2 / 300, rtol=0.05)
    np.testing.assert_allclose(he(300, 100, rng, slope=1.0).var(), 1 / 300, rtol=0.05)
    W = sparse(50, 40, rng, connections=15)
    assert ((W != 0).sum(axis=0) == 15).all()
    assert (sparse(3, 4, rng) != 0).all()
    for initializer in INITIALIZERS.values():
        np.testing.assert_array_equal(initializer(5, 4, 0), initializer(5, 4, np.random.default_rng(0)))


@pytest.mark.parametrize("sizes", [(2.0, 3), ("2", 3), (2, 0), (True, 3)])
def test_sizes_that_are_no_counts_are_refused_in_words(sizes):
    with pytest.raises(ValueError, match="both have to be whole numbers above 0"):
        Dense(*sizes)
    for initializer in INITIALIZERS.values():
        with pytest.raises(ValueError, match="both have to be whole numbers above 0"):
            initializer(*sizes, 0)


def test_small_whole_numbers_of_numpy_do_not_overflow():
    """100 + 100 is 200, which no int8 holds, and Glorot's bound is made of that sum."""
    for kind in (np.int8, np.uint8):
        np.testing.assert_array_equal(Dense(kind(100), kind(100), random_state=0).W, Dense(100, 100, random_state=0).W)
        assert Dense(784, kind(10)).W.shape == (784, 10)
        for initializer in INITIALIZERS.values():
            np.testing.assert_array_equal(initializer(kind(100), kind(100), 0), initializer(100, 100, 0))


@pytest.mark.parametrize("make", [Dense, lambda n, _, **kinds: PReLU(n, **kinds)])
@pytest.mark.parametrize("dtype", [int, np.float16, complex, object, "fast", 32, object()])
def test_a_type_that_cannot_learn_is_refused_in_words(make, dtype):
    with pytest.raises(TypeError, match="but a layer computes in np.float32 or np.float64"):
        make(4, 3, dtype=dtype)


@pytest.mark.parametrize("seed", [-1, 0.5, "a"])
def test_what_is_no_seed_is_refused_in_words(seed):
    with pytest.raises(ValueError, match="random_state must be a whole number, 0 or more, a numpy.random.Generator or None, got"):
        Dense(4, 3, random_state=seed)


@pytest.mark.parametrize("units", [0, 2.0, None, True])
def test_slopes_for_no_count_of_units_are_refused_in_words(units):
    with pytest.raises(ValueError, match="n_units is .*, but it has to be a whole number above 0"):
        PReLU(units)


@pytest.mark.parametrize("slope", [[0.1, 0.2], [[0.1, 0.2, 0.3]], np.nan, np.inf])
def test_slopes_are_a_number_or_one_for_each_unit(slope):
    with pytest.raises(ValueError, match="slope is .*, but it has to be a number, or one for each of the 3 units"):
        PReLU(3, slope)
    for right in (0.1, np.float32(0.5), [0.1, 0.2, 0.3], np.arange(3)):
        np.testing.assert_array_equal(PReLU(3, right).slopes, np.full(3, right, float))
    for kind in (None, "0.25", {}):
        with pytest.raises(TypeError, match="slope holds (Python objects|text), but numbers are expected"):
            PReLU(3, kind)


@pytest.mark.parametrize("start", [None, "1", [0.1], np.nan, np.inf, 1j])
def test_what_an_initializer_cannot_use_is_refused_in_words(start):
    for draw in (lambda: uniform(3, 4, 0, start), lambda: he(3, 4, 0, start), lambda: sparse(3, 4, 0, 2, start)):
        with pytest.raises(ValueError, match="(limit|slope|scale) is .*, but it has to be a number"):
            draw()
    with pytest.raises(ValueError, match="limit is -0.3, but it has to be a number, 0 or more"):
        uniform(3, 4, 0, -0.3)
    for count in (0, 2.0, start):
        with pytest.raises(ValueError, match="connections is .*, but it has to be a whole number, 1 or more"):
            sparse(3, 4, 0, count)
