"""What happens to signals and gradients on their way through many layers."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import ACCENT, CARD, COLORS, INK, LINES, MUTED, SOFT, blended, powers_of_ten

STARTS = ({"color": MUTED, "linestyle": ":", "marker": "v"}, {"color": INK, "linestyle": "--", "marker": "s"},
          {"color": INK, "linestyle": "-", "marker": "o"})
FLOOR = 1e-16


@drawn
def saturation():
    """The sigmoid and its slope, with the stretch in which its answers lie between .2 and .8. Returns a Picture."""
    z = np.linspace(-8, 8, 321)
    y = 1 / (1 + np.exp(-z))
    figure, axes = picture(9.6, 3.6, 1, 2)
    for ax, values, words in ((axes[0], y, "answer y = sigmoid(z)"), (axes[1], y * (1 - y), "slope y (1 - y)")):
        ax.axvspan(-np.log(4), np.log(4), color=SOFT["here"], zorder=0)
        ax.plot(z, values, color=INK)
        ax.set(xlabel="sum z", ylabel=words, xlim=(-8, 8))
    axes[0].set(yticks=[0, 0.2, 0.5, 0.8, 1])
    axes[1].set(yticks=[0, 0.05, 0.1, 0.16, 0.25], ylim=(0, 0.27))
    for end in (-1, 1):
        axes[1].annotate("saturated", (end * 6, 0.012), ha="center", va="bottom", color=MUTED, fontsize=9.5)
    return say(figure, "The slope is never above 1/4, and outside answers of .2 to .8 it soon is next to nothing",
               "Left, the sigmoid curve; right, its slope, a hill with its top at 0.25 over z = 0, 0.16 where the answer is .2 or .8, and "
               "almost 0 beyond z = 5 on both sides. A pale band marks answers from .2 to .8.")


@drawn
def layer_profiles(profiles, title, alt=None):
    """Sizes layer by layer on a logarithmic scale: a panel for each kind of unit, a line for each start.

    profiles : {panel's name: {line's name: (n_layers,)}}, at most three lines a panel. Returns a Picture.
    """
    figure, axes = picture(min(11.2, 1.6 + 2.7 * len(profiles)), 4.0, 1, len(profiles), sharey=True, squeeze=False)
    for ax, (name, lines) in zip(axes[0], profiles.items(), strict=True):
        for (words, sizes), look in zip(lines.items(), STARTS, strict=False):
            layers = np.arange(1, len(sizes) + 1)
            ax.plot(layers, np.maximum(sizes, FLOOR), label=words, markevery=(0, max(1, len(sizes) // 5)), **look)
        ax.set(yscale="log", xlabel="layer (1 is next to the input)", xlim=(0, len(sizes) + 1))
        ax.set_title(name, fontsize=11)
    axes[0, 0].set_ylabel("size of the gradient (at the top: 1)")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower left", ncols=3)
    rows = [f"{name}, {words}: {sizes[0]:.1e} at layer 1" for name, lines in profiles.items() for words, sizes in lines.items()]
    return say(figure, title, alt or f"{title}. {'; '.join(rows)}.")


@drawn
def signal_growth(measured, theory, title):
    """The mean square of the sums, layer by layer, and what the law says.

    measured : {words: (n_layers,)}, theory : {words: ratio a layer}. Returns a Picture.
    """
    figure, ax = picture(8.6, 4.4)
    looks = ("s", "o", "^", "v", "D")
    for (words, sizes), mark in zip(measured.items(), looks, strict=False):
        layers = np.arange(1, len(sizes) + 1)
        line, = ax.plot(layers, sizes, linestyle="", marker=mark, markersize=5, color=INK, label=words)
        law, = ax.plot(layers, theory[words] ** (layers - 1.0), color=COLORS["theory"], linestyle=LINES["theory"], linewidth=1.4, zorder=1)
        ax.annotate(words, (layers[-1], theory[words] ** (layers[-1] - 1.0)), xytext=(8, 0), textcoords="offset points", va="center", fontsize=9.5)
    ax.set(yscale="log", xlabel="layer", ylabel="mean square of the sums (first layer: 1)", xlim=(0.5, 1.25 * len(sizes)))
    ax.set_xticks(range(5, len(sizes) + 1, 5))
    figure.legend([line, law], ["measured", "the law"], loc="outside lower left", ncols=2)
    return say(figure, title, f"{title}. Marks: measured; dashed lines: the law. " +
               "; ".join(f"{words}: {sizes[-1]:.1e} after {len(sizes)} layers" for words, sizes in measured.items()) + ".")


@drawn
def gradient_map(maps, depths, scales, theory, title):
    """How large the gradient at the bottom is, for networks of every depth and start: a pixel is a network.

    maps : {activation: (len(depths), len(scales))}, log10 of the gradient's size at the input over that at the top
    scales : start's standard deviation times the root of the number of inputs; theory : {activation: the scale that a law names, or None}
    Returns a Picture.
    """
    from matplotlib.lines import Line2D

    figure, axes = picture(10.6, 4.5, 1, len(maps), sharey=True, squeeze=False)
    places = np.log2(scales)
    half_x, half_y = (places[1] - places[0]) / 2, (depths[1] - depths[0]) / 2
    extent = (places[0] - half_x, places[-1] + half_x, depths[0] - half_y, depths[-1] + half_y)
    for ax, (name, values) in zip(axes[0], maps.items(), strict=True):
        ax.imshow(shade(values), origin="lower", extent=extent, aspect="auto", interpolation="nearest")
        ax.contour(places, depths, np.clip(values, -6, 6), [-1, 1], colors=INK, linewidths=1.1, linestyles=["--", "-"])
        if theory.get(name):
            ax.axvline(np.log2(theory[name]), color=ACCENT, linewidth=2.4)
        ticks = [v for v in (0.25, 0.5, 1, 2, 4, 8, 16) if places[0] <= np.log2(v) <= places[-1]]
        ax.set(xticks=np.log2(ticks), xlabel="start scale: spread times root of inputs")
        ax.set_xticklabels([f"{v:g}" for v in ticks])
        ax.set_title(name, fontsize=11)
        ax.grid(False)
    axes[0, 0].set_ylabel("layers")
    key(figure, axes)
    signs = {"a tenth of it arrives": (INK, "--", 1.1), "ten times it arrives": (INK, "-", 1.1), "the law": (ACCENT, "-", 2.4)}
    figure.legend([Line2D([], [], color=color, linestyle=dash, linewidth=width) for color, dash, width in signs.values()], signs,
                  loc="outside lower left", ncols=3)
    held = ", ".join(f"{name} {np.mean(np.abs(values) <= 1):.0%}" for name, values in maps.items())
    return say(figure, title, f"{title}. Maps with depth up and start scale across; pale where the gradient keeps its size within a factor of "
                              f"ten, orange where it vanishes, blue where it explodes. Share of pale pixels: {held}.")


MOST = 9.0


def shade(values):
    """Orange where the gradient has vanished, blue where it has exploded, the card's colour where it kept its size. log10 values"""
    return blended(0.5 + np.clip(np.nan_to_num(values, nan=MOST, posinf=MOST, neginf=-MOST), -MOST, MOST) / (2 * MOST), "class_0", "class_1")


def key(figure, axes):
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    colors = ListedColormap(shade(np.linspace(-MOST, MOST, 181)) / 255)
    exponents = (-9, -6, -3, 0, 3, 6, 9)
    bar = figure.colorbar(ScalarMappable(Normalize(-MOST, MOST), colors), ax=axes, shrink=0.9, pad=0.01, ticks=exponents)
    bar.ax.set_yticklabels(powers_of_ten(exponents))
    bar.set_label("gradient at the bottom over gradient at the top")
    bar.outline.set_edgecolor(CARD)
