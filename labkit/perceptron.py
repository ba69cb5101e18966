"""Single units that learn: Rosenblatt's perceptron (1958), Widrow and Hoff's Adaline (1960), the sigmoid unit trained by SGD.

All three compute a weighted sum z = w x + b and differ in what they do about a wrong one. More than two classes get a unit each,
trained to tell its class from all others; the largest z wins.
"""

import numpy as np

from labkit.estimator import Classifier, Regressor, Unit
from labkit.metrics import hessian_limit
from labkit.validation import as_type, check_finite, check_numbers, check_positive, check_table

# The rules. Each learns from one epoch of examples and changes W and b in place.
# W : (n_units, n_inputs), b : (n_units,), X : (n_examples, n_inputs), T : (n_examples, n_units)


def perceptron_epoch(W, b, X, T, order, learning_rate):
    """Rosenblatt's rule, T = +1 or -1: where an example lies on the wrong side (or on the line), w += learning_rate t x.

    `order` lists the rows to look at. Returns how many mistakes were made and put right.
    """
    mistakes = 0
    for i in order:
        wrong = ~(T[i] * (W @ X[i] + b) > 0)                        # also where the sum overflowed to NaN
        step = learning_rate * T[i, wrong].astype(W.dtype)
        W[wrong] += step[:, None] * X[i]
        b[wrong] += step
        mistakes += int(wrong.sum())
    return mistakes


KERNEL_FROM = 100_000  # numbers in X; with fewer, loading the compiled loop takes longer than it saves


def for_the_kernel(X):
    return X.size >= KERNEL_FROM


def perceptron_epoch_compiled(W, b, X, T, order, learning_rate):
    """The same rule through the kernel, one unit after the other. X may be a memory map: its rows are read where they lie."""
    from labkit.kernels.perceptron import perceptron_swarm_cpu

    counts, converged = np.zeros((2, 1), np.int32), np.zeros(1, np.bool_)
    orders, mistakes = order.astype(np.int32)[None], 0
    for k in range(len(W)):
        weights = np.append(W[k], b[k])[:, None]
        perceptron_swarm_cpu.serial(
            weights, counts[0], counts[1], converged, X, T[:, k].astype(X.dtype), orders, learning_rate, np.int32(1)
        )
        W[k], b[k] = weights[:-1, 0], weights[-1, 0]
        mistakes += int(counts[0, 0])
    return mistakes


def delta_epoch(W, b, X, T, batches, learning_rate):
    """The delta rule: w += learning_rate (t - z) x, averaged over each batch of rows. T holds the numbers wanted.

    A batch of one row is Widrow and Hoff's rule; a batch of all rows is gradient descent on the mean of (t - z)^2 / 2.
    Returns the sum over examples and units of (t - z)^2 / 2, each taken just before it was used.
    """
    loss = 0.0
    for rows in batches:
        x = X[rows]
        error = T[rows] - (x @ W.T + b)
        W += learning_rate / len(rows) * (error.T @ x)
        b += learning_rate / len(rows) * error.sum(axis=0)
        loss += 0.5 * float((error**2).sum())
    return loss


def sigmoid_epoch(W, b, X, T, order, learning_rate, squared):
    """Stochastic gradient descent for sigmoid units, T = 0 or 1: w -= learning_rate d x, with h = sigmoid(w x + b) and

    d = 2 (h - t) h (1 - h) for the squared error (h - t)^2 (Le 2015, eq. 7 to 10), d = h - t for the cross-entropy.
    Returns the sum of the losses, each taken just before its example was used.
    """
    loss = 0.0
    for i in order:
        z = W @ X[i] + b
        h = sigmoid(z)
        if squared:
            d = 2 * (h - T[i]) * h * (1 - h)
            loss += float(((h - T[i]) ** 2).sum())
        else:
            d = h - T[i]
            loss += float((np.logaddexp(0, z) - T[i] * z).sum())
        W -= learning_rate * np.outer(d, X[i])
        b -= learning_rate * d
    return loss


def sigmoid(z):
    """1 / (1 + exp(-z)), written so that no z overflows."""
    return 0.5 * (1 + np.tanh(0.5 * z))


class Perceptron(Classifier):
    """Rosenblatt's perceptron: weights change only when an answer is wrong.

    If a plane separates the classes, it stops after at most (R / margin)^2 mistakes (`metrics.novikoff_bound`), whatever
    the order; if none does, it goes on making mistakes until `max_epochs`. From zero weights the learning rate only sets
    their scale.

    coef_, intercept_ : (n_units, n_inputs), (n_units,); one unit for two classes. Whether they are float32 follows X.
    mistakes_ : how many corrections were made in all; mistakes_per_epoch_ : (n_epochs,)
    converged_ : the last epoch was without a mistake

    Rosenblatt, Psychological Review 65 (1958); Novikoff, Symposium on the Mathematical Theory of Automata (1962).
    """

    def __init__(self, learning_rate=1.0, max_epochs=100, shuffle=False, random_state=None):
        self.learning_rate = learning_rate
        self.max_epochs = max_epochs
        self.shuffle = shuffle
        self.random_state = random_state

    def _checked(self, X):
        """Where the kernel is to read the rows, it finds what is not finite, and they are not read twice."""
        X = check_table(self, X)
        if not for_the_kernel(X):
            check_finite(X, "X")
        return X

    def _epoch(self, X, T):
        epoch = perceptron_epoch_compiled if for_the_kernel(X) else perceptron_epoch
        W, b = self.coef_.copy(), self.intercept_.copy()
        with np.errstate(over="ignore", invalid="ignore"):
            wrong = epoch(W, b, X, T, self._order(len(X)), X.dtype.type(self.learning_rate))
        self.coef_, self.intercept_ = W, b
        self.mistakes_per_epoch_ = np.append(getattr(self, "mistakes_per_epoch_", np.empty(0, np.int64)), wrong)
        self._check_bounded(len(self.mistakes_per_epoch_), X)
        self.mistakes_ = int(self.mistakes_per_epoch_.sum())
        self.converged_ = wrong == 0
        return self.converged_

    def _advice(self, X):
        check_finite(X, "X")                                        # of rows for the kernel nobody has asked yet
        return super()._advice(X)


