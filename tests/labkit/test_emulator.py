"""The emulator on kernels with planted faults, which it has to find, and on right ones, which it must not accuse."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from labkit import emulator
from labkit.emulator.races import RaceDetector

KERNELS = Path(__file__).with_name("emulator_kernels")
ROOT = Path(__file__).parents[2]


def load(name):
    spec = importlib.util.spec_from_file_location(f"emulator_{name}", KERNELS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


faulty, right = load("faulty"), load("right")


def launched(case, arguments=None):
    arguments = case.arguments() if arguments is None else arguments
    return emulator.run(case.kernel, case.grid, case.block, *arguments, **dict(case.options))


def named(case, report):
    """The fault of the planted kind on the planted line; a race has two lines, and either will do."""
    return [f for f in report.faults if f.kind == case.kind and case.line in (f.line, f.other_line)]


def test_enough_kernels():
    assert len(faulty.CASES) >= 30
    assert len(right.CASES) >= 30
    for cases in (faulty.CASES, right.CASES):
        assert len({case.name for case in cases}) == len(cases)
    assert {case.kind for case in faulty.CASES} >= set(emulator.KINDS) - {"syntax", "float64", "same-value-write", "constant", "unused"}


@pytest.mark.parametrize("case", faulty.CASES, ids=lambda case: case.name)
def test_planted_fault_is_found(case):
    report = launched(case)
    assert not report.ok
    found = named(case, report)
    assert found and found[0] is report.faults[0], [str(f) for f in report.faults]
    assert case.sentence in str(found[0])
    assert str(found[0]).endswith(".")


@pytest.mark.parametrize("case", right.CASES, ids=lambda case: case.name)
def test_right_kernel_is_right(case):
    arguments = case.arguments()
    before = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    report = launched(case, arguments)
    assert [str(f) for f in report.faults + report.warnings] == []
    expected = np.asarray(case.expected(*before))
    got = np.sort(arguments[0][:len(expected)]) if case.name == "compact" else arguments[0]
    np.testing.assert_allclose(got, expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("case", right.CASES, ids=lambda case: case.name)
def test_without_tracing_the_same_comes_out(case):
    watched, plain = case.arguments(), case.arguments()
    launched(case, watched)
    report = emulator.run(case.kernel, case.grid, case.block, *plain, trace=False)
    assert report.ok and not report.arrays
    for a, b in zip(watched, plain, strict=True):
        np.testing.assert_array_equal(a, b)


def test_launching_raises_one_sentence():
    out = np.zeros(10, np.float32)
    kernel = emulator.cuda.jit(faulty.no_guard)
    with pytest.raises(emulator.KernelFault, match=r"no_guard, line \d+ `out\[i\] = 1`: thread 2 of block 1 .* writes out\[10\]") as caught:
        kernel[2, 8](out, out)
    fault = caught.value.faults[0]
    assert (fault.kind, fault.block, fault.thread, fault.array, fault.index) == ("out-of-bounds", (1, 0, 0), (2, 0, 0), "out", (10,))
    assert isinstance(caught.value, RuntimeError)
    assert kernel.report is caught.value.report
    np.testing.assert_array_equal(out, 1)       # what lies inside is still written


def test_a_race_names_both_threads():
    report = emulator.run(faulty.neighbour_block_in_one_launch, 4, 8, np.zeros(32, np.float32), np.zeros(32, np.float32))
    race = report.faults[0]
    assert race.block != race.other_block
    assert {race.line, race.other_line} == {faulty.cases.marked_line(faulty.neighbour_block_in_one_launch),
                                           faulty.cases.marked_line(faulty.neighbour_block_in_one_launch) - 2}


def test_a_fault_in_a_device_function_names_both():
    report = emulator.run(faulty.race_in_a_device_function, 1, 8, np.zeros(8, np.float32), np.ones(8, np.float32))
    fault = report.faults[0]
    assert (fault.kernel, fault.function) == ("race_in_a_device_function", "shift_left")
    assert str(fault).startswith(f"race_in_a_device_function, in shift_left, line {fault.line} ")


@pytest.mark.parametrize("broken, kinds", [
    ((RaceDetector, "_unordered", lambda self, keys, *_: np.zeros(len(keys), bool)), {"race"}),
    ((emulator.launch.Task, "diverged", lambda self, node, lanes: None), {"divergent-barrier", "unreached-barrier"}),
    ((emulator.launch.subset, "refusals", lambda function, is_kernel: ()), {"return-value", "unsupported"}),
    ((emulator.access, "unwritten", lambda *_: None), {"unwritten-read"}),
    ((emulator.access, "_out_of_bounds", lambda *_: None), {"out-of-bounds"}),
])
def test_the_tests_can_fail(monkeypatch, broken, kinds):
    """With a check taken out, planted faults of its kind are missed."""
    monkeypatch.setattr(*broken)
    missed = [case.name for case in faulty.CASES if case.kind in kinds and not named(case, launched(case))]
    assert missed


SIMULATED = ["add", "axpy", "product_in_tiles", "sum_in_a_tree", "histogram", "clip", "scan_with_two_buffers", "transpose_in_tiles", "collatz"]

SIMULATOR = """
import json, sys
import numpy as np
from numba import cuda as simulator
import importlib.util
spec = importlib.util.spec_from_file_location("right", sys.argv[1])
right = importlib.util.module_from_spec(spec)
spec.loader.exec_module(right)
right.cuda = simulator
right.clipped = simulator.jit(device=True)(right.clipped.py_func)
results = {}
for case in right.CASES:
    if case.name in sys.argv[2:]:
        arguments = case.arguments()
        simulator.jit(getattr(case.kernel, "py_func", case.kernel))[case.grid, case.block](*arguments)
        results[case.name] = arguments[0].tolist()
print(json.dumps(results))
"""


def test_results_agree_with_numbas_simulator():
    pytest.importorskip("numba")
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    run = subprocess.run([sys.executable, "-c", SIMULATOR, str(KERNELS / "right.py"), *SIMULATED],
                         capture_output=True, text=True, env=environment, timeout=120)
    assert run.returncode == 0, run.stderr[-2000:]
    results = json.loads(run.stdout)
    assert len(results) >= 6
    for case in right.CASES:
        if case.name in results:
            arguments = case.arguments()
            launched(case, arguments)
            np.testing.assert_allclose(arguments[0], results[case.name], rtol=1e-6, atol=1e-7, err_msg=case.name)
