"""The emulator's `cuda` as a stand-in for numba.cuda: launches, memory of the device, kernels that arrive in other forms."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from labkit import emulator
from labkit.emulator import KernelFault, cuda, from_source

ROOT = Path(__file__).parents[2]
f32 = np.float32


@cuda.jit
def double(out, a):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = f32(2) * a[i]


@pytest.mark.parametrize("configuration", [(2, 8), ((2,), (8,)), ((2, 1, 1), (8, 1)), (2, 8, 0), (2, 8, cuda.stream(), 64), (np.int64(2), 8)])
def test_launch_configurations(configuration):
    out = np.zeros(12, f32)
    double[configuration](out, np.arange(12, dtype=f32))
    np.testing.assert_array_equal(out, 2 * np.arange(12))


def test_forall_without_tasks():
    double.report = None
    double.forall(0)(np.zeros(0, f32), np.zeros(0, f32))
    assert double.report is None
    with pytest.raises(ValueError, match="cannot be -1"):
        double.forall(-1)


def test_forall_covers_every_element():
    out = np.zeros(1000, f32)
    double.forall(1000)(out, np.ones(1000, f32))
    assert (out == 2).all() and double.report.grid == (8, 1, 1)


@pytest.mark.parametrize("call, error, words", [
    (lambda: double(1, 2), ValueError, "how many blocks and threads"),
    (lambda: double[4](1, 2), ValueError, "double[blocks, threads]"),
    (lambda: cuda.syncthreads(), RuntimeError, "inside a kernel only"),
    (lambda: cuda.jit(device=True)(lambda x: x)(1), RuntimeError, "device function"),
    (lambda: cuda.sync_threads, AttributeError, "did you mean cuda.syncthreads?"),
    (lambda: cuda.jit(3.5)(3.5), TypeError, "expected a kernel"),
    (lambda: double["2", 8](1, 2), KernelFault, "has to be an integer"),
    (lambda: double[1, 8](a=1, out=2), TypeError, "double takes its arguments in their order, as every kernel does: leave out a="),
    (lambda: double[1, 8](np.zeros(8), SimpleNamespace(dtype="float32")), KernelFault, "the argument a is a SimpleNamespace"),
    (lambda: cuda.random, AttributeError, "draw random numbers outside the kernel"),
])
def test_misuse_on_the_host_says_what_to_do(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)


def test_device_memory():
    host = np.arange(12, dtype=f32).reshape(3, 4)
    there = cuda.to_device(host)
    host[0, 0] = 99
    assert there.shape == (3, 4) and there.dtype == f32 and there.size == 12 and len(there) == 3 and there.nbytes == 48
    out = cuda.device_array_like(there)
    double[1, 16](out.ravel(), there.reshape(12))
    np.testing.assert_array_equal(out.copy_to_host(), 2 * np.arange(12).reshape(3, 4))
    into = np.zeros((3, 4), f32)
    assert out[1:].copy_to_host(into[1:]).base is not None
    np.testing.assert_array_equal(into[1:], 2 * np.arange(4, 12).reshape(2, 4))
    there[1] = 7
    assert there.copy_to_host()[1, 3] == 7 and there[1, 3] == 7
    there.copy_to_device(np.ones((3, 4), f32))
    assert (np.asarray(there) == 1).all()
    with pytest.raises(ValueError, match="have to agree"):
        there.copy_to_device(np.ones(5, f32))


def test_memory_of_the_host_that_kernels_reach():
    out, a = np.zeros(4, f32), np.arange(4, dtype=f32)
    with cuda.pinned(out, a), cuda.mapped(out, a) as (there, given):
        double[1, 4](there, given)
    np.testing.assert_array_equal(out, 2 * a)
    with cuda.mapped(out) as there:
        double[1, 4](cuda.InOut(there), cuda.In(out))
    np.testing.assert_array_equal(out, 4 * a)
    double[1, 4](cuda.In(out), a)
    np.testing.assert_array_equal(out, 4 * a)
    double[1, 4](cuda.Out(out), a)
    np.testing.assert_array_equal(out, 2 * a)
    assert cuda.pinned_array_like(a).dtype == cuda.mapped_array_like(a).dtype == f32


def test_what_programs_ask_for_at_their_start():
    device = cuda.select_device(0)
    assert len(cuda.gpus) == len(cuda.list_devices()) == 1
    assert (device.MAX_BLOCK_DIM_X, device.MAX_BLOCK_DIM_Z, device.MAX_GRID_DIM_X, device.MAX_GRID_DIM_Y) == (1024, 64, 2**31 - 1, 65535)
    assert (cuda.i1, cuda.u2, cuda.c8) == (np.int8, np.uint16, np.complex64)


@pytest.mark.parametrize("n", [0, 1, 5, 1024, 2500])
def test_reduce(n):
    a, there = np.arange(n, dtype=np.float64), cuda.to_device(np.zeros(1))
    total = cuda.reduce(lambda x, y: x + y)
    assert total(a) == a.sum() and total(cuda.to_device(a), init=3) == a.sum() + 3 and total(a, size=3) == a[:3].sum()
    assert total(a, res=there) is None and there[0] == a.sum()
    assert cuda.Reduce(lambda x, y: max(x, y))(a, init=-1) == max(a, default=-1)


def test_a_device_array_from_outside_the_kernel():
    there = cuda.to_device(np.arange(8, dtype=f32))

    def turned(out):
        i = cuda.grid(1)
        out[i] = there[7 - i]

    def shifted(out):
        i = cuda.grid(1)
        there[i] = there[(i + 1) % 8]

    out = np.zeros(8, f32)
    assert emulator.run(turned, 1, 8, out).ok
    np.testing.assert_array_equal(out, np.arange(8)[::-1])
    assert [f.kind for f in emulator.run(shifted, 1, 8, out).faults] == ["race"]


def test_an_array_that_stays_out_of_constant_memory():
    def copy(out, a):
        here = cuda.const.array_like(a)
        out[cuda.grid(1)] = here[cuda.grid(1)]

    out, a = np.zeros(8, f32), np.arange(8, dtype=f32)
    report = emulator.run(copy, 1, 8, out, a)
    assert report.ok and [w.kind for w in report.warnings] == ["constant"] and "a stays in global memory" in str(report.warnings[0])
    np.testing.assert_array_equal(out, a)


def test_device_array_remembers_what_was_written():
    memory = cuda.device_array(8, f32)
    assert np.isnan(memory.copy_to_host()).all()
    first_half = emulator.run(double, 1, 4, memory[:4], np.ones(4, f32))
    assert first_half.ok, first_half.faults
    report = emulator.run(double, 1, 8, np.zeros(8, f32), memory)
    assert [(f.kind, f.index) for f in report.faults] == [("unwritten-read", (4,))]
    memory[4:] = 5
    assert emulator.run(double, 1, 8, np.zeros(8, f32), memory).ok


def test_arrays_that_share_memory_are_one_memory():
    def shift(out, a):
        i = cuda.grid(1)
        if i < out.size:
            out[i] = a[i]

    a = np.arange(9, dtype=f32)
    report = emulator.run(shift, 1, 8, a[1:], a[:-1])
    assert [f.kind for f in report.faults] == ["race"]
    assert emulator.run(shift, 1, 8, a[:4], a[4:]).ok


def test_any_layout_of_arrays():
    def copy(out, a):
        x, y = cuda.grid(2)
        if y < out.shape[0] and x < out.shape[1]:
            out[y, x] = a[y, x]

    whole = np.arange(48, dtype=f32).reshape(6, 8)
    for a in (whole, whole.T, whole[::2, ::-1], np.asfortranarray(whole), whole[1:4, 2:5], np.broadcast_to(whole[0], (3, 8))):
        for out in (np.zeros(a.shape, f32), np.zeros(a.shape[::-1], f32).T, np.zeros((2 * a.shape[0], a.shape[1]), f32)[::2]):
            report = emulator.run(copy, (2, 2), (4, 4), out, a)
            assert report.ok, report.faults
            np.testing.assert_array_equal(out, a)


def test_an_array_that_lies_across_elements_of_its_memory():
    def count(out):
        out[cuda.grid(1)] = cuda.grid(1)

    memory = np.zeros(9)
    shifted = np.ndarray(8, float, memory.view(np.uint8)[4:-4])
    assert emulator.run(count, 1, 8, shifted).ok
    np.testing.assert_array_equal(shifted, np.arange(8))


def test_column_major_arrays_are_counted_as_they_lie():
    def rows(out):
        out[cuda.grid(1), 0] = 1

    assert emulator.run(rows, 1, 32, np.zeros((32, 32), f32)).transactions == 32
    assert emulator.run(rows, 1, 32, np.zeros((32, 32), f32, order="F")).transactions == 4


def test_empty_arrays_are_left_alone():
    assert emulator.run(double, 1, 8, np.zeros(0, f32), np.zeros(0, f32)).ok


def test_dynamic_shared_memory():
    @cuda.jit
    def reverse(out, a):
        s = cuda.shared.array(0, f32)
        t = cuda.threadIdx.x
        s[t] = a[t]
        cuda.syncthreads()
        out[t] = s[cuda.blockDim.x - 1 - t]

    out = np.zeros(16, f32)
    reverse[1, 16, 0, 64](out, np.arange(16, dtype=f32))
    np.testing.assert_array_equal(out, np.arange(16)[::-1])
    with pytest.raises(KernelFault, match=r"s\[15\], but s has 15 elements"):
        reverse[1, 16, 0, 60](out, np.arange(16, dtype=f32))


def test_kernels_print():
    report = emulator.run(from_source("def say(a):\n    if cuda.grid(1) < 2:\n        print('value', a[0], cuda.grid(1))\n", "say"), 1, 4, np.ones(1))
    assert report.output == ["value 1.0 0", "value 1.0 1"]
    report = emulator.run(from_source("def say(a):\n    i = cuda.grid(1)\n    print((i, a[i]), (i,))\n", "say"), 1, 2, np.ones(2))
    assert report.output == ["(0, 1.0) (0,)", "(1, 1.0) (1,)"]


def test_numbas_own_kernels_run_here():
    """A dispatcher of Numba's is unwrapped, with the device functions, types and cuda that it names."""
    numba = pytest.importorskip("numba")
    try:
        from numba import cuda as real
    except Exception as error:
        pytest.skip(f"numba.cuda does not load here: {error}")
    namespace = {"cuda": real, "float32": numba.float32, "int32": numba.types.int32, "syncthreads": real.syncthreads, "numba": numba}
    source = """
def squared(x):
    return x * x
def kernel(out, a):
    s = cuda.shared.array(8, float32)
    i = numba.cuda.grid(1)
    t = cuda.threadIdx.x
    s[t] = device(a[i]) + host(a[i])
    syncthreads()
    out[i] = float32(int32(s[7 - t]))
"""
    plain = from_source(source, "kernel").py_func
    device, host = real.jit(device=True)(from_source(source, "squared").py_func), numba.njit(from_source(source, "squared").py_func)
    plain.__globals__.update(namespace, device=device, host=host)
    out, a = np.zeros(16, f32), np.arange(16, dtype=f32) / 2
    report = emulator.run(real.jit(plain), 2, 8, out, a)
    assert report.ok, report.faults
    np.testing.assert_array_equal(out, np.floor(2 * a * a).reshape(2, 8)[:, ::-1].ravel())


