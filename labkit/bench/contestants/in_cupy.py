"""Kernels by CuPy, which understands their plain NumPy form: the oracle runs on arrays that are on the GPU."""

import cupy
import numpy as np

from labkit.bench.kernels import arguments_of
from labkit.kernels import registry


def kernel(inputs, name, launches):
    own = registry.kernels()[name]
    arguments = [cupy.asarray(a) if isinstance(a, np.ndarray) else a for a in arguments_of(inputs)]

    def run():
        for _ in range(launches):
            own.oracle(*arguments)
        cupy.cuda.Device().synchronize()

    return run, lambda _: {f"out{i}": cupy.asnumpy(arguments[i]) for i in range(own.outputs)}
