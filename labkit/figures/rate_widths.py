"""The error of networks of many widths, trained with many drop rates: one pixel a network."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import ACCENT, CARD, COLORS, INK


@drawn
def rate_width_map(errors, rates, widths, title=None):
    """errors : (n_rates, n_widths), the error on the checking rows; rates : (n_rates,) rising; widths : (n_widths,) rising

    The best rate of each width is marked, and a line shows the rates that leave as many units as the best pixel has. Returns a Picture.
    """
    errors, rates, widths = np.asarray(errors, float), np.asarray(rates, float), np.asarray(widths, float)
    if errors.shape != (len(rates), len(widths)):
        raise ValueError(f"errors has shape {errors.shape}; {len(rates)} rates and {len(widths)} widths need {(len(rates), len(widths))}.")
    figure, ax = picture(7.4, 4.9)
    edges = np.arange(len(widths) + 1) - 0.5, np.arange(len(rates) + 1) - 0.5
    shown = ax.pcolormesh(*edges, errors, cmap="cividis_r", vmin=errors.min(), vmax=min(0.5, errors.max()))
    best = errors.argmin(axis=0)
    ax.plot(np.arange(len(widths)), best, "o", color=ACCENT, markeredgecolor=INK, markersize=9, zorder=4, label="best rate of each width")
    i, j = np.unravel_index(errors.argmin(), errors.shape)
    left = widths[j] * (1 - rates[i])
    along = np.geomspace(widths[0], widths[-1], 200)
    line = np.interp(1 - left / along, rates, np.arange(len(rates)), left=np.nan, right=np.nan)
    ax.plot(np.interp(np.log(along), np.log(widths), np.arange(len(widths))), line, color=CARD, linewidth=5)
    ax.plot(np.interp(np.log(along), np.log(widths), np.arange(len(widths))), line, color=COLORS["theory"], linestyle=(0, (6, 3)),
            label=f"{left:.0f} units left on average")
    ax.set(xlabel="hidden units", ylabel="rate, the probability of dropping one", xticks=range(len(widths)), yticks=range(len(rates)))
    ax.set_xticklabels([f"{width:.0f}" for width in widths])
    ax.set_yticklabels([f"{rate:.2g}" for rate in rates])
    ax.grid(False)
    bar = figure.colorbar(shown, ax=ax, extend="max" if errors.max() > 0.5 else "neither", format="{x:.0%}")
    bar.set_label("checking error")
    bar.outline.set_visible(False)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    finding = f"{widths[0]:.0f} units want rate {rates[best[0]]:g}, {widths[-1]:.0f} want {rates[best[-1]]:g}: the wider, the more can be dropped"
    return say(figure, title or finding,
               f"A map of {errors.size} networks, width across and rate up. Best of all: {widths[j]:.0f} units at rate {rates[i]:g}, "
               f"checking error {errors[i, j]:.1%}.")
