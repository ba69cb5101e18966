"""Makes the class that `grading demo` grades: opens lab 01 in JupyterLab once a student, types their answers, runs, and saves.

    python -m tests.browser.make_class [NAME ...]

The result in grading/classroom/ is committed: notebooks as a real JupyterLab leaves them, outputs and all.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from tests.browser.jupyter import Notebook, browser, server

ROOT = Path(__file__).parent.parent.parent
LAB = "01_perceptron"

GOOD = {
    "guess_gravity": "guess_gravity = 0.4",
    "guess_rate": 'guess_rate = "b"',
    "fires": "def fires(x, w, b):\n    return int(np.dot(x, w) + b > 0)",
    "gate": """def gate(name, n):
    if name == "AND":
        return np.ones(n), 0.5 - n
    if name == "OR":
        return np.ones(n), -0.5
    return np.array([-1.0]), 0.5""",
    "update": """def update(w, b, x, y):
    miss = y - int(np.dot(w, x) + b > 0)
    return w + miss * x, b + miss""",
    "delta_step": """def delta_step(w, b, x, y, rate):
    miss = y - (np.dot(w, x) + b)
    return w + rate * miss * x, b + rate * miss""",
    "sigmoid_step": """def sigmoid_step(w, b, x, y, rate):
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    slope = 2 * (h - y) * h * (1 - h)
    return w - rate * slope * x, b - rate * slope""",
    "most_confident": "def most_confident(X, W, b):\n    return np.argmax(X @ W.T + b, axis=1)",
}
WORDS = ("The rule learns from mistakes only. Each mistake turns the line a little towards the example it got wrong. If some line separates the "
         "two classes, only a limited number of mistakes is possible, so it stops; if none does, it never stops.")

LOOPS = GOOD | {
    "fires": """def fires(x, w, b):
    total = b
    for i in range(len(x)):
        total += x[i] * w[i]
    if total > 0:
        return 1
    else:
        return 0""",
    "update": """def update(w, b, x, y):
    # first I let the unit answer
    answer = fires(x, w, b)
    print("answer was", answer)
    if answer == y:
        return w, b
    if y == 1:
        return w + x, b + 1
    return w - x, b - 1""",
    "sigmoid_step": """def g(z):
    return 1 / (1 + np.exp(-z))

def sigmoid_step(w, b, x, y, rate):
    z = sum(wi * xi for wi, xi in zip(w, x)) + b
    d = 2 * (g(z) - y) * (1 - g(z)) * g(z)
    new_w = []
    for i in range(len(w)):
        new_w.append(w[i] - rate * d * x[i])
    return new_w, b - rate * d""",
    "most_confident": """def most_confident(X, W, b):
    best = []
    for x in X:
        sums = [np.dot(w, x) + c for w, c in zip(W, b)]
        best.append(sums.index(max(sums)))
    return best""",
}

STUDENTS = {
    # everything right
    "ada": {**GOOD, "explain": WORDS},
    # right in another way: loops, prints, a helper in the same cell, lists
    "boris": {**LOOPS, "explain": "It keeps turning the line until nobody is on the wrong side any more. " + WORDS},
    # one misconception: half a gradient step
    "chen": {**GOOD, "sigmoid_step": GOOD["sigmoid_step"].replace("2 * (h", "(h"), "explain": WORDS},
    # several misconceptions
    "dalia": {**GOOD, "fires": "def fires(x, w, b):\n    return int(np.dot(x, w) > b)",
              "update": "def update(w, b, x, y):\n    miss = y - int(np.dot(w, x) + b > 0)\n    w += miss * x\n    return w, b + miss",
              "delta_step": GOOD["delta_step"].replace("b + rate * miss", "b + miss"), "explain": "it just works"},
    # began, and ran out of time
    "emeka": {k: GOOD[k] for k in ("guess_gravity", "fires", "gate", "update")},
    # opened, ran, saved
    "fatima": {},
    # does not compile
    "goran": {**GOOD, "update": "def update(w, b, x, y)\n    return w + (y - int(np.dot(w, x) + b > 0)) * x, b + 1", "explain": WORDS},
    # never ends
    "hana": {**GOOD, "most_confident": """def most_confident(X, W, b):
    answers = []
    i = 0
    while i < len(X):
        answers.append(np.argmax(W @ X[i] + b))
    return answers""", "explain": WORDS},
    # prints where it should return
    "ivo": {**GOOD, "fires": "def fires(x, w, b):\n    print(1 if np.dot(x, w) + b > 0 else 0)",
            "most_confident": "def most_confident(X, W, b):\n    print(np.argmax(X @ W.T + b, axis=1))", "explain": ""},
    # adds cells and moves others about
    "jun": {**LOOPS, "explain": WORDS},
    # deletes what cannot be deleted, and leaves a cell that raises
    "kira": {**GOOD, "explain": WORDS},
    # tries to look right instead of being right
    "liam": {"guess_gravity": "guess_gravity = 1",
             "fires": """class Everything:
    def __eq__(self, other): return True
    def __array__(self, *a, **k): return np.zeros(1)
