"""The rule machine of lab 04, driven from Python, and the pictures of its lab."""

import json
import statistics
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.textpath import TextPath

from labkit import figures, widgets
from labkit.figures.family_trees import facts
from labkit.gradcheck import compare, numerical_gradient
from labkit.widgets import backprop_rules as ours
from labkit.widgets.rule_chain import steps
from labkit.widgets.stepping_rules import MATRICES_TOP, NETWORKS, SIZES, drawn_weights, examples, short, window


def press(board, key, times=1):
    for _ in range(times):
        board.receive({"type": "key", "key": key})


def use(board, name, value=None):
    board.receive({"type": "control", "name": name, "value": value})


def stumbled(board):
    return "stumbled" in board.view["note"]


@pytest.mark.parametrize("net", NETWORKS)
def test_every_rule_of_every_network_can_be_looked_at(net):
    board = widgets.rule_machine()
    use(board, "net", net)
    sizes = SIZES[net]
    assert len(board.chain) == 5 * (len(sizes) - 1) + 1          # two forwards and three backwards a layer, E twice, no W1 transposed
    for at in range(len(board.chain)):
        assert board.at == at and not stumbled(board), board.view["note"]
        view = json.loads(json.dumps(board.view))
        assert ElementTree.fromstring(view["svg"]).get("aria-label") == view["alt"]
        assert str(board.step.result.shape[0]) in view["alt"] and board.step.formula in view["alt"]
        press(board, "ArrowRight")
    assert board.at == 0
    press(board, "ArrowLeft")
    assert board.at == len(board.chain) - 1 and board.step.kind == "collect" and board.step.layer == 1


@pytest.mark.parametrize("net", NETWORKS)
@pytest.mark.parametrize("loss", ["squared", "cross-entropy"])
def test_the_chain_ends_with_the_true_gradients(net, loss):
    X, T = examples(net)
    weights = drawn_weights(net, 1)
    rules = ours.dense_backward, ours.sigmoid_backward, ours.loss_gradient
    _, E, gradients = steps(X, T, weights, loss, rules)
    nudged = [numerical_gradient(lambda: steps(X, T, weights, loss, rules)[1], w, 1e-5) for w in weights]
    assert np.isfinite(E) and compare(gradients, nudged).difference < 1e-6


def test_128_images_show_the_shapes_of_the_seeds():
    board = widgets.rule_machine()
    use(board, "net", "images")
    assert "X 128×3 × W₁ 3×5 = Z₁ 128×5" in board.view["alt"]


@pytest.mark.parametrize("net", NETWORKS)
def test_a_shape_stands_in_one_line_with_its_name(net):
    board = widgets.rule_machine()
    use(board, "net", net)
    for _ in board.chain:
        lines = [shape["words"] for kind, shape in board.scene().shapes if kind == "text" and shape["x"] == 350 and "×" in shape["words"]]
        assert lines and not [line for line in lines if line[0].isdigit()], lines
        press(board, "ArrowRight")


def test_descent_lowers_the_error_and_a_new_start_is_new():
    board = widgets.rule_machine()
    before = board.E
    use(board, "descend")
    assert board.E < before and board.swept == 1
    use(board, "hundred")
    assert board.swept == 101
    use(board, "again")
    assert board.swept == 0 and board.E != before
    use(board, "loss", "cross-entropy")
    assert not stumbled(board) and board.step is board.chain[board.at]


def test_keys_and_clicks_choose_the_example_the_rule_and_the_unit():
    board = widgets.rule_machine()
    row = board.row
    press(board, "ArrowDown")
    assert board.row == (row + 1) % 4
    press(board, "ArrowUp", 2)
    assert board.row == (row - 1) % 4
    left, top, width, height = board.boxes()[7]
    board.receive({"type": "down", "x": left + width / 2, "y": top + height / 2})
    assert board.at == 7
    x, y = board.places()[1][1]
    board.receive({"type": "down", "x": x, "y": y})
    assert board.unit == 1 and not stumbled(board)


def test_it_runs_the_students_rules_and_says_so():
    calls = []

    def dense_backward(dY, X, W):
        calls.append(W.shape)
        return dY @ W.T, X.T @ dY, dY.sum(axis=0)

    def sigmoid_backward(dY, Y):
        raise NotImplementedError

    def loss_gradient(Y, T, loss):
        return (Y - T)[:, 0]

    board = widgets.rule_machine(dense_backward, sigmoid_backward, loss_gradient)
    assert calls and "Running your `dense_backward`" in board.view["source"]
    assert "`sigmoid_backward` is not written yet" in board.view["source"]
    assert "`loss_gradient` returned shape (4,), expected shape (4, 1)" in board.view["source"] and not board.view["ours"]


