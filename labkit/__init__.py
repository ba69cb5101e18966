"""labkit: what the notebooks of "From Perceptron to Dropout" import.

Everything loads on first use (PEP 562), so that `import labkit` costs next to nothing:

    from labkit import check, cuda, datasets, devices, figures, swarm, widgets

`cuda` is Numba's CUDA on a machine with an NVIDIA GPU and labkit's emulator everywhere else; kernels look the same on both.
"""

import importlib
import os
import pkgutil

# GNU OpenMP threads spin while they wait, and so take the cores that BLAS needs. The policy is read once, when the library
# is loaded, so it is set here, before anything else of labkit can load Numba.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# BLAS would start a thread for each of the machine's cores, however small a container's share of them is, and its threads spin too. It
# reads this when it is loaded: SciPy's, which labkit computes with, is loaded later.
if os.path.exists("/sys/fs/cgroup/cpu.max"):
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(importlib.import_module("labkit.devices").cores()))

_MODULES = frozenset(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def __getattr__(name):
    if name == "cuda":
        return importlib.import_module("labkit._cuda").namespace()
    if name == "check":
        return importlib.import_module("labkit.checks").check
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("perceptron-to-dropout")
    if name in _MODULES:
        return importlib.import_module(f"labkit.{name}")
    raise AttributeError(f"labkit has no part named {name!r}; it has {', '.join(__dir__())}")


def __dir__():
    return sorted(_MODULES | {"check", "cuda"})
