"""What `grading measure` writes, and in which order: a lab's own figures first, then beside them those within Binder's limits."""

import json

import pytest

from grading import measure


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """A measured.json of its own, and figures that no lab has to run for."""
    monkeypatch.setattr(measure, "MEASURED", tmp_path / "measured.json")
    monkeypatch.setattr(measure, "figures", lambda lab: {"seconds": 1.0, "memory_mb": 100})
    monkeypatch.setattr(measure, "on_binder", lambda lab: {"seconds": 2.0, "memory_mb": 110})
    return lambda: json.loads(measure.MEASURED.read_text())


def test_binders_figures_stand_beside_a_labs_own_and_stay_there(measured):
    measure.measure(["15_middle"])
    assert measured()["15_middle"]["binder"] is None
    measure.measure(["15_middle"], binder=True)
    measure.measure(["15_middle"])
    assert measured()["15_middle"]["seconds"] == 1.0 and measured()["15_middle"]["binder"]["seconds"] == 2.0


def test_binders_figures_alone_are_refused_with_what_comes_first(measured):
    with pytest.raises(ValueError, match="15_middle was not measured yet.*run first grading measure 15_middle"):
        measure.measure(["15_middle"], binder=True)
    assert not measure.MEASURED.exists()