def test_a_wrong_rule_shows_its_wrong_numbers():
    board = widgets.rule_machine(None, lambda dY, Y: dY, None)
    press(board, "ArrowRight", 6)
    assert board.step.kind == "derivative"
    np.testing.assert_array_equal(board.step.result, board.chain[5].result)


def test_every_control_answers_and_clicks_anywhere_are_harmless():
    board = widgets.rule_machine()
    for control in board.view["controls"]:
        for value in [v for v, _ in control.get("options", [])] or [None]:
            use(board, control["name"], value)
            assert not stumbled(board), board.view["note"]
    for x, y in ((-50, -50), (0, 0), (400, 300), (5000, 5000)):
        for kind in ("down", "drag", "up"):
            board.receive({"type": kind, "x": x, "y": y})
            assert not stumbled(board)


def test_an_answer_takes_a_small_part_of_150_ms(calls_of):
    board = widgets.rule_machine()
    use(board, "net", "encoder")

    def descend():
        use(board, "descend")
        press(board, "ArrowRight")

    assert statistics.median(calls_of(descend) for _ in range(5)) < 50_000
    assert calls_of(lambda: use(board, "hundred")) < 80_000


def test_large_matrices_are_shortened_around_what_is_followed():
    assert window(4, 5, 0) == [0, 1, 2, 3]
    for n in (6, 9, 128):
        for chosen in (0, 3, n - 1):
            shown = window(n, 5, chosen)
            assert len(shown) == 5 and chosen in shown and None in shown
    assert all(len(short(v)) <= 6 for v in (0.0, -0.00012, 123.4, -0.0999, 1.0, -12.345, 0.5))


@pytest.mark.parametrize("net", NETWORKS)
def test_the_number_in_a_unit_fits_its_circle_sign_and_all(net):
    board = widgets.rule_machine()
    use(board, "net", net)
    for _ in board.chain:
        shapes = [shape for kind, shape in board.scene().shapes if kind in ("circle", "text")]
        for circle, text in zip(shapes, shapes[1:], strict=False):
            if "radius" not in circle:
                continue
            assert circle["y"] + circle["radius"] < MATRICES_TOP - 6
            if text.get("x") == circle["x"] and "words" in text:
                wide = TextPath((0, 0), text["words"], size=text["size"], prop={"weight": "bold" if text["bold"] else "normal"}).get_extents().width
                assert wide < 2 * circle["radius"] - 2, text["words"]
        press(board, "ArrowRight")


def test_a_step_is_drawn_in_its_shapes():
    assert "128 by 3" in figures.matrix_blocks(128, 3, 5).alt and "5 by 3" in figures.matrix_blocks(128, 3, 5).alt


def test_the_pictures_say_what_they_found():
    W = np.array([[1.0, -1.0], [-2.0, 2.0], [4.0, -4.0], [-4.0, 4.0], [2.0, -2.0], [-1.0, 1.0]])
    assert "1.0:2.0:4.0" in figures.mirror_weights(W).alt
    assert "2 rows differ" in figures.codes(np.array([[0.1, 0.9], [0.2, 0.8], [0.9, 0.1]])).alt
    paths = np.zeros((3, 2, 2))
    other = paths.copy()
    other[..., 1] = 3.0
    said = figures.unit_paths(paths, other).get_suptitle()
    assert "exactly equal" in said and "3.0" in said and "equal to 3e+00" in figures.unit_paths(other, paths).get_suptitle()
    shares = np.array([[0.0, 0.1], [0.5, 0.9]])
    assert "90% with 2 hidden units and starts of 0.3" in figures.success_map(shares, (0.1, 0.3), (1, 2), 44).get_suptitle().replace("\n", " ")


def test_the_units_of_a_family_are_compared_between_the_trees():
    names = facts()[2]
    same = np.tile(np.random.default_rng(0).normal(size=(12, 6)), (2, 1))
    same[12:, 0] *= -1
    picture = figures.family_weights(same, names)
    assert picture.get_suptitle().replace("\n", " ").startswith("In 5 of 6 units") and "Unit 1: correlation of the two rows -1.00" in picture.alt
