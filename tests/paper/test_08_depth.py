"""The rows of lab 08's table, checked with the lab's own functions. The real network on MNIST is slow: it needs a folder in LABKIT_DATA.

`LABKIT_RECORD=1 pytest tests/paper/test_08_depth.py::test_hinton_and_salakhutdinovs_autoencoder_on_mnist` writes data/recorded/08_depth.json anew.
"""

import ast
import json
import os
import time
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from labkit import datasets, devices, widgets
from labkit.gradcheck import check_layer
from labkit.initializers import glorot, he, uniform
from labkit.mlp import MLPClassifier
from labkit.pretraining import RBM
from labkit.widgets import depth_rules as ours

ROOT = Path(__file__).parents[2]
LAB = ROOT / "grading" / "labs" / "08_depth.py"
RECORDED = ROOT / "data" / "recorded" / "08_depth.json"
SIZES = (1000, 500, 250, 30)
RBM_EPOCHS, PASSES, BATCH = 10, 30, 100


@pytest.fixture(scope="module")
def names():
    """The functions of the lab's cells, without running the cells; what they read of other cells is set here."""
    tree = ast.parse(LAB.read_text(encoding="utf-8"))
    kept = ast.Import | ast.ImportFrom | ast.FunctionDef
    tables = [node for node in tree.body if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("UNITS", "WIDE")]
    tree.body = [node for node in tree.body if isinstance(node, kept) or node in tables]
    names = {}
    exec(compile(tree, str(LAB), "exec"), names)
    x = np.linspace(0, 1, 201)
    digits = datasets.digits().X[:100]
    names.update(x=x, hills=datasets.CURVES["hills"](x) / 1.5, build=names["bump_network"], some_digits=digits / np.sqrt(np.mean(digits**2)))
    return names


@pytest.fixture(scope="module")
def digits():
    data = datasets.digits("shuffled")
    return data.X.astype(np.float32), data.y, data.X_test.astype(np.float32)


def test_enough_bumps_follow_a_curve(names):
    worst = [np.abs(names["by_hand"](n, 40.0 * n) - names["hills"])[10:-10].max() for n in (10, 20, 40, 80)]
    steepest = np.abs(np.diff(names["hills"]) / np.diff(names["x"])).max()
    assert (np.diff(worst) < 0).all() and all(miss <= steepest / n for miss, n in zip(worst, (10, 20, 40, 80), strict=True))
    w, b, v = names["bump_network"](np.array([1.0, -2.0, 0.5]), 50.0)
    edges = np.linspace(0, 1, 4)
    added = sum(names["bump"](names["x"], edges[k], edges[k + 1], h, 50.0) for k, h in enumerate((1.0, -2.0, 0.5)))
    np.testing.assert_allclose(ours.sigmoid(np.outer(names["x"], w) + b) @ v, added, atol=1e-12)


def test_weights_that_exist_are_not_weights_that_are_found(names):
    from labkit.optimizers import GradientDescent

    by_hand = np.abs(names["by_hand"](20, 100.0) - names["hills"])[10:-10].mean()
    trained = np.abs(names["by_training"](GradientDescent(0.1)) - names["hills"])[10:-10].mean()
    assert by_hand < 0.03 and trained > 4 * by_hand


@pytest.mark.parametrize("k", [2, 3, 5, 8])
def test_a_deep_sawtooth_is_exact_and_no_shallow_one_beats_the_count(names, k):
    assert names["wrong_deep"](k) == 0
    n, pieces = 2**k, 2 * k + 1
    points, wanted = np.arange(n) / n, np.arange(n) % 2
    corners = np.minimum(np.arange(pieces + 1), n - 1)          # the best there is: right as long as there are kinks, then constant
    best = np.interp(np.arange(n), corners, corners % 2)
    wrong = np.mean((best > 0.5) != wanted)
    assert wrong == pytest.approx(names["wrong_shallow"](k))
    assert names["sawtooth_network"](k).predict(points[:, None]).shape == (n, 1)


def test_depth_is_found_where_one_layer_stalls(names):
    one = [names["tooth_error"]((1, 104, 1), seed) for seed in range(3)]
    four = [names["tooth_error"]((1, 8, 8, 8, 8, 1), seed) for seed in range(3)]
    assert np.median(four) < 0.1 < np.median(one)


