"""GMDH beside the package `gmdh` 1.0.3, where the two define the same thing: the pair that is chosen and its six coefficients.

Both fit y = a + b u + c v + d uv + e u^2 + f v^2 by least squares on the fitting rows and keep the pairs with the least squared
error on the checking rows, so one layer has to agree to rounding. Where the definitions part:

later layers      the package adds a layer while its error falls at all (by `limit`, an amount); ours stops when the criterion, a
                  share of y's squares, falls by less than `min_gain`, and has a cap. Rounding then decides which of many nearly
                  equal pairs come first, so deep networks agree in their error, not in their units.
inputs            ours standardises the inputs of every layer, the package computes with them as they come: the same polynomials,
                  other rounding.
nearly singular   where the six terms are not independent on the fitting rows (an input of two values has x^2 a sum of x and 1) there
                  are many least-squares solutions. The package divides by what rounding left of a zero: coefficients of 10^12 that
                  cancel, and answers that are no longer those of least squares. Ours skips such a pair, or with
                  singular="least_norm" gives the shortest solution for standardised inputs, whose answers are.
"""

import json
import subprocess

import numpy as np
import pytest

from labkit.bench.peers import interpreter
from labkit.gmdh import GMDHRegressor

pytestmark = pytest.mark.peers

THEIRS = """
import json, sys
import gmdh, numpy as np
data = np.load(sys.argv[1])
model = gmdh.Mia().fit(data["X"], data["y"], k_best=int(data["keep"]), test_size=0.5, limit=float(data["limit"]),
                       polynomial_type=gmdh.PolynomialType.QUADRATIC)
model.save(sys.argv[2])
with open(sys.argv[2]) as file:
    layers = json.load(file)["bestCombinations"]
print(json.dumps({"layers": layers, "answers": np.array(model.predict(data["exam"])).tolist()}))
"""
TERMS = [1, 2, 3, 4, 5, 0]          # theirs, u v uv uu vv 1, in the places of ours, 1 u v uv uu vv


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """A function that fits the package's network in its own Python: X's first half fits, its second half judges."""
    python = interpreter("gmdh")
    if python is None:
        pytest.skip("gmdh is not installed; add it with: make peers")
    folder = tmp_path_factory.mktemp("gmdh")

    def fit(X, y, exam, keep=3, limit=1e9):
        np.savez(folder / "data.npz", X=X, y=y, exam=exam, keep=keep, limit=limit)
        done = subprocess.run([python, "-W", "ignore", "-c", THEIRS, folder / "data.npz", folder / "model.json"],
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        return found["layers"], np.array(found["answers"])

    return fit


def rows(seed, m=400, n=6):
    """y leans on columns 1 and 3, and on a third one that no pair can hold as well."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(2 * m, n)) * rng.uniform(0.5, 3, n) + rng.uniform(-2, 2, n)
    u, v = X[:, 1], X[:, 3]
    y = 1 + 2 * u - v + 0.5 * u * v + 0.7 * u**2 - 0.3 * v**2 + 0.1 * X[:, 0] + 0.05 * rng.normal(size=2 * m)
    return X, y


def halves(X, y):
    half = len(X) // 2
    return X[:half], y[:half], X[half:], y[half:]


@pytest.mark.parametrize("seed", range(4))
def test_the_same_pair_and_the_same_coefficients(theirs, seed):
    X, y = rows(seed)
    exam = X[::7] + 0.1
    layers, answers = theirs(X, y, exam)
    assert len(layers) == 1                         # a limit that no second layer can meet
    ours = GMDHRegressor(keep=3, max_layers=1).fit(*halves(X, y))
    best = layers[0][0]
    assert best["combination"][:2] == [ours.layers_[0].left[0], ours.layers_[0].right[0]] == [1, 3]
    np.testing.assert_allclose(ours.coefficients()[TERMS], best["bestCoeffs"], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(ours.predict(exam), answers, rtol=1e-6, atol=1e-6)


def test_the_comparison_sees_another_fit(theirs):
    """Fitted on the other half, the coefficients differ by more than the tolerance: the test above can fail."""
    X, y = rows(0)
    layers, _ = theirs(X, y, X[:3])
    X, y, X_check, y_check = halves(X, y)
    ours = GMDHRegressor(keep=3, max_layers=1).fit(X_check, y_check, X, y)
    assert np.abs(ours.coefficients()[TERMS] - layers[0][0]["bestCoeffs"]).max() > 1e-4


def test_two_layers_end_with_the_same_answer(theirs):
    """y is a sum of two pairs: both packages keep these two and join them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 4))
    y = X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3] + 0.01 * rng.normal(size=1000)
    layers, answers = theirs(X, y, X[::9], keep=6, limit=0.1)
    ours = GMDHRegressor(keep=6, max_layers=len(layers)).fit(*halves(X, y))
    assert len(ours.layers_) == len(layers) == 2
    np.testing.assert_allclose(ours.predict(X[::9]), answers, atol=1e-6)


def test_a_nearly_singular_pair_is_where_the_definitions_part(theirs):
    """Columns 0 and 1 are 0 or 1, so x^2 = x: many coefficients fit equally well."""
    rng = np.random.default_rng(2)
    X = np.column_stack([rng.integers(0, 2, (400, 2)), rng.normal(size=400)]).astype(float)
    y = X[:, 0] + X[:, 1] - 2 * X[:, 0] * X[:, 1] + 0.01 * rng.normal(size=400)
    layers, answers = theirs(X, y, X[:200])
    assert layers[0][0]["combination"][:2] == [0, 1]
    with pytest.raises(ValueError, match="No pair"):
        GMDHRegressor(keep=3, max_layers=1).fit(*halves(X, y))
    ours = GMDHRegressor(keep=3, max_layers=1, singular="least_norm").fit(*halves(X, y))
    assert (ours.layers_[0].left[0], ours.layers_[0].right[0]) == (0, 1)
    u, v = X[:200, 0], X[:200, 1]
    least = np.stack([np.ones_like(u), u, v, u * v], 1)         # the terms that are left when u^2 = u and v^2 = v
    least = ((least @ np.linalg.lstsq(least, y[:200], rcond=None)[0] - y[:200]) ** 2).sum()
    np.testing.assert_allclose(((ours.predict(X[:200]) - y[:200]) ** 2).sum(), least, rtol=1e-9)
    assert ((answers - y[:200]) ** 2).sum() > least * 1.001
    assert np.abs(ours.coefficients()).max() < 10 < 1e6 < np.abs(layers[0][0]["bestCoeffs"]).max()
