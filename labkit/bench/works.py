"""The works: what is done, on which inputs, by whom, and how the outputs are compared before anything is timed.

Settings are given once and go to every contestant. Inputs are drawn here and read by every contestant from one file.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from labkit import datasets, devices
from labkit.bench.kernels import arguments_of, launches, size_here
from labkit.kernels import registry


class Task(NamedTuple):
    """A function of a module of `contestants`, and its settings."""

    module: str
    function: str
    settings: dict


@dataclass(frozen=True)
class Work:
    """One piece of work.

    inputs   `inputs()` gives named arrays
    ours     our Task
    against  {label: (peer, Task)}
    compare  `compare(ours, theirs, inputs)` of two dictionaries of arrays; raises AssertionError where they differ
    compared the same in words
    least    `least(inputs)` gives (bytes, float32 operations) that the work needs at least, or None where that says nothing
    size     `size(inputs)`: the work's size in words
    target   {label: ratio} that is aimed at
    is_model whether it runs without a peer too
    repeats  how often a run does it
    """

    name: str
    inputs: Callable
    ours: Task
    against: dict
    compare: Callable
    compared: str
    least: Callable | None
    size: Callable
    target: dict = field(default_factory=dict)
    is_model: bool = True
    repeats: int = 1


@lru_cache(None)
def models():
    """Every model, by name, simplest first."""
    works = [perceptron(), stream("perceptron_stream", "stream_rule"), stream("perceptron_stream_fit", "stream"), gmdh(),
             *([gmdh_layer()] if on_gpu() else []), xor(), beale(), small_mlp(), dropout_mlp(), *updates(), first_cell()]
    return {work.name: work for work in works}


def on_gpu():
    return devices.current().name == "cuda"


def aims(on_two_cores, on_an_h200):
    """What is aimed at here."""
    return on_an_h200 if on_gpu() else on_two_cores


# Agreement

def close(name, ours, theirs, tolerance):
    """Relative to the larger of 1 and the value."""
    np.testing.assert_allclose(theirs[name], ours[name], rtol=tolerance, atol=tolerance, err_msg=name)


def expect(right, said):
    """`assert`, under python -O too."""
    if not right:
        raise AssertionError(said)


def share_close(name, ours, theirs, tolerance, least):
    """At least so large a share of the elements agrees."""
    a, b = ours[name], theirs[name]
    with np.errstate(over="ignore", invalid="ignore"):
        agree = np.mean(np.abs(a - b) <= tolerance * np.maximum(1, np.abs(a)))
    expect(agree >= least, f"only {agree:.2%} of {name} agree to {tolerance:g}; {least:.2%} are expected")


# Data

@lru_cache(None)
def images():
    """MNIST as float32 rows, or as many images of its size where it is not at hand: X, y, exam, exam's classes, and a name that says which."""
    try:
        data, name = datasets.mnist(fallback=False), "MNIST"
        parts = data.X, data.y, data.X_test, data.y_test
    except FileNotFoundError:
        data, rng = datasets.digits(), np.random.default_rng(0)
        name = "digits enlarged and repeated with gaps, as MNIST is not here (set LABKIT_DATA)"
        parts = *enlarged(data.X, data.y, 60_000, rng), *enlarged(data.X_test, data.y_test, 10_000, rng)
    X, y, exam, exam_y = (np.array(part, kind, order="C") for part, kind in zip(parts, (np.float32, np.int64) * 2, strict=True))
    return X, y, exam, exam_y, name


def enlarged(X, y, n, rng):
    """n digits of 8 x 8 pixels as 28 x 28, a half of the pixels left out; one of 50 has another's class, so that no line tells all apart."""
    rows = rng.integers(len(X), size=n)
    pixels = np.pad(X.reshape(-1, 8, 8).repeat(3, axis=1).repeat(3, axis=2), ((0, 0), (2, 2), (2, 2))).reshape(-1, 784)
    return pixels[rows] * (rng.random((n, 784), dtype=np.float32) < 0.5), np.where(rng.random(n) < 0.02, rng.permutation(y[rows]), y[rows])


# The perceptron

def perceptron(epochs=5):
    def inputs():
        X, y, exam, _, _ = images()
        return {"X": X, "y": (y == 0).astype(np.int64), "exam": exam}

    def compare(ours, theirs, inputs):
        share_close("answers", ours, theirs, 0, 0.99)
        difference = np.linalg.norm(ours["weights"] - theirs["weights"]) / np.linalg.norm(ours["weights"])
        expect(difference < 0.01, f"weights differ by {difference:.2%} of their length")

    return Work("perceptron", inputs, Task("ours", "perceptron", {"epochs": epochs}),
                {"sklearn": ("sklearn", Task("in_sklearn", "perceptron", {"epochs": epochs}))}, compare,
                "weights to 1% of their length, and 99% of the answers to the exam",
                lambda i: (epochs * i["X"].nbytes, 2 * epochs * i["X"].size), lambda i: f"{describe(i['X'])}, {epochs} epochs, {images()[-1]}",
                {"sklearn": 5})


