"""The operations that the models are written in. Each looks where its arrays live and runs the kernel for that place.

Arrays are float32 or float64 in C order, NumPy's or a GPU's. An operation returns a new array unless it says "in place".
What each computes is written out in plain NumPy in `labkit.kernels`, beside its form for CPU cores and its form for GPUs.
"""

import importlib
import threading
from contextlib import contextmanager, nullcontext
from functools import lru_cache

import numpy as np

from labkit import _cuda, devices
from labkit.live import NotCapturable, running, scalar

FLOATS = (np.float32, np.float64)
SMALL = 1000        # elements; below, plain NumPy is as fast as compiled code and needs no compiler
LARGE = 30_000      # elements; above, it is worth asking whether several threads pay
ALONE_ANYWAY = 2**18        # multiply-adds of a matrix product; below, BLAS takes one thread by itself
WORTH_SHARING = 2**24       # above, a product takes long enough to share it


# Arrays, and where they live

def place(X):
    """Where an array lives: "cpu" for NumPy's, "cuda" for a GPU's, "emulated" for the emulator's."""
    if isinstance(X, np.ndarray):
        return "cpu"
    return "emulated" if hasattr(X, "emulated") else "cuda"


def as_floats(X, what="X"):
    """`X` as the operations need it: in C order, float32 or float64. Whole numbers and lists of numbers become float64.

    Raises TypeError for text, objects, complex numbers and float16.
    """
    if type(X) is np.ndarray and X.dtype.char in "fd" and X.flags.c_contiguous and X.dtype.isnative or hasattr(X, "copy_to_host"):
        return X
    array = as_array(X, what)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype.kind in "iub":
        return array.astype(np.float64, order="C")
    if array.dtype == np.float16:
        raise TypeError(f"{what} is float16, which keeps only 3 digits; pass {what}.astype(np.float32).")
    if array.dtype not in FLOATS:
        kind = {"O": "Python objects", "U": "text", "S": "text", "c": "complex numbers"}.get(array.dtype.kind, str(array.dtype))
        raise TypeError(f"{what} holds {kind}, but numbers are expected; convert with np.asarray({what}, dtype=np.float64).")
    return np.asarray(array, order="C")


def as_array(X, what):
    """np.asarray(X). Raises ValueError for rows of different lengths and for a mask, which np.asarray would overlook, TypeError for sparse data."""
    if hasattr(X, "toarray"):
        raise TypeError(f"Sparse data was passed for {what}, but dense data is required; pass {what}.toarray().")
    if hasattr(X, "hardmask") and np.any(X.mask):
        raise ValueError(f"{what} is a masked array, and its mask would be overlooked; fill the gaps: {what}.filled(value), or leave those rows out.")
    try:
        return np.asarray(X)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ValueError(f"{what} has rows of different lengths; every row needs as many numbers as the first.") from None


def generator(seed, what="random_state"):
    """The numpy.random.Generator that `seed` is, or seeds."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ValueError(f"{what} must be a whole number, 0 or more, a numpy.random.Generator or None, got {seed!r}.") from None


def is_number(value):
    """Whether this is one real number, whole or not, of Python's or NumPy's; True and False are none."""
    return not isinstance(value, (list, tuple)) and np.ndim(value) == 0 and np.asarray(value).dtype.kind in "iuf"


def as_python(value):
    """A number of NumPy's as Python's, which neither overflows nor turns round: -np.uint8(1) is 255."""
    return value.item() if isinstance(value, (np.generic, np.ndarray)) else value


def is_count(value):
    """Whether this is a whole number, 1 or more; True is none."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= 1


def float_type(dtype):
    """The type that a layer computes in, of NumPy. Raises TypeError for all but float32 and float64."""
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = None
    if kind not in FLOATS:
        raise TypeError(f"dtype is {dtype!r}, but a layer computes in np.float32 or np.float64.")
    return kind


def own(array):
    """An array that may be changed: this one, or a copy where it is read-only, as what joblib.load(..., mmap_mode="r") maps."""
    return array if place(array) != "cpu" or array.flags.writeable else np.array(array)


def as_table(X, what="X"):
    """`as_floats`, and two-dimensional: (n_examples, n_columns). Raises ValueError for any other shape."""
    X = as_floats(X, what)
    if X.ndim != 2 or X.shape[1] == 0:
        raise ValueError(f"{what} has shape {X.shape}, but a table (n_examples, n_columns) is expected; "
                         f"pass a single example as {what}.reshape(1, -1).")
    return X


