"""What a name from outside a kernel stands for inside it."""

import builtins
import types

import numpy as np

from labkit.emulator import functions
from labkit.emulator.arithmetic import typed
from labkit.emulator.intrinsics import Intrinsic
from labkit.emulator.source import Function, as_function

BUILTINS = (*functions.NUMERIC, builtins.range, builtins.len, builtins.print, builtins.enumerate, builtins.zip, builtins.isinstance,
            np.finfo, np.iinfo, np.dtype, np.shape, np.size)

_DRAWN = "draw them outside the kernel and pass them to it in an array"

# Numba compiles these too, for a tuple or a number at least; of the other builtins it compiles none.
_COMPILED = (builtins.sum, builtins.tuple, builtins.type, builtins.ord, builtins.iter, builtins.next, builtins.hasattr, builtins.slice)
# Of NumPy's, likewise: seen by compiling each with an array and with a number.
_OF_NUMPY = tuple(getattr(np, name) for name in (
    "all any angle argmax argmin array_equal asarray atleast_1d atleast_2d atleast_3d average count_nonzero imag mean nanmean nanprod nanstd "
    "nansum nanvar ndindex nditer prod real searchsorted sinc std sum var").split())


class Refused(Exception):
    """A Python object that means nothing on a GPU. The message says why and what to do."""


def translate(value, name, constant):
    """A Python object as a kernel's value. constant(array, name) makes a View of a NumPy array from outside.

    Numba's own `cuda`, its types and its dispatchers become the emulator's. Raises Refused.
    """
    from labkit.emulator import cuda

    if value is None or isinstance(value, (str, Intrinsic, Function, np.dtype)):
        return value
    if isinstance(value, (bool, int, float, complex, np.generic)):
        return typed(value)
    if isinstance(value, (np.ndarray, cuda.DeviceArray)):
        return constant(value, name)
    if isinstance(value, tuple):
        return same_tuple(value, (translate(v, name, constant) for v in value))
    if isinstance(value, (types.ModuleType, types.SimpleNamespace)):
        return _namespace(value, cuda)
    if isinstance(value, type) and issubclass(value, np.generic):
        return np.dtype(value)
    if any(value is known for known in BUILTINS) or isinstance(value, np.ufunc) or getattr(value, "__module__", "") in ("math", "cmath"):
        return value
    if isinstance(getattr(value, "py_func", None), types.FunctionType):
        if (value.py_func.__module__ or "").endswith("cuda.random"):
            raise Refused(f"the emulator does not run {name}, nor the random states of cuda.random; {_DRAWN}")
        return as_function(value.py_func)
    if _is_cuda(getattr(value, "__module__", "") or "") and hasattr(cuda, getattr(value, "__name__", "")):
        return getattr(cuda, value.__name__)
    if (type(value).__module__ or "").startswith(("numba.", "numba_cuda.")):
        return _numba_type(value, name)
    raise Refused(_why(value, name))


def same_tuple(value, parts):
    """A tuple of these parts, with the names of those of `value` where it has some."""
    return value._make(parts) if hasattr(value, "_make") else tuple(parts)


def _namespace(module, cuda):
    """Numba's cuda is the emulator's, and so are cuda's parts, such as cuda.cg."""
    name = getattr(module, "__name__", "")
    if not _is_cuda(name):
        return module
    part = name.split(".")[-1]
    if part in cuda.INSTEAD:
        raise Refused(f"the emulator does not run Numba's cuda.{part}; {cuda.INSTEAD[part]}")
    return getattr(cuda, part, cuda)


def _is_cuda(module):
    return module in ("numba.cuda", "numba_cuda.numba.cuda") or module.startswith(("numba.cuda.", "numba_cuda.numba.cuda."))


def _numba_type(value, name):
    try:
        return np.dtype(str(value).replace("boolean", "bool"))
    except TypeError:
        raise Refused(f"the emulator knows no {name} inside a kernel") from None


def _why(value, name):
    if isinstance(value, types.FunctionType):
        return f"{name} is a plain Python function, which a kernel cannot call: write @cuda.jit(device=True) above it, or, where Python calls it " \
               "too, above a copy of it with another name in the kernel's cell"
    if type(getattr(value, "__self__", value)).__module__.startswith(("random", "numpy.random")):
        return f"Numba does not compile {name} for a GPU; {_DRAWN}"
    if isinstance(value, (list, dict, set)):
        return f"{name} is a {type(value).__name__} from outside the kernel; make it a tuple or a NumPy array"
    if any(value is known for known in _OF_NUMPY):
        return f"the emulator does not run {name} inside a kernel; write the loop over its elements"
    if (getattr(value, "__module__", "") or "").startswith("numpy"):
        return f"Numba does not compile {name} for a GPU; {functions.numpy_advice(name.split('.')[-1])}"
    if any(value is known for known in _COMPILED) or isinstance(value, type) and issubclass(value, tuple):
        return f"the emulator does not run {name}() inside a kernel; write it out with numbers and loops"
    if getattr(value, "__name__", None) and vars(builtins).get(value.__name__) is value:
        return f"Numba does not compile {value.__name__}() for a GPU; write it out with numbers and loops"
    return f"{name} is a Python object ({type(value).__name__}), which means nothing on a GPU; pass numbers and arrays to the kernel"
