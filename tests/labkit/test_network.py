"""Networks against PyTorch's training, by finite differences, packed and shared, wrong input in words."""

import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from labkit import ops
from labkit.activations import Layer, PReLU, ReLU, Sigmoid, Softmax, Tanh
from labkit.gradcheck import check_network
from labkit.layers import Dense
from labkit.losses import cross_entropy, sigmoid_cross_entropy, softmax_cross_entropy, squared_error
from labkit.network import Network, Packed, dense_network
from labkit.optimizers import GradientDescent, Momentum, Nesterov, inverse_time, rising_momentum
from labkit.regularization import L1, L2, Dropout, MaxNorm, Regularizer, WeightDecay

REFERENCE = json.loads((Path(__file__).parent / "references" / "torch.json").read_text())["training"]
CORNERS = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
XOR = np.array([[0.0], [1], [1], [0]])


def test_training_agrees_with_pytorch():
    net = Network(Dense(4, 5), Tanh(), Dense(5, 3))
    for p, start in zip(net.params, REFERENCE["start"], strict=True):
        p[...] = start
    X, labels, optimizer = np.array(REFERENCE["X"]), np.array(REFERENCE["labels"]), Momentum(0.3, 0.9)
    losses = [net.train_step(X, labels, softmax_cross_entropy, optimizer) for _ in range(10)]
    np.testing.assert_allclose(losses, REFERENCE["losses"], rtol=1e-10)
    for p, end in zip(net.params, REFERENCE["end"], strict=True):
        np.testing.assert_allclose(p, end, rtol=1e-8)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "prelu"])
@pytest.mark.parametrize("loss", [softmax_cross_entropy, squared_error])
def test_every_gradient_agrees_with_central_differences(activation, loss):
    rng = np.random.default_rng(0)
    T = rng.integers(0, 3, 9) if loss is softmax_cross_entropy else rng.normal(size=(9, 3))
    check_network(dense_network((4, 6, 5, 3), activation, random_state=1), rng.normal(size=(9, 4)), T, loss, tolerance=1e-6)


def test_softmax_and_cross_entropy_apart_give_what_they_give_together():
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(6, 4)), rng.integers(0, 3, 6)
    together = Network(Dense(4, 3, random_state=0))
    apart = Network(Dense(4, 3, random_state=0), Softmax())
    (a, da), (b, db) = together.gradient(X, labels, softmax_cross_entropy), apart.gradient(X, labels, cross_entropy)
    np.testing.assert_allclose(a, b, rtol=1e-12)
    np.testing.assert_allclose(da.flat, db.flat, rtol=1e-9, atol=1e-15)


def test_the_gradient_by_the_input():
    net = dense_network((3, 4, 1), "tanh", random_state=0)
    X = np.random.default_rng(0).normal(size=(5, 3))
    Y, backprop = net.forward(X)
    dX, grads = backprop(np.ones_like(Y))
    h = 1e-6
    for j in range(3):
        nudge = h * np.eye(3)[j]
        np.testing.assert_allclose(dX[:, j], (net.predict(X + nudge) - net.predict(X - nudge))[:, 0] / (2 * h), rtol=1e-6)
    without, same = backprop(np.ones_like(Y), to_input=False)
    assert without is None
    np.testing.assert_array_equal(grads.flat, same.flat)


