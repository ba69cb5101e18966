"""Operations: the same in plain NumPy, in compiled code and on the (emulated) GPU, for numbers of every kind."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit import losses, ops
from labkit.activations import ACTIVATIONS, PReLU, Softmax
from labkit.emulator import cuda
from labkit.kernels import matmul
from labkit.layers import Dense
from labkit.losses import softmax_cross_entropy
from labkit.network import Network, dense_network
from labkit.optimizers import OPTIMIZERS
from labkit.regularization import L1, L2, Dropout, MaxNorm, WeightDecay

STRANGE = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-310, -1e-310, 1e-40, 1e4, -1e4, 88.0, -88.0, 710.0, 5e-8, -5e-8, 1.0, -1.0]


@pytest.fixture(params=["numpy", "compiled"])
def form(request, monkeypatch):
    """Run everything in plain NumPy, then everything in compiled code, whatever its size."""
    monkeypatch.setattr(ops, "SMALL", 10**9 if request.param == "numpy" else 0)
    return request.param


def in_both_forms(monkeypatch, compute):
    results = []
    for small in (10**9, 0):
        monkeypatch.setattr(ops, "SMALL", small)
        with np.errstate(all="ignore"):
            results.append(compute())
    return results


@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-6), (np.float64, 1e-14)])
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "prelu", "softmax"])
def test_strange_numbers_come_out_alike(monkeypatch, name, dtype, tolerance):
    """NaN, infinities, numbers too small for their type's full precision: in a table, and each in a row of its own."""
    with np.errstate(over="ignore"):
        row = np.array(STRANGE).astype(dtype)
    columns = row[:, None]
    ordinary = np.array([[0.3, -1.2]], dtype).repeat(len(row), axis=0)
    for X in (np.hstack([columns, ordinary]), np.hstack([ordinary, columns])):
        layer = {"prelu": PReLU(3, dtype=dtype), "softmax": Softmax()}.get(name) or ACTIVATIONS[name]()

        def compute(X=X, layer=layer):
            Y, backprop = layer.forward(X)
            return Y, backprop(np.ones_like(X))[0]

        for plain, compiled in zip(*in_both_forms(monkeypatch, compute), strict=True):
            np.testing.assert_allclose(compiled, plain, rtol=tolerance, atol=tolerance)


def test_what_is_too_small_to_hold_is_0_in_both_forms_also_under_seterr(form):
    with np.errstate(all="raise"):
        Y, _ = Softmax().forward(np.array([[0.0, -800.0]]))
    assert Y.tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("name", ["softmax_cross_entropy", "sigmoid_cross_entropy", "squared_error"])
def test_strange_scores_come_out_alike(monkeypatch, name):
    with np.errstate(over="ignore"):
        Z = np.column_stack([np.array(STRANGE), np.zeros(len(STRANGE)), np.full(len(STRANGE), -2.0)])
    T = np.tile([0, 1, 0], (len(Z), 1)).astype(float)
    for plain, compiled in zip(*in_both_forms(monkeypatch, lambda: getattr(losses, name)(Z, T)), strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=1e-13)


@given(n=st.integers(0, 40), m=st.integers(1, 40), k=st.integers(1, 40), seed=st.integers(0, 99), a=st.booleans(), b=st.booleans(),
       keep=st.sampled_from([0.0, 0.5]), dtype=st.sampled_from([np.float32, np.float64]))
@settings(deadline=None, max_examples=60)
def test_products_of_any_shape_and_transposition(n, m, k, seed, a, b, keep, dtype):
    rng = np.random.default_rng(seed)
    A, B = rng.normal(size=(k, n) if a else (n, k)).astype(dtype), rng.normal(size=(m, k) if b else (k, m)).astype(dtype)
    out = rng.normal(size=(n, m)).astype(dtype)
    expected = 2 * (A.T if a else A) @ (B.T if b else B) + keep * out
    got = ops.matmul(A, B, out, a, b, 2.0, keep)
    assert got is out
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-4 if dtype == np.float32 else 1e-12)


