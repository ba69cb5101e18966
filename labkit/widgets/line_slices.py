"""A slice of the (w1, w2, b) space with the accuracy of every line, and the line under the cursor beside it."""

from __future__ import annotations

import time

import numpy as np

from labkit.figures.plane import checked, room
from labkit.figures.scene import Plane, Scene
from labkit.figures.style import CARD, COLORS, EDGE, INK, MUTED, class_name, share_color
from labkit.widgets import rules
from labkit.widgets.board import Board, button, slider
from labkit.widgets.student import Student, share
from labkit.widgets.xor_line import X as XOR_X
from labkit.widgets.xor_line import Y as XOR_Y

SIDES = (61, 41, 31, 21, 11)
BUDGET = 0.035


class LineMap(Board):
    """See `line_map`."""

    name = "line_map"
    title = "The accuracy of every line: a slice through (w1, w2, b)"
    help = "Drag on the map, or focus the picture and use the arrow keys (Shift: further), to choose a line; Page Up and Page Down change b."
    hears = ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "PageUp", "PageDown")
    reach = 3.0

    def __init__(self, accuracy=None, X=None, y=None, **traits):
        self.X, self.y = checked(XOR_X if X is None else X, XOR_Y if X is None else y)
        if self.y is None:
            raise TypeError("line_map was given X without y; pass both, or neither for XOR")
        self.student = Student(accuracy, rules.accuracy, getattr(accuracy, "__name__", "accuracy"), share)
        self.w, self.b, self.side, self.slices = np.array([1.0, 1.0]), -0.5, None, {}
        self.measure()
        super().__init__(**traits)

    def students(self):
        return (self.student,)

    def measure(self):
        """The slice at this b, from the same function; kept, so that coming back costs nothing."""
        self.score = self.student(self.w, self.b, self.X, self.y)
        if self.side is None:
            self.side = self.fitting_side()
        self.slice = self.slices.get(self.whose())
        if self.slice is None:
            self.slice = self.new_slice()
            self.slices[self.whose()] = self.slice

    def whose(self):
        """Which slice this is, and whether it is the student's: a function that fails somewhere on the map is labkit's for the whole map."""
        return round(self.b, 3), self.student.problem == ""

    def new_slice(self):
        axis, start = np.linspace(-self.reach, self.reach, self.side), time.perf_counter()
        calls = [(np.array([w1, w2]), self.b, self.X, self.y) for w2 in axis[::-1] for w1 in axis]
        values = np.reshape(self.student.map(calls), (self.side, self.side))
        took, at = time.perf_counter() - start, SIDES.index(self.side)
        if took > 2 * BUDGET:
            self.side = SIDES[min(at + 1, len(SIDES) - 1)]
        elif took < BUDGET / 3:
            self.side = SIDES[max(at - 1, 0)]
        return values

    def fitting_side(self):
        """As many lines as this function can score within the time that a picture may take."""
        start = time.perf_counter()
        self.student.map([(self.w, self.b, self.X, self.y)] * 20)
        each = (time.perf_counter() - start) / 20
        return next((side for side in SIDES if side * side * each < BUDGET), SIDES[-1])

    def handle(self, event):
        kind = event.get("type")
        if kind == "key":
            self.key(event["key"], 10 if event.get("shift") else 1)
        elif kind == "control":
            {"b": lambda: self.move(b=event["value"]), "best": self.go_to_best}[event["name"]]()
        elif kind in ("down", "drag"):
            plane = self.map_plane(Scene(1, 1))
            if self.grips(event, plane):
                self.move(*plane.back(event["x"], event["y"]))
        self.measure()

    def key(self, key, times):
        dx = {"ArrowLeft": -0.1, "ArrowRight": 0.1}.get(key, 0) * times
        dy = {"ArrowDown": -0.1, "ArrowUp": 0.1}.get(key, 0) * times
        db = {"PageDown": -0.1, "PageUp": 0.1}.get(key, 0)
        self.move(self.w[0] + dx, self.w[1] + dy, self.b + db)

    def move(self, w1=None, w2=None, b=None):
        w = [self.w[0] if w1 is None else w1, self.w[1] if w2 is None else w2]
        self.w = np.round(np.clip(w, -self.reach, self.reach), 2)
        if b is not None:
            self.b = round(float(np.clip(b, -self.reach, self.reach)), 2)

    def go_to_best(self):
        """Of the best lines of this slice, the one that passes its nearest point at the largest distance."""
        axis = np.linspace(-self.reach, self.reach, len(self.slice))
        best = [np.array([axis[column], axis[::-1][row]]) for row, column in np.argwhere(self.slice == self.slice.max())]
        clear = [np.abs(self.X @ w + self.b).min() / max(np.hypot(*w), 1e-9) for w in best]
        self.move(*best[int(np.argmax(clear))])

    # What is shown

    def note(self):
        best, n = self.slice.max(), len(self.y)
        side = len(self.slice)
        left_out = "" if side == SIDES[0] else f" (a map of {side} x {side} instead of {SIDES[0]} x {SIDES[0]}, to stay quick)"
        return (f"This line gets {self.score * n:.3g} of {n} right. Best of the {self.slice.size:,} lines with b = {self.b:.1f}: "
                f"{best * n:.3g} of {n}{left_out}.")

    def controls(self):
        return [slider("b", "Bias b", -self.reach, self.reach, 0.1, self.b, f"{self.b:.1f}"),
                button("best", "Go to the best line", "Put the cursor on a best line of this slice")]

    def map_plane(self, scene):
        return Plane(scene, (52, 34, 330, 330), (-self.reach, self.reach), (-self.reach, self.reach))

    def scene(self):
        scene = Scene(800, 452)
        self.draw_map(scene)
        self.draw_plane(scene)
        scene.alt = (f"Left, a map over w1 and w2 at b = {self.b:.1f}, coloured by accuracy, best {self.slice.max():.0%}. Right, the "
                     f"points and the line {self.w[0]:.2f} x1 {self.w[1]:+.2f} x2 {self.b:+.1f} = 0, which gets {self.score:.0%} right.")
        return scene

    def draw_map(self, scene):
        plane = self.map_plane(scene)
        plane.axes("w1", "w2", (-2, 0, 2), (-2, 0, 2))
        scene.image(*plane.box, share_color(self.slice))
        for vertical in (True, False):
            ends = [(0, -self.reach), (0, self.reach)] if vertical else [(-self.reach, 0), (self.reach, 0)]
            scene.line(*plane.to(*ends[0]), *plane.to(*ends[1]), color=CARD, width=1, dash=":")
        x, y = plane.to(*self.w)
        scene.circle(x, y, 9, "none", CARD, 5)
        scene.circle(x, y, 9, "none", INK, 2.5)
        for k in range(5):
            r, g, b = share_color(k / 4)
            scene.rect(52 + 66 * k, 424, 14, 14, f"#{r:02x}{g:02x}{b:02x}", stroke=EDGE, edge=1)
            scene.text(72 + 66 * k, 431, f"{k / 4:.0%}", 12.5, MUTED)

    def draw_plane(self, scene):
        left, right, bottom, top = room(self.X, 0.45 if len(self.X) <= 4 else 0.12)
        plane = Plane(scene, (448, 34, 330, 330), (left, right), (bottom, top))
        if self.w.any():
            plane.sides(self.w, self.b)
        ticks = [sorted({float(v) + 0.0 for v in (np.ceil(low), np.floor(high)) if low <= v <= high}) for low, high in (plane.xlim, plane.ylim)]
        plane.axes("x1", "x2", *ticks)
        plane.boundary(self.w, self.b, color=COLORS["line"])
        plane.frame(EDGE)
        answers = self.X @ self.w + self.b > 0
        for x, label, answer in zip(self.X, self.y, answers, strict=True):
            px, py = plane.to(*x)
            scene.marker(px, py, class_name(label), 11 if len(self.y) <= 12 else 6)
            if len(self.y) <= 12:
                (scene.tick if answer == (label > 0) else scene.cross)(px + 22, py - 15)
        scene.text(448, 431, f"w = ({self.w[0]:.2f}, {self.w[1]:.2f}), b = {self.b:.2f}", 14)
        scene.text(778, 431, f"{self.score:.0%} right", 17, INK, "end", bold=True)


def line_map(accuracy=None, X=None, y=None):
    """Walk through the accuracy of every line.

    accuracy : your function accuracy(w, b, X, y), a share from 0 to 1; labkit's without
    X, y     : points (n, 2) and labels (n,) of 0 and 1; the four XOR points without
    """
    return LineMap(accuracy, X, y)
