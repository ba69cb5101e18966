"""The rows of lab 03's table, checked with the lab's own functions and, where it is cheap, by a second way."""

import ast
import itertools
from pathlib import Path

import numpy as np
import pytest

from labkit import datasets, figures, ops, widgets
from labkit.gmdh import GMDHRegressor
from labkit.widgets import gmdh_rules as ours

LAB = Path(__file__).parents[2] / "grading" / "labs" / "03_ivakhnenko.py"


@pytest.fixture(scope="module")
def names():
    """The functions and classes of the lab's cells, without running the cells; the network's pieces are the lab's own solutions."""
    tree = ast.parse(LAB.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef)]
    names = {}
    exec(compile(tree, str(LAB), "exec"), names)
    pieces = {"terms": "features", "fit": "fit_unit", "judge": "check_error", "select": "best_pairs", "stack": "next_layer", "stop": "stop_at"}
    names.update({short: names[name] for short, name in pieces.items()}, patients=datasets.diabetes())
    return names


def corners():
    data = datasets.xor()
    return data.X.astype(float), data.y.astype(float)


def test_farlows_rule_stops_and_answers_from_the_layer_before():
    rng = np.random.default_rng(1)
    Z = rng.normal(size=(400, 7))
    y = Z[:, 0] * Z[:, 1] + Z[:, 2] * Z[:, 3] + 0.1 * rng.normal(size=400)
    model = GMDHRegressor(singular="least_norm").fit(Z[:200], y[:200], Z[200:300], y[200:300])
    gains = -np.diff(model.criteria_)
    assert (gains[:-1] >= 5e-4).all() and gains[-1] < 5e-4
    assert len(model.layers_) == len(model.criteria_) - 1
    unstopped = GMDHRegressor(min_gain=-np.inf, singular="least_norm").fit(Z[:200], y[:200], Z[200:300], y[200:300])
    np.testing.assert_allclose(model.predict(Z), unstopped.predict_layers(Z)[len(model.layers_) - 1][:, 0])
    assert model.criteria_[0] > 0.3 and model.criteria_[1] < 0.05


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_six_functions_make_labkits_network(names, seed):
    (X1, y1), (X2, y2), (X3, _) = names["three_sets"](seed)
    mine = names["MyGMDH"]().fit(X1, y1, X2, y2)
    labkits = GMDHRegressor(max_layers=3, singular="least_norm").fit(X1, y1, X2, y2)
    assert len(mine.layers) == len(labkits.layers_)
    np.testing.assert_allclose(mine.predict(X3), labkits.predict(X3), atol=1e-3)


def test_a_planted_polynomial_and_a_product_are_recovered(names):
    rng = np.random.default_rng(0)
    for _ in range(10):
        x, z = rng.normal(size=(2, 40))
        planted = rng.choice([-2.0, -1.0, 0.0, 0.5, 3.0], 6)
        np.testing.assert_allclose(names["fit_unit"](ours.terms(x, z), ours.terms(x, z) @ planted), planted, atol=1e-9)
        np.testing.assert_allclose(names["fit_unit"](ours.terms(x, z), x * z), np.eye(6)[3], atol=1e-9)


def test_xors_corners_are_singular_and_solved_by_the_shortest(names):
    X, y = corners()
    F = ours.terms(X[:, 0], X[:, 1])
    assert np.linalg.matrix_rank(F) == 4
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.solve(F.T @ F, F.T @ y)
    shortest = names["fit_unit"](F, y)
    np.testing.assert_allclose(shortest, [0, 0.5, 0.5, -2, 0.5, 0.5], atol=1e-9)
    np.testing.assert_allclose(F @ shortest, y, atol=1e-9)
    null = np.linalg.svd(F)[2][4:]
    np.testing.assert_allclose(null @ shortest, 0, atol=1e-9)           # nothing of it could be left out
    np.testing.assert_allclose(GMDHRegressor(singular="least_norm").fit(X, y, X, y).predict(X), y, atol=1e-9)
    with pytest.raises(ValueError, match="least_norm"):
        GMDHRegressor(singular="skip").fit(X, y, X, y)


def test_no_pair_sees_three_way_parity_and_two_units_in_a_row_do(names):
    P = np.array(list(itertools.product([-1.0, 1.0], repeat=3)))
    y = P.prod(axis=1)
    for i, j in itertools.combinations(range(3), 2):
        F = ours.terms(P[:, i], P[:, j])
        assert np.abs(F.T @ y).max() == 0
        assert names["check_error"](names["fit_unit"](F, y), F, y) == pytest.approx(1)
    F = ours.terms(P[:, 0] * P[:, 1], P[:, 2])
    np.testing.assert_allclose(F @ names["fit_unit"](F, y), y, atol=1e-9)


def test_parity_is_found_by_luck_among_few_inputs_and_lost_among_many(names):
    few = np.mean([names["finds_parity"](4, seed) for seed in range(12)])
    many = np.mean([names["finds_parity"](25, seed) for seed in range(12)])
    assert few > 0.9 and many < 0.1


