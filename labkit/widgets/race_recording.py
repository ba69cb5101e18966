"""The race recorded: all four courses at once, every moment in the page itself, so that it plays and can be wound without a kernel."""

from __future__ import annotations

import base64
import html
import json
import uuid
from pathlib import Path

import numpy as np

from labkit.figures.scene import Scene
from labkit.figures.style import CARD, COLORS, INK, LINES, MUTED
from labkit.widgets.race_courses import COURSES, RACERS, WORDS, Field, course
from labkit.widgets.race_drawing import draw_map, draw_names, draw_race, on_map, outline_path
from labkit.widgets.student import sentences

FRAMES = 100
STRIP = (0.05, 0.2, 0.5, 1.0)       # the moments of the still form, as shares of each course's steps


class Recording:
    """See `race_film`. In Jupyter it shows itself as a player; where scripts do not run, as a strip of pictures."""

    def __init__(self, field):
        self.ways = {name: field.run(course(name)) for name in COURSES}
        self.source = sentences(field.students)
        lowest = [min(RACERS, key=lambda r, name=name: course(name).above_lowest(self.ways[name][r])[-1]) for name in COURSES]
        ends = "; ".join(f"{course(name).title}: {WORDS[racer]}" for name, racer in zip(COURSES, lowest, strict=True))
        self.alt = f"Seven optimizers race on four maps of two weights, shown at four moments. Lowest at the end: {ends}."

    def standings(self):
        """The starts, the steps, and each racer's rate and height at the end, as aligned text: two courses side by side, to fit a small window."""
        names = list(COURSES)
        return "\n\n".join("\n".join(self.columns(names[k:k + 2])) for k in range(0, len(names), 2))

    def columns(self, names):
        yield f"{'':18}" + "".join(f"{course(name).title:>21}" for name in names)
        yield f"{'start':18}" + "".join(f"{str(course(name).start):>21}" for name in names)
        yield f"{'steps':18}" + "".join(f"{course(name).steps:>21}" for name in names)
        yield f"{'':18}" + "".join(f"{'rate':>11}{'height':>10}" for _ in names)
        for racer in RACERS:
            ends = [(course(name).rate_of(racer), course(name).above_lowest(self.ways[name][racer])[-1]) for name in names]
            yield f"{WORDS[racer]:18}" + "".join(f"{rate:11g}{height:10.2g}" for rate, height in ends)

    # The still form: a strip of pictures

    def scene(self):
        """Each course a row, four moments side by side."""
        scene, side = Scene(860, 916, self.alt), 186
        draw_names(scene, 20, 18)
        for row, name in enumerate(COURSES):
            top = 56 + row * (side + 30)
            for column, share in enumerate(STRIP):
                step, left = round(share * course(name).steps), 14 + column * (side + 28)
                title = f"{course(name).title}, step {step}" if column == 0 else f"step {step}"
                scene.text(left, top - 11, title, 12.5, MUTED if column else INK, bold=column == 0)
                plane = draw_map(scene, course(name), (left, top, side, side), bare=True)
                draw_race(scene, plane, self.ways[name], step, 4.5, 1.5)
        return scene

    def picture(self):
        """The strip as a Matplotlib Picture."""
        return self.scene().picture()

    # The player

    def stage(self):
        """The four maps without racers, and for each course the ways of its racers in pixels: (Scene, [[[x, y] or None, ...], ...])."""
        scene, side = Scene(860, 936, self.alt), 380
        draw_names(scene, 20, 18)
        ways = []
        for k, name in enumerate(COURSES):
            left, top = 40 + 420 * (k % 2), 62 + 447 * (k // 2)
            scene.text(left + side, top - 14, course(name).title, 14, INK, "end", bold=True)
            plane = draw_map(scene, course(name), (left, top, side, side))
            steps = np.rint(np.linspace(0, course(name).steps, FRAMES + 1)).astype(int)
            ways.append([frames(plane, self.ways[name][racer], steps) for racer in RACERS])
        return scene, ways

    def page(self):
        """The player as a piece of HTML that needs nothing else: the strip as an image, and a script that puts the player in its place."""
        scene, ways = self.stage()
        looks = [{"color": COLORS[r], "dash": dashes(r), "mark": outline_path(r, 6)} for r in RACERS]
        film = {"svg": scene.svg(), "alt": self.alt, "frames": FRAMES, "ways": ways, "looks": looks,
                "steps": [course(name).steps for name in COURSES], "titles": [course(name).title for name in COURSES]}
        script = (Path(__file__).parent / "race_recording.js").read_text(encoding="utf-8")
        strip = base64.b64encode(self.picture().png(dpi=120, colors=96)).decode()
        place = f"labkit-film-{uuid.uuid4().hex[:12]}"
        data = json.dumps(film, separators=(",", ":")).replace("<", "\\u003c")
        return (f'<div id="{place}"><img alt="{html.escape(self.alt, quote=True)}" src="data:image/png;base64,{strip}" '
                f'style="max-width:100%;height:auto;border-radius:8px;background:{CARD}"></div>'
                f"<script>({script})(document.getElementById('{place}'), {data});</script>")

    def _repr_mimebundle_(self, include=None, exclude=None):
        strip = base64.b64encode(self.picture().png()).decode()
        return {"text/html": self.page(), "text/plain": f"Film: {self.alt}", "image/png": strip}, {"image/png": {"alt": self.alt}}


def frames(plane, way, steps):
    """Where a racer is in each frame, in whole pixels; None off the map."""
    points = way[steps]
    return [[round(v) for v in plane.to(*p)] if shown else None for p, shown in zip(points.tolist(), on_map(plane, points), strict=True)]


def dashes(racer):
    style = LINES[racer]
    named = {"-": "", "--": "7 4", ":": "2 3", "-.": "8 3 2 3"}
    return named[style] if isinstance(style, str) else " ".join(f"{2 * part:g}" for part in style[1])


def race_film(rmsprop_step=None, adagrad_step=None, mean_square=None):
    """A film of the race on all four courses, which plays and can be wound without a kernel. The functions are those of `race`."""
    return Recording(Field(mean_square, rmsprop_step, adagrad_step))
