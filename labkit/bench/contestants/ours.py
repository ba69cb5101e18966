"""The works as labkit does them, through what a student or a lab calls."""

import subprocess
import sys

import numpy as np

from labkit import optimizers, surfaces, swarm
from labkit.gmdh import GMDHRegressor
from labkit.kernels import registry
from labkit.kernels.xor import xor_networks as xor_kernels
from labkit.mlp import MLPClassifier
from labkit.perceptron import Perceptron


def mlp(inputs, rate, momentum, batch, dropout=0.0, alike=0):
    X, y, exam = inputs["X"], inputs["y"], inputs["exam"]
    starts = [inputs[f"W{k}"] for k in range(int(inputs["layers"]))]

    def train(X, y, dropout):
        draw = iter(starts)
        model = MLPClassifier([W.shape[1] for W in starts[:-1]], optimizer=optimizers.Momentum(rate, momentum), batch_size=batch, max_epochs=1,
                              dropout=dropout, shuffle=False, initializer=lambda n_inputs, n_units, rng: next(draw), random_state=0)
        return model.fit(X, y)

    def outputs(model):
        found = {"probabilities": model.predict_proba(exam)}
        if alike:
            found["without_dropout"] = train(X[: alike * batch], y[: alike * batch], 0.0).predict_proba(exam)
        return found

    return lambda: train(X, y, dropout), outputs


def xor(inputs, sweeps, rate, momentum):
    start, goal = inputs["start"], inputs["goal"]
    n = start.shape[1]
    settings = np.int32(sweeps), np.float32(rate), np.float32(momentum), np.float32(0.5)

    def run():
        weights, errors, worst, needed = start.copy(), np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.int32)
        xor_kernels[2].on_current(weights, errors, worst, needed, goal, *settings)
        return weights, errors

    return run, lambda result: {"weights": result[0], "errors": result[1]}


def descents(inputs, steps):
    rates, momenta = inputs["rates"][None, :], inputs["momenta"][:, None]
    return (lambda: swarm.descents(surfaces.beale(), rates, momenta, (1.0, 1.0), steps=steps),
            lambda runs: {"heights": runs.value})


def perceptron(inputs, epochs):
    X, y = inputs["X"], inputs["y"]
    return (lambda: Perceptron(max_epochs=epochs).fit(X, y),
            lambda unit: {"weights": np.append(unit.coef_, unit.intercept_), "answers": unit.predict(inputs["exam"])})


def stream(inputs):
    X, y = memory_map(inputs)
    return lambda: Perceptron(max_epochs=1).fit(X, y), lambda unit: {"weights": np.append(unit.coef_, unit.intercept_)}


def stream_rule(inputs):
    """The rule alone, as `partial_fit` runs it after the first epoch's checks."""
    X, y = memory_map(inputs)
    from labkit.perceptron import perceptron_epoch_compiled

    T, order = np.where(y > 0, 1, -1).astype(np.int8)[:, None], np.arange(len(X))

    def run():
        W, b = np.zeros((1, X.shape[1]), X.dtype), np.zeros(1, X.dtype)
        perceptron_epoch_compiled(W, b, X, T, order, np.float32(1))
        return W, b

    return run, lambda result: {"weights": np.append(*result)}


def memory_map(inputs):
    return np.memmap(str(inputs["path"]), np.float32, "r", shape=tuple(inputs["shape"])), inputs["y"]


def gmdh(inputs, keep, layers):
    (X, y), (X_check, y_check) = ((inputs["X"][part], inputs["y"][part]) for part in np.split(np.arange(len(inputs["X"])), 2))
    return (lambda: GMDHRegressor(keep=keep, max_layers=layers, min_gain=1e-12).fit(X, y, X_check, y_check),
            lambda model: {"answers": model.predict(inputs["exam"]), "layers": len(model.layers_)})


def update(inputs, optimizer, settings, **_):
    w, g = inputs["w"], inputs["g"]
    optimizer = getattr(optimizers, optimizer)(**settings)
    return lambda: optimizer.step([w], [g]), lambda _: {"w": w}


def first_cell(inputs):
    cell = str(inputs["cell"])

    def run():
        subprocess.run([sys.executable, "-c", cell], check=True, stdout=subprocess.DEVNULL)

    return run, lambda _: {}


def kernel(inputs, name):
    own = registry.kernels()[name]
    arguments = list(own.draw(own.bench_size))
    for i in range(len(arguments)):
        if isinstance(arguments[i], np.ndarray):
            arguments[i] = inputs[f"a{i}"]
    return lambda: own.on_cpu(*arguments), lambda _: {f"out{i}": arguments[i] for i in range(own.outputs)}


