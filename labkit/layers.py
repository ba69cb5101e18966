"""The layer that learns: every unit a weighted sum of all inputs. `activations` has the layers that bend those sums."""

import numpy as np

from labkit import ops
from labkit.activations import Layer
from labkit.initializers import glorot, initializer_of, sizes


class Dense(Layer):
    """Y = X W + b.

    n_inputs, n_units : columns of X, columns of Y
    initializer : function (n_inputs, n_units, rng) -> W, one of `labkit.initializers`, its name, or your own
    random_state : seed or numpy.random.Generator
    dtype : float64, or float32 for speed
    """

    in_place = True

    def __init__(self, n_inputs, n_units, initializer=glorot, random_state=None, dtype=np.float64):
        rng = ops.generator(random_state)
        self.n_inputs, self.n_units = n_inputs, n_units = sizes(n_inputs, n_units)
        W = np.array(initializer_of(initializer)(n_inputs, n_units, rng), ops.float_type(dtype), order="C")
        if W.shape != (n_inputs, n_units):
            raise ValueError(f"the initializer returned weights of shape {W.shape}, but (n_inputs, n_units) = {n_inputs, n_units} is expected.")
        self.params = [W, np.zeros(n_units, W.dtype)]

    @property
    def W(self):
        """The weights : (n_inputs, n_units)"""
        return self.params[0]

    @property
    def b(self):
        """The biases : (n_units,)"""
        return self.params[1]

    def forward(self, X, training=False):
        """X : (n_examples, n_inputs); Y : (n_examples, n_units)"""
        X, W = self._check(X), self.W
        Y = ops.linear(X, W, self.b)

        def backprop(dY, into=(None, None), to_input=True, scale=1.0, keep=0.0):
            dY = ops.as_gradient(dY, Y)
            dX = ops.matmul(dY, W, transpose_b=True) if to_input else None          # dX = dY W'
            dW = ops.matmul(X, dY, into[0], transpose_a=True, scale=scale, keep=keep)   # dW = X' dY
            db = ops.column_sums(dY, into[1], scale, keep)                          # db = sum of dY over the examples
            return dX, [dW, db]

        return Y, backprop

    def _check(self, X):
        X = ops.as_table(X)
        if X.shape[1] != self.n_inputs:
            raise ValueError(wrong_width(X, self.n_inputs, "layer"))
        if X.dtype != self.W.dtype:
            raise TypeError(f"X is {X.dtype} but this layer computes in {self.W.dtype}; pass X.astype(np.{self.W.dtype}), "
                            f"or build the layer with dtype=np.{X.dtype}.")
        return X

    def __repr__(self):
        return f"Dense({self.n_inputs}, {self.n_units})"


def wrong_width(X, expected, what):
    """The sentence for a table with the wrong number of columns."""
    return (f"X has {X.shape[1]} columns but this {what} was built for {expected}; "
            f"pass examples as (n, {expected}), for example X.reshape(len(X), -1).")
