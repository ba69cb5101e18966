"""Penalties and limits against PyTorch, and dropout against what its masks should be."""

import json
from pathlib import Path

import numpy as np
import pytest

from labkit.gradcheck import compare, numerical_gradient
from labkit.layers import Dense
from labkit.losses import squared_error
from labkit.mlp import MLPClassifier
from labkit.network import Network, dense_network
from labkit.optimizers import Adam, GradientDescent, Momentum
from labkit.pretraining import Autoencoder
from labkit.regularization import L1, L2, Dropout, MaxNorm, WeightDecay, dropout_mask

REFERENCE = json.loads((Path(__file__).parent / "references" / "torch.json").read_text())


def path(optimizer, regularizer, steps=25):
    """The points that `make_torch.py` has PyTorch visit, the parameters taken as a matrix of one column."""
    scale = np.array(REFERENCE["optimizers"]["scale"])[:, None]
    W, points = np.array(REFERENCE["optimizers"]["start"])[:, None], []
    for _ in range(steps):
        grads = [scale * W + W**3 / 10]
        regularizer.before_step([W], grads, optimizer.rate)
        optimizer.step([W], grads)
        regularizer.after_step([W], optimizer.rate)
        points.append(W[:, 0].copy())
    return np.array(points)


def test_weight_decay_and_l2_agree_with_pytorch():
    decayed = path(Adam(0.1, 0.8, 0.95, 1e-6), WeightDecay(0.2))
    np.testing.assert_allclose(decayed, REFERENCE["optimizers"]["adam_weight_decay"], rtol=1e-10)
    np.testing.assert_allclose(path(Momentum(0.05, 0.9), L2(0.2)), REFERENCE["optimizers"]["momentum_l2"], rtol=1e-10)


def test_l2_is_weight_decay_under_gradient_descent_only():
    np.testing.assert_allclose(path(GradientDescent(0.05), L2(0.2)), path(GradientDescent(0.05), WeightDecay(0.2)), rtol=1e-12)
    assert abs(path(Adam(0.1), L2(0.2)) - path(Adam(0.1), WeightDecay(0.2))).max() > 0.01


def test_l1_and_max_norm_agree_with_pytorch():
    W = np.array(REFERENCE["shrinking"]["W"])
    L1(0.8).after_step([W], 0.5)
    np.testing.assert_allclose(W, REFERENCE["shrinking"]["soft_threshold"], rtol=1e-14)
    W = np.array(REFERENCE["shrinking"]["W"])
    MaxNorm(1.5).after_step([W], 0.5)
    np.testing.assert_allclose(W, REFERENCE["shrinking"]["max_norm"], rtol=1e-6)     # PyTorch adds 1e-7 to the length
    assert np.linalg.norm(W, axis=0).max() <= 1.5 + 1e-12


def test_biases_are_left_alone():
    for regularizer in (L1(1.0), L2(1.0), MaxNorm(0.1), WeightDecay(1.0)):
        b, db = np.array([5.0]), np.array([1.0])
        regularizer.before_step([b], [db], 0.1)
        regularizer.after_step([b], 0.1)
        assert b == 5 and db == 1 and regularizer.penalty([b]) == 0


def test_l1_makes_zeros_and_l2_does_not():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 20))
    T = X[:, :3] @ np.array([[2.0], [-3.0], [1.0]]) + 0.1 * rng.normal(size=(200, 1))
    weights = {}
    for regularizer in (L1(0.1), L2(0.1)):
        net, optimizer = Network(Dense(20, 1, random_state=0)), GradientDescent(0.1)
        for _ in range(300):
            net.train_step(X, T, squared_error, optimizer, [regularizer])
        weights[type(regularizer)] = net.layers[0].W
    assert (weights[L1] == 0).sum() >= 15 and (weights[L1][:3] != 0).all()
    assert (weights[L2] != 0).all()


def test_the_gradient_of_l2_agrees_with_its_penalty():
    net = dense_network((3, 4, 2), random_state=0)
    grads = [np.zeros_like(p) for p in net.params]
    L2(0.3).before_step(net.params, grads, 0.1)
    assert compare(grads, [numerical_gradient(lambda: L2(0.3).penalty(net.params), p) for p in net.params]).difference < 1e-6
    np.testing.assert_allclose(L1(2.0).penalty([np.array([[1.0, -3.0]])]), 8)


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.8])
def test_dropout_drops_with_probability_rate(rate):
    """Confusing keep with drop would show at 0.2. The share dropped of n units has standard deviation sqrt(rate (1 - rate) / n)."""
    X = np.ones((400, 250))
    Y, _ = Dropout(rate, random_state=0).forward(X, training=True)
    dropped = (Y == 0).mean()
    assert abs(dropped - rate) < 5 * np.sqrt(rate * (1 - rate) / X.size)
    np.testing.assert_allclose(Y[Y != 0], 1 / (1 - rate))


