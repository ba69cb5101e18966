"""Layer-by-layer pretraining: each layer first learns to keep what it sees; then the whole network is fine-tuned.

    models = pretrain(X, (256, 64), lambda size: RBM(size, random_state=0))
    classifier = Network(*encoder_layers(models), Dense(64, 10))        # to be fine-tuned with labels
    autoencoder = unrolled(models)                                      # or without: Hinton and Salakhutdinov 2006
"""

import copy
import sys
import warnings
from math import prod

import numpy as np

from labkit import ops
from labkit.activations import ACTIVATIONS, PReLU, Sigmoid
from labkit.estimator import Unit, kept_where_refused
from labkit.layers import Dense
from labkit.losses import sigmoid_cross_entropy, squared_error
from labkit.mlp import follow_settings, layer_sizes, make_optimizer, note_loss, train_epoch
from labkit.network import Network, Packed
from labkit.optimizers import Momentum
from labkit.regularization import check_amount
from labkit.validation import as_type, check_fitted, check_positive, check_rows

LOSSES = {"squared_error": squared_error, "sigmoid_cross_entropy": sigmoid_cross_entropy}


class Coder(Unit):
    """What Autoencoder and RBM share: scikit-learn's manners for a model that turns X into a code, and needs no y.

    loss_per_epoch_ : (n_epochs,), the mean loss of the examples, each as it was met on the way
    """

    def __sklearn_tags__(self):
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(None, TargetTags(required=False), TransformerTags(), input_tags=InputTags())

    def fit(self, X, y=None):
        """Learn from scratch. X : (n_examples, n_inputs); y is not looked at"""
        with kept_where_refused(self):
            self._forget()
            X = self._examples(X)
        for _ in range(self.max_epochs):
            self._epoch(X)
        return self

    def partial_fit(self, X, y=None):
        """One epoch more, of the parameters that the first one made; the settings of the training may change in between."""
        with kept_where_refused(self):
            if not hasattr(self, "params_"):
                self._forget()
            X = self._examples(X)
        self._epoch(X)
        return self

    def fit_transform(self, X, y=None):
        """fit, then the code of X."""
        return self.fit(X).transform(X)

    def set_output(self, *, transform=None):
        """What `transform` returns: "default" for an array, "pandas" or "polars" for a data frame of that library; None leaves it as it is."""
        if transform not in (None, "default", "pandas", "polars"):
            raise ValueError(f"transform is {transform!r} but has to be 'default', 'pandas' or 'polars'.")
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}          # where scikit-learn's clone looks for it
        return self

    def get_feature_names_out(self, input_features=None):
        """The names of the code's columns: this class's in small letters, with a number from 0. `input_features` only has to fit."""
        self._check_fitted()
        if input_features is not None:
            learned = list(getattr(self, "feature_names_in_", input_features))
            if list(input_features) != learned:
                raise ValueError("input_features is not equal to feature_names_in_; leave it out.")
            if len(learned) != self.n_features_in_:
                raise ValueError(f"input_features should have length equal to number of features ({self.n_features_in_}), got {len(learned)}; "
                                 "leave it out.")
        return np.array([f"{type(self).__name__.lower()}{k}" for k in range(self._n_code)], object)

    def _as_asked(self, code, X):
        """The code of X in the form that `set_output`, or else sklearn.set_config(transform_output=...), asks for."""
        form = getattr(self, "_sklearn_output_config", {}).get("transform")
        if form is None and "sklearn" in sys.modules:
            form = sys.modules["sklearn"].get_config()["transform_output"]
        if form == "pandas":
            import pandas

            return pandas.DataFrame(code, index=X.index if hasattr(X, "iloc") else None, columns=self.get_feature_names_out())
        if form == "polars":
            import polars

            return polars.DataFrame(code, schema=list(self.get_feature_names_out()))
        return code

    def reconstruct(self, X):
        """X turned into its code and back. Returns (n_examples, n_inputs)."""
        return self.inverse_transform(self.transform(X))

    def _examples(self, X):
        """Checked X, in the type that the parameters have. The first call makes the parameters."""
        X = check_rows(self, X)
        check_positive(self, "batch_size", whole=True)
        self._check_settings()
        if not hasattr(self, "params_"):
            self.n_features_in_ = X.shape[1]
            self.loss_per_epoch_ = np.empty(0)
            self._start(X.dtype)
        follow_settings(self)
        return as_type(X, self.params_.flat.dtype, "X")

    def _seen(self, X):
        self._check_fitted()
        return as_type(check_rows(self, X), self.params_.flat.dtype, "X")

    def _check_fitted(self):
        check_fitted(self, "params_", "fit(X)")

    def _as_units(self, states, what, width=None):
        """States of so many units, or of any number, in the type that the parameters have."""
        states = ops.as_table(states, what)
        if width is not None and states.shape[1] != width:
            raise ValueError(f"{what} has {states.shape[1]} columns, but {width} are expected, one for each unit.")
        return states.astype(self.params_.flat.dtype, copy=False)


