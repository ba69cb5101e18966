"""nbgrader's own commands on top of the trusted path: autograde, feedback, late penalties, manual scores, regrade."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbgrader.converters.base import NbGraderException

from grading import build, journal, runner, seam
from grading.course import Course, configuration
from tests.grading.fake_lab import LAB, POINTS, RIGHT, FakeCourse
from tests.links import linked

ROOT = Path(__file__).parents[2]
HALF = {**RIGHT, "double": "def double(x):\n    return 2 * x if np.ndim(x) == 0 else x"}
LEAK = """**bold** $a<b$ [x](javascript:alert(1)) <img src=x onerror=alert(2)> [y](JaVa&#115;cript:alert(3)) [z][1] <javascript:alert(4)>

[1]: java&Tab;script:alert(5)

<script>alert('from a student')</script>
<svg/onload=alert(6)>
"""


def nbgrader(course, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=course.root, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


@pytest.fixture(scope="module")
def graded(fake_course_made, tmp_path_factory):
    """A class of five, graded and given feedback by nbgrader's own commands."""
    course = fake_course_made.copied(tmp_path_factory.mktemp("graded") / "course")
    course.submit("ada")
    course.submit("bob", {**HALF, "why": LEAK, "clip_all": "print('<script>alert(3)</script>')\n" + RIGHT["clip_all"]})
    course.submit("cyd", b'{"cells": [')
    course.submit("dan", RIGHT, name="renamed.ipynb")
    course.submit("eve", course.released)
    secret = course.root / "submitted" / "ada" / LAB / "secret.txt"
    linked(secret, course.root / "secret") or secret.write_text("a file in its place")
    (course.root / "submitted" / "bob" / LAB / "timestamp.txt").write_text("2015-02-02 15:58:23.948203 UTC")
    course.log = nbgrader(course, "autograde", LAB) + nbgrader(course, "generate_feedback", LAB)
    return course


def page(course, student):
    return (course.root / "feedback" / student / LAB / f"{LAB}.html").read_text()


def test_nbgraders_own_autograde_gives_the_trusted_scores(graded):
    scores = graded.scores()
    assert {k: v for k, v in scores["ada"].items() if k != "why"} == POINTS
    assert scores["bob"]["double"] == 1.0 and scores["bob"]["clip_all"] == 3.0
    assert set(scores["cyd"].values()) == {0.0} == set(scores["eve"].values())
    assert {k: v for k, v in scores["dan"].items() if k != "why"} == POINTS


def test_the_question_waits_for_a_person_where_it_was_answered(graded):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{graded.root / 'gradebook.db'}") as gradebook:
        waiting = {s: gradebook.find_grade("why", LAB, LAB, s).needs_manual_grade for s in ("ada", "eve", "cyd")}
    assert waiting == {"ada": True, "eve": False, "cyd": False}


def test_what_was_odd_is_said_to_the_instructor_and_to_the_student(graded):
    for student, words in (("cyd", "file is damaged"), ("dan", "was renamed"), ("ada", "1 file besides the notebook was not taken")):
        assert any(student in line and words in line for line in graded.log.splitlines())
        assert words in page(graded, student)
    assert "About this submission" not in page(graded, "eve")


def test_feedback_says_why_and_holds_no_hidden_case_and_no_seed(graded):
    assert "1 of 4 points. " in page(graded, "bob") and "Not attempted." in page(graded, "eve")
    for student in ("ada", "bob", "cyd", "dan", "eve"):
        assert not any("secret.txt" in str(path) for path in (graded.root / "feedback" / student).rglob("*"))
        assert "2 * np.asarray(x)" not in page(graded, student) or student in ("ada", "dan")


def test_feedback_runs_nothing_that_a_student_wrote(graded):
    """Read the page as a browser does: no element, attribute or address of the student's runs anything."""
    tree = BeautifulSoup(page(graded, "bob"), "html.parser")
    assert tree.find("strong", string="bold") and "$a< b$" in tree.get_text()
    assert not [tag for tag in tree.find_all("script") if "alert" in tag.get_text()]
    for tag in tree.find_all(True):
        for name, value in tag.attrs.items():
            assert not name.startswith("on") and "script:" not in "".join(str(value).lower().split())


def test_solution_cells_run_and_pictures_do_not(graded):
    notebook = nbformat.read(graded.root / "autograded" / "bob" / LAB / f"{LAB}.ipynb", as_version=4)
    outputs = {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}
    assert outputs["clip_all"][0].text == "<script>alert(3)</script>\n"
    assert all(not one for ident, one in outputs.items() if ident.startswith("picture"))


# Through the grading command's own path


class Late:
    """What an instructor puts into nbgrader_config.py: a point for being late."""

    CODE = """
from nbgrader.plugins import BasePlugin

class OnePoint(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return 1.0

c.AssignLatePenalties.plugin_class = OnePoint
"""


def test_late_penalties_manual_scores_and_comments_survive_a_regrade(fake_course):
    from nbgrader.api import Gradebook

    course = fake_course
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc = get_config()\n" + Late.CODE)
    path = course.submit("ada", HALF)
    (path.parent / "timestamp.txt").write_text("2015-02-02 15:58:23.948203 UTC")
    url = f"sqlite:///{course.root / 'gradebook.db'}"
    with Gradebook(url) as gradebook:
        gradebook.update_or_create_assignment(LAB, duedate="2015-02-01 15:58:23.948203 UTC")
    assert runner.autograde(LAB, course.root, unprotected=True) == 0
    with Gradebook(url) as gradebook:
        gradebook.find_grade("why", LAB, LAB, "ada").manual_score = 3
        gradebook.find_comment("double", LAB, LAB, "ada").manual_comment = "See me."
        gradebook.db.commit()
    course.submit("ada", RIGHT)
    assert runner.autograde(LAB, course.root, unprotected=True) == 0
    with Gradebook(url) as gradebook:
        submission = gradebook.find_submission(LAB, "ada")
        assert gradebook.find_grade("check_double", LAB, LAB, "ada").auto_score == 4.0
        assert gradebook.find_grade("why", LAB, LAB, "ada").score == 3
        assert gradebook.find_comment("double", LAB, LAB, "ada").comment == "See me."
        assert submission.late_submission_penalty == 1.0 and submission.score == 13.0


def test_an_answer_waits_again_only_when_it_has_changed(fake_course):
    from nbgrader.api import Gradebook

    def waits(sources):
        fake_course.submit("ada", sources)
        assert runner.autograde(LAB, fake_course.root, unprotected=True) == 0
        with Gradebook(f"sqlite:///{fake_course.root / 'gradebook.db'}") as gradebook:
            return gradebook.find_grade("why", LAB, LAB, "ada").needs_manual_grade

    def read():
        with Gradebook(f"sqlite:///{fake_course.root / 'gradebook.db'}") as gradebook:
            grade = gradebook.find_grade("why", LAB, LAB, "ada")
            grade.manual_score, grade.needs_manual_grade = 3, False
            gradebook.db.commit()

    assert waits(RIGHT)
    read()
    assert not waits(RIGHT | {"double": HALF["double"]})
    assert waits(RIGHT | {"why": "Because I know better."})
    assert waits(RIGHT | {"why": "Because I know better."})         # nobody has read it yet
    read()
    assert not waits(RIGHT | {"why": "Because I know better."})


def test_a_score_that_was_set_right_waits_again_only_when_the_answer_or_its_verdict_changed(fake_course):
    from nbgrader.api import Gradebook

    def check(act):
        with Gradebook(f"sqlite:///{fake_course.root / 'gradebook.db'}") as gradebook:
            done = act(gradebook.find_grade("check_double", LAB, LAB, "ada"))
            gradebook.db.commit()
            return done

    def waits(sources):
        fake_course.submit("ada", sources)
        assert runner.autograde(LAB, fake_course.root, unprotected=True) == 0
        return check(lambda grade: grade.needs_manual_grade)

    def set_right(grade):
        grade.manual_score, grade.needs_manual_grade = 3.5, False

    assert not waits(HALF)
    check(set_right)
    assert not waits(HALF) and not waits(HALF | {"clip_all": "clip_all = None"})
    assert waits(RIGHT) and waits(RIGHT)
    assert check(lambda grade: grade.score) == 3.5


def test_an_answer_counts_as_read_only_once_the_gradebook_holds_it(fake_course, monkeypatch):
    from nbgrader.api import Gradebook

    def grade(why):
        fake_course.submit("ada", RIGHT | {"why": why})
        return runner.autograde(LAB, fake_course.root, unprotected=True)

    def question():
        return gradebook.find_grade("why", LAB, LAB, "ada")

    assert grade("Because.") == 0
    with Gradebook(f"sqlite:///{fake_course.root / 'gradebook.db'}") as gradebook:
        question().manual_score, question().needs_manual_grade = 3, False
        gradebook.db.commit()
    with monkeypatch.context() as patch:
        patch.setattr("nbgrader.preprocessors.AssignLatePenalties.preprocess", lambda *_: 1 / 0)        # whatever fails, or is killed, after it
        assert grade("I know better.") == 1
    assert grade("I know better.") == 0
    with Gradebook(f"sqlite:///{fake_course.root / 'gradebook.db'}") as gradebook:
        assert question().needs_manual_grade
    (fake_course.root / ".answers" / LAB / "ada.json").write_text('{"wh')
    assert grade("I know better.") == 0


@pytest.mark.parametrize("said", ["", "c = get_config()\nc.Autograde.autograde_preprocessors = ['nbgrader.preprocessors.Execute']\n",
                                  "get_config().Autograde.autograde_preprocessors.append('nbgrader.preprocessors.Execute')\n",
                                  "get_config().Autograde.exporter_class = 'nbconvert.exporters.NotebookExporter'\n"])
def test_nothing_is_graded_with_a_configuration_that_leaves_the_trusted_path(fake_course, monkeypatch, said):
    """An empty one is what a full disk left; nbgrader by itself runs what students wrote, with all that the instructor may do."""
    mark = fake_course.root / "ran"
    fake_course.submit("ada", RIGHT | {"double": f"open({str(mark)!r}, 'w')\n" + RIGHT["double"]})
    config = fake_course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + said if said else "")
    monkeypatch.chdir(fake_course.root)
    with pytest.raises(ValueError, match="from the trusted path, so that nothing was graded"):
        runner.autograde(LAB, fake_course.root)
    assert not mark.exists() and fake_course.scores() == {}


