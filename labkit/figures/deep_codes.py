"""Autoencoders: how their error falls, what they make of digits, and what a Boltzmann machine's hidden units look for."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.small_images import minus_signs
from labkit.figures.style import COLORS, EDGE, INK, LINES, MUTED, blended

LOOKS = ({"color": INK, "linestyle": "-", "marker": "o"}, {"color": INK, "linestyle": "-.", "marker": "^"},
         {"color": "#868686", "linestyle": "--", "marker": "s"}, {"color": "#868686", "linestyle": ":", "marker": "v"})


@drawn
def code_errors(curves, levels, title):
    """Test error after each epoch of fine-tuning. curves : {words: (n_epochs + 1,)}; levels : {words: value}, dashed. Returns a Picture."""
    figure, ax = picture(8.6, 4.4)
    for order, ((words, values), look) in enumerate(zip(curves.items(), LOOKS, strict=False)):
        ax.plot(values, label=words, markevery=(order, max(1, len(values) // 8)), **look)
    for words, value in levels.items():
        ax.axhline(value, color=COLORS["theory"], linestyle=LINES["theory"], linewidth=1.4)
        ax.annotate(f"{words}: {value:.2f}", (len(values) - 1, value), xytext=(0, 8), textcoords="offset points", ha="right",
                    fontsize=9.5, color=MUTED)
    ax.set(xlabel="passes through the training digits", ylabel="squared error,\nsummed over a test image", ylim=(0, 1.3 * max(levels.values())))
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    ends = "; ".join(f"{words} {values[-1]:.2f}" for words, values in curves.items())
    return say(figure, title, f"{title}. Curves over {len(values) - 1} passes, ending at: {ends}. Dashed: " +
               ", ".join(f"{words} {value:.2f}" for words, value in levels.items()) + ".")


@drawn
def image_rows(rows, title, signed=False, alt=None):
    """Rows of small square images, each with its words on the left.

    rows : {words: (n_images, side * side)}, ink from 0 to 1; with `signed` weights, orange with a minus below 0, blue above. Returns a Picture.
    """
    n, side = len(next(iter(rows.values()))), int(round(len(next(iter(rows.values()))[0]) ** 0.5))
    figure, axes = picture(1.9 + 0.72 * n, 0.75 + 0.78 * len(rows), len(rows), n, squeeze=False)
    figure.get_layout_engine().set(w_pad=0.06, h_pad=0.06, wspace=0.02, hspace=0.02)
    for line, (words, images) in zip(axes, rows.items(), strict=True):
        for ax, image in zip(line, images, strict=True):
            show(ax, np.asarray(image, float).reshape(side, side), signed)
        line[0].set_ylabel(words, rotation=0, ha="right", va="center", color=INK, labelpad=8)
    return say(figure, title, alt or f"{title}. Rows of {n} images: {', '.join(rows)}.")


def show(ax, image, signed):
    if signed:
        most = max(np.abs(image).max(), 1e-9)
        ax.imshow(blended(0.5 + 0.5 * image / most, "negative", "positive"), interpolation="nearest")
        minus_signs(ax, image, most, 4)
    else:
        ax.imshow(image, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set(visible=True, color=EDGE)
