"""The rows of lab 06's table, checked with the lab's own functions and, where it is cheap, by a second way; the autoencoder of MNIST is slow."""

import ast
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from labkit import datasets, surfaces, swarm
from labkit.initializers import sparse
from labkit.losses import sigmoid_cross_entropy
from labkit.network import dense_network
from labkit.optimizers import Momentum, Nesterov, NesterovShifted, rising_momentum
from labkit.widgets import momentum_rules as ours

LAB = Path(__file__).parents[2] / "grading" / "labs" / "06_momentum.py"


@pytest.fixture(scope="module")
def lab():
    """The functions of the lab's cells, without running the cells; the pieces are the lab's own solutions."""
    tree = ast.parse(LAB.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef)]
    names = {}
    exec(compile(tree, str(LAB), "exec"), names)
    pieces = {"classical": "momentum_step", "look_ahead": "nesterov_step", "schedule": "momentum_schedule"}
    names.update({short: names[name] for short, name in pieces.items()}, images=np.asarray(datasets.digits().X, np.float32),
                 swift={False: names["momentum_step"], True: names["nesterov_step"]})
    return names


@pytest.mark.parametrize("condition", [2.0, 10.0, 100.0, 1e4])
def test_polyaks_pair_leaves_what_his_theorem_says(lab, condition):
    rate, momentum = lab["best_pair"](condition)
    root = np.sqrt(condition)
    for curvature in (1.0, condition):
        assert lab["keeps"](lab["momentum_step"], rate * curvature, momentum) == pytest.approx((root - 1) / (root + 1), abs=1e-5)
    inside = [lab["keeps"](lab["momentum_step"], rate * c, momentum) for c in np.linspace(1, condition, 30)]
    assert max(inside) < (root - 1) / (root + 1) + 1e-5
    for worse in ((0.9 * rate, momentum), (1.1 * rate, momentum), (rate, 0.9 * momentum), (rate, 1 - 0.9 * (1 - momentum))):
        assert max(lab["keeps"](lab["momentum_step"], worse[0] * c, worse[1]) for c in (1.0, condition)) > max(inside) + 1e-4


def test_steps_grow_like_the_condition_number_and_like_its_root(lab):
    conditions = np.array([100, 400, 1600])
    plain = [lab["steps_needed"](lab["momentum_step"], c, 2 / (1 + c), 0.0) for c in conditions]
    heavy = [lab["steps_needed"](lab["momentum_step"], c, *lab["best_pair"](c)) for c in conditions]
    assert np.polyfit(np.log(conditions), np.log(plain), 1)[0] == pytest.approx(1.0, abs=0.02)
    assert np.polyfit(np.log(conditions), np.log(heavy), 1)[0] == pytest.approx(0.5, abs=0.06)


def test_in_a_short_valley_the_usual_momentum_is_slower_than_none(lab):
    none, best, usual, most = (lab["steps_needed"](lab["momentum_step"], 30, 2 / 31, mu) for mu in (0.0, 0.58, 0.9, 0.99))
    assert 190 < none < 220 and best < none / 3 and none < usual and most > 10 * none


def test_which_hole_of_the_road_stops_a_ball_does_not_go_by_its_momentum(lab):
    def ends(start, step, ahead):
        return [round(float(lab["roll"](step, np.array([start]), lab["road"], 0.1, mu, 800, ahead)[-1, 0])) for mu in (0.0, 0.8, 0.9, 0.95, 0.99)]

    assert ends(-20.0, lab["momentum_step"], False) == [-18, -12, -6, 6, 0]
    assert ends(-20.0, lab["nesterov_step"], True) == [-18, -18, -6, 0, 12]
    assert ends(-19.0, lab["momentum_step"], False)[-1] != 0


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9, 0.99])
def test_the_limits_of_stability(lab, momentum):
    for step, limit, ahead in ((lab["momentum_step"], 2 * (1 + momentum), False),
                               (lab["nesterov_step"], 2 * (1 + momentum) / (1 + 2 * momentum), True)):
        assert lab["keeps"](step, 0.999 * limit, momentum, ahead) < 1
        assert lab["keeps"](step, 1.001 * limit, momentum, ahead) > 1


