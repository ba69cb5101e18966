"""The works as labkit does them, through what a student or a lab calls.

On a GPU the data are there before the clock starts, as the peers' are, and a run ends when the GPU has done it.
"""

import subprocess
import sys

import numpy as np

from labkit import _cuda, devices, ops, optimizers, surfaces, swarm
from labkit.activations import softmax
from labkit.bench.kernels import arguments_of
from labkit.capture import captured
from labkit.gmdh import GMDHRegressor
from labkit.kernels import registry
from labkit.kernels.xor import xor_networks as xor_kernels
from labkit.losses import softmax_cross_entropy
from labkit.mlp import MLPClassifier, train_epoch
from labkit.network import dense_network
from labkit.perceptron import Perceptron, perceptron_epoch_compiled


def gpu():
    """Numba's CUDA where labkit computes on a GPU, else None."""
    return _cuda.real() if devices.current().name == "cuda" else None


def there(array):
    """Where labkit computes: on the GPU, or as it is."""
    return gpu().to_device(array) if gpu() and array.size else array


def finished(run):
    """`run`, which then ends when the GPU has done it."""
    def to_its_end():
        result = run()
        if gpu():
            gpu().synchronize()
        return result

    return to_its_end


def mlp(inputs, rate, momentum, batch, dropout=0.0, alike=0):
    if gpu():
        return mlp_on_gpu(inputs, rate, momentum, batch, dropout, alike)
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


def mlp_on_gpu(inputs, rate, momentum, batch, dropout, alike):
    """An epoch of a network that is there with its data, as every epoch of `fit` is but the first, which records the step."""
    def training(rows, dropout):
        draw, sizes = iter([inputs[f"W{k}"] for k in range(int(inputs["layers"]))]), [inputs["X"].shape[1]]
        sizes += [inputs[f"W{k}"].shape[1] for k in range(int(inputs["layers"]))]
        network = dense_network(sizes, "relu", dropout, initializer=lambda *_: next(draw), random_state=0, dtype=np.float32).move(gpu())
        X, T, optimizer = there(inputs["X"][:rows]), there(inputs["y"][:rows]), optimizers.Momentum(rate, momentum)
        step = captured(network, X, T, softmax_cross_entropy, optimizer, (), batch).__enter__()

        def epoch():
            train_epoch(network, X, T, softmax_cross_entropy, optimizer, batch, step=step)
            return network

        return epoch

    def outputs(network):
        found = {"probabilities": answers(network)}
        if alike:
            found["without_dropout"] = answers(training(alike * batch, 0.0)())
        return found

    def answers(network):
        return softmax(network.predict(there(inputs["exam"])))

    return finished(training(len(inputs["X"]), dropout)), outputs


def xor(inputs, sweeps, rate, momentum):
    start, goal = inputs["start"], there(inputs["goal"])
    n = start.shape[1]
    settings = np.int32(sweeps), np.float32(rate), np.float32(momentum), np.float32(0.5)

    def run():
        weights, errors, worst, needed = (there(a) for a in (
            start.copy(), np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.int32)))
        xor_kernels[2](weights, errors, worst, needed, goal, *settings)
        return weights, errors

    return finished(run), lambda result: {"weights": ops.to_numpy(result[0]), "errors": ops.to_numpy(result[1])}


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


def gmdh_layer(inputs):
    """All pairs of a layer, whose rows are on the GPU; what it found comes back."""
    X, y, X_check, y_check = (there(inputs[name]) for name in ("X", "y", "X_check", "y_check"))
    return finished(lambda: ops.gmdh_pairs(X, y, X_check, y_check, least_norm=False)), lambda found: {"weights": found[0], "errors": found[1]}


def update(inputs, optimizer, settings):
    w, g = there(inputs["w"]), there(inputs["g"])
    optimizer = getattr(optimizers, optimizer)(**settings)
    return finished(lambda: optimizer.step([w], [g])), lambda _: {"w": ops.to_numpy(w)}


def first_cell(inputs):
    cell = str(inputs["cell"])

    def run():
        subprocess.run([sys.executable, "-c", cell], check=True, stdout=subprocess.DEVNULL)

    return run, lambda _: {}


def kernel(inputs, name, launches):
    own, arguments = registry.kernels()[name], arguments_of(inputs)
    arguments = registry.moved(arguments, gpu()) if gpu() else arguments

    def run():
        for _ in range(launches):
            own(*arguments)

    return finished(run), lambda _: {f"out{i}": ops.to_numpy(arguments[i]) for i in range(own.outputs)}