class Autoencoder(Coder):
    """A network that has to say again what it is told, through a narrow layer: the code.

    hidden_layer_sizes : units from the first hidden layer to the code; the way back mirrors them
    activation, code_activation : of the other hidden layers and of the code: "sigmoid", "tanh", "relu", "prelu" or "linear"
    loss : "squared_error", with linear outputs, or "sigmoid_cross_entropy", with sigmoid outputs, for X between 0 and 1
    initializer, optimizer and the rest : as for `labkit.mlp.MLPClassifier`

    network_ : encoder_ and decoder_, two Networks that share its weights
    """

    def __init__(self, hidden_layer_sizes=(30,), activation="sigmoid", code_activation="sigmoid", loss="squared_error",
                 initializer="glorot", optimizer="adam", learning_rate=0.005, batch_size=32, max_epochs=50, regularizers=(),
                 random_state=None):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.code_activation = code_activation
        self.loss = loss
        self.initializer = initializer
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.regularizers = regularizers
        self.random_state = random_state

    def _check_settings(self):
        if not isinstance(self.loss, str) or self.loss not in LOSSES:
            raise ValueError(f"loss is {self.loss!r} but has to be one of {', '.join(LOSSES)}.")
        for kind in (self.activation, self.code_activation):
            check_activation(kind)

    def _start(self, dtype):
        down = (self.n_features_in_, *layer_sizes(self.hidden_layer_sizes))
        self.optimizer_ = make_optimizer(self)
        encoder, decoder = self._stack(down, self.code_activation, dtype), self._stack(down[::-1], "linear", dtype)
        self.network_ = Network(*encoder, *decoder)
        self.encoder_, self.decoder_ = Network(*encoder), Network(*decoder)

    @property
    def params_(self):
        """The network's parameters, a Packed list."""
        return self.network_.params

    def _stack(self, sizes, last, dtype):
        kinds = [self.activation] * (len(sizes) - 2) + [last]
        pairs = zip(sizes, sizes[1:], kinds, strict=False)
        return [layer for n, m, kind in pairs
                for layer in (Dense(n, m, self.initializer, self._random, dtype), *activation_layers(kind, m, dtype))]

    def _epoch(self, X):
        order = self._random.permutation(len(X))
        loss = train_epoch(self.network_, X, X, LOSSES[self.loss], self.optimizer_, self.batch_size, order, self.regularizers)
        note_loss(self, loss, self.params_)

    def encoder_layers(self):
        """The way up, as new layers of a network."""
        self._check_fitted()
        return [copy.deepcopy(layer) for layer in self.encoder_.layers]

    def decoder_layers(self, scores):
        """The way down, as new layers; with `scores` without the last sigmoid, for a loss that adds it."""
        self._check_fitted()
        last = [] if scores or self.loss == "squared_error" else [Sigmoid()]
        return [copy.deepcopy(layer) for layer in self.decoder_.layers] + last

    def transform(self, X):
        """The code. Returns (n_examples, n_code)."""
        seen = self._seen(X)
        return self._as_asked(self.encoder_.predict(seen), X)

    @property
    def _n_code(self):
        return self.decoder_.n_inputs

    def inverse_transform(self, code):
        """What the decoder makes of a code, in the type that it learned in. Returns (n_examples, n_inputs)."""
        self._check_fitted()
        code = self._as_units(code, "code", self._n_code)
        Y = self.decoder_.predict(code)
        return ops.sigmoid(Y) if self.loss == "sigmoid_cross_entropy" else Y


