"""Losses: how wrong an answer is, and in which direction. Each returns `(value, gradient)`.

Y : (n_examples, n_outputs). The value is the mean over the examples, or their sum with `reduction="sum"` (as in the papers of
1986); the gradient, of Y's shape, is of that same value. The value stays where its arrays live until float() reads it.

The two on scores join the last activation to the loss. The gradient is then p - t, with nothing left to overflow.
"""

import numpy as np

from labkit import ops


def squared_error(Y, T, reduction="mean"):
    """Half the squared distance, (1/2) sum (y - t)^2; gradient y - t. T : (n_examples, n_outputs)"""
    Y, share = _outputs(Y, "Y", reduction)
    return ops.loss("squared_error", Y, _targets(T, Y), share)


def cross_entropy(P, T, reduction="mean"):
    """-sum t log p, for probabilities P that add up to one; gradient -t / p.

    T : (n_examples,) labels 0, 1, ..., or (n_examples, n_outputs) probabilities
    """
    P, share = _outputs(P, "P", reduction)
    return ops.loss("cross_entropy", P, one_hot(T, P) if _is_labels(T) else _probabilities(T, P), share, _floor(P))


def binary_cross_entropy(P, T, reduction="mean"):
    """-sum t log p + (1 - t) log(1 - p), each output a yes-or-no question of its own; gradient (p - t) / (p (1 - p)).

    T : (n_examples, n_outputs) of numbers from 0 to 1
    """
    P, share = _outputs(P, "P", reduction)
    return ops.loss("binary_cross_entropy", P, _between_0_and_1(T, P), share, _floor(P))


def softmax_cross_entropy(Z, T, reduction="mean"):
    """Cross-entropy of softmax(Z), from the scores Z; gradient softmax(z) - t. T as for `cross_entropy`"""
    Z, share = _outputs(Z, "Z", reduction)
    if _is_labels(T):
        return ops.loss("softmax_cross_entropy", Z, _labels(T, Z), share)
    return ops.loss("softmax_cross_entropy_soft", Z, _probabilities(T, Z), share)


def sigmoid_cross_entropy(Z, T, reduction="mean"):
    """Binary cross-entropy of sigmoid(Z), from the scores Z; gradient sigmoid(z) - t. T as for `binary_cross_entropy`"""
    Z, share = _outputs(Z, "Z", reduction)
    return ops.loss("sigmoid_cross_entropy", Z, _between_0_and_1(T, Z), share)


def one_hot(labels, Y):
    """Labels as rows of zeros with a one in the label's column, of the shape and type of Y."""
    T = np.zeros(Y.shape, Y.dtype)
    T[np.arange(len(T)), ops.to_numpy(_labels(labels, Y))] = 1
    return ops.move(T, Y)


def _outputs(Y, name, reduction):
    """The outputs as a table, and what each example counts for in the value."""
    Y = ops.as_table(Y, name)
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction is {reduction!r} but has to be 'mean' or 'sum'.")
    if Y.shape[0] == 0:
        raise ValueError("there are no examples to compute a loss of; pass at least one row.")
    return Y, 1 / Y.shape[0] if reduction == "mean" else 1


def _floor(P):
    """The smallest probability a logarithm is taken of: a confident mistake costs much, not infinitely much."""
    return np.finfo(P.dtype).eps


def _is_labels(T):
    return len(T.shape if hasattr(T, "shape") else ops.as_array(T, "T").shape) == 1


def _labels(T, Y):
    """Whole numbers 0 to n_outputs - 1, one for each row of Y."""
    if ops.place(Y) != "cpu":
        return T
    T = ops.as_array(T, "T")
    if T.dtype.kind not in "iu":
        raise TypeError(f"labels are {T.dtype}, but whole numbers 0 to {Y.shape[1] - 1} are expected; "
                        "number the classes, for example with np.unique(labels, return_inverse=True)[1].")
    if len(T) != len(Y):
        raise ValueError(f"there are {len(T)} labels for {len(Y)} rows of outputs; pass one label a row.")
    T = np.ascontiguousarray(T, np.int64)
    if T.view(np.uint64).max() >= Y.shape[1]:           # a negative number is a large one here: one pass finds both
        raise ValueError(f"labels run from {T.min()} to {T.max()}, but {Y.shape[1]} outputs have labels 0 to {Y.shape[1] - 1}; "
                         "number the classes from 0, or give the network an output for each.")
    return T


def _targets(T, Y):
    """Numbers in the shape and type of Y."""
    if ops.place(Y) != "cpu":
        return T
    T = ops.as_floats(T, "T")
    if T.shape != Y.shape:
        column = "; pass T.reshape(-1, 1)" if T.shape == Y.shape[:1] and Y.shape[1] == 1 else "; pass one target for each output"
        raise ValueError(f"the targets have shape {T.shape} but the outputs {Y.shape}{column}.")
    return np.asarray(T, Y.dtype)


def _between_0_and_1(T, Y):
    """Targets each of which is a probability: a cross-entropy has no least value for others. NaN is left to the loss, which becomes it."""
    T = _targets(T, Y)
    if ops.place(Y) == "cpu" and (T.min() < -1e-3 or T.max() > 1 + 1e-3):
        raise ValueError(f"the targets run from {T.min():g} to {T.max():g}, but have to be numbers from 0 to 1; write -1 as 0, or scale them.")
    return T


def _probabilities(T, Y):
    """Targets of which each row adds up to one."""
    T = _between_0_and_1(T, Y)
    if ops.place(Y) == "cpu" and not np.allclose(T.sum(axis=1), 1, atol=1e-3):
        raise ValueError("the targets of a row have to add up to 1, as probabilities do; pass labels, or rows such as [0, 1, 0].")
    return T
