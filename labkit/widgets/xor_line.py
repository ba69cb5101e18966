"""A line turned and shifted over the four XOR points, scored by the student's own accuracy."""

from __future__ import annotations

import math

import numpy as np

from labkit.figures.scene import Plane, Scene
from labkit.figures.style import CARD, COLORS, EDGE, GRID, INK, MUTED, channels, class_name, share_color
from labkit.widgets import rules
from labkit.widgets.board import Board, button, slider
from labkit.widgets.student import Student, share

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([0, 1, 1, 0])
MIDDLE = np.array([0.5, 0.5])
MAP = (466, 190, 318, 200)
ANGLES, OFFSETS = 72, 41


class TurnLine(Board):
    """See `turn_line`."""

    name = "turn_line"
    title = "Turn a line over XOR: how many of the four can it get right?"
    help = ("Drag the arrow's tip to turn the line, or the line to shift it. With the picture focused: Left and Right turn by 5 degrees "
            "(Shift: 1), Up and Down shift. A click on the map chooses a line, too.")
    hears = ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown")

    def __init__(self, score=None, **traits):
        self.student = Student(score, rules.accuracy, getattr(score, "__name__", "accuracy"), share)
        self.angle, self.offset, self.mode = 20.0, 0.0, None
        self.tried = np.full((OFFSETS, ANGLES), np.nan)
        self.best, self.best_line = -1.0, None
        self.measure()
        super().__init__(**traits)

    def students(self):
        return (self.student,)

    def weights(self, angle=None, offset=None):
        """The line's (w, b): w a unit vector at `angle` degrees, the line `offset` away from the middle of the square along w."""
        turn = math.radians(self.angle if angle is None else angle)
        w = np.array([math.cos(turn), math.sin(turn)])
        return w, float(-(w @ MIDDLE) - (self.offset if offset is None else offset))

    def measure(self):
        self.score = self.student(*self.weights(), X, Y)
        self.tried[self.cell()] = self.score
        if self.score > self.best:
            self.best, self.best_line = self.score, self.weights()

    def cell(self):
        row = int(round((self.offset + 1) / 2 * (OFFSETS - 1)))
        return row, int(round(self.angle / 360 * ANGLES)) % ANGLES

    def handle(self, event):
        kind = event.get("type")
        if kind == "key":
            self.key(event["key"], bool(event.get("shift")))
        elif kind == "control":
            self.control(event["name"], event.get("value"))
        elif kind in ("down", "drag"):
            self.drag(kind, event)
        self.measure()

    def key(self, key, shift):
        step = {"ArrowLeft": 1, "ArrowRight": -1}.get(key, 0) * (1 if shift else 5)
        slide = {"ArrowUp": 1, "ArrowDown": -1}.get(key, 0) * 0.05
        self.place(self.angle + step, self.offset + slide)

    def control(self, name, value):
        if name == "angle":
            self.place(value, self.offset)
        elif name == "offset":
            self.place(self.angle, value)
        else:
            {"every": self.try_every, "forget": self.forget}[name]()

    def forget(self):
        self.tried[:] = np.nan
        self.best, self.best_line = -1.0, None

    def place(self, angle, offset):
        self.angle, self.offset = round(angle) % 360, round(min(1.0, max(-1.0, offset)), 2)

    def drag(self, kind, event):
        """On the points the arrow's tip turns the line and every other place shifts it; the map of all lines sets both."""
        plane, w = self.plane(Scene(1, 1)), self.weights()[0]
        at = np.array(plane.back(event["x"], event["y"]))
        if kind == "down":
            tip = MIDDLE + (self.offset + 0.45) * w
            self.mode = "turn" if np.hypot(*(at - tip)) < 0.25 else "shift" if self.grips(event, plane) else "map"
        if self.mode == "map":
            whole = Plane(Scene(1, 1), MAP, (0, 360), (-1, 1))
            if self.grips(event, whole):
                angle, offset = whole.back(event["x"], event["y"])
                self.place(min(359, max(0, angle)), offset)
        elif self.mode == "turn":
            away = (at - MIDDLE) * (1 if self.offset + 0.45 >= 0 else -1)
            self.place(math.degrees(math.atan2(away[1], away[0])), self.offset)
        else:
            self.place(self.angle, float((at - MIDDLE) @ w))

    def try_every(self):
        """Scores the line in the middle of every cell of the map."""
        lines = [self.weights(360 * i / ANGLES, 2 * k / (OFFSETS - 1) - 1) for k in range(OFFSETS) for i in range(ANGLES)]
        scores = self.student.map([(w, b, X, Y) for w, b in lines])
        self.tried[:] = np.reshape(scores, (OFFSETS, ANGLES))
        if max(scores) >= self.best:
            self.best = max(scores)
            self.best_line = max((line for line, score in zip(lines, scores, strict=True) if score == self.best), key=clearance)

    # What is shown

    def right(self):
        w, b = self.weights()
        return (X @ w + b > 0) == (Y == 1)

    def note(self):
        seen = int(self.right().sum())
        if abs(self.score - seen / 4) > 1e-6:
            return f"The picture counts {seen} of 4 right, that is {seen / 4:g}; the function says {self.score:.3g}."
        tried = int(np.isfinite(self.tried).sum())
        lines = f"{tried:,} line{'s' * (tried != 1)} tried"
        return f"{out_of_four(self.score)} right here. Best so far: {out_of_four(self.best)}, {lines}."

    def controls(self):
        return [
            slider("angle", "Turn", 0, 359, 1, self.angle, f"{self.angle:g}°"),
            slider("offset", "Shift", -1, 1, 0.05, self.offset, f"{self.offset:.2f}"),
            button("every", "Try every line", f"Score {ANGLES * OFFSETS:,} lines with the same function"),
            button("forget", "Forget", "Clear the map and the best line"),
        ]

    def plane(self, scene):
        return Plane(scene, (46, 34, 370, 370), (-0.6, 1.6), (-0.6, 1.6))

    def scene(self):
        scene = Scene(800, 462)
        plane = self.plane(scene)
        w, b = self.weights()
        plane.sides(w, b)
        plane.axes("x1", "x2", (0, 1), (0, 1))
        if self.best_line is not None:
            plane.boundary(*self.best_line, color=MUTED, width=2, dash="--")
        plane.boundary(w, b, color=COLORS["line"])
        plane.frame(EDGE)
        for x, label, ok in zip(X, Y, self.right(), strict=True):
            self.draw_corner(scene, *plane.to(*x), label, ok)
        foot = MIDDLE + self.offset * w
        scene.arrow(*plane.to(*foot), *plane.to(*(foot + 0.45 * w)), width=3, head=13)
        scene.circle(*plane.to(*foot), 7, CARD, INK, 2.5)
        self.draw_score(scene, 466)
        self.draw_map(scene, *MAP)
        scene.alt = (f"The four XOR points with a line at {self.angle:g} degrees, shifted by {self.offset:g}. It gets "
                     f"{out_of_four(self.score)} right; the best line so far gets {out_of_four(self.best)}.")
        return scene

    def draw_corner(self, scene, x, y, label, ok):
        scene.marker(x, y, class_name(label), 12)
        scene.text(x, y, int(label), 13, CARD, "middle", bold=True)
        mark = scene.tick if ok else scene.cross
        mark(x + 24, y - 16)

    def draw_score(self, scene, x):
        scene.text(x, 56, out_of_four(self.score), 34, bold=True)
        scene.text(x, 92, "right with this line", 14, MUTED)
        scene.text(x + 180, 56, out_of_four(self.best), 34, MUTED, bold=True)
        scene.line(x + 180, 80, x + 226, 80, color=MUTED, dash="--")
        scene.text(x + 180, 92, "best so far", 14, MUTED)
        w, b = self.weights()
        scene.text(x, 128, f"w = ({w[0]:.2f}, {w[1]:.2f}), b = {b:.2f}", 14)

    def draw_map(self, scene, x, top, width, height):
        """Every line is a place on this map; the places tried are coloured by their score."""
        seen = np.isfinite(self.tried)
        rgb = np.where(seen[..., None], share_color(np.nan_to_num(self.tried)), np.array(channels(GRID), np.uint8)).astype(np.uint8)
        scene.text(x, top - 22, "every line is a place on this map", 14, MUTED)
        scene.image(x, top, width, height, rgb[::-1])
        row, column = self.cell()
        px, py = x + (column + 0.5) / ANGLES * width, top + (1 - (row + 0.5) / OFFSETS) * height
        scene.circle(px, py, 7, "none", CARD, 4)
        scene.circle(px, py, 7, "none", INK, 2)
        for value, words in ((0, "0°"), (0.5, "180°"), (1, "360°")):
            scene.text(x + value * width, top + height + 14, words, 12.5, MUTED, ("start", "middle", "end")[int(2 * value)])
        scene.text(x + 0.25 * width, top + height + 14, "turn", 12.5, MUTED, "middle")
        scene.text(x - 6, top + 6, "1", 12.5, MUTED, "end")
        scene.text(x - 6, top + height / 2, "shift", 12.5, MUTED, "end")
        scene.text(x - 6, top + height - 6, "-1", 12.5, MUTED, "end")
        self.draw_key(scene, x, top + height + 42)

    def draw_key(self, scene, x, y):
        for k in range(5):
            r, g, b = share_color(k / 4)
            scene.rect(x + 62 * k, y - 7, 14, 14, f"#{r:02x}{g:02x}{b:02x}", stroke=EDGE, edge=1)
            scene.text(x + 62 * k + 20, y, f"{k} of 4", 12.5, MUTED)


def clearance(line):
    """How far the nearest of the four points lies from the line."""
    w, b = line
    return float(np.abs(X @ w + b).min() / np.hypot(*w))


def out_of_four(score):
    whole = round(4 * score)
    return f"{whole} of 4" if abs(4 * score - whole) < 1e-6 else f"{score:.1%}"


def turn_line(score=None):
    """Turn and shift a line over the four XOR points.

    score : your function accuracy(w, b, X, y), the share of the rows of X (4, 2) answered rightly, 0 to 1; labkit's without
    """
    return TurnLine(score)
