"""Where each descent ends, as a map: a pixel a descent, a colour a valley."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import CARD, CIVIDIS, INK

UNSETTLED, GONE = -1, -2


@drawn
def basin_maps(maps, extent, names, labels=("x of the start", "y of the start"), points=(), lines=(), unsettled="never settles",
               title=None, alt=None):
    """One map or several side by side.

    maps   : {heading: (rows, columns) of whole numbers, the first row at the bottom}: the number of the valley that a descent ended in,
             -1 where it never settles, -2 where it left for good
    extent : (left, right, bottom, top); names : of the valleys, at most four
    points : (x, y) of the valleys' lowest points; lines : x where a dotted line stands, with words, as (x, words)
    unsettled : what to call the walkers of number -1
    Returns a Picture.
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    if len(names) > 4:
        raise ValueError(f"there are {len(names)} valleys, but this map has colours for 4")
    colors = [INK, CARD, *CIVIDIS[1:1 + len(names)]]
    wide = 3.6 * len(maps) if len(maps) > 1 else 7.6
    figure, axes = picture(wide, 4.4 if len(maps) > 1 else 4.8, 1, len(maps), squeeze=False, sharey=True)
    aspect = "equal" if points else "auto"
    for ax, (heading, ends) in zip(axes[0], maps.items(), strict=True):
        ax.imshow(ends, origin="lower", extent=extent, cmap=ListedColormap(colors), vmin=-2.5, vmax=len(names) - 0.5, interpolation="nearest",
                  aspect=aspect)
        for x, y in points:
            ax.plot(x, y, "*", markersize=12, color=CARD, markeredgecolor=INK)
        for x, words in lines:
            ax.axvline(x, color=INK, linestyle=(0, (2, 2)), linewidth=1.2)
            ax.annotate(words, (x, extent[3]), xytext=(0, 3), textcoords="offset points", fontsize=9, color=INK, ha="center")
        ax.set_title(heading, fontsize=11, loc="center", pad=18 if lines else 8)
        ax.set(xlabel=labels[0])
        ax.grid(False)
    axes[0, 0].set(ylabel=labels[1])
    present = np.unique(np.concatenate([np.ravel(ends) for ends in maps.values()]))
    said = {UNSETTLED: unsettled, GONE: "gone", **dict(enumerate(f"ends in {name}" for name in names))}
    patches = [Patch(facecolor=colors[k + 2], edgecolor=INK, linewidth=0.6, label=said[k]) for k in (*range(len(names)), -1, -2) if k in present]
    figure.legend(handles=patches, loc="outside lower left", ncols=6 if wide > 9 else 4)
    shares = "; ".join(f"{heading or 'the map'}: " + ", ".join(f"{said[k]} {np.mean(ends == k):.0%}" for k in present if (ends == k).any())
                       for heading, ends in maps.items())
    return say(figure, title or "Where each descent ends", alt or f"Maps with a pixel for each descent, coloured by where it ends. {shares}.")
