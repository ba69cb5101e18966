"""The estimators: scikit-learn's checks, scikit-learn's own networks step by step, and what they say of bad input."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier as SklearnClassifier
from sklearn.neural_network import MLPRegressor as SklearnRegressor

from labkit.initializers import he
from labkit.losses import softmax_cross_entropy
from labkit.mlp import MLPClassifier, MLPRegressor, train_epoch
from labkit.network import dense_network
from labkit.optimizers import GradientDescent, Momentum, Nesterov, step_decay
from labkit.regularization import L2, MaxNorm
from tests.labkit.sklearn_checks import checks


@pytest.mark.parametrize("estimator, check", checks(MLPClassifier(), MLPRegressor()), ids=lambda x: getattr(x, "func", type(x)).__name__)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def table(n=60, inputs=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, inputs))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 1)


def same_start(theirs, ours, X, y):
    """Bring scikit-learn's network to the weights of ours, its momentum at rest."""
    theirs.set_params(learning_rate_init=1e-12)
    theirs.partial_fit(X, y, **({"classes": np.unique(y)} if isinstance(theirs, SklearnClassifier) else {}))
    for theirs_p, ours_p in zip((*theirs.coefs_, *theirs.intercepts_), (*ours[::2], *ours[1::2]), strict=True):
        theirs_p[...] = ours_p
    for v in theirs._optimizer.velocities:
        v[...] = 0
    theirs._optimizer.learning_rate = 0.1
    return theirs


@pytest.mark.parametrize("activation, theirs_name", [("relu", "relu"), ("tanh", "tanh"), ("sigmoid", "logistic")])
@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_trains_as_scikit_learns_network_does(kind, activation, theirs_name):
    X, y = table()
    ours, Theirs = (MLPClassifier, SklearnClassifier) if kind == "classifier" else (MLPRegressor, SklearnRegressor)
    y = y if kind == "classifier" else X[:, 0] * X[:, 1]
    ours = ours((7, 4), activation, Momentum(0.1, 0.9), batch_size=16, shuffle=False, random_state=0, max_epochs=1).fit(X, y)
    start = [p.copy() for p in ours.network_.params]
    theirs = same_start(Theirs(hidden_layer_sizes=(7, 4), activation=theirs_name, solver="sgd", momentum=0.9, nesterovs_momentum=False, alpha=0,
                               batch_size=16, shuffle=False), start, X, y)
    ours.optimizer_ = Momentum(0.1, 0.9)
    for _ in range(5):
        ours.partial_fit(X, y)
        theirs.partial_fit(X, y)
    for ours_p, theirs_p in zip((*ours.network_.params[::2], *ours.network_.params[1::2]), (*theirs.coefs_, *theirs.intercepts_),
                                strict=True):
        np.testing.assert_allclose(ours_p, theirs_p, rtol=1e-8, atol=1e-10)
    if kind == "classifier":
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-8)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y))


def test_partial_fit_is_one_epoch_of_fit():
    X, y = table()
    whole = MLPClassifier((8,), max_epochs=4, dropout=0.2, random_state=0).fit(X, y)
    steps = MLPClassifier((8,), max_epochs=4, dropout=0.2, random_state=0)
    for _ in range(4):
        steps.partial_fit(X, y)
    np.testing.assert_array_equal(whole.network_.params.flat, steps.network_.params.flat)
    np.testing.assert_array_equal(whole.loss_per_epoch_, steps.loss_per_epoch_)


def test_float32_stays_float32():
    X, y = table()
    model = MLPClassifier((8,), max_epochs=2, random_state=0).fit(X.astype(np.float32), y)
    assert model.network_.params.flat.dtype == model.predict_proba(X.astype(np.float32)).dtype == np.float32
    assert model.predict_proba(X).shape == (60, 3)


def test_learns_what_no_line_separates():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (400, 2))
    y = np.where(X[:, 0] * X[:, 1] > 0, "same", "other")
    model = MLPClassifier((16,), optimizer="momentum", learning_rate=0.2, max_epochs=60, random_state=0).fit(X[:300], y[:300])
    assert model.score(X[300:], y[300:]) > 0.93
    assert model.loss_per_epoch_[-1] < model.loss_per_epoch_[0] / 3
    curve = MLPRegressor((20,), "tanh", max_epochs=150, learning_rate=0.01, random_state=0).fit(X[:, :1], np.sin(4 * X[:, 0]))
    assert curve.score(X[:, :1], np.sin(4 * X[:, 0])) > 0.98


