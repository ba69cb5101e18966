"""The class report says what autograding found, and nothing that a student wrote does anything in it."""

import base64
import hashlib
import json
import re
import stat
from datetime import date

import pytest
from bs4 import BeautifulSoup

from grading import cli, report, report_page, runner, seam
from tests.browser.jupyter import OUTPUT, browser, chromium
from tests.grading.fake_lab import LAB, RIGHT

SQUARED = "def double(x):\n    return np.asarray(x) ** 2"
SCRIPT = "<script>document.title = 'taken over'</script>"
COPIED = f"""# {SCRIPT}
def clip_all(rows, low):
    kept = []
    for row in np.asarray(rows).tolist():
        new = []
        for value in row:
            if value < low and value != low:
                value = float(low)
            new.append(value if value > low else max(low, value))
        kept.append(new)
    assert len(kept) == len(rows), "\u202e every row"
    return np.array(kept)"""
CLASS = {
    "ada": RIGHT,
    "bob": {**RIGHT, "double": SQUARED},
    "cyd": {**RIGHT, "double": SQUARED, "clip_all": COPIED},
    "dan": {**RIGHT, "clip_all": COPIED.replace("row", "r").replace("kept", "k").replace("value", "v")},
    "eve": {**RIGHT, "double": "def double(x):\n    raise ValueError('<b onclick=alert(1)>')", "answer": "answer = 11"},
    "fay": {"why": "*Your answer here.*"},
    "gus": {**RIGHT, "double": "def double(x):\n    return 2 * x if np.ndim(x) == 0 else x",
            "guess": "from labkit import ops\nguess = 'a' if ops else 'b'"},
}
NAMES = {"ada": ("Ada", SCRIPT), "bob": ("</style></bdi><img src=x onerror=alert(1)>", "=cmd()"), "cyd": ("\u202eCyd", "N" * 300)}


@pytest.fixture(scope="module")
def graded(fake_course_made, tmp_path_factory):
    """A small class, graded, with names, an absent student, one that was not graded and one that something else graded. An address that is
    put together by hand ends at the # of its folder."""
    from nbgrader.api import Gradebook

    from grading import exercise

    course = fake_course_made.copied(tmp_path_factory.mktemp("report") / "course #1")
    for student, answers in CLASS.items():
        course.submit(student, answers)
    course.submit("hal", b'{"cells": [')
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", "course") as gradebook:
        for student, (first, last) in NAMES.items():
            gradebook.update_or_create_student(student, first_name=first, last_name=last)
        gradebook.update_or_create_student("zoe", first_name="Zoe")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exercise, "FOLDER", course.exercises)
        patch.setattr(seam, "READY", {})
        assert runner.autograde(LAB, course.root, unprotected=True) == 0
        course.submit("late")
        path = course.root / "autograded" / "stock" / LAB / f"{LAB}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        course.submit("stock")
        course.before = prints(course)
        course.report = report.read(course.root, LAB)
    return course


