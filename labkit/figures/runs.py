"""Swarms: the outcome of thousands of runs in one picture."""

from __future__ import annotations

import numpy as np
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import CARD, COLORS, INK, LINES, MUTED


@drawn
def histogram_of_runs(values, label="mistakes until the last", unit="", bound=None, groups=None, title=None, alt=None, bins=40, count="runs"):
    """How many runs ended at each value.

    values : (n,) one number a run, NaN for a run that did not finish (counted in the title, not drawn)
    bound  : a number drawn as a dashed line (a theorem's bound, a target), or None
    groups : (n,) of 0 and 1 to split the runs by, or None; count : what is counted
    Returns a Picture.
    """
    values = np.asarray(values, float).ravel()
    ended = np.isfinite(values)
    if not ended.any():
        raise ValueError("none of the runs ended with a finite number, so there is nothing to count")
    done = values[ended]
    figure, ax = picture(7.0, 3.8)
    edges = bin_edges(done, bins)
    if groups is None:
        ax.hist(done, edges, color=MUTED, edgecolor="none")
    else:
        draw_groups(ax, done, np.asarray(groups).ravel()[ended], edges)
    middle = float(np.median(done))
    halo = [withStroke(linewidth=4.5, foreground=CARD)]     # else the bars, as dark as the lines, hide them
    ax.axvline(middle, color=INK, linewidth=2, path_effects=halo, label=f"median {in_words(middle)}")
    if bound is not None:
        ax.axvline(bound, color=COLORS["theory"], linestyle=LINES["theory"], path_effects=halo, label=f"bound {in_words(bound)}")
    ax.set(xlabel=f"{label} ({unit})" if unit else label, ylabel=count)
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:,.10g}")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=4, handlelength=3.2)
    left_out = f"; {np.count_nonzero(~ended):,} did not finish" if not ended.all() else ""
    finding = f"Half of {done.size:,} {count} end at {in_words(middle)} {label} or less{left_out}"
    return say(figure, title or finding, alt or f"{finding}. Histogram from {in_words(done.min())} to {in_words(done.max())}.")


def in_words(value):
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"


def bin_edges(done, bins):
    """Whole-number bins for counts, equal ones otherwise."""
    low, high = done.min(), done.max()
    if np.array_equal(done, np.rint(done)):
        step = max(1, int(np.ceil((high - low + 1) / bins)))
        return np.arange(low - 0.5, high + step + 0.5, step)
    return np.linspace(low, high if high > low else low + 1, bins + 1)


def draw_groups(ax, done, groups, edges):
    for label, name in ((0, "class_0"), (1, "class_1")):
        ax.hist(done[groups == label], edges, histtype="step", linewidth=2.2, color=COLORS[name], linestyle=LINES[name],
                label=f"group {label}")
