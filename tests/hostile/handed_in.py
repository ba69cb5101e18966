# ruff: noqa: E501 (a submission is a row of a table)
"""Notebooks, files and folders that were changed: the instructor's notebook is graded, and what was odd is said."""

import copy
import json
import os

from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from tests.grading.fake_lab import LAB, POINTS
from tests.hostile.case import WRONG, Case

NOTHING = dict.fromkeys(POINTS, ("not_attempted", 0.0))
LOST = {"double": ("not_attempted", 0.0)}


def find(notebook, ident):
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == ident)


def about(**fields):
    """An edit of the metadata of double's check cell and solution cell."""
    def edit(notebook):
        find(notebook, "double").source = WRONG
        for ident in ("check_double", "double"):
            find(notebook, ident).metadata.nbgrader.update(fields)
    return edit


def source(ident, text):
    def edit(notebook):
        find(notebook, ident).source = text
    return edit


def wrong_and(change):
    def edit(notebook):
        find(notebook, "double").source = WRONG
        change(notebook)
    return edit


def swap(notebook):
    a, b = find(notebook, "double"), find(notebook, "clip_all")
    a.metadata.nbgrader.grade_id, b.metadata.nbgrader.grade_id = "clip_all", "double"


def split(notebook):
    cell = find(notebook, "double")
    other = copy.deepcopy(cell)
    cell.source, other.source = cell.source.split("\n", 1)
    notebook.cells.insert(notebook.cells.index(cell) + 1, other)


def reverse(notebook):
    notebook.cells.reverse()


def strange(notebook):
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution", "hide", {"a": 1}]
        cell["id"] = "same"


def forged(notebook):
    find(notebook, "double").source = WRONG
    cell = find(notebook, "check_double")
    cell.outputs = [new_output("execute_result", {"text/plain": "4.0"}), new_output("stream", name="stdout", text="Right: all cases pass.")]


def wire(change):
    def raw(notebook):
        data = json.loads(json.dumps(notebook))
        change(data)
        return json.dumps(data).encode()
    return raw


def link(folder, notebook):
    (folder / f"{LAB}.ipynb").symlink_to(folder.parents[2] / "source" / LAB / f"{LAB}.ipynb")


def pipe(folder, notebook):
    os.mkfifo(folder / f"{LAB}.ipynb")


def folder_instead(folder, notebook):
    (folder / f"{LAB}.ipynb").mkdir()


def beside(**files):
    def place(folder, notebook):
        (folder / f"{LAB}.ipynb").write_text(json.dumps(notebook))
        for name, content in files.items():
            path = folder / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    return place


def links_beside(folder, notebook):
    (folder / f"{LAB}.ipynb").write_text(json.dumps(notebook))
    (folder / "notes.txt").symlink_to(folder.parents[2] / "secret")
    (folder / "all").symlink_to("/")
    (folder / "zero").symlink_to("/dev/zero")


def collision(folder, notebook):
    (folder / f"{LAB}.ipynb").write_text(json.dumps(notebook))
    (folder / f"{LAB.upper()}.IPYNB").write_text("{}")
    (folder / f"{LAB.upper()}.ipynb").write_text("{}")


def own_list(kind):
    """The name under which what was kept apart was once listed: a link there had us write wherever it led."""
    def place(folder, notebook):
        (folder / f"{LAB}.ipynb").write_text(json.dumps(notebook))
        path = folder / "quarantined.json"
        path.symlink_to(folder.parents[2] / "written_by_a_submission") if kind == "link" else path.mkdir() if kind == "folder" else path.write_text("x")
    return place


def odd_names(folder, notebook):
    (folder / f"{LAB}.ipynb").write_text(json.dumps(notebook))
    for name in (b"a\nb.txt", b"\xff\xfe.txt", b"x" * 255, "\u202egpj.txt".encode(), b" ", b"-rf", b"e\xcc\x81.txt", b"<img src=x onerror=LEAK()>"):
        (folder / os.fsdecode(name)).write_bytes(b"x")


def copies(notebook):
    cell = find(notebook, "double")
    for i in range(60):
        other = copy.deepcopy(cell)
        other.source = f"# {i}\n" + "x = 1\n" * 10_000
        notebook.cells.append(other)


def nested(depth):
    return [nested(depth - 1)] if depth else []


def other_ids(notebook):
    for ident in (None, 3, True, 1.5, ["double"], {"a": 1}, "", "double\u200b", "DOUBLE", "x" * 10**6, "\ud800"):
        other = copy.deepcopy(find(notebook, "double"))
        other.metadata.nbgrader["grade_id"] = ident
        notebook.cells.append(other)


