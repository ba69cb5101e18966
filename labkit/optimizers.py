"""Optimizers, in order of growing complexity. `step(params, grads)` changes the parameters in place.

`params` and `grads` are lists of arrays in one order, as a network and its backprop give them. Where they are packed in one
buffer (`labkit.network.Packed`) a step is one pass over it. The rules themselves, in the papers' letters, stand in
`labkit.kernels.updates`. A learning rate or momentum is a number, or a schedule: a function of the steps taken so far.
"""

from functools import partial
from math import floor, log2

from labkit import live, ops
from labkit.regularization import check_amount

# Schedules


def constant(value):
    """The same value at every step."""
    return partial(_constant, check_amount("value", value))


def step_decay(value, factor=0.5, every=1000):
    """`value`, times `factor` after every `every` steps."""
    return partial(_step_decay, check_amount("value", value), check_amount("factor", factor), _steps(every))


def inverse_time(value, decay):
    """value / (1 + decay t): falls as 1 / t, slowly enough to get anywhere (Robbins and Monro 1951)."""
    return partial(_inverse_time, check_amount("value", value), check_amount("decay", decay))


def rising_momentum(most=0.99, every=250):
    """min(1 - 2^(-1 - log2(floor(t / every) + 1)), most): from 0.5 upwards. Sutskever et al. 2013, eq. 5."""
    return partial(_rising_momentum, check_amount("most", most), _steps(every))


def _steps(every):
    if not (ops.is_number(every) and every >= 1 and every % 1 == 0):
        raise ValueError(f"every is {every!r} but has to be a whole number of steps, 1 or more.")
    return int(every)


# The formulas of t, as functions of this file, so that an optimizer with a schedule can be saved

def _constant(value, t):
    return value


