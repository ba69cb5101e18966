"""GMDH: planted polynomials found exactly, singular pairs, Farlow's stopping rule, scikit-learn's checks, bad input in words."""


import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError

from labkit.gmdh import GMDHRegressor
from labkit.kernels.gmdh import fit_pairs, refit_units
from labkit.kernels.gmdh import terms as quadratic
from labkit.kernels.moments import moments_cpu, moments_numpy
from tests.labkit.sklearn_checks import checks

CORNERS, XOR = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0.0, 1, 1, 0])


@pytest.mark.parametrize("estimator, check", checks(GMDHRegressor(), GMDHRegressor(singular="least_norm")),
                         ids=lambda x: getattr(x, "func", type(x)).__name__)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@given(seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=20)
def test_a_planted_polynomial_is_recovered(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, 4)) * rng.uniform(0.5, 3, 4) + rng.uniform(-2, 2, 4)
    planted = rng.choice([-2, -1, 0.5, 1, 3], 6)
    model = GMDHRegressor(random_state=0).fit(X, quadratic(X[:, 1], X[:, 3]) @ planted)
    assert len(model.layers_) == 1 and (model.layers_[0].left[0], model.layers_[0].right[0]) == (1, 3)
    np.testing.assert_allclose(model.coefficients(), planted, rtol=1e-8, atol=1e-8)


def test_a_polynomial_of_two_layers_is_recovered():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 5))
    model = GMDHRegressor(keep=10, min_gain=0, random_state=0).fit(X, (X[:, 0] * X[:, 1] + 1) * (X[:, 2] - 2) + 0.5 * X[:, 3] ** 2)
    assert model.criteria_[0] > 0.1 and len(model.layers_) > 1
    product = GMDHRegressor(random_state=0).fit(X, X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3])
    assert len(product.layers_) == 2 and product.criteria_[1] < 0.05


def test_every_pairs_coefficients_are_those_of_least_squares():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(90, 5)) + 3, rng.normal(size=90)
    model = GMDHRegressor(keep=10, max_layers=1).fit(X[:60], y[:60], X[60:], y[60:])
    layer = model.layers_[0]
    assert len(layer.left) == 10
    for k in range(10):
        u, v = X[:, layer.left[k]], X[:, layer.right[k]]
        expected = np.linalg.lstsq(quadratic(u[:60], v[:60]), y[:60], rcond=None)[0]
        np.testing.assert_allclose(model.coefficients(0, k), expected, rtol=1e-7)
        wrong = ((quadratic(u[60:], v[60:]) @ expected - y[60:]) ** 2).sum() / ((y[60:] - y[:60].mean()) ** 2).sum()
        np.testing.assert_allclose(layer.errors[k], wrong, rtol=1e-9)
    assert (np.diff(layer.errors) >= 0).all()


@pytest.mark.parametrize("m, n", [(1, 2), (7, 3), (1024, 5), (2500, 4)])
def test_moments_by_blas_are_those_of_numpy(m, n):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(m, n)), rng.normal(size=m)
    ours, theirs = ([np.full(s, np.nan) for s in ((2 * n + 1, 2 * n + 1), (n, n), (n, n), (2 * n + 1,))] for _ in range(2))
    moments_cpu(*ours, X, y)
    moments_numpy(*theirs, X, y)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)


def test_refitting_is_exact_where_inputs_are_nearly_alike():
    """The normal equations square the condition number; fitting from the rows keeps the digits that they lose."""
    rng = np.random.default_rng(0)
    u = rng.normal(size=500)
    v = u + 3e-3 * rng.normal(size=500)
    A, planted = quadratic(u, v), np.array([1.0, -2, 3, 0.5, -0.25, 1])
    W = refit_units(np.column_stack([u, v]), A @ planted, np.array([0]), np.array([1]))[0]
    normal = np.linalg.solve(A.T @ A, A.T @ (A @ planted))
    assert abs(W - planted).max() < 1e-9 < 1e-7 < abs(normal - planted).max()


