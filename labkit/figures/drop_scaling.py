"""Dropout between training and use: how loud the next layer hears it, and the thinned networks behind one set of weights."""

from __future__ import annotations

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import ACCENT, CARD, INK, MUTED

USES = {"times 1 - rate": (INK, "-", lambda rate: 1.0), "times rate": (INK, "--", lambda rate: rate / (1 - rate)),
        "not scaled": (MUTED, "-.", lambda rate: 1 / (1 - rate))}


@drawn
def loudness(rates, yours, title=None):
    """What a layer hears in use over what it heard on average in training, for plain dropout and three ways to scale in use.

    rates : (n,) probabilities of dropping; yours : (n,) that ratio as the reader's function makes it. Returns a Picture.
    """
    rates, yours = np.asarray(rates, float), np.asarray(yours, float)
    if rates.shape != yours.shape or rates.ndim != 1:
        raise ValueError(f"rates has shape {rates.shape} and yours {yours.shape}; one number in each for every rate is expected.")
    figure, ax = picture(7.2, 4.3)
    along = np.linspace(0.05, 0.95, 91)
    for words, (color, dash, rule) in USES.items():
        ax.plot(along, [rule(rate) for rate in along], color=color, linestyle=dash, label=words)
    ax.plot(rates, yours, "o", color=ACCENT, markeredgecolor=INK, markersize=8, label="the function above")
    for rate in (0.2, 0.5):
        ax.axvline(rate, color=MUTED, linestyle=":", linewidth=1.2)
        at = rate / (1 - rate)
        ax.annotate(f"rate {rate:g}: times rate is {at:g}", (rate, at), xytext=(6, -20), textcoords="offset points", fontsize=9)
    ax.set(xlabel="rate, the probability of dropping", ylabel="heard in use / in training", yscale="log", yticks=[0.1, 0.25, 1, 4, 10],
           xlim=(0, 1))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter("")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=4)
    return say(figure, title or "Keep and drop confused: a quarter as loud at rate 0.2, and at 0.5 nothing to be seen",
               "Three curves over the rate on a logarithmic scale: scaling by 1 - rate stays at 1; scaling by rate rises from far below 1 "
               "through exactly 1 at 0.5; not scaling rises from 1. Points show what the function above does.")


@drawn
def thinned(probabilities, chances, mean_network, digit, title=None):
    """What each thinned network gives to the right class, as a histogram weighted by how likely the network is.

    probabilities : (n_networks,); chances : (n_networks,) that add up to 1; mean_network : the whole network's, its weights scaled
    Returns a Picture.
    """
    probabilities, chances = np.asarray(probabilities, float), np.asarray(chances, float)
    if probabilities.shape != chances.shape:
        raise ValueError(f"{probabilities.size} networks were given {chances.size} chances; one for each is expected.")
    figure, ax = picture(7.2, 3.7)
    ax.hist(probabilities, np.linspace(0, 1, 41), weights=chances, color=MUTED, edgecolor=CARD)
    ax.axvline(mean_network, color=INK, linewidth=2.5, label=f"the whole network with scaled weights: {mean_network:.3f}")
    ax.set(xlabel=f"probability that a network gives to {digit}", ylabel="how often it is drawn", xlim=(0, 1))
    ax.yaxis.set_major_formatter("{x:.0%}")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left")
    low, high = probabilities.min(), probabilities.max()
    return say(figure, title or f"{probabilities.size:,} thinned networks give the right digit a probability of {low:.2f} to {high:.2f}",
               f"A histogram of {probabilities.size:,} probabilities from {low:.2f} to {high:.2f}, and a line at {mean_network:.3f} for the one "
               "network that stands for all of them.")
