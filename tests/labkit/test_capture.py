"""A captured step is the step itself: the same weights to the bit, whatever changes from step to step; else it says why not."""

import gc
import re
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from numba.core import sigutils

from labkit import graphs, ops
from labkit.activations import Layer
from labkit.capture import CapturedStep, captured
from labkit.emulator import cuda, host
from labkit.graphs import reading
from labkit.kernels import compile, registry
from labkit.live import Live, NotCapturable, call
from labkit.losses import cross_entropy, softmax_cross_entropy, squared_error
from labkit.mlp import MLPClassifier, train_epoch
from labkit.network import Network, dense_network
from labkit.optimizers import Adam, GradientDescent, Momentum, Nesterov, RMSprop, inverse_time, rising_momentum, step_decay
from labkit.regularization import L1, L2, MaxNorm, WeightDecay

N, BATCH = 11, 3                # three whole batches an epoch: an ordinary step, the capture, a replay; and two rows more


@pytest.fixture(autouse=True)
def quiet():
    """A warning is a failure, unless a test expects it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def data(dtype=np.float32):
    rng = np.random.default_rng(0)
    return cuda.to_device(rng.normal(size=(N, 3)).astype(dtype)), cuda.to_device(rng.integers(0, 2, N))


def trained(optimizer, regularizers=(), graph=True, loss=softmax_cross_entropy, network=None, order=True, epochs=1):
    """Weights, losses and counts after some epochs, with a graph or without, and the CapturedStep."""
    network = network or dense_network((3, 4, 2), "relu", dropout=0.3, random_state=0, dtype=np.float32).move(cuda)
    (X, T), rng = data(), np.random.default_rng(1)
    if loss is squared_error:
        T = cuda.to_device(np.eye(2, dtype=np.float32)[T.copy_to_host()])
    step = CapturedStep(network, X, T, loss, optimizer, regularizers, BATCH) if graph else None
    losses = [train_epoch(network, X, T, loss, optimizer, BATCH, rng.permutation(N) if order else None, regularizers, step) for _ in range(epochs)]
    counts = optimizer.t, [layer.draws for layer in network.layers if hasattr(layer, "draws")]
    return network.params.flat.copy_to_host(), losses, counts, step


@pytest.mark.parametrize(("optimizer", "regularizers"), [
    (lambda: GradientDescent(0.1), ()),
    (lambda: Momentum(step_decay(0.1, 0.5, 2), rising_momentum(0.9, 2)), (MaxNorm(1.0),)),
    (lambda: Nesterov(inverse_time(0.1, 0.1)), (WeightDecay(0.1), L1(0.001))),
    (lambda: Adam(0.01), (L2(0.01),)),
], ids=["gradient_descent", "momentum", "nesterov", "adam"])
def test_the_weights_are_those_without_a_graph_to_the_bit(optimizer, regularizers):
    plain, losses, counts, _ = trained(optimizer(), regularizers, graph=False, epochs=2)
    replayed, its_losses, its_counts, step = trained(optimizer(), regularizers, epochs=2)
    assert step.graph is not None
    np.testing.assert_array_equal(replayed, plain)
    assert its_losses == losses and its_counts == counts == (8, [8])
    assert all(type(n) is int for n in (its_counts[0], *its_counts[1]))


def test_rows_as_they_come_and_targets_in_a_table():
    plain, losses, *_ = trained(RMSprop(), graph=False, loss=squared_error, order=False)
    replayed, its_losses, _, step = trained(RMSprop(), loss=squared_error, order=False)
    np.testing.assert_array_equal(replayed, plain)
    assert step.graph and losses == its_losses


def test_a_number_that_stayed_what_it_was_would_be_seen(monkeypatch):
    """The test above, broken once: the count of masks is copied to the device, but never anew."""
    plain = trained(GradientDescent(0.1), graph=False)[0]
    monkeypatch.setattr(graphs.Places, "fill", lambda self: None)
    assert (trained(GradientDescent(0.1))[0] != plain).any()


def test_the_graphs_memory_is_its_own_and_comes_back(monkeypatch):
    """No allocation while recording; nobody else gets what the graph writes to; closing gives it back."""
    gc.collect()
    monkeypatch.setattr(host, "POOL", memory := type(host.POOL)(bytearray, lambda handle: None, host.POOL._limit))
    graphs.emulated_device.cache_clear()
    plain = trained(Momentum(0.1), graph=False)[0]
    asked = []
    record = graphs.Device.record
    monkeypatch.setattr(graphs.Device, "record", lambda self, step: (asked.append(memory.taken), record(self, step), asked.append(memory.taken))[1])
    network, optimizer, (X, T) = dense_network((3, 4, 2), "relu", dropout=0.3, random_state=0, dtype=np.float32).move(cuda), Momentum(0.1), data()
    rng, strangers = np.random.default_rng(1), []
    with CapturedStep(network, X, T, softmax_cross_entropy, optimizer, batch_size=BATCH) as step:
        order = rng.permutation(N)
        for start in range(0, N, BATCH):
            rows = order[start:start + BATCH]
            step(rows) if len(rows) == BATCH else network.train_step(ops.take(X, rows), ops.take(T, rows), softmax_cross_entropy, optimizer)
            strangers += [cuda.to_device(np.full(12, 7, np.float32)) for _ in range(3)]
    assert len(asked) == 2 and asked[0] == asked[1]
    np.testing.assert_array_equal(network.params.flat.copy_to_host(), plain)
    assert all((stranger.copy_to_host() == 7).all() for stranger in strangers)
    del strangers, network, optimizer, X, T, step
    gc.collect()
    memory.free()
    assert memory.taken == 0
    graphs.emulated_device.cache_clear()


class Reads(Layer):
    """Looks at its numbers, which a step that is being recorded does not have yet."""

    def forward(self, X, training=False):
        self.largest = float(ops.to_numpy(X).max())
        return X, lambda dY: (dY, [])


class Counts(Layer):
    """Keeps a count of its own."""

    steps = 0

    def forward(self, X, training=False):
        self.steps += 1
        return X, lambda dY: (dY, [])


@pytest.mark.parametrize(("layer", "reason"), [
    (Reads, "an array is read in the middle of the step"), (Counts, "Counts.steps changes with every step")])
def test_what_cannot_be_captured_is_run_kernel_by_kernel_and_said_once(layer, reason):
    def network():
        like = dense_network((3, 4, 2), "relu", dropout=0.3, random_state=0, dtype=np.float32)
        return Network(*like.layers[:1], layer(), *like.layers[1:]).move(cuda)

    there = network()
    plain, losses, counts, _ = trained(Adam(0.01), graph=False, network=there)
    with pytest.warns(RuntimeWarning, match=f"trains without a CUDA graph, kernel by kernel: {reason}") as warned:
        got, its_losses, its_counts, step = trained(Adam(0.01), network=(other := network()))
    assert len(warned) == 1 and step.graph is None and host.Stream.captured == 0
    np.testing.assert_array_equal(got, plain)
    assert its_losses == losses and its_counts == counts
    assert vars(there.layers[1]) == vars(other.layers[1])


def test_an_optimizer_that_looks_at_its_count_runs_kernel_by_kernel():
    class Halving(GradientDescent):
        """Halves its rate at the third step, by looking."""

        def _update(self, w, g):
            ops.update("gradient_descent", w, g, self.rate if self.t < 2 else self.rate / 2)

        def fold(self, params):
            return None

    plain = trained(Halving(0.1), graph=False)[0]
    with pytest.warns(RuntimeWarning, match="Halving is not labkit's own and may look at its count t, which a graph advances by itself"):
        got, _, _, step = trained(Halving(0.1))
    assert step.graph is None
    np.testing.assert_array_equal(got, plain)


def test_a_loss_that_moves_arrays_is_refused_and_a_schedule_may_do_anything():
    with pytest.warns(RuntimeWarning, match="an array is read in the middle"):
        trained(GradientDescent(0.1), loss=lambda Z, T: cross_entropy(ops.softmax(Z), T))
    assert trained(GradientDescent(lambda t: 0.1 if t < 3 else 0.01))[3].graph


def test_without_labkits_pool_there_is_no_graph(monkeypatch):
    device = graphs.emulated_device()
    monkeypatch.setattr(device, "pool", None)
    with pytest.warns(RuntimeWarning, match="Numba has another memory manager than labkit's"):
        assert trained(GradientDescent(0.1))[3].graph is None


def test_wrong_use_is_said_in_words():
    network, (X, T) = dense_network((3, 4, 2), random_state=0, dtype=np.float32).move(cuda), data()
    step = CapturedStep(network, X, T, softmax_cross_entropy, GradientDescent(0.1), batch_size=4)
    with pytest.raises(ValueError, match=re.escape("this step was made for 4 rows but got (3,); take another batch with network.train_step")):
        step([0, 1, 2])
    step.close()
    assert float(step([0, 1, 2, 3])) > 0 and step.graph is None             # closed, it goes on without a graph
    network.move(cuda)
    with pytest.raises(RuntimeError, match="the network was moved since this step was made; make a new CapturedStep"):
        step([0, 1, 2, 3])


def test_a_fit_on_a_gpu_captures_its_step(monkeypatch):
    from labkit import _cuda, devices, mlp

    rng, launched = np.random.default_rng(0), []
    X, y = rng.normal(size=(N, 3)).astype(np.float32), np.arange(N) % 2
    settings = dict(hidden_layer_sizes=(4,), optimizer="momentum", batch_size=BATCH, max_epochs=1, dropout=0.2, random_state=0)
    here = MLPClassifier(**settings).fit(X, y)
    monkeypatch.setattr(devices, "current", lambda: devices.Device("cuda", "", 1, 1))
    monkeypatch.setattr(_cuda, "real", lambda: cuda)
    monkeypatch.setattr(mlp, "WORTH_A_GPU", 0)
    launch = host.Graph.launch
    monkeypatch.setattr(host.Graph, "launch", lambda self: launched.append(1) or launch(self))
    there = MLPClassifier(**settings).fit(X, y)
    assert len(launched) == N // BATCH - 1           # all whole batches but the first
    np.testing.assert_allclose(there.network_.params.flat, here.network_.params.flat, rtol=1e-4, atol=1e-5)
    monkeypatch.setenv("LABKIT_CUDA_GRAPH", "0")
    plain = MLPClassifier(**settings).fit(X, y)
    assert len(launched) == N // BATCH - 1
    np.testing.assert_array_equal(plain.network_.params.flat, there.network_.params.flat)


# Numbers that change

def test_arithmetic_on_live_numbers_follows_them():
    t = [2]
    live = Live(lambda: t[0])
    made = {"1 - b^t": 1 - 0.5**live, "-(t + 1) / 2": -(live + 1) / 2, "f(t)": call(max, live, 3), "numpy": np.float32(3) * live,
            "(t // 2) * 2": live // 2 * 2, "typed": (2 * live).astype(np.uint64)}
    assert {name: value.now() for name, value in made.items()} == {
        "1 - b^t": 0.75, "-(t + 1) / 2": -1.5, "f(t)": 3, "numpy": 6, "(t // 2) * 2": 2, "typed": 4}
    t[0] = 5
    assert {name: value.now() for name, value in made.items()} == {
        "1 - b^t": 1 - 0.5**5, "-(t + 1) / 2": -3, "f(t)": 5, "numpy": 15, "(t // 2) * 2": 4, "typed": 10}
    assert call(max, 1, 2) == 2 and type(made["typed"].now()) is np.uint64


@pytest.mark.parametrize("look", [float, int, bool, lambda x: x < 1, lambda x: x == 1, lambda x: [0][x], lambda x: np.float32(x)])
def test_a_live_number_is_not_looked_at(look):
    with pytest.raises(NotCapturable, match="not compared or looked at"):
        look(Live(lambda: 1))


# The emulator's graphs

def test_launches_on_a_captured_stream_are_recorded():
    @cuda.jit
    def add_one(a):
        a[cuda.threadIdx.x] += 1

    a, stream = cuda.to_device(np.zeros(4)), cuda.stream()
    stream.begin_capture()
    add_one[1, 4, stream](a)
    for copy in (a.copy_to_host, lambda: cuda.to_device(np.zeros(2)), lambda: a.copy_to_device(np.ones(4))):
        with pytest.raises(RuntimeError, match="memory cannot be copied while a stream is captured"):
            copy()
    graph = stream.end_capture()
    assert (a.copy_to_host() == 0).all()
    graph.launch()
    graph.launch()
    add_one[1, 4, stream](a)
    assert (a.copy_to_host() == 3).all()


# The real thing, as far as it goes without a GPU

needs_compilers = pytest.mark.skipif(compile.why_not() is not None, reason=str(compile.why_not()))
READ = {"dropout_mask": (4,), "gradient_descent": (2,), "momentum": (3, 4), "nesterov": (3, 4), "adadelta": (4,), "adam": (4, 8, 9), "scale": (1,),
        "soft_threshold": (1,), "matmul_registers_tn": (3, 4), "column_sums": (2, 3)}


@needs_compilers
@pytest.mark.parametrize(("name", "live"), READ.items(), ids=READ)
def test_the_form_that_reads_numbers_from_memory_is_compiled_within_budget(name, live):
    """Within the registers of the form that takes them, and a few for the addresses; no spill, no float64."""
    kernel = registry.kernels()[name]
    types = sigutils.normalize_signature(kernel.signature)[0]
    ptx = compile.to_ptx(lambda cuda: reading(cuda, kernel, live), tuple(t[::1] if k in live else t for k, t in enumerate(types)), (9, 0))
    log = compile.link(ptx, (9, 0))
    assert int(re.search(r"Used (\d+) registers", log)[1]) <= kernel.budget.registers + 16
    assert not re.search(r"[1-9]\d* bytes spill", log) and not re.search(r"\b[a-z]\w*(?:\.\w+)*\.f64\b", ptx)


class Driver:
    """The CUDA driver's functions for capture: notes each call, and fails where it is told to."""

    def __init__(self, fails=None):
        self.calls, self.fails = [], fails

    def __call__(self, function, *arguments):
        self.calls.append((function, *arguments))
        if function == self.fails:
            raise RuntimeError(f"the CUDA driver refused {function}")
        return {"cuStreamEndCapture": ["graph"], "cuGraphInstantiate": ["executable"]}.get(function, [])

    @property
    def names(self):
        return [name for name, *_ in self.calls]


