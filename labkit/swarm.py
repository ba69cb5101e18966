"""Swarms: thousands of small training runs at once, a pixel of a map or a point of a histogram each.

A run has its place in the numbers: run r of seed s starts the same on a laptop and on a GPU, in a small swarm and in a
large one. Results are NumPy arrays with one row a run.
"""

from dataclasses import dataclass

import numpy as np

from labkit.ops import as_array, as_floats
from labkit.validation import distinct

XOR = (0, 1, 1, 0)
MOST = 2**31 - 1            # of runs, sweeps, steps: the kernels count in 32 bits
LARGEST_NETWORK = 190       # weights: the velocities of a block of threads have to fit into a GPU's shared memory


# One threshold unit

def lines(X, y, w1, w2, b):
    """The accuracy of every line w1 x1 + w2 x2 + b = 0 that the three lists of numbers can form.

    A line says the larger label where w1 x1 + w2 x2 + b > 0. X : (n_examples, 2), y : (n_examples,) with two labels;
    returns float32 (len(b), len(w2), len(w1)).
    """
    from labkit.kernels.lines import line_accuracy

    X, targets = _examples(X, y)
    if X.shape[1] != 2:
        raise ValueError(f"X has {X.shape[1]} columns, but a line in the plane needs 2; pass two columns, for example X[:, :2].")
    w1, w2, b = (_numbers(values, name) for values, name in ((w1, "w1"), (w2, "w2"), (b, "b")))
    accuracy = np.empty((len(b), len(w2), len(w1)), np.float32)
    line_accuracy.on_current(accuracy, X, targets, w1, w2, b)
    return accuracy


@dataclass(frozen=True)
class PerceptronRuns:
    """What became of each run; run s * n_orders + o had start s and order o.

    mistakes  : (n_runs,) corrections made in all
    epochs    : (n_runs,) passes through the examples, the last, clean one included
    converged : (n_runs,) whether there was a clean pass
    weights   : (n_runs, n_features + 1), the bias last
    """

    mistakes: np.ndarray
    epochs: np.ndarray
    converged: np.ndarray
    weights: np.ndarray


def perceptrons(X, y, starts=1000, orders=None, epochs=100, rate=1.0, start_size=1.0, seed=0):
    """Train a Rosenblatt perceptron from each start, with each order of the examples, for at most `epochs` epochs.

    The rule is `labkit.perceptron.Perceptron`'s, in float32. X : (n_examples, n_features), y : (n_examples,), two labels.
    starts : how many, drawn uniformly in [-start_size, start_size), or the starts themselves (n_starts, n_features + 1)
    orders : how many random ones, or the orders themselves (n_orders, n_examples); None takes the rows as they stand
    """
    from labkit.kernels.perceptron import perceptron_swarm

    X, targets = _examples(X, y)
    first = _starts(starts, X.shape[1], start_size, seed)
    orders = _orders(orders, len(X), seed)
    weights = np.ascontiguousarray(np.repeat(first, len(orders), axis=1))
    runs = weights.shape[1]
    mistakes, passes, converged = np.empty(runs, np.int32), np.empty(runs, np.int32), np.empty(runs, np.bool_)
    perceptron_swarm.on_current(weights, mistakes, passes, converged, X, targets, orders,
                                _number(rate, "rate"), np.int32(_count(epochs, "epochs")))
    return PerceptronRuns(mistakes, passes, converged, np.ascontiguousarray(weights.T))


def _starts(starts, features, start_size, seed):
    """The weights to start from, drawn or given : (features + 1, n_starts)"""
    from labkit.kernels import random

    if isinstance(starts, int | np.integer):
        return random.draws(_count(starts, "starts"), features + 1, _number(start_size, "start_size"), _seed(seed))
    first = _float32(starts, "starts").T
    _expect(first.ndim == 2 and len(first) == features + 1, "starts", np.shape(starts), f"(n_starts, {features + 1})")
    _check_finite(first, "starts")
    return first


def _orders(orders, n, seed):
    """The orders of n rows, as they stand, drawn or given : (n_orders, n)"""
    from labkit.kernels import random

    if orders is None:
        return np.arange(n, dtype=np.int32)[None]
    if isinstance(orders, int | np.integer):
        return random.orders(_count(orders, "orders"), n, _seed(seed))
    orders = as_array(orders, "orders")
    _expect(orders.ndim == 2 and orders.shape[1] == n, "orders", orders.shape, f"(n_orders, {n})")
    if orders.dtype.kind not in "iuf" or (np.sort(orders, axis=1) != np.arange(n)).any():
        raise ValueError(f"each row of orders has to hold every row number from 0 to {n - 1} once.")
    return np.array(orders, np.int32, order="C")


