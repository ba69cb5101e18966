"""Multilayer perceptrons with scikit-learn's manners: a dense network, a loss, an optimizer and the order of the examples."""

import copy
from contextlib import contextmanager

import numpy as np

from labkit import _cuda, devices, ops
from labkit.activations import softmax
from labkit.capture import captured
from labkit.estimator import Classifier, Regressor, Unit, kept_where_refused
from labkit.losses import softmax_cross_entropy, squared_error
from labkit.network import dense_network
from labkit.optimizers import OPTIMIZERS, Optimizer
from labkit.regularization import listed
from labkit.validation import as_one_line, as_type, check_fitted, check_numbers, check_positive, check_rows, check_targets

WORTH_A_GPU = 2**22         # multiply-adds of a batch; below, starting kernels takes a GPU longer than a CPU takes for the work


class MLP(Unit):
    """What MLPClassifier and MLPRegressor share.

    hidden_layer_sizes : units of each hidden layer
    activation : "relu", "prelu", "sigmoid" or "tanh"
    optimizer : a name from `labkit.optimizers.OPTIMIZERS`, which takes `learning_rate`, or an Optimizer of your own making
    batch_size : examples averaged for one step
    max_epochs : times through all examples
    dropout, input_dropout : probability of dropping a hidden unit, an input, in training
    regularizers : of `labkit.regularization`, such as (L2(1e-4), MaxNorm(3)), or one alone
    initializer : of `labkit.initializers`, or its name; default he for relu and prelu, glorot for the others
    shuffle : whether each epoch takes the examples in a new order

    It computes in float32 where X is float32, in float64 otherwise. In float32 a large one learns on the GPU where there is one, its
    step on a whole batch captured as a CUDA graph (`labkit.capture`; LABKIT_CUDA_GRAPH=0 does without).

    network_ : the Network, and optimizer_ : its Optimizer, after fit
    loss_per_epoch_ : (n_epochs,), the mean loss of the examples, each as it was met on the way
    """

    def __init__(self, hidden_layer_sizes=(100,), activation="relu", optimizer="adam", learning_rate=0.005, batch_size=32,
                 max_epochs=50, dropout=0.0, input_dropout=0.0, regularizers=(), initializer=None, shuffle=True, random_state=None):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.regularizers = regularizers
        self.initializer = initializer
        self.shuffle = shuffle
        self.random_state = random_state

    def fit(self, X, y):
        """Learn from scratch. X : (n_examples, n_inputs), y : (n_examples,)"""
        with kept_where_refused(self):
            self._forget()
            X, T = self._examples(X, y)
        with self._where_it_is_fast(X, T) as (X, T, step):
            for _ in range(self.max_epochs):
                self._epoch(X, T, step)
        return self

    def partial_fit(self, X, y, classes=None):
        """One epoch more, of the network that the first one built. `learning_rate`, `batch_size`, `regularizers` and `shuffle` may
        change in between. `classes`: all classes there are, where the first y may lack some."""
        with kept_where_refused(self):
            if not hasattr(self, "network_"):
                self._forget()
            X, T = self._examples(X, y, classes)
        with self._where_it_is_fast(X, T) as (X, T, step):
            self._epoch(X, T, step)
        return self

    def _examples(self, X, y, classes=None):
        X = check_rows(self, X)
        T, n_outputs = self._wanted(X, check_targets(self, X, y), classes)
        check_positive(self, "batch_size", whole=True)
        listed(self.regularizers)
        if not hasattr(self, "network_"):
            self.optimizer_ = make_optimizer(self)
            self.n_features_in_ = X.shape[1]
            self.network_ = dense_network((X.shape[1], *layer_sizes(self.hidden_layer_sizes), n_outputs), self.activation, self.dropout,
                                          self.input_dropout, self.initializer, self._random, X.dtype)
            self.loss_per_epoch_ = np.empty(0)
        follow_settings(self)
        dtype = self.network_.params.flat.dtype
        return as_type(X, dtype, "X"), T if T.dtype.kind == "i" else as_type(T, dtype, "y")

    @contextmanager
    def _where_it_is_fast(self, X, T):
        """X and T on the GPU, and network and optimizer with them, while they learn: where there is a GPU and enough to do for it.
        Third comes the step on a whole batch, captured as a CUDA graph there, or None."""
        params = self.network_.params
        if devices.current().name != "cuda" or params.flat.dtype != np.float32 or int(self.batch_size) * params.flat.size < WORTH_A_GPU:
            yield X, T, None
            return
        cuda = _cuda.real()
        try:
            self.optimizer_.move(self.network_.move(cuda).params.flat)
            X, T = cuda.to_device(X), cuda.to_device(T)
            with captured(self.network_, X, T, self._loss, self.optimizer_, listed(self.regularizers), int(self.batch_size)) as step:
                yield X, T, step
        finally:
            self.optimizer_.move(self.network_.move().params.flat)
            devices.free()

    def _epoch(self, X, T, step=None):
        order = self._random.permutation(X.shape[0]) if self.shuffle else None
        loss = train_epoch(self.network_, X, T, self._loss, self.optimizer_, self.batch_size, order, self.regularizers, step)
        note_loss(self, loss, self.network_.params)

    def _outputs(self, X):
        check_fitted(self, "network_")
        return self.network_.predict(as_type(check_rows(self, X), self.network_.params.flat.dtype, "X"))


