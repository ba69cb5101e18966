"""A network: layers one after the other, forwards and backwards, with all parameters in one flat buffer."""

from math import prod

import numpy as np

from labkit import ops
from labkit.activations import ACTIVATIONS, PReLU
from labkit.initializers import glorot, he
from labkit.layers import Dense, wrong_width
from labkit.regularization import Dropout, listed


class Packed(list):
    """Arrays of any shapes that are views of one flat buffer, `flat`, in the same order."""

    def __init__(self, flat, shapes):
        self.flat = flat
        begin = 0
        for shape in shapes:
            end = begin + prod(shape)
            self.append(flat[begin:end].reshape(shape))
            begin = end

    def __reduce_ex__(self, protocol):          # a copy's arrays are views of the copy's buffer, not copies beside it
        return _loaded, (self.flat, [a.shape for a in self])


def _loaded(flat, shapes):
    return Packed(ops.own(flat), shapes)


class Network:
    """`Network(Dense(784, 128), ReLU(), Dense(128, 10))`: each layer takes what the one before it gives.

    params : the layers' parameters, a Packed list
    n_inputs : columns of X, or None where the layers take any number
    """

    def __init__(self, *layers):
        self.layers = list(layers)
        self.n_inputs = _check_widths(self.layers)
        self._shapes = [p.shape for layer in self.layers for p in layer.params]
        self._place(_one_buffer(self.layers))
        self._first = next((i for i, layer in enumerate(self.layers) if layer.params), len(self.layers))

    @property
    def n_parameters(self):
        return self.params.flat.size

    def move(self, cuda=None):
        """Move the parameters to a GPU, given `labkit.cuda`, or back to NumPy; X has to be moved likewise. Returns the network."""
        flat = ops.to_numpy(self.params.flat)
        if cuda is not None and flat.dtype != np.float32:
            raise TypeError(f"this network computes in {flat.dtype}, but the GPU's kernels in float32; build it with dtype=np.float32.")
        self._place(flat if cuda is None else cuda.to_device(flat))
        return self

    def _place(self, flat):
        """Take `flat` as the buffer of all parameters and hand each layer its views."""
        self.params = Packed(flat, self._shapes)
        views = iter(self.params)
        for layer in self.layers:
            if layer.params:
                layer.params, layer.packed_in = [next(views) for _ in layer.params], flat

    def forward(self, X, training=False):
        """X : (n_examples, n_inputs); returns (Y, backprop), with Y : (n_examples, n_outputs).

        `backprop(dY, to_input=True) -> (dX, grads)`: grads is a Packed list in the order of `params`. With `to_input=False`
        the gradient by X, which training does not need, is not computed and dX is None. `into` is a buffer like `params.flat`
        to hold the gradients, as scale gradient + keep what it held.
        """
        Y = self._check(X)
        backprops = []
        for layer in self.layers:
            Y, backprop = layer.forward(Y, training)
            backprops.append(backprop)

        def backprop(dY, to_input=True, into=None, scale=1.0, keep=0.0):
            grads = Packed(ops.empty(self.n_parameters, self.params.flat) if into is None else into, self._shapes)
            end = len(grads)
            for i in reversed(range(0 if to_input else self._first, len(self.layers))):
                layer = self.layers[i]
                begin = end - len(layer.params)
                dY = _backwards(layer, backprops[i], dY, grads[begin:end], to_input or i > self._first, scale, keep)
                end = begin
            return dY if to_input else None, grads

        return Y, backprop

    def activations(self, X):
        """The output of every layer, the input first: a list for looking inside."""
        outputs = [self._check(X)]
        for layer in self.layers:
            outputs.append(layer.forward(outputs[-1])[0])
        return outputs

    def predict(self, X, rows=8192):
        """The outputs for X as a NumPy array, computed for `rows` examples at a time. X : (n_examples, n_inputs)"""
        X = self._check(X)
        if not ops.is_count(rows):
            raise ValueError(f"rows is {rows!r} but has to be a whole number, 1 or more: how many examples to compute at a time.")
        rows = int(rows)                        # sums of NumPy's small integers would overflow
        with ops.blas_threads_for(min(rows, X.shape[0]) * max((p.size for p in self.params), default=0)):
            parts = [ops.to_numpy(self.forward(X[i:i + rows])[0]) for i in range(0, X.shape[0] or 1, rows)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def gradient(self, X, T, loss, training=False):
        """The loss of the answers to X and its gradient by every parameter: (value, grads)."""
        _check_callable(loss)
        Y, backprop = self.forward(X, training)
        value, dY = _two(loss(Y, T))
        return value, backprop(dY, to_input=False)[1]

    def train_step(self, X, T, loss, optimizer, regularizers=()):
        """One step of the optimizer on the examples (X, T); returns the loss before it, without penalties."""
        regularizers = listed(regularizers)
        _check_callable(loss)
        if isinstance(optimizer, type) or not hasattr(optimizer, "look_ahead"):
            raise TypeError(f"optimizer is {optimizer!r}, but one of labkit.optimizers is expected, made once before the first step: Adam(0.001).")
        optimizer.look_ahead(self.params)
        Y, backprop = self.forward(X, training=True)
        value, dY = _two(loss(Y, T))
        rate = optimizer.rate
        folded = None if any(getattr(r, "acts_before", True) for r in regularizers) else optimizer.fold(self.params)
        grads = backprop(dY, to_input=False, **(folded or {}))[1]
        for regularizer in regularizers:
            regularizer.before_step(self.params, grads, rate)
        if folded:
            optimizer.step_folded(self.params)
        else:
            optimizer.step(self.params, grads)
        for regularizer in regularizers:
            regularizer.after_step(self.params, rate)
        return value

    def _check(self, X):
        X = ops.as_table(X)
        if self.n_inputs is not None and X.shape[1] != self.n_inputs:
            raise ValueError(wrong_width(X, self.n_inputs, "network"))
        return X

    def __repr__(self):
        return f"Network({', '.join(map(repr, self.layers))})"

    def __getstate__(self):
        if ops.place(self.params.flat) != "cpu":
            raise TypeError("a network on a GPU cannot be copied or saved; call network.move() first.")
        return {"layers": self.layers}

    def __setstate__(self, state):
        self.__init__(*state["layers"])         # a copied or loaded network packs its own parameters


def dense_network(sizes, activation="relu", dropout=0.0, input_dropout=0.0, initializer=None, random_state=None, dtype=np.float64):
    """Dense layers of the given sizes, `(784, 128, 10)`, with an activation (and dropout) after each but the last.

    activation : "relu", "prelu", "sigmoid" or "tanh"
    dropout, input_dropout : probability of dropping a hidden unit, an input
    initializer : default he for relu and prelu, glorot for the others
    """
    if np.ndim(sizes) != 1 or len(sizes) < 2:
        raise ValueError(f"sizes is {sizes!r} but has to hold two or more, the columns of X first, such as (784, 128, 10).")
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise ValueError(f"activation is {activation!r} but has to be one of {', '.join(ACTIVATIONS)}.")
    rng = ops.generator(random_state)
    initializer = initializer or (he if activation in ("relu", "prelu") else glorot)
    layers = [Dropout(input_dropout, random_state=rng)] if input_dropout else []
    for n_inputs, n_units in zip(sizes, sizes[1:], strict=False):
        layers.append(Dense(n_inputs, n_units, initializer, rng, dtype))
        layers.append(PReLU(n_units, dtype=dtype) if activation == "prelu" else ACTIVATIONS[activation]())
        if dropout:
            layers.append(Dropout(dropout, random_state=rng))
    return Network(*layers[:-2 if dropout else -1])


def _backwards(layer, backprop, dY, grads, to_input, scale, keep):
    """Backprop through one layer, its gradients written into `grads`; returns dX."""
    if layer.params and layer.in_place:
        return backprop(dY, grads, to_input, scale, keep)[0]
    dX, own = backprop(dY)
    for grad, value in zip(grads, own, strict=True):
        grad[...] = scale * value + (keep * grad if keep else 0)
    return dX


def _check_callable(loss):
    if not callable(loss):
        raise TypeError(f"loss is {loss!r}, but a function is expected, one of labkit.losses or your own: (Y, T) -> (value, gradient by Y).")


def _two(returned):
    """What a loss returned, its value and its gradient."""
    if not isinstance(returned, (tuple, list)) or len(returned) != 2:
        raise TypeError(f"the loss returned {returned!r}, but two things are expected: its value and its gradient by Y.")
    return returned


def _check_widths(layers):
    """The columns that the first layer takes. Raises where a layer does not take what the one before it gives."""
    if not layers:
        raise ValueError("a network needs at least one layer; for example Network(Dense(2, 3), Sigmoid(), Dense(3, 1)).")
    for i, layer in enumerate(layers):
        if isinstance(layer, type) or not hasattr(layer, "forward"):
            raise TypeError(f"layer {i} is {layer!r}, but a layer is expected, one argument each: Network(Dense(2, 3), Sigmoid(), Dense(3, 1)).")
    if len({id(layer) for layer in layers}) < len(layers):
        raise ValueError("the same layer stands in this network twice; make a layer for each place.")
    n_inputs = width = None
    for i, layer in enumerate(layers):
        if None not in (width, layer.n_inputs) and width != layer.n_inputs:
            raise ValueError(f"layer {i}, {layer}, takes {layer.n_inputs} columns but gets {width} from the layers before it; "
                             f"build it for {width}.")
        n_inputs = layer.n_inputs if width is None else n_inputs
        width = width if layer.n_units is None else layer.n_units
    return n_inputs


def _one_buffer(layers):
    """All parameters in one buffer: copied into a new one, or the stretch of another network's that they fill already."""
    arrays = [p for layer in layers for p in layer.params]
    if len({p.dtype for p in arrays}) > 1:
        raise TypeError(f"the layers compute in {' and '.join(sorted({str(p.dtype) for p in arrays}))}; build all with one dtype.")
    flat = _shared(layers, arrays)
    if flat is None:
        flat = np.concatenate([p.ravel() for p in arrays]) if arrays else np.empty(0)
    return flat


def _shared(layers, arrays):
    """The stretch of another network's buffer that these layers fill, so that both networks share their weights; else None."""
    claims = [(getattr(layer, "packed_in", None), layer.params[0]) for layer in layers if layer.params]
    owners = [flat if flat is not None and np.shares_memory(flat, first) else None for flat, first in claims]
    if all(flat is None for flat in owners):
        return None
    address = [p.__array_interface__["data"][0] for p in arrays]
    follows = all(a + p.nbytes == b for a, p, b in zip(address, arrays, address[1:], strict=False))
    if not follows or any(flat is not owners[0] for flat in owners):
        raise ValueError("a layer belongs to another network already; give this network a copy of it: copy.deepcopy(layer).")
    begin = (address[0] - owners[0].__array_interface__["data"][0]) // owners[0].itemsize
    return owners[0][begin:begin + sum(p.size for p in arrays)]
