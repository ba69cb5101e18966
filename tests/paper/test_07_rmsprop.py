"""The rows of lab 07's table, checked with the lab's own functions and, where it is cheap, by a second way."""

import ast
from pathlib import Path

import numpy as np
import pytest

from labkit import datasets, optimizers, surfaces, swarm, widgets
from labkit.mlp import MLPClassifier
from labkit.widgets import race_courses
from labkit.widgets import step_rules as ours

LAB = Path(__file__).parents[2] / "grading" / "labs" / "07_rmsprop.py"
SCALING, PLAIN = ("adagrad", "adadelta", "rmsprop", "adam"), ("gradient_descent", "momentum", "nesterov")


@pytest.fixture(scope="module")
def names():
    """The functions of the lab's cells, without running the cells; later definitions of a name win, kernels are left out."""
    tree = ast.parse(LAB.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
                 or isinstance(node, ast.FunctionDef) and not node.decorator_list]
    names = {}
    exec(compile(tree, str(LAB), "exec"), names)
    return names


@pytest.fixture(scope="module")
def ways():
    field = race_courses.Field()
    return {name: field.run(race_courses.course(name)) for name in race_courses.COURSES}


def test_the_worked_numbers(names):
    step = names["rmsprop_step"]
    for g, root, moved in ((0.00001, 0.00005, 0.2), (100.0, 25.0, 4.0)):
        assert step(np.zeros(1), np.array([root**2]), np.array([g]), 1.0, 0.0)[0] == pytest.approx(-moved)


def test_the_second_worked_number_needs_a_decay_of_fifteen_sixteenths(names):
    """With the new gradient in its mean, 100 over a root of 25 is possible from 0.9375 on: the old mean would be negative below."""
    old = lambda decay: (25.0**2 - (1 - decay) * 100.0**2) / decay  # noqa: E731
    assert old(0.9) < 0 and old(0.9375) == pytest.approx(0) and old(0.95) > 0
    s = names["mean_square"](np.array([old(0.95)]), np.array([100.0]), 0.95)
    assert 100.0 / np.sqrt(s[0]) == pytest.approx(4)


@pytest.mark.parametrize("decay", [0.5, 0.9, 0.99, 0.999])
def test_the_first_step_of_rmsprop_is_the_same_for_every_gradient(names, decay):
    g = np.array([1e-6, 0.001, -3.0, 1000.0, 1e6])
    first = names["rmsprop_step"](np.zeros(5), names["mean_square"](np.zeros(5), g, decay), g, 0.01, 0.0)
    np.testing.assert_allclose(first, -np.sign(g) * 0.01 / np.sqrt(1 - decay), rtol=1e-9)


def test_no_step_of_rmsprop_is_longer_than_its_limit(names):
    rng, s, longest = np.random.default_rng(1), np.ones(50), 0.0
    for _ in range(2_000):
        g = rng.standard_t(2, size=50)
        s = names["mean_square"](s, g, 0.9)
        longest = max(longest, np.abs(names["rmsprop_step"](np.zeros(50), s, g, 1.0, 0.0)).max())
    assert 0.9 / np.sqrt(0.1) < longest <= 1 / np.sqrt(0.1)


def test_adagrads_steps_shrink_like_one_over_the_root_of_t(names):
    w, s, way = np.zeros(1), np.zeros(1), []
    for _ in range(10_000):
        w, s = names["adagrad_step"](w, s, np.array([-3.0]), 0.1)
        way.append(w[0])
    np.testing.assert_allclose(np.diff(way), 0.1 / np.sqrt(np.arange(2, 10_001)), rtol=1e-6)
    assert way[-1] / way[99] == pytest.approx(10.7, abs=0.1)


def test_adams_first_step_is_the_rate_and_uncorrected_it_is_not(names):
    g = np.array([-3.0, 1e-3, 500.0])
    m, s = 0.1 * g, 0.001 * g**2
    np.testing.assert_allclose(names["adam_step"](np.zeros(3), m, s, 1, 0.1), -0.1 * np.sign(g), rtol=1e-4)
    assert abs(-0.1 * m / (np.sqrt(s) + 1e-8))[0] == pytest.approx(0.1 / np.sqrt(0.1))


