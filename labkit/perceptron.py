"""Single units that learn: Rosenblatt's perceptron (1958), Widrow and Hoff's Adaline (1960), the sigmoid unit trained by SGD.

All three compute a weighted sum z = w x + b and differ in what they do about a wrong one. More than two classes get a unit each,
trained to tell its class from all others; the largest z wins.
"""

import inspect
import warnings

import numpy as np

# The rules. Each learns from one epoch of examples and changes W and b in place.
# W : (n_units, n_inputs), b : (n_units,), X : (n_examples, n_inputs), T : (n_examples, n_units)


def perceptron_epoch(W, b, X, T, order, learning_rate):
    """Rosenblatt's rule, T = +1 or -1: where an example lies on the wrong side (or on the line), w += learning_rate t x.

    `order` lists the rows to look at. Returns how many mistakes were made and put right.
    """
    mistakes = 0
    for i in order:
        wrong = T[i] * (W @ X[i] + b) <= 0
        step = learning_rate * T[i, wrong].astype(W.dtype)
        W[wrong] += step[:, None] * X[i]
        b[wrong] += step
        mistakes += int(wrong.sum())
    return mistakes


KERNEL_FROM = 100_000  # numbers in X; with fewer, loading the compiled loop takes longer than it saves


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


class Unit:
    """What the units share: scikit-learn's manners (without loading scikit-learn), starting values, the epochs."""

    def get_params(self, deep=True):
        return {name: getattr(self, name) for name in inspect.signature(type(self).__init__).parameters if name != "self"}

    def set_params(self, **params):
        for name, value in params.items():
            if name not in self.get_params():
                known = ", ".join(self.get_params())
                raise ValueError(f"Invalid parameter {name!r} for estimator {self!r}. Valid parameters are: {known}.")
            setattr(self, name, value)
        return self

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.get_params().items())})"

    def __sklearn_tags__(self):
        from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags

        kind = {"classifier": {"classifier_tags": ClassifierTags()}, "regressor": {"regressor_tags": RegressorTags()}}
        return Tags(self.estimator_type, TargetTags(required=True), input_tags=InputTags(), **kind[self.estimator_type])

    def fit(self, X, y):
        """Learn from scratch, at most `max_epochs` times through all examples. X : (n_examples, n_inputs), y : (n_examples,)."""
        self._forget()
        X, T = self._examples(X, y)
        for _ in range(self.max_epochs):
            if self._epoch(X, T):
                break
        return self

    def partial_fit(self, X, y, classes=None):
        """One epoch more, from where the last one ended. `classes`: all classes there are, where the first y may lack some."""
        if not hasattr(self, "coef_"):
            self._forget()
        self._epoch(*self._examples(X, y, classes))
        return self

    def _forget(self):
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)
        check_positive(self, "learning_rate")
        check_positive(self, "max_epochs", whole=True)
        self._random = np.random.default_rng(self.random_state)

    def _examples(self, X, y, classes=None):
        """Checked X and, for each example, what each unit should say. The first call makes the units."""
        X = check_rows(self, X)
        y = check_targets(self, X, y)
        T = self._wanted(X, y, classes)
        if not hasattr(self, "coef_"):
            self.n_features_in_ = X.shape[1]
            self.coef_, self.intercept_ = self._start(T.shape[1], X)
        return X.astype(self.coef_.dtype, copy=False), T

    def _start(self, n_units, X):
        return np.zeros((n_units, X.shape[1]), X.dtype), np.zeros(n_units, X.dtype)

    def _order(self, n):
        return self._random.permutation(n) if self.shuffle else np.arange(n)

    def _note_loss(self, loss):
        self.loss_per_epoch_ = np.append(getattr(self, "loss_per_epoch_", np.empty(0)), loss)

    def _sums(self, X):
        check_fitted(self)
        X = check_rows(self, X)
        return X @ self.coef_.T + self.intercept_


