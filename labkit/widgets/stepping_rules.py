"""The rule machine: forwards and backwards through a small network, one rule at a time, as a picture, as mathematics and as words."""

from __future__ import annotations

import math
import textwrap
from functools import cache

import numpy as np

from labkit.figures.scene import Scene
from labkit.figures.style import CARD, COLORS, EDGE, INK, MUTED, SOFT, mixed
from labkit.widgets import backprop_rules as ours
from labkit.widgets.board import Board, button, choice
from labkit.widgets.rule_chain import RULES, sentence, steps
from labkit.widgets.student import Student, Unfinished, are_results

NETWORKS = {"xor": "2-2-1 on XOR", "images": "3-5-2 on 128 images", "symmetry": "6-2-1 on symmetry", "encoder": "8-3-8 encoder",
            "three": "2-3-2-1, three layers, on XOR"}
SIZES = {"xor": (2, 2, 1), "images": (3, 5, 2), "symmetry": (6, 2, 1), "encoder": (8, 3, 8), "three": (2, 3, 2, 1)}
RATES = {"xor": 2.0, "images": 0.05, "symmetry": 0.1, "encoder": 1.0, "three": 3.0}
GENTLER = {"squared": 1.0, "cross-entropy": 0.25}               # the second loss's slopes are steeper, so its steps are shorter
CELL, LINE = 47, 20
MATRICES_TOP = 356


@cache
def examples(name):
    """(X, T) of a network."""
    from labkit import datasets

    if name == "images":                        # three pixels each: is the left one brighter than the right, are they bright together
        X = np.random.default_rng(2).random((128, 3)).round(2)
        return X, np.stack([X[:, 0] > X[:, 2], X.sum(axis=1) > 1.5], axis=1).astype(float)
    if name == "encoder":
        return np.eye(8), np.eye(8)
    data = datasets.symmetry() if name == "symmetry" else datasets.xor()
    return data.X.astype(float), data.y[:, None].astype(float)


def drawn_weights(name, seed):
    rng, sizes = np.random.default_rng(seed), SIZES[name]
    return [rng.uniform(-1, 1, shape) for n, m in zip(sizes, sizes[1:], strict=False) for shape in ((n, m), (m,))]


class Rule(Student):
    """A backward rule: its results have to be arrays of the shapes of labkit's."""

    def run(self, calls):
        results = super().run(calls)
        for args, result in zip(calls, results, strict=True):
            expected = self.clean(self.fallback(*args))
            got, want = shapes(result), shapes(expected)
            if got != want:
                raise Unfinished(f"returned {got}, expected {want}")
        return results


def shapes(result):
    return " and ".join(str(part.shape) for part in result) if isinstance(result, tuple) else f"shape {result.shape}"


def one_array(result):
    try:
        array = np.array(result, float)
    except (TypeError, ValueError):
        raise Unfinished("returned something that is no array of numbers") from None
    if not np.isfinite(array).all():
        raise Unfinished("returned NaN or infinity")
    return array


def three_arrays(result):
    if not are_results(result, 3):
        raise Unfinished("returned not three results, expected dX, dW, db")
    return tuple(map(one_array, result))


