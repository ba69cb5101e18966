"""A curve drawn by hand, and a network of steep sigmoids, two a bump, that follows it."""

from __future__ import annotations

import numpy as np

from labkit.figures.scene import Plane, Scene
from labkit.figures.style import ACCENT, CARD, EDGE, INK, SOFT
from labkit.widgets import depth_rules as rules
from labkit.widgets.board import Board, button, choice, slider
from labkit.widgets.student import Student, Unfinished, are_results

POINTS = 201
MOST = 40
LOW, HIGH = -1.0, 1.0
CURVES = {"hills": "hills", "wave": "a wave", "step": "a step", "flat": "a flat line, to draw on"}


def preset(name, x):
    """A curve to begin with, between -1 and 1. x : (n,)"""
    if name == "flat":
        return np.zeros_like(x)
    from labkit.datasets import CURVES as SHAPES

    y = SHAPES[name](x)
    return 0.85 * y / np.abs(y).max() if name != "step" else 1.4 * y - 0.7


def same_length(result):
    """A curve's values at the points of the picture, or Unfinished."""
    try:
        y = np.array(result, float)
    except (TypeError, ValueError):
        raise Unfinished("returned something that is no array of numbers, expected one value a point") from None
    if y.shape != (POINTS,):
        raise Unfinished(f"returned an array of shape {y.shape} for {POINTS} points")
    if not np.isfinite(y).all():
        raise Unfinished("returned NaN or infinity")
    return y


def three_rows(result):
    """(w, b, v) of one length, or Unfinished."""
    if not are_results(result, 3):
        raise Unfinished("has to return three results: return w, b, v")
    try:
        parts = tuple(np.array(part, float) for part in result)
    except (TypeError, ValueError):
        raise Unfinished("returned something that is no array of numbers") from None
    if len({part.shape for part in parts}) > 1 or parts[0].ndim != 1 or len(parts[0]) % 2:
        raise Unfinished(f"returned shapes {', '.join(str(part.shape) for part in parts)}, expected two units a bump in each")
    if not all(np.isfinite(part).all() for part in parts):
        raise Unfinished("returned NaN or infinity")
    return parts


