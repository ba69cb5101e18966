"""A gradebook in Postgres, by nbgrader's own db_url: the same grades as in SQLite, and the same promises."""

import random

import pytest

from grading import build, report, runner, seam
from grading.export import export
from tests.grading import postgres
from tests.grading.fake_lab import LAB
from tests.grading.test_runner import CLASS, EXPECTED, killed_after

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def port():
    if (why := postgres.missing()) is not None:
        pytest.skip(why)
    with postgres.server() as port:
        yield port


@pytest.fixture
def course(fake_course, port, request):
    """The class of test_runner, whose gradebook is a database of its own."""
    fake_course.url = postgres.database(port, request.node.name)
    config = fake_course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + f"\nc = get_config()\nc.CourseDirectory.db_url = {fake_course.url!r}\n")
    build.generate(LAB, fake_course.root)
    for student, answers in CLASS.items():
        fake_course.submit(student, answers)
    return fake_course


def gradebook(course):
    from nbgrader.api import Gradebook

    return Gradebook(course.url, "course")


def table(course):
    with gradebook(course) as grades:
        return {one.student.id: {grade.name: (grade.auto_score, grade.manual_score, grade.needs_manual_grade)
                                 for notebook in one.notebooks for grade in notebook.grades} for one in grades.assignment_submissions(LAB)}


def sums(course):
    return {student: sum(auto or 0.0 for auto, _, _ in cells.values()) for student, cells in table(course).items()}


def test_grades_are_those_of_sqlite_and_are_read_by_export_and_report(course, monkeypatch):
    assert runner.autograde(LAB, course.root, workers=2, unprotected=True) == 0
    there = table(course)
    config = course.root / "nbgrader_config.py"
    lines = export("csv", course.root).splitlines()
    points = {one.student: one.total() for one in report.read(course.root, LAB).submissions}
    config.write_text("\n".join(line for line in config.read_text().splitlines() if "db_url" not in line))
    course.url = f"sqlite:///{course.root / 'gradebook.db'}"
    assert table(course) == {}
    monkeypatch.setattr(seam, "READY", {})
    assert runner.autograde(LAB, course.root, workers=2, unprotected=True) == 0
    assert there == table(course) and sums(course) == EXPECTED == points
    assert lines == export("csv", course.root).splitlines() and len(lines) == len(CLASS) + 1


def test_a_batch_killed_at_any_moment_goes_on_and_keeps_what_a_person_wrote(course):
    assert runner.autograde(LAB, course.root, workers=1, unprotected=True) == 0
    with gradebook(course) as grades:
        grades.find_grade("why", LAB, LAB, "ada").manual_score = 3
        grades.find_comment("double", LAB, LAB, "ada").manual_comment = "See me."
        grades.db.commit()
    chance, cut = random.Random(3), 0
    for _ in range(8):
        cut += not killed_after(chance.uniform(0, 12), lambda: runner.autograde(LAB, course.root, workers=1, unprotected=True))
    assert cut
    assert runner.autograde(LAB, course.root, workers=1, resume=True, unprotected=True) == 0
    assert sums(course) == EXPECTED
    with gradebook(course) as grades:
        assert grades.find_grade("why", LAB, LAB, "ada").score == 3
        assert grades.find_comment("double", LAB, LAB, "ada").comment == "See me."


def test_a_server_that_is_not_there_is_said(course, capsys):
    from grading import cli

    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text().replace(course.url, "postgresql+psycopg://grader@127.0.0.1:1/none"))
    assert cli.main(["autograde", LAB, "--course", str(course.root), "--unprotected"]) == 1
    said = capsys.readouterr().err
    assert "the gradebook postgresql+psycopg://grader@127.0.0.1:1/none cannot be opened" in said and "Traceback" not in said
