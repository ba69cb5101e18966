"""Where a layer's weights start. Each function draws W : (n_inputs, n_units) in float64; rng is a seed or numpy.random.Generator."""

import numpy as np

from labkit.ops import as_python, generator, is_count, is_number


def sizes(n_inputs, n_units):
    """The two sizes of W as Python's whole numbers: sums of NumPy's small ones would overflow."""
    if not (is_count(n_inputs) and is_count(n_units)):
        raise ValueError(f"n_inputs is {n_inputs!r} and n_units {n_units!r}, but both have to be whole numbers above 0.")
    return int(n_inputs), int(n_units)


def finite(name, value, least=-np.inf):
    """A number of at least that size, as Python's: -np.uint8(1) is 255."""
    if not (is_number(value) and least <= value < np.inf and value > -np.inf):
        raise ValueError(f"{name} is {value!r}, but it has to be a number{', 0 or more' if least == 0 else ''}.")
    return as_python(value)


def uniform(n_inputs, n_units, rng, limit=0.3):
    """Uniform in [-limit, limit]; 0.3 is Rumelhart, Hinton and Williams' start (Nature, 1986)."""
    limit = finite("limit", limit, least=0)
    return generator(rng, "rng").uniform(-limit, limit, sizes(n_inputs, n_units))


def glorot(n_inputs, n_units, rng):
    """Uniform with variance 2 / (n_inputs + n_units), for sigmoid and tanh units. Glorot and Bengio 2010, eq. 16."""
    n_inputs, n_units = sizes(n_inputs, n_units)
    return uniform(n_inputs, n_units, rng, np.sqrt(6 / (n_inputs + n_units)))


def he(n_inputs, n_units, rng, slope=0.0):
    """Normal with variance 2 / ((1 + slope^2) n_inputs), for ReLU and PReLU units. He et al. 2015, eqs. 10 and 15."""
    n_inputs, n_units = sizes(n_inputs, n_units)
    slope = finite("slope", slope)
    return generator(rng, "rng").standard_normal((n_inputs, n_units)) * np.sqrt(2 / ((1 + slope**2) * n_inputs))


def sparse(n_inputs, n_units, rng, connections=15, scale=1.0):
    """Each unit gets `connections` normal weights, the rest zero, so that no sum grows with the layer. Martens 2010, section 5."""
    n_inputs, n_units = sizes(n_inputs, n_units)
    if not is_count(connections):
        raise ValueError(f"connections is {connections!r}, but it has to be a whole number, 1 or more.")
    scale = finite("scale", scale)
    W, rng = np.zeros((n_inputs, n_units)), generator(rng, "rng")
    for unit in range(n_units):
        inputs = rng.choice(n_inputs, min(connections, n_inputs), replace=False)
        W[inputs, unit] = scale * rng.standard_normal(len(inputs))
    return W


INITIALIZERS = {"uniform": uniform, "glorot": glorot, "he": he, "sparse": sparse}


def initializer_of(given):
    """The function itself, or that of the name."""
    if callable(given):
        return given
    if not isinstance(given, str) or given not in INITIALIZERS:
        raise ValueError(f"initializer is {given!r} but has to be a function or one of {', '.join(INITIALIZERS)}.")
    return INITIALIZERS[given]
