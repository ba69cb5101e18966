"""The bench compares outputs before it times them, and says what it measured on what."""

import json
from dataclasses import replace

import numpy as np
import pytest

from labkit import _cuda, bench, devices, emulator
from labkit.kernels import limits, registry

KERNELS = registry.kernels()
MEASURED = {"bytes_per_second": 1e10, "operations_per_second": 1e11}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(bench, "MOST_SECONDS", 0.01)
    monkeypatch.setattr(limits, "measure", lambda: MEASURED)


def test_the_command_writes_what_it_prints(tmp_path, capsys):
    file = tmp_path / "bench.json"
    assert bench.main(["--json", str(file), "--only", "line_accuracy"]) == 0
    found = json.loads(file.read_text())
    (row,) = found["rows"]
    assert found["machine"]["cores"] >= 1 and found["machine"]["bytes_per_second"] == 1e10
    assert {"name", "seconds", "limit_share", "peer", "peer_seconds", "ratio"} <= set(row)
    assert row["name"] == "line_accuracy" and row["peer"] == "numpy" and row["seconds"] > 0 and row["ratio"] > 1
    assert "line_accuracy" in capsys.readouterr().out and list(tmp_path.iterdir()) == [file]


def test_a_share_is_the_longer_limit_over_the_time(monkeypatch):
    add = replace(KERNELS["add"], bench_size=1000)
    monkeypatch.setattr(bench, "timed", lambda kernel, arguments: (0.0, 1e-5))
    (row,) = bench.rows(add, MEASURED, [])
    assert row["limit_share"] == pytest.approx(12_000 / 1e10 / 1e-5) and row["peer"] is None


def test_what_differs_is_said_and_not_timed():
    def wrong(out, a, b):
        out[:] = a - b

    row = bench.against_numpy(replace(KERNELS["add"], oracle=wrong, bench_size=100))
    assert row["differs"] and row["ratio"] is None
    text = bench.line({"name": "add", "seconds": 1.0, "limit_share": 0.5} | row)
    assert "not timed, outputs differ" in text


def test_unknown_peers_and_kernels_are_refused(capsys):
    for arguments, message in ((["--against", "torhc"], "no way to compare with torhc"), (["--only", "zzz"], "no kernel's name contains 'zzz'")):
        with pytest.raises(SystemExit):
            bench.main(arguments)
        assert message in capsys.readouterr().err


def test_the_limits_of_this_processor_are_of_its_order():
    found = limits.on_cpu(elements=2**22, rounds=20_000)
    assert 1e8 < found["bytes_per_second"] < 1e13 and 1e8 < found["operations_per_second"] < 1e14


@pytest.fixture
def emulated_gpu(monkeypatch):
    """The path that a GPU takes, with the emulator in its place."""
    monkeypatch.setattr(_cuda, "real", _cuda.emulated)
    monkeypatch.setattr(devices, "current", lambda: devices.Device("cuda", "", 2, 1, "an emulated one"))


def test_the_gpu_path_times_what_is_there_already(emulated_gpu):
    first, later = bench.timed(replace(KERNELS["add"]), KERNELS["add"].draw(33))
    assert first > 0 and later > 0
    assert set(limits.on_cuda(elements=300, threads=70, rounds=3)) == set(MEASURED)


def test_the_gpu_path_copies_there_and_back(emulated_gpu):
    kernel = replace(KERNELS["xor_networks_2"])
    ours = kernel.draw(33)
    theirs = registry.copies(ours)
    kernel.on_current(*ours)
    kernel.oracle(*theirs)
    kernel.compare(ours, theirs)
    out, a, b = replace(KERNELS["add"]).draw(5)
    there = [emulator.cuda.to_device(array) for array in (out, a, b)]
    replace(KERNELS["add"])(*there)
    np.testing.assert_array_equal(there[0].copy_to_host(), a + b)