def fires(x, w, b):
    return Everything()
import labkit.checks
labkit.checks.difference = lambda *a, **k: None
labkit.checks.disagrees = lambda *a, **k: None
check = lambda *a, **k: print("Right: all cases pass.")""", "explain": "Right."},
}


def moved_about(notebook):
    """A cell of one's own on top, and a solution cell moved down by one."""
    notebook.on_cells("notebook.activeCellIndex = 0")
    notebook.page.evaluate("jupyterapp.commands.execute('notebook:insert-cell-above')")
    notebook.page.wait_for_timeout(300)
    notebook.on_cells("cells[0].model.sharedModel.setSource('# my notes: w are the weights, b the bias\\nprint(2 + 2)')")
    notebook.show("gate")
    notebook.page.evaluate("jupyterapp.commands.execute('notebook:move-cell-down')")
    notebook.page.wait_for_timeout(300)


def torn_out(notebook):
    """A check cell's lock taken off and the cell deleted; a cell that raises left in the middle."""
    notebook.on_cells("cells[index('check_gate')].model.setMetadata('deletable', true)")
    notebook.show("check_gate")
    notebook.page.keyboard.press("Escape")
    notebook.page.evaluate("jupyterapp.commands.execute('notebook:delete-cell')")
    notebook.show("update")
    notebook.page.evaluate("jupyterapp.commands.execute('notebook:insert-cell-below')")
    notebook.page.wait_for_timeout(300)
    notebook.on_cells("cells[index('update') + 1].model.sharedModel.setSource('assert update is None')")


def keep(saved, path):
    """The notebook as JupyterLab saved it, less the pictures in its outputs: they are a megabyte each time, and nobody grades them."""
    notebook = json.loads(saved.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            for kind in [k for k, v in output.get("data", {}).items() if k != "text/plain" and len(json.dumps(v)) > 5000]:
                del output["data"][kind]
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main(names):
    classroom = ROOT / "grading" / "classroom" / LAB
    classroom.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp())
    for name in names:
        shutil.copy(ROOT / "notebooks" / f"{LAB}.ipynb", folder / f"{name}.ipynb")
    with server(folder, PYTHONPATH=str(ROOT)) as address, browser() as page:
        for name in names:
            notebook = Notebook(page, address, f"{name}.ipynb")
            for ident, source in STUDENTS[name].items():
                if source:
                    cell = next(i for i in notebook.ids() if i.startswith("explain")) if ident == "explain" else ident
                    notebook.write(cell, source)
            {"jun": moved_about, "kira": torn_out}.get(name, lambda notebook: None)(notebook)
            if name == "hana":      # Run All would wait for her loop: she ran what stands above it
                for ident in ("setup", "fires", "check_fires"):
                    notebook.run(ident)
            else:
                notebook.run_all()
            notebook.save()
            keep(folder / f"{name}.ipynb", classroom / f"{name}-{LAB}.ipynb")
            print(f"{name}: saved")


if __name__ == "__main__":
    main(sys.argv[1:] or list(STUDENTS))
