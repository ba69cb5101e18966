"""One step of momentum drawn as arrows: the jump that both methods make, and the slope that each of them corrects it by."""

from __future__ import annotations

import numpy as np

from labkit.figures.mountain import heights, terrain
from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import CARD, COLORS, INK, MUTED


@drawn
def one_step_each(surface, w, jump, ends, extent, title=None, alt=None):
    """Where two steps from one point lead.

    surface : function of two arrays (x, y); extent : (left, right, bottom, top)
    w       : where the weights are, (2,); jump : momentum times velocity, (2,)
    ends    : {"momentum": (2,), "nesterov": (2,)}, where each step leads
    Returns a Picture.
    """
    w, ahead = np.asarray(w, float), np.asarray(w, float) + jump
    ends = {name: np.asarray(end, float) for name, end in ends.items()}
    z = heights(surface, extent)
    figure, ax = picture(8.6, 4.6)
    x, y = np.linspace(*extent[:2], z.shape[1]), np.linspace(*extent[2:], z.shape[0])
    cuts = np.unique(np.quantile(z, np.linspace(0, 1, 18)))
    ax.contourf(x, y, z, cuts, cmap=terrain())
    ax.contour(x, y, z, cuts, colors=INK, linewidths=0.35, alpha=0.5)
    arrow(ax, w, ahead, MUTED, "--")
    arrow(ax, w, w + ends["momentum"] - ahead, COLORS["momentum"], ":")
    ax.plot([], [], color=COLORS["momentum"], linestyle=":", label="the slope at the start, where it was taken")
    for name, words in (("momentum", "classical: corrected by the slope at the start"), ("nesterov", "Nesterov: corrected by the slope ahead")):
        arrow(ax, ahead, ends[name], COLORS[name], "-")
        ax.plot(*ends[name], "^" if name == "momentum" else "v", markersize=10, color=COLORS[name], markeredgecolor=CARD, label=words, linestyle="")
    ax.plot([], [], color=MUTED, linestyle="--", label="the jump: momentum × velocity")
    ax.plot(*w, "o", markersize=10, markerfacecolor=CARD, markeredgecolor=INK)
    ax.plot(*ahead, "o", markersize=7, markerfacecolor=CARD, markeredgecolor=MUTED)
    ax.annotate("start", w, xytext=(-10, 8), textcoords="offset points", fontsize=10, ha="right")
    ax.annotate("ahead", ahead, xytext=(-10, -12), textcoords="offset points", fontsize=10, ha="right")
    ax.set(xlim=extent[:2], ylim=extent[2:], xlabel="first weight", ylabel="second weight")
    ax.grid(False)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    low = {name: float(surface(*end)) for name, end in ends.items()}
    finding = f"One step from the same start: classical ends at height {low['momentum']:.2f}, Nesterov at {low['nesterov']:.2f}"
    return say(figure, title or finding, alt or f"{finding}. Both jump the same way; the classical correction is the slope at the start, Nesterov's "
               "the slope where the jump lands.")


def arrow(ax, start, end, color, dash):
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": color, "linestyle": dash, "linewidth": 2.2, "shrinkA": 0, "shrinkB": 0,
                                            "mutation_scale": 16})
