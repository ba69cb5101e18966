"""How kernels are compiled: cached where a cache can be kept, two forms apart, threads given back."""

import os
import threading

import numba
import numpy as np
import pytest
from numba import prange

from labkit.kernels import _numba


def double(out, a):
    for i in prange(out.size):
        out[i] = 2 * a[i]


def test_without_a_place_for_a_cache_it_compiles_all_the_same(monkeypatch):
    from numba.core import caching

    monkeypatch.setattr(caching.CompileResultCacheImpl, "_locator_classes", [])
    with pytest.raises(RuntimeError, match="no locator available"):
        numba.njit(double, cache=True)
    out = np.empty(3)
    _numba.cached(double)(out, np.arange(3.0))
    assert out.tolist() == [0, 2, 4]


@pytest.mark.parametrize("index", ["cut short", "no such folder/index"])
def test_a_cache_that_cannot_be_read_or_written_is_done_without(tmp_path, index):
    (tmp_path / "cut short").touch()
    function, out = _numba.cached(double), np.empty(3)
    function._cache._cache_file._index_path = str(tmp_path / index)
    function(out, np.arange(3.0))
    assert out.tolist() == [0, 2, 4]


def test_both_forms_compute_the_same_and_are_cached_apart():
    both = _numba.loops(double)
    for threads in (1, 2):
        out = np.empty(5)
        both(out, np.arange(5.0), threads=threads)
        assert out.tolist() == [0, 2, 4, 6, 8]
    names = {both.serial.py_func.__qualname__, both.parallel.py_func.__qualname__}
    assert names == {f"double_serial_{_numba._SOURCES}", f"double_parallel_{_numba._SOURCES}"}


def test_threads_are_given_back():
    before = numba.get_num_threads()
    with _numba._only(1):
        assert numba.get_num_threads() == 1
    with _numba._only(10_000):
        assert numba.get_num_threads() == numba.config.NUMBA_NUM_THREADS
    assert numba.get_num_threads() == before


def test_two_python_threads_take_turns():
    both, out = _numba.loops(double), np.empty((2, 100_000))
    a = np.arange(100_000.0)
    workers = [threading.Thread(target=lambda k=k: [both(out[k], a, threads=2) for _ in range(20)]) for k in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    np.testing.assert_array_equal(out, [2 * a, 2 * a])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_forked_from_one_with_threads_computes_on_one():
    both, out = _numba.loops(double), np.empty(5)
    both(out, np.arange(5.0), threads=2)
    child = os.fork()
    if child == 0:
        both(out, np.arange(5.0, 10.0), threads=2)
        os._exit(0 if out.tolist() == [10, 12, 14, 16, 18] else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_diverging_run_is_not_optimised_away():
    """Infinity and NaN survive the fast mathematics that kernels use."""

    @_numba.njit(fastmath=_numba.FINITE_MATH)
    def grow(x, y):
        for _ in range(100):
            x = x * np.float32(10)
            y = y + np.float32(1)
        return np.isinf(x), np.isnan(y), abs(y) < np.float32(1e4)

    assert grow(np.float32(1), np.float32(np.nan)) == (True, True, False)