_folder = None


@lru_cache(None)
def stream_inputs(rows=1_000_000, columns=100):
    """A memory map of noisy examples of a plane: 400 MB on disk, in the system's cache once it has been read."""
    global _folder
    _folder = tempfile.TemporaryDirectory(prefix="labkit-bench-map-", ignore_cleanup_errors=True)
    rng, path, y = np.random.default_rng(0), Path(_folder.name) / "X.f4", np.empty(rows, np.float32)
    plane = rng.standard_normal(columns, dtype=np.float32)
    with path.open("wb") as file:       # Windows removes no file that is mapped
        for a in range(0, rows, 50_000):
            X = rng.standard_normal((min(50_000, rows - a), columns), dtype=np.float32)
            y[a:a + 50_000] = X @ plane + 2 * rng.standard_normal(len(X)) > 0
            X.tofile(file)
    return {"path": str(path), "shape": np.array([rows, columns]), "y": y}


def stream(name, function):
    """An epoch over a memory map beside a plain sum of it: the rule alone, and with all that `fit` checks first."""
    def compare(ours, theirs, inputs):
        expect(np.isfinite(theirs["total"]) and np.isfinite(ours["weights"]).all(), "a number is not finite")

    return Work(name, stream_inputs, Task("ours", function, {}), {"numpy sum": ("numpy", Task("in_numpy", "total", {}))}, compare,
                "both finite: the sum is the least that a reading costs, not the same work",
                lambda i: (4 * i["shape"].prod(), 2 * i["shape"].prod()), lambda i: f"{i['shape'][0]:,} x {i['shape'][1]} memory map, 1 epoch",
                {"numpy sum": 0.9} if function == "stream_rule" else {})


# The group method of data handling

def gmdh(keep=10, layers=8):
    def inputs(n=10_000, exam=2000):
        rng = np.random.default_rng(0)
        X = rng.standard_normal((n + exam, 50))
        y = X[:, 0] * X[:, 1] + 0.5 * X[:, 2] ** 2 + X[:, 3] * X[:, 4] - X[:, 5] + 0.3 * X[:, 6] + 0.1 * rng.standard_normal(len(X))
        y /= y.std()
        return {"X": X[:n], "y": y[:n], "exam": X[n:], "exam_y": y[n:]}

    def compare(ours, theirs, inputs):
        expect(ours["layers"] == theirs["layers"], f"ours has {ours['layers']} layers, theirs {theirs['layers']}")
        errors = [np.median(np.abs(found["answers"] - inputs["exam_y"])) for found in (ours, theirs)]
        expect(0.98 < errors[1] / errors[0] < 1.02, f"median errors of the exam are {errors[0]:.4f} and {errors[1]:.4f}")

    settings = {"keep": keep, "layers": layers}
    return Work("gmdh", inputs, Task("ours", "gmdh", settings), {
        "gmdh 1 thread": ("gmdh", Task("in_gmdh", "gmdh", settings | {"threads": 1})),
        "gmdh 2 threads": ("gmdh", Task("in_gmdh", "gmdh", settings | {"threads": 2})),
        "numpy lstsq": ("numpy", Task("in_numpy", "gmdh", settings))}, compare,
        "as many layers, and the median error of the exam to 2%; tests/peers compares pairs and coefficients",
        None, lambda i: f"{describe(i['X'])}, keep {keep}, {layers} layers", {"gmdh 1 thread": 8, "gmdh 2 threads": 4, "numpy lstsq": 100})


def gmdh_layer(n=200, train=70_000, check=30_000):
    """A layer of 19,900 pairs, which no peer computes on a GPU."""
    def inputs():
        rng = np.random.default_rng(0)
        X = rng.standard_normal((train + check, n)) + rng.standard_normal((train + check, 1))
        y = X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3] + 0.1 * rng.standard_normal(len(X))
        return {"X": X[:train], "y": y[:train], "X_check": X[train:], "y_check": y[train:]}

    return Work("gmdh_layer", inputs, Task("ours", "gmdh_layer", {}), {}, lambda *_: None, "nothing to compare with; tests/gpu compares with the CPU",
                None, lambda i: f"{n} inputs, {train + check:,} rows in all")


# Swarms

