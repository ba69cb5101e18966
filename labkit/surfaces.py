"""Landscapes over two parameters, on which an optimizer can be watched: formulas with known minima, and the error of one unit.

    surface = surfaces.valley()
    surface.value(x, y), surface.gradient(x, y)         for numbers or arrays of any shape
"""

from dataclasses import dataclass, field

import numpy as np

from labkit.kernels import formulas
from labkit.ops import as_array, is_count, is_number
from labkit.ops import as_floats as numbers
from labkit.validation import as_floats


@dataclass(frozen=True)
class Surface:
    """A landscape. `bounds` is ((x least, x most), (y least, y most)), the part worth looking at; `minima` the known ones.

    The other fields tell the swarm's kernels which surface it is: its number, its parameter, a unit's examples.
    """

    name: str
    bounds: tuple
    minima: tuple
    kind: int
    parameter: float = 0.0
    examples: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)), repr=False)

    @np.errstate(under="ignore")        # what is too small for a number is 0 here, whatever a notebook has set
    def value(self, x, y):
        """The height at (x, y), in float64."""
        return formulas.value_of(self.kind, np.float64(self.parameter), self.examples)(*_floats(x, y))

    @np.errstate(under="ignore")
    def gradient(self, x, y):
        """The pair (slope along x, slope along y), in float64."""
        x, y = _floats(x, y)
        dx, dy = formulas.gradient_of(self.kind, np.float64(self.parameter), self.examples)(x, y)
        return dx + 0 * y, dy + 0 * x           # both in the shape that x and y have together

    def grid(self, side=200):
        """x, y and heights on a grid over the bounds: (side,), (side,), (side, side), the first index that of y."""
        if not is_count(side):
            raise ValueError(f"side is {side!r}, but has to be a whole number, 1 or more: how many points along each axis.")
        x, y = (np.linspace(least, most, side) for least, most in self.bounds)
        return x, y, self.value(x[None, :], y[:, None])


# From simplest to hardest; formulas and sources stand in `labkit.kernels.formulas`

def bowl(condition=10.0):
    """A quadratic bowl, `condition` times as steep along y as along x. Minimum 0 at (0, 0)."""
    if not (is_number(condition) and 0 < condition < np.inf):
        raise ValueError(f"condition is {condition!r}, but a bowl needs a number above 0; 1 makes it round.")
    return Surface("bowl", ((-2.0, 2.0), (-2.0, 2.0)), ((0.0, 0.0),), formulas.BOWL, float(condition))


def valley(steepness=100.0):
    """Rosenbrock's curved valley. Minimum 0 at (1, 1)."""
    if not (is_number(steepness) and 0 < steepness < np.inf):
        raise ValueError(f"steepness is {steepness!r}, but the valley needs walls: a number above 0.")
    return Surface("valley", ((-2.0, 2.0), (-1.0, 3.0)), ((1.0, 1.0),), formulas.VALLEY, float(steepness))


def saddle():
    """A saddle at (0, 0) between two minima of height -1/4, at (0, 1) and (0, -1)."""
    return Surface("saddle", ((-2.0, 2.0), (-1.8, 1.8)), ((0.0, 1.0), (0.0, -1.0)), formulas.SADDLE, 1.0)


def beale():
    """Beale's function: plateaus and steep walls. Minimum 0 at (3, 0.5)."""
    return Surface("beale", ((-4.5, 4.5), (-4.5, 4.5)), ((3.0, 0.5),), formulas.BEALE)


def himmelblau():
    """Himmelblau's function: four minima, all of height 0. They are the roots of x^2 + y = 11, x + y^2 = 7."""
    return Surface("himmelblau", ((-5.0, 5.0), (-5.0, 5.0)), _himmelblau_minima(), formulas.HIMMELBLAU)


def unit_error(X, y, activation="sigmoid"):
    """The error of one unit as a surface over its two weights: the mean of (h - t)^2 / 2, h = activation(weighted sum).

    X : (n_examples,) or (n_examples, 1), one input: the weights are (w, b), a weight and a bias;
        (n_examples, 2), two inputs: the weights are (w1, w2) and there is no bias.
    y : (n_examples,) targets, in 0..1 for activation="sigmoid", any numbers for "linear".
    The minimum is known for "linear" where one point has it.
    """
    if activation not in ("sigmoid", "linear"):
        raise ValueError(f"activation is {activation!r}, but has to be 'sigmoid' or 'linear'.")
    X, t = (as_floats(as_array(values, name), name).astype(np.float64) for values, name in ((X, "X"), (y, "y")))
    X = X[:, None] if X.ndim == 1 else X
    if X.ndim != 2 or X.shape[1] not in (1, 2) or t.shape != (len(X),) or len(X) == 0:
        raise ValueError(f"X has shape {X.shape} and y {t.shape}, but one or two columns and a target for each row are expected.")
    if not (np.isfinite(X).all() and np.isfinite(t).all()):
        raise ValueError("X or y holds a missing or infinite number; leave such examples out.")
    A = X if X.shape[1] == 2 else np.column_stack([X, np.ones(len(X))])
    minima, centre, reach = (), np.zeros(2), 6.0
    if activation == "linear":
        best, _, rank, _ = np.linalg.lstsq(A, t, rcond=None)
        if rank == 2:
            minima, centre, reach = (tuple(best.tolist()),), best, max(2.0, 2 * abs(best).max())
    bounds = tuple((float(c - reach), float(c + reach)) for c in centre)
    kind = formulas.SIGMOID_UNIT if activation == "sigmoid" else formulas.LINEAR_UNIT
    return Surface(f"{activation}_unit", bounds, minima, kind, examples=np.column_stack([A, t]))


def _himmelblau_minima():
    """From the first equation y = 11 - x^2; the second then leaves a polynomial of degree four in x."""
    roots = np.roots([1, 0, -22, 1, 114]).real
    return tuple((round(float(x), 12), round(float(11 - x * x), 12)) for x in sorted(roots, reverse=True))


def _floats(x, y):
    return _float64(x, "x"), _float64(y, "y")


def _float64(values, name):
    if not isinstance(values, (float, int)):            # numbers need no check, and a walk asks for thousands of them one by one
        values = numbers(values, name)
    return np.asarray(values, np.float64)[()]
