"""The one way this course draws a mountain: a walker's map of an error surface, valleys dark, with the walks laid over it."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import CARD, COLORS, INK, MUTED, look


@drawn
def draw_mountain(surface, paths=None, extent=(-3, 3, -3, 3), minima=(), levels=18, title=None, alt=None,
                  labels=("first parameter", "second parameter"), height="error"):
    """A surface over two parameters, with the paths of walkers on it.

    surface : function of two arrays (x, y) of one shape, returning heights of that shape; or the heights, shape (rows, columns)
    paths   : {name: array of shape (steps, 2)}; a name from `style.COLORS`, such as "momentum", is drawn in its own look
    extent  : (left, right, bottom, top)
    minima  : points (x, y) marked as lowest
    Contours are spaced by equal shares of the area, so that long flat valleys show their shape. Returns a Picture.
    """
    left, right, bottom, top = extent
    z = heights(surface, extent)
    figure, ax = picture(7.2, 5.0)
    x, y = np.linspace(left, right, z.shape[1]), np.linspace(bottom, top, z.shape[0])
    cuts = np.unique(np.quantile(z[np.isfinite(z)], np.linspace(0, 1, levels)))
    filled = ax.contourf(x, y, z, cuts, cmap=terrain())
    ax.contour(x, y, z, cuts, colors=INK, linewidths=0.35, alpha=0.5)
    for i, point in enumerate(minima):
        ax.plot(*point, marker="*", markersize=16, color=COLORS["here"], markeredgecolor=INK, linestyle="", zorder=4,
                label="lowest point" if i == 0 else None)
    for name, path in (paths or {}).items():
        draw_path(ax, name, np.asarray(path, float))
    ax.set(xlim=(left, right), ylim=(bottom, top), xlabel=labels[0], ylabel=labels[1])
    ax.grid(False)
    bar = figure.colorbar(filled, ax=ax, shrink=0.85, pad=0.02, ticks=cuts[:: max(1, len(cuts) // 6)],
                          format=lambda level, _: level_words(level, cuts))
    bar.set_label(height)
    bar.outline.set_visible(False)
    if paths or len(minima):
        figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=4)
    lowest, highest = (level_words(cuts[end], cuts) for end in (0, -1))
    walks = "".join(walk_words(name, np.asarray(path, float)) for name, path in (paths or {}).items())
    return say(figure, title or "Each walker sees only the slope under its feet",
               alt or f"Contour map of the {height}, which runs from {lowest} to {highest}. "
                      f"Axes: {labels[0]}, from {left:g} to {right:g}; {labels[1]}, from {bottom:g} to {top:g}.{walks}")


def heights(surface, extent, side=161):
    if not callable(surface):
        return np.asarray(surface, float)
    x, y = np.meshgrid(np.linspace(*extent[:2], side), np.linspace(*extent[2:], side))
    z = np.asarray(surface(x, y), float)
    if z.shape != x.shape:
        raise ValueError(f"surface(x, y) returned shape {z.shape} for x and y of shape {x.shape}; compute it element by element")
    return z


def terrain():
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("terrain of the course", ["#93a9b8", "#c3cfd0", "#e2e2d6", "#f6f1e6", CARD])


def words(name):
    return name.replace("_", " ")


def level_words(level, levels):
    """A height in two digits; 0 where it is next to nothing beside all the others."""
    return f"{0 if abs(level) < 1e-3 * np.ptp(levels) else level:.2g}"


def walk_words(name, path):
    (x, y), (x_end, y_end) = (np.round(path[end], 2) + 0.0 for end in (0, -1))
    return f" A path, {words(name)}, from ({x:g}, {y:g}) to ({x_end:g}, {y_end:g})."


def draw_path(ax, name, path):
    from matplotlib import patheffects

    halo = [patheffects.withStroke(linewidth=4.5, foreground=CARD)]
    style = look(name) if name in COLORS else {"color": MUTED, "linestyle": "-", "marker": ""}
    marker = style.pop("marker")
    ax.plot(path[:, 0], path[:, 1], linewidth=2, path_effects=halo, zorder=3, **style)
    ax.plot(*path[0], marker="o", markersize=6, markerfacecolor=CARD, markeredgecolor=style["color"], linestyle="", zorder=4)
    ax.plot(*path[-1], marker=marker or "o", markersize=9, color=style["color"], markeredgecolor=CARD, linestyle="", zorder=5)
    ax.plot([], [], label=words(name), linewidth=2, marker=marker, **style)