class MLPClassifier(MLP, Classifier):
    """A multilayer perceptron with a softmax output, trained on the cross-entropy.

    >>> model = MLPClassifier((30,), max_epochs=20, random_state=0).fit(X, y)      # doctest: +SKIP
    """

    _loss = staticmethod(softmax_cross_entropy)

    def _targets(self, codes):
        return codes, len(self.classes_)

    def predict_proba(self, X):
        """The probability of each class. Returns (n_examples, n_classes)."""
        return softmax(self._outputs(X))

    def decision_function(self, X):
        """The scores: log p and a constant a row. Returns (n_examples, n_classes); for two classes the second less the first."""
        Z = self._outputs(X)
        return Z[:, 1] - Z[:, 0] if len(self.classes_) == 2 else Z


class MLPRegressor(MLP, Regressor):
    """A multilayer perceptron with one linear output, trained on half the squared error."""

    _loss = staticmethod(squared_error)

    def _wanted(self, X, y, classes):
        return check_numbers(y)[:, None], 1

    def predict(self, X):
        """The number for each row. Returns (n_examples,)."""
        return self._outputs(X)[:, 0]


def train_epoch(network, X, T, loss, optimizer, batch_size=32, order=None, regularizers=(), step=None):
    """A training step for each batch of examples, as they come or those of `order`, a list of rows; returns the mean loss on the way.

    step : a CapturedStep on these, for whole batches
    """
    if not ops.is_count(batch_size):
        raise ValueError(f"batch_size must be a whole number, 1 or more, got {batch_size!r}.")
    X, T = (rows if hasattr(rows, "copy_to_host") else ops.as_array(rows, name) for rows, name in ((X, "X"), (T, "T")))
    if X.shape[:1] != T.shape[:1] or not X.shape[:1] > (0,):
        raise ValueError(f"X has shape {X.shape} and T {T.shape}, but both need a row for each example, one at least.")
    order = order if order is None or hasattr(order, "copy_to_host") else row_numbers(order, X.shape[0])
    batch_size, values, largest = int(batch_size), [], max((p.size for p in network.params), default=0)
    n = X.shape[0] if order is None else len(order)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"), ops.blas_threads_for(batch_size * largest):
        for start in range(0, n or 1, batch_size):
            if step and start + batch_size <= n:
                rows = np.arange(start, start + batch_size) if order is None else order[start:start + batch_size]
                values.append((step(rows), batch_size))
                continue
            rows = slice(start, start + batch_size) if order is None else order[start:start + batch_size]
            batch = ops.take(X, rows)
            values.append((network.train_step(batch, ops.take(T, rows), loss, optimizer, regularizers), batch.shape[0]))
        return sum(float(value) * examples for value, examples in values) / n       # read at the end: a GPU need not wait for each


def row_numbers(order, n):
    """The numbers of some of n rows as an array of whole numbers."""
    rows = ops.as_array(order, "order")
    if rows.ndim != 1 or rows.size and rows.dtype.kind not in "iu":
        raise ValueError(f"order is {as_one_line(order)}, but a list of row numbers is expected, such as rng.permutation(len(X)).")
    rows = np.ascontiguousarray(rows, np.int64)
    if rows.size and rows.view(np.uint64).max() >= n:      # a negative number is a large one here
        raise ValueError(f"order holds rows {rows.min()} to {rows.max()}, but X has rows 0 to {n - 1}.")
    return rows


def note_loss(model, loss, params):
    """Put an epoch's mean loss with the others. Raises FloatingPointError where it or the parameters are no longer finite."""
    model.loss_per_epoch_ = np.append(model.loss_per_epoch_, loss)
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(loss) and np.isfinite(ops.to_numpy(params.flat).sum())
    if not finite:
        raise FloatingPointError(
            f"Training diverged in epoch {len(model.loss_per_epoch_)}: the weights or the loss are no longer finite. The likely cause is a "
            f"learning rate that is too large ({model.optimizer_.rate:g}); try a tenth of it, or bring the columns of X (and a y of numbers) "
            "to sizes near 1.")


def make_optimizer(model):
    """The model's optimizer: a new one of that name, or a copy of the one given."""
    if isinstance(model.optimizer, Optimizer):
        return copy.deepcopy(model.optimizer)
    if not isinstance(model.optimizer, str) or model.optimizer not in OPTIMIZERS:
        raise ValueError(f"optimizer is {model.optimizer!r} but has to be an Optimizer or one of {', '.join(OPTIMIZERS)}.")
    check_positive(model, "learning_rate")
    return OPTIMIZERS[model.optimizer](model.learning_rate)


def follow_settings(model):
    """A learning rate (or momentum) that was set since the last epoch goes to the optimizer, which keeps its state. An Optimizer of the
    user's own making has its own."""
    check_positive(model, "learning_rate")
    now = {name: ops.as_python(getattr(model, name)) for name in ("learning_rate", "momentum") if hasattr(model, name)}
    before, model._followed = vars(model).get("_followed", now), now
    if not isinstance(getattr(model, "optimizer", None), Optimizer):
        for name in now:
            if now[name] != before[name]:
                setattr(model.optimizer_, name, now[name])


def layer_sizes(sizes):
    """The hidden sizes as a tuple; a single number is one layer."""
    sizes = tuple(sizes) if isinstance(sizes, (list, tuple)) or np.ndim(sizes) == 1 else (sizes,)
    if not all(map(ops.is_count, sizes)):
        raise ValueError(f"hidden_layer_sizes is {sizes} but has to be whole numbers above 0, such as (100,) or (64, 32).")
    return tuple(int(size) for size in sizes)