def test_a_given_optimizer_is_copied_and_regularizers_act():
    X, y = table()
    optimizer = Nesterov(step_decay(0.1, 0.5, 10), 0.9)
    model = MLPClassifier((8,), optimizer=optimizer, regularizers=(L2(0.01), MaxNorm(0.5)), max_epochs=3, random_state=0).fit(X, y)
    assert optimizer.t == 0 and model.optimizer_.t == 3 * 2
    assert max(np.linalg.norm(W, axis=0).max() for W in model.network_.params[::2]) <= 0.5 + 1e-12


def test_a_regularizer_may_stand_alone_and_an_initializer_be_named():
    settings = dict(hidden_layer_sizes=(4,), max_epochs=2, random_state=0)
    for one, other in (({"regularizers": L2(0.1)}, {"regularizers": [L2(0.1)]}), ({"initializer": "he"}, {"initializer": he})):
        first, second = (MLPClassifier(**settings, **given).fit(X, y) for given in (one, other))
        np.testing.assert_array_equal(first.network_.params.flat, second.network_.params.flat)
    assert (first.network_.params.flat != MLPClassifier(**settings, initializer="glorot").fit(X, y).network_.params.flat).any()


def test_a_diverging_run_says_when_and_why():
    X, y = table()
    model = MLPRegressor((8,), optimizer="gradient_descent", learning_rate=50.0, random_state=0)
    with pytest.raises(FloatingPointError, match=r"Training diverged in epoch \d+: .* learning rate that is too large \(50\); try a tenth"):
        model.fit(100 * X, 100.0 * y)


X, y = table()


@pytest.mark.parametrize("bad_X, bad_y, error, words", [
    (np.where(X > 2, np.nan, X), y, ValueError, "Input X contains NaN"),
    (np.where(X > 2, np.inf, X), y, ValueError, "Input X contains infinity"),
    (X.astype(np.float16), y, TypeError, "X is float16, which keeps only 3 digits; pass X.astype(np.float32)."),
    (np.full(X.shape, "a"), y, ValueError, "X holds text, but numbers are expected"),
    (X[:0], y[:0], ValueError, "Found array with 0 sample(s)"),
    (X[0], y[:1], ValueError, "Expected 2D array, got 1D array instead"),
    (X, y[:-1], ValueError, "Found input variables with inconsistent numbers of samples: [60, 59]"),
    (X, np.zeros(60, int), ValueError, "MLPClassifier needs examples of at least two classes, but y holds one class only"),
    (X, X[:, 0], ValueError, "Unknown label type: continuous"),
])
def test_bad_input_is_refused_in_words(bad_X, bad_y, error, words):
    with pytest.raises(error) as caught:
        MLPClassifier(max_epochs=1).fit(bad_X, bad_y)
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("settings, words", [
    ({"optimizer": "adamw"}, "optimizer is 'adamw' but has to be an Optimizer or one of gradient_descent, momentum"),
    ({"activation": "swish"}, "activation is 'swish' but has to be one of"),
    ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes is (3, 0) but has to be whole numbers above 0"),
    ({"batch_size": 0}, "batch_size must be a whole number, 1 or more, got 0."),
    ({"learning_rate": -1.0}, "learning_rate must be a number above 0, got -1.0."),
    ({"initializer": "xavier"}, "initializer is 'xavier' but has to be a function or one of uniform, glorot, he, sparse."),
    ({"regularizers": 0.1}, "regularizers is 0.1 but has to hold regularizers of labkit.regularization, such as (L2(1e-4), MaxNorm(3))."),
    ({"regularizers": ("l2",)}, "regularizers is ('l2',) but has to hold regularizers of labkit.regularization"),
    ({"optimizer": ["adam"]}, "optimizer is ['adam'] but has to be an Optimizer or one of"),
    ({"hidden_layer_sizes": None}, "hidden_layer_sizes is (None,) but has to be whole numbers above 0"),
    ({"hidden_layer_sizes": 30.0}, "hidden_layer_sizes is (30.0,) but has to be whole numbers above 0"),
    ({"random_state": "abc"}, "random_state must be a whole number, 0 or more, a numpy.random.Generator or None, got 'abc'."),
    ({"initializer": lambda n, m, rng: np.zeros((m, n))}, "the initializer returned weights of shape (100, 5), but (n_inputs, n_units) = (5, 100)"),
    ({"dropout": "0.5"}, "rate is '0.5', but the probability of dropping"),
    ({"dropout": 1.0}, "rate is 1.0, but the probability of dropping a unit is at least 0 and below 1"),
])
def test_bad_settings_are_refused_in_words(settings, words):
    model = MLPClassifier(**settings)
    with pytest.raises(ValueError) as caught:
        model.fit(X, y)
    assert str(caught.value).startswith(words)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_layouts_and_memory():
    model = MLPClassifier((4,), max_epochs=2, random_state=0)
    expected = model.fit(X, y).predict_proba(X)
    frozen = np.asfortranarray(X)
    frozen.flags.writeable = False
    np.testing.assert_allclose(model.fit(frozen, y).predict_proba(frozen), expected, rtol=1e-10)


