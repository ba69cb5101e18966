"""The rows of lab 05's table, checked with the lab's own functions and, where it is cheap, by a second way."""

import ast
import os
from pathlib import Path

import numpy as np
import pytest

from labkit import datasets, surfaces, swarm
from labkit.losses import softmax_cross_entropy
from labkit.widgets import descent_rules as ours

LAB = Path(__file__).parents[2] / "grading" / "labs" / "05_sgd.py"


@pytest.fixture(scope="module")
def names():
    """The functions of the lab's cells, without running the cells; where a cell would choose the student's, they get the lab's solutions."""
    tree = ast.parse(LAB.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
                 or isinstance(node, ast.FunctionDef) and node.name != "descend_kernel"]
    names = {}
    exec(compile(tree, str(LAB), "exec"), names)
    digits = datasets.digits("shuffled")
    X = np.column_stack([digits.X, np.ones(len(digits.X))])
    names |= {"step": names["gd_step"], "cut": names["minibatches"], "epoch": names["sgd_epoch"], "X": X[:698], "y": digits.y[:698],
              "X_check": X[698:], "y_check": digits.y[698:]}
    return names


def test_a_bowl_multiplies_the_distance_by_one_minus_rate_times_bend(names):
    for share in (0.3, 0.99, 1.0, 1.01):
        heights = names["descend"](surfaces.bowl(10), (0.0, 1.0), 0.2 * share, 50)
        np.testing.assert_allclose(heights[1:] / heights[:-1], (1 - 2 * share) ** 2, rtol=1e-6)


@pytest.mark.parametrize("valley", range(4))
def test_each_valley_is_lost_at_its_own_limit(names, valley):
    surface = surfaces.himmelblau()
    x, y = surface.minima[valley]
    hessian = np.array([[12 * x * x + 4 * y - 42, 4 * (x + y)], [4 * (x + y), 12 * y * y + 4 * x - 26]])
    limit = 2 / names["bends"](surface.gradient, x, y)[-1]
    assert limit == pytest.approx(2 / np.linalg.eigvalsh(hessian)[-1], rel=1e-5)
    rates = limit * np.array([0.9, 0.99, 0.998, 1.002, 1.01, 1.1])
    run = swarm.descents(surface, rates, 0, (x + 0.01, y + 0.01), "gradient_descent", 20_000)
    np.testing.assert_array_equal(run.basins([(x, y)], 0.002) == 0, [True, True, True, False, False, False])


def test_above_its_limit_the_sharp_valley_holds_and_does_not_settle_and_then_throws_out(names):
    surface = surfaces.himmelblau()
    across = np.linspace(-4.5, -1, 40)
    start = across[None, :], across[:, None]
    bouncing = swarm.descents(surface, 0.0165, 0, start, "gradient_descent", 3_000)
    assert np.mean(names["ends"](bouncing, surface.minima) == -1) > 0.95
    near = np.hypot(bouncing.x - surface.minima[3][0], bouncing.y - surface.minima[3][1])
    assert np.mean(near < 1.5) > 0.95                       # still in its valley
    thrown = names["ends"](swarm.descents(surface, 0.0235, 0, start, "gradient_descent", 3_000), surface.minima)
    assert np.mean(thrown == 2) > 0.3


def test_only_rates_that_fall_as_one_over_t_come_to_rest(names):
    far = {name: names["noisy"](schedule) for name, schedule in
           (("1/t", lambda t: 1 / t), (0.1, lambda t: 0.1), (0.02, lambda t: 0.02), ("1/t2", lambda t: 0.5 / t**2))}
    assert far["1/t"][-1] == pytest.approx(1 / 1000, rel=0.15)
    for rate in (0.1, 0.02):
        assert far[rate][-200:].mean() == pytest.approx(rate / (2 - rate), rel=0.03)      # r / 2 would be off by 5%
    assert far["1/t2"][-1] > 0.5