class Classifier(Unit):
    """Units whose answer is a class."""

    estimator_type = "classifier"

    def _wanted(self, X, y, classes):
        y = check_labels(self, y)
        if not hasattr(self, "classes_"):
            self.classes_ = check_classes(self, y if classes is None else classes)
        return self._targets(class_codes(self, y))

    def _targets(self, codes):
        """(n_examples, n_units): +1 for a unit's own class, -1 for the others. Two classes need one unit, that of the second."""
        own = np.arange(len(self.classes_)) if len(self.classes_) > 2 else np.array([1])
        return np.where(codes[:, None] == own, np.int8(1), np.int8(-1))

    def decision_function(self, X):
        """The weighted sums z. Returns (n_examples,) for two classes, else (n_examples, n_classes)."""
        z = self._sums(X)
        return z[:, 0] if len(self.classes_) == 2 else z

    def predict(self, X):
        """The class of each row. Returns (n_examples,)."""
        z = self.decision_function(X)
        return self.classes_[(z > 0).astype(int) if z.ndim == 1 else z.argmax(axis=1)]

    def score(self, X, y):
        """The share of rows whose class is predicted right."""
        return float(np.mean(self.predict(X) == np.asarray(y)))


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

    def _epoch(self, X, T):
        epoch = perceptron_epoch_compiled if X.size >= KERNEL_FROM else perceptron_epoch
        wrong = epoch(self.coef_, self.intercept_, X, T, self._order(len(X)), X.dtype.type(self.learning_rate))
        self.mistakes_per_epoch_ = np.append(getattr(self, "mistakes_per_epoch_", np.empty(0, np.int64)), wrong)
        self.mistakes_ = int(self.mistakes_per_epoch_.sum())
        self.converged_ = wrong == 0
        return self.converged_


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
        order, size = self._order(len(X)), self.batch_size or len(X)
        batches = [order[start : start + size] for start in range(0, len(X), size)]
        with np.errstate(over="ignore", invalid="ignore"):
            loss = delta_epoch(self.coef_, self.intercept_, X, T.astype(X.dtype), batches, X.dtype.type(self.learning_rate))
        self._note_loss(loss / len(X))
        if not (np.isfinite(self.coef_).all() and np.isfinite(self.intercept_).all()):
            raise FloatingPointError(self._diverged(X))

    def _diverged(self, X):
        from labkit.metrics import hessian_limit

        if self.batch_size is None:
            limit, name = hessian_limit(X), "metrics.hessian_limit(X)"
        else:
            limit, name = 2 / (1 + (X.astype(np.float64) ** 2).sum(axis=1).max()), "2 / (1 + largest squared length of a row)"
        return (
            f"The weights grew beyond all bounds in epoch {len(self.loss_per_epoch_)}: learning_rate={self.learning_rate} is too "
            f"large for this X; stay below {limit:.3g}, which is {name}, or make the columns of X smaller."
        )


class Adaline(DeltaRule, Classifier):
    """Widrow and Hoff's adaptive linear neuron: the delta rule on targets +1 and -1, the sign of z as the answer.

    The weights follow the error t - z of the sum itself, so they go on moving after every answer is right.
    batch_size : rows averaged for one step; 1 is the rule of 1960, None takes all rows. With all rows the rule is stable for a
    learning rate below `metrics.hessian_limit(X)`; above it the weights grow until fit raises FloatingPointError.

    coef_, intercept_ : (n_units, n_inputs), (n_units,)
    loss_per_epoch_ : (n_epochs,), the mean of (t - z)^2 / 2 over the examples, summed over the units, as met on the way

    Widrow and Hoff, Adaptive Switching Circuits, IRE WESCON Convention Record (1960).
    """


class AdalineRegressor(DeltaRule):
    """The delta rule with numbers as targets: least squares, a step at a time. Parameters and losses as for `Adaline`.

    coef_, intercept_ : (1, n_inputs), (1,)
    """

    estimator_type = "regressor"

    def _wanted(self, X, y, classes):
        return check_numbers(y).astype(X.dtype)[:, None]

    def predict(self, X):
        """The weighted sum for each row. Returns (n_examples,)."""
        return self._sums(X)[:, 0]

    def score(self, X, y):
        """R squared: 1 for a perfect prediction, 0 for one no better than the mean of y."""
        y = np.asarray(y, dtype=np.float64)
        return float(1 - ((y - self.predict(X)) ** 2).sum() / ((y - y.mean()) ** 2).sum())


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
        self._note_loss(loss / len(X))

    def predict_proba(self, X):
        """What the units say, as shares that add up to 1. Returns (n_examples, n_classes)."""
        h = sigmoid(self._sums(X))
        return np.hstack([1 - h, h]) if len(self.classes_) == 2 else h / h.sum(axis=1, keepdims=True)


# What is checked before any learning. Where scikit-learn's own checks expect a sentence it comes first, then what to do.


def check_positive(unit, name, whole=False):
    """The hyperparameter `name` must be above zero, and a whole number where `whole`."""
    value = getattr(unit, name)
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value < np.inf:
        expected = "a whole number, 1 or more" if whole else "a number above 0"
        raise ValueError(f"{name} must be {expected}, got {value!r}.")


def check_fitted(unit):
    if not hasattr(unit, "coef_"):
        from sklearn.exceptions import NotFittedError

        raise NotFittedError(f"This {type(unit).__name__} has learned nothing yet; call fit(X, y) first.")


