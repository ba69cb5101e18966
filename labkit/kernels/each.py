"""CUDA kernels for what is done to every element alike, made from what is done to one.

A GPU hides how long a read takes by having many of them on their way at once (Little's law: speed times time is what is on the way).
One float32 a thread is not enough for a fast memory: of all 2,048 threads of a multiprocessor that is 8 KB. So a thread takes FOUR
elements, so far apart that neighbouring threads still touch neighbours, and reads them all before it writes one.
"""

import inspect
import itertools
import linecache

import numpy as np

FOUR = 4
THREADS = 256               # of a block for vectors
WIDE, HIGH = 32, 8          # a block for tables: 32 columns, 8 rows at a time
_numbers = itertools.count()


def four_each(count):
    """The launch that gives each thread four elements of vectors of this length."""
    return (count + FOUR * THREADS - 1) // (FOUR * THREADS), THREADS


def four_rows_each(shape):
    """The launch that gives each thread four rows of one column of tables of this shape. A grid may be longer than it is wide."""
    return ((shape[0] + FOUR * HIGH - 1) // (FOUR * HIGH), (shape[1] + WIDE - 1) // WIDE), (WIDE, HIGH)


def each(formula, name, arrays, writes, by_column=0):
    """The CUDA form, a function of the namespace, of a kernel over vectors of one length or over tables of one shape.

    formula   : a function of one element of each array that is read, then of plain numbers; it returns one of each array written
    arrays    : how many parameters of `formula` are elements of those arrays
    writes    : names of the arrays written, as "w v"; one that is no parameter of `formula` is not read, and comes first
    by_column : how many parameters after them have an element for each column of the tables; 0 for vectors
    """
    parameters, writes = list(inspect.signature(formula).parameters), writes.split()
    taken = [array for array in writes if array not in parameters] + parameters
    apart, at = (HIGH, "{}, column") if by_column else (THREADS, "{}")

    def places(i):
        return [f"{array}[{at.format(i)}]" for array in parameters[:arrays]] + [
            f"{array}[column]" for array in parameters[arrays:arrays + by_column]] + parameters[arrays + by_column:]

    def results(i):
        return [f"{array}[{at.format(i)}]" for array in writes]

    body = [
        f"if i + {(FOUR - 1) * apart} < {taken[0]}.shape[0]:",
        *(f"    i{q} = U64(i + {q * apart})" for q in range(FOUR)),
        *(f"    {', '.join(f'{array}{q}' for array in writes)} = one({', '.join(places(f'i{q}'))})" for q in range(FOUR)),
        *(f"    {place} = {array}{q}" for q in range(FOUR) for place, array in zip(results(f"i{q}"), writes, strict=True)),
        "else:",
        f"    while i < {taken[0]}.shape[0]:",
        f"        {', '.join(results('i'))} = one({', '.join(places('i'))})",
        f"        i += {apart}",
    ]
    if by_column:
        body = [f"i = cuda.blockIdx.x * {FOUR * HIGH} + cuda.threadIdx.y", f"j = cuda.blockIdx.y * {WIDE} + cuda.threadIdx.x",
                f"if j < {taken[0]}.shape[1]:", "    column = U64(j)", *("    " + line for line in body)]
    else:
        body = [f"i = cuda.blockIdx.x * {FOUR * THREADS} + cuda.threadIdx.x", *body]
    source = "\n    ".join([f"def {name}({', '.join(taken)}):", *body]) + "\n"

    def factory(cuda):
        return function_of(source, name, cuda=cuda, one=cuda.jit(device=True)(formula), U64=np.uint64)

    factory.__module__ = formula.__module__
    return factory


def function_of(source, name, **names):
    """The function `name` that this source defines with these names. Its lines are there to be read, by the emulator and in errors."""
    filename = f"<{name} {next(_numbers)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    names["__name__"] = __name__
    exec(compile(source, filename, "exec"), names)
    return names[name]
