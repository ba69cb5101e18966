"""Points placed by hand, and the line that the student's own rule learns from them, one example at a time."""

from __future__ import annotations

import numpy as np

from labkit.figures.scene import Plane, Scene
from labkit.figures.style import CARD, COLORS, EDGE, INK, MUTED, class_name
from labkit.widgets import rules
from labkit.widgets.board import Board, button, choice, slider
from labkit.widgets.student import Student, weights_and_bias

PRESETS = {
    "clouds": ("two clouds", [(-3, -1, 0), (-2, 1, 0), (-1.5, -2.5, 0), (-3.5, 2, 0), (1, 2.5, 1), (2.5, 1, 1), (3, 3, 1), (1.5, -0.5, 1)]),
    "close": ("a close call", [(-2, 0, 0), (0, 1.2, 0), (-1, -2, 0), (2, 2.6, 0), (0.5, 0.2, 1), (2, -1, 1), (-0.5, -1.6, 1), (3, 1.8, 1)]),
    "xor": ("XOR: no line", [(-2, -2, 0), (2, 2, 0), (-2, 2, 1), (2, -2, 1)]),
    "empty": ("no points", []),
}
MOST_PASSES = 100
NO_POINTS = "There are no points yet: add some first."
MOVES = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, 1), "ArrowDown": (0, -1)}


