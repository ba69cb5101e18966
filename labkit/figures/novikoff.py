"""Mistakes of Rosenblatt's rule beside Novikoff's bound."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import COLORS, INK, LINES, SOFT


@drawn
def mistakes(found, bound, title=None, alt=None, dot="a run"):
    """Runs of the perceptron: mistakes made against the most that Novikoff's theorem allows.

    found : mistakes of each run, shape (n,)
    bound : (R / gamma)^2 of each run's data, one number or shape (n,); dot : what the legend calls a dot
    A run below the diagonal keeps the theorem. Both axes are logarithmic; a run without a mistake is drawn at 0.8. Returns a Picture.
    """
    found = np.atleast_1d(np.asarray(found, float))
    bound = np.broadcast_to(np.asarray(bound, float), found.shape)
    if found.size == 0:
        raise ValueError("no runs to draw; pass the mistakes of at least one run")
    broken = int((found > bound).sum())
    figure, ax = picture(6.8, 4.8)
    ax.set(xscale="log", yscale="log")
    low, high = 0.7, 1.6 * max(bound.max(), found.max())
    ax.fill_between([low, high], [low, high], high, color=SOFT["here"], linewidth=0, label="forbidden by the theorem")
    ax.plot([low, high], [low, high], color=COLORS["theory"], linestyle=LINES["theory"], label="bound (R/γ)²")
    ax.plot(bound, np.maximum(found, 0.8), "o", color=INK, alpha=0.55, markersize=5, markeredgewidth=0, label=dot)
    ax.set(xlim=(max(low, 0.6 * bound.min()), high), ylim=(low, high), xlabel="bound on mistakes, (R/γ)²", ylabel="mistakes made")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=3, handlelength=3.2)
    verdict = f"All {len(found)} runs stay under Novikoff's bound" if not broken else f"{broken} of {len(found)} runs break the bound"
    share = np.median(found / bound)
    return say(figure, title or verdict,
               alt or f"{verdict}. Scatter of mistakes made against the bound, both logarithmic; the median run makes {share:.1%} of the "
                      "mistakes that the bound allows.")
