"""One step of each optimizer over packed parameters `w` and their gradients `g`, in place, simplest first.

Letters are the papers': v velocity, s running squares, m running mean, mu momentum, rho decay.
"""

import numpy as np


def gradient_descent_numpy(w, g, lr):
    """w <- w - lr g."""
    w -= lr * g


def momentum_numpy(w, g, v, lr, mu):
    """v <- mu v - lr g;  w <- w + v.  Polyak 1964; Sutskever et al. 2013, eqs. 1 and 2."""
    v *= mu
    v -= lr * g
    w += v


def nesterov_numpy(w, g, v, lr, mu):
    """v <- mu v - lr g;  w <- w - lr g.

    Before the step w is already ahead by mu v, where the gradient was taken: w - lr g is the old w plus the new v.
    Sutskever et al. 2013, eqs. 3 and 4.
    """
    v *= mu
    v -= lr * g
    w -= lr * g


def nesterov_shifted_numpy(w, g, v, lr, mu):
    """v <- mu v + g;  w <- w - lr (g + mu v).  Bengio et al. 2013, eq. 7, scaled as in PyTorch: w is the point ahead."""
    v *= mu
    v += g
    w -= lr * (g + mu * v)


def adagrad_numpy(w, g, s, lr, eps):
    """s <- s + g^2;  w <- w - lr g / (sqrt(s) + eps).  Duchi et al. 2011."""
    s += g * g
    w -= lr * g / (np.sqrt(s) + eps)


def adadelta_numpy(w, g, s, d, lr, rho, eps):
    """s <- rho s + (1 - rho) g^2;  step = sqrt(d + eps) / sqrt(s + eps) g;  d <- rho d + (1 - rho) step^2;  w <- w - lr step.

    Zeiler 2012, algorithm 1, which has lr = 1.
    """
    s *= rho
    s += (1 - rho) * g * g
    step = np.sqrt(d + eps) / np.sqrt(s + eps) * g
    d *= rho
    d += (1 - rho) * step * step
    w -= lr * step


def rmsprop_numpy(w, g, s, lr, rho, eps):
    """s <- rho s + (1 - rho) g^2;  w <- w - lr g / (sqrt(s) + eps): epsilon outside the root."""
    s *= rho
    s += (1 - rho) * g * g
    w -= lr * g / (np.sqrt(s) + eps)


def rmsprop_inside_numpy(w, g, s, lr, rho, eps):
    """s <- rho s + (1 - rho) g^2;  w <- w - lr g / sqrt(s + eps): epsilon inside the root."""
    s *= rho
    s += (1 - rho) * g * g
    w -= lr * g / np.sqrt(s + eps)


def adam_numpy(w, g, m, s, lr, beta_1, beta_2, eps, c1, c2):
    """m <- beta_1 m + (1 - beta_1) g;  s <- beta_2 s + (1 - beta_2) g^2;  w <- w - lr (m / c1) / (sqrt(s / c2) + eps).

    c1 = 1 - beta_1^t and c2 = 1 - beta_2^t undo the start from zero.  Kingma and Ba 2015, algorithm 1.
    """
    m *= beta_1
    m += (1 - beta_1) * g
    s *= beta_2
    s += (1 - beta_2) * g * g
    w -= lr * (m / c1) / (np.sqrt(s / c2) + eps)


def soft_threshold_numpy(w, t):
    """w <- sign(w) max(|w| - t, 0): what is smaller than t becomes an exact zero."""
    w[...] = np.sign(w) * np.maximum(np.abs(w) - t, 0)


def scale_numpy(w, c):
    """w <- c w."""
    w *= c


def add_scaled_numpy(g, w, c):
    """g <- g + c w."""
    g += c * w


def max_norm_numpy(w, c):
    """Shorten every column of `w` (a unit's incoming weights) whose length exceeds c to length c."""
    lengths = np.sqrt((w * w).sum(axis=0))
    w *= np.where(lengths > c, c / np.where(lengths > c, lengths, 1), 1)