class RBM(Coder):
    """A restricted Boltzmann machine: binary visible units, hidden units that are binary or "linear" (with Gaussian noise).

    Trained by one step of contrastive divergence, CD-1 (Hinton 2002): raise the probability of what was seen, lower that of what
    the machine makes of it. X holds numbers from 0 to 1, read as probabilities. Hinton 2010 is the practical guide.

    momentum : number or schedule, as in `labkit.optimizers`
    weight_decay : pulls the weights, not the biases, towards zero

    weights_ : (n_inputs, n_hidden), hidden_bias_ : (n_hidden,), visible_bias_ : (n_inputs,)
    loss_per_epoch_ : half the summed squared error of the reconstructions, an example
    """

    def __init__(self, n_hidden=30, hidden="binary", learning_rate=0.1, momentum=0.5, weight_decay=0.0002, batch_size=32, max_epochs=20,
                 random_state=None):
        self.n_hidden = n_hidden
        self.hidden = hidden
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.random_state = random_state

    def _check_settings(self):
        check_positive(self, "n_hidden", whole=True)
        if self.hidden not in ("binary", "linear"):
            raise ValueError(f"hidden is {self.hidden!r} but has to be 'binary' or 'linear'.")
        check_amount("weight_decay", self.weight_decay)
        Momentum(self.learning_rate, self.momentum)         # which refuses what is neither number nor schedule

    def _start(self, dtype):
        self.optimizer_ = Momentum(self.learning_rate, self.momentum)
        shapes = [(self.n_features_in_, int(self.n_hidden)), (int(self.n_hidden),), (self.n_features_in_,)]
        self.params_ = Packed(np.zeros(sum(prod(shape) for shape in shapes), dtype), shapes)
        self.weights_[...] = 0.01 * self._random.standard_normal(shapes[0])

    weights_, hidden_bias_, visible_bias_ = (property(lambda self, k=k: self.params_[k]) for k in range(3))

    def _epoch(self, X):
        if X.min() < 0 or X.max() > 1:
            warnings.warn(f"X runs from {X.min():g} to {X.max():g}, but an RBM's visible units are probabilities, from 0 to 1; "
                          "scale the columns.", stacklevel=3)
        total, order, size = 0.0, self._random.permutation(len(X)), int(self.batch_size)
        with np.errstate(over="ignore", invalid="ignore"), ops.blas_threads_for(min(size, len(X)) * self.weights_.size):
            for start in range(0, len(X), size):
                V = X[order[start:start + size]]
                grads, error = self.contrastive_divergence(V)
                self.optimizer_.step(self.params_, grads)
                total += error
        note_loss(self, total / len(X), self.params_)

    def contrastive_divergence(self, V):
        """CD-1's gradients for a batch, in the order of `params_` and of the sign that an optimizer descends, and the summed
        error of the reconstructions. V : (n_examples, n_inputs)"""
        V = self._visible(V)
        if len(V) == 0:
            raise ValueError("V has no rows, but contrastive divergence averages over them; pass at least one.")
        H = self.hidden_given(V)
        V1 = self.visible_given(self.sample(H))
        H1 = self.hidden_given(V1)
        grads = Packed(np.empty_like(self.params_.flat), [p.shape for p in self.params_])
        dW, dc, db = grads
        ops.matmul(V, H, dW, transpose_a=True, scale=-1 / len(V))                       # what was seen,
        ops.matmul(V1, H1, dW, transpose_a=True, scale=1 / len(V), keep=1.0)            # less what the machine makes of it
        ops.add_scaled(dW, self.weights_, self.weight_decay)
        dc[...] = (H1 - H).mean(axis=0)
        db[...] = (V1 - V).mean(axis=0)
        return grads, 0.5 * float(((V - V1) ** 2).sum())

    def hidden_given(self, V):
        """Probabilities of the hidden units (their means where they are linear). V : (n, n_inputs); returns (n, n_hidden)"""
        Z = ops.linear(self._visible(V), self.weights_, self.hidden_bias_)
        return Z if self.hidden == "linear" else ops.sigmoid(Z)

    def visible_given(self, H):
        """Probabilities of the visible units. H : (n, n_hidden); returns (n, n_inputs)"""
        Z = ops.matmul(self._hidden(H), self.weights_, transpose_b=True)
        return ops.sigmoid(ops.add_bias(Z, self.visible_bias_))

    def sample(self, H):
        """States drawn from the hidden units' probabilities, or means with noise of variance 1 where they are linear."""
        self._check_fitted()
        H = self._as_units(H, "H")
        if self.hidden == "linear":
            return H + self._random.standard_normal(H.shape, H.dtype)
        return (self._random.random(H.shape, H.dtype) < H).astype(H.dtype)

    def free_energy(self, V):
        """-log of the probability of each row, up to the same constant for all. V : (n, n_inputs); returns (n,)"""
        V = self._seen(V)
        Z = ops.linear(V, self.weights_, self.hidden_bias_)
        hidden = 0.5 * (Z**2).sum(axis=1) if self.hidden == "linear" else np.logaddexp(0, Z).sum(axis=1)
        return -V @ self.visible_bias_ - hidden

    def transform(self, X):
        """The hidden units' probabilities. Returns (n_examples, n_hidden)."""
        return self._as_asked(self.hidden_given(self._seen(X)), X)

    @property
    def _n_code(self):
        return self.hidden_bias_.size

    def _visible(self, V):
        self._check_fitted()
        return self._as_units(V, "V", self.visible_bias_.size)

    def _hidden(self, H, what="H"):
        self._check_fitted()
        return self._as_units(H, what, self._n_code)

    def inverse_transform(self, code):
        """The visible units' probabilities. Returns (n_examples, n_inputs)."""
        return self.visible_given(self._hidden(code, "code"))

    def encoder_layers(self):
        """The way up, as new layers of a network."""
        self._check_fitted()
        return dense_layers(self.weights_, self.hidden_bias_, "linear" if self.hidden == "linear" else "sigmoid")

    def decoder_layers(self, scores):
        """The way down, as new layers; with `scores` without the last sigmoid, for a loss that adds it."""
        self._check_fitted()
        return dense_layers(self.weights_.T, self.visible_bias_, "linear" if scores else "sigmoid")


