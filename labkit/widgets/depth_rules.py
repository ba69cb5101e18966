"""What lab 08 builds, in six plain functions, shown where the reader's own are not ready: bumps, gradients, starts, CD-1."""

import numpy as np


def sigmoid(z):
    """1 / (1 + exp(-z)), written so that nothing overflows."""
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(z)))


def bump(x, left, right, height, steepness):
    """`height` between left and right, 0 elsewhere: the difference of two sigmoids. x : (n,); returns (n,)."""
    return height * (sigmoid(steepness * (x - left)) - sigmoid(steepness * (x - right)))


def bump_network(heights, steepness):
    """(w, b, v), each (2 n_bumps,), so that sigmoid(x w + b) . v is n_bumps bumps side by side from 0 to 1: left edges first."""
    heights = np.asarray(heights)
    edges = np.linspace(0, 1, len(heights) + 1)
    return (np.full(2 * len(heights), float(steepness)), -steepness * np.concatenate([edges[:-1], edges[1:]]),
            np.concatenate([heights, -heights]))


def gradient_sizes(weights, slopes, dY):
    """Root mean square of the loss's gradient by each layer's sums, first layer first.

    weights : list of (n_inputs, n_units); slopes : list of (n_examples, n_units), f'(z); dY : gradient by the last answers
    """
    sizes = np.empty(len(weights))
    for k in range(len(weights) - 1, -1, -1):
        at_sums = slopes[k] * dY
        sizes[k] = np.linalg.norm(at_sums) / np.sqrt(at_sums.size)
        dY = at_sums @ weights[k].T
    return sizes


def start_scale(n_inputs, n_units, rule, slope=0.0):
    """Standard deviation of the starting weights: "glorot" (2010, eq. 16) or "he" (2015, eqs. 10 and 15)."""
    return np.sqrt(2 / (n_inputs + n_units) if rule == "glorot" else 2 / ((1 + slope**2) * n_inputs))


def prelu_backward(dY, X, slope):
    """(dX, dslope) of y = x where x > 0, slope x elsewhere. dY, X : (n_examples, n_units); slope, dslope : (n_units,)."""
    return np.where(X > 0, dY, slope * dY), (dY * np.minimum(X, 0)).sum(axis=0)


def contrastive_step(V, W, b, c, U):
    """CD-1's (dW, db, dc), to be added: what was seen less what the machine makes of it. Hinton 2002.

    V : (n, n_visible); W : (n_visible, n_hidden); b, c : biases of the visible and hidden units; U : (n, n_hidden), uniform noise
    """
    seen = sigmoid(c + V @ W)
    made = sigmoid(b + (seen > U) @ W.T)
    remade = sigmoid(c + made @ W)
    return (V.T @ seen - made.T @ remade) / len(V), np.mean(V - made, axis=0), np.mean(seen - remade, axis=0)
