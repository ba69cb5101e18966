"""What all estimators share: scores of any y that fit takes, as scikit-learn counts them; classes that stay what they were; settings
that change between epochs; what was learned, which bad input does not undo."""

import copy
import warnings

import joblib
import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning, NotFittedError, UndefinedMetricWarning, UnsetMetadataPassedError
from sklearn.metrics import accuracy_score, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from labkit import ops, validation
from labkit.gmdh import GMDHRegressor
from labkit.mlp import MLPClassifier, MLPRegressor
from labkit.optimizers import Adam
from labkit.perceptron import Adaline, AdalineRegressor, Perceptron, SigmoidUnit
from labkit.pretraining import RBM, Autoencoder

CLASSIFIERS = [Perceptron(max_epochs=5), Adaline(max_epochs=5), SigmoidUnit(max_epochs=3, random_state=0),
               MLPClassifier((3,), max_epochs=3, random_state=0)]
REGRESSORS = [AdalineRegressor(max_epochs=5), MLPRegressor((3,), max_epochs=3, random_state=0), GMDHRegressor(random_state=0)]
each = pytest.mark.parametrize("unit", CLASSIFIERS + REGRESSORS, ids=lambda unit: type(unit).__name__)
X = np.random.default_rng(0).normal(size=(60, 3))
LABELS, NUMBERS = np.array(["no", "yes"])[(X[:, 0] * X[:, 1] > 0) * 1], X[:, 0] * X[:, 1] + X[:, 2]


def targets(unit):
    return (LABELS, accuracy_score) if unit in CLASSIFIERS else (NUMBERS, r2_score)


@each
def test_a_score_is_scikit_learns_also_for_a_column_and_a_list(unit):
    y, scored = targets(unit)
    expected = scored(y, unit.fit(X, y).predict(X))
    assert unit.score(X, y) == pytest.approx(expected, rel=1e-12) and unit.score(X, y.tolist()) == pytest.approx(expected, rel=1e-12)
    with pytest.warns(DataConversionWarning, match=r"pass y.ravel\(\)"):
        assert unit.score(X, y[:, None]) == pytest.approx(expected, rel=1e-12)


@each
@pytest.mark.parametrize("wrong, words", [
    (lambda y: y[:5], "inconsistent numbers of samples"),
    (lambda y: np.column_stack([y, y]), "y should be a 1d array"),
    (lambda y: None, "requires y to be passed"),
])
def test_a_y_that_does_not_fit_is_not_scored(unit, wrong, words):
    y, _ = targets(unit)
    unit.fit(X, y)
    with pytest.raises(ValueError, match=words):
        unit.score(X, wrong(y))


@pytest.mark.parametrize("unit", REGRESSORS, ids=lambda unit: type(unit).__name__)
@pytest.mark.parametrize("exact, expected", [(True, 1.0), (False, 0.0)])
def test_where_y_is_constant_a_score_says_whether_the_answers_are_exact(unit, exact, expected, monkeypatch):
    y = np.full(60, 0.1)                                    # whose mean is not 0.1 in floating point
    unit.fit(X, NUMBERS)
    monkeypatch.setattr(unit, "predict", lambda X: y if exact else y + np.arange(60))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert unit.score(X, y) == expected == r2_score(np.ones(60), np.ones(60) if exact else np.arange(60))


@pytest.mark.parametrize("unit", CLASSIFIERS, ids=lambda unit: type(unit).__name__)
def test_the_classes_of_the_first_partial_fit_stay(unit):
    y, unit = (X[:, 0] > 0) * 1, type(unit)(**unit.get_params())
    unit.partial_fit(X, y, classes=[1, 0]).partial_fit(X, y, classes=[0, 1]).partial_fit(X, y)
    with pytest.raises(ValueError) as caught:
        unit.partial_fit(X, y, classes=np.arange(3))
    assert str(caught.value).startswith("classes is [0, 1, 2], but the first partial_fit began with [0, 1]; name all classes there")


SOFT = 1 / (1 + np.exp(-X))
IN_EPOCHS = [unit for unit in CLASSIFIERS + REGRESSORS if hasattr(unit, "learning_rate")] + [Autoencoder((2,), random_state=0),
                                                                                         RBM(2, momentum=0.0, random_state=0)]


def learned(unit):
    return np.array(unit.coef_ if hasattr(unit, "coef_") else unit.network_.params.flat if hasattr(unit, "network_") else unit.params_.flat)


