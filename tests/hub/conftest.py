"""One hub for all tests of this folder, and one class that is taught on it: a lab released, solved, handed in, graded, read."""

import os
import sys
from types import SimpleNamespace

import nbformat
import pytest

from tests.browser.jupyter import OUTPUT, chromium
from tests.hub import people, running
from tests.hub.running import LAB

collect_ignore_glob = ["test_*"] if os.name == "nt" else []      # a hub's accounts and permissions are Unix's
NO_BIAS = "def fires(x, w, b):\n    return int(np.dot(x, w) > 0)"
EXPLAINED = "Only where some plane separates the examples; the bound counts corrections, not passes; and any such plane ends the learning."
COMMENT = "The second error is well put."


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """What starts a real hub, which takes minutes to install, is asked for by its marker."""
    for item in items:
        if "hub" in getattr(item, "fixturenames", ()):
            item.add_marker("hub")


@pytest.fixture(scope="session")
def modules():
    """The hub's own modules, found beside each other as the hub finds them."""
    folder = str(running.ROOT / "binder" / "hub")
    sys.path.insert(0, folder)
    yield
    sys.path.remove(folder)


@pytest.fixture(params=[(5, 5, 4), (6, 1, 1)], ids=["JupyterHub 5", "JupyterHub 6"])
def jupyterhub(request, monkeypatch):
    """What the hub's configuration asks of JupyterHub, which is not installed where the tests run: its version, and how it waits for a server."""
    class Server:
        def wait_up(self, timeout=10, http=False):
            return timeout

    found = SimpleNamespace(version_info=request.param, objects=SimpleNamespace(Server=Server))
    monkeypatch.setitem(sys.modules, "jupyterhub", found)
    monkeypatch.setitem(sys.modules, "jupyterhub.objects", found.objects)
    return found


@pytest.fixture(scope="session")
def exchange(modules):
    import hub_exchange

    return hub_exchange


@pytest.fixture(scope="session")
def settings(modules):
    import hub_settings

    return hub_settings


@pytest.fixture(scope="session")
def hub():
    if why := running.missing():
        pytest.skip(why)
    OUTPUT.mkdir(exist_ok=True)
    with running.hub(OUTPUT / "hub.log") as started:
        yield started


@pytest.fixture(scope="session")
def taught(hub):
    """What was said along the way, as attributes."""
    if chromium() is None:
        pytest.skip("no Chromium; on Debian: apt-get install chromium")
    said = SimpleNamespace()
    with people.chrome() as browser:
        grace = people.Instructor(browser, hub, "hubgrace")
        formgrader = grace.formgrader()
        grace.press(formgrader, "cloud-upload")

        ada = people.Student(browser, hub, "hubada")
        ada.fetch()
        solve(ada, hub, said)
        ada.home()
        ada.assignment_list()
        said.validated = ada.validate()
        ada.submit()

        blaise = people.Student(browser, hub, "hubblaise")
        blaise.fetch()
        notebook = blaise.notebook()
        notebook.run("setup")
        notebook.write("fires", NO_BIAS)
        notebook.run("fires")
        said.hint = notebook.run("check_fires")
        notebook.save()
        blaise.home()
        blaise.assignment_list()
        blaise.submit()
        said.closed = closed_doors(blaise)
        forge(hub)

        said.collected = grace.press(formgrader, "cloud-download")
        formgrader.goto(f"{hub.address}/services/course/formgrader/manage_submissions/{LAB}")
        for student in running.STUDENTS:
            grace.press(formgrader, "flash", row=student)
        said.formgraded = grade_by_hand(formgrader, hub)
        grace.picture("graded-by-hand", formgrader)
        formgrader.goto(f"{hub.address}/services/course/formgrader/manage_submissions/{LAB}")
        for student in running.STUDENTS:
            grace.press(formgrader, "comment", row=student)
            grace.press(formgrader, "envelope", row=student)
        said.read = ada.read(ada.fetch_feedback())
    return said


def solve(ada, hub, said):
    """Two exercises typed and checked; the others as the instructor solved them; the question for a person answered."""
    notebook = ada.notebook()
    source = nbformat.read(hub.course / "source" / LAB / f"{LAB}.ipynb", as_version=4)
    solutions = {cell.id: cell.source for cell in source.cells if cell.metadata.get("nbgrader", {}).get("solution")}
    notebook.run("setup")
    said.checked = []
    for ident in ("fires", "update"):
        notebook.write(ident, solutions[ident])
        notebook.run(ident)
        said.checked.append(notebook.run(f"check_{ident}"))
    solutions["explain_novikoff"] = EXPLAINED
    for ident, text in solutions.items():
        notebook.on_cells("cells[index(values[0])].model.sharedModel.setSource(values[1])", ident, text)
    notebook.save()
    ada.picture("solved")


def closed_doors(student):
    """{address: status} of what a student asks for with their own browser, logged in."""
    asked = ("/services/course/formgrader", "/services/course/lab", "/services/course/api/contents/secret", "/user/hubada/lab", "/hub/admin",
             "/hub/api/users", "/hub/api/services", "/user/hubblaise/formgrader")
    return {path: student.page.request.get(student.hub.address + path, max_redirects=10).status for path in asked}


def forge(hub):
    """What a student of ill will puts into the exchange: work in somebody else's name, a link to the solutions, a name nobody can read."""
    inbound, source = hub.exchange / "inbound", hub.course / "source" / LAB
    later = "2035-01-01 00:00:00.000000 UTC"
    own = f"{inbound}/hubada+{LAB}+{later}+forged"
    script = (f"mkdir '{own}' && echo '{{}}' > '{own}/{LAB}.ipynb' && ln -s '{source}' '{inbound}/hubblaise+{LAB}+{later}+linked' && "
              f"mkdir '{inbound}/hubblaise+{LAB}+yesterday+odd'")
    done = hub.as_user("hubblaise", "sh", "-c", script)
    assert done.returncode == 0, done.stderr


def grade_by_hand(page, hub):
    """Opens ada's notebook in formgrader, scores the question that waits for a person and leaves a comment; returns the page's text."""
    page.goto(f"{hub.address}/services/course/formgrader/manage_students/hubada/{LAB}")
    page.get_by_role("link", name=LAB).last.click()
    page.wait_for_load_state("networkidle")
    answer = page.locator("div.nbgrader_cell", has_text=EXPLAINED[:40]).last
    score = answer.locator("input.score")
    score.fill("3")
    score.press("Tab")
    comment = answer.locator("textarea.comment")
    comment.fill(COMMENT)
    comment.press("Tab")
    page.wait_for_timeout(1500)
    return page.locator("body").inner_text()
