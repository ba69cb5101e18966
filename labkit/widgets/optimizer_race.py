"""Seven optimizers on one map, side by side: choose the course, drag the start, play, stop, go back and forth in time."""

from __future__ import annotations

import math

import numpy as np

from labkit.figures.scene import Plane, Scene
from labkit.figures.style import CARD, GRID, INK, MUTED
from labkit.widgets.board import Board, button, choice, slider
from labkit.widgets.race_courses import COURSES, RACERS, WORDS, Field, course
from labkit.widgets.race_drawing import draw_map, draw_race, racer_line, racer_mark

FRAMES = 100
LEAST = 1e-6        # lower heights are drawn here
MOVES = {"w": (0, 1), "s": (0, -1), "a": (-1, 0), "d": (1, 0)}


class OptimizerRace(Board):
    """See `race`."""

    name = "race"
    title = "Seven optimizers, one start"
    help = ("Click or drag on the map to set the start. With the picture focused: Space plays and stops, Left and Right go back and forth by "
            "a step (Shift: 10), Home and End to the start and the end, W A S D move the start. The star is the lowest place.")
    hears = ("ArrowLeft", "ArrowRight", " ", "Home", "End", *MOVES)

    def __init__(self, rmsprop_step=None, adagrad_step=None, mean_square=None, name="saddle", **traits):
        self.field = Field(mean_square, rmsprop_step, adagrad_step)
        self.course, self.power, self.playing = course(name), 0, False
        self.start, self.step = self.course.start, self.course.steps
        self.run()
        super().__init__(**traits)

    def students(self):
        return self.field.students

    def run(self):
        """Runs the race anew."""
        self.ways = self.field.run(self.course, self.start, 2.0**self.power)
        self.above = {racer: self.course.above_lowest(way) for racer, way in self.ways.items()}
        self.ran = self.state()

    def state(self):
        return self.course.name, self.start, self.power

    # Events

    def handle(self, event):
        kind = event.get("type")
        if kind == "tick" and self.playing:
            self.go(self.step + max(1, self.course.steps // FRAMES))
        elif kind == "key":
            self.key(event["key"], 10 if event.get("shift") else 1)
        elif kind == "control":
            self.control(event["name"], event.get("value"))
        elif kind in ("down", "drag"):
            if self.grips(event, plane := self.plane(Scene(1, 1))):
                self.place(*plane.back(event["x"], event["y"]))
        if self.state() != self.ran:
            self.run()

    def go(self, step):
        self.step = int(min(self.course.steps, max(0, step)))
        self.playing = self.playing and self.step < self.course.steps

    def key(self, key, far):
        if key in MOVES:
            self.place(*(self.start[i] + MOVES[key][i] * 0.02 * (high - low) for i, (low, high) in enumerate(self.course.surface.bounds)))
        elif key == " ":
            self.play()
        else:
            self.playing = False
            self.go({"ArrowLeft": self.step - far, "ArrowRight": self.step + far, "Home": 0, "End": self.course.steps}[key])

    def control(self, name, value):
        if name == "course":
            self.course, self.playing = course(str(value)), False
            self.start, self.step = self.course.start, self.course.steps
        elif name == "time":
            self.playing = False
            self.go(round(float(value) / 100 * self.course.steps))
        elif name == "power":
            self.power = int(min(3, max(-3, value)))
        else:
            {"play": self.play, "home": self.go_home}[name]()

    def play(self):
        self.playing = not self.playing
        if self.playing and self.step == self.course.steps:
            self.step = 0

    def go_home(self):
        self.start = self.course.start

    def place(self, *point):
        self.start = tuple(round(min(high, max(low, value)), 3) for value, (low, high) in zip(point, self.course.surface.bounds, strict=True))

    # What is shown

    def tick(self):
        return 60 if self.playing else 0

    def order(self):
        """The racers by their height at this step, the lowest first."""
        return sorted(RACERS, key=lambda racer: self.above[racer][self.step])

    def note(self):
        now = {racer: self.above[racer][self.step] for racer in self.order() if np.isfinite(self.above[racer][self.step])}
        lost = [WORDS[racer] for racer in RACERS if racer not in now]
        gone = f" Left for good: {', '.join(lost)}." if lost else ""
        if not now:
            return f"Step {self.step} of {self.course.steps}: all have left for good."
        best, last = list(now)[0], list(now)[-1]
        return (f"Step {self.step} of {self.course.steps} from ({self.start[0]:g}, {self.start[1]:g}): {WORDS[best]} is lowest, "
                f"{said(now[best])} above the lowest place, {WORDS[last]} highest, {said(now[last])}.{gone}")

    def controls(self):
        return [
            choice("course", "Course", [(name, course(name).title) for name in COURSES], self.course.name),
            button("play", "Pause" if self.playing else "Play", "Let them run (Space)", pressed=self.playing),
            slider("time", "Time", 0, 100, 1, round(100 * self.step / self.course.steps), f"step {self.step} of {self.course.steps}"),
            slider("power", "All rates times", -3, 3, 1, self.power, f"{2.0**self.power:g}"),
            button("home", "First start", "Back to the start of the film"),
        ]

    def plane(self, scene):
        return Plane(scene, (46, 40, 400, 400), *self.course.surface.bounds)

    def scene(self):
        scene = Scene(860, 500)
        plane = draw_map(scene, self.course, self.plane(scene).box)
        draw_race(scene, plane, self.ways, self.step)
        x, y = plane.to(*self.start)
        scene.circle(x, y, 8, "none", CARD, 4.5)
        scene.circle(x, y, 8, "none", INK, 2.2)
        self.draw_heights(scene, (528, 40, 312, 210))
        self.draw_standings(scene, 490, 312)
        best = self.order()[0]
        scene.alt = (f"A map of {self.course.title} with the ways of seven optimizers from one start at ({self.start[0]:g}, {self.start[1]:g}), "
                     f"after {self.step} steps. Beside it their heights over time; {WORDS[best]} is lowest now.")
        return scene

    def draw_heights(self, scene, box):
        top = max(1e-3, max(float(values[0]) for values in self.above.values()))
        limits = (math.log10(LEAST), math.ceil(math.log10(top)))
        chart = Plane(scene, box, (0, self.course.steps), limits)
        chart.axes("", "height above the lowest place", (0, self.course.steps // 2, self.course.steps))
        scene.text(box[0] + box[2] / 2, box[1] + box[3] + 32, "step", 13, MUTED, "middle")
        for power in range(int(limits[0]), int(limits[1]) + 1, 2):
            _, y = chart.to(0, power)
            scene.line(box[0], y, box[0] + box[2], y, color=GRID, width=1)
            scene.text(box[0] - 8, y, f"{10.0**power:g}", 12, MUTED, "end")
        for racer in RACERS:
            heights = self.above[racer][:self.step + 1]
            heights = heights[np.isfinite(heights)]
            values = np.log10(np.clip(heights, LEAST, 10.0 ** limits[1]))
            every = max(1, len(values) // 120)
            kept = [*range(0, len(values), every), len(values) - 1]
            racer_line(scene, [chart.to(k, values[k]) for k in kept], racer, 1.8)
        now, _ = chart.to(self.step, 0)
        scene.line(now, box[1], now, box[1] + box[3], color=INK, width=1.2, dash=":")

    def draw_standings(self, scene, x, y):
        scene.text(x + 208, y, "rate", 12, MUTED, "end")
        scene.text(x + 350, y, "height now", 12, MUTED, "end")
        for k, racer in enumerate(self.order()):
            at = y + 22 * (k + 1)
            racer_line(scene, [(x, at), (x + 28, at)], racer)
            racer_mark(scene, x + 14, at, racer, 6)
            scene.text(x + 36, at, WORDS[racer], 13)
            scene.text(x + 208, at, f"{self.course.rate_of(racer) * 2.0**self.power:g}", 13, MUTED, "end")
            scene.text(x + 350, at, said(self.above[racer][self.step]), 13, INK, "end", bold=k == 0)


def said(height):
    if not np.isfinite(height):
        return "gone"
    return f"{height:.3g}" if height >= 1e-9 else "0"


def race(rmsprop_step=None, adagrad_step=None, mean_square=None, course="saddle"):
    """Let seven optimizers race on a surface over two weights.

    rmsprop_step : your function rmsprop_step(w, s, g, learning_rate, epsilon) -> w
    adagrad_step : your function adagrad_step(w, s, g, learning_rate, epsilon) -> (w, s)
    mean_square  : your function mean_square(s, g, decay) -> s
    course       : saddle, valley, beale or moons
    labkit's optimizers stand in for those not given, and run the other five.
    """
    return OptimizerRace(rmsprop_step, adagrad_step, mean_square, course)
