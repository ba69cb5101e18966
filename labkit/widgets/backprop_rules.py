"""Backpropagation in plain functions, shown where the reader's own are not ready. Leading axes of the weights are networks side by side."""

import numpy as np


def sigmoid(Z):
    """1 / (1 + exp(-z)), element by element, without overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * np.asarray(Z))


def dense(X, W, b):
    """X W + b. X : (n, inputs), W : (..., inputs, units), b : (..., units); returns (..., n, units)."""
    return X @ W + b[..., None, :]


def dense_backward(dZ, X, W):
    """(dX, dW, db) of Z = X W + b. dZ : (..., n, units); dX has the shape of X, dW of W, db of b."""
    return dZ @ W.swapaxes(-1, -2), X.swapaxes(-1, -2) @ dZ, dZ.sum(axis=-2)


def dense_backward_by_loops(dZ, X, W):
    """The same, one product after another: what the matrix products say, and how slow it is."""
    dX, dW, db = np.zeros(X.shape), np.zeros(W.shape), np.zeros(W.shape[1])
    for r in range(len(X)):
        for j in range(W.shape[1]):
            db[j] += dZ[r, j]
            for i in range(len(W)):
                dX[r, i] += dZ[r, j] * W[i, j]
                dW[i, j] += X[r, i] * dZ[r, j]
    return dX, dW, db


def sigmoid_backward(dY, Y):
    """The gradient by the sum, from the gradient by the sigmoid's output Y: dY Y (1 - Y)."""
    return dY * Y * (1 - Y)


def loss_gradient(Y, T, loss):
    """The gradient by the outputs of half the summed squares ("squared") or of the binary "cross-entropy"."""
    return Y - T if loss == "squared" else (Y - T) / (Y * (1 - Y))


def backprop(X, T, W1, b1, W2, b2):
    """(dW1, db1, dW2, db2) of E = 1/2 sum (y - t)^2 in a network of two sigmoid layers. X : (n, inputs), T : (n, outputs)."""
    H = sigmoid(dense(X, W1, b1))
    Y = sigmoid(dense(H, W2, b2))
    dH, dW2, db2 = dense_backward(sigmoid_backward(Y - T, Y), H, W2)
    _, dW1, db1 = dense_backward(sigmoid_backward(dH, H), X, W1)
    return dW1, db1, dW2, db2


def numerical_gradient(f, x, step):
    """The gradient of the number f(x) by the array x, element by element, by central differences."""
    nudges = step * np.eye(x.size).reshape(x.size, *x.shape)
    return np.array([f(x + nudge) - f(x - nudge) for nudge in nudges]).reshape(x.shape) / (2 * step)


def outputs(X, W1, b1, W2, b2):
    """What the hidden units and the outputs say: (H, Y)."""
    H = sigmoid(dense(X, W1, b1))
    return H, sigmoid(dense(H, W2, b2))


def starts(sizes, runs, rng, size=0.3):
    """[W1, b1, W2, b2] of `runs` networks of (inputs, hidden, outputs) units, uniform in [-size, size]."""
    n, h, o = sizes
    return [rng.uniform(-size, size, (runs, *shape)) for shape in ((n, h), (h,), (h, o), (o,))]


def descend(weights, velocity, gradients, rate, momentum):
    """A step in place: v <- momentum v - rate gradient, then w <- w + v (Nature 1986, eq. 9)."""
    for w, v, g in zip(weights, velocity, gradients, strict=True):
        v *= momentum
        v -= rate * g
        w += v


def learn(X, T, weights, rate, momentum, sweeps, within=0.5):
    """Train many networks at once; changes `weights`. Returns the sweeps until all outputs of a network were off by less than
    `within`, -1 where that never happened."""
    velocity = [np.zeros_like(w) for w in weights]
    needed = np.full(len(weights[0]), -1)
    for sweep in range(sweeps + 1):
        off = np.abs(outputs(X, *weights)[1] - T).max(axis=(-2, -1))
        needed[(needed < 0) & (off < within)] = sweep
        if sweep < sweeps:
            descend(weights, velocity, backprop(X, T, *weights), rate, momentum)
    return needed


def short_cut_sweeps(X, T, runs, sweeps, rate=0.5, momentum=0.9, size=0.3, seed=0):
    """Sweeps until all answers were right, -1 for never, of networks with one hidden unit whose output also sees the inputs."""
    rng, inputs = np.random.default_rng(seed), X.shape[1]
    weights = [rng.uniform(-size, size, (runs, *shape)) for shape in ((inputs, 1), (1,), (inputs + 1, 1), (1,))]
    velocity, needed = [np.zeros_like(w) for w in weights], np.full(runs, -1)
    for sweep in range(sweeps + 1):
        W1, b1, W2, b2 = weights
        H = sigmoid(dense(X, W1, b1))
        seen = np.concatenate([np.broadcast_to(X, (runs, *X.shape)), H], axis=-1)
        Y = sigmoid(dense(seen, W2, b2))
        needed[(needed < 0) & (np.abs(Y - T) < 0.5).all(axis=(1, 2))] = sweep
        dseen, dW2, db2 = dense_backward(sigmoid_backward(Y - T, Y), seen, W2)
        _, dW1, db1 = dense_backward(sigmoid_backward(dseen[..., inputs:], H), X, W1)
        descend(weights, velocity, (dW1, db1, dW2, db2), rate, momentum)
    return needed


# Surfaces to try a numerical gradient on: numbers made from an array of any shape

def cubes(x):
    """The sum of the cubes: its slope is three times the square."""
    return float((np.asarray(x, float) ** 3).sum())


def ripples(x):
    """The sum of sines, each slower than the one before it, plus a product of neighbours: no element is alone."""
    x = np.asarray(x, float).ravel()
    return float(np.sin(x / np.arange(1, x.size + 1)).sum() + (x[1:] * x[:-1]).sum())


def steep(x):
    """The exponential of the mean."""
    return float(np.exp(np.asarray(x, float).mean()))


def row_sums(x):
    """The sum of the squares of the rows' sums: the same numbers in another shape give another value."""
    return float((np.asarray(x, float).sum(axis=-1) ** 2).sum())
