"""Compile labkit's kernels into the environment's own cache, where every account finds them and none can write."""

import matplotlib.font_manager  # noqa: F401 (finds the fonts once)

from labkit.kernels import registry

for kernel in registry.kernels().values():
    for threads in (1, 2):          # one thread and several are compiled apart
        kernel.cpu(*kernel.draw(kernel.sizes[-1]), threads=threads)
