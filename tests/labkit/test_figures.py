"""Every figure: drawn, titled with a finding that is true, with alt text, readable as a card, loaded late."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from labkit import figures
from labkit.figures.style import COLORS

RNG = np.random.default_rng(0)
X = np.vstack([RNG.normal((-1.5, -0.5), 0.8, (20, 2)), RNG.normal((1.5, 1), 0.8, (20, 2))])
Y = np.repeat([0, 1], 20)
AXIS = np.linspace(-2, 2, 9)
ACCURACIES = np.full((3, 9, 9), 0.5)
ACCURACIES[1, 4, 2:5] = 0.75
STROKE = np.zeros((28, 28))
STROKE[8:20, 12:15] = 1


def bowl(x, y):
    return x**2 + 4 * y**2


PICTURES = {
    "course_map": lambda: figures.course_map("02_xor"),
    "points": lambda: figures.points(X, Y),
    "boundary": lambda: figures.boundary(X, Y, [1, 1], 0.0),
    "boundary of a rule": lambda: figures.boundary(X, Y, predict=lambda Z: Z[:, 0] > 0),
    "unit": lambda: figures.unit([1, -2], 0.5, [1, 1]),
    "line_map": lambda: figures.line_map(ACCURACIES, AXIS, AXIS, [-1, 0, 1]),
    "mistakes": lambda: figures.mistakes([0, 3, 10], [4, 30, 200]),
    "histogram_of_runs": lambda: figures.histogram_of_runs([3, 4, 4, 5, 9], bound=20),
    "images": lambda: figures.images([STROKE, np.roll(STROKE, 4, 1), STROKE * 0.5]),
    "draw_network": lambda: figures.draw_network([2, 2, 1], [np.ones((2, 2)), -np.ones((2, 1))]),
    "a wide network": lambda: figures.draw_network([64, 12, 10]),
    "draw_mountain": lambda: figures.draw_mountain(bowl, {"momentum": [[-2, 2], [0, 0]]}, minima=[(0, 0)]),
}


@pytest.fixture(scope="module", params=PICTURES)
def drawing(request):
    return PICTURES[request.param]()


def test_alt_text_says_something(drawing):
    assert 30 < len(drawing.alt) < 500
    assert drawing.alt == " ".join(drawing.alt.split())


def test_alt_text_says_what_the_title_says_once(drawing):
    assert drawing.alt.count(title(drawing)) == 1 or not title(drawing)
    assert drawing.alt.startswith(title(drawing))


@pytest.mark.parametrize("finding, seen, alt", [
    ("3 of 4 are right", None, "3 of 4 are right"),
    ("3 of 4 are right", "Four dots,\n  one crossed out.", "3 of 4 are right. Four dots, one crossed out."),
    ("Which two\nbelong together?", "Three images.", "Which two belong together? Three images."),
    ("3 of 4 are right", "3 of 4 are right. Four dots.", "3 of 4 are right. Four dots."),
])
def test_alt_text_is_the_finding_and_then_what_is_to_be_seen(finding, seen, alt):
    from labkit.figures.picture import picture, say

    assert say(picture()[0], finding, seen).alt == alt


def test_the_words_for_a_mountain_name_its_axes_and_where_each_path_ends():
    said = figures.draw_mountain(bowl, {"gradient_descent": [[-2, 2], [-1e-9, 0.123]]}, labels=("along", "across")).alt
    assert "Axes: along, from -3 to 3; across, from -3 to 3. A path, gradient descent, from (-2, 2) to (0, 0.12)." in said
    assert "runs from 0 to" in said


def test_jupyter_gets_an_image_with_its_alt_text_on_the_card(drawing):
    data, metadata = drawing._repr_mimebundle_()
    assert f'alt="{drawing.alt}"'.replace("'", "&#x27;") in data["text/html"]
    assert metadata["image/png"]["alt"] == drawing.alt
    image = Image.open(io.BytesIO(drawing.png(dpi=60))).convert("RGB")
    assert np.abs(np.array(image.getpixel((0, 0))) - np.array([0xfd, 0xfc, 0xf9])).max() <= 3


def test_a_narrow_window_shows_the_words_of_a_picture_and_the_map_whole():
    figure = figures.histogram_of_runs([1, 2, 5])
    small = figure.axes[0].text(2, 0.5, "small", fontsize=8)
    assert f"--readable:{np.ceil(9 * 672 / (8 * 96 / 72)):.0f}px" in figure._repr_mimebundle_()[0]["text/html"]
    small.set_fontsize(4)
    assert "--readable:672px" in figure._repr_mimebundle_()[0]["text/html"], "it is never made larger than it is"
    assert "--readable" not in figures.course_map("02_xor")._repr_mimebundle_()[0]["text/html"]


def test_nothing_is_drawn_outside_the_picture(drawing):
    box, (width, height) = drawing.get_tightbbox(), drawing.get_size_inches()
    assert box.x0 > -0.02 and box.y0 > -0.02 and box.x1 < width + 0.02 and box.y1 < height + 0.02


def title(figure):
    return figure.get_suptitle().replace("\n", " ")


def test_titles_count_what_is_there():
    assert "20 squares (class 0), 20 circles (class 1)" in title(figures.points(X, Y))
    right = int(((X.sum(axis=1) > 0) == Y).sum())
    assert f"{right} of 40" in title(figures.boundary(X, Y, [1, 1], 0.0))
    assert "75%" in title(PICTURES["line_map"]())
    assert "All 3 runs" in title(PICTURES["mistakes"]())
    assert "1 of 2 runs break" in title(figures.mistakes([5, 50], [10, 10]))
    assert "answers 0" in figures.unit([1, -2], 0.5, [1, 1]).axes[0].texts[0].get_text()
    assert "answers 1" in figures.unit([1, 1], -1.5, [1, 1]).axes[0].texts[0].get_text()


def test_a_long_title_breaks_between_words_not_in_them():
    from labkit.figures.picture import picture, say

    figure = say(picture(7.4)[0], "At a sum of -8, badly wrong, squared error sends -0.0003, cross-entropy -1.00")
    assert figure.get_suptitle().splitlines()[1] == "cross-entropy -1.00"


@pytest.mark.parametrize("ends, first, last, power", [((0.001, 10_000), "0.001", "10,000", False), ((1e-9, 200), "10^{-10}", "10^{2}", True)])
def test_the_numbers_of_one_logarithmic_axis_are_written_in_one_way(ends, first, last, power):
    figure = figures.curves({"": {"a": ([1, 2], ends)}}, "steps", "height", "It falls", "A curve.", logy=True)
    figure.draw_without_rendering()
    said = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert any(first in one for one in said) and any(last in one for one in said), said
    assert {"10^" in one for one in said if one} == {power}, said


def test_lines_are_named_at_their_ends_and_those_that_end_in_one_place_together():
    lines = {"a": ([0, 1], [0.0, 1]), "b": ([0, 1], [0.0, 5]), "c": ([0, 1], [9.0, 1.1])}
    figure = figures.curves({"": lines}, "steps", "height", "It falls", "Curves.", ends=True)
    assert [words.get_text() for words in figure.axes[0].texts] == ["a, c", "b"] and not figure.legends


def test_lines_of_one_name_that_are_named_at_their_ends_differ_in_their_dashes():
    lines = {label: ([0, 1], [0.0, end], "nesterov") for label, end in (("a", 1), ("b", 2))}
    one, other = figures.curves({"": lines}, "steps", "height", "It falls", "Curves.", ends=True).axes[0].lines
    assert one.get_color() == other.get_color() == COLORS["nesterov"] and one.get_linestyle() != other.get_linestyle()


@pytest.mark.parametrize("last, whole", [(15, True), (0.75, False)])
def test_an_axis_of_whole_numbers_has_no_ticks_between_them(last, whole):
    lines = {"a": (np.arange(1, 16) * last / 15, np.arange(15))}
    figure = figures.curves({"one": lines, "other": lines}, "steps", "height", "It falls", "A curve.")
    figure.draw_without_rendering()
    assert all(tick == round(tick) for tick in figure.axes[0].get_xticks()) == whole


@pytest.mark.parametrize("drawn", [
    lambda: figures.around_the_limit(np.ones(4), np.ones(4)), lambda: figures.loss_slopes(AXIS, AXIS, AXIS),
    lambda: figures.unit_paths(np.zeros((3, 2, 2)), np.ones((3, 2, 2))), lambda: figures.learning_curve({"one": [1, 2], "other": [2, 3]}),
    lambda: figures.matrix_blocks(9, 3, 5)])
def test_what_is_no_class_and_no_data_set_does_not_bear_the_colour_of_one(drawn):
    from matplotlib.colors import to_hex

    taken = {COLORS[name] for name in ("class_0", "class_1", "train", "check")}
    axes = drawn().axes
    colors = {to_hex(line.get_color()) for ax in axes for line in ax.lines} | {to_hex(text.get_color()) for ax in axes for text in ax.texts}
    assert not taken & (colors | {to_hex(patch.get_edgecolor()) for ax in axes for patch in ax.patches})


def test_powers_of_ten_are_written_out_only_where_all_can_be():
    assert figures.style.powers_of_ten([-4, -2, 0, 2, 4]) == ["0.0001", "0.01", "1", "100", "10,000"]
    assert figures.style.powers_of_ten([-6, 0]) == ["$10^{-6}$", "$10^{0}$"]


def test_a_line_over_dark_bars_is_seen_and_its_number_reads_like_the_others():
    figure = figures.histogram_of_runs([1000, 1134, 1500], bound=12345)
    assert [line.get_label() for line in figure.axes[0].lines] == ["median 1,134", "bound 12,345"]
    assert all(line.get_path_effects() for line in figure.axes[0].lines)
    figure.draw_without_rendering()
    assert "2,000" in [words.get_text() for words in figure.axes[0].get_xticklabels()]


def test_the_rows_of_a_step_back_are_parted_and_none_touches_the_edge():
    figure = figures.matrix_blocks(128, 3, 5)
    ax = figure.axes[0]
    assert len([line for line in ax.lines if np.ptp(line.get_ydata()) == 0 and np.ptp(line.get_xdata()) > 700]) == 2
    assert max(patch.get_xy()[:, 1].max() for patch in ax.patches) < ax.get_ylim()[0] - 10


def test_a_negative_weight_is_told_from_a_positive_one_without_colour():
    weights = np.array([[-1.0, 1.0], [-0.5, 0.0]])
    penalty, rows = figures.weight_images({"a": weights.ravel()}, (2, 2), "Weights"), {"a": weights.reshape(1, 4)}
    for figure in (penalty, figures.image_rows(rows, "Weights", signed=True)):
        assert figure.axes[0].collections[0].get_offsets().tolist() == [[0, 0], [0, 1]]


def test_the_best_rates_lie_over_the_line_not_under_it():
    errors = np.array([[0.2, 0.4], [0.3, 0.1]])
    lines = figures.rate_width_map(errors, [0, 0.5], [8, 16]).axes[0].lines
    assert lines[0].get_label() == "best rate of each width" and lines[0].get_zorder() > max(line.get_zorder() for line in lines[1:])


def test_runs_that_did_not_finish_are_counted_not_drawn():
    figure = figures.histogram_of_runs([3, 4, np.nan])
    assert "1 did not finish" in title(figure)
    assert sum(bar.get_height() for bar in figure.axes[0].patches) == 2


def test_six_images_stand_in_two_rows_of_a_picture_no_wider_than_three():
    few, many, odd = (figures.images([STROKE] * n, distances=False) for n in (3, 6, 5))
    assert few.get_figwidth() == many.get_figwidth() and many.axes[3].get_subplotspec().rowspan.start == 1
    assert [len(figure.axes) for figure in (few, many, odd)] == [3, 6, 5]


def test_images_names_the_closest_pair():
    figure = PICTURES["images"]()
    assert "A and C" in title(figure)
    assert f"{np.linalg.norm(STROKE) / 2:.4g}" in figure.get_supxlabel()


def test_the_lines_of_a_relief_lie_between_its_bands():
    from labkit.figures.relief import Relief
    from labkit.figures.scene import Scene

    x, y = np.meshgrid(np.linspace(-2, 2, 120), np.linspace(1, -1, 90))
    relief, scene = Relief(x**2 + 3 * y, levels=6), Scene(400, 200)
    relief.draw(scene, (30, 20, 300, 150))
    points = np.concatenate([look["points"] for kind, look in scene.shapes if kind == "polyline"])
    w, v = -2 + 4 * (points[:, 0] - 30) / 300, 1 - 2 * (points[:, 1] - 20) / 150
    to_a_cut = np.abs((w**2 + 3 * v)[:, None] - relief.cuts[1:-1])
    assert to_a_cut.min(axis=1).max() < 0.01 and set(to_a_cut.argmin(axis=1)) == set(range(5))
    assert len(np.unique(relief.rgb.reshape(-1, 3), axis=0)) == 6 and (relief.shades(relief.heights) == relief.rgb).all()


def test_course_map_marks_the_lab_and_calls_the_branches_later():
    assert "station 2 of 9, XOR" in figures.course_map("02").alt
    assert "later" in figures.course_map("02").alt
    with pytest.raises(ValueError, match="02_xor"):
        figures.course_map("10_convolution")


def test_weights_are_drawn_by_sign():
    from labkit.figures.style import COLORS

    lines = figures.draw_network([1, 2], [np.array([[2.0, -1.0]])]).axes[0].lines
    assert [line.get_color() for line in lines[:2]] == [COLORS["positive"], COLORS["negative"]]
    assert lines[0].get_linewidth() > lines[1].get_linewidth()
    assert lines[0].get_linestyle() != lines[1].get_linestyle()


def test_the_notebooks_own_settings_neither_matter_nor_change():
    import matplotlib

    with matplotlib.rc_context({"font.size": 40, "figure.facecolor": "black"}):
        figure = figures.points(X, Y)
        assert matplotlib.rcParams["font.size"] == 40
    assert figure.get_facecolor()[:3] == pytest.approx((0xfd / 255, 0xfc / 255, 0xf9 / 255))


@pytest.mark.parametrize("wrong, words", [
    (lambda: figures.points(X[:, :1], Y), "two columns"),
    (lambda: figures.points(X, Y[:3]), "one label a row"),
    (lambda: figures.points(np.full((2, 2), np.nan), [0, 1]), "NaN"),
    (lambda: figures.boundary(X, Y, [1, 2, 3]), "two weights"),
    (lambda: figures.line_map(ACCURACIES, AXIS, AXIS, [0]), "need"),
    (lambda: figures.draw_network([2, 1], [np.ones((1, 2))]), "need"),
    (lambda: figures.draw_mountain(lambda x, y: 1.0), "element by element"),
    (lambda: figures.images([np.zeros(10)]), "28"),
    (lambda: figures.unit([1, 1], 0, [1]), "weights"),
    (lambda: figures.histogram_of_runs([np.nan]), "none of the runs"),
    (lambda: figures.paper_table([{"claim": "x"}]), "lacks"),
])
def test_bad_input_gets_a_sentence(wrong, words):
    with pytest.raises((ValueError, TypeError), match=words) as error:
        wrong()
    assert len(str(error.value).splitlines()) == 1


ROW = {"claim": "mistakes <= bound", "kind": "theorem", "paper": "(R/γ)²", "ours": 12.0, "setting": "seed 0", "why": "a & b", "ok": True}


def test_paper_table_reads_without_its_colours():
    table = figures.paper_table([ROW, ROW | {"ok": False, "kind": "number", "ours": "off by 4e-16"}])
    page = table._repr_html_()
    assert page.count('scope="col"') == 5 and page.count('scope="row"') == 2 and "<caption" in page and '"></th>' not in page
    assert "mistakes &lt;= bound" in page and "a &amp; b" in page
    assert "holds" in page and "differs" in page and 'off by <span style="white-space:nowrap">4e-16</span>' in page
    assert "holds: mistakes <= bound (theorem)" in str(table) and "We got: 12" in str(table)
    with pytest.raises(ValueError, match="theorem, figure, number"):
        figures.paper_table([ROW | {"kind": "guess"}])


def test_importing_the_figures_loads_no_matplotlib():
    code = "import sys; from labkit import figures, widgets; figures.style; print('matplotlib' in sys.modules, 'ipywidgets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == ["False", "False"]


def test_figures_stay_figures_whatever_was_imported_before():
    code = ("import importlib, pkgutil, labkit.figures as f, labkit.widgets as w\n"
            "for p in (f, w):\n"
            "    for m in pkgutil.iter_modules(p.__path__): importlib.import_module(p.__name__ + '.' + m.name)\n"
            "print([n for p in (f, w) for n in p._HOMES if not callable(getattr(p, n))])")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