def prints(course):
    files = (path for path in course.root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def text(graded):
    return report_page.page(graded.report, today=date(2026, 1, 2))


@pytest.fixture(scope="module")
def tree(text):
    return BeautifulSoup(text, "html.parser")


def section(tree, heading):
    return next(part for part in tree.find_all("section") if heading in part.find(["h2", "h3"]).get_text())


# What was found


def test_counts_are_those_of_the_marks(graded):
    found = graded.report
    assert len(found.submissions) == 8
    assert found.groups("double") == {"right": 2, "misconception": 2, "wrong": 1, "ended": 1, "untouched": 2}
    assert [(name, len(those)) for name, those in report_page.held(found, "double")] == [("squared", 2)]
    assert (found.median("double"), found.median("guess")) == (0.0, 1.0)
    assert sorted(found.totals()) == [0.0, 0.0, 4.0, 6.0, 6.0, 7.0, 10.0, 10.0]


def test_who_is_missing_is_said(graded, tree):
    found = graded.report
    assert (found.ungraded, found.elsewhere, found.absent) == (["late"], ["stock"], ["zoe"])
    said = section(tree, "Not in this report").get_text(" ")
    assert all(name in said for name in ("late", "stock", "zoe"))


def test_whoever_was_removed_from_the_gradebook_counts_no_more(graded, monkeypatch):
    from nbgrader.api import Gradebook

    course = graded.copied(graded.root.parent / "removed")
    monkeypatch.setattr(report.exercise, "FOLDER", course.exercises)
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", "course") as gradebook:
        gradebook.remove_student("ada")
        grade = gradebook.find_grade("check_double", LAB, LAB, "bob")
        grade.manual_score, grade.needs_manual_grade = 2.0, True
        gradebook.db.commit()
    found = report.read(course.root, LAB)
    assert found.gone == ["ada"] and len(found.submissions) == 7 and "ada" not in found.ungraded + found.absent
    said = BeautifulSoup(report_page.page(found), "html.parser").get_text(" ")
    assert "no longer in the gradebook, and left out above 1 ada" in " ".join(said.split())
    assert "1 score that a person gave, of an answer or verdict that has changed since" in said
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", "course") as gradebook:
        for student in [one.id for one in gradebook.students]:
            gradebook.remove_student(student)
    with pytest.raises(ValueError, match="the gradebook has no scores of what is in"):
        report.read(course.root, LAB)


def test_a_damaged_graded_notebook_is_named(graded, monkeypatch):
    course = graded.copied(graded.root.parent / "damaged")
    monkeypatch.setattr(report.exercise, "FOLDER", course.exercises)
    path = course.root / "autograded" / "ada" / LAB / f"{LAB}.ipynb"
    path.chmod(0o644)
    for text in ("{", "[]"):
        path.write_text(text)
        with pytest.raises(ValueError, match=f"{path} is damaged .*: grading autograde {LAB} --student ada makes it anew"):
            report.read(course.root, LAB)


def test_misconceptions_come_with_why_and_hint(tree):
    said = section(tree, "double").get_text(" ")
    assert "squares instead of doubling" in said and "Twice a number is not its square." in said and re.search(r"\b2\s+squared", said)
    assert "ValueError" in said and "raised an error" in said and "not attempted" in said


def test_what_waits_for_a_person(graded, tree):
    assert sum(bool(one.waits) for one in graded.report.submissions) == 6
    assert "6 answers to read, 4 points each" in section(tree, "What waits for a person").get_text(" ")
    assert "6 submissions hold answers" in tree.get_text(" ")


def test_a_persons_own_score_is_what_counts(graded, monkeypatch):
    from nbgrader.api import Gradebook

    course = graded.copied(graded.root.parent / "scored")
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", "course") as gradebook:
        grade = gradebook.find_grade("why", LAB, LAB, "ada")
        grade.manual_score, grade.needs_manual_grade = 3, False
        gradebook.find_submission_notebook(LAB, LAB, "bob").late_submission_penalty = 2.0
        gradebook.db.commit()
    monkeypatch.setattr(report.exercise, "FOLDER", course.exercises)
    totals = {one.student: one.total() for one in report.read(course.root, LAB).submissions}
    assert totals["ada"] == 13.0 and totals["bob"] == 4.0


def test_copies_stand_side_by_side_and_are_no_accusation(tree):
    part = section(tree, "very alike")
    (pair,) = part.find_all("details", class_="pair")
    assert "cyd" in pair.summary.get_text() and "dan" in pair.summary.get_text()
    left, right = pair.find_all("pre")
    assert "for value in row:" in left.get_text() and "for v in r:" in right.get_text()
    assert len(left.find_all("mark")) >= 8 and "<script>document" in left.get_text()
    assert "not a finding, and changed no points" in part.get_text()


def test_use_of_labkit_is_advice(tree):
    said = section(tree, "labkit's own form").get_text(" ")
    assert "gus" in said and "costs no points" in said


def test_notes_of_the_rebuild_are_repeated(tree):
    assert "file is damaged" in section(tree, "odd about submissions").get_text(" ")


def test_the_histogram_has_a_text_and_a_table(tree):
    chart = tree.find("svg", class_="chart")
    assert chart["role"] == "img" and "Median 6" in chart["aria-label"]
    assert sum(int(row.td.get_text()) for row in section(tree, "Half of the class").tbody.find_all("tr")) == 8
    bars = [float(bar["height"]) for bar in chart.find_all("rect")]
    assert len(bars) == 5 and min(bars) > 0 and max(bars) == pytest.approx(2 * min(bars), abs=0.2)
    assert all(svg.get("aria-label") for svg in tree.find_all("svg"))


@pytest.mark.parametrize("most, highest", [(1, 0), (14, 14), (14, 15.5), (23, 3), (24, 24), (100, 100), (0.5, 0.5)])
def test_every_total_has_its_bar(most, highest):
    edges = report_page.bins(most, highest)
    assert len(edges) <= 26 and edges[0] == 0 and edges[-1] > max(most, highest)


# What it does: nothing


def test_no_element_is_a_students(tree):
    assert not tree.find_all(["script", "img", "iframe", "object", "embed", "link", "form", "input", "base"])
    for tag in tree.find_all(True):
        for name, value in tag.attrs.items():
            assert not name.startswith("on") and name != "style" and "script:" not in str(value).lower()
            assert name != "href" or value.startswith("#")
    assert SCRIPT in tree.get_text() and "onerror=alert(1)" in tree.get_text()
    assert "\u202e" not in str(tree) and "\\u{202e}Cyd" in tree.get_text() and "N" * 100 not in tree.get_text()


def test_the_policy_allows_one_style_and_nothing_else(text):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    style = re.search(r"<style>(.*)</style>", text, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "url(" not in style and "@import" not in style


def test_a_browser_shows_it_and_runs_nothing(text, tmp_path):
    if chromium() is None:
        pytest.skip("no Chromium is installed")
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
    said = []
    with browser() as page:
        page.on("console", lambda message: said.append(message.text))
        page.on("dialog", lambda dialog: said.append("a dialog") or dialog.dismiss())
        page.on("request", lambda request: said.append(request.url) if not request.url.endswith("report.html") else None)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.goto((tmp_path / "report.html").as_uri())
            assert page.title() == "Class report: A fake lab"
            assert page.locator("svg.chart").bounding_box()["width"] > 500
            dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(253, 252, 249)"
            assert dark == (scheme == "dark"), "the style is not applied"
            OUTPUT.mkdir(exist_ok=True)
            page.screenshot(path=OUTPUT / f"class-report-{scheme}.png")
        for width in (390, 680, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(media="print" if width == 680 else "screen")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert said == []


def test_numbers_in_the_place_of_names(graded):
    text = report_page.page(graded.report, anonymous=True)
    said = BeautifulSoup(text, "html.parser").get_text(" ")
    assert "submission 8" in said and "submission 9" not in said
    for name in (*CLASS, "hal", "late", "stock", "zoe", "Cyd"):
        assert not re.search(rf"\b{name}\b", said), name
    assert "document.title" not in said and "every row" not in said     # a comment and a text of cyd's
    assert "for value in row:" in said


@pytest.mark.parametrize("source, left", [
    ("# me\nx = 'me' # me\n", "\nx = '\u00b7\u00b7' \n"),
    ('"""me\nand you"""\n1', '"""\u00b7\u00b7\n\u00b7\u00b7\u00b7\u00b7\u00b7\u00b7\u00b7"""\n1'),
    ("x = 0x1f", "x = 0x1f"),
])
def test_comments_and_texts_are_left_out(source, left):
    assert report_page.without_comments(source) == left


# The command


def test_the_command_writes_one_private_page_and_nothing_in_the_course(graded, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(report.exercise, "FOLDER", graded.exercises)
    out = tmp_path / "page.html"
    assert cli.main(["report", LAB, "--course", str(graded.root), "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>") and "holds the students' names" in capsys.readouterr().out
    assert stat.S_IMODE(out.stat().st_mode) == 0o600 and list(tmp_path.iterdir()) == [out]
    assert prints(graded) == graded.before


def test_a_lab_that_was_not_graded_is_said(fake_course, tmp_path, capsys):
    fake_course.submit("ada")
    assert cli.main(["report", LAB, "--course", str(fake_course.root), "--out", str(tmp_path / "x.html")]) == 1
    assert f"{LAB} is not graded yet" in capsys.readouterr().err and not (tmp_path / "x.html").exists()
    assert cli.main(["report", "99_none", "--course", str(fake_course.root)]) == 1
    assert "there is no lab called 99_none; the labs are 01_fake" in capsys.readouterr().err


def test_a_missing_gradebook_is_said(graded, tmp_path, monkeypatch, capsys):
    course = graded.copied(tmp_path / "course")
    monkeypatch.setattr(report.exercise, "FOLDER", course.exercises)
    (course.root / "gradebook.db").unlink()
    assert cli.main(["report", LAB, "--course", str(course.root), "--out", str(tmp_path / "x.html")]) == 1
    assert "gradebook.db is missing: grading autograde makes it" in capsys.readouterr().err