# Networks with two inputs

@dataclass(frozen=True)
class ThresholdNetworks:
    """What random networks of threshold units compute.

    tables : (n,) uint8; bit c is the answer at corner c of (0,0), (0,1), (1,0), (1,1)
    shares : (16,) the share of networks that compute each table; XOR is shares[0b0110]
    """

    tables: np.ndarray
    shares: np.ndarray

    @property
    def xor(self):
        """The share of networks that compute XOR."""
        return float(self.shares[0b0110])


def threshold_networks(n, hidden=2, seed=0):
    """Draw n networks with `hidden` threshold units and uniform weights and biases in [-1, 1); see what they compute.

    `hidden=0` draws lines: one threshold unit on the two inputs.
    """
    from labkit.kernels.threshold import threshold_tables

    tables = np.empty(_count(n, "n"), np.uint8)
    threshold_tables.on_current(tables, np.int32(_count(hidden, "hidden", least=0)), np.uint64(_seed(seed)), np.uint64(2))
    return ThresholdNetworks(tables, np.bincount(tables, minlength=16) / len(tables))


@dataclass(frozen=True)
class NetworkRuns:
    """What became of each network.

    errors        : (n,) half the summed squared error over all patterns, at the end
    solved        : (n,) whether every output is on its target's side of 1/2 (or within `tolerance`), at the end
    sweeps_needed : (n,) sweeps until that was first so; -1 where it never was
    weights       : (n, n_weights); each hidden unit's input weights and bias, then each output's hidden weights and bias
    """

    errors: np.ndarray
    solved: np.ndarray
    sweeps_needed: np.ndarray
    weights: np.ndarray

    def layers(self, inputs, hidden):
        """The weights as (W1, b1, W2, b2): (n, inputs, hidden), (n, hidden), (n, hidden, outputs), (n, outputs)."""
        inputs, hidden = _count(inputs, "inputs"), _count(hidden, "hidden")
        first = (inputs + 1) * hidden
        rest = self.weights.shape[1] - first
        if rest <= 0 or rest % (hidden + 1):
            raise ValueError(f"networks with {inputs} inputs and {hidden} hidden units do not have {self.weights.shape[1]} weights; "
                             "pass the sizes that they were trained with.")
        one = self.weights[:, :first].reshape(len(self.weights), hidden, inputs + 1)
        two = self.weights[:, first:].reshape(len(self.weights), -1, hidden + 1)
        return one[..., :-1].swapaxes(1, 2), one[..., -1], two[..., :-1].swapaxes(1, 2), two[..., -1]


def xor_networks(n, hidden=2, start_size=1.0, rate=0.5, momentum=0.9, sweeps=1000, seed=0, targets=XOR, tolerance=0.5):
    """Train n logistic networks, two inputs, `hidden` units (1 to 4), one output, each from a start of its own.

    Backpropagation of the squared error over all four corners, with momentum: v <- momentum v - rate gradient, w <- w + v.
    Starts are uniform in [-start_size, start_size). `targets` are the wanted answers at (0,0), (0,1), (1,0), (1,1).
    """
    from labkit.kernels import random
    from labkit.kernels.xor import MOST_HIDDEN
    from labkit.kernels.xor import xor_networks as kernels

    if not isinstance(hidden, int | np.integer) or hidden not in kernels:
        raise ValueError(f"hidden is {hidden!r}, but the swarm is built for 1 to {MOST_HIDDEN} hidden units.")
    goal = _numbers(targets, "targets")
    _expect(goal.shape == (4,), "targets", goal.shape, "(4,), an answer for each corner")
    n = _count(n, "n")
    weights = random.draws(n, 4 * hidden + 1, _number(start_size, "start_size"), _seed(seed))
    return _trained(kernels[hidden], weights, (goal,), sweeps, rate, momentum, tolerance)


