"""What models do on a real GPU beyond single kernels: Ivakhnenko's layer, memory from the pool, the training step as a CUDA graph."""

import gc
import os
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from labkit import devices, gmdh, mlp, ops
from labkit.capture import CapturedStep
from labkit.gmdh import GMDHRegressor
from labkit.losses import softmax_cross_entropy
from labkit.mlp import MLPClassifier, train_epoch
from labkit.network import dense_network
from labkit.optimizers import Adam, Momentum, Nesterov, inverse_time, rising_momentum
from labkit.regularization import L2, MaxNorm

pytestmark = pytest.mark.gpu


@pytest.fixture
def cuda():
    from labkit import _cuda

    return _cuda.real()


def columns(m, n):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((m, n)) + rng.standard_normal((m, 1))
    return X, X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3] + 0.1 * rng.standard_normal(m)


# Ivakhnenko's layer

def test_a_gmdh_fit_is_that_on_the_cpu(monkeypatch):
    monkeypatch.setattr(gmdh, "WORTH_A_GPU", 0)
    X, y = columns(20_000, 30)
    models = []
    for place in ("cuda", "cpu"):
        monkeypatch.setenv("LABKIT_DEVICE", place)
        models.append(GMDHRegressor(max_layers=3, random_state=0).fit(X, y))
    there, here = models
    for ours, theirs in zip(there.layers_, here.layers_, strict=True):
        np.testing.assert_array_equal(ours.left, theirs.left)
        np.testing.assert_allclose(ours.weights, theirs.weights, rtol=1e-8, atol=1e-10)


def test_a_layer_of_200_inputs_is_that_on_the_cpu_and_the_same_every_time(cuda):
    X, y = columns(100_000, 200)
    rows = X[:70_000], y[:70_000], X[70_000:], y[70_000:]
    moved = [cuda.to_device(np.ascontiguousarray(a)) for a in rows]
    there, again, here = ops.gmdh_pairs(*moved, False), ops.gmdh_pairs(*moved, False), ops.gmdh_pairs(*rows, False)
    for first, second, theirs in zip(there, again, here, strict=True):
        np.testing.assert_array_equal(first, second)
        np.testing.assert_allclose(first, theirs, rtol=1e-7, atol=1e-9)


def test_a_layer_of_200_inputs_takes_under_5_ms_on_an_h200(cuda):
    """Rows on the GPU, coefficients and errors of all pairs there: 100,000 rows in all."""
    if "H200" not in devices.find_gpu().name:
        pytest.skip("the time is stated for an H200")
    X, y = columns(100_000, 200)
    moved = [cuda.to_device(np.ascontiguousarray(a)) for a in (X[:70_000], y[:70_000], X[70_000:], y[70_000:])]
    W, errors = ops.empty((19_900, 6), moved[0]), ops.empty(19_900, moved[0])
    times = []
    for _ in range(7):
        cuda.synchronize()
        start = time.perf_counter()
        first, second = ops._gmdh_tables(*moved[:2]), ops._gmdh_tables(*moved[2:])
        ops._run("gmdh", "pairs", W, errors, *first, *second, 1.0)
        cuda.synchronize()
        times.append(time.perf_counter() - start)
    assert np.median(times[2:]) < 0.005


# Memory

def address(array):
    return array.__cuda_array_interface__["data"][0]


def test_memory_is_used_again_and_given_back(cuda):
    devices.free()
    free_before, _ = cuda.current_context().get_memory_info()
    a = cuda.to_device(np.zeros(2**26, np.float32))
    where = address(a)
    part = a[5:10]
    del a
    assert address(cuda.device_array(2**26, np.float32)) != where       # a part keeps the whole
    del part
    assert address(cuda.device_array(2**26 - 9, np.float32)) == where   # the same class of sizes, and the last given back
    assert cuda.current_context().get_memory_info()[0] < free_before
    gc.collect()
    assert devices.free() >= 2**28
    assert cuda.current_context().get_memory_info()[0] >= free_before - 2**21


