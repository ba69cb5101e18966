"""The live pictures, driven from Python as the page drives them: events in, the student's function called, the view changed."""

import json
import re
import statistics
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

import labkit.widgets.board
from labkit import datasets, widgets
from labkit.figures import style
from labkit.perceptron import Perceptron
from labkit.widgets.hand_points import PRESETS
from labkit.widgets.student import weights_and_bias
from labkit.widgets.xor_line import MAP

MAKERS = {name: getattr(widgets, name) for name in widgets.__all__
          if name not in ("still", "Board", "Student", "keep_work", "race_film")}      # the film is no board: it takes no events


@pytest.fixture(params=MAKERS)
def board(request):
    return MAKERS[request.param]()


def press(board, key, **more):
    board.receive({"type": "key", "key": key, **more})


def use(board, name, value=None):
    board.receive({"type": "control", "name": name, "value": value})


def stumbled(board):
    return "stumbled" in board.view["note"]


def test_the_view_is_plain_data_with_a_drawing_and_words(board):
    view = json.loads(json.dumps(board.view))
    drawing = ElementTree.fromstring(view["svg"])
    assert drawing.get("role") == "img" and drawing.get("aria-label") == view["alt"]
    assert len(view["alt"]) > 40 and view["title"] and view["help"] and view["note"]
    names = [control["name"] for control in view["controls"]]
    assert len(set(names)) == len(names) and all(control["label"] for control in view["controls"])


def test_a_key_that_changes_the_drawing_changes_its_words(board):
    """Else who hears the picture does not know that anything happened."""
    for key in board.hears:
        before = board.view
        press(board, key)
        assert before["svg"] == board.view["svg"] or (before["note"], before["alt"]) != (board.view["note"], board.view["alt"]), key


def test_every_key_and_control_answers(board):
    for key in board.view["keys"]:
        press(board, key)
        assert not stumbled(board), f"{key}: {board.view['note']}"
    for control in board.view["controls"]:
        values = {"slider": [control.get("min"), control.get("max")], "choice": [v for v, _ in control.get("options", [])], "button": [None]}
        for value in values[control["kind"]]:
            use(board, control["name"], value)
            assert not stumbled(board), f"{control['name']}={value}: {board.view['note']}"


def test_clicks_and_drags_anywhere_are_harmless(board):
    for x, y in ((-50, -50), (0, 0), (200, 200), (430, 120), (700, 300), (5000, 5000)):
        for kind in ("down", "drag", "up"):
            board.receive({"type": kind, "x": x, "y": y, "shift": False})
            assert not stumbled(board), f"{kind} at {x}, {y}: {board.view['note']}"


def test_every_event_is_acknowledged_once(board):
    board.receive({"type": "key", "key": board.view["keys"][0], "n": "abc-7"})
    assert board.view["n"] == "abc-7"


def test_a_broken_event_is_said_and_survived(board):
    before = board.view["svg"]
    board.receive({"type": "control", "name": "no such control", "value": object()})
    board.receive({"type": "key", "key": None})
    board.receive({"type": "down"} if board.pointer else {"type": "key", "key": None})       # only a board with a pointer hears of it
    assert stumbled(board) and board.view["svg"] == before
    press(board, board.view["keys"][0])
    assert not stumbled(board)


def test_an_answer_takes_a_small_part_of_150_ms(board, calls_of):
    assert statistics.median(calls_of(lambda: press(board, board.view["keys"][0])) for _ in range(5)) < 80_000


def test_the_still_form_stands_behind_the_live_one(board):
    data, metadata = board._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data and data["image/png"]
    assert metadata["image/png"]["alt"] in data["text/plain"] and metadata["image/png"]["alt"]
    image = ElementTree.fromstring(re.search("<img[^>]*", data["text/html"])[0] + "/>")
    assert image.get("alt") == metadata["image/png"]["alt"] and image.get("src").endswith(data["image/png"])


def test_the_page_uses_the_colours_of_the_course():
    css = (Path(labkit.widgets.board.__file__).parent / "board.css").read_text()
    for color in (style.CARD, style.INK, style.MUTED, style.EDGE, style.ACCENT):
        assert color in css


# The student's function

def sum_rule(w, b, x, y):
    return w + 0.5, b - 0.25


def not_written(w, b, x, y):
    raise NotImplementedError


def raises(w, b, x, y):
    return w / 0, undefined_name  # noqa: F821


def prints(w, b, x, y):
    print(w + x, b)


def returns_nothing(w, b, x, y):
    w = w + x


