"""Ivakhnenko's network growing layer by layer; a click on a unit shows its polynomial and its surface beside the rows."""

from __future__ import annotations

import itertools
import math
from functools import cache

import numpy as np

from labkit.figures.polynomial_network import RADIUS, draw_growth
from labkit.figures.scene import Plane, Scene
from labkit.figures.style import CARD, CIVIDIS, EDGE, INK, MUTED, share_color
from labkit.gmdh import GMDHRegressor, PolynomialLayer
from labkit.widgets import gmdh_rules
from labkit.widgets.board import Board, button, choice, slider
from labkit.widgets.student import Student, Unfinished, one_number

MOST_LAYERS = 6
GAIN = 5e-4
TABLES = {"diabetes": "442 diabetes patients", "products": "planted: x1 x2 + x3 x4", "triple": "planted: x1 x2 x3"}


def six_numbers(result):
    try:
        c = np.array(result, float)
    except (TypeError, ValueError):
        raise Unfinished("returned something that is no array of numbers, expected six coefficients") from None
    if c.shape != (6,):
        raise Unfinished(f"returned an array of shape {c.shape}, expected six coefficients (6,)")
    if not np.isfinite(c).all():
        raise Unfinished("returned NaN or infinity")
    return c


@cache
def table(name):
    """(X, y, names) three times: fitting, checking and exam rows."""
    from labkit import datasets

    if name == "diabetes":
        data = datasets.diabetes()
        X, y, names, ends = data.X, data.y, data.names, (200, 320)
        rows = np.random.default_rng(0).permutation(len(y))
    else:
        rng = np.random.default_rng(1)
        X = rng.normal(size=(400, 7))
        y = X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3] if name == "products" else X[:, 0] * X[:, 1] * X[:, 2]
        y, names, ends, rows = y + 0.1 * rng.normal(size=400), tuple(f"x{k + 1}" for k in range(7)), (200, 300), np.arange(400)
    parts = np.split(rows, ends)
    return names, [(X[part], y[part]) for part in parts]