def test_the_swarm_leaves_where_theory_says():
    rates, momenta = np.logspace(-5, -0.7, 80), 1 - np.logspace(0, -3.3, 80)
    for name, limit in (("momentum", 2 * (1 + momenta) / 100), ("nesterov", 2 * (1 + momenta) / (1 + 2 * momenta) / 100)):
        runs = swarm.descents(surfaces.bowl(100.0), rates[None, :], momenta[:, None], (2.0, 1.0), name, steps=2000)
        assert np.mean(runs.diverged == (rates[None, :] > limit[:, None])) > 0.999     # a limit 5% off would give 0.997


def test_on_a_quadratic_nesterov_is_classical_momentum_with_less_of_it(lab):
    rng = np.random.default_rng(1)
    for n in (2, 5, 12):
        axes, curvature = np.linalg.qr(rng.normal(size=(n, n)))[0], rng.uniform(0.01, 10, n)
        begin, slope = rng.normal(size=n), lambda w, axes=axes, curvature=curvature: axes @ (curvature * (axes.T @ w))
        nesterov = lab["roll"](lab["nesterov_step"], begin, slope, 0.1, 0.95, 200, True)
        equal = lab["equal_momentum"](0.95, 0.1, curvature)
        classical = lab["roll"](lab["momentum_step"], axes.T @ begin, lambda w, c=curvature: c * w, 0.1, equal, 200) @ axes.T
        np.testing.assert_allclose(nesterov, classical, atol=1e-13)


def test_in_fractions_the_two_are_equal(lab):
    for mu, eps, lam in ((Fraction(9, 10), Fraction(1, 8), Fraction(3)), (Fraction(1, 2), Fraction(1, 5), Fraction(7))):
        (a, u), (b, v) = (Fraction(1), Fraction(0)), (Fraction(1), Fraction(0))
        for _ in range(15):
            a, u = lab["nesterov_step"](a, u, lambda w, lam=lam: lam * w, eps, mu)
            b, v = lab["momentum_step"](b, v, lam * b, eps, lab["equal_momentum"](mu, eps, lam))
            assert a == b and u == v


def test_the_schedule_is_sutskevers_and_labkits(lab):
    for t, momentum in {0: 0.5, 249: 0.5, 250: 0.75, 1000: 0.9, 12_250: 0.99, 124_750: 0.999, 10**6: 0.999}.items():
        assert lab["momentum_schedule"](t, 0.999) == pytest.approx(momentum, abs=1e-12)
    for t in range(0, 20_000, 37):
        assert lab["momentum_schedule"](t, 0.99, 100) == pytest.approx(rising_momentum(0.99, 100)(t), abs=1e-12)


def test_in_a_far_valley_nesterov_beats_both(lab):
    curvature, ends = np.array([1.0, 1e5]), {}
    for name, momentum, ahead in (("plain", 0.0, False), ("classical", 0.999, False), ("nesterov", 0.999, True)):
        step = lab["nesterov_step"] if ahead else lab["momentum_step"]
        path = lab["roll"](step, np.ones(2), lambda w: curvature * w, 2e-6, momentum, 6000, ahead)[-100:]
        ends[name] = (curvature * path**2).sum(axis=1).max() / 2
    assert ends["nesterov"] < 0.01 < 0.1 < ends["plain"] < 1 < ends["classical"]


def test_at_momentum_999_nesterovs_error_is_no_higher_and_both_beat_plain_descent(lab):
    for seed in (0, 1):
        plain, classical, nesterov = (lab["autoencode"](most, ahead, 0.1, seed=seed) for most, ahead in ((0.0, False), (0.999, False), (0.999, True)))
        assert nesterov < classical and nesterov < 0.6 * plain
        settled = lab["autoencode"](0.999, False, 0.1, lower_last=100, seed=seed)
        assert settled < classical


