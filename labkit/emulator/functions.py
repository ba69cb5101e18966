"""The functions that a kernel may call besides `cuda`'s: Python's, `math`'s, `cmath`'s and the few of NumPy's that Numba compiles for a GPU.

`math` keeps float32 in float32 and computes integers in float64, as CUDA's library does. The last bit may differ from a
GPU's, whose manufacturer promises one or two units in the last place.
"""

import builtins
import math
import operator

import numpy as np

from labkit.emulator import arithmetic
from labkit.emulator.arithmetic import FLOAT32, FLOAT64, INT64, cast


def _one_by_one(function):
    """A function of Python's floats for arrays, where NumPy has none of its own."""
    def apply(x):
        return np.asarray([function(float(v)) for v in np.ravel(x)]).reshape(np.shape(x)).astype(x.dtype)[()]
    return apply


def _guarded(function, otherwise):
    def apply(x):
        try:
            return function(x)
        except (OverflowError, ValueError):
            return otherwise
    return apply


UNARY = {name: getattr(np, name) for name in (
    "sqrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh", "floor",
    "ceil", "trunc", "fabs", "degrees", "radians", "modf", "frexp")}
UNARY |= {"asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh}
UNARY |= {"erf": _one_by_one(math.erf), "erfc": _one_by_one(math.erfc), "gamma": _one_by_one(_guarded(math.gamma, math.nan)),
          "lgamma": _one_by_one(_guarded(math.lgamma, math.inf))}
BINARY = {"atan2": np.arctan2, "fmod": np.fmod, "hypot": np.hypot, "copysign": np.copysign, "nextafter": np.nextafter,
          "remainder": lambda x, y: (x - y * np.rint(x / y)).astype(x.dtype)}
TESTS = {"isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite}
COMPLEX = {"acos": np.arccos, "asin": np.arcsin, "asinh": np.arcsinh, "atan": np.arctan, "atanh": np.arctanh, "cos": np.cos, "exp": np.exp,
           "log": np.log, "sin": np.sin, "sqrt": np.sqrt, "tan": np.tan, **TESTS}
COMPLEX_ONLY = {"acosh": np.arccosh, "cosh": np.cosh, "log10": np.log10, "sinh": np.sinh, "tanh": np.tanh, "phase": np.angle,
                "polar": lambda z: (np.abs(z), np.angle(z))}

# Found by compiling each of NumPy's functions with numba-cuda 0.30 for sm_90; the others are refused there.
NUMPY_COMPILED = frozenset(
    "acos acosh arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh conj conjugate cos cosh "
    "deg2rad degrees divide equal fmax fmin greater greater_equal hypot isnan less less_equal log log10 log2 logical_and "
    "logical_not logical_or logical_xor maximum minimum not_equal rad2deg radians sin sinh tan tanh true_divide".split())
_MATH_INSTEAD = {"exp", "sqrt", "expm1", "log1p", "floor", "ceil", "fabs", "copysign", "isfinite", "isinf", "trunc", "exp2"}
_PYTHON_INSTEAD = {"abs": "abs(x)", "absolute": "abs(x)", "power": "x ** y", "pow": "x ** y", "square": "x * x",
                   "add": "x + y", "multiply": "x * y", "subtract": "x - y", "bitwise_and": "x & y", "bitwise_or": "x | y", "bitwise_xor": "x ^ y"}


def of_math(name):
    """The emulator's form of math.<name>, or None where Numba compiles none. It returns (value, widened a float32)."""
    if name in UNARY:
        return lambda x: (UNARY[name](_real(x)), False)
    if name in TESTS:
        return lambda x: (TESTS[name](_real(x)), False)
    if name == "pow":
        return _pow
    if name == "ldexp":
        return lambda x, n: (np.ldexp(_real(x), cast(n, np.dtype(np.int32))), False)
    if name in BINARY:
        return lambda x, y: _pair(BINARY[name], x, y)
    return None


def of_cmath(name):
    """The emulator's form of cmath.<name>, or None where Numba compiles none."""
    if name == "rect":
        return _rect
    if name not in COMPLEX | COMPLEX_ONLY:
        return None

    def apply(z, *base):
        if name in COMPLEX_ONLY and z.dtype.kind != "c" or len(base) > (name == "log"):
            raise TypeError(f"Numba compiles cmath.{name} for one complex number")
        value = (COMPLEX | COMPLEX_ONLY)[name](_complex(z))
        return (value / np.log(_complex(*base)) if base else value), False
    return apply


def _complex(x):
    return x if x.dtype.kind == "c" else cast(x, np.dtype(np.complex64 if x.dtype == FLOAT32 else np.complex128))


def _rect(r, phi):
    if r.dtype != phi.dtype or r.dtype.kind != "f":
        raise TypeError("cmath.rect takes two floats of one type")
    z = np.asarray(_complex(r * np.cos(phi)))
    z.imag = r * np.sin(phi)
    return z[()], False


def _real(x):
    if x.dtype.kind == "c":
        raise TypeError("math works on real numbers")
    return x if x.dtype.kind == "f" else x.astype(FLOAT64)


def _pair(function, x, y):
    dtype = np.result_type(_real(x).dtype, _real(y).dtype)
    return function(cast(x, dtype), cast(y, dtype)), arithmetic.widens(x.dtype, y.dtype)


def _pow(x, y):
    """A float32 stays one with an int32 exponent only; a literal such as 2 is an int64."""
    if x.dtype == np.float32 and y.dtype == np.int32:
        return arithmetic.binary(np.power, x, y)
    return _pair(np.power, x, y)


def of_numpy(name):
    """The emulator's form of np.<name>, or None. Returns (value, widened a float32)."""
    if name not in NUMPY_COMPILED:
        return None
    function = getattr(np, name)
    if function.nin == 1:
        return lambda x: (_without_halves(function, x), False)
    return lambda x, y: _numpy_pair(function, x, y)


def _without_halves(function, *values):
    """Of an int8 or a bool NumPy makes a float16, Numba a float32."""
    result = function(*values)
    if result.dtype == np.float16 and all(v.dtype != np.float16 for v in values):
        result = function(*(cast(v, FLOAT32) for v in values))
    return result


def _numpy_pair(function, x, y):
    """NumPy's functions, unlike operators, let a float32 and an integer meet in float32."""
    if np.float32 in (x.dtype, y.dtype) and "f" in (x.dtype.kind, y.dtype.kind) and {x.dtype.kind, y.dtype.kind} & set("iub"):
        x, y = cast(x, np.dtype(np.float32)), cast(y, np.dtype(np.float32))
    return _without_halves(function, x, y), arithmetic.widens(x.dtype, y.dtype)


def numpy_advice(name):
    """What to write instead of np.<name>."""
    if name in _MATH_INSTEAD:
        return f"write math.{name}"
    if name in _PYTHON_INSTEAD:
        return f"write {_PYTHON_INSTEAD[name]}"
    return "write the loop over its elements, or make the array outside the kernel and pass it in"


def of_array(function, view):
    """np.size and np.shape, which Numba compiles for an array."""
    shape = tuple(np.int64(n) for n in view.shape)
    return shape if function is np.shape else np.int64(view.size)


def _int(x):
    return x if x.dtype.kind in "iu" else cast(x, INT64)


def _float(x):
    if x.dtype == arithmetic.BOOL:
        raise TypeError("Numba makes no float of a bool with it; write np.float64(...), or 1.0 if ... else 0.0")
    return x if x.dtype.kind == "f" else cast(x, FLOAT64)


def _round(x, digits=None):
    if digits is None:
        return x if x.dtype.kind in "iu" else cast(np.rint(x), INT64)
    if digits.dtype.kind not in "iu":
        raise TypeError("it takes an integer number of digits")
    scale, wide = 10.0 ** np.abs(cast(digits, FLOAT64)), cast(x, FLOAT64)
    moved = np.where(digits < 0, wide / scale, wide * scale)
    back = np.where(digits < 0, np.rint(moved) * scale, np.rint(moved) / scale)
    return cast(np.where(np.isfinite(moved), back, wide)[()], x.dtype)


def _divmod(x, y):
    quotient, widened = arithmetic.binary(np.floor_divide, x, y)
    return (quotient, arithmetic.binary(np.remainder, x, y)[0]), widened


def _extreme(function):
    def apply(*values):
        if len(values) < 2:
            raise TypeError("min and max want two numbers or more, or a tuple of them")
        if any(v.dtype.kind in "bc" for v in values):
            raise TypeError("Numba compiles min and max for integers and real numbers only")
        creeps = any(arithmetic.widens(values[0].dtype, v.dtype) for v in values[1:])
        return function(*values), creeps
    return apply


def _plain(function):
    return lambda *values: (function(*values), False)


def _operator(function):
    return lambda x, y: arithmetic.binary(function, x, y)


def _comparison(function):
    def apply(x, y):
        if "c" in (x.dtype.kind, y.dtype.kind) and function not in (operator.eq, operator.ne):
            raise TypeError("of complex numbers none is the greater")
        return function(x, y), False
    return apply


# Python's own, in the order of arithmetic.BINARY.
_OPERATORS = (operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow, operator.lshift,
              operator.rshift, operator.and_, operator.or_, operator.xor)


NUMERIC = {
    builtins.abs: _plain(np.abs), builtins.int: _plain(_int), builtins.float: _plain(_float),
    builtins.bool: _plain(lambda x: x != 0), builtins.round: _plain(_round), builtins.divmod: _divmod,
    builtins.min: _extreme(arithmetic.smallest), builtins.max: _extreme(arithmetic.largest),
    builtins.pow: _operator(np.power),
    builtins.complex: _plain(lambda x, y=0: x + y * np.complex128(1j)),
    **{own: _operator(function) for own, function in zip(_OPERATORS, arithmetic.BINARY.values(), strict=True)},
    **{compare: _comparison(compare) for compare in arithmetic.COMPARE.values()},
}
