"""labkit's own forms of the six functions of lab 06, and three slopes on which a look-ahead can be tried.

w : weights, v : velocity, g : gradient at one point, gradient : the function that gives it anywhere; all of one shape.
"""

from math import floor, log2

import numpy as np


def momentum_step(w, v, g, learning_rate, momentum):
    """(w, v) after a step of classical momentum. Sutskever et al. 2013, eqs. 1 and 2."""
    v = momentum * v - learning_rate * g
    return w + v, v


def nesterov_step(w, v, gradient, learning_rate, momentum):
    """(w, v) after a step of Nesterov's method, its gradient taken at w + momentum v. Sutskever et al. 2013, eqs. 3 and 4."""
    v = momentum * v - learning_rate * gradient(w + momentum * v)
    return w + v, v


def momentum_schedule(t, most=0.99, every=250):
    """The momentum of step t = 0, 1, ...: min(1 - 2^(-1 - log2(floor(t / every) + 1)), most). Sutskever et al. 2013, eq. 5."""
    return min(1 - 2 ** (-1 - log2(floor(t / every) + 1)), most)


def equal_momentum(momentum, learning_rate, curvature):
    """The momentum with which the classical method does, along directions of these curvatures, what Nesterov's does with `momentum`."""
    return momentum * (1 - learning_rate * np.asarray(curvature))


def to_shifted(w, v, learning_rate, momentum):
    """(stored point, buffer) of PyTorch's form for the weights and velocity of Sutskever's."""
    return w + momentum * v, -v / learning_rate


def shifted_step(w, buffer, g, learning_rate, momentum):
    """(w, buffer) after a step of Nesterov's method in PyTorch's form; w is the point ahead, and g the gradient there."""
    buffer = momentum * buffer + g
    return w - learning_rate * (g + momentum * buffer), buffer


# Slopes with a name, so that an exercise can hand them over: of bowls of growing steepness, of w^4 / 4, and of a row of waves

def bowl_slope(w):
    """The gradient of (1 w1^2 + 2 w2^2 + 3 w3^2 + ...) / 2. w : (n,)"""
    return np.arange(1, len(w) + 1) * w


def quartic_slope(w):
    """The gradient of the sum of w^4 / 4: nearly none close to 0, steep far away."""
    return w**3


def wave_slope(w):
    """The gradient of the sum of -cos(w): it changes its sign again and again."""
    return np.sin(w)
