"""Numba's device memory from labkit's pool, through the seam that Numba has for it: an External Memory Management plug-in.

Everything that this process puts on the GPU comes from it, arrays that students make with `cuda.to_device` too. NumPy's arrays that
a kernel is started with need a seam of their own: Numba takes their memory from cuda.core, whose pool knows no limit and keeps it for good.
"""

import weakref
from contextlib import suppress
from functools import lru_cache

from labkit import _cuda
from labkit.live import recording, running
from labkit.pool import Pool, limit, setting


def install(cuda):
    """Make Numba take its memory from a pool, unless somebody chose another plug-in or uses the GPU already; says whether it did."""
    from numba.cuda.core import config
    from numba.cuda.cudadrv import driver

    if config.CUDA_MEMORY_MANAGER != "default" or getattr(driver, "_memory_manager", None):
        return False
    cuda.set_memory_manager(plug_in(cuda))
    return True


@lru_cache(None)
def plug_in(cuda):
    """The plug-in as a class, as Numba wants it: one for each GPU that the process uses."""

    class PooledMemory(cuda.GetIpcHandleMixin, cuda.HostOnlyCUDAMemoryManager):
        interface_version = 1
        own_streams = False                                 # whether the program made streams of its own: see labkit.pool
        resource = None                                     # cuda.core's name for this memory

        def __init__(self, context):
            super().__init__(context=context)
            self.pool = Pool(_allocate, _release, self._limit, self._before_reuse)
            for name in ("create_stream", "create_external_stream", "get_per_thread_default_stream"):
                if context is not None:                     # Numba makes one without, to ask for its version
                    setattr(context, name, self._noting(getattr(context, name)))

        def initialize(self):
            if not self.deallocations.memory_capacity:      # of pinned memory of the host, which Numba releases in batches
                self.deallocations.memory_capacity = self._total
            if self.resource is None:
                with suppress(ImportError, AttributeError, TypeError):      # another version of Numba's CUDA, which does without cuda.core
                    self.context.device._dev.memory_resource = self.resource = _resource(self.pool, self.context.device.id)

        def memalloc(self, size):
            block = self.pool.take(size)
            return cuda.MemoryPointer(weakref.proxy(self.context), block.handle, size, finalizer=lambda: self.pool.give(block))

        def get_memory_info(self):
            return cuda.MemoryInfo(*map(int, _cuda.driver("cuMemGetInfo")))

        def reset(self):
            super().reset()
            self.pool.free()

        @property
        def _total(self):
            return self.get_memory_info().total

        def _limit(self):
            return limit(setting(), self._total)

        def _before_reuse(self):
            if self.own_streams:
                with recording:                             # in the thread that records, what takes the block is carried out later
                    if not (running.capture and running.capture.records):
                        self.context.synchronize()

        def _noting(self, make):
            def noted(*arguments):
                self.own_streams = True
                return make(*arguments)

            return noted

    return PooledMemory


def _resource(pool, device):
    """The pool for cuda.core."""
    from cuda import core

    class Resource(core.MemoryResource):
        device_id, is_device_accessible, is_host_accessible, is_managed = device, True, False, False
        blocks = {}

        def allocate(self, size, *, stream=None):
            block = pool.take(size)
            self.blocks[int(block.handle)] = block
            return core.Buffer.from_handle(int(block.handle), size, mr=self)    # owner= would spare cuda.core's look at the strides

        def deallocate(self, pointer, size, *, stream=None):
            if size:                                                            # an array of no elements has no block
                pool.give(self.blocks.pop(int(pointer)))

    return Resource()


def ordered_stream(cuda):
    """A stream that waits for the default stream and lets it wait, so that the pool need not: for labkit's own use."""
    context = cuda.current_context()
    return type(context).create_stream(context) if hasattr(context, "memory_manager") else cuda.stream()


def free_stream(cuda):
    """A stream that neither waits for the default stream nor lets it wait, to record on: nothing is carried out on it."""
    context = cuda.current_context()
    handle, = _cuda.driver("cuStreamCreate", 1)            # CU_STREAM_NON_BLOCKING, which Numba does not offer
    return type(context).create_external_stream(context, int(handle))


def _allocate(size):
    return _cuda.driver("cuMemAlloc", size)[0]


def _release(handle):
    with suppress(_cuda.Stopped):           # said where the failed kernel was met; the memory goes with the process
        _cuda.driver("cuMemFree", handle)
