"""How a check reads an answer that can be right in many ways: not what was returned is compared, but what it does.

A reading takes what the student's function returned and the arguments of the call. It raises ValueError with words that go on from
"it returned".
"""

import numpy as np

MOST_INPUTS = 12


def threshold_answers(result, name, n):
    """What a threshold unit (w, b) answers to every input of 0s and 1s, in counting order 00, 01, 10, 11. Returns (2**n,) of 0 and 1.

    result : the pair (w, b), w : (n,), b : a number; name : the gate's name, not used
    """
    n = int(n)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        given = f"{len(result)} things" if isinstance(result, (tuple, list)) and len(result) > 1 else "one thing"
        raise ValueError(f"{given}, expected two: return w, b")
    if any(isinstance(part, str) or np.asarray(part).dtype.kind in "US" for part in result):
        raise ValueError("text where numbers are expected: return w, b")
    w, b = (np.asarray(part, float) for part in result)
    if b.size != 1:
        raise ValueError(f"a bias of shape {b.shape}, expected one number")
    if w.size != n or w.ndim > 1 or n > MOST_INPUTS:
        raise ValueError(f"weights of shape {w.shape} for {n} input{'s' if n > 1 else ''}, expected shape ({n},)")
    if not (np.isfinite(w).all() and np.isfinite(b).all()):
        raise ValueError("weights that are NaN or infinite, expected numbers")
    inputs = (np.arange(2**n)[:, None] >> np.arange(n)[::-1]) & 1
    return (inputs @ np.atleast_1d(w) + b.reshape(()) > 0).astype(int)
