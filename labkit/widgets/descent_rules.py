"""What lab 05 builds, in labkit's own form, and the mountain that its walkers go down: the error of a network with two weights.

The network has one hidden unit: answer = v tanh(w x + 0.4). Its error over (w, v) has two valleys and a pass between them.
"""

from __future__ import annotations

import numpy as np

BIAS = 0.4
# Made for this course: an S-shaped rise with noise, rounded.
INPUTS = np.array([-0.3, -1.4, 2.1, 0.6, -0.3, 0.0, -0.2, -2.0, -1.1, -2.3, 2.1, 1.1, -0.5, 2.5, -0.8, 1.0, 1.3, -1.5, -0.2, -1.5, -0.5, -0.4,
                   -1.5, 1.9])
TARGETS = np.array([0.1, -1.2, 1.1, 0.8, -0.3, 0.5, -0.2, -1.2, -1.0, -1.5, 1.3, 1.3, -0.4, 1.4, -0.8, 1.2, 1.0, -1.1, -0.4, -1.2, -0.7, -0.4,
                    -1.1, 1.1])
EXTENT = (-3.0, 3.0, -2.0, 2.0)
VALLEYS = ((1.843, 1.182), (-1.474, -1.053))
PASS = (0.025, 0.0)


def height(w, v):
    """The mean of (answer - target)^2 / 2 over the 24 examples, for numbers or arrays of one shape."""
    hidden = np.tanh(np.multiply.outer(w, INPUTS) + BIAS)
    return np.mean((np.asarray(v)[..., None] * hidden - TARGETS) ** 2, axis=-1) / 2


def mountain_slope(point, rows=slice(None)):
    """The slope (along w, along v) of the mean error of these examples; of all without `rows`. point : (2,), returns (2,)."""
    w, v = point
    x, t = INPUTS[rows], TARGETS[rows]
    hidden = np.tanh(w * x + BIAS)
    miss = v * hidden - t
    return np.array([np.mean(miss * v * (1 - hidden**2) * x), np.mean(miss * hidden)])


def step(w, slope, learning_rate):
    """One step down. w, slope : any one shape"""
    return np.asarray(w) - learning_rate * np.asarray(slope)


@np.errstate(under="ignore")     # a share that is too small for a number is 0, whatever a notebook has set
def feedback(Z, classes):
    """(softmax(Z) - one-hot classes) / n. Z : (n, n_classes), classes : (n,)"""
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = P / P.sum(axis=1, keepdims=True)
    P[np.arange(len(P)), classes] -= 1
    return P / len(P)


def batches(order, size):
    """The row numbers in `order`, cut into pieces of `size`; the last may be shorter."""
    return [order[k:k + size] for k in range(0, len(order), size)]


def epoch(W, X, classes, parts, learning_rate):
    """One step for each part of the examples, each from where the last one ended. Returns W, (n_inputs, n_classes)."""
    for rows in parts:
        W = step(W, X[rows].T @ feedback(X[rows] @ W, classes[rows]), learning_rate)
    return W


def tenth_of_lowest(rates, losses):
    """A tenth of the rate with the lowest loss, in the record up to the first loss that is no number or four times the lowest so far."""
    best, chosen = np.inf, rates[0]
    for rate, loss in zip(rates, losses, strict=True):
        if not np.isfinite(loss) or loss > 4 * best:
            break
        if loss < best:
            best, chosen = loss, rate
    return chosen / 10