def test_the_kept_are_the_best_of_all_pairs():
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(120, 7)), rng.normal(size=120)
    everything = GMDHRegressor(keep=21, max_layers=1).fit(X[:80], y[:80], X[80:], y[80:]).layers_[0]
    few = GMDHRegressor(keep=4, max_layers=1).fit(X[:80], y[:80], X[80:], y[80:]).layers_[0]
    np.testing.assert_array_equal(few.left, everything.left[:4])
    np.testing.assert_allclose(few.weights, everything.weights[:4])


def test_the_four_corners_of_xor_are_singular():
    """x^2 = x and z^2 = z there: four of six terms are independent. The shortest solution is exact, and skipping leaves nothing."""
    model = GMDHRegressor(singular="least_norm").fit(CORNERS, XOR, CORNERS, XOR)
    np.testing.assert_allclose(model.predict(CORNERS), XOR, atol=1e-12)
    with pytest.raises(ValueError, match="the six terms 1, u, v, uv, u.2, v.2 are not independent there; pass more rows, or singular='least_norm'"):
        GMDHRegressor().fit(CORNERS, XOR, CORNERS, XOR)


def test_the_shortest_solution_comes_from_the_moments_too():
    X, y = 2 * CORNERS - 1, 2 * XOR - 1
    W, errors = fit_pairs(X, y, X, y, least_norm=True)
    np.testing.assert_allclose(W[0], np.linalg.lstsq(quadratic(X[:, 0], X[:, 1]), y, rcond=None)[0], atol=1e-12)
    np.testing.assert_allclose(errors, 0, atol=1e-12)


def test_a_singular_pair_is_skipped_or_solved_and_the_rest_is_the_same():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    X = np.column_stack([X, X[:, 0]])                                   # the pair (0, 3) says one thing twice
    y = X[:, 1] * X[:, 2] + 0.1 * rng.normal(size=80)
    skipped, solved = (GMDHRegressor(keep=6, max_layers=1, singular=s, random_state=0).fit(X, y).layers_[0] for s in ("skip", "least_norm"))
    pairs = lambda layer: {(int(i), int(j)) for i, j in zip(layer.left, layer.right, strict=True)}      # noqa: E731
    assert pairs(solved) - pairs(skipped) == {(0, 3)} and np.isfinite(solved.errors).all()
    np.testing.assert_allclose(skipped.weights[0], solved.weights[0])


def test_it_stops_when_a_layer_gains_too_little_and_answers_from_the_one_before():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 6))
    y = X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3] + 0.2 * rng.normal(size=300)
    model = GMDHRegressor(min_gain=5e-4, random_state=0).fit(X, y)
    gains = -np.diff(model.criteria_)
    assert (gains[:-1] >= 5e-4).all() and gains[-1] < 5e-4 and len(model.layers_) == len(model.criteria_) - 1
    eager = GMDHRegressor(min_gain=0.5, random_state=0).fit(X, y)
    assert len(eager.layers_) < len(model.layers_) + 1 and eager.criteria_ == model.criteria_[: len(eager.criteria_)]


def test_layers_are_capped_and_grow_one_by_one():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6))
    y = np.sin(X[:, 0] * X[:, 1]) + X[:, 2] * X[:, 3] + X[:, 4]
    whole = GMDHRegressor(max_layers=3, min_gain=-np.inf, random_state=0).fit(X, y)
    steps = GMDHRegressor(max_layers=3, min_gain=-np.inf, random_state=0)
    for n in (1, 2, 3, 3):
        assert len(steps.partial_fit(X, y).layers_) == n
    assert len(whole.layers_) == 3
    np.testing.assert_allclose(steps.predict(X), whole.predict(X), rtol=1e-12)