@pytest.mark.parametrize("unit", IN_EPOCHS, ids=lambda unit: type(unit).__name__)
def test_a_learning_rate_set_between_epochs_takes_effect_or_is_refused(unit):
    y = targets(unit)[0]
    begun = type(unit)(**unit.get_params()).partial_fit(SOFT, y)
    slow, same = copy.deepcopy(begun).set_params(learning_rate=1e-12).partial_fit(SOFT, y), copy.deepcopy(begun).partial_fit(SOFT, y)
    np.testing.assert_allclose(learned(slow), learned(begun), atol=1e-9)
    assert np.abs(learned(same) - learned(begun)).max() > 1e-6
    for wrong in (-1.0, None, "fast", np.nan):
        with pytest.raises(ValueError, match="learning_rate"):
            copy.deepcopy(begun).set_params(learning_rate=wrong).partial_fit(SOFT, y)


def test_an_optimizer_keeps_its_state_and_what_was_set_on_it():
    begun = MLPClassifier((3,), optimizer="momentum", learning_rate=0.05, random_state=0).partial_fit(X, LABELS)
    by_setting, by_hand = copy.deepcopy(begun).set_params(learning_rate=0.02), copy.deepcopy(begun)
    by_hand.optimizer_.learning_rate = 0.02
    for model in (by_setting, by_hand):
        model.partial_fit(X, LABELS).partial_fit(X, LABELS)
        assert model.optimizer_.learning_rate == 0.02 and model.optimizer_.t == 3 * begun.optimizer_.t
    np.testing.assert_array_equal(learned(by_setting), learned(by_hand))
    own = MLPClassifier((3,), optimizer=Adam(0.01), random_state=0).partial_fit(X, LABELS).set_params(learning_rate=0.5)
    assert own.partial_fit(X, LABELS).optimizer_.learning_rate == 0.01
    machine = RBM(2, random_state=0).partial_fit(SOFT).set_params(momentum=0.9).partial_fit(SOFT)
    assert machine.optimizer_.momentum == 0.9


X4, Y4 = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 0, 0, 1])


@pytest.mark.parametrize("call, words", [
    (lambda: Perceptron().fit(X4, [[0], [0, 1], [1], [1]]), "y has rows of different lengths"),
    (lambda: Perceptron().fit(np.ma.masked_array(X4, mask=X4 > 0), Y4), "X is a masked array, and its mask would be overlooked"),
    (lambda: Perceptron().fit([[10**400, 1], [0, 1], [1, 0], [1, 1]], Y4), "X must hold numbers only, none above 1e308"),
    (lambda: Perceptron().partial_fit(X4, Y4, classes=[]), "classes is empty, but Perceptron needs at least two"),
    (lambda: Perceptron().partial_fit(X4, Y4, classes=[1]), "Perceptron needs examples of at least two classes, but classes holds one class only: 1"),
    (lambda: Perceptron().fit(X4, ["a", None, "a", "b"]), "Unknown label type: y mixes text and numbers, or lacks a label"),
    (lambda: Perceptron().fit(X4, Y4).score(X4, np.array(["0", "0", "0", "1"])), "y holds '0' but the answers are such as 0: one is text"),
    (lambda: Perceptron().partial_fit(X4, Y4, classes=np.array(["a", "b"], object)), "which is of another kind than the classes"),
    (lambda: Perceptron().fit(X4, Y4).score(X4, ["0", "0", "0", "1"]), "one is text, the other not; give both one kind of label"),
    (lambda: Perceptron().fit(X4, Y4).score(X4, [0, 0, np.nan, 1]), "Input y contains NaN"),
    (lambda: Perceptron().fit(X4, Y4).score(X4, [0, 0, 0.5, 1]), "Unknown label type: continuous"),
    (lambda: Perceptron().partial_fit(X4, Y4, classes=[0, 1, np.nan]), "Input classes contains NaN"),
    (lambda: Perceptron().fit(X4, np.array([0, 1, np.nan, 1], object)), "Input y contains NaN: the first is in row 2"),
    (lambda: Perceptron().fit(X4, Y4).score(X4, np.array([0, 1, None, 1], object)), "Input y contains NaN: the first is in row 2"),
    (lambda: Perceptron().fit(X4, np.array([0, 0.5, 1, 1], object)), "Unknown label type: continuous"),
    (lambda: Perceptron().fit((row for row in X4), Y4), "Expected 2D array, got scalar array instead: X is <generator object"),
    (lambda: Perceptron().fit(None, Y4), "Expected 2D array, got scalar array instead: X is None; pass an array or a list of rows"),
    (lambda: Perceptron().fit(np.where(X4 > 0, X4, type("NAType", (), {})()), Y4), "Input X contains NaN; fill what is missing or leave the row out"),
    (lambda: SigmoidUnit(random_state=-1).fit(X4, Y4), "random_state must be a whole number, 0 or more"),
    (lambda: GMDHRegressor(random_state=0.5).fit(X4, Y4), "random_state must be a whole number, 0 or more"),
])
def test_what_numpy_would_answer_in_its_own_words_or_not_at_all(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("unit", [Adaline(1e-3, 2), AdalineRegressor(1e-3, 2), MLPClassifier((300,), max_epochs=2, random_state=0)],
                         ids=lambda unit: type(unit).__name__)
def test_a_batch_counted_in_small_whole_numbers_of_numpy_does_not_overflow(unit):
    many, y = np.tile(X, (5, 1)), np.tile(NUMBERS if isinstance(unit, AdalineRegressor) else LABELS, 5)
    answers = [type(unit)(**{**unit.get_params(), "batch_size": kind(100)}).fit(many, y).predict(many) for kind in (int, np.int8, np.uint8)]
    assert (answers[0] == answers[1]).all() and (answers[0] == answers[2]).all()


@each
def test_sparse_data_are_refused_by_name(unit):
    y, _ = targets(unit)
    for name, rows in (("X", (csr_array(X), y)), ("y", (X, csr_array((NUMBERS > 0)[None] * 1)))):
        with pytest.raises(TypeError, match=rf"Sparse data was passed for {name}, but dense data is required; pass {name}.toarray\(\)"):
            type(unit)(**unit.get_params()).fit(*rows)


class Frame:
    """What the units need of a data frame."""

    def __init__(self, values, columns):
        self.values, self.columns = values, columns

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype)


