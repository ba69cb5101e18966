"""What every live picture is made of: an SVG, native controls, one line that says what runs, and events that come back to Python.

The page only draws and listens; what is shown is decided here, in the kernel, because the student's function lives here.
"""

from __future__ import annotations

import base64
from pathlib import Path

import anywidget
import traitlets

from labkit.figures.style import image_page
from labkit.widgets.student import sentences

HERE = Path(__file__).parent


def slider(name, label, low, high, step, value, words=None):
    return {"kind": "slider", "name": name, "label": label, "min": low, "max": high, "step": step, "value": round(float(value), 6),
            "words": words or f"{value:g}"}


def button(name, label, hint="", pressed=None, disabled=False):
    """pressed : None for a plain button, True or False for one that stays down."""
    return {"kind": "button", "name": name, "label": label, "hint": hint, "pressed": pressed, "disabled": disabled}


def choice(name, label, options, value):
    """options : (value, words) pairs"""
    return {"kind": "choice", "name": name, "label": label, "options": [[str(v), words] for v, words in options], "value": str(value)}


# A saved notebook that is opened again knows no live picture, and JupyterLab writes "model not found" in its place; exported as HTML it
# has nothing there. These words, saved beside it and hidden as long as it lives, stand there instead. On paper the still picture is seen.
ASLEEP = """<style>
.jp-OutputArea-child:has(.labkit-asleep) { display: none; }
.jp-OutputArea:has(.jupyter-widgets):not(:has(.jupyter-widgets > :not(script))) .jp-OutputArea-child:has(.labkit-asleep) { display: flex; }
.jp-OutputArea:has(.labkit-asleep) .jp-OutputArea-child:has(> .jupyter-widgets):not(:has(> .jupyter-widgets > :not(script))) { display: none; }
.jp-OutputArea .labkit-asleep { display: block; margin: 4px 0; }
@media print { details::details-content { content-visibility: visible; block-size: auto; } .jp-InputArea pre { white-space: pre-wrap; } }
</style><p class="labkit-asleep" hidden>Something live stood here. It comes back when this cell is run again, after the cells above it.</p>"""


def leave_word():
    """Puts ASLEEP into the cell's output, before the live picture itself."""
    from IPython import get_ipython
    from IPython.display import display

    if hasattr(get_ipython(), "kernel"):
        display({"text/html": ASLEEP}, raw=True)


class Board(anywidget.AnyWidget):
    """Base of the live pictures.

    A subclass has `name`, `title`, `help`, `hears` (the keys it answers when the picture has the focus) and writes `scene()`,
    `controls()`, `note()` and `handle(event)`. An event is a dictionary: {"type": "key", "key", "shift"},
    {"type": "down" | "drag" | "up", "x", "y", "shift"} in pixels of the scene, {"type": "control", "name", "value"}, {"type": "tick"}.
    """

    _esm = HERE / "board.js"
    _css = HERE / "board.css"
    view = traitlets.Dict().tag(sync=True)

    name = title = help = ""
    hears = ()
    pointer = "drag"        # what a finger on the picture does: "drag", "tap" (then it still scrolls the page) or "", nothing

    def __init__(self, **traits):
        super().__init__(**traits)
        self.answered, self.count, self.gripped = "0", 0, False
        self.on_msg(lambda _, event, __: self.receive(event))
        self.refresh()

    def scene(self):
        raise NotImplementedError

    def handle(self, event):
        raise NotImplementedError

    def grips(self, event, plane):
        """Whether a pointer's event belongs to a Plane of the picture: it does from its "down" inside until the next "down"."""
        if event["type"] == "down":
            self.gripped = plane.holds(event["x"], event["y"])
        return self.gripped

    def controls(self):
        return []

    def note(self):
        """What just happened, in one line; read aloud by screen readers."""
        return ""

    def panel(self):
        """Further text below the picture, as (heading, paragraphs), or None."""
        return None

    def tick(self):
        """Milliseconds until the page should send the next tick, or 0."""
        return 0

    def students(self):
        """The Student functions that this picture runs."""
        return ()

    def receive(self, event):
        """Takes one event from the page, acts on it and shows the result."""
        for student in self.students():
            student.fresh()
        self.count += 1
        self.answered = event.get("n", str(self.count))
        try:
            self.handle(event)
            self.refresh()
        except Exception as error:
            fault = f"The picture stumbled ({type(error).__name__}: {error}). Run the cell again to start it afresh."
            self.view = {**self.view, "n": self.answered, "note": fault, "tick": 0}

    def refresh(self):
        """Sends the whole view; one message, so that the page never shows half a change."""
        scene = self.scene()
        for student in self.students():
            student.settle()
        panel = self.panel()
        self.view = {
            "n": self.answered, "svg": scene.svg(), "alt": scene.alt, "title": self.title, "help": self.help, "keys": list(self.hears),
            "pointer": self.pointer, "controls": self.controls(), "note": self.note(), "tick": self.tick(),
            "source": sentences(self.students()),
            "ours": not any(student.function is None or student.problem for student in self.students()),
            "panel": {"heading": panel[0], "lines": list(panel[1])} if panel else None,
        }

    def _repr_mimebundle_(self, **kwargs):
        """The live picture, and behind it the still one, for places that show notebooks without running them."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if not bundle:
            return bundle
        leave_word()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        from labkit.widgets.stills import alt_text, still_path

        data["text/plain"] = f"Live picture: {self.title}. {alt_text(self.name)}"
        if still_path(self.name).is_file():
            data["image/png"] = png = base64.b64encode(still_path(self.name).read_bytes()).decode()
            data["text/html"] = image_page(png, 860, alt_text(self.name), 12)       # what shows the bare image leaves its alt text out
            metadata = metadata | {"image/png": {"alt": alt_text(self.name)}}
        return data, metadata