def test_growing_goes_on_where_the_settings_say_so_now():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6))
    y = np.sin(X[:, 0] * X[:, 1]) + X[:, 2] * X[:, 3] + X[:, 4]
    whole = GMDHRegressor(max_layers=3, min_gain=-np.inf, random_state=0).fit(X, y)
    capped = GMDHRegressor(max_layers=1, min_gain=-np.inf, random_state=0).fit(X, y).set_params(max_layers=3)
    strict = GMDHRegressor(max_layers=3, min_gain=1e9, random_state=0).fit(X, y).set_params(min_gain=-np.inf)
    assert len(strict.criteria_) == 2 and len(strict.layers_) == 1
    for model in (capped, strict):
        model.partial_fit(X, y)
        assert len(model.layers_) == 2 and not model.finished_
        assert len(model.partial_fit(X, y).layers_) == 3 and model.finished_ and model.criteria_ == whole.criteria_
        np.testing.assert_allclose(model.predict(X), whole.predict(X), rtol=1e-12)
    assert len(whole.set_params(max_layers=2).partial_fit(X, y).layers_) == 3 and whole.finished_
    done = GMDHRegressor(min_gain=1e9, random_state=0).fit(X, y)
    before = list(done.criteria_)
    assert done.partial_fit(X, y).finished_ and len(done.layers_) == 1 and done.criteria_ == before


def test_nothing_is_answered_before_a_layer_is_there():
    begun = GMDHRegressor()
    with pytest.raises(ValueError, match="No pair of inputs can be fitted"):
        begun.fit(CORNERS, XOR, CORNERS, XOR)
    for model in (GMDHRegressor(), begun):
        for ask in (model.predict, model.predict_layers, lambda X, model=model: model.score(X, XOR), lambda X, model=model: model.used_units(),
                    lambda X, model=model: model.coefficients(), lambda X, model=model: model.polynomial(),
                    lambda X, model=model: model.polynomials()):
            with pytest.raises(NotFittedError, match="has learned nothing yet; call fit"):
                ask(CORNERS)
    X, y = polynomial_data()
    np.testing.assert_array_equal(begun.partial_fit(X, y, X, y).predict(X), GMDHRegressor().partial_fit(X, y, X, y).predict(X))


def test_a_polynomial_as_text_says_what_predict_does():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(200, 4)) + 1
    model = GMDHRegressor(random_state=0).fit(X, X[:, 0] * X[:, 1] - X[:, 2] * X[:, 3] + 0.1 * rng.normal(size=200))
    assert len(model.layers_) >= 2
    values = {f"x{k + 1}": X[:, k] for k in range(4)}
    for line in model.polynomials(digits=17).splitlines():
        name, formula = line.split(" = ")
        code = formula.replace("^", "**").replace(" x", "*x").replace(" z", "*z").replace("+*", "+").replace("-*", "-")
        values[name] = eval(code, {}, values)
    np.testing.assert_allclose(values[name], model.predict(X), rtol=1e-8)
    simple = GMDHRegressor(random_state=0).fit(X, 2 - X[:, 1] + 3 * X[:, 1] * X[:, 2])
    assert simple.polynomial(names=["a", "b", "c", "d"]) == "z1_1 = 2 - b + 3 b c"
    assert simple.polynomial(0, -1) == simple.polynomial(0, len(simple.layers_[0].left) - 1)
    assert GMDHRegressor(random_state=0).fit(X, -3 * X[:, 0] ** 2).polynomials().endswith("= -3 x1^2")


def test_predictions_of_layers_and_used_units():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5))
    model = GMDHRegressor(keep=4, random_state=0).fit(X, X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3])
    outputs = model.predict_layers(X)
    assert [z.shape[1] for z in outputs] == [4] * len(model.layers_)
    np.testing.assert_array_equal(outputs[-1][:, 0], model.predict(X))
    assert model.used_units()[-1] == [0] and all(set(units) <= set(range(4)) for units in model.used_units())


def test_the_drawn_checking_rows_follow_the_seed():
    X, y = np.random.default_rng(0).normal(size=(60, 4)), np.random.default_rng(1).normal(size=60)
    a, b, c = (GMDHRegressor(random_state=s).fit(X, y).predict(X) for s in (0, 0, 1))
    assert (a == b).all() and (a != c).any()


