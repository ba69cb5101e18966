"""The committed still pictures are those that the code draws today, small, and described."""

import io
import json

import matplotlib
import numpy as np
import pytest
from PIL import Image

from labkit import widgets
from labkit.widgets import stills

NAMES = tuple(name for name in widgets.__all__ if name not in ("still", "Board", "Student", "keep_work"))
APART = 0.01 if matplotlib.__version_info__ >= (3, 11) else 0.04     # the committed ones have the letters as 3.11 draws them


@pytest.fixture(scope="module")
def boards():
    return {name: make() for name, make in stills.boards().items()}


def test_every_live_picture_has_a_still(boards):
    texts = json.loads(stills.still_path("alt").with_suffix(".json").read_text(encoding="utf-8"))
    assert set(boards) == set(NAMES) == set(texts)
    assert {path.stem for path in stills.still_path("unit").parent.glob("*.png")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_still_is_what_the_code_draws(name, boards):
    committed = Image.open(stills.still_path(name)).convert("RGB")
    scene = boards[name].scene()
    drawn = Image.open(io.BytesIO(scene.picture().png(dpi=144))).convert("RGB")
    assert committed.size == drawn.size
    apart = np.abs(np.asarray(committed, int) - np.asarray(drawn, int)).max(axis=-1)
    assert (apart > 60).mean() < APART, "run `python -m labkit.widgets.stills` and look at the pictures"
    assert stills.alt_text(name) == scene.alt


@pytest.mark.parametrize("name", NAMES)
def test_a_still_is_small_enough_for_a_notebook(name):
    assert stills.still_path(name).stat().st_size < 60_000


def test_still_draws_one_by_name_and_lists_the_names_otherwise():
    assert widgets.still("unit").alt == stills.alt_text("unit")
    with pytest.raises(ValueError, match="turn_line"):
        widgets.still("turnline")