class GrowNetwork(Board):
    """See `grow_network`."""

    name = "grow_network"
    title = "Grow a network: fit every pair, keep the best, start again on their answers"
    help = ("Click a unit to read it. With the picture focused: Left and Right go from layer to layer, Up and Down from unit to unit. "
            "Circles are fitting rows, diamonds checking rows; where one has the colour behind it, the unit is right about it.")
    hears = ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown")
    pointer = "tap"

    def __init__(self, fit_unit=None, check_error=None, **traits):
        self.fit = Student(fit_unit, gmdh_rules.least_squares, getattr(fit_unit, "__name__", "fit_unit"), six_numbers)
        self.judge = Student(check_error, gmdh_rules.criterion, getattr(check_error, "__name__", "check_error"), one_number)
        self.data, self.keep, self.shown, self.exam, self.chosen, self.grown = "diabetes", 6, 1, False, (0, 0), {}
        self.measure()
        super().__init__(**traits)

    def students(self):
        return self.fit, self.judge

    # Growing

    def measure(self):
        """The network with as many layers as are shown, from the same functions; kept, so that coming back costs nothing."""
        names, ((X, y), (X_check, y_check), _) = table(self.data)
        t, t_check = (y - y.mean()) / y.std(), (y_check - y.mean()) / y.std()
        first = gmdh_rules.terms(X[:, 0] / X[:, 0].std(), X[:, 1] / X[:, 1].std())
        self.judge(self.fit(first, t), first, t)
        while True:
            key = (self.data, self.keep, self.fit.problem, self.judge.problem)
            layers, inputs = self.grown.setdefault(key, ([], [(X, X_check)]))
            while len(layers) < self.shown and inputs[-1][0].shape[1] > 1 and self.settled(key):
                layer = self.new_layer(*inputs[-1], t, t_check)
                layers.append(layer)
                inputs.append((layer(inputs[-1][0]), layer(inputs[-1][1])))
            if self.settled(key):
                break
            del self.grown[key]                     # a function of the reader's failed on the way: labkit's grows all of it
        self.shown = min(self.shown, len(layers))   # a single unit has no partner
        self.model = GMDHRegressor(keep=self.keep, max_layers=self.shown)
        self.model.layers_, self.model.n_features_in_ = layers[: self.shown], len(names)
        self.model.criteria_ = [float(layer.errors[0]) for layer in self.model.layers_]
        self.model.y_mean_, self.model.y_scale_ = y.mean(), y.std()
        self.inputs = inputs
        depth = min(self.chosen[0], self.shown - 1)
        self.chosen = depth, min(self.chosen[1], len(layers[depth].left) - 1)

    def settled(self, key):
        return key[2:] == (self.fit.problem, self.judge.problem)

    def new_layer(self, X, X_check, y, y_check):
        mean, scale = X.mean(axis=0), X.std(axis=0)
        scale[scale <= 1e-12 * np.abs(mean)] = 1.0
        U, V = (X - mean) / scale, (X_check - mean) / scale
        pairs = list(itertools.combinations(range(X.shape[1]), 2))
        weights = self.fit.map([(gmdh_rules.terms(U[:, i], U[:, j]), y) for i, j in pairs])
        errors = self.judge.map([(c, gmdh_rules.terms(V[:, i], V[:, j]), y_check) for c, (i, j) in zip(weights, pairs, strict=True)])
        best = np.argsort(errors, kind="stable")[: self.keep]
        left, right = np.array(pairs)[best].T
        return PolynomialLayer(mean, scale, left, right, np.array(weights)[best], np.array(errors)[best])

    # Events

    def handle(self, event):
        kind = event.get("type")
        if kind == "key":
            self.key(event["key"])
        elif kind == "control":
            self.control(event["name"], event.get("value"))
        elif kind == "down":
            self.click(event["x"], event["y"])
        self.measure()

    def key(self, key):
        depth, unit = self.chosen
        depth = min(self.shown - 1, max(0, depth + {"ArrowLeft": -1, "ArrowRight": 1}.get(key, 0)))
        size = len(self.model.layers_[depth].left)
        self.chosen = depth, min(size - 1, max(0, unit + {"ArrowUp": -1, "ArrowDown": 1}.get(key, 0)))

    def control(self, name, value):
        if name == "layers":
            grown, self.shown = self.shown, int(min(MOST_LAYERS, max(1, value)))
            if self.shown != grown:
                self.chosen = self.shown - 1, 0
        elif name == "keep":
            self.keep = int(min(8, max(2, value)))
        elif name == "data":
            self.data, self.shown, self.chosen = str(value), 1, (0, 0)
        elif name == "exam":
            self.exam = not self.exam

    def click(self, x, y):
        spots = draw_growth(Scene(1, 1), self.model.layers_, self.names(), self.box())
        near = [(math.dist((x, y), spot), depth - 1, k) for depth, column in enumerate(spots) if depth for k, spot in enumerate(column)]
        distance, depth, k = min(near)
        if distance < 2 * RADIUS:
            self.chosen = depth, k

    # What is shown

    def names(self):
        return table(self.data)[0]

    def errors(self):
        """For each layer the best unit's error on the fitting, the checking and the exam rows, all as the criterion measures it."""
        parts, mean = table(self.data)[1], self.model.y_mean_
        with np.errstate(all="ignore"):
            return [[float(((p[:, 0] - y) ** 2).sum() / ((y - mean) ** 2).sum()) for p in self.model.predict_layers(X)] for X, y in parts]

    def controls(self):
        return [
            slider("layers", "Layers", 1, MOST_LAYERS, 1, self.shown, f"{self.shown}"),
            slider("keep", "Units kept", 2, 8, 1, self.keep, f"{self.keep}"),
            choice("data", "Table", TABLES.items(), self.data),
            button("exam", "Open the exam", "Show the error on rows that neither fitted nor selected", pressed=self.exam),
        ]

    def note(self):
        e = self.model.criteria_
        small = next((k for k in range(1, len(e)) if e[k - 1] - e[k] < GAIN), None)
        if small is None and len(self.model.layers_[-1].left) == 1:
            return f"Best checking error {said(e[-1])} with {plural(len(e), 'layer')}. One unit is left and has no partner: growing ends here."
        if small is None:
            on = "grow on" if len(e) < MOST_LAYERS else "the rule would grow on"
            worth = f"Every further layer gained {GAIN} or more: {on}." if len(e) > 1 else "Does a second layer gain? Grow on."
            return f"Best checking error {said(e[-1])} with {plural(len(e), 'layer')}. {worth}"
        return f"Layer {small + 1} gained less than {GAIN}: the rule stops here and answers from layer {small}, checking error {said(e[small - 1])}."

    def panel(self):
        depth, k = self.chosen
        error = self.model.layers_[depth].errors[k]
        return (f"Unit {k + 1} of layer {depth + 1} reads (checking error {said(error)})",
                [f"`{self.model.polynomial(depth, k, self.names())}`"])

    def box(self):
        return 62, 44, min(110 * self.shown, 330), 320

    def scene(self):
        scene = Scene(800, 476)
        spots = draw_growth(scene, self.model.layers_, self.names(), self.box(), self.chosen)
        self.draw_words(scene, spots)
        self.draw_surface(scene)
        depth, k = self.chosen
        scene.alt = (f"Left, a network of {plural(self.shown, 'layer')} grown on {TABLES[self.data]}, the best checking error "
                     f"{said(self.model.criteria_[-1])}. Right, the surface of unit {k + 1} of layer {depth + 1} over its two inputs "
                     f"with the rows as points.")
        return scene

    def draw_words(self, scene, spots):
        scene.text(spots[0][0][0], 16, "inputs", 12.5, MUTED, "middle")
        for depth, column in enumerate(spots[1:]):
            scene.text(column[0][0], 16, f"layer {depth + 1}" if len(spots) < 5 else f"{depth + 1}", 12.5, MUTED, "middle")
        _, check, exam = self.errors()
        rows = [("check", check, 404)] + [("exam", exam, 428)] * self.exam
        for words, values, y in rows:
            scene.text(34, y, words, 12.5, INK if words == "exam" else MUTED, "middle")
            for column, value in zip(spots[1:], values, strict=True):
                scene.text(column[0][0], y, said(value), 12.5, INK, "middle", bold=words == "exam")
        scene.text(16, 458, "errors of each layer's best unit: 0 perfect, 1 no better than the mean", 12, MUTED)

    def draw_surface(self, scene):
        depth, k = self.chosen
        layer, (X, X_check) = self.model.layers_[depth], self.inputs[depth]
        (_, y), (_, y_check), _ = table(self.data)[1]
        i, j = int(layer.left[k]), int(layer.right[k])
        shift, stretch = (0.0, 1.0) if depth == 0 else (self.model.y_mean_, self.model.y_scale_)
        u, v = (shift + stretch * np.concatenate([X[:, c], X_check[:, c]]) for c in (i, j))
        limits = [widened(values) for values in (u, v)]
        plane = Plane(scene, (486, 40, 290, 290), *limits)
        low, high = np.percentile(y, [3, 97])
        across, up = (np.linspace(*limit, 41) for limit in limits)
        gu, gv = np.meshgrid((across - shift) / stretch, (up - shift) / stretch)
        Q = gmdh_rules.terms(((gu - layer.mean[i]) / layer.scale[i]).ravel(), ((gv - layer.mean[j]) / layer.scale[j]).ravel())
        surface = self.model.y_mean_ + self.model.y_scale_ * (Q @ layer.weights[k]).reshape(41, 41)
        scene.image(*plane.box, share_color((surface[::-1] - low) / (high - low)))
        called = [self.names()[c] if depth == 0 else f"z{depth}_{c + 1}" for c in (i, j)]
        plane_words(plane, *called)
        for n, value in enumerate(np.concatenate([y, y_check])):
            x0, y0 = plane.to(u[n], v[n])
            if plane.holds(x0, y0):
                r, g, b = share_color((value - low) / (high - low))
                mark(scene, x0, y0, f"#{r:02x}{g:02x}{b:02x}", checks=n >= len(y))
        plane.frame(EDGE)
        draw_key(scene, 486, 406, low, high)


