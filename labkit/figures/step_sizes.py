"""Pictures about the size of steps: the gradients that weights meet, what a running mean makes of them, and what epsilon does."""

from __future__ import annotations

import numpy as np
from matplotlib.patheffects import withStroke

from labkit.figures.picture import drawn, picture, say
from labkit.figures.start_maps import NAMES
from labkit.figures.style import CARD, COLORS, EDGE, INK, LINES, MUTED, look

MEMORIES = (("--", 1.3), ("-", 2.0), (":", 2.6))


@drawn
def slopes_of_weights(groups):
    """How large the gradients of single weights are, layer by layer, on a logarithmic scale.

    groups : {layer: gradients of its weights, of any shape}; zeros are counted in the words, not drawn. Returns a Picture.
    """
    sizes = {name: np.abs(np.asarray(g, float)).ravel() for name, g in groups.items()}
    moving = {name: values[values > 0] for name, values in sizes.items()}
    low, high = (np.quantile(np.concatenate(list(moving.values())), q) for q in (0.05, 0.95))
    edges = np.logspace(-9, 0, 73)
    figure, axes = picture(7.4, 0.9 + 1.05 * len(groups), len(groups), 1, sharex=True, squeeze=False)
    for ax, (name, values) in zip(axes[:, 0], moving.items(), strict=True):
        ax.hist(values, edges, color=MUTED)
        middle = float(np.median(values))
        ax.axvline(middle, color=INK, linewidth=2, path_effects=[withStroke(linewidth=4.5, foreground=CARD)])
        ax.set(xscale="log", yticks=[], ylabel=name)
        ax.annotate(f"median {middle:.1g}", (middle, 0.98), xycoords=("data", "axes fraction"), xytext=(6, 0), textcoords="offset points",
                    va="top", fontsize=9.5, bbox={"facecolor": CARD, "edgecolor": "none", "pad": 1.5})
    axes[-1, 0].set_xlabel("size of one weight's gradient")
    zero = sum(int((values == 0).sum()) for values in sizes.values())
    finding = f"Nine in ten weights see gradients from {low:.2g} to {high:.2g}, a factor of {float(f'{high / low:.1g}'):,.0f}"
    return say(figure, finding, f"{finding}. One histogram a layer; {zero:,} weights have no gradient at all and are not drawn.")


@drawn
def running_roots(gradients, roots, change):
    """A stream of gradients, and the root of their running mean of squares for several memories.

    gradients : (steps,); roots : {decay: (steps,)}; change : the step at which the gradients change their size. Returns a Picture.
    """
    gradients = np.asarray(gradients, float)
    figure, ax = picture(8.4, 3.8)
    ax.vlines(range(1, len(gradients) + 1), 1e-9, np.abs(gradients), color=EDGE, linewidth=2.6, label="gradient |g|")
    for (decay, values), (line, width) in zip(roots.items(), MEMORIES, strict=False):
        ax.plot(range(1, len(gradients) + 1), values, color=INK, linestyle=line, linewidth=width, label=f"root, decay {decay:g}")
    ax.set(yscale="log", xlabel="step", ylabel="size", ylim=(np.abs(gradients)[gradients != 0].min() / 3, np.abs(gradients).max() * 3))
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=4)
    late = {decay: settled(gradients, values, change) for decay, values in roots.items()}
    words = ", ".join(f"{steps} with decay {decay:g}" for decay, steps in late.items())
    return say(figure, f"Steps until the root is down to twice the new gradients: {words}",
               f"Bars for the sizes of {len(gradients)} gradients that become a hundred times smaller at step {change}, and a curve for each decay: "
               f"the longer the memory, the later the curve comes down.")


def settled(gradients, root, change, within=2.0):
    """How many steps after `change` the root is within a factor of the gradients' own root mean square there."""
    target = float(np.sqrt(np.mean(np.asarray(gradients)[change:] ** 2)))
    close = np.flatnonzero(np.asarray(root)[change:] < within * target)
    return int(close[0]) + 1 if len(close) else f"more than {len(gradients) - change}"


@drawn
def epsilon_curves(slopes, curves, epsilon):
    """How much of the full step is left where the slope is small.

    slopes : (n,) sizes of a constant gradient; curves : {where epsilon stands: (n,) step / learning rate}. Returns a Picture.
    """
    figure, ax = picture(7.4, 3.7)
    for (name, values), line in zip(curves.items(), ("-", "--", ":"), strict=False):
        ax.plot(slopes, values, color=COLORS["rmsprop"], linestyle=line, label=name)
    ax.set(xscale="log", xlabel="size of the gradient (the same at every step)", ylabel="step / learning rate", ylim=(-0.05, 1.12))
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=3)
    half = {name: float(slopes[np.argmax(np.asarray(values) > 0.5)]) for name, values in curves.items()}
    first, second = list(half.values())[:2]
    return say(figure, f"With epsilon = {epsilon:.0e} steps shrink below slopes of {first:.0e} in one library, of {second:.0e} in the other",
               "Step over learning rate against the gradient's size: 1 for large gradients, falling to 0 for small ones, at very different "
               f"places: {', '.join(f'{name} at {value:.0e}' for name, value in half.items())}.")


@drawn
def distance_gone(steps, ways, title, ylabel="distance gone", guide=None):
    """How far a weight has come after so many steps, on logarithmic scales.

    ways : {racer: (steps,)}; guide : (words, (steps,)), a line to compare with. Returns a Picture.
    """
    figure, ax = picture(7.4, 3.9)
    marks = np.unique(np.geomspace(1, len(steps), 6).astype(int)) - 1
    for racer, values in ways.items():
        ax.plot(steps, values, label=NAMES[racer], markevery=marks, **look(racer))
    if guide:
        ax.plot(steps, guide[1], color=COLORS["theory"], linestyle=LINES["theory"], linewidth=1.2, label=guide[0])
    ax.set(xscale="log", yscale="log", xlabel="steps", ylabel=ylabel)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=4)
    ends = ", ".join(f"{NAMES[racer]} {values[-1]:.4g}" for racer, values in ways.items())
    return say(figure, title, f"Rising curves on logarithmic scales. After {steps[-1]:,} steps: {ends}.")


@drawn
def setting_curves(errors, exam_rows, title=None):
    """The exam error against each method's one setting: a flat curve is a method that forgives.

    errors : {racer: (settings, errors)} with errors from 0 to 1, NaN where training diverged (drawn at the top). Returns a Picture.
    """
    figure, ax = picture(8.2, 4.2)
    for racer, (settings, values) in errors.items():
        values = np.asarray(values, float)
        ax.plot(settings, np.where(np.isnan(values), 1.0, values), label=NAMES[racer], markersize=9, markeredgecolor=CARD, markeredgewidth=0.6,
                **look(racer))
    ax.set(xscale="log", ylim=(0, 1.04), xlabel="learning rate (for Adadelta: epsilon)", ylabel=f"exam error on {exam_rows} digits")
    ax.yaxis.set_major_formatter("{x:.0%}")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=6)
    spans = {racer: np.nanmax(np.nan_to_num(values, nan=1.0)) - np.nanmin(values) for racer, (_, values) in errors.items()}
    flat = min(spans, key=spans.get)
    others = min(span for racer, span in spans.items() if racer != flat)
    finding = f"Over its settings the error of {NAMES[flat]} varies by {spans[flat]:.0%}, that of the others by {others:.0%} or more"
    return say(figure, title or finding, f"{finding}. One curve a method: error against its setting; most are low in a narrow range only.")
