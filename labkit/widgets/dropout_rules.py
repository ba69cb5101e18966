"""What lab 09 builds, in labkit's own form: shown where a student's function is not right yet."""

import numpy as np

from labkit.regularization import dropout_mask


def forward(X, uniforms, rate):
    """Inverted dropout in training: the outputs and the mask."""
    mask = dropout_mask(uniforms, rate)
    return X * mask, mask


def backward(dY, mask):
    return mask * dY


def in_use(H, W, b, rate):
    """The paper's form in use: every unit counts for the share of examples for which it was there."""
    return ((1 - rate) * H) @ W + b


def soft_threshold(W, step):
    return W - np.clip(W, -step, step)


def max_norm(W, limit):
    """Each column at most `limit` long."""
    return W / np.maximum(np.linalg.norm(W, axis=0) / limit, 1)
