"""Copies are found however they were dressed up; people who worked alone, and what everybody has, are not."""

import random
import re

import pytest

from grading import similar

LONG = '''
def walk(history, limit):
    """Where it comes back."""
    seen, steps = {}, 0
    for position, row in enumerate(history):
        key = tuple(round(value, 3) for value in row)
        if key in seen and steps < limit:
            return position - seen[key]
        seen[key] = position
        steps += 2 if position % 3 == 1 else 1
    while steps > limit:
        steps = steps // 2 - 1
    return [steps, len(seen)] if seen else None
'''
OTHER = '''
def walk(history, limit):
    rows = [list(row) for row in history][:limit]
    best = 0
    for later in range(1, len(rows)):
        for earlier in range(later):
            if all(abs(a - b) < 1e-3 for a, b in zip(rows[later], rows[earlier])):
                best = max(best, later - earlier)
    if not best:
        raise ValueError("it never came back")
    return best
'''


def renamed(source):
    names = {"history": "h", "limit": "most", "seen": "met", "steps": "n", "position": "i", "row": "r", "key": "k", "value": "v"}
    source = re.sub(r"\b(" + "|".join(names) + r")\b", lambda m: names[m[0]], source)
    lines = [line + "   # mine" if line.endswith(":") else line for line in source.splitlines() if '"""' not in line]
    return "\n\n".join(lines).replace("    ", "  ").replace(", ", ",").replace("1", "7")


def test_names_numbers_comments_and_layout_make_no_difference():
    same = LONG.replace('    """Where it comes back."""\n', "")
    assert [word for word, _ in similar.tokens(same)] == [word for word, _ in similar.tokens(renamed(LONG))]
    assert similar.fingerprints(same).keys() == similar.fingerprints(renamed(LONG)).keys()


def test_a_run_of_tokens_in_common_leaves_a_fingerprint_wherever_it_stands():
    """The guarantee of winnowing: K + WINDOW - 1 tokens in a row."""
    chance = random.Random(1)
    words = ["if", "for", "(", ")", "+", "-", "in", "not", "n", "0", ":", "[", "]"]
    def stream(count):
        return [chance.choice(words) for _ in range(count)]
    for _ in range(200):
        run = stream(similar.K + similar.WINDOW - 1)
        one, other = (" ".join(stream(chance.randint(0, 30)) + run + stream(chance.randint(0, 30))).replace("n o t", "not") for _ in range(2))
        assert similar.fingerprints(one).keys() & similar.fingerprints(other).keys()


def test_lines_are_those_on_which_the_tokens_stand():
    prints = similar.fingerprints("a = 1\n\n# nothing\nb = f(a, 2)\nc = g(b, 3)\n")
    assert set().union(*prints.values()) == {1, 4, 5}


@pytest.mark.parametrize("source", ["", "def f(:\n  '''open", "'\\", "f(\x00)", "\u202e", "x = '\n\"\"\"", "a" * 50_000, "(" * 20_000])
def test_source_that_is_no_python_is_still_compared(source):
    assert similar.fingerprints(source) == similar.fingerprints(source)


def test_a_copy_is_found_and_shown_and_others_are_not():
    class_ = {f"s{i}": {"walk": OTHER.replace("best = 0", f"best = {'(' * i}0{')' * i}"), "short": "short = 1"} for i in range(2)}
    class_ |= {"ada": {"walk": LONG, "short": "short = 1"}, "bob": {"walk": renamed(LONG), "short": "short = 1"}}
    found = similar.pairs({**class_, "cyd": {"walk": "def walk(history, limit):\n    return len(history) - limit"}})
    assert {(pair.one, pair.other) for pair in found} == {("ada", "bob"), ("s0", "s1")}
    pair = next(pair for pair in found if pair.one == "ada")
    assert pair.share > 0.85 and [one.exercise for one in pair.alike] == ["walk"]
    assert pair.alike[0].lines[0] == list(range(4, 14)) and len(pair.alike[0].lines[1]) == 10     # all but the docstring


def test_what_the_lab_or_a_fifth_of_the_class_has_counts_for_nothing():
    two = {"ada": {"walk": LONG}, "bob": {"walk": renamed(LONG)}}
    assert similar.pairs(two) and not similar.pairs(two, known=[LONG])
    crowd = {f"s{i}": {"walk": OTHER} for i in range(16)}
    assert [(pair.one, pair.other) for pair in similar.pairs({**crowd, **two})] == [("ada", "bob")]
    everybody = {f"s{i}": {"walk": LONG} for i in range(similar.FEWEST)}
    assert not similar.pairs(everybody)


def test_a_copied_part_is_found_among_own_work():
    two = {"ada": {"walk": LONG, "more": OTHER}, "bob": {"walk": renamed(LONG), "more": "def more(a):\n    return sum(x ** 2 for x in a if x) or -1"}}
    (pair,) = similar.pairs(two)
    assert [one.exercise for one in pair.alike] == ["walk"]


def test_few_tokens_are_no_evidence():
    assert not similar.pairs({"ada": {"f": "def f(x):\n    return x ** 2 + 3 * x"}, "bob": {"f": "def f(y):\n    return y ** 2 + 3 * y"}})


# labkit's own


def test_labkits_own_form_is_recognised_under_other_names(tmp_path):
    (tmp_path / "walks.py").write_text(f"import numpy\n\n{LONG}\n\nclass Other:\n    x = 1\n")
    ours = similar.library(tmp_path)
    name, share = similar.repeats(renamed(LONG), ours, set())
    assert name == f"{tmp_path.name}.walks: walk" and share > 0.85
    assert similar.repeats(OTHER, ours, set()) is None
    assert similar.repeats(renamed(LONG), ours, similar.fingerprints(LONG).keys()) is None


def test_labkit_itself_can_be_searched():
    ours = similar.library()
    assert any("labkit.perceptron: " in name for names in ours.values() for name in names)


@pytest.mark.parametrize("source, avoid, found", [
    ("def f(X):\n    return Perceptron().fit(X)", (), ["Perceptron"]),
    ("from labkit.ops import sigmoid as s\ndef f(X):\n    return s(X)", (), ["s"]),
    ("import labkit.ops as o\ndef f(X):\n    return o.sigmoid(X)", (), ["o"]),
    ("def f(X):\n    return np.linalg.inv(X)", ("inv",), ["inv"]),
    ("from labkit import cuda\n@cuda.jit\ndef f(X):\n    X[cuda.grid(1)] = 1", (), []),
    ("from labkit.ops import *\ndef f(X):\n    return sigmoid(X)", (), ["labkit.ops"]),
    ("def f(X):\n    return __import__('labkit.ops').ops.sigmoid(X)", (), ["labkit.ops"]),
    ("import sys\ndef f(X):\n    return sys.modules['labkit'].ops.sigmoid(X)", (), ["labkit"]),
    ("exec('from labkit.ops import sigmoid as f')", (), ["labkit.ops"]),
    ("def f(X):\n    'As labkit.ops has it.'\n    print('not labkit')\n    return X", (), []),
    ("def f(X):\n    return X @ X", ("inv",), []),
    ("def f(:", (), []),
])
def test_calls_of_labkit_and_of_what_an_exercise_avoids(source, avoid, found):
    assert similar.calls(source, {"Perceptron", "check"}, avoid) == found
