"""What students write beside the declared misconceptions, and what they are told: a hint has to fit each of the slips that reach it."""

import pytest

from grading import build
from grading.exercise import load
from labkit.checks import behaviour

HEAD = "def {name}({arguments}):\n{body}"
ARGUMENTS = {"weighted_sum": "x, w", "gate": "name, n", "update": "w, b, x, y", "most_confident": "X, W, b", "accuracy": "w, b, X, y",
             "cycle_length": "history", "dense_backward": "dY, inputs, weights", "backprop": "X, T, W1, b1, W2, b2"}


@pytest.fixture(scope="module")
def exercises():
    return {name: one for lab in build.labs()[:5] for name, one in load(lab).items()}


def told(exercise, body):
    """(whether check takes this body for right, its line)."""
    body = "".join(f"    {line}\n" for line in body.split("\n"))
    if exercise.kind == "kernel":
        source = "@cuda.jit\n" + HEAD.format(name=exercise.id, arguments="out, a, b", body=body)
    else:
        source = HEAD.format(name=exercise.id, arguments=ARGUMENTS[exercise.id], body=body)
    return behaviour(exercise.id, exercise.check_data(), exercise.define(source))[:2]


GUARDED = "if i < out.size:\n    out[i] = a[i] + b[i]"


@pytest.mark.parametrize(("name", "body", "words"), [
    ("weighted_sum", "total = 0\nfor one in x:\n    for other in w:\n        total += one * other\nreturn total", "in one loop"),
    ("add", f"i = cuda.blockIdx.x * cuda.blockDim.x\n{GUARDED}", "look at how i is found: cuda.grid(1)"),
    ("add", f"i = cuda.threadIdx.x * cuda.blockIdx.x\n{GUARDED}", "look at how i is found: cuda.grid(1)"),
    ("add", "for i in range(out.size):\n    out[i] = a[i] + b[i]", "take it out"),
    ("add", "i = cuda.grid(1)\ns = a[i] + b[i]\nif i < out.size:\n    out[i] = s", "before the first a[i] or out[i]"),
    ("add", "i = cuda.grid(1)\nout[i] = a[i] + b[i] if i < out.size else 0", "before the first a[i] or out[i]"),
    ("add", "i = cuda.grid(1)\nif i < cuda.gridDim.x:\n    out[i] = a[i] + b[i]", "gridDim.x is how many blocks there are"),
    ("gate", "return {'AND': (np.ones(n), -0.75 * n), 'OR': (np.ones(n), -0.5), 'NOT': (-np.ones(n), 0.5)}[name]", "two and three inputs only"),
    ("gate", "return {'AND': (np.ones(n), 0.5 - n), 'OR': (np.ones(n), -n / 4), 'NOT': (-np.ones(n), 0.5)}[name]", "one of four inputs"),
    ("update", "m = y - int(w[0] * x[0] + w[1] * x[1] + b > 0)\nreturn np.array([w[0] + m * x[0], w[1] + m * x[1]]), b + m", "two inputs"),
    ("update", "m = y - int(w[0] * x[0] + w[1] * x[1] + b > 0)\nreturn w + m * x, b + m", "two inputs"),
    ("most_confident", "return np.argmax(W @ X.T + b, axis=0)", "with W @ X.T write b[:, None]"),
    ("accuracy", "return np.mean((X @ w + b < 0) == (y == 1))", "turned round"),
    ("accuracy", "return np.mean((X @ w + b <= 0) == (y == 1))", "turned round"),
    ("accuracy", "return np.mean((X @ w + b > 0) != (y == 1))", "share of mistakes"),
    ("cycle_length", "for later in range(2, len(history)):\n    for earlier in range(later):\n"
                     "        if np.all(history[later] == history[earlier]):\n            return later - earlier\nreturn 0", "cycle_length("),
    ("dense_backward", "return dY @ weights.T, inputs.T @ dY, np.array([dY[:, 0].sum(), dY[:, 1].sum()])", "dense_backward("),
])
def test_a_slip_is_told_what_fits_it(exercises, name, body, words):
    right, line = told(exercises[name], body)
    assert not right and words in line, line


def nudging(step):
    return ("import numpy as np\ndef E(weights):\n    H = 1 / (1 + np.exp(-(X @ weights[0] + weights[1])))\n"
            "    return np.sum((1 / (1 + np.exp(-(H @ weights[2] + weights[3]))) - T) ** 2) / 2\n"
            "found = []\nfor k in range(4):\n    found.append(np.zeros([W1, b1, W2, b2][k].shape))\n    for place in np.ndindex(found[k].shape):\n"
            "        up, down = [[np.array(w) for w in (W1, b1, W2, b2)] for _ in range(2)]\n"
            f"        up[k][place] += {step}\n        down[k][place] -= {step}\n"
            f"        found[k][place] = (E(up) - E(down)) / (2 * {step})\nreturn found")


@pytest.mark.parametrize("step", [1e-3, 1e-5, 1e-7])
def test_backprop_by_nudging_is_no_backprop(exercises, step):
    right, line = told(exercises["backprop"], nudging(step))
    assert not right and "the rules are what to write here" in line, line


def test_the_argument_names_of_dense_backward_are_free(exercises):
    assert told(exercises["dense_backward"], "return dY @ weights.T, inputs.T @ dY, dY.sum(axis=0)")[0]