@pytest.mark.parametrize("ask, words", [
    (lambda model: model.polynomials(["a"]), "names has 1 entries, but X had 5 columns; pass a name for each, in their order."),
    (lambda model: model.polynomials(5), "names has 1 entries, but X had 5 columns"),
    (lambda model: model.polynomials(digits=2.5), "digits is 2.5 but has to be a whole number, 1 or more."),
    (lambda model: model.polynomial(7), "there is no unit 0 in layer 7; both count from 0, and the layers have 2, 1 units."),
    (lambda model: model.polynomial("first"), "there is no unit 0 in layer 'first'"),
    (lambda model: model.coefficients(1, 1), "there is no unit 1 in layer 1"),
])
def test_a_unit_or_a_name_that_is_not_there_is_refused_in_words(ask, words):
    X, y = polynomial_data()
    model = GMDHRegressor(keep=2, max_layers=2, min_gain=-1, random_state=0).fit(X, y)
    with pytest.raises(ValueError) as caught:
        ask(model)
    assert str(caught.value).startswith(words)


def test_large_offsets_do_not_cost_digits():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3)) + 1e4
    y = (X[:, 0] - 1e4) * (X[:, 1] - 1e4)
    assert GMDHRegressor(random_state=0).fit(X, y).score(X, y) > 1 - 1e-12


def test_constant_columns_and_constant_targets():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=(60, 3)), np.full(60, 7.0)])
    y = X[:, 0] * X[:, 2]
    for singular in ("skip", "least_norm"):
        np.testing.assert_allclose(GMDHRegressor(singular=singular, random_state=0).fit(X, y).predict(X), y, atol=1e-10)
    np.testing.assert_allclose(GMDHRegressor(random_state=0).fit(X, np.full(60, 2.0)).predict(X), 2)


@pytest.mark.parametrize("unit", [2.0**1000, 2.0**-1000, 2.0**560, 2.0**-560])
def test_numbers_whose_squares_overflow_or_vanish_are_learned_as_others_are(unit):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = X[:, 0] * X[:, 1] + X[:, 2]
    expected = GMDHRegressor(random_state=0).fit(X, y)
    for of_X, of_y in ((unit, 1.0), (1.0, unit)):
        model = GMDHRegressor(random_state=0).fit(of_X * X, of_y * y)
        np.testing.assert_allclose(model.predict(of_X * X) / of_y, expected.predict(X), rtol=1e-11)
        np.testing.assert_allclose(model.criteria_, expected.criteria_, rtol=1e-11)


def test_layouts_and_float32():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)).astype(np.float32)
    y = X[:, 0] * X[:, 1]
    frozen = np.asfortranarray(X)
    frozen.flags.writeable = False
    np.testing.assert_allclose(GMDHRegressor(random_state=0).fit(frozen, y).predict(frozen), y, atol=1e-5)


X, y = np.random.default_rng(0).normal(size=(30, 3)), np.random.default_rng(1).normal(size=30)


@pytest.mark.parametrize("arguments, error, words", [
    ((X[:, :1], y), ValueError, "GMDH joins inputs in pairs, but X has n_features=1; pass two columns or more."),
    ((X[:1], y[:1]), ValueError, "X has n_samples=1, which cannot be split into fitting and checking rows"),
    ((X[:0], y[:0]), ValueError, "Found array with 0 sample(s)"),
    ((np.where(X > 1, np.nan, X), y), ValueError, "Input X contains NaN"),
    ((X, np.where(y > 1, np.nan, y)), ValueError, "Input y contains NaN"),
    ((X.astype(np.float16), y), TypeError, "X is float16"),
    ((X.astype(str), y), ValueError, "X holds text, but numbers are expected"),
    ((X, y[:5]), ValueError, "Found input variables with inconsistent numbers of samples"),
    ((X, y, X[:, :2], y), ValueError, "X has 2 features, but GMDHRegressor is expecting 3 features as input"),
    ((X, y, X), ValueError, "X_check was passed without y_check; checking rows need both, or neither to draw them from X and y."),
    ((X, y, None, y), ValueError, "y_check was passed without X_check"),
    ((X[:4], y[:4]), ValueError, "No pair of inputs can be fitted on 3 rows"),
])
def test_bad_input_is_refused_in_words(arguments, error, words):
    with pytest.raises(error) as caught:
        GMDHRegressor().fit(*arguments)
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("settings, words", [
    ({"min_gain": None}, "min_gain must be a number, got None."),
    ({"check_size": "a third"}, "check_size must be a number, got 'a third'."),
    ({"keep": 0}, "keep must be a whole number, 1 or more, got 0."),
    ({"max_layers": 1.5}, "max_layers must be a whole number, 1 or more, got 1.5."),
    ({"singular": "ridge"}, "singular is 'ridge' but has to be 'skip' or 'least_norm'."),
    ({"check_size": 1}, "check_size is 1 but has to be a share of the rows, between 0 and 1."),
])
def test_bad_settings_are_refused_in_words(settings, words):
    with pytest.raises(ValueError) as caught:
        GMDHRegressor(**settings).fit(X, y)
    assert str(caught.value).startswith(words)


