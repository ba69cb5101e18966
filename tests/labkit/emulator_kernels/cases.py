"""How the kernels in this folder are entered: what they are run on, and what has to come out."""

from dataclasses import dataclass
from typing import Any

import numpy as np

f32, i32 = np.float32, np.int32


@dataclass(frozen=True)
class Case:
    """One kernel and one launch.

    arguments   makes them; expected: what the first argument holds afterwards, or None
    kind        kind of the planted fault, None for a right kernel
    line        the line marked `# fault`
    sentence    words that the fault's sentence has to hold
    """

    kernel: Any
    grid: Any
    block: Any
    arguments: Any
    expected: Any = None
    kind: str | None = None
    line: int = 0
    sentence: str = ""
    options: tuple = ()

    @property
    def name(self):
        return getattr(self.kernel, "py_func", self.kernel).__name__


def marked_line(function):
    """The line of a function that ends in `# fault`, counted through its file."""
    function = getattr(function, "py_func", function)
    with open(function.__code__.co_filename) as file:
        lines = file.read().split("\n")
    first = function.__code__.co_firstlineno
    return next((n for n in range(first, len(lines) + 1) if lines[n - 1].rstrip().endswith("# fault")), 0)


def entry(cases):
    """Decorators that enter a kernel into the list `cases`."""
    def planted(kind, grid, block, arguments, sentence="", line=None, **options):
        def enter(kernel):
            cases.append(Case(kernel, grid, block, arguments, kind=kind, sentence=sentence,
                              line=marked_line(kernel) if line is None else line, options=tuple(options.items())))
            return kernel
        return enter

    def right(grid, block, arguments, expected):
        def enter(kernel):
            cases.append(Case(kernel, grid, block, arguments, expected=expected))
            return kernel
        return enter

    return planted, right


def ramp(n, dtype=f32):
    return np.arange(n, dtype=dtype)


def noise(*shape, seed=0):
    """float32, -1 to 1."""
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(f32)


def zeros(*shape, dtype=f32):
    return np.zeros(shape, dtype)
