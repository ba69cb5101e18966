"""The two family trees of 1986: their facts, a network that learns them, and what its units make of the people."""

from __future__ import annotations

import numpy as np
from matplotlib.lines import Line2D

from labkit.activations import Sigmoid
from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import COLORS, INK, MUTED
from labkit.layers import Dense
from labkit.network import Network
from labkit.optimizers import Momentum

# husband, wife, their son, their daughter; the order is that of the trees' generations (Nature 1986, figure 2)
ENGLISH = (("Christopher", "Penelope", "Arthur", "Victoria"), ("Andrew", "Christine", "James", "Jennifer"), ("Arthur", "Margaret", None, None),
           ("James", "Victoria", "Colin", "Charlotte"), ("Charles", "Jennifer", None, None))
ITALIAN = (("Roberto", "Maria", "Emilio", "Lucia"), ("Pierro", "Francesca", "Marco", "Angela"), ("Emilio", "Gina", None, None),
           ("Marco", "Lucia", "Alfonso", "Sophia"), ("Tomaso", "Angela", None, None))
RELATIONS = ("father", "mother", "husband", "wife", "son", "daughter", "uncle", "aunt", "brother", "sister", "nephew", "niece")


def people(families):
    """The twelve names of a tree, the oldest generation first; the same place in both trees is the same place in the family."""
    (a, b, c, d), (e, f, g, h), (_, i, _, _), (_, _, k, l), (j, _, _, _) = families
    return a, b, e, f, c, i, g, d, j, h, k, l


def answers(families):
    """{(person, relation): the set of people who are that to the person}, for every pair that has an answer."""
    wives = {husband: wife for husband, wife, _, _ in families}
    husbands = {wife: husband for husband, wife in wives.items()}
    parents = {child: (husband, wife) for husband, wife, *children in families for child in children if child}
    sons, daughters = {s for _, _, s, _ in families if s}, {d for _, _, _, d in families if d}
    known = {}

    def tell(person, relation, other):
        known.setdefault((person, relation), set()).add(other)

    for husband, wife in wives.items():
        tell(husband, "wife", wife)
        tell(wife, "husband", husband)
    for child, (father, mother) in parents.items():
        tell(child, "father", father)
        tell(child, "mother", mother)
        for parent in (father, mother):
            tell(parent, "son" if child in sons else "daughter", child)
            for near in (c for c, p in parents.items() if parent in p and c != child):
                tell(child, "brother" if near in sons else "sister", near)
            for aunt_or_uncle in (c for c, p in parents.items() if parent in parents and p == parents[parent] and c != parent):
                for older in {aunt_or_uncle, wives.get(aunt_or_uncle), husbands.get(aunt_or_uncle)} - {None}:
                    tell(child, "aunt" if older in daughters or older in husbands else "uncle", older)
                    tell(older, "nephew" if child in sons else "niece", child)
    return known


def facts():
    """(X, T, names, words): a row for each person and relation that have an answer.

    X : (104, 36), a 1 for the person among 24 and a 1 for the relation among 12; T : (104, 24), a 1 for each right answer
    names : the 24 people, English then Italian; words : (person, relation, answers) of each row
    """
    names = people(ENGLISH) + people(ITALIAN)
    rows = sorted({**answers(ENGLISH), **answers(ITALIAN)}.items(), key=lambda row: (names.index(row[0][0]), RELATIONS.index(row[0][1])))
    X, T = np.zeros((len(rows), 36)), np.zeros((len(rows), 24))
    for row, ((person, relation), others) in enumerate(rows):
        X[row, names.index(person)] = X[row, 24 + RELATIONS.index(relation)] = 1
        T[row, [names.index(other) for other in others]] = 1
    return X, T, names, [(person, relation, tuple(sorted(others))) for (person, relation), others in rows]


