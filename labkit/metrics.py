"""How good an answer is; and what is known beforehand: Novikoff's bound on mistakes, the delta rule's largest stable step."""

import numpy as np

from labkit.ops import as_array
from labkit.validation import as_floats, distinct, same_kind


def accuracy(y, predicted):
    """The share of predictions that are right, from 0 to 1. y, predicted : (n,)"""
    y, predicted = _pair(y, predicted)
    return float(np.mean(y == predicted))


def confusion_matrix(y, predicted, classes=None):
    """How often each class (row) was taken for each class (column). Returns (n_classes, n_classes).

    y, predicted : (n,). `classes` gives the order; without it, the sorted labels of both arrays.
    """
    y, predicted = _pair(y, predicted)
    classes = distinct(np.concatenate([y, predicted])) if classes is None else as_array(classes, "classes")
    for labels in (y, predicted):
        unknown = np.setdiff1d(labels, classes)
        if len(unknown):
            raise ValueError(f"The label {unknown.tolist()[0]!r} is not among the classes {classes.tolist()}; add it to `classes`.")
    count = np.zeros((len(classes), len(classes)), np.int64)
    place = np.argsort(classes)
    row, column = (place[np.searchsorted(classes, labels, sorter=place)] for labels in (y, predicted))
    np.add.at(count, (row, column), 1)
    return count


def _pair(y, predicted):
    y, predicted = as_array(y, "y"), as_array(predicted, "predicted")
    if y.ndim != 1 or y.shape != predicted.shape:
        raise ValueError(f"y and the predictions must be vectors of one length, got shapes {y.shape} and {predicted.shape}.")
    if not len(y):
        raise ValueError("There is nothing to compare: y is empty.")
    same_kind(y, predicted)
    return y, predicted


def margin(X, y):
    """The distance of the nearest example from the best separating plane; 0.0 where no plane separates the two classes.

    The bias counts as one more weight, on an input that is always 1. The plane so goes through the origin of the space of
    (x, 1), and it is there that distances are measured: the margin is the largest, over all vectors v of length 1, of the
    smallest t (v . (x, 1)), with t = +1 for one class and -1 for the other. X : (n, n_inputs), y : (n,) of two classes.

    A margin below about a millionth of the longest (x, 1) is not told from 0.
    """
    from scipy.optimize import nnls

    X = with_constant(X)
    signed = X * _signs(y, len(X))[:, None]
    scale = np.linalg.norm(X, axis=1).max()
    # The shortest v with t (v . x) >= 1 for all examples, by Lawson and Hanson, Solving Least Squares Problems (1974), ch. 23.
    A = np.vstack([signed.T / scale, np.ones(len(X))])
    target = np.append(np.zeros(X.shape[1]), 1.0)
    residual = A @ nnls(A, target, maxiter=30 * len(X))[0] - target
    v = residual[:-1]
    length = np.linalg.norm(v)
    nearest = (signed @ v).min() / length if length > 1e-12 else 0.0
    return float(max(nearest, 0.0)) if nearest > 1e-7 * scale else 0.0


def novikoff_bound(X, y):
    """(R / margin)^2: the most mistakes Rosenblatt's rule can make from zero weights, in any order, in any number of epochs.

    R is the longest (x, 1) and `margin` the best one, both with the bias as a weight on a constant input 1; infinity where no
    plane separates the classes. Novikoff, On convergence proofs on perceptrons (1962).
    """
    best = margin(X, y)
    return float((with_constant(X) ** 2).sum(axis=1).max() / best**2) if best else np.inf


def hessian_limit(X, mean=True):
    """2 / (largest eigenvalue of the Hessian): below this learning rate the delta rule over all rows settles, above it diverges.

    The error is the mean over examples of (t - z)^2 / 2, its Hessian the mean of (x, 1)(x, 1)'; with mean=False it is the sum
    of them. X : (n, n_inputs), without the constant column.
    """
    X = with_constant(X)
    largest = np.linalg.norm(X, 2) ** 2
    return float(2 / (largest / len(X) if mean else largest))


def with_constant(X):
    """X with a last column of ones, on which the bias is a weight. Returns (n, n_inputs + 1) in float64."""
    X = as_floats(as_array(X, "X"), "X").astype(np.float64, copy=False)
    if X.ndim != 2 or not len(X):
        raise ValueError(f"X must be (n_examples, n_inputs) with one example or more, got shape {X.shape}.")
    if not np.isfinite(X).all():
        raise ValueError("X contains NaN or infinity; leave those rows out.")
    return np.column_stack([X, np.ones(len(X))])


def _signs(y, n):
    y, classes = as_array(y, "y"), distinct(y)
    if y.shape != (n,) or len(classes) != 2:
        found = f"got shape {y.shape} and {len(classes)} classes"
        raise ValueError(f"y must hold one label for each of the {n} rows of X, of two classes in all; {found}.")
    return np.where(y == classes[1], 1.0, -1.0)
