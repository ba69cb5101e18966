"""The units against scikit-learn where both define the same thing, against algebra where they do not, and against bad input."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from labkit import datasets, metrics, perceptron
from labkit.perceptron import Adaline, AdalineRegressor, Perceptron, SigmoidUnit

UNITS = [Perceptron(), Adaline(1e-3), AdalineRegressor(1e-3), SigmoidUnit(max_epochs=20)]
CLASSIFIERS = [unit for unit in UNITS if not isinstance(unit, AdalineRegressor)]
by_name = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: type(unit).__name__)


def fresh(unit):
    return type(unit)(**unit.get_params())


def eighths(rng, *shape):
    """Numbers whose sums and products are exact in float32, so that every way of adding gives the same."""
    return rng.integers(-16, 17, shape) / 8


# scikit-learn's own checks


# Some of the checks use inputs around 100, for which Adaline's default learning rate is, and says that it is, too large.
CHECKED = [
    Perceptron(max_epochs=20),
    Adaline(learning_rate=5e-5, max_epochs=20),
    AdalineRegressor(learning_rate=5e-5, max_epochs=80),
    SigmoidUnit(max_epochs=10),
]
# scikit-learn leaves these out by itself: the first without a setting of SciPy's, the others where pandas is not installed.
LEFT_OUT = {"check_array_api_input", "check_classifier_data_not_an_array", "check_regressor_data_not_an_array",
            "check_dataframe_column_names_consistency"}


@pytest.mark.filterwarnings("ignore:Estimator .* does not inherit", "ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize("unit", CHECKED, ids=lambda unit: type(unit).__name__)
def test_scikit_learns_checks_pass(unit):
    results = check_estimator(unit, on_fail=None, on_skip=None)
    assert [(r["check_name"], r["exception"]) for r in results if r["status"] == "failed"] == []
    assert {r["check_name"] for r in results if r["status"] == "skipped"} <= LEFT_OUT
    assert sum(r["status"] == "passed" for r in results) > 45


# Perceptron


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 40), d=st.integers(1, 6), k=st.integers(2, 4),
       rate=st.sampled_from([1.0, 0.5, 2.0]), dtype=st.sampled_from([np.float32, np.float64]))
def test_perceptron_equals_scikit_learns(seed, n, d, k, rate, dtype):
    from sklearn.linear_model import Perceptron as Peer

    rng = np.random.default_rng(seed)
    X, y = eighths(rng, n, d).astype(dtype), np.append(rng.integers(0, k, n - 2), [0, 1])
    ours = Perceptron(rate, max_epochs=7).fit(X, y)
    epochs = len(ours.mistakes_per_epoch_)  # the peer does not stop by itself; after a clean epoch nothing changes
    peer = Peer(eta0=rate, max_iter=epochs, tol=None, shuffle=False).fit(X, y)
    np.testing.assert_array_equal(ours.coef_, peer.coef_)
    np.testing.assert_array_equal(ours.intercept_, peer.intercept_)
    np.testing.assert_array_equal(ours.predict(X), peer.predict(X))
    assert ours.score(X, y) == peer.score(X, y)
    assert ours.coef_.dtype == dtype


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), k=st.integers(2, 4), dtype=st.sampled_from([np.float32, np.float64]))
def test_the_compiled_epoch_makes_the_same_mistakes_and_weights(seed, k, dtype):
    rng = np.random.default_rng(seed)
    X, units = eighths(rng, 37, 5).astype(dtype), k if k > 2 else 1
    T = np.where(rng.random((37, units)) < 0.5, np.int8(1), np.int8(-1))
    start = eighths(rng, units, 6).astype(dtype)
    plain, fast = [(start[:, :5].copy(), start[:, 5].copy()) for _ in range(2)]
    for _ in range(3):
        order = rng.permutation(37)
        counts = [
            epoch(*weights, X, T, order, dtype(0.5))
            for epoch, weights in ((perceptron.perceptron_epoch, plain), (perceptron.perceptron_epoch_compiled, fast))
        ]
        assert counts[0] == counts[1]
    np.testing.assert_array_equal(plain[0], fast[0])
    np.testing.assert_array_equal(plain[1], fast[1])


def test_the_compiled_epoch_is_used_for_many_numbers_and_agrees_with_scikit_learn(monkeypatch):
    from sklearn.linear_model import Perceptron as Peer

    rng = np.random.default_rng(0)
    X = eighths(rng, 6000, 20).astype(np.float32)
    y = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype(int)
    monkeypatch.setattr(perceptron, "perceptron_epoch", None)
    ours = Perceptron(max_epochs=3).fit(X, y)
    peer = Peer(max_iter=3, tol=None, shuffle=False).fit(X, y)
    np.testing.assert_array_equal(ours.coef_, peer.coef_)
    assert ours.mistakes_ == ours.mistakes_per_epoch_.sum() > 0 and len(ours.mistakes_per_epoch_) == 3


@pytest.mark.parametrize("value, word", [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")])
@pytest.mark.parametrize("row", [0, 3_333, 5_999])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_that_only_the_kernel_reads_have_to_be_finite(value, word, row, dtype):
    """In every place, behind weights of 0 and on the right side of the line too; and what was learned before stays."""
    rng = np.random.default_rng(0)
    X = eighths(rng, 6_000, 20).astype(dtype)
    X[:, 0] = 0                                                     # so its weight stays 0
    y = X[:, 1] > X[:, 2]
    unit = Perceptron(max_epochs=50).fit(X, y)
    before = unit.coef_.copy()
    for column in (0, 1):
        bad = X.copy()
        bad[row, column] = value
        for call in (unit.fit, unit.partial_fit, Perceptron().fit, Perceptron().partial_fit):
            with pytest.raises(ValueError, match=f"Input X contains {word}: the first is in row {row};"):
                call(bad, y)
        np.testing.assert_array_equal(unit.coef_, before)
        assert unit.mistakes_ == unit.mistakes_per_epoch_.sum() > 0


def test_a_sum_that_overflows_to_nan_is_a_mistake():
    X, y = np.array([[1e30, 1e30], [1e30, -1e30], [-1e30, 0]], np.float32), [1, 1, 0]
    with np.errstate(over="ignore", invalid="ignore"):
        unit = Perceptron().fit(X, y)
        assert unit.converged_ and unit.score(X, y) == 1


def test_a_memory_map_is_learned_from_where_it_lies(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    rows = np.memmap(tmp_path / "rows", np.float32, "w+", shape=(20_000, 10))
    rows[:] = eighths(rng, 20_000, 10)
    y = (rows[:, 0] > rows[:, 1]).astype(int)
    rows.flush()
    disk = np.memmap(tmp_path / "rows", np.float32, "r", shape=(20_000, 10))
    seen = []
    compiled = perceptron.perceptron_epoch_compiled
    monkeypatch.setattr(
        perceptron, "perceptron_epoch_compiled", lambda W, b, X, *rest: seen.append(np.shares_memory(X, disk)) or compiled(W, b, X, *rest)
    )
    streamed = Perceptron(max_epochs=4).fit(disk, y)
    assert seen and all(seen)
    np.testing.assert_array_equal(streamed.coef_, Perceptron(max_epochs=4).fit(np.array(disk), y).coef_)
    pieces = Perceptron()
    for start in range(0, 20_000, 5_000):
        pieces.partial_fit(disk[start : start + 5_000], y[start : start + 5_000], classes=[0, 1])
    np.testing.assert_array_equal(pieces.coef_, Perceptron(max_epochs=1).fit(disk, y).coef_)


def test_the_first_corrections_by_hand():
    unit = Perceptron(max_epochs=1).fit([[1.0, 5.0], [4.5, 4.0]], [0, 1])
    # z = 0 counts as wrong: w = -(1, 5), b = -1; then z = -4.5 - 20 - 1 < 0 for a yes: w = (3.5, -1), b = 0.
    assert unit.coef_.tolist() == [[3.5, -1.0]] and unit.intercept_.tolist() == [0.0]
    assert unit.mistakes_ == 2 and unit.mistakes_per_epoch_.tolist() == [2] and not unit.converged_


def test_the_perceptron_learns_my_taste_and_never_susans():
    X, y, *_ = datasets.movies()
    mine = Perceptron(max_epochs=1000).fit(X, y)
    assert mine.converged_ and mine.score(X, y) == 1
    assert mine.mistakes_per_epoch_[-1] == 0 and (mine.mistakes_per_epoch_[:-1] > 0).all()  # it stops at the first clean epoch
    assert mine.mistakes_ <= metrics.novikoff_bound(X, y)
    X, y, *_ = datasets.susan()
    hers = Perceptron(max_epochs=1000).fit(X, y)
    assert not hers.converged_ and len(hers.mistakes_per_epoch_) == 1000 and (hers.mistakes_per_epoch_ > 0).all()


@pytest.mark.parametrize("name", ["AND", "OR", "NAND", "NOR", "NOT"])
def test_the_perceptron_learns_every_gate_but_xor(name):
    X, y, *_ = datasets.gate(name)
    assert Perceptron().fit(X, y).score(X, y) == 1
    X, y, *_ = datasets.xor()
    assert Perceptron(max_epochs=1000).fit(X, y).score(X, y) <= 0.75


def test_the_learning_rate_only_scales_a_perceptron_that_starts_at_zero():
    X, y, *_ = datasets.movies()
    one, eight = Perceptron(1.0).fit(X, y), Perceptron(8.0).fit(X, y)
    np.testing.assert_array_equal(8 * one.coef_, eight.coef_)
    assert one.mistakes_per_epoch_.tolist() == eight.mistakes_per_epoch_.tolist()


def test_shuffling_follows_the_seed():
    X, y, *_ = datasets.two_blobs(60, 0.05, seed=2)
    weights = [Perceptron(shuffle=True, random_state=seed).fit(X, y).coef_.tolist() for seed in (0, 0, 1)]
    assert weights[0] == weights[1] != weights[2]


def test_one_against_the_rest_reads_digits():
    X, y, *_ = data = datasets.digits("shuffled", 0)
    unit = Perceptron(max_epochs=30).fit(X, y)
    assert unit.coef_.shape == (10, 64) and unit.decision_function(X).shape == (898, 10)
    assert unit.score(data.X_test, data.y_test) > 0.9


# The delta rule


@pytest.mark.parametrize("size", [1, 3, None])
def test_each_step_goes_down_the_gradient_of_the_batchs_mean_loss(size):
    rng = np.random.default_rng(0)
    X, y, rate = rng.normal(size=(6, 3)), rng.normal(size=6), 0.1

    def loss(v, rows):
        return np.mean((y[rows] - X[rows] @ v[:3] - v[3]) ** 2) / 2

    v = np.zeros(4)
    for start in range(0, 6, size or 6):
        rows = slice(start, start + (size or 6))
        slope = [(loss(v + h, rows) - loss(v - h, rows)) / 2e-5 for h in 1e-5 * np.eye(4)]
        v = v - rate * np.array(slope)
    unit = AdalineRegressor(rate, max_epochs=1, batch_size=size).fit(X, y)
    np.testing.assert_allclose(np.append(unit.coef_, unit.intercept_), v, rtol=1e-7)


def test_one_example_at_a_time_equals_scikit_learns_sgd():
    from sklearn.linear_model import SGDRegressor

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 4)), rng.normal(size=50)
    ours = AdalineRegressor(0.01, max_epochs=9).fit(X, y)
    peer = SGDRegressor(penalty=None, learning_rate="constant", eta0=0.01, max_iter=9, tol=None, shuffle=False).fit(X, y)
    np.testing.assert_allclose(ours.coef_[0], peer.coef_, rtol=1e-9)
    np.testing.assert_allclose(ours.intercept_, peer.intercept_, rtol=1e-9)
    assert ours.score(X, y) == pytest.approx(peer.score(X, y))


def test_the_delta_rule_reaches_least_squares():
    from sklearn.linear_model import LinearRegression

    X, y, *_ = datasets.penguins()
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    target = X @ [1, -2, 0.5, 3] + 4 + np.random.default_rng(0).normal(size=len(X))
    ours = AdalineRegressor(0.9 * metrics.hessian_limit(X), max_epochs=3000, batch_size=None).fit(X, target)
    exact = LinearRegression().fit(X, target)
    np.testing.assert_allclose(ours.coef_[0], exact.coef_, rtol=1e-8)
    np.testing.assert_allclose(ours.intercept_, exact.intercept_, rtol=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_the_delta_rule_settles_just_below_the_limit_and_diverges_just_above(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(30, 1 + seed)) * rng.uniform(0.1, 10, 1 + seed) + rng.normal(size=1 + seed)
    y, limit = rng.normal(size=30), metrics.hessian_limit(X)
    X1 = np.column_stack([X, np.ones(30)])
    best = np.mean((y - X1 @ np.linalg.lstsq(X1, y)[0]) ** 2) / 2
    excess = lambda rate: AdalineRegressor(rate, max_epochs=2000, batch_size=None).fit(X, y).loss_per_epoch_ - best  # noqa: E731
    below, above = excess(0.99 * limit), excess(1.01 * limit)
    assert below[-1] < below[0] and below[-1] <= below[-100] + 1e-12
    assert above[-1] > above[-100] > above[-200] > 0 and above[-1] > 1e6 * above[0]


@pytest.mark.parametrize("size", [1, None])
def test_a_diverging_run_says_when_and_why(size):
    X, y, *_ = datasets.movies()
    with pytest.raises(FloatingPointError, match=r"in epoch \d+: learning_rate=5.0 is too large.*stay below 0\.\d+"):
        Adaline(5.0, max_epochs=10_000, batch_size=size).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(FloatingPointError):
            Adaline(5.0, max_epochs=10_000, batch_size=size).fit(X, y)


@pytest.mark.parametrize("unit", [SigmoidUnit(1e308, 20, "cross_entropy", random_state=0), Perceptron(1e308, 20)],
                         ids=lambda unit: type(unit).__name__)
def test_weights_beyond_all_numbers_are_no_answer(unit):
    X = np.random.default_rng(0).normal(size=(60, 3))
    for rows in (X, X.astype(np.float32)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(FloatingPointError, match=r"in epoch \d+: learning_rate=1e\+308 is too large for this X; try a tenth of it"):
                unit.fit(rows, X[:, 0] * X[:, 1] > 0)


def test_the_learning_rate_that_a_diverging_run_advises_is_stable():
    X, y, *_ = datasets.movies()
    for size in (1, None):
        with pytest.raises(FloatingPointError) as caught:
            Adaline(5.0, max_epochs=10_000, batch_size=size).fit(X, y)
        advised = float(str(caught.value).split("stay below ")[1].split(",")[0])
        losses = Adaline(0.99 * advised, max_epochs=500, batch_size=size).fit(X, y).loss_per_epoch_
        assert losses[-1] < losses[0]


def test_adaline_learns_my_taste():
    X, y, *_ = datasets.movies()
    unit = Adaline(0.01, max_epochs=300).fit(X, y)
    assert unit.score(X, y) >= 17 / 18
    X1 = np.column_stack([X, np.ones(len(X))])
    best = np.mean((2 * y - 1 - X1 @ np.linalg.lstsq(X1, 2 * y - 1)[0]) ** 2) / 2
    assert unit.loss_per_epoch_.shape == (300,) and best < unit.loss_per_epoch_[-1] < 1.1 * best


# The sigmoid unit


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_a_sigmoid_units_step_is_the_gradient(loss):
    x, rate = np.array([0.7, -1.3, 2.0]), 1.0
    start = np.array([0.2, -0.4, 0.3, 0.1])

    def value(v, t):
        h = 1 / (1 + np.exp(-(v[:3] @ x + v[3])))
        return (h - t) ** 2 if loss == "squared" else -np.log(h if t else 1 - h)

    for t in (0, 1):
        W, b = start[None, :3].copy(), start[3:].copy()
        told = perceptron.sigmoid_epoch(W, b, x[None], np.array([[t]]), [0], rate, loss == "squared")
        slope = [(value(start + h, t) - value(start - h, t)) / 2e-6 for h in 1e-6 * np.eye(4)]
        np.testing.assert_allclose(start - np.append(W, b), slope, rtol=1e-6)
        assert told == pytest.approx(value(start, t))


def test_cross_entropy_equals_scikit_learns_logistic_sgd(monkeypatch):
    from sklearn.linear_model import SGDClassifier

    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    y = (X[:, 0] + 0.5 * rng.normal(size=40) > 0).astype(int)
    peer = SGDClassifier("log_loss", penalty=None, learning_rate="constant", eta0=0.1, max_iter=6, tol=None, shuffle=False).fit(X, y)
    W, b = np.zeros((1, 3)), np.zeros(1)
    for _ in range(6):
        perceptron.sigmoid_epoch(W, b, X, y[:, None], range(40), 0.1, squared=False)
    np.testing.assert_allclose(W, peer.coef_, rtol=1e-9)
    np.testing.assert_allclose(b, peer.intercept_, rtol=1e-9)


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
@pytest.mark.parametrize("seed", range(3))
def test_will_i_like_gravity_slightly_not(loss, seed):
    X, y, *_ = datasets.movies()
    unit = SigmoidUnit(0.1, 1000, loss, seed).fit(X, y)
    assert unit.score(X, y) == 1
    no, yes = unit.predict_proba(datasets.gravity()[None])[0]
    assert 0.3 < yes < 0.5 and no + yes == pytest.approx(1)
    assert unit.predict(datasets.gravity()[None]) == [0]


def test_two_units_and_one_more_solve_susans_taste():
    X, y, *_ = datasets.susan()
    poor = (y == 1) & (X.sum(axis=1) < 6)
    rich = (y == 1) & ~poor
    first = SigmoidUnit(0.3, 1000, random_state=0).fit(X[~poor], y[~poor])
    second = SigmoidUnit(0.3, 1000, random_state=0).fit(X[~rich], y[~rich])
    hidden = np.column_stack([unit.predict_proba(X)[:, 1] for unit in (first, second)])
    assert SigmoidUnit(1.0, 1000, random_state=0).fit(hidden, y).score(hidden, y) == 1
    assert SigmoidUnit(0.3, 1000, random_state=0).fit(X, y).score(X, y) < 1


def test_sigmoid_neither_overflows_nor_leaves_0_to_1():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        h = perceptron.sigmoid(np.array([-1e6, -745.0, -1.0, 0.0, 1.0, 745.0, 1e6]))
    assert h.tolist() == [0, 0, pytest.approx(0.2689414213699951), 0.5, pytest.approx(0.7310585786300049), 1, 1]


def test_probabilities_are_numbers_where_every_unit_says_no():
    """Each unit's own probability is then exactly 0; the shares come from the logarithms."""
    unit = SigmoidUnit(max_epochs=1, random_state=0).fit(np.eye(3), [0, 1, 2])
    unit.coef_[...], unit.intercept_[...] = np.diag([1e4, 2e4, 3e4]), -4e4
    P = unit.predict_proba(np.vstack([np.zeros((1, 3)), np.eye(3)]))
    np.testing.assert_allclose(P, np.vstack([np.full((1, 3), 1 / 3), np.eye(3)]))
    unit.coef_[...], unit.intercept_[...] = np.diag([1.0, 2, -3]), 0
    h = perceptron.sigmoid(np.diag(unit.coef_))
    np.testing.assert_allclose(unit.predict_proba(np.ones((1, 3))), [h / h.sum()], rtol=1e-14)