def test_ten_copies_have_the_slope_of_one(names):
    W = np.random.default_rng(3).normal(size=(65, 10))
    once = names["slope"](W, names["X"][:100], names["y"][:100])
    np.testing.assert_allclose(names["slope"](W, np.tile(names["X"][:100], (10, 1)), np.tile(names["y"][:100], 10)), once, atol=1e-12)


def test_the_feedback_is_the_slope_of_the_cross_entropy(names):
    rng = np.random.default_rng(0)
    Z, classes = rng.normal(size=(6, 4)) * 3, rng.integers(0, 4, 6)
    feedback = names["softmax_feedback"](Z, classes)
    np.testing.assert_allclose(feedback, softmax_cross_entropy(Z, classes)[1], atol=1e-9)
    for i, k in ((0, 0), (3, 2), (5, 1)):
        nudge = np.zeros_like(Z)
        nudge[i, k] = 1e-5
        difference = float(softmax_cross_entropy(Z + nudge, classes)[0]) - float(softmax_cross_entropy(Z - nudge, classes)[0])
        assert difference / 2e-5 == pytest.approx(feedback[i, k], abs=1e-6)
    np.testing.assert_allclose(names["softmax_feedback"](np.log([[0.3, 0.7]]), np.array([0])), [[-0.7, 0.7]])


def test_single_examples_look_less_and_step_more_than_the_full_batch(names):
    steps, looked = names["price"](1, 0.3)
    all_steps, all_looked = names["price"](698, 10.0)
    assert all_looked > 10 * looked and steps > 10 * all_steps
    assert names["price"](698, 100.0, passes=10) is None and names["price"](698, 0.01, passes=10) is None


def test_a_saddle_holds_for_the_logarithm_of_the_distance_and_keeps_nobody(names):
    saddle = surfaces.saddle()
    waits = [int(np.argmax(names["descend"](saddle, (1.5, aside), 0.1, 260) < -0.2)) for aside in (0.1, 1e-3, 1e-5, 1e-7)]
    np.testing.assert_allclose(np.diff(waits), np.log(100) / np.log(1.1), atol=1.5)
    assert names["descend"](saddle, (1.5, 0.0), 0.1, 2_000)[-1] == pytest.approx(0, abs=1e-9)
    start = np.random.default_rng(1).uniform(-1.8, 1.8, (2, 5_000))
    run = swarm.descents(saddle, 0.1, 0, start, "gradient_descent", 2_000)
    assert (run.basins(saddle.minima) >= 0).all()


def test_a_random_network_of_a_thousand_classes_is_right_once_in_a_thousand():
    rng, hits = np.random.default_rng(7), []
    for _ in range(5):
        Z = rng.standard_normal((10_000, 64), np.float32) @ rng.standard_normal((64, 1_000), np.float32)
        hits.append(np.mean(Z.argmax(axis=1) == rng.integers(0, 1_000, 10_000)))
    assert np.mean(hits) == pytest.approx(0.001, abs=6e-4)


def test_the_finders_rate_trains_and_lies_below_the_explosion(names):
    batches = ours.batches(np.random.default_rng(0).permutation(698), 10)
    raised, record, W = np.geomspace(1e-3, 100, len(batches)), [], np.zeros((65, 10))
    for rows, rate in zip(batches, raised, strict=True):
        W = names["sgd_epoch"](W, names["X"], names["y"], [rows], rate)
        record.append(names["loss"](W, names["X_check"], names["y_check"]))
    found = names["find_rate"](raised, np.array(record))
    assert found == ours.tenth_of_lowest(raised, np.array(record)) and 0.02 < found < 0.5
    assert names["training"](found, size=10, passes=10)[0][1, -1] < 0.5
    assert names["training"](300 * found, size=10, passes=10)[0][1, -1] > 1.5


