"""Calls, outcomes and their comparison: the vocabulary of check, verify and the judge."""

import json
import math
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import namedtuple
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import labkit
from labkit.emulator import cuda
from labkit.outcomes import (
    Call,
    Outcome,
    Ref,
    Tolerance,
    array_difference,
    decode,
    decode_call,
    decode_outcome,
    difference,
    encode,
    encode_call,
    encode_outcome,
    entries,
    perform,
    plain,
    text,
)


def value(thing):
    return Outcome("value", plain(thing))


@pytest.mark.parametrize("got, expected", [
    (1.0, 1), (True, 1), (np.float32(0.1), 0.1), ([1, 2], np.array([1.0, 2.0])), ((1, 2), np.array([1, 2])), (np.array(3), 3),
    ([[1.0], [2.0]], np.array([[1.0], [2.0]])), ([1.0, [2.0, 3.0]], (1.0, np.array([2.0, 3.0]))), (np.array([1, 2]), (1, 2)),
    ("B ", "b"), (None, None), (np.nan, np.nan), (np.inf, np.inf), ([], np.zeros(0)), ({"a": 1}, {"a": 1.0}),
    (np.array([0.0, 1.0]), np.array([False, True])), (Fraction(3, 4), 0.75), (Decimal("0.75"), 0.75),
    ([[Fraction(1, 2), 2], [0, 1]], np.array([[0.5, 2.0], [0, 1]])), ((Fraction(1, 2), [Decimal(3)]), (0.5, np.array([3.0]))),
    (np.array([np.array([1, 2]), np.array([3])], dtype=object), [np.array([1, 2]), np.array([3])]),
])
def test_right_answers_in_other_forms_agree(got, expected):
    assert difference(value(got), value(expected)) is None


@pytest.mark.parametrize("got, expected, said", [
    (np.empty((0, 3)), np.ones(3), "shape (0, 3)"), ([1.0], 1.0, "one number"), (1.0, np.ones(1), "shape (1,)"), (np.nan, 1.0, "got nan"),
    (np.inf, 1.0, "got inf"), (1 + 1j, 1.0, "complex"), (None, 1.0, "returned nothing"), ("yes", 1.0, "expected one number"),
    ([1.0, 2.0, 4.0], np.array([1.0, 2.0, 3.0]), "index 2"), (np.eye(2), np.ones((2, 2)), "index [0, 1]"), ((1, 2, 3), (1, 2), "3 results"),
    (2, 1, "got 2, expected 1"), (1.0002, 1.0, "got 1.0002"), ({"b": 1}, {"a": 1}, "keys a"),
    (["0.5", 1.5], np.ones(2), "2 results, one of them '0.5', expected shape (2,)"),
    ((1.5, None), np.ones(2), "2 results, one of them nothing (None), expected shape (2,)"),
    ([[1, 2], [3]], np.ones((2, 2)), "2 results that do not make a table, expected shape (2, 2)"),
    ((np.ones(2), np.zeros(2)), (np.zeros(2), np.ones(2)), "in another order"), ((1.0, 3.0), (2.0, 1.0), "result 1: got 1, expected 2"),
    (np.ones((2, 3)), (np.ones((2, 3)), np.ones(3)), "one array of shape (2, 3), expected 2 results"), ([1], [1, 2], "shape (1,)"),
    (np.ones((1, 2)), (1.0, 2.0), "1 result, expected 2"), (1.0, -0.0, "expected 0"),
    ({"dX": np.eye(3)}, (1.0, 2.0), "a dictionary with the keys dX, expected 2 results"), ({}, 1.0, "an empty dictionary"),
    ((3.0, np.ones(2), 1.0, np.zeros(2)), (1.0, np.ones(2), 3.0, np.zeros(2)), "the results are right, but they stand in another order"),
    ([[1, 1], [0, 1]], np.array([[0, 1], [1, 1]]), "the rows are right, but they stand in another order"),
    ([[1, 1], [1, 0]], np.array([[0, 1], [1, 1]]), "index [0, 0]"),
])
def test_first_difference_is_named(got, expected, said):
    assert said in difference(value(got), value(expected))