@pytest.mark.parametrize("classes", [2, 4])
def test_probabilities_add_up_and_name_the_class(classes):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 3)), rng.integers(0, classes, 80)
    unit = SigmoidUnit(max_epochs=20, random_state=0).fit(X, y)
    shares = unit.predict_proba(X)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_array_equal(shares.argmax(axis=1), unit.predict(X))


# What all units share


@by_name
def test_partial_fit_twice_is_fit_with_two_epochs(unit):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 3)), rng.integers(0, 3, 30)
    unit.set_params(random_state=4)
    if "shuffle" in unit.get_params():
        unit.set_params(shuffle=True)
    whole = fresh(unit).set_params(max_epochs=2).fit(X, y)
    steps = fresh(unit).partial_fit(X, y).partial_fit(X, y)
    np.testing.assert_array_equal(whole.coef_, steps.coef_)
    again = steps.set_params(max_epochs=2).fit(X, y)
    np.testing.assert_array_equal(whole.coef_, again.coef_)


@pytest.mark.parametrize("kernel_from", [1, perceptron.KERNEL_FROM])
@by_name
def test_a_unit_that_began_in_float32_stays_there(unit, kernel_from, monkeypatch):
    monkeypatch.setattr(perceptron, "KERNEL_FROM", kernel_from)
    rng = np.random.default_rng(0)
    X, y, more = eighths(rng, 9, 2), np.arange(9) % 2, eighths(rng, 9, 2)
    same = fresh(unit).set_params(random_state=0).partial_fit(X.astype(np.float32), y).partial_fit(more.astype(np.float32), y)
    mixed = fresh(unit).set_params(random_state=0).partial_fit(X.astype(np.float32), y).partial_fit(more, y)
    assert mixed.coef_.dtype == np.float32
    np.testing.assert_array_equal(mixed.coef_, same.coef_)


