"""Gradient checking: is the gradient what the loss really does when a number is nudged?"""

import copy
from typing import NamedTuple

import numpy as np

from labkit.ops import as_floats, generator, is_number


class GradientError(AssertionError):
    """A gradient that disagrees with finite differences."""


class Report(NamedTuple):
    """The largest relative difference, and where it is: which array, which element, both values."""

    difference: float
    array: int
    index: tuple
    given: float
    numerical: float


def forward_difference(f, x, step=1e-3):
    """(f(x + step) - f(x)) / step: wrong by about step times half the second derivative."""
    return (f(x + step) - f(x)) / step


def central_difference(f, x, step=1e-3):
    """(f(x + step) - f(x - step)) / (2 step): the errors of the two sides cancel, and what is left goes with step squared."""
    return (f(x + step) - f(x - step)) / (2 * step)


def numerical_gradient(f, x, step=1e-6):
    """The gradient of the number f() by the array x, one element after another, by central differences.

    `f` is called with no arguments and has to read x anew; x, of any shape, is nudged in place and put back. Each step is
    `step` times the size of the element (at least 1).
    """
    if not isinstance(x, np.ndarray):
        raise TypeError(f"x is a {type(x).__name__}, but an array is expected, which f reads and which can be nudged in place; pass np.array(x).")
    if x.dtype.kind != "f" or x.dtype == np.float16:
        raise TypeError(f"x is {x.dtype}, but only float32 and float64 can be nudged a little; pass x.astype(float), and let f read that array.")
    if not callable(f):
        raise TypeError(f"f is {f!r}, but a function without arguments is expected, which reads x anew: lambda: (x**2).sum().")
    if not (is_number(step) and 0 < step < np.inf):
        raise ValueError(f"step is {step!r}, but it has to be a number above 0; for example 1e-6.")
    if not x.flags.writeable:
        raise ValueError("x is read-only, as data sets are, so it cannot be nudged in place; pass x.copy(), and let f read that array.")
    gradient = np.empty(x.shape, np.float64)
    for index in np.ndindex(x.shape):
        value = x[index]
        h = step * max(1.0, abs(float(value)))
        try:
            x[index] = value + h
            above, up = float(x[index]), float(f())
            x[index] = value - h
            below, down = float(x[index]), float(f())
        finally:
            x[index] = value
        gradient[index] = (up - down) / (above - below)     # the step as it was stored, not as it was meant
    return gradient


def compare(given, numerical):
    """Report of the largest difference between two lists of gradients, relative to the size of each gradient's largest element."""
    given, numerical = list(given), list(numerical)
    if len(given) != len(numerical):
        raise ValueError(f"there are {len(given)} gradients for {len(numerical)} arrays; return one for each, in their order.")
    worst = Report(0.0, 0, (), 0.0, 0.0)
    for i, (g, n) in enumerate(zip(given, numerical, strict=True)):
        if np.shape(g) != np.shape(n):
            raise ValueError(f"gradient {i} has shape {np.shape(g)} but its parameter {np.shape(n)}.")
        if np.size(g) == 0:
            continue
        off = np.abs(np.asarray(g, float) - n) / max(np.abs(n).max(), np.abs(np.asarray(g, float)).max(), 1e-8)
        off = np.where(np.isnan(off), np.inf, off)
        index = tuple(int(k) for k in np.unravel_index(off.argmax(), off.shape))
        if off[index] > worst.difference:
            worst = Report(float(off[index]), i, index, float(g[index]), float(n[index]))
    return worst


def check_network(network, X, T, loss, tolerance=1e-6, step=1e-6):
    """Compare a network's gradients by all parameters with central differences; returns the Report.

    Raises GradientError, with the place, above the tolerance. Needs a float64 network: float32 keeps 7 digits, and a difference
    of two losses loses most of them.
    """
    if not hasattr(network, "params") or not hasattr(network, "gradient"):
        raise TypeError(f"network is {network!r}, but a Network is expected, such as Network(Dense(2, 3)).")
    if network.params.flat.dtype != np.float64:
        raise TypeError("gradient checking needs float64: a difference of two float32 losses has few digits left; "
                        "build the network with dtype=np.float64.")
    _, given = network.gradient(X, T, loss)
    numerical = [numerical_gradient(lambda: loss(network.forward(X)[0], T)[0], p, step) for p in network.params]
    return _judge(compare(given, numerical), tolerance)


def check_layer(layer, X, tolerance=1e-6, step=1e-6, random_state=0, training=False):
    """Compare a layer's backward rule, by its input and its parameters, with central differences; returns the Report.

    Every forward is a copy's, so that a layer that draws at random, such as Dropout in training, draws the same each time.
    """
    if isinstance(layer, type) or not hasattr(layer, "forward"):
        raise TypeError(f"layer is {layer!r}, but a layer is expected, such as Dense(2, 3).")
    X = np.array(as_floats(X, "X"), np.float64)

    def forward():
        return copy.deepcopy(layer).forward(X, training)

    Y, backprop = forward()
    direction = generator(random_state).standard_normal(Y.shape)     # any loss will do: a weighted sum of the outputs
    dX, grads = backprop(direction)
    numerical = [numerical_gradient(lambda: (forward()[0] * direction).sum(), a, step) for a in (X, *layer.params)]
    return _judge(compare([dX, *grads], numerical), tolerance)


def check_loss(loss, Y, T, tolerance=1e-6, step=1e-6):
    """Compare a loss's gradient with central differences; returns the Report."""
    if not callable(loss):
        raise TypeError(f"loss is {loss!r}, but a function is expected, one of labkit.losses or your own: (Y, T) -> (value, gradient by Y).")
    Y = np.array(as_floats(Y, "Y"), np.float64)
    _, given = loss(Y, T)
    return _judge(compare([given], [numerical_gradient(lambda: loss(Y, T)[0], Y, step)]), tolerance)


def _judge(report, tolerance):
    if not (is_number(tolerance) and tolerance >= 0):
        raise ValueError(f"tolerance is {tolerance!r}, but it has to be a number, 0 or more; for example 1e-6.")
    if report.difference > tolerance:
        raise GradientError(f"gradient {report.array}{list(report.index)} is {report.given:.9g}, but nudging that number changes the loss "
                            f"by {report.numerical:.9g} a unit (relative difference {report.difference:.1e}, at most {tolerance:.0e}); "
                            "look at the backward rule that fills this element.")
    return report
