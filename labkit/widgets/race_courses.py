"""The race of the optimizers: four courses over two weights, seven racers, their starts and rates, and the run itself.

In the manner of Alec Radford's animations, on functions, starts and rates of our own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from labkit import optimizers, surfaces
from labkit.widgets import step_rules
from labkit.widgets.student import Student, Unfinished, are_results

RACERS = ("gradient_descent", "momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adam")
WORDS = {"gradient_descent": "gradient descent", "momentum": "momentum", "nesterov": "Nesterov", "adagrad": "Adagrad",
         "adadelta": "Adadelta", "rmsprop": "RMSprop", "adam": "Adam"}

# One rate each for all four courses; the first three racers take the rate of the course instead.
RATES = {"adagrad": 0.5, "adadelta": 1.0, "rmsprop": 0.02, "adam": 0.1}

FAR = 1e3       # a racer further out than this has left for good


@dataclass(frozen=True)
class Course:
    """A surface with a start, a number of steps, and the rate that gradient descent and momentum need on it.

    examples : (n, 3), two inputs and a target, where the slope is that of a few examples at a time; batches : (steps, size) rows
    """

    name: str
    title: str
    surface: surfaces.Surface
    start: tuple
    steps: int
    rate: float
    examples: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)), repr=False)
    batches: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), int), repr=False)

    def slope(self, w, t):
        """The gradient that every racer at w, (2,), meets in step t: of the surface, or of the step's own few examples."""
        if not len(self.batches):
            return np.array(self.surface.gradient(*w))
        a = self.examples[self.batches[t]]
        h = 0.5 + 0.5 * np.tanh(0.5 * (a[:, :2] @ w))
        return ((h - a[:, 2]) * h * (1 - h)) @ a[:, :2] / len(a)

    def above_lowest(self, points):
        """How far the surface at points (..., 2) lies above its lowest place; inf where a racer has left."""
        with np.errstate(all="ignore"):
            height = self.surface.value(points[..., 0], points[..., 1]) - lowest(self)
        return np.where(np.isfinite(height), np.maximum(height, 0), np.inf)

    def rate_of(self, racer):
        return RATES.get(racer, self.rate)


