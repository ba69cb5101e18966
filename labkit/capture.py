"""A training step as a CUDA graph: its kernels are recorded once and then started together, batch after batch.

A step of a small network is a few dozen kernels of a few microseconds each, and starting a kernel from Python takes longer than that.
A graph starts them all in one call. It repeats exactly what was recorded: the same kernels on the same addresses with the same
numbers. So whatever changes from step to step has to lie in memory of the device, at a fixed place:

- which examples make the batch: their row numbers, copied there before each replay; taking the rows is the graph's first kernel;
- numbers that change (labkit/live.py): computed by Python before each replay and copied there. A kernel that takes such a
  number is recorded in a form that reads it from there, which is made from the kernel itself;
- the step's arrays: from a shelf of the memory pool that nobody else takes from as long as the graph lives.

The first batch is an ordinary step that fills this shelf and compiles the kernels; the second is captured; then it is replayed.
The weights come out as without a graph. In the emulator the same program records launches and runs them again.
"""

import gc
import os
import warnings
from contextlib import contextmanager, nullcontext

import numpy as np

from labkit import ops
from labkit.graphs import Eager, Places, Recording, cuda_device, emulated_device
from labkit.live import Live, NotCapturable, running
from labkit.pool import Shelf


class CapturedStep:
    """`network.train_step` on batches of `batch_size` rows of X and T, all on one GPU (or the emulator's), as a graph.

    >>> with CapturedStep(network, X, T, loss, optimizer, batch_size=100) as step:      # doctest: +SKIP
    ...     value = step(rows)                          # rows : (100,) whole numbers; float(value) waits for the loss

    Settings, such as a constant learning rate or a limit to norms, are taken as they are at the capture: make a new one after
    changing them. Where a step cannot be captured it says so once and runs kernel by kernel; so it does after `close()`.

    graph : what is replayed, or None before the capture and where there can be none
    """

    def __init__(self, network, X, T, loss, optimizer, regularizers=(), batch_size=32):
        self.network, self.X, self.T, self.loss, self.optimizer, self.regularizers = network, X, T, loss, optimizer, regularizers
        self.batch_size, self.graph, self._plain, self._warm = batch_size, None, False, False
        self._device = emulated_device() if ops.place(X) == "emulated" else cuda_device()
        self._rows = self._device.cuda.device_array(batch_size, np.int64)
        self._places = Places(self._device)
        self._shelf = Shelf()
        self._flat = network.params.flat
        if problem := self._problem():
            self._say(problem)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Give the graph's memory back."""
        self.graph, self._value, self._plain = None, None, True
        if self._device.pool:
            self._device.pool.close(self._shelf)

    def __call__(self, rows):
        """One step on these rows of X and T; returns the loss before it, as `train_step` does."""
        rows = np.ascontiguousarray(rows, np.int64)
        if rows.shape != (self.batch_size,):
            raise ValueError(f"this step was made for {self.batch_size} rows but got {rows.shape}; take another batch with network.train_step.")
        if self.network.params.flat is not self._flat:
            raise RuntimeError("the network was moved since this step was made; make a new CapturedStep.")
        self._rows.copy_to_device(rows, stream=self._device.stream)
        if self.graph is None and self._warm and not self._plain:
            self._capture()
        if self.graph:
            return self._replay()
        if self._plain:
            return self._step()
        self._warm = True
        return self._first_step()

    def _step(self):
        return self.network.train_step(ops.take(self.X, self._rows), ops.take(self.T, self._rows), self.loss, self.optimizer,
                                       self.regularizers)

    def _first_step(self):
        """An ordinary step, with the kernels, on the stream and from the shelf that the graph will have."""
        counts = self._live_counts()
        try:
            with self._going_to(Eager(self._device, self._places)):
                value = self._step()
        finally:
            for count in counts:
                count.settle()
        return self._copy(value) if isinstance(value, ops.Number) else value

    def _capture(self):
        owners = self._owners()
        before = [dict(vars(owner)) for owner in owners]
        try:
            self._counts = self._live_counts()
            gc.collect()                                    # arrays of the first step that cycles of references still hold
            with self._going_to(Recording(self._device, self._places)):
                graph, self._value = self._device.record(self._step)
            for owner, old in zip(owners, before, strict=True):
                _check_unchanged(owner, old)
            if not isinstance(self._value, ops.Number):
                raise NotCapturable("the loss is not a number on the GPU")
            for count in self._counts:
                count.after = getattr(count.owner, count.name)
            self._state = self.optimizer.state              # the graph writes there: it has to live as long
            self.graph = graph
        except Exception as error:
            self._say(error)
        finally:
            for owner, old in zip(owners, before, strict=True):
                vars(owner).clear()
                vars(owner).update(old)

    def _replay(self):
        for count in self._counts:
            count.value = getattr(count.owner, count.name)
        self._places.fill()
        self.graph.launch()
        for count in self._counts:
            setattr(count.owner, count.name, count.after.now())
        return self._copy(self._value)

    def _copy(self, value):
        """A loss in memory of its own: the next step writes over what the graph has for it."""
        copy = ops.empty(1, value.array)
        copy.copy_to_device(value.array, stream=self._device.stream)
        return ops.Number(copy)

    @contextmanager
    def _going_to(self, capture):
        """Kernels go to this capture, and arrays come from its shelf."""
        with self._device.pool.private(self._shelf) if self._device.pool else nullcontext():
            running.capture = capture
            try:
                yield
            finally:
                running.capture = None

    def _problem(self):
        """Why there can be no graph, as far as one sees before the first step; None otherwise."""
        if self._device.pool is None:
            return "Numba has another memory manager than labkit's, and may give the graph's memory to others"
        for owner in self._owners():
            if not type(owner).__module__.startswith("labkit.") and (names := _counts(owner)):
                return f"{type(owner).__name__} is not labkit's own and may look at its count {names[0]}, which a graph advances by itself"

    def _say(self, problem):
        self._plain = True
        warnings.warn(f"This network trains without a CUDA graph, kernel by kernel: {str(problem).rstrip('.')}.", RuntimeWarning, stacklevel=4)

    def _owners(self):
        return [self.optimizer, *self.network.layers, *self.regularizers]

    def _live_counts(self):
        return [Count(owner, name) for owner in self._owners() for name in _counts(owner)]


