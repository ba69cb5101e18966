"""The palette: readable on the card, told apart without red, green or blue, one colour for one meaning."""

import itertools

import numpy as np
import pytest

from labkit.figures import style

GROUPS = [("class_0", "class_1"), ("negative", "positive"), ("train", "check", "exam"),
          ("gradient_descent", "sgd", "momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adam")]
# Machado, Oliveira and Fernandes, A physiologically-based model for simulation of color vision deficiency (2009), severity 1.
SIGHT = {
    "full": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(color, sight):
    """CIELAB of an sRGB colour as seen through a matrix of SIGHT."""
    value = np.array(style.channels(color)) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = to_xyz @ np.clip(np.array(SIGHT[sight]) @ linear, 0, 1) / [0.9505, 1, 1.089]
    f = [np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("name", [name for name in style.COLORS if name != "here"])
def test_every_mark_stands_out_from_the_card(name):
    assert style.contrast(style.COLORS[name], style.CARD) >= 3


def test_text_is_readable_on_every_ground_it_stands_on():
    for ground in (style.CARD, *style.SOFT.values(), "#e9edf1", "#f4f2ea"):
        assert style.contrast(style.INK, ground) >= 7
        assert style.contrast(style.MUTED, ground) >= 4.5
    assert style.contrast(style.INK, style.ACCENT) >= 4.5


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group[0])
def test_colours_of_a_group_stay_apart(group, sight):
    for one, other in itertools.combinations(group, 2):
        gap = np.linalg.norm(lab(style.COLORS[one], sight) - lab(style.COLORS[other], sight))
        assert gap > 12, f"{one} and {other} look alike with {sight} sight: {gap:.1f}"


@pytest.mark.parametrize("group", GROUPS[:1] + GROUPS[2:], ids=lambda group: group[0])
def test_a_group_is_never_told_by_colour_alone(group):
    assert len({style.MARKERS[name] for name in group}) == len(group)
    assert len({str(style.LINES[name]) for name in group}) == len(group)


def test_one_colour_has_one_meaning():
    told = {name: color for name, color in style.COLORS.items() if name not in ("negative", "positive", "line", "theory")}
    assert len(set(told.values())) == len(told)
    assert style.COLORS["positive"] == style.COLORS["class_1"]      # a positive weight pushes towards class 1
    assert style.COLORS["negative"] == style.COLORS["class_0"]


def test_contrast_agrees_with_the_standards_own_examples():
    assert style.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert style.contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=1e-3)


def test_scales_run_between_their_ends():
    ramp = style.blended(np.linspace(0, 1, 5))
    assert tuple(ramp[2]) == tuple(style.channels(style.CARD))
    assert ramp[0][0] > ramp[0][2] and ramp[4][2] > ramp[4][0]      # vermillion is red, blue is blue
    light = [style.luminance("#" + "".join(f"{c:02x}" for c in rgb)) for rgb in style.share_color(np.linspace(0, 1, 9))]
    assert light == sorted(light)


def test_an_unknown_name_is_told_what_there_is():
    with pytest.raises(KeyError, match="momentum"):
        style.look("adamw")