def xor(n=100_000, sweeps=100):
    def inputs():
        start = np.random.default_rng(0).uniform(-1, 1, (9, n)).astype(np.float32)
        return {"start": start, "goal": np.array([0, 1, 1, 0], np.float32)}

    settings = {"sweeps": sweeps, "rate": 0.5, "momentum": 0.9}
    return Work("xor_swarm", inputs, Task("ours", "xor", settings), {
        "torch": ("torch", Task("in_torch", "xor", settings)),
        "jax vmap": ("jax", Task("in_jax", "xor", settings)),
        "jax written out": ("jax", Task("in_jax", "xor", settings | {"written_out": True}))},
        lambda ours, theirs, inputs: share_close("weights", ours, theirs, 1e-3, 0.99),
        "99% of all weights to 1e-3", lambda i: (2 * i["start"].nbytes, 180 * sweeps * n), lambda i: f"{n:,} networks 2-2-1, {sweeps} sweeps",
        aims({"torch": 10, "jax written out": 2, "jax vmap": 2}, {"jax vmap": 5}))


def beale(side=512, steps=500):
    def inputs():
        return {"rates": np.geomspace(1e-4, 0.2, side).astype(np.float32), "momenta": np.linspace(0, 0.999, side).astype(np.float32)}

    def compare(ours, theirs, inputs):
        arrived = [found["heights"] < 1e-3 for found in (ours, theirs)]
        agree = np.mean(arrived[0] == arrived[1])
        expect(agree > 0.995, f"only {agree:.2%} of the pixels agree whether the run arrived")
        both = arrived[0] & arrived[1]
        share_close("heights", *({"heights": found["heights"][both]} for found in (ours, theirs)), 1e-4, 0.995)

    task = partial(Task, function="descents", settings={"steps": steps})
    return Work("beale_map", inputs, task("ours"), {"torch": ("torch", task("in_torch")), "jax": ("jax", task("in_jax"))}, compare,
                "99.5% of the pixels on whether the run arrived (height below 1e-3), and 99.5% of the heights there to 1e-4",
                lambda i: (16 * side**2, 45 * steps * side**2),
                lambda i: f"{side} x {side} runs of {steps} steps", aims({"torch": 30, "jax": 8}, {}))


# Multilayer perceptrons

def mlp_inputs(hidden, most):
    """Rows in whole batches of 128, so that nobody has to deal with a rest; weights drawn after He et al. 2015."""
    X, y, exam, exam_y, _ = images()
    n = min(len(X), most) // 128 * 128
    sizes, rng = (X.shape[1], *hidden, 10), np.random.default_rng(0)
    starts = {f"W{k}": (rng.standard_normal((i, o)) * np.sqrt(2 / i)).astype(np.float32)
              for k, (i, o) in enumerate(zip(sizes, sizes[1:], strict=False))}
    return {"X": X[:n], "y": y[:n], "exam": exam[:2000], "exam_y": exam_y[:2000], "layers": len(starts), **starts}


def mlp_least(inputs):
    """Forwards and backwards: three products a layer, two for the first. Weights are read for each, written with their velocity."""
    sizes = [inputs[f"W{k}"].size for k in range(inputs["layers"])]
    return inputs["X"].nbytes, 2 * len(inputs["X"]) * (3 * sum(sizes) - sizes[0])


def small_mlp():
    settings = {"rate": 0.1, "momentum": 0.9, "batch": 128}

    def compare(ours, theirs, inputs):
        share_close("probabilities", ours, theirs, 0.05, 0.99)

    task = partial(Task, function="mlp", settings=settings)
    return Work("mlp_small", partial(mlp_inputs, (128,), 60_000), task("ours"), {
        "torch": ("torch", task("in_torch")),
        "torch fused": ("torch", Task("in_torch", "mlp", settings | {"fused": True})),
        "jax": ("jax", task("in_jax")),
        "sklearn": ("sklearn", task("in_sklearn"))}, compare, "99% of the probabilities of the exam to 0.05 after the epoch", mlp_least,
        lambda i: f"{len(i['X']):,} rows, {shape(i)}, 1 epoch of batches of 128, {images()[-1]}",
        aims({"torch fused": 1.0, "torch": 1.3, "sklearn": 1.5, "jax": 0.95}, {}))


def dropout_mlp(steps=120):
    settings = {"rate": 0.02, "momentum": 0.9, "batch": 128, "dropout": 0.5, "alike": 5}

    def compare(ours, theirs, inputs):
        close("without_dropout", ours, theirs, 1e-3)
        right = [np.mean(found["probabilities"].argmax(1) == inputs["exam_y"]) for found in (ours, theirs)]
        expect(abs(right[0] - right[1]) < 0.05, f"{right[0]:.1%} and {right[1]:.1%} of the exam are right")

    task = partial(Task, function="mlp", settings=settings)
    return Work("mlp_dropout", partial(mlp_inputs, (1024, 1024, 1024), 128 * steps), task("ours"), {
        "torch": ("torch", task("in_torch")),
        "torch fused": ("torch", Task("in_torch", "mlp", settings | {"fused": True})),
        "jax": ("jax", task("in_jax"))}, compare,
        "5 steps without dropout to 1e-3; with it, as masks differ, the share of the exam that is right to 5 points", mlp_least,
        lambda i: f"{len(i['X']) // 128} steps of 128 rows, {shape(i)}, half of the hidden units dropped, {images()[-1]}",
        aims({"torch": 1.1, "jax": 1.0}, {"torch": 1.0}))


