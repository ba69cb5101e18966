"""Lab 09's live classroom and its pictures: whose function runs, what the masks make, and what the pictures refuse."""

import numpy as np
import pytest

from labkit import figures, widgets
from labkit.regularization import dropout_mask
from labkit.widgets import flu_season


def press(board, name, value=None):
    board.receive({"type": "control", "name": name, "value": value})


def key(board, name):
    board.receive({"type": "key", "key": name, "shift": False})


def words(board):
    return [look["words"] for kind, look in board.scene().shapes if kind == "text"]


def test_the_masks_are_those_of_the_students_function():
    calls = []

    def dropout_forward(X, uniforms, rate):
        calls.append((X.copy(), uniforms.copy(), rate))
        mask = dropout_mask(uniforms, rate)
        return X * mask, mask

    board = widgets.classroom(dropout_forward)
    assert board.view["source"] == "Running your `dropout_forward`." and board.view["ours"]
    press(board, "many")
    X, uniforms, rate = calls[-1]
    assert X.shape == uniforms.shape == (51, 16) and (X == 1).all() and rate == 0.2
    np.testing.assert_array_equal(board.mask, dropout_mask(uniforms, 0.2))
    assert words(board).count("ill") == int((board.mask[-1] == 0).sum()) == int((uniforms[-1] < 0.2).sum())
    assert "1.25" in words(board)


def test_a_higher_rate_sends_more_home_with_the_same_numbers():
    board = widgets.classroom()
    low = board.here.copy()
    for _ in range(6):
        key(board, "ArrowUp")
    assert board.rate == 0.5 and (board.here <= low).all() and board.here.sum() < low.sum()
    for _ in range(40):
        key(board, "ArrowUp")
    assert board.rate == 0.9
    press(board, "rate", 0.0)
    assert board.here.all() and "1.00" in words(board) and "ill" not in words(board)


def test_days_pass_come_back_and_end():
    board = widgets.classroom()
    key(board, "ArrowRight")
    assert board.days == 2 and "Day 2:" in board.view["note"]
    key(board, "ArrowLeft")
    key(board, "ArrowLeft")
    assert board.days == 1
    for _ in range(12):
        key(board, "m")
    assert board.days == flu_season.MOST_DAYS and board.view["controls"][1]["disabled"]
    assert abs(board.here.mean() - 0.8) < 0.01 and abs(board.Y.mean() - 1) < 0.02
    press(board, "again")
    assert board.days == 1 and not board.view["controls"][1]["disabled"]


def test_in_the_exam_all_are_here_and_nothing_is_scaled():
    board = widgets.classroom()
    key(board, "e")
    assert board.exam and words(board).count("1.00") == 16 and "ill" not in words(board) and "together: 16.00" in words(board)
    key(board, "ArrowRight")
    assert not board.exam


def test_what_is_missing_in_the_function_is_seen_or_said():
    plain = widgets.classroom(lambda X, uniforms, rate: (X * (uniforms >= rate), (uniforms >= rate) * 1.0))
    press(plain, "many")
    assert plain.view["ours"] and abs(plain.Y.mean() - 0.8) < 0.05

    for wrong, complaint in ((lambda X, uniforms, rate: X, "expected two results"), (lambda X, uniforms, rate: (X, X[0]), "shape"),
                             (lambda X, uniforms, rate: (X, X * np.nan), "NaN"), (lambda X, uniforms, rate: (X, "mask"), "no array")):
        board = widgets.classroom(wrong)
        assert complaint in board.view["source"] and "labkit" in board.view["source"] and not board.view["ours"]
        np.testing.assert_array_equal(board.mask, dropout_mask(board.uniforms[:1], 0.2))


def test_a_louder_function_is_cut_off_and_marked():
    board = widgets.classroom(lambda X, uniforms, rate: (X * 9, np.full_like(X, 9.0)))
    assert words(board).count("+") == 16


def test_the_still_shows_a_day_on_which_somebody_is_ill():
    from labkit.widgets.stills import alt_text, still, still_path

    drawn = still("classroom")
    assert drawn.alt == alt_text("classroom") and "day 51" in drawn.alt and still_path("classroom").is_file()


def test_loudness_marks_the_two_rates_and_wants_a_number_for_each():
    rates = np.array([0.2, 0.5])
    drawn = figures.loudness(rates, np.ones(2))
    marks = [text.get_text() for text in drawn.axes[0].texts]
    assert marks == ["rate 0.2: times rate is 0.25", "rate 0.5: times rate is 1"]
    with pytest.raises(ValueError, match="one number in each"):
        figures.loudness(rates, np.ones(3))


def test_thinned_networks_need_a_chance_each():
    assert "4 thinned" in figures.thinned([0.1, 0.2, 0.3, 0.9], [0.25] * 4, 0.4, "a 3").get_suptitle()
    with pytest.raises(ValueError, match="one for each"):
        figures.thinned([0.1, 0.2], [1.0], 0.4, "a 3")


def test_the_pictures_of_weights_count_exact_zeros():
    walk = np.array([[1.0, -1.0], [0.5, 0.0]])
    assert "1 of 2 end" in figures.walks_to_zero({"L1, soft": walk}).axes[0].get_title(loc="center")
    both = figures.walks_to_zero({"L1, sign": walk + 0.1, "L1, soft": walk})
    assert "0 under L1, sign; 1 under L1, soft" in both.alt
    left = figures.weights_left({"plain": np.ones(4), "L1": np.array([0.0, 0.0, 1.0, 2.0])})
    assert left.get_suptitle() == "Weights that are exactly zero: 0 under plain, 2 under L1"
    four = figures.weights_left({name: np.arange(4.0) + 1 for name in "abcd"})
    assert len({line.get_linestyle() for line in four.axes[0].lines}) == 4
    image = figures.weight_images({"L1": np.array([0.0, -1.0, 2.0, 0.0])}, (2, 2), "Weights")
    assert len(image.axes[0].lines[0].get_xdata()) == 2


def test_the_map_names_the_best_rate_of_the_narrowest_and_the_widest():
    errors = np.array([[0.2, 0.2, 0.3], [0.3, 0.1, 0.2], [0.6, 0.4, 0.05]])
    drawn = figures.rate_width_map(errors, [0.0, 0.5, 0.9], [8, 32, 128])
    assert "8 units want rate 0, 128 want 0.9" in " ".join(drawn.get_suptitle().split()) and "5.0%" in drawn.alt
    with pytest.raises(ValueError, match="need"):
        figures.rate_width_map(errors, [0.0, 0.5], [8, 32, 128])


def test_rows_of_models_show_medians():
    drawn = figures.model_rows({"plain": [0.2, 0.1, 0.3], "dropout": [0.1, 0.1, 0.2]})
    assert drawn.get_suptitle() == "Medians: plain 20.0%, dropout 10.0%"
    with pytest.raises(ValueError, match="no model"):
        figures.model_rows({})