class RuleMachine(Board):
    """See `rule_machine`."""

    name = "rule_machine"
    title = "The rule machine: one rule at a time, forwards and back"
    help = ("With the picture focused: Right and Left step through the rules, Down and Up through the examples. Click a rule to go there, "
            "click a unit to follow its numbers. dZ is short for the slope of E by Z.")
    hears = ("ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp")
    pointer = "tap"

    def __init__(self, dense_backward=None, sigmoid_backward=None, loss_gradient=None, **traits):
        self.rules = (Rule(dense_backward, ours.dense_backward, "dense_backward", three_arrays),
                      Rule(sigmoid_backward, ours.sigmoid_backward, "sigmoid_backward", one_array),
                      Rule(loss_gradient, ours.loss_gradient, "loss_gradient", one_array))
        self.net, self.loss, self.seed, self.at, self.row, self.unit, self.swept = "xor", "squared", 3, 0, 1, 0, 0
        self.weights = drawn_weights(self.net, self.seed)
        self.measure()
        super().__init__(**traits)

    def students(self):
        """Those given; where none is, one is named."""
        return tuple(rule for rule in self.rules if rule.function is not None) or self.rules[:1]

    def measure(self):
        while True:
            before = [rule.problem for rule in self.rules]
            self.chain, self.E, self.gradients = steps(*examples(self.net), self.weights, self.loss, self.rules)
            if before == [rule.problem for rule in self.rules]:
                break                           # else a function of the reader's failed on the way: all of it again
        self.at = min(self.at, len(self.chain) - 1)
        self.row %= len(examples(self.net)[0])

    # Events

    def handle(self, event):
        kind = event.get("type")
        if kind == "key":
            self.at = (self.at + {"ArrowRight": 1, "ArrowLeft": -1}.get(event["key"], 0)) % len(self.chain)
            self.row += {"ArrowDown": 1, "ArrowUp": -1}.get(event["key"], 0)
        elif kind == "control":
            self.control(event["name"], event.get("value"))
        elif kind == "down":
            self.click(event["x"], event["y"])
        self.measure()

    def control(self, name, value):
        if name == "net":
            self.net, self.at, self.row, self.unit, self.seed = str(value), 0, 1, 0, 3
            self.start_anew()
        elif name == "loss":
            self.loss = str(value)
        elif name in ("next", "back"):
            self.at = (self.at + (1 if name == "next" else -1)) % len(self.chain)
        elif name == "example":
            self.row += 1
        elif name in ("descend", "hundred"):
            for _ in range(1 if name == "descend" else 100):
                self.descend()
        elif name == "again":
            self.seed += 1
            self.start_anew()

    def start_anew(self):
        self.weights, self.swept = drawn_weights(self.net, self.seed), 0

    def descend(self):
        rate = RATES[self.net] * GENTLER[self.loss]
        self.weights = [w - rate * g for w, g in zip(self.weights, self.gradients, strict=True)]
        self.swept += 1
        self.measure()

    def click(self, x, y):
        for k, (left, top, width, height) in enumerate(self.boxes()):
            if left <= x <= left + width and top <= y <= top + height:
                self.at = k
        for layer in self.places():
            for k, (a, b) in enumerate(layer):
                if math.dist((x, y), (a, b)) < 15:
                    self.unit = k

    # What is shown

    @property
    def step(self):
        return self.chain[self.at]

    def controls(self):
        return [
            button("back", "◀ Back", "The rule before"), button("next", "Next rule ▶", "The next rule"),
            button("example", "Next example"), button("descend", "One step of descent", "Move all weights a little against their gradients"),
            button("hundred", "100 steps"), button("again", "New start"),
            choice("net", "Network", NETWORKS.items(), self.net),
            choice("loss", "Loss", (("squared", "squared error"), ("cross-entropy", "cross-entropy")), self.loss),
        ]

    def note(self):
        direction = "backwards" if self.step.backwards else "forwards"
        sweeps = f"after {self.swept} step{'s' * (self.swept != 1)} of descent" if self.swept else "at the start"
        return f"Rule {self.at + 1} of {len(self.chain)}, {direction}: {RULES[self.step.kind][0]} E = {self.E:.4f} {sweeps}."

    def scene(self):
        scene = Scene(800, 540)
        self.draw_chain(scene)
        picture = f"the picture: example {self.row + 1} of {len(examples(self.net)[0])}"
        for x, words in ((16, picture), (350, "the mathematics"), (582, "the rule")):
            scene.text(x, 112, words, 12.5, MUTED)
        self.draw_network(scene)
        self.draw_words(scene)
        self.draw_matrices(scene)
        step = self.step
        scene.alt = (f"The network {NETWORKS[self.net]}. {RULES[step.kind][0]} {step.formula}. Shapes: {self.shape_words()}. "
                     f"Example {self.row + 1}: {self.worked_out()}.")
        return scene

    def shape_words(self, space=" "):
        return " ".join(part if isinstance(part, str) else f"{part[0]}{space}{part[1].shape[0]}×{part[1].shape[1]}" for part in self.step.parts)

    def worked_out(self):
        r, u = self.place()
        return sentence(self.step, r, u)

    def place(self):
        """The element of the result that is followed: row, column."""
        rows, columns = self.step.result.shape
        return (self.unit % rows if self.step.kind == "collect" else self.row % rows), self.unit % columns

    # The chain of rules

    def boxes(self):
        """(left, top, width, height) of each step's box: forwards above, backwards below in the same column."""
        columns = len(self.weights) + 1
        width = 776 / columns
        found = []
        for step in self.chain:
            column = columns - 1 if step.kind in ("measure", "begin") else 2 * (step.layer - 1) + (step.kind in ("apply", "derivative"))
            left, wide = 12 + column * width, width - 6
            if step.kind in ("collect", "transpose"):
                half = wide / 2 - 2 if step.layer > 1 else wide
                left, wide = left + (half + 4 if step.kind == "collect" and step.layer > 1 else 0), half
            found.append((left, 56 if step.backwards else 12, wide, 34))
        return found

    def draw_chain(self, scene):
        for k, (step, (left, top, width, height)) in enumerate(zip(self.chain, self.boxes(), strict=True)):
            here, done = k == self.at, k < self.at
            fill = INK if here else SOFT["here"] if done else CARD
            scene.rect(left, top, width, height, fill, stroke=INK if here else EDGE, edge=1.5)
            scene.text(left + width / 2, top + height / 2, label(step), 14, CARD if here else INK if done else MUTED, "middle", bold=here)
        ends = (460, 340) if self.step.backwards else (340, 460)
        scene.arrow(ends[0], 51, ends[1], 51, color=MUTED, width=1.2, head=6)

    # The picture

    def places(self):
        sizes = SIZES[self.net]
        across = 250 / (len(sizes) - 1)
        return [[(38 + across * i, 235 + min(46, 192 / max(1, n - 1)) * (k - (n - 1) / 2)) for k in range(n)] for i, n in enumerate(sizes)]

    def shown_values(self):
        """For each layer (numbers of the example, whether they are errors), as they stand at this step."""
        answers = [examples(self.net)[0]] + [s.result for s in self.chain if s.kind == "apply"]
        values = [(answers[0][self.row], False)] + [(None, False)] * (len(answers) - 1)
        for step in self.chain[: self.at + 1]:
            if step.kind in ("multiply", "apply"):
                values[step.layer] = step.result[self.row], False
            elif step.kind in ("begin", "derivative"):
                values[step.layer] = step.result[self.row], True
            elif step.kind == "transpose":
                values[step.layer - 1] = step.result[self.row], True
        return values

    def draw_network(self, scene):
        places, step = self.places(), self.step
        for k in range(len(places) - 1):
            W = self.weights[2 * k]
            active = step.layer == k + 1 and step.kind in ("multiply", "collect", "transpose")
            for (i, j), weight in np.ndenumerate(W):
                self.draw_connection(scene, places[k][i], places[k + 1][j], weight, np.abs(W).max(), active, self.followed(i, j))
        acting = step.layer - (step.kind == "transpose")
        for k, (layer, (numbers, errors)) in enumerate(zip(places, self.shown_values(), strict=True)):
            for unit, (x, y) in enumerate(layer):
                value = None if numbers is None else float(numbers[unit])
                self.draw_unit(scene, x, y, 12.5 if len(layer) > 6 else 16.5, value, errors, k == acting)

    def followed(self, i, j):
        """Whether the connection from i to j is one that the followed element uses."""
        step = self.step
        inputs, units = self.weights[2 * step.layer - 2].shape
        if step.kind == "multiply":
            return j == self.unit % units
        if step.kind == "transpose":
            return i == self.unit % inputs
        return i == self.unit % inputs and j == self.unit % units

    def draw_connection(self, scene, a, b, weight, largest, active, followed):
        name = "negative" if weight < 0 else "positive"
        share = 1.0 if active and followed else 0.45 if active else 0.2
        width = 0.8 + 3.2 * abs(weight) / largest * (1 if active else 0.6)
        color = mixed(COLORS[name], share)
        scene.line(*a, *b, color=color, width=width, dash="--" if weight < 0 else "-")
        if active and followed:
            (x1, y1), (x2, y2) = (b, a) if self.step.backwards else (a, b)
            middle, end = ((x1 + t * (x2 - x1), y1 + t * (y2 - y1)) for t in (0.5, 0.62))
            scene.arrow(*middle, *end, color=COLORS[name], width=width, head=9)

    def draw_unit(self, scene, x, y, radius, value, errors, acting):
        stroke = INK if value is None or not errors else COLORS["negative" if value < 0 else "positive"]
        scene.circle(x, y, radius, SOFT["here"] if acting else CARD, stroke, 2.6 if acting or errors else 1.4)
        if value is not None:
            words = short(value)                    # no wider than the circle, or its minus is lost on the rim
            scene.text(x, y, words, min(11.5, 2.8 * radius / len(words)), INK, "middle", bold=acting)

    # The mathematics and the rule

    def draw_words(self, scene):
        step = self.step
        scene.text(350, 144, step.formula, 19, INK, bold=True)
        scene.text(350, 176, step.single, 14, INK)
        scene.text(350, 212, "shapes", 12.5, MUTED)
        for k, line in enumerate(textwrap.wrap(self.shape_words("\N{NO-BREAK SPACE}"), 28)):
            scene.text(350, 234 + 21 * k, line, 14, INK)
        scene.text(350, 296, f"E = {self.E:.4f}", 14, INK)
        title, words = RULES[step.kind]
        y = 142
        for line in textwrap.wrap(title, 22):
            scene.text(582, y, line, 15, INK, bold=True)
            y += 21
        y += 6
        for line in textwrap.wrap(words, 28):
            scene.text(582, y, line, 13, INK)
            y += 19

    # The matrices

    def draw_matrices(self, scene):
        scene.line(12, MATRICES_TOP - 6, 788, MATRICES_TOP - 6, color=EDGE, width=1)
        row, column = self.place()
        x = 16
        for k, part in enumerate(self.step.parts):
            if isinstance(part, str):
                scene.text(x + 14, MATRICES_TOP + 76, part, 18, MUTED, "middle")
                x += 28
            else:
                x = self.draw_matrix(scene, x, *part, *self.highlight(k, row, column)) + 4
        what = "Weight" if self.step.kind == "collect" else f"Example {self.row + 1},"
        one = "input" if self.step.kind == "transpose" else "unit"
        unit = f"from {row + 1} to {column + 1}" if self.step.kind == "collect" else f"{one} {column + 1}"
        scene.text(16, 522, f"{what} {unit}:", 13, MUTED)
        scene.text(160, 522, self.worked_out(), 13.5, INK)

    def highlight(self, k, row, column):
        """The row and the column of part k that are used for the followed element; None for all."""
        last = k == len(self.step.parts) - 1
        if self.step.kind in ("multiply", "transpose", "collect") and not last:
            return (row, None) if k == 0 else (None, column)
        return row, column

    def draw_matrix(self, scene, x, name, table, row, column):
        """One matrix with its name and shape, shortened where it is large; returns where it ends."""
        rows, columns = window(table.shape[0], 5, row or 0), window(table.shape[1], 5, column or 0)
        top = MATRICES_TOP + 30
        scene.text(x, MATRICES_TOP + 10, f"{name}  {table.shape[0]}×{table.shape[1]}", 13, INK, bold=True)
        for a, r in enumerate(rows):
            for b, c in enumerate(columns):
                left, y = x + CELL * b, top + LINE * a
                if r is None or c is None:
                    dots = "…" if c is None and a == 0 else "⋮" if r is None and b == 0 else ""
                    scene.text(left + CELL / 2, y + LINE / 2, dots, 13, MUTED, "middle")
                    continue
                used = (row is None or r == row) and (column is None or c == column)
                scene.rect(left, y, CELL - 2, LINE - 2, SOFT["here"] if used else mixed(EDGE, 0.25))
                scene.text(left + CELL / 2 - 1, y + LINE / 2 - 1, short(table[r, c]), 11.5, INK, "middle", bold=used)
        return x + max(CELL * len(columns), 14 + 8 * len(f"{name} {table.shape[0]}×{table.shape[1]}"))