def test_parts_of_numbas_cuda():
    try:
        from numba.cuda import cg, libdevice, random
        from numba.cuda.random import xoroshiro128p_uniform_float32
    except Exception as error:
        pytest.skip(f"numba.cuda does not load here: {error}")

    def phases(out):
        grid, i = cg.this_grid(), cuda.grid(1)
        out[i] = i
        grid.sync()
        out[i] = out[i] + 1

    def draws(out):
        out[0] = random.xoroshiro128p_uniform_float32(out, 0)

    def draws_by_its_name(out):
        out[0] = xoroshiro128p_uniform_float32(out, 0)

    def fast(out):
        out[0] = libdevice.fast_expf(out[0])

    assert emulator.run(phases, 2, 4, np.zeros(8)).ok
    for kernel, words in ((draws, "draw random numbers outside"), (draws_by_its_name, "draw them outside"), (fast, "the functions of math")):
        fault = emulator.run(kernel, 1, 1, np.zeros(8)).faults[0]
        assert fault.kind == "unsupported" and words in str(fault)


def test_source_with_its_own_imports():
    kernel = from_source("""
        from numba import cuda, float32
        import math, numpy as np
        N = 4
        @cuda.jit(device=True)
        def half(x):
            return x * np.float32(0.5)
        @cuda.jit
        def halves(out):
            s = cuda.shared.array(N, dtype=float32)
            s[cuda.threadIdx.x] = math.sqrt(float32(4))
            out[cuda.threadIdx.x] = half(s[cuda.threadIdx.x])
        """, "halves")
    out = np.zeros(4, f32)
    kernel[1, 4](out)
    assert (out == 1).all()


