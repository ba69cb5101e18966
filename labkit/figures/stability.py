"""Maps over learning rate and momentum, a pixel a run, with the limit that theory gives drawn in."""

from __future__ import annotations

import numpy as np
from matplotlib import patheffects

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import CARD, COLORS, INK, powers_of_ten

MARKS = (0.0, 0.5, 0.9, 0.99, 0.999)


@drawn
def stability_maps(maps, rates, momenta, limits=None, best=None, title=None, alt=None):
    """How far each run came down, by learning rate and momentum.

    maps    : {heading: (n_momenta, n_rates)} of heights at the end over the height at the start, NaN where a run left for good
    rates   : (n_rates,) evenly spaced on a logarithmic scale; momenta : (n_momenta,) with 1 - momentum likewise
    limits  : {heading: (n_momenta,)}, the learning rate above which theory says that a run leaves; best : (rate, momentum) to mark on the first
    Returns a Picture.
    """
    rates, momenta = np.asarray(rates, float), np.asarray(momenta, float)
    if any(np.shape(ends) != (len(momenta), len(rates)) for ends in maps.values()):
        raise ValueError(f"each map needs a row a momentum and a column a rate: shape {(len(momenta), len(rates))}")
    across, up = np.log10(rates), -np.log10(1 - momenta)
    figure, axes = picture(4.5 * len(maps) + 1.2, 4.3, 1, len(maps), squeeze=False, sharey=True)
    for k, (ax, (heading, ends)) in enumerate(zip(axes[0], maps.items(), strict=True)):
        with np.errstate(divide="ignore", invalid="ignore"):
            gained = np.clip(-np.log10(np.asarray(ends, float)), 0, 8)
        ax.set_facecolor(CARD)
        shown = ax.imshow(gained, origin="lower", extent=(across[0], across[-1], up[0], up[-1]), aspect="auto", vmin=0, vmax=8,
                          interpolation="nearest")
        if limits and heading in limits:
            ax.plot(np.log10(limits[heading]), up, color=INK, linestyle=(0, (5, 3)), linewidth=2, label="theory: stable to the left",
                    path_effects=[patheffects.withStroke(linewidth=4.5, foreground=CARD)])
        if best and k == 0:
            ax.plot(np.log10(best[0]), -np.log10(1 - best[1]), "*", markersize=15, color=COLORS["here"], markeredgecolor=INK, linestyle="",
                    label="Polyak's best pair")
        powers = np.arange(np.ceil(across[0]), np.floor(across[-1]) + 1)
        ax.set(xlim=(across[0], across[-1]), ylim=(up[0], up[-1]), xlabel="learning rate", xticks=powers,
               yticks=[-np.log10(1 - m) for m in MARKS if momenta[0] <= m <= momenta[-1]])
        ax.set_xticklabels(powers_of_ten(powers))
        ax.set_yticklabels([f"{m:g}" for m in MARKS if momenta[0] <= m <= momenta[-1]])
        ax.set_title(heading, fontsize=11, loc="center")
        ax.grid(False)
    axes[0, 0].set(ylabel="momentum")
    bar = figure.colorbar(shown, ax=axes, shrink=0.85, pad=0.02, ticks=[0, 2, 4, 6, 8])
    bar.ax.set_yticklabels(powers_of_ten([0, -2, -4, -6, -8]))
    bar.set_label("height at the end / at the start")
    bar.outline.set_visible(False)
    handles = {label: handle for ax in axes[0] for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    figure.legend([*handles.values(), white()], [*handles, "left for good"], loc="outside lower left", ncols=3)
    lost = ", ".join(f"{heading} {np.isnan(ends).mean():.0%}" for heading, ends in maps.items())
    return say(figure, title or "Where a run comes down, and where it leaves",
               alt or f"Maps over learning rate and momentum with a pixel a run, brighter where it came down further. Left for good: {lost}.")


def white():
    from matplotlib.patches import Patch

    return Patch(facecolor=CARD, edgecolor=INK, linewidth=0.6)
