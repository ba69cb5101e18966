"""Optimizers against the points that PyTorch visits, against each other, and at their edges."""

import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from labkit.losses import squared_error
from labkit.network import Packed, dense_network
from labkit.optimizers import (
    OPTIMIZERS,
    Adadelta,
    Adagrad,
    Adam,
    GradientDescent,
    Momentum,
    Nesterov,
    NesterovShifted,
    RMSprop,
    constant,
    inverse_time,
    rising_momentum,
    step_decay,
)

REFERENCE = json.loads((Path(__file__).parent / "references" / "torch.json").read_text())["optimizers"]
SAME_SETTINGS = {
    "gradient_descent": GradientDescent(0.05),
    "momentum": Momentum(0.05, 0.9),
    "nesterov_shifted": NesterovShifted(0.05, 0.9),
    "adagrad": Adagrad(0.3, 1e-10),
    "adadelta": Adadelta(1.0, 0.9, 1e-6),
    "rmsprop": RMSprop(0.05, 0.9, 1e-3),
    "adam": Adam(0.1, 0.8, 0.95, 1e-6),
}


def gradient(w):
    return np.array(REFERENCE["scale"]) * w + w**3 / 10


def path(optimizer, steps=25, dtype=np.float64):
    """The points an optimizer visits, as `make_torch.py` has PyTorch visit them."""
    optimizer, w, points = copy.deepcopy(optimizer), np.array(REFERENCE["start"], dtype), []
    for _ in range(steps):
        optimizer.look_ahead([w])
        optimizer.step([w], [gradient(w).astype(dtype)])
        points.append(w.copy())
    return np.array(points)


@pytest.mark.parametrize("name", SAME_SETTINGS)
def test_visits_the_points_that_pytorch_visits(name):
    np.testing.assert_allclose(path(SAME_SETTINGS[name]), REFERENCE[name], rtol=1e-10)


@pytest.mark.parametrize("name", SAME_SETTINGS)
def test_float32_follows_closely(name):
    np.testing.assert_allclose(path(SAME_SETTINGS[name], dtype=np.float32), REFERENCE[name], rtol=1e-3, atol=1e-4)


def test_epsilon_inside_the_root_is_another_rule():
    inside, outside = path(RMSprop(0.05, 0.9, 1e-3, epsilon_inside=True)), path(RMSprop(0.05, 0.9, 1e-3))
    assert abs(inside - outside).max() > 1e-4
    w, g = 1.0, 0.2
    s = 0.1 * g**2
    optimizer, array = RMSprop(0.05, 0.9, 1e-3, epsilon_inside=True), np.array([w])
    optimizer.step([array], [np.array([g])])
    np.testing.assert_allclose(array, w - 0.05 * g / np.sqrt(s + 1e-3), rtol=1e-14)


def test_both_forms_of_nesterov_visit_the_same_points_after_a_change_of_variable():
    optimizer, w = Nesterov(0.05, 0.9), np.array(REFERENCE["start"])
    ahead = []
    for _ in range(25):
        optimizer.look_ahead([w])
        ahead.append(w.copy())
        optimizer.step([w], [gradient(w)])
    np.testing.assert_allclose(ahead[1:], path(NesterovShifted(0.05, 0.9))[:24], rtol=1e-11)


def test_on_a_quadratic_nesterov_is_momentum_with_a_smaller_momentum():
    """Sutskever et al. 2013, theorem 2.1: along an eigenvector of curvature c, NAG(mu) = CM(mu (1 - rate c))."""
    mu, rate, c = 0.95, 0.02, 10.0
    nesterov, classical = Nesterov(rate, mu), Momentum(rate, mu * (1 - rate * c))
    a, b = np.array([1.0]), np.array([1.0])
    for _ in range(50):
        nesterov.look_ahead([a])
        nesterov.step([a], [c * a])
        classical.step([b], [c * b])
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_nesterov_asks_for_its_look_ahead():
    with pytest.raises(RuntimeError, match=r"call look_ahead\(params\) before computing it"):
        Nesterov().step([np.ones(2)], [np.ones(2)])


