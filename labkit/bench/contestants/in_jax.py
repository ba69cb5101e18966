"""The works in JAX, each compiled whole by `jit`; a run ends when its result is there.

It computes where labkit does. On a GPU its products are asked for in float32, as ours are: left to itself it rounds their inputs.
"""

import os

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_platforms", "cuda" if os.environ.get("LABKIT_DEVICE") == "cuda" else "cpu")
jax.config.update("jax_default_matmul_precision", "float32")


def mlp(inputs, rate, momentum, batch, dropout=0.0, alike=0):
    """An epoch is one `scan`. Dropout draws by the "rbg" generator, the faster of JAX's."""
    exam = jnp.asarray(inputs["exam"])
    starts = [(jnp.asarray(inputs[f"W{k}"]), jnp.zeros(inputs[f"W{k}"].shape[1])) for k in range(int(inputs["layers"]))]
    n = len(inputs["X"]) // batch
    X, y = (jnp.asarray(inputs[name][: n * batch]).reshape(n, batch, *inputs[name].shape[1:]) for name in ("X", "y"))

    def answers(params, x, dropout=0.0, key=None):
        for k, (W, b) in enumerate(params):
            x = x @ W + b
            if k < len(params) - 1:
                x = jax.nn.relu(x)
                if dropout:
                    key, now = jax.random.split(key)
                    x = jnp.where(jax.random.bernoulli(now, 1 - dropout, x.shape), x / (1 - dropout), 0)
        return x

    def epoch_with(dropout):
        def loss(params, x, y, key):
            return -jnp.mean(jax.nn.log_softmax(answers(params, x, dropout, key))[jnp.arange(len(x)), y])

        def step(carry, batch):
            params, v, key = carry
            key, now = jax.random.split(key)
            g = jax.grad(loss)(params, *batch, now)
            v = jax.tree.map(lambda v, g: momentum * v - rate * g, v, g)
            return (jax.tree.map(jnp.add, params, v), v, key), None

        return jax.jit(lambda carry, batches: jax.lax.scan(step, carry, batches)[0])

    def train(epoch, X, y):
        carry = starts, jax.tree.map(jnp.zeros_like, starts), jax.random.key(0, impl="rbg")
        return jax.block_until_ready(epoch(carry, (X, y)))[0]

    def outputs(params):
        found = {"probabilities": np.asarray(jax.nn.softmax(answers(params, exam)))}
        if alike:
            found["without_dropout"] = np.asarray(jax.nn.softmax(answers(train(epoch_with(0.0), X[:alike], y[:alike]), exam)))
        return found

    epoch = epoch_with(dropout)
    return lambda: train(epoch, X, y), outputs


def xor(inputs, sweeps, rate, momentum, written_out=False):
    """`vmap` over networks; `written_out`: every weight an array of its own, which XLA fuses into one loop."""
    corners, goal = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], np.float32), inputs["goal"]

    def error_in_products(w):
        h = jax.nn.sigmoid(corners @ w[:6].reshape(2, 3).T)
        return 0.5 * ((jax.nn.sigmoid(h @ w[6:8] + w[8]) - goal) ** 2).sum()

    def error_written_out(w):
        error = 0.0
        for (p, q, _), t in zip(corners.tolist(), goal.tolist()):           # noqa: B905
            h, k = jax.nn.sigmoid(w[0] * p + w[1] * q + w[2]), jax.nn.sigmoid(w[3] * p + w[4] * q + w[5])
            error += 0.5 * (jax.nn.sigmoid(w[6] * h + w[7] * k + w[8]) - t) ** 2
        return error

    gradient = jax.vmap(jax.grad(error_written_out if written_out else error_in_products))

    def sweep(_, carry):
        w, v = carry
        v = jax.tree.map(lambda v, g: momentum * v - rate * g, v, gradient(w))
        return jax.tree.map(jnp.add, w, v), v

    train = jax.jit(lambda w: jax.lax.fori_loop(0, sweeps, sweep, (w, jax.tree.map(jnp.zeros_like, w)))[0])

    def run():
        start = [jnp.asarray(row) for row in inputs["start"]] if written_out else jnp.asarray(inputs["start"].T)
        return jax.block_until_ready(train(start))

    return run, lambda w: {"weights": np.stack(w) if written_out else np.asarray(w).T}


def descents(inputs, steps):
    rates, momenta = np.meshgrid(inputs["rates"], inputs["momenta"])

    def beale(x, y):
        return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y * y) ** 2 + (2.625 - x + x * y * y * y) ** 2

    slopes = jax.vmap(jax.vmap(jax.grad(beale, (0, 1))))

    def step(_, carry):
        x, y, u, v = carry
        gx, gy = slopes(x, y)
        u, v = momenta * u - rates * gx, momenta * v - rates * gy
        return x + u, y + v, u, v

    @jax.jit
    def go():
        one, zero = jnp.ones_like(rates), jnp.zeros_like(rates)
        x, y, _, _ = jax.lax.fori_loop(0, steps, step, (one, one, zero, zero))
        return beale(x, y)

    return lambda: jax.block_until_ready(go()), lambda heights: {"heights": np.asarray(heights)}


KERNELS = {
    "add": lambda out, a, b: a + b,
    "multiply": lambda out, a, b: a * b,
    "sigmoid": lambda out, x: jax.nn.sigmoid(x),
    "tanh": lambda out, x: jnp.tanh(x),
    "relu": lambda out, x: jax.nn.relu(x),
    "softmax": lambda out, z: jax.nn.softmax(z, 1),
    "row_argmax": lambda out, x: jnp.argmax(x, 1),
}


def kernel(inputs, name, launches):
    """JAX has no output argument: each result is a new array."""
    compute = jax.jit(KERNELS[name])
    arrays = [jnp.asarray(inputs[f"a{i}"]) for i in range(len(inputs) - 1)]
    return lambda: [jax.block_until_ready(compute(*arrays)) for _ in range(launches)][-1], lambda out: {"out0": np.asarray(out)}
