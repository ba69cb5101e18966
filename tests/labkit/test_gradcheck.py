"""The gradient checker finds planted mistakes and accuses no right rule."""

import numpy as np
import pytest

from labkit import datasets
from labkit.activations import Layer, Sigmoid
from labkit.gradcheck import (
    GradientError,
    central_difference,
    check_layer,
    check_loss,
    check_network,
    forward_difference,
    numerical_gradient,
)
from labkit.layers import Dense
from labkit.losses import softmax_cross_entropy, squared_error
from labkit.network import Network, dense_network
from labkit.regularization import Dropout


def test_the_cube_at_two():
    """The derivative is 12; stepping forward by 0.001 gives 12.006, stepping both ways 12.000."""
    assert round(forward_difference(lambda x: x**3, 2, 1e-3), 3) == 12.006
    assert round(central_difference(lambda x: x**3, 2, 1e-3), 3) == 12.000


def test_numerical_gradient_of_a_polynomial():
    x = np.array([[1.0, 2.0], [-3.0, 0.0]])
    np.testing.assert_allclose(numerical_gradient(lambda: (x**3).sum(), x), 3 * x**2, rtol=1e-8, atol=1e-8)
    np.testing.assert_array_equal(x, [[1, 2], [-3, 0]])


class Wrong(Layer):
    """A sigmoid with a planted mistake in its backward rule."""

    def __init__(self, mistake):
        self.mistake = mistake

    def forward(self, X, training=False):
        Y, _ = Sigmoid().forward(X)

        def backprop(dY):
            return {"sign": -dY * Y * (1 - Y), "derivative of the input": dY * X * (1 - X), "forgotten": dY,
                    "one element": dY * Y * (1 - Y) + 1e-4 * (X == X.max()), "nan": dY * np.nan}[self.mistake], []

        return Y, backprop


@pytest.mark.parametrize("mistake", ["sign", "derivative of the input", "forgotten", "one element", "nan"])
def test_a_planted_mistake_is_found(mistake):
    with pytest.raises(GradientError, match="look at the backward rule that fills this element"):
        check_layer(Wrong(mistake), np.random.default_rng(0).normal(size=(3, 4)))


def test_the_place_of_a_mistake_is_named():
    net = dense_network((3, 4, 2), "tanh", random_state=0)
    X, T = np.random.default_rng(0).normal(size=(5, 3)), np.array([0, 1, 0, 1, 1])
    gradient = net.gradient

    def wrong(*arguments):
        value, grads = gradient(*arguments)
        grads[2][1, 0] += 0.01
        return value, grads

    assert check_network(net, X, T, softmax_cross_entropy).difference < 1e-6
    net.gradient = wrong
    with pytest.raises(GradientError, match=r"^gradient 2\[1, 0\] is "):
        check_network(net, X, T, softmax_cross_entropy)


def test_a_wrong_loss_is_found():
    def wrong(Y, T):
        value, gradient = squared_error(Y, T)
        return value, 2 * gradient

    with pytest.raises(GradientError):
        check_loss(wrong, np.ones((2, 2)), np.zeros((2, 2)))


def test_an_array_is_put_back_where_the_function_fails():
    x = np.array([0.5, 2.0])
    for fails_at in (0.5, 2.0):
        with pytest.raises(ZeroDivisionError):
            numerical_gradient(lambda at=fails_at: 1 / (at in x), x)
        assert x.tolist() == [0.5, 2.0]


def test_whole_numbers_are_refused_in_words():
    x = np.array([3, 4])
    with pytest.raises(TypeError, match=r"x is int64, but only float32 and float64 can be nudged a little; pass x.astype\(float\)"):
        numerical_gradient(lambda: (x**2).sum(), x)
    with pytest.raises(TypeError, match="x is float16, but only float32 and float64 can be nudged a little"):
        numerical_gradient(lambda: (x**2).sum(), x.astype(np.float16))      # a step of 1e-6 is none


def test_a_gradient_that_is_left_out_is_missed_in_words():
    class Forgets(Dense):
        def forward(self, X, training=False):
            Y, backprop = super().forward(X)
            return Y, lambda dY: (backprop(dY)[0], [])

    with pytest.raises(ValueError, match="there are 1 gradients for 3 arrays; return one for each, in their order"):
        check_layer(Forgets(2, 3), np.ones((4, 2)))


def test_a_data_sets_own_array_is_refused_in_words():
    X = datasets.xor().X
    with pytest.raises(ValueError, match="x is read-only, as data sets are, so it cannot be nudged in place; pass x.copy"):
        numerical_gradient(lambda: (X**2).sum(), X)


class OwnDropout(Layer):
    """Dropout as a student may write it, with a generator of its own."""

    def __init__(self, mistake=False):
        self.rng, self.mistake = np.random.default_rng(0), mistake

    def forward(self, X, training=False):
        mask = self.rng.random(X.shape) < 0.5
        return X * mask, lambda dY: (dY if self.mistake else dY * mask, [])


def test_a_layer_that_draws_at_random_is_checked_on_one_draw():
    X = np.random.default_rng(0).normal(size=(4, 5))
    dropout = Dropout(0.5, random_state=0)
    for layer in (dropout, OwnDropout()):
        assert check_layer(layer, X, training=True).difference < 1e-6
    assert dropout.draws == 0
    with pytest.raises(GradientError):
        check_layer(OwnDropout(mistake=True), X, training=True)


@pytest.mark.parametrize("ask, words", [
    (lambda x: numerical_gradient(3.0, x), "f is 3.0, but a function without arguments is expected"),
    (lambda x: numerical_gradient(lambda: x.sum(), x, 0), "step is 0, but it has to be a number above 0"),
    (lambda x: numerical_gradient(lambda: x.sum(), x, "small"), "step is 'small', but it has to be a number above 0"),
    (lambda x: check_layer(Dense, x), "layer is <class .*, but a layer is expected"),
    (lambda x: check_layer(Dense(2, 1), "x"), "X holds text, but numbers are expected"),
    (lambda x: check_layer(Dense(2, 1), x, tolerance=None), "tolerance is None, but it has to be a number, 0 or more"),
    (lambda x: check_layer(Dense(2, 1), x, random_state=-1), "random_state must be a whole number, 0 or more"),
    (lambda x: check_loss("squared_error", x, x), "loss is 'squared_error', but a function is expected"),
    (lambda x: check_loss(squared_error, None, x), "Y holds Python objects, but numbers are expected"),
    (lambda x: check_network(Dense(2, 1), x, x, squared_error), r"network is Dense\(2, 1\), but a Network is expected"),
])
def test_what_cannot_be_checked_is_refused_in_words(ask, words):
    with pytest.raises((TypeError, ValueError), match=words):
        ask(np.ones((3, 2)))


def test_float32_is_refused_in_words():
    net = Network(Dense(2, 1, dtype=np.float32))
    with pytest.raises(TypeError, match="gradient checking needs float64"):
        check_network(net, np.ones((2, 2), np.float32), np.zeros((2, 1)), squared_error)
