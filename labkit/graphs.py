"""What a captured step is made of: where its kernels go, the places of its numbers, and the two devices that can record.

`labkit.kernels.registry` hands every launch to `running.capture` where there is one: at first to Eager, then to Recording.
"""

import inspect
import itertools
import linecache
import weakref
from functools import lru_cache

import numpy as np

from labkit.live import Live, NotCapturable

PLACES = 256                # for numbers that change, of each type
_numbers = itertools.count()


class Eager:
    """Start kernels at once, in the forms and on the stream that the capture will have."""

    records = False

    def __init__(self, device, places):
        self.device, self.places = device, places
        places.lives.clear()

    def start(self, kernel, blocks, threads, arguments):
        live = tuple(k for k, a in enumerate(arguments) if type(a) is Live)
        arguments = [self.places.take(a, fill=not self.records) if type(a) is Live else a for a in arguments]
        self.device.compiled(kernel, live)[blocks, threads, self.device.stream](*arguments)


class Recording(Eager):
    """The same, on a stream that is being captured."""

    records = True


class Places:
    """Memory of the device for numbers that change from step to step: `take` gives one a place, `fill` copies them all there."""

    def __init__(self, device):
        self.device, self.lives = device, []
        self.arrays = {kind: device.cuda.device_array(PLACES, kind) for kind in (np.float32, np.uint64)}

    def take(self, live, fill):
        value = live.now()
        place = sum(kind is type(value) for kind, _ in self.lives)
        if type(value) not in self.arrays or place == PLACES:
            raise NotCapturable(f"a step may have {PLACES} numbers of float32 and of uint64 that change, not another {type(value).__name__}")
        self.lives.append((type(value), live))
        there = self.arrays[type(value)][place:place + 1]
        if fill:
            there.copy_to_device(np.array([value]), stream=self.device.stream)
        return there

    def fill(self):
        for kind, array in self.arrays.items():
            values = [live.now() for each, live in self.lives if each is kind]
            if values:
                array[:len(values)].copy_to_device(np.array(values, kind), stream=self.device.stream)


def reading(cuda, kernel, live):
    """The kernel with the arguments numbered in `live` read from arrays of one element."""
    function = kernel.cuda(cuda)
    inner = cuda.jit(device=True)(getattr(function, "py_func", function))
    names = list(inspect.signature(inner.py_func).parameters)
    given = ", ".join(f"{name}[0]" if k in live else name for k, name in enumerate(names))
    source = f"def {kernel.name}({', '.join(names)}):\n    inner({given})\n"
    filename = f"<{kernel.name} reading {next(_numbers)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    names = {"inner": inner, "__name__": __name__}
    exec(compile(source, filename, "exec"), names)
    return names[kernel.name]


# The two kinds of device

class Device:
    """What a step needs of a device.

    cuda : Numba's names; stream : which waits for the default stream and lets it wait; pool : labkit's, or None where Numba has
    another memory manager
    """

    def __init__(self, cuda, stream, pool):
        self.cuda, self.stream, self.pool = cuda, stream, pool
        self.compiled = lru_cache(None)(self._compiled)

    def _compiled(self, kernel, live):
        return self.cuda.jit(reading(self.cuda, kernel, live) if live else kernel.cuda(self.cuda))

    def record(self, step):
        """Run `step` with its launches recorded and not carried out; returns the graph and what the step returned."""
        self.begin()
        try:
            value = step()
        except BaseException:
            self.abandon()
            raise
        return self.end(), value


class EmulatedDevice(Device):
    def begin(self):
        self.stream.begin_capture()

    def end(self):
        return self.stream.end_capture()

    abandon = end


class CudaDevice(Device):
    """NVIDIA's stream capture, by the driver's own functions: Numba has none for it.

    The mode is the relaxed one, in which the driver does not object to an allocation, should the shelf lack a block. What it
    objects to in every mode are copies on the default stream, which the recording would miss.
    """

    def _compiled(self, kernel, live):
        return super()._compiled(kernel, live) if live else kernel.compiled

    def begin(self):
        from cuda.bindings.driver import CUstreamCaptureMode

        _driver("cuStreamBeginCapture", self.stream.handle, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED)

    def end(self):
        graph, = _driver("cuStreamEndCapture", self.stream.handle)
        try:
            executable, = _driver("cuGraphInstantiate", graph, 0)
        finally:
            _driver("cuGraphDestroy", graph)
        return Graph(executable, self.stream.handle)

    def abandon(self):
        """End a capture that failed: the stream is to be used again. The driver calls what it then has invalid."""
        try:
            _driver("cuGraphDestroy", _driver("cuStreamEndCapture", self.stream.handle)[0])
        except RuntimeError:
            pass


class Graph:
    """A recorded step on a GPU."""

    def __init__(self, executable, stream):
        self._executable, self._stream = executable, stream
        weakref.finalize(self, _driver, "cuGraphExecDestroy", executable).atexit = False

    def launch(self):
        _driver("cuGraphLaunch", self._executable, self._stream)


@lru_cache(None)
def emulated_device():
    from labkit import _cuda
    from labkit.emulator import host

    return EmulatedDevice(_cuda.emulated(), _cuda.emulated().stream(), host.POOL)


@lru_cache(None)
def cuda_device():
    """One for the process: work on a second stream would not wait for the first one's, which the pool relies on."""
    from labkit import _cuda, memory

    cuda = _cuda.real()
    return CudaDevice(cuda, memory.ordered_stream(cuda), getattr(cuda.current_context().memory_manager, "pool", None))


def _driver(function, *arguments):
    from labkit import _cuda

    return _cuda.driver(function, *arguments)