CODERS = [RBM(2, max_epochs=2, random_state=0), Autoencoder((2,), max_epochs=2, random_state=0)]
BETWEEN = 1 / (1 + np.exp(-X))                                  # what an RBM takes, too
WITH_NAN = np.where(np.arange(X.size).reshape(X.shape) == 100, np.nan, BETWEEN)


@pytest.mark.parametrize("call", ["fit", "partial_fit"])
@pytest.mark.parametrize("unit", CLASSIFIERS + REGRESSORS + CODERS, ids=lambda unit: type(unit).__name__)
def test_what_was_learned_stays_where_bad_input_is_refused(unit, call):
    y = None if unit in CODERS else targets(unit)[0]
    learned = clone(unit).fit(BETWEEN, y)
    answers = learned.transform if y is None else learned.predict
    before = answers(BETWEEN)
    for rows in (WITH_NAN, BETWEEN[:, :0], BETWEEN[None]):
        with pytest.raises(ValueError):
            getattr(learned, call)(rows, y)
        np.testing.assert_array_equal(answers(BETWEEN), before)
    learned.set_params(**{"keep" if isinstance(unit, GMDHRegressor) else "learning_rate": -1})
    with pytest.raises(ValueError, match="-1"):
        getattr(learned, call)(BETWEEN, y)
    np.testing.assert_array_equal(answers(BETWEEN), before)


@pytest.mark.parametrize("unit", CLASSIFIERS + REGRESSORS + CODERS, ids=lambda unit: type(unit).__name__)
def test_refused_at_first_nothing_is_learned(unit):
    y = None if unit in CODERS else targets(unit)[0]
    new = clone(unit)
    for call in (new.fit, new.partial_fit):
        with pytest.raises(ValueError):
            call(WITH_NAN, y)
        assert not [name for name in vars(new) if name.endswith("_")]


@pytest.mark.parametrize("unit", CLASSIFIERS + REGRESSORS + CODERS, ids=lambda unit: type(unit).__name__)
def test_learning_goes_on_where_joblib_mapped_the_model_from_a_file(unit, tmp_path):
    y = targets(unit)[0]
    joblib.dump(unit.fit(BETWEEN, y), tmp_path / "unit")
    mapped, loaded = joblib.load(tmp_path / "unit", mmap_mode="r"), joblib.load(tmp_path / "unit")
    for one in (mapped, loaded):
        one.partial_fit(BETWEEN, y)
    one, other = (getattr(each, "transform", None) or each.predict for each in (mapped, loaded))
    np.testing.assert_array_equal(one(BETWEEN), other(BETWEEN))


