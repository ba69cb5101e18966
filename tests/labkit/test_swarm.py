"""Swarms against facts that are known: what a line can do, Novikoff's bound, the single perceptron, the gradient itself."""

import numpy as np
import pytest

from labkit import datasets, metrics, surfaces, swarm
from labkit.kernels import networks
from labkit.kernels.xor import xor_networks_numpy
from labkit.perceptron import Perceptron

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
GRID = np.linspace(-2, 2, 41)


def gate(table):
    """The four answers of a two-input function; bit c of `table` is that at corner c."""
    return [table >> corner & 1 for corner in range(4)]


# Lines

@pytest.mark.parametrize(("answers", "best"), [((0, 1, 1, 0), 0.75), ((1, 0, 0, 1), 0.75), ((0, 0, 0, 1), 1), ((0, 1, 1, 1), 1)])
def test_no_line_does_better_than_three_of_four_on_xor(answers, best):
    accuracy = swarm.lines(CORNERS, answers, GRID, GRID, GRID)
    assert accuracy.shape == (41, 41, 41) and accuracy.dtype == np.float32 and accuracy.max() == best


def test_axes_are_b_w2_w1():
    accuracy = swarm.lines([[1, 0], [0, 0]], [1, 0], w1=[-1, 1], w2=[0, 0, 0], b=[-0.5])
    assert accuracy.shape == (1, 3, 2) and accuracy[0, 0].tolist() == [0.5, 1]


def test_labels_may_be_any_two():
    for labels in ([-1, 1, 1, 1], ["no", "yes", "yes", "yes"], [False, True, True, True]):
        assert swarm.lines(CORNERS, labels, [1], [1], [-0.5]).item() == 1


# Perceptrons

def test_a_run_is_the_perceptron_s():
    data = datasets.two_blobs(80, margin=0.3, seed=4)
    runs = swarm.perceptrons(data.X, data.y, starts=np.zeros((1, 3)), epochs=50)
    unit = Perceptron(max_epochs=50).fit(data.X.astype(np.float32), data.y)
    assert (runs.mistakes[0], runs.epochs[0], runs.converged[0]) == (unit.mistakes_, len(unit.mistakes_per_epoch_), unit.converged_)
    np.testing.assert_allclose(runs.weights[0], [*unit.coef_[0], *unit.intercept_], rtol=1e-5)


def test_every_order_keeps_novikoff_s_bound():
    data = datasets.two_blobs(60, margin=0.5, seed=1)
    runs = swarm.perceptrons(data.X, data.y, starts=np.zeros((1, 3)), orders=500, epochs=200)
    assert runs.converged.all() and len(np.unique(runs.mistakes)) > 3
    assert runs.mistakes.max() <= metrics.novikoff_bound(data.X, data.y)