def test_rescaled_gradients_change_nothing_without_epsilon_and_something_with_it(names):
    stretch = np.array([2.0**-10, 2.0**13])
    for make in (lambda e: optimizers.RMSprop(0.02, 0.9, e), lambda e: optimizers.Adagrad(0.5, e), lambda e: optimizers.Adam(0.1, epsilon=e)):
        walk = names["scaled_walk"]
        np.testing.assert_allclose(walk(make(1e-30), 1.0), walk(make(1e-30), stretch), atol=1e-6)
        assert np.abs(walk(make(0.1), 1.0) - walk(make(0.1), stretch)).max() > 1e-3
    assert np.abs(names["scaled_walk"](optimizers.GradientDescent(0.005), 1.0)
                  - names["scaled_walk"](optimizers.GradientDescent(0.005), np.array([0.5, 0.5]))).max() > 1e-3


def test_nine_mini_batches_against_one(names):
    stream = np.tile([0.1] * 9 + [-0.9], 20)
    w, size, before, by_hand, step = np.zeros(1), np.full(1, 0.01), np.zeros(1), 0.0, 0.01
    for g in stream:
        step *= 1.2 if g * before[0] > 0 else 0.5 if g * before[0] < 0 else 1
        by_hand -= step if g > 0 else -step
        (w, size), before = names["rprop_step"](w, size, np.array([g]), before), np.array([g])
    assert w[0] < -1 and w[0] == pytest.approx(by_hand) and stream.sum() == pytest.approx(0)
    drift = {}
    for decay in (0.5, 0.9, 0.99):
        v, s, way = np.zeros(1), np.zeros(1), []
        for g in np.tile(stream, 5):
            s = names["mean_square"](s, np.array([g]), decay)
            v = names["rmsprop_step"](v, s, np.array([g]), 0.01)
            way.append(v[0])
        drift[decay] = abs(way[-1] - way[499]) / 500 / 0.01
    assert drift[0.5] > drift[0.9] > drift[0.99] and drift[0.99] < 0.02


def test_rprop_is_fast_where_every_gradient_comes_from_all_the_data(names):
    bowl, w, size, before = surfaces.bowl(1000), np.array([-1.8, 1.5]), np.full(2, 0.01), np.zeros(2)
    for _ in range(60):
        g = np.array(bowl.gradient(*w))
        (w, size), before = names["rprop_step"](w, size, g, before), g
    assert bowl.value(*w) < 1e-6


def test_epsilon_inside_the_root_and_outside_part_on_a_plateau():
    g, root = np.array([0.00001]), 0.00005
    steps = {}
    for inside, epsilon in ((False, 1e-8), (True, 1e-8), (True, 1e-7)):
        optimizer, w = optimizers.RMSprop(1.0, 0.9, epsilon, epsilon_inside=inside), np.zeros(1)
        optimizer._prepare([w], [g])
        optimizer.state[0][0][:] = (root**2 - 0.1 * g**2) / 0.9             # so that the mean is root^2 once g is in it
        optimizer.step([w], [g])
        steps[inside, epsilon] = -w[0]
    assert steps[False, 1e-8] == pytest.approx(0.2, rel=1e-3)
    assert steps[True, 1e-8] == pytest.approx(0.0894, rel=1e-2) and steps[True, 1e-7] == pytest.approx(0.0312, rel=1e-2)


def test_methods_that_scale_leave_the_saddle_first(ways):
    left = {racer: int(np.argmax(np.abs(way[:, 1]) > 0.5)) or 201 for racer, way in ways["saddle"].items()}
    assert max(left[racer] for racer in SCALING) < min(left[racer] for racer in PLAIN)
    assert left["gradient_descent"] == 201


def test_momentum_is_thrown_by_beales_walls_and_rmsprop_is_not(ways):
    deepest = {racer: way[:, 1].min() for racer, way in ways["beale"].items()}
    assert deepest["momentum"] < -1 and deepest["nesterov"] < -1 and deepest["rmsprop"] > 0


