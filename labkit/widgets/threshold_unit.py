"""A threshold unit with its knobs, its drawing and its truth table."""

from __future__ import annotations

import numpy as np

from labkit.figures.scene import Scene
from labkit.figures.style import CARD, COLORS, EDGE, INK, MUTED, SOFT
from labkit.figures.unit_drawing import draw_unit
from labkit.widgets import rules
from labkit.widgets.board import Board, choice, slider
from labkit.widgets.student import Student, one_number, zero_or_one

INPUTS = ((0, 0), (0, 1), (1, 0), (1, 1))
GATES = {"AND": (0, 0, 0, 1), "OR": (0, 1, 1, 1), "NOT x1": (1, 1, 0, 0), "XOR": (0, 1, 1, 0)}
COLUMNS = (58, 118, 196, 286)
TOP, ROW = 268, 32


class UnitBoard(Board):
    """See `unit`."""

    name = "unit"
    title = "One threshold unit: which gates can you build?"
    help = "Move the sliders. Click a row of the table, or focus the picture and use Up and Down, to see that input flow through the unit."
    hears = ("ArrowUp", "ArrowDown")
    pointer = "tap"

    def __init__(self, fires=None, weighted_sum=None, **traits):
        self.firer = Student(fires, rules.fires, getattr(fires, "__name__", "fires"), zero_or_one)
        self.summer = Student(weighted_sum, rules.weighted_sum, getattr(weighted_sum, "__name__", "weighted_sum"), one_number)
        self.w, self.theta, self.row, self.found = [1.0, 1.0], 1.5, 3, []
        self.answer()
        super().__init__(**traits)

    def students(self):
        """Those given; of two functions not given, one is named."""
        return tuple(s for s in (self.summer, self.firer) if s.function is not None) or (self.firer,)

    def answer(self):
        """The four sums and answers. Without a `fires` of the student's, the unit fires where the sum is above the threshold."""
        w, b = np.array(self.w), -self.theta
        self.sums = self.summer.map([(np.array(x, float), w) for x in INPUTS])
        if self.firer.function is None:
            self.answers = tuple(int(total + b > 0) for total in self.sums)
        else:
            self.answers = tuple(self.firer.map([(np.array(x, float), w, b) for x in INPUTS]))
        self.found += [gate for gate, wanted in GATES.items() if wanted == self.answers and gate not in self.found]

    def handle(self, event):
        kind = event.get("type")
        if kind == "key":
            self.row = (self.row + {"ArrowUp": -1, "ArrowDown": 1}.get(event["key"], 0)) % 4
        elif kind == "down":
            row = int((event["y"] - TOP) // ROW)
            self.row = row if 0 <= row < 4 else self.row
        elif kind == "control":
            self.control(event["name"], event["value"])
        self.answer()

    def control(self, name, value):
        if name == "input":
            self.row = int(value)
        elif name == "theta":
            self.theta = float(value)
        else:
            self.w[{"w1": 0, "w2": 1}[name]] = float(value)

    # What is shown

    def matches(self):
        return {gate: sum(a == b for a, b in zip(wanted, self.answers, strict=True)) for gate, wanted in GATES.items()}

    def note(self):
        now = [gate for gate, count in self.matches().items() if count == 4]
        built = f"Built so far: {', '.join(self.found)}." if self.found else "No gate built yet."
        return f"This is {now[0]}. {built}" if now else f"The unit fires on {self.firing()}. {built}"

    def firing(self):
        on = [f"({a}, {b})" for (a, b), answer in zip(INPUTS, self.answers, strict=True) if answer]
        return " and ".join(on) if on else "no input"

    def controls(self):
        return [
            slider("w1", "Weight w1", -3, 3, 0.5, self.w[0]), slider("w2", "Weight w2", -3, 3, 0.5, self.w[1]),
            slider("theta", "Threshold", -3, 3, 0.5, self.theta),
            choice("input", "Input shown", [(i, f"x1 = {a}, x2 = {b}") for i, (a, b) in enumerate(INPUTS)], self.row),
        ]

    def scene(self):
        scene = Scene(800, 446)
        x = INPUTS[self.row]
        draw_unit(scene, (40, 16, 700, 180), self.w, -self.theta, x, self.sums[self.row], float(self.answers[self.row]),
                  theta=self.theta)
        self.draw_table(scene)
        scene.alt = (f"A unit with weights {self.w[0]:g} and {self.w[1]:g} and threshold {self.theta:g}. It fires on {self.firing()}. "
                     + " ".join(f"{gate}: {count} of 4." for gate, count in self.matches().items())
                     + f" Shown: input ({x[0]}, {x[1]}), sum {self.sums[self.row]:g}, answer {self.answers[self.row]}.")
        return scene

    def draw_table(self, scene):
        heads = ("x1", "x2", "sum", "fires")
        scene.rect(28, TOP + self.row * ROW, 744, ROW, SOFT["here"])
        for x, words in zip(COLUMNS, heads, strict=True):
            scene.text(x, TOP - 20, words, 14, MUTED, "middle")
        scene.text(560, TOP - 44, "what each gate wants, and whether the unit agrees", 13, MUTED, "middle")
        for k, (a, b) in enumerate(INPUTS):
            y = TOP + (k + 0.5) * ROW
            for x, value in zip(COLUMNS, (a, b, f"{self.sums[k]:g}"), strict=False):
                scene.text(x, y, value, 16, anchor="middle")
            self.draw_bit(scene, COLUMNS[3], y, self.answers[k])
        scene.line(28, TOP - 4, 772, TOP - 4, color=EDGE)
        scene.line(28, TOP + 4 * ROW + 4, 772, TOP + 4 * ROW + 4, color=EDGE)
        for i, (gate, wanted) in enumerate(GATES.items()):
            self.draw_gate_column(scene, 400 + 107 * i, gate, wanted)
        scene.text(COLUMNS[3], TOP + 4 * ROW + 24, "agree", 14, MUTED, "middle")

    def draw_gate_column(self, scene, x, gate, wanted):
        count = self.matches()[gate]
        scene.text(x, TOP - 20, gate, 14, INK, "middle", bold=True)
        for k, value in enumerate(wanted):
            y = TOP + (k + 0.5) * ROW
            scene.text(x - 14, y, value, 16, anchor="middle")
            mark = scene.tick if value == self.answers[k] else scene.cross
            mark(x + 14, y, 6, INK if value == self.answers[k] else MUTED, 2.2)
        if count == 4:
            scene.rect(x - 38, TOP + 4 * ROW + 10, 76, 28, INK)
        scene.text(x, TOP + 4 * ROW + 24, f"{count} of 4", 15, CARD if count == 4 else INK, "middle", bold=count == 4)

    def draw_bit(self, scene, x, y, answer):
        scene.circle(x, y, 12, COLORS["class_1"] if answer else CARD, COLORS["class_1" if answer else "class_0"], 2.5)
        scene.text(x, y, answer, 14, CARD if answer else INK, "middle", bold=True)


def unit(fires=None, weighted_sum=None):
    """Set two weights and a threshold, and see which gate the unit computes.

    fires        : your function fires(x, w, b) -> 0 or 1 with x, w of shape (2,) and b = minus the threshold
    weighted_sum : your function weighted_sum(x, w) -> number
    labkit's functions stand in for those not given; labkit's unit fires where the sum is above the threshold.
    """
    return UnitBoard(fires, weighted_sum)