def test_a_step_of_the_instructors_own_may_stand_beside_ours(fake_course):
    config = fake_course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "get_config().Autograde.autograde_preprocessors.insert(0, 'nbgrader.preprocessors.ClearOutput')\n")
    fake_course.submit("ada")
    assert runner.autograde(LAB, fake_course.root, unprotected=True) == 0
    assert fake_course.scores()["ada"]["double"] == 4.0


def test_feedback_that_was_made_before_is_made_again(fake_course):
    fake_course.submit("ada", HALF)
    assert runner.autograde(LAB, fake_course.root, unprotected=True) == 0
    nbgrader(fake_course, "generate_feedback", LAB)
    assert "1 of 4 points. " in page(fake_course, "ada")
    fake_course.submit("ada")
    assert runner.autograde(LAB, fake_course.root, unprotected=True) == 0
    nbgrader(fake_course, "generate_feedback", LAB)
    assert "1 of 4 points. " not in page(fake_course, "ada")


def test_a_later_cell_that_takes_a_helpers_name_costs_nothing(fake_course):
    fake_course.submit("ada", RIGHT | {
        "double": "def times(x, n):\n    return n * np.asarray(x)\n\ndef double(x):\n    return times(x, 2)",
        "clip_all": "def times(rows):\n    return rows\n\n" + RIGHT["clip_all"]})
    fake_course.submit("bob", RIGHT | {"double": "def double(x):\n    return x", "clip_all": "double = abs\n" + RIGHT["clip_all"]})
    assert runner.autograde(LAB, fake_course.root, unprotected=True) == 0
    assert fake_course.scores()["ada"]["double"] == 4.0 and fake_course.scores()["bob"]["double"] < 4.0