def _counts(owner):
    """The names of what an optimizer or a layer counts: steps, masks."""
    return [name for name in ("t", "draws") if type(vars(owner).get(name)) is int]


class Count:
    """A count that an optimizer or a layer keeps, put in its place as a Live number. value : it before the step; after : Live"""

    def __init__(self, owner, name):
        self.owner, self.name, self.value = owner, name, getattr(owner, name)
        self.after = None
        setattr(owner, name, Live(lambda: self.value))

    def settle(self):
        """Put the plain number there again, as it is now."""
        now = getattr(self.owner, self.name)
        setattr(self.owner, self.name, now.now() if type(now) is Live else now)


def _check_unchanged(owner, before):
    """Raises NotCapturable where a step changed an attribute other than a count: a graph would not change it again."""
    for name, value in vars(owner).items():
        if type(value) is not Live and value is not before.get(name, before):
            raise NotCapturable(f"{type(owner).__name__}.{name} changes with every step, which a graph cannot repeat")


def captured(network, X, T, loss, optimizer, regularizers=(), batch_size=32):
    """A context: a CapturedStep where the arrays are on a GPU and LABKIT_CUDA_GRAPH=0 does not forbid it, else None."""
    if ops.place(X) == "cpu" or os.environ.get("LABKIT_CUDA_GRAPH", "") == "0":
        return nullcontext()
    try:
        return CapturedStep(network, X, T, loss, optimizer, regularizers, batch_size)
    except NotCapturable as problem:
        warnings.warn(f"This network trains without a CUDA graph, kernel by kernel: {problem}.", RuntimeWarning, stacklevel=3)
        return nullcontext()
