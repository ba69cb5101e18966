"""Lab 07's live race and its recording: events in, the student's rules run beside labkit's, a page that needs no kernel."""

import json
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_hex

from labkit import figures, optimizers, surfaces, widgets
from labkit.figures.scene import Scene
from labkit.figures.style import COLORS, luminance
from labkit.widgets import race_courses, step_rules
from labkit.widgets.race_courses import COURSES, RACERS, Field, course

STEP = step_rules.rmsprop


def press(board, key, **more):
    board.receive({"type": "key", "key": key, **more})


def use(board, name, value=None):
    board.receive({"type": "control", "name": name, "value": value})


@pytest.fixture(scope="module")
def board():
    return widgets.race(step_rules.rmsprop, step_rules.adagrad, step_rules.mean_square)


@pytest.fixture(scope="module")
def film():
    return widgets.race_film(step_rules.rmsprop, step_rules.adagrad, step_rules.mean_square)


# The courses and the rules

@pytest.mark.parametrize("name", COURSES)
def test_a_reader_with_right_rules_sees_labkits_own_race(name):
    mine, ours = Field(step_rules.mean_square, step_rules.rmsprop, step_rules.adagrad).run(course(name)), Field().run(course(name))
    for racer in RACERS:
        np.testing.assert_allclose(mine[racer], ours[racer], atol=1e-6)


def test_the_rules_are_those_of_labkits_optimizers():
    rng = np.random.default_rng(0)
    g = rng.normal(size=(20, 4))
    names = {"rmsprop": optimizers.RMSprop(0.1), "adagrad": optimizers.Adagrad(0.1), "adadelta": optimizers.Adadelta(), "adam": optimizers.Adam(0.1)}
    ways = {name: np.zeros(4) for name in names}
    w = {name: np.zeros(4) for name in names}
    s, m, total, s95, s999, d = (np.zeros(4) for _ in range(6))
    for t, slope in enumerate(g, 1):
        for name, optimizer in names.items():
            optimizer.step([ways[name]], [slope])
        s, s95, s999 = (step_rules.mean_square(old, slope, decay) for old, decay in ((s, 0.9), (s95, 0.95), (s999, 0.999)))
        m = 0.9 * m + 0.1 * slope
        w["rmsprop"] = step_rules.rmsprop(w["rmsprop"], s, slope, 0.1)
        w["adagrad"], total = step_rules.adagrad(w["adagrad"], total, slope, 0.1)
        new = step_rules.adadelta(w["adadelta"], s95, d, slope)
        d, w["adadelta"] = step_rules.mean_square(d, new - w["adadelta"], 0.95), new
        w["adam"] = step_rules.adam(w["adam"], m, s999, t, 0.1)
    for name in names:
        np.testing.assert_allclose(w[name], ways[name], rtol=1e-9, err_msg=name)


def test_the_slope_of_ten_moons_is_that_of_labkits_unit():
    moons, w = course("moons"), np.array([0.7, -1.2])
    rows = moons.examples[moons.batches[5]]
    np.testing.assert_allclose(moons.slope(w, 5), surfaces.unit_error(rows[:, :2], rows[:, 2]).gradient(*w))
    assert moons.batches.shape == (moons.steps, 10)
    lowest = race_courses.lowest(moons)
    assert lowest <= race_courses.heights("moons")[2].min() and lowest > 0


def test_no_way_is_half_the_readers_and_half_labkits():
    def fails_late(w, s, g, learning_rate, epsilon):
        fails_late.calls += 1
        if fails_late.calls > 50:
            raise ValueError("too late")
        return w - learning_rate * np.sign(g)

    fails_late.calls = 0
    field = Field(None, fails_late, None)
    np.testing.assert_array_equal(field.run(course("beale"))["rmsprop"], Field().run(course("beale"))["rmsprop"])
    assert "ValueError" in field.rmsprop.sentence


def test_a_racer_that_leaves_is_gone_and_said_so():
    board = widgets.race(lambda w, s, g, learning_rate, epsilon: w + 1e4)
    use(board, "time", 100)
    assert np.isnan(board.ways["rmsprop"][-1]).all() and "Left for good: RMSprop" in board.view["note"]


@pytest.mark.parametrize(("rule", "words"), [
    (lambda w, s, g, learning_rate, epsilon: None, "returned nothing"),
    (lambda w, s, g, learning_rate, epsilon: 3.0, "shape"),
    (lambda w, s, g, learning_rate, epsilon: undefined, "NameError"),  # noqa: F821
    (7, "not a function"),
])
def test_an_unfinished_rule_is_replaced_and_the_reason_said(rule, words):
    board = widgets.race(rule)
    assert words in board.view["source"] and not board.view["ours"]
    press(board, "Home")
    assert words in board.view["source"]
    np.testing.assert_array_equal(board.ways["rmsprop"], Field().run(course("saddle"))["rmsprop"])


def test_a_wrong_rule_is_shown_as_it_is():
    board = widgets.race(lambda w, s, g, learning_rate, epsilon: w + learning_rate * g / (np.sqrt(s) + epsilon))
    assert board.above["rmsprop"][-1] > board.above["rmsprop"][0] and board.view["ours"] is False
    assert "Running your `<lambda>`" in board.view["source"]


# The live race

def test_every_control_and_key_answers(board):
    assert json.loads(json.dumps(board.view)) and ElementTree.fromstring(board.view["svg"]).get("role") == "img"
    for key in board.view["keys"]:
        press(board, key)
        press(board, key, shift=True)
        assert "stumbled" not in board.view["note"], key
    for control in board.view["controls"]:
        values = {"slider": [control.get("min"), control.get("max")], "choice": [v for v, _ in control.get("options", [])], "button": [None]}
        for value in values[control["kind"]]:
            use(board, control["name"], value)
            assert "stumbled" not in board.view["note"], f"{control['name']}={value}: {board.view['note']}"
    for x, y in ((-50, -50), (200, 200), (700, 300), (5000, 5000)):
        for kind in ("down", "drag", "up"):
            board.receive({"type": kind, "x": x, "y": y})
            assert "stumbled" not in board.view["note"]


