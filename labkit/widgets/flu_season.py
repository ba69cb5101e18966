"""A class in flu season: the masks that a dropout function makes, day after day, and what arrives of each pupil's answer."""

from __future__ import annotations

import numpy as np

from labkit.figures.scene import Scene
from labkit.figures.style import ACCENT, CARD, COLORS, EDGE, GRID, INK, MUTED, mixed
from labkit.widgets.board import Board, button, slider
from labkit.widgets.dropout_rules import forward
from labkit.widgets.student import Student, Unfinished, are_results, described

ROWS, COLUMNS = 4, 4
PUPILS = ROWS * COLUMNS
STARS = (5, 10)                 # the two who always study
MOST_DAYS, MANY = 400, 50
HIGHEST = 2.0                   # the scale of the lower bars; what is beyond is cut off and said
SEED = 6


def outputs_and_mask(shape):
    """Turns a raw result into two arrays of that shape, or raises Unfinished."""
    def clean(result):
        if not are_results(result, 2):
            raise Unfinished(f"returned {described(result)}, expected two results: return Y, mask")
        try:
            Y, mask = (np.array(part, float) for part in result)
        except (TypeError, ValueError):
            raise Unfinished("returned something that is no array of numbers, expected Y and mask") from None
        for name, array in (("Y", Y), ("mask", mask)):
            if array.shape != shape:
                raise Unfinished(f"returned {name} of shape {array.shape}, expected the shape of X, {shape}")
            if not np.isfinite(array).all():
                raise Unfinished(f"returned {name} with NaN or infinity")
        return Y, mask
    return clean