def _step_decay(value, factor, every, t):
    return value * factor ** (t // every)


def _inverse_time(value, decay, t):
    return value / (1 + decay * t)


def _rising_momentum(most, every, t):
    return min(1 - 2 ** (-1 - log2(floor(t / every) + 1)), most)


def _now(value, t):
    return live.call(value, t) if callable(value) else value


# Optimizers


class Optimizer:
    """What all optimizers share: the count of steps `t`, and arrays of state beside the parameters, zero at first.

    learning_rate : number or schedule
    """

    n_states = 0

    def __init__(self, learning_rate=0.1):
        self.learning_rate = _number_or_schedule("learning_rate", learning_rate)
        self.t = 0
        self.state = None

    @property
    def rate(self):
        """The learning rate of the next step."""
        return _now(self.learning_rate, self.t)

    def look_ahead(self, params):
        """Move the parameters to where the next gradient is to be taken: for all optimizers but Nesterov's, where they are."""

    def step(self, params, grads):
        """Change `params` in place, given the loss's gradient by each of them."""
        params, grads = _arrays(params, "parameter"), [ops.as_floats(g, f"grads[{i}]") for i, g in enumerate(_arrays(grads, "gradient"))]
        self._prepare(params, grads)
        for w, g, state in zip(params, grads, self.state, strict=True):
            self._update(w, g, *state)
        self.t += 1

    def move(self, like):
        """Move the state to where the array `like` lives, as the parameters are moved."""
        self.state = self.state and [[ops.move(ops.to_numpy(s), like) for s in states] for states in self.state]

    def __setstate__(self, values):
        vars(self).update(values)
        self.state = self.state and [[ops.own(s) for s in states] for states in self.state]

    def fold(self, params):
        """Where backprop may write at once what this optimizer would make of the gradients, as `into`, `scale` and `keep` of a
        network's backprop; None where the gradients themselves are needed. `step_folded` then ends the step.

        It saves writing the gradients and reading them again: on large networks a step is bound by memory.
        """
        return None

    def _prepare(self, params, grads):
        if not all(hasattr(w, "shape") for w in params):
            raise TypeError(f"the parameters hold {params}, but arrays are expected, which a step can change in place; make each np.array(...).")
        shapes = [w.shape for w in params]
        if shapes != [g.shape for g in grads]:
            raise ValueError(f"the gradients have shapes {[g.shape for g in grads]} but the parameters {shapes}; "
                             "pass both as the network and its backprop give them, in one order.")
        if self.state is None:
            for i, w in enumerate(params):
                _check_changeable(w, i)
            self._shapes = shapes
            self.state = [[ops.zeros(w.shape, w) for _ in range(self.n_states)] for w in params]
        if shapes != self._shapes:
            raise ValueError(f"this optimizer began with parameters of shapes {self._shapes}, not {shapes}; "
                             "make a new optimizer for another network.")

    def __repr__(self):
        settings = (f"{k}={v!r}" for k, v in vars(self).items() if k not in ("t", "state") and k[0] != "_")
        return f"{type(self).__name__}({', '.join(settings)})"


class GradientDescent(Optimizer):
    """w <- w - learning_rate g. Plain or stochastic: that is in which examples the gradient comes from."""

    def fold(self, params):
        self._prepare([params.flat], [params.flat])
        return {"into": params.flat, "scale": -self.rate, "keep": 1.0}          # w <- w - rate g

    def step_folded(self, params):
        self.t += 1

    def _update(self, w, g):
        ops.update("gradient_descent", w, g, self.rate)


class Momentum(Optimizer):
    """v <- momentum v - learning_rate g;  w <- w + v. Polyak 1964, in the form of Sutskever et al. 2013, eqs. 1 and 2, and of Keras.

    PyTorch's v has no learning rate in it: w <- w - learning_rate v. At a constant rate the points are the same; where the rate
    changes, a step of ours keeps in v the rate it was made with, and PyTorch's takes them all at the new one.
    """

    n_states = 1

    def __init__(self, learning_rate=0.1, momentum=0.9):
        super().__init__(learning_rate)
        self.momentum = _number_or_schedule("momentum", momentum)

    def fold(self, params):
        self._prepare([params.flat], [params.flat])
        return {"into": self.state[0][0], "scale": -self.rate, "keep": _now(self.momentum, self.t)}     # v <- momentum v - rate g

    def step_folded(self, params):
        ops.add_scaled(params.flat, self.state[0][0], 1.0)                      # w <- w + v
        self.t += 1

    def _update(self, w, g, v):
        ops.update("momentum", w, v, g, self.rate, _now(self.momentum, self.t))


class NesterovRule(Momentum):
    """Both forms of Nesterov's method: momentum, but for a step that needs the gradients themselves."""

    def fold(self, params):
        return None


class Nesterov(NesterovRule):
    """v <- momentum v - learning_rate g(w + momentum v);  w <- w + v. Sutskever et al. 2013, eqs. 3 and 4.

    The gradient is taken ahead of the parameters: call `look_ahead(params)`, compute the gradient there, then `step`.
    `Network.train_step` does so.
    """

    _ahead = False

    def look_ahead(self, params):
        if self._ahead:             # a step was broken off, by an error or by hand: the parameters are there already
            return
        self._ahead = True
        for w, state in zip(_arrays(params, "parameter"), self.state or (), strict=False):
            ops.add_scaled(w, state[0], _now(self.momentum, self.t))

    def step(self, params, grads):
        if not self._ahead:
            raise RuntimeError("Nesterov's gradient is taken ahead of the parameters; call look_ahead(params) before computing it, "
                               "or use NesterovShifted, which keeps the point ahead itself.")
        super().step(params, grads)
        self._ahead = False

    def _update(self, w, g, v):
        ops.update("nesterov", w, v, g, self.rate, _now(self.momentum, self.t))


class NesterovShifted(NesterovRule):
    """v <- momentum v + g;  w <- w - learning_rate (g + momentum v). Bengio et al. 2013, eq. 7, scaled as in PyTorch.

    Stores the point ahead, so that no look_ahead is needed. With a constant rate and momentum it visits the same points as
    `Nesterov`: its w is that one's w + momentum v.
    """

    def _update(self, w, g, v):
        ops.update("nesterov_shifted", w, v, g, self.rate, _now(self.momentum, self.t))


class Adagrad(Optimizer):
    """s <- s + g^2;  w <- w - learning_rate g / (sqrt(s) + epsilon). Duchi, Hazan and Singer 2011.

    So in PyTorch; Keras and optax put epsilon inside the root.
    """

    n_states = 1

    def __init__(self, learning_rate=0.01, epsilon=1e-10):
        super().__init__(learning_rate)
        self.epsilon = _epsilon(epsilon)

    def _update(self, w, g, s):
        ops.update("adagrad", w, s, g, self.rate, self.epsilon)


class RMSprop(Optimizer):
    """s <- decay s + (1 - decay) g^2;  w <- w - learning_rate g / (sqrt(s) + epsilon). Tieleman and Hinton 2012, lecture 6e.

    The lecture has no epsilon. PyTorch adds it outside the root, TensorFlow inside: `epsilon_inside=True` for sqrt(s + epsilon),
    which in float32 may give NaN for a gradient above 1.8e19, whose square is infinite.
    """

    n_states = 1

    def __init__(self, learning_rate=0.001, decay=0.9, epsilon=1e-8, epsilon_inside=False):
        super().__init__(learning_rate)
        self.decay, self.epsilon, self.epsilon_inside = _share("decay", decay), _epsilon(epsilon), epsilon_inside

    def _update(self, w, g, s):
        ops.update("rmsprop_inside" if self.epsilon_inside else "rmsprop", w, s, g, self.rate, self.decay, self.epsilon)


class Adadelta(Optimizer):
    """Each step in the units of the last ones: learning_rate sqrt(d + epsilon) / sqrt(s + epsilon) g, with s the running mean
    of g^2 and d that of the squared steps. Zeiler 2012, algorithm 1, which has no learning rate (that is, 1).

    In float32 a gradient above 1.8e19, whose square is infinite, may give NaN.
    """

    n_states = 2

    def __init__(self, learning_rate=1.0, decay=0.95, epsilon=1e-6):
        super().__init__(learning_rate)
        self.decay, self.epsilon = _share("decay", decay), _epsilon(epsilon)

    def _update(self, w, g, s, d):
        ops.update("adadelta", w, s, d, g, self.rate, self.decay, self.epsilon)


class Adam(Optimizer):
    """Running means m of g and s of g^2, both corrected for their start from zero:
    w <- w - learning_rate m / (sqrt(s) + epsilon). Kingma and Ba 2015, algorithm 1.

    So in PyTorch and optax; Keras adds epsilon to sqrt(s) before s is corrected.
    """

    n_states = 2

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
        super().__init__(learning_rate)
        self.beta_1, self.beta_2, self.epsilon = _share("beta_1", beta_1), _share("beta_2", beta_2), _epsilon(epsilon)

    def _update(self, w, g, m, s):
        t = self.t + 1
        ops.update("adam", w, m, s, g, self.rate, self.beta_1, self.beta_2, self.epsilon, 1 - self.beta_1**t, 1 - self.beta_2**t)


OPTIMIZERS = {
    "gradient_descent": GradientDescent, "momentum": Momentum, "nesterov": Nesterov, "nesterov_shifted": NesterovShifted,
    "adagrad": Adagrad, "adadelta": Adadelta, "rmsprop": RMSprop, "adam": Adam,
}


def _number_or_schedule(name, value):
    if not callable(value) and not ops.is_number(value):
        raise ValueError(f"{name} is {value!r} but has to be a number or a schedule, a function of the steps taken so far.")
    if not callable(value) and not value >= 0:
        why = "; a step against the gradient already goes down" if name == "learning_rate" else ""
        raise ValueError(f"{name} is {value!r} but has to be 0 or more{why}.")
    return ops.as_python(value)


def _share(name, value):
    """The share of itself that a running mean keeps: at least 0 and below 1."""
    if not (ops.is_number(value) and 0 <= value < 1):
        raise ValueError(f"{name} is {value!r} but has to be a number from 0 up to, not including, 1; for example 0.9.")
    return ops.as_python(value)


def _epsilon(value):
    if not (ops.is_number(value) and value >= 0):
        raise ValueError(f"epsilon is {value!r} but has to be a small number, 0 or more; for example 1e-8.")
    return ops.as_python(value)


def _arrays(arrays, what):
    """The one buffer where the arrays are packed, else the arrays."""
    if hasattr(arrays, "flat") and not hasattr(arrays, "dtype"):
        return [arrays.flat]
    if not isinstance(arrays, (list, tuple)):
        raise TypeError(f"a list of {what} arrays is expected, not {type(arrays).__name__}; pass [array] for a single one.")
    return arrays


def _check_changeable(w, i):
    if ops.place(w) != "cpu":
        return
    if w.dtype not in ops.FLOATS:
        raise TypeError(f"parameter {i} is {w.dtype}, which cannot take small steps; make it float32 or float64.")
    if not (w.flags.c_contiguous and w.flags.writeable):
        problem = "not contiguous" if w.flags.writeable else "read-only"
        raise ValueError(f"parameter {i} is {problem}, so it cannot be changed in place; pass a copy: parameter.copy().")