def test_not_fitted():
    with pytest.raises(NotFittedError, match="has learned nothing yet"):
        MLPClassifier().predict(X)


def test_scikit_learn_is_not_loaded_by_fit_and_predict():
    code = ("import sys, numpy as np; from labkit.mlp import MLPClassifier;"
            "X = np.random.default_rng(0).normal(size=(20, 2)); y = X[:, 0] > 0;"
            "MLPClassifier((2,), max_epochs=1).fit(X, y).predict(X); print('sklearn' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                          check=True).stdout.strip() == "False"


def test_a_large_one_learns_on_the_gpu_and_comes_back(monkeypatch):
    """With the emulator in the GPU's place: the same steps, and a model that can be saved and goes on afterwards."""
    from labkit import _cuda, devices, mlp
    from labkit.emulator import cuda

    X, y = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32), np.arange(12) % 2
    settings = dict(hidden_layer_sizes=(4,), optimizer="momentum", batch_size=5, max_epochs=2, random_state=0)
    here = MLPClassifier(**settings).fit(X, y)
    went = []
    monkeypatch.setattr(devices, "current", lambda: devices.Device("cuda", "", 1, 1))
    monkeypatch.setattr(_cuda, "real", lambda: went.append(1) or cuda)
    small = MLPClassifier(**settings).fit(X, y)
    assert not went
    monkeypatch.setattr(mlp, "WORTH_A_GPU", 0)
    double = MLPClassifier(**settings).fit(X.astype(float), y)
    assert not went and double.network_.params.flat.dtype == np.float64
    there = MLPClassifier(**settings).fit(X, y)
    assert went
    for model in (small, there):
        np.testing.assert_allclose(model.network_.params.flat, here.network_.params.flat, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(model.optimizer_.state[0][0], here.optimizer_.state[0][0], rtol=1e-4, atol=1e-5)
    again = pickle.loads(pickle.dumps(there)).partial_fit(X, y)
    np.testing.assert_allclose(again.loss_per_epoch_, here.partial_fit(X, y).loss_per_epoch_, rtol=1e-4)


def test_an_epoch_takes_lists_and_data_frames_by_place_and_refuses_what_does_not_fit():
    class Series(list):         # as of pandas: what stands between the brackets is a row's name, not its place
        def __getitem__(self, rows):
            raise KeyError(rows)

    X, y, order = np.random.default_rng(0).normal(size=(6, 2)), [0, 1, 1, 0, 1, 0], np.arange(6)[::-1]
    ends = []
    for rows, labels in ((X, np.array(y)), (X.tolist(), y), (X, Series(y))):
        network = dense_network((2, 3, 2), random_state=0)
        train_epoch(network, rows, labels, softmax_cross_entropy, GradientDescent(0.1), 4, order)
        ends.append(network.params.flat)
    assert (ends[0] == ends[1]).all() and (ends[0] == ends[2]).all()
    part = [train_epoch(dense_network((2, 3, 2), random_state=0), X[rows], np.array(y)[rows], softmax_cross_entropy, GradientDescent(0.1), 2, order)
            for rows, order in ((slice(None), [4, 1, 3]), ([4, 1, 3], None))]
    assert part[0] == part[1]
    with pytest.raises(ValueError, match="there are no examples"):
        train_epoch(network, X, y, softmax_cross_entropy, GradientDescent(0.1), order=[])
    for order in ([0, 6], [-1, 2], np.array([0, 1000], np.uint16)):
        with pytest.raises(ValueError, match=r"order holds rows -?\d+ to \d+, but X has rows 0 to 5"):
            train_epoch(network, X, y, softmax_cross_entropy, GradientDescent(0.1), order=order)
    for order in ([0, 1.5], ["a"], [True] * 6, [[0, 1], [2, 3]], (row for row in range(6)), 3):
        with pytest.raises(ValueError, match=r"order is .*, but a list of row numbers is expected, such as rng.permutation\(len\(X\)\)"):
            train_epoch(network, X, y, softmax_cross_entropy, GradientDescent(0.1), order=order)
    for rows, labels in ((X, [*y, 1]), (X, y[:5]), (X[:0], [])):
        with pytest.raises(ValueError, match="but both need a row for each example, one at least"):
            train_epoch(network, rows, labels, softmax_cross_entropy, GradientDescent(0.1))
    for size in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match="batch_size must be a whole number, 1 or more"):
            train_epoch(network, X, y, softmax_cross_entropy, GradientDescent(0.1), size)
