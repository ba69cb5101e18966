"""What layers can say: two steps that make a bump, curves laid over each other, and one shallow layer against many small ones."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import COLORS, EDGE, INK, LINES, MUTED


@drawn
def two_steps(bump, left=0.3, right=0.6, steepnesses=(10, 30, 200)):
    """A pair of sigmoids and what is left when the second is subtracted, at several steepnesses.

    bump : function (x, left, right, height, steepness). Returns a Picture.
    """
    x = np.linspace(0, 1, 401)
    figure, axes = picture(10.2, 3.5, 1, len(steepnesses), sharey=True)
    for ax, s in zip(axes, steepnesses, strict=True):
        for edge, style in ((left, "--"), (right, ":")):
            ax.plot(x, 0.5 * (1 + np.tanh(0.5 * s * (x - edge))), color=MUTED, linestyle=style, linewidth=1.5, label=f"step at {edge:g}")
        ax.plot(x, np.asarray(bump(x, left, right, 1.0, s), float), color=INK, linewidth=2.6, label="the first minus the second")
        ax.set(xlabel="x", xticks=[0, left, right, 1], ylim=(-0.1, 1.15))
        ax.set_title(f"steepness {s:g}", fontsize=11)
    axes[0].set_ylabel("answer")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=3)
    return say(figure, "One step up, one step down: a bump, and the steeper the steps the more it is a block",
               f"Three panels, steepness {', '.join(f'{s:g}' for s in steepnesses)}. In each two rising sigmoids, dashed at {left:g} and dotted "
               f"at {right:g}, and their difference, a bump between {left:g} and {right:g} that becomes a block.")


@drawn
def followers(x, target, answers, title):
    """A curve and several answers to it. answers : {words: (n,)}, at most three. Returns a Picture."""
    figure, ax = picture(8.2, 3.8)
    ax.plot(x, target, color=EDGE, linewidth=7, label="the curve")
    looks = ({"color": INK, "linestyle": "-"}, {"color": COLORS["gradient_descent"], "linestyle": "--"}, {"color": COLORS["adam"], "linestyle": ":"})
    for (words, values), look in zip(answers.items(), looks, strict=False):
        ax.plot(x, values, label=words, **look)
    ax.set(xlabel="x", ylabel="answer")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=4)
    return say(figure, title, f"{title}. A wavy curve and the answers of {len(answers)} networks: {', '.join(answers)}.")


@drawn
def compositions(function, times=(1, 2, 3, 5)):
    """A function applied to its own answer again and again. Returns a Picture."""
    x = np.linspace(0, 1, 1025)
    figure, axes = picture(10.2, 2.7, 1, len(times), sharey=True)
    for ax, k in zip(axes, times, strict=True):
        y = x
        for _ in range(k):
            y = function(y)
        ax.plot(x, y, color=INK, linewidth=1.8)
        ax.set(xlabel="x", xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        ax.set_title(f"{k} layer{'s' if k > 1 else ''}: {2 ** (k - 1)} {'teeth' if k > 1 else 'tooth'}", fontsize=11)
    axes[0].set_ylabel("answer")
    return say(figure, "Each further layer calls the same subroutine once more, and doubles the number of teeth",
               f"The same tent-shaped function applied {', '.join(map(str, times))} times: "
               f"{', '.join(str(2 ** (k - 1)) for k in times)} teeth between 0 and 1.")


@drawn
def equal_connections(layers, shallow, deep, connections, title):
    """Share of points answered wrongly by the best shallow and by the deep network of as many connections.

    layers, shallow, deep, connections : (n,) each. Returns a Picture.
    """
    figure, ax = picture(7.6, 3.8)
    ax.plot(layers, shallow, color=MUTED, marker="s", linestyle="--", label="one hidden layer, the best there is")
    ax.plot(layers, deep, color=INK, marker="o", label="deep, two units a layer")
    ax.axhline(0.5, color=COLORS["theory"], linestyle=LINES["theory"], linewidth=1)
    ax.annotate("guessing", (layers[0], 0.5), xytext=(0, 4), textcoords="offset points", fontsize=9.5, color=MUTED)
    ax.set(xlabel="layers of the deep network (below: connections of each of the two)", ylabel="points answered wrongly", ylim=(-0.04, 0.6))
    ax.set_xticks(layers)
    ax.set_xticklabels([f"{k}\n{n}" for k, n in zip(layers, connections, strict=True)])
    ax.yaxis.set_major_formatter("{x:.0%}")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return say(figure, title, f"{title}. The shallow network's share of wrong points rises from {shallow[0]:.0%} to {shallow[-1]:.0%}; the deep "
                              "one's stays at 0.")


@drawn
def paired_runs(groups, label, title):
    """A row of marks for each group of runs. groups : {words: (n_runs,)}. Returns a Picture."""
    figure, ax = picture(7.6, 0.9 + 0.75 * len(groups))
    for row, values in enumerate(groups.values()):
        heights = -row + 0.11 * (np.arange(len(values)) % 3 - 1)     # so that runs which end alike do not hide each other
        ax.plot(np.sort(values), heights, "o", color=INK, markersize=9, alpha=0.55)
    ax.set(yticks=[-row for row in range(len(groups))], ylim=(0.5 - len(groups), 0.5), xlabel=label)
    ax.set_yticklabels(list(groups))
    ax.set_xlim(left=min(0, *(min(v) for v in groups.values())) - 0.03)
    return say(figure, title, f"{title}. " + "; ".join(f"{words}: {min(v):.3f} to {max(v):.3f}" for words, v in groups.items()) + ".")