class Classroom(Board):
    """See `classroom`."""

    name = "classroom"
    title = "Flu season: who is here today, and how loud is the class?"
    help = ("With the picture focused: Right for the next day, Left for the day before, Up and Down for the rate, M for many days, E for the exam. "
            "A dashed circle is a pupil who is ill; stars are the two who always study.")
    hears = ("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "m", "e")
    pointer = ""

    def __init__(self, dropout_forward=None, rate=0.2, **traits):
        self.rate, self.days, self.exam = rate, 1, False
        self.student = Student(dropout_forward, forward, getattr(dropout_forward, "__name__", "dropout_forward"), None)
        self.uniforms = np.random.default_rng(SEED).random((MOST_DAYS, PUPILS))
        self.measure()
        super().__init__(**traits)

    def students(self):
        return (self.student,)

    def measure(self):
        """Y and mask for all days so far, a row a day: the same uniform numbers at every rate."""
        shape = (self.days, PUPILS)
        self.student.clean = outputs_and_mask(shape)
        self.Y, self.mask = self.student(np.ones(shape), self.uniforms[:self.days], self.rate)
        self.here = self.mask != 0

    # Events

    def handle(self, event):
        kind = event.get("type")
        if kind == "key":
            self.key(event["key"])
        elif kind == "control":
            self.control(event["name"], event.get("value"))
        self.measure()

    def key(self, key):
        if key in ("ArrowUp", "ArrowDown"):
            self.set_rate(self.rate + (0.05 if key == "ArrowUp" else -0.05))
        elif key == "ArrowLeft":
            self.days, self.exam = max(1, self.days - 1), False
        else:
            self.control({"ArrowRight": "day", "m": "many", "e": "exam"}[key])

    def control(self, name, value=None):
        if name == "rate":
            self.set_rate(float(value))
        elif name == "exam":
            self.exam = not self.exam
        elif name in ("day", "many"):
            self.days, self.exam = min(MOST_DAYS, self.days + (1 if name == "day" else MANY)), False
        elif name == "again":
            self.days, self.exam = 1, False

    def set_rate(self, rate):
        self.rate = round(min(0.9, max(0.0, rate)), 2)

    # What is shown

    def controls(self):
        over = self.days >= MOST_DAYS
        return [
            slider("rate", "rate", 0, 0.9, 0.05, self.rate, f"{self.rate:.2f}"),
            button("day", "Next day", disabled=over),
            button("many", f"{MANY} days more", disabled=over),
            button("exam", "Exam", "Use in place of training: nobody is dropped, nothing is scaled", pressed=self.exam),
            button("again", "Back to day 1"),
        ]

    def note(self):
        if self.exam:
            return (f"Exam: all {PUPILS} are here and speak as they are. The layer after hears {PUPILS:.2f}; on a school day it heard "
                    f"{self.Y.sum(axis=1).mean():.2f} on average.")
        today, heard = int(self.here[-1].sum()), float(self.Y[-1].sum())
        stars = int(self.here[-1, list(STARS)].sum())
        copied = ("Both who study are ill: nobody to copy from.", "One who studies is ill.", "Both who study are here.")[stars]
        return f"Day {self.days}: {today} of {PUPILS} are here, together {heard:.2f}; in the exam {PUPILS}. {copied}"

    def panel(self):
        gone = int((~self.here[:, list(STARS)]).all(axis=1).sum())
        days = f"{self.days} day{'s' * (self.days != 1)}"
        return (f"After {days} at rate {self.rate:.2f}",
                [f"A pupil was here on {self.here.mean():.0%} of the days (1 - rate is {1 - self.rate:.0%}). On average {self.Y.mean():.3f} "
                 f"arrived of an answer of 1. Both who study were ill on {gone} of {days}; "
                 f"rate × rate, a share of {self.rate**2:.2f}, would be {self.rate**2 * self.days:.1f}."])

    def scene(self):
        scene = Scene(800, 408)
        self.draw_class(scene)
        share = self.here.mean(axis=0)
        draw_bars(scene, (446, 40, 336, 118), share, 1.0, 1 - self.rate, "share of the days on which each pupil was here",
                  f"1 - rate = {1 - self.rate:.2f}", (0, 0.5, 1))
        arrived = self.Y.mean(axis=0)
        draw_bars(scene, (446, 232, 336, 118), arrived, HIGHEST, 1.0, "what arrived of each answer of 1, mean over the days", "exam = 1",
                  (0, 1, 2))
        today = "exam, all here" if self.exam else f"day {self.days}, {int(self.here[-1].sum())} here"
        days = f"{self.days} day{'s' * (self.days != 1)}"
        scene.alt = (f"Left, a class of {PUPILS}: {today}. Right, two rows of bars after {days} at rate {self.rate:.2f}: pupils were "
                     f"here on {share.min():.0%} to {share.max():.0%} of the days, and of an answer of 1 there arrived {arrived.min():.2f} to "
                     f"{arrived.max():.2f} on average.")
        return scene

    def draw_class(self, scene):
        words = "exam: all here, nothing scaled" if self.exam else f"day {self.days}: the number is the mask"
        scene.text(20, 18, f"{words}; star: always studies", 13, MUTED)
        for k in range(PUPILS):
            x, y = 66 + 96 * (k % COLUMNS), 74 + 88 * (k // COLUMNS)
            value = 1.0 if self.exam else float(self.mask[-1, k])
            draw_pupil(scene, x, y, value, k in STARS, COLORS["exam" if self.exam else "train"])
        heard = float(PUPILS) if self.exam else float(self.Y[-1].sum())
        scene.text(20, 394, f"together: {heard:.2f}", 14, INK, bold=True)
        scene.text(180, 394, "" if self.exam else f"(in the exam {PUPILS:.2f})", 13, MUTED)


def draw_pupil(scene, x, y, value, star, color):
    """A desk and who sits there; dashed and empty where ill. value : the mask"""
    scene.rect(x - 34, y + 18, 68, 9, EDGE)
    if value == 0:
        scene.circle(x, y - 4, 20, CARD, MUTED, 1.6, dash="--")
        scene.text(x, y - 4, "ill", 13, MUTED, "middle")
    else:
        scene.circle(x, y - 4, 20, mixed(color, 0.16), color, 2)
        scene.text(x, y - 4, f"{value:.2f}", 13, INK, "middle", bold=True)
    if star:
        scene.marker(x + 27, y - 22, "unknown", 6, fill=ACCENT)


def draw_bars(scene, box, values, top, wanted, title, words, ticks):
    """A bar for each pupil, and a dashed line for what is wanted; bars beyond `top` are cut off there."""
    left, above, width, height = box
    scene.text(left - 26, above - 20, title, 13, INK)
    for tick in ticks:
        y = above + height * (1 - tick / top)
        scene.line(left, y, left + width, y, color=GRID, width=1)
        scene.text(left - 8, y, f"{tick:g}", 12, MUTED, "end")
    step = width / len(values)
    for k, value in enumerate(values):
        tall = height * min(max(float(value), 0.0), top) / top
        scene.rect(left + k * step + 3, above + height - tall, step - 6, tall, COLORS["train"])
        if value > top:
            scene.text(left + (k + 0.5) * step, above - 6, "+", 12, INK, "middle")
        if k in STARS:
            scene.marker(left + (k + 0.5) * step, above + height + 13, "unknown", 5, fill=ACCENT)
    y = above + height * (1 - wanted / top)
    scene.line(left - 2, y, left + width + 2, y, color=INK, width=2, dash="--")
    scene.text(left + width, above + height + 32, f"dashed: {words}", 12.5, INK, "end")
    scene.text(left, above + height + 32, "one bar a pupil", 12.5, MUTED)


def classroom(dropout_forward=None, rate=0.2):
    """A class in which pupils fall ill with probability `rate`, day after day.

    dropout_forward : your function dropout_forward(X, uniforms, rate) -> (Y, mask), a row a day and a column a pupil; labkit's without
    """
    return Classroom(dropout_forward, rate)
