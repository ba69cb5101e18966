"""BLAS by its addresses computes what NumPy does, on parts of tables too; functions run on several threads, or on one."""

import os
import sys
import threading

import numpy as np
import pytest

from labkit.kernels import _blas, matmul
from labkit.outcomes import time_limit

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-13}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("transpose_a", (False, True))
@pytest.mark.parametrize("transpose_b", (False, True))
def test_products_of_parts_of_tables(dtype, transpose_a, transpose_b):
    rng, tolerance = np.random.default_rng(0), TOLERANCE[dtype]
    wide = rng.standard_normal((40, 50)).astype(dtype)
    a = wide[3:20, 5:18]                                # rows that lie apart
    a = wide[2:15, 7:24] if transpose_a else a          # op(a) is (17, 13)
    b = rng.standard_normal((9, 13) if transpose_b else (13, 9)).astype(dtype)
    out = rng.standard_normal((17, 20)).astype(dtype)
    expected = out.copy()
    expected[:, 4:13] = 2 * ((a.T if transpose_a else a) @ (b.T if transpose_b else b)) - 3 * out[:, 4:13]
    _blas.gemm(2.0, a, b, -3.0, out[:, 4:13], transpose_a, transpose_b)
    np.testing.assert_allclose(out, expected, rtol=tolerance, atol=20 * tolerance)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_what_is_not_kept_may_be_anything(dtype):
    a, out = np.eye(3, dtype=dtype), np.full((3, 3), np.nan, dtype)
    _blas.gemm(1.0, a, a, 0.0, out)
    np.testing.assert_array_equal(out, a)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_gram_and_projection(dtype):
    rng, tolerance = np.random.default_rng(1), 50 * TOLERANCE[dtype]
    a, t = rng.standard_normal((31, 12)).astype(dtype)[:, 1:8], rng.standard_normal(31).astype(dtype)
    gram, shares = np.ones((7, 7), dtype), np.ones(7, dtype)
    _blas.add_gram(a, gram)
    _blas.add_projection(a, t, shares)
    np.testing.assert_allclose(np.tril(gram), np.tril(1 + a.T @ a), rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(np.triu(gram, 1), np.triu(np.ones((7, 7)), 1))
    np.testing.assert_allclose(shares, 1 + a.T @ t, rtol=tolerance, atol=tolerance)


def test_a_single_row_with_any_stride():
    a, out = np.lib.stride_tricks.as_strided(np.arange(3.0), (1, 3), (0, 8)), np.empty((1, 3))
    _blas.gemm(1.0, a, np.eye(3), 0.0, out)
    np.testing.assert_array_equal(out, [[0, 1, 2]])


def test_a_product_leaves_python_s_lock_free():
    """No thread is made to give the lock up here, so another one runs only where a product lets go of it."""
    a, here, go, ran = np.ones((500, 500)), threading.Event(), threading.Event(), threading.Event()
    out = np.empty_like(a)
    _blas.gemm(1.0, a, a, 0.0, out)         # the routine is looked up before
    other = threading.Thread(target=lambda: (here.set(), go.wait(60), ran.set()))
    other.start()
    here.wait(60)
    patient = sys.getswitchinterval()
    sys.setswitchinterval(1e6)
    try:
        go.set()
        for _ in range(200):                # on a busy machine the other thread may need more than one product to wake up
            _blas.gemm(1.0, a, a, 0.0, out)
            if ran.is_set():
                break
        beside = ran.is_set()
    finally:
        sys.setswitchinterval(patient)
        other.join()
    assert beside, "no other thread ran during the products"


def beside_each_other():
    """Whether of two functions, the first of which waits for the second, each ran on a thread of its own."""
    started = threading.Event()
    (waited, one), (_, other) = _blas.at_once([lambda: (started.wait(10), threading.get_ident()), lambda: (started.set(), threading.get_ident())],
                                              threads=2)
    return waited and one != other


def test_all_give_their_results_in_order_and_the_second_runs_beside_the_first():
    assert beside_each_other()
    assert _blas.at_once([lambda k=k: k for k in range(50)], threads=4) == list(range(50))


def test_with_one_thread_all_run_here():
    assert _blas.at_once([threading.get_ident] * 3, threads=1) == [threading.get_ident()] * 3


def test_nobody_waits_for_another_thread_that_is_busy(monkeypatch):
    here, busy, free = threading.get_ident(), threading.Event(), threading.Event()
    one = _blas.Helpers()
    monkeypatch.setattr(_blas, "_helpers", lambda process: one)
    blocked = one.begin(lambda: (busy.set(), free.wait(10)), 1)
    busy.wait(10)
    assert _blas.at_once([lambda: 1, threading.get_ident], threads=2) == [1, here]
    free.set()
    blocked.end()


def test_an_error_of_any_is_raised():
    def fails():
        raise ValueError("this one")

    for tasks in ((fails, int), (int, fails), (int, int, fails)):
        with pytest.raises(ValueError, match="this one"):
            _blas.at_once(tasks, threads=2)


def test_ctrl_c_may_come_at_any_place():
    """Here it comes at every place of Python's own code in turn; each time the other thread is there for the next call."""
    def interrupt_at(last):
        seen = 0

        def trace(frame, event, argument):
            nonlocal seen
            seen += 1
            if seen == last:
                raise KeyboardInterrupt
            return trace

        return trace

    before = sys.gettrace()
    for last in range(1, 10_000):
        try:
            sys.settrace(interrupt_at(last))
            _blas.at_once([int, int], threads=2)
            break
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        with time_limit(20):
            assert beside_each_other(), last
    assert last > 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_has_other_threads_of_its_own():
    _blas.at_once([int, int], threads=2)
    child = os.fork()
    if child == 0:
        os._exit(0 if beside_each_other() else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("transpose_a", (False, True))
@pytest.mark.parametrize("transpose_b", (False, True))
@pytest.mark.parametrize("n, m", ((700, 100), (90, 513)))
def test_a_product_in_blocks(monkeypatch, dtype, transpose_a, transpose_b, n, m):
    """Blocks along rows and along columns, the last one short; on any number of threads the same digits."""
    rng, tolerance, depth = np.random.default_rng(2), TOLERANCE[dtype], 60
    a = rng.standard_normal((depth, n) if transpose_a else (n, depth)).astype(dtype)
    b = rng.standard_normal((m, depth) if transpose_b else (depth, m)).astype(dtype)
    before, shared = rng.standard_normal((n, m)).astype(dtype), []
    at_once = _blas.at_once
    monkeypatch.setattr(matmul, "BLOCK", n * m * depth // 5)
    monkeypatch.setattr(_blas, "at_once", lambda tasks, threads: (shared.append(len(tasks)), at_once(tasks, threads)))
    found = []
    for cores in (1, 3):
        monkeypatch.setattr(matmul.devices, "cores", lambda cores=cores: cores)
        found.append(before.copy())
        matmul.shared(0.5, a, b, 2.0, found[-1], transpose_a, transpose_b)
    expected = 0.5 * ((a.T if transpose_a else a) @ (b.T if transpose_b else b)) + 2 * before
    np.testing.assert_allclose(found[0], expected, rtol=tolerance, atol=50 * tolerance)
    np.testing.assert_array_equal(*found)
    assert shared == [5, 5]