def network(seed, rate, size, decay, sweeps):
    """Trains the network of Nature 1986, figure 3, on 100 of the 104 questions: (Network, (104,) whether a question was left out).

    rate : epsilon after the first 20 sweeps; size : of the uniform start; decay : the share that each weight loses at every step
    """
    X, T, _, _ = facts()
    rng = np.random.default_rng(seed)
    left_out = np.isin(np.arange(len(X)), rng.choice(len(X), 4, replace=False))
    net = Network(*(part for n, m in ((36, 12), (12, 12), (12, 6), (6, 24)) for part in (Dense(n, m), Sigmoid())))
    net.params.flat[...] = rng.uniform(-size, size, net.n_parameters)
    own_half = np.zeros((36, 12))
    own_half[:24, :6] = own_half[24:, 6:] = 1                   # people feed six units, relations the other six
    net.params[0][...] *= own_half
    slow, fast = Momentum(0.005, 0.5), Momentum(rate, 0.9)
    for sweep in range(sweeps):
        grads = net.gradient(X[~left_out], T[~left_out], near_enough)[1]
        grads[0][...] *= own_half
        (slow if sweep < 20 else fast).step(net.params, grads)
        net.params.flat[...] *= 1 - decay
    return net, left_out


def near_enough(Y, T):
    """Squared error, of which the gradient is 0 where an output is above 0.8 or below 0.2 on the right side (Nature 1986, figure 4)."""
    off = Y - T
    return 0.5 * (off**2).sum(), np.where(np.abs(off) < 0.2, 0.0, off)


def right_answers(net):
    """For each of the 104 questions: are all the right people above 1/2 and all others below?"""
    X, T, _, _ = facts()
    return ((net.predict(X) > 0.5) == (T > 0.5)).all(axis=1)


@drawn
def family_weights(W, names, title=None):
    """What six units make of the 24 people: a square for each weight, its area the size, after Nature 1986, figure 4.

    W : (24, 6), the weights from the people to the units; names : the 24 people, English then Italian. Returns a Picture.
    """
    W = np.asarray(W, float)
    figure, axes = picture(10.4, 6.2, 3, 2)
    largest = np.abs(W).max()
    for unit, ax in enumerate(axes.T.ravel()):
        for row, tree in enumerate((W[:12, unit], W[12:, unit])):
            for place, weight in enumerate(tree):
                name, mark = ("negative", "s") if weight < 0 else ("positive", "o")
                ax.plot(place, -row, mark, color=COLORS[name], markersize=1 + 15 * np.sqrt(abs(weight) / largest))
        ax.set(xlim=(-0.6, 11.6), ylim=(-1.6, 0.6), yticks=[0, -1], yticklabels=["English", "Italian"], xticks=range(12), xticklabels=[""] * 12)
        ax.set_title(f"unit {unit + 1}: the trees agree {alike(W[:, unit]):+.2f}", fontsize=10.5)
        for between in (3.5, 9.5):
            ax.axvline(between, color=MUTED, linewidth=1, linestyle=":")
        ax.grid(False)
    dots = [Line2D([], [], marker=mark, color=COLORS[name], linestyle="", markersize=9, label=f"{name} weight; its area is the size")
            for name, mark in (("positive", "o"), ("negative", "s"))]
    figure.legend(handles=[*dots, Line2D([], [], color=MUTED, linewidth=1, linestyle=":", label="parts the generations")],
                  loc="outside lower left", ncols=3)
    for ax in axes[-1]:
        ax.set_xticklabels(names[:12], rotation=60, ha="right", fontsize=8.5, color=INK)
    shared = sum(alike(W[:, unit]) > 0.5 for unit in range(W.shape[1]))
    return say(figure, title or f"In {shared} of {W.shape[1]} units the pattern of one tree returns in the other (agreement above 0.5)",
               "Six panels, one a unit, each with the weights of the twelve English people above those of the twelve Italians in the same "
               "places; circles are positive, squares negative, dotted lines part the three generations. " +
               " ".join(f"Unit {unit + 1}: correlation of the two rows {alike(W[:, unit]):+.2f}." for unit in range(W.shape[1])))


def alike(weights):
    """The correlation between the weights of the English people and those of the Italians in the same places."""
    return float(np.corrcoef(weights[:12], weights[12:])[0, 1])