def test_what_is_not_kept_is_not_read():
    out = np.full((2, 2), np.nan)
    ops.matmul(np.eye(2), np.eye(2), out)
    np.testing.assert_array_equal(out, np.eye(2))


def test_products_that_do_not_fit_are_refused_in_words():
    with pytest.raises(ValueError, match="a matrix of 2 x 3 cannot be multiplied by one of 2 x 3; the inner sizes have to agree"):
        ops.matmul(np.ones((2, 3)), np.ones((2, 3)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_training_step_is_the_same_in_both_forms(monkeypatch, dtype):
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(37, 9)).astype(dtype), rng.integers(0, 5, 37)

    def compute():
        net = dense_network((9, 33, 17, 5), "prelu", dropout=0.3, random_state=0, dtype=dtype)
        optimizer = OPTIMIZERS["adam"](0.01)
        for _ in range(3):
            net.train_step(X, labels, softmax_cross_entropy, optimizer, (L1(0.01), L2(0.01), WeightDecay(0.01), MaxNorm(1.0)))
        return net.params.flat

    plain, compiled = in_both_forms(monkeypatch, compute)
    np.testing.assert_allclose(compiled, plain, rtol=1e-3 if dtype == np.float32 else 1e-10, atol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_optimizers_are_the_same_in_both_forms(monkeypatch, name, dtype):
    start, gradients = np.random.default_rng(0).normal(size=(2, 1001)).astype(dtype)
    gradients[::7] = 0

    def compute():
        w, optimizer = start.copy(), OPTIMIZERS[name]()
        for t in range(4):
            optimizer.look_ahead([w])
            optimizer.step([w], [gradients * dtype(1 + t)])
        return w

    plain, compiled = in_both_forms(monkeypatch, compute)
    np.testing.assert_allclose(compiled, plain, rtol=1e-5 if dtype == np.float32 else 1e-12, atol=1e-6 if dtype == np.float32 else 1e-14)


def test_a_nan_in_a_gradient_reaches_the_parameters(form):
    for name, make in OPTIMIZERS.items():
        w, optimizer = np.ones(3), make()
        optimizer.look_ahead([w])
        with np.errstate(all="ignore"):
            optimizer.step([w], [np.array([0.1, np.nan, 0.1])])
        assert np.isnan(w).tolist() == [False, True, False], name


def test_dropout_masks_are_the_same_in_both_forms(monkeypatch):
    plain, compiled = in_both_forms(monkeypatch, lambda: Dropout(0.3, random_state=5).draw_mask(np.ones((41, 13), np.float32)))
    np.testing.assert_array_equal(plain, compiled)


def test_one_program_in_two_places():
    """The same training steps on NumPy's arrays and on the emulated GPU's, where no array can be read in passing."""
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(6, 5)).astype(np.float32), rng.integers(0, 3, 6)
    layers = lambda: (Dense(5, 4, random_state=0, dtype=np.float32), PReLU(4, dtype=np.float32), Dropout(0.2, random_state=1),      # noqa: E731
                      Dense(4, 3, random_state=2, dtype=np.float32))
    here, there = Network(*layers()), Network(*layers()).move(cuda)
    for name in ("momentum", "nesterov", "adam"):
        losses = []
        for net, x, t in ((here, X, labels), (there, cuda.to_device(X), cuda.to_device(labels))):
            optimizer = OPTIMIZERS[name](0.05)
            losses.append([float(net.train_step(x, t, softmax_cross_entropy, optimizer, (L2(0.01), L1(0.001), MaxNorm(1.0))))
                           for _ in range(2)])
        np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    np.testing.assert_allclose(there.move().params.flat, here.params.flat, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(there.predict(X), here.predict(X), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name, loss, outputs", [("sigmoid", "squared_error", 2), ("tanh", "sigmoid_cross_entropy", 1), ("relu", "binary", 2)])
def test_other_layers_and_losses_on_the_emulated_gpu(name, loss, outputs):
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(5, 3)).astype(np.float32), rng.random((5, outputs)).astype(np.float32)
    here = dense_network((3, 4, outputs), name, random_state=0, dtype=np.float32)
    there = dense_network((3, 4, outputs), name, random_state=0, dtype=np.float32)
    function = getattr(losses, loss, losses.sigmoid_cross_entropy)
    expected, grads = here.gradient(X, T, function)
    got, there_grads = there.move(cuda).gradient(cuda.to_device(X), cuda.to_device(T), function)
    np.testing.assert_allclose(float(got), expected, rtol=1e-5)
    np.testing.assert_allclose(there_grads.flat.copy_to_host(), grads.flat, rtol=1e-4, atol=1e-6)


def test_choosing_rows_anywhere():
    X, rows = np.arange(12, dtype=np.float32).reshape(4, 3), np.array([2, 0, 2])
    np.testing.assert_array_equal(ops.take(X, rows), X[rows])
    np.testing.assert_array_equal(ops.take(cuda.to_device(X), rows).copy_to_host(), X[rows])
    np.testing.assert_array_equal(ops.take(cuda.to_device(np.arange(4)), rows).copy_to_host(), [2, 0, 2])
    np.testing.assert_array_equal(ops.row_argmax(np.array([[1.0, 3, 3], [2, 0, 1]])), [1, 0])


@pytest.mark.parametrize("transpose_b", [False, True])
def test_a_product_taller_than_a_launch_is_made_in_several(monkeypatch, transpose_b):
    monkeypatch.setattr(matmul, "MOST_BLOCKS", 2)               # two tiles of 32 rows at a time
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(131, 3)).astype(np.float32), rng.normal(size=(3, 5)).astype(np.float32)
    kernel, heights = matmul.FORMS[32, False, transpose_b], []
    real = kernel.on_emulator
    monkeypatch.setitem(vars(kernel), "on_emulator", lambda out, *rest: (heights.append(len(out)), real(out, *rest)))
    got = ops.matmul(cuda.to_device(A), cuda.to_device(B.T.copy() if transpose_b else B), transpose_b=transpose_b)
    np.testing.assert_allclose(got.copy_to_host(), A @ B, rtol=1e-5, atol=1e-6)
    assert heights == [64, 64, 3]


def test_a_float64_network_stays_off_the_gpu():
    with pytest.raises(TypeError, match="this network computes in float64, but the GPU's kernels in float32; build it with dtype=np.float32"):
        Network(Dense(2, 1)).move(cuda)


def test_the_other_order_of_bytes_is_turned_round():
    X = np.random.default_rng(0).normal(size=(300, 5))
    np.testing.assert_array_equal(ops.sigmoid(X.astype(">f8")), ops.sigmoid(X))


@pytest.mark.parametrize("compute", [ops.sigmoid, lambda X: losses.squared_error(np.ones((2, 2)), X), Softmax().forward])
@pytest.mark.parametrize("X, words", [
    (np.ma.masked_array(np.ones((2, 2)), mask=np.eye(2)), "is a masked array, and its mask would be overlooked"),
    ([[1.0, 2.0], [3.0]], "has rows of different lengths; every row needs as many numbers as the first."),
])
def test_gaps_are_refused_in_words(compute, X, words):
    with pytest.raises(ValueError, match=words):
        compute(X)


def test_a_gradient_may_be_a_list_and_no_complex_numbers():
    _, backprop = Softmax().forward(np.ones((2, 2)))
    np.testing.assert_array_equal(backprop([[1.0, 0.0], [0.0, 1.0]])[0], [[0.25, -0.25], [-0.25, 0.25]])
    with pytest.raises(TypeError, match=r"dY holds complex numbers.* convert with np.asarray\(dY, dtype=np.float64\)"):
        backprop(1j * np.ones((2, 2)))
