"""Ivakhnenko's network as it grows: which units were kept, and which of them the answer is still made of."""

from __future__ import annotations

import textwrap

from labkit.figures.picture import drawn
from labkit.figures.scene import Scene
from labkit.figures.style import CARD, COLORS, EDGE, GRID, INK, MUTED, mixed

RADIUS, USED = 11, mixed(INK, 0.16)


def reached(layers):
    """For the inputs and then for each layer, the set of units that the last layer's best unit is made of."""
    used = [{0}]
    for layer in reversed(layers):
        used.append({int(side[k]) for k in used[-1] for side in (layer.left, layer.right)})
    return used[::-1]


def places(sizes, box):
    """A list of units' (x, y) for each column; the first is the inputs. box : (x, y, width, height) in pixels"""
    x, y, width, height = box
    step = width / max(1, len(sizes) - 1)
    row = min(38.0, height / max(1, max(sizes) - 1)) if max(sizes) > 1 else 0.0
    return [[(x + i * step, y + height / 2 + (k - (n - 1) / 2) * row) for k in range(n)] for i, n in enumerate(sizes)]


def draw_growth(scene, layers, names, box, selected=None):
    """Draws the layers from left to right and returns the places of all units, inputs first.

    layers : PolynomialLayers; names : of the inputs; selected : (layer, unit) that is ringed, with its two wires, or None
    """
    sizes = [len(names), *(len(layer.left) for layer in layers)]
    spots, used = places(sizes, box), reached(layers)
    for wanted in (False, True):
        for depth, layer in enumerate(layers):
            for k, ends in enumerate(zip(layer.left, layer.right, strict=True)):
                if (k in used[depth + 1]) == wanted:
                    for i in ends:
                        scene.line(*spots[depth][i], *spots[depth + 1][k], color=MUTED if wanted else GRID, width=1.8 if wanted else 1.2)
    if selected is not None:
        depth, k = selected
        for i in (layers[depth].left[k], layers[depth].right[k]):
            scene.line(*spots[depth][i], *spots[depth + 1][k], color=COLORS["here"], width=4)
    for column, (spot, alive) in enumerate(zip(spots, used, strict=True)):
        for k, (x, y) in enumerate(spot):
            answer = column == len(layers) and k == 0
            fill = COLORS["here"] if answer else USED if k in alive else CARD
            scene.circle(x, y, RADIUS, fill, INK if k in alive else EDGE, 1.6)
            if column == 0:
                scene.text(x - RADIUS - 6, y, names[k], 12.5, INK if k in alive else MUTED, "end")
    if selected is not None:
        scene.circle(*spots[selected[0] + 1][selected[1]], RADIUS + 4, "none", INK, 3)
    return spots


@drawn
def growth(model, names=None, title=None, alt=None):
    """A fitted GMDHRegressor after one layer, after two, and so on, at most the first three and the last.

    Every kept unit is drawn; those that the answer (orange) is made of are dark, the others pale. Below each panel stands the best
    unit's criterion on the checking rows. Returns a Picture.
    """
    names = names or [f"x{k + 1}" for k in range(model.n_features_in_)]
    depth = len(model.layers_)
    stages = list(range(1, depth + 1)) if depth <= 4 else [1, 2, 3, depth]
    columns = sum(stages) + len(stages)
    step = max(48, min(86, 880 / columns))
    tallest = max(len(names), *(len(layer.left) for layer in model.layers_))
    height = 34 * (tallest - 1) + 2 * RADIUS
    scene = Scene(int(step * columns + 70), int(height + 130))
    finding = title or headline(model)
    for k, line in enumerate(textwrap.wrap(finding, max(30, scene.width // 10))[:2]):
        scene.text(16, 20 + 19 * k, line, 16.5, bold=True)
    x = 62.0
    for stage in stages:
        draw_growth(scene, model.layers_[:stage], names, (x, 66, step * stage, height))
        words = f"{stage} layer{'s' * (stage > 1)}: {model.criteria_[stage - 1]:.3f}"
        scene.text(x + step * stage / 2, height + 96, words, 13, INK, "middle")
        x += step * (stage + 1)
    words = "number: checking error of the best unit (orange); dark: what the answer is made of; pale: kept, not used"
    scene.text(16, height + 118, words, 12, MUTED)
    alive = [len(units) for units in reached(model.layers_)]
    scene.alt = alt or (f"{finding}. {len(stages)} drawings of the network as it grows. In the last, the answer is made of "
                        f"{', '.join(map(str, alive))} units, from the inputs to the answer.")
    return scene.picture()


def headline(model):
    alive = [len(units) for units in reached(model.layers_)]
    return f"The network grows layer by layer; the answer is made of {alive[0]} inputs, then {', '.join(map(str, alive[1:]))} units"
