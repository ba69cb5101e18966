"""The rows of lab 04's table, checked with the lab's own functions and, where it is cheap, by a second way."""

import ast
from pathlib import Path

import numpy as np
import pytest

from labkit import datasets, swarm
from labkit.activations import Sigmoid
from labkit.figures import family_trees
from labkit.gradcheck import central_difference, check_network, compare, forward_difference
from labkit.layers import Dense
from labkit.losses import squared_error
from labkit.network import Network
from labkit.widgets import backprop_rules as ours

LAB = Path(__file__).parents[2] / "grading" / "labs" / "04_backprop.py"


@pytest.fixture(scope="module")
def names():
    """The functions of the lab's cells, without running the cells; the network's pieces are the lab's own solutions."""
    tree = ast.parse(LAB.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef)]
    names = {}
    exec(compile(tree, str(LAB), "exec"), names)
    X, T = xor()
    names.update(X=X, T=T, gradient=names["backprop"], nudge=names["numerical_gradient"])
    return names


def xor():
    data = datasets.xor()
    return data.X.astype(float), data.y[:, None].astype(float)


def symmetry():
    data = datasets.symmetry()
    return data.X.astype(float), data.y[:, None].astype(float)


def one(sizes, seed, size=0.3):
    return [w[0] for w in ours.starts(sizes, 1, np.random.default_rng(seed), size)]


def test_the_slope_of_x_cubed():
    assert f"{forward_difference(lambda x: x**3, 2.0, 1e-3):.3f}" == "12.006"
    assert f"{central_difference(lambda x: x**3, 2.0, 1e-3):.3f}" == "12.000"


def test_small_steps_drown_in_rounding_and_sooner_in_float32():
    def off(number, step):
        x, h = number(2), number(step)
        return abs(float(((x + h) ** 3 - (x - h) ** 3) / (2 * h)) / 12 - 1)

    assert off(np.float64, 1e-5) < 1e-9 < off(np.float64, 1e-1) and off(np.float64, 1e-13) > 1e-5
    assert off(np.float32, 1e-5) > 1e-4 and min(off(np.float32, 10.0**-k) for k in range(1, 8)) > 1e-8