class PlacePoints(Board):
    """See `place_points`."""

    name = "place_points"
    title = "Place points; the rule finds the line"
    help = ("Click to add a point, drag to move it. With the picture focused: 0 or 1 adds a point, N and P choose one, arrows move it "
            "(Shift: further), F flips its class, Delete removes it; S takes a step, Space plays, R resets the weights.")
    hears = (*MOVES, "0", "1", "n", "p", "N", "P", "f", "F", "Delete", "Backspace", "x", "s", "S", " ", "r", "R")

    def __init__(self, update=None, points="clouds", labels=("x1", "x2"), name="your points", **traits):
        self.labels, self.called = labels, name
        self.student = Student(update, rules.update, getattr(update, "__name__", "update"), weights_and_bias)
        self.student(np.zeros(2), 0.0, np.ones(2), 1)       # tried once, so that the line below the picture is true from the start
        self.X, self.y, self.preset = *preset(points), points if isinstance(points, str) else "own"
        self.own = (self.X.copy(), self.y.copy()) if self.preset == "own" else None
        self.low, self.high = window(self.X, self.preset)
        self.selected, self.adds, self.speed = (0 if len(self.X) else None), 1, 6
        self.forget()
        super().__init__(**traits)

    def students(self):
        return (self.student,)

    def forget(self):
        """Back to zero weights, before the first example."""
        self.w, self.b, self.before = np.zeros(2), 0.0, None
        self.steps = self.mistakes = self.at = 0
        self.current, self.playing, self.quiet = None, False, 0
        self.passes, self.said = [0], "All weights are zero: no line yet. Take a step." if len(self.X) else NO_POINTS

    # What the page sends

    def handle(self, event):
        kind = event.get("type")
        if kind == "tick":
            if self.playing:
                self.step()
        elif kind == "key":
            self.key(event["key"], bool(event.get("shift")))
        elif kind == "control":
            self.control(event["name"], event.get("value"))
        elif kind in ("down", "drag"):
            self.point_at(kind, *self.plane(Scene(1, 1)).back(event["x"], event["y"]), bool(event.get("shift")))

    def key(self, key, shift):
        if key in MOVES:
            self.nudge(MOVES[key], 1.0 if shift else 0.25)
        elif key in ("0", "1"):
            self.add(*self.free_place(), int(key))
        elif key.lower() in ("n", "p") and len(self.X):
            self.selected = ((-1 if self.selected is None else self.selected) + (1 if key.lower() == "n" else -1)) % len(self.X)
            self.said = f"Chose {self.words(self.selected)}."
        else:
            actions = {"f": self.flip, "delete": self.remove, "backspace": self.remove, "x": self.remove, "s": self.step,
                       " ": self.play, "r": self.forget}
            actions.get(key.lower(), lambda: None)()

    def control(self, name, value):
        if name == "preset":
            if self.preset == "own":
                self.own = self.X, self.y
            X, y = self.own if value == "own" else preset(value)
            self.X, self.y, self.preset, self.selected = X.copy(), y.copy(), value, 0 if len(X) else None
            self.low, self.high = window(self.X, value)
            self.forget()
        elif name == "adds":
            self.adds = int(value)
        elif name == "speed":
            self.speed = int(value)
        else:
            {"step": self.step, "play": self.play, "pass": self.one_pass, "reset": self.forget, "remove": self.remove}[name]()

    def point_at(self, kind, x, y, shift):
        if kind == "down":
            near = self.nearest(x, y)
            if near is None and self.low <= min(x, y) and max(x, y) <= self.high:
                self.add(x, y, 1 - self.adds if shift else self.adds)
            else:
                self.selected = near
        elif self.selected is not None:
            self.X[self.selected] = self.inside([x, y])
            self.changed_points()

    # What is done to the points

    def inside(self, place):
        return np.clip(place, self.low, self.high)

    def nearest(self, x, y, reach=0.4):
        if not len(self.X):
            return None
        away = np.hypot(*(self.X - (x, y)).T)
        return int(away.argmin()) if away.min() < reach else None

    def free_place(self):
        """A spot near the middle, or near the chosen point, where no point stands yet."""
        start = np.full(2, (self.low + self.high) / 2) if self.selected is None else self.X[self.selected]
        ring = [start + 0.75 * k * np.array([np.cos(2.4 * k), np.sin(2.4 * k)]) for k in range(60)]
        return next((self.inside(p) for p in ring if self.nearest(*self.inside(p), 0.6) is None), start)

    def add(self, x, y, label):
        self.X, self.y = np.vstack([self.X, [x, y]]), np.append(self.y, label)
        self.selected = len(self.X) - 1
        self.changed_points()
        self.said = f"Added {self.words(self.selected)}."

    def remove(self):
        if self.selected is None:
            return
        self.said = f"Removed {self.words(self.selected)}."
        self.X, self.y = np.delete(self.X, self.selected, axis=0), np.delete(self.y, self.selected)
        self.selected = min(self.selected, len(self.X) - 1) if len(self.X) else None
        said = self.said
        self.changed_points()
        self.said = said

    def flip(self):
        if self.selected is not None:
            self.y[self.selected] = 1 - self.y[self.selected]
            self.changed_points()

    def nudge(self, direction, far):
        if self.selected is not None:
            self.X[self.selected] = self.inside(self.X[self.selected] + far * np.array(direction))
            self.changed_points()

    def changed_points(self):
        """The line stays; the count of quiet examples starts again, since the question has changed."""
        self.quiet, self.current, self.before = 0, None, None
        self.at = self.at % max(1, len(self.X))
        if self.selected is not None:
            self.said = f"Moved {self.words(self.selected)}."

    def words(self, i):
        return f"point {i + 1} of class {int(self.y[i])} at ({self.X[i, 0]:.2f}, {self.X[i, 1]:.2f})"

    # Learning

    def play(self):
        self.playing = not self.playing and len(self.X) > 0
        if self.playing:
            self.quiet = 0
            self.step()

    def one_pass(self):
        for _ in range(len(self.X)):
            self.step()

    def step(self):
        """Shows the next example to the rule and keeps what it answers."""
        if not len(self.X):
            self.said, self.playing = NO_POINTS, False
            return
        i, self.current = self.at, self.at
        x, label = self.X[i], int(self.y[i])
        z = float(self.w @ x + self.b)
        w, b = self.student(self.w, self.b, x, label)
        moved = not (np.array_equal(w, self.w) and b == self.b)
        wrong = (z > 0) != (label == 1)
        self.before = (self.w, self.b) if moved else None
        self.w, self.b = w, b
        self.steps, self.mistakes = self.steps + 1, self.mistakes + wrong
        self.passes[-1] += wrong
        self.quiet = 0 if moved or wrong else self.quiet + 1
        self.said = self.told(i, z, label, wrong, moved)
        self.turn_page(i)

    def told(self, i, z, label, wrong, moved):
        start = f"Point {i + 1} is of class {label}; the sum is {z:.2f}, so the answer is {int(z > 0)}: "
        if wrong:
            return start + ("a mistake, and the line moves." if moved else "a mistake, yet the rule left w and b as they were.")
        return start + ("right, yet the rule moved the line. Should it?" if moved else "right, nothing changes.")

    def turn_page(self, i):
        """After the last point a new pass begins, unless a whole pass went by in quiet."""
        self.at = (i + 1) % len(self.X)
        if self.quiet >= len(self.X):
            self.playing = False
            self.said = f"A whole pass without a mistake: the line separates the classes, after {self.mistakes} mistakes in all."
        elif self.at == 0:
            if len(self.passes) >= MOST_PASSES and self.playing:
                self.playing = False
                self.said = f"{len(self.passes)} passes and still mistakes. Perhaps no line separates these points."
            self.passes.append(0)

    # What is shown

    def tick(self):
        return int(1000 / self.speed) if self.playing else 0

    def note(self):
        return self.said

    def controls(self):
        own = (("own", self.called),) if self.own else ()
        return [
            button("step", "Step", "Show the next point to the rule (S)", disabled=not len(self.X)),
            button("play", "Pause" if self.playing else "Play", "Step again and again (Space)", pressed=self.playing, disabled=not len(self.X)),
            button("pass", "One pass", "Show every point once", disabled=not len(self.X)),
            button("reset", "Reset weights", "Back to zero weights (R)"),
            button("remove", "Remove point", "Remove the chosen point (Delete)", disabled=self.selected is None),
            choice("adds", "A click adds", ((1, "class 1, a circle"), (0, "class 0, a square")), self.adds),
            choice("preset", "Points", [*own, *((key, words) for key, (words, _) in PRESETS.items())], self.preset),
            slider("speed", "Speed", 1, 20, 1, self.speed, f"{self.speed} steps/s"),
        ]

    def plane(self, scene):
        return Plane(scene, (46, 30, 380, 380), (self.low, self.high), (self.low, self.high))

    def scene(self):
        scene = Scene(800, 462)
        plane = self.plane(scene)
        if self.w.any():
            plane.sides(self.w, self.b)
        plane.axes(*(self.labels if self.preset == "own" else ("x1", "x2")), *[range(self.low + 1, self.high, 2 if self.low < 0 else 1)] * 2)
        if self.before and self.before[0].any():
            plane.boundary(*self.before, color=MUTED, width=2, dash="--")
        if self.w.any():
            self.draw_line(scene, plane)
        plane.frame(EDGE)
        self.draw_points(scene, plane)
        self.draw_numbers(scene, 468)
        scene.alt = self.alt_words()
        return scene

    def draw_line(self, scene, plane):
        ends = plane.boundary(self.w, self.b, color=COLORS["line"])
        if ends:
            middle = np.mean(ends, axis=0)
            tip = middle + 0.09 * (self.high - self.low) * self.w / np.hypot(*self.w)
            scene.arrow(*plane.to(*middle), *plane.to(*tip), color=COLORS["line"])

    def draw_points(self, scene, plane):
        for i, (x, label) in enumerate(zip(self.X, self.y, strict=True)):
            px, py = plane.to(*x)
            if i == self.current:
                scene.circle(px, py, 17, "none", COLORS["here"], 5)
            if i == self.selected:
                scene.circle(px, py, 13, "none", INK, 1.5, dash=":")
            scene.marker(px, py, class_name(label), 8, CARD)

    def draw_numbers(self, scene, x):
        rows = (("weights w", f"({self.w[0]:.2f}, {self.w[1]:.2f})"), ("bias b", f"{self.b:.2f}"), ("examples shown", f"{self.steps}"),
                ("mistakes", f"{self.mistakes}"))
        for k, (words, value) in enumerate(rows):
            scene.text(x, 44 + 28 * k, words, 14, MUTED)
            scene.text(x + 150, 44 + 28 * k, value, 16, bold=True)
        self.draw_passes(scene, x, 200, 300, 190)
        scene.line(x, 440, x + 26, 440, width=3)
        scene.text(x + 34, 440, "line now", 13, MUTED)
        scene.line(x + 130, 440, x + 156, 440, color=MUTED, dash="--")
        scene.text(x + 164, 440, "line one step ago", 13, MUTED)

    def draw_passes(self, scene, x, top, width, height):
        """Bars: mistakes in each of the last twelve passes."""
        shown = self.passes[-12:]
        first = len(self.passes) - len(shown)
        most = max([*shown, 3])
        scene.text(x, top, "mistakes in each pass", 14, MUTED)
        base, step = top + height, width / 12
        scene.line(x, base, x + width, base, color=EDGE)
        for k, count in enumerate(shown):
            tall = (height - 50) * count / most
            open_ended = first + k == len(self.passes) - 1 and self.at > 0
            scene.rect(x + k * step + 3, base - tall, step - 6, tall, COLORS["here"] if open_ended else INK)
            scene.text(x + (k + 0.5) * step, base - tall - 10, count, 13, anchor="middle")
            scene.text(x + (k + 0.5) * step, base + 12, first + k + 1, 12, MUTED, "middle")

    def alt_words(self):
        ones = int(self.y.sum())
        line = f"The line {self.w[0]:.2f} x1 {self.w[1]:+.2f} x2 {self.b:+.2f} = 0" if self.w.any() else "No line yet"
        return (f"A plane with {len(self.y) - ones} squares of class 0 and {ones} circles of class 1. {line}. "
                f"{self.steps} examples shown, {self.mistakes} mistakes.")


