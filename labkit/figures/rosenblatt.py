"""What the first learning rules do: gates as lines, weights caught in a wedge, lines that fan out, errors at the limit, a long stream."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.plane import box_corners, outside_legend, plane_axes, scatter, shade
from labkit.figures.scene import crossing
from labkit.figures.style import ACCENT, COLORS, INK, LINES, MUTED, SOFT


@drawn
def gate_planes(units):
    """The four inputs of each gate and the line of a unit. units : {"AND" or "OR": (w, b)}, w of shape (2,). Returns a Picture."""
    from labkit.datasets import gate

    figure, axes = picture(9.2, 4.4, 1, len(units), squeeze=False)
    extent, right = (-0.5, 1.5, -0.5, 1.5), 0
    for ax, (name, (w, b)) in zip(axes[0], units.items(), strict=True):
        corners, wanted, *_ = gate(name)
        shade(ax, lambda Z, w=w, b=b: Z @ w + b > 0, extent)
        if ends := crossing(box_corners(extent), *w, b):
            ax.plot(*zip(*ends, strict=True), color=COLORS["line"])
        scatter(ax, corners, wanted, ("wanted: 0", "wanted: 1"))
        ax.set(xlabel="x1", ylabel="x2", xlim=extent[:2], ylim=extent[2:], aspect="equal", xticks=(0, 1), yticks=(0, 1))
        ax.set_title(name, fontsize=11)
        right += int(((corners @ w + b > 0) == wanted).sum())
    outside_legend(figure, axes[0, 0])
    total = 4 * len(units)
    return say(figure, "A gate is a line in the right place" if right == total else f"{right} of {total} inputs are on the right side",
               f"A plane with the four inputs of {' and of '.join(units)} each; a line parts the inputs that must fire from the others. "
               f"{right} of {total} are on the right side.")


@drawn
def wedge(runs):
    """The length of a perceptron's weights after each mistake, between the two curves of Novikoff's proof.

    runs : (words, lengths, R, margin) of each run, lengths : (n_mistakes,). Returns a Picture.
    """
    figure, axes = picture(9.6, 4.6, 1, len(runs), squeeze=False)
    told, caught = [], True
    for ax, (words, lengths, R, margin) in zip(axes[0], runs, strict=True):
        bound, made = (R / margin) ** 2, np.arange(1, len(lengths) + 1)
        k = np.geomspace(1, bound, 60)
        ax.fill_between(k, margin * k, R * np.sqrt(k), color=SOFT["here"], linewidth=0, label="room that is left")
        ax.plot(k, R * np.sqrt(k), color=COLORS["theory"], linestyle="--", label="at most √k R")
        ax.plot(k, margin * k, color=COLORS["theory"], linestyle=":", label="at least kγ")
        ax.plot(made, lengths, color=INK, marker="o", markersize=3, label="the weights")
        ax.set(xscale="log", yscale="log", xlabel="mistakes so far, k", ylabel="length of (w, b)")
        ax.set_title(f"{words}:\n{len(lengths)} mistakes, {bound:,.0f} allowed", fontsize=11)
        caught &= bool(np.all(lengths <= R * np.sqrt(made) * (1 + 1e-9)) and np.all(lengths >= margin * made * (1 - 1e-9)))
        told.append(f"{words}: {len(lengths)} mistakes of {bound:,.0f} allowed")
    outside_legend(figure, axes[0, 0])
    return say(figure, "The weights are caught in a wedge that closes" if caught else "These weights break out of the wedge",
               f"Plots of the weights' length against mistakes, both logarithmic. {'; '.join(told)}.")


@drawn
def many_lines(X, y, weights, likes, question, labels, names, shown=120):
    """The lines of many perceptrons, and on which side each has a new movie.

    weights : (n, 3), each w1, w2, b; likes : (n,) bool, the answer for question (2,); labels : of the axes; names : of the classes
    Returns a Picture.
    """
    extent = (0.6, 5.4, 0.6, 5.4)
    figure, ax = plane_axes(X, labels, extent)
    some = slice(None, None, max(1, len(weights) // shown))
    for side, words in (("class_1", "a line: watch it"), ("class_0", "a line: leave it")):
        ax.plot([], color=COLORS[side], linestyle=LINES[side], linewidth=1.6, label=words)
    for (w1, w2, b), yes in zip(weights[some], likes[some], strict=True):
        if ends := crossing(box_corners(extent), w1, w2, b):
            side = "class_1" if yes else "class_0"
            ax.plot(*zip(*ends, strict=True), color=COLORS[side], linestyle=LINES[side], linewidth=1, alpha=0.4, zorder=1)
    scatter(ax, X, y, names)
    ax.plot(*question, "*", color=ACCENT, markeredgecolor=INK, markersize=20, zorder=5, label="Gravity")
    outside_legend(figure, ax)
    right = ((weights[:, :2] @ X.T + weights[:, 2:] > 0) == (y > 0)).all()
    start = f"All {len(weights):,} are right about every movie, and" if right else f"Of {len(weights):,}"
    return say(figure, f"{start} {likes.mean():.0%} would watch Gravity",
               f"The movies with {len(weights[some])} of the lines that separate them. The lines fan out around the question at (3, 3); "
               f"{likes.mean():.0%} of all perceptrons put it on the liked side.")


@drawn
def around_the_limit(below, above):
    """The error, step by step, with a learning rate 1% below and 1% above the largest stable one. below, above : (n,). Returns a Picture."""
    figure, ax = picture(7.4, 4.2)
    ax.semilogy(above, color=INK, linestyle="--", label="1% above the limit")
    ax.semilogy(below, color=MUTED, label="1% below the limit")
    ax.set(xlabel="steps", ylabel="mean error, half the squared miss")
    outside_legend(figure, ax)
    return say(figure, f"Just below the limit the error settles; just above, it grows by {above[-1] / above[-2] - 1:.1%} a step",
               f"Error against steps, logarithmic. At 0.99 of the limit it falls to {below[-1]:.3f}; at 1.01 it first falls "
               f"to {above.min():.2f} and then grows to {above[-1]:.3g}.")


@drawn
def stream_of_mistakes(rows, made, bounds):
    """Mistakes of perceptrons that read a stream once. rows, bounds : (n,); made : (n, n_perceptrons), the first begun at zero. A Picture."""
    figure, ax = picture(7.6, 4.4)
    others = ax.loglog(rows, made[:, 1:], color=MUTED, linewidth=0.8, alpha=0.6)
    others[0].set_label(f"{len(others)} from random starts")
    ax.loglog(rows, made[:, 0], color=INK, linewidth=2.6, label="from zero")
    ax.loglog(rows, bounds, color=COLORS["theory"], linestyle="--", label="bound for the rows so far")
    ax.set(xlabel="rows read", ylabel="mistakes made so far")
    outside_legend(figure, ax)
    return say(figure, f"{rows[-1]:,} rows, {made[-1, 0]} mistakes: it is not the number of rows that counts",
               f"Mistakes against rows read, both logarithmic. The curves flatten; the bound ends at {bounds[-1]:,.0f}.")