def test_a_step_that_takes_the_weights_one_by_one_leaves_the_networks_to_labkits(lab, capsys):
    def one_by_one(w, v, g, learning_rate, momentum):
        time.sleep(0.002)
        return ours.momentum_step(w, v, g, learning_rate, momentum)

    assert lab["in_time"](lab["momentum_step"], ours.momentum_step, np.zeros(5_544)) is lab["momentum_step"]
    assert not capsys.readouterr().out
    assert lab["in_time"](one_by_one, ours.momentum_step, np.zeros(5_544)) is ours.momentum_step
    assert "Your momentum_step takes 2 ms" in capsys.readouterr().out


def test_the_shifted_form_takes_the_same_walk(lab):
    w, v = np.array([2.0, -1.0, 0.5]), np.zeros(3)
    p, b = lab["to_shifted"](w, v, 0.1, 0.9)
    optimizer, stored = NesterovShifted(0.1, 0.9), w.copy()
    for _ in range(40):
        optimizer.step([stored], [np.sin(stored)])
        p, b = lab["shifted_step"](p, b, np.sin(p), 0.1, 0.9)
        w, v = lab["nesterov_step"](w, v, np.sin, 0.1, 0.9)
        np.testing.assert_allclose(p, stored, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(p, lab["to_shifted"](w, v, 0.1, 0.9)[0], atol=1e-13)


def test_after_a_drop_of_the_learning_rate_only_the_papers_ball_coasts(lab):
    paper, pytorch = lab["with_drop"]("paper"), lab["with_drop"]("PyTorch")
    np.testing.assert_allclose(paper[:60], pytorch[:60], rtol=1e-12)
    assert pytorch[60] < 0.11 * pytorch[59] and paper[60] > 0.9 * paper[59]


def test_labkits_pieces_and_the_labs_solutions_are_the_same(lab):
    rng = np.random.default_rng(2)
    w, v, g = rng.normal(size=(3, 4))
    for name, arguments in {"momentum_step": (w, v, g, 0.1, 0.8), "nesterov_step": (w, v, np.cos, 0.1, 0.8), "to_shifted": (w, v, 0.1, 0.8),
                            "shifted_step": (w, v, g, 0.1, 0.8), "equal_momentum": (0.9, 0.1, g), "momentum_schedule": (777, 0.9, 50)}.items():
        np.testing.assert_allclose(lab[name](*arguments), getattr(ours, name)(*arguments), err_msg=name)


def error_on_mnist(images, most, ahead, learning_rate, steps=2000, every=16):
    """Summed squared error an image of a deep autoencoder of MNIST, trained with labkit's own optimizers; inf where it diverged."""
    network = dense_network((784, 200, 100, 50, 20, 50, 100, 200, 784), "sigmoid", initializer=sparse, random_state=0, dtype=np.float32)
    optimizer = (Nesterov if ahead else Momentum)(learning_rate, rising_momentum(most, every) if most else 0.0)
    rng = np.random.default_rng(1)
    with np.errstate(all="ignore"):
        for _ in range(steps):
            batch = images[rng.integers(len(images), size=200)]
            network.train_step(batch, batch, sigmoid_cross_entropy, optimizer)
        error = ((1 / (1 + np.exp(-network.predict(images[:5000]))) - images[:5000]) ** 2).sum(axis=1).mean()
    return float(error) if np.isfinite(error) else np.inf


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_deep_autoencoder_of_mnist_gains_from_high_momentum_with_nesterov(record_property):
    """The best of three learning rates for each highest momentum, as in the paper's sweeps; its sizes and step counts are larger still."""
    data = datasets.mnist()
    if data.X.shape[1] != 784:
        pytest.skip("needs MNIST: set LABKIT_DATA to a folder that holds its four IDX files")
    images, best = np.asarray(data.X, np.float32), {}
    for most, ahead in ((0.0, False), (0.9, False), (0.9, True), (0.99, False), (0.99, True), (0.999, False), (0.999, True)):
        errors = [error_on_mnist(images, most, ahead, rate) for rate in (0.05, 0.0125, 0.003)]
        best[most, ahead] = min(errors)
        name = f"{'nesterov' if ahead else 'classical'} {most}"
        print(name, *(f"{error:.2f}" for error in errors), flush=True)
        record_property(name, min(errors))
    assert best[0.999, True] <= 1.02 * best[0.999, False]
    assert best[0.99, True] < 0.8 * best[0.0, False]