@pytest.mark.parametrize("make", [lambda: GradientDescent(inverse_time(0.2, 0.1)), lambda: Momentum(0.1, rising_momentum(every=2))])
def test_folding_the_step_into_backprop_changes_nothing(make, monkeypatch):
    """Plain descent and momentum let backprop write into their own buffers; the points visited stay the same."""
    ends = []
    for folds in (True, False):
        net = Network(Scale(), Dense(2, 4, random_state=0), PReLU(4), Dense(4, 1, random_state=1))
        optimizer = make()
        if not folds:
            optimizer.fold = lambda params: None
        for _ in range(6):
            net.train_step(CORNERS, XOR, squared_error, optimizer, (L1(0.01), MaxNorm(1.0)))
        ends.append(net.params.flat)
    np.testing.assert_allclose(*ends, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("penalty", [L2(0.5), WeightDecay(0.5)])
def test_what_acts_before_the_step_is_not_lost_by_folding(penalty):
    plain, fined = (Network(Dense(2, 1, random_state=0)) for _ in range(2))
    for net, regularizers in ((plain, ()), (fined, (penalty,))):
        net.train_step(CORNERS, XOR, squared_error, GradientDescent(0.1), regularizers)
    np.testing.assert_allclose(fined.layers[0].W, plain.layers[0].W - 0.1 * 0.5 * Dense(2, 1, random_state=0).W, rtol=1e-12)


class OwnL2(Regularizer):
    """As a student writes it: nothing but the rule."""

    def before_step(self, params, grads, learning_rate):
        for W, dW in zip(params, grads, strict=True):
            if W.ndim == 2:
                dW += 0.5 * W


class Child(OwnL2):
    """Of a regularizer of one's own."""


class Duck:
    """Not a Regularizer by name, but by what it does."""

    before_step = OwnL2.before_step

    def after_step(self, params, learning_rate):
        pass


@pytest.mark.parametrize("own", [OwnL2(), Child(), Duck()])
@pytest.mark.parametrize("optimizer", [GradientDescent, Momentum])
def test_a_penalty_of_ones_own_gets_the_gradient(own, optimizer):
    """Plain descent and momentum would let backprop write the step itself where nobody asks for the gradient."""
    ends = []
    for penalty in (L2(0.5), own):
        net, descent = dense_network((2, 3, 1), random_state=0), optimizer(0.1)
        for _ in range(5):
            net.train_step(CORNERS, XOR, squared_error, descent, [penalty])
        ends.append(net.params.flat)
    np.testing.assert_allclose(*ends, rtol=1e-12)


def test_only_what_acts_before_the_step_keeps_it_from_being_folded():
    assert L2(1.0).acts_before and WeightDecay(1.0).acts_before and Child().acts_before
    assert not (L1(1.0).acts_before or MaxNorm(1.0).acts_before or Regularizer().acts_before)


def test_training_does_not_compute_the_gradient_by_the_input(monkeypatch):
    """For two dense layers: two products forwards, two for the weights, one back through the second layer."""
    products, matmul = [], ops.matmul
    monkeypatch.setattr(ops, "matmul", lambda *a, **k: products.append(a) or matmul(*a, **k))
    dense_network((2, 3, 1), random_state=0).train_step(CORNERS, XOR, squared_error, GradientDescent(0.1))
    assert len(products) == 5


def test_parameters_are_views_of_one_buffer():
    net = Network(Dense(2, 3, random_state=0), PReLU(3), Dense(3, 1, random_state=1))
    assert net.n_parameters == net.params.flat.size == 6 + 3 + 3 + 3 + 1
    net.params.flat[:] = 7
    assert all((p == 7).all() for layer in net.layers for p in layer.params)
    _, grads = net.gradient(CORNERS, XOR, squared_error)
    assert [g.shape for g in grads] == [p.shape for p in net.params]
    assert all(np.shares_memory(g, grads.flat) for g in grads)
    assert not np.shares_memory(net.gradient(CORNERS, XOR, squared_error)[1].flat, grads.flat)


def test_a_two_two_one_network_learns_xor():
    net = Network(Dense(2, 2, random_state=0), Tanh(), Dense(2, 1, random_state=1), Sigmoid())
    optimizer = Nesterov(0.5, 0.9)
    for _ in range(800):
        net.train_step(CORNERS, XOR, squared_error, optimizer)
    np.testing.assert_array_equal(net.predict(CORNERS) > 0.5, XOR > 0.5)


class Scale(Layer):
    """A layer as a student would write it: one number to learn, gradients returned as new arrays."""

    def __init__(self):
        self.params = [np.ones(1)]

    def forward(self, X, training=False):
        a = self.params[0]
        return a * X, lambda dY: (a * dY, [np.array([(dY * X).sum()])])


def test_a_layer_of_your_own_works():
    net = Network(Scale(), Dense(2, 3, random_state=0), Tanh(), Scale(), Dense(3, 1, random_state=1))
    check_network(net, CORNERS - 0.3, XOR, sigmoid_cross_entropy)
    assert net.n_parameters == 1 + 9 + 1 + 4


def test_a_copied_or_pickled_network_stands_alone():
    net = dense_network((2, 3, 1), "prelu", random_state=0)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        np.testing.assert_array_equal(other.predict(CORNERS), net.predict(CORNERS))
        before = net.params.flat.copy()
        other.train_step(CORNERS, XOR, squared_error, GradientDescent(0.1))
        assert (other.params.flat != before).any() and (net.params.flat == before).all()
        assert all(np.shares_memory(p, other.params.flat) for layer in other.layers for p in layer.params)


def test_a_copied_or_pickled_list_of_parameters_is_still_one_buffer():
    packed = Packed(np.arange(7.0), [(2, 3), (1,)])
    for other in (copy.deepcopy(packed), pickle.loads(pickle.dumps(packed))):
        assert type(other) is Packed and [p.shape for p in other] == [(2, 3), (1,)]
        other.flat[:] = 5
        assert all((p == 5).all() for p in other) and packed.flat.tolist() == list(range(7))


def test_a_saved_network_holds_its_numbers_once():
    net = dense_network((100, 100, 10), random_state=0)
    assert net.params.flat.nbytes < len(pickle.dumps(net)) < 1.1 * net.params.flat.nbytes
    layer = copy.deepcopy(net.layers[-1])
    assert len(pickle.dumps(layer)) < 0.2 * net.params.flat.nbytes
    np.testing.assert_array_equal(Network(layer).params.flat, net.params.flat[-1010:])


def test_networks_made_of_one_anothers_layers_share_weights():
    net = Network(Dense(2, 3, random_state=0), Tanh(), Dense(3, 2, random_state=1), Tanh(), Dense(2, 1, random_state=2))
    middle = Network(*net.layers[2:4])
    middle.params.flat[:] = 0.25
    assert (net.layers[2].W == 0.25).all() and (net.params[2] == 0.25).all()
    with pytest.raises(ValueError, match="belongs to another network already"):
        Network(net.layers[0], Tanh(), Dense(3, 1))
    with pytest.raises(ValueError, match="belongs to another network already"):
        Network(net.layers[2], Dense(2, 2))


def test_what_each_layer_says():
    net = Network(Dense(2, 3, random_state=0), ReLU(), Dense(3, 1, random_state=0))
    outputs = net.activations(CORNERS)
    assert [a.shape for a in outputs] == [(4, 2), (4, 3), (4, 3), (4, 1)]
    np.testing.assert_array_equal(outputs[-1], net.predict(CORNERS))


def test_prediction_in_parts_is_the_same():
    net, X = dense_network((2, 4, 2), random_state=0), np.random.default_rng(0).normal(size=(23, 2))
    np.testing.assert_allclose(net.predict(X, rows=5), net.predict(X), rtol=1e-12)
    X = np.tile(X, (6, 1))
    np.testing.assert_array_equal(net.predict(X, rows=np.int8(100)), net.predict(X, rows=100))
    for rows in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match="rows is .* but has to be a whole number, 1 or more"):
            net.predict(X, rows)