def test_the_checking_error_falls_while_the_exam_error_turns(names):
    fitting, checking, exam = np.median([names["eight_layers"](seed) for seed in range(24)], axis=0)
    assert (np.diff(fitting) < 0.005).all() and checking[-1] < 0.9 * checking[0]
    assert 2 <= 1 + int(np.argmin(exam)) <= 5
    assert 0.5 < exam.min() < 0.62 and exam[-1] > 1


def test_the_luckiest_unit_on_noise_fails_its_exam():
    rng = np.random.default_rng(0)
    noise, y = rng.normal(size=(5_100, 200)), rng.normal(size=5_100)
    weights, errors = ops.gmdh_pairs(noise[:60], y[:60], noise[60:85], y[60:85], False)
    i, j = (side[errors.argmin()] for side in np.triu_indices(200, 1))
    assert errors.min() < 0.75 and np.median(errors) > 1
    assert ours.criterion(weights[errors.argmin()], ours.terms(noise[85:, i], noise[85:, j]), y[85:]) > 1


def test_linear_regression_wins_on_the_patients_and_loses_on_products(names):
    from sklearn.linear_model import LinearRegression

    won, grown, straight = 0, [], []
    for sets in map(names["three_sets"], range(20)):
        (X1, y1), (X2, y2), (X3, y3) = sets
        line = LinearRegression().fit(np.vstack([X1, X2]), np.concatenate([y1, y2]))
        model = GMDHRegressor(max_layers=3, singular="least_norm").fit(X1, y1, X2, y2)
        straight.append(names["exam_error"](line.predict(X3), y3, y1.mean()))
        grown.append(names["exam_error"](model.predict(X3), y3, y1.mean()))
        won += grown[-1] < straight[-1]
    assert 0.48 < np.mean(straight) < 0.58 and 0.51 < np.mean(grown) < 0.63 and won < 10


def test_eight_layers_can_be_grown(names):
    (X1, y1), (X2, y2), _ = names["three_sets"](0)
    assert len(GMDHRegressor(max_layers=8, min_gain=-np.inf, singular="least_norm").fit(X1, y1, X2, y2).layers_) == 8


def test_labkits_own_pieces_and_the_labs_solutions_are_the_same(names):
    rng = np.random.default_rng(4)
    x, z, y = rng.normal(size=(3, 30))
    F, errors = ours.terms(x, z), rng.random((6, 6))
    errors = errors + errors.T
    errors[0, 3] = errors[3, 0] = np.inf
    np.testing.assert_allclose(names["features"](x, z), F)
    np.testing.assert_allclose(names["fit_unit"](F, y), ours.least_squares(F, y))
    np.testing.assert_allclose(names["check_error"](F[0], F, y), ours.criterion(F[0], F, y))
    np.testing.assert_array_equal(names["best_pairs"](errors, 20), ours.lowest(errors, 20))
    pairs, C = np.array([[0, 2], [1, 2]]), rng.normal(size=(2, 6))
    np.testing.assert_allclose(names["next_layer"](errors[1:3, 1:4], pairs, C), ours.outputs(errors[1:3, 1:4], pairs, C))
    for values in ([0.5], [0.5, 0.4, 0.41], [0.5, 0.4, 0.3999, 0.1], [0.9, 0.8, 0.7]):
        assert names["stop_at"](np.array(values)) == ours.depth(np.array(values))


def test_the_live_network_is_labkits_and_says_whose_functions_it_runs(names):
    board = widgets.grow_network(names["fit_unit"], names["check_error"])
    for n in (2, 3):
        board.receive({"type": "control", "name": "layers", "value": n})
    (X1, y1), (X2, y2), _ = names["three_sets"](0)
    model = GMDHRegressor(keep=6, max_layers=3, min_gain=-np.inf, singular="least_norm").fit(X1, y1, X2, y2)
    np.testing.assert_allclose(board.model.criteria_, model.criteria_, rtol=1e-6)
    assert board.view["source"] == "Running your `fit_unit` and `check_error`."
    assert board.view["panel"]["lines"] == [f"`{model.polynomial(-1, 0, datasets.diabetes().names)}`"]
    lost = widgets.grow_network(lambda F, y: np.linalg.solve(F.T @ F, F.T @ y), lambda c, F, y: None)
    assert "labkit" in lost.view["source"] and not lost.view["ours"]


def test_the_board_asks_for_no_layer_that_it_cannot_grow():
    board = widgets.grow_network()
    for layers, said in ((1, "? Grow on."), (2, "more: grow on."), (6, "more: the rule would grow on.")):
        board.receive({"type": "control", "name": "layers", "value": layers})
        assert board.view["note"].endswith(said)


def test_the_growing_network_is_drawn_and_the_map_refuses_what_it_cannot_draw():
    (X1, y1), (X2, y2) = ((datasets.diabetes().X[part], datasets.diabetes().y[part]) for part in (slice(200), slice(200, 320)))
    model = GMDHRegressor(keep=5, max_layers=6, min_gain=-np.inf, singular="least_norm").fit(X1, y1, X2, y2)
    drawing = figures.growth(model)
    assert "4 drawings" in drawing.alt and "1 units" in drawing.alt
    with pytest.raises(ValueError, match="square table"):
        figures.pair_map(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="no finite number"):
        figures.pair_map(np.full((3, 3), np.inf))
