"""Several models on several splits: a row of points for each model, its median marked."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import COLORS, GRID, INK, MARKERS


@drawn
def model_rows(errors, xlabel="exam error", title=None):
    """errors : {label: (n_runs,)}, from 0 to 1, the first on top. Returns a Picture."""
    if not errors:
        raise ValueError("errors holds no model, so there is nothing to draw.")
    figure, ax = picture(8.0, 1.5 + 0.48 * len(errors))
    medians = {label: float(np.median(values)) for label, values in errors.items()}
    for row, (label, values) in enumerate(errors.items()):
        ax.axhline(row, color=GRID, linewidth=1)
        ax.plot(values, np.full(len(values), row), MARKERS["exam"], color=COLORS["exam"], markersize=7, alpha=0.55, markeredgewidth=0)
        ax.plot([medians[label]] * 2, [row - 0.28, row + 0.28], color=INK, linewidth=3)
        ax.annotate(f"{medians[label]:.1%}", (medians[label], row - 0.3), ha="center", va="bottom", fontsize=9.5)
    ax.set(xlabel=f"{xlabel} (bar: median)", yticks=range(len(errors)), ylim=(len(errors) - 0.5, -0.75), xlim=(0, None))
    ax.set_yticklabels(list(errors))
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.grid(False)
    said = ", ".join(f"{label} {value:.1%}" for label, value in medians.items())
    return say(figure, title or f"Medians: {said}", f"Points for each run in a row for each model, with medians {said}.")
