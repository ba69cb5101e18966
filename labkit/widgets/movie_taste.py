"""Mary's and John's ratings, and the probability that a sigmoid unit gives to every pair of ratings, Gravity's included."""

from __future__ import annotations

import time

import numpy as np

from labkit.figures.scene import Plane, Scene
from labkit.figures.style import CARD, COLORS, EDGE, GRID, INK, MUTED, blended, class_name
from labkit.widgets import rules
from labkit.widgets.board import Board, button, slider
from labkit.widgets.student import Student, share, weights_and_bias

LOW, HIGH = 0.5, 5.5
SIDES = (49, 33, 25, 17, 9)
BUDGET = 0.03
STEPS_KEPT = 4000


class SigmoidMovies(Board):
    """See `sigmoid_movies`."""

    name = "sigmoid_movies"
    title = "Will I like Gravity? A sigmoid unit learns from Mary's and John's ratings"
    help = ("Move the sliders to set the unit by hand, or let it learn. With the picture focused: S takes a step, Space plays, R starts "
            "again; arrows move the question mark, 0 puts it back on Gravity. Click in the plane to ask about another movie.")
    hears = ("s", "S", " ", "r", "R", "0", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown")

    def __init__(self, step=None, probability=None, X=None, y=None, question=None, seed=0, **traits):
        from labkit import datasets

        movies = datasets.movies()
        self.X, self.y = (np.array(movies.X), np.array(movies.y)) if X is None else (np.asarray(X, float), np.asarray(y))
        self.home = np.array(datasets.gravity() if question is None else question, float)
        self.asked = self.home.copy()
        self.stepper = Student(step, rules.sgd_step, getattr(step, "__name__", "sgd_step"), weights_and_bias)
        self.answerer = Student(probability, rules.probability, getattr(probability, "__name__", "probability"), share)
        self.given = probability is not None
        self.rate, self.seed, self.side, self.drawn = 0.1, seed, None, None
        self.restart()
        self.stepper(self.w.copy(), self.b, self.X[0], self.y[0], self.rate)     # tried once, so that the line below is true from the start
        super().__init__(**traits)

    def students(self):
        return (self.stepper, self.answerer) if self.given else (self.stepper,)

    def restart(self):
        self.random = np.random.default_rng(self.seed)
        self.w, self.b = self.random.uniform(-0.5, 0.5, 2), 0.0
        self.losses, self.steps, self.playing, self.current = [], 0, False, None
        self.measure()

    def measure(self):
        """Asks the unit about every movie, the question and a grid of ratings."""
        shares = self.answerer.map([(self.w, self.b, x) for x in (self.asked, *self.X)])
        self.answer, self.shares = shares[0], np.array(shares[1:])
        self.loss = float(((self.shares - self.y) ** 2).sum())
        if self.side is None:
            self.side = self.fitting_side()
        if (*self.w, self.b, self.answerer.problem) != self.drawn:
            axis = np.linspace(LOW, HIGH, self.side)
            start = time.perf_counter()
            grid = [(self.w, self.b, np.array([mary, john])) for john in axis[::-1] for mary in axis]
            self.surface = np.reshape(self.answerer.map(grid), (self.side, self.side))
            self.drawn = (*self.w, self.b, self.answerer.problem)       # only now: it may have failed somewhere on the map
            if time.perf_counter() - start > 2 * BUDGET and self.side > SIDES[-1]:
                self.side = next(side for side in SIDES if side < self.side)

    def fitting_side(self):
        start = time.perf_counter()
        self.answerer.map([(self.w, self.b, self.asked)] * 20)
        each = (time.perf_counter() - start) / 20
        return next((side for side in SIDES if side * side * each < BUDGET), SIDES[-1])

    def learn(self, times=1):
        for _ in range(times):
            self.current = int(self.random.integers(len(self.X)))
            self.w, self.b = self.stepper(self.w, self.b, self.X[self.current], int(self.y[self.current]), self.rate)
        self.steps += times

    def handle(self, event):
        kind = event.get("type")
        if kind == "tick" and self.playing:
            self.learn(20)
        elif kind == "key":
            self.key(event["key"], 0.5 if event.get("shift") else 0.1)
        elif kind == "control":
            self.control(event["name"], event.get("value"))
        elif kind in ("down", "drag"):
            plane = self.plane(Scene(1, 1))
            if self.grips(event, plane):
                self.asked = np.round(np.clip(plane.back(event["x"], event["y"]), 1, 5), 1)
        self.measure()
        if self.steps and (not self.losses or self.losses[-1][0] != self.steps):
            self.losses = [*self.losses, (self.steps, self.loss)][-STEPS_KEPT:]

    def key(self, key, far):
        moves = {"ArrowLeft": (-far, 0), "ArrowRight": (far, 0), "ArrowUp": (0, far), "ArrowDown": (0, -far)}
        if key in moves:
            self.asked = np.round(np.clip(self.asked + moves[key], 1, 5), 1)
        elif key == "0":
            self.asked = self.home.copy()
        else:
            {"s": self.learn, " ": self.play, "r": self.restart}[key.lower()]()

    def control(self, name, value):
        if name in ("w1", "w2"):
            self.w = self.w.copy()
            self.w[int(name[1]) - 1] = value
        elif name == "b":
            self.b = float(value)
        elif name == "rate":
            self.rate = float(value)
        elif name == "pass":
            self.learn(len(self.X))
        else:
            {"step": self.learn, "play": self.play, "restart": self.restart, "gravity": self.go_home}[name]()

    def play(self):
        self.playing = not self.playing

    def go_home(self):
        self.asked = self.home.copy()

    # What is shown

    def tick(self):
        return 120 if self.playing else 0

    def verdict(self):
        return "watch it" if self.answer > 0.5 else "leave it"

    def about(self):
        return "Gravity" if np.allclose(self.asked, self.home) else "A movie"

    def note(self):
        right = int(((self.shares > 0.5) == (self.y > 0)).sum())
        return (f"{self.about()}, rated {self.asked[0]:g} by Mary and {self.asked[1]:g} by John: h = {self.answer:.2f}, so {self.verdict()}. "
                f"{right} of {len(self.y)} past movies answered rightly after {self.steps} step{'s' * (self.steps != 1)}.")

    def controls(self):
        return [
            button("step", "Step", "One movie, one step (S)"),
            button("play", "Pause" if self.playing else "Play", "Twenty steps a frame (Space)", pressed=self.playing),
            button("pass", "One pass", "As many steps as there are movies"),
            button("restart", "Start again", "Back to the random start (R)"),
            button("gravity", "Back to Gravity", "Put the question back on (3, 3) (0)"),
            slider("w1", "w1 (Mary)", -4, 4, 0.1, float(np.clip(self.w[0], -4, 4)), f"{self.w[0]:.2f}"),
            slider("w2", "w2 (John)", -4, 4, 0.1, float(np.clip(self.w[1], -4, 4)), f"{self.w[1]:.2f}"),
            slider("b", "bias b", -15, 15, 0.1, float(np.clip(self.b, -15, 15)), f"{self.b:.2f}"),
            slider("rate", "learning rate", 0.01, 1, 0.01, self.rate, f"{self.rate:.2f}"),
        ]

    def plane(self, scene):
        return Plane(scene, (46, 34, 370, 370), (LOW, HIGH), (LOW, HIGH))

    def scene(self):
        scene = Scene(800, 462)
        plane = self.plane(scene)
        scene.image(*plane.box, blended(self.surface))
        plane.axes("Mary's rating (1 to 5)", "John's rating (1 to 5)", range(1, 6), range(1, 6))
        if self.w.any():
            plane.boundary(self.w, self.b, color=COLORS["line"])
        plane.frame(EDGE)
        for i, (x, label) in enumerate(zip(self.X, self.y, strict=True)):
            px, py = plane.to(*x)
            if i == self.current:
                scene.circle(px, py, 15, "none", COLORS["here"], 5)
            scene.marker(px, py, class_name(label), 7.5)
        px, py = plane.to(*self.asked)
        scene.marker(px, py, "unknown", 11)
        scene.text(px + 19, py - 13, f"{self.answer:.2f}", 15, bold=True)
        self.draw_answer(scene, 464)
        self.draw_losses(scene, 464, 214, 310, 170)
        self.draw_key(scene, 464, 440)
        scene.alt = (f"Movies in the plane of Mary's and John's ratings, shaded by the probability h that I like a movie. "
                     f"{self.about()} at ({self.asked[0]:g}, {self.asked[1]:g}) gets h = {self.answer:.2f}. After {self.steps} steps the "
                     f"sum of squared differences is {self.loss:.2f}.")
        return scene

    def draw_answer(self, scene, x):
        scene.text(x, 46, f"{self.about()}: h = {self.answer:.2f}, {self.verdict()}", 17, bold=True)
        scene.image(x, 66, 310, 18, blended(np.linspace(0, 1, 64))[None])
        at = x + 310 * self.answer
        scene.polygon([(at, 66), (at - 7, 55), (at + 7, 55)], INK)
        scene.line(at, 60, at, 86, width=3)
        for value in (0, 0.5, 1):
            scene.text(x + 310 * value, 98, f"{value:g}", 12.5, MUTED, ("start", "middle", "end")[int(2 * value)])
        scene.text(x, 130, f"w = ({self.w[0]:.2f}, {self.w[1]:.2f}), b = {self.b:.2f}", 14)
        scene.text(x, 154, f"sum of squared differences J = {self.loss:.3f}", 14)

    def draw_losses(self, scene, x, top, width, height):
        scene.text(x, top - 16, "J, step by step", 13, MUTED)
        most = max([loss for _, loss in self.losses] + [self.loss, 1.0])
        last = max(self.steps, 100)
        plane = Plane(scene, (x + 26, top, width - 26, height), (0, last), (0, most))
        for value in (0, most / 2, most):
            _, y = plane.to(0, value)
            scene.line(x + 26, y, x + width, y, color=GRID, width=1)
            scene.text(x + 20, y, f"{value:.1f}", 12, MUTED, "end")
        if len(self.losses) > 1:
            scene.polyline([plane.to(*pair) for pair in thinned(self.losses)], color=COLORS["sgd"], width=2)
        scene.text(x + 26, top + height + 13, "0", 12, MUTED, "middle")
        scene.text(x + width, top + height + 13, f"{last} steps", 12, MUTED, "end")

    def draw_key(self, scene, x, y):
        for at, name, words in ((0, "class_1", "liked"), (84, "class_0", "not liked"), (192, "unknown", "the question")):
            scene.marker(x + at + 8, y, name, 7 if name != "unknown" else 8, CARD)
            scene.text(x + at + 24, y, words, 13, MUTED)


def thinned(pairs, most=200):
    """At most about `most` of the pairs, the last one included."""
    return [*pairs[:: max(1, len(pairs) // most)], pairs[-1]]


def sigmoid_movies(step=None, probability=None, X=None, y=None, question=None, seed=0):
    """Let a sigmoid unit learn which movies I like.

    step        : your function step(w, b, x, y, learning_rate) -> (w, b), one step of stochastic gradient descent on one movie
    probability : your function probability(w, b, x) -> number from 0 to 1; w, x of shape (2,)
    X, y        : ratings (n, 2) from 1 to 5 and 1 for liked, 0 for not; labkit's movies without. question : two ratings, Gravity's without
    labkit's functions stand in for those not given.
    """
    return SigmoidMovies(step, probability, X, y, question, seed)
