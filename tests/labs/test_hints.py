"""What students write beside the declared misconceptions, and what they are told: a hint has to fit each of the slips that reach it."""

import pytest

from grading import build
from grading.exercise import load
from labkit.checks import behaviour

HEAD = "def {name}({arguments}):\n{body}"
ARGUMENTS = {"weighted_sum": "x, w", "gate": "name, n", "update": "w, b, x, y", "most_confident": "X, W, b", "accuracy": "w, b, X, y",
             "cycle_length": "history", "dense_backward": "dY, inputs, weights", "backprop": "X, T, W1, b1, W2, b2",
             "two_layers": "X, W=None, b=None, v=None, c=None", "distance": "image_1, image_2", "numerical_gradient": "f, x, step",
             "softmax_feedback": "Z, classes", "find_rate": "rates, losses", "bump": "x, left, right, height, steepness",
             "gradient_sizes": "weights, slopes, dY",
             "dropout_forward": "X, uniforms, rate", "soft_threshold": "W, step", "add": "out, a, b", "descend_kernel": "x, y, rates, steps",
             "rmsprop_kernel": "w, s, g, learning_rate, decay, epsilon", "dropout_kernel": "out, x, uniforms, rate"}


@pytest.fixture(scope="module")
def exercises():
    return {name: one for lab in build.labs() for name, one in load(lab).items()}


def told(exercise, body):
    """(whether check takes this body for right, its line)."""
    body = "".join(f"    {line}\n" for line in body.split("\n"))
    source = ("@cuda.jit\n" if exercise.kind == "kernel" else "") + HEAD.format(name=exercise.id, arguments=ARGUMENTS[exercise.id], body=body)
    return behaviour(exercise.id, exercise.check_data(), exercise.define(source))[:2]


OWN = "if W is None:\n    W, b, v, c = np.array([[1, -1], [-1, 1]]), np.zeros(2), np.array([2.0, 3.0]), -1.0\n"
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
    ("two_layers", OWN + "return ((X @ W.T + b) @ v + c > 0) * 1", "threshold the hidden units first"),
    ("two_layers", OWN + "return (X @ W.T + b > 0) @ v + c", "sums of the third unit"),
    ("two_layers", OWN + "return ((X @ W.T > 0) @ v + c > 0) * 1", "lack their biases"),
    ("distance", "return np.linalg.norm(image_1.astype(int) - image_2.astype(int))", "whole numbers"),
    ("numerical_gradient", "nudged, found = np.array(x), np.zeros_like(x)\nfor place in np.ndindex(x.shape):\n    nudged[place] = x[place] + step\n"
                           "    above = f(nudged)\n    nudged[place] = x[place] - step\n    found[place] = (above - f(nudged)) / (2 * step)\n"
                           "return found", "Put each back"),
    ("softmax_feedback", "E = np.exp(Z - np.max(Z, axis=1)[:, None])\nP = E / np.sum(E)\nP[np.arange(len(Z)), classes] -= 1\nreturn P / len(Z)",
     "each row by its own sum"),
    ("softmax_feedback", "E = np.exp(Z - np.max(Z))\nP = E / np.sum(E)\nP[np.arange(len(Z)), classes] -= 1\nreturn P / len(Z)",
     "Each row has its own"),
    ("softmax_feedback", "P = np.exp(Z) / np.sum(np.exp(Z))\nreturn (P - np.eye(Z.shape[1])[classes]) / len(Z)", "divide the row by its own sum"),
    ("find_rate", "return rates[np.argmin(losses)] / 10", "the whole record"),
    ("bump", "step = lambda edge: 1 / (1 + np.exp(steepness * (x - edge)))\nreturn height * (step(left) - step(right))",
     "falls where it should rise"),
    ("gradient_sizes", "sizes = []\nfor k in range(len(weights) - 1, -1, -1):\n    dY = dY * slopes[k]\n"
                       "    sizes.insert(0, np.sqrt(np.mean(dY ** 2)))\n    dY = dY @ weights[k]\nreturn sizes", "backwards it is the transpose"),
    ("dropout_forward", "mask = (uniforms < rate) / rate\nreturn X * mask, mask", "rate is the probability of dropping"),
    ("dropout_forward", "mask = np.where(uniforms < rate, 0, 1 / rate)\nreturn X * mask, mask", "You divide by rate"),
    ("soft_threshold", "new = W.copy()\nnew[new > 0] -= step\nnew[new < 0] += step\nreturn new", "moves twice"),
    ("descend_kernel", "i = cuda.grid(1)\na, b = x[i], y[i]\nif i < x.size:\n    for _ in range(steps):\n"
                       "        a, b = a - rates[i] * (a**3 - b), b - rates[i] * (b - a)\n    x[i], y[i] = a, b", "before the first x[i]"),
    ("rmsprop_kernel", "i = cuda.grid(1)\nmean = decay * s[i] + (1 - decay) * g[i] ** 2\nif i < w.size:\n    s[i] = mean\n"
                       "    w[i] -= learning_rate * g[i] / (mean ** 0.5 + epsilon)", "before the first s[i]"),
    ("dropout_kernel", "i = cuda.grid(1)\nif uniforms[i] < rate and i < out.size:\n    out[i] = 0\nelif i < out.size:\n"
                       "    out[i] = x[i] / (1 - rate)", "before the first uniforms[i]"),
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