def test_hochreiters_bound_and_what_is_left_after_twenty_layers(names):
    rng = np.random.default_rng(1)
    z, w = rng.normal(scale=4, size=100_000), rng.uniform(-4, 4, 100_000)
    slope = ours.sigmoid(z) * (1 - ours.sigmoid(z))
    assert (np.abs(w) * slope).max() < 1 and slope.max() <= 0.25
    W, S, _, dY = names["deep_stack"]("sigmoid", 1 / 8)
    left = names["gradient_sizes"](W, S, dY)
    assert left[0] < 1e-9 and 0.2 < np.median(left[:-1] / left[1:]) < 0.26


def test_a_spread_of_one_keeps_tanh_alive_and_more_explodes(names):
    def left(spread):
        W, S, _, dY = names["deep_stack"]("tanh", spread / 8)
        return names["gradient_sizes"](W, S, dY)[0]

    assert 1e-3 < left(1) < 1 < 10 < left(4)


def test_as_many_starts_keep_the_gradient_as_the_lab_says(names):
    scales = np.geomspace(0.25, 16, 30)
    kept = {depth: np.mean([[abs(names["reaches_the_bottom"](name, depth, scale)) <= 1 for scale in scales] for name in ("sigmoid", "tanh", "relu")])
            for depth in (3, 40)}
    assert 0.4 < kept[3] < 0.5 and 0.03 < kept[40] < 0.07           # not quite half; about one in twenty


@pytest.mark.parametrize("unit, variance, law", [("linear", 1 / 3, 1 / 3), ("linear", 1, 1), ("ReLU", 1, 1 / 2), ("ReLU", 2, 1),
                                                 ("PReLU", 2 / 1.0625, 1)])
def test_the_scale_laws_of_glorot_and_he(names, unit, variance, law):
    """variance : of the weights, times the number of inputs"""
    curve = names["UNITS"][unit][0] if unit != "linear" else lambda z: z
    sizes = names["growth"](curve, np.sqrt(variance / names["WIDE"]), layers=8, seeds=12)
    assert sizes[-1] ** (1 / 7) == pytest.approx(law, rel=0.03)


def test_start_scale_is_what_labkits_initializers_draw(names):
    rng = np.random.default_rng(0)
    for start, rule, slope in ((glorot, "glorot", 0), (he, "he", 0), (partial(he, slope=0.5), "he", 0.5)):
        assert start(300, 500, rng).std() == pytest.approx(names["start_scale"](300, 500, rule, slope), rel=0.01)


def test_thirty_layers_learn_from_hes_start_and_stall_from_glorots(digits):
    X, y, _ = digits
    last = {}
    for start in (he, glorot):
        model = MLPClassifier((64,) * 29, optimizer="momentum", learning_rate=0.002, max_epochs=12, initializer=start, random_state=0)
        last[start] = model.fit(X, y).loss_per_epoch_[-1]
    assert last[he] < 1.9 and last[glorot] > 2.25


def test_prelus_backward_rule_is_labkits_and_finite_differences_agree(names):
    from labkit.activations import PReLU

    rng = np.random.default_rng(2)
    X, dY = rng.normal(size=(7, 3)), rng.normal(size=(7, 3))
    layer = PReLU(3)
    layer.slopes[:] = [0.25, 0.0, -0.4]
    assert check_layer(layer, X).difference < 1e-6
    dX, (dslope,) = layer.forward(X)[1](dY)
    for given, expected in zip(names["prelu_backward"](dY, X, layer.slopes), (dX, dslope), strict=True):
        np.testing.assert_allclose(given, expected, atol=1e-12)


def test_one_contrastive_step_is_labkits(names):
    rng = np.random.default_rng(3)
    V = rng.random((9, 5))
    machine = RBM(4, weight_decay=0.0, max_epochs=1, random_state=0).fit(V)
    machine.params_.flat[:] = rng.normal(size=machine.params_.flat.size)
    noise = rng.random((9, 4))
    machine.sample = lambda H: (noise < H).astype(H.dtype)
    (dW, dc, db), _ = machine.contrastive_divergence(V)
    step = names["contrastive_step"](V, machine.weights_, machine.visible_bias_, machine.hidden_bias_, noise)
    for given, expected in zip(step, (-dW, -db, -dc), strict=True):
        np.testing.assert_allclose(given, expected, atol=1e-12)


def test_a_machine_trained_by_the_step_learns_digits(names, digits):
    errors = names["train_machine"](names["contrastive_step"], digits[0].astype(float), epochs=5)[3]
    assert errors[-1] < errors[0] and errors[-1] < 3