# On a GPU, whose place the emulator takes here

@pytest.fixture
def emulated_gpu(monkeypatch):
    """The emulator where a GPU would be, for work of any size; a list of what was moved there."""
    from labkit import _cuda, devices, gmdh
    from labkit.emulator import cuda

    moved = []
    monkeypatch.setattr(devices, "current", lambda: devices.Device("cuda", "", 1, 1))
    monkeypatch.setattr(_cuda, "real", lambda: moved.append(1) or cuda)
    monkeypatch.setattr(gmdh, "WORTH_A_GPU", 0)
    return moved


def polynomial_data(m=400, n=5):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(m, n)) + rng.normal(size=(m, 1))
    return X, X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3] + 0.1 * rng.normal(size=m)


def test_a_fit_on_the_gpu_is_that_on_the_cpu(emulated_gpu, monkeypatch):
    """The same pairs are chosen, and the chosen are fitted once more from the rows: the model is the same to the last digits."""
    from labkit import gmdh

    X, y = polynomial_data()
    there = GMDHRegressor(keep=6, max_layers=2, random_state=0).fit(X, y)
    assert len(emulated_gpu) == 2                       # once a layer
    monkeypatch.setattr(gmdh, "WORTH_A_GPU", 10**12)
    here = GMDHRegressor(keep=6, max_layers=2, random_state=0).fit(X, y)
    assert len(emulated_gpu) == 2 and len(here.layers_) == 2
    for ours, theirs in zip(there.layers_, here.layers_, strict=True):
        np.testing.assert_array_equal(ours.left, theirs.left)
        np.testing.assert_array_equal(ours.right, theirs.right)
        np.testing.assert_allclose(ours.weights, theirs.weights, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(there.predict(X), here.predict(X), rtol=1e-10)


@pytest.mark.parametrize("least_norm", [False, True])
@pytest.mark.parametrize("m", [40, 1100])
def test_pairs_on_the_gpu_are_those_on_the_cpu(least_norm, m):
    """Coefficients and errors of every pair to 1e-8, singular ones too; 550 rows go in two parts."""
    from labkit import ops
    from labkit.emulator import cuda

    X, y = polynomial_data(m, 4)
    X = np.column_stack([X, X[:, 0]])                   # the pair (0, 4) says one thing twice
    rows = X[:m // 2], y[:m // 2], X[m // 2:], y[m // 2:]
    here = ops.gmdh_pairs(*rows, least_norm)
    there = ops.gmdh_pairs(*map(cuda.to_device, map(np.ascontiguousarray, rows)), least_norm)
    assert np.isinf(here[1]).sum() == (0 if least_norm else 1)
    for ours, theirs in zip(there, here, strict=True):
        assert isinstance(ours, np.ndarray)
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)


def test_parts_of_the_rows_keep_a_gpu_busy_and_its_memory_small():
    from labkit.kernels.moments import n_parts

    assert n_parts(100, 5) == 1 and n_parts(1000, 5) == 3 and n_parts(10**6, 5) == 1024
    assert n_parts(100_000, 200) == 36                  # 28 strips of 32 by 32 columns, 1,008 blocks
    assert n_parts(10**6, 2000) == 1