def as_gradient(dY, Y):
    """The gradient by a layer's output Y, of its shape and type. Raises ValueError for any other shape."""
    dY = as_floats(dY, "dY")
    if dY.shape != Y.shape:
        raise ValueError(f"the gradient has shape {dY.shape}, but the layer's output had shape {Y.shape}; "
                         "pass one number for each output, as a loss returns them.")
    return np.asarray(dY, Y.dtype, order="C") if isinstance(Y, np.ndarray) else dY


def empty(shape, like):
    """An array of that shape, not filled, of the type and in the place of `like`."""
    return np.empty(shape, like.dtype) if isinstance(like, np.ndarray) else _cuda_of(like).device_array(shape, like.dtype)


def zeros(shape, like):
    """An array of zeros of the type and in the place of `like`."""
    return move(np.zeros(shape, like.dtype), like)


def move(array, like):
    """A NumPy array, copied to the place where `like` lives (unchanged where that is NumPy)."""
    if place(like) == "cpu":
        return array
    _outside_a_recording("an array is moved to the GPU")
    return _cuda_of(like).to_device(np.ascontiguousarray(array))


def to_numpy(X):
    """The array as NumPy's, copied from the GPU where it lives there."""
    return X if place(X) == "cpu" else _read(X)


def _read(X):
    _outside_a_recording("an array is read")
    return X.copy_to_host()


def _outside_a_recording(what):
    """A step that is being recorded computes nothing, and its copies would not be repeated."""
    if running.capture and running.capture.records:
        raise NotCapturable(f"{what} in the middle of the step, which a graph cannot repeat")


class Number:
    """One number on a GPU; float() waits for it and reads it."""

    def __init__(self, array):
        self.array = array

    def __float__(self):
        return float(_read(self.array)[0])


def _cuda_of(X):
    """CUDA as it belongs to an array: Numba's, or the emulator's."""
    return _cuda.real() if place(X) == "cuda" else _cuda.emulated()


# Running kernels

@lru_cache(None)
def _kernel(family, name):
    return getattr(importlib.import_module(f"labkit.kernels.{family}"), name)


@lru_cache(None)
def _one_thread(family, name):
    cpu = _kernel(family, name).cpu
    return getattr(cpu, "serial", cpu)


def _run(family, name, *arguments):
    """Run a kernel where its first array lives; returns that array."""
    out = arguments[0]
    if isinstance(out, np.ndarray):
        size = max(out.size, getattr(arguments[1], "size", 0))
        if size < SMALL:
            with np.errstate(under="ignore"):       # as in the other forms: what is too small to hold is 0
                _kernel(family, name).oracle(*arguments)
        elif size < LARGE:
            _one_thread(family, name)(*arguments)
        else:
            _kernel(family, name).on_cpu(*arguments)
    elif place(out) == "cuda":
        _kernel(family, name).start_on_cuda(*arguments)
    else:
        _kernel(family, name).on_emulator(*arguments)
    return out


def _flat(X):
    return X.reshape(-1)


def _each(name, *arrays):
    """Run an element-by-element kernel: the output has the shape of the first input."""
    out = empty(arrays[0].shape, arrays[0])
    _run("activations", name, _flat(out), *map(_flat, arrays))
    return out if out.ndim else out[()]


# Products and sums

def matmul(A, B, out=None, transpose_a=False, transpose_b=False, scale=1.0, keep=0.0):
    """scale op(A) op(B) + keep out, with op(A) = A or its transpose. `out` is written in place where it is given.

    A : (n, k), or (k, n) with `transpose_a`; B : (k, m), or (m, k) with `transpose_b`; result (n, m)
    """
    n, k = A.shape[::-1] if transpose_a else A.shape
    m, depth = B.shape if transpose_b else B.shape[::-1]
    if k != depth:
        raise ValueError(f"a matrix of {n} x {k} cannot be multiplied by one of {depth} x {m}; the inner sizes have to agree.")
    if out is None:
        out, keep = empty((n, m), A), 0.0
    if isinstance(A, np.ndarray):
        form = "shared" if _limiting.locked() and n * k * m > WORTH_SHARING else "blas"
        _kernel("matmul", form)(scale, A, B, keep, out, transpose_a, transpose_b)
    else:
        _kernel("matmul", "on_gpu")(out, A, B, scalar(np.float32, scale), scalar(np.float32, keep), transpose_a, transpose_b)
    return out


def blas_threads_for(multiply_adds):
    """A context for many products of at most so many multiply-adds each: BLAS gets one thread, and large products are shared out
    among threads of ours.

    The threads of BLAS spin while they wait for each other. When something else wants a core too, a product of a few milliseconds
    then waits for that: an epoch was measured to take five to ten times as long on two of them as on one.
    """
    return _blas_alone() if multiply_adds > ALONE_ANYWAY else nullcontext()


