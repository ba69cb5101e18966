"""What penalties do to weights: their walk towards zero, what is left after training, and how it looks as an image."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.small_images import minus_signs
from labkit.figures.style import CARD, INK, MUTED, blended

DASHES = ("-", "--", "-.", ":")


@drawn
def walks_to_zero(walks, title=None):
    """A few weights under a penalty alone, without any data.

    walks : {heading: (n_steps, n_weights)}, the start in row 0. Returns a Picture.
    """
    figure, axes = picture(3.3 * len(walks), 3.5, 1, len(walks), sharey=True, squeeze=False)
    for ax, (heading, walk) in zip(axes[0], walks.items(), strict=True):
        walk = np.asarray(walk, float)
        zeros = int((walk[-1] == 0).sum())
        for k in range(walk.shape[1]):
            ax.plot(walk[:, k], color=INK if walk[0, k] > 0 else MUTED, linestyle=DASHES[k % 4])
        ax.axhline(0, color=MUTED, linewidth=0.8)
        ax.set_title(f"{heading}\n{zeros} of {walk.shape[1]} end at exactly 0", fontsize=10.5, loc="center")
        ax.set_xlabel("steps")
    axes[0, 0].set_ylabel("weight")
    done = "; ".join(f"{int((np.asarray(w)[-1] == 0).sum())} under {heading}" for heading, w in walks.items())
    return say(figure, title or "L2 takes a share of each weight, L1 the same step from each until it rests at zero",
               f"A panel for each penalty with the same starts. Weights at exactly zero in the end: {done}.")


@drawn
def weights_left(weights, title=None):
    """The sizes of all weights after training, the largest first, on a logarithmic scale.

    weights : {label: array of any shape}. Exact zeros cannot stand on that scale and are counted in words. Returns a Picture.
    """
    figure, ax = picture(7.4, 4.0)
    zeros = {}
    for (label, W), (color, dash) in zip(weights.items(), ((MUTED, ":"), (INK, "--"), (INK, "-"), (MUTED, "-.")), strict=False):
        sizes = np.sort(np.abs(np.asarray(W, float)).ravel())[::-1]
        zeros[label] = int((sizes == 0).sum())
        kept = sizes[sizes > 0]
        ax.plot(np.arange(1, kept.size + 1), kept, color=color, linestyle=dash, label=f"{label}: {zeros[label]} of {sizes.size} exactly 0")
        if zeros[label]:
            ax.plot(kept.size, kept[-1], "o", color=color)
    ax.set(xlabel="weights, the largest first", ylabel="size of the weight", yscale="log")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    finding = ", ".join(f"{count} under {label.split(',')[0]}" for label, count in zeros.items())
    return say(figure, title or f"Weights that are exactly zero: {finding}", f"Sorted sizes of all weights. Exactly zero: {finding}.")


@drawn
def weight_images(weights, shape, title, alt=None):
    """Weights laid out as the pixels they belong to, on one scale: blue pushes towards the answer, vermillion with a minus against it.

    weights : {label: (n_pixels,)}; shape : rows and columns of the image. Crosses mark exact zeros. Returns a Picture.
    """
    figure, axes = picture(2.6 * len(weights), 3.2, 1, len(weights), squeeze=False)
    most = max(float(np.abs(w).max()) for w in weights.values()) or 1.0
    for ax, (label, w) in zip(axes[0], weights.items(), strict=True):
        w = np.asarray(w, float).reshape(shape)
        ax.imshow(blended(0.5 + 0.5 * w / most), interpolation="nearest")
        minus_signs(ax, w, most, 12)
        rows, columns = np.nonzero(w == 0)
        ax.plot(columns, rows, "x", color=MUTED, markersize=4, linewidth=1)
        ax.set(xticks=[], yticks=[])
        ax.set_title(f"{label}\nlargest {np.abs(w).max():.2f}", fontsize=10, loc="center")
        ax.grid(False)
        for spine in ax.spines.values():
            spine.set(visible=True, color=CARD)
    return say(figure, title, alt or f"{title}. An image of weights each for {', '.join(weights)}; crosses mark weights that are exactly zero.")