@pytest.mark.parametrize("source, words", [
    ("def f(:\n  pass", "line 1 `def f(:`: this is not Python"),
    ("x = 1", "defines no function called f"),
    ("import os\ndef f(a): pass", "may import"),
    ("1 / 0\ndef f(a): pass", "ZeroDivisionError"),
    ("def f(a)\n    pass\n\x00", "not Python"),
])
def test_source_that_is_no_kernel(source, words):
    with pytest.raises(KernelFault) as caught:
        from_source(source, "f")
    assert words in str(caught.value) and caught.value.faults[0].kind == "syntax"


@pytest.mark.parametrize("body", [
    "open('x')", "a[0] = a[1].__class__", "a[0] = __import__('os')", "eval('1')", "np.lib.os.system('true')", "a[0] = math.__loader__.x",
    "a[0] = np.random.rand()", "a.x = 1", "cuda.threadIdx.x = 1", "a[0], b = 1", "x = [0] * 3", "a[0] = 'x'", "a[0] = None", "a[0] = len(5)",
    "a[0] = int('3')", "x = cuda.grid(2)\n    a[x] = 1", "a[0] = max(a)", "cuda.syncthreads(1)", "for i in a.size: pass", "a[0] = a.reshape(3)[0]",
    "a[0] = range(3)[1]", "cuda.grid(7)", "a[0] = cuda.popc(a)", "a[0] = math.sqrt(1, 2)", "(x for x in a)", "a[0] = a[0] @ a[1]", "assert a",
    "a[:2] = a[2:4]", "a[0] = a[1:3]", "while a: pass", "lambda: 1 / 0\n    a['x'] = 1", "s = cuda.local.array(10**12, np.float32)",
    "a[0] = cuda.threadIdx.x()", "a[0] = cuda.blockDim.x()", "a[0] = a(0)", "a[0] = ~a[1]", "for i in range(): pass",
    "for i in range(1, 2, 3, 4): pass", "a[0] = cuda.grid(2)(1)", "a[0] = 'x'(1)", "s = cuda.shared.array(4, lambda v: v)", "a[0] = None < None",
    "s = cuda.shared.array(4, np)", "b = a[:math.nan]", "b = a[1j:]", "b = a[::0]", "b = a.reshape(4, a)", "b = a.reshape(2.0, 4)", "a[0] = len(2)",
    "b = (1, 2)[:1.0]", "b = (1, 2)[:a.size]",
])
def test_nonsense_is_refused_in_a_sentence(body):
    report = emulator.run(from_source(f"def f(a):\n    {body}\n", "f"), 1, 4, np.ones(8, f32), max_steps=1000)
    assert [f.kind for f in report.faults[:1]] in (["unsupported"], ["launch"]), [str(f) for f in report.faults]
    assert str(report.faults[0]).endswith(".") and report.faults[0].line >= 2
    assert "the emulator cannot run" not in str(report.faults[0])       # that is what is said where it fails itself
    assert not any(word in str(report.faults[0]) for word in ("labkit", "View", "ndarray"))