def one_result(w, b, x, y):
    return w


def wrong_shape(w, b, x, y):
    return np.append(w, 1.0), b


def not_a_number(w, b, x, y):
    return w * np.nan, b


def text(w, b, x, y):
    return "w", "b"


def quits(w, b, x, y):
    raise SystemExit


def test_the_students_function_is_the_one_that_runs():
    board = widgets.place_points(sum_rule)
    use(board, "step")
    assert board.w.tolist() == [0.5, 0.5] and board.b == -0.25
    assert board.view["source"] == "Running your `sum_rule`." and board.view["ours"]


@pytest.mark.parametrize("function, reason", [
    (not_written, "is not written yet"), (raises, "raised NameError"), (prints, "printed its answer"), (returns_nothing, "returned nothing"),
    (one_result, "return w, b"), (wrong_shape, "expected (2,)"), (not_a_number, "NaN"), (text, "expected two numbers"), (quits, "SystemExit"),
    (lambda: None, "raised TypeError"),
])
def test_an_unusable_function_is_said_and_labkits_steps_in(function, reason, capsys):
    board, ours = widgets.place_points(function), widgets.place_points()
    use(board, "step")
    use(ours, "step")
    assert reason in board.view["source"] and "Showing labkit's instead" in board.view["source"] and not board.view["ours"]
    assert board.w.tolist() == ours.w.tolist() and board.b == ours.b
    assert capsys.readouterr().out == ""


def test_a_function_that_loops_for_ever_is_stopped_once():
    started = []

    def endless(w, b, x, y):
        started.append(1)
        while True:
            pass

    board = widgets.place_points(endless)
    board.student.seconds = 0.2
    use(board, "step")
    use(board, "step")
    assert len(started) == 1
    assert "did not finish" in board.view["source"] and board.steps == 2


def test_many_calls_that_take_long_are_too_slow_and_not_endless():
    board = widgets.turn_line(slow := lambda w, b, X, y: [time.sleep(0.002), np.mean((X @ w + b > 0) == y)][1])
    board.student.seconds = 0.2
    use(board, "every")
    assert "is too slow for the 2,952 answers" in board.view["source"] and not board.student.stuck
    use(board, "angle", 40)
    assert board.view["source"] == f"Running your `{slow.__name__}`."


def test_what_was_said_of_a_function_holds_until_it_is_called_again():
    """Of the boards whose events do not all call the student's function."""
    def wrong(*args):
        raise ValueError("not yet")

    for board, name, value in ((widgets.place_points(wrong), "speed", 3), (widgets.sigmoid_movies(wrong), "rate", 0.2),
                               (widgets.rolling_ball(wrong, wrong), "tick", None), (widgets.race(rmsprop_step=wrong), "time", 30)):
        if name == "tick":
            use(board, "roll")
            board.receive({"type": "tick"})
            assert "are the same" not in board.compared()
        else:
            use(board, name, value)
        assert "not yet" in board.view["source"] and not board.view["ours"], board.name


def test_a_function_that_fails_at_one_place_of_the_map_is_not_said_to_draw_it():
    def fails_at_zero(w, b, X, y):
        if not np.any(w):
            raise ZeroDivisionError("no line")
        return 0.25

    board = widgets.line_map(fails_at_zero)
    for _ in range(3):
        press(board, "ArrowLeft")
        assert "no line" in board.view["source"] and board.slice.max() > 0.25


def test_a_press_beside_the_picture_moves_nothing():
    for board, x, y in ((widgets.fog(), 700, 100), (widgets.rolling_ball(), 700, 100), (widgets.line_map(), 700, 100),
                        (widgets.sigmoid_movies(), 700, 300), (widgets.race(), 700, 100), (widgets.turn_line(), 440, 60)):
        before = board.view["svg"]
        for kind, at in (("down", x), ("drag", x - 5), ("up", x - 5)):
            board.receive({"type": kind, "x": at, "y": y, "shift": False})
        assert board.view["svg"] == before, board.name


def test_a_function_that_recovers_is_running_again():
    calls = []

    def moody(w, b, x, y):
        calls.append(1)
        if len(calls) <= 2:     # the trial at the start, and the first step
            raise ValueError("not today")
        return w + x, b

    board = widgets.place_points(moody)
    use(board, "step")
    assert "not today" in board.view["source"]
    use(board, "step")
    assert board.view["source"] == "Running your `moody`."


