"""What one hostile submission is, and what it expects."""

from dataclasses import dataclass, field

from tests.grading.fake_lab import RIGHT

WRONG = "def double(x):\n    return x\n"       # no points in either part
GOOD = RIGHT["double"] + "\n"
SERVER = "import gc\ngc.unfreeze()\nserver = next(o for o in gc.get_objects() if type(o).__name__ == 'Server')\n"      # what answers the judge


@dataclass
class Case:
    """One submission to the fake lab.

    name     what it tries
    answers  {exercise: source} in place of right answers
    edit     edit(notebook): changes the notebook itself; or
    raw      raw(notebook) -> the bytes that are handed in; or
    place    place(folder, notebook): puts anything into the submitted folder
    expects  {exercise: (state, points)} where it differs from full marks
    says     words of a note that student and instructor read
    """

    name: str
    answers: dict = field(default_factory=dict)
    edit: object = None
    raw: object = None
    place: object = None
    expects: dict = field(default_factory=dict)
    says: str = ""


def forging(name, code, state="wrong", **expects):
    """A wrong `double` and code that tries to have it counted as right."""
    return Case(name, {"double": WRONG + code}, expects={"double": (state, 0.0)} | expects)


def ending(name, source, state, points=0.0, **expects):
    """A `double` that ends oddly."""
    return Case(name, {"double": source}, expects={"double": (state, points)} | expects)


def probing(name, code):
    """A right `double`, and code that prints LEAK where it reaches what it must not. The answer counts; the leak must not be there."""
    return Case(name, {"double": GOOD + code})


def reaching(name, *attempts, allowed="Exception"):
    """Probes each of the expressions: LEAK where one succeeds."""
    lines = "".join(f"try:\n    {attempt}\n    print('LEAK')\nexcept {allowed}: pass\n" for attempt in attempts)
    return probing(name, lines)