def label(step):
    """The word in a step's box."""
    return {"multiply": f"× W{step.layer}", "apply": "σ", "measure": "E", "begin": "dY", "derivative": "⊙ σ′",
            "collect": f"dW{step.layer}", "transpose": f"× W{step.layer}ᵀ"}[step.kind]


def window(n, most, chosen):
    """The indices to show of n, the chosen one among them, None for those left out at the end or the beginning."""
    if n <= most:
        return list(range(n))
    first = min(max(0, chosen - most + 2), n - most + 1)
    shown = list(range(first, first + most - 1))
    return [*shown, None] if shown[-1] < n - 1 else [None, *shown]


def short(value):
    """A number in at most six characters."""
    size = abs(value)
    if size == 0 or float(value).is_integer() and size < 1000:
        return f"{value:.0f}"
    if size < 0.0005:
        return f"{value:.0e}".replace("e-0", "e-")
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 else f"{value:.3f}"


def rule_machine(dense_backward=None, sigmoid_backward=None, loss_gradient=None):
    """Step through a network rule by rule, with the shapes and the numbers of each.

    dense_backward   : your function dense_backward(dZ, X, W) -> dX, dW, db
    sigmoid_backward : your function sigmoid_backward(dY, Y) -> dZ
    loss_gradient    : your function loss_gradient(Y, T, loss) -> dY
    labkit's rules stand in for those not given.
    """
    return RuleMachine(dense_backward, sigmoid_backward, loss_gradient)
