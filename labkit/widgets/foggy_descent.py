"""A mountain in fog: the slope under one's feet is all there is to see. Then the fog lifts, and three walkers go down the same mountain."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from labkit.figures.relief import Relief
from labkit.figures.scene import Plane, Scene
from labkit.figures.style import CARD, COLORS, EDGE, GRID, INK, MUTED, channels
from labkit.widgets import descent_rules as rules
from labkit.widgets.board import Board, button, choice, slider
from labkit.widgets.student import Student, Unfinished

STARTS = {"text": (-0.37, 1.14), "west": (-0.9, 0.5), "south": (1.5, -1.2), "plateau": (2.6, -1.7)}
SAID = {"text": "(-0.37, 1.14)", "west": "(-0.9, 0.5), west of the pass", "south": "(1.5, -1.2), south", "plateau": "(2.6, -1.7), far south"}
WALKERS = {"all 24": (24, COLORS["gradient_descent"], "-"), "6 at a time": (6, INK, "--"), "1 at a time": (1, COLORS["sgd"], "-")}
PASSES = 40
CLEAR = 0.42            # how far one sees, in units of the two weights
FOG = "#d3d6d6"
BOX, CHART = (54, 30, 468, 312), (594, 56, 190, 176)
SIDE = (156, 234)        # rows and columns of the raster under the map


def two_numbers(result):
    try:
        point = np.array(result, float)
    except (TypeError, ValueError):
        raise Unfinished("returned something that is no array of numbers, expected the two new weights") from None
    if point.shape != (2,):
        raise Unfinished(f"returned an array of shape {point.shape}, expected the two new weights, shape (2,)")
    if np.isnan(point).any():
        raise Unfinished("returned NaN")
    return point


@cache
def ground():
    """The raster's weights w and v, the first row on top, and the mountain over them."""
    (left, right, low, high), (rows, columns) = rules.EXTENT, SIDE
    w, v = np.meshgrid(np.linspace(left, right, columns), np.linspace(high, low, rows))
    return w, v, Relief(rules.height(w, v))


def orders():
    """The order of the examples in each pass: the same for all walkers."""
    rng = np.random.default_rng(5)
    return [rng.permutation(len(rules.INPUTS)) for _ in range(PASSES)]


