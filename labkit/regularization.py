"""Against overfitting: penalties on the weights, a limit to their length, and dropout.

Penalties act on weight matrices and leave biases alone. A training step calls `before_step`, with the loss's gradient, then the
optimizer's step, then `after_step`.
"""

import numpy as np

from labkit import ops
from labkit.activations import Layer


class Regularizer:
    """Does nothing: what the others share. One of your own overrides `before_step`, `after_step` or both."""

    @property
    def acts_before(self):
        """Whether `before_step` is overridden. Only then has a training step to write the loss's gradient down by itself."""
        return getattr(self.before_step, "__func__", None) is not Regularizer.before_step

    def penalty(self, params):
        """What is added to the loss."""
        return 0.0

    def before_step(self, params, grads, learning_rate):
        """Add the penalty's gradient to the loss's, in place."""

    def after_step(self, params, learning_rate):
        """Change the parameters in place, after the optimizer did."""

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(map(repr, vars(self).values()))})"


def listed(regularizers):
    """Regularizers as a tuple; one may stand alone."""
    found = tuple(regularizers) if isinstance(regularizers, (list, tuple)) else (regularizers,)
    if any(isinstance(one, type) or not hasattr(one, "before_step") for one in found):
        raise ValueError(f"regularizers is {regularizers!r} but has to hold regularizers of labkit.regularization, such as (L2(1e-4), MaxNorm(3)).")
    return found


def check_amount(name, value, may_be_zero=True):
    """The number `value`: 0 or more, or above 0."""
    if not (ops.is_number(value) and (value > 0 or may_be_zero and value == 0)):
        raise ValueError(f"{name} is {value!r} but has to be a number, {'0 or more' if may_be_zero else 'above 0'}.")
    return ops.as_python(value)


def check_rate(rate):
    """The probability of dropping a unit, as Python's number."""
    if not (ops.is_number(rate) and 0 <= rate < 1):
        raise ValueError(f"rate is {rate!r}, but the probability of dropping a unit is at least 0 and below 1; for example 0.5.")
    return ops.as_python(rate)


class L2(Regularizer):
    """(strength / 2) sum w^2, gradient strength w: every weight shrinks in proportion, none becomes zero."""

    def __init__(self, strength):
        self.strength = check_amount("strength", strength)

    def penalty(self, params):
        return self.strength / 2 * sum((ops.to_numpy(W) ** 2).sum() for W in weights(params))

    def before_step(self, params, grads, learning_rate):
        for W, dW in zip(weights(params), weights(grads), strict=True):
            ops.add_scaled(dW, W, self.strength)


class WeightDecay(Regularizer):
    """w <- (1 - learning_rate strength) w beside every step: the same as L2 under plain gradient descent, and under no other.

    Loshchilov and Hutter 2019, who keep it out of Adam's running means.
    """

    def __init__(self, strength):
        self.strength = check_amount("strength", strength)

    def before_step(self, params, grads, learning_rate):
        for W in weights(params):
            ops.scale(W, 1 - learning_rate * self.strength)


class L1(Regularizer):
    """strength sum |w|, by soft-thresholding after every step: each weight moves the same distance towards zero, and stays there.

    Adding the gradient, strength sign(w), would step over zero to and fro and never rest on it.
    """

    def __init__(self, strength):
        self.strength = check_amount("strength", strength)

    def penalty(self, params):
        return self.strength * sum(np.abs(ops.to_numpy(W)).sum() for W in weights(params))

    def after_step(self, params, learning_rate):
        for W in weights(params):
            ops.soft_threshold(W, learning_rate * self.strength)


class MaxNorm(Regularizer):
    """Each unit's incoming weights, a column of W, are at most `limit` long. Srivastava et al. 2014, section 5.1."""

    def __init__(self, limit):
        self.limit = check_amount("limit", limit, may_be_zero=False)

    def after_step(self, params, learning_rate):
        for W in weights(params):
            ops.max_norm(W, self.limit)


class Dropout(Layer):
    """In training, each unit is dropped (set to zero) with probability `rate`, for each example anew. Srivastava et al. 2014.

    inverted=True   the units that stay are multiplied by 1 / (1 - rate) in training, and nothing is done in use
    inverted=False  nothing else is done in training, and in use every unit is multiplied by 1 - rate (the paper's form; there p
                    is the probability of keeping a unit, 1 - rate)
    random_state    seed or numpy.random.Generator
    """

    def __init__(self, rate, inverted=True, random_state=None):
        self.rate, self.inverted = check_rate(rate), inverted
        self.seed = int(ops.generator(random_state).integers(2**63))
        self.draws = 0

    def forward(self, X, training=False):
        X = ops.as_table(X)
        if not training:
            return self._in_use(X), self._in_use_backwards
        mask = self.draw_mask(X)
        Y = ops.multiply(X, mask)

        def backprop(dY):
            return ops.multiply(ops.as_gradient(dY, Y), mask), []           # dy/dx = mask

        return Y, backprop

    def _in_use(self, X):
        return X if self.inverted else ops.scaled(X, 1 - self.rate)

    def _in_use_backwards(self, dY):
        return self._in_use(dY), []

    def draw_mask(self, X):
        """A new mask for X: 0 where a unit is dropped, else 1, or 1 / (1 - rate) where inverted."""
        self.draws += 1
        return ops.dropout_mask(X, self.rate, 1 / (1 - self.rate) if self.inverted else 1.0, self.seed, self.draws)

    def __repr__(self):
        return f"Dropout({self.rate})"


def dropout_mask(uniforms, rate, inverted=True):
    """The mask that uniform random numbers in [0, 1) make: 0 where they are below `rate`, else 1, or 1 / (1 - rate)."""
    uniforms, rate = ops.as_floats(uniforms, "uniforms"), check_rate(rate)
    return np.where(uniforms < rate, 0, 1 / (1 - rate) if inverted else 1.0).astype(uniforms.dtype)


def weights(arrays):
    """The weight matrices among parameters or gradients."""
    return [a for a in arrays if a.ndim == 2]
