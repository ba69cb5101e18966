"""Autoencoders and Boltzmann machines: exact answers where they exist, gradients, stacking, bad input in words."""

import copy
import itertools
import pickle
import sys
import types

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from labkit.gradcheck import check_network
from labkit.layers import Dense
from labkit.losses import sigmoid_cross_entropy, squared_error
from labkit.network import Network
from labkit.optimizers import Adam, Momentum, rising_momentum
from labkit.pretraining import RBM, Autoencoder, encoder_layers, pretrain, unrolled
from tests.labkit.sklearn_checks import checks

QUICK = [Autoencoder((3,), max_epochs=3), RBM(4, max_epochs=3), RBM(4, "linear", learning_rate=0.001, max_epochs=3)]


@pytest.mark.parametrize("estimator, check", checks(*QUICK), ids=lambda x: getattr(x, "func", type(x)).__name__)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def stripes(size=3):
    """Bars and stripes: every image of whole rows or whole columns. Returns (n, size * size)."""
    lines = [np.array(bits, float) for bits in itertools.product([0, 1], repeat=size)]
    images = [np.tile(line, (size, 1)) for line in lines]
    return np.unique([image.ravel() for image in images] + [image.T.ravel() for image in images], axis=0)


def all_states(n):
    return np.array(list(itertools.product([0.0, 1.0], repeat=n)))


def test_free_energy_is_the_sum_over_all_hidden_states():
    rbm = RBM(3, max_epochs=1, random_state=0).fit(stripes(2))
    rng = np.random.default_rng(0)
    rbm.params_.flat[:] = rng.normal(size=rbm.params_.flat.size)
    V, H = all_states(4), all_states(3)
    energy = -(V @ rbm.weights_ @ H.T) - V @ rbm.visible_bias_[:, None] - H @ rbm.hidden_bias_
    np.testing.assert_allclose(rbm.free_energy(V), -np.log(np.exp(-energy).sum(axis=1)), rtol=1e-12)


