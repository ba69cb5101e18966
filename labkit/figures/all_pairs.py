"""The checking errors of all pairs of inputs: one pixel a unit."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import CARD, INK


@drawn
def pair_map(errors, names=None, marked=(), title=None, alt=None):
    """How much each pair of inputs explains on the checking rows: bright is much, dark nothing.

    errors : (n, n) symmetric, 0 perfect, 1 no better than the mean; the diagonal is not looked at, inf and nan stay empty
    names  : of the inputs, or None to number them; marked : pairs (i, j) to ring
    Returns a Picture.
    """
    errors = np.array(errors, float)
    if errors.ndim != 2 or errors.shape[0] != errors.shape[1]:
        raise ValueError(f"errors has shape {errors.shape}; a map of pairs needs a square table, one row and one column an input")
    np.fill_diagonal(errors, np.nan)
    errors[~np.isfinite(errors)] = np.nan
    if np.isnan(errors).all():
        raise ValueError("errors holds no finite number off its diagonal, so there is nothing to draw")
    explained = np.clip(1 - errors, 0, 1)
    n = len(errors)
    figure, ax = picture(6.4, 5.4)
    ax.set_facecolor(CARD)
    shown = ax.imshow(explained, origin="lower", vmin=0, vmax=max(0.05, float(np.nanmax(explained))), interpolation="nearest",
                      extent=(-0.5, n - 0.5, -0.5, n - 0.5))
    ax.grid(False)
    if names is not None:
        ax.set(xticks=range(n), yticks=range(n))
        ax.set_xticklabels(names)
        ax.set_yticklabels(names)
    ax.set(xlabel="one input", ylabel="the other input")
    for i, j in marked:
        for x, y in ((i, j), (j, i)):
            ax.plot(x, y, "o", markersize=15 if n < 40 else 11, markerfacecolor="none", markeredgecolor=CARD, markeredgewidth=3.2)
            ax.plot(x, y, "o", markersize=15 if n < 40 else 11, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.4)
    bar = figure.colorbar(shown, ax=ax, shrink=0.85, pad=0.02, format="{x:.0%}")
    bar.set_label("explained on the checking rows (1 - error)")
    bar.outline.set_visible(False)
    i, j = np.unravel_index(np.nanargmin(errors), errors.shape)
    i, j = sorted((int(i), int(j)))
    who = (names[i], names[j]) if names is not None else (f"input {i}", f"input {j}")
    pairs = int(np.isfinite(errors).sum()) // 2
    finding = f"Of {pairs:,} pairs, {who[0]} with {who[1]} explains most: {1 - errors[i, j]:.0%}"
    return say(figure, title or finding, alt or f"{finding}. A square map with a pixel for each pair of {n} inputs; brighter explains more.")
