"""Lab 01's paper table: Novikoff's bound on mistakes, the delta rule's limit, Gravity's place; each against code of its own."""

import numpy as np
import pytest

from labkit import datasets, metrics, swarm
from labkit.perceptron import Adaline, Perceptron, SigmoidUnit

MOVIES = datasets.movies()


def mistakes_of_the_rule(X, y, order, most_passes=10_000):
    """Rosenblatt's rule written out once more, from zero weights; None where it did not stop."""
    w, mistakes = np.zeros(X.shape[1] + 1), 0
    for _ in range(most_passes):
        before = mistakes
        for i in order:
            x = np.append(X[i], 1.0)
            if int(w @ x > 0) != y[i]:
                w += (2 * y[i] - 1) * x
                mistakes += 1
        if mistakes == before:
            return mistakes
    return None


def problems(count):
    rng = np.random.default_rng(7)
    for seed in range(count):
        inputs = int(rng.integers(1, 13))
        yield datasets.two_blobs(n=int(rng.integers(4, 120)), margin=10 ** rng.uniform(-1, 0.6), n_inputs=inputs, seed=1000 + seed)


def test_no_order_of_no_problem_breaks_novikoffs_bound():
    closest = 0.0
    for data in problems(120):
        runs = swarm.perceptrons(data.X, data.y, starts=np.zeros((1, data.X.shape[1] + 1)), orders=20, epochs=100_000)
        assert runs.converged.all()
        closest = max(closest, runs.mistakes.max() / metrics.novikoff_bound(data.X, data.y))
    assert 0.4 < closest <= 1      # near enough to the bound for a wrong count to show


def test_the_bound_holds_for_the_rule_that_students_write_too():
    """There a point on the line is answered 0, so that it is a mistake for class 1 only."""
    rng = np.random.default_rng(3)
    for data in problems(10):
        found = mistakes_of_the_rule(data.X, data.y, rng.permutation(len(data.y)))
        assert 0 < found <= metrics.novikoff_bound(data.X, data.y)


def test_a_rule_that_forgets_the_bias_breaks_the_count():
    """The check can fail: where the boundary must not pass through the origin, no bias means no end."""
    X, y = MOVIES.X, MOVIES.y
    w, mistakes = np.zeros(2), 0
    for _ in range(1_000):
        for x, label in zip(X, y, strict=True):
            if int(w @ x > 0) != label:
                w, mistakes = w + (2 * label - 1) * x, mistakes + 1
    assert mistakes > metrics.novikoff_bound(X, y)


def test_the_movies_in_any_order():
    runs = swarm.perceptrons(MOVIES.X, MOVIES.y, starts=np.zeros((1, 3)), orders=2_000, epochs=10_000)
    assert runs.converged.all() and runs.mistakes.max() <= metrics.novikoff_bound(MOVIES.X, MOVIES.y)
    assert runs.mistakes.min() < runs.mistakes.max() / 5       # the order matters, the bound does not know it
    own = mistakes_of_the_rule(MOVIES.X, MOVIES.y, range(18))
    assert own <= metrics.novikoff_bound(MOVIES.X, MOVIES.y)


def test_measured_from_the_middle_of_the_scale_the_bound_falls_a_hundredfold():
    raw, centred = (metrics.novikoff_bound(X, MOVIES.y) for X in (MOVIES.X, MOVIES.X - 3))
    assert raw > 100 * centred
    assert Perceptron().fit(MOVIES.X - 3, MOVIES.y).mistakes_ <= centred


def test_without_a_separating_line_no_run_stops():
    susan = datasets.susan()
    assert metrics.novikoff_bound(susan.X, susan.y) == np.inf
    assert not swarm.perceptrons(susan.X, susan.y, starts=np.zeros((1, 3)), orders=50, epochs=500).converged.any()


def test_perceptrons_that_are_all_right_disagree_about_gravity():
    runs = swarm.perceptrons(MOVIES.X, MOVIES.y, starts=50, orders=100, epochs=10_000, start_size=5.0, seed=1)
    watch = (runs.weights @ np.append(datasets.gravity(), 1) > 0).mean()
    assert runs.converged.all() and 0.25 < watch < 0.42       # "about a third"


def errors(rate, steps=400):
    unit = Adaline(learning_rate=rate, max_epochs=1, batch_size=None)
    for _ in range(steps):
        unit.partial_fit(MOVIES.X, MOVIES.y)
    return unit.loss_per_epoch_


def test_the_delta_rule_settles_below_its_limit_and_diverges_above_it():
    limit = metrics.hessian_limit(MOVIES.X)
    inputs = np.column_stack([MOVIES.X, np.ones(18)])
    assert limit == pytest.approx(2 / np.linalg.eigvalsh(inputs.T @ inputs / 18)[-1])
    targets = 2.0 * MOVIES.y - 1
    best = inputs @ np.linalg.lstsq(inputs, targets, rcond=None)[0]
    lowest = ((targets - best) ** 2).mean() / 2
    below, above = errors(0.99 * limit), errors(1.01 * limit)
    assert (np.diff(below) <= 0).all() and below[-1] == pytest.approx(lowest, rel=1e-3)
    assert above[50] < above[0] < 1e-3 * above[-1]             # it looks well for 50 steps
    assert above[-1] / above[-2] == pytest.approx((1 - 2 * 1.01) ** 2, rel=1e-3)


def test_gravity_lies_slightly_on_the_negative_side():
    answers = [SigmoidUnit(max_epochs=500, random_state=seed).fit(MOVIES.X, MOVIES.y).predict_proba(datasets.gravity()[None])[0, 1]
               for seed in range(6)]
    assert 0.35 < min(answers) and max(answers) < 0.5


def test_the_number_of_rows_does_not_enter_the_bound():
    rng = np.random.default_rng(5)
    normal = np.zeros(10, np.float32)
    normal[0] = 1
    weights, mistakes, longest = np.zeros((1, 11)), [], 0.0
    for _ in range(20):
        X = rng.standard_normal((10_000, 10), dtype=np.float32)
        side = np.sign(X @ normal)
        X += np.float32(0.2) * side[:, None] * normal
        runs = swarm.perceptrons(X, side > 0, starts=weights, epochs=1)
        weights, longest = runs.weights, max(longest, float((X**2).sum(axis=1).max()) + 1)
        mistakes.append(int(runs.mistakes[0]))
    assert sum(mistakes) <= longest / 0.2**2
    assert sum(mistakes[10:]) < mistakes[0] / 2                # and they become rare