def cuda_device(monkeypatch, driver):
    monkeypatch.setattr("labkit._cuda.driver", driver)
    return graphs.CudaDevice(SimpleNamespace(jit=lambda function: function), SimpleNamespace(handle="stream"), None)


@needs_compilers
def test_what_is_asked_of_the_driver(monkeypatch):
    from cuda.bindings import driver as bindings

    driver = Driver()
    graph, value = cuda_device(monkeypatch, driver).record(lambda: driver.calls.append(("a launch",)) or "loss")
    graph.launch()
    mode = bindings.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED
    del graph
    gc.collect()
    assert value == "loss" and driver.calls == [
        ("cuStreamBeginCapture", "stream", mode), ("a launch",), ("cuStreamEndCapture", "stream"), ("cuGraphInstantiate", "graph", 0),
        ("cuGraphDestroy", "graph"), ("cuGraphLaunch", "executable", "stream"), ("cuGraphExecDestroy", "executable")]
    assert all(hasattr(bindings, name) for name in driver.names if name[:2] == "cu")


@needs_compilers
@pytest.mark.parametrize(("fails", "rest"), [(None, ["cuStreamEndCapture", "cuGraphDestroy"]), ("cuStreamEndCapture", ["cuStreamEndCapture"])])
def test_a_capture_that_fails_is_ended(monkeypatch, fails, rest):
    def step():
        raise NotCapturable("a reason")

    driver = Driver(fails)
    with pytest.raises(NotCapturable, match="a reason"):
        cuda_device(monkeypatch, driver).record(step)
    assert driver.names == ["cuStreamBeginCapture", *rest]


