"""Lab 02's planes: all sixteen ways to sort four corners, planes side by side, a straight answer against a bump."""

from __future__ import annotations

import itertools

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.plane import scatter, shade
from labkit.figures.style import INK, MUTED

SQUARE = (-0.5, 1.5, -0.5, 1.5)


@drawn
def sixteen_ways(ways, X, rule_for):
    """Every way to answer 0 or 1 at four corners, shaded where a line does it.

    ways : the ways that were found, tuples of four 0s and 1s; X : (4, 2) the corners
    rule_for : a function of such a tuple that returns a function of points (n, 2) answering 0 or 1. Returns a Picture.
    """
    figure, axes = picture(9.6, 3.3, 2, 8)
    for ax, way in zip(axes.flat, itertools.product([0, 1], repeat=4), strict=True):
        ax.set(xlim=SQUARE[:2], ylim=SQUARE[2:], xticks=[], yticks=[], aspect="equal")
        if way in ways:
            shade(ax, rule_for(way), SQUARE, side=161)
        else:
            ax.set_title("no line", fontsize=10.5, loc="center", pad=4)
        scatter(ax, X, np.array(way), ("0", "1"))
    finding = f"Lines sort the four corners in {len(ways)} of 16 ways"
    return say(figure, finding + (": all but XOR and its opposite" if len(ways) == 14 else ""),
               f"Sixteen small squares, one for each way to answer 0 or 1 at four corners. In {len(ways)} of them a unit's two sides are "
               "shaded; the ones without a line say so.")


@drawn
def planes(panels, title, alt=None, labels=("x1", "x2"), extent=None, size=(10.2, 4.0)):
    """Planes side by side, each shaded by an answer.

    panels : dicts with title, X (n, 2), y (n,), answer (a function of points, or None), and where they differ labels and extent
    extent : (left, right, bottom, top); size : in inches. Returns a Picture.
    """
    figure, axes = picture(*size, 1, len(panels), squeeze=False)
    for ax, panel in zip(axes[0], panels, strict=True):
        box, words = panel.get("extent", extent), panel.get("labels", labels)
        ax.set(xlim=box[:2], ylim=box[2:], xlabel=words[0], ylabel=words[1])
        ax.set_title(panel["title"], fontsize=11)
        if panel["answer"] is not None:
            shade(ax, panel["answer"], box)
        scatter(ax, panel["X"], panel["y"], ("0", "1"))
    return say(figure, title, alt)


@drawn
def straight_or_bump(x, bump):
    """Three points of which the far two belong together: what straight lines can say of them, and what a bump does.

    x, bump : (n,), the bump's answer at x. Returns a Picture.
    """
    figure, axes = picture(9.6, 3.4, 1, 2, sharey=True)
    for slope, style in ((0.22, "-"), (-0.13, "--"), (0.0, ":")):
        axes[0].plot(x, 0.5 + slope * (x - 4), color=MUTED, linestyle=style)
    axes[1].plot(x, bump, color=INK)
    there = {place: bump[int(np.abs(x - place).argmin())] for place in (2, 6, 4)}
    parts = there[2] == there[6] != there[4]
    titles = ("h(x) = ax + b: equal at 2 and 6 only if flat", "three units: " + ", ".join(f"h({k}) = {v:g}" for k, v in there.items()))
    for ax, title in zip(axes, titles, strict=True):
        ax.set(xlabel="x", ylabel="h(x)", ylim=(-0.45, 1.45), xticks=[0, 2, 4, 6, 8], yticks=[0, 0.5, 1])
        ax.set_title(title, fontsize=11)
        scatter(ax, np.array([[2, -0.25], [6, -0.25], [4, -0.25]]), np.array([0, 0, 1]), ("0", "1"))
        for place, said in ((2, "x1"), (6, "x2"), (4, "x3")):
            ax.annotate(said, (place, -0.25), xytext=(9, 5), textcoords="offset points", fontsize=10)
    finding = "Far points together, near points apart: no straight h can, a bump can"
    return say(figure, finding if parts else "No straight h can; nor can this network",
               "Left, three straight lines over x from 0 to 8; only the flat one has equal values at 2 and 6. Right, the network's answer: "
               + ", ".join(f"{v:g} at {k}" for k, v in there.items()) + ".")