class DeltaRule(Unit):
    """What Adaline and AdalineRegressor share."""

    def __init__(self, learning_rate=0.01, max_epochs=100, batch_size=1, shuffle=False, random_state=None):
        self.learning_rate = learning_rate
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.random_state = random_state

    def _epoch(self, X, T):
        if self.batch_size is not None:
            check_positive(self, "batch_size", whole=True)
        order, size = self._order(len(X)), int(self.batch_size or len(X))
        batches = [order[start : start + size] for start in range(0, len(X), size)]
        with np.errstate(over="ignore", invalid="ignore"):
            loss = delta_epoch(self.coef_, self.intercept_, X, T.astype(X.dtype), batches, X.dtype.type(self.learning_rate))
        self._note_loss(loss, X)

    def _advice(self, X):
        if self.batch_size is None:
            limit, name = hessian_limit(X), "metrics.hessian_limit(X)"
        else:
            limit, name = 2 / (1 + (X.astype(np.float64) ** 2).sum(axis=1).max()), "2 / (1 + largest squared length of a row)"
        return f"stay below {limit:.3g}, which is {name}"


class Adaline(DeltaRule, Classifier):
    """Widrow and Hoff's adaptive linear neuron: the delta rule on targets +1 and -1, the sign of z as the answer.

    The weights follow the error t - z of the sum itself, so they go on moving after every answer is right.
    batch_size : rows averaged for one step; 1 is the rule of 1960, None takes all rows. With all rows the rule is stable for a
    learning rate below `metrics.hessian_limit(X)`; above it the weights grow until fit raises FloatingPointError.

    coef_, intercept_ : (n_units, n_inputs), (n_units,)
    loss_per_epoch_ : (n_epochs,), the mean of (t - z)^2 / 2 over the examples, summed over the units, as met on the way

    Widrow and Hoff, Adaptive Switching Circuits, IRE WESCON Convention Record (1960).
    """


class AdalineRegressor(DeltaRule, Regressor):
    """The delta rule with numbers as targets: least squares, a step at a time. Parameters and losses as for `Adaline`.

    coef_, intercept_ : (1, n_inputs), (1,)
    """

    def _wanted(self, X, y, classes):
        return as_type(check_numbers(y), getattr(self, "coef_", X).dtype, "y")[:, None]

    def predict(self, X):
        """The weighted sum for each row. Returns (n_examples,)."""
        return self._sums(X)[:, 0]


class SigmoidUnit(Classifier):
    """h(x) = sigmoid(w x + b), trained by stochastic gradient descent: random start, random examples, small steps.

    An epoch is as many draws, with replacement, as there are examples. loss="squared" is (h - t)^2 as in Le's tutorial,
    loss="cross_entropy" is -log of the probability given to the right class.

    coef_, intercept_ : (n_units, n_inputs), (n_units,); they start uniform between -0.5 and 0.5 and at 0
    loss_per_epoch_ : (n_epochs,), the mean loss of the examples drawn, summed over the units, as met on the way

    Le, A Tutorial on Deep Learning, part 1 (2015), sections 3 to 5.
    """

    def __init__(self, learning_rate=0.1, max_epochs=1000, loss="squared", random_state=None):
        self.learning_rate = learning_rate
        self.max_epochs = max_epochs
        self.loss = loss
        self.random_state = random_state

    def _start(self, n_units, X):
        return self._random.uniform(-0.5, 0.5, (n_units, X.shape[1])).astype(X.dtype), np.zeros(n_units, X.dtype)

    def _targets(self, codes):
        return (super()._targets(codes) + 1) // 2

    def _epoch(self, X, T):
        if self.loss not in ("squared", "cross_entropy"):
            raise ValueError(f"loss must be 'squared' or 'cross_entropy', got {self.loss!r}.")
        order = self._random.integers(len(X), size=len(X))
        squared = self.loss == "squared"
        with np.errstate(over="ignore", invalid="ignore"):
            loss = sigmoid_epoch(self.coef_, self.intercept_, X, T, order, X.dtype.type(self.learning_rate), squared)
        self._note_loss(loss, X)

    def predict_proba(self, X):
        """What the units say, as shares that add up to 1. Returns (n_examples, n_classes)."""
        z = self._sums(X)
        if len(self.classes_) == 2:
            return np.hstack([1 - sigmoid(z), sigmoid(z)])
        logs = -np.logaddexp(0, -z)                             # of sigmoid(z), which may itself be 0 for every class
        shares = np.exp(logs - logs.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)
