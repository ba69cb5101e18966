"""Many descents of one surface at once: a run for each learning rate, momentum and start. A map has a run for each pixel.

Surfaces are those of `formulas`, and the mean of (h - t)^2 / 2 of one unit with two weights on a table of examples. Rules are
the optimizers of `updates`, in the same letters; `mu` is the momentum, or the decay rho or beta_1 of those that keep means.
"""

import math

import numpy as np

from labkit.kernels import updates
from labkit.kernels._numba import FINITE_MATH, loops, njit, prange
from labkit.kernels.formulas import (
    BEALE,
    BOWL,
    FORMULAS,
    HIMMELBLAU,
    SADDLE,
    SIGMOID_UNIT,
    SURFACES,
    VALLEY,
    gradient_of,
    value_of,
)
from labkit.kernels.registry import Budget, Work, one_thread_each, register
from labkit.kernels.vector_math import logistic

RULES = ("gradient_descent", "momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adam")

GRADIENT_DESCENT, MOMENTUM, NESTEROV, ADAGRAD, ADADELTA, RMSPROP, ADAM = range(7)      # up to NESTEROV, all that is kept is a velocity

FAR = np.float32(1e4)               # a run that ends outside |x|, |y| < FAR has diverged; its end is NaN
EPSILON = np.float32(1e-8)
ADADELTA_EPSILON = np.float32(1e-6)
BETA_2 = np.float32(0.999)
_0, _1, _HALF, _NAN = np.float32(0), np.float32(1), np.float32(0.5), np.float32(np.nan)


# Plain NumPy