def test_both_forms_have_the_same_mean_in_training_and_in_use():
    X = np.full((500, 200), 3.0)
    for inverted in (True, False):
        layer = Dropout(0.2, inverted, random_state=1)
        trained, used = (layer.forward(X, training)[0] for training in (True, False))
        np.testing.assert_allclose(trained.mean(), used.mean(), rtol=0.01)
        np.testing.assert_allclose(used, 3.0 if inverted else 3.0 * 0.8)


def test_the_gradient_passes_where_the_unit_stayed():
    layer, X = Dropout(0.5, random_state=0), np.ones((20, 10), np.float32)
    Y, backprop = layer.forward(X, training=True)
    np.testing.assert_array_equal(backprop(np.ones_like(X))[0], Y)
    assert Y.dtype == np.float32
    for inverted, factor in ((True, 1), (False, 0.5)):
        _, backprop = Dropout(0.5, inverted).forward(X)
        np.testing.assert_array_equal(backprop(np.ones_like(X))[0], factor * X)


def test_masks_are_new_each_time_and_follow_the_seed():
    a, b = Dropout(0.5, random_state=3), Dropout(0.5, random_state=3)
    X = np.ones((8, 9))
    first, second = a.forward(X, True)[0], a.forward(X, True)[0]
    assert (first != second).any()
    np.testing.assert_array_equal(first, b.forward(X, True)[0])
    assert (first != Dropout(0.5, random_state=4).forward(X, True)[0]).any()


def test_masks_do_not_repeat_between_rows_columns_or_draws():
    """A counter cut short would make rows repeat: neighbouring rows then agree everywhere, independent ones half the time."""
    mask = Dropout(0.5, random_state=0).draw_mask(np.ones((600, 500))) > 0
    for k in (1, 2, 4, 8, 64, 256):
        assert abs((mask[k:] == mask[:-k]).mean() - 0.5) < 0.01
        assert abs((mask[:, k:] == mask[:, :-k]).mean() - 0.5) < 0.01


def test_a_mask_from_given_uniform_numbers():
    np.testing.assert_allclose(dropout_mask([0.1, 0.2, 0.9], 0.2), [0, 1.25, 1.25])
    np.testing.assert_allclose(dropout_mask([0.1, 0.2, 0.9], 0.2, inverted=False), [0, 1, 1])


def test_rate_zero_changes_nothing_and_no_rows_are_fine():
    X = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_array_equal(Dropout(0.0).forward(X, training=True)[0], X)
    assert Dropout(0.5).forward(np.empty((0, 3)), training=True)[0].shape == (0, 3)


@pytest.mark.parametrize("rate", [1.0, -0.1, np.nan, "0.5", [0.5]])
def test_an_impossible_rate_is_refused_in_words(rate):
    with pytest.raises(ValueError, match="the probability of dropping a unit is at least 0 and below 1"):
        Dropout(rate)
    for inverted in (True, False):
        with pytest.raises(ValueError, match="the probability of dropping a unit is at least 0 and below 1"):
            dropout_mask([0.1, 0.9], rate, inverted)


def test_a_rate_may_be_any_number_of_numpy():
    for rate in (np.float16(0.5), np.array(0.5), np.float32(0.5)):
        assert (Dropout(rate, random_state=0).draw_mask(np.ones((9, 9))) == Dropout(0.5, random_state=0).draw_mask(np.ones((9, 9)))).all()


def test_a_model_shows_its_settings_and_no_addresses():
    shown = repr(MLPClassifier(regularizers=(L2(1e-4), MaxNorm(3)), optimizer=Adam(0.01)))
    assert "regularizers=(L2(0.0001), MaxNorm(3))" in shown and " at 0x" not in shown + repr(Autoencoder(regularizers=L1(0.5)))


def test_what_is_no_seed_is_refused_in_words():
    with pytest.raises(ValueError, match="random_state must be a whole number, 0 or more"):
        Dropout(0.5, random_state=-1)


@pytest.mark.parametrize("make", [L1, L2, WeightDecay, MaxNorm])
@pytest.mark.parametrize("amount", [-1.0, np.nan, "0.1", None, [0.1], [[1], [1, 2]], True])
def test_an_impossible_amount_is_refused_in_words(make, amount):
    with pytest.raises(ValueError, match=r"(strength|limit) is .* but has to be a number, "):
        make(amount)


@pytest.mark.parametrize("penalty", [L1(0.5), L2(0.5), WeightDecay(0.5)])
def test_arrays_with_gaps_are_changed_too(penalty):
    """In place also where the numbers do not lie one after the other."""
    ends = []
    for layout in (np.array, np.asfortranarray):
        w, g = (layout(np.arange(6.0).reshape(2, 3)) for _ in range(2))
        penalty.before_step([w], [g], 0.1)
        penalty.after_step([w], 0.1)
        ends.append((w, g))
    np.testing.assert_array_equal(*ends)
    assert (ends[0] != np.arange(6.0).reshape(2, 3)).any()