CASES = [
    Case("a cut file", raw=lambda n: json.dumps(n).encode()[:1000], expects=NOTHING, says="file is damaged"),
    Case("not JSON", raw=lambda n: b"# double\ndef double(x): return 2 * x", expects=NOTHING, says="file is damaged"),
    Case("an empty file", raw=lambda n: b"", expects=NOTHING, says="file is empty"),
    Case("a picture under a notebook's name", raw=lambda n: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 99, expects=NOTHING, says="file is damaged"),
    Case("an archive bomb under a notebook's name", raw=lambda n: b"PK\x03\x04" + bytes(1000), expects=NOTHING, says="file is damaged"),
    Case("a file of 100 MB", raw=lambda n: json.dumps(n).encode() + b" " * (100 << 20), expects=NOTHING, says="larger than"),
    Case("a file of two million parts", raw=lambda n: b'{"cells": [' + b"0," * 2_100_000 + b"0]}", expects=NOTHING, says="too many parts"),
    Case("brackets nested without end", raw=lambda n: b"[" * 1_000_000, expects=NOTHING, says="file is damaged"),
    Case("another encoding", raw=lambda n: json.dumps(n).encode("utf-16")),
    Case("a byte order mark", raw=lambda n: b"\xef\xbb\xbf" + json.dumps(n).encode()),
    Case("lone surrogates and zero bytes", edit=source("double", "# \ud800 \0\ndef double(x):\n    return 2 * np.asarray(x)")),
    Case("numbers that are none", raw=wire(lambda d: d.update(nbformat=float("nan"), nbformat_minor=float("inf")))),
    Case("a version from the future", raw=wire(lambda d: d.update(nbformat=99))),
    Case("a version from the past", raw=wire(lambda d: d.update(nbformat=3, worksheets=[{"cells": d["cells"]}]))),
    Case("cells that are no list", raw=wire(lambda d: d.update(cells={"0": 1})), expects=NOTHING, says="file is damaged"),
    Case("cells that are no cells", raw=wire(lambda d: d["cells"].extend([None, 3, "x", [], {"metadata": []}, {"metadata": {"nbgrader": 7}}]))),
    Case("no metadata at all", raw=wire(lambda d: [c.pop("metadata") for c in d["cells"]]), says="found again by their ids"),
    Case("neither metadata nor ids", raw=wire(lambda d: [(c.pop("metadata"), c.pop("id")) for c in d["cells"]]), expects=NOTHING,
         says="a program removed what marks its cells"),
    Case("another lab's notebook", raw=wire(lambda d: [c["metadata"].get("nbgrader", {}).update(grade_id="z") for c in d["cells"]]), expects=NOTHING, says="another lab's"),
    Case("a cell is missing", edit=lambda n: n.cells.remove(find(n, "double")), expects=LOST, says="double is missing"),
    Case("a check cell is missing", edit=lambda n: n.cells.remove(find(n, "check_double")), says="check_double, which is the lab's own, is missing"),
    Case("a cell is doubled", edit=lambda n: n.cells.append(copy.deepcopy(find(n, "double"))), says="there 2 times"),
    Case("a check cell is doubled", edit=lambda n: n.cells.append(copy.deepcopy(find(n, "check_double"))), says="there 2 times"),
    Case("a hundred copies of a cell", edit=lambda n: n.cells.extend(copy.deepcopy(find(n, "double")) for _ in range(100)), says="there 101 times"),
    Case("a cell is split", edit=split, says="put together"),
    Case("a cell is turned into text", edit=lambda n: find(n, "double").update(cell_type="markdown"), says="another type"),
    Case("a cell is turned into no type", edit=lambda n: find(n, "double").update(cell_type=["code"]), says="another type"),
    Case("two cells change their names", edit=swap, expects={}),
    Case("the cells stand upside down", edit=reverse),
    Case("tags and ids are changed", edit=strange),
    Case("the check is emptied", edit=wrong_and(source("check_double", "pass")), expects={"double": ("wrong", 0.0)}, says="check_double, which is the lab's own, was changed"),
    Case("the check gives points", edit=wrong_and(source("check_double", "4")), expects={"double": ("wrong", 0.0)}, says="was changed"),
    Case("the set-up is changed", edit=wrong_and(source("setup", "import os; os._exit(0)")), expects={"double": ("wrong", 0.0)}, says="setup, which is the lab's own, was changed"),
    Case("points are changed", edit=about(points=1e9), expects={"double": ("wrong", 0.0)}),
    Case("points are negative", edit=about(points=-5), expects={"double": ("wrong", 0.0)}),
    Case("the schema is changed", edit=about(schema_version=99), expects={"double": ("wrong", 0.0)}),
    Case("locks are opened", edit=about(locked=False, grade=False, solution=True), expects={"double": ("wrong", 0.0)}),
    Case("a task instead of a check", edit=about(task=True), expects={"double": ("wrong", 0.0)}),
    Case("outputs are forged", edit=forged, expects={"double": ("wrong", 0.0)}),
    Case("another kernel", edit=wrong_and(lambda n: n.metadata.update(kernelspec={"name": "../../evil", "display_name": "x", "language": "bash"})), expects={"double": ("wrong", 0.0)}),
    Case("a kernel that starts a program", edit=wrong_and(lambda n: n.metadata.update(kernelspec={"name": "python3", "display_name": "x", "metadata": {"kernel_provisioner": {"provisioner_name": "evil"}}})),
         expects={"double": ("wrong", 0.0)}),
    Case("paired with a script", edit=lambda n: n.metadata.update(jupytext={"formats": "ipynb,../../source/x.py"})),
    Case("code in cells of its own", edit=wrong_and(lambda n: n.cells.append(new_code_cell("def double(x):\n    return 2 * np.asarray(x)"))), expects={"double": ("wrong", 0.0)},
         says="1 code cell was added"),
    Case("a thousand cells of text", edit=lambda n: n.cells.extend(new_markdown_cell("x") for _ in range(1000))),
    Case("cells with ids that this lab does not have", edit=lambda n: n.cells.append(new_code_cell("4", metadata={"nbgrader": {"grade_id": "bonus", "points": 1000, "grade": True, "solution": False}})),
         says="1 cell carries an id"),
    Case("a cell longer than any", edit=source("double", "x = 1\n" * 100_000), expects={"double": ("raised", 0.0)}, says="too long"),
    Case("a link instead of a notebook", place=link, expects=NOTHING, says="There is no notebook"),
    Case("a pipe instead of a notebook", place=pipe, expects=NOTHING, says="There is no notebook"),
    Case("a folder instead of a notebook", place=folder_instead, expects=NOTHING, says="There is no notebook"),
    Case("no notebook at all", place=lambda folder, n: None, expects=NOTHING, says="There is no notebook"),
    Case("a notebook under another name", place=lambda folder, n: (folder / "final (2).ipynb").write_text(json.dumps(n)), says="was renamed"),
    Case("two notebooks under other names", place=lambda folder, n: [(folder / f"{i}.ipynb").write_text(json.dumps(n)) for i in range(2)], expects=NOTHING, says="2 others"),
    Case("modules beside it", place=beside(numpy_dot_py="1/0", labkit_dot_py="1/0", sitecustomize_dot_py="1/0", conftest_dot_py="1/0"), says="4 files besides the notebook"),
    Case("an nbgrader configuration beside it", place=beside(nbgrader_config_dot_py="import os; os._exit(1)"), says="1 file besides the notebook"),
    Case("links beside it", place=links_beside, says="3 files besides the notebook"),
    Case("names that collide by case", place=collision, says="1 file besides the notebook"),
    Case("a time stamp from nowhere", place=beside(timestamp_dot_txt="yesterday; rm -rf /"), says="time stamp"),
    Case("a link under the name of our own list", place=own_list("link"), says="1 file besides the notebook"),
    Case("text under the name of our own list", place=own_list("text"), says="1 file besides the notebook"),
    Case("a folder under the name of our own list", place=own_list("folder"), says="1 file besides the notebook"),
    Case("names that no terminal and no page should see", place=odd_names, says="8 files besides"),
    Case("three thousand files beside it", place=beside(**{f"f{i}": "" for i in range(3000)}), says="3000 files besides"),
    Case("a time stamp before all time", place=beside(timestamp_dot_txt="0001-01-01 00:00:00 +14:00")),
    Case("sixty long copies of a cell", edit=copies, says="double is too long"),
    Case("nine hundred thousand empty cells", raw=lambda n: (json.dumps(n)[:-1].replace('"cells": [', '"cells": [' + "{}," * 900_000, 1) + "}").encode()),
    Case("a type of cell nested almost too deep", raw=wire(lambda d: d["cells"].append({"cell_type": nested(900)}))),
    Case("ids of other kinds", edit=other_ids, says="cells carry ids that this lab does not have"),
    Case("fifteen megabytes of metadata", edit=lambda n: n.metadata.update(x="y" * (15 << 20))),
    Case("attachments and unknown fields", raw=wire(lambda d: [c.update(attachments={"a": {"text/html": "<script>LEAK()</script>"}}, outputs="x", source=[c["source"], 3, None]) for c in d["cells"]])),
    Case("lines that end in other ways", edit=source("double", "# a\u2028b\x0bc\x85\rdef double(x):\r    return 2 * np.asarray(x)\r")),
    Case("a name in wide letters", edit=source("double", "def \uff44\uff4f\uff55ble(x):\n    return 2 * np.asarray(x)")),
    Case("a gradebook beside it", place=beside(gradebook_dot_db="SQLite format 3"), says="1 file besides"),
]