def plane_words(plane, xlabel, ylabel):
    ticks = [[value for value in nice(*limits)] for limits in (plane.xlim, plane.ylim)]
    left, top, width, height = plane.box
    for value in ticks[0]:
        plane.scene.text(plane.to(value, 0)[0], top + height + 14, f"{value:g}", 12, MUTED, "middle")
    for value in ticks[1]:
        plane.scene.text(left - 7, plane.to(0, value)[1], f"{value:g}", 12, MUTED, "end")
    plane.scene.text(left + width / 2, top + height + 34, xlabel, 13, INK, "middle")
    plane.scene.text(left, top - 16, ylabel, 13, INK)


def nice(low, high):
    """Three to five round numbers between low and high."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough)
    return [round(step * k, 10) + 0.0 for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def widened(values):
    low, high = np.percentile(values, [0.5, 99.5])
    pad = 0.06 * (high - low) or 1.0
    return float(low - pad), float(high + pad)


def mark(scene, x, y, color, checks):
    if checks:
        scene.polygon([(x - 5, y), (x, y - 5), (x + 5, y), (x, y + 5)], color, CARD, 1.1)
    else:
        scene.circle(x, y, 3.8, color, CARD, 1.1)


def draw_key(scene, x, y, low, high):
    ramp = share_color(np.linspace(0, 1, 60))[None]
    scene.image(x, y, 200, 12, ramp)
    scene.text(x, y + 24, f"{low:.3g} or less", 12, MUTED)
    scene.text(x + 200, y + 24, f"{high:.3g} or more", 12, MUTED, "end")
    scene.text(x + 212, y + 6, "y", 13, INK)
    scene.circle(x + 12, y + 52, 4.5, CIVIDIS[2], CARD, 1)
    scene.text(x + 24, y + 52, "fitting row", 12, MUTED)
    mark(scene, x + 124, y + 52, CIVIDIS[2], True)
    scene.text(x + 136, y + 52, "checking row", 12, MUTED)


def said(error):
    return f"{error:.4f}" if error < 10 else f"{error:.0f}" if error < 1000 else "1000+"


def plural(n, word):
    return f"{n} {word}{'s' * (n != 1)}"


def grow_network(fit_unit=None, check_error=None):
    """Grow a network of quadratic units, and look into each of them.

    fit_unit    : your function fit_unit(F, y), six coefficients from the six terms F (n, 6) and y (n,); labkit's without
    check_error : your function check_error(c, F, y), the criterion on the checking rows; labkit's without
    """
    return GrowNetwork(fit_unit, check_error)