def test_runs_are_starts_times_orders():
    starts, orders = [[1, 1, 1], [-1, -1, -1]], [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]]
    runs = swarm.perceptrons(CORNERS, [0, 0, 0, 1], starts=starts, orders=orders)
    assert runs.weights.shape == (6, 3) and runs.converged.all()
    for r in range(6):
        alone = swarm.perceptrons(CORNERS, [0, 0, 0, 1], starts=[starts[r // 3]], orders=[orders[r % 3]])
        assert alone.mistakes[0] == runs.mistakes[r] and (alone.weights[0] == runs.weights[r]).all()


def test_on_xor_it_cycles_with_bounded_weights():
    runs = swarm.perceptrons(CORNERS, [0, 1, 1, 0], starts=1000, epochs=1000)
    assert not runs.converged.any() and (runs.epochs == 1000).all() and abs(runs.weights).max() < 10


def test_read_only_arrays_cost_no_second_compilation():
    from labkit.kernels.lines import line_accuracy

    X, numbers = CORNERS.astype(np.float32), np.float32([1])
    X.flags.writeable = numbers.flags.writeable = False
    before = len(line_accuracy.cpu.serial.signatures)
    swarm.lines(X, [0, 1, 1, 0], numbers, numbers, numbers)
    swarm.lines(X.T[:2].T.copy(), [0, 1, 1, 0], [1], [1], [1])
    assert len(line_accuracy.cpu.serial.signatures) <= max(before, 1)


# Threshold networks

def test_lines_compute_fourteen_functions_and_two_units_the_others():
    lines, networks = swarm.threshold_networks(200_000, hidden=0), swarm.threshold_networks(200_000, hidden=2)
    assert lines.shares[[0b0110, 0b1001]].tolist() == [0, 0] and (lines.shares > 0).sum() == 14
    assert (networks.shares > 0).all() and networks.xor == networks.shares[0b0110] == (networks.tables == 0b0110).mean()


def test_the_share_of_lines_is_the_grid_s():
    """A second way to the same number: lines drawn at random and lines on a grid agree on how often AND is computed."""
    fine = (np.arange(60) + 0.5) / 30 - 1
    on_grid = (swarm.lines(CORNERS, gate(0b1000), fine, fine, fine) == 1).mean()
    at_random = swarm.threshold_networks(500_000, hidden=0).shares[0b1000]
    assert abs(on_grid - at_random) < 0.002


# Networks that learn

def test_a_sweep_is_a_step_down_the_gradient():
    """Central differences of the error, in float64, against one sweep of the oracle that the kernels are compared with."""
    rng = np.random.default_rng(3)
    for hidden in (1, 2, 3):
        start, target = rng.uniform(-2, 2, (4 * hidden + 1, 7)), np.array([0.0, 1, 1, 0])

        def error(weights, target=target):
            errors, worst, needed = np.empty(7), np.empty(7), np.empty(7, int)
            xor_networks_numpy(weights.copy(), errors, worst, needed, target, 0, 0, 0, 0.5)
            return errors

        moved = start.copy()
        xor_networks_numpy(moved, np.empty(7), np.empty(7), np.empty(7, int), target, 1, 1.0, 0.0, 0.5)
        for j in range(len(start)):
            step = np.zeros_like(start)
            step[j] = 1e-5
            slope = (error(start + step) - error(start - step)) / 2e-5
            np.testing.assert_allclose(start[j] - moved[j], slope, rtol=1e-6, atol=1e-10)


def test_one_unit_fails_on_xor_and_more_units_help():
    solved = [swarm.xor_networks(4000, hidden=h, sweeps=800).solved.mean() for h in (1, 2, 3, 4)]
    assert solved[0] == 0 and 0.6 < solved[1] < solved[2] < solved[3] <= 1


def test_what_is_reported_of_a_network_is_so():
    runs = swarm.xor_networks(500, hidden=2, sweeps=300, seed=7)
    W, V, c = runs.weights[:, :6].reshape(-1, 2, 3), runs.weights[:, 6:8], runs.weights[:, 8:]
    hidden = 1 / (1 + np.exp(-(CORNERS @ W[:, :, :2].swapaxes(1, 2) + W[:, None, :, 2])))
    error = 1 / (1 + np.exp(-((hidden * V[:, None]).sum(axis=2) + c))) - [0, 1, 1, 0]
    np.testing.assert_allclose(runs.errors, (error**2).sum(axis=1) / 2, rtol=1e-3, atol=1e-5)
    clear = abs(abs(error).max(axis=1) - 0.5) > 1e-3
    assert (runs.solved == (abs(error).max(axis=1) < 0.5))[clear].all()
    assert (runs.sweeps_needed[runs.solved] >= 0).all() and (runs.sweeps_needed[runs.errors > 0.5] <= 300).all()


def test_other_tables_are_learnt_too_and_runs_repeat():
    easy = swarm.xor_networks(300, hidden=1, targets=gate(0b1000), sweeps=500, seed=2)
    again = swarm.xor_networks(100, hidden=1, targets=gate(0b1000), sweeps=500, seed=2)
    assert easy.solved.mean() > 0.99
    np.testing.assert_array_equal(easy.weights[:100], again.weights)


def test_a_sweep_of_any_network_is_a_step_down_the_gradient():
    rng = np.random.default_rng(4)
    for inputs, hidden, outputs in ((1, 1, 1), (3, 2, 1), (2, 3, 4)):
        X, T = rng.normal(size=(5, inputs)), rng.uniform(size=(5, outputs))
        start = rng.uniform(-2, 2, (networks.rows(inputs, hidden, outputs), 6))

        def learnt(weights, sweeps, rate, X=X, T=T, hidden=hidden):
            errors, weights = np.empty(6), weights.copy()
            networks.networks_numpy(weights, errors, np.empty(6), np.empty(6, int), X, T, hidden, sweeps, rate, 0.0, 0.5)
            return weights, errors

        moved, _ = learnt(start, 1, 1.0)
        for j in range(len(start)):
            step = np.zeros_like(start)
            step[j] = 1e-5
            slope = (learnt(start + step, 0, 0)[1] - learnt(start - step, 0, 0)[1]) / 2e-5
            np.testing.assert_allclose(start[j] - moved[j], slope, rtol=1e-6, atol=1e-10)


def test_a_network_of_any_size_learns_as_the_xor_swarm_does():
    ours, theirs = swarm.networks(CORNERS, [0, 1, 1, 0], 2, 300, 1.0, 0.5, sweeps=60, seed=5), swarm.xor_networks(300, sweeps=60, seed=5)
    np.testing.assert_allclose(ours.weights, theirs.weights, atol=1e-3)
    np.testing.assert_allclose(ours.errors, theirs.errors, atol=1e-4)


def test_the_symmetry_network_finds_the_published_weights():
    runs = swarm.networks(*datasets.symmetry()[:2], 2, 200, sweeps=1425)
    W1, b1, W2, b2 = runs.layers(6, 2)
    assert W1.shape == (200, 6, 2) and b1.shape == (200, 2) and W2.shape == (200, 2, 1) and b2.shape == (200, 1)
    solved = W1[runs.solved]
    assert 0.2 < runs.solved.mean() < 0.6
    assert np.abs(solved + solved[:, ::-1]).max() < 0.1 * np.abs(solved).max()
    half = np.sort(np.abs(solved[:, :3]), axis=1)
    np.testing.assert_allclose(np.median(half / half[:, :1], axis=(0, 2)), [1, 2, 4], rtol=0.1)


# Descents

@pytest.mark.parametrize("optimizer", ["gradient_descent", "momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adam"])
def test_every_rule_comes_down_a_bowl(optimizer):
    runs = swarm.descents(surfaces.bowl(5), 1 if optimizer == "adadelta" else 0.05, 0.8, (1, -1), optimizer, steps=2000)
    assert runs.value < 0.01 and not runs.diverged


def test_gradient_descent_is_stable_below_two_over_the_steepest_curvature():
    rates = np.array([1.98, 2.02]) / 10
    runs = swarm.descents(surfaces.bowl(10), rates, 0, (1, 1), "gradient_descent", steps=1000)
    assert runs.diverged.tolist() == [False, True] and runs.value[0] < 1e-6


def test_arguments_are_broadcast_and_paths_kept():
    runs = swarm.descents(surfaces.valley(), np.full((1, 3), 1e-3), np.zeros((2, 1)), (-1, 1), steps=10, record_every=4)
    assert runs.value.shape == (2, 3) and runs.paths.shape == (3, 2, 2, 3)
    assert (runs.paths[0, 0] == -1).all() and (runs.paths[0, 1] == 1).all()
    same = swarm.descents(surfaces.valley(), 1e-3, 0, (-1, 1), steps=8)
    np.testing.assert_array_equal(runs.paths[2, :, 0, 0], [same.x, same.y])


def test_basins_are_named_by_their_minimum():
    surface = surfaces.himmelblau()
    x, y = (np.array([m[c] for m in surface.minima]) + 0.3 for c in (0, 1))
    runs = swarm.descents(surface, 0.01, 0, (np.append(x, np.nan), np.append(y, 0)), "gradient_descent")
    assert runs.basins(surface.minima).tolist() == [0, 1, 2, 3, -1]


# Bad input

@pytest.mark.parametrize(("call", "message"), [
    (lambda: swarm.lines([[1, 2, 3]], [1], [1], [1], [1]), "y holds 1 different labels"),
    (lambda: swarm.lines(np.zeros((2, 3)), [0, 1], [1], [1], [1]), "X has 3 columns, but a line in the plane needs 2"),
    (lambda: swarm.lines(np.zeros((2, 2)), [0, 1, 1], [1], [1], [1]), r"y has shape \(3,\), but \(2,\), a label for each row"),
    (lambda: swarm.lines(np.zeros((0, 2)), [], [1], [1], [1]), "with at least one row is expected"),
    (lambda: swarm.lines([[0, 0], [0, np.nan]], [0, 1], [1], [1], [1]), "missing or infinite number in row 1"),
    (lambda: swarm.lines(CORNERS, [0, 1, 1, 0], [], [1], [1]), "w1 has shape"),
    (lambda: swarm.perceptrons(CORNERS, [0, 1, 1, 0], starts=[[1, 2]]), r"starts has shape \(1, 2\), but \(n_starts, 3\)"),
    (lambda: swarm.perceptrons(CORNERS, [0, 1, 1, 0], orders=[[0, 1, 2, 2]]), "every row number from 0 to 3 once"),
    (lambda: swarm.perceptrons(CORNERS, [0, 1, 1, 0], epochs=0), "epochs is 0, but has to be a whole number, 1 or more"),
    (lambda: swarm.perceptrons(CORNERS, [0, 1, 1, 0], orders=[[0.5, 1, 2, 3]]), "every row number from 0 to 3 once"),
    (lambda: swarm.perceptrons(CORNERS, [0, 1, 1, 0], orders=[[2**32, 1, 2, 3]]), "every row number from 0 to 3 once"),
    (lambda: swarm.perceptrons(CORNERS, [0, 1, 1, 0], orders="shuffled"), r"orders has shape \(\), but \(n_orders, 4\)"),
    (lambda: swarm.perceptrons(CORNERS, [0, 1, 1, 0], starts=[[0, np.nan, 0]]), "starts has a missing or infinite number"),
    (lambda: swarm.perceptrons(CORNERS, [0, 1, 1, 0], rate=np.inf), "rate is inf, but has to be a finite number"),
    (lambda: swarm.lines(CORNERS, [0, 1, 1, 0], [1], [np.nan], [1]), "w2 has a missing or infinite number"),
    (lambda: swarm.xor_networks(10, sweeps=2**31), "sweeps is 2147483648, but a swarm counts to 2,147,483,647 at most"),
    (lambda: swarm.descents(surfaces.bowl(), 0.1, steps=10**12), "steps is 1000000000000, but a swarm counts to"),
    (lambda: swarm.xor_networks(10, hidden=5), "hidden is 5, but the swarm is built for 1 to 4"),
    (lambda: swarm.xor_networks(10, seed=-1), "seed is -1"),
    (lambda: swarm.xor_networks(2.5), "n is 2.5"),
    (lambda: swarm.xor_networks(10, targets=[0, 1]), r"targets has shape \(2,\), but \(4,\)"),
    (lambda: swarm.networks(CORNERS, [0, 1, 1], 2, 10), r"T has shape \(3, 1\), but \(4, n_outputs\)"),
    (lambda: swarm.networks(CORNERS, [0, 1, np.nan, 0], 2, 10), "T has a missing or infinite number"),
    (lambda: swarm.networks(np.eye(30), np.eye(30), 4, 10), "30-4-30 networks have 274 weights each, but a swarm is for at most 190"),
    (lambda: swarm.threshold_networks(10, hidden=-1), "hidden is -1"),
    (lambda: swarm.descents(surfaces.unit_error([0.0, 1, 2], [2e4, 5e4, 8e4], "linear"), 0.5), r"outside .x., .y. < 10,000 counts as diverged"),
    (lambda: swarm.descents(surfaces.bowl(), 0.1, steps=1).basins((0.0, 0.0)), r"minima has shape \(2,\), but \(n, 2\), points"),
    (lambda: swarm.descents(surfaces.bowl(), 0.1, steps=1).basins(()), r"minima is empty; pass points \(x, y\)"),
    (lambda: swarm.descents(surfaces.bowl(), 0.1, steps=1).basins([(0, 0)], None), "within holds Python objects, but numbers are expected"),
    (lambda: swarm.networks(CORNERS, [0, 1, 1, 0], 2, 3, sweeps=0).layers(3, 2), "3 inputs and 2 hidden units do not have 9 weights"),
    (lambda: swarm.networks(CORNERS, [0, 1, 1, 0], 2, 3, sweeps=0).layers(2, "2"), "hidden is '2', but has to be a whole number, 1 or more"),
    (lambda: swarm.lines(CORNERS, [0, np.nan, 0, np.nan], [1], [1], [1]), "Input y contains NaN: the first is in row 1"),
    (lambda: swarm.lines(CORNERS, np.ma.masked_array([0, 1, 1, 0], [0, 0, 0, 1]), [1], [1], [1]), "y is a masked array"),
    (lambda: swarm.perceptrons(CORNERS, np.array([0, "a", 0, 0], object)), "y mixes text and numbers"),
    (lambda: swarm.xor_networks(10, hidden=[2]), r"hidden is \[2\], but the swarm is built for 1 to 4"),
    (lambda: swarm.descents(surfaces.bowl(), 0.1, optimizer="sgd"), "optimizer is 'sgd', but has to be one of gradient_descent"),
])
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("surface", ["bowl", surfaces.bowl, None])
def test_what_is_no_surface_is_refused_in_words(surface):
    with pytest.raises(TypeError, match="but one of labkit.surfaces is expected, for example surfaces.valley()"):
        swarm.descents(surface, 0.1)


def test_the_emulator_gives_the_same_runs(monkeypatch):
    from labkit import devices

    on_cpu = swarm.xor_networks(20, sweeps=5), swarm.perceptrons(CORNERS, [0, 0, 0, 1], starts=20, orders=2)
    monkeypatch.setattr(devices, "current", lambda: devices.Device("emulated", "", 1, 1))
    emulated = swarm.xor_networks(20, sweeps=5), swarm.perceptrons(CORNERS, [0, 0, 0, 1], starts=20, orders=2)
    assert swarm.networks(CORNERS, [0, 1, 1, 0], 2, 5, sweeps=3).errors.shape == (5,)
    np.testing.assert_allclose(on_cpu[0].weights, emulated[0].weights, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(on_cpu[1].mistakes, emulated[1].mistakes)


@pytest.mark.parametrize("call, message", [
    (lambda: swarm.xor_networks(3, rate=None), "rate holds Python objects, but numbers are expected"),
    (lambda: swarm.xor_networks(3, momentum=np.nan), "momentum is nan, but has to be a finite number"),
    (lambda: swarm.xor_networks(3, start_size=None), "start_size holds Python objects, but numbers are expected"),
    (lambda: swarm.networks(CORNERS, [0, 1, 1, 0], 2, 3, start_size=np.nan), "start_size is nan, but has to be a finite number"),
    (lambda: swarm.perceptrons(CORNERS, [0, 1, 1, 0], start_size=[1.0, 2.0]), "start_size has shape"),
    (lambda: swarm.perceptrons(CORNERS, [0, 1, 1, 0], starts=[[None] * 3]), "starts holds Python objects, but numbers are expected"),
    (lambda: swarm.networks(["a"], [1.0], 2, 3), "X holds text, but numbers are expected"),
    (lambda: swarm.descents(surfaces.bowl(), 0.1, start=(1, 2, 3)), r"start is \(1, 2, 3\), but two are expected"),
    (lambda: swarm.descents(surfaces.bowl(), 0.1, start=1.0), "start is 1.0, but two are expected, the numbers or arrays x and y"),
    (lambda: swarm.descents(surfaces.bowl(), np.ones(3), np.ones(2)), "these shapes do not go together"),
])
def test_what_is_no_number_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
