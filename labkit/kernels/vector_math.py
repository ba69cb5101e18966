"""Mathematical functions in plain arithmetic, which the compiler can turn into vector code: Numba calls `math.exp` one number
at a time."""

import numpy as np

from labkit.kernels._numba import FINITE_MATH, njit

_0, _1, _2, _HALF = np.float32(0), np.float32(1), np.float32(2), np.float32(0.5)
_SHIFT, _BIAS, _MANTISSA = np.int32(256), np.int32(127), np.int32(23)
_SQRT_HALF = np.float32(0.5**0.5).view(np.int32)        # the bits of it


@njit(fastmath=FINITE_MATH)
def exp(x):
    """e**x in float32, to 2e-7 relative for |x| < 87 and held there beyond.

    x = n ln 2 + r: a polynomial in r, and n written into the exponent bits. Each integer is cut back to 32 bits, which vector
    units convert to float; Numba would widen it to 64 bits, which they do not.
    """
    x = min(max(x, np.float32(-87)), np.float32(87))
    n = np.int32(np.int32(x * np.float32(1.44269504) + np.float32(256.5)) - _SHIFT)
    r = x - np.float32(n) * np.float32(0.693145752) - np.float32(n) * np.float32(1.42860677e-6)
    p = np.float32(1 / 24) + r * (np.float32(1 / 120) + r * np.float32(1 / 720))
    p = _1 + r * (_1 + r * (_HALF + r * (np.float32(1 / 6) + r * p)))
    return p * np.int32(np.int32(n + _BIAS) << _MANTISSA).view(np.float32)


@njit(fastmath=FINITE_MATH)
def logistic(z):
    """1 / (1 + e**-z)"""
    return _1 / (_1 + exp(-z))


@njit(fastmath=FINITE_MATH)
def tanh(x):
    """The hyperbolic tangent in float32, to 2e-7 relative at every size of x.

    1 - 2 / (1 + e**2x) would lose the digits of a small x. There Lambert's continued fraction x / (1 + x^2 / (3 + x^2 / (5 + ...)))
    is cut off after 11 and written as one fraction.
    """
    size, x2 = abs(x), min(x * x, _1)
    near = x * (np.float32(10395) + x2 * (np.float32(1260) + x2 * np.float32(21))) / (
        np.float32(10395) + x2 * (np.float32(4725) + x2 * (np.float32(210) + x2)))
    far = _1 - _2 / (_1 + exp(_2 * size))
    far = -far if x < _0 else far
    return near if size < np.float32(0.75) else far


@njit(fastmath=FINITE_MATH)
def log(x):
    """The natural logarithm in float32, to 2e-7 relative, for normal x above 0; NaN and infinity are their own."""
    return _log(x, x - _1)


@njit(fastmath=FINITE_MATH)
def log1p(x):
    """log(1 + x) in float32, to 3e-7 relative, for x from -1 + 6e-8 on; NaN and infinity are their own."""
    return _log(_1 + x, x)


@njit(fastmath=FINITE_MATH)
def _log(x, above):
    """log x, where `above` is x - 1 with all digits that are known.

    x = m 2**n with m between sqrt(1/2) and sqrt(2), and log m = 2 artanh s with s = (m - 1) / (m + 1), at most 0.172 in size: five
    terms of the series. Where n is 0, m - 1 is `above`.
    """
    bits = np.float32(x).view(np.int32)
    n = np.int32(np.int32(bits - _SQRT_HALF) >> _MANTISSA)
    m = np.int32(bits - np.int32(n << _MANTISSA)).view(np.float32)
    f = above if n == 0 else m - _1
    s = f / (_2 + f)
    s2 = s * s
    p = np.float32(1 / 3) + s2 * (np.float32(1 / 5) + s2 * (np.float32(1 / 7) + s2 * np.float32(1 / 9)))
    y = np.float32(n) * np.float32(0.693145752) + (_2 * s + (_2 * s * s2 * p + np.float32(n) * np.float32(1.42860677e-6)))
    return y if x < np.float32(np.inf) else x
