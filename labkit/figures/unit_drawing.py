"""The one way this course draws a single unit: inputs, weights, sum, threshold or sigmoid, answer."""

from __future__ import annotations

import math

from labkit.figures.scene import Scene
from labkit.figures.style import CARD, COLORS, INK, MUTED, SOFT


def unit(w, b, x=None, names=None, activation="threshold", title=None, alt=None):
    """A unit with its weights, and, given an input, the numbers that flow through it.

    w : weights (n,), at most six; b : bias; x : inputs (n,) or None; activation : "threshold" or "sigmoid". Returns a Picture.
    """
    w = [float(v) for v in w]
    if not 1 <= len(w) <= 6:
        raise ValueError(f"a drawn unit has 1 to 6 inputs, not {len(w)}; choose the ones that matter")
    if x is not None and len(x) != len(w):
        raise ValueError(f"x has {len(x)} values but the unit has {len(w)} weights")
    total = sum(wi * xi for wi, xi in zip(w, x, strict=True)) + b if x is not None else None
    answer = None if total is None else answered(total, activation)
    scene = Scene(720, 70 + max(190, 62 * len(w)))
    scene.text(16, 24, title or unit_title(w, b, total, answer, activation), 16, bold=True)
    draw_unit(scene, (20, 48, 680, scene.height - 60), w, b, x, total, answer, names, activation)
    scene.alt = alt or (f"A unit with weights {', '.join(f'{v:g}' for v in w)} and bias {b:g} feeding a {activation}"
                        + (f"; its sum is {total:.3g} and it answers {answer:.3g}." if total is not None else "."))
    return scene.picture()


def answered(total, activation):
    return float(total > 0) if activation == "threshold" else 1 / (1 + math.exp(-max(-700, min(700, total))))


def unit_title(w, b, total, answer, activation):
    if total is None:
        return f"A unit adds {len(w)} weighted inputs and its bias, then applies a {activation}"
    return f"The sum is {total:.3g}, so the unit answers {answer:.3g}"


def draw_unit(scene, box, w, b, x=None, total=None, answer=None, names=None, activation="threshold", theta=None):
    """Draws a unit into a box of a Scene. theta : a threshold to write instead of the bias -theta (McCulloch and Pitts' form)."""
    left, top, width, height = box
    middle, hub = top + height / 2, left + 0.47 * width
    gap = min(74, height / len(w))
    largest = max([abs(v) for v in w] + [1e-9])
    for i, weight in enumerate(w):
        y = middle + (i - (len(w) - 1) / 2) * gap
        draw_input(scene, left + 24, y, hub - 36, middle, weight, largest, None if x is None else x[i],
                   names[i] if names else f"x{i + 1}")
    scene.circle(hub, middle, 36, CARD, INK, 2.5)
    scene.text(hub, middle - (9 if total is not None else 0), "Σ", 22, anchor="middle", bold=True)
    if total is not None:
        scene.text(hub, middle + 15, f"{total:.3g}", 14, anchor="middle")
    if theta is None:
        scene.arrow(hub, top + height - 16, hub, middle + 36, color=sign_color(b), width=1.2 + 4 * min(1, abs(b) / largest),
                    dash="--" if b < 0 else "-")
        scene.text(hub + 14, top + height - 22, f"bias {b:.3g}", 13.5, sign_color(b))
    gate = left + 0.7 * width
    scene.arrow(hub + 36, middle, gate - 35, middle)
    draw_gate(scene, gate, middle, activation, theta)
    draw_answer(scene, gate + 35, left + width - 34, middle, answer)


def sign_color(value):
    return COLORS["negative" if value < 0 else "positive"]


def draw_input(scene, x, y, hub_x, hub_y, weight, largest, value, name):
    color, dash = sign_color(weight), "--" if weight < 0 else "-"
    end = hub_y + 0.35 * (y - hub_y) * (30 / max(abs(y - hub_y), 30))
    if weight:
        scene.arrow(x + 24, y, hub_x, end, color=color, width=1 + 4.5 * abs(weight) / largest, dash=dash, head=11)
    else:
        scene.line(x + 24, y, hub_x, end, color=MUTED, width=1, dash=":")
    on = value is not None and value > 0.5
    scene.circle(x, y, 24, COLORS["here"] if on else CARD, INK, 2)
    scene.text(x, y - (8 if value is not None else 0), name, 13, anchor="middle")
    if value is not None:
        scene.text(x, y + 9, f"{value:.3g}", 14.5, anchor="middle", bold=True)
    at = 0.46
    px, py = x + 24 + at * (hub_x - x - 24), y + at * (end - y)
    scene.rect(px - 26, py - 11, 52, 22, CARD)
    scene.text(px, py, f"× {weight:.3g}", 14, color, "middle", bold=True)


def draw_gate(scene, x, y, activation, theta):
    scene.rect(x - 35, y - 35, 70, 70, SOFT["here"], stroke=INK, edge=2)
    if activation == "threshold":
        scene.polyline([(x - 25, y + 20), (x, y + 20), (x, y - 20), (x + 25, y - 20)], width=2.5)
        words = "above 0?" if theta is None else f"threshold {theta:.3g}"
    else:
        scene.polyline([(x - 27 + 2 * k, y + 20 - 40 / (1 + math.exp(-(k - 13.5) / 2.6))) for k in range(28)], width=2.5)
        words = "sigmoid"
    scene.text(x, y + 51, words, 13.5, MUTED, "middle")


def draw_answer(scene, start, x, y, answer):
    scene.arrow(start, y, x - 26, y)
    if answer is None:
        scene.circle(x, y, 26, CARD, INK, 2.5)
        return
    sure = answer in (0.0, 1.0)
    scene.circle(x, y, 26, COLORS["class_1"] if answer > 0.5 else CARD, COLORS["class_1"] if answer > 0.5 else COLORS["class_0"], 3)
    words = f"{answer:.0f}" if sure else f"{answer:.2f}"
    scene.text(x, y, words, 20 if sure else 14.5, CARD if answer > 0.5 else INK, "middle", bold=True)