def test_conditional_probabilities_are_those_of_the_energy():
    rbm = RBM(3, max_epochs=1, random_state=0).fit(stripes(2))
    rbm.params_.flat[:] = np.random.default_rng(1).normal(size=rbm.params_.flat.size)
    V, H = all_states(4), all_states(3)
    weight = np.exp(V @ rbm.weights_ @ H.T + V @ rbm.visible_bias_[:, None] + H @ rbm.hidden_bias_)
    np.testing.assert_allclose(rbm.hidden_given(V), weight @ H / weight.sum(axis=1, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(rbm.visible_given(H), weight.T @ V / weight.sum(axis=0)[:, None], rtol=1e-12)


def mean_log_probability(rbm, X):
    """Exact, by summing over all visible states."""
    return (-rbm.free_energy(X)).mean() - np.logaddexp.reduce(-rbm.free_energy(all_states(X.shape[1])))


def test_contrastive_divergence_raises_the_probability_of_what_was_seen():
    X = stripes(3)
    rbm = RBM(12, learning_rate=0.2, batch_size=7, max_epochs=1, weight_decay=0.0, random_state=0).fit(X)
    before = mean_log_probability(rbm, X)
    for _ in range(1500):
        rbm.partial_fit(X)
    after = mean_log_probability(rbm, X)
    best = -np.log(len(X))                          # each of the images equally often, and nothing else
    assert before < -6 and after > best - 1.0 and after <= best
    assert rbm.loss_per_epoch_[-50:].mean() < rbm.loss_per_epoch_[0] / 2


def test_one_step_of_contrastive_divergence_by_hand():
    rbm = RBM(2, batch_size=5, weight_decay=0.0, random_state=0)
    V = np.random.default_rng(0).integers(0, 2, (5, 3)).astype(float)
    rbm.fit(V)
    rbm.params_.flat[:] = np.random.default_rng(1).normal(size=rbm.params_.flat.size)
    W, c, b = (p.copy() for p in rbm.params_)
    s = lambda z: 1 / (1 + np.exp(-z))              # noqa: E731
    states = np.array([[1.0, 0], [0, 1], [1, 1], [0, 0], [1, 0]])
    rbm.sample = lambda H: states
    (dW, dc, db), error = rbm.contrastive_divergence(V)
    V1 = s(states @ W.T + b)
    np.testing.assert_allclose(dW, (V1.T @ s(V1 @ W + c) - V.T @ s(V @ W + c)) / 5, rtol=1e-12)
    np.testing.assert_allclose(dc, (s(V1 @ W + c) - s(V @ W + c)).mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(db, (V1 - V).mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(error, 0.5 * ((V - V1) ** 2).sum())


def test_samples_follow_their_probabilities():
    rbm = RBM(2, max_epochs=1, random_state=0).fit(stripes(2))
    drawn = rbm.sample(np.tile([0.2, 0.9], (20_000, 1)))
    assert set(np.unique(drawn)) == {0, 1}
    np.testing.assert_allclose(drawn.mean(axis=0), [0.2, 0.9], atol=5 * np.sqrt(0.25 / 20_000))


def test_a_linear_autoencoder_finds_what_principal_components_find():
    """With linear units the best code spans the first principal components (Bourlard and Kamp 1988)."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6)) * [3, 2, 1, 0.3, 0.2, 0.1]
    X -= X.mean(axis=0)
    model = Autoencoder((2,), code_activation="linear", optimizer=Adam(0.02), max_epochs=150, random_state=0).fit(X)
    best = (np.linalg.svd(X, compute_uv=False)[2:] ** 2).sum()
    wrong = ((X - model.reconstruct(X)) ** 2).sum()
    assert best <= wrong < 1.05 * best
    assert model.transform(X).shape == (200, 2)


def test_the_eight_three_eight_encoder():
    X = np.eye(8)
    model = Autoencoder((3,), loss="sigmoid_cross_entropy", optimizer=Adam(0.05), batch_size=8, max_epochs=1500, random_state=1).fit(X)
    np.testing.assert_array_equal(model.reconstruct(X).argmax(axis=1), np.arange(8))
    assert len(np.unique(model.transform(X).round(), axis=0)) >= 6


@pytest.mark.parametrize("loss", ["squared_error", "sigmoid_cross_entropy"])
def test_its_gradients_agree_with_central_differences(loss):
    X = np.random.default_rng(0).random((7, 5))
    model = Autoencoder((4, 2), "tanh", "linear", loss, max_epochs=1, random_state=0).fit(X)
    check_network(model.network_, X, X, {"squared_error": squared_error, "sigmoid_cross_entropy": sigmoid_cross_entropy}[loss])
    assert [layer.n_units for layer in model.network_.layers if layer.n_units] == [4, 2, 4, 5]


def test_encoder_and_decoder_are_the_network_cut_in_two():
    X = np.random.default_rng(0).random((9, 5))
    model = Autoencoder((4, 2), max_epochs=2, random_state=0).fit(X)
    np.testing.assert_allclose(model.inverse_transform(model.transform(X)), model.network_.predict(X), rtol=1e-12)
    assert np.shares_memory(model.encoder_.params.flat, model.network_.params.flat)


@pytest.mark.parametrize("make", [lambda n: RBM(n, max_epochs=2, random_state=0),
                                  lambda n: Autoencoder((n,), loss="sigmoid_cross_entropy", max_epochs=2, random_state=0)])
def test_a_stack_becomes_a_network(make):
    X = stripes(3)
    models = pretrain(X, (6, 4), make)
    net = Network(*encoder_layers(models), Dense(4, 2, random_state=0))
    np.testing.assert_allclose(net.activations(X)[4], models[1].transform(models[0].transform(X)), rtol=1e-12)
    whole = unrolled(models)
    there_and_back = models[0].inverse_transform(models[1].inverse_transform(net.activations(X)[4]))
    np.testing.assert_allclose(1 / (1 + np.exp(-whole.predict(X))), there_and_back, rtol=1e-12)
    before = models[0].params_.flat.copy()
    whole.train_step(X, X, sigmoid_cross_entropy, Adam(0.1))
    np.testing.assert_array_equal(models[0].params_.flat, before)           # fine-tuning changes copies


def test_fine_tuning_goes_on_from_the_stack():
    """The stack alone reconstructs well, fine-tuning makes it better, and the same network from a plain start is far behind."""
    X = stripes(3)
    stacked = unrolled(pretrain(X, (16, 8), lambda n: RBM(n, learning_rate=0.3, max_epochs=200, random_state=0)))
    plain = Autoencoder((16, 8), loss="sigmoid_cross_entropy", max_epochs=1, random_state=0).fit(X).network_
    losses = {}
    for name, net in (("stacked", stacked), ("plain", plain)):
        optimizer = Adam(0.02)
        losses[name] = [float(net.train_step(X, X, sigmoid_cross_entropy, optimizer)) for _ in range(150)]
    assert losses["stacked"][0] < 1 and losses["stacked"][-1] < losses["stacked"][0] / 5
    assert losses["plain"][-1] > 10 * losses["stacked"][-1]


def test_partial_fit_is_one_epoch_of_fit():
    X = stripes(3)
    for model in (RBM(4, max_epochs=3, random_state=0), Autoencoder((4,), max_epochs=3, random_state=0)):
        whole = model.fit(X).params_.flat.copy()
        model = clone(model)
        for _ in range(3):
            model.partial_fit(X)
        np.testing.assert_array_equal(model.params_.flat, whole)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
@pytest.mark.parametrize("make", [lambda: RBM(4, momentum=rising_momentum(), max_epochs=2, random_state=0),
                                  lambda: Autoencoder((4, 2), optimizer=Momentum(0.1), max_epochs=2, random_state=0)])
def test_a_copied_or_pickled_model_goes_on_learning(make, copied):
    X = stripes(3)
    model = make().fit(X)
    other, before = copied(model), model.params_.flat.copy()
    other.partial_fit(X)
    np.testing.assert_array_equal(model.params_.flat, before)
    model.partial_fit(X)
    np.testing.assert_array_equal(other.params_.flat, model.params_.flat)
    np.testing.assert_array_equal(other.transform(X), model.transform(X))
    assert (other.transform(X) != copied(make().fit(X)).transform(X)).any()     # what it answers from is what it learns


def test_float32_stays_float32():
    X = stripes(3).astype(np.float32)
    for model in (RBM(4, max_epochs=1), RBM(4, "linear", 0.01, max_epochs=1), Autoencoder((4,), max_epochs=1)):
        assert model.fit(X).transform(X).dtype == model.reconstruct(X).dtype == model.params_.flat.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, float])
@pytest.mark.parametrize("model", QUICK, ids=repr)
def test_a_code_may_be_of_any_numbers(model, dtype):
    model = clone(model).fit(stripes(3).astype(dtype))
    code = model.transform(stripes(3)).round()
    expected = model.inverse_transform(code)
    assert expected.dtype == dtype
    for other in (code.astype(np.float32), code.astype(float), code.astype(int), code.tolist()):
        np.testing.assert_array_equal(model.inverse_transform(other), expected)


@pytest.mark.parametrize("model", QUICK, ids=repr)
@pytest.mark.parametrize("ask", [lambda model: model.inverse_transform(np.ones((1, 3))), lambda model: model.encoder_layers(),
                                 lambda model: model.decoder_layers(scores=True), lambda model: model.reconstruct(np.ones((1, 3)))])
def test_a_coder_that_learned_nothing_says_so(model, ask):
    with pytest.raises(NotFittedError, match=r"has learned nothing yet; call fit\(X\) first"):
        ask(clone(model))


@pytest.mark.parametrize("model", QUICK, ids=repr)
def test_a_code_comes_as_the_data_frame_that_was_asked_for(model, monkeypatch):
    class DataFrame:
        def __init__(self, values, index=None, columns=None, schema=None):
            self.values, self.index, self.columns = values, index, list(columns if schema is None else schema)

        def __array__(self, dtype=None, copy=None):
            return np.array(self.values, dtype)

    class Rows(DataFrame):
        iloc = None

    for library in ("pandas", "polars"):
        monkeypatch.setitem(sys.modules, library, types.SimpleNamespace(DataFrame=DataFrame))
    model = clone(model).fit(stripes(3))
    code, names = model.transform(stripes(3)), [f"{type(model).__name__.lower()}{k}" for k in range(model.transform(stripes(3)).shape[1])]
    assert model.get_feature_names_out().tolist() == names
    for library in ("pandas", "polars"):
        with config_context(transform_output=library):
            frame = model.transform(stripes(3))
        assert frame.columns == names and (frame.values == code).all()
        asked = clone(clone(model).set_output(transform=library)).set_output().fit(stripes(3))
        assert asked.transform(stripes(3)).columns == names and asked.reconstruct(stripes(3)).shape == stripes(3).shape
        assert type(asked.set_output(transform="default").transform(stripes(3))) is np.ndarray
    framed = Rows(stripes(3), object(), list("abcdefghi"))
    assert model.set_output(transform="pandas").fit(framed).transform(framed).index is framed.index
    for wrong, words in ((["a", "b"], "input_features is not equal to feature_names_in_"), (["x"] * 4, "input_features is not equal")):
        with pytest.raises(ValueError, match=words):
            model.get_feature_names_out(wrong)
    with pytest.raises(ValueError, match=r"input_features should have length equal to number of features \(9\), got 2"):
        model.fit(stripes(3)).get_feature_names_out(["a", "b"])
    with pytest.raises(ValueError, match="transform is 'numpy' but has to be 'default', 'pandas' or 'polars'"):
        model.set_output(transform="numpy")


def test_units_that_a_machine_does_not_have_are_refused_in_words():
    rbm, coder = RBM(2, max_epochs=1, random_state=0).fit(stripes(3)), Autoencoder((2,), max_epochs=1, random_state=0).fit(stripes(3))
    for ask, name in ((rbm.hidden_given, "V"), (rbm.contrastive_divergence, "V"), (rbm.visible_given, "H"), (rbm.inverse_transform, "code"),
                      (coder.inverse_transform, "code")):
        with pytest.raises(ValueError, match=f"{name} has 5 columns, but {9 if name == 'V' else 2} are expected, one for each unit"):
            ask(np.ones((4, 5)))


def test_bad_input_is_refused_in_words():
    with pytest.warns(UserWarning, match="X runs from -1 to 1, but an RBM's visible units are probabilities, from 0 to 1; scale the columns."):
        RBM(2, max_epochs=1).fit(2 * stripes(2) - 1)
    with pytest.raises(ValueError, match="hidden is 'ternary' but has to be 'binary' or 'linear'"):
        RBM(2, "ternary").fit(stripes(2))
    with pytest.raises(ValueError, match="loss is 'l1' but has to be one of squared_error, sigmoid_cross_entropy"):
        Autoencoder(loss="l1").fit(stripes(2))
    with pytest.raises(ValueError, match="an activation is 'swish' but has to be one of"):
        Autoencoder(code_activation="swish").fit(stripes(2))
    with pytest.raises(ValueError, match="an activation is 'Relu' but has to be one of"):
        Autoencoder((4,), "Relu").fit(stripes(2))                   # also where there is one hidden layer, the code
    for model, wrong, words in ((Autoencoder((2,)), {"loss": "l1"}, "loss is 'l1'"), (RBM(2), {"hidden": "ternary"}, "hidden is 'ternary'"),
                                (RBM(2), {"weight_decay": -1}, "weight_decay is -1"), (RBM(2), {"momentum": "x"}, "momentum is 'x'")):
        with pytest.raises(ValueError, match=words):
            model.partial_fit(stripes(2)).set_params(**wrong).partial_fit(stripes(2))
    with pytest.raises(TypeError, match=r"make is RBM\(.*, but a function of the number of units is expected"):
        pretrain(stripes(2), (3,), RBM(3))
    with pytest.raises(ValueError, match="momentum is None but has to be a number or a schedule"):
        RBM(2, momentum=None).fit(stripes(2))
    with pytest.raises(ValueError, match="batch_size must be a whole number, 1 or more, got 0"):
        RBM(2, max_epochs=1).fit(stripes(2)).set_params(batch_size=0).partial_fit(stripes(2))
    with pytest.raises(ValueError, match="Input X contains NaN"):
        RBM(2).fit([[np.nan, 1.0]])
    with pytest.raises(FloatingPointError, match=r"Training diverged in epoch \d+: .* learning rate"):
        Autoencoder((4,), "tanh", "linear", optimizer="gradient_descent", learning_rate=1e3, random_state=0).fit(stripes(3))


@pytest.mark.parametrize("model, right", [(RBM(2, momentum=None), {"momentum": 0.5}), (Autoencoder((2,), optimizer="x"), {"optimizer": "adam"})])
def test_a_setting_that_was_refused_can_be_put_right(model, right):
    with pytest.raises(ValueError):
        model.partial_fit(stripes(2))
    with pytest.raises(NotFittedError):
        model.transform(stripes(2))
    assert len(model.set_params(**right).partial_fit(stripes(2)).loss_per_epoch_) == 1


def test_the_parts_of_a_machine_take_lists_and_any_numbers():
    X = np.array([[0, 1, 1], [1, 0, 0]])
    rbm = RBM(2, max_epochs=1, random_state=0).fit(X)
    for V in (X, X.tolist(), X.astype(np.float32), X.astype(">f8"), X.astype(float)):
        np.testing.assert_allclose(rbm.hidden_given(V), rbm.transform(X), rtol=1e-12)
        assert np.isfinite(rbm.contrastive_divergence(V)[0].flat).all()
        assert rbm.sample(V).dtype == float and set(rbm.sample(V).ravel()) <= {0, 1}
    with pytest.raises(ValueError, match="V has no rows, but contrastive divergence averages over them"):
        rbm.contrastive_divergence(X[2:])


@pytest.mark.parametrize("make", [lambda n: RBM(n, max_epochs=1, batch_size=n, random_state=0),
                                  lambda n: Autoencoder((n, n), max_epochs=1, batch_size=n, random_state=0)])
def test_small_whole_numbers_of_numpy_do_not_overflow(make):
    X = np.random.default_rng(0).random((300, 5))
    np.testing.assert_array_equal(make(np.int8(100)).fit(X).transform(X), make(100).fit(X).transform(X))


@pytest.mark.parametrize("amount", [-0.1, np.nan, "0.1"])
def test_an_impossible_weight_decay_is_refused_in_words(amount):
    with pytest.raises(ValueError, match="weight_decay is .* but has to be a number, 0 or more"):
        RBM(2, weight_decay=amount).fit(np.eye(3))