@pytest.mark.parametrize("labels", [["no", "yes"], [-1, 1], [False, True], [7, 3]])
@pytest.mark.parametrize("unit", CLASSIFIERS, ids=lambda unit: type(unit).__name__)
def test_any_two_labels_will_do(unit, labels):
    X, y, *_ = datasets.two_blobs(40, 1.0, seed=0)
    named = np.array(labels)[y]
    ours = fresh(unit).set_params(random_state=0).fit(X.tolist(), named.tolist())
    assert set(ours.predict(X)) <= set(labels) and ours.score(X, named) > 0.9
    assert ours.classes_.tolist() == sorted(labels)


@by_name
def test_inputs_are_left_alone_whatever_their_layout(unit):
    data = datasets.two_blobs(40, 1.0, n_inputs=3, seed=0)
    unit.set_params(random_state=0)
    expected = fresh(unit).fit(data.X, data.y).coef_
    wide = np.zeros((40, 6))
    wide[:, ::2] = data.X
    for X in (wide[:, ::2], np.asfortranarray(data.X), data.X.copy()):
        before = X.copy()
        np.testing.assert_array_equal(fresh(unit).fit(X, data.y).coef_, expected)
        np.testing.assert_array_equal(X, before)


BAD = {
    "one dimension": ([1.0, 2.0, 3.0], [0, 1, 1], r"Expected 2D array, got 1D array instead.*reshape\(-1, 1\)"),
    "three dimensions": (np.ones((3, 2, 2)), [0, 1, 1], r"dim 3.*X\.reshape\(len\(X\), -1\)"),
    "ragged": ([[1.0], [1.0, 2.0], [3.0]], [0, 1, 1], "rows of different lengths"),
    "no rows": (np.empty((0, 2)), [], r"0 sample\(s\)"),
    "no columns": (np.empty((3, 0)), [0, 1, 1], r"0 feature\(s\)"),
    "NaN": ([[1.0], [np.nan], [3.0]], [0, 1, 1], "NaN: the first is in row 1"),
    "infinity": ([[1.0], [2.0], [np.inf]], [0, 1, 1], "infinity: the first is in row 2"),
    "infinities that cancel": ([[1.0, 1.0], [np.inf, -np.inf], [3.0, 1.0]], [0, 1, 1], "infinity: the first is in row 1"),
    "text": ([["1"], ["2"], ["x"]], [0, 1, 1], r"X holds text.*astype\(float\)"),
    "text among objects": (np.array([[1.0], ["a"], [2.0]], dtype=object), [0, 1, 1], "X holds text"),
    "objects": (np.array([[1.0], [{}], [2.0]], dtype=object), [0, 1, 1], "X must hold numbers only"),
    "complex numbers": ([[1j], [2.0], [3.0]], [0, 1, 1], "Complex data not supported"),
    "float16": (np.ones((3, 1), np.float16), [0, 1, 1], r"float16, which keeps only 3 digits; pass X.astype\(np.float32\)"),
    "dates": (np.array([["2020-01-01"]] * 3, dtype="datetime64[D]"), [0, 1, 1], "numbers are expected"),
    "no answers": ([[1.0], [2.0], [3.0]], None, "requires y to be passed"),
    "too few answers": ([[1.0], [2.0], [3.0]], [0, 1], r"inconsistent numbers of samples: \[3, 2\]"),
    "a table of answers": ([[1.0], [2.0], [3.0]], np.eye(3), "y should be a 1d array"),
    "NaN among answers": ([[1.0], [2.0], [3.0]], [0, 1, np.nan], "Input y contains NaN"),
}