def check_activation(kind):
    """The name of an activation, or "linear"."""
    if kind not in (*ACTIVATIONS, "linear"):
        raise ValueError(f"an activation is {kind!r} but has to be one of {', '.join(ACTIVATIONS)}, linear.")


def activation_layers(kind, n_units, dtype):
    """A list of the activation of that name; empty for "linear"."""
    check_activation(kind)
    if kind == "linear":
        return []
    return [PReLU(n_units, dtype=dtype)] if kind == "prelu" else [ACTIVATIONS[kind]()]


def dense_layers(W, b, activation):
    """A dense layer with copies of these weights, and its activation."""
    layer = Dense(*W.shape, dtype=W.dtype)
    layer.W[...], layer.b[...] = W, b
    return [layer, *activation_layers(activation, W.shape[1], W.dtype)]


def pretrain(X, sizes, make):
    """Train one model after another, each on the codes of the one before; returns the models.

    make : function of the number of hidden units that returns a model: `lambda size: RBM(size, random_state=0)`
    """
    if not callable(make):
        raise TypeError(f"make is {make!r}, but a function of the number of units is expected: lambda size: RBM(size, random_state=0).")
    models = []
    for size in layer_sizes(sizes):
        models.append(make(size))
        X = models[-1].fit_transform(X)
    return models


def encoder_layers(models):
    """The way up through all models, as new layers of a network."""
    return [layer for model in models for layer in model.encoder_layers()]


def unrolled(models):
    """One deep autoencoder, up through all models and down again; it ends in scores where the first model's X is probabilities."""
    down = [layer for model in reversed(models) for layer in model.decoder_layers(scores=model is models[0])]
    return Network(*encoder_layers(models), *down)
