"""Every gradient by central differences, every minimum where it is said to be."""

import numpy as np
import pytest

from labkit import surfaces

FORMULAS = [surfaces.bowl(), surfaces.bowl(condition=1000), surfaces.valley(), surfaces.saddle(), surfaces.beale(), surfaces.himmelblau()]
RNG = np.random.default_rng(0)
UNITS = [
    surfaces.unit_error([0, 1, 2, 3], [0, 0, 1, 1]),
    surfaces.unit_error([0, 1, 2, 3], [0, 0, 1, 1], "linear"),
    surfaces.unit_error(RNG.uniform(-1, 1, (9, 2)), RNG.integers(0, 2, 9)),
    surfaces.unit_error(RNG.uniform(-1, 1, (9, 2)), RNG.uniform(-1, 1, 9), "linear"),
]
each_surface = pytest.mark.parametrize("surface", FORMULAS + UNITS, ids=lambda surface: surface.name)


def points(surface, n=200):
    return (RNG.uniform(least, most, n) for least, most in surface.bounds)


@each_surface
def test_gradient_is_the_slope(surface):
    x, y = points(surface)
    h = 1e-4
    # two step lengths (Richardson), since the central difference of a steep wall errs by more than a millionth at one
    def central(dx, dy, h):
        return (surface.value(x + h * dx, y + h * dy) - surface.value(x - h * dx, y - h * dy)) / (2 * h)

    for got, (dx, dy) in zip(surface.gradient(x, y), [(1, 0), (0, 1)], strict=True):
        slope = (4 * central(dx, dy, h / 2) - central(dx, dy, h)) / 3
        np.testing.assert_allclose(got, slope, rtol=1e-6, atol=1e-6)


def test_a_wrong_gradient_would_be_found(monkeypatch):
    """The test above, broken once: a thousandth of x too much in Beale's gradient."""
    from labkit.kernels import formulas

    right = formulas.FORMULAS[formulas.BEALE]

    def wrong(real):
        value, gradient = right(real)
        return value, lambda x, y, p: (gradient(x, y, p)[0], gradient(x, y, p)[1] + real(1e-3) * x)

    monkeypatch.setattr(formulas, "FORMULAS", (*formulas.FORMULAS[: formulas.BEALE], wrong, *formulas.FORMULAS[formulas.BEALE + 1 :]))
    with pytest.raises(AssertionError):
        test_gradient_is_the_slope(surfaces.beale())


@each_surface
def test_minima_are_minima(surface):
    lowest = surface.grid(101)[2].min()
    for x, y in surface.minima:
        assert np.hypot(*surface.gradient(x, y)) < 1e-9
        assert surface.value(x, y) <= lowest + 1e-9
        (x0, x1), (y0, y1) = surface.bounds
        assert x0 <= x <= x1 and y0 <= y <= y1


def test_published_values():
    assert surfaces.beale().value(3, 0.5) == 0 and surfaces.beale().value(0, 0) == 1.5**2 + 2.25**2 + 2.625**2
    assert surfaces.valley().value(1, 1) == 0 and surfaces.valley().value(-1.2, 1) == pytest.approx(24.2, rel=1e-15)     # Rosenbrock's start
    assert surfaces.himmelblau().value(3, 2) == 0 and len(surfaces.himmelblau().minima) == 4
    assert surfaces.saddle().value(0, [1, -1]).tolist() == [-0.25, -0.25]
    assert surfaces.bowl(7).gradient(2, 3) == (2, 21)


def test_unit_error_is_the_error_of_a_unit():
    X, t = np.array([[0.5], [2.0]]), np.array([1.0, 0.0])
    h = 1 / (1 + np.exp(-(1.5 * X[:, 0] - 0.25)))
    assert surfaces.unit_error(X, t).value(1.5, -0.25) == pytest.approx(((h - t) ** 2).mean() / 2, rel=1e-14)
    assert surfaces.unit_error([[1, 2]], [3], "linear").value(1, 1) == 0


def test_a_sum_that_overflows_exp_is_no_trouble():
    surface = surfaces.unit_error([1000.0, -1000.0], [1, 0])
    with np.errstate(all="raise", under="ignore"):
        assert surface.value(50, 0) == 0 and surface.gradient(-50, 0) == (0, 0)


@each_surface
def test_what_is_too_small_for_a_number_stops_no_walk(surface):
    with np.errstate(all="raise"):          # as a student may have it in a notebook
        assert np.isfinite([surface.value(1e-200, -1e-200), *surface.gradient(1e-310, 1e-310), surface.value(9.0, 40.0)]).all()


@each_surface
def test_shapes_are_broadcast(surface):
    assert surface.value(np.zeros((1, 5)), np.zeros((3, 1))).shape == (3, 5)
    assert all(slope.shape == (3, 5) for slope in surface.gradient(np.zeros((1, 5)), np.zeros((3, 1))))
    assert np.ndim(surface.value(0, 0)) == 0
    x, y, heights = surface.grid(7)
    assert heights.shape == (7, 7) and heights[2, 4] == surface.value(x[4], y[2])


def test_kernels_and_numpy_climb_the_same_mountain():
    """float32 heights from the swarm's kernels, without a step, against float64 here."""
    from labkit import swarm

    for surface in FORMULAS + UNITS:
        x, y = points(surface)
        heights = surface.value(x, y)
        runs = swarm.descents(surface, 0.1, start=(x, y), steps=0)
        np.testing.assert_allclose(runs.value, heights, rtol=1e-4, atol=1e-5 * abs(heights).max())


@pytest.mark.parametrize(("call", "message"), [
    (lambda: surfaces.bowl(0), "condition is 0, but a bowl needs a number above 0"),
    (lambda: surfaces.bowl().grid(2.5), "side is 2.5, but has to be a whole number, 1 or more"),
    (lambda: surfaces.valley(-1), "steepness is -1"),
    (lambda: surfaces.unit_error([1], [1], "relu"), "activation is 'relu', but has to be 'sigmoid' or 'linear'"),
    (lambda: surfaces.unit_error(np.zeros((2, 3)), [0, 1]), r"X has shape \(2, 3\)"),
    (lambda: surfaces.unit_error([0, 1], [0]), "a target for each row"),
    (lambda: surfaces.unit_error([], []), "a target for each row"),
    (lambda: surfaces.unit_error([0, np.inf], [0, 1]), "missing or infinite"),
    (lambda: surfaces.bowl(None), "condition is None, but a bowl needs a number above 0"),
    (lambda: surfaces.bowl(np.inf), "condition is inf, but a bowl needs a number above 0"),
    (lambda: surfaces.valley("100"), "steepness is '100'"),
    (lambda: surfaces.unit_error(np.ma.masked_array([1.0, 2], [True, False]), [0, 1]), "X is a masked array"),
    (lambda: surfaces.unit_error([0, 1], ["a", "b"]), "y holds text, but numbers are expected"),
])
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("place, words", [(None, "Python objects"), ("1", "text"), (1j, "complex numbers")])
def test_a_place_that_is_no_number_is_refused_in_words(place, words):
    for ask in (surfaces.valley().value, surfaces.valley().gradient):
        with pytest.raises(TypeError, match=f"x holds {words}, but numbers are expected"):
            ask(place, 1.0)
        with pytest.raises(TypeError, match=f"y holds {words}, but numbers are expected"):
            ask(1.0, place)