def test_the_start_follows_the_pointer_and_the_keys(board):
    use(board, "course", "beale")
    use(board, "power", 0)
    board.receive({"type": "down", **dict(zip("xy", board.plane(Scene(1, 1)).to(2.0, -1.0), strict=True))})
    assert np.allclose(board.start, (2.0, -1.0), atol=0.01)
    np.testing.assert_allclose(board.ways["adam"][0], board.start)
    press(board, "d")
    assert board.start[0] == pytest.approx(2.18, abs=0.01)
    use(board, "home")
    assert board.start == course("beale").start


def test_it_plays_to_the_end_stops_and_plays_again(board):
    use(board, "course", "saddle")
    press(board, " ")
    assert board.step == 0 and board.view["tick"]
    for _ in range(200):
        board.receive({"type": "tick"})
    assert board.step == board.course.steps and not board.view["tick"]
    press(board, "ArrowLeft", shift=True)
    assert board.step == board.course.steps - 10


def test_all_rates_are_changed_together(board):
    use(board, "course", "valley")
    use(board, "power", 3)
    assert not np.isfinite(board.above["gradient_descent"][-1]) and "gradient descent" in board.view["note"]
    assert np.isfinite(board.above["rmsprop"][-1])
    use(board, "power", 0)


def test_only_a_moved_start_runs_the_race_anew_and_each_racer_once(board, monkeypatch):
    """What an answer costs, counted in slopes: seven racers, and two more where a reader's functions are tried by themselves."""
    use(board, "course", "moons")
    asked, slope = [], race_courses.Course.slope
    monkeypatch.setattr(race_courses.Course, "slope", lambda *arguments: asked.append(1) or slope(*arguments))
    press(board, "ArrowLeft")
    assert not asked
    press(board, "d")
    assert 7 * board.course.steps <= len(asked) <= 9 * board.course.steps


def test_each_racer_keeps_its_colour(board):
    use(board, "course", "saddle")
    use(board, "time", 50)
    assert all(COLORS[racer] in board.view["svg"] for racer in RACERS)


# The recording

def test_the_film_holds_every_moment_and_its_still_form(film):
    page = film._repr_mimebundle_()[0]["text/html"]
    assert page.count("<script>") == 1 and 'src="data:image/png;base64,' in page and "http://" not in page.replace("http://www.w3.org", "")
    data = json.loads(re.search(r"getElementById\('[^']+'\), (\{.*\})\);</script>", page, re.S)[1].replace("\\u003c", "<"))
    assert len(data["ways"]) == len(COURSES) and all(len(way) == data["frames"] + 1 for ways in data["ways"] for way in ways)
    for name, ways in zip(COURSES, data["ways"], strict=True):
        assert all(way[0] == ways[0][0] for way in ways), "all racers begin at one start"
        assert name in COURSES
    assert len(page) < 400_000


def test_the_standings_print_starts_rates_and_heights(film):
    text = film.standings()
    for words in ("(-1.5, 0.001)", "(-1.2, 1.0)", "(1.0, 1.5)", "(-4.0, 4.0)", "0.0015", "0.005", "RMSprop", "Adadelta"):
        assert words in text
    assert max(map(len, text.splitlines())) <= 62       # a longer line wraps in a window of 640 pixels, and the columns with it


def test_unwritten_functions_are_said_in_the_film():
    def rmsprop_step(w, s, g, learning_rate, epsilon):
        raise NotImplementedError

    film = widgets.race_film(rmsprop_step)
    assert "Your `rmsprop_step` is not written yet" in film.source


# The lab's pictures

def test_the_pictures_say_what_they_found():
    said = figures.slopes_of_weights({"layer 1": np.logspace(-6, -2, 50), "layer 2": np.zeros(3) + 0.1}).alt
    assert "no gradient" in said
    stream = np.r_[np.ones(20), 0.01 * np.ones(60)]
    roots = {0.5: np.where(np.arange(80) < 24, 1, 0.01), 0.9: np.ones(80)}
    assert "5 with decay 0.5" in figures.running_roots(stream, roots, 20).get_suptitle().replace("\n", " ")
    assert "more than 60" in figures.running_roots(stream, roots, 20).get_suptitle().replace("\n", " ")
    surface = surfaces.himmelblau()
    ends = np.repeat([[0, 1]], 2, axis=0)
    assert "divides" in figures.arrival_maps({"adam": ends, "momentum": ends}, surface).alt
    low = np.array([[1e-3, 5.0], [np.nan, 2.0]])
    maps = figures.height_maps({"adam": low, "momentum": np.full((2, 2), 5.0)}, surface)
    assert "Adam" in maps.alt and [words.get_text() for words in maps.legends[0].get_texts()] == ["lost"]
    lost, *heights = (luminance(to_hex(maps.axes[0].images[0].cmap(value))) for value in (np.ma.masked, *np.linspace(0, 1, 9)))
    assert lost > max(heights) + 0.1        # apart from every height without any colour
    assert figures.height_maps({"adam": np.ones((2, 2))}, surface).legends == []
    gone = figures.distance_gone([1, 1000], {"adagrad": [0.1, 6.3], "rmsprop": [0.1, 99]}, "far")
    assert "After 1,000 steps: Adagrad 6.3, RMSprop 99." in gone.alt
