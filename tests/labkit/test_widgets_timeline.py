"""The timeline's facts are sourced and in order; its dots do not cover each other; the labs are marked as the course says."""

import numpy as np
import pytest

from labkit import widgets
from labkit.figures.stations import BRANCHES, SPINE
from labkit.widgets.history import history

EVENTS = history()["events"]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["id"])
def test_every_event_says_who_what_and_where_it_is_written(event):
    assert event["who"] and event["sources"] and len(event["text"]) > 60
    assert all(any(part.isdigit() and len(part) == 4 for part in source.replace("(", " ").replace(")", " ").replace(";", " ").split())
               for source in event["sources"]), "a source needs its year"
    assert event["lane"] in {lane["id"] for lane in history()["lanes"]}
    assert event["lab"] is None or event["lab"] in {lab[:2] for lab, *_ in SPINE} | set(history()["later"])


def test_the_events_run_from_1943_to_at_least_2012_in_order():
    years = [event["year"] for event in EVENTS]
    assert years == sorted(years) and years[0] == 1943 and years[-1] >= 2012
    assert len({event["id"] for event in EVENTS}) == len(EVENTS)


def test_every_lab_is_on_the_line_and_the_branches_are_later():
    marked = {event["lab"] for event in EVENTS}
    assert {lab[:2] for lab, *_ in SPINE} - {"00"} <= marked
    assert sorted(history()["later"]) == [number for number, *_ in BRANCHES] == ["10", "11", "12", "13", "14"]


def test_the_winter_has_several_causes():
    assert sum(event["cause"] for event in EVENTS) >= 5
    assert len(history()["waves"]) == 3 and len(history()["winters"]) >= 1


def test_the_first_wave_ends_with_its_winter_and_not_with_a_book():
    assert history()["waves"][0]["end"] == history()["winters"][0]["start"] == 1974


@pytest.mark.parametrize("show", ["all", "course", "causes"])
def test_dots_keep_apart(show):
    board = widgets.timeline()
    board.receive({"type": "control", "name": "show", "value": show})
    spots = np.array(board.places(board.shown()))
    gaps = np.linalg.norm(spots[:, None] - spots[None], axis=-1) + 99 * np.eye(len(spots))
    assert gaps.min() >= 19


def test_arrows_go_from_event_to_event_and_stop_at_the_ends():
    board = widgets.timeline()
    board.receive({"type": "key", "key": "Home"})
    seen = [board.chosen]
    for _ in range(len(EVENTS)):
        board.receive({"type": "key", "key": "ArrowRight"})
        seen.append(board.chosen)
    assert seen == [event["id"] for event in EVENTS] + [EVENTS[-1]["id"]]
    assert EVENTS[-1]["sources"][0] in board.view["panel"]["lines"][-1]


def test_a_click_chooses_the_event_under_it_and_only_it():
    board = widgets.timeline()
    for event, (x, y) in list(zip(EVENTS, board.places(board.shown()), strict=True))[::5]:
        board.receive({"type": "down", "x": x + 3, "y": y - 3})
        assert board.chosen == event["id"]
    board.receive({"type": "down", "x": 2, "y": 2})
    assert board.chosen == event["id"]


def test_showing_fewer_events_moves_to_the_nearest_that_is_shown():
    board = widgets.timeline("alexnet")
    board.receive({"type": "control", "name": "show", "value": "causes"})
    assert board.chosen in {event["id"] for event in EVENTS if event["cause"]}
    assert "later" in " ".join(widgets.timeline("alexnet").view["panel"]["lines"])
    with pytest.raises(ValueError, match="timeline.json"):
        widgets.timeline("skynet")
