"""The mountain in fog and lab 05's figures: events in, the student's step called, the view changed; figures refuse what they cannot draw."""

import json
import statistics
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from labkit import figures, widgets
from labkit.widgets import descent_rules as rules
from labkit.widgets.foggy_descent import BOX, PASSES, STARTS


def press(board, key, **more):
    board.receive({"type": "key", "key": key, **more})


def use(board, name, value=None):
    board.receive({"type": "control", "name": name, "value": value})


def my_step(w, slope, learning_rate):
    return w - learning_rate * slope


def test_the_view_is_a_drawing_with_words_and_hides_the_mountain():
    board = widgets.fog(my_step)
    view = json.loads(json.dumps(board.view))
    assert ElementTree.fromstring(view["svg"]).get("aria-label") == view["alt"] and "under fog" in view["alt"]
    assert view["source"] == "Running your `my_step`." and view["ours"]
    assert "pass 0.48" not in view["svg"]
    use(board, "lift")
    assert "pass 0.48" in board.view["svg"] and "valley lies" in board.view["note"]


@pytest.mark.parametrize("rate", [0.3, 3.0, 1.6])
def test_the_slider_stops_at_the_rates_that_the_lab_asks_for(rate):
    board = widgets.fog(my_step)
    spec = next(control for control in board.view["controls"] if control["name"] == "rate")
    stop = spec["min"] + spec["step"] * round((np.log10(rate) - spec["min"]) / spec["step"])
    use(board, "rate", stop)
    assert board.rate == rate


def test_every_key_and_control_answers_and_with_little_work(calls_of):
    board, work = widgets.fog(my_step), []
    for key in board.view["keys"]:
        work.append(calls_of(lambda key=key: press(board, key)))
        assert "stumbled" not in board.view["note"], key
    for control in board.view["controls"]:
        for value in {"slider": [control.get("min"), control.get("max")], "choice": [v for v, _ in control.get("options", [])]}.get(
                control["kind"], [None]):
            use(board, control["name"], value)
            assert "stumbled" not in board.view["note"], control["name"]
    assert statistics.median(work) < 20_000


def test_the_slope_step_is_the_students_and_the_rate_is_the_sliders():
    asked = []

    def recorded(w, slope, learning_rate):
        asked.append(learning_rate)
        return w - 2 * learning_rate * slope

    board = widgets.fog(recorded)
    use(board, "rate", -1.0)
    press(board, "d")
    assert asked[-1] == 0.1
    np.testing.assert_allclose(board.here, np.array(STARTS["text"]) - 0.2 * rules.mountain_slope(STARTS["text"]))


def test_a_walk_by_hand_goes_where_the_arrow_points_and_stays_on_the_map():
    board = widgets.fog()
    board.heading, board.length = 0.0, 0.5
    press(board, " ")
    np.testing.assert_allclose(board.here, [0.13, 1.14])
    press(board, "ArrowLeft")
    assert board.heading == 15
    x, y = board.plane(None).to(1.0, -1.0)
    for kind in ("down", "drag", "up"):
        board.receive({"type": kind, "x": x, "y": y})
    np.testing.assert_allclose(board.here, [1.0, -1.0], atol=1e-9)
    board.receive({"type": "up", "x": -500, "y": 9000})
    np.testing.assert_allclose(board.here, [-3, -2])
    press(board, "b")
    assert len(board.path) == 1


def test_three_walkers_look_at_the_same_examples_and_the_careful_one_comes_last():
    board = widgets.fog(my_step)
    press(board, "r")
    assert board.view["tick"] and board.lifted
    for _ in range(PASSES):
        board.receive({"type": "tick"})
    assert not board.view["tick"] and [len(walk) - 1 for walk in board.walks.values()] == [PASSES, 4 * PASSES, 24 * PASSES]
    careful, _, hasty = (np.array(walk) for walk in board.walks.values())
    assert board.heights(careful)[4] > 2 * board.heights(hasty)[4 * 24]
    assert "stumbled" not in board.view["note"] and "960 examples" in board.view["note"]


def test_a_rate_beyond_the_limit_leaves_the_map_and_says_so():
    board = widgets.fog(my_step)
    use(board, "rate", 0.8)
    for _ in range(12):
        press(board, "d")
    assert "off the map" in board.view["svg"] and "stumbled" not in board.view["note"]
    assert "off the map" in board.view["note"] and "walker is gone" in board.alt()
    said = [shape for kind, shape in board.scene().shapes if kind == "text" and shape["bold"] and shape["anchor"] == "middle"]
    assert len(said) == 2 and all(0.6 * shape["size"] * len(shape["words"]) < BOX[2] for shape in said)     # narrower than the map
    press(board, "r")
    for _ in range(5):
        board.receive({"type": "tick"})
    assert "gone" in board.view["note"]


@pytest.mark.parametrize("broken", [None, lambda w, slope, learning_rate: None, lambda w, slope, learning_rate: 3.0,
                                    lambda w, slope, learning_rate: w / 0 * 0, lambda w, slope, learning_rate: "down", 7])
def test_what_cannot_be_used_is_said_and_labkits_runs(broken):
    board = widgets.fog(broken)
    press(board, "d")
    assert "labkit's" in board.view["source"] and not board.view["ours"]
    np.testing.assert_allclose(board.here, np.array(STARTS["text"]) - 0.3 * rules.mountain_slope(STARTS["text"]))


def test_a_share_too_small_for_a_number_is_none():
    with np.errstate(all="raise"):          # as a student may have it in a notebook
        assert rules.feedback(np.array([[0.0, -2000.0]]), [0]).tolist() == [[0, 0]]


def test_the_figures_say_what_they_show():
    paths = {"all": (np.array([[0.0, 1.0], [0.5, 1.0]]), 24), "one": (np.array([[0.0, 1.0], [9.0, 9.0]]), 1)}
    assert "all, one" in figures.walks(rules.height, paths, rules.EXTENT, rules.VALLEYS).alt
    assert [text.get_text() for text in figures.walks(rules.height, paths, rules.EXTENT).legends[0].get_texts()][-1] == "start"
    ends = np.array([[0, 1, -1], [1, 1, -2]])
    drawn = figures.basin_maps({"rate 1": ends, "rate 2": ends}, (0, 1, 0, 1), ("left", "right"), points=((0.2, 0.5), (0.8, 0.5)))
    assert "ends in right 50%" in drawn.alt
    with pytest.raises(ValueError, match="colours for 4"):
        figures.basin_maps({"": ends}, (0, 1, 0, 1), "abcde")
    curve = figures.curves({"": {"a": ([1, 2], [1, np.inf])}}, "x", "y", "a title", "what is to be seen", logy=True, marks=[(1.5, "here")])
    assert curve.alt == "a title. what is to be seen"