@pytest.mark.parametrize("got, expected, is_rounded", [
    (0.67, 2 / 3, True), (np.float32([0.333, 2]), np.array([1 / 3, 2]), True), (2.67, 2.675, True), (0.66, 2 / 3, False), (0.6601, 0.66, False),
    (0.0, 1e-3, False), (np.array([0.67, 0.5]), np.array([2 / 3, 1 / 3]), False), (np.inf, 1.5, False), (3, 2, False),
])
def test_rounded_numbers_are_said_to_be(got, expected, is_rounded):
    assert difference(value(got), value(expected)).endswith(": do not round what you return") == is_rounded


def test_integers_are_compared_exactly_however_large():
    assert difference(value(10_001), value(10_000))
    assert difference(value(10_001.0), value(10_000.0)) is None


@pytest.mark.parametrize("system", ["this one", "Windows"])
def test_outcomes_that_are_not_values(monkeypatch, system):
    if system == "Windows":
        monkeypatch.delattr(signal, "setitimer", raising=False)

    def loops():
        while True:
            pass

    def swallows():
        while True:
            try:
                while True:
                    pass
            except Exception:
                pass

    def raises():
        return [][3]

    def prints():
        print(3)

    def stub():
        raise NotImplementedError

    kinds = [perform(f, Call(), seconds=0.2).kind for f in (loops, swallows, raises, stub, lambda: iter(()))]
    assert kinds == ["timed_out", "timed_out", "raised", "not_attempted", "malformed"]
    assert perform(raises, Call()).line == "return [][3]"
    assert "printed its answer" in difference(perform(prints, Call()), value(3))


def test_without_an_alarm_the_clock_ends_with_the_call(monkeypatch):
    def nearly():
        end = time.monotonic() + 0.05
        while time.monotonic() < end:
            pass
        return 1

    monkeypatch.delattr(signal, "setitimer", raising=False)
    threads = threading.active_count()
    assert {perform(nearly, Call(), seconds=0.05).kind for _ in range(20)} <= {"value", "timed_out"}
    assert threading.active_count() == threads and perform(lambda: time.sleep(0.3), Call(), seconds=10).kind == "value"


def alone(program):
    """The words that a program prints in a process of its own."""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


def test_without_an_alarm_a_debugger_can_go_on_after_the_call():
    """In a process of its own: Python 3.11 would stand still where nothing interrupts it."""
    program = ("import signal, sys; vars(signal).pop('setitimer', None); from labkit.outcomes import Call, perform\n"
               "def loops():\n while True: pass\n"
               "kinds = [perform(answer, Call(), seconds=0.3).kind for answer in (loops, lambda: 1)]\n"
               "sys.setprofile(lambda *_: None)\n"
               "print(*kinds, (lambda: 'went on')())")
    assert alone(program) == ["timed_out", "value", "went", "on"]


@pytest.mark.parametrize("system", ["this one", "Windows"])
def test_the_time_of_a_stop_in_a_debugger_does_not_count(system):
    """In a process of its own, for pdb takes the place of what else traces."""
    program = ("import pdb, signal, sys, time; from labkit.outcomes import Call, perform\n"
               f"if {system == 'Windows'}: vars(signal).pop('setitimer', None)\n"
               "class Thinking:\n"
               " def __init__(self, *words): self.words = iter(words)\n"
               " def readline(self): time.sleep(0.7); return next(self.words)\n"
               "def ends(debugger):\n debugger.set_trace()\n return 1\n"
               "def loops(debugger):\n debugger.set_trace()\n while True: pass\n"
               "for answer in (ends, loops):\n"
               " debugger = pdb.Pdb(stdout=sys.stderr, stdin=Thinking('next\\n', 'continue\\n'), readrc=False)\n"
               " print(perform(lambda: answer(debugger), Call(), seconds=0.3).kind)\n")
    assert alone(program) == ["value", "timed_out"]


def test_what_a_debugger_says_is_shown_and_what_the_call_prints_is_not():
    program = ("import pdb, sys; from labkit.outcomes import Call, perform\n"
               "class Words(list):\n"
               " def readline(self): return self.pop(0)\n"
               "def answers():\n print('un' 'heard')\n debugger.set_trace()\n print('not ' 'shown')\n return 1\n"
               "class Debugger(pdb.Pdb):\n"
               " def set_trace(self): self.__init__(stdin=Words(['p 40 + 2\\n', 'print(7 * 7)\\n', 'c\\n']), readrc=False); "
               "self.use_rawinput = False; super().set_trace(sys._getframe(1))\n"
               "debugger = Debugger()\n"
               "print(perform(answers, Call()).kind)")
    said = alone(program)
    assert "(Pdb)" in said and "42" in said and "49" in said and said[-1] == "value"
    assert not {"unheard", "shown"} & set(said)