def test_reused_memory_is_not_written_too_early(cuda):
    """A long kernel reads what the host lets go of at once; the array that gets its memory must wait."""
    n = 2**24
    for round in range(20):
        source = cuda.to_device(np.full(n, round, np.float32))
        out = ops.scaled(source, 1.0)
        del source
        other = cuda.to_device(np.full(n, -1, np.float32))
        assert (out.copy_to_host() == round).all() and (other.copy_to_host() == -1).all()


@pytest.mark.parametrize(("setting", "fits"), [("64 MiB", False), ("2 GiB", True)])
def test_the_limit_holds_for_the_process(setting, fits):
    code = "from labkit import cuda; import numpy as np; cuda.to_device(np.zeros(2**25, np.float32)); print('fits')"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                         env={**os.environ, "LABKIT_GPU_MEMORY": setting, "LABKIT_DEVICE": "cuda", "PYTHONPATH": os.pathsep.join(sys.path)})
    assert (out.stdout.strip() == "fits") == fits
    assert fits or "MemoryError: There is no room on the GPU for 128.0 MiB more" in out.stderr


# The training step as a graph

OPTIMIZERS = {
    "momentum": (lambda: Momentum(inverse_time(0.1, 0.01), rising_momentum(0.95, 20)), (MaxNorm(2.0),)),
    "nesterov": (lambda: Nesterov(0.05), ()),
    "adam": (lambda: Adam(0.001), (L2(1e-4),)),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_captured_step_trains_the_same_weights(cuda, name):
    make, regularizers = OPTIMIZERS[name]
    rng = np.random.default_rng(0)
    X, T = cuda.to_device(rng.standard_normal((1050, 50), dtype=np.float32)), cuda.to_device(rng.integers(0, 10, 1050))
    flats = []
    for graph in (False, True):
        network, optimizer = dense_network((50, 130, 70, 10), dropout=0.2, random_state=0, dtype=np.float32).move(cuda), make()
        rng = np.random.default_rng(1)
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            step = CapturedStep(network, X, T, softmax_cross_entropy, optimizer, regularizers, 100) if graph else None
            losses = [train_epoch(network, X, T, softmax_cross_entropy, optimizer, 100, rng.permutation(1050), regularizers, step) for _ in range(3)]
        assert step is None or step.graph is not None
        assert losses[-1] < losses[0]
        flats.append(network.move().params.flat)
    np.testing.assert_allclose(flats[1], flats[0], rtol=1e-5, atol=1e-6)


def test_a_fit_with_and_without_a_graph(monkeypatch):
    monkeypatch.setenv("LABKIT_DEVICE", "cuda")
    monkeypatch.setattr(mlp, "WORTH_A_GPU", 0)
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((1030, 20), dtype=np.float32), rng.integers(0, 4, 1030)
    models = []
    for graph in ("1", "0"):
        monkeypatch.setenv("LABKIT_CUDA_GRAPH", graph)
        models.append(MLPClassifier((64, 32), dropout=0.1, batch_size=64, max_epochs=3, random_state=0).fit(X, y))
    np.testing.assert_allclose(models[0].network_.params.flat, models[1].network_.params.flat, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(models[0].loss_per_epoch_, models[1].loss_per_epoch_, rtol=1e-5)


def test_a_graph_is_faster_than_its_kernels_one_by_one(cuda):
    rng = np.random.default_rng(0)
    X, T = cuda.to_device(rng.standard_normal((6400, 64), dtype=np.float32)), cuda.to_device(rng.integers(0, 10, 6400))
    seconds = {}
    for graph in (False, True):
        network, optimizer = dense_network((64, 64, 64, 10), dropout=0.2, random_state=0, dtype=np.float32).move(cuda), Momentum(0.01)
        step = CapturedStep(network, X, T, softmax_cross_entropy, optimizer, (), 64) if graph else None
        for _ in range(3):
            start = time.perf_counter()
            train_epoch(network, X, T, softmax_cross_entropy, optimizer, 64, rng.permutation(6400), (), step)
            seconds[graph] = time.perf_counter() - start
    assert seconds[True] < seconds[False]