@by_name
@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_clear_sentence(unit, case):
    X, y, words = BAD[case]
    for method in ("fit", "partial_fit"):
        with pytest.raises((ValueError, TypeError), match=words) as caught:
            getattr(fresh(unit), method)(X, y)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("unit", CLASSIFIERS, ids=lambda unit: type(unit).__name__)
def test_bad_labels_get_one_clear_sentence(unit):
    X = [[1.0], [2.0], [3.0]]
    for y, words in (
        ([1, 1, 1], "at least two classes, but y holds one class only: 1"),
        ([0.5, 1.0, 0.2], "Unknown label type: continuous.*AdalineRegressor"),
        (np.array([1, "a", "b"], dtype=object), "mixes text and numbers"),
    ):
        with pytest.raises(ValueError, match=words):
            fresh(unit).fit(X, y)
    unit = fresh(unit).partial_fit(X, [0, 1, 1])
    with pytest.raises(ValueError, match=r"y holds 2, which is none of the classes \[0, 1\]"):
        unit.partial_fit(X, [0, 1, 2])


@by_name
def test_predicting_too_early_or_with_other_columns(unit):
    with pytest.raises(NotFittedError, match=r"call fit\(X, y\) first"):
        fresh(unit).predict([[1.0]])
    fitted = fresh(unit).fit([[1.0, 2.0], [2.0, 1.0]], [0, 1])
    with pytest.raises(ValueError, match="X has 3 features, but .* is expecting 2 features as input"):
        fitted.predict([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize(
    "unit, words",
    [
        (Perceptron(learning_rate=0), "learning_rate must be a number above 0, got 0"),
        (Perceptron(learning_rate=np.nan), "learning_rate"),
        (Perceptron(learning_rate="fast"), "got 'fast'"),
        (Perceptron(max_epochs=0), "max_epochs must be a whole number, 1 or more, got 0"),
        (Perceptron(max_epochs=2.5), "max_epochs"),
        (Adaline(batch_size=0), "batch_size must be a whole number"),
        (SigmoidUnit(loss="hinge"), "'squared' or 'cross_entropy', got 'hinge'"),
    ],
)
def test_bad_settings_get_one_clear_sentence(unit, words):
    with pytest.raises(ValueError, match=words):
        unit.fit([[1.0], [2.0]], [0, 1])


def test_settings_are_named_when_one_is_misspelt():
    with pytest.raises(ValueError, match="Invalid parameter 'rate'.*Valid parameters are: learning_rate, max_epochs"):
        Perceptron().set_params(rate=1)


def test_scikit_learn_is_loaded_only_when_it_is_asked_for():
    import subprocess
    import sys

    program = (
        "import sys; from labkit import datasets, metrics, perceptron; X, y, *_ = datasets.movies();"
        "perceptron.Perceptron().fit(X, y).predict(X); perceptron.SigmoidUnit(max_epochs=2).fit(X, y);"
        "assert not {'sklearn', 'scipy', 'numba'} & set(sys.modules), 'loaded too early'"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