def check_rows(unit, X):
    """X as an array (n_examples, n_inputs) of float32 or float64, contiguous, finite, as wide as what `unit` learned from.

    A float array in C order is not copied, so that a memory map stays on disk.
    """
    if hasattr(X, "toarray"):
        raise TypeError("Sparse data was passed for X, but dense data is required; pass X.toarray().")
    try:
        X = np.asarray(X)
    except ValueError:
        raise ValueError("X has rows of different lengths; every example needs the same number of inputs.") from None
    if X.ndim == 1:
        raise ValueError(
            f"Expected 2D array, got 1D array instead: X has shape {X.shape}. Reshape your data: X.reshape(-1, 1) if it is one "
            "column, X.reshape(1, -1) if it is one example."
        )
    if X.ndim != 2:
        raise ValueError(
            f"Found array with dim {X.ndim}, while dim 2 is required: X has shape {X.shape}; "
            "pass (n_examples, n_inputs), for example X.reshape(len(X), -1)."
        )
    for count, kind in zip(X.shape, ("sample", "feature"), strict=True):
        if count == 0:
            raise ValueError(f"Found array with 0 {kind}(s) (shape={X.shape}) while a minimum of 1 is required; give X some data.")
    X = as_floats(X, "X")
    width = getattr(unit, "n_features_in_", X.shape[1])
    if X.shape[1] != width:
        raise ValueError(
            f"X has {X.shape[1]} features, but {type(unit).__name__} is expecting {width} features as input; pass the columns of fit."
        )
    check_finite(X, "X")
    return X


def as_floats(values, what):
    """Numbers as contiguous float32 or float64; whole numbers become float64."""
    if values.dtype.kind in "USO":
        return object_floats(values, what)
    if values.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {what} holds complex numbers; pass {what}.real if that is what you mean.")
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{what} holds {values.dtype}, but numbers are expected.")
    if values.dtype == np.float16:
        raise TypeError(f"{what} is float16, which keeps only 3 digits; pass {what}.astype(np.float32).")
    kind = np.float32 if values.dtype == np.float32 else np.float64
    return np.ascontiguousarray(values, dtype=kind)


def object_floats(values, what):
    if not any(isinstance(value, (str, bytes)) for value in values.flat):
        try:
            return np.ascontiguousarray(values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{error}; {what} must hold numbers only.") from None
    raise ValueError(f"{what} holds text, but numbers are expected; convert it first, for example {what}.astype(float).")


def check_finite(values, what):
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum()):  # one reading and no second array of this size, for a memory map's sake
            return
    for start in range(0, len(values), 10_000):
        rows = values[start : start + 10_000]
        for word, found in (("NaN", np.isnan(rows)), ("infinity", np.isinf(rows))):
            if found.any():
                row = start + np.argwhere(found)[0, 0]
                raise ValueError(f"Input {what} contains {word}: the first is in row {row}; fill it or leave the row out.")


def check_targets(unit, X, y):
    """y as a one-dimensional array with an entry for each row of X."""
    if y is None:
        raise ValueError(f"{type(unit).__name__} requires y to be passed, but the target y is None; call fit(X, y).")
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        from sklearn.exceptions import DataConversionWarning

        said = "A column-vector y was passed when a 1d array was expected; pass y.ravel()."
        warnings.warn(said, DataConversionWarning, stacklevel=5)
        y = y.ravel()
    if y.ndim != 1:
        raise ValueError(f"y should be a 1d array, got an array of shape {y.shape} instead; pass one answer a row of X.")
    if len(y) != len(X):
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: [{len(X)}, {len(y)}]; y needs one entry for each row of X."
        )
    return y


def check_numbers(y):
    """y as finite numbers, for a unit that predicts a number."""
    y = as_floats(y, "y")
    check_finite(y, "y")
    return y


def check_labels(unit, y):
    """y as labels of classes: numbers must be whole."""
    if y.dtype.kind == "f":
        check_finite(y, "y")
        if (y != np.floor(y)).any():
            raise ValueError(
                f"Unknown label type: continuous. {type(unit).__name__} tells classes apart and needs labels such as 0 and 1; "
                "to predict numbers use AdalineRegressor."
            )
    return y


def check_classes(unit, labels):
    """The sorted classes, of which there must be two or more."""
    try:
        classes = np.unique(labels)
    except TypeError:
        raise ValueError("Unknown label type: y mixes text and numbers; use one kind of label for all classes.") from None
    if len(classes) < 2:
        raise ValueError(
            f"{type(unit).__name__} needs examples of at least two classes, but y holds one class only: {classes.tolist()[0]!r}; "
            "add examples of another."
        )
    return classes


def class_codes(unit, y):
    """For each label its place in `classes_`."""
    codes = np.minimum(np.searchsorted(unit.classes_, y), len(unit.classes_) - 1)
    strange = unit.classes_[codes] != y
    if strange.any():
        raise ValueError(
            f"y holds {y[strange].tolist()[0]!r}, which is none of the classes {unit.classes_.tolist()}; "
            "name all classes in the first partial_fit, or call fit to start again."
        )
    return codes
