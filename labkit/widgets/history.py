"""The course on one line of time, 1943 to 2013: three waves, the winters between them, every event with its sources."""

from __future__ import annotations

import json
from functools import cache

from labkit.figures.scene import Plane, Scene
from labkit.figures.style import CARD, COLORS, EDGE, GRID, INK, MUTED
from labkit.widgets.board import Board, button, choice

FIRST, LAST = 1940, 2016
LANE_TOP, ROW, ROWS = 100, 22, 4
BOTTOM = 492
SHOWS = {"all": "everything", "course": "what the course rebuilds", "causes": "the first winter's causes"}


@cache
def history():
    """The timeline's data, from data/timeline.json."""
    from labkit.datasets import data_root

    return json.loads((data_root() / "timeline.json").read_text(encoding="utf-8"))


class Timeline(Board):
    """See `timeline`."""

    name = "timeline"
    title = "How machines learned to learn: three waves and two winters"
    help = "Click an event, or focus the picture: Left and Right go from event to event, Home and End to the first and the last."
    hears = ("ArrowLeft", "ArrowRight", "Home", "End")
    pointer = "tap"

    def __init__(self, start="perceptron", **traits):
        self.history = history()
        self.show, self.chosen = "all", start
        if start not in {event["id"] for event in self.history["events"]}:
            raise ValueError(f"no event is called {start!r}; the ids are those of data/timeline.json, for example perceptron")
        super().__init__(**traits)

    def shown(self):
        wanted = {"all": lambda e: True, "course": lambda e: e["lab"], "causes": lambda e: e["cause"]}[self.show]
        return [event for event in self.history["events"] if wanted(event)]

    def event(self):
        return next(event for event in self.history["events"] if event["id"] == self.chosen)

    def handle(self, event):
        kind, events = event.get("type"), self.shown()
        at = next((i for i, e in enumerate(events) if e["id"] == self.chosen), 0)
        if kind == "key":
            at = {"ArrowLeft": at - 1, "ArrowRight": at + 1, "Home": 0, "End": len(events) - 1}[event["key"]]
        elif kind == "control" and event["name"] == "show":
            self.show = event["value"]
            events = self.shown()
            at = min(range(len(events)), key=lambda i: abs(events[i]["year"] - self.event()["year"]))
        elif kind == "control":
            at += {"earlier": -1, "later": 1}[event["name"]]
        elif kind == "down":
            at = self.hit(event["x"], event["y"], events, at)
        self.chosen = events[max(0, min(len(events) - 1, at))]["id"]

    def hit(self, x, y, events, at):
        away = {i: (x - px) ** 2 + (y - py) ** 2 for i, (px, py) in enumerate(self.places(events))}
        near = min(away, key=away.get)
        return near if away[near] < 18**2 else at

    # What is shown

    def note(self):
        events = self.shown()
        at = next(i for i, e in enumerate(events) if e["id"] == self.chosen)
        return f"Event {at + 1} of {len(events)}: {self.event()['year']}, {self.event()['title']}"

    def panel(self):
        event = self.event()
        lines = [event["who"] + ".", event["text"]]
        if event["lab"]:
            when = "comes later in this course" if event["lab"] in self.history["later"] else "rebuilds this"
            lines.append(f"Lab {event['lab']} {when}.")
        return f"{event['year']}  {event['title']}", [*lines, "Source: " + "; ".join(event["sources"]) + "."]

    def controls(self):
        return [button("earlier", "Earlier", "The event before (Left)"), button("later", "Later", "The event after (Right)"),
                choice("show", "Show", SHOWS.items(), self.show)]

    def scene(self):
        scene = Scene(860, BOTTOM + 60)
        years = Plane(scene, (128, 0, 716, BOTTOM), (FIRST, LAST), (0, 1))
        self.draw_times(scene, years)
        self.draw_lanes(scene)
        self.draw_events(scene)
        self.draw_key(scene)
        event = self.event()
        scene.alt = (f"A timeline from 1943 to 2013 with {len(self.shown())} events in four lanes, three waves and two winters. Chosen: "
                     f"{event['year']}, {event['title']}.")
        return scene

    def draw_times(self, scene, years):
        bottom = self.lane_top(len(self.history["lanes"]))
        for winter in self.history["winters"]:
            left, right = years.to(winter["start"], 0)[0], years.to(winter["end"], 0)[0]
            scene.rect(left, 45, right - left, bottom - 45, "#e9edf1")
            scene.text((left + right) / 2, 72, winter["name"], 12.5, MUTED, "middle")
        for wave in self.history["waves"]:
            left, right = years.to(wave["start"], 0)[0], years.to(wave["end"], 0)[0]
            scene.rect(left, 45, right - left, 9, COLORS["theory"])
            name, _, what = wave["name"].partition(": ")
            scene.text((left + right) / 2, 14, name, 13, INK, "middle", bold=True)
            scene.text((left + right) / 2, 32, what, 12.5, MUTED, "middle")
        for year in range(1940, 2017, 10):
            x = years.to(year, 0)[0]
            scene.line(x, 92, x, bottom, color=GRID, width=1)
            if abs(year - self.event()["year"]) > 4:                # nearer, the chosen year's badge would cover it
                scene.text(x, bottom + 14, year, 13, MUTED, "middle")
        x = years.to(self.event()["year"], 0)[0]
        scene.line(x, 58, x, bottom, color=MUTED, width=1.5, dash=":", opacity=0.6)
        scene.rect(x - 23, bottom + 3, 46, 22, INK)
        scene.text(x, bottom + 14, self.event()["year"], 13.5, CARD, "middle", bold=True)

    def lane_top(self, lane):
        return LANE_TOP + lane * (ROWS * ROW + 10)

    def draw_lanes(self, scene):
        for i, lane in enumerate(self.history["lanes"]):
            top = self.lane_top(i)
            scene.line(14, top - 4, 846, top - 4, color=EDGE, width=1)
            for k, words in enumerate(two_lines(lane["name"])):
                scene.text(14, top + 14 + 17 * k, words, 13, MUTED)

    def places(self, events):
        """Pixels of each event: its year across, its lane down, in the first row of the lane with room for its name, or for its dot."""
        lanes = {lane["id"]: i for i, lane in enumerate(self.history["lanes"])}
        dots, names, spots = {}, {}, []
        for event in events:
            x = 128 + 716 * (event["year"] - FIRST) / (LAST - FIRST)
            lane, wide = lanes[event["lane"]], text_width(event["short"])
            rooms = [names.get((lane, r), -99) + 3 <= x - 11 for r in range(ROWS)]
            bare = [dots.get((lane, r), -99) + 22 <= x for r in range(ROWS)]
            row = rooms.index(True) if any(rooms) else bare.index(True) if any(bare) else ROWS - 1
            dots[lane, row], names[lane, row] = x, x + 14 + wide if x + 14 + wide < 856 else x + 11
            spots.append((x, self.lane_top(lane) + (row + 0.5) * ROW))
        return spots

    def draw_events(self, scene):
        events = self.shown()
        spots = self.places(events)
        taken = [(x - 11, x + 11, y) for x, y in spots]
        order = sorted(range(len(events)), key=lambda i: events[i]["id"] != self.chosen)
        for i in order:
            self.draw_name(scene, events[i]["short"], *spots[i], taken, events[i]["id"] == self.chosen)
        for event, (x, y) in zip(events, spots, strict=True):
            self.draw_dot(scene, event, x, y)

    def draw_name(self, scene, words, x, y, taken, bold):
        """Writes a name beside its dot where nothing else stands, to the right first."""
        wide = text_width(words, bold)
        for start, anchor in ((x + 14, "start"), (x - 14 - wide, "end")):
            if start > 124 and start + wide < 854 and not any(
                    row == y and left < start + wide and start < right for left, right, row in taken):
                scene.text(start if anchor == "start" else start + wide, y, words, 12.5, INK, anchor, bold=bold)
                taken.append((start, start + wide, y))
                return

    def draw_dot(self, scene, event, x, y):
        chosen, later = event["id"] == self.chosen, event["lab"] in self.history["later"]
        built = bool(event["lab"]) and not later
        fill = COLORS["here"] if chosen else INK if built else CARD
        scene.circle(x, y, 11 if chosen else 9.5, fill, INK if built or chosen else MUTED, 1.8, dash=":" if later else "-")
        if event["lab"]:
            scene.text(x, y, event["lab"], 10.5, CARD if built and not chosen else INK, "middle", bold=chosen)

    def draw_key(self, scene):
        y = BOTTOM + 44
        for x, fill, dash, number, words in ((142, INK, "-", "01", "rebuilt in that lab"), (322, CARD, ":", "10", "in a lab that comes later"),
                                             (548, CARD, "-", "", "told, not rebuilt"), (716, COLORS["here"], "-", "", "chosen")):
            scene.circle(x, y, 9.5, fill, INK if fill != CARD else MUTED, 1.8, dash=dash)
            scene.text(x, y, number, 10.5, CARD if fill == INK else INK, "middle")
            scene.text(x + 16, y, words, 13, MUTED)


def text_width(words, bold=False):
    """About how many pixels a name takes at 12.5 pixels' height."""
    return (8.4 if bold else 7.2) * len(words)


def two_lines(words):
    """A lane's name broken after "and", or whole."""
    first, found, rest = words.partition(" and ")
    return [first + found.rstrip(), rest] if found else [words]


def timeline(start="perceptron"):
    """The course on one line of time; choose an event to read what happened and where that is written.

    start : the id of the event shown first
    """
    return Timeline(start)