@cache
def course(name):
    """One of saddle, valley, beale, moons."""
    if name == "saddle":
        return Course(name, "a saddle", surfaces.saddle(), (-1.5, 0.001), 200, 0.02)
    if name == "valley":
        return Course(name, "a long valley", surfaces.valley(100.0), (-1.2, 1.0), 300, 0.0015)
    if name == "beale":
        return Course(name, "Beale's function", surfaces.beale(), (1.0, 1.5), 300, 0.005)
    if name == "moons":
        from labkit import datasets

        moons = datasets.moons(200, noise=0.2, seed=0)
        X, rng, steps = moons.X - moons.X.mean(axis=0), np.random.default_rng(0), 300
        rows = np.concatenate([rng.permutation(len(X)) for _ in range(10 * steps // len(X))]).reshape(steps, 10)
        return Course(name, "noisy moons", surfaces.unit_error(X, moons.y), (-4.0, 4.0), steps, 0.5,
                      np.column_stack([X, moons.y]), rows)
    raise ValueError(f"no course is called {name!r}; there are {', '.join(COURSES)}")


COURSES = ("saddle", "valley", "beale", "moons")


@cache
def heights(name, side=150):
    """x, y and heights of a course on a grid: (side,), (side,), (side, side)."""
    return course(name).surface.grid(side)


def lowest(course):
    minima = course.surface.minima
    if not minima:
        return float(lowest_seen(course.name))
    return min(float(course.surface.value(*point)) for point in minima)


@cache
def lowest_seen(name):
    """For the moons no formula gives the lowest place: gradient descent, long and exact, from the best point of the grid."""
    x, y, z = heights(name)
    row, column = np.unravel_index(z.argmin(), z.shape)
    w, surface = np.array([x[column], y[row]]), course(name).surface
    for _ in range(400):
        w = w - 5.0 * np.array(surface.gradient(*w))
    return float(surface.value(*w))


# Racers

def labkits(racer, rate):
    """labkit's optimizer for a racer. Momentum is 0.9 and the means forget as in the papers."""
    return optimizers.OPTIMIZERS[racer](rate)


class OwnRMSprop:
    """RMSprop from two functions, in the manner of labkit's optimizers."""

    def __init__(self, mean, rule, rate):
        self.mean, self.rule, self.rate, self.s = mean, rule, rate, np.zeros(2)

    def look_ahead(self, params):
        """The slope is taken where the racer stands."""

    def step(self, params, grads):
        (w,), (g,) = params, grads
        self.s = two_numbers(self.mean(self.s.copy(), g.copy(), 0.9))
        w[:] = two_numbers(self.rule(w.copy(), self.s.copy(), g.copy(), self.rate, 1e-8))


class OwnAdagrad:
    """Adagrad from one function, in the manner of labkit's optimizers."""

    def __init__(self, rule, rate):
        self.rule, self.rate, self.s = rule, rate, np.zeros(2)

    def look_ahead(self, params):
        """The slope is taken where the racer stands."""

    def step(self, params, grads):
        (w,), (g,) = params, grads
        w[:], self.s = two_pairs(self.rule(w.copy(), self.s.copy(), g.copy(), self.rate, 1e-10))


def two_numbers(result):
    if result is None:
        raise Unfinished("returned nothing (None): let every path end with return")
    try:
        values = np.array(result, float)
    except (TypeError, ValueError):
        raise Unfinished("returned something that is no array of numbers, expected two weights") from None
    if values.shape != (2,):
        raise Unfinished(f"returned an array of shape {values.shape}, expected the shape of w, (2,)")
    return values


def two_pairs(result):
    if not are_results(result, 2):
        raise Unfinished("did not return two results: return w, s")
    return two_numbers(result[0]), two_numbers(result[1])


def walk(course, optimizer, start):
    """The points that an optimizer visits on a course: (steps + 1, 2), NaN from where it has left for good.

    Where a reader's function returned what no step can be made of, the Unfinished that says so.
    """
    w, points = np.array(start, float), np.full((course.steps + 1, 2), np.nan)
    points[0] = w
    try:
        with np.errstate(all="ignore"):
            for t in range(course.steps):
                optimizer.look_ahead([w])
                optimizer.step([w], [course.slope(w, t)])
                if not (np.abs(w) < FAR).all():
                    break
                points[t + 1] = w
    except Unfinished as reason:
        return reason
    return points


def finished(result):
    if isinstance(result, Unfinished):
        raise result
    return result


class Field:
    """The seven racers: the reader's RMSprop and Adagrad where their functions work, labkit's optimizers for the rest.

    Each function is tried on the whole course with labkit's other parts, so that no way is half the reader's and half labkit's.
    """

    def __init__(self, mean_square=None, rmsprop_step=None, adagrad_step=None):
        self.mean_square, self.rmsprop_step = mean_square, rmsprop_step
        self.mean = trial(mean_square, "mean_square", "rmsprop", lambda rate: OwnRMSprop(mean_square, step_rules.rmsprop, rate))
        self.rmsprop = trial(rmsprop_step, "rmsprop_step", "rmsprop", lambda rate: OwnRMSprop(step_rules.mean_square, rmsprop_step, rate))
        self.adagrad = trial(adagrad_step, "adagrad_step", "adagrad", lambda rate: OwnAdagrad(adagrad_step, rate))
        self.students = self.mean, self.rmsprop, self.adagrad

    def run(self, course, start=None, factor=1.0):
        """The ways of all racers, every rate times `factor`: {racer: (steps + 1, 2)}, NaN from where one has left for good."""
        start = course.start if start is None else start
        rates = {racer: course.rate_of(racer) * factor for racer in RACERS}
        ways = {racer: walk(course, labkits(racer, rates[racer]), start) for racer in RACERS if racer not in ("adagrad", "rmsprop")}
        ways["adagrad"] = self.adagrad(course, start, rates["adagrad"])
        by_mean, by_rule = (student(course, start, rates["rmsprop"]) for student in (self.mean, self.rmsprop))
        if runs(self.mean) and runs(self.rmsprop):
            ways["rmsprop"] = walk(course, OwnRMSprop(self.mean_square, self.rmsprop_step, rates["rmsprop"]), start)
        else:
            ways["rmsprop"] = by_mean if runs(self.mean) else by_rule
        return {racer: ways[racer] for racer in RACERS}


def trial(function, name, racer, own):
    """A Student whose answer is a whole way: with the reader's function, or labkit's optimizer's."""
    drive = (lambda course, start, rate: walk(course, own(rate), start)) if callable(function) else function
    return Student(drive, lambda course, start, rate: walk(course, labkits(racer, rate), start), getattr(function, "__name__", name), finished)


def runs(student):
    return student.function is not None and not student.problem
