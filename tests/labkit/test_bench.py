"""The bench compares outputs before it times them, lets everyone take turns in a process of its own, and says what it left out."""

import json
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from labkit import _cuda, bench, devices, emulator
from labkit.bench import command, kernels, machine, peers, race, table, works
from labkit.bench.contestants import ours
from labkit.bench.works import Task, Work
from labkit.kernels import limits, registry

ROOT = Path(__file__).parents[2]
KERNELS = registry.kernels()
MEASURED = {"bytes_per_second": 1e10, "operations_per_second": 1e11}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(kernels, "MOST_SECONDS", 0.01)
    monkeypatch.setattr(limits, "measure", lambda: MEASURED)


# The command

def test_the_command_writes_what_it_prints(tmp_path, capsys):
    file = tmp_path / "bench.json"
    assert bench.main(["line_accuracy", "--json", str(file), "--against", "numpy"]) == 0
    found = json.loads(file.read_text())
    row = found["rows"][-1]
    assert found["machine"]["cores"] >= 1 and found["machine"]["bytes_per_second"] == 1e10
    assert {"name", "seconds", "limit_share", "peer", "peer_seconds", "ratio"} <= set(row)
    assert row["name"] == "line_accuracy" and row["peer"] == "numpy" and row["seconds"] > 0 and row["ratio"] > 1
    assert "| line_accuracy, " in capsys.readouterr().out and list(tmp_path.iterdir()) == [file]


def test_without_any_peer_a_model_is_timed_alone(monkeypatch, tmp_path):
    small = replace(works.xor(n=300, sweeps=3))
    monkeypatch.setattr(works, "models", lambda: {small.name: small})
    file = tmp_path / "bench.json"
    assert bench.main(["xor_swarm", "--against", "", "--rounds", "2", "--json", str(file), "--picture", str(tmp_path / "bench.png")]) == 0
    (row,) = json.loads(file.read_text())["rows"]
    assert row["peer"] is row["ratio"] is None and row["seconds"] > 0 and row["limit_share"] > 0
    assert (tmp_path / "bench.png").stat().st_size > 1000


def test_what_was_measured_is_written_also_where_something_fails(monkeypatch, tmp_path):
    def fails(kernel, *_):
        raise RuntimeError("out of luck")

    measure = kernels.rows
    monkeypatch.setattr(works, "models", dict)
    monkeypatch.setattr(works, "kernels", dict)
    monkeypatch.setattr(registry, "kernels", lambda: {"total": KERNELS["total"], "zzz": None})
    monkeypatch.setattr(kernels, "rows", lambda kernel, *rest: (measure if kernel else fails)(kernel, *rest))
    file = tmp_path / "bench.json"
    with pytest.raises(RuntimeError, match="out of luck"):
        bench.main(["--against", "", "--json", str(file)])
    found = json.loads(file.read_text())
    assert [row["name"] for row in found["rows"]] == ["total"] and "load_after" in found["machine"]


def test_models_and_kernels_can_be_timed_in_runs_of_their_own(monkeypatch):
    timed = []
    monkeypatch.setattr(command, "every_row", lambda chosen, oracles, *_: timed.append(({work.is_model for work in chosen}, len(oracles))) or ())
    for only in ("models", "kernels"):
        assert bench.main(["--only", only, "--against", ""]) == 0
    assert timed == [({True}, 0), ({False}, len(KERNELS))]


@pytest.mark.parametrize("arguments, message", [
    (["--against", "torhc"], "no way to compare with torhc is known"),
    (["zzz"], "no kernel's or model's name contains zzz; there are perceptron"),
    (["--rounds", "0"], "--rounds is 0, but has to be 1 or more"),
    (["--json", "nowhere/rows.json"], "nowhere/rows.json could not be written: there is no folder"),
    (["--picture", "nowhere/rows.png"], "nowhere/rows.png could not be written: there is no folder"),
    (["--picture", "rows.bmp"], "--picture is rows.bmp, but its name has to end in .png or .svg"),
    (["--json", "."], ". could not be written: it is a folder; name a file in it"),
    (["zzz", "--against", "numpy, sklearn ,"], "no kernel's or model's name contains zzz"),
])
def test_what_cannot_be_meant_is_refused_before_anything_is_timed(capsys, arguments, message):
    with pytest.raises(SystemExit):
        bench.main(arguments)
    assert message in capsys.readouterr().err


