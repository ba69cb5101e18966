"""`import labkit` costs next to nothing, and its parts arrive when they are asked for."""

import os
import subprocess
import sys
import warnings

import pytest


def run(code, **environment):
    """What a fresh Python prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_loads_nothing_but_numpy():
    code = (
        "import sys; before = set(sys.modules); import labkit; "
        "print(*sorted({n.split('.')[0] for n in set(sys.modules) - before} - sys.stdlib_module_names))"
    )
    assert set(run(code).split()) <= {"labkit", "numpy"}


def test_import_and_a_first_question_load_one_part_and_few_modules():
    """What an import costs, counted in modules: 60 to 130, most of them Python's own, for package metadata. NumPy alone would be 150 more."""
    code = (
        "import sys; before = set(sys.modules); import labkit; labkit.devices.cores(); new = set(sys.modules) - before; "
        "print(len(new), *sorted(n for n in new if n.startswith('labkit.')))"
    )
    number, *parts = run(code).split()
    assert int(number) < 180 and parts == ["labkit.devices"]


IN_A_CONTAINER = """
import os.path, pathlib
exists, read = os.path.exists, pathlib.Path.read_text
os.path.exists = lambda path: path == "/sys/fs/cgroup/cpu.max" or exists(path)
pathlib.Path.read_text = lambda path, *how, **named: "{}" if str(path) == "/sys/fs/cgroup/cpu.max" else read(path, *how, **named)
import numpy, labkit
from labkit.ops import _blas_pool
print([pool.num_threads for pool in _blas_pool().lib_controllers if "scipy.libs" in pool.filepath])
"""


@pytest.mark.skipif(sys.platform != "linux" or (os.cpu_count() or 1) < 2, reason="a container's share is a thing of Linux, and of several cores")
def test_blas_has_as_many_threads_as_a_container_s_share(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert run(IN_A_CONTAINER.format("100000 100000")) == "[1]"
    assert run(IN_A_CONTAINER.format("150000 100000")) == "[2]"
    assert run(IN_A_CONTAINER.format("150000 100000"), OPENBLAS_NUM_THREADS="1") == "[1]"
    assert run("import labkit, os; print('OPENBLAS_NUM_THREADS' in os.environ)") == str(os.path.exists("/sys/fs/cgroup/cpu.max"))


def test_openmp_is_told_to_wait_quietly_before_numba_loads():
    assert run("import labkit, os; print(os.environ['OMP_WAIT_POLICY'])") == "PASSIVE"
    assert run("import labkit, os; print(os.environ['OMP_WAIT_POLICY'])", OMP_WAIT_POLICY="ACTIVE") == "ACTIVE"


def test_python_without_asserts_and_docstrings_will_do():
    code = """
import numpy as np
from labkit.bench import works
from labkit.kernels import registry
print(len(registry.kernels()) > 30)
try:
    works.share_close("x", {"x": np.ones(3)}, {"x": np.zeros(3)}, 0.1, 0.5)
except AssertionError as error:
    print(error)
"""
    assert run(code, PYTHONOPTIMIZE="2") == "True\nonly 0.00% of x agree to 0.1; 50.00% are expected"


def test_parts_arrive_as_attributes():
    import labkit

    assert labkit.devices.__name__ == "labkit.devices"
    assert callable(labkit.check)
    assert {"check", "cuda", "devices", "surfaces", "swarm"} <= set(dir(labkit))


def test_an_unknown_part_is_named():
    import labkit

    with pytest.raises(AttributeError, match="no part named 'perceptrom'.*perceptron"):
        labkit.perceptrom  # noqa: B018


def test_cuda_is_the_emulator_without_a_gpu_and_numba_s_own_with_one(monkeypatch):
    import labkit
    from labkit import _cuda, devices, emulator

    monkeypatch.setattr(devices, "current", lambda: devices.Device("cpu", "", 1, 1))
    assert labkit.cuda is emulator.cuda
    monkeypatch.setattr(devices, "current", lambda: devices.Device("cuda", "", 1, 1))
    monkeypatch.setattr(_cuda, "real", lambda: "numba.cuda")
    assert labkit.cuda == "numba.cuda"


def test_missing_cuda_says_what_to_do(monkeypatch):
    from labkit import _cuda

    def broken(name):
        raise RuntimeError("no toolkit\nand a long story")

    monkeypatch.setattr(_cuda.importlib, "import_module", broken)
    with pytest.raises(RuntimeError, match=r"\(no toolkit\)\. Install it with: pip install"):
        _cuda.real()
    assert _cuda.trial().startswith("CUDA cannot be loaded")


def test_numbas_simulator_is_not_taken_for_a_gpu(monkeypatch):
    from labkit import _cuda

    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    with pytest.raises(RuntimeError, match=r"NUMBA_ENABLE_CUDASIM is set, so Numba only plays a GPU\. Unset it"):
        _cuda.real()
    assert _cuda.trial().startswith("NUMBA_ENABLE_CUDASIM is set")


@pytest.mark.parametrize(("error", "said"), [
    (RuntimeError("Error at driver init: \nCUDA is disabled due to setting NUMBA_DISABLE_CUDA=1:"),
     "Error at driver init: CUDA is disabled due to setting NUMBA_DISABLE_CUDA=1"),
    (RuntimeError("An unsupported toolchain.\nmore"), "An unsupported toolchain"),
    (KeyError(), "KeyError")])
def test_why_a_first_kernel_did_not_run_fits_into_a_sentence_and_comes_without_warnings(monkeypatch, error, said):
    from labkit import _cuda

    def old_driver():
        warnings.warn("cuda-bindings was built for CUDA major version 13", stacklevel=1)
        raise error

    monkeypatch.setattr(_cuda, "real", old_driver)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _cuda.trial() == said


def test_numbas_warnings_at_what_lessons_do_are_off_unless_somebody_set_them(monkeypatch):
    from labkit import _cuda, memory
    from labkit.kernels import compile

    if problem := compile.why_not():
        pytest.skip(problem)
    from numba.cuda.core import config

    monkeypatch.setattr(memory, "install", lambda cuda: None)
    names = "CUDA_LOW_OCCUPANCY_WARNINGS", "CUDA_WARN_ON_IMPLICIT_COPY"
    for name in names:
        monkeypatch.setattr(config, name, 1)
        monkeypatch.delenv(f"NUMBA_{name}", raising=False)
    monkeypatch.setenv("NUMBA_CUDA_WARN_ON_IMPLICIT_COPY", "1")
    _cuda._pooled.__wrapped__(None)
    assert [getattr(config, name) for name in names] == [0, 1]
    monkeypatch.delenv("NUMBA_CUDA_WARN_ON_IMPLICIT_COPY")
    _cuda._pooled.__wrapped__(None)
    assert [getattr(config, name) for name in names] == [0, 0]