def networks(X, T, hidden, n, start_size=0.3, rate=0.1, momentum=0.9, sweeps=1000, seed=0, tolerance=0.5):
    """Train n logistic networks with one hidden layer on the same few patterns, each from a start of its own.

    Backpropagation of the squared error over all patterns, with momentum: v <- momentum v - rate gradient, w <- w + v. The
    symmetry network is networks(*symmetry, hidden=2), the 8-3-8 encoder networks(*encoder, hidden=3).
    X : (n_patterns, n_inputs)    T : the answers wanted, between 0 and 1, (n_patterns, n_outputs), or (n_patterns,) for one output
    Starts are uniform in [-start_size, start_size). `NetworkRuns.layers` parts the weights that result.
    """
    from labkit.kernels import random
    from labkit.kernels.networks import networks as kernel_for
    from labkit.kernels.networks import rows

    X, T = _float32(X, "X"), _float32(T, "T")
    T = T[:, None] if T.ndim == 1 else T
    _expect(X.ndim == 2 and X.size > 0, "X", X.shape, "(n_patterns, n_inputs) with at least one of each")
    _expect(T.ndim == 2 and T.shape[1:] > (0,) and len(T) == len(X), "T", T.shape, f"({len(X)}, n_outputs), a row for each row of X")
    _check_finite(X, "X")
    _check_finite(T, "T")
    hidden, n = _count(hidden, "hidden"), _count(n, "n")
    count = rows(X.shape[1], hidden, T.shape[1])
    if count > LARGEST_NETWORK:
        raise ValueError(f"{X.shape[1]}-{hidden}-{T.shape[1]} networks have {count} weights each, but a swarm is for at most "
                         f"{LARGEST_NETWORK}; train one larger network with labkit.mlp.")
    weights = random.draws(n, count, _number(start_size, "start_size"), _seed(seed))
    return _trained(kernel_for(X.shape[1], hidden, T.shape[1]), weights, (X, T, np.int32(hidden)), sweeps, rate, momentum, tolerance)


def _trained(kernel, weights, patterns, sweeps, rate, momentum, tolerance):
    """What becomes of networks that start with these weights : (n_weights, n)"""
    n = weights.shape[1]
    errors, worst, needed = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.int32)
    kernel.on_current(weights, errors, worst, needed, *patterns, np.int32(_count(sweeps, "sweeps", least=0)),
                      _number(rate, "rate"), _number(momentum, "momentum"), _number(tolerance, "tolerance"))
    return NetworkRuns(errors, worst < tolerance, needed, np.ascontiguousarray(weights.T))


# Optimizers on a surface

@dataclass(frozen=True)
class Descents:
    """Where each run ended; all arrays have the shape that rates, momenta and starts have together.

    x, y     : the last point, NaN where the run diverged
    value    : the surface's height there
    diverged : whether the run left for good: it ended outside |x|, |y| < 10,000
    paths    : (n_records, 2, ...) the points on the way, the start first; empty unless asked for
    """

    x: np.ndarray
    y: np.ndarray
    value: np.ndarray
    diverged: np.ndarray
    paths: np.ndarray

    def basins(self, minima, within=0.1):
        """For each run the number of the minimum that it ended nearest to, -1 where none is nearer than `within`."""
        minima = as_floats(minima, "minima")
        if minima.size == 0:
            raise ValueError("minima is empty; pass points (x, y), such as surface.minima where the surface knows its own.")
        _expect(minima.ndim == 2 and minima.shape[1] == 2, "minima", minima.shape, "(n, 2), points (x, y) and a single one as [(x, y)],")
        _number(within, "within")
        distances = np.stack([np.hypot(self.x - x, self.y - y) for x, y in minima])
        distances[np.isnan(distances)] = np.inf
        return np.where(distances.min(axis=0) < within, distances.argmin(axis=0), -1)


