"""The vector forms keep their digits at every size, and treat special numbers as NumPy does."""

import numpy as np
import pytest

from labkit.kernels import vector_math

X = np.float32(np.concatenate([[0.0], np.geomspace(1e-38, 80, 2001), np.linspace(0.7, 0.8, 501)]))
X = np.concatenate([X, -X])


@pytest.mark.parametrize("name, tolerance", [("exp", 3e-7), ("tanh", 2.5e-7)])
def test_all_digits_of_float32(name, tolerance):
    ours = np.array([getattr(vector_math, name)(x) for x in X], np.float32)
    np.testing.assert_allclose(ours, getattr(np, name)(X.astype(np.float64)), rtol=tolerance)
    np.testing.assert_array_equal(np.signbit(ours), np.signbit(getattr(np, name)(X)))


@pytest.mark.parametrize("name, X", [
    ("log", np.concatenate([np.geomspace(1.2e-38, 3.4e38, 4001), 1 + np.geomspace(1e-7, 1, 999), 1 - np.geomspace(1e-7, 0.9, 999)])),
    ("log1p", np.concatenate([np.geomspace(2.4e-38, 3e38, 4001), -np.geomspace(2.4e-38, 0.9, 999), -1 + np.geomspace(6e-8, 0.5, 999)])),
])
def test_logarithms_keep_all_digits_of_float32(name, X):
    X = np.float32(X)
    ours = np.array([getattr(vector_math, name)(x) for x in X], np.float32)
    np.testing.assert_allclose(ours, getattr(np, name)(X.astype(np.float64)), rtol=3e-7)


def test_logarithms_of_special_numbers():
    for form in (vector_math.log, vector_math.log1p):
        assert np.isnan(form(np.float32(np.nan))) and form(np.float32(np.inf)) == np.inf
    assert vector_math.log(np.float32(1)) == 0 and vector_math.log1p(np.float32(0)) == 0


def test_tanh_of_special_numbers():
    special = np.array([np.nan, np.inf, -np.inf, 3.4e38, 0.0, -0.0, 1e-45], np.float32)
    ours = np.array([vector_math.tanh(x) for x in special], np.float32)
    np.testing.assert_array_equal(ours, np.tanh(special))
    assert np.signbit(ours[5])
