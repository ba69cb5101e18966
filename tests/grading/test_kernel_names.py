"""A kernel that imports its names under other names finds them where it is judged."""

import ast

import numpy as np
import pytest

from grading.exercise import Exercise, call
from grading.kernel_names import spelled_out
from grading.kernel_part import kernel_part
from grading.kernel_source import refusal
from labkit import emulator
from labkit.outcomes import perform

KERNEL = """@cuda.jit
def root(out, a):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = math.sqrt(float32(a[i]))
"""


@pytest.mark.parametrize(("imports", "then"), [
    ("from math import sqrt", ("math.sqrt", "sqrt")),
    ("from math import sqrt as r, pi", ("math.sqrt", "r")),
    ("from math import *", ("math.sqrt", "sqrt")),
    ("import math as m", ("math", "m")),
    ("import numba", ("float32", "numba.float32")),
    ("import numba as nb", ("float32", "nb.float32")),
    ("import numba", ("cuda", "numba.cuda")),
    ("import numpy", ("float32", "numpy.float32")),
    ("import numpy as numeric", ("float32", "numeric.float32")),
    ("from numpy import float32 as f", ("float32", "f")),
    ("from numba import float32 as f, cuda as c", ("float32", "f")),
    ("from labkit import cuda as gpu", ("cuda", "gpu")),
    ("import numba.cuda as gpu", ("cuda", "gpu")),
    ("import labkit", ("cuda", "labkit.cuda")),
    ("from numba.cuda import grid", ("cuda.grid", "grid")),
])
def test_a_name_that_was_imported_works_where_the_kernel_is_judged(imports, then):
    launch = call(np.zeros(3, np.float32), np.array([1, 4, 9], np.float32), writes=(0,), grid=2, block=2)
    root = Exercise("root", 1, kind="kernel", right=lambda out, a: np.sqrt(a), public=[launch])

    def run(source, name, case):
        assert "import" not in source
        return perform(emulator.from_source(source, name), case)

    cell = f"{imports}\n\n" + KERNEL.replace(*then)
    verdict = root.judge_source(cell, run, b"")
    assert verdict.state == "right", verdict


def test_lines_stay_where_they_are():
    part = kernel_part("from math import sqrt as wurzel\n" + KERNEL.replace("math.sqrt(", "wurzel(wurzel(").replace("])", "]))"), "root")
    assert part.split("\n")[5] == "        out[i] = math.sqrt(math.sqrt(float32(a[i])))"


@pytest.mark.parametrize("cell", [
    "from math import sqrt\nsqrt = 2\n" + KERNEL, "from math import i\n" + KERNEL, "from math import a, out\n" + KERNEL,
    "from .math import sqrt\n" + KERNEL.replace("math.sqrt", "sqrt"), "from os import system as float32\n" + KERNEL,
])
def test_a_name_of_the_cells_own_keeps_its_meaning(cell):
    assert spelled_out(cell, ast.parse(cell)) == cell


@pytest.mark.parametrize("cell", [
    "from os import system\n" + KERNEL.replace("math.sqrt", "system"),
    "from numpy import fromfile\n" + KERNEL.replace("math.sqrt", "fromfile"),
    "from numba.cuda import sys\n" + KERNEL.replace("math.sqrt", "sys.exit"),
    "from math import __loader__ as load\n" + KERNEL.replace("math.sqrt", "load"),
])
def test_what_no_kernel_may_use_stays_refused_by_any_name(cell):
    assert refusal(kernel_part(cell, "root"), "root")


def test_letters_of_several_bytes_before_a_name_do_not_move_it():
    cell = "from math import sqrt\n" + KERNEL.replace("    if i <", "    assert i >= 0, 'größer als β'; wert = sqrt(4.0)\n    if i <")
    assert "'größer als β'; wert = math.sqrt(4.0)" in kernel_part(cell, "root")


@pytest.mark.parametrize(("line", "said"), [
    ("if (n := 3) > 2: pass", ":= inside an expression is outside what a CUDA kernel can do here; assign on a line of its own"),
    ("with a: pass", "a with block is outside what a CUDA kernel can do here; leave it out"),
    ("x = {1: 2}", "a dict is outside what a CUDA kernel can do here; use arrays"),
    ("x = *a, 3", "`starred` is outside what a CUDA kernel can do here; write it with loops and plain arithmetic"),
])
def test_what_no_kernel_holds_is_named_as_students_know_it(line, said):
    assert refusal(KERNEL.replace("i = cuda.grid(1)", f"i = cuda.grid(1)\n    {line}"), "root").endswith(f"line 4: {said}.")
