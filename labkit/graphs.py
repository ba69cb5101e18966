"""What a captured step is made of: where its kernels go, the places of its numbers, and the two devices that can record.

`labkit.kernels.registry` hands every launch to `running.capture` where there is one: at first to Eager, then to Recording.
"""

import inspect
import weakref
from contextlib import suppress
from functools import lru_cache, wraps

import numpy as np

from labkit import _cuda, memory
from labkit.kernels.each import function_of
from labkit.live import Live, NotCapturable, recording, running

PLACES = 256                # for numbers that change, of each type


class Eager:
    """Start kernels at once, in the forms and on the stream that the capture will have."""

    records = False

    def __init__(self, device, places):
        self.device, self.places = device, places
        places.lives.clear()

    def start(self, kernel, blocks, threads, arguments):
        live = tuple(k for k, a in enumerate(arguments) if type(a) is Live)
        arguments = [self.places.take(a, fill=not self.records) if type(a) is Live else a for a in arguments]
        stream = self.device.recorded if self.records else self.device.stream
        self.device.compiled(kernel, live)[blocks, threads, stream](*arguments)


class Recording(Eager):
    """The same, on a stream that is being captured. own : while this starts a kernel"""

    records, own = True, False

    def start(self, kernel, blocks, threads, arguments):
        self.own = True
        try:
            super().start(kernel, blocks, threads, arguments)
        finally:
            self.own = False


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
    return function_of(f"def {kernel.name}({', '.join(names)}):\n    inner({given})\n", kernel.name, inner=inner)


# The two kinds of device

class Device:
    """What a step needs of a device.

    cuda : Numba's names; stream : which waits for the default stream and lets it wait; pool : labkit's, or None where Numba has
    another memory manager; recorded : the stream that kernels are recorded on, by one thread at a time
    """

    def __init__(self, cuda, stream, pool, recorded=None):
        self.cuda, self.stream, self.pool, self.recorded = cuda, stream, pool, recorded or stream
        self.compiled = lru_cache(None)(self._compiled)

    def _compiled(self, kernel, live):
        return self.cuda.jit(reading(self.cuda, kernel, live) if live else kernel.cuda(self.cuda))

    def record(self, step):
        """Run `step` with its launches recorded and not carried out; returns the graph and what the step returned."""
        with recording:
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

    The mode is the relaxed one, in which the driver does not object to an allocation, should the shelf lack a block. The stream is
    one that does not wait for the default stream: while any other is captured, the driver refuses every thread's work on the default
    stream. So it lets a step's own copies pass, which the recording would miss: `watch` refuses those.
    """

    def _compiled(self, kernel, live):
        return super()._compiled(kernel, live) if live else kernel.compiled

    def begin(self):
        from cuda.bindings.driver import CUstreamCaptureMode

        _cuda.driver("cuStreamBeginCapture", self.recorded.handle, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED)

    def end(self):
        graph, = _cuda.driver("cuStreamEndCapture", self.recorded.handle)
        try:
            executable, = _cuda.driver("cuGraphInstantiate", graph, 0)
        finally:
            _cuda.driver("cuGraphDestroy", graph)
        return Graph(executable, self.stream.handle)

    def abandon(self):
        """End a capture that failed: the stream is to be used again. The driver calls what it then has invalid."""
        try:
            _cuda.driver("cuGraphDestroy", _cuda.driver("cuStreamEndCapture", self.recorded.handle)[0])
        except RuntimeError:
            pass


class Graph:
    """A recorded step on a GPU."""

    def __init__(self, executable, stream):
        self._executable, self._stream = executable, stream
        weakref.finalize(self, _destroy, executable).atexit = False

    def launch(self):
        _cuda.driver("cuGraphLaunch", self._executable, self._stream)


def _destroy(executable):
    with suppress(_cuda.Stopped):           # after a kernel that failed it is gone already
        _cuda.driver("cuGraphExecDestroy", executable)


def watch(owner, name, what):
    """Make one of Numba's functions refuse in a thread that is recording a step, where it is not the recording's own work.

    Raises NotCapturable where this version of Numba's CUDA has no such function: then nothing is recorded at all.
    """
    function = getattr(owner, name, None)
    if function is None:
        raise NotCapturable(f"this version of numba-cuda has no {name} that could be watched")

    @wraps(function)
    def watched(*arguments, **options):
        if running.capture and running.capture.records and not running.capture.own:
            raise NotCapturable(f"{what} in the middle of the step, which a graph cannot repeat")
        return function(*arguments, **options)

    setattr(owner, name, watched)


@lru_cache(None)
def emulated_device():
    from labkit.emulator import host

    return EmulatedDevice(_cuda.emulated(), _cuda.emulated().stream(), host.POOL)


@lru_cache(None)
def cuda_device():
    """One for the process: work on a second stream would not wait for the first one's, which the pool relies on."""
    cuda = _cuda.real()
    from numba.cuda import dispatcher
    from numba.cuda.cudadrv import driver

    for name in ("host_to_device", "device_to_host", "device_to_device"):
        watch(driver, name, "memory is copied")
    watch(dispatcher._Kernel, "launch", "a kernel of its own is started")
    pool = getattr(cuda.current_context().memory_manager, "pool", None)
    return CudaDevice(cuda, memory.ordered_stream(cuda), pool, memory.free_stream(cuda))
