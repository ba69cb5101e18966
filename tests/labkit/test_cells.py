"""What a notebook's cells say of an answer, in a real notebook's shell: names from cells that grading does not run, and cells that Python could
not read. Never where there are none."""

import json
import subprocess
import sys

import numpy as np
import pytest

from grading import build, exercise, kernel_source
from grading.kernel_part import kernel_part
from labkit import cells, checks
from labkit.emulator import cuda

SHELLS = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

def said(*sources):
    shell = InteractiveShell(config=Config(HistoryManager={"enabled": False}))
    for source in sources:
        with capture_output():
            ran = shell.run_cell(source, store_history=True)
        if ran.error_in_exec:
            raise ran.error_in_exec
    with capture_output() as seen:
        shell.run_cell("check(delta_step)", store_history=True)
    return seen.stdout + seen.stderr

print(json.dumps([said(*sources) for sources in json.load(sys.stdin)]))
"""
SETUP = "import numpy as np\nfrom labkit import check"
STEP = "def delta_step(w, b, x, y, rate):\n    miss = y - {sum}\n    return w + rate * miss * x, b + rate * miss"
PLAIN = STEP.format(sum="(np.dot(w, x) + b)")
OTHER = "def fires(x, w, b):\n    return int({sum} > 0)"
HELPER = "def total(w, b, x):\n    return {sum}\n"
DOT = "np.dot(w, x) + b"
NOT_RUN = "from a cell that is not run when your work is graded: write {} into the cell of delta_step."
ADDED = [
    ([HELPER.format(sum=DOT), STEP.format(sum="total(w, b, x)")], "But total comes " + NOT_RUN.format("it")),
    (["import math", STEP.format(sum="math.fsum([*(w * x), b])")], "But math comes " + NOT_RUN.format("it")),
    (["import math", HELPER.format(sum="math.fsum([*(w * x), b])"), STEP.format(sum="total(w, b, x)")],
     "But math and total come " + NOT_RUN.format("them")),
    (["import math", HELPER.format(sum="math.fsum([*(w * x), b])") + STEP.format(sum="total(w, b, x)")], "But math comes " + NOT_RUN.format("it")),
    (["class Sum:\n    def __call__(self, w, b, x):\n        return np.dot(w, x) + b\nadder = Sum()", STEP.format(sum="adder(w, b, x)")],
     "But adder comes " + NOT_RUN.format("it")),
    (["def nested(w, b, x):\n    return np.dot(w, x) + b", STEP.format(sum="(lambda: nested(w, b, x))()")],
     "But nested comes " + NOT_RUN.format("it")),
    (["from typing import Any as Number", PLAIN.replace("rate)", "rate: Number)")], "But Number comes " + NOT_RUN.format("it")),
    (["from numpy.typing import NDArray", PLAIN.replace("rate):", "rate) -> tuple[NDArray, float]:")], "But NDArray comes " + NOT_RUN.format("it")),
    (["RATE = 0.1", PLAIN.replace("rate)", "rate=RATE)")], "But RATE comes " + NOT_RUN.format("it")),
    (["def careful(function):\n    return function", "@careful\n" + PLAIN], "But careful comes " + NOT_RUN.format("it")),
    (["import math\ndef careful(function):\n    return lambda *numbers: function(*numbers)", "@careful\n" + PLAIN],
     "But careful comes " + NOT_RUN.format("it")),
    (["class Step:\n    " + PLAIN.replace("delta_step(", "__call__(self, ").replace("\n", "\n    "), "delta_step = Step()"],
     "But Step comes " + NOT_RUN.format("it")),
    (["from functools import partial", PLAIN.replace("delta_step(", "step(") + "\ndelta_step = partial(step)"],
     "But partial comes " + NOT_RUN.format("it")),
    (["def total(w, b, x):\n    return np.dot(w, x) + b", "import functools\ndelta_step = functools.partial(lambda *a: (a[0] + a[4] * (a[3] - "
      "total(*a[:3])) * a[2], a[1] + a[4] * (a[3] - total(*a[:3]))))"], "But total comes " + NOT_RUN.format("it")),
    (["class Base:\n    pass", "class Step(Base):\n    pass\n" + PLAIN], "But Base comes " + NOT_RUN.format("it")),
    (["SCALE = 1.0", "class Step:\n    scale = SCALE\n" + PLAIN], "But SCALE comes " + NOT_RUN.format("it")),
    (["SCALES = [1.0]", "scale = [one for one in SCALES][0]\n" + STEP.format(sum="(np.dot(w, x) + b) * scale")],
     "But SCALES comes " + NOT_RUN.format("it")),
]
IN_ANSWERS = [
    [PLAIN],
    [HELPER.format(sum=DOT) + STEP.format(sum="total(w, b, x)")],
    ["import math\n" + STEP.format(sum="math.fsum([*(w * x), b])")],
    ["import math\n" + HELPER.format(sum=DOT) + OTHER.format(sum="total(w, b, x)"), STEP.format(sum="total(w, b, x) + math.log(1)")],
    ["import math\nguess_rate = 'a'", STEP.format(sum="math.fsum([*(w * x), b])")],
    ["def make():\n    global total\n    total = lambda w, b, x: np.dot(w, x) + b\nmake()\n" + STEP.format(sum="total(w, b, x)")],
    ["if True:\n    from math import fsum as add\n" + STEP.format(sum="add([*(w * x), b])")],
    ["for scale in (1.0,):\n    pass\n" + STEP.format(sum="(np.dot(w, x) + b) * scale")],
    ["import math", "tried = 1", PLAIN, "delta_step(np.ones(2), 0.0, np.ones(2), 1.0, 0.1)"],
    ["total = 3", STEP.format(sum="(lambda total: total)(np.dot(w, x) + b)")],
    ["tried = 1", PLAIN + "\nprint(delta_step(np.ones(2), 0.0, np.ones(2), 1.0, 0.1), tried)"],
    ["tried = 1", PLAIN.replace("rate):", "rate: float = 0.1) -> tuple:")],
    ["from numpy.typing import NDArray", "from __future__ import annotations\n" + PLAIN.replace("rate)", "rate: NDArray)")],
    ["from functools import cache\ndef keep(function):\n    return function\n@keep\n" + PLAIN],
    ["scale = 3", "class Step:\n    scale = 1.0\n    twice = 2 * scale\n" + PLAIN],
    ["one = 3", "scale = sum(one for one in (0.5, 0.5))\n" + STEP.format(sum="(np.dot(w, x) + b) * scale")],
    ["if __name__ == '__main__':\n    pass\n" + PLAIN],
    ["scale: float = 1.0\n" + STEP.format(sum="(np.dot(w, x) + b) * scale")],
    ["sum_of = 3", "try:\n    from math import fsum as sum_of\nexcept ImportError:\n    sum_of = sum\n" + STEP.format(sum="sum_of([*(w * x), b])")],
]
UNREADABLE = [
    ["from math import *\n" + STEP.format(sum="fsum([*(w * x), b])")],
    ["exec('def total(w, b, x): return np.dot(w, x) + b')\n" + STEP.format(sum="total(w, b, x)")],
    ["%%time\n" + HELPER.format(sum=DOT) + STEP.format(sum="total(w, b, x)")],
    ["%%time\n" + HELPER.format(sum=DOT) + OTHER.format(sum="total(w, b, x)"), STEP.format(sum="total(w, b, x)")],
]
STUB = "def delta_step(w, b, x, y, rate):\n    raise NotImplementedError"
NOT_PYTHON = [
    ([STUB, PLAIN.replace("(np", "((np")], "'(' was never closed, line 2"),
    ([PLAIN, PLAIN.replace("\n    return", "\n  return")], "unindent does not match any outer indentation level, line 3"),
    ([PLAIN, "import math\n  " + PLAIN], "unexpected indent, line 2"),
    ([PLAIN, "delta_step = lambda: 3 +"], "invalid syntax, line 1"),
]
PYTHON_AGAIN = [
    [PLAIN.replace("(np", "((np"), PLAIN],
    [PLAIN, "delta_step(1,", "# def delta_step(", "delta_step == )"],
    [PLAIN, "def other_step(:\n    delta_step"],
    ["title = '\\eta'\n" + PLAIN],
]


@pytest.fixture(scope="module")
def said():
    """said(sources): what check(delta_step) adds to its verdict, on one line, in a shell that has run these cells."""
    every = [*(sources for sources, _ in ADDED), *IN_ANSWERS, *UNREADABLE, *PYTHON_AGAIN]
    lines = said_in_shells(every)
    assert all(line.startswith("Right: delta_step passes all ") for line in lines)
    return lambda sources: " ".join(lines[every.index(sources)].partition(" cases.")[2].split())


def said_in_shells(every):
    done = subprocess.run([sys.executable, "-W", "default", "-c", SHELLS], input=json.dumps([[SETUP, *sources] for sources in every]),
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(("sources", "line"), ADDED)
def test_what_stands_in_an_added_cell_is_named(said, sources, line):
    assert said(sources) == line


@pytest.mark.parametrize("sources", IN_ANSWERS)
def test_what_stands_in_answers_is_not(said, sources):
    assert said(sources) == ""


@pytest.mark.parametrize("sources", UNREADABLE)
def test_where_a_cell_cannot_be_read_nothing_is_said(said, sources):
    assert said(sources) == ""


def test_an_answer_that_python_could_not_read_is_not_judged_by_the_one_before():
    """The last verdict would come again, or "not attempted yet", to somebody who just wrote an answer."""
    for line, (sources, trouble) in zip(said_in_shells([sources for sources, _ in NOT_PYTHON]), NOT_PYTHON, strict=True):
        assert " ".join(line.split()) == (
            f"Not checked: Python could not read the cell with delta_step when it ran last ({trouble}) and still has what was there before. "
            "Mend it, run its cell, then this one."), sources


@pytest.mark.parametrize("sources", PYTHON_AGAIN)
def test_other_cells_that_python_could_not_read_do_not_matter(said, sources):
    assert said(sources) == ""


def test_outside_a_notebook_nothing_is_said():
    def double(x):
        return helper(x)        # noqa: F821

    assert cells.from_elsewhere("double", double, (), {"double"}, {"double": double, "helper": abs}) == []


@pytest.mark.parametrize("own", [None, 5, "text", [[1.0, 2.0]], np.ones(2)], ids=str)
def test_a_student_may_call_something_in(own):
    notebook = {"double": abs, "In": own}
    assert cells.unread("double", notebook) is None and cells.from_elsewhere("double", abs, (), {"double"}, notebook) == []


KERNEL = "@cuda.jit\ndef dropout_kernel(out, x, uniforms, rate):\n    i = cuda.grid(1)\n    if i < out.size:\n" \
         "        out[i] = 0 if uniforms[i] < rate else {stays}"
KEEP = "@cuda.jit(device=True)\ndef louder(a, rate):\n    return a / (ONE - rate)\n"


@pytest.mark.parametrize(("sources", "said"), [
    (["ONE = 1.0", KERNEL.format(stays="x[i] / (ONE - rate)")],
     "ONE stands outside the cell of dropout_kernel, and a kernel is judged alone: write it"),
    (["ONE = 1.0\n" + KEEP, KERNEL.format(stays="louder(x[i], rate)")],
     "ONE and louder stand outside the cell of dropout_kernel, and a kernel is judged alone: write them"),
    (["import math as m\nfires = 1", KERNEL.format(stays="m.fabs(x[i]) / (1 - rate)")], "m stands outside"),
    (["ONE = 1.0\nfires = 1", KEEP + KERNEL.format(stays="louder(x[i], rate)")], "ONE stands outside"),
    ([KERNEL.format(stays="x[i] / (1 - rate)")], ""),
    (["ONE = 1.0\n" + KEEP + KERNEL.format(stays="louder(x[i], rate)")], ""),
    (["import math\nfrom numba import float32", KERNEL.format(stays="float32(math.fabs(x[i])) / (1 - rate)")], ""),
    (["from math import *\n" + KERNEL.format(stays="fabs(x[i]) / (1 - rate)")], ""),
], ids=str)
def test_what_a_kernel_has_from_outside_its_cell_is_named(sources, said):
    notebook = {"__name__": "__main__", "In": ["", *sources], "cuda": cuda, "np": np}
    for source in sources:
        exec(source, notebook)
    words = checks.missing("dropout_kernel", checks.exercises()["dropout_kernel"], notebook["dropout_kernel"], notebook)
    assert words.startswith(f" But {said}" if said else "") and bool(words) == bool(said)


@pytest.mark.parametrize(("cell", "hidden"), [
    ("{}", False), ("SIGNATURE = None\n{}", False), ("try:\n    import math\nexcept ImportError:\n    pass\n{}", False),
    ("if True:\n    {indented}", True), ("def made():\n    {indented}\n    return dropout_kernel\ndropout_kernel = made()", True),
    ("jit = cuda.jit\n{jit}", True), ("{plain}\ndropout_kernel = cuda.jit(dropout_kernel)", True),
], ids=range(7))
def test_a_kernel_that_its_cell_hides_from_the_judge_is_told_so(cell, hidden):
    kernel = KERNEL.format(stays="x[i] / (1 - rate)").strip()
    cell = cell.format(kernel, indented=kernel.replace("\n", "\n    "), jit=kernel.replace("cuda.jit", "jit"), plain=kernel.partition("\n")[2])
    notebook = {"__name__": "__main__", "In": ["", cell], "cuda": cuda, "np": np}
    exec(cell, notebook)
    words = checks.missing("dropout_kernel", checks.exercises()["dropout_kernel"], notebook["dropout_kernel"], notebook)
    assert ("judged by the text of its cell" in words) is hidden
    assert hidden is bool(kernel_source.refusal(kernel_part(cell, "dropout_kernel"), "dropout_kernel"))


def test_a_kernel_finds_what_it_may_name():
    assert kernel_source.MODULES | kernel_source.TYPES == cells.KERNELS_FIND


@pytest.mark.parametrize("lab", build.labs())
def test_no_declared_solution_is_warned_about(lab):
    """Each in the cell of its exercise, with NumPy and math imported there, in a notebook whose set-up cells have run."""
    setup = [c.source for c in build.source_notebook(lab).cells if "setup" in c.metadata.get("tags", ())]
    given, answers, tried = build.given(lab), set(checks.exercises()), 0
    assert given == checks.exercises()[next(iter(exercise.load(lab)))]["given"]
    for name, one in exercise.load(lab).items():
        for solution in one.solutions if one.kind in ("function", "object") else ():
            notebook = {"__name__": "__main__", "In": [*setup, "import math\nimport numpy as np\n" + solution.text]}
            for source in notebook["In"]:
                exec(source, notebook)
            assert cells.from_elsewhere(name, notebook[name], given, answers, notebook) == []
            tried += 1
    assert tried
