"""Curves of training: losses over passes or learning rates, one panel or several, always labelled."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import COLORS, INK, LINES, MARKERS, MUTED

PLAIN = ((INK, "-"), (MUTED, "--"), ("#868686", ":"), (INK, "-."), (MUTED, (0, (1, 1))))


@drawn
def curves(panels, xlabel, ylabel, title, alt, logx=False, logy=False, ylim=None, marks=(), markers=False, ends=False):
    """Lines in one panel or several that share their y axis.

    panels : {heading: {label: (x, y) or (x, y, name)}}; a name from `style.COLORS` gives the line that look, others are told apart by
             dashes; what is not finite is left out
    marks  : (x, words) of dotted lines from top to bottom; markers : whether to mark the points
    ends   : whether to write the labels at the ends of the lines, in place of a legend; then several lines may have one name
    Returns a Picture.
    """
    figure, axes = picture(max(7.4, 3.5 * len(panels)), 4.1, 1, len(panels), squeeze=False, sharey=True)
    for ax, (heading, lines) in zip(axes[0], panels.items(), strict=True):
        for k, (label, (x, y, *name)) in enumerate(lines.items()):
            color, dash = PLAIN[k % len(PLAIN)]
            if name:
                color, dash = COLORS[name[0]], dash if ends else LINES.get(name[0], "-")
            mark = (MARKERS.get(name[0], "o") if name else "osD^v"[k % 5]) if markers else ""
            y = np.asarray(y, float)
            ax.plot(x, np.where(np.isfinite(y), y, np.nan), color=color, linestyle=dash, marker=mark, label=label)
        for x, words in marks:
            ax.axvline(x, color=MUTED, linestyle=(0, (2, 2)), linewidth=1.2)
            ax.annotate(words, (x, 1), xycoords=("data", "axes fraction"), xytext=(4, -3), textcoords="offset points", fontsize=9.5, color=INK,
                        va="top")
        ax.set_title(heading, fontsize=11, loc="center")
        ax.set(xlabel=xlabel)
        if logx:
            ax.set_xscale("log")
        if logy:
            ax.set_yscale("log")
        if ylim:
            ax.set_ylim(*ylim)
        for axis in [ax.xaxis] * logx + [ax.yaxis] * logy:
            plain_numbers(axis)
        if not logx:
            ax.xaxis.set_major_formatter("{x:,.10g}")
            ax.xaxis.get_major_locator().set_params(integer=all(np.array_equal(x, np.rint(x)) for x, *_ in lines.values()))
        if ends:
            name_ends(ax)
    axes[0, 0].set(ylabel=ylabel)
    handles = {label: handle for ax in axes[0] for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    if len(handles) > 1 and not ends:
        figure.legend(handles.values(), handles.keys(), loc="outside lower left", ncols=4 if len(handles) != 5 else 3)
    return say(figure, title, alt)


def name_ends(ax):
    """Each line's label at its right end; lines that end in one place share the words."""
    low, high = ax.get_ylim()
    ends = {}
    for line, label in zip(*ax.get_legend_handles_labels(), strict=True):
        x, y = line.get_xydata()[-1]
        there = next((end for end in ends if abs(end[1] - y) < 0.06 * (high - low)), (x, y))
        ends.setdefault(there, []).append(label)
    for end, labels in ends.items():
        ax.annotate(", ".join(labels), end, xytext=(5, 0), textcoords="offset points", fontsize=9.5, va="center", annotation_clip=False)


def plain_numbers(axis):
    """Numbers as one writes them if all lie from 0.0001 to 10,000, else powers of ten; within two decades also the 2 and the 5 between."""
    from matplotlib.ticker import FuncFormatter, LogFormatterSciNotation, LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    plain = low > 1e-5 and high < 1e5
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.5g}") if plain else LogFormatterSciNotation())
    if plain and high < 200 * low:
        axis.set_minor_locator(LogLocator(subs=(2, 5)))
        axis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:,.4g}"))
    else:
        axis.set_minor_formatter(NullFormatter())