def test_the_plain_autoencoder_answers_the_mean_and_pretrained_ones_do_better(names, digits):
    X, _, X_test = digits
    sizes = (100, 60, 40, 20, 8)
    mean_image = float(((X_test - X.mean(axis=0)) ** 2).sum(axis=1).mean())

    def after(network, passes):
        return list(names["fine_tune"](network, X, X_test, passes))[-1]

    for start in (glorot, partial(uniform, limit=0.1)):
        assert after(names["plain_start"](X, sizes, start), 12) == pytest.approx(mean_image, abs=0.15)
    for kind in ("rbm", "autoencoder"):
        assert after(names["pretrained_start"](X, sizes, kind), 12) < 0.5 * mean_image


def test_labkits_own_pieces_and_the_labs_solutions_are_the_same(names):
    rng = np.random.default_rng(4)
    x = rng.random(30)
    np.testing.assert_allclose(names["bump"](x, 0.2, 0.6, -2.0, 30.0), ours.bump(x, 0.2, 0.6, -2.0, 30.0))
    for given, expected in zip(names["bump_network"](x, 40.0), ours.bump_network(x, 40.0), strict=True):
        np.testing.assert_allclose(given, expected)
    W, S, _, dY = names["deep_stack"]("PReLU", 0.1, layers=4)
    np.testing.assert_allclose(names["gradient_sizes"](W, S, dY), ours.gradient_sizes(W, S, dY))
    X, V, noise = rng.normal(size=(6, 4)), rng.random((6, 4)), rng.random((6, 3))
    machine = (V, rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=3), noise)
    for name, arguments in (("prelu_backward", (V - 0.5, X, noise[0, :1])), ("contrastive_step", machine)):
        for given, expected in zip(names[name](*arguments), getattr(ours, name)(*arguments), strict=True):
            np.testing.assert_allclose(given, expected, atol=1e-12)
    for arguments in ((3, 7, "glorot"), (3, 7, "he"), (3, 7, "he", 0.3)):
        assert names["start_scale"](*arguments) == pytest.approx(ours.start_scale(*arguments))


def test_the_live_curve_runs_the_labs_functions(names):
    board = widgets.bumps(names["bump"], names["bump_network"])
    assert board.view["source"] == "Running your `bump` and `bump_network`."
    np.testing.assert_allclose(board.answer, np.sum(board.bumps, axis=0), atol=1e-9)


# MNIST


def test_what_is_recorded_is_what_the_lab_shows():
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    assert recorded["pca"]["test_error"] == pytest.approx(13.87, abs=0.01)
    code = recorded["autoencoder"]
    assert code["network"] == "784-1000-500-250-30 and back" and len(code["test_error"]) == code["passes"] + 1
    assert abs(code["test_error"][-1] - 3.0) < 0.5 and code["machine"] and code["date"]


@pytest.mark.slow
def test_pca_of_mnist_is_the_papers(names):
    data = datasets.mnist(fallback=False)
    assert names["pca_error"](data.X.astype(float), data.X_test.astype(float), 30) == pytest.approx(13.87, abs=0.01)


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_hinton_and_salakhutdinovs_autoencoder_on_mnist(names):
    """Half an hour on one core. With LABKIT_RECORD=1 the figures are written down for the lab to show."""
    data, start = datasets.mnist(fallback=False), time.perf_counter()
    network = names["pretrained_start"](data.X, SIZES, "rbm", RBM_EPOCHS, BATCH)
    errors = list(names["fine_tune"](network, data.X, data.X_test, PASSES, BATCH))
    assert errors[-1] < 3.3
    if os.environ.get("LABKIT_RECORD"):
        X, X_test = data.X.astype(float), data.X_test.astype(float)
        pca = {"test": names["pca_error"](X, X_test, 30), "train": names["pca_error"](X, X, 30)}
        record(errors, (time.perf_counter() - start) / 60, pca)


def record(errors, minutes, pca):
    where = {"machine": f"{devices.cores()} CPU cores ({devices.processor()})", "date": date.today().isoformat()}
    figures = {
        "autoencoder": {"network": f"784-{'-'.join(map(str, SIZES))} and back", "pretraining_epochs": RBM_EPOCHS, "passes": PASSES, "batch": BATCH,
                        "seed": 0, "test_error": [round(error, 4) for error in errors], "minutes": round(minutes, 1), **where},
        "pca": {"components": 30, "test_error": round(pca["test"], 4), "train_error": round(pca["train"], 4), **where},
    }
    RECORDED.parent.mkdir(exist_ok=True)
    RECORDED.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