def test_noise_carries_walkers_over_the_pass_and_small_rates_do_not(names):
    def hasty(rate, runs=300):
        rng, places = np.random.default_rng(2), np.tile(np.array([[-0.9], [0.5]]), (1, runs))
        for _ in range(960):
            drawn = rng.integers(0, 24, runs)
            hidden = np.tanh(places[0] * ours.INPUTS[drawn] + ours.BIAS)
            miss = places[1] * hidden - ours.TARGETS[drawn]
            places = names["gd_step"](places, np.array([miss * places[1] * (1 - hidden**2) * ours.INPUTS[drawn], miss * hidden]), rate)
        return np.mean((places > 0).all(axis=0) & (np.hypot(*places) < 6))

    assert hasty(0.6) == 0 and hasty(1.8) > 0.2


def test_labkits_own_pieces_and_the_labs_solutions_are_the_same(names):
    rng = np.random.default_rng(4)
    W, X, classes, order = rng.normal(size=(3, 4)), rng.normal(size=(9, 3)), rng.integers(0, 4, 9), rng.permutation(9)
    np.testing.assert_allclose(names["gd_step"](W, X[:3, :1], 0.3), ours.step(W, X[:3, :1], 0.3))
    np.testing.assert_allclose(names["softmax_feedback"](X, classes % 3), ours.feedback(X, classes % 3))
    for mine, labkits in zip(names["minibatches"](order, 4), ours.batches(order, 4), strict=True):
        np.testing.assert_array_equal(mine, labkits)
    parts = ours.batches(order, 4)
    np.testing.assert_allclose(names["sgd_epoch"](W, X, classes, parts, 0.5), ours.epoch(W, X, classes, parts, 0.5))
    for losses in ([1.0, 0.5, 9.0, 0.1], [1.0, 0.5, np.nan, 0.1], [1.0, 0.9, 0.8, 0.7]):
        rates = np.array([0.1, 1.0, 10.0, 100.0])
        assert names["find_rate"](rates, np.array(losses)) == ours.tenth_of_lowest(rates, np.array(losses))


def test_the_mountain_is_as_the_lab_describes_it():
    for valley in ours.VALLEYS:
        assert np.hypot(*ours.mountain_slope(valley)) < 1e-3
        around = [ours.height(valley[0] + a, valley[1] + b) for a, b in ((0.05, 0), (-0.05, 0), (0, 0.05), (0, -0.05))]
        assert min(around) > ours.height(*valley)
    assert np.hypot(*ours.mountain_slope(ours.PASS)) < 1e-3
    assert ours.height(*ours.VALLEYS[0]) < ours.height(*ours.VALLEYS[1]) < ours.height(*ours.PASS)
    nudges = np.array([(1e-6, 0), (0, 1e-6)])
    point = np.array([-0.37, 1.14])
    slopes = [(ours.height(*(point + nudge)) - ours.height(*(point - nudge))) / 2e-6 for nudge in nudges]
    np.testing.assert_allclose(ours.mountain_slope(point), slopes, atol=1e-6)


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("LABKIT_DATA"), reason="LABKIT_DATA names no folder with MNIST's files")
def test_on_mnist_too_small_batches_look_at_far_fewer_images():
    data = datasets.mnist(fallback=False)
    X = np.column_stack([data.X, np.ones(len(data.X), np.float32)]).astype(np.float32)
    test, needed = np.column_stack([data.X_test, np.ones(len(data.X_test), np.float32)]), {}
    for size, rate, passes in ((10, 0.05, 1), (100, 0.3, 1), (60_000, 1.0, 30)):
        rng, W, looked = np.random.default_rng(0), np.zeros((785, 10), np.float32), 0
        for _ in range(passes):
            batches = ours.batches(rng.permutation(60_000), size)
            for part in ours.batches(batches, max(1, 1_000 // size)):
                W = ours.epoch(W, X, data.y, part, np.float32(rate))
                looked += sum(map(len, part))
                if float(softmax_cross_entropy(test @ W, data.y_test)[0]) < 0.5:
                    needed[size] = looked
                    break
            if size in needed:
                break
    assert needed[60_000] > 20 * needed[100] and needed[60_000] > 20 * needed[10]
