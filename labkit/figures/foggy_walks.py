"""Several walkers on one mountain, and how high each stands for the examples that it has looked at."""

from __future__ import annotations

import numpy as np

from labkit.figures.mountain import heights, terrain
from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import CARD, COLORS, INK


@drawn
def walks(surface, paths, extent, minima=(), title=None, alt=None, labels=("w", "v"), height="mean error"):
    """Paths over a mountain on the left, their heights against examples looked at on the right.

    surface : function of two arrays (x, y) of one shape; extent : (left, right, bottom, top)
    paths   : {name: (points (steps + 1, 2), examples that one step looks at)}; the walker with the most is drawn as full-batch
              descent, with 1 as stochastic descent, any other as mini-batches. Parts outside the map are not drawn.
    minima  : points (x, y) marked as lowest
    Returns a Picture.
    """
    left, right, bottom, top = extent
    z = heights(surface, extent)
    cuts = np.unique(np.quantile(z, np.linspace(0, 1, 18)))
    figure, (ax, side) = picture(10.4, 4.2, 1, 2, width_ratios=(1.75, 1))
    x, y = np.linspace(left, right, z.shape[1]), np.linspace(bottom, top, z.shape[0])
    ax.contourf(x, y, z, cuts, cmap=terrain())
    ax.contour(x, y, z, cuts, colors=INK, linewidths=0.35, alpha=0.5)
    stars = []
    for point in minima:
        stars = ax.plot(*point, "*", markersize=15, color=COLORS["here"], markeredgecolor=INK, zorder=4, linestyle="", label="bottom of a valley")
    most = max(each for _, each in paths.values())
    for name, (points, each) in sorted(paths.items(), key=lambda item: item[1][1]):
        points = np.array(points, float)
        look = walker(each, most)
        line = {key: look[key] for key in ("color", "linestyle")}
        high = np.asarray(surface(points[:, 0], points[:, 1]), float)
        out = (points[:, 0] < left) | (points[:, 0] > right) | (points[:, 1] < bottom) | (points[:, 1] > top)
        shown = np.where(out[:, None], np.nan, points)
        ax.plot(*shown.T, linewidth=4, color=CARD, alpha=0.6)
        ax.plot(*shown.T, linewidth=1.3 if each == 1 else 2.2, **line)
        ax.plot(*shown[-1], look["marker"], markersize=8, color=look["color"], markeredgecolor=CARD, zorder=5)
        side.plot(each * np.arange(len(points)), np.where(np.isfinite(high), high, np.nan), linewidth=1.2 if each == 1 else 2.2, label=name, **line)
    first = next(iter(paths.values()))[0][0]
    begin, = ax.plot(*first, "o", markersize=7, markerfacecolor=CARD, markeredgecolor=INK, zorder=5, linestyle="", label="start")
    ax.set(xlim=(left, right), ylim=(bottom, top), xlabel=labels[0], ylabel=labels[1])
    ax.grid(False)
    side.set(xlabel="examples looked at", ylabel=f"height ({height})", yscale="log", ylim=(0.6 * z.min(), 1.3 * z.max()))
    figure.legend(handles=[*side.get_legend_handles_labels()[0], begin, *stars], loc="outside lower left", ncols=5)
    names = ", ".join(paths)
    return say(figure, title or "The same mountain, looked at more or less closely",
               alt or f"Contour map with the paths of walkers ({names}) from one start, and beside it their heights on a logarithmic scale against "
                      "the examples they have looked at.")


def walker(each, most):
    if each == most:
        return {"color": COLORS["gradient_descent"], "linestyle": "-", "marker": "o"}
    if each == 1:
        return {"color": COLORS["sgd"], "linestyle": "-", "marker": "s"}
    return {"color": INK, "linestyle": "--", "marker": "^"}
