"""Activations: what a unit makes of its weighted sum. Each layer's backward rule stands under its forward rule.

The functions `sigmoid`, `tanh`, `relu` and `softmax` take arrays; the classes are layers of a network.
"""

import numpy as np

from labkit import ops
from labkit.ops import relu, sigmoid, tanh

__all__ = ["ACTIVATIONS", "Layer", "PReLU", "ReLU", "Sigmoid", "Softmax", "Tanh", "relu", "sigmoid", "softmax", "tanh"]


def softmax(Z):
    """Scores as probabilities, row by row: exp(z) / sum exp(z), safe for scores of any size. Z : (n_examples, n_classes)"""
    return ops.softmax(ops.as_table(Z, "Z"))


class Layer:
    """What every layer of a network is: `forward(X, training=False) -> (Y, backprop)`, `backprop(dY) -> (dX, grads)`.

    params : list of the arrays that the layer learns; `grads` comes in the same order. Nothing else is kept between calls.
    n_inputs, n_units : columns of X and of Y, or None where the layer takes any number and keeps it.
    in_place : whether backprop also takes `into`, arrays to write the gradients into, as scale gradient + keep what is there,
        and `to_input=False`, to leave out dX.
    """

    params = ()
    n_inputs = n_units = None
    in_place = False

    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if name != "packed_in"}       # the whole network's buffer

    def __repr__(self):
        return f"{type(self).__name__}({'' if self.n_inputs is None else self.n_inputs})"


class Sigmoid(Layer):
    """y = 1 / (1 + exp(-x)), between 0 and 1."""

    def forward(self, X, training=False):
        Y = ops.sigmoid(X)

        def backprop(dY):
            return ops.sigmoid_backward(dY, Y), []          # dy/dx = y (1 - y)

        return Y, backprop


class Tanh(Layer):
    """y = tanh(x), between -1 and 1."""

    def forward(self, X, training=False):
        Y = ops.tanh(X)

        def backprop(dY):
            return ops.tanh_backward(dY, Y), []             # dy/dx = 1 - y^2

        return Y, backprop


class ReLU(Layer):
    """y = max(x, 0). The gradient passes where the unit's input was positive and stops elsewhere; at 0 it is taken as 0."""

    def forward(self, X, training=False):
        Y = ops.relu(X)

        def backprop(dY):
            return ops.relu_backward(dY, Y), []             # dy/dx = 1 where x > 0, else 0

        return Y, backprop


class PReLU(Layer):
    """y = x where positive, a x elsewhere, with a slope `a` for each unit that is learned too. He et al. 2015, eq. 1.

    slope : where they start, one number for all or (n_units,)
    """

    in_place = True

    def __init__(self, n_units, slope=0.25, dtype=float):
        if not ops.is_count(n_units):
            raise ValueError(f"n_units is {n_units!r}, but it has to be a whole number above 0.")
        self.n_inputs = self.n_units = int(n_units)
        start = ops.as_floats(slope, "slope")
        if start.shape not in ((), (1,), (self.n_units,)) or not np.isfinite(start).all():
            raise ValueError(f"slope is {slope!r}, but it has to be a number, or one for each of the {n_units} units.")
        self.params = [np.full(n_units, start, ops.float_type(dtype))]

    @property
    def slopes(self):
        """The slopes a : (n_units,)"""
        return self.params[0]

    def forward(self, X, training=False):
        X, a = ops.as_table(X), self.slopes
        if X.shape[1] != self.n_inputs:
            raise ValueError(f"X has {X.shape[1]} columns but this PReLU was built for {self.n_inputs} columns; build it with PReLU({X.shape[1]}).")
        Y = ops.prelu(X, a)

        def backprop(dY, into=(None,), to_input=True, scale=1.0, keep=0.0):
            dX, parts = ops.prelu_backward(dY, X, a)                        # dy/dx = 1 or a; dy/da = min(x, 0)
            return dX, [ops.column_sums(parts, into[0], scale, keep)]

        return Y, backprop


class Softmax(Layer):
    """Probabilities from scores. In training, prefer `losses.softmax_cross_entropy` on the scores: simpler, faster, safer."""

    def forward(self, X, training=False):
        Y = ops.softmax(ops.as_table(X))

        def backprop(dY):
            return ops.softmax_backward(dY, Y), []          # dy_k/dx_j = y_k (1 if k = j else 0) - y_k y_j

        return Y, backprop


ACTIVATIONS = {"sigmoid": Sigmoid, "tanh": Tanh, "relu": ReLU, "prelu": PReLU}

