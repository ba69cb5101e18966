"""Pictures of a step backwards: the shapes of its matrices, the slopes that two losses send, and how far nudging is off."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import Picture, drawn, picture, say
from labkit.figures.scene import Scene
from labkit.figures.style import EDGE, INK, MUTED, SOFT


def matrix_blocks(n, inputs, units) -> Picture:
    """A step through a weight matrix as blocks drawn by their shapes: forwards, and the two products backwards.

    n : examples; inputs, units : rows and columns of the weight matrix
    """
    scene = Scene(760, 528)
    rows = [("forwards: multiply", "a weighted sum for each example and unit",
             [("X", n, inputs), "×", ("W", inputs, units), "=", ("Z", n, units)]),
            ("backwards: multiply by the transpose", "hands each unit's error to its inputs",
             [("dZ", n, units), "×", ("Wᵀ", units, inputs), "=", ("dX", n, inputs)]),
            ("for the weights: inputs transposed times errors", "adds up over the examples",
             [("Xᵀ", inputs, n), "×", ("dZ", n, units), "=", ("dW", inputs, units)])]
    for k, (title, words, parts) in enumerate(rows):
        y = 18 + 174 * k
        if k:
            scene.line(20, y - 16, 740, y - 16, color=EDGE, width=1)
        scene.text(20, y, title, 15, bold=True)
        scene.text(740, y, words, 13, MUTED, "end")
        draw_product(scene, 90, y + 90, parts)
    scene.alt = (f"Three products of matrices drawn as blocks. Forwards: X, {n} by {inputs}, times W, {inputs} by {units}, is Z, {n} by {units}. "
                 f"Backwards: dZ, {n} by {units}, times W transposed, {units} by {inputs}, is dX, {n} by {inputs}. For the weights: X transposed, "
                 f"{inputs} by {n}, times dZ, {n} by {units}, is dW, {inputs} by {units}.")
    return scene.picture()


def draw_product(scene, x, middle, parts):
    for part in parts:
        if isinstance(part, str):
            scene.text(x + 16, middle, part, 22, MUTED, "middle")
            x += 44
            continue
        name, rows, columns = part
        width, height = side(columns), side(rows)
        scene.rect(x + 30, middle - height / 2, width, height, SOFT["here"], stroke=INK, edge=2)
        scene.text(x + 30 + width / 2, middle, name, 17 if width > 30 else 14, INK, "middle", bold=True)
        scene.text(x + 23, middle, rows, 13, MUTED, "end")
        scene.text(x + 30 + width / 2, middle - height / 2 - 10, columns, 13, MUTED, "middle")
        x += width + 46


def side(count):
    """Pixels for so many rows or columns: true to scale for a few, shortened for many."""
    return 18 * count if count <= 6 else 112


@drawn
def loss_slopes(sums, squared, cross, title=None):
    """The error that reaches the sum of an output unit whose target is 1, for two losses.

    sums : (n,) the weighted sum; squared, cross : (n,) the gradients by that sum. Returns a Picture.
    """
    figure, ax = picture(7.4, 3.9)
    ax.plot(sums, squared, color=MUTED, linestyle="--", label="squared error")
    ax.plot(sums, cross, color=INK, label="cross-entropy")
    ax.axhline(0, color=MUTED, linewidth=1)
    ax.set(xlabel="weighted sum of the output unit (target 1, so negative sums are wrong)", ylabel="gradient by the sum")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    far = int(np.argmin(sums))
    return say(figure, title or f"At a sum of {sums[far]:g}, badly wrong, squared error sends {squared[far]:+.4f}, cross-entropy {cross[far]:+.2f}",
               "Two curves over the weighted sum. The cross-entropy's gradient goes from -1 for badly wrong sums to 0 for right ones; that of the "
               "squared error is near 0 at both ends and has its valley in between.")


@drawn
def nudging(steps, errors, title=None):
    """How far difference quotients are off, by step.

    steps : (n,); errors : {label: (colour, marker and line such as "o-", (n,) relative errors)}. Returns a Picture.
    """
    figure, ax = picture(7.6, 4.2)
    for label, (color, look, values) in errors.items():
        ax.loglog(steps, np.maximum(values, 1e-13), look, markersize=4.5, color=color, linewidth=1.6, label=label)
    ax.set(xlabel="step", ylabel="relative error of the slope")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    best = {label: steps[int(np.argmin(values))] for label, (_, _, values) in errors.items()}
    return say(figure, title or "Smaller is better only down to a point: below it, rounding wins",
               "Error against step on logarithmic axes, V-shaped. Smallest at: "
               + ", ".join(f"{label} {step:.0e}" for label, step in best.items()) + ".")
