"""Answers that hold for most inputs and not for all that the docstring allows: one of the judge's cases has to find each of them."""

import numpy as np
import pytest

from grading import build
from grading.exercise import load
from grading.verify import SEEDS, runner

UNITS = "return np.column_stack([np.column_stack([np.ones(len(X)), X[:, i], X[:, j], X[:, i] * X[:, j], X[:, i]**2, X[:, j]**2]) @ c " \
        "for (i, j), c in zip({pairs}, C)])"
LOSSES = "best = 0\nfor k in range(1, len(losses)):\n    if not np.isfinite(losses[k]) or losses[k] {above} 4 * losses[best]:\n        break\n" \
         "    if losses[k] < losses[best]:\n        best = k\nreturn rates[best] / 10"
ROWS = "for later in range(len(history)):\n    for earlier in range(later):\n        if {same}:\n            return later - earlier\nreturn 0"
TILE = "tile = cuda.shared.array({size}, np.float32)\ni, t = cuda.grid(1), cuda.threadIdx.x\nif i < out.size:\n    tile[t] = a[i]\n" \
       "    out[i] = tile[t] + b[i]"
MASK = "i = cuda.grid(1)\nif i < out.size:\n    out[i] {0}\n    if uniforms[i] >= rate:\n        out[i] += x[i] / (1 - rate)"
GAINS = "for k in range(1, len(errors)):\n    if errors[k - 1] - errors[k] < gain:\n        return k\nreturn len(errors)"


@pytest.mark.parametrize(("lab", "name", "arguments", "right", "near"), [
    ("00_start", "add", "out, a, b", TILE.format(size=1024), TILE.format(size=64)),
    ("02_xor", "distance", "image_1, image_2", "return np.linalg.norm(image_1.astype(float) - image_2)",
     "return np.linalg.norm(np.round(image_1.astype(float)) - np.round(image_2))"),
    ("02_xor", "cycle_length", "history", ROWS.format(same="np.allclose(history[later], history[earlier])"),
     ROWS.format(same="np.allclose(history[later], history[earlier], atol=0.1)")),
    ("03_ivakhnenko", "next_layer", "X, pairs, C", UNITS.format(pairs="pairs"), UNITS.format(pairs="np.sort(pairs, axis=1)")),
    ("03_ivakhnenko", "stop_at", "errors, gain=5e-4", GAINS, "gain = 1e-3 if gain == 5e-4 else gain\n" + GAINS),
    ("03_ivakhnenko", "stop_at", "errors, gain=5e-4", GAINS, "errors = np.minimum(errors, 1)\n" + GAINS),
    ("05_sgd", "find_rate", "rates, losses", LOSSES.format(above=">"), LOSSES.format(above=">=")),
    ("09_dropout", "dropout_kernel", "out, x, uniforms, rate", MASK.format("= 0"), MASK.format("*= 0")),
])
def test_the_judge_finds_what_is_nearly_right(lab, name, arguments, right, near):
    exercise = load(lab)[name]
    head = f"{'@cuda.jit' if exercise.kind == 'kernel' else ''}\ndef {name}({arguments}):\n"
    for seed in SEEDS:
        verdicts = [exercise.judge(runner(exercise, head + "".join(f"    {line}\n" for line in body.split("\n"))), seed)
                    for body in (right, near)]
        assert [verdict.fraction for verdict in verdicts] == [1, 0], [verdict.sentence for verdict in verdicts]


@pytest.mark.parametrize("lab", build.labs())
def test_the_hidden_cases_alone_find_every_misconception(lab):
    for exercise in load(lab).values():
        for seed in SEEDS if exercise.hidden else ():
            cases = exercise.cases(seed)[len(exercise.public):]
            for idea in exercise.misconceptions:
                assert any(exercise.tolerates(exercise.outcome_of(idea, call), right) for call, right in cases), f"{exercise.id}: {idea.name}"


@pytest.mark.parametrize(("lab", "name", "promise", "rows"), [
    ("01_perceptron", "most_confident", "No two units share the largest sum", lambda X, W, b: np.sort(X @ W.T + b, axis=1)[:, -2:]),
    ("03_ivakhnenko", "best_pairs", "No two pairs that could be fitted have the same error",
     lambda errors, keep: errors[np.triu_indices(len(errors), 1)][None]),
    ("05_sgd", "find_rate", "no two finite losses are equal", lambda rates, losses: losses[None]),
])
def test_a_docstring_that_leaves_ties_out_says_so_and_no_case_has_one(lab, name, promise, rows):
    cell = next(cell for cell in build.source_notebook(lab).cells if cell.id == name)
    assert promise in " ".join(cell.source.split())
    for seed in SEEDS:
        for call, _ in load(lab)[name].cases(seed):
            for row in rows(*call.args):
                finite = row[np.isfinite(row)]
                assert len(np.unique(finite)) == len(finite), row


DENOMINATOR = ("03_ivakhnenko", "check_error", "c, F, y", "from_their_own_mean")
DROPPED = ("09_dropout", "dropout_forward", "X, uniforms, rate")
FOUND = ("05_sgd", "find_rate", "rates, losses")
ADAM = ("07_rmsprop", "adam_step", "w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8")
CORRECTED = "return w - learning_rate * m / {0} / (np.sqrt(s / {1}) + epsilon)"


@pytest.mark.parametrize(("lab", "name", "arguments", "idea", "body"), [
    (*DENOMINATOR, "return np.sum((F @ c - y) ** 2) / np.sum((y - y.mean()) ** 2)"),
    (*DENOMINATOR, "return np.mean((F @ c - y) ** 2) / np.var(y)"),
    (*DENOMINATOR, "return ((y - F @ c) ** 2).sum() / (np.var(y) * len(y))"),
    (*DROPPED, "keeps_what_should_go", "mask = np.where(uniforms < rate, 1 / rate, 0)\nreturn X * mask, mask"),
    (*DROPPED, "divided_by_the_rate", "mask = (uniforms >= rate) * (1 / rate)\nreturn X * mask, mask"),
    (*DROPPED, "by_the_share_that_stayed", "keep = uniforms >= rate\nmask = keep / keep.mean()\nreturn X * mask, mask"),
    (*FOUND, "nan_gets_through", LOSSES.format(above=">").replace("not np.isfinite(losses[k])", "losses[k] == np.nan or losses[k] == np.inf")),
    (*FOUND, "nan_gets_through", LOSSES.format(above=">").replace("not np.isfinite(losses[k])", "np.isinf(losses[k])")),
    (*ADAM, "counts_behind", CORRECTED.format("(1 - beta_1 ** (t - 1))", "(1 - beta_2 ** (t - 1))")),
    (*ADAM, "power_of_the_difference", CORRECTED.format("(1 - beta_1)**t", "(1 - beta_2)**t")),
    ("08_depth", "contrastive_step", "V, W, b, c, U", "weights_summed",
     "s = lambda Z: 1 / (1 + np.exp(-Z))\nH = s(V @ W + c)\nV1 = s((U < H) @ W.T + b)\nH1 = s(V1 @ W + c)\n"
     "return V.T @ H - V1.T @ H1, np.mean(V - V1, axis=0), np.mean(H - H1, axis=0)"),
])
def test_the_judge_knows_a_misconception_as_students_write_it(lab, name, arguments, idea, body):
    exercise = load(lab)[name]
    body = "".join(f"    {line}\n" for line in body.split("\n"))
    for seed in SEEDS:
        verdict = exercise.judge(runner(exercise, f"def {name}({arguments}):\n{body}"), seed)
        assert verdict.misconception == idea, verdict.sentence