@needs_compilers
def test_a_graph_that_cannot_be_made_leaves_nothing_behind(monkeypatch):
    driver = Driver("cuGraphInstantiate")
    with pytest.raises(RuntimeError, match="refused cuGraphInstantiate"):
        cuda_device(monkeypatch, driver).record(lambda: None)
    assert driver.names[-1] == "cuGraphDestroy"


def test_a_step_is_recorded_on_a_stream_of_its_own(monkeypatch):
    """On one that the default stream waits for, other threads could not work meanwhile."""
    driver, started = Driver(), []
    monkeypatch.setattr("labkit._cuda.driver", driver)
    monkeypatch.setattr(graphs.CudaDevice, "begin", lambda self: driver("begin", self.recorded.handle))
    monkeypatch.setattr(graphs.CudaDevice, "_compiled", lambda self, kernel, live: kernel)
    device = graphs.CudaDevice(None, SimpleNamespace(handle="ordered"), None, SimpleNamespace(handle="free"))
    kernel = type("Kernel", (), {"__getitem__": lambda self, launch: lambda *arguments: started.append(launch[2].handle)})()
    places = SimpleNamespace(lives=[])
    graphs.Eager(device, places).start(kernel, 1, 32, ())
    graph, _ = device.record(lambda: graphs.Recording(device, places).start(kernel, 1, 32, ()))
    graph.launch()
    assert started == ["ordered", "free"]
    assert [call for call in driver.calls if len(call) > 1 and call[1] in ("free", "executable")][:3] == [
        ("begin", "free"), ("cuStreamEndCapture", "free"), ("cuGraphLaunch", "executable", "ordered")]


def test_what_a_recording_would_miss_is_refused(monkeypatch):
    numba = SimpleNamespace(copy=lambda: "copied")
    graphs.watch(numba, "copy", "memory is copied")
    assert numba.copy() == "copied"
    recording = graphs.Recording(None, SimpleNamespace(lives=[]))
    monkeypatch.setattr(graphs.running, "capture", recording)
    with pytest.raises(NotCapturable, match="memory is copied in the middle of the step, which a graph cannot repeat"):
        numba.copy()
    recording.own = True
    assert numba.copy() == "copied"


def test_where_numba_lacks_what_has_to_be_watched_it_trains_without_a_graph(monkeypatch):
    monkeypatch.setattr("labkit.capture.emulated_device", lambda: graphs.watch(SimpleNamespace(), "launch", "a kernel is started"))
    X, T = data()
    network = dense_network((3, 4, 2), dtype=np.float32).move(cuda)
    with pytest.warns(RuntimeWarning, match="without a CUDA graph, kernel by kernel: this version of numba-cuda has no launch that could be watched"):
        with captured(network, X, T, softmax_cross_entropy, Adam(0.01), (), BATCH) as step:
            assert step is None
