"""Small grey images, up to four in a row, with the distances between them."""

from __future__ import annotations

import itertools

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import EDGE, INK, MUTED


@drawn
def images(pictures, names=None, title=None, alt=None, distances=True):
    """Grey images, ink dark on light, and the Euclidean distance of every pair.

    pictures : list of arrays (28, 28), or (784,), values from 0 (paper) to 1 or 255 (ink)
    names    : one text an image; A, B, C... without. More than four stand in two rows.
    Returns a Picture.
    """
    stack = [square(p) for p in pictures]
    names = list(names) if names else [chr(65 + i) for i in range(len(stack))]
    if len(names) != len(stack):
        raise ValueError(f"{len(stack)} images were given {len(names)} names; give one name an image")
    pairs = list(itertools.combinations(range(len(stack)), 2)) if distances and 1 < len(stack) <= 4 else []
    rows = 1 if len(stack) <= 4 else 2
    columns = -(-len(stack) // rows)
    figure, axes = picture(max(5.4, 2.1 * columns), 0.5 + 2.4 * rows + 0.24 * len(pairs), rows, columns, squeeze=False)
    for ax in axes.flat[len(stack):]:
        ax.remove()
    for ax, image, name in zip(axes.flat, stack, names, strict=False):
        ax.imshow(image, cmap="gray_r", vmin=0, vmax=max(1.0, image.max()), interpolation="nearest")
        ax.set(xticks=[], yticks=[], xlabel=name)
        ax.xaxis.label.set_color(INK)
        ax.grid(False)
        for spine in ax.spines.values():
            spine.set(visible=True, color=EDGE)
    gaps = {pair: float(np.linalg.norm(stack[pair[0]] - stack[pair[1]])) for pair in pairs}
    said = [f"{names[i]} / {names[j]}: {gap:,.0f}" if gap >= 100 else f"{names[i]} / {names[j]}: {gap:.3g}" for (i, j), gap in gaps.items()]
    if said:
        figure.supxlabel("distance, " + said[0] if len(said) == 1 else "distance, pixel by pixel\n" + "\n".join(said), fontsize=10, color=MUTED)
    return say(figure, title or finding(names, gaps),
               alt or f"{len(stack)} grey images of {stack[0].shape[0]} by {stack[0].shape[1]} pixels: {', '.join(names)}. "
                      f"{'Distances: ' + '; '.join(said) + '.' if said else ''}")


def minus_signs(ax, weights, most, length):
    """A minus on each clearly negative weight of an image, so that not its colour alone says so; `length` in points where the weight is -most."""
    rows, columns = np.nonzero(weights < -0.03 * most)      # below that they would be dots
    ax.scatter(columns, rows, s=length**2 * np.abs(weights[rows, columns]) / most, marker="_", color=INK, linewidths=length / 10)


def square(image):
    image = np.asarray(image, float)
    side = int(round(image.size ** 0.5))
    if image.ndim == 1 and side * side == image.size:
        image = image.reshape(side, side)
    if image.ndim != 2:
        raise ValueError(f"an image has shape {image.shape}; pass (28, 28), or a flat array of 784 pixels")
    return image


def finding(names, gaps):
    if not gaps:
        return ", ".join(names)
    i, j = min(gaps, key=gaps.get)
    return f"Measured pixel by pixel, {names[i]} and {names[j]} are the closest pair" if len(gaps) > 1 else f"{names[0]} and {names[1]}"
