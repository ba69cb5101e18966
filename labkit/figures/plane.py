"""Points of two classes in the plane, and what a unit makes of the plane."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.scene import crossing
from labkit.figures.style import CARD, COLORS, INK, MARKERS, MUTED, SOFT


def checked(X, y=None):
    """X as (n, 2) floats and y as (n,), or a ValueError that says what to change."""
    X = np.asarray(X, float)
    if X.ndim != 2 or X.shape[1] != 2:
        raise ValueError(f"X has shape {X.shape}; a picture of the plane needs two columns, for example X[:, :2]")
    if not np.isfinite(X).all():
        raise ValueError("X has values that are NaN or infinite; leave those rows out before drawing")
    if y is None:
        return X, None
    y = np.asarray(y)
    if y.shape != (len(X),):
        raise ValueError(f"y has shape {y.shape}, but X has {len(X)} rows; y needs one label a row")
    return X, y


def room(X, share=0.12):
    """(left, right, bottom, top) around the points."""
    low, high = X.min(axis=0), X.max(axis=0)
    pad = np.where(high > low, (high - low) * share, 1.0)
    return tuple(np.stack([low - pad, high + pad], axis=1).ravel())


@drawn
def points(X, y, title=None, labels=("x1", "x2"), names=("class 0", "class 1"), extent=None, alt=None):
    """Points of two classes: vermillion squares and blue circles. X : (n, 2), y : (n,) of 0 and 1. Returns a Picture."""
    X, y = checked(X, y)
    figure, ax = plane_axes(X, labels, extent)
    scatter(ax, X, y, names)
    outside_legend(figure, ax)
    ones = int((y > 0).sum())
    return say(figure, title or f"{len(y)} points: {len(y) - ones} squares ({names[0]}), {ones} circles ({names[1]})",
               alt or f"{len(y)} points in the plane of {labels[0]} and {labels[1]}: {len(y) - ones} squares ({names[0]}) and "
                      f"{ones} circles ({names[1]}).")


@drawn
def boundary(X, y, w=None, b=0.0, predict=None, title=None, labels=("x1", "x2"), names=("class 0", "class 1"), extent=None, alt=None):
    """What a unit, or any rule, answers everywhere: the plane shaded by its answer, mistakes ringed.

    Give w (2,) and b for the line w.x + b = 0, or predict, a function of X (n, 2) returning n labels (or probabilities of class 1).
    Returns a Picture.
    """
    X, y = checked(X, y)
    if (w is None) == (predict is None):
        raise TypeError("boundary needs either w and b of a line, or predict, a function of X; not both")
    if predict is None:
        w = np.asarray(w, float)
        if w.shape != (2,):
            raise ValueError(f"w has shape {w.shape}; a line in the plane needs two weights")
    extent = room(X) if extent is None else extent
    answer = predict if predict is not None else lambda Z: (Z @ w + b > 0).astype(float)
    figure, ax = plane_axes(X, labels, extent)
    shade(ax, answer, extent)
    if w is not None and (ends := crossing(box_corners(extent), *w, b)):
        ax.plot(*zip(*ends, strict=True), color=COLORS["line"], linewidth=2.6, zorder=2, label="w·x + b = 0")
    scatter(ax, X, y, names)
    wrong = (np.asarray(answer(X), float).ravel() > 0.5) != (y > 0)
    ax.plot(*X[wrong].T, "o", markersize=17, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.8, zorder=4,
            label=f"mistakes ({wrong.sum()})" if wrong.any() else None)
    outside_legend(figure, ax)
    thing = "This line" if w is not None else "This rule"
    right = len(y) - int(wrong.sum())
    return say(figure, title or f"{thing} answers {right} of {len(y)} points rightly",
               alt or f"The plane of {labels[0]} and {labels[1]} divided by a rule into a side answered {names[0]} and a side answered "
                      f"{names[1]}; {right} of {len(y)} points lie on the right side.")


def plane_axes(X, labels, extent):
    extent = room(X) if extent is None else extent
    figure, ax = picture(5.8, 5.2)
    ax.set(xlim=extent[:2], ylim=extent[2:], xlabel=labels[0], ylabel=labels[1])
    return figure, ax


def box_corners(extent):
    left, right, bottom, top = extent
    return [(left, bottom), (right, bottom), (right, top), (left, top)]


def scatter(ax, X, y, names):
    for name, words, chosen in (("class_0", names[0], y <= 0), ("class_1", names[1], y > 0)):
        ax.plot(*X[chosen].T, MARKERS[name], color=COLORS[name], markeredgecolor=CARD, markeredgewidth=0.9, markersize=9, zorder=3,
                label=words)


def shade(ax, answer, extent, side=241):
    from scipy.ndimage import gaussian_filter

    beyond, inside = 12, slice(12, -12)     # the smoothed edge would bend at the border: it is made a little larger and cut
    steps = np.arange(-beyond, side + beyond) / (side - 1)
    x, y = np.meshgrid(*(low + steps * (high - low) for low, high in (extent[:2], extent[2:])))
    z = np.asarray(answer(np.column_stack([x.ravel(), y.ravel()])), float).reshape(x.shape)
    near = gaussian_filter((z > 0.5).astype(float), 3, mode="nearest")      # else the edge has steps
    x, y, z, near = (part[inside, inside] for part in (x, y, z, near))
    ax.contourf(x, y, z, [-np.inf, 0.5, np.inf], colors=[SOFT["class_0"], SOFT["class_1"]], zorder=0)
    if near.min() < 0.5 < near.max():       # printed in grey, the two soft colours are one
        ax.contour(x, y, near, [0.5], colors=[MUTED], linewidths=1, zorder=0.5)
    ax.grid(False)


def outside_legend(figure, ax):
    handles, words = ax.get_legend_handles_labels()
    figure.legend(handles, words, loc="outside lower left", ncols=4)
