"""Two-parameter surfaces as formulas, each gradient under its value.

A formula takes the type of its numbers, so that one text serves NumPy in float64 and the kernels in float32, where a bare
1.5 would be a float64 and make the whole calculation one. `p` is the surface's own number, where it has one.
"""

import numpy as np


def bowl(real):
    """(x^2 + p y^2) / 2: the quadratic whose second direction is p times as steep (condition number p); minimum at 0."""

    def value(x, y, p):
        return real(0.5) * (x * x + p * y * y)

    def gradient(x, y, p):
        return x, p * y

    return value, gradient


def valley(real):
    """(1 - x)^2 + p (y - x^2)^2: a long curved valley, minimum at (1, 1). Rosenbrock 1960, with p = 100."""

    def value(x, y, p):
        a = real(1) - x
        c = y - x * x
        return a * a + p * c * c

    def gradient(x, y, p):
        c = y - x * x
        return real(-2) * (real(1) - x) - real(4) * p * x * c, real(2) * p * c

    return value, gradient


def saddle(real):
    """(x^2 - y^2) / 2 + p y^4 / 4: a saddle at 0, and a minimum on either side of it, at y = +-1 / sqrt(p)."""

    def value(x, y, p):
        return real(0.5) * (x * x - y * y) + real(0.25) * p * y * y * y * y

    def gradient(x, y, p):
        return x, p * y * y * y - y

    return value, gradient


def beale(real):
    """(1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2: plateaus and steep walls, minimum at (3, 0.5). Beale 1958."""

    def value(x, y, p):
        a = real(1.5) - x + x * y
        b = real(2.25) - x + x * y * y
        c = real(2.625) - x + x * y * y * y
        return a * a + b * b + c * c

    def gradient(x, y, p):
        y2 = y * y
        a = real(1.5) - x + x * y
        b = real(2.25) - x + x * y2
        c = real(2.625) - x + x * y2 * y
        dx = real(2) * (a * (y - real(1)) + b * (y2 - real(1)) + c * (y2 * y - real(1)))
        dy = real(2) * x * (a + real(2) * b * y + real(3) * c * y2)
        return dx, dy

    return value, gradient


def himmelblau(real):
    """(x^2 + y - 11)^2 + (x + y^2 - 7)^2: four minima, all of height 0. Himmelblau 1972."""

    def value(x, y, p):
        a = x * x + y - real(11)
        b = x + y * y - real(7)
        return a * a + b * b

    def gradient(x, y, p):
        a = x * x + y - real(11)
        b = x + y * y - real(7)
        return real(4) * a * x + real(2) * b, real(2) * a + real(4) * b * y

    return value, gradient


FORMULAS = (bowl, valley, saddle, beale, himmelblau)
SURFACES = (*(formula.__name__ for formula in FORMULAS), "linear_unit", "sigmoid_unit")
BOWL, VALLEY, SADDLE, BEALE, HIMMELBLAU, LINEAR_UNIT, SIGMOID_UNIT = range(len(SURFACES))


# Plain NumPy, for arrays of any shape, in the type of `p`

def value_of(surface, p, examples):
    """The height of a surface as a function of (x, y). That of a unit with weights x, y and output h is the mean of
    (h - t)^2 / 2 over `examples` : (n, 3), rows of two inputs and a target."""
    real = type(p)
    if surface < len(FORMULAS):
        value = FORMULAS[surface](real)[0]
        return lambda x, y: value(x, y, p)
    return lambda x, y: sum((_output(surface, real, x * a + y * b) - t) ** 2 for a, b, t in examples) / real(2 * len(examples))


def gradient_of(surface, p, examples):
    """The two derivatives of a surface as a function of (x, y)."""
    real = type(p)
    if surface < len(FORMULAS):
        gradient = FORMULAS[surface](real)[1]
        return lambda x, y: gradient(x, y, p)

    def unit_gradient(x, y):
        dx = dy = real(0) * (x + y)
        for a, b, t in examples:
            h = _output(surface, real, x * a + y * b)
            delta = (h - t) * (h * (1 - h) if surface == SIGMOID_UNIT else 1)
            dx, dy = dx + delta * a, dy + delta * b
        return dx / real(len(examples)), dy / real(len(examples))

    return unit_gradient


def _output(surface, real, z):
    """The logistic function written with tanh, which never overflows; or the sum itself."""
    return real(0.5) * (1 + np.tanh(real(0.5) * z)) if surface == SIGMOID_UNIT else z