def test_what_traces_without_a_stop_gets_no_more_than_the_time_again():
    program = ("import sys, time; from labkit.outcomes import Call, debugged, perform\n"
               "def loops():\n while True: pass\n"
               "before = debugged(); sys.settrace(lambda *_: None)\n"
               "start = time.monotonic(); kind = perform(loops, Call(), seconds=1).kind\n"
               "print(before, debugged(), kind, 1.5 < time.monotonic() - start)")
    assert alone(program) == ["False", "True", "timed_out", "True"]


@pytest.mark.parametrize("slip, said", [
    (lambda: 2.0 ^ 2, "a power is written **"), (lambda: np.ones(2) ^ 2, "a power is written **"),
    (lambda: 1 if np.ones(2) > 0 else 0, "np.where"), (lambda: max(np.ones(2), 0), "np.maximum"),
    (lambda: math.exp(np.ones(2)), "np.exp"), (lambda: np.ones(2)(0), "square brackets"),
    (lambda: np.array([1.0, np.ones(2)]), "np.ones(len(x))"),
])
def test_what_python_says_of_a_common_slip_is_explained(slip, said):
    found = difference(perform(slip, Call()), value(np.ones(2)))
    assert found.startswith("it raised") and said in found.rpartition(": ")[2]


def test_a_power_written_as_elsewhere_is_explained_in_a_kernel():
    @cuda.jit
    def squares(x):
        i = cuda.grid(1)
        x[i] = x[i] ^ 2

    assert difference(perform(squares, Call([np.ones(2)], writes=(0,), grid=1, block=2)), value(np.ones(2))).endswith("a power is written **")


@pytest.mark.parametrize("lazy", [lambda: (x for x in "ab"), lambda: map(abs, [1]), lambda: range(3)])
def test_what_has_yet_to_be_counted_out_is_asked_for_as_a_list(lazy):
    said = difference(perform(lazy, Call()), value(np.ones(2)))
    assert said.endswith("expected numbers or arrays: collect them in a list and return that")
    assert "list" not in difference(perform(lambda: {1, 2}, Call()), value(np.ones(2)))


def test_the_line_that_is_quoted_is_the_students():
    def hands_on():
        return labkit.surfaces.bowl("steep")

    def averages_nothing():
        return statistics.mean([])

    assert perform(hands_on, Call()).line == 'return labkit.surfaces.bowl("steep")'
    assert perform(averages_nothing, Call()).line == "return statistics.mean([])"
    assert perform(lambda: Fraction(10) ** 400, Call()).kind == "malformed"


def test_tables_in_a_message_stay_on_one_line():
    assert text([np.eye(2), np.ones(1)]) == "[[[1., 0.], [0., 1.]], [1.]]"


def test_printing_is_not_shown(capsys):
    perform(lambda: print("noise"), Call())
    assert capsys.readouterr() == ("", "")


def test_a_number_that_is_moved_and_put_back_counts_as_unchanged():
    def moves_and_puts_back(a):
        for step in (0.1, -0.2, 0.1):
            a += step
        return a[0]

    def leaves_it_elsewhere(a):
        a += 1e-9
        return a[0]

    call = Call([np.array([0.3, 1.7])])
    outcome = perform(moves_and_puts_back, call)
    assert outcome.changed == () and outcome.value != 0.3
    assert perform(leaves_it_elsewhere, call).changed == (0,)


def test_a_kernel_in_which_one_thread_does_all_the_work_is_at_fault():
    @cuda.jit
    def one_for_all(out):
        if cuda.grid(1) == 0:
            for i in range(out.size):
                out[i] = i

    @cuda.jit
    def a_share_each(out):
        for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
            out[i] = i

    def launch(n):
        return Call([np.zeros(n, np.float32)], writes=(0,), grid=2, block=4)

    outcome = perform(one_for_all, launch(8))
    assert (outcome.kind, outcome.error) == ("fault", "one-thread") and "one thread wrote all of out" in outcome.message
    assert [perform(a_share_each, launch(n)).kind for n in (1, 2, 8)] == ["value"] * 3
    assert perform(one_for_all, launch(1)).kind == "value"


