"""The one way this course draws a network: layers from left to right, weights by sign, style and width."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import CARD, COLORS, INK, LINES, MUTED, mixed

MOST = 9


@drawn
def draw_network(sizes, weights=None, labels=None, values=None, title=None, alt=None, names=None):
    """A layered network.

    sizes   : units in each layer, input first, for example [2, 2, 1]
    weights : one array a gap, shape (sizes[i], sizes[i + 1]); blue solid is positive, vermillion dashed negative, thick is large
    labels  : one list of texts a layer, or None for a layer without
    values  : one array a layer, 0 to 1: how strongly each unit is filled
    names   : one text a layer, written below it
    A layer of more than nine units shows its first and last four. Returns a Picture.
    """
    if weights is not None:
        weights = [np.asarray(w, float) for w in weights]
        for i, (w, shape) in enumerate(zip(weights, zip(sizes, sizes[1:], strict=False), strict=True)):
            if w.shape != shape:
                raise ValueError(f"weights[{i}] has shape {w.shape}, but layers of {shape[0]} and {shape[1]} units need {shape}")
    tallest = max(min(n, MOST) for n in sizes)
    figure, ax = picture(max(4.2, 1.9 * len(sizes)), max(2.6, 0.62 * tallest + 1.1))
    ax.set_axis_off()
    places = [layer_places(n, i * 2.0) for i, n in enumerate(sizes)]
    draw_weights(ax, places, weights)
    for i, layer in enumerate(places):
        draw_layer(ax, layer, sizes[i], labels[i] if labels else None, values[i] if values is not None else None)
        if names:
            ax.text(i * 2.0, -tallest / 2 - 0.35, names[i], ha="center", va="top", color=MUTED, fontsize=9.5)
    ax.set_xlim(-0.9, 2.0 * len(sizes) - 1.1)
    ax.set_ylim(-tallest / 2 - (0.8 if names else 0.2), tallest / 2 + 0.2)
    ax.set_aspect("equal")
    words = "-".join(map(str, sizes))
    return say(figure, title or f"A {words} network", alt or network_alt(sizes, weights))


def layer_places(n, x):
    """{unit: (x, y)} for the units that are drawn."""
    units = list(range(n)) if n <= MOST else [*range(4), *range(n - 4, n)]
    rows = len(units) if n <= MOST else MOST
    slots = range(rows) if n <= MOST else [0, 1, 2, 3, 5, 6, 7, 8]
    return {unit: (x, (rows - 1) / 2 - slot) for unit, slot in zip(units, slots, strict=True)}


def draw_weights(ax, places, weights):
    for gap, (left, right) in enumerate(zip(places, places[1:], strict=False)):
        largest = np.abs(weights[gap]).max() if weights is not None else 0
        for i, start in left.items():
            for j, end in right.items():
                ax.plot(*zip(start, end, strict=True), zorder=1, solid_capstyle="butt", **weight_look(weights, gap, i, j, largest))


def weight_look(weights, gap, i, j, largest):
    if weights is None:
        return {"color": mixed(MUTED, 0.55), "linewidth": 1.0}
    weight = weights[gap][i, j]
    sign = "negative" if weight < 0 else "positive"
    return {"color": COLORS[sign], "linestyle": LINES[sign], "linewidth": 0.4 + 3.4 * abs(weight) / (largest or 1)}


def draw_layer(ax, layer, size, labels, values):
    for unit, (x, y) in layer.items():
        share = 0.0 if values is None else float(np.clip(values[unit], 0, 1))
        ax.plot(x, y, "o", markersize=25, markerfacecolor=mixed(INK, 0.8 * share), markeredgecolor=INK, markeredgewidth=1.4, zorder=2)
        if labels:
            ax.text(x, y, labels[unit], ha="center", va="center", fontsize=9.5, zorder=3, color=CARD if share > 0.5 else INK)
    if size > MOST:
        x = next(iter(layer.values()))[0]
        ax.text(x, 0, f"⋮ {size}", ha="center", va="center", color=MUTED, fontsize=10)


def network_alt(sizes, weights):
    text = f"A network of {len(sizes)} layers with {', '.join(map(str, sizes))} units, every unit joined to all of the next layer."
    if weights is not None:
        positive = sum(int((w > 0).sum()) for w in weights)
        text += f" {positive} of {sum(w.size for w in weights)} weights are positive (blue, solid), the rest negative (vermillion, dashed)."
    return text
