"""Ivakhnenko's units: their six terms, two units that agree at four corners, errors of all pairs, and what too much selection does."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import CARD, COLORS, INK, MUTED, look


@drawn
def six_terms(columns, side=41):
    """The six terms of a unit as maps over x and z from -1 to 1. columns : (side * side, 6), row after row of z. Returns a Picture."""
    figure, axes = picture(10.4, 2.4, 1, 6)
    for k, (ax, name) in enumerate(zip(axes, ("1", "x", "z", "x z", "x²", "z²"), strict=True)):
        shown = ax.imshow(columns[:, k].reshape(side, side), origin="lower", extent=(-1, 1, -1, 1), vmin=-1, vmax=1)
        ax.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1] if k == 0 else [], xlabel="x", ylabel="z" if k == 0 else "")
        ax.set_title(name, fontsize=11, loc="center")
        ax.grid(False)
    bar = figure.colorbar(shown, ax=axes[-1], ticks=[-1, 0, 1], shrink=0.8, pad=0.06)
    bar.set_label("the term")
    bar.outline.set_visible(False)
    return say(figure, "A unit is a weighted sum of six surfaces; only x z makes the inputs act together",
               "Six small maps over x and z from -1 to 1: a constant, a slope in each direction, a saddle for x times z, and "
               "a valley for each square. Bright is 1, dark is -1.")


@drawn
def units_at_corners(units, terms, X, y):
    """Two units as maps over x and z with the four corners, and both along the diagonal.

    units : {name: c (6,)}, two of them; terms : a function of x, z (n,) returning (n, 6); X : (4, 2); y : (4,) of 0 and 1. A Picture.
    """
    gx, gz = np.meshgrid(*[np.linspace(-0.4, 1.4, 73)] * 2)
    figure, axes = picture(10.2, 4.0, 1, 3)
    for ax, (name, c) in zip(axes, units.items(), strict=False):
        surface = (terms(gx.ravel(), gz.ravel()) @ c).reshape(gx.shape)
        shown = ax.contourf(gx, gz, surface, np.linspace(-1, 2, 13), cmap="cividis", extend="both")
        ax.contour(gx, gz, surface, [0.5], colors=INK, linewidths=1.4)
        for (x, z), answer in zip(X, y, strict=True):
            ax.plot(x, z, "o" if answer else "s", markersize=11, color=COLORS["class_1" if answer else "class_0"], markeredgecolor=CARD)
        ax.set(xlabel="x", ylabel="z", xticks=[0, 1], yticks=[0, 1], aspect="equal")
        ax.set_title(f"{name}, length {np.linalg.norm(c):.2f}", fontsize=11)
        ax.grid(False)
    figure.colorbar(shown, ax=axes[1], shrink=0.6, ticks=[-1, 0, 1, 2]).set_label("answer")
    along = np.linspace(-0.4, 1.4, 100)
    answers = [terms(along, along) @ c for c in units.values()]
    for name, values, style in zip(units, answers, ("-", "--"), strict=True):
        axes[2].plot(along, values, linestyle=style, color=INK, label=name)
    axes[2].plot([0, 1], [0, 0], "s", color=COLORS["class_0"], markersize=9)
    axes[2].set(xlabel="along the diagonal, x = z", ylabel="answer", xticks=[0, 0.5, 1])
    axes[2].set_box_aspect(1)
    axes[2].legend(loc="lower center")
    at_corners = [np.abs(terms(X[:, 0], X[:, 1]) @ c - y).max() < 0.01 for c in units.values()]
    gap = np.abs(answers[0] - answers[1]).max()
    return say(figure, f"{'Both answer' if all(at_corners) else 'Not both answer'} all four corners of XOR, and along the diagonal they part "
                       f"by up to {gap:.1f}",
               "Two maps over x and z with the four XOR points; the black curve is where the answer is one half. Beside them the two units "
               f"along the diagonal, which part by up to {gap:.2f}.")


@drawn
def seen_and_unseen(inside, outside, pairs, names):
    """The error of each unit on the rows that fitted it and on others. inside, outside : (n,); pairs : n tuples (i, j). A Picture."""
    figure, ax = picture(6.4, 4.6)
    low, high = 0.95 * min(*inside, *outside), 1.05 * max(*inside, *outside)
    ax.plot([low, high], [low, high], color=MUTED, linestyle=":", label="equal")
    ax.plot(inside, outside, "D", color=COLORS["check"], markersize=6, label="a unit")
    best = int(np.argmin(outside))
    words = f"{names[pairs[best][0]]} with {names[pairs[best][1]]}"
    ax.annotate(words, (inside[best], outside[best]), xytext=(-4, -16), textcoords="offset points", fontsize=9.5)
    ax.set(xlabel="error on the fitting rows", ylabel="error on the checking rows")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return say(figure, f"{len(pairs)} units: on rows they have not seen, {words} does best",
               f"Each of {len(pairs)} units as a point: its error on the fitting rows across, on the checking rows up. The dotted line is "
               "where both are equal.")


@drawn
def over_selection(curves, splits):
    """Errors on fitting, checking and exam rows after each layer, close up and whole. curves : (3, n_layers), medians. A Picture."""
    figure, axes = picture(9.6, 4.2, 1, 2)
    layers = np.arange(1, curves.shape[1] + 1)
    for ax in axes:
        for values, name, words in zip(curves, ("train", "check", "exam"), ("fitting rows", "checking rows", "exam rows"), strict=True):
            ax.plot(layers, values, label=words, **look(name))
        ax.set(xlabel="layers", xlim=(0.8, layers[-1] + 0.2), xticks=layers)
    axes[0].set(ylabel=f"error (median of {splits} splits)", ylim=(0.44, 0.7))
    axes[0].set_title("close up", fontsize=11)
    axes[1].set(yscale="log", ylabel="error")
    axes[1].set_title("all of it, on a logarithmic scale", fontsize=11)
    axes[1].axhline(1, color=MUTED, linewidth=1)
    axes[1].annotate("always answer the mean", (1, 1), xytext=(0, 4), textcoords="offset points", fontsize=9.5)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=3)
    turn = 1 + int(np.argmin(curves[2]))
    return say(figure, f"The checking error falls from layer to layer; the exam error turns after layer {turn}",
               f"Three curves over one to {layers[-1]} layers. Fitting and checking error fall slowly all the way; the exam error "
               f"falls to layer {turn}, then rises to {curves[2, -1]:.3g}.")
