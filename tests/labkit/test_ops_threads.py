"""BLAS gets one thread where its products are too small to share, and all of them again after."""

import numpy as np
import pytest

from labkit import ops
from labkit.gmdh import GMDHRegressor
from labkit.kernels import gmdh as kernels
from labkit.mlp import MLPClassifier


def threads():
    return [pool.num_threads for pool in ops._blas_pool().lib_controllers if pool.user_api == "blas"]


@pytest.mark.parametrize("multiply_adds, alone", [(2**10, False), (2**20, True), (2**27, False)])
def test_one_thread_for_products_of_a_middling_size(multiply_adds, alone):
    before = threads()
    assert before
    with ops.blas_threads_for(multiply_adds):
        assert threads() == ([1] * len(before) if alone else before)
    assert threads() == before


def test_training_and_gmdh_compute_inside(monkeypatch):
    seen, before = [], threads()
    rng = np.random.default_rng(0)
    network = MLPClassifier((200,), max_epochs=1, batch_size=64)
    monkeypatch.setattr(network, "_loss", lambda Y, T: (seen.append(threads()), ops.loss("softmax_cross_entropy", Y, T, 1 / len(Y)))[1])
    network.fit(rng.normal(size=(64, 100)).astype(np.float32), np.arange(64) % 2)
    fit_pairs = kernels.fit_pairs
    monkeypatch.setattr(kernels, "fit_pairs", lambda *arguments: (seen.append(threads()), fit_pairs(*arguments))[1])
    ops._kernel.cache_clear()
    GMDHRegressor(max_layers=1).fit(rng.normal(size=(90, 10)), rng.normal(size=90))
    ops._kernel.cache_clear()
    assert seen == [[1] * len(before)] * 2 and threads() == before
