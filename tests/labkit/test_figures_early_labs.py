"""The figures of labs 01 and 02 say what is in them, and place_points shows the reader's own points at their own scale."""

import numpy as np
import pytest
from matplotlib.text import Text

from labkit import datasets, figures, metrics, widgets

MOVIES = datasets.movies()


def title(figure):
    return figure.get_suptitle().replace("\n", " ")


def test_gates_are_counted():
    right = {"AND": (np.ones(2), -1.5), "OR": (np.ones(2), -0.5)}
    assert title(figures.gate_planes(right)) == "A gate is a line in the right place"
    assert "6 of 8" in title(figures.gate_planes(right | {"AND": (np.ones(2), -0.5)}))


@pytest.mark.parametrize(("lengths", "holds"), [([3.0, 4.0], True), ([3.0, 40.0], False), ([3.0, 0.1], False)])
def test_a_run_outside_the_wedge_is_said_to_be(lengths, holds):
    R, margin = np.sqrt(14), np.sqrt(14) / metrics.novikoff_bound(MOVIES.X - 3, MOVIES.y) ** 0.5
    said = title(figures.wedge([("ratings minus 3", np.array(lengths), R, margin)]))
    assert ("caught" in said) == holds and ("break out" in said) != holds


@pytest.mark.parametrize("b", [-6.0, -2.0])
def test_many_lines_claims_to_be_right_only_where_all_are(b):
    X, y = np.array([[2.0, 2.0], [4.0, 4.0]]), np.array([0, 1])
    weights = np.array([[1.0, 1.0, -6.0], [1.0, 1.0, b]])
    figure = figures.many_lines(X, y, weights, np.array([True, False]), np.array([3.0, 3.0]), ("x1", "x2"), ("no", "yes"))
    said = title(figure)
    assert said.startswith("All 2 are right") == (b == -6.0) and "50% would watch" in said
    assert {"a line: watch it", "a line: leave it"} < {words.get_text() for words in figure.legends[0].get_texts()}


def test_the_curves_are_read_from_the_data():
    assert "grows by 4.0% a step" in title(figures.around_the_limit(0.9 ** np.arange(5), 1.04 ** np.arange(5)))
    made = np.array([[1, 2, 3], [4, 5, 6]])
    assert "10 rows, 4 mistakes" in title(figures.stream_of_mistakes(np.array([5, 10]), made, np.array([9.0, 9.0])))


def test_own_points_get_a_plane_of_their_size_and_presets_the_usual_one():
    board = widgets.place_points(points=(MOVIES.X, MOVIES.y), labels=("Mary", "John"))
    assert (board.low, board.high) == (0, 6)
    board.receive({"type": "key", "key": "n"})
    for _ in range(40):
        board.receive({"type": "key", "key": "ArrowRight", "shift": True})
    assert board.X[1, 0] == 6
    board.receive({"type": "control", "name": "preset", "value": "xor"})
    assert (board.low, board.high) == (-5, 5)


def test_the_sixteen_ways_and_the_bump_are_counted_not_assumed():
    corners, flat = datasets.xor().X.astype(float), lambda way: lambda Z: np.zeros(len(Z))
    assert title(figures.sixteen_ways({(0, 0, 0, 0), (0, 0, 0, 1)}, corners, flat)) == "Lines sort the four corners in 2 of 16 ways"
    x = np.linspace(0, 8, 81)
    assert "a bump can" in title(figures.straight_or_bump(x, ((x > 3) & (x < 5)).astype(float)))
    assert "nor can this network" in title(figures.straight_or_bump(x, (x > 3).astype(float)))


def test_planes_shade_only_where_an_answer_is_given():
    corners = datasets.xor().X.astype(float)
    common = {"X": corners, "y": datasets.xor().y}
    figure = figures.planes([{"title": "a", "answer": None, **common}, {"title": "b", "answer": lambda Z: Z[:, 0], "labels": ("u", "v"), **common}],
                            "Two planes", extent=(-0.5, 1.5, -0.5, 1.5))
    assert [len(ax.collections) > 0 for ax in figure.axes] == [False, True]
    assert [ax.get_xlabel() for ax in figure.axes] == ["x1", "u"]


def test_the_two_sides_of_a_plane_are_parted_by_a_line_for_printers_without_colour():
    drawn = figures.boundary(datasets.xor().X, datasets.xor().y, predict=lambda Z: Z[:, 0] > 0.3)
    edge = [path for part in drawn.axes[0].collections if part.get_edgecolor().size for path in part.get_paths() if len(path)]
    assert any(np.allclose(path.vertices[:, 0], 0.3, atol=0.02) and np.ptp(path.vertices[:, 1]) > 1 for path in edge)
    assert len(figures.boundary(datasets.xor().X, datasets.xor().y, predict=lambda Z: np.zeros(len(Z))).axes[0].collections) == 1


def test_the_line_between_the_sides_is_straight_up_to_the_border():
    drawn = figures.boundary(datasets.xor().X, datasets.xor().y, predict=lambda Z: Z[:, 0] + 0.7 * Z[:, 1] > 0.5, extent=(-0.5, 1.5, -0.5, 1.5))
    edge = np.concatenate([path.vertices for part in drawn.axes[0].collections if part.get_edgecolor().size for path in part.get_paths()])
    assert np.abs(edge @ [1, 0.7] - 0.5).max() < 0.003
    assert edge.min() == -0.5 and edge[:, 1].max() > 1.4


def test_the_panels_of_one_figure_have_smaller_titles_than_the_figure():
    gates = figures.gate_planes({"AND": (np.ones(2), -1.5), "OR": (np.ones(2), -0.5)})
    wedge = figures.wedge([("ratings", np.array([3.0, 4.0]), 4.0, 0.5)])
    for figure in (gates, wedge):
        titles = [words for ax in figure.axes for words in ax.findobj(Text) if words.get_text() == ax.get_title(loc="left")]
        assert {words.get_fontsize() for words in titles} == {11} and len(titles) == len(figure.axes)


def six(x, z):
    return np.column_stack([np.ones(len(x)), x, z, x * z, x**2, z**2])


def test_units_that_miss_a_corner_are_not_called_right():
    corners, y = datasets.xor().X.astype(float), datasets.xor().y.astype(float)
    right, wrong = np.array([0, 1, 1, -2, 0, 0.0]), np.array([0, 1, 1, -1, 0, 0.0])
    shortest = np.array([0, 0.5, 0.5, -2, 0.5, 0.5])
    assert title(figures.units_at_corners({"a": shortest, "b": right}, six, corners, y)).startswith("Both answer all four")
    assert title(figures.units_at_corners({"a": shortest, "b": wrong}, six, corners, y)).startswith("Not both")


def test_the_best_unit_and_the_turn_are_found_in_the_errors():
    figure = figures.seen_and_unseen([0.5, 0.6, 0.7], [0.9, 0.8, 0.4], [(0, 1), (0, 2), (1, 2)], ["age", "sex", "bmi"])
    assert "sex with bmi does best" in title(figure)
    curves = np.array([[0.6, 0.5, 0.4], [0.6, 0.5, 0.5], [0.7, 0.6, 2.0]])
    assert "turns after layer 2" in title(figures.over_selection(curves, splits=3))
    gx, gz = np.meshgrid(*[np.linspace(-1, 1, 5)] * 2)
    assert len(figures.six_terms(six(gx.ravel(), gz.ravel()), side=5).axes) == 7