def test_a_function_that_changes_its_input_cannot_disturb_the_picture():
    def greedy(w, b, x, y):
        w += 1
        x *= 100
        return w, b

    board = widgets.place_points(greedy)
    X = board.X.copy()
    use(board, "step")
    assert np.array_equal(board.X, X) and board.w.tolist() == [1, 1]


def test_a_result_in_place_of_the_function_is_said_and_labkits_runs():
    board = widgets.turn_line(0.75)
    assert "is a float, not a function: pass `accuracy` itself, without parentheses" in board.view["source"]
    use(board, "angle", 10)
    assert "not a function" in board.view["source"] and not board.view["ours"]


def test_what_is_not_written_is_said_before_the_first_step():
    def update(w, b, x, y):
        raise NotImplementedError

    assert "is not written yet" in widgets.place_points(update).view["source"]


def test_lists_and_numpy_numbers_count_as_weights():
    w, b = weights_and_bias([[1, 2], np.array([3.0])])
    assert w.tolist() == [1, 2] and b == 3.0


# place_points

def pixels(board, x, y):
    from labkit.figures.scene import Scene

    px, py = board.plane(Scene(1, 1)).to(x, y)
    return {"x": px, "y": py}


def test_points_are_added_dragged_flipped_and_removed_by_hand():
    board = widgets.place_points(points="empty")
    board.receive({"type": "down", "shift": False, **pixels(board, 1, 2)})
    board.receive({"type": "down", "shift": True, **pixels(board, -3, -3)})
    assert np.allclose(board.X, [[1, 2], [-3, -3]]) and board.y.tolist() == [1, 0]
    board.receive({"type": "down", **pixels(board, 1, 2)})
    board.receive({"type": "drag", **pixels(board, 4, 9)})
    assert np.allclose(board.X[0], [4, 5]) and len(board.X) == 2
    press(board, "f")
    press(board, "ArrowLeft")
    press(board, "ArrowDown", shift=True)
    assert np.allclose(board.X[0], [3.75, 4]) and board.y[0] == 0
    press(board, "Delete")
    assert np.allclose(board.X, [[-3, -3]])


def test_points_are_added_by_keyboard_alone_and_never_on_top_of_each_other():
    board = widgets.place_points(points="empty")
    for key in "0101011":
        press(board, key)
    gaps = np.linalg.norm(board.X[:, None] - board.X[None], axis=-1) + 9 * np.eye(7)
    assert board.y.tolist() == [0, 1, 0, 1, 0, 1, 1] and gaps.min() > 0.5
    press(board, "n")
    assert board.selected == 0


def test_words_for_a_sleeping_picture_are_left_in_a_notebook_and_nowhere_else(monkeypatch):
    import IPython

    left = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: left.append(data["text/html"]))
    board = widgets.turn_line()
    board._repr_mimebundle_()
    assert left == []
    monkeypatch.setattr(IPython, "get_ipython", lambda: type("Shell", (), {"kernel": None}))
    board._repr_mimebundle_()
    assert len(left) == 1 and 'class="labkit-asleep" hidden' in left[0]


def test_without_points_the_board_asks_for_some_and_offers_no_step():
    board = widgets.place_points()
    board.receive({"type": "control", "name": "preset", "value": "empty"})
    assert board.view["note"] == "There are no points yet: add some first."
    assert [spec["name"] for spec in board.view["controls"] if spec.get("disabled")] == ["step", "play", "pass", "remove"]
    press(board, "1")
    assert [spec["name"] for spec in board.view["controls"] if spec.get("disabled")] == []


def mistakes_of_a_plain_loop(X, y):
    """Rosenblatt's rule as in lab 01, examples in order, until a whole pass is right."""
    w, b, mistakes, quiet = np.zeros(2), 0.0, 0, 0
    while quiet < len(X):
        for x, t in zip(X, y, strict=True):
            miss = t - (w @ x + b > 0)
            w, b = w + miss * x, b + miss
            mistakes, quiet = mistakes + abs(miss), quiet + 1 if miss == 0 else 0
    return mistakes


@pytest.mark.parametrize("points", ["clouds", "close"])
def test_the_rule_separates_what_a_line_can_and_counts_its_mistakes(points):
    board = widgets.place_points(points=points)
    use(board, "play")
    while board.playing:
        board.receive({"type": "tick"})
    assert "separates the classes" in board.view["note"] and board.view["tick"] == 0
    assert board.mistakes == sum(board.passes) == mistakes_of_a_plain_loop(board.X, board.y)
    assert ((board.X @ board.w + board.b > 0) == (board.y == 1)).all()
    assert Perceptron().fit(board.X, board.y).converged_


