"""labkit's own forms of the five functions of lab 07, in plain NumPy; they stand in where a reader's function does not work yet.

Each takes what the rule remembers and returns new arrays. w : weights, g : their gradients, s : squared gradients remembered,
all of one shape.
"""

import numpy as np


def mean_square(s, g, decay=0.9):
    """The running mean of g^2 after one more gradient."""
    return decay * s + (1 - decay) * g**2


def rmsprop(w, s, g, learning_rate=0.01, epsilon=1e-8):
    """The weights after a step of RMSprop; s is the running mean that g is already part of."""
    return w - learning_rate * g / (np.sqrt(s) + epsilon)


def adagrad(w, s, g, learning_rate=0.1, epsilon=1e-10):
    """(w, s) after a step of Adagrad; s is the sum of all squares before this gradient."""
    s = s + g**2
    return w - learning_rate * g / (np.sqrt(s) + epsilon), s


def adadelta(w, s, d, g, epsilon=1e-6):
    """The weights after a step of Adadelta; s as in RMSprop, d the running mean of the squared steps before this one."""
    return w - np.sqrt(d + epsilon) / np.sqrt(s + epsilon) * g


def adam(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """The weights after step number t (from 1) of Adam; m and s are the running means of g and g^2, still biased towards 0."""
    return w - learning_rate * (m / (1 - beta_1**t)) / (np.sqrt(s / (1 - beta_2**t)) + epsilon)
