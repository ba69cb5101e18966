"""A ball rolled down a valley by the reader's own steps: plain, with momentum, with Nesterov's look-ahead; labkit's paths lie beneath."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from labkit import surfaces
from labkit.figures.relief import Relief
from labkit.figures.scene import Plane, Scene
from labkit.figures.style import CARD, COLORS, EDGE, GRID, INK, MUTED
from labkit.widgets import momentum_rules as rules
from labkit.widgets.board import Board, button, choice, slider
from labkit.widgets.student import Student, Unfinished, are_results, described

# surface, what is drawn of it (left, right, low, high), start, steepest curvature at the minimum
GROUNDS = {
    "bowl": ("long straight valley", surfaces.bowl(25.0), (-3.2, 3.2, -2.4, 2.4), (-2.8, 1.4), 25.0),
    "bend": ("curved valley", surfaces.valley(10.0), (-2.0, 2.0, -1.0, 2.0), (-1.5, 1.6), 101.6),
}
METHODS = {"gradient_descent": "plain", "momentum": "classical", "nesterov": "Nesterov"}
DASH = {"gradient_descent": "-", "momentum": "--", "nesterov": "-."}
FAR = 1e6
BOX, CHART = (54, 28, 440, 330), (572, 52, 212, 176)
SIDE = (330, 440)       # rows and columns of the map
MOVES = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, 1), "ArrowDown": (0, -1)}


@cache
def map_of(name):
    _, surface, (left, right, low, high), *_ = GROUNDS[name]
    return Relief(surface.value(*np.meshgrid(np.linspace(left, right, SIDE[1]), np.linspace(high, low, SIDE[0]))))


def trouble(result):
    """What is wrong with one step's result, in words that follow the function's name; empty for a pair of weights and velocity."""
    if result is None:
        return "returned nothing (None): let every path end with return"
    if not are_results(result, 2):
        return f"returned {described(result)}, expected two results: return w, v"
    try:
        shapes = [np.array(part, float).shape for part in result]
    except (TypeError, ValueError):
        return "returned something that is no array of numbers, expected w and v"
    return "" if shapes == [(2,), (2,)] else f"returned arrays of shapes {shapes[0]} and {shapes[1]}, expected (2,) and (2,)"


def walker(step, looks_ahead):
    """walk(ground, start, rate, momentum, steps): what `step` returned, one after the other; it ends where the ball is lost."""
    def walk(ground, start, rate, momentum, steps):
        def slope(w):
            return np.array(GROUNDS[ground][1].gradient(*w))

        w, v = np.array(start, float), np.zeros(2)
        taken = [(w, v)]
        for _ in range(steps):
            taken.append(step(w.copy(), v.copy(), slope if looks_ahead else slope(w), rate, momentum))
            if trouble(taken[-1]):
                break
            w, v = (np.array(part, float) for part in taken[-1])
            if not np.abs(np.append(w, v)).max() < FAR:
                break
        return taken

    return walk


def points(taken):
    """The weights of a walk, (n, 2), up to the last finite ones."""
    if problem := trouble(taken[-1]):
        raise Unfinished(problem)
    w = np.array([np.array(pair[0], float) for pair in taken])
    return w[np.abs(w).max(axis=1) < 10 * FAR]


def student_of(function, ours, looks_ahead):
    mine = walker(function, looks_ahead) if callable(function) else function
    return Student(mine, walker(ours, looks_ahead), getattr(function, "__name__", ours.__name__), points)


class HeavyBall(Board):
    """See `rolling_ball`."""

    name = "rolling_ball"
    title = "Roll a ball down a valley: plain steps, momentum, and a look ahead"
    help = ("Drag the start anywhere. With the picture focused: arrows move the start (Shift: further), comma and full stop change the learning "
            "rate, minus and plus the momentum, M the method, Space rolls, R resets. A pale broad band is labkit's path.")
    hears = (*MOVES, ",", ".", "-", "+", "=", "m", "M", " ", "r", "R")

    def __init__(self, momentum_step=None, nesterov_step=None, **traits):
        self.classical = student_of(momentum_step, rules.momentum_step, False)
        self.look_ahead = student_of(nesterov_step, rules.nesterov_step, True)
        self.ours = {False: walker(rules.momentum_step, False), True: walker(rules.nesterov_step, True)}
        self.method = "all"
        self.reset()
        self.measure()
        super().__init__(**traits)

    def students(self):
        return self.classical, self.look_ahead

    def reset(self, ground="bowl"):
        self.ground, self.start = ground, np.array(GROUNDS[ground][3])
        self.rate, self.momentum, self.steps, self.rolled, self.rolling = (0.02 if ground == "bowl" else 0.005), 0.9, 60, None, False

    def shown(self):
        return list(METHODS) if self.method == "all" else [self.method]

    def measure(self):
        """The walks of the methods on show, the reader's and labkit's."""
        self.walks, self.beneath = {}, {}
        for name in self.shown():
            settings = self.ground, self.start, self.rate, 0.0 if name == "gradient_descent" else self.momentum, self.steps
            ahead = name == "nesterov"
            self.walks[name] = (self.look_ahead if ahead else self.classical)(*settings)
            self.beneath[name] = points(self.ours[ahead](*settings))

    # Events

    def handle(self, event):
        kind = event.get("type")
        if kind == "tick":
            self.roll_on()
            return
        if kind == "key":
            self.key(event["key"], 5 if event.get("shift") else 1)
        elif kind == "control":
            self.control(event["name"], event.get("value"))
        elif kind in ("down", "drag"):
            if self.grips(event, plane := self.plane(Scene(1, 1))):
                self.place(*plane.back(event["x"], event["y"]))
        self.measure()

    def key(self, key, far):
        if key in MOVES:
            self.place(*(self.start + 0.1 * far * np.array(MOVES[key])))
        self.turn(math.log10(self.rate) + {",": -0.02, ".": 0.02}.get(key, 0))
        self.momentum = round(min(0.99, max(0.0, self.momentum + {"-": -0.01, "+": 0.01, "=": 0.01}.get(key, 0))), 2)
        if key.lower() == "m":
            order = ["all", *METHODS]
            self.method = order[(order.index(self.method) + 1) % len(order)]
        {" ": self.roll, "r": self.reset}.get(key.lower(), lambda: None)()

    def control(self, name, value):
        if name == "rate":
            self.turn(float(value))
        elif name == "momentum":
            self.momentum = round(min(0.99, max(0.0, float(value))), 2)
        elif name == "steps":
            self.steps = int(min(300, max(5, value)))
        elif name == "method" and value in ("all", *METHODS):
            self.method = value
        elif name == "ground" and value in GROUNDS:
            self.reset(value)
        else:
            {"roll": self.roll, "reset": self.reset}.get(name, lambda: None)()

    def turn(self, power):
        self.rate = float(f"{10 ** min(-0.4, max(-3.5, power)):.3g}")

    def place(self, x, y):
        left, right, low, high = GROUNDS[self.ground][2]
        self.start = np.array([min(right, max(left, x)), min(high, max(low, y))])

    def roll(self):
        self.rolling = not self.rolling
        self.rolled = 0 if self.rolling else None

    def roll_on(self):
        if self.rolling:
            self.rolled = min(self.steps, self.rolled + max(1, self.steps // 100))
            if self.rolled == self.steps:
                self.rolling, self.rolled = False, None

    def tick(self):
        return 60 if self.rolling else 0

    # What is shown

    def until(self):
        return self.steps if self.rolled is None else self.rolled

    def controls(self):
        return [
            slider("rate", "Learning rate", -3.5, -0.4, 0.02, math.log10(self.rate), f"{self.rate:g}"),
            slider("momentum", "Momentum", 0, 0.99, 0.01, self.momentum, f"{self.momentum:.2f}"),
            choice("method", "Method", (("all", "all three"), *METHODS.items()), self.method),
            choice("ground", "Ground", ((key, ground[0]) for key, ground in GROUNDS.items()), self.ground),
            slider("steps", "Steps", 5, 300, 5, self.steps, f"{self.steps}"),
            button("roll", "Stop" if self.rolling else "Roll", "Watch the balls take their steps (Space)", pressed=self.rolling),
            button("reset", "Reset", "Back to the first settings (R)"),
        ]

    def note(self):
        if self.rolling:
            return "Rolling."
        steep = GROUNDS[self.ground][4]
        where = "" if self.ground == "bowl" else " near the minimum"
        limits = f"Stable{where} below {2 / steep:.3g} (plain), {2 * (1 + self.momentum) / steep:.3g} (classical), " \
                 f"{2 * (1 + self.momentum) / (1 + 2 * self.momentum) / steep:.3g} (Nesterov)."
        return f"{limits} {self.compared()}"

    def compared(self):
        """How far the reader's paths lie from labkit's, where they are the reader's."""
        found = []
        for name in self.shown():
            student = self.look_ahead if name == "nesterov" else self.classical
            if student.function is not None and not student.problem:
                n = min(len(self.walks[name]), len(self.beneath[name]))
                gap = np.abs(self.walks[name][:n] - self.beneath[name][:n]) / np.maximum(1, np.abs(self.beneath[name][:n]))
                found.append(float(gap.max()))
        if not found:
            return ""
        return "Your paths and labkit's are the same." if max(found) < 1e-9 else f"Your paths part from labkit's by up to {max(found):.2g}."

    def height(self, w):
        w = np.clip(w, -FAR, FAR)
        return GROUNDS[self.ground][1].value(w[:, 0], w[:, 1])

    def plane(self, scene):
        left, right, low, high = GROUNDS[self.ground][2]
        return Plane(scene, BOX, (left, right), (low, high))

    def scene(self):
        scene = Scene(800, 424)
        plane = self.plane(scene)
        map_of(self.ground).draw(scene, BOX)
        for value in range(math.ceil(plane.xlim[0]), math.floor(plane.xlim[1]) + 1):
            scene.text(plane.to(value, 0)[0], BOX[1] + BOX[3] + 14, f"{value}", 12, MUTED, "middle")
        for value in range(math.ceil(plane.ylim[0]), math.floor(plane.ylim[1]) + 1):
            scene.text(BOX[0] - 8, plane.to(0, value)[1], f"{value}", 12, MUTED, "end")
        scene.text(BOX[0] + BOX[2] / 2, BOX[1] + BOX[3] + 36, "first weight", 13, INK, "middle")
        scene.text(BOX[0] - 34, 12, "second weight", 13, INK)
        scene.marker(*plane.to(*GROUNDS[self.ground][1].minima[0]), "here", radius=7)
        for name, walk in self.beneath.items():
            self.draw(scene, walk[:self.until() + 1], name, broad=True)
        for name, walk in self.walks.items():
            self.draw(scene, walk[:self.until() + 1], name)
        for name, walk in self.walks.items():
            spot = plane.to(*walk[:self.until() + 1][-1])
            if plane.holds(*spot):
                scene.circle(*spot, 7, COLORS[name], CARD, 2)
        scene.circle(*plane.to(*self.start), 8, CARD, INK, 2.2)
        plane.frame(EDGE)
        self.draw_chart(scene)
        self.draw_words(scene)
        scene.alt = self.alt()
        return scene

    def draw(self, scene, walk, name, broad=False):
        plane = self.plane(scene)
        for part in clipped([plane.to(*w) for w in walk]):
            if broad:
                scene.polyline(part, COLORS[name], 8, opacity=0.22)
            else:
                scene.polyline(part, COLORS[name], 2.2)
        if not broad and len(walk) < 130:
            for w in walk[1:-1]:
                spot = plane.to(*w)
                if plane.holds(*spot):
                    scene.circle(*spot, 2.6, COLORS[name], CARD, 0.6)

    def draw_chart(self, scene):
        """Heights against steps, on a logarithmic scale."""
        left, top, width, height = CHART
        chart = Plane(scene, CHART, (0, self.steps), (-6, 2))
        for power in (-6, -4, -2, 0, 2):
            y = chart.to(0, power)[1]
            scene.line(left, y, left + width, y, color=GRID, width=1)
            scene.text(left - 7, y, f"{10.0 ** power:g}", 12, MUTED, "end")
        for share in (0, 0.5, 1):
            scene.text(left + share * width, top + height + 13, f"{share * self.steps:g}", 12, MUTED, "middle")
        scene.text(left + width / 2, top + height + 33, "steps", 13, INK, "middle")
        scene.text(left - 34, top - 18, "height (error)", 13, INK)
        for name, walk in self.walks.items():
            tall = np.clip(np.log10(np.maximum(self.height(walk[:self.until() + 1]), 1e-30)), -6, 2)
            if len(tall) > 1:
                scene.polyline([chart.to(k, t) for k, t in enumerate(tall)], COLORS[name], 2.2, DASH[name])
        chart.frame(EDGE)

    def draw_words(self, scene):
        for k, (name, walk) in enumerate(self.walks.items()):
            y = 316 + 24 * k
            scene.line(572, y, 600, y, color=COLORS[name], width=3, dash=DASH[name])
            scene.text(608, y, METHODS[name], 13, INK)
            scene.text(784, y, self.ended(walk), 13, INK, "end", bold=True)
        scene.text(784, 290, f"height after {self.until()} steps", 12.5, MUTED, "end")

    def ended(self, walk):
        return "lost" if np.abs(walk[-1]).max() >= 1e3 else f"{self.height(walk[:self.until() + 1])[-1]:.2g}"

    def alt(self):
        ends = ", ".join(f"{METHODS[name]} {self.ended(walk)}" for name, walk in self.walks.items())
        return (f"Contour map of a {GROUNDS[self.ground][0]} with paths from ({self.start[0]:.1f}, {self.start[1]:.1f}) at learning rate "
                f"{self.rate:g} and momentum {self.momentum:.2f}; beside it the heights over {self.steps} steps. Heights at the end: {ends}.")


