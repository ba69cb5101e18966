"""Maps of starts: a pixel is a run, its colour says where, or how low, the run ended; one map an optimizer."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import CARD, CIVIDIS, COLORS, INK, MUTED, powers_of_ten

LETTERS = "ABCDEFGH"
NAMES = {"gradient_descent": "gradient descent", "adagrad": "Adagrad", "adadelta": "Adadelta", "rmsprop": "RMSprop", "adam": "Adam",
         "nesterov": "Nesterov", "momentum": "momentum"}


def maps(count, columns=4):
    """Axes for so many square maps; those left over are switched off."""
    rows = -(-count // columns)
    figure, axes = picture(2.35 * columns, 2.3 * rows + 0.8, rows, columns, sharex=True, sharey=True, squeeze=False)
    figure.supylabel("second weight of the start", fontsize=10.5, color=MUTED)
    for ax in axes[-1]:
        ax.set_xlabel("first weight")
    for ax in axes.ravel()[count:]:
        ax.set_axis_off()
    return figure, axes.ravel()


def extent(surface):
    (left, right), (bottom, top) = surface.bounds
    return left, right, bottom, top


def dress(ax, surface, racer, words):
    ax.set_title(NAMES.get(racer, racer), fontsize=10.5, loc="left", pad=20)
    ax.text(0, 1.03, words, transform=ax.transAxes, fontsize=9, color=MUTED)
    for x, y in surface.minima:
        ax.plot(x, y, "*", markersize=11, color=COLORS["here"], markeredgecolor=INK)
    ax.set_box_aspect(1)
    ax.grid(False)


@drawn
def height_maps(runs, surface, title=None, lowest=1e-6):
    """How low each run ended, from every start.

    runs : {racer: heights above the lowest place, (rows, columns)}, NaN where a run was lost; the first row is the lowest start.
    Returns a Picture.
    """
    import matplotlib
    from matplotlib.patches import Patch

    figure, axes = maps(len(runs))
    colors = matplotlib.colormaps["cividis_r"].with_extremes(bad=CARD)
    for ax, (racer, heights) in zip(axes, runs.items(), strict=False):
        heights = np.asarray(heights, float)
        values = np.log10(np.clip(heights, lowest, None))
        shown = ax.imshow(np.ma.masked_invalid(values), origin="lower", extent=extent(surface), vmin=np.log10(lowest), vmax=2, cmap=colors,
                          aspect="auto", interpolation="nearest")
        lost = f", {np.isnan(heights).mean():.0%} lost" if np.isnan(heights).any() else ""
        dress(ax, surface, racer, f"{(heights < 0.01).mean():.0%} below 0.01{lost}")
    exponents = range(int(np.log10(lowest)), 3, 2)
    bar = figure.colorbar(shown, ax=list(axes), shrink=0.7, pad=0.02, ticks=exponents)
    bar.ax.set_yticklabels(powers_of_ten(exponents))
    bar.set_label("height reached")
    bar.outline.set_visible(False)
    if any(np.isnan(heights).any() for heights in runs.values()):
        figure.legend(handles=[Patch(facecolor=CARD, edgecolor=INK, linewidth=0.6, label="lost")], loc="outside lower left")
    size = next(iter(runs.values())).size
    best = max(runs, key=lambda racer: (np.asarray(runs[racer]) < 0.01).mean())
    finding = f"From {size:,} starts each: {NAMES.get(best, best)} comes below 0.01 most often"
    return say(figure, title or finding, f"{finding}. One map an optimizer; bright is low, white where the run was lost.")


@drawn
def arrival_maps(runs, surface, title=None):
    """Which minimum each run ended at, from every start.

    runs : {racer: numbers of minima, (rows, columns)}, -1 for none of them; the first row is the lowest start. Returns a Picture.
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch
    from matplotlib.patheffects import withStroke

    figure, axes = maps(len(runs))
    shades = [CARD, *CIVIDIS[1:1 + len(surface.minima)]]
    for ax, (racer, ends) in zip(axes, runs.items(), strict=False):
        ends = np.asarray(ends)
        ax.imshow(ends, origin="lower", extent=extent(surface), vmin=-1.5, vmax=len(surface.minima) - 0.5, cmap=ListedColormap(shades),
                  aspect="auto", interpolation="nearest")
        dress(ax, surface, racer, f"{(ends >= 0).mean():.0%} arrive, borders {crossings(ends):.1%}")
        for letter, (x, y) in zip(LETTERS, surface.minima, strict=False):
            ax.annotate(letter, (x, y), xytext=(6, 4), textcoords="offset points", fontsize=9.5, fontweight="bold", color=INK,
                        path_effects=[withStroke(linewidth=2.6, foreground=CARD)])
    names = [*(f"minimum {letter}" for letter in LETTERS[:len(surface.minima)]), "none of them yet"]
    patches = [Patch(facecolor=shade, edgecolor=INK, linewidth=0.6, label=name) for name, shade in zip(names, [*shades[1:], shades[0]], strict=True)]
    figure.legend(handles=patches, loc="outside lower left", ncols=5)
    size = next(iter(runs.values())).size
    finding = f"The same {size:,} starts, the same surface: each optimizer divides them in its own way"
    return say(figure, title or finding, f"{finding}. One map an optimizer; a start's colour says at which of {len(surface.minima)} minima it ends.")


def crossings(ends):
    """The share of pixels whose right or upper neighbour ends somewhere else: long where the borders are frayed."""
    differs = np.zeros(ends.shape, bool)
    differs[:, :-1] |= ends[:, :-1] != ends[:, 1:]
    differs[:-1] |= ends[:-1] != ends[1:]
    return float(differs.mean())