def test_changed_arguments_are_noticed_and_do_not_reach_the_case():
    call = Call([np.zeros(2), [1, 2]])

    def spoils(a, b):
        a += 1
        b.append(3)
        return 1.0

    outcome = perform(spoils, call)
    assert outcome.changed == (0, 1)
    assert call.args[0].tolist() == [0, 0] and call.args[1] == [1, 2]
    assert "changed its argument number 1" in difference(outcome, value(1.0))


def test_written_arguments_are_the_value():
    def fill(out, x):
        out[:] = 2 * x

    outcome = perform(fill, Call([np.zeros(2), np.ones(2)], writes=(0,)))
    assert outcome.value.tolist() == [2, 2] and outcome.changed == ()


def test_steps_on_what_is_returned():
    class Counter:
        def __init__(self, start):
            self.count = start

        def step(self, by):
            self.count += by
            return self

        def total(self):
            return self.count

    outcome = perform(lambda start: (Counter(start), lambda x: x * 2), Call([1], then=(("0.count", None), ("1", (4,)), ("0.total", ()))))
    assert [x.item() for x in outcome.value] == [1, 8, 1]


def test_a_reference_crosses_as_a_name():
    assert perform(lambda f: f(np.array(2.0)), Call([Ref("outcomes:plain")])).value == 2.0
    assert decode(json.loads(json.dumps(encode(Ref("surfaces:beale"))))) == Ref("surfaces:beale")


data = st.recursive(
    st.none() | st.booleans() | st.integers(-2**53, 2**53) | st.floats() | st.text(max_size=5)
    | arrays(st.sampled_from([np.float64, np.float32, np.int64, np.bool_]), st.tuples(st.integers(0, 3), st.integers(0, 3))),
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=8)


@given(data)
def test_data_survive_the_journey_through_json(thing):
    back = decode(json.loads(json.dumps(encode(thing))))
    assert type(back) is type(thing)
    assert encode(back) == encode(thing)


def test_calls_and_outcomes_survive_the_journey():
    call = Call([np.arange(3.0), 2], {"rate": 0.1}, (0,), (("step", (1,)), ("count", None)), (2, 2), 32)
    back = decode_call(json.loads(json.dumps(encode_call(call))))
    assert encode_call(back) == encode_call(call) and back.grid == (2, 2) and back.then[1] == ("count", None)
    outcome = Outcome("raised", error="ValueError")
    assert decode_outcome(encode_outcome(outcome)) == outcome


def test_tolerance_is_wide_enough_for_float32():
    x = np.linspace(0.1, 10, 100)
    assert difference(value(np.exp(x.astype(np.float32))), value(np.exp(x)), Tolerance()) is None


@pytest.mark.parametrize("times", (1, 2, 3))
def test_a_list_that_holds_itself_is_no_result(times):
    endless = []
    endless += [endless] * times
    with pytest.raises(TypeError, match="a list that holds itself"):
        plain(endless)
    wide = [1.0]
    for _ in range(40):
        wide = [wide, wide]
    with pytest.raises(TypeError, match="lists within lists without end"):
        plain({"answer": wide})
    assert plain([[[1, 2]], [[3, 4]]]).shape == (2, 1, 2)


def test_what_python_cannot_follow_or_hold_is_said_in_words():
    endless = {}
    endless["again"] = endless
    for made, words in ((endless, "holds itself"), (10**400, "too large"), ([10**400, 1], "too large"), (object(), "an object")):
        outcome = perform(lambda thing=made: thing, Call())
        assert outcome.kind == "malformed" and words in outcome.message, outcome
    assert plain(2**70) == 2.0**70 and plain([2**70, -2**70]).dtype == float and plain(2**63 - 1).dtype == np.int64


def test_an_error_without_words_is_an_error():
    class Wordless(Exception):
        def __str__(self):
            raise ValueError

    def fails():
        raise Wordless

    assert (perform(fails, Call()).error, perform(fails, Call()).message) == ("Wordless", "")


def test_a_named_tuple_is_a_tuple():
    Point = namedtuple("Point", "x y")
    assert plain(Point(1, "a")) == (1, "a") and array_difference(plain(Point(1.0, 2.0)), np.array([1.0, 2.0]), Tolerance()) is None


def test_one_long_text_among_short_ones_is_not_made_into_a_table():
    assert entries(("x" * 20_000, *["y"] * 10)) == 20_010