class FoggyDescent(Board):
    """See `fog`."""

    name = "fog"
    title = "Down the mountain in fog: all you know is your height and the slope under your feet"
    help = ("Press on the map, aim, let go: you walk there. With the picture focused: Left and Right turn the orange arrow, Up and Down make it "
            "longer or shorter, Space walks it; D steps down the slope by your gd_step; L lifts the fog, R sends the three walkers, B begins again.")
    hears = ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", " ", "d", "D", "l", "L", "r", "R", "b", "B")

    def __init__(self, step=None, **traits):
        self.student = Student(step, rules.step, getattr(step, "__name__", "gd_step"), two_numbers)
        self.start, self.rate, self.lifted = "text", 0.3, False
        self.begin()
        self.student(np.array(self.path[0]), self.slope(), self.rate)
        super().__init__(**traits)

    def students(self):
        return (self.student,)

    def begin(self):
        self.path = [np.array(STARTS[self.start])]
        self.heading, self.length = 225.0, 0.5
        self.walks, self.passes, self.playing = {}, 0, False

    @property
    def here(self):
        return self.path[-1]

    @property
    def lost(self):
        """Whether a step down the slope has left the map."""
        return not inside([self.here])

    def slope(self):
        return rules.mountain_slope(self.here)

    # Events

    def handle(self, event):
        kind = event.get("type")
        if kind == "key":
            self.key(event["key"], 5 if event.get("shift") else 15)
        elif kind == "control":
            self.control(event["name"], event.get("value"))
        elif kind in ("down", "drag", "up"):
            if self.grips(event, plane := self.plane(Scene(1, 1))):
                self.aim(*plane.back(event["x"], event["y"]), walk=kind == "up")
        elif kind == "tick" and self.playing:
            self.one_pass()

    def key(self, key, turn):
        key = key.lower()
        self.heading = (self.heading + {"arrowleft": turn, "arrowright": -turn}.get(key, 0)) % 360
        self.length = min(3.0, max(0.02, self.length * {"arrowup": 1.25, "arrowdown": 0.8}.get(key, 1)))
        {" ": self.walk, "d": self.down, "l": self.lift, "r": self.send, "b": self.begin}.get(key, lambda: None)()

    def control(self, name, value):
        if name == "rate":
            self.rate = float(f"{10 ** float(value):.2g}")
        elif name == "start" and value in STARTS:
            self.start = value
            self.begin()
        else:
            {"down": self.down, "walk": self.walk, "lift": self.lift, "send": self.send, "again": self.begin}.get(name, lambda: None)()

    def aim(self, w, v, walk):
        left, right, low, high = rules.EXTENT
        away = np.array([min(right, max(left, w)), min(high, max(low, v))]) - self.here
        if np.hypot(*away) > 0.02:
            self.heading, self.length = math.degrees(math.atan2(away[1], away[0])), float(np.hypot(*away))
            if walk:
                self.walk()

    def target(self):
        turn = math.radians(self.heading)
        return self.here + self.length * np.array([math.cos(turn), math.sin(turn)])

    def walk(self):
        left, right, low, high = rules.EXTENT
        self.path.append(np.clip(self.target(), (left, low), (right, high)))

    def down(self):
        there = self.student(self.here, self.slope(), self.rate)
        self.path.append(np.clip(there, -1e6, 1e6))

    def lift(self):
        self.lifted = not self.lifted

    def send(self):
        """The three walkers set off from the start, or stop and go on."""
        if self.playing:
            self.playing = False
            return
        if not self.walks or self.passes >= PASSES:
            self.walks = {name: [np.array(STARTS[self.start])] for name in WALKERS}
            self.passes = 0
        self.lifted = self.playing = True

    def one_pass(self):
        """Every walker looks at each of the 24 examples once: one step, four steps, 24 steps."""
        order = orders()[self.passes]
        for name, (size, *_) in WALKERS.items():
            for rows in rules.batches(order, size):
                point = self.walks[name][-1]
                if np.abs(point).max() < 1e3:
                    point = self.student(point, rules.mountain_slope(point, rows), self.rate)
                self.walks[name].append(point)
        self.passes += 1
        self.playing = self.passes < PASSES

    def tick(self):
        return 60 if self.playing else 0

    # What is shown

    def controls(self):
        return [
            slider("rate", "Learning rate", -2, 0.8, 0.02, math.log10(self.rate), f"{self.rate:g}"),
            button("down", "Step down the slope", "One step of gd_step with this learning rate"),
            button("walk", "Walk the orange arrow", "In the direction and as far as the orange arrow points"),
            button("lift", "Lift the fog", "Show the whole mountain", pressed=self.lifted),
            button("send", "Send three walkers", "From the same start, with this learning rate: all examples, six and one a step",
                   pressed=self.playing),
            choice("start", "Start", SAID.items(), self.start),
            button("again", "Begin again", "Back to the start"),
        ]

    def note(self):
        if self.walks:
            ends = ", ".join(f"{name} {self.told(walk)}" for name, walk in self.walks.items())
            return f"After {24 * self.passes:,} examples looked at, the mean height of the last pass is: {ends}."
        height, steep = float(rules.height(*self.here)), float(np.hypot(*self.slope()))
        if self.lost:
            return f"Step {len(self.path) - 1}: height {said(height)}, off the map. Begin again, with a smaller learning rate."
        flat = " It is flat here: the floor of a valley, or a pass?" if steep < 0.03 else ""
        return f"Step {len(self.path) - 1}: height {said(height)}, slope {said(steep)}.{flat}{self.verdict()}"

    def told(self, walk):
        """The mean height of a walker's last pass; one point of a noisy walk says little."""
        heights = self.heights(walk[-max(1, len(walk) // max(1, self.passes)):])
        return said(float(heights.mean())) if np.abs(walk[-1]).max() < 1e3 else "gone"

    def verdict(self):
        if not self.lifted:
            return ""
        nearest = min(rules.VALLEYS, key=lambda valley: math.dist(valley, self.here))
        which = "deeper" if nearest == rules.VALLEYS[0] else "shallower"
        return f" The {which} valley lies {math.dist(nearest, self.here):.2f} away, at height {rules.height(*nearest):.3f}."

    def heights(self, walk):
        points = np.clip(np.array(walk), -1e3, 1e3)
        return rules.height(points[:, 0], points[:, 1])

    def plane(self, scene):
        left, right, low, high = rules.EXTENT
        return Plane(scene, BOX, (left, right), (low, high))

    def scene(self):
        scene = Scene(800, 402)
        plane = self.plane(scene)
        if self.lifted:
            ground()[2].draw(scene, BOX)
        else:
            scene.image(*BOX, self.fog())
        for value in (-3, -2, -1, 0, 1, 2, 3):
            scene.text(plane.to(value, 0)[0], BOX[1] + BOX[3] + 14, f"{value}", 12, MUTED, "middle")
        for value in (-2, -1, 0, 1, 2):
            scene.text(BOX[0] - 8, plane.to(0, value)[1], f"{value}", 12, MUTED, "end")
        scene.text(BOX[0] + BOX[2] / 2, BOX[1] + BOX[3] + 36, "weight w, from input to hidden unit", 13, INK, "middle")
        scene.text(BOX[0] - 34, 14, "weight v, from hidden unit to answer", 13, INK)
        if self.lifted:
            self.draw_valleys(scene, plane)
        for name in reversed(self.walks):           # the noisiest lies below
            self.draw_walk(scene, plane, name)
        if not self.walks:
            self.draw_own(scene, plane)
        plane.frame(EDGE)
        self.draw_chart(scene)
        self.draw_words(scene)
        scene.alt = self.alt()
        return scene

    def fog(self):
        """Fog everywhere but around the walker, where the ground is as its height and slope there say: a plane."""
        w, v, relief = ground()
        (a, b), slope = self.here, self.slope()
        away = np.hypot(w - a, v - b)
        seen = np.clip((CLEAR - away) / (0.35 * CLEAR), 0, 1)[..., None]
        plane = relief.shades(float(rules.height(a, b)) + slope[0] * (w - a) + slope[1] * (v - b))
        return np.rint(seen * plane + (1 - seen) * np.array(channels(FOG))).astype(np.uint8)

    def draw_valleys(self, scene, plane):
        for valley in rules.VALLEYS:
            scene.marker(*plane.to(*valley), "here", radius=7, fill=COLORS["here"])
            x, y = plane.to(*valley)
            scene.text(x + 14, y + 13, f"{rules.height(*valley):.3f}", 12.5, INK)
        x, y = plane.to(*rules.PASS)
        scene.cross(x, y, 5, INK, 2)
        scene.text(x + 10, y + 12, f"pass {rules.height(*rules.PASS):.2f}", 12.5, INK)

    def draw_walk(self, scene, plane, name):
        _, color, dash = WALKERS[name]
        for piece in inside(self.walks[name][-400:]):
            points = [plane.to(*p) for p in piece]
            if len(points) > 1:
                scene.polyline(points, CARD, 4, opacity=0.7)
                scene.polyline(points, color, 1.6 if name.startswith("1") else 2.4, dash)
        if plane.holds(*plane.to(*self.walks[name][-1])):
            scene.circle(*plane.to(*self.walks[name][-1]), 5.5, color, CARD, 1.5)

    def draw_own(self, scene, plane):
        for piece in inside(self.path):
            spots = [plane.to(*p) for p in piece]
            if len(spots) > 1:
                scene.polyline(spots, INK, 1.5)
            for spot, p in zip(spots, piece, strict=True):
                r, g, b = ground()[2].shades(rules.height(*p))
                scene.circle(*spot, 4, f"#{r:02x}{g:02x}{b:02x}", INK, 1.2)
        here = plane.to(*self.here)
        if self.lost:
            for up, words in ((50, "You are off the map."), (30, "Begin again, with a smaller learning rate.")):      # above the pass
                scene.text(BOX[0] + BOX[2] / 2, BOX[1] + BOX[3] / 2 - up, words, 13.5, INK, "middle", bold=True)
            return
        self.draw_arrows(scene, plane, here)
        scene.circle(*here, 6.5, COLORS["here"], INK, 1.6)

    def draw_arrows(self, scene, plane, here):
        slope = self.slope()
        steep = float(np.hypot(*slope))
        landing = plane.to(*self.student(self.here, slope, self.rate))
        if plane.holds(*landing):
            scene.circle(*landing, 8, "none", INK, 1.5, dash=":")
        x, y = plane.to(*self.target())
        left, top, width, height = BOX
        scene.arrow(*here, min(left + width, max(left, x)), min(top + height, max(top, y)), COLORS["here"], 3, head=11, dash="--")
        if steep > 1e-6:
            scene.arrow(*here, here[0] - 52 * slope[0] / steep, here[1] + 52 * slope[1] / steep, INK, 2.6, head=11)

    def draw_chart(self, scene):
        """Heights on a logarithmic scale, against steps for one's own walk, against examples looked at for the walkers."""
        left, top, width, height = CHART
        longest = PASSES * 24 if self.walks else max(8, len(self.path) - 1)
        chart = Plane(scene, CHART, (0, longest), (-2, 0.7))
        for value in (0.01, 0.1, 1):
            y = chart.to(0, math.log10(value))[1]
            scene.line(left, y, left + width, y, color=GRID, width=1)
            scene.text(left - 7, y, f"{value:g}", 12, MUTED, "end")
        for share in (0, 0.5, 1):
            scene.text(left + share * width, top + height + 13, f"{share * longest:g}", 12, MUTED, "middle")
        scene.text(left + width / 2, top + height + 33, "examples looked at" if self.walks else "your steps", 12.5, INK, "middle")
        scene.text(left - 34, top - 16, "height (mean error)", 12.5, INK)
        lines = [(name, 24 / (len(walk) - 1) * self.passes if len(walk) > 1 else 1, walk, *WALKERS[name][1:]) for name, walk in self.walks.items()]
        for _, each, walk, color, dash in lines or [("you", 1, self.path, INK, "-")]:
            tall = np.clip(np.log10(np.maximum(self.heights(walk), 1e-9)), -2, 0.7)
            keep = slice(None, None, 1 + len(tall) // 240)
            points = [chart.to(k * each, t) for k, t in list(enumerate(tall))[keep]]
            if len(points) > 1:
                scene.polyline(points, color, 1.2 if color == COLORS["sgd"] else 2, dash)
            scene.circle(*chart.to((len(tall) - 1) * each, tall[-1]), 4, color, CARD, 1)
        chart.frame(EDGE)

    def draw_words(self, scene):
        if self.walks:
            for k, (name, (_, color, dash)) in enumerate(WALKERS.items()):
                scene.line(564, 292 + 22 * k, 594, 292 + 22 * k, color=color, width=2.5, dash=dash)
                scene.text(602, 292 + 22 * k, f"{name}, {self.told(self.walks[name])}", 12.5, INK)
            scene.text(564, 364, f"learning rate {self.rate:g}", 12.5, MUTED)
            return
        scene.text(564, 290, f"height {said(float(rules.height(*self.here)))}", 17, INK, bold=True)
        scene.text(564, 314, f"slope {said(self.slope()[0])}, {said(self.slope()[1])}", 12.5, INK)
        scene.arrow(564, 340, 594, 340, INK, 2.6, head=10)
        scene.text(602, 340, "down the slope; ring: gd_step", 12.5, MUTED)
        scene.arrow(564, 364, 594, 364, COLORS["here"], 3, head=10, dash="--")
        scene.text(602, 364, "your own choice", 12.5, MUTED)

    def alt(self):
        if self.walks:
            return (f"A mountain over two weights with two valleys and a pass, the paths of three walkers after {self.passes} passes, and "
                    f"their heights over the examples looked at. {self.note()}")
        ground, steps = "with two valleys and a pass" if self.lifted else "under fog, clear only around the walker", len(self.path) - 1
        arrows = "from which the walker is gone" if self.lost else "an arrow down the slope, the walker's own arrow"
        (w, v), (to_w, to_v), (by_w, by_v) = self.here, self.target(), self.slope()
        own = "" if self.lost else (f" The walker is at ({w:.2f}, {v:.2f}), where the slope is ({by_w:.2f}, {by_v:.2f}). "
                                    f"The walker's own arrow points to ({to_w:.2f}, {to_v:.2f}).")
        return (f"A map {ground}, {arrows} and the path of {steps} step{'s' * (steps != 1)}, at height "
                f"{said(float(rules.height(*self.here)))}; beside it the heights so far.{own}")


def inside(points):
    """The parts of a walk that lie on the map."""
    left, right, low, high = rules.EXTENT
    pieces, piece = [], []
    for p in points:
        if left <= p[0] <= right and low <= p[1] <= high:
            piece.append(p)
        elif piece:
            pieces.append(piece)
            piece = []
    return pieces + [piece] * bool(piece)


def said(value):
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.3g}"


def fog(step=None):
    """Walk down a mountain in fog by hand or by your own step; then lift the fog and send three walkers down it.

    step : your function gd_step(w, slope, learning_rate), the new weights (2,) from the old ones and the slope (2,); labkit's without
    """
    return FoggyDescent(step)