def test_play_gives_up_where_no_line_separates():
    board = widgets.place_points(points="xor")
    use(board, "play")
    for _ in range(1000):
        board.receive({"type": "tick"})
    assert not board.playing and "Perhaps no line" in board.view["note"]


def test_a_rule_that_moves_when_it_should_not_is_noticed():
    board = widgets.place_points(lambda w, b, x, y: (w + (2 * y - 1) * x, b))
    for _ in range(8):
        use(board, "step")
    use(board, "step")
    assert "right, yet the rule moved the line" in board.view["note"]


def test_moving_a_point_keeps_the_line():
    board = widgets.place_points()
    use(board, "pass")
    w = board.w.copy()
    press(board, "ArrowUp")
    assert np.array_equal(board.w, w)


def test_ones_own_points_come_back_after_a_look_at_others():
    board = widgets.place_points(points=[(1, 2, 1), (3, 4, 0)])
    board.add(2.0, 5.0, 1)
    for name in ("clouds", "xor", "own"):
        use(board, "preset", name)
        assert not stumbled(board)
    assert board.X.tolist() == [[1, 2], [3, 4], [2, 5]] and board.y.tolist() == [1, 0, 1]
    assert ["own", "your points"] in board.view["controls"][6]["options"]
    assert ["own", "the movies"] in widgets.place_points(points=[(1, 2, 1)], name="the movies").view["controls"][6]["options"]


def test_own_points_may_be_rows_or_arrays():
    X, y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 1])
    assert np.array_equal(widgets.place_points(points=(X, y)).X, X)
    assert PRESETS["xor"][1] and len(widgets.place_points(points=PRESETS["xor"][1]).X) == 4
    assert widgets.place_points(points=((0, 1, 0), (1, 0, 1))).X.tolist() == X.tolist()
    with pytest.raises(ValueError, match="class 0 or 1"):
        widgets.place_points(points=[(0, 0, -1)])
    with pytest.raises(ValueError, match="clouds"):
        widgets.place_points(points="cloud")


# turn_line and line_map

def test_no_line_gets_all_four_corners_of_xor():
    board = widgets.turn_line()
    use(board, "every")
    assert board.best == 0.75 and np.nanmax(board.tried) == 0.75 and np.nanmin(board.tried) == 0.25
    assert board.view["note"].startswith(("2 of 4", "3 of 4", "1 of 4")) and "3 of 4" in board.view["note"]
    use(board, "forget")
    assert np.isfinite(board.tried).sum() == 1


def test_the_line_turns_and_shifts_by_key_slider_and_drag():
    board = widgets.turn_line()
    press(board, "ArrowLeft")
    press(board, "ArrowRight", shift=True)
    press(board, "ArrowUp")
    assert (board.angle, board.offset) == (24, 0.05)
    use(board, "angle", 90)
    use(board, "offset", 0)
    board.receive({"type": "down", **pixels(board, 0.5, 0.95)})
    board.receive({"type": "drag", **pixels(board, 0.95, 0.5)})
    assert board.angle in (0, 360) and board.offset == 0
    board.receive({"type": "down", **pixels(board, 0.5, 0.5)})
    board.receive({"type": "drag", **pixels(board, 0.2, 0.5)})
    assert board.offset == pytest.approx(-0.3)


def test_a_click_on_the_map_of_all_lines_chooses_one():
    board = widgets.turn_line()
    x, y, width, height = MAP
    board.receive({"type": "down", "x": x + width / 2, "y": y + height / 4, "shift": False})
    assert (board.angle, board.offset) == (180, 0.5)
    board.receive({"type": "drag", "x": x + 2 * width, "y": y - 50, "shift": False})
    assert (board.angle, board.offset) == (359, 1.0)


def test_a_score_that_disagrees_with_the_picture_is_said():
    board = widgets.turn_line(lambda w, b, X, y: 0.9)
    assert "The picture counts" in board.view["note"] and "0.9" in board.view["note"]
    assert "`<lambda>`" in board.view["source"]


def test_the_map_of_every_line_agrees_with_the_kernels_oracle():
    from labkit.kernels.lines import line_accuracy_numpy

    board = widgets.line_map()
    use(board, "b", 0.6)
    side = len(board.slice)
    axis = np.linspace(-3, 3, side)
    out, xor = np.empty((1, side, side)), datasets.xor()
    line_accuracy_numpy(out, xor.X, xor.y, axis, axis, np.array([0.6]))
    assert np.array_equal(board.slice[::-1], out[0].astype(float))


