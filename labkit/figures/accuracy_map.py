"""The accuracy of every line: slices through the (w1, w2, b) space of one unit."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import INK

MOST_SLICES = 5


@drawn
def line_map(accuracies, w1, w2, b, title=None, alt=None, slices=None):
    """Accuracy of the unit w1 x1 + w2 x2 + b > 0, one pixel a unit, one panel a value of b.

    accuracies : (len(b), len(w2), len(w1)), from 0 to 1
    slices     : positions in b to draw; five spread evenly without
    Returns a Picture.
    """
    accuracies, w1, w2, b = np.asarray(accuracies, float), *(np.atleast_1d(np.asarray(v, float)) for v in (w1, w2, b))
    if accuracies.shape != (len(b), len(w2), len(w1)):
        raise ValueError(f"accuracies has shape {accuracies.shape}; {len(b)} values of b, {len(w2)} of w2 and {len(w1)} of w1 "
                         f"need {(len(b), len(w2), len(w1))}")
    chosen = list(slices) if slices is not None else spread(len(b))
    figure, axes = picture(max(4.6, 1.9 * len(chosen) + 1.2), 3.0 if len(chosen) > 2 else 3.6, 1, len(chosen), sharey=True, squeeze=False)
    for ax, k in zip(axes[0], chosen, strict=True):
        shown = ax.imshow(accuracies[k], origin="lower", extent=(w1[0], w1[-1], w2[0], w2[-1]), vmin=0, vmax=1, aspect="auto",
                          interpolation="nearest")
        ax.set_title(f"b = {b[k]:.2g}", fontsize=10.5, fontweight="normal", loc="center")
        ax.set_xlabel("w1")
        ax.set_xticks(np.linspace(w1[0], w1[-1], 3))        # given, not sought: looking for good ticks takes half of the drawing's time
        ax.set_yticks(np.linspace(w2[0], w2[-1], 3))
        ax.yaxis.set_visible(ax is axes[0, 0])              # all share it
        ax.set_box_aspect(1)
        ax.grid(False)
        ax.axhline(0, color=INK, linewidth=0.6, linestyle=":")
        ax.axvline(0, color=INK, linewidth=0.6, linestyle=":")
    axes[0, 0].set_ylabel("w2")
    bar = figure.colorbar(shown, ax=axes, shrink=0.8, pad=0.02, format="{x:.0%}", ticks=[0, 0.25, 0.5, 0.75, 1])
    bar.set_label("points answered rightly")
    bar.outline.set_visible(False)
    best = accuracies.max()
    share = float((accuracies >= best - 1e-9).mean())
    finding = f"Of {accuracies.size:,} lines the best gets {best:.0%} right"
    return say(figure, title or finding,
               alt or f"{finding}; {share:.1%} of all lines reach that. {len(chosen)} maps over w1 and w2, one for each of "
                      f"b = {', '.join(f'{b[k]:.2g}' for k in chosen)}; brighter is more accurate.")


def spread(n):
    return sorted({int(round(k)) for k in np.linspace(0, n - 1, min(n, MOST_SLICES))})
