"""Activations against PyTorch, central differences and their own limits."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.activations import PReLU, ReLU, Sigmoid, Softmax, Tanh, relu, sigmoid, softmax, tanh
from labkit.gradcheck import check_layer

REFERENCE = json.loads((Path(__file__).parent / "references" / "torch.json").read_text())["layers"]
X = np.array(REFERENCE["X"])
LAYERS = {"sigmoid": Sigmoid(), "tanh": Tanh(), "relu": ReLU(), "softmax": Softmax(), "prelu": PReLU(4)}
LAYERS["prelu"].slopes[:] = REFERENCE["slopes"]


@pytest.mark.parametrize("name", LAYERS)
def test_agrees_with_pytorch(name):
    Y, backprop = LAYERS[name].forward(X)
    dX, grads = backprop(np.array(REFERENCE["dY"]))
    np.testing.assert_allclose(Y, REFERENCE[name]["Y"], rtol=1e-12)
    for ours, theirs in zip([dX, *grads], REFERENCE[name]["gradients"], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", LAYERS)
@given(rows=st.integers(1, 5), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=15)
def test_backward_rule_agrees_with_central_differences(name, rows, seed):
    x = np.random.default_rng(seed).uniform(0.1, 2, (rows, 4)) * np.random.default_rng(seed + 1).choice([-1, 1], (rows, 4))
    check_layer(LAYERS[name], x, tolerance=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_inputs_do_not_overflow(dtype):
    x = np.array([[-1e4, -800, 0, 800, 1e4]], dtype)
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_array_equal(sigmoid(x), [[0, 0, 0.5, 1, 1]])
        np.testing.assert_array_equal(tanh(x), [[-1, -1, 0, 1, 1]])
        np.testing.assert_array_equal(softmax(x), [[0, 0, 0, 0, 1]])
    assert sigmoid(x).dtype == dtype


@pytest.mark.parametrize("function", [sigmoid, tanh, relu, softmax])
def test_a_nan_stays_visible(function):
    assert np.isnan(function(np.array([[1.0, np.nan]]))[0, 1])


def test_infinite_inputs():
    x = np.array([[-np.inf, np.inf]])
    np.testing.assert_array_equal(sigmoid(x), [[0, 1]])
    np.testing.assert_array_equal(tanh(x), [[-1, 1]])
    np.testing.assert_array_equal(relu(x), [[0, np.inf]])


def test_the_gradient_of_relu_stops_where_the_input_was_negative():
    _, backprop = ReLU().forward(np.array([[-1.0, 2.0, 0.0]]))
    np.testing.assert_array_equal(backprop(np.array([[-5.0, -5.0, -5.0]]))[0], [[0, -5, 0]])


def test_softmax_rows_add_up_to_one_and_ignore_a_shift():
    scores = np.random.default_rng(0).normal(size=(7, 3)) * 50
    np.testing.assert_allclose(softmax(scores).sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(softmax(scores + 1000), softmax(scores), rtol=1e-9)


@pytest.mark.parametrize("x", [np.ones((3, 4), np.float32)[:, ::2], np.ones((4, 3)).T, np.ones((0, 4)), np.ones((1, 4))])
def test_any_layout_and_no_rows(x):
    x.flags.writeable = False
    before = x.copy()
    for layer in (Sigmoid(), Tanh(), ReLU(), Softmax(), PReLU(x.shape[1], dtype=x.dtype)):
        Y, backprop = layer.forward(x)
        dX, _ = backprop(np.ones(x.shape, x.dtype))
        assert Y.shape == dX.shape == x.shape and Y.dtype == dX.dtype == x.dtype
    np.testing.assert_array_equal(x, before)


def test_numbers_and_lists_of_whole_numbers_are_welcome():
    assert sigmoid(0) == 0.5
    np.testing.assert_array_equal(relu([-1, 2]), [0, 2])


@pytest.mark.parametrize("bad, words", [
    (np.ones((2, 2), np.float16), "X is float16, which keeps only 3 digits; pass X.astype(np.float32)."),
    (np.array([["a"]]), "X holds text, but numbers are expected"),
    (np.array([[None]]), "X holds Python objects, but numbers are expected"),
    (np.ones((2, 2), complex), "X holds complex numbers"),
])
def test_what_is_not_a_number_is_refused_in_words(bad, words):
    with pytest.raises(TypeError) as error:
        Sigmoid().forward(bad)
    assert str(error.value).startswith(words)


def test_wrong_shapes_are_refused_in_words():
    with pytest.raises(ValueError, match=r"X has shape \(3,\), but a table .*X.reshape\(1, -1\)"):
        Softmax().forward(np.ones(3))
    _, backprop = Tanh().forward(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"the gradient has shape \(3, 2\), but the layer's output had shape \(2, 3\)"):
        backprop(np.ones((3, 2)))
    with pytest.raises(ValueError, match="X has 3 columns but this PReLU was built for 4"):
        PReLU(4).forward(np.ones((2, 3)))
