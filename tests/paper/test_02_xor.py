"""The rows of lab 02's table, checked with the lab's own functions and, where it is cheap, by a second way."""

import ast
import itertools
from pathlib import Path

import numpy as np
import pytest

from labkit import datasets, swarm
from labkit.perceptron import Perceptron

LAB = Path(__file__).parents[2] / "grading" / "labs" / "02_xor.py"


@pytest.fixture(scope="module")
def lab():
    """The functions of the lab's cells, without running the cells."""
    tree = ast.parse(LAB.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef)]
    names = {}
    exec(compile(tree, str(LAB), "exec"), names)
    return names


def corners():
    data = datasets.xor()
    return data.X.astype(float), data.y


def test_one_unit_gets_exactly_three_of_four(lab):
    X, y = corners()
    axis = np.linspace(-3, 3, 61)
    assert swarm.lines(X, y, axis, axis, axis).max() == 0.75
    ways = lab["from_random_lines"](None, None, X)
    assert len(ways) == 14
    assert max(np.mean(way == y) for way in ways) == 0.75
    missing = set(itertools.product([0, 1], repeat=4)) - {tuple(way) for way in ways.tolist()}
    assert missing == {(0, 1, 1, 0), (1, 0, 0, 1)}
    assert all(not lab["some_unit_exists"](X, np.array(way)) for way in missing)


@pytest.mark.parametrize(("n", "largest", "published"), [(1, 1, 4), (2, 1, 14), (3, 2, 104), (4, 3, 1882)])
def test_one_unit_computes_as_many_functions_as_published(lab, n, largest, published):
    assert lab["number_of_ways"](n, largest) == published


def test_the_count_for_three_inputs_by_linear_programs(lab):
    points = datasets.parity(3).X
    found = sum(lab["some_unit_exists"](points, np.array(way)) for way in itertools.product([0, 1], repeat=8))
    assert found == 104


def test_rosenblatts_rule_on_xor_comes_round_every_pass(lab):
    X, y = corners()
    history = lab["passes"](X, y, 20)
    assert (history == 0).all()
    unit = Perceptron(max_epochs=20).fit(X, y)
    assert unit.mistakes_per_epoch_.tolist() == [4] * 20
    assert lab["cycle_length"](history) == 1


def test_weights_stay_bounded_and_come_round_on_susans_movies(lab):
    movies = datasets.susan()
    assert lab["cycle_length"](lab["passes"](movies.X, movies.y, 60)) == 2
    orders = np.argsort(np.random.default_rng(5).random((60, len(movies.X))), axis=1)
    start = np.zeros((1, 3))
    trail = np.array([swarm.perceptrons(movies.X, movies.y, starts=start, orders=orders, epochs=p).weights for p in range(1, 241)])
    lengths = np.linalg.norm(trail, axis=2)
    assert lengths[120:].max() <= lengths[:120].max() < 40
    assert all(lab["cycle_length"](trail[:, run]) > 0 for run in range(60))


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_parity_of_n_has_order_n(lab, n):
    X, y, *_ = datasets.parity(n)
    assert [lab["some_unit_exists"](lab["products"](X, k), y) for k in range(1, n + 1)] == [False] * (n - 1) + [True]


def test_n_hidden_units_are_enough_for_parity(lab):
    for network in ("of_units", "two_layers"):
        assert [lab["patterns_right"](lab[network], n) for n in range(2, 11)] == [2**n for n in range(2, 11)]


@pytest.mark.parametrize(("n", "largest", "one", "two"), [(2, 1, 3, 4), (3, 2, 6, 7), (4, 3, 11, 14)])
def test_what_one_unit_and_two_hidden_units_reach_on_parity(lab, n, largest, one, two):
    lab["X"] = corners()[0]
    assert lab["best_on_parity"](n, largest) == (one / 2**n, two / 2**n)


def test_the_six_is_nearer_than_the_moved_zero(lab):
    zero, moved, six = datasets.three_images().X.astype(np.uint8).reshape(3, 28, 28)
    far, near = lab["distance"](zero, moved), lab["distance"](zero, six)
    assert 2500 < far < 4000
    assert 800 < near < 1700
    assert near < far / 2


def test_two_hidden_units_make_xor_possible():
    without, two = swarm.threshold_networks(200_000, hidden=0), swarm.threshold_networks(200_000, hidden=2)
    assert without.xor == 0
    assert np.count_nonzero(without.shares) == 14
    assert 0.0004 < two.xor < 0.0012
    assert np.count_nonzero(two.shares) == 16