@contextmanager
def _blas_alone():
    """BLAS on one thread, which one Python thread at a time may ask for: how many it has belongs to the process, and of two who
    overlap each would put back what the other had set. Who comes second takes what there is until it asks again."""
    if not _limiting.acquire(blocking=False):
        yield
        return
    before = []
    try:
        before = [(library, library.num_threads) for library in _blas_pool().lib_controllers if library.user_api == "blas"]
        with _blas_pool().limit(limits=1, user_api="blas") as limit:
            yield limit
    finally:
        try:
            for library, threads in before:
                if library.num_threads != threads:      # Ctrl-C came while the pool set them or put them back
                    library.set_num_threads(threads)
        finally:
            _limiting.release()


_limiting = threading.Lock()


@lru_cache(None)
def _blas_pool():
    import scipy.linalg.blas  # noqa: F401  the controller knows the libraries that are loaded when it is made
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def linear(X, W, b):
    """X W + b: a layer's weighted sums. X : (n_examples, n_inputs), W : (n_inputs, n_units), b : (n_units,)"""
    return add_bias(matmul(X, W), b)


def add_bias(Z, b):
    """z + b, column by column, in place. Z : (n, m), b : (m,)"""
    return _run("activations", "add_bias", Z, Z, b)


def column_sums(X, out=None, scale=1.0, keep=0.0):
    """scale (the sum over the rows) + keep out, in place where `out` is given. X : (n, m); result (m,)"""
    if out is None:
        out, keep = empty(X.shape[1:], X), 0.0
    real = X.dtype.type
    return _run("reductions", "column_sums", out, X, scalar(real, scale), scalar(real, keep))


def total(X):
    """The sum of a vector, as one number that stays where X lives until float() reads it."""
    return X.sum() if isinstance(X, np.ndarray) else Number(_run("reductions", "total", empty(1, X), X))


def row_argmax(X):
    """For each row the column of its largest element. X : (n, m); result (n,) of whole numbers"""
    return _run("rows", "row_argmax", move(np.empty(X.shape[0], np.int64), X), X)


def take(X, rows):
    """Some rows of X, in that order, or a slice of them. X : (n, m) or (n,); rows : slice or (k,) of whole numbers, NumPy's
    or where X lives"""
    if isinstance(rows, slice) or place(X) == "cpu":
        return X[rows]
    rows = move(rows, X) if isinstance(rows, np.ndarray) else rows
    if X.ndim == 1:
        return _run("rows", "take_rows", empty((rows.size, 1), X), X.reshape(X.size, 1), rows).reshape(rows.size)
    return _run("rows", "take_rows", empty((rows.size, X.shape[1]), X), X, rows)


# Activations: each is followed by its backward rule

def sigmoid(X):
    """1 / (1 + exp(-x))"""
    return _each("sigmoid", as_floats(X))


def sigmoid_backward(dY, Y):
    """dy y (1 - y)"""
    return _each("sigmoid_backward", as_gradient(dY, Y), Y)


def tanh(X):
    """tanh(x)"""
    return _each("tanh", as_floats(X))


def tanh_backward(dY, Y):
    """dy (1 - y^2)"""
    return _each("tanh_backward", as_gradient(dY, Y), Y)


def relu(X):
    """max(x, 0)"""
    return _each("relu", as_floats(X))


def relu_backward(dY, Y):
    """dy where the unit was open (y > 0), 0 where it was shut"""
    return _each("relu_backward", as_gradient(dY, Y), Y)


def prelu(X, a):
    """x where positive, a x elsewhere, with one slope for each column. X : (n, m), a : (m,)"""
    return _run("activations", "prelu", empty(X.shape, X), X, a)


def prelu_backward(dY, X, a):
    """The gradient by X, (n, m), and what the columns' sums of are those by the slopes a: dy min(x, 0), (n, m)."""
    dX, parts = empty(X.shape, X), empty(X.shape, X)
    _run("activations", "prelu_backward", dX, parts, as_gradient(dY, X), X, a)
    return dX, parts


def softmax(Z):
    """Each row of scores as probabilities: exp(z) / sum exp(z). Z : (n, m)"""
    return _run("softmax", "softmax", empty(Z.shape, Z), Z)


def softmax_backward(dP, P):
    """p (dp - dp . p), row by row"""
    return _run("softmax", "softmax_backward", empty(P.shape, P), as_gradient(dP, P), P)


# Losses

