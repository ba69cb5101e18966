"""Lab 01 in a real JupyterLab: typed answers, a live picture dragged and keyed, the whole lab run unsolved, formgrader's page for reading.

Screenshots are kept in tests/output/.
"""

import json
import shutil
import statistics
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from tests.browser.jupyter import OUTPUT, Notebook, browser, chromium, server

ROOT = Path(__file__).parent.parent.parent
LAB = "01_perceptron"
pytestmark = [pytest.mark.browser, pytest.mark.skipif(chromium() is None, reason="no Chromium; on Debian: apt-get install chromium"),
              pytest.mark.timeout(300)]

RIGHT = "def fires(x, w, b):\n    total = b\n    for a, c in zip(x, w):\n        total += a * c\n    return 1 if total > 0 else 0"
NO_BIAS = "def fires(x, w, b):\n    return int(np.dot(x, w) > 0)"
UPDATE = """def update(w, b, x, y):
    miss = y - int(np.dot(w, x) + b > 0)
    return w + miss * x, b + miss"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page on a JupyterLab that serves the labs."""
    folder = tmp_path_factory.mktemp("labs")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(path, folder)
    with server(folder) as address, browser() as page:
        page.address = address
        yield page


@pytest.fixture
def lab(page):
    return Notebook(page, page.address, f"{LAB}.ipynb")


def test_a_right_answer_is_accepted_and_a_misconception_gets_its_hint(lab):
    lab.run("setup")
    lab.write("fires", RIGHT)
    lab.run("fires")
    assert lab.run("check_fires").startswith("Right: fires passes all")
    lab.picture("right-answer")
    lab.write("fires", NO_BIAS)
    lab.run("fires")
    said = " ".join(lab.run("check_fires").split())
    assert said == "Not right yet: this compares the sum without the bias. Add b to it first: it moves the threshold."
    lab.picture("misconception")


def test_unsolved_the_whole_lab_runs_to_its_end(lab):
    lab.run_all()
    said = lab.on_cells("""return cells.filter(c => c.model.type === 'code').map(
        c => [c.model.id, c.model.executionCount, c.model.outputs.toJSON().filter(o => o.output_type === 'error').map(o => o.evalue)])""")
    assert all(count for _, count, _ in said)
    assert [one for one in said if one[2]] == []
    assert sum(lab.output(ident).startswith("Not attempted yet") for ident, *_ in said if ident.startswith("check_")) >= 7
    lab.picture("unsolved")


def board(lab, of):
    """The live picture that shows the student's `of`, scrolled to."""
    cells = lab.on_cells("return cells.map(c => [c.model.id, c.model.sharedModel.getSource()])")
    ident = next(i for i, source in cells if f"widgets.{of}(" in source)
    lab.run(ident)
    picture = lab.show(ident).locator(".labkit-board").first
    picture.wait_for(timeout=20_000)
    return picture


def test_a_live_picture_is_dragged_and_keyed_and_runs_the_students_rule(lab, record_property):
    lab.run("setup")
    lab.write("update", UPDATE)
    lab.run("update")
    root = board(lab, "place_points")
    assert "update" in root.locator(".labkit-source").inner_text()
    picture = root.locator(".labkit-picture")

    def changed(act):
        """Whether the picture is another one within ten seconds of an act; a busy machine may need several."""
        before = picture.inner_html()
        act()
        lab.page.wait_for_function("([picture, before]) => picture.innerHTML !== before", arg=[picture.element_handle(), before], timeout=10_000)
        lab.page.wait_for_timeout(200)      # for what the same act still sends, such as the button's release
        return True

    box = picture.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    assert changed(lambda: lab.page.mouse.click(*middle))
    times = []
    picture.focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp"):
        assert changed(lambda key=key: lab.page.keyboard.press(key))
        times.append(float(root.get_attribute("data-answer-ms")))
    lab.page.mouse.move(*middle)
    lab.page.mouse.down()
    assert changed(lambda: lab.page.mouse.move(middle[0] + 60, middle[1] - 40, steps=4))
    lab.page.mouse.up()
    lab.picture("live-picture")
    record_property("median_answer_ms", statistics.median(times))
    print(f"key to picture: median {statistics.median(times):.0f} ms of {len(times)}")