def test_a_barrier_named_but_not_called():
    report = emulator.run(from_source("def f(a):\n    cuda.syncthreads\n", "f"), 1, 4, np.ones(8))
    assert [w.kind for w in report.warnings] == ["unused"]
    assert not emulator.run(from_source("def f(a):\n    cuda.cg.this_grid()\n", "f"), 1, 4, np.ones(8)).warnings


def test_the_same_value_by_many_threads_is_a_warning():
    report = emulator.run(from_source("def f(a):\n    a[0] = 3\n", "f"), 4, 8, np.ones(8))
    assert report.ok and [(w.kind, w.index) for w in report.warnings] == [("same-value-write", (0,))]
    assert "thread 0 of block 0 and thread 7 of block 0 write the same value to a[0]" in str(report.warnings[0])
    report = emulator.run(from_source("def f(a):\n    row = a[2]\n    row[cuda.threadIdx.x // 2] = 3\n", "f"), 1, 4, np.ones((4, 4)))
    assert "write the same value to a[2, 0]" in str(report.warnings[0])


def test_time_limit():
    report = emulator.run(from_source("def f(a):\n    while a[0] > 0:\n        a[0] += 1\n", "f"), 1, 1, np.ones(1), max_seconds=0.2, max_steps=10**9)
    assert [f.kind for f in report.faults] == ["endless"] and 0.2 < report.seconds < 5


def test_the_steps_of_one_block_do_not_count_for_the_next():
    report = emulator.run(from_source("def f(a):\n    for k in range(100):\n        a[cuda.grid(1)] = k\n", "f"), 50, 1, np.ones(50), max_steps=500)
    assert report.ok, report.faults