@pytest.mark.parametrize("unit", [AdalineRegressor(max_epochs=2), MLPRegressor((3,), max_epochs=2)], ids=lambda unit: type(unit).__name__)
def test_a_number_that_float32_does_not_hold_is_named(unit):
    y = np.where(np.arange(60) == 7, -1e39, 0)
    with pytest.raises(ValueError, match="y holds -1e[+]39, but this model computes in float32"):
        unit.fit(X.astype(np.float32), y)
    unit.fit(X.astype(np.float32), 0 * y)
    for rows, numbers, name in ((X, y, "y"), (X + y[:, None], 0 * y, "X")):
        with pytest.raises(ValueError, match=rf"{name} holds -1e[+]39, .* begin anew with X.astype\(np.float64\)"):
            unit.partial_fit(rows, numbers)
    unit.fit(X, 0 * y)


def test_a_fit_that_was_interrupted_before_the_first_layer_has_learned_nothing(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    unit = GMDHRegressor(random_state=0)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(ops, "gmdh_pairs", interrupt)
        unit.fit(X, NUMBERS)
    with pytest.raises(NotFittedError):
        check_is_fitted(unit)
    check_is_fitted(unit.fit(X, NUMBERS))


@pytest.mark.parametrize("unit", CLASSIFIERS + REGRESSORS + CODERS, ids=lambda unit: type(unit).__name__)
def test_columns_are_those_of_fit_by_name_and_in_their_order(unit):
    y, unit, framed = None if unit in CODERS else targets(unit)[0], clone(unit), Frame(BETWEEN, ["a", "b", "c"])
    answers = unit.transform if y is None else unit.predict
    for learn in (unit.fit, unit.partial_fit):
        learn(framed, y)
        assert unit.feature_names_in_.tolist() == ["a", "b", "c"]
    expected = answers(framed)
    for columns, words in ((["c", "b", "a"], "Feature names must be in the same order as they were in fit."),
                           (["a", "b", "d"], "Feature names unseen at fit time:\n- d\nFeature names seen at fit time, yet now missing:\n- c\n")):
        for call in (answers, lambda X: unit.partial_fit(X, y)):
            with pytest.raises(ValueError, match=f"The feature names should match those that were passed during fit.\n{words}"):
                call(Frame(BETWEEN, columns))
    with pytest.warns(UserWarning, match=f"X does not have valid feature names, but {type(unit).__name__} was fitted with feature names"):
        np.testing.assert_array_equal(answers(BETWEEN), expected)
    unit.fit(BETWEEN, y)
    assert not hasattr(unit, "feature_names_in_")
    with pytest.warns(UserWarning, match=f"X has feature names, but {type(unit).__name__} was fitted without feature names"):
        answers(framed)
    assert not hasattr(unit.fit(Frame(BETWEEN, [0, 1, "c"]), y), "feature_names_in_")


@each
def test_a_pipeline_scores_also_where_scikit_learn_routes_weights(unit):
    y, scored = targets(unit)
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(StandardScaler(), clone(unit)).fit(X, y)
        assert pipeline.score(X, y) == pytest.approx(scored(y, pipeline.predict(X)))
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            pipeline.score(X, y, sample_weight=np.ones(60))


@pytest.mark.parametrize("unit", REGRESSORS, ids=lambda unit: type(unit).__name__)
def test_a_single_row_has_no_r_squared(unit):
    with pytest.warns(UndefinedMetricWarning, match="R.2 score is not well-defined with less than two samples"):
        assert np.isnan(clone(unit).fit(X, NUMBERS).score(X[:1], NUMBERS[:1]))


def test_few_labels_are_found_as_many_are():
    rng = np.random.default_rng(0)
    for labels in (rng.integers(-3, 4, 5000), rng.integers(0, 2, 5000).astype(bool), rng.integers(0, 9, 5000).astype(np.uint8),
                   rng.choice([0.0, 2.0], 5000).astype(np.float32), rng.integers(0, 30, 5000), np.r_[np.zeros(5000, int), 1]):
        classes, places = np.unique(labels, return_inverse=True)
        unit = Perceptron()
        unit.classes_ = validation.distinct(labels)
        np.testing.assert_array_equal(unit.classes_, classes)
        assert unit.classes_.dtype == classes.dtype
        np.testing.assert_array_equal(validation.class_codes(unit, labels), places)
