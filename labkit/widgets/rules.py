"""labkit's own forms of the functions that students write for the pictures of labs 01 and 02. x : (2,), w : (2,), b : float"""

import numpy as np

from labkit.perceptron import sigmoid, sigmoid_epoch


def fires(x, w, b):
    """1 where the weighted sum plus bias is above zero, else 0, as in all of labkit."""
    return int(weighted_sum(x, w) + b > 0)


def weighted_sum(x, w):
    """Each input times its weight, added up."""
    return float(np.dot(w, x))


def update(w, b, x, y):
    """One step of Rosenblatt's rule, y = 0 or 1: move by the answer wanted minus the answer given. Returns (w, b).

    `labkit.perceptron` also moves where an example of class 0 lies exactly on the line; the rule that students write answers 0 there.
    """
    miss = y - fires(x, w, b)
    return w + miss * x, b + miss


def accuracy(w, b, X, y):
    """Share of rows where (w.x + b > 0) is y. X : (n, 2), y : (n,)"""
    return float(np.mean((X @ w + b > 0) == (y > 0)))


def probability(w, b, x):
    """The sigmoid unit's answer, 0 to 1."""
    return float(sigmoid(np.dot(w, x) + b))


def sgd_step(w, b, x, y, learning_rate):
    """One step of stochastic gradient descent on (h - y)^2 (Le 2015, eq. 7 to 10). Returns (w, b)."""
    W, bias = np.array([w], float), np.array([b], float)
    sigmoid_epoch(W, bias, np.array([x], float), np.array([[float(y)]]), [0], learning_rate, True)
    return W[0], float(bias[0])