def descents(surface, learning_rate, momentum=0.9, start=(1.0, 1.0), optimizer="momentum", steps=500, record_every=0):
    """Run an optimizer on a surface of `labkit.surfaces`, once for each learning rate, momentum and start.

    learning_rate, momentum and the two numbers of start may be numbers or arrays; they are broadcast together as NumPy does:
    rates[None, :] with momenta[:, None] make a map. For "adagrad" and "gradient_descent" the momentum is without effect;
    for "rmsprop" and "adadelta" it is the decay of the running mean, for "adam" beta_1.
    record_every : keep the points of every so many steps, for drawing; 0 keeps none.
    """
    from labkit.kernels.landscape import FAR, RULES, descend
    from labkit.surfaces import Surface

    if optimizer not in RULES:
        raise ValueError(f"optimizer is {optimizer!r}, but has to be one of {', '.join(RULES)}.")
    if not isinstance(surface, Surface):
        raise TypeError(f"surface is {surface!r}, but one of labkit.surfaces is expected, for example surfaces.valley().")
    if any(max(map(abs, minimum)) >= FAR for minimum in surface.minima):
        raise ValueError(f"the surface's minima are {surface.minima}, but a run that ends outside |x|, |y| < {FAR:,.0f} counts as diverged; "
                         "measure the targets in a larger unit, for example y / 1000.")
    steps, record_every = _count(steps, "steps", least=0), _count(record_every, "record_every", least=0)
    try:
        x, y = start
    except (TypeError, ValueError):
        raise ValueError(f"start is {start!r}, but two are expected, the numbers or arrays x and y; for example (1.0, 1.0).") from None
    given = {"learning_rate": learning_rate, "momentum": momentum, "start's x": x, "start's y": y}
    given = {name: _float32(values, name) for name, values in given.items()}
    try:
        rates, momenta, x, y = np.broadcast_arrays(*given.values())
    except ValueError:
        shapes = ", ".join(f"{name} {values.shape}" for name, values in given.items())
        raise ValueError(f"these shapes do not go together as NumPy's do: {shapes}; pass rates[None, :] with momenta[:, None].") from None
    shape = rates.shape
    points = np.array([x, y]).reshape(2, -1)
    heights = np.empty(points.shape[1], np.float32)
    paths = np.zeros((steps // record_every + 1 if record_every else 0, *points.shape), np.float32)
    descend.on_current(points, heights, paths, np.ascontiguousarray(rates.ravel()), np.ascontiguousarray(momenta.ravel()),
                       np.int32(surface.kind), np.float32(surface.parameter), np.ascontiguousarray(surface.examples, np.float32),
                       np.int32(RULES.index(optimizer)), np.int32(steps), np.int32(record_every))
    x, y = points.reshape(2, *shape)
    return Descents(x, y, heights.reshape(shape), np.isnan(x), paths.reshape(len(paths), 2, *shape))


# What is checked before anything runs

def _examples(X, y):
    """X as contiguous float32 rows, and targets +1 for the larger label, -1 for the smaller."""
    X, y = _float32(X, "X"), as_array(y, "y")      # a copy: kernels are compiled for writable arrays
    _expect(X.ndim == 2 and len(X) > 0, "X", X.shape, "(n_examples, n_features) with at least one row")
    _expect(y.shape == (len(X),), "y", y.shape, f"({len(X)},), a label for each row of X")
    if not np.isfinite(X).all():
        row = int(np.argmin(np.isfinite(X).all(axis=1)))
        raise ValueError(f"X has a missing or infinite number in row {row}; leave such rows out before training.")
    labels = distinct(y)
    if len(labels) != 2:
        raise ValueError(f"y holds {len(labels)} different labels, but a threshold unit tells 2 apart; pick two of the classes.")
    return X, np.where(y == labels[1], np.float32(1), np.float32(-1))


def _numbers(values, name):
    values = np.atleast_1d(_float32(values, name))
    _expect(values.ndim == 1 and len(values) > 0, name, values.shape, "a list of at least one number")
    _check_finite(values, name)
    return values


def _float32(values, name):
    """A copy of the values in C order. None becomes no NaN here, as it would in NumPy."""
    if getattr(values, "dtype", None) == np.float16:        # nothing is lost on the way to float32
        return np.array(values, np.float32, order="C")
    try:
        return np.array(as_floats(values, name), np.float32, order="C")
    except TypeError as error:
        raise ValueError(str(error)) from None


def _number(value, name):
    value = _float32(value, name)
    _expect(value.ndim == 0, name, value.shape, "a single number, shape (),")
    if not np.isfinite(value):
        raise ValueError(f"{name} is {value}, but has to be a finite number; for example 0.1.")
    return value[()]


def _check_finite(values, name):
    if not np.isfinite(values).all():
        raise ValueError(f"{name} has a missing or infinite number; leave such out before training.")


def _expect(right, name, shape, wanted):
    if not right:
        raise ValueError(f"{name} has shape {tuple(shape)}, but {wanted} is expected.")


def _count(value, name, least=1):
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} is {value!r}, but has to be a whole number, {least} or more.")
    if value > MOST:
        raise ValueError(f"{name} is {value!r}, but a swarm counts to {MOST:,} at most.")
    return int(value)


def _seed(seed):
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
        raise ValueError(f"seed is {seed!r}, but has to be a whole number from 0 to 2**64 - 1.")
    return int(seed)
