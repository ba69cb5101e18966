"""The visual language of the course: what each colour, marker and line style means, everywhere.

The two classes, and the weights that push towards them, keep Okabe and Ito's vermillion and blue ("Color Universal Design", 2008).
The other names were chosen in that spirit: at least 3:1 against the card, apart from each other under simulated red, green and
blue blindness, and never told by colour alone.
"""

import html
import math

CARD = "#fdfcf9"
INK = "#22252b"
MUTED = "#575c66"
GRID = "#e6e3db"
EDGE = "#cfcabd"
ACCENT = "#e69f00"

COLORS = {
    "class_0": "#d55e00", "class_1": "#0072b2",
    "negative": "#d55e00", "positive": "#0072b2",
    "train": "#009e73", "check": "#c2459f", "exam": "#22252b",
    "gradient_descent": "#868686", "sgd": "#8a4b08", "momentum": "#2794ce", "nesterov": "#24107a",
    "adagrad": "#a18a00", "adadelta": "#006c5b", "rmsprop": "#5c0f33", "adam": "#8f3fbf",
    "line": INK, "theory": MUTED, "here": ACCENT,
}
SOFT = {"class_0": "#f9e0cd", "class_1": "#d3e6f3", "here": "#fbe8bd"}
MARKERS = {
    "class_0": "s", "class_1": "o", "negative": "s", "positive": "o", "train": "o", "check": "D", "exam": "^",
    "gradient_descent": "o", "sgd": "s", "momentum": "^", "nesterov": "v", "adagrad": "D", "adadelta": "P",
    "rmsprop": "*", "adam": "X", "unknown": "*",
}
LINES = {
    "class_0": "--", "class_1": "-", "negative": (0, (4, 2)), "positive": "-", "train": "-", "check": "--", "exam": ":",
    "gradient_descent": "-", "sgd": ":", "momentum": "--", "nesterov": "-.", "adagrad": (0, (5, 1)),
    "adadelta": (0, (3, 1, 1, 1)), "rmsprop": (0, (7, 2)), "adam": (0, (1, 1)), "theory": (0, (6, 3)), "line": "-",
}

RC = {
    "figure.facecolor": CARD, "savefig.facecolor": CARD, "axes.facecolor": CARD, "figure.dpi": 96, "savefig.dpi": 192,
    "font.family": "DejaVu Sans", "font.size": 10.5, "text.color": INK,
    "axes.titlesize": 12.5, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.titlecolor": INK, "axes.titlepad": 10,
    "figure.titlesize": 12.5, "figure.titleweight": "bold",
    "axes.labelsize": 10.5, "axes.labelcolor": MUTED, "axes.edgecolor": EDGE, "axes.linewidth": 1.0,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.9,
    "axes.axisbelow": True, "xtick.color": MUTED, "ytick.color": MUTED, "xtick.labelsize": 9.5, "ytick.labelsize": 9.5,
    "xtick.major.size": 0, "ytick.major.size": 0, "xtick.major.pad": 5, "ytick.major.pad": 5,
    "legend.frameon": False, "legend.fontsize": 9.5, "legend.handletextpad": 0.6, "legend.columnspacing": 1.6,
    "lines.linewidth": 2, "lines.solid_capstyle": "butt", "lines.markersize": 7, "image.cmap": "cividis",
}


def use():
    """Draws the Matplotlib figures of this notebook, your own included, in the course's style."""
    import matplotlib

    matplotlib.rcParams.update(RC)


def look(name):
    """Keywords for `ax.plot` that draw what `name` stands for: its colour, its line style, its marker."""
    if name not in COLORS:
        raise KeyError(f"{name!r} has no colour in this course; these have one: {', '.join(COLORS)}")
    return {"color": COLORS[name], "linestyle": LINES.get(name, "-"), "marker": MARKERS.get(name, "")}


def class_name(label):
    """"class_1" for every label that counts as a yes (1, True), "class_0" for the others (0, -1, False)."""
    return "class_1" if label > 0 else "class_0"


def mixed(color, share, ground=CARD):
    """`color` laid over `ground` at the given share, as "#rrggbb"."""
    parts = (round(share * c + (1 - share) * g) for c, g in zip(channels(color), channels(ground), strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def powers_of_ten(exponents):
    """Words for the ticks of one axis: all as one writes them where none is below 0.0001 or above 10,000, else all as powers."""
    plain = all(-4 <= exponent <= 4 for exponent in exponents)
    return [f"{10.0 ** exponent:,.10g}" if plain else f"$10^{{{exponent:g}}}$" for exponent in exponents]


# In a narrow window, such as a phone's, a picture is not shown so small that its words cannot be read: it can be moved sideways there,
# and a bar below it says so.
READABLE = """<style>
@media screen { .labkit-image { overflow-x: auto; } .labkit-image > img { min-width: var(--readable); } }
.labkit-image::-webkit-scrollbar { height: 8px; } .labkit-image::-webkit-scrollbar-thumb { background: #868686; border-radius: 4px; }
</style>"""


def image_page(png, width, alt, smallest=None):
    """A PNG, in base64, as HTML, at most `width` pixels wide. smallest : the size of its smallest words at that width; None: show it whole."""
    image = (f'<img alt="{html.escape(alt, quote=True)}" src="data:image/png;base64,{png}" width="{width}" '
             f'style="max-width:100%;height:auto;border-radius:8px;background:{CARD}')
    return f'{image}">' if smallest is None else \
        f'{READABLE}<div class="labkit-image">{image};--readable:{min(width, math.ceil(9 * width / smallest))}px"></div>'


def channels(color):
    return [int(color[i:i + 2], 16) for i in (1, 3, 5)]


def luminance(color):
    """Relative luminance of an sRGB colour, 0 to 1 (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in channels(color))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2); text wants 4.5, a mark or a line 3."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def blended(value, low="class_0", high="class_1"):
    """RGB rows, uint8, for values from 0 (the soft colour of `low`) through the card to 1 (that of `high`). value : any shape."""
    import numpy as np

    value = np.clip(np.asarray(value, float), 0, 1)[..., None]
    ends = [np.array(channels(mixed(COLORS[name], 0.55))) for name in (low, high)]
    middle = np.array(channels(CARD))
    rgb = np.where(value < 0.5, ends[0] + (middle - ends[0]) * 2 * value, middle + (ends[1] - middle) * (2 * value - 1))
    return np.rint(rgb).astype(np.uint8)


CIVIDIS = ("#00224e", "#434e6c", "#7d7c78", "#bcae6c", "#fee838")


def share_color(value):
    """RGB, uint8, for shares from 0 to 1 on the cividis scale of the accuracy maps. value : any shape"""
    import numpy as np

    value = np.clip(np.asarray(value, float), 0, 1)
    anchors = np.array([channels(color) for color in CIVIDIS], float)
    places = np.linspace(0, 1, len(CIVIDIS))
    return np.rint(np.stack([np.interp(value, places, anchors[:, k]) for k in range(3)], axis=-1)).astype(np.uint8)