def test_one_student_may_be_graded_alone_and_a_folder_without_a_notebook_is_graded(fake_course):
    fake_course.submit("ada")
    (fake_course.root / "submitted" / "[b]*" / LAB).mkdir(parents=True)
    assert runner.autograde(LAB, fake_course.root, student="[b]*", unprotected=True) == 0
    assert set(fake_course.scores()) == {"[b]*"}
    assert set(fake_course.scores()["[b]*"].values()) == {0.0}


def test_nothing_to_grade_is_one_sentence(fake_course):
    with pytest.raises(FileNotFoundError, match="nothing to grade"):
        runner.autograde(LAB, fake_course.root)


def test_a_source_that_no_longer_fits_its_declaration_grades_nothing(fake_course):
    fake_course.submit("ada")
    file = fake_course.exercises / f"{LAB}.py"
    file.write_text(file.read_text().replace("points=4", "points=5"))
    with pytest.raises(RuntimeError, match="does not fit the declared exercises: run grading build again"):
        runner.autograde(LAB, fake_course.root, unprotected=True)
    assert fake_course.scores().get("ada", {}).get("double", 0.0) == 0.0


# In a process that lives long, as formgrader's does


def formgraders(course):
    """What formgrader's button does, in this process."""
    from nbgrader.converters import Autograde
    from nbgrader.coursedir import CourseDirectory

    runner.on_path()
    config = configuration(Course(course.root))
    config.RunAndJudge.unprotected = True
    coursedir = CourseDirectory(config=config)
    coursedir.assignment_id = LAB
    Autograde(coursedir=coursedir, config=config, force=True).start()


