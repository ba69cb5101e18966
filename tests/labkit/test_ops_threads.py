"""While a network learns or answers BLAS gets one thread, and all of them again after; large products are shared out among ours."""

import threading

import numpy as np
import pytest

from labkit import ops
from labkit.gmdh import GMDHRegressor
from labkit.kernels import gmdh as kernels
from labkit.kernels import matmul
from labkit.mlp import MLPClassifier


def threads():
    return [pool.num_threads for pool in ops._blas_pool().lib_controllers if pool.user_api == "blas"]


@pytest.mark.parametrize("multiply_adds, alone", [(2**10, False), (2**20, True), (2**27, True)])
def test_one_thread_for_products_that_would_take_several(multiply_adds, alone):
    before = threads()
    assert before
    with ops.blas_threads_for(multiply_adds):
        assert threads() == ([1] * len(before) if alone else before)
    assert threads() == before


def test_ctrl_c_while_the_threads_are_set_leaves_them_as_they_were(monkeypatch):
    def broken_off(pool, **limits):
        for library in pool.lib_controllers:
            library.set_num_threads(1)
        raise KeyboardInterrupt

    before = threads()
    assert max(before) > 1 or ops.devices.cores() == 1
    monkeypatch.setattr(type(ops._blas_pool()), "limit", broken_off)
    with pytest.raises(KeyboardInterrupt), ops.blas_threads_for(2**20):
        pass
    assert threads() == before and not ops._limiting.locked()


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


def test_large_products_are_shared_out_inside_and_left_to_blas_outside(monkeypatch):
    rng, shared = np.random.default_rng(0), []
    once = matmul.shared
    monkeypatch.setattr(matmul, "shared", lambda *product: (shared.append(product[1].shape), once(*product)))
    ops._kernel.cache_clear()
    A, small = rng.standard_normal((300, 300), np.float32), rng.standard_normal((300, 100), np.float32)
    outside = ops.matmul(A, A)
    with ops.blas_threads_for(A.size * 300):
        inside = ops.matmul(A, A)
        ops.matmul(A, small)
    network = MLPClassifier((300,), max_epochs=1, batch_size=300).fit(A, np.arange(300) % 2).network_
    network.predict(A)
    ops._kernel.cache_clear()
    np.testing.assert_allclose(inside, outside, atol=1e-4)
    assert shared == [(300, 300)] * 4          # ours; forwards and by the weights as it learns; forwards as it answers


def test_the_tables_of_a_gmdh_layer_are_made_at_once_where_that_pays(monkeypatch):
    rng, made = np.random.default_rng(0), []
    at_once = kernels._blas.at_once
    monkeypatch.setattr(kernels._blas, "at_once", lambda *tasks, **among: (made.append(threads()), at_once(*tasks, **among))[1])
    monkeypatch.setattr(kernels, "WORTH_A_THREAD", 90 * 21**2 - 1)
    for rows, cores, expected in ((90, 2, True), (89, 2, False), (90, 1, False)):
        monkeypatch.setattr(ops.devices, "cores", lambda cores=cores: cores)
        X, y = rng.normal(size=(90, 10)), rng.normal(size=90)
        found = ops.gmdh_pairs(X, y, X[:rows], y[:rows], False)
        assert made == [[1] * len(threads())] * expected
        for ours, theirs in zip(found, kernels.fit_pairs(X, y, X[:rows], y[:rows], False), strict=True):
            np.testing.assert_array_equal(ours, theirs)
        made.clear()


def test_two_fits_that_overlap_leave_all_threads_when_both_are_done():
    before, began, may_end = threads(), threading.Event(), threading.Event()

    def first():
        with ops.blas_threads_for(2**20):
            began.set()
            may_end.wait(10)

    one = threading.Thread(target=first)
    one.start()
    began.wait(10)
    with ops.blas_threads_for(2**20):
        assert threads() == [1] * len(before)
        may_end.set()
        one.join(10)
    assert threads() == before
    with ops.blas_threads_for(2**20), ops.blas_threads_for(2**20):
        assert threads() == [1] * len(before)
    assert threads() == before