def test_momentum_wins_the_valley_and_adadelta_is_last_where_the_lab_says_so(ways):
    end = {name: {racer: race_courses.course(name).above_lowest(way)[-1] for racer, way in ways[name].items()} for name in ways}
    assert sorted(end["valley"], key=end["valley"].get)[:2] in (["momentum", "nesterov"], ["nesterov", "momentum"])
    assert all(max(end[name], key=end[name].get) == "adadelta" for name in ways)


def test_from_every_start_on_beale_the_scaling_methods_lose_nobody():
    x, y = np.meshgrid(np.linspace(-4.5, 4.5, 60), np.linspace(-4.5, 4.5, 60))
    runs = {racer: swarm.descents(surfaces.beale(), race_courses.RATES.get(racer, 0.005), 0.95 if racer == "adadelta" else 0.9, (x, y), racer, 300)
            for racer in race_courses.RACERS}
    assert not any(runs[racer].diverged.any() for racer in SCALING)
    assert all(runs[racer].diverged.mean() > 0.4 for racer in PLAIN)
    near = {racer: np.mean(runs[racer].value < 0.01) for racer in runs}
    bottom = {racer: np.mean(runs[racer].value < 1e-5) for racer in runs}
    assert max(near, key=near.get) == "rmsprop" and bottom["rmsprop"] < 0.05 < bottom["momentum"]


def test_on_himmelblaus_hills_momentum_frays_the_borders():
    from labkit.figures.start_maps import crossings

    hills = surfaces.himmelblau()
    x, y = np.meshgrid(*(np.linspace(*limits, 100) for limits in hills.bounds))
    borders = {racer: crossings(swarm.descents(hills, race_courses.RATES.get(racer, 0.01), 0.9, (x, y), racer, 300).basins(hills.minima))
               for racer in ("gradient_descent", "momentum", "rmsprop")}
    assert borders["momentum"] > 4 * borders["gradient_descent"] and borders["momentum"] > 4 * borders["rmsprop"]


def test_adadelta_hardly_cares_about_its_setting_and_the_others_do():
    digits = datasets.digits()
    X, X_exam = digits.X.astype(np.float32), digits.X_test.astype(np.float32)

    def error(optimizer):
        model = MLPClassifier((50,), "tanh", optimizer, batch_size=32, max_epochs=6, random_state=0).fit(X, digits.y)
        return 1 - model.score(X_exam, digits.y_test)

    adadelta = [error(optimizers.Adadelta(1.0, 0.95, epsilon)) for epsilon in (1e-6, 1e-4, 1e-2)]
    assert max(adadelta) < 0.12 and max(adadelta) - min(adadelta) < 0.05
    for name in ("gradient_descent", "momentum", "adagrad", "rmsprop", "adam"):
        assert error(optimizers.OPTIMIZERS[name](1e-4)) - error(optimizers.OPTIMIZERS[name](0.1)) > 0.3


def test_the_readers_own_rules_run_the_race_as_labkits_do(names, ways):
    board = widgets.race(names["rmsprop_step"], names["adagrad_step"], names["mean_square"])
    assert board.view["source"] == "Running your `mean_square`, `rmsprop_step` and `adagrad_step`."
    for racer, way in ways["saddle"].items():
        np.testing.assert_allclose(board.ways[racer], way, atol=1e-6)


def test_labkits_own_rules_and_the_labs_solutions_are_the_same(names):
    rng = np.random.default_rng(4)
    w, s, d, g = rng.normal(size=7), rng.random(7), rng.random(7), rng.normal(size=7)
    np.testing.assert_allclose(names["mean_square"](s, g, 0.7), ours.mean_square(s, g, 0.7))
    np.testing.assert_allclose(names["rmsprop_step"](w, s, g, 0.3, 0.1), ours.rmsprop(w, s, g, 0.3, 0.1))
    np.testing.assert_allclose(names["adagrad_step"](w, s, g, 0.3, 0.1), ours.adagrad(w, s, g, 0.3, 0.1))
    np.testing.assert_allclose(names["adadelta_step"](w, s, d, g, 0.1), ours.adadelta(w, s, d, g, 0.1))
    np.testing.assert_allclose(names["adam_step"](w, g, s, 3, 0.3), ours.adam(w, g, s, 3, 0.3))