@pytest.fixture
def long_lived(fake_course, monkeypatch):
    monkeypatch.setattr(seam, "GRADERS", {})
    fake_course.submit("ada")
    return fake_course


def test_a_lab_that_was_built_again_is_graded_as_it_is_now(long_lived, monkeypatch):
    closed = []
    monkeypatch.setattr(seam.sandbox.Unprotected, "close", lambda box: closed.append(box))
    formgraders(long_lived)
    assert long_lived.scores()["ada"]["answer"] == 2.0
    formgraders(long_lived)
    assert closed == []     # the same lab, the same sandbox
    declared = long_lived.exercises / f"{LAB}.py"
    declared.write_text(declared.read_text().replace("right=12.0", "right=13.0").replace("points=4", "points=8"))
    long_lived.source.write_text(build.notebook_text(build.source_notebook(LAB, long_lived.root / "labs"), LAB))
    build.generate(LAB, long_lived.root)
    formgraders(long_lived)
    scores = long_lived.scores()["ada"]
    assert (scores["answer"], scores["double"]) == (0.0, 8.0) and len(closed) == 1 == len(seam.GRADERS)


@pytest.mark.parametrize("place", ["nbgrader.preprocessors.SaveAutoGrades.preprocess", "nbconvert.writers.FilesWriter.write"])
def test_a_failure_does_not_keep_others_from_grading(long_lived, monkeypatch, place):
    def fails(*_, **__):
        assert journal.HELD
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(place, fails)
    with pytest.raises(NbGraderException):
        formgraders(long_lived)
    gc.collect()        # the converter that failed
    assert journal.HELD == {} == seam.TAKEN


def test_what_the_grader_cannot_grade_keeps_its_scores(long_lived, monkeypatch):
    formgraders(long_lived)
    scores = long_lived.scores()
    monkeypatch.setattr(seam.grader.Grader, "graded", lambda *_: 1 / 0)
    with pytest.raises(NbGraderException):
        formgraders(long_lived)
    assert long_lived.scores() == scores and scores["ada"]["double"] == 4.0


def test_a_source_with_other_cells_than_the_gradebook_removes_nothing(long_lived, caplog):
    formgraders(long_lived)
    graded, scores = long_lived.root / "autograded" / "ada" / LAB / f"{LAB}.ipynb", long_lived.scores()
    source = long_lived.source.read_text()
    long_lived.source.write_text(source.replace('"grade_id": "answer"', '"grade_id": "reply"'))
    with pytest.raises(NbGraderException, match=r"has other cells than the gradebook \(new: reply; gone: answer\): nothing was graded"):
        formgraders(long_lived)
    assert graded.exists() and long_lived.scores() == scores


def test_a_damaged_gradebook_removes_nothing(long_lived, caplog):
    formgraders(long_lived)
    (long_lived.root / "gradebook.db").write_bytes(b"damaged" * 1000)
    with pytest.raises(NbGraderException, match="not a database.*: put gradebook.db from your backup in its place"):
        formgraders(long_lived)
    assert (long_lived.root / "autograded" / "ada" / LAB / f"{LAB}.ipynb").exists() and "put gradebook.db from your backup" in caplog.text


def test_the_fake_course_is_a_course(fake_course):
    assert isinstance(fake_course, FakeCourse) and fake_course.source.exists()