class Bumps(Board):
    """See `bumps`."""

    name = "bumps"
    title = "Draw a curve; pairs of steep sigmoids follow it"
    help = ("Draw with the mouse. With the picture focused: Left and Right move the cursor (Shift: further), Up and Down raise and lower "
            "the curve there, 0 flattens it. The thick pale line is your curve, the dark one the network's answer, the orange one the bump "
            "at the cursor.")
    hears = ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "0")

    def __init__(self, bump=None, bump_network=None, **traits):
        self.bump = Student(bump, rules.bump, getattr(bump, "__name__", "bump"), same_length)
        self.network = Student(bump_network, rules.bump_network, getattr(bump_network, "__name__", "bump_network"), three_rows)
        self.x = np.linspace(0, 1, POINTS)
        self.kind, self.count_of, self.power, self.apart, self.cursor, self.last = "hills", 8, 2.0, True, 100, None
        self.y = preset(self.kind, self.x)
        self.measure()
        super().__init__(**traits)

    def students(self):
        return self.bump, self.network

    @property
    def steepness(self):
        return 10**self.power

    def measure(self):
        """The network for the curve as it is now: a bump's height is the curve's in the middle of its stretch."""
        n = self.count_of
        self.heights = np.interp((np.arange(n) + 0.5) / n, self.x, self.y)
        w, b, v = self.network(self.heights, self.steepness)
        self.units = len(w)
        self.answer = rules.sigmoid(np.outer(self.x, w) + b) @ v
        calls = [(self.x, k / n, (k + 1) / n, self.heights[k], self.steepness) for k in range(n)]
        self.bumps = self.bump.map(calls)
        self.misses = np.abs(self.answer - self.y)[10:-10]      # at the very ends half a bump is missing

    # Events

    def handle(self, event):
        kind = event.get("type")
        if kind == "key":
            self.key(event["key"], 10 if event.get("shift") else 2)
        elif kind == "control":
            self.control(event["name"], event.get("value"))
        elif kind in ("down", "drag"):
            if self.grips(event, plane := self.plane(Scene(1, 1))):
                self.draw(*plane.back(event["x"], event["y"]), self.last if kind == "drag" else None)
        self.measure()

    def key(self, key, far):
        if key in ("ArrowLeft", "ArrowRight"):
            self.cursor = int(np.clip(self.cursor + (far if key == "ArrowRight" else -far), 0, POINTS - 1))
        elif key == "0":
            self.y = np.zeros(POINTS)
        else:
            lift = 0.05 * far / 2 * {"ArrowUp": 1, "ArrowDown": -1}[key]
            self.y = np.clip(self.y + lift * np.exp(-(((self.x - self.x[self.cursor]) / 0.03) ** 2)), LOW, HIGH)

    def control(self, name, value):
        if name == "bumps":
            self.count_of = int(np.clip(value, 1, MOST))
        elif name == "power":
            self.power = float(np.clip(value, 1, 3))
        elif name == "curve":
            self.kind, self.y = str(value), preset(str(value), self.x)
        elif name == "apart":
            self.apart = not self.apart

    def draw(self, x, y, last):
        """Sets the curve from the last place of the pen to this one."""
        place, y = float(np.clip(x, 0, 1)) * (POINTS - 1), float(np.clip(y, LOW, HIGH))
        (a, one), (z, other) = sorted([last or (place, y), (place, y)])
        at = np.arange(int(round(a)), int(round(z)) + 1)
        self.y = self.y.copy()
        self.y[at] = np.interp(at, [a, max(z, a + 1e-9)], [one, other])
        self.last, self.cursor = (place, y), int(round(place))

    # What is shown

    def controls(self):
        return [
            slider("bumps", "Bumps", 1, MOST, 1, self.count_of, f"{self.count_of}"),
            slider("power", "Steepness", 1, 3, 0.1, self.power, f"{self.steepness:.0f}"),
            choice("curve", "Start from", CURVES.items(), self.kind),
            button("apart", "Show the bumps one by one", "", pressed=self.apart),
        ]

    def note(self):
        width = 1 / self.count_of
        words = (f"{self.count_of} bumps, {self.units} sigmoid units: off by {self.misses.mean():.3f} on average, {self.misses.max():.2f} "
                 "at most (for x from 0.05 to 0.95).")
        if 4 / self.steepness > 2 * width:
            return f"{words} Edges far wider than the bumps: they smear even a smooth curve."
        if 4 / self.steepness > width:
            return f"{words} Edges as wide as the bumps: neighbours blend, which suits a smooth curve and rounds off a step."
        return words

    def plane(self, scene):
        return Plane(scene, (54, 34, 720, 330), (0, 1), (-1.1, 1.1))

    def scene(self):
        scene = Scene(800, 420)
        plane = self.plane(scene)
        plane.axes("x", "answer", (0, 0.25, 0.5, 0.75, 1), (-1, -0.5, 0, 0.5, 1))
        if self.apart:
            for curve in self.bumps:
                self.trace_bump(scene, plane, curve, color=EDGE, width=1.5)
            chosen = min(self.count_of - 1, int(self.x[self.cursor] * self.count_of))
            self.trace_bump(scene, plane, self.bumps[chosen], color=ACCENT, width=3)
        self.trace(scene, plane, self.y, color=SOFT["class_1"], width=9)
        self.trace(scene, plane, self.answer, color=INK, width=2.2)
        cx, cy = plane.to(self.x[self.cursor], self.y[self.cursor])
        scene.circle(cx, cy, 7, CARD, INK, 2.5)
        scene.alt = (f"A curve over x from 0 to 1 and the sum of {self.count_of} bumps of steepness {self.steepness:.0f} that follows it, "
                     f"off by {self.misses.mean():.3f} on average and {self.misses.max():.2f} at most. "
                     f"The cursor is at x = {self.x[self.cursor]:.2f}, where the curve is {self.y[self.cursor]:.2f}.")
        return scene

    def trace(self, scene, plane, values, seen=None, **look):
        """seen : which of the points to draw, or None for all"""
        low, high = plane.ylim
        at = np.arange(POINTS) if seen is None else np.flatnonzero(seen)
        if len(at) > 1:
            scene.polyline([plane.to(self.x[k], min(high, max(low, values[k]))) for k in at], **look)

    def trace_bump(self, scene, plane, curve, **look):
        """A bump without the flat line on both sides of it."""
        height = np.abs(curve)
        up = np.flatnonzero(height > 0.01 * max(height.max(), 1e-9))
        self.trace(scene, plane, curve, (np.arange(POINTS) >= up[0] - 1) & (np.arange(POINTS) <= up[-1] + 1) if len(up) else None, **look)


def bumps(bump=None, bump_network=None):
    """Draw a curve and let a network with one hidden layer follow it.

    bump : your function bump(x, left, right, height, steepness), which draws the bumps one by one; labkit's without
    bump_network : your function bump_network(heights, steepness) that returns w, b, v; the picture shows sigmoid(x w + b) . v
    """
    return Bumps(bump, bump_network)