def test_dropout_acts_in_training_only_and_gradients_follow_the_mask():
    net = dense_network((3, 20, 2), dropout=0.5, input_dropout=0.2, random_state=0)
    X = np.random.default_rng(0).normal(size=(6, 3))
    np.testing.assert_array_equal(net.predict(X), net.predict(X))
    assert (net.forward(X, training=True)[0] != net.forward(X, training=True)[0]).any()
    assert repr(net) == "Network(Dropout(0.2), Dense(3, 20), ReLU(), Dropout(0.5), Dense(20, 2))"


def test_narrow_networks_and_no_rows():
    net = dense_network((1, 1, 1), "sigmoid", random_state=0)
    check_network(net, np.array([[0.5]]), np.array([[1.0]]), squared_error)
    assert net.predict(np.empty((0, 1))).shape == (0, 1)
    assert Network(ReLU()).predict(-CORNERS).max() == 0
    Y, backprop = net.forward(np.empty((0, 1)))
    assert not backprop(Y)[1].flat.any()


def dense(*sizes, dtype=np.float64):
    return Dense(*sizes, dtype=dtype)


@pytest.mark.parametrize("layers, error, words", [
    ((), ValueError, "a network needs at least one layer"),
    ((dense(2, 3), dense(4, 1)), ValueError, "layer 1, Dense(4, 1), takes 4 columns but gets 3 from the layers before it; build it for 3."),
    ((dense(2, 3), Tanh(), PReLU(2)), ValueError, "layer 2, PReLU(2), takes 2 columns but gets 3"),
    ((dense(2, 3), dense(3, 1, dtype=np.float32)), TypeError, "the layers compute in float32 and float64; build all with one dtype."),
])
def test_layers_that_do_not_fit_are_refused_in_words(layers, error, words):
    with pytest.raises(error) as caught:
        Network(*layers)
    assert str(caught.value).startswith(words)


