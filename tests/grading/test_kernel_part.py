"""A kernel is judged alone: what else a student left in its cell is left out, and what the kernel needs stays to be judged."""

import ast

import pytest

from grading.exercise import Exercise, call
from grading.kernel_part import kernel_part
from grading.kernel_source import refusal
from labkit.emulator import from_source

KERNEL = "@cuda.jit\ndef add(out, a):\n    i = cuda.grid(1)\n    if i < out.size:\n        out[i] = a[i] + 1"


@pytest.mark.parametrize("cell", [
    f"from labkit import cuda\nimport math\n{KERNEL}",
    f"{KERNEL}\n\nout, a = np.zeros(4), np.ones(4)\nadd[1, 4](out, a)\nprint(out)",
    f"out = np.zeros(4)\n{KERNEL}\nfor i in range(3):\n    print(i)",
    f"class Note:\n    pass\n\n\n{KERNEL}\nassert True",
    f"import os\r\n{KERNEL}".replace("\n", "\r\n"),
])
def test_a_trial_beside_the_kernel_is_left_out(cell):
    part = kernel_part(cell, "add")
    assert refusal(cell, "add") and refusal(part, "add") is None
    assert ast.unparse(ast.parse(part)) == ast.unparse(ast.parse(KERNEL))


@pytest.mark.parametrize("hints", [
    "(out: NDArray, a: NDArray[np.float32]) -> None", "(out: dict[str,'é'], a: np.ndarray)", "(out: DeviceNDArray, a: Vector) -> 'nothing'",
])
def test_type_hints_play_no_part(hints):
    cell = "from numpy.typing import NDArray\nVector = NDArray[np.float32]\n" + KERNEL.replace("(out, a)", hints).replace("i =", "i: Index =", 1)
    part = kernel_part(cell, "add")
    assert refusal(part, "add") is None and "Vector" not in part and part.split("\n")[4:] == KERNEL.replace("i =", "i: None =", 1).split("\n")[2:]


@pytest.mark.parametrize("signature", ["(float32[:], float32[:])", "void(float32[::1], float32[:])", "'void(float32[:], float32[:])'",
                                       "types.void()"])
def test_a_signature_plays_no_part(signature):
    cell = f"from numba import float32, types, void\n{KERNEL.replace('cuda.jit', f'cuda.jit({signature}, fastmath=True)')}"
    part = kernel_part(cell, "add")
    assert refusal(part, "add") is None and "@cuda.jit(None, fastmath=True)" in part
    assert from_source(part, "add")


def test_lines_keep_their_numbers():
    assert kernel_part(f"import os\n\n# mine\n{KERNEL}\nprint(1)", "add") == f"\n\n# mine\n{KERNEL}\n"


def test_what_the_kernel_uses_stays_and_is_still_refused():
    helped = "SIZE = 2\nUNUSED = open('x')\n@cuda.jit(device=True)\ndef more(x):\n    return x + SIZE\n" + KERNEL.replace("a[i] + 1", "more(a[i])")
    part = kernel_part(helped, "add")
    assert "SIZE = 2" in part and "def more" in part and "UNUSED" not in part and refusal(part, "add") is None
    for uses in ("n = open('x')\n", "for n in range(3):\n    pass\n", "def n():\n    import os\n"):
        assert refusal(kernel_part(uses + KERNEL.replace("+ 1", "+ n"), "add"), "add")
    assert refusal(kernel_part(KERNEL.replace("    i =", "    import os\n    i ="), "add"), "add")
    assert refusal(kernel_part("cuda = open\n" + KERNEL, "add"), "add")


@pytest.mark.parametrize(("cell", "gone"), [
    (f"{KERNEL}\n%timeit add[1, 4](out, a)\n!ls\n", "%timeit"),
    (f"%%time\n{KERNEL}", "%%time"),
    (f"{KERNEL}\nadd?\n", "add?"),
    (f"?cuda.grid\n{KERNEL}\nadd??", "?"),
    (f"files = !ls\n{KERNEL}\nt = %timeit -o add[1, 4](out, a)", "!ls"),
    (f"!echo a \\\n  b\nnp.*dot*?\n{KERNEL}", "echo"),
    (f"if True:\n    %matplotlib inline\n{KERNEL}\nfor i in range(2):\n    !echo {{i}}", "%"),
])
def test_lines_that_only_the_notebook_understands_are_left_out(cell, gone):
    part = kernel_part(cell, "add")
    assert gone not in part and refusal(part, "add") is None
    assert ast.unparse(ast.parse(part)) == ast.unparse(ast.parse(KERNEL))


def test_a_remainder_at_the_start_of_a_line_is_no_magic():
    cell = KERNEL.replace("a[i] + 1", "(a[i]\n% 2)")
    assert kernel_part(cell, "add") == cell


@pytest.mark.parametrize("cell", ["def add(:", "x = 1", f"import os; {KERNEL[10:]}", "x = " + "(" * 5000, "#" * 30_000])
def test_a_cell_that_cannot_be_taken_apart_stays_as_it_is(cell):
    assert kernel_part(cell, "add") == cell


def test_the_judge_takes_only_the_kernel():
    add = Exercise("add", 1, kind="kernel", right=lambda out, a: [2.0], public=[call([0.0], [1.0], writes=(0,), grid=1, block=1)])
    seen = []
    add.judge_source(f"import os\n{KERNEL}\nos.remove('x')", lambda source, name, _: seen.append(source) or add.expected(add.public[0]), b"")
    assert seen and all("os" not in source for source in seen)