def test_the_cursor_walks_over_the_map_and_finds_a_best_line():
    board = widgets.line_map()
    use(board, "best")
    assert board.score == board.slice.max() == 0.75
    w = board.w.copy()
    press(board, "ArrowRight")
    press(board, "PageUp")
    assert board.w[0] == pytest.approx(w[0] + 0.1) and board.b == pytest.approx(-0.4)


def test_a_slow_function_gets_a_coarser_map_and_the_picture_says_so():
    def slow(w, b, X, y):
        time.sleep(2e-4)
        return 0.5

    board = widgets.line_map(slow)
    assert len(board.slice) < 61 and "to stay quick" in board.view["note"]


def test_line_map_takes_points_of_your_own():
    assert widgets.line_map(X=[[0, 0], [3, 3]], y=[0, 1]).view["svg"]
    with pytest.raises(TypeError, match="without y"):
        widgets.line_map(X=[[0, 0]])


# unit and sigmoid_movies

@pytest.mark.parametrize("gate, w1, w2, theta", [("AND", 1, 1, 1.5), ("OR", 1, 1, 0.5), ("NOT x1", -1, 0, -0.5)])
def test_the_unit_builds_its_gates(gate, w1, w2, theta):
    board = widgets.unit()
    for name, value in (("w1", w1), ("w2", w2), ("theta", theta)):
        use(board, name, value)
    assert f"This is {gate}." in board.view["note"] and gate in board.found


def test_no_setting_of_the_sliders_builds_xor():
    board = widgets.unit()
    knobs = np.arange(-3, 3.5, 0.5)
    for w1 in knobs:
        for w2 in knobs:
            for theta in knobs:
                board.w, board.theta = [w1, w2], theta
                board.answer()
    assert set(board.found) == {"AND", "OR", "NOT x1"}


def test_the_unit_runs_the_students_fires_and_sum():
    board = widgets.unit(fires=lambda x, w, b: 1 - int(x @ w + b > 0))
    assert board.answers == (1, 1, 1, 0)
    board = widgets.unit(weighted_sum=lambda x, w: 2 * float(x @ w))
    assert board.sums == [0, 2, 2, 4] and board.answers == (0, 1, 1, 1)
    board = widgets.unit(fires=lambda x, w, b: x @ w + b)
    assert "expected 0 or 1" in board.view["source"]


def test_the_row_of_the_truth_table_follows_click_and_key():
    board = widgets.unit()
    board.receive({"type": "down", "x": 100, "y": 268 + 5})
    assert board.row == 0
    press(board, "ArrowUp")
    assert board.row == 3


def test_the_sigmoid_unit_learns_the_movies_with_the_students_step():
    calls = []

    def step(w, b, x, y, learning_rate):
        calls.append(learning_rate)
        h = 1 / (1 + np.exp(-(w @ x + b)))
        d = 2 * (h - y) * h * (1 - h)
        return w - learning_rate * d * x, b - learning_rate * d

    board = widgets.sigmoid_movies(step)
    start = board.loss
    use(board, "rate", 0.5)
    use(board, "play")
    for _ in range(100):
        board.receive({"type": "tick"})
    calls = calls[1:]       # the first is the trial at the start
    assert len(calls) == board.steps == 2000 and set(calls) == {0.5}
    assert board.loss < start / 3 and "18 of 18 past movies" in board.view["note"]
    assert "Running your `step`." in board.view["source"] and "probability" not in board.view["source"]


def test_labkits_own_step_agrees_with_the_formula():
    from labkit.widgets.rules import sgd_step

    w, b, x = np.array([0.2, -0.1]), 0.3, np.array([3.0, 4.0])
    h = 1 / (1 + np.exp(-(w @ x + b)))
    d = 2 * (h - 1) * h * (1 - h)
    got = sgd_step(w, b, x, 1, 0.1)
    assert np.allclose(got[0], w - 0.1 * d * x) and got[1] == pytest.approx(b - 0.1 * d)


def test_the_question_is_gravity_until_it_is_moved():
    board = widgets.sigmoid_movies()
    assert board.asked.tolist() == [3, 3] and "Gravity" in board.view["note"]
    press(board, "ArrowRight")
    assert "A movie, rated 3.1" in board.view["note"]
    press(board, "0")
    assert "Gravity" in board.view["note"]


def test_probabilities_outside_0_to_1_are_refused():
    board = widgets.sigmoid_movies(probability=lambda w, b, x: w @ x + b + 7)
    assert "from 0 to 1" in board.view["source"] and 0 <= board.answer <= 1