def loss(name, Y, T, share, *limits):
    """A loss of `labkit.kernels.softmax`: its value and its gradient by Y, both times `share`.

    Y, T : (n, m), or T : (n,) of whole numbers for `softmax_cross_entropy`
    """
    losses, dY = empty(Y.shape[0], Y), empty(Y.shape, Y)
    _run("softmax", name, dY, losses, Y, T, *map(Y.dtype.type, (share, *limits)))
    return total(losses), dY


# Changing parameters, all in place

def update(name, w, *arguments):
    """One step of the optimizer of that name (see `labkit.kernels.updates`) on an array of parameters, in place."""
    return _change("updates", name, w, arguments)


def _change(family, name, w, arguments):
    real, flat = w.dtype.type, _flat(w)
    _run(family, name, flat, *[_flat(a) if getattr(a, "ndim", 0) else scalar(real, a) for a in arguments])
    if isinstance(w, np.ndarray) and not w.flags.c_contiguous:
        w[...] = flat.reshape(w.shape)          # there `flat` was a copy
    return w


def scale(w, c):
    """w <- c w, in place."""
    return _change("penalties", "scale", w, (c,))


def add_scaled(g, w, c):
    """g <- g + c w, in place."""
    return _change("penalties", "add_scaled", g, (w, c,))


def soft_threshold(w, t):
    """w <- sign(w) max(|w| - t, 0), in place."""
    return _change("penalties", "soft_threshold", w, (t,))


def max_norm(W, c):
    """Shorten each column longer than c to length c, in place. W : (n_inputs, n_units)"""
    return _run("penalties", "max_norm", W, W.dtype.type(c))


# Dropout

def dropout_mask(X, rate, kept, seed, draw):
    """A mask of the shape and type of X: 0 with probability `rate`, `kept` elsewhere; the same for the same seed and draw."""
    mask = empty(X.shape, X)
    _run("dropout", "dropout_mask", _flat(mask), np.uint64(round(rate * 2**32)), X.dtype.type(kept), np.uint64(seed), scalar(np.uint64, draw))
    return mask


def scaled(X, c):
    """c x, in a new array"""
    out = zeros(X.shape, X)
    return add_scaled(out, X, c)


def multiply(A, B):
    """a b, element by element"""
    return _each("multiply", A, B)


# Ivakhnenko's layer

def gmdh_pairs(X, y, X_check, y_check, least_norm):
    """Every pair of columns fitted by a quadratic on (X, y) and judged on (X_check, y_check), all float64.

    Returns coefficients (n_pairs, 6) and sums of squared errors over that of y_check (n_pairs,), in the order of
    np.triu_indices; infinite where the pair is nearly singular, unless `least_norm` asks for its shortest solution. Both are
    NumPy's, wherever the rows live: the choice among them is made there.
    """
    if place(X) == "cpu":
        multiply_adds = _kernel("moments", "ROWS") * (2 * X.shape[1] + 1) ** 2
        with _blas_alone() if ALONE_ANYWAY < multiply_adds < WORTH_SHARING else nullcontext() as alone:
            at_once = alone is not None and devices.cores() > 1         # while BLAS has one thread, a second one of ours is free
            return _kernel("gmdh", "fit_pairs")(X, y, X_check, y_check, least_norm, at_once)
    first, second, yy = _gmdh_tables(X, y), _gmdh_tables(X_check, y_check), float((to_numpy(y_check) ** 2).sum())
    n_pairs = X.shape[1] * (X.shape[1] - 1) // 2
    W, errors = empty((n_pairs, 6), X), empty(n_pairs, X)
    _run("gmdh", "pairs", W, errors, *first, *second, yy)
    first, second = ([to_numpy(table) for table in tables] if least_norm else None for tables in (first, second))
    return _kernel("gmdh", "judged")(to_numpy(W), to_numpy(errors), first, second, yy, least_norm)


def _gmdh_tables(X, y):
    """The moments of rows on a GPU: sums over parts of them, then the tables."""
    m, n = X.shape
    parts = empty((_kernel("moments", "n_parts")(m, n), 7, n + 1, n + 1), X)
    _run("moments", "sums", parts, X, y)
    tables = empty((2 * n + 1, 2 * n + 1), X), empty((n, n), X), empty((n, n), X), empty(2 * n + 1, X)
    _run("moments", "unfold", *tables, parts)
    return tables


def gmdh_refit(X, y, left, right):
    """Coefficients (k, 6) of the units of columns left[k] and right[k], by orthogonal factors of the rows themselves."""
    return _kernel("gmdh", "refit_units")(X, y, left, right)


def gmdh_outputs(X, left, right, weights):
    """What each quadratic unit makes of its two columns. X : (m, n), left, right : (k,), weights : (k, 6); result (m, k)"""
    return _run("gmdh", "outputs", np.empty((len(X), len(left))), X, left, right, weights)
