"""The place is chosen once, said out loud, and every way of not having a GPU has its sentence."""

import subprocess
import sys

import pytest

from labkit import devices

A_GPU = devices.Gpu(None, "NVIDIA H200", 139 * 2**30, "13.0")


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.delenv("LABKIT_DEVICE", raising=False)
    for function in (devices._choose, devices.find_gpu, devices.cores, devices.memory_bytes):
        function.cache_clear()
    yield
    monkeypatch.undo()
    for function in (devices._choose, devices.find_gpu, devices.cores, devices.memory_bytes):
        function.cache_clear()


def choose(monkeypatch, gpu, asked=None):
    monkeypatch.setattr(devices, "find_gpu", lambda: gpu)
    if asked is not None:
        monkeypatch.setenv("LABKIT_DEVICE", asked)
    return devices.current()


def test_without_a_gpu_it_is_the_cpu(monkeypatch):
    device = choose(monkeypatch, devices.Gpu("no NVIDIA driver was found"))
    assert (device.name, device.reason, device.gpu_name) == ("cpu", "no NVIDIA driver was found", None)
    assert device.cores >= 1 and device.memory_bytes > 2**28


def test_with_a_gpu_it_is_cuda(monkeypatch):
    device = choose(monkeypatch, A_GPU)
    assert (device.name, device.gpu_name, device.memory_bytes) == ("cuda", "NVIDIA H200", 139 * 2**30)


@pytest.mark.parametrize("asked", ["cpu", "emulated", " CPU "])
def test_an_override_wins_over_a_gpu(monkeypatch, asked):
    assert choose(monkeypatch, A_GPU, asked).name == asked.strip().lower()


def test_asking_for_a_missing_gpu_is_an_error(monkeypatch):
    with pytest.raises(RuntimeError, match="LABKIT_DEVICE=cuda, but no NVIDIA driver was found. Unset LABKIT_DEVICE"):
        choose(monkeypatch, devices.Gpu("no NVIDIA driver was found"), "cuda")


def test_an_unknown_override_is_an_error(monkeypatch):
    with pytest.raises(ValueError, match="LABKIT_DEVICE is 'gpu' but has to be cuda, cpu or emulated"):
        choose(monkeypatch, A_GPU, "gpu")


def test_no_driver_is_found_without_loading_numba():
    code = "import sys; from labkit import devices; devices.report(); devices.scale(9, 3); print('numba' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"LABKIT_DEVICE": "cpu", "PATH": ""})
    assert out.stdout.strip() == "False", out.stderr


class Driver:
    """A driver that answers from a table: a number is an error code, nothing is success."""

    def __init__(self, **answers):
        self.answers = answers

    def __getattr__(self, function):
        return lambda *arguments: self.answers.get(function, 0)


def test_what_the_driver_says(monkeypatch):
    def load(name):
        raise OSError(name)

    monkeypatch.setattr(devices.ctypes, "CDLL", load)
    assert devices.find_gpu().problem == "no NVIDIA driver was found"
    for driver, problem in [
        (Driver(cuInit=100), "an NVIDIA driver was found but no GPU that it may use"),
        (Driver(), "an NVIDIA driver was found but no GPU that it may use"),        # it counts none
        (Driver(cuInit=803), "the NVIDIA driver answered cuInit with error 803"),
    ]:
        monkeypatch.setattr(devices.ctypes, "CDLL", lambda name, driver=driver: driver)
        devices.find_gpu.cache_clear()
        assert devices.find_gpu().problem == problem


def test_a_gpu_that_cannot_run_a_kernel_is_not_used(monkeypatch):
    from labkit import _cuda

    monkeypatch.setattr(devices, "_ask_driver", lambda: A_GPU)
    monkeypatch.setattr(devices, "_missing_package", lambda name: None)
    monkeypatch.setattr(_cuda, "trial", lambda: "unsupported PTX version")
    assert devices.find_gpu().problem == (
        "the GPU NVIDIA H200 (driver for CUDA 13.0) could not run a first kernel: unsupported PTX version")
    devices.find_gpu.cache_clear()
    monkeypatch.setattr(_cuda, "trial", lambda: None)
    assert devices.find_gpu().problem is None


def test_a_missing_package_is_named_with_its_remedy(monkeypatch):
    def missing(name):
        raise devices.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(devices.importlib.metadata, "version", missing)
    assert "numba-cuda is not; add it with: pip install \"numba-cuda[cu13]>=" in devices._missing_package("NVIDIA H200")


def test_a_container_s_share_counts(monkeypatch):
    limits = {"/sys/fs/cgroup/cpu.max": ["150000", "100000"], "/sys/fs/cgroup/memory.max": ["123456789"]}
    monkeypatch.setattr(devices, "_container", limits.get)
    monkeypatch.setattr(devices.os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    assert devices.cores() == 2 and devices.memory_bytes() == 123456789
    devices.cores.cache_clear(), devices.memory_bytes.cache_clear()
    monkeypatch.setattr(devices, "_container", lambda path: ["max", "100000"])
    assert devices.cores() == 64 and devices.memory_bytes() > 2**28


def test_the_report_is_two_plain_lines(monkeypatch):
    text = {}
    for name, gpu in (("cpu", None), ("cuda", "NVIDIA H200"), ("emulated", None)):
        device = devices.Device(name, "a reason", 2, 8 * 2**30, gpu)
        monkeypatch.setattr(devices, "current", lambda device=device: device)
        text[name] = devices.report()
        assert len(text[name].splitlines()) == 2 and text[name].endswith(".\nWhy: a reason.")
    assert "2 cores, 8 GiB" in text["cpu"] and "NVIDIA H200 with 8 GiB" in text["cuda"] and "emulator" in text["emulated"]


@pytest.mark.parametrize(("name", "size", "note"), [
    ("cuda", 100_000, "All 100,000 networks."),
    ("cpu", 20_000, "20,000 of 100,000 networks: this place has no GPU, so the other 80,000 are left out."),
    ("emulated", 20, "20 of 100,000 networks: the emulator plays all threads on one core, so the other 99,980 are left out."),
])
def test_sizes_suit_the_place_and_say_what_they_left_out(monkeypatch, name, size, note):
    monkeypatch.setattr(devices, "current", lambda: devices.Device(name, "", 2, 1))
    chosen = devices.scale(100_000, 20_000, what="networks")
    assert chosen == size and isinstance(chosen, int) and chosen.note == note
    assert devices.scale(10, 10, emulated=7) == (7 if name == "emulated" else 10)


def test_small_work_gets_one_thread(monkeypatch):
    monkeypatch.setattr(devices, "cores", lambda: 8)
    assert devices.threads(1000) == 1 and devices.threads(devices.PARALLEL_ABOVE) == 1 and devices.threads(10**9) == 8
