"""The rolling ball and the pictures of lab 06, driven from Python."""

import numpy as np
import pytest

from labkit import figures, widgets
from labkit.widgets import momentum_rules as rules
from labkit.widgets.heavy_ball import BOX, clipped


def control(board, name, value=None):
    board.receive({"type": "control", "name": name, "value": value})
    assert "stumbled" not in board.view["note"], board.view["note"]


def press(board, key, **more):
    board.receive({"type": "key", "key": key, **more})
    assert "stumbled" not in board.view["note"], board.view["note"]


def test_every_control_and_key_moves_the_ball():
    board = widgets.rolling_ball()
    for key in board.view["keys"]:
        press(board, key)
    for spec in board.view["controls"]:
        for value in [value for value, _ in spec["options"]] if spec["kind"] == "choice" else [spec.get("min"), spec.get("max")]:
            control(board, spec["name"], value)


def test_the_walks_are_those_of_the_rules():
    board = widgets.rolling_ball(rules.momentum_step, rules.nesterov_step)
    control(board, "momentum", 0.7)
    w, v = board.start, np.zeros(2)
    for _ in range(board.steps):
        w, v = rules.nesterov_step(w, v, lambda p: np.array([1.0, 25.0]) * p, board.rate, 0.7)
    np.testing.assert_allclose(board.walks["nesterov"][-1], w)
    assert "Your paths and labkit's are the same" in board.view["note"]
    assert board.view["source"] == "Running your `momentum_step` and `nesterov_step`."


def test_a_wrong_step_is_shown_beside_labkits_and_an_unusable_one_gives_way():
    def uphill(w, v, g, learning_rate, momentum):
        v = momentum * v + learning_rate * g
        return w + v, v

    def unwritten(*arguments):
        raise NotImplementedError

    board = widgets.rolling_ball(uphill, unwritten)
    assert "part from labkit's" in board.view["note"]
    assert "`uphill`" in board.view["source"] and "is not written yet" in board.view["source"] and not board.view["ours"]
    for useless, words in ((lambda *a: None, "returned nothing"), (lambda *a: a[0], "expected two results"),
                           (lambda *a: (np.zeros(3), np.zeros(3)), "expected (2,) and (2,)"), (7, "not a function")):
        assert words in widgets.rolling_ball(useless).view["source"]


def test_two_results_may_come_stacked_in_one_array():
    def stacked(w, v, g, learning_rate, momentum):
        v = momentum * v - learning_rate * g
        return np.stack([w + v, v])

    board = widgets.rolling_ball(stacked)
    np.testing.assert_allclose(board.walks["momentum"], board.beneath["momentum"])
    assert "Running your `stacked`" in board.view["source"]


def test_a_step_that_changes_its_arguments_disturbs_nothing():
    def in_place(w, v, g, learning_rate, momentum):
        v *= momentum
        v -= learning_rate * g
        w += v
        return w, v

    board = widgets.rolling_ball(in_place)
    np.testing.assert_allclose(board.walks["momentum"], board.beneath["momentum"])
    np.testing.assert_array_equal(board.walks["momentum"][0], board.start)


def test_above_the_limit_the_ball_is_lost_and_dragging_moves_the_start():
    board = widgets.rolling_ball()
    control(board, "rate", np.log10(0.2))
    assert "lost" in board.view["svg"] and "Contour map" in board.view["alt"]
    press(board, "r")
    board.receive({"type": "down", "x": BOX[0] + BOX[2] / 2, "y": BOX[1] + BOX[3] / 2})
    np.testing.assert_allclose(board.start, 0, atol=1e-9)


def test_it_rolls_to_the_end_and_stops():
    board = widgets.rolling_ball()
    press(board, " ")
    assert board.view["tick"] > 0
    for _ in range(board.steps):
        board.receive({"type": "tick"})
    assert board.view["tick"] == 0 and board.rolled is None


def test_lines_are_cut_at_the_edge_of_the_map():
    left, top, width, height = BOX
    parts = clipped([(left + 10, top + 10), (left + 20, top - 500), (left + 30, top + 10), (left + 40, top + 20)])
    assert len(parts) == 2 and len(parts[1]) == 3
    assert all(left <= x <= left + width and top - 1e-9 <= y <= top + height for part in parts for x, y in part)
    assert clipped([(left - 50, top), (left - 20, top + 90)]) == []


def test_the_maps_say_what_left_and_refuse_what_they_cannot_draw():
    rates, momenta = np.logspace(-3, -1, 5), np.array([0.0, 0.9, 0.99])
    ends = np.full((3, 5), 1e-3)
    ends[:, -1] = np.nan
    drawing = figures.stability_maps({"classical": ends}, rates, momenta, {"classical": np.full(3, 0.05)}, (0.01, 0.9))
    assert "classical 20%" in drawing.alt
    with pytest.raises(ValueError, match="a row a momentum"):
        figures.stability_maps({"classical": ends.T}, rates, momenta)


def test_one_step_each_names_both_ends():
    ends = {"momentum": [0.0, 0.0], "nesterov": [1.0, 0.0]}
    drawing = figures.one_step_each(lambda x, y: x**2 + y**2, [-1.0, 0.0], [0.5, 0.5], ends, (-2, 2, -1, 1))
    assert "classical ends at height 0.00, Nesterov at 1.00" in drawing.alt