def test_a_missing_peer_is_said_in_a_sentence(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(peers, "home", lambda: tmp_path)
    peers.interpreter.cache_clear()
    try:
        assert peers.missing("gmdh") == "gmdh is not installed, so it is left out; add it with: make peers"
        assert command.main(["total", "--against", "gmdh"]) == 0
        assert "gmdh is not installed" in capsys.readouterr().out
        assert peers.missing("numpy") is None
    finally:
        peers.interpreter.cache_clear()


# Races, with contestants of the test's own

CONTESTANT = '''
import numpy as np
def double(inputs, times=2, log=""):
    def run():
        if log:
            with open(log, "a") as file: file.write(f"{times} ")
        print("a library that prints")
        return inputs["x"] * times
    return run, lambda x: {"x": x}
def broken(inputs):
    raise RuntimeError("out of\\\\nluck")
def gone(inputs):
    import os
    os._exit(3)
def tired(inputs, after):
    import os
    runs = []
    def run():
        runs.append(1)
        return inputs["x"] * 2 if len(runs) <= after else os._exit(3)
    return run, lambda x: {"x": x}
'''


@pytest.fixture
def raced(monkeypatch, tmp_path):
    """A function that races functions of a module of ours, the first of them as ours."""
    (tmp_path / "contestant.py").write_text(CONTESTANT.replace("\\\\n", "\\n"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def run(first, *others, rounds=3):
        work = Work("doubling", lambda: {"x": np.arange(5.0)}, Task("contestant", *first),
                    {f"peer {k}": ("numpy", Task("contestant", *other)) for k, other in enumerate(others)},
                    lambda ours, theirs, inputs: works.close("x", ours, theirs, 1e-6), "all of it", lambda i: (80, 5), lambda i: "5",
                    target={"peer 0": 1e-9})
        return race.rows(work, MEASURED, ["numpy"], rounds, tmp_path)

    return run


def test_contestants_take_turns_in_processes_of_their_own(raced, tmp_path):
    log = str(tmp_path / "log")
    rows = raced(("double", {"times": 2, "log": log}), ("double", {"times": 2.0, "log": log}))
    assert [row["peer"] for row in rows] == ["peer 0"] and rows[0]["ratio"] == rows[0]["peer_seconds"] / rows[0]["seconds"]
    assert (tmp_path / "log").read_text().split() == ["2", "2.0", "2", "2.0", "2.0", "2", "2", "2.0"]     # the first two: compared
    assert rows[0]["limit_share"] == pytest.approx(8e-9 / rows[0]["seconds"]) and rows[0]["target"] == 1e-9


def test_a_gpu_is_busy_before_a_contestant_is_timed(raced, tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "current", lambda: devices.Device("cuda", "", 2, 1))
    raced(("double", {"times": 2, "log": str(tmp_path / "log")}), rounds=1)
    assert len((tmp_path / "log").read_text().split()) > 4


def test_what_differs_is_said_and_not_timed(raced, tmp_path):
    log = str(tmp_path / "log")
    rows = raced(("double", {"times": 2}), ("double", {"times": 3, "log": log}), ("double", {"times": 2}))
    assert {row["peer"]: bool(row.get("problem")) for row in rows} == {"peer 0": True, "peer 1": False}
    wrong = next(row for row in rows if row.get("problem"))
    assert wrong["ratio"] is None and wrong["problem"].startswith("not timed, outputs differ") and (tmp_path / "log").read_text() == "3 "
    assert "not timed, outputs differ" in table.line(wrong)


def test_a_contestant_that_fails_is_a_sentence(raced, capfd):
    rows = raced(("double", {}), ("broken", {}), ("gone", {}))
    problems = {row["peer"]: row["problem"] for row in rows}
    assert problems["peer 0"] == "peer 0 failed: RuntimeError: out of luck"
    assert problems["peer 1"].startswith("peer 1 ended with status 3 and no answer")
    (alone,) = raced(("broken", {}), ("double", {}))
    assert alone["problem"] == "ours failed: RuntimeError: out of luck" and alone["seconds"] is None and table.line(alone)


def test_a_contestant_that_dies_on_the_way_is_left_out_and_the_others_go_on(raced, capfd):
    rows = raced(("double", {}), ("tired", {"after": 2}), ("double", {}))
    assert [(row["peer"], row["ratio"] is None) for row in rows] == [("peer 1", False), ("peer 0", True)]
    assert rows[1]["problem"].startswith("peer 0 ended with status 3 and no answer") and rows[1]["seconds"] == rows[0]["seconds"] > 0
    (alone,) = raced(("tired", {"after": 2}), ("double", {}))
    assert alone["seconds"] is None and alone["problem"].startswith("ours ended with status 3 and no answer")


def test_who_is_gone_before_being_asked_ends_with_a_sentence(raced, tmp_path):
    task = Task("contestant", "double", {})
    raced(("double", {}))                                   # which writes the inputs
    contestant = race.Contestant("ours", sys.executable, task, tmp_path)
    contestant._process.kill()
    contestant._process.wait()
    with pytest.raises(race.Failed, match="ours ended with status .* and no answer"):
        contestant.seconds()
    contestant.stop()
    with pytest.raises(race.Failed, match="ours could not be started"):
        race.Contestant("ours", str(tmp_path / "nothing"), task, tmp_path)


def test_an_interrupted_wait_leaves_no_process_and_no_timer(raced, tmp_path, monkeypatch):
    """Else the bench, ended by hand, would stay for the ten minutes that an answer may take."""
    raced(("double", {}))
    started, popen, before = [], race.subprocess.Popen, set(threading.enumerate())      # on Windows pytest's time limit is such a timer

    def interrupted():
        raise KeyboardInterrupt

    def start(*arguments, **options):
        started.append(process := popen(*arguments, **options))
        process.stdout = SimpleNamespace(readline=interrupted, close=process.stdout.close)
        return process

    monkeypatch.setattr(race.subprocess, "Popen", start)
    with pytest.raises(KeyboardInterrupt):
        race.Contestant("ours", sys.executable, Task("contestant", "double", {}), tmp_path)
    assert started[0].poll() is not None
    assert all(one.finished.is_set() for one in {*threading.enumerate()} - before if isinstance(one, threading.Timer))


def test_a_peers_process_does_not_see_our_packages(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "here")
    assert "PYTHONPATH" not in race.environment("another/python") and "here" in race.environment(sys.executable)["PYTHONPATH"]


def test_two_of_jax_find_room_on_a_gpu(monkeypatch):
    monkeypatch.delenv("XLA_PYTHON_CLIENT_PREALLOCATE", raising=False)
    assert race.environment(sys.executable)["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    monkeypatch.setenv("XLA_PYTHON_CLIENT_PREALLOCATE", "true")
    assert race.environment(sys.executable)["XLA_PYTHON_CLIENT_PREALLOCATE"] == "true"


# The works: comparisons that can fail

def test_comparisons_of_the_works_can_fail():
    ours = {"w": np.zeros(100)}
    works.close("w", ours, {"w": np.full(100, 1e-7)}, 1e-6)
    works.share_close("w", ours, {"w": np.arange(100) == 0}, 1e-6, 0.99)
    with pytest.raises(AssertionError, match="w"):
        works.close("w", ours, {"w": np.full(100, 1e-5)}, 1e-6)
    with pytest.raises(AssertionError, match="only 98.00% of w agree"):
        works.share_close("w", ours, {"w": np.arange(100) < 2}, 1e-6, 0.99)
    model = works.models()["gmdh"]
    inputs = {"exam_y": np.zeros(10)}
    one, other = {"answers": np.ones(10), "layers": 8}, {"answers": np.full(10, 1.1), "layers": 8}
    model.compare(one, one, inputs)
    for theirs in (other, one | {"layers": 7}):
        with pytest.raises(AssertionError):
            model.compare(one, theirs, inputs)


@pytest.mark.parametrize("name, settings", [("xor", {"n": 200, "sweeps": 5}), ("beale", {"side": 9, "steps": 5}), ("gmdh", {"layers": 1})])
def test_our_contestant_does_the_work(name, settings, tmp_path):
    work = getattr(works, name)(**settings)
    (row,) = race.rows(work, MEASURED, [], 1, tmp_path)
    assert row["seconds"] > 0 and "problem" not in row and table.notes([row])[1].startswith(work.name)


def test_scikit_learn_does_the_same_work(monkeypatch, tmp_path):
    """On the 8 x 8 digits: weights and answers of perceptrons, probabilities of networks agree with ours."""
    from labkit import datasets

    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")         # two of its threads wait for each other for long on a busy machine
    digits = datasets.digits()
    data = (*(np.array(a, np.float32) for a in (digits.X, digits.X_test)), *(np.array(a, np.int64) for a in (digits.y, digits.y_test)))
    monkeypatch.setattr(works, "images", lambda: (data[0], data[2], data[1], data[3], "digits"))
    for work in (works.perceptron(), works.small_mlp()):
        rows = race.rows(work, MEASURED, ["sklearn"], 1, tmp_path)
        assert [row["peer"] for row in rows] == ["sklearn"] and rows[0]["ratio"] > 0, rows


@pytest.mark.skipif(not hasattr(psutil.Process, "memory_maps"), reason="macOS does not say what is mapped")
def test_the_map_is_written_whole_and_one_that_was_interrupted_is_not_open(monkeypatch):
    """Windows removes no file that is mapped."""
    monkeypatch.setattr(works, "_folder", None)
    inputs = works.stream_inputs.__wrapped__(100_000, 3)
    X = np.fromfile(inputs["path"], np.float32).reshape(inputs["shape"])
    assert X.shape == (100_000, 3) and 0.9 < X.std() < 1.1 and set(inputs["y"]) == {0, 1}
    drawn = []

    def draw(size, dtype=float):
        drawn.append(size)
        if len(drawn) == 4:
            raise KeyboardInterrupt
        return np.zeros(size, dtype)

    monkeypatch.setattr(np.random, "default_rng", lambda seed: SimpleNamespace(standard_normal=draw))
    with pytest.raises(KeyboardInterrupt) as held:
        works.stream_inputs.__wrapped__(100_000, 3)
    assert held and not [one.path for one in psutil.Process().memory_maps() if works._folder.name in one.path]
    works._folder.cleanup()


def test_without_mnist_the_work_has_its_size(monkeypatch):
    from labkit import datasets

    def nowhere(fallback):
        raise FileNotFoundError

    monkeypatch.setattr(datasets, "mnist", nowhere)
    X, y, exam, exam_y, name = works.images.__wrapped__()
    assert (X.shape, exam.shape, X.dtype, len(y), len(exam_y)) == ((60_000, 784), (10_000, 784), np.float32, 60_000, 10_000)
    assert set(y) == set(range(10)) and 0.05 < X.mean() < 0.2 and X.max() == 1 and "MNIST is not here" in name


# Kernels beside NumPy

def test_a_share_is_the_longer_limit_over_the_time(monkeypatch):
    add = replace(KERNELS["add"], bench_size=1000)
    monkeypatch.setattr(kernels, "timed", lambda kernel, arguments: (0.0, 1e-5))
    (row,) = kernels.rows(add, MEASURED, False)
    assert row["limit_share"] == pytest.approx(12_000 / 1e10 / 1e-5) and row["peer"] is None


def test_a_kernel_and_numpy_are_timed_on_the_same_work(monkeypatch):
    monkeypatch.setattr(kernels, "oracle_seconds", lambda kernel, size: size / 1000)
    alone, raced = kernels.rows(replace(KERNELS["add"], bench_size=1000), MEASURED, True)
    assert (alone["size"], alone["peer"], raced["size"]) == ("1,000", None, "62")
    assert raced["ratio"] == pytest.approx(raced["peer_seconds"] / raced["seconds"])
    assert [table.line(row).split(" | ")[0] for row in (alone, raced)] == ["| add, 1,000", "| add, 62"]


def test_a_kernel_that_differs_is_not_timed():
    def wrong(out, a, b):
        out[:] = a - b

    (row,) = kernels.rows(replace(KERNELS["add"], oracle=wrong, bench_size=100), MEASURED, True)
    assert row["ratio"] is None and "not timed, outputs differ" in table.line(row)


def test_the_limits_of_this_processor_are_of_its_order():
    found = limits.on_cpu(elements=2**22, rounds=20_000)
    assert 1e8 < found["bytes_per_second"] < 1e13 and 1e8 < found["operations_per_second"] < 1e14


def test_the_machine_is_described():
    found = machine.describe(MEASURED)
    assert found["processor"] and found["date"][:2] == "20" and "GFLOP/s" in machine.sentence(found)


@pytest.fixture
def emulated_gpu(monkeypatch):
    """The path that a GPU takes, with the emulator in its place."""
    monkeypatch.setattr(_cuda, "real", _cuda.emulated)
    monkeypatch.setattr(devices, "current", lambda: devices.Device("cuda", "", 2, 1, "an emulated one"))


def test_the_gpu_path_times_what_is_there_already(emulated_gpu, monkeypatch):
    woken = []
    monkeypatch.setattr(kernels, "wake", woken.append)
    first, later = kernels.timed(replace(KERNELS["add"]), KERNELS["add"].draw(33))
    assert first > 0 and later > 0 and len(woken) == 1
    assert set(limits.on_cuda(elements=300, threads=70, rounds=3)) == set(MEASURED)


def test_on_a_gpu_a_kernel_is_timed_on_more_work(emulated_gpu, monkeypatch):
    monkeypatch.setattr(kernels, "MOVED", 12 * 40)
    drawn = []
    small = replace(KERNELS["add"], bench_size=7, arguments=lambda rng, size: drawn.append(size) or KERNELS["add"].arguments(rng, size))
    assert kernels.size_here(small) == 56 and kernels.launches() == kernels.LAUNCHES
    assert drawn == [7, 14]                                 # large ones take a host far longer to draw than a GPU to run
    monkeypatch.setattr(kernels, "COMPUTED", 10)
    assert kernels.size_here(small) == 14
    monkeypatch.setattr(devices, "current", lambda: devices.Device("cpu", "", 2, 1))
    assert kernels.size_here(small) == 7 and kernels.launches() == 1


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
def test_on_a_gpu_there_is_a_size_for_every_kernel(kernel, emulated_gpu, monkeypatch):
    """One more than its work at `bench_size` (10,000 at most here, for the time of drawing) is reached, or no size reaches it."""
    drawn, begin = [], min(kernel.bench_size, 10_000)
    work = kernel.work(*kernel.draw(begin))
    monkeypatch.setattr(kernels, "MOVED", work.bytes + 1)
    monkeypatch.setattr(kernels, "COMPUTED", work.operations + 1)

    def arguments(rng, size):
        drawn.append(size)
        assert len(drawn) < 5, "it goes on and on"
        return kernel.arguments(rng, size)

    found = kernels.size_here(replace(kernel, arguments=arguments, bench_size=begin))
    more = kernel.work(*kernel.draw(found))
    assert found in (begin, 2 * begin) and (more.bytes > work.bytes or more.operations > work.operations) == (found > begin)


def test_on_a_gpu_a_kernel_gets_as_much_to_do_as_there_is(emulated_gpu):
    assert kernels.size_here(KERNELS["gmdh_pairs"]) == 40


def test_on_a_gpu_cupy_takes_the_kernels_that_it_has_and_what_is_summed_up_may_differ_more(emulated_gpu):
    works.kernels.cache_clear()
    try:
        raced = works.kernels()
    finally:
        works.kernels.cache_clear()
    assert {"add", "softmax", "matmul_naive", "matmul"} < set(raced) and not {"xor_networks_2", "dropout_mask"} & set(raced)
    ours = {"out0": np.zeros(5, np.float32)}
    raced["matmul"].compare(ours, {"out0": np.full(5, 9e-4, np.float32)}, None)     # ten products, added up
    with pytest.raises(AssertionError, match="out0"):
        raced["matmul"].compare(ours, {"out0": np.full(5, 2e-3, np.float32)}, None)


def test_on_a_gpu_the_contestant_works_there(emulated_gpu, monkeypatch):
    """Kernels and models: the same answers as on the CPU."""
    monkeypatch.setattr(kernels, "MOVED", 1)
    add = replace(KERNELS["add"], bench_size=33)
    work = works.kernel_work(add, [])
    inputs = work.inputs()
    run, outputs = ours.kernel(inputs, "add", 2)
    np.testing.assert_array_equal(outputs(run())["out0"], inputs["a1"] + inputs["a2"])
    rng = np.random.default_rng(0)
    network = {"X": rng.random((12, 5), dtype=np.float32), "y": np.arange(12) % 3, "exam": rng.random((4, 5), dtype=np.float32), "layers": 2,
               "W0": rng.random((5, 6), dtype=np.float32), "W1": rng.random((6, 3), dtype=np.float32)}
    start = {"start": rng.random((9, 33), dtype=np.float32), "goal": np.array([0, 1, 1, 0], np.float32)}
    step = {"w": rng.random(33, dtype=np.float32), "g": rng.random(33, dtype=np.float32)}
    rows = dict(zip(("X", "X_check"), rng.random((2, 40, 4)), strict=True)) | dict(zip(("y", "y_check"), rng.random((2, 40)), strict=True))
    tried = {
        "mlp": (network, {"rate": 0.1, "momentum": 0.9, "batch": 4, "alike": 2}),
        "xor": (start, {"sweeps": 3, "rate": 0.5, "momentum": 0.9}),
        "update": (step, {"optimizer": "Momentum", "settings": {"learning_rate": 0.1}}),
        "gmdh_layer": (rows, {}),
    }
    there = {name: answers(name, *given) for name, given in tried.items()}
    monkeypatch.setattr(devices, "current", lambda: devices.Device("cpu", "", 2, 1))
    for name, given in tried.items():
        here = answers(name, *given)
        assert here.keys() == there[name].keys()
        for key in here:
            np.testing.assert_allclose(there[name][key], here[key], rtol=1e-4, atol=1e-5, err_msg=f"{name} {key}")


def answers(name, inputs, settings):
    run, outputs = getattr(ours, name)({key: np.copy(value) for key, value in inputs.items()}, **settings)
    return outputs(run())


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


def test_the_guide_shows_what_was_recorded():
    found = json.loads((ROOT / "data" / "recorded" / "bench.json").read_text())
    guide = (ROOT / "guides" / "speed.md").read_text().splitlines()
    assert machine.sentence(found["machine"]) in guide
    assert [line for line in guide if line.startswith("| ") and line not in table.HEADER] == [table.line(row) for row in found["rows"]]
