"""Lab 08's live curve, driven as the page drives it, and its figures."""

import statistics

import numpy as np
import pytest

from labkit import figures, widgets
from labkit.widgets import depth_rules as rules
from labkit.widgets.bump_sum import CURVES, POINTS
from labkit.widgets.stills import still


def use(board, name, value=None):
    board.receive({"type": "control", "name": name, "value": value})


def press(board, key, shift=False):
    board.receive({"type": "key", "key": key, "shift": shift})


def pen(board, *places):
    for i, (x, y) in enumerate(places):
        board.receive({"type": "drag" if i else "down", "x": x, "y": y})
    board.receive({"type": "up", "x": places[-1][0], "y": places[-1][1]})


def test_the_network_is_the_sum_of_the_bumps_and_more_bumps_miss_less():
    board, misses = widgets.bumps(), []
    use(board, "power", 2.4)
    for n in (4, 10, 25, 40):
        use(board, "bumps", n)
        np.testing.assert_allclose(board.answer, np.sum(board.bumps, axis=0), atol=1e-9)
        misses.append(board.misses.mean())
    assert (np.diff(misses) < 0).all() and misses[-1] < 0.03
    assert f"{misses[-1]:.3f}" in board.view["note"] and f"{misses[-1]:.3f}" in board.view["alt"]


def test_the_note_praises_soft_edges_only_where_they_help():
    board = widgets.bumps(rules.bump, rules.bump_network)
    use(board, "bumps", 40)
    missed = {}
    for power in (1.0, 2.0, 3.0):
        use(board, "power", power)
        missed[power] = board.misses.mean()
        assert ("blend" in board.note(), "smear" in board.note()) == (power == 2.0, power == 1.0)
    assert missed[2.0] < missed[3.0] < missed[1.0]


def test_a_curve_is_drawn_with_the_mouse():
    board = widgets.bumps()
    use(board, "curve", "flat")
    assert (board.y == 0).all()
    pen(board, (234, 109), (414, 109), (594, 289))         # from x = .25 level to .5, then down to .75
    np.testing.assert_allclose(board.y[[50, 75, 100]], 0.6, atol=0.01)
    np.testing.assert_allclose(board.y[[125, 150]], [0, -0.6], atol=0.02)
    assert (board.y[:50] == 0).all() and (board.y[151:] == 0).all()
    before = board.y.copy()
    pen(board, (10, 10), (400, 200))                        # begins beside the picture: nothing is drawn
    assert (board.y == before).all()
    pen(board, (400, 200), (-500, 9000))                    # leaves it: the curve stays within the frame
    assert np.abs(board.y).max() <= 1 and board.cursor == 0


def test_a_curve_is_drawn_with_the_keyboard():
    board = widgets.bumps()
    press(board, "0")
    assert (board.y == 0).all()
    at = board.cursor
    press(board, "ArrowRight")
    press(board, "ArrowRight", shift=True)
    assert board.cursor == at + 12
    press(board, "ArrowUp", shift=True)
    press(board, "ArrowDown")
    assert board.y[board.cursor] == pytest.approx(0.2) and np.argmax(board.y) == board.cursor
    for _ in range(300):
        press(board, "ArrowLeft")
        press(board, "ArrowDown")
    assert board.cursor == 0 and board.y.min() == -1


def test_the_readers_functions_run_live_and_what_is_wrong_with_them_is_said():
    board = widgets.bumps(rules.bump, rules.bump_network)
    assert board.view["source"] == "Running your `bump` and `bump_network`." and board.view["ours"]
    calls = []

    def bump_network(heights, steepness):
        calls.append(len(heights))
        return rules.bump_network(2 * heights, steepness)

    board = widgets.bumps(rules.bump, bump_network)
    use(board, "bumps", 5)
    assert calls[-1] == 5 and np.abs(board.answer).max() > 1.2 * np.abs(board.y).max()
    for wrong, words in ((lambda heights, steepness: None, "returned nothing"), (lambda heights, steepness: (1, 2), "three results"),
                         (lambda heights, steepness: (np.ones(3),) * 3, "two units a bump"), (lambda heights, steepness: 1 / 0, "ZeroDivisionError")):
        board = widgets.bumps(lambda x, left, right, height, steepness: x[:3], wrong)
        assert words in board.view["source"] and f"for {POINTS} points" in board.view["source"] and not board.view["ours"]
        np.testing.assert_allclose(board.answer, np.sum(board.bumps, axis=0), atol=1e-9)


def test_every_control_answers_with_little_work_and_a_drawing(calls_of):
    board, work = widgets.bumps(rules.bump, rules.bump_network), []
    for name, values in (("bumps", (1, 40)), ("power", (1, 3)), ("curve", CURVES), ("apart", (None, None))):
        for value in values:
            work.append(calls_of(lambda name=name, value=value: use(board, name, value)))
            assert "stumbled" not in board.view["note"] and board.view["svg"].startswith("<svg")
    assert statistics.median(work) < 40_000
    assert "8 bumps" in still("bumps").alt


def test_figures_say_what_they_show():
    level, falling = np.ones(5), 10.0 ** -np.arange(5)[::-1]
    drawn = [
        figures.saturation(), figures.two_steps(rules.bump), figures.compositions(lambda x: 1 - np.abs(2 * x - 1)),
        figures.layer_profiles({"sigmoid": {"small": falling, "Glorot": level}}, "A title"),
        figures.signal_growth({"ReLU, He": level}, {"ReLU, He": 1.0}, "A title"),
        figures.gradient_map({"tanh": np.array([[0.0, np.inf], [-np.inf, 2.0]])}, np.array([2, 4]), np.array([1.0, 2.0]), {"tanh": 1.0}, "A title"),
        figures.equal_connections([2, 3], [0.0, 0.4], [0.0, 0.0], [8, 12], "A title"),
        figures.followers(np.arange(3), np.arange(3), {"by hand": np.arange(3)}, "A title"),
        figures.paired_runs({"one layer": [0.5, 0.75], "four": [0.0, 0.1]}, "error", "A title"),
        figures.code_errors({"plain": [3.0, 2.0]}, {"PCA": 1.5}, "A title"),
        figures.image_rows({"digits": np.zeros((2, 64))}, "A title"), figures.image_rows({"weights": np.eye(4)[:2]}, "A title", signed=True),
    ]
    assert all(len(picture.alt) > 30 for picture in drawn)
    assert "1.0e-04 at layer 1" in drawn[3].alt and "0.500 to 0.750" in drawn[8].alt and "tanh 25%" in drawn[5].alt
    assert all(len(picture.png()) > 2_000 for picture in drawn[3:6])
