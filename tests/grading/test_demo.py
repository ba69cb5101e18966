"""`grading demo` on the bundled class: notebooks as a real JupyterLab left them, graded through nbgrader, with the points they deserve."""

import json
import os
import re
from types import SimpleNamespace

import pytest

from grading import build, cli, demo

# What each student is owed without the explanation, which a person reads. Why: tests/browser/make_class.py.
OWED = {"ada": 16, "boris": 16, "chen": 13, "dalia": 9, "emeka": 8, "fatima": 0, "goran": 13, "hana": 14, "ivo": 12, "jun": 16, "kira": 16, "liam": 1}


@pytest.mark.timeout(600)
def test_the_whole_cycle(tmp_path, capsys):
    course = tmp_path / "course"
    assert cli.main(["demo", "--course", str(course)]) == 0
    shown = capsys.readouterr().out
    sums = dict(re.findall(r"^(\w+) .* (\d+)$", shown[shown.index("student "):], re.M))
    assert {name: int(points) for name, points in sums.items()} == OWED
    assert re.search(r"autograde \d+\.\d s", shown)
    feedback = {name: (course / "feedback" / name / demo.LAB / f"{demo.LAB}.html").read_text() for name in OWED}
    assert "this is half of the step" in feedback["chen"]
    assert "never ends" in feedback["hana"] and "SyntaxError" in feedback["goran"]
    assert "Not attempted" in feedback["fatima"]
    assert (course / "grades-csv.csv").read_text().count("\n") == 13
    report = (course / f"{demo.LAB}-report.html").read_text()
    assert "this is half of the step" in report and "Boris (boris) and Jun (jun)" in re.sub(r"<[^>]*>", "", report)
    assert os.name == "nt" or (course / "exchange" / "course" / "outbound" / demo.LAB / f"{demo.LAB}.ipynb").exists()


def test_on_windows_the_release_goes_without_the_exchange_that_nbgrader_does_not_have_there(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo, "sys", SimpleNamespace(platform="win32", executable="no such program"))
    demo.Cycle(tmp_path).release()
    assert "without the exchange" in capsys.readouterr().out and [path.name for path in tmp_path.iterdir()] == ["gradebook.db"]


def test_the_class_is_of_real_notebooks_and_varied():
    """Saved by JupyterLab after a run: execution counts, outputs of widgets, cells added and moved."""
    notebooks = {path.stem.split("-")[0]: json.loads(path.read_text()) for path in (demo.CLASSROOM / demo.LAB).glob("*.ipynb")}
    assert notebooks.keys() == OWED.keys()
    assert all(any(cell.get("execution_count") for cell in nb["cells"]) for nb in notebooks.values())
    ids = {name: [cell["id"] for cell in nb["cells"]] for name, nb in notebooks.items()}
    assert len(ids["jun"]) == len(ids["ada"]) + 1 and "check_gate" not in ids["kira"]
    assert [i for i in ids["jun"] if i in ids["ada"]] != ids["ada"]


def test_the_class_worked_on_the_lab_as_it_is():
    """Else grading says of each student that cells were changed. After an edit of the lab: python -m tests.browser.make_class"""
    cells = {cell["id"]: cell for cell in json.loads((build.ROOT / "notebooks" / f"{demo.LAB}.ipynb").read_text())["cells"]}
    fixed = {ident for ident, cell in cells.items() if cell["cell_type"] == "code" and not cell["metadata"].get("nbgrader", {}).get("solution")}
    assert len(fixed) > 20
    for path in (demo.CLASSROOM / demo.LAB).glob("*.ipynb"):
        theirs = {cell["id"]: "".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]}
        other = [ident for ident in fixed & theirs.keys() if theirs[ident] != "".join(cells[ident]["source"])]
        assert not other, path.name


def test_a_folder_that_is_in_use_is_refused(tmp_path, capsys):
    (tmp_path / "exchange").mkdir()         # of a demonstration that was ended before it collected
    assert cli.main(["demo", "--course", str(tmp_path)]) == 1
    assert "holds files already; name an empty folder" in capsys.readouterr().err
