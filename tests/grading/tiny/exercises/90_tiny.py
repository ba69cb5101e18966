"""A lab of three exercises for the tests: a function, a kernel, a prediction."""

import numpy as np

from grading.exercise import Exercise, call


def draws(rng):
    for n in (1, 2, 5):
        for _ in range(4):
            x, w, b = rng.normal(size=n), rng.normal(size=n), rng.normal()
            if abs(x @ w + b) > 0.01:
                yield call(x, w, b)


fires = Exercise(
    "fires", points=3, right=lambda x, w, b: int(sum(p * q for p, q in zip(x, w, strict=True)) + b > 0),
    public=[call(np.array([1.0, 0.0]), np.array([1.0, 1.0]), -0.5), call(np.array([0.0, 0.0]), np.array([1.0, 1.0]), -0.5),
            call(np.array([0.0, 0.0]), np.array([1.0, 1.0]), 0.5), call(np.array([1.0, 1.0]), np.array([1.0, 1.0]), -3.0)],
    hidden=draws, hints=("Multiply, add, compare.", "np.dot multiplies and adds.", "Do not forget b."))


@fires.solution
def vector(x, w, b):
    return int(np.dot(x, w) + b > 0)


@fires.solution
def loop(x, w, b):
    total = b
    for i in range(len(x)):
        total += x[i] * w[i]
    return 1 if total > 0 else 0  # CANARY-SOLUTION


@fires.misconception(why="The bias is easily taken for a part of the data.", hint="this is what you get without the bias.")
def no_bias(x, w, b):
    return int(np.dot(x, w) > 0)


@fires.misconception(why="A threshold is subtracted, a bias is added.", hint="this is what you get when you subtract the bias.")
def minus_bias(x, w, b):
    CANARY_MISCONCEPTION = 0  # noqa: F841, N806
    return int(np.dot(x, w) - b > 0)


@fires.misconception(why="The sum itself looks like the answer.", hint="this is the sum; a unit fires or does not: 1 or 0.")
def no_threshold(x, w, b):
    return np.dot(x, w) + b


@fires.misconception(why="The comparison is turned round.", hint="this fires below the threshold instead of above it.")
def below(x, w, b):
    return int(np.dot(x, w) + b < 0)


guess = Exercise("guess", points=1, kind="prediction", choices=("a", "b"))