# Updates

def updates(n=10_000_000):
    """A step on ten million parameters. The arrays of state are counted as read and written, parameters too, gradients as read."""
    forms = {
        "momentum": ("Momentum", {"learning_rate": 0.01, "momentum": 0.9}, "SGD", {"lr": 0.01, "momentum": 0.9}, 1),
        "rmsprop": ("RMSprop", {"learning_rate": 0.01, "decay": 0.99, "epsilon": 1e-8}, "RMSprop", {"lr": 0.01, "alpha": 0.99, "eps": 1e-8}, 1),
        "adam": ("Adam", {"learning_rate": 0.001}, "Adam", {"lr": 0.001}, 2),
    }

    def inputs():
        rng = np.random.default_rng(0)
        return {"w": rng.standard_normal(n, dtype=np.float32), "g": rng.standard_normal(n, dtype=np.float32)}

    def one(name):
        own, settings, theirs, keywords, states = forms[name]
        torch = partial(dict, name=theirs, keywords=keywords)
        against = {f"torch {form}": ("torch", Task("in_torch", "update", torch(form=form))) for form in ("foreach", "fused")
                   if (name, form) != ("rmsprop", "fused")}                     # PyTorch has no fused RMSprop
        return Work(f"update_{name}", inputs, Task("ours", "update", {"optimizer": own, "settings": settings}), against,
                    lambda ours, theirs, inputs: close("w", ours, theirs, 1e-5), "all parameters after a step to 1e-5",
                    lambda i: (4 * n * (3 + 2 * states), (4 + 4 * states) * n), lambda i: f"{n:,} parameters, float32",
                    aims({label: 2.0 if "foreach" in label else 1.0 for label in against}, {}))

    return [one(name) for name in forms]


# The first cell of a lab

CELL = """
import io
import numpy as np
from labkit import figures, swarm
X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 0, 0, 1])
w = np.linspace(-2, 2, 81)
figure = figures.line_map(swarm.lines(X, y, w, w, w[::20]), w, w, w[::20])
figure.savefig(io.BytesIO())
"""


def first_cell():
    """Its time is what counts: under two seconds, a whole process with Numba's cache filled."""
    return Work("first_cell", lambda: {"cell": CELL}, Task("ours", "first_cell", {}), {}, lambda *_: None, "nothing to compare with",
                None, lambda i: "a process that imports labkit, runs a cached kernel and draws a figure")


# Kernels that peers have too

@lru_cache(None)
def kernels():
    """Kernels beside the same operation of PyTorch and JAX on the CPU, and of CuPy on a GPU: there the steps of the matrix product, too."""
    shared = ("add", "multiply", "sigmoid", "tanh", "relu", "softmax", "row_argmax")
    steps = ("matmul_naive", "matmul_tiled", "matmul_strip", "matmul_registers", "matmul")
    return {name: kernel_work(kernel, ["cupy"] if on_gpu() else ["torch", "jax"]) for name, kernel in registry.kernels().items()
            if name in shared or on_gpu() and name in steps}


def kernel_work(kernel, peers):
    def inputs():
        size = size_here(kernel)
        return {"size": np.array(size)} | {f"a{i}": np.asarray(a) for i, a in enumerate(kernel.draw(size))}

    tolerance = launches() * max(kernel.tolerance, 2e-6)        # what is added to its own output each time differs more each time

    def compare(ours, theirs, _):
        for name in ours:
            close(name, ours, theirs, tolerance)

    def least(inputs):
        work = kernel.work(*arguments_of(inputs))
        return work.bytes, work.operations

    task = partial(Task, function="kernel", settings={"name": kernel.name, "launches": launches()})
    aim = aims({}, {"cupy": 0.6} if kernel.name == "matmul" else {})            # CuPy's product is cuBLAS's
    return Work(kernel.name, inputs, task("ours"), {peer: (peer, task(f"in_{peer}")) for peer in peers}, compare,
                f"all elements to {tolerance:g}", least, lambda i: f"{i['size']:,}", aim, is_model=False, repeats=launches())


def describe(X):
    return " x ".join(f"{n:,}" for n in X.shape)


def shape(inputs):
    """784-128-10"""
    starts = [inputs[f"W{k}"].shape for k in range(inputs["layers"])]
    return "-".join(str(n) for n in (starts[0][0], *(out for _, out in starts)))
