"""What a student's own check says of a kernel and what the judge makes of it agree, whatever the kernel is written like."""

import itertools
import linecache

import pytest

from grading import exercise, judge, sandbox, session
from labkit import checks
from labkit.emulator import cuda

ADD = """@cuda.jit
def add(out, a, b):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = a[i] + b[i]
"""
GUARD = "    if i < out.size:\n"
NUMBER = itertools.count()
RIGHT = {
    "as it is taught": ADD,
    "with a print": ADD.replace(GUARD, GUARD + "        print('thread', i, 'adds', a[i], b[i], cuda.blockIdx.x)\n"),
    "with a print of a number made of one": ADD.replace(GUARD, GUARD + "        print(float(a[i]), round(abs(b[i]), 2), np.float32(i))\n"),
    "with a print before the guard": ADD.replace(GUARD, "    print(i)\n" + GUARD),
    "with an assert": ADD.replace(GUARD, GUARD + "        assert 0 <= i, 'no such element'\n        assert i < len(a)\n"),
    "with a raise": ADD.replace(GUARD, "    if i < 0:\n        raise ValueError('negative')\n" + GUARD),
    "with math under its own name": "from math import floor as down\n" + ADD.replace("+ b", "+ down(0.5) + b"),
    "with a trial below it": ADD + "\nprint(add)\n",
    "with constants and a helper": "A, B = 1, 0\n@cuda.jit(device=True)\ndef sum_of(x, y):\n    return A * x + y + B\n\n"
                                   + ADD.replace("a[i] + b[i]", "sum_of(a[i], b[i])"),
    "with NumPy's functions": ADD.replace("a[i] + b[i]", "np.maximum(a[i], a[i]) + b[i]"),
    "with a list to go through": ADD.replace(" + b[i]", "\n        for k in [1]:\n            out[i] += k * b[i]"),
    "with enumerate": ADD.replace("a[i] + b[i]", "0\n        for k, v in enumerate((a[i], b[i])):\n            out[i] += v"),
}
WRONG = {
    "a plain function": (ADD.replace("@cuda.jit\n", ""), "write @cuda.jit on the line above def add"),
    "an assert that fails": (ADD.replace(GUARD, GUARD + "        assert i < 3\n"), "assert"),
    "a print outside the array": (ADD.replace(GUARD, "    print(a[i])\n" + GUARD), "out-of-bounds|outside"),
    "a helper that is no device function": ("def more(x):\n    return x\n\n" + ADD.replace("a[i]", "more(a[i])"), "device=True|does not compile"),
    "an f-string": (ADD.replace(GUARD, GUARD + "        print(f'{i}')\n"), "print the parts|print its parts"),
    "a separator": (ADD.replace(GUARD, GUARD + "        print(i, sep='')\n"), "sep"),
    "an assert with a text that is computed": (ADD.replace(GUARD, GUARD + "        assert i >= 0, f'{i}'\n"), "f-string|text in quotes"),
}


def checked(source):
    """What check(add) says in a notebook whose cell this is."""
    place = f"<cell {next(NUMBER)}>"
    linecache.cache[place] = (len(source), None, source.splitlines(True), place)
    names = {"np": exercise.np, "cuda": cuda}
    exec(compile(source, place, "exec"), names)
    return checks.behaviour("add", checks.exercises()["add"], names["add"])


@pytest.fixture(scope="module")
def judged():
    """judged(source, limits) -> Mark, in the sandbox where there can be one."""
    place = sandbox.choose(unprotected=sandbox.problem() is not None)
    add = exercise.load("00_start")["add"]
    yield lambda source, limits=None: judge.mark(add, session.Session(place), b"s" * 32, 6.0, source, lambda: session.Session(place, limits=limits))
    place.close()


@pytest.mark.parametrize("source", RIGHT.values(), ids=RIGHT)
def test_a_right_kernel_wins_with_both(judged, source):
    right, line = checked(source)
    assert right, line
    mark = judged(source)
    assert (mark.state, mark.points) == ("right", 6.0), mark.sentence


@pytest.mark.parametrize(("source", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_kernel_loses_with_both_and_hears_why(judged, source, said):
    right, line = checked(source)
    mark = judged(source)
    assert right is False and mark.points == 0 and mark.state != "right"
    assert any(part in line for part in said.split("|")), line
    assert any(part in mark.sentence for part in said.split("|")), mark.sentence


def test_printing_without_end_costs_the_kernel_that_does_it_and_nobody_else(judged):
    endless = ADD.replace(GUARD, "    while True:\n        print('x', i)\n" + GUARD)
    assert judged(endless, sandbox.Limits(call_seconds=1, exercise_seconds=2)).state in ("timed_out", "out_of_memory", "fault", "killed")
    assert judged(ADD).points == 6.0