def test_a_lambda_as_device_function():
    square = cuda.jit(device=True)(lambda x: x * x)

    def kernel(out):
        i = cuda.grid(1)
        out[i] = square(i)

    out = np.zeros(8, np.int32)
    assert emulator.run(kernel, 1, 8, out).ok
    np.testing.assert_array_equal(out, np.arange(8) ** 2)


def test_a_lambda_beside_others_where_python_keeps_no_columns(tmp_path):
    """The emulator cannot tell them apart then, and runs none in place of another."""
    (tmp_path / "pair.py").write_text("from labkit.emulator import cuda\n"
                                      "square, cube = cuda.jit(device=True)(lambda x: x * x), cuda.jit(device=True)(lambda x: x * x * x)\n"
                                      "def kernel(out):\n    out[0] = cube(2)\n")
    code = "import numpy, pair; from labkit import emulator; print(emulator.run(pair.kernel, 1, 1, numpy.zeros(1)).faults[0])"
    run = subprocess.run([sys.executable, "-X", "no_debug_ranges", "-c", code], capture_output=True, text=True, check=True,
                         env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"})
    assert "which lambda of its line" in run.stdout


def test_an_edited_file_that_is_loaded_again(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    file, out = tmp_path / "edited_kernel.py", np.zeros(4, f32)
    source = "from labkit.emulator import cuda\n@cuda.jit\ndef fill(out):\n    out[cuda.grid(1)] = {}\n"
    file.write_text(source.format(1))
    module = importlib.import_module("edited_kernel")
    module.fill[1, 4](out)
    assert (out == 1).all()
    file.write_text(source.format(2222))
    importlib.reload(module).fill[1, 4](out)
    assert (out == 2222).all()


def test_cells_of_a_notebook():
    """A kernel's text is found in a plain cell, beside magics; not under %%time, whose text IPython throws away."""
    pytest.importorskip("IPython")
    code = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
define = "@cuda.jit\\ndef {}(out):\\n    out[cuda.grid(1)] = 1\\n"
shell.run_cell("import numpy as np\\nfrom labkit import emulator\\nfrom labkit.emulator import cuda")
shell.run_cell(define.format("plain") + "%timeit -n1 -r1 1")
shell.run_cell("%%time\\n" + define.format("timed"))
shell.run_cell("for k in (plain, timed): print(emulator.run(k, 1, 4, np.zeros(4)))")
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "plain ran without a fault" in run.stdout and "timed: IPython keeps no source text of a cell under %%time" in run.stdout


def test_threads_that_take_turns_have_their_own_steps():
    """32 threads of some 200 steps are no endless loop, though together they run 6,400."""
    def largest(best, a):
        i = cuda.grid(1)
        most = 0
        for k in range(a.shape[1]):
            if a[i, k] > most:
                most = a[i, k]
        seen = 0
        while True:
            old = cuda.atomic.cas(best, 0, seen, max(seen, most))
            if old == seen:
                break
            seen = old

    a, best = np.random.default_rng(0).integers(0, 1000, (32, 100)).astype(np.int32), np.zeros(1, np.int32)
    for options in ({}, {"max_seconds": 60}):
        report = emulator.run(largest, 1, 32, best, a, max_steps=1000, **options)
        assert report.ok and best[0] == a.max(), report.faults
    assert [f.kind for f in emulator.run(largest, 1, 32, best, a, max_steps=100).faults] == ["endless"]


def test_dynamic_shared_memory_as_two_types():
    def words(out):
        bits = cuda.shared.array(0, np.int32)
        values = cuda.shared.array(0, f32)
        wide = cuda.shared.array(0, np.float64)
        t = cuda.threadIdx.x
        values[t] = f32(t)
        cuda.syncthreads()
        out[t] = bits[t]
        if wide[t // 2] < 0:
            out[t] = 0

    out = np.zeros(16, np.int32)
    report = emulator.run(words, 1, 16, out, shared_bytes=64)
    assert report.ok, report.faults
    np.testing.assert_array_equal(out, np.arange(16, dtype=f32).view(np.int32))


def test_events_and_streams():
    start, end = cuda.event(), cuda.event()
    stream = cuda.stream()
    start.record(stream)
    end.record(stream)
    end.synchronize()
    assert end.query() is True
    assert cuda.event_elapsed_time(start, end) >= 0
    cuda.synchronize()
    assert cuda.is_available() is False


def test_loading_is_light():
    """Nothing but NumPy, greenlet and the standard library is loaded."""
    code = ("import sys, numpy; before = set(sys.modules); import labkit.emulator; "
            "print(*{m.split('.')[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names))")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert set(run.stdout.split()) == {"labkit", "greenlet"}
