"""The small map at the top of each lab: the course as a line of stations, you are here."""

from __future__ import annotations

from labkit.figures.scene import Scene
from labkit.figures.style import CARD, COLORS, EDGE, INK, MUTED

SPINE = [("00_start", "start", "1943-2012"), ("01_perceptron", "perceptron", "1943-62"), ("02_xor", "XOR", "1969"),
         ("03_ivakhnenko", "Ivakhnenko", "1965-71"), ("04_backprop", "backprop", "1970-86"), ("05_sgd", "SGD", "1951-"),
         ("06_momentum", "momentum", "1964-2013"), ("07_rmsprop", "RMSprop", "2011-12"), ("08_depth", "depth", "1991-2015"),
         ("09_dropout", "dropout", "1990-2014")]
BRANCHES = [("10", "convolution", 4), ("11", "kernels", 5), ("12", "sequences", 6), ("13", "GPU", 7), ("14", "AlexNet", 9)]


def course_map(lab):
    """The map with the station of `lab` marked. lab : "01_perceptron", or just "01". Returns a Picture."""
    here = find(lab)
    scene = Scene(860, 180)
    x = [48 + 85 * i for i in range(len(SPINE))]
    scene.line(x[0], 62, x[-1], 62, color=EDGE, width=7)
    scene.line(x[0], 62, x[here], 62, color=INK, width=7)
    scene.text(x[3] + 42, 150, "branches, later:", 11.5, MUTED, "end")
    for number, name, station in BRANCHES:
        branch(scene, x[station], number, name)
    for i, (_, name, years) in enumerate(SPINE):
        station_mark(scene, x[i], i, here)
        scene.text(x[i], 94, name, 12.5, INK if i == here else MUTED, "middle", bold=i == here)
        scene.text(x[i], 111, years, 11, MUTED, "middle")
    scene.text(min(max(x[here], 62), 798), 18, "you are here", 13, INK, "middle", bold=True)
    scene.polygon([(x[here] - 6, 29), (x[here] + 6, 29), (x[here], 37)], INK)
    name, years = SPINE[here][1:]
    scene.alt = (f"Map of the course, a line of ten stations from start to dropout. You are at station {here} of 9, {name}, {years}. "
                 "Five branches (convolution, kernel machines, sequences, GPU, AlexNet) are marked as later.")
    figure = scene.picture()
    figure.whole = True
    return figure


def find(lab):
    for i, (identity, _, _) in enumerate(SPINE):
        if str(lab) in (identity, identity[:2]):
            return i
    raise ValueError(f"no lab {lab!r} on the map; its stations are {', '.join(identity for identity, _, _ in SPINE)}")


def station_mark(scene, x, i, here):
    fill = COLORS["here"] if i == here else INK if i < here else CARD
    scene.circle(x, 62, 17 if i == here else 13, fill, INK, 2.5)
    scene.text(x, 62, f"{i:02d}", 12.5 if i == here else 11, CARD if i < here else INK, "middle", bold=i == here)


def branch(scene, x, number, name):
    scene.line(x, 120, x, 139, color=MUTED, width=1.5, dash=":")
    scene.circle(x, 150, 10, CARD, MUTED, 1.5, dash=":")
    scene.text(x, 150, number, 10.5, MUTED, "middle")
    scene.text(x, 170, name, 11, MUTED, "middle")