def clipped(spots):
    """The parts inside the map of the line through these pixels (Liang and Barsky 1984): lists of pixels."""
    left, top, width, height = BOX
    parts = []
    for (x1, y1), (x2, y2) in zip(spots, spots[1:], strict=False):
        enter, leave = 0.0, 1.0
        for step, room in ((x1 - x2, x1 - left), (x2 - x1, left + width - x1), (y1 - y2, y1 - top), (y2 - y1, top + height - y1)):
            if step == 0:
                leave = leave if room >= 0 else -1.0
            elif step < 0:
                enter = max(enter, room / step)
            else:
                leave = min(leave, room / step)
        if enter < leave:
            start, end = ((x1 + share * (x2 - x1), y1 + share * (y2 - y1)) for share in (enter, leave))
            if enter > 0 or not parts or parts[-1][-1] != start:
                parts.append([start])
            parts[-1].append(end)
    return parts


def rolling_ball(momentum_step=None, nesterov_step=None):
    """Roll a ball down a valley with your own steps; labkit's paths lie beneath as pale bands.

    momentum_step : your function momentum_step(w, v, g, learning_rate, momentum) -> (w, v), all (2,); with momentum 0 it is the plain step
    nesterov_step : your function nesterov_step(w, v, gradient, learning_rate, momentum) -> (w, v); labkit's without
    """
    return HeavyBall(momentum_step, nesterov_step)
