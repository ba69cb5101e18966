"""Each lab as its readers meet it: solved it is right from top to bottom, unsolved it reaches its end, and it has what every lab has."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest

from grading import build, exercise, leaks, measure
from grading.verify import verify

ROOT = build.ROOT
LABS = build.labs()
MEMORY_MB, SECONDS = 1200, 60


@pytest.fixture(scope="module", autouse=True)
def on_the_cpu():
    before = os.environ.get("LABKIT_DEVICE")
    os.environ["LABKIT_DEVICE"] = "cpu"
    yield
    os.environ.pop("LABKIT_DEVICE") if before is None else os.environ.update(LABKIT_DEVICE=before)


@pytest.fixture(scope="module")
def executed(on_the_cpu, request):
    """executed(lab, kind) -> (notebook, MB); two notebooks run at a time, each in a process of its own, in the order of the tests."""
    sources = {"solved": build.source_notebook, "unsolved": lambda lab: nbformat.read(ROOT / "notebooks" / f"{lab}.ipynb", as_version=4)}
    wanted = [(item.callspec.params["lab"], item.originalname.split("_")[1]) for item in request.session.items
              if item.path == request.path and "executed" in item.fixturenames]
    with ThreadPoolExecutor(2) as pool:
        waiting = {(lab, kind): pool.submit(lambda lab=lab, kind=kind: measure.run(sources[kind](lab))) for lab, kind in wanted}
        yield lambda lab, kind: waiting[lab, kind].result()[::2]
        for one in waiting.values():
            one.cancel()


def cells(notebook, role):
    return [cell for cell in notebook.cells if role in cell.metadata.get("tags", [])]


def bare(cell):
    """Values that a cell shows as text alone: they stood on its last line by accident."""
    return [o.data["text/plain"] for o in cell.get("outputs", []) if o.output_type == "execute_result" and set(o.data) == {"text/plain"}]


def errors(cell):
    return [o for o in cell.get("outputs", []) if o.output_type == "error" or o.get("name") == "stderr"]


@pytest.mark.parametrize("lab", LABS)
def test_solved_every_check_is_right(lab, executed):
    notebook, memory = executed(lab, "solved")
    trouble = {cell.id: errors(cell) + bare(cell) for cell in notebook.cells if errors(cell) + bare(cell)}
    assert not trouble
    said = {cell.id: cell.outputs[0].text for cell in cells(notebook, "check")}
    assert all(text.startswith(("Right", "Committed")) for text in said.values()), said
    assert memory < MEMORY_MB


@pytest.mark.parametrize("lab", LABS)
def test_unsolved_it_reaches_its_end(lab, executed):
    notebook, _ = executed(lab, "unsolved")
    trouble = {cell.id: errors(cell) for cell in notebook.cells if errors(cell)}
    assert not trouble
    said = {cell.id: cell.outputs[0].text for cell in cells(notebook, "check")}
    assert all(text.startswith("Not attempted yet") for text in said.values()), said


@pytest.mark.parametrize("lab", LABS)
def test_it_has_what_every_lab_has(lab):
    notebook = build.source_notebook(lab)
    for role in ("setup", "solution", "check", "predict", "picture", "swarm", "explain"):
        assert cells(notebook, role), role
    assert lab == "00_start" or cells(notebook, "table")
    assert len(cells(notebook, "explain")) == 1 and "Marking scheme" in cells(notebook, "explain")[0].source
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "ources" in text and "Words of this lab" in text and "minutes" in text
    assert "not measured yet" not in text
    assert build.glossary(lab)
    assert any(cell.get("attachments") for cell in notebook.cells), "no still picture"


@pytest.mark.parametrize("lab", LABS)
def test_its_graders_accept_what_is_right_and_nothing_else(lab):
    rows = verify(lab)
    assert {row.id: row.notes for row in rows if row.escapes or row.false_rejections} == {}
    assert all(row.misconceptions >= 4 and row.right >= 2 for row in rows if exercise.load(lab)[row.id].kind != "prediction" and lab != "00_start")


@pytest.mark.parametrize("lab", LABS)
def test_no_code_that_students_see_holds_a_line_of_a_solution(lab):
    """Where a picture falls back on labkit's form, that stands in labkit, and not below the exercise."""
    def lines(text):
        return {" ".join(line.split()).removeprefix("return ") for line in text.splitlines() if len(line.strip()) > 24}

    code = [cell for cell in build.source_notebook(lab).cells if cell.cell_type == "code"]
    solved = set().union(*(lines(part) for cell in code for part in leaks.SOLUTION.findall(cell.source)))
    assert solved and not solved & set().union(*(lines(leaks.SOLUTION.sub("", cell.source)) for cell in code))


@pytest.mark.parametrize("lab", LABS)
def test_its_points_add_up(lab):
    declared = exercise.load(lab).values()
    explained = sum(cell.metadata.nbgrader.points for cell in cells(build.source_notebook(lab), "explain"))
    guessed = sum(one.points for one in declared if one.kind == "prediction")
    coded = sum(one.points for one in declared if one.kind != "prediction")
    assert (coded, guessed, explained) == (14, 2, 4)
    assert (1 if lab == "00_start" else 4) <= sum(one.kind != "prediction" for one in declared) <= 6


def test_exercise_names_are_unique_in_the_course():
    names = [ident for lab in LABS for ident in exercise.load(lab)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("lab", LABS)
def test_setup_loads_no_compiler_and_no_learning_library(lab):
    code = "\n".join(cell.source for cell in cells(build.source_notebook(lab), "setup"))
    code += "\nimport sys\nprint([name for name in ('numba', 'sklearn', 'scipy.optimize', 'torch') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("lab", LABS)
def test_measured_figures_are_within_what_a_small_machine_has(lab):
    row = json.loads(build.MEASURED.read_text())[lab]
    assert row["binder"], f"{lab} has no figures within Binder's limits; as root: grading measure {lab} --binder"
    assert row["seconds"] < SECONDS and row["memory_mb"] < MEMORY_MB
    assert row["binder"]["memory_mb"] < 1024 and row["binder"]["date"]      # it got through with a processor and 1 GiB, by control groups


def test_what_is_committed_is_what_the_labs_build():
    assert build.check() == []
