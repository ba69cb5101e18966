"""labkit's forms of the kernels that students write, for the pictures that follow where theirs is not right yet."""

import math

import numpy as np

from labkit import cuda, emulator


@cuda.jit
def add(out, a, b):
    k = cuda.grid(1)
    if k < a.size:
        out[k] = b[k] + a[k]


@cuda.jit
def descend(x, y, rates, steps):
    k = cuda.grid(1)
    if k < rates.size:
        a, b = x[k], y[k]
        for _ in range(steps):
            a, b = a - rates[k] * (a * a * a - b), b - rates[k] * (b - a)
        x[k], y[k] = a, b


@cuda.jit
def rmsprop(w, s, g, learning_rate, decay, epsilon):
    k = cuda.grid(1)
    if k < g.size:
        slope = g[k]
        mean = s[k] + (1 - decay) * (slope * slope - s[k])
        s[k] = mean
        w[k] = w[k] - learning_rate * slope / (epsilon + math.sqrt(mean))


@cuda.jit
def dropout(out, x, uniforms, rate):
    k = cuda.grid(1)
    if k < x.size:
        out[k] = 0.0
        if uniforms[k] >= rate:
            out[k] = x[k] * (1 / (1 - rate))


def copies(arguments):
    return [a.copy() if hasattr(a, "copy") else a for a in arguments]


def state(kernel, report):
    """What is said of a kernel that a picture cannot use: that it is not written, where it still raises NotImplementedError, or not right."""
    stub = any(fault.kind == "assertion" and "NotImplementedError" in fault.message for fault in report.faults[:1])
    return f"{kernel.__name__} is not {'written' if stub else 'right'} yet"


def agreeing(kernel, ours, grid, block, *arguments):
    """(the student's kernel where the emulator finds on these arguments neither a fault nor another result than labkit's, else labkit's;
    a sentence that says whose)."""
    theirs, right = copies(arguments), copies(arguments)
    emulator.run(ours, grid, block, *right)
    report = emulator.run(kernel, grid, block, *theirs)
    runs = hasattr(kernel, "py_func") and report.ok      # without @cuda.jit it cannot be launched
    good = runs and all(np.allclose(a, b, atol=1e-4) for a, b in zip(theirs, right, strict=True))
    return (kernel, f"This runs your {kernel.__name__}.") if good else (ours, f"{state(kernel, report)}: this shows labkit's.")


def watched(kernel, ours, grid, block, *arguments):
    """What the emulator sees of a student's kernel, or of labkit's where that has a fault or does nothing. Prints whose, returns the report."""
    report, whose = emulator.run(kernel, grid, block, *copies(arguments)), f"your {kernel.__name__}"
    if not report.ok or not any(used.touched for used in report.arrays.values()):
        report, whose = emulator.run(ours, grid, block, *copies(arguments)), f"labkit's ({state(kernel, report)})"
    print(f"This shows {whose}: {grid} blocks of {block} threads, {arguments[0].size} elements.")
    return report