def descend_numpy(points, heights, paths, rates, mus, surface, p, examples, rule, steps, every):
    """points[:, r] moves in place for `steps` steps; heights[r] is the surface's value where it ends, NaN where it diverged.

    Every `every` steps, the first before any, the points are also written to the next of `paths` : (n_records, 2, n_runs).
    examples : (n, 3), rows of two inputs and a target, for the surfaces of a unit.
    """
    slope = gradient_of(surface, p, examples)
    v, s = np.zeros_like(points), np.zeros_like(points)
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(steps + 1):
            if every and step % every == 0 and step // every < len(paths):
                paths[step // every] = points
            if step < steps:
                step_numpy(rule, points, slope, v, s, rates, mus, step)
        points[:, ~(np.abs(points) < FAR).all(axis=0)] = np.nan
        heights[:] = value_of(surface, p, examples)(*points)


def step_numpy(rule, points, slope, v, s, lr, mu, step):
    """One step of a rule, by the formulas of `updates`."""
    if rule == NESTEROV:
        points += mu * v
    g = np.array(slope(*points))
    if rule == GRADIENT_DESCENT:
        updates.gradient_descent_numpy(points, g, lr)
    elif rule == MOMENTUM:
        updates.momentum_numpy(points, v, g, lr, mu)
    elif rule == NESTEROV:
        updates.nesterov_numpy(points, v, g, lr, mu)
    elif rule == ADAGRAD:
        updates.adagrad_numpy(points, s, g, lr, EPSILON)
    elif rule == ADADELTA:
        updates.adadelta_numpy(points, s, v, g, lr, mu, ADADELTA_EPSILON)
    elif rule == RMSPROP:
        updates.rmsprop_numpy(points, s, g, lr, mu, EPSILON)
    else:
        c1, c2 = _1 - mu ** np.float32(step + 1), _1 - BETA_2 ** np.float32(step + 1)
        updates.adam_numpy(points, v, s, g, lr, mu, BETA_2, EPSILON, c1, c2)


# CPU. BLOCK runs go side by side, in rows of one flat array, as in `xor`, so that a step is vector code. A rule that keeps only a
# velocity goes over the rows of a formula once a step, which arithmetic alone then bounds; all others go twice: the gradient of
# this surface, then this rule. Gradient descent is momentum with mu = 0.

BLOCK = 128
PAIR = 2 * BLOCK                    # a row of x, then a row of y
POINT, PROBE, SLOPE, V, S, RATE, MU, MU_T = (PAIR * row for row in range(8))


@njit(fastmath=FINITE_MATH)
def _rule_pass(s, rule, step):
    if rule <= NESTEROV:
        for i in range(PAIR):
            v = s[MU + i] * s[V + i] - s[RATE + i] * s[SLOPE + i]
            s[V + i] = v
            s[POINT + i] += v
    elif rule == ADAGRAD:
        for i in range(PAIR):
            g = s[SLOPE + i]
            square = s[S + i] + g * g
            s[S + i] = square
            s[POINT + i] -= s[RATE + i] * g / (np.sqrt(square) + EPSILON)
    elif rule == ADADELTA:
        for i in range(PAIR):
            g, rho = s[SLOPE + i], s[MU + i]
            square = rho * s[S + i] + (_1 - rho) * g * g
            move = np.sqrt(s[V + i] + ADADELTA_EPSILON) / np.sqrt(square + ADADELTA_EPSILON) * g
            s[S + i] = square
            s[V + i] = rho * s[V + i] + (_1 - rho) * move * move
            s[POINT + i] -= s[RATE + i] * move
    elif rule == RMSPROP:
        for i in range(PAIR):
            g, rho = s[SLOPE + i], s[MU + i]
            square = rho * s[S + i] + (_1 - rho) * g * g
            s[S + i] = square
            s[POINT + i] -= s[RATE + i] * g / (np.sqrt(square) + EPSILON)
    else:
        c2 = _1 - BETA_2 ** np.float32(step + 1)
        for i in range(PAIR):
            g, beta = s[SLOPE + i], s[MU + i]
            mean = beta * s[V + i] + (_1 - beta) * g
            square = BETA_2 * s[S + i] + (_1 - BETA_2) * g * g
            s[V + i], s[S + i] = mean, square
            s[MU_T + i] *= beta
            s[POINT + i] -= s[RATE + i] * (mean / (_1 - s[MU_T + i])) / (np.sqrt(square / c2) + EPSILON)


def _formula_pass(formula):
    """What takes the steps first, first + 1, ... before `end` on a formula."""
    gradient = njit(formula(np.float32)[1], fastmath=FINITE_MATH)

    @njit(fastmath=FINITE_MATH)
    def steps_down(s, p, rule, first, end):
        for step in range(first, end):
            if rule <= NESTEROV:
                for i in range(BLOCK):
                    x, y, u, v = s[POINT + i], s[POINT + BLOCK + i], s[V + i], s[V + BLOCK + i]
                    lr, mu = s[RATE + i], s[MU + i]
                    if rule == NESTEROV:
                        dx, dy = gradient(x + mu * u, y + mu * v, p)
                    else:
                        dx, dy = gradient(x, y, p)
                    u, v = mu * u - lr * dx, mu * v - lr * dy
                    s[V + i], s[V + BLOCK + i] = u, v
                    s[POINT + i], s[POINT + BLOCK + i] = x + u, y + v
            else:
                for i in range(BLOCK):
                    s[SLOPE + i], s[SLOPE + BLOCK + i] = gradient(s[POINT + i], s[POINT + BLOCK + i], p)
                _rule_pass(s, rule, step)

    return steps_down


_bowl, _valley, _saddle, _beale, _himmelblau = (_formula_pass(formula) for formula in FORMULAS)
_bowl_value, _valley_value, _saddle_value, _beale_value, _himmelblau_value = (
    njit(formula(np.float32)[0], fastmath=FINITE_MATH) for formula in FORMULAS)


@njit(fastmath=FINITE_MATH)
def _unit_slopes(s, examples, bent):
    share = _1 / np.float32(len(examples))
    for i in range(PAIR):
        s[SLOPE + i] = _0
    for e in range(len(examples)):
        a, b, t = examples[e, 0], examples[e, 1], examples[e, 2]
        if bent:
            for i in range(BLOCK):
                h = logistic(s[PROBE + i] * a + s[PROBE + BLOCK + i] * b)
                delta = share * (h - t) * h * (_1 - h)
                s[SLOPE + i] += delta * a
                s[SLOPE + BLOCK + i] += delta * b
        else:
            for i in range(BLOCK):
                delta = share * (s[PROBE + i] * a + s[PROBE + BLOCK + i] * b - t)
                s[SLOPE + i] += delta * a
                s[SLOPE + BLOCK + i] += delta * b


@njit(fastmath=FINITE_MATH)
def _unit(s, examples, bent, rule, first, end):
    for step in range(first, end):
        for i in range(PAIR):
            s[PROBE + i] = s[POINT + i] + (s[MU + i] * s[V + i] if rule == NESTEROV else _0)
        _unit_slopes(s, examples, bent)
        _rule_pass(s, rule, step)


@njit(fastmath=FINITE_MATH)
def _descend(s, surface, p, examples, rule, first, end):
    if surface == BOWL:
        _bowl(s, p, rule, first, end)
    elif surface == VALLEY:
        _valley(s, p, rule, first, end)
    elif surface == SADDLE:
        _saddle(s, p, rule, first, end)
    elif surface == BEALE:
        _beale(s, p, rule, first, end)
    elif surface == HIMMELBLAU:
        _himmelblau(s, p, rule, first, end)
    else:
        _unit(s, examples, surface == SIGMOID_UNIT, rule, first, end)


@njit(fastmath=FINITE_MATH)
def _value(x, y, surface, p, examples):
    if surface == BOWL:
        return _bowl_value(x, y, p)
    if surface == VALLEY:
        return _valley_value(x, y, p)
    if surface == SADDLE:
        return _saddle_value(x, y, p)
    if surface == BEALE:
        return _beale_value(x, y, p)
    if surface == HIMMELBLAU:
        return _himmelblau_value(x, y, p)
    total = _0
    for e in range(len(examples)):
        z = x * examples[e, 0] + y * examples[e, 1]
        error = (logistic(z) if surface == SIGMOID_UNIT else z) - examples[e, 2]
        total += error * error
    return _HALF * total / np.float32(len(examples))


@njit(fastmath=FINITE_MATH)
def _block(s, points, heights, paths, rates, mus, surface, p, examples, rule, steps, every):
    """BLOCK runs from start to end; the arrays are those of these runs alone."""
    here = len(heights)
    s[:] = _0
    for i in range(PAIR):
        s[MU_T + i] = _1
    for c in range(2):
        for i in range(here):
            s[POINT + c * BLOCK + i], s[RATE + c * BLOCK + i] = points[c, i], rates[i]
            s[MU + c * BLOCK + i] = _0 if rule == GRADIENT_DESCENT else mus[i]
    step = 0
    while True:
        if every > 0 and step % every == 0 and step // every < len(paths):
            for c in range(2):
                for i in range(here):
                    paths[step // every, c, i] = s[POINT + c * BLOCK + i]
        if step == steps:
            break
        end = min(steps, step + every) if every > 0 else steps
        _descend(s, surface, p, examples, rule, step, end)
        step = end
    for i in range(here):
        x, y = s[POINT + i], s[POINT + BLOCK + i]
        if not (abs(x) < FAR and abs(y) < FAR):
            x = y = _NAN
        points[0, i], points[1, i] = x, y
        heights[i] = _value(x, y, surface, p, examples)


@loops(fastmath=FINITE_MATH)
def descend_cpu(points, heights, paths, rates, mus, surface, p, examples, rule, steps, every):
    for block in prange((len(heights) + BLOCK - 1) // BLOCK):
        a = block * BLOCK
        b = min(len(heights), a + BLOCK)
        _block(np.empty(8 * PAIR, np.float32), points[:, a:b], heights[a:b], paths[:, :, a:b], rates[a:b], mus[a:b],
               surface, p, examples, rule, steps, every)


# CUDA

def descend_cuda(cuda):
    """The optimization it shows: branches that all threads of a warp take together cost next to nothing, so one kernel serves
    every surface and every rule. Only branches that part the threads of a warp are slow."""
    device = cuda.jit(device=True)
    bowl, valley, saddle, beale, himmelblau = (device(formula(np.float32)[1]) for formula in FORMULAS)
    bowl_value, valley_value, saddle_value, beale_value, himmelblau_value = (
        device(formula(np.float32)[0]) for formula in FORMULAS)

    @device
    def unit(z, surface):
        return _1 / (_1 + math.exp(-z)) if surface == SIGMOID_UNIT else z

    @device
    def slope(x, y, surface, p, examples):
        if surface == BOWL:
            return bowl(x, y, p)
        if surface == VALLEY:
            return valley(x, y, p)
        if surface == SADDLE:
            return saddle(x, y, p)
        if surface == BEALE:
            return beale(x, y, p)
        if surface == HIMMELBLAU:
            return himmelblau(x, y, p)
        dx = _0
        dy = _0
        for e in range(examples.shape[0]):
            h = unit(x * examples[e, 0] + y * examples[e, 1], surface)
            delta = h - examples[e, 2]
            if surface == SIGMOID_UNIT:
                delta *= h * (_1 - h)
            dx += delta * examples[e, 0]
            dy += delta * examples[e, 1]
        n = np.float32(examples.shape[0])
        return dx / n, dy / n

    @device
    def value(x, y, surface, p, examples):
        if surface == BOWL:
            return bowl_value(x, y, p)
        if surface == VALLEY:
            return valley_value(x, y, p)
        if surface == SADDLE:
            return saddle_value(x, y, p)
        if surface == BEALE:
            return beale_value(x, y, p)
        if surface == HIMMELBLAU:
            return himmelblau_value(x, y, p)
        total = _0
        for e in range(examples.shape[0]):
            error = unit(x * examples[e, 0] + y * examples[e, 1], surface) - examples[e, 2]
            total += error * error
        return _HALF * total / np.float32(examples.shape[0])

    @device
    def advance(g, v, s, lr, mu, mu_t, beta_2_t, rule):
        """The step along one coordinate, and its two numbers of state afterwards."""
        if rule == GRADIENT_DESCENT:
            return -lr * g, v, s
        if rule == MOMENTUM or rule == NESTEROV:
            v = mu * v - lr * g
            return v, v, s
        if rule == ADAGRAD:
            s = s + g * g
            return -lr * g / (math.sqrt(s) + EPSILON), v, s
        if rule == ADADELTA:
            s = mu * s + (_1 - mu) * g * g
            move = math.sqrt(v + ADADELTA_EPSILON) / math.sqrt(s + ADADELTA_EPSILON) * g
            return -lr * move, mu * v + (_1 - mu) * move * move, s
        if rule == RMSPROP:
            s = mu * s + (_1 - mu) * g * g
            return -lr * g / (math.sqrt(s) + EPSILON), v, s
        v = mu * v + (_1 - mu) * g
        s = BETA_2 * s + (_1 - BETA_2) * g * g
        return -lr * (v / (_1 - mu_t)) / (math.sqrt(s / (_1 - beta_2_t)) + EPSILON), v, s

    def descend(points, heights, paths, rates, mus, surface, p, examples, rule, steps, every):
        r = cuda.grid(1)
        if r < heights.size:
            x = points[0, r]
            y = points[1, r]
            lr = rates[r]
            mu = mus[r]
            vx = _0
            vy = _0
            sx = _0
            sy = _0
            mu_t = _1
            beta_2_t = _1
            ahead = mu if rule == NESTEROV else _0
            for step in range(steps + 1):
                if every > 0 and step % every == 0 and step // every < paths.shape[0]:
                    paths[step // every, 0, r] = x
                    paths[step // every, 1, r] = y
                if step < steps:
                    gx, gy = slope(x + ahead * vx, y + ahead * vy, surface, p, examples)
                    mu_t *= mu
                    beta_2_t *= BETA_2
                    dx, vx, sx = advance(gx, vx, sx, lr, mu, mu_t, beta_2_t, rule)
                    dy, vy, sy = advance(gy, vy, sy, lr, mu, mu_t, beta_2_t, rule)
                    x += dx
                    y += dy
            if not (abs(x) < FAR and abs(y) < FAR):
                x = _NAN
                y = _NAN
            points[0, r] = x
            points[1, r] = y
            heights[r] = value(x, y, surface, p, examples)

    return descend


def _arguments(rng, size):
    """Every rule and every surface has its turn; few and short steps, as the forms differ in the last bits and runs part ways."""
    surface, rule = (int(rng.integers(len(SURFACES))), int(rng.integers(len(RULES)))) if size < 10_000 else (BEALE, MOMENTUM)
    points = rng.uniform(-2, 2, (2, size)).astype(np.float32)
    fastest = {VALLEY: 1e-4, BEALE: 1e-3, HIMMELBLAU: 1e-3}.get(surface, 1e-2) if size < 10_000 else 1e-2
    rates = rng.uniform(fastest / 100, fastest, size).astype(np.float32)
    mus = rng.uniform(0, 0.99, size).astype(np.float32)
    examples = np.column_stack([rng.uniform(-1, 1, (5, 2)), rng.integers(0, 2, 5)]).astype(np.float32)
    p = np.float32(100 if surface == VALLEY else 5)
    steps, records = (4, 3) if size < 10_000 else (500, 0)
    paths = np.zeros((records, 2, size), np.float32)
    return (points, np.empty(size, np.float32), paths, rates, mus, np.int32(surface), p, examples, np.int32(rule),
            np.int32(steps), np.int32(2 if records else 0))


def _work(points, heights, paths, rates, mus, surface, p, examples, rule, steps, every):
    one_step = {BOWL: 1, VALLEY: 10, SADDLE: 4, BEALE: 27, HIMMELBLAU: 14}.get(int(surface), 30 * len(examples)) + 8
    return Work(bytes=4 * (4 * points.size + 2 * heights.size + 2 * paths.size), operations=one_step * int(steps) * heights.size)


descend = register(
    name="descend",
    doc="many optimizer runs on a two-parameter surface",
    signature="void(float32[:, ::1], float32[::1], float32[:, :, ::1], float32[::1], float32[::1], int32, float32, "
              "float32[:, ::1], int32, int32, int32)",
    oracle=descend_numpy,
    cpu=descend_cpu,
    cuda=descend_cuda,
    launch=lambda points, heights, *_: one_thread_each(heights.size),
    arguments=_arguments,
    work=_work,
    budget=Budget(registers=64),
    outputs=3,
    sizes=(0, 1, 3, 129),
    bench_size=512 * 512,
    tolerance=1e-3,
    statistics=lambda points, heights, paths: (np.isnan(heights).mean(), (heights < 1e-3).mean()),
)
