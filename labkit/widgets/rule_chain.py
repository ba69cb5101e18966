"""A step of backpropagation rule by rule: the chain of rules through a small network, each with its matrices, formula and words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labkit.widgets import backprop_rules as ours

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass
class Step:
    """One rule applied.

    kind  : "multiply", "apply", "measure", "begin", "derivative", "collect" or "transpose"
    layer : the weight matrix it is about, from 1
    parts : (name, matrix) and operators in the order in which they are written, the result last
    """

    kind: str
    layer: int
    parts: list
    formula: str
    single: str

    @property
    def backwards(self):
        return self.kind in ("begin", "derivative", "collect", "transpose")

    @property
    def result(self):
        return self.parts[-1][1]


RULES = {
    "multiply": ("Meet a matrix: multiply.", "Every input sends its value through a weight to every unit; a unit adds up what arrives, and "
                                             "its bias."),
    "apply": ("Meet a function: apply it.", "Each sum is bent by the sigmoid, by itself. Keep what comes out: the way back needs it."),
    "measure": ("Meet the error function: measure.", "How far are the answers from the truth? The way forward ends here."),
    "begin": ("Begin: the slope of the error.", "How much E rises with each output. This is what travels back."),
    "derivative": ("Meet a function: multiply by its derivative.", "Element by element. The sigmoid's slope is y (1 - y), from the answer we kept."),
    "collect": ("Collect the weights' gradient.", "What went in, transposed, times the error that came back: a sum over all examples. The "
                                                  "bias sums the errors."),
    "transpose": ("Meet a matrix: multiply by its transpose.", "Each unit hands its error back through the same weights, and each input "
                                                               "adds up what it gets."),
}


def numbered(letter, k):
    return f"{letter}{k}".translate(SUBSCRIPTS)


def steps(X, T, weights, loss, rules):
    """(the steps in their order, E, the gradients in the order of `weights`).

    weights : [W1, b1, W2, b2, ...]; loss : "squared" or "cross-entropy"
    rules   : functions dense_backward, sigmoid_backward, loss_gradient
    """
    dense_backward, sigmoid_backward, loss_gradient = rules
    depth = len(weights) // 2
    answers = [("X", X)]
    chain = []
    for k in range(1, depth + 1):
        W, b = weights[2 * k - 2 : 2 * k]
        name, A = answers[-1]
        Z = ours.dense(A, W, b)
        z, w, out = numbered("Z", k), numbered("W", k), "Y" if k == depth else numbered("H", k)
        chain.append(Step("multiply", k, [(name, A), "×", (w, W), "=", (z, Z)], f"{z} = {name} {w} + {numbered('b', k)}",
                          f"{z[0].lower()}ⱼ = Σᵢ {name[0].lower()}ᵢ wᵢⱼ + bⱼ"))
        H = ours.sigmoid(Z)
        chain.append(Step("apply", k, [(z, Z), "→", (out, H)], f"{out} = σ({z})", f"{out[0].lower()} = 1 / (1 + exp(-z))"))
        answers.append((out, H))
    Y = np.clip(answers[-1][1], 1e-12, 1 - 1e-12)
    E = 0.5 * ((Y - T) ** 2).sum() if loss == "squared" else -(T * np.log(Y) + (1 - T) * np.log(1 - Y)).sum()
    each = 0.5 * (Y - T) ** 2 if loss == "squared" else -(T * np.log(Y) + (1 - T) * np.log(1 - Y))
    words = "½ (y - t)²" if loss == "squared" else "-t ln y - (1 - t) ln(1 - y)"
    chain.append(Step("measure", depth, [("Y", Y), ",", ("T", T), "→", ("E of each", each)], f"E = Σ {words}", "over all outputs of all examples"))
    error = loss_gradient(Y, T, loss)
    slope = "y - t" if loss == "squared" else "(y - t) / (y (1 - y))"
    chain.append(Step("begin", depth, [("Y", Y), ",", ("T", T), "→", ("dY", error)], "dY = ∂E/∂Y", f"dy = {slope}"))
    gradients = [None] * len(weights)
    for k in range(depth, 0, -1):
        (below, A), (out, H), W = answers[k - 1], answers[k], weights[2 * k - 2]
        z, w, dz = numbered("Z", k), numbered("W", k), "d" + numbered("Z", k)
        through = sigmoid_backward(error, H)
        chain.append(Step("derivative", k, [("d" + out, error), "⊙", (f"{out} (1 - {out})", H * (1 - H)), "=", (dz, through)],
                          f"{dz} = d{out} ⊙ σ′({z})", f"dz = d{out[0].lower()} · {out[0].lower()} (1 - {out[0].lower()})"))
        back, gradients[2 * k - 2], gradients[2 * k - 1] = dense_backward(through, A, W)
        chain.append(Step("collect", k, [(below + "ᵀ", A.T), "×", (dz, through), "=", ("d" + w, gradients[2 * k - 2])],
                          f"d{w} = {below}ᵀ {dz}", f"dwᵢⱼ = Σ over examples of {below[0].lower()}ᵢ dzⱼ"))
        if k > 1:
            chain.append(Step("transpose", k, [(dz, through), "×", (w + "ᵀ", W.T), "=", ("d" + below, back)],
                              f"d{below} = {dz} {w}ᵀ", f"d{below[0].lower()}ᵢ = Σⱼ dzⱼ wᵢⱼ"))
        error = back
    return chain, float(E), gradients


def sentence(step, row, unit):
    """The step worked out with numbers, for one element of its result: example `row`, unit (or input) `unit`."""
    tables = [part[1] for part in step.parts if not isinstance(part, str)]
    r, u = row % len(step.result), unit % step.result.shape[1]
    value = step.result[r, u]
    if step.kind in ("multiply", "transpose"):
        terms = [f"{signed(a)}·{signed(w)}" for a, w in zip(tables[0][r], tables[1][:, u], strict=True)]
        if step.kind == "multiply":
            terms.append(f"bias {signed(value - tables[0][r] @ tables[1][:, u])}")
        return f"{shortened(terms)} = {value:.3f}"
    if step.kind == "collect":
        terms = [f"{signed(a)}·{signed(d)}" for a, d in zip(tables[0][r], tables[1][:, u], strict=True)]
        return f"{shortened(terms)} = {value:.4f}"
    if step.kind == "apply":
        return f"σ({tables[0][r, u]:.3f}) = {value:.3f}"
    if step.kind == "derivative":
        return f"{tables[0][r, u]:.4f} · {tables[1][r, u]:.4f} = {value:.4f}"
    return f"y = {tables[0][r, u]:.3f}, t = {tables[1][r, u]:g}: {value:.4f}"


def signed(value):
    return f"{value:.3g}" if value >= 0 else f"(-{abs(value):.3g})"


def shortened(terms, most=5):
    """Up to `most` terms of a sum, and how many more there are."""
    if len(terms) <= most:
        return " + ".join(terms)
    return " + ".join(terms[: most - 1]) + f" + … ({len(terms) - most + 1} more)"