def window(X, name):
    """The lowest and the highest number on both axes: -5 to 5, and 0 to 6 for the reader's own points if they all lie within."""
    return (0, 6) if name == "own" and len(X) and 0 < X.min() and X.max() < 6 else (-5, 5)


def preset(points):
    """(X, y) from a preset's name, from rows (x1, x2, class), or from a pair X, y."""
    if isinstance(points, str):
        if points not in PRESETS:
            raise ValueError(f"no points are called {points!r}; choose one of {', '.join(PRESETS)}, or give rows (x1, x2, class)")
        points = PRESETS[points][1]
    if isinstance(points, tuple) and len(points) == 2 and np.ndim(points[0]) == 2:
        points = np.column_stack([points[0], points[1]])
    rows = np.array(points, float).reshape(-1, 3)
    if not np.isin(rows[:, 2], (0, 1)).all() or not np.isfinite(rows).all():
        raise ValueError("points must be rows (x1, x2, class) of finite numbers with class 0 or 1")
    return rows[:, :2].copy(), rows[:, 2].astype(int)


def place_points(update=None, points="clouds", labels=("x1", "x2"), name="your points"):
    """Place points by hand and watch your rule learn from them.

    update : your function update(w, b, x, y) -> (w, b) with w, x of shape (2,), y 0 or 1; labkit's without
    points : "clouds", "close", "xor", "empty", or rows (x1, x2, class) between -5 and 5, or a pair of arrays X, y
    labels, name : what the axes mean for points of your own, and what these are called
    """
    return PlacePoints(update, points, labels, name)
