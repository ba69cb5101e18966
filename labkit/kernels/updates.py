"""One step of each optimizer, fused: parameters `w`, gradients `g` and the optimizer's state go by once, in place.

Simplest first. Letters are the papers': v velocity, s running squares, m running mean, mu momentum, rho decay.
The CUDA forms show one optimization, the fusion: a step is bound by memory, so each number is read once and written once. They are made
of what happens to one parameter, which gives its new value and that of its state.
"""

import math

import numpy as np

from labkit.kernels._numba import FINITE_MATH, loops, prange
from labkit.kernels.each import each, four_each
from labkit.kernels.registry import Budget, Work, register

_0, _1 = np.float32(0), np.float32(1)
AS_WRITTEN = FINITE_MATH - {"reassoc"}      # rho s + (1 - rho) g^2, turned into g^2 + rho (s - g^2), is NaN where g^2 is infinite


def _register(name, oracle, cpu, formula, state, scalars):
    """Enter an update of `w` and of its state, such as "v"; `scalars` are its settings, as tests use them."""
    states = len(state.split())
    return register(
        name=name, oracle=oracle, cpu=cpu, cuda=each(formula, name, states + 2, writes=f"w {state}"),
        signature=f"void({', '.join(['float32[::1]'] * (states + 2) + ['float32'] * len(scalars))})",
        launch=lambda w, *_: four_each(w.size),
        arguments=lambda rng, size: [*_arrays(rng, size, states), *map(np.float32, scalars)],
        work=lambda w, *_: Work(bytes=(2 * states + 3) * w.nbytes, operations=(4 + 4 * states) * w.size),
        budget=Budget(registers=48), outputs=states + 1, tolerance=2e-6, bench_size=10_000_000,
    )


def _arrays(rng, size, states):
    """Parameters, states that are not negative (squares are summed in them), and gradients, some of them zero."""
    w, g = rng.standard_normal((2, size), dtype=np.float32)
    return [w, *rng.random((states, size), dtype=np.float32), g * (rng.random(size) > 0.1)]


def gradient_descent_numpy(w, g, lr):
    """w <- w - lr g"""
    w -= lr * g


@loops(fastmath=FINITE_MATH)
def gradient_descent_cpu(w, g, lr):
    for i in prange(w.size):
        w[i] -= lr * g[i]


def gradient_descent_of(w, g, lr):
    return w - lr * g


gradient_descent = _register("gradient_descent", gradient_descent_numpy, gradient_descent_cpu, gradient_descent_of, "", (0.05,))


def momentum_numpy(w, v, g, lr, mu):
    """v <- mu v - lr g;  w <- w + v

    Polyak 1964; Sutskever et al. 2013, eqs. 1 and 2.
    """
    v *= mu
    v -= lr * g
    w += v


@loops(fastmath=FINITE_MATH)
def momentum_cpu(w, v, g, lr, mu):
    for i in prange(w.size):
        v[i] = mu * v[i] - lr * g[i]
        w[i] += v[i]


def momentum_of(w, v, g, lr, mu):
    v = mu * v - lr * g
    return w + v, v


momentum = _register("momentum", momentum_numpy, momentum_cpu, momentum_of, "v", (0.05, 0.9))


def nesterov_numpy(w, v, g, lr, mu):
    """v <- mu v - lr g;  w <- w - lr g

    Before the step w is already ahead by mu v, where the gradient was taken: w - lr g is the old w plus the new v.
    Sutskever et al. 2013, eqs. 3 and 4.
    """
    v *= mu
    v -= lr * g
    w -= lr * g


@loops(fastmath=FINITE_MATH)
def nesterov_cpu(w, v, g, lr, mu):
    for i in prange(w.size):
        v[i] = mu * v[i] - lr * g[i]
        w[i] -= lr * g[i]


def nesterov_of(w, v, g, lr, mu):
    v = mu * v - lr * g
    return w - lr * g, v


nesterov = _register("nesterov", nesterov_numpy, nesterov_cpu, nesterov_of, "v", (0.05, 0.9))


def nesterov_shifted_numpy(w, v, g, lr, mu):
    """v <- mu v + g;  w <- w - lr (g + mu v)

    Bengio et al. 2013, eq. 7, scaled as in PyTorch: w is the point ahead.
    """
    v *= mu
    v += g
    w -= lr * (g + mu * v)


@loops(fastmath=FINITE_MATH)
def nesterov_shifted_cpu(w, v, g, lr, mu):
    for i in prange(w.size):
        v[i] = mu * v[i] + g[i]
        w[i] -= lr * (g[i] + mu * v[i])


def nesterov_shifted_of(w, v, g, lr, mu):
    v = mu * v + g
    return w - lr * (g + mu * v), v


nesterov_shifted = _register("nesterov_shifted", nesterov_shifted_numpy, nesterov_shifted_cpu, nesterov_shifted_of, "v", (0.05, 0.9))


def adagrad_numpy(w, s, g, lr, eps):
    """s <- s + g^2;  w <- w - lr g / (sqrt(s) + eps)

    Duchi et al. 2011.
    """
    s += g * g
    w -= lr * g / (np.sqrt(s) + eps)


@loops(fastmath=FINITE_MATH)
def adagrad_cpu(w, s, g, lr, eps):
    for i in prange(w.size):
        s[i] += g[i] * g[i]
        w[i] -= lr * g[i] / (math.sqrt(s[i]) + eps)