def test_labs_are_downloaded_and_put_back_with_a_click_each(page, tmp_path):
    lab = Notebook(page, page.address, "00_start.ipynb")
    lab.run("setup")
    root = board(lab, "keep_work")
    with page.expect_download(timeout=30_000) as waiting:
        root.get_by_role("button", name="Download all my labs").click()
    path = tmp_path / "mine.zip"
    waiting.value.save_as(path)
    assert waiting.value.suggested_filename.startswith("perceptron-to-dropout-")
    with zipfile.ZipFile(path) as archive:
        assert {f"{LAB}.ipynb", "00_start.ipynb"} <= set(archive.namelist())
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(changed, "w") as archive:
        archive.writestr("kept_work.ipynb", "{}")
    root.locator("input[type=file]").set_input_files(changed)
    root.get_by_text("1 lab put back: kept_work.").wait_for(timeout=30_000)
    lab.picture("keep-work")


def test_opened_again_a_saved_lab_says_how_its_live_pictures_come_back(page):
    lab = Notebook(page, page.address, "00_start.ipynb")
    lab.run("setup")
    word = board(lab, "keep_work").page.locator(".labkit-asleep").first
    assert not word.is_visible()
    lab.save()
    page.evaluate("jupyterapp.serviceManager.sessions.shutdownAll()")
    Notebook(page, page.address, "00_start.ipynb")
    page.locator(".labkit-asleep").first.wait_for(timeout=30_000)
    page.locator(".labkit-asleep").first.scroll_into_view_if_needed()
    assert not page.get_by_text("model not found").is_visible()
    lab.picture("asleep")


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course of one real submission, graded, with its manual question waiting."""
    course = tmp_path_factory.mktemp("course")
    from grading import build

    build.build([LAB], course, only_course=True)
    folder = course / "submitted" / "ada" / LAB
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "grading" / "classroom" / LAB / f"ada-{LAB}.ipynb", folder / f"{LAB}.ipynb")
    subprocess.run([sys.executable, "-m", "grading.cli", "autograde", LAB, "--course", str(course)], check=True, capture_output=True)
    return course


def test_the_manual_question_shows_up_in_formgrader(graded, page, monkeypatch):
    """Formgrader is nbgrader's own page: the answer that Ada wrote, and a field for points, of 4."""
    jupyter = graded / "jupyter"
    jupyter.mkdir()
    (jupyter / "jupyter_server_config.json").write_text(json.dumps({"ServerApp": {"jpserver_extensions": {
        "nbgrader.server_extensions.formgrader": True}}}))
    monkeypatch.chdir(graded)       # formgrader reads nbgrader_config.py where the server was started
    with server(graded, JUPYTER_CONFIG_DIR=str(jupyter)) as address:
        formgrader = page.context.browser.new_page(viewport={"width": 1280, "height": 900})
        formgrader.goto(f"{address}/formgrader/gradebook/{LAB}/{LAB}")
        formgrader.get_by_text("Submission #1").click(timeout=60_000)
        formgrader.locator("input.score").first.wait_for(timeout=60_000)
        answer = formgrader.locator(".nbgrader_cell", has_text="The rule learns from mistakes only.")
        answer.wait_for(timeout=60_000)     # the page is long, and arrives from the top
        assert answer.count() == 1
        assert answer.locator("input.score").input_value() == ""
        assert "/ 4" in answer.inner_text()
        answer.scroll_into_view_if_needed()
        formgrader.screenshot(path=OUTPUT / "formgrader.png")
        answer.locator("input.score").fill("3")
        answer.locator("input.score").press("Enter")
        formgrader.wait_for_timeout(1500)
        formgrader.close()
    with Gradebook(f"sqlite:///{graded / 'gradebook.db'}") as gradebook:
        assert gradebook.find_submission(LAB, "ada").score == 19
