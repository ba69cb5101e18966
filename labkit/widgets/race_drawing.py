"""How the race is drawn in a Scene: the map of a course, and each racer with the colour, line and marker that it has everywhere."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from labkit.figures.relief import Relief
from labkit.figures.scene import Plane
from labkit.figures.style import CARD, COLORS, INK, LINES, MARKERS
from labkit.widgets import race_courses

LEVELS = 14


@cache
def relief(name, side):
    return Relief(race_courses.heights(name, side)[2][::-1], LEVELS)


def draw_map(scene, course, box, bare=False):
    """The map with its lowest places, and the Plane that it stands in. bare : without the words and numbers of the axes"""
    plane = Plane(scene, box, *course.surface.bounds)
    if not bare:
        plane.axes("first weight", "second weight", *map(ends, course.surface.bounds))
    relief(course.name, 100 if bare else 300).draw(scene, box, lines=not bare)
    for point in course.surface.minima:
        scene.marker(*plane.to(*point), "unknown", 5 if bare else 7)
    plane.frame(INK)
    return plane


def ends(limits):
    """The ends of an axis and what lies halfway."""
    return limits[0], (limits[0] + limits[1]) / 2, limits[1]


def racer_line(scene, points, racer, width=2.0, opacity=1.0):
    """A polyline in the racer's colour and dashes. points : pixels"""
    if len(points) < 2:
        return
    style = LINES[racer]
    scene.polyline(points, COLORS[racer], width, style if isinstance(style, str) else "-", opacity)
    if not isinstance(style, str):
        scene.shapes[-1][1]["dash"] = tuple(width * part for part in style[1])


def racer_mark(scene, x, y, racer, r=7):
    """The racer's marker, with a light rim so that it stands out where several meet."""
    color, mark = COLORS[racer], MARKERS[racer]
    if mark == "o":
        scene.circle(x, y, r, color, CARD, 1.5)
    else:
        scene.polygon([(x + r * a, y + r * b) for a, b in outline(mark)], color, CARD, 1.5)


@cache
def outline(mark):
    """A marker as a polygon of about the size of the unit circle."""
    if mark in ("^", "v"):
        up = 1 if mark == "^" else -1
        return ((-1.05, 0.8 * up), (1.05, 0.8 * up), (0, -1.15 * up))
    if mark in ("s", "D"):
        turn = math.pi / 4 if mark == "s" else 0
        return tuple((1.2 * math.cos(turn + k * math.pi / 2), 1.2 * math.sin(turn + k * math.pi / 2)) for k in range(4))
    if mark == "*":
        return tuple((r * math.sin(k * math.pi / 5), -r * math.cos(k * math.pi / 5)) for k, r in enumerate((1.4, 0.6) * 5))
    plus = ((-0.4, -1.15), (0.4, -1.15), (0.4, -0.4), (1.15, -0.4), (1.15, 0.4), (0.4, 0.4), (0.4, 1.15), (-0.4, 1.15), (-0.4, 0.4),
            (-1.15, 0.4), (-1.15, -0.4), (-0.4, -0.4))
    turn = math.pi / 4 if mark == "X" else 0
    return tuple((x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)) for x, y in plus)


def outline_path(racer, r):
    """A racer's marker as the path of an SVG, around (0, 0)."""
    if MARKERS[racer] == "o":
        return f"M{-r} 0a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0z"
    return "M" + "L".join(f"{r * x:.1f} {r * y:.1f}" for x, y in outline(MARKERS[racer])) + "z"


def stretches(plane, way):
    """The parts of a way, (n, 2), that lie on the map, as lists of pixels; steps of less than a pixel are joined."""
    inside = on_map(plane, way)
    parts, part = [], []
    for point, shown in zip(way.tolist(), inside.tolist(), strict=True):
        if not shown:
            part = []
            continue
        pixel = plane.to(*point)
        if not part:
            parts.append(part)
        elif math.dist(part[-1], pixel) < 1:
            continue
        part.append(pixel)
    return parts


def on_map(plane, way):
    (left, right), (bottom, top) = plane.xlim, plane.ylim
    with np.errstate(invalid="ignore"):
        return (way[:, 0] >= left) & (way[:, 0] <= right) & (way[:, 1] >= bottom) & (way[:, 1] <= top)


def draw_race(scene, plane, ways, step, radius=7, width=2.0):
    """Every way up to a step, and the racers where they stand then; those off the map are not drawn."""
    for racer, way in ways.items():
        for part in stretches(plane, way[:step + 1]):
            racer_line(scene, part, racer, width)
    for racer, way in ways.items():
        if on_map(plane, way[step:step + 1])[0]:
            racer_mark(scene, *plane.to(*way[step]), racer, radius)


def draw_names(scene, x, y):
    """The key, in one line: each racer's line, marker and name."""
    for racer, name in race_courses.WORDS.items():
        racer_line(scene, [(x, y), (x + 26, y)], racer)
        racer_mark(scene, x + 13, y, racer, 5.5)
        scene.text(x + 32, y, name, 12.5, INK)
        x += 56 + 7.2 * len(name)