def test_a_layer_stands_in_a_network_once():
    layer = Dense(2, 2)
    with pytest.raises(ValueError, match="the same layer stands in this network twice"):
        Network(layer, layer)
    Network(Dropout(0.1), Dropout(0.1))


@pytest.mark.parametrize("X, error, words", [
    (np.ones((5, 3)), ValueError,
     "X has 3 columns but this network was built for 784; pass examples as (n, 784), for example X.reshape(len(X), -1)."),
    (np.ones((5, 28, 28)), ValueError, "X has shape (5, 28, 28), but a table (n_examples, n_columns) is expected"),
    (np.ones((5, 784), np.float32), TypeError, "X is float32 but this layer computes in float64"),
    (np.full((5, 784), "a"), TypeError, "X holds text"),
])
def test_bad_input_is_refused_in_words(X, error, words):
    with pytest.raises(error) as caught:
        Network(Dense(784, 2)).forward(X)
    assert str(caught.value).startswith(words)


def test_an_unknown_activation_is_refused_in_words():
    with pytest.raises(ValueError, match="activation is 'swish' but has to be one of sigmoid, tanh, relu, prelu"):
        dense_network((2, 3, 1), "swish")


@pytest.mark.parametrize("sizes", [784, (), (784,), ((784, 10),)])
def test_what_are_no_sizes_is_refused_in_words(sizes):
    with pytest.raises(ValueError, match="but has to hold two or more, the columns of X first"):
        dense_network(sizes)


@pytest.mark.parametrize("loss, optimizer, words", [
    ("squared_error", Momentum(0.1), "loss is 'squared_error', but a function is expected"),
    (lambda Y, T: 0.5, Momentum(0.1), "the loss returned 0.5, but two things are expected: its value and its gradient by Y."),
    (lambda Y, T: None, Momentum(0.1), "the loss returned None, but two things are expected"),
    (squared_error, "adam", "optimizer is 'adam', but one of labkit.optimizers is expected"),
    (squared_error, Momentum, "but one of labkit.optimizers is expected, made once before the first step"),
])
def test_what_is_no_loss_or_optimizer_is_refused_in_words(loss, optimizer, words):
    net = dense_network((2, 3, 1), random_state=0)
    with pytest.raises(TypeError, match=words):
        net.train_step(CORNERS, XOR, loss, optimizer)
    if loss != squared_error:
        with pytest.raises(TypeError, match=words):
            net.gradient(CORNERS, XOR, loss)


@pytest.mark.parametrize("layers", [([Dense(2, 3), ReLU()],), (Dense(2, 3), ReLU), (Dense(2, 3), "relu")])
def test_what_is_no_layer_is_refused_in_words(layers):
    with pytest.raises(TypeError, match="but a layer is expected, one argument each"):
        Network(*layers)


def test_a_regularizer_may_stand_alone_and_must_be_one():
    ends = []
    for regularizers in (L2(0.5), [L2(0.5)]):
        net = dense_network((2, 3, 1), random_state=0)
        net.train_step(CORNERS, XOR, squared_error, Momentum(0.1), regularizers)
        ends.append(net.params.flat)
    np.testing.assert_array_equal(*ends)
    for wrong in (0.5, L2):
        with pytest.raises(ValueError, match="has to hold regularizers of labkit.regularization"):
            net.train_step(CORNERS, XOR, squared_error, Momentum(0.1), wrong)
