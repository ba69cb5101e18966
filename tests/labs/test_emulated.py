"""What a lab draws from many runs, where the emulator plays so few that none arrives."""

import warnings

import numpy as np

from grading import build
from labkit import datasets, devices, figures, swarm


def test_a_swarm_in_which_nobody_learns_is_counted_and_not_drawn(monkeypatch, capsys):
    monkeypatch.setenv("LABKIT_DEVICE", "emulated")
    cell, = (cell for cell in build.source_notebook("04_backprop").cells if "swarm.networks(S, s" in cell.source)
    S, s = datasets.symmetry()[:2]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(cell.source, {"S": S, "s": s, "np": np, "devices": devices, "figures": figures, "swarm": swarm})
    assert capsys.readouterr().out.startswith("0 of 3 networks")
