"""What the declarations promise holds through the whole path: handed in, run in the sandbox, judged from outside, written by nbgrader."""

import pytest

from grading import build, cli, exercise, grader, through
from grading.exercise import Verdict

QUICK = ("00_start", "02_xor", "04_backprop", "07_rmsprop")      # functions also as arguments, values, predictions, kernels; the others are slow
RIGHT = Verdict("right", 1.0, "Right.")
WRONG = Verdict("wrong", 0.0, "no")
MARK = {"state": "right", "points": 2.0, "misconception": None, "sentence": "Right."}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("lab", [pytest.param(lab, marks=() if lab in QUICK else pytest.mark.slow) for lab in build.labs()])
def test_right_solutions_win_and_misconceptions_lose_with_their_own_hint(lab):
    proof = through.prove(lab, mutants=False)
    assert proof.wrong == []
    declared = exercise.load(lab).values()
    assert proof.counts["misconception"] == sum(len(one.misconceptions) for one in declared)
    assert proof.counts["right"] >= sum(len(one.solutions) for one in declared)


@pytest.mark.timeout(600)
def test_mutants_get_the_verdict_that_they_get_in_process(capsys):
    assert cli.main(["verify", "00_start", "--through"]) == 0
    said = capsys.readouterr().out
    counts = [int(word) for word in said.splitlines()[-1].split() if word.isdigit()]
    assert "00_start through the whole path" in said and counts[2] > 30 and counts[3] == 0, said


def test_a_judge_that_gives_everything_away_is_found(monkeypatch):
    """The proof itself can fail: here the whole path calls everything right."""
    honest = grader.judge.mark

    def generous(one, *rest):
        found = honest(one, *rest)
        found.points, found.state = found.max_points, "right"
        return found

    monkeypatch.setattr(grader.judge, "mark", generous)
    proof = through.prove("00_start", workers=1, mutants=False)
    declared = [one for one in exercise.load("00_start").values() if one.kind != "prediction"]
    assert len(proof.wrong) == sum(len(one.misconceptions) for one in declared) and "1 went wrong" not in proof.text()
    assert "went wrong" in proof.text().splitlines()[-1]


@pytest.mark.parametrize("kind, name, expected, mark, score, said", [
    ("right", "solution 1", RIGHT, {}, 2.0, None),
    ("right", "solution 1", RIGHT, {}, 1.0, "the judge gave 2 points and the gradebook holds 1"),
    ("right", "solution 1", RIGHT, {"state": "killed", "points": 0.0}, 0.0, "it got 0 of 2 points: killed"),
    ("misconception", "no_bias", Verdict("misconception", 0.0, "h", "no_bias"), {"state": "misconception", "points": 0.0, "misconception": "no_bias"},
     0.0, None),
    ("misconception", "no_bias", Verdict("misconception", 0.0, "h", "no_bias"), {"state": "misconception", "points": 0.0, "misconception": "other"},
     0.0, "it was taken for other"),
    ("misconception", "no_bias", Verdict("misconception", 0.0, "h", "no_bias"), {}, 2.0, "it was taken for right and got 2 of 2 points"),
    ("mutant", "line 2", WRONG, {"state": "wrong", "points": 0.0}, 0.0, None),
    ("mutant", "line 2", RIGHT, {}, 2.0, None),
    ("mutant", "line 2", WRONG, {}, 2.0, "right with 2 points through the whole path, wrong with 0 in process"),
    ("mutant", "line 2", RIGHT, {"state": "timed_out", "points": 0.0}, 0.0, "timed_out with 0 points through the whole path, right with 2"),
    ("mutant", "line 2", WRONG, {"state": "timed_out", "points": 0.0}, 0.0, None),
    ("mutant", "line 2", WRONG, {"state": "raised", "points": 0.0}, 0.0, "raised with 0 points through the whole path, wrong with 0 in process"),
])
def test_what_counts_as_wrong(kind, name, expected, mark, score, said):
    found = through.trouble(through.Try("f", kind, name, ""), 2.0, expected, MARK | mark, score)
    assert found is None if said is None else said in found
