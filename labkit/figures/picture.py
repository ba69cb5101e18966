"""A Matplotlib figure that carries alt text and shows itself, with it, in Jupyter."""

from __future__ import annotations

import base64
import functools
import io
import textwrap

import matplotlib
from matplotlib.figure import Figure
from matplotlib.text import Text

from labkit.figures.style import CARD, RC, image_page


class Picture(Figure):
    """A Figure with `alt`: one or two sentences that say what is to be seen. Made outside pyplot, so nothing keeps it alive."""

    alt = ""
    whole = False       # whether a narrow window shows all of it, however small its words get there

    def png(self, dpi=192, colors=160):
        """The picture as PNG bytes with a small palette: a third of the size, no visible loss."""
        from PIL import Image

        raw = io.BytesIO()
        self.savefig(raw, format="png", dpi=dpi, facecolor=CARD)
        small = io.BytesIO()
        Image.open(raw).convert("RGB").quantize(colors, dither=Image.Dither.NONE).save(small, "png", optimize=True)
        return small.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = base64.b64encode(self.png()).decode()
        width, height = (round(side * 96) for side in self.get_size_inches())
        page = image_page(data, width, self.alt, None if self.whole else self.smallest())
        return {"text/html": page, "text/plain": f"Picture: {self.alt}", "image/png": data}, \
            {"image/png": {"width": width, "height": height, "alt": self.alt}}

    def smallest(self):
        """The size of the smallest words, in pixels."""
        sizes = [text.get_fontsize() for text in self.findobj(Text) if text.get_visible() and text.get_text().strip()]
        return min(sizes, default=9) * 96 / 72


def picture(width=7.2, height=4.2, rows=1, columns=1, layout="constrained", **subplots):
    """An empty Picture and its axes: one Axes, or an array of them. Sizes in inches."""
    with matplotlib.rc_context(RC):
        figure = Picture(figsize=(width, height), layout=layout)
        if layout == "constrained":
            figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1)
        return figure, figure.subplots(rows, columns, **subplots)


def drawn(function):
    """Makes a drawing function work in the course's style, whatever the notebook's own settings are."""
    @functools.wraps(function)
    def inside(*args, **kwargs):
        with matplotlib.rc_context(RC):
            return function(*args, **kwargs)
    return inside


def say(figure, title, alt=None):
    """Writes the finding above the picture, wrapped to its width. The alt text says it too, and then what is to be seen: `alt`."""
    width = figure.get_size_inches()[0]
    characters = int(width * 9.3)
    figure.suptitle("\n".join(textwrap.wrap(title, characters, break_on_hyphens=False)), x=0.13 / width, ha="left", fontsize=12.5, fontweight="bold")
    figure.alt = spoken(*(" ".join(text.split()) for text in (title, alt or "")))
    return figure


def spoken(title, alt):
    """The finding, which is otherwise only drawn, and the alt text after it where that does not begin with it anyway."""
    if not alt or alt.startswith(title):
        return alt or title
    return f"{title}{'' if title.endswith(('.', '?')) else '.'} {alt}"
