"""What hidden units have come to stand for: weights that mirror, codes, and how many of many starts get there."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.runs import histogram_of_runs
from labkit.figures.style import CARD, COLORS, INK, MUTED
from labkit.figures.training_curves import PLAIN


@drawn
def unit_paths(equal, random, title=None):
    """The weights of two hidden units from sweep to sweep, after an equal and after a random start.

    equal, random : (n_sweeps, n_inputs, 2), the last axis the two units. Returns a Picture.
    """
    figure, axes = picture(9.6, 3.7, 1, 2, sharey=True)
    for ax, paths, words in zip(axes, (equal, random), ("equal starts", "random starts"), strict=True):
        for unit, look in enumerate(({"color": "#868686", "linewidth": 5}, {"color": INK, "linewidth": 1.8, "linestyle": "--"})):
            for k in range(paths.shape[1]):
                label = None if k else f"hidden unit {unit + 1}"
                ax.plot(paths[:, k, unit], label=label, **look)
        ax.set(xlabel="sweep")
        ax.set_title(words, fontsize=11)
    axes[0].set_ylabel("weights from the inputs")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=2)
    gap, apart = (np.abs(paths[..., 0] - paths[..., 1]).max() for paths in (equal, random))
    equally = f"stay equal to {gap:.0e}" if gap else "stay exactly equal"
    return say(figure, title or f"Equal starts {equally}; from random starts the units part by up to {apart:.1f}",
               "Left, the weights of both hidden units lie on each other through all sweeps. Right, they part ways.")


@drawn
def learning_curve(errors, title=None, log=True):
    """E after each sweep. errors : {label: (n_sweeps,)}. Returns a Picture."""
    figure, ax = picture(7.2, 3.4)
    for (label, values), (color, line) in zip(errors.items(), PLAIN, strict=False):
        ax.plot(np.arange(1, len(values) + 1), values, color=color, linestyle=line, label=label)
    ax.set(xlabel="sweep", ylabel="error E", yscale="log" if log else "linear")
    if len(errors) > 1:
        figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=3)
    ends = ", ".join(f"{label} {values[-1]:.3g}" for label, values in errors.items())
    sweeps = len(next(iter(errors.values())))
    return say(figure, title or f"E after {sweeps} sweeps: {ends}", f"The error falls from sweep to sweep; at the end: {ends}.")


@drawn
def sweeps_needed(needed, paper, title, bins=40):
    """How many sweeps networks took to learn, beside the number that a paper gives. needed : (n,), -1 for never. Returns a Picture."""
    needed = np.asarray(needed, float)
    figure = histogram_of_runs(np.where(needed < 0, np.nan, needed), label="sweeps", bound=paper, bins=bins, title=title)
    figure.legends[0].get_texts()[-1].set_text(f"the paper's run: {paper:,}")
    figure.alt += f" The paper's run took {paper:,}."
    return figure


@drawn
def mirror_weights(W, title=None):
    """The weights of two hidden units from six inputs, as bars that mirror. W : (6, 2). Returns a Picture."""
    W = np.asarray(W, float)
    figure, axes = picture(9.6, 3.9, 1, 2, sharey=True)
    for unit, ax in enumerate(axes):
        smallest = np.abs(W[:, unit]).min()
        for k, weight in enumerate(W[:, unit]):
            name = "negative" if weight < 0 else "positive"
            ax.bar(k + 1, weight, color=COLORS[name], hatch="//" if weight < 0 else None, edgecolor=CARD, width=0.72)
            ax.annotate(f"{weight / smallest:+.1f}", (k + 1, weight), xytext=(0, 4 if weight > 0 else -13), textcoords="offset points",
                        ha="center", fontsize=9.5)
        ax.axvline(3.5, color=MUTED, linestyle=":")
        ax.axhline(0, color=INK, linewidth=1)
        ax.set(xlabel="input", xticks=range(1, 7))
        ax.set_title(f"hidden unit {unit + 1}", fontsize=11)
        ax.margins(y=0.16)
    axes[0].set_ylabel("weight (figures: in units of the smallest)")
    parts = np.sort(np.abs(W[:3]), axis=0).mean(axis=1)
    ratio = ":".join(f"{part / parts[0]:.1f}" for part in parts)
    return say(figure, title or f"Mirror images with the sign turned, in the ratio {ratio}",
               f"Bars of six weights for each of two hidden units. Input k and its mirror have equal weights of opposite sign; sizes are as {ratio}. "
               "The second unit has the first one's weights with all signs turned.")


@drawn
def codes(H, title=None):
    """What three hidden units say to each of eight patterns. H : (8, 3), 0 to 1. Returns a Picture."""
    H = np.asarray(H, float)
    figure, ax = picture(4.6, 5.0)
    ax.imshow(H, cmap="cividis", vmin=0, vmax=1, aspect=0.55)
    for (row, unit), value in np.ndenumerate(H):
        ax.text(unit, row, f"{value:.2f}", ha="center", va="center", color=CARD if value < 0.6 else INK, fontsize=10)
    ax.set(xticks=range(H.shape[1]), xticklabels=[f"hidden {k + 1}" for k in range(H.shape[1])], yticks=range(len(H)),
           yticklabels=[f"pattern {k + 1}" for k in range(len(H))])
    ax.grid(False)
    words = different(H)
    return say(figure, title or f"{words} different codes for {len(H)} patterns, rounded to 0 and 1",
               f"A table of {len(H)} rows and {H.shape[1]} columns of activities between 0 and 1. Rounded, {words} rows differ.")


def different(H):
    """How many rows of H differ once each number is rounded to 0 or 1."""
    return len({tuple(row) for row in (np.asarray(H) > 0.5).astype(int).tolist()})


@drawn
def success_map(shares, sizes, hidden, total, title=None):
    """The share of networks that learned, by start size and hidden units.

    shares : (n_hidden, n_sizes); sizes : the start sizes; hidden : the numbers of hidden units; total : networks in all
    Returns a Picture.
    """
    shares = np.asarray(shares, float)
    figure, ax = picture(9.4, 3.6)
    shown = ax.imshow(shares, cmap="cividis", vmin=0, vmax=1, aspect="auto", origin="lower")
    for (row, column), share in np.ndenumerate(shares):
        ax.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=CARD if share < 0.6 else INK, fontsize=10)
    ax.set(xticks=range(len(sizes)), xticklabels=[f"{size:g}" for size in sizes], yticks=range(len(hidden)), yticklabels=hidden,
           xlabel="start size: weights uniform between minus and plus this", ylabel="hidden units")
    ax.grid(False)
    figure.colorbar(shown, ax=ax, label="networks that learned XOR", format=lambda share, _: f"{share:.0%}")
    row, column = np.unravel_index(np.argmax(shares), shares.shape)
    best = f"best {shares.max():.0%} with {hidden[row]} hidden units and starts of {sizes[column]:g}"
    return say(figure, title or f"{total:,} networks on XOR: {best}",
               "A map of shares in percent. " + " ".join(f"{units} hidden: {', '.join(f'{100 * s:.0f}' for s in line)}."
                                                         for units, line in zip(hidden, shares, strict=True)))