@pytest.mark.parametrize("sizes", [(2, 2, 1), (8, 3, 8), (3, 5, 2)])
def test_backwards_gives_the_gradient_that_nudging_gives(names, sizes):
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(6, sizes[0])), rng.integers(0, 2, (6, sizes[2])).astype(float)
    weights = one(sizes, 1, 1.0)
    assert compare(names["backprop"](X, T, *weights), names["nudged"](X, T, weights)).difference < 1e-6
    net = Network(Dense(sizes[0], sizes[1]), *(part for part in (Sigmoid(), Dense(sizes[1], sizes[2]), Sigmoid())))
    for p, w in zip(net.params, weights, strict=True):
        p[...] = w
    assert check_network(net, X, T, lambda Y, T: squared_error(Y, T, "sum")).difference < 1e-6
    theirs = net.gradient(X, T, lambda Y, T: squared_error(Y, T, "sum"))[1]
    for a, b in zip(names["backprop"](X, T, *weights), theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


def test_every_planted_bug_is_found_and_no_bug_where_there_is_none(names):
    X, T = xor()
    weights = one((2, 2, 1), 3, 1.0)
    wanted = names["nudged"](X, T, weights)
    assert compare(names["buggy"](X, T, *weights, "none"), wanted).difference < 1e-6
    tree = ast.parse(LAB.read_text(encoding="utf-8"))
    bugs = next(ast.literal_eval(n.value) for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "BUGS")
    assert len(bugs) == 6
    for bug in bugs:
        assert compare(names["buggy"](X, T, *weights, bug), wanted).difference > 1e-3, bug


def test_equal_starts_stay_equal_and_random_ones_learn(names):
    X, T = xor()
    equal = [np.full((2, 2), 0.5), np.zeros(2), np.full((2, 1), 0.5), np.zeros(1)]
    errors, path = names["train"](X, T, equal, 0.5, 0.9, 500)
    assert np.abs(path[..., 0] - path[..., 1]).max() < 1e-12 and errors[-1] > 0.3
    assert np.abs(path[-1] - 0.5).max() > 0.1                                   # they do learn, the same thing
    errors, _ = names["train"](X, T, one((2, 2, 1), 3, 1.0), 0.5, 0.9, 500)
    assert errors[-1] < 0.01


def test_the_symmetry_net_finds_one_two_four(names):
    S, s = symmetry()
    weights = one((6, 2, 1), 1)
    names["train"](S, s, weights, 0.1, 0.9, 1425)
    W = weights[0]
    assert (np.abs(ours.outputs(S, *weights)[1] - s) < 0.5).all()
    np.testing.assert_allclose(W, -W[::-1], atol=0.05 * np.abs(W).max())
    np.testing.assert_allclose(W[:, 0], -W[:, 1], atol=0.1 * np.abs(W).max())
    magnitudes = np.sort(np.abs(W[:3]), axis=0)
    np.testing.assert_allclose(magnitudes / magnitudes[0], [[1, 1], [2, 2], [4, 4]], rtol=0.15)
    assert (weights[1] < 0).all() and weights[3] > 0                            # biases as in the paper's figure 1


def test_1425_sweeps_are_an_ordinary_run():
    S, s = symmetry()
    needed = ours.learn(S, s, ours.starts((6, 2, 1), 40, np.random.default_rng(7)), 0.1, 0.9, 3000)
    solved = needed[needed >= 0]
    assert 0.3 < len(solved) / len(needed) < 0.8
    assert np.percentile(solved, 25) < 1425 < np.percentile(solved, 75)


def test_most_encoders_repeat_all_and_six_in_ten_use_eight_codes():
    eight = np.eye(8)
    weights = ours.starts((8, 3, 8), 60, np.random.default_rng(9))
    ours.learn(eight, eight, weights, 0.1, 0.9, 3000, within=0.0)
    H, Y = ours.outputs(eight, *weights)
    codes = np.array([len({tuple(row) for row in code.tolist()}) for code in (H > 0.5)])
    assert (np.abs(Y - eight) < 0.5).all(axis=(1, 2)).mean() > 0.93
    assert 0.45 < (codes == 8).mean() < 0.85 and codes.min() >= 5


def test_558_sweeps_belong_to_one_hidden_unit_with_a_short_cut():
    needed = ours.short_cut_sweeps(*xor(), 150, 4000, seed=2)
    low, high = np.percentile(needed[needed >= 0], [25, 75])
    assert (needed >= 0).mean() > 0.9 and low < 558 < high
    assert swarm.xor_networks(500, hidden=1, start_size=0.3, sweeps=2000).solved.mean() == 0       # without the short cut never


def test_more_hidden_units_leave_fewer_networks_stuck():
    shares = [swarm.xor_networks(1500, hidden=k, start_size=1.0, rate=0.5, momentum=0.9, sweeps=1000, seed=5).solved.mean() for k in (1, 2, 3, 4)]
    assert shares[0] == 0 and 0.7 < shares[1] < 0.93 and shares[1] < shares[2] <= shares[3] and shares[3] > 0.99
    starts = [swarm.xor_networks(1500, hidden=2, start_size=size, sweeps=1000).solved.mean() for size in (0.1, 0.5, 10)]
    assert starts[0] < 0.2 and starts[2] < 0.4 and starts[1] > 0.7


def test_the_family_trees_hold_104_questions_and_112_answers():
    X, T, people, words = family_trees.facts()
    assert X.shape == (104, 36) and T.shape == (104, 24) and int(T.sum()) == 112 and len(set(people)) == 24
    told = {(person, relation): others for person, relation, others in words}
    assert told["Colin", "aunt"] == ("Jennifer", "Margaret") and told["Arthur", "sister"] == ("Victoria",)
    assert told["Charles", "nephew"] == ("Colin",) and ("Christopher", "father") not in told
    half = len(words) // 2                                                      # the trees have the same shape
    np.testing.assert_array_equal(T[:half, :12], T[half:, 12:])
    np.testing.assert_array_equal(X[:half, 24:], X[half:, 24:])


def test_a_family_network_learns_the_facts_it_is_told():
    net, out = family_trees.network(2, rate=0.05, size=0.6, decay=0.0005, sweeps=4000)
    right = family_trees.right_answers(net)
    assert out.sum() == 4 and right[~out].mean() > 0.9
    assert (net.params[0][:24, 6:] == 0).all() and (net.params[0][24:, :6] == 0).all()


def test_labkits_own_rules_and_the_labs_solutions_are_the_same(names):
    rng = np.random.default_rng(4)
    dY, X, W = rng.normal(size=(5, 3)), rng.normal(size=(5, 4)), rng.normal(size=(4, 3))
    for rule in (ours.dense_backward, ours.dense_backward_by_loops):
        for a, b in zip(names["dense_backward"](dY, X, W), rule(dY, X, W), strict=True):
            np.testing.assert_allclose(a, b)
    Y, T = rng.uniform(0.1, 0.9, (5, 3)), rng.integers(0, 2, (5, 3)).astype(float)
    np.testing.assert_allclose(names["sigmoid_backward"](dY, Y), ours.sigmoid_backward(dY, Y))
    for loss in ("squared", "cross-entropy"):
        np.testing.assert_allclose(names["loss_gradient"](Y, T, loss), ours.loss_gradient(Y, T, loss))
    weights = one((4, 2, 3), 0, 1.0)
    for a, b in zip(names["backprop"](X, T, *weights), ours.backprop(X, T, *weights), strict=True):
        np.testing.assert_allclose(a, b)
    for f in (ours.cubes, ours.ripples, ours.steep):
        np.testing.assert_allclose(names["numerical_gradient"](f, W, 0.1), ours.numerical_gradient(f, W, 0.1))
