"""Arithmetic as Numba types it for a GPU, on NumPy scalars (uniform values) and arrays (one element a thread).

Two rules differ from Python's and surprise people. Integers narrower than 64 bits are widened before they are combined.
And float32 combined with a Python float, which is a float64, or with a 32- or 64-bit integer gives float64: slow on most
GPUs. NumPy's own rules for typed values agree, but for uint64 with a signed integer (Numba: int64; NumPy: float64), powers
with an integer exponent (Numba keeps the base's type) and the arithmetic of bools.
"""

import ast
import dis
import operator
import warnings
from functools import cache

import numpy as np

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
INT64, UINT64, BOOL = np.dtype(np.int64), np.dtype(np.uint64), np.dtype(np.bool_)

BINARY = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.true_divide, ast.FloorDiv: np.floor_divide,
    ast.Mod: np.remainder, ast.Pow: np.power, ast.LShift: np.left_shift, ast.RShift: np.right_shift,
    ast.BitAnd: np.bitwise_and, ast.BitOr: np.bitwise_or, ast.BitXor: np.bitwise_xor,
}
COMPARE = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_BITWISE = {np.bitwise_and, np.bitwise_or, np.bitwise_xor}
_SHIFTS = {np.left_shift, np.right_shift}
_SQUARED = 0x10000          # up to here Numba takes integer powers by repeated squaring


def typed(value):
    """A Python number with the type that Numba gives it; a NumPy number as it is."""
    if isinstance(value, np.generic):
        return value
    if isinstance(value, bool):
        return np.bool_(value)
    if isinstance(value, int):
        return np.int64(value) if -(2**63) <= value < 2**63 else np.uint64(value)
    return np.float64(value) if isinstance(value, float) else np.complex128(value)


def folded(node):
    """The number that Python itself makes of arithmetic of literals, before Numba sees it: 2 ** -1 is 0.5. None where it leaves it."""
    if not all(isinstance(n, (ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop)) for n in ast.walk(node)):
        return None
    with warnings.catch_warnings(action="ignore"):      # of ~True, which the kernel's own cell has warned of
        code = compile(ast.Expression(node), "", "eval")
    left = {step.opname for step in dis.get_instructions(code)} - {"RESUME", "LOAD_CONST", "LOAD_SMALL_INT", "RETURN_VALUE", "RETURN_CONST"}
    value = None if left else eval(code)
    return value if isinstance(value, (bool, int, float, complex)) else None


def is_number(value):
    return isinstance(value, (np.ndarray, np.generic))


def cast(value, dtype):
    """`value` converted as C converts: floats are cut, integers wrap. A complex number does not become a real one."""
    if value.dtype == dtype:
        return value
    if value.dtype.kind == "c" != dtype.kind:
        raise TypeError("a complex number does not become a real one; take its .real or .imag")
    return value.astype(dtype)


def binary(function, x, y):
    """x (operator) y, and whether a float32 was widened to float64 by it."""
    to_x, to_y, special, creeps = _plan(function, x.dtype, y.dtype)
    if to_x is not None:
        x = x.astype(to_x)
    if to_y is not None:
        y = y.astype(to_y)
    return (special or function)(x, y), creeps


@cache
def _plan(function, dx, dy):
    """How Numba types x (operator) y: the types both are converted to (None: as they are), a special function, creeping."""
    integers = dx.kind in "biu" and dy.kind in "biu"
    if not integers:
        if function is np.power and dx.kind == "f" and dy.kind in "biu":
            return None, INT64, _float_to_integer_power, False
        return None, None, None, widens(dx, dy)
    if function is np.true_divide:
        return FLOAT64, FLOAT64, None, False
    if function in _BITWISE and dx == dy == BOOL:
        return None, None, None, False
    if function in _SHIFTS:
        wide = UINT64 if dx.kind == "u" else INT64
    else:
        wide = UINT64 if dx.kind == dy.kind == "u" else INT64
    special = _integer_power if function is np.power else None
    return None if dx == wide else wide, None if dy == wide else wide, special, False


def widens(dx, dy):
    """True where a float32 meets a type that makes the result a float64."""
    return (dx == FLOAT32) != (dy == FLOAT32) and FLOAT64 == np.result_type(dx, dy)


def unified(dx, dy):
    """The type of a variable that is given values of two types."""
    if dx == dy:
        return dx
    if dx.kind in "iu" and dy.kind in "iu" and dx.kind != dy.kind and UINT64 in (dx, dy):
        return INT64
    return np.result_type(dx, dy)


def _float_to_integer_power(x, n):
    """x**n by repeated squaring, in the type of x, as Numba compiles it; large powers by `pow`. n : int64, uniform or one a thread."""
    large = (n > _SQUARED) | (n < -_SQUARED)
    exponent, power, base = np.where(large, 0, np.abs(n)), np.ones_like(x), x
    while np.any(exponent):
        power = np.where(exponent & 1, power * base, power).astype(x.dtype)
        exponent, base = exponent >> 1, base * base
    power = power if np.ndim(power) else x.dtype.type(power)
    power = np.where(n < 0, x.dtype.type(1) / power, power)
    return np.where(large, np.power(x.astype(FLOAT64), n.astype(FLOAT64)).astype(x.dtype), power)[()]


def _integer_power(x, n):
    """x**n for integers. Numba's function has floats among its results, so that all of them pass through float64.

    A negative exponent gives 0, except for a base of 1, -1 or 0.
    """
    large = n > _SQUARED
    power = np.where(large, np.power(x.astype(FLOAT64), n.astype(FLOAT64)), np.power(x, np.where(large | (n < 0), 0, n).astype(x.dtype)))
    if x.dtype.kind == "i":
        whole = np.where(x == 1, 1, np.where(x == -1, np.where(n % 2, -1, 1), np.where(x == 0, -2.0**63, 0)))
        power = np.where(n < 0, whole, power)
    return power[()].astype(x.dtype)


def unary(node_type, x):
    """-x, +x, ~x; `not` is the interpreter's. Numba widens an integer after the operation, so that -(-2**31) of an int32 is -2**31."""
    function = {ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert}[node_type]
    if x.dtype.kind in "iu":
        return cast(function(x), UINT64 if x.dtype.kind == "u" else INT64)
    if x.dtype == BOOL and node_type is not ast.Invert:
        x = cast(x, INT64)
    return function(x)


def select(condition, yes, no):
    """`yes` where the condition holds, else `no`, in the type that holds both."""
    dtype = unified(yes.dtype, no.dtype)
    return np.where(condition, cast(yes, dtype), cast(no, dtype))[()]


def smallest(*values):
    return _extreme(np.fmin, values)


def largest(*values):
    return _extreme(np.fmax, values)


def _extreme(function, values):
    """Numba's min and max for a GPU: one type for all, and a NaN loses against a number."""
    result = values[0]
    for value in values[1:]:
        dtype = unified(result.dtype, value.dtype)
        result = function(cast(result, dtype), cast(value, dtype))
    return result


def exactly_float32(value):
    """True where every number is the same after rounding to float32."""
    with np.errstate(all="ignore"):
        return bool(np.all(value == value.astype(np.float32)))