def adagrad_of(w, s, g, lr, eps):
    s += g * g
    return w - lr * g / (math.sqrt(s) + eps), s


adagrad = _register("adagrad", adagrad_numpy, adagrad_cpu, adagrad_of, "s", (0.05, 1e-3))


def rmsprop_numpy(w, s, g, lr, rho, eps):
    """s <- rho s + (1 - rho) g^2;  w <- w - lr g / (sqrt(s) + eps): epsilon outside the root"""
    s *= rho
    s += (1 - rho) * g * g
    w -= lr * g / (np.sqrt(s) + eps)


@loops(fastmath=AS_WRITTEN)
def rmsprop_cpu(w, s, g, lr, rho, eps):
    for i in prange(w.size):
        s[i] = rho * s[i] + (_1 - rho) * g[i] * g[i]
        w[i] -= lr * g[i] / (math.sqrt(s[i]) + eps)


def rmsprop_of(w, s, g, lr, rho, eps):
    s = rho * s + (_1 - rho) * g * g
    return w - lr * g / (math.sqrt(s) + eps), s


rmsprop = _register("rmsprop", rmsprop_numpy, rmsprop_cpu, rmsprop_of, "s", (0.05, 0.9, 1e-3))


def rmsprop_inside_numpy(w, s, g, lr, rho, eps):
    """s <- rho s + (1 - rho) g^2;  w <- w - lr g / sqrt(s + eps): epsilon inside the root"""
    s *= rho
    s += (1 - rho) * g * g
    w -= lr * g / np.sqrt(s + eps)


@loops(fastmath=FINITE_MATH)
def rmsprop_inside_cpu(w, s, g, lr, rho, eps):
    for i in prange(w.size):
        s[i] = rho * s[i] + (_1 - rho) * g[i] * g[i]
        w[i] -= lr * g[i] / math.sqrt(s[i] + eps)


def rmsprop_inside_of(w, s, g, lr, rho, eps):
    s = rho * s + (_1 - rho) * g * g
    return w - lr * g / math.sqrt(s + eps), s


rmsprop_inside = _register("rmsprop_inside", rmsprop_inside_numpy, rmsprop_inside_cpu, rmsprop_inside_of, "s", (0.05, 0.9, 1e-3))


def adadelta_numpy(w, s, d, g, lr, rho, eps):
    """s <- rho s + (1 - rho) g^2;  step = sqrt(d + eps) / sqrt(s + eps) g;  d <- rho d + (1 - rho) step^2;  w <- w - lr step

    Zeiler 2012, algorithm 1, which has lr = 1.
    """
    s *= rho
    s += (1 - rho) * g * g
    step = np.sqrt(d + eps) / np.sqrt(s + eps) * g
    d *= rho
    d += (1 - rho) * step * step
    w -= lr * step


@loops(fastmath=FINITE_MATH)
def adadelta_cpu(w, s, d, g, lr, rho, eps):
    for i in prange(w.size):
        s[i] = rho * s[i] + (_1 - rho) * g[i] * g[i]
        step = math.sqrt(d[i] + eps) / math.sqrt(s[i] + eps) * g[i]
        d[i] = rho * d[i] + (_1 - rho) * step * step
        w[i] -= lr * step


def adadelta_of(w, s, d, g, lr, rho, eps):
    s = rho * s + (_1 - rho) * g * g
    step = math.sqrt(d + eps) / math.sqrt(s + eps) * g
    return w - lr * step, s, rho * d + (_1 - rho) * step * step


adadelta = _register("adadelta", adadelta_numpy, adadelta_cpu, adadelta_of, "s d", (0.05, 0.9, 1e-3))


def adam_numpy(w, m, s, g, lr, beta_1, beta_2, eps, c1, c2):
    """m <- beta_1 m + (1 - beta_1) g;  s <- beta_2 s + (1 - beta_2) g^2;  w <- w - lr (m / c1) / (sqrt(s / c2) + eps)

    c1 = 1 - beta_1^t and c2 = 1 - beta_2^t undo the start from zero. Kingma and Ba 2015, algorithm 1.
    """
    m *= beta_1
    m += (1 - beta_1) * g
    s *= beta_2
    s += (1 - beta_2) * g * g
    w -= lr * (m / c1) / (np.sqrt(s / c2) + eps)


@loops(fastmath=AS_WRITTEN)
def adam_cpu(w, m, s, g, lr, beta_1, beta_2, eps, c1, c2):
    for i in prange(w.size):
        m[i] = beta_1 * m[i] + (_1 - beta_1) * g[i]
        s[i] = beta_2 * s[i] + (_1 - beta_2) * g[i] * g[i]
        w[i] -= lr / c1 * m[i] / (math.sqrt(s[i] / c2) + eps)


def adam_of(w, m, s, g, lr, beta_1, beta_2, eps, c1, c2):
    m = beta_1 * m + (_1 - beta_1) * g
    s = beta_2 * s + (_1 - beta_2) * g * g
    return w - lr * (m / c1) / (math.sqrt(s / c2) + eps), m, s


adam = _register("adam", adam_numpy, adam_cpu, adam_of, "m s", (0.05, 0.9, 0.99, 1e-3, 0.5, 0.2))