def test_a_step_of_nesterovs_that_was_broken_off_is_made_up_for_by_the_next():
    w = [[np.ones(2)], [np.ones(2)]]
    for broken_off, params in zip((0, 2), w, strict=True):
        optimizer = Nesterov(0.1, 0.9)
        for _ in range(3):
            for _ in range(broken_off):
                optimizer.look_ahead(params)            # and then the gradient's function raised an error
            optimizer.look_ahead(params)
            optimizer.step(params, [2 * params[0]])
    np.testing.assert_array_equal(*w)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_one_packed_step_equals_a_step_for_each_array(name):
    rng = np.random.default_rng(0)
    shapes = [(3, 2), (2,), (2, 1), (1,)]
    packed = Packed(rng.normal(size=11), shapes)
    apart = [p.copy() for p in packed]
    one, other = OPTIMIZERS[name](), OPTIMIZERS[name]()
    for _ in range(4):
        grads = Packed(rng.normal(size=11), shapes)
        for optimizer, params in ((one, packed), (other, apart)):
            optimizer.look_ahead(params)
            optimizer.step(params, grads if params is packed else list(grads))
    for a, b in zip(packed, apart, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_no_gradient_no_movement_and_no_nan(name):
    optimizer, w = OPTIMIZERS[name](), np.array([1.0, -2.0])
    for _ in range(3):
        optimizer.look_ahead([w])
        optimizer.step([w], [np.zeros(2)])
    np.testing.assert_array_equal(w, [1, -2])


@pytest.mark.parametrize("g", [2e19, 1e20, 3e38])
@pytest.mark.parametrize("make", [Adagrad, RMSprop, Adam])
def test_a_gradient_whose_square_overflows_is_followed_as_numpy_follows_it(make, g):
    """As PyTorch's are, the weights stay finite, in the compiled form, too."""
    ends = []
    for n in (8, 4096):
        w, optimizer = np.ones(n, np.float32), make()
        with np.errstate(over="ignore"):
            for gradient in (g, 1.0, 1.0):
                optimizer.step([w], [np.full(n, gradient, np.float32)])
        ends.append(w[:8])
    assert np.isfinite(ends).all()
    np.testing.assert_allclose(*ends, rtol=1e-6)


def test_schedules():
    assert [constant(0.1)(t) for t in (0, 99)] == [0.1, 0.1]
    assert [step_decay(1.0, 0.5, 10)(t) for t in (0, 9, 10, 25)] == [1, 1, 0.5, 0.25]
    assert [inverse_time(1.0, 0.1)(t) for t in (0, 10, 90)] == [1, 0.5, 0.1]
    mu = rising_momentum(0.99)
    np.testing.assert_allclose([mu(t) for t in (0, 249, 250, 500, 750, 10**6)], [0.5, 0.5, 0.75, 1 - 1 / 6, 0.875, 0.99])


@pytest.mark.parametrize("schedule", [constant(0.1), step_decay(0.1, 0.5, 2), inverse_time(0.1, 0.5), rising_momentum(0.9, 2)])
def test_an_optimizer_with_a_schedule_can_be_saved(schedule):
    optimizer = Momentum(schedule, schedule)
    w, other_w = np.ones(2), np.ones(2)
    optimizer.step([w], [np.ones(2)])
    other = pickle.loads(pickle.dumps(optimizer))
    other.step([other_w], [np.ones(2)])
    assert other.t == 2 and other.rate == schedule(2)
    optimizer.step([w], [np.ones(2)])
    np.testing.assert_array_equal(other.state[0][0], optimizer.state[0][0])


@pytest.mark.parametrize("make, words", [
    (lambda: GradientDescent(None), "learning_rate is None but has to be a number or a schedule, a function of the steps taken so far."),
    (lambda: Adam(np.nan), "learning_rate is nan but has to be 0 or more; a step against the gradient already goes down."),
    (lambda: Adam(0.1, 1.0), "beta_1 is 1.0 but has to be a number from 0 up to, not including, 1; for example 0.9."),
    (lambda: RMSprop(0.1, decay=None), "decay is None but has to be a number from 0 up to, not including, 1; for example 0.9."),
    (lambda: Adagrad(0.1, -1e-8), "epsilon is -1e-08 but has to be a small number, 0 or more; for example 1e-8."),
    (lambda: Momentum(0.1, "0.9"), "momentum is '0.9' but has to be a number or a schedule, a function of the steps taken so far."),
])
def test_what_is_no_rate_is_refused_in_words(make, words):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == words


@pytest.mark.parametrize("make, words", [
    (lambda: step_decay(0.1, every=0), "every is 0 but has to be a whole number of steps, 1 or more."),
    (lambda: rising_momentum(every=-250), "every is -250 but has to be a whole number of steps, 1 or more."),
    (lambda: step_decay("0.1"), "value is '0.1' but has to be a number, 0 or more."),
    (lambda: step_decay(0.1, None), "factor is None but has to be a number, 0 or more."),
    (lambda: inverse_time(0.1, -0.1), "decay is -0.1 but has to be a number, 0 or more."),
    (lambda: constant(None), "value is None but has to be a number, 0 or more."),
])
def test_what_is_no_schedule_is_refused_when_it_is_made(make, words):
    """Not by a division by zero in the middle of training."""
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == words


def test_a_schedule_counts_in_pythons_numbers():
    assert step_decay(1.0, 0.5, np.int8(100))(250) == 0.25 and rising_momentum(every=np.uint8(250))(1000) == 0.9
    assert inverse_time(1.0, np.int8(1))(199) == 1 / 200


@pytest.mark.parametrize("make", [GradientDescent, Momentum, Nesterov, Adam])
def test_a_rate_that_has_no_sign_goes_down_too(make):
    """-np.uint8(1) is 255."""
    ends = []
    for rate in (1, np.uint8(1), np.uint64(1)):
        network, optimizer = dense_network((2, 1), random_state=0), make(rate)
        network.train_step(np.ones((3, 2)), np.zeros((3, 1)), squared_error, optimizer)
        ends.append(network.params.flat)
    np.testing.assert_array_equal(ends[1:], [ends[0]] * 2)


def test_schedules_are_asked_once_a_step():
    optimizer, w = GradientDescent(inverse_time(1.0, 1.0)), np.zeros(1)
    for expected in (-1, -1.5, -1.5 - 1 / 3):
        optimizer.step([w], [np.ones(1)])
        np.testing.assert_allclose(w, expected)
    optimizer, w = Momentum(1.0, lambda t: 0.5 * t), np.zeros(1)
    for expected in (-1, -2.5, -5):             # v = -1, then .5 (-1) - 1, then 1 (-1.5) - 1
        optimizer.step([w], [np.ones(1)])
        np.testing.assert_allclose(w, expected)


def read_only():
    w = np.ones(2)
    w.flags.writeable = False
    return w


@pytest.mark.parametrize("params, grads, error, words", [
    ([np.ones(2)], [np.ones(3)], ValueError, "the gradients have shapes [(3,)] but the parameters [(2,)]"),
    ([np.ones(2)], [], ValueError, "the gradients have shapes [] but"),
    ([np.ones(2, int)], [np.ones(2)], TypeError, "parameter 0 is int64, which cannot take small steps"),
    ([np.ones(2, np.float16)], [np.ones(2)], TypeError, "parameter 0 is float16"),
    ([read_only()], [np.ones(2)], ValueError, "parameter 0 is read-only, so it cannot be changed in place"),
    ([np.ones((2, 2))[:, :1]], [np.ones((2, 1))], ValueError, "parameter 0 is not contiguous"),
    ([[1.0, 2.0]], [np.ones(2)], TypeError, "the parameters hold [[1.0, 2.0]], but arrays are expected"),
    ([np.ones(2)], [np.ones(2, np.float16)], TypeError, "grads[0] is float16, which keeps only 3 digits; pass grads[0].astype(np.float32)"),
    (np.ones(2), np.ones(2), TypeError, "a list of parameter arrays is expected, not ndarray; pass [array] for a single one."),
])
def test_bad_input_is_refused_in_words(params, grads, error, words):
    with pytest.raises(error) as caught:
        Momentum().step(params, grads)
    assert str(caught.value).startswith(words)


def test_one_optimizer_serves_one_network():
    optimizer = Momentum()
    optimizer.step([np.ones(2)], [np.ones(2)])
    with pytest.raises(ValueError, match="make a new optimizer for another network"):
        optimizer.step([np.ones(3)], [np.ones(3)])


def test_they_say_their_settings():
    assert repr(Momentum(0.1, 0.5)) == "Momentum(learning_rate=0.1, momentum=0.5)"
    assert repr(Nesterov(0.1, 0.5)) == "Nesterov(learning_rate=0.1, momentum=0.5)"


def test_where_the_rate_changes_momentum_keeps_the_rate_of_each_step():
    """Sutskever's form, and Keras's; PyTorch's, which the two differ from by exactly this, takes all steps at the new rate."""
    rates, gradients, v, velocity = [1.0, 0.5, 0.25], [1.0, -2.0, 3.0], 0.0, 0.0
    optimizer, w, theirs = Momentum(lambda t: rates[t], 0.9), np.zeros(1), 0.0
    expected = 0.0
    for rate, g in zip(rates, gradients, strict=True):
        optimizer.step([w], [np.array([g])])
        v = 0.9 * v - rate * g
        velocity = 0.9 * velocity + g
        expected, theirs = expected + v, theirs - rate * velocity
        np.testing.assert_allclose(w, expected, rtol=1e-14)
    assert abs(expected - theirs) > 0.1
