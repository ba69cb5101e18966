"""One source, and everything made from it: stable, without solutions, never over a person's work."""

import json
import os
import sqlite3
import stat

import nbformat
import pytest
from sqlalchemy import exc

from grading import build, cli, errors, runner
from grading.course import Course, configuration
from tests.grading.fake_lab import LAB


@pytest.fixture
def built(tiny, tmp_path):
    build.build(course=tmp_path / "course", root=tmp_path)
    return tmp_path


def student(root):
    return nbformat.read(root / "notebooks" / "90_tiny.ipynb", as_version=4)


def test_the_student_edition_has_stubs_and_no_solution(built):
    notebook = student(built)
    text = (built / "notebooks" / "90_tiny.ipynb").read_text() + (built / "data" / "checks" / "90_tiny.json").read_text()
    assert "CANARY" not in text and "np.dot(x, w) + b > 0" not in text and "BEGIN" not in text
    cells = {cell.id: cell for cell in notebook.cells}
    assert cells["fires"].source.endswith("    # your code here\n    raise NotImplementedError")
    assert cells["guess"].source == 'guess = ...  # "a" or "b"\n# your answer here'
    assert cells["explain_bias"].source == "*Your answer here.*"
    assert cells["check_fires"].metadata.tags == ["check", "raises-exception"]
    assert cells["check_fires"].metadata.nbgrader.points == 3
    assert "CANARY-ANSWER" in (built / "course" / "source" / "90_tiny" / "90_tiny.ipynb").read_text()
    assert "jupytext" not in notebook.metadata


def test_the_code_of_a_table_is_folded_away_and_no_other():
    assert build.metadata("table", None, {}, {})["jupyter"] == {"source_hidden": True}
    assert not [role for role in build.ROLES - {"table", "check", "explain"} if "jupyter" in build.metadata(role, None, {}, {})]


def test_a_second_build_changes_nothing_and_another_place_gives_the_same_bytes(built, tmp_path):
    assert build.build(course=built / "course", root=built) == []
    build.build(course=tmp_path / "again" / "course", root=tmp_path / "again")
    for part in ("notebooks/90_tiny.ipynb", "data/checks/90_tiny.json"):
        assert (built / part).read_bytes() == (tmp_path / "again" / part).read_bytes()


def test_check_says_what_differs(built):
    assert build.check(root=built) == []
    data = built / "data" / "checks" / "90_tiny.json"
    data.write_text(data.read_text().replace("without the bias", "with no bias"))
    (built / "notebooks" / "91_gone.ipynb").write_text("{}")
    assert [p.as_posix() for p in build.check(root=built)] == ["data/checks/90_tiny.json", "notebooks/91_gone.ipynb"]


def test_what_a_person_changed_is_not_overwritten(built):
    path = built / "notebooks" / "90_tiny.ipynb"
    notebook = student(built)
    notebook.cells[0].source = "# My own heading"
    nbformat.write(notebook, path)
    mine = path.read_bytes()
    with pytest.raises(build.BuildError, match="changed by hand"):
        build.build(course=built / "course", root=built)
    assert path.read_bytes() == mine
    build.build(course=built / "course", root=built, force=True)
    assert student(built).cells[0].source.startswith("# A tiny lab")


def test_a_derived_number_keeps_its_committed_value_within_a_tenth_of_the_tolerance(built):
    path = built / "data" / "checks" / "90_tiny.json"
    data = json.loads(path.read_text())

    def shift(by):
        array = data["exercises"]["fires"]["misconceptions"][2]["outcomes"][0]["value"]
        array["array"][0] += by
        path.write_text(build.sealed_text(data, data))

    shift(1e-8)
    assert build.build(course=built / "course", root=built) == []
    shift(1e-2)
    assert path in build.build(course=built / "course", root=built)


def test_the_secret_is_kept_from_others(built):
    secret = built / "course" / "secret"
    assert os.name == "nt" or stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_bytes()) == 32
    before = secret.read_bytes()
    build.build(course=built / "course", root=built)
    assert secret.read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no * and ? in names")
@pytest.mark.parametrize("name", ["course [1]", "what?", "*", "pct%41x"])
def test_a_folder_that_nbgrader_would_take_for_another_is_refused_before_anything_is_made(tmp_path, name):
    with pytest.raises(build.BuildError, match="in its name, which nbgrader or its gradebook take for something else"):
        build.prepare(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_no_half_of_a_configuration_or_a_secret(tiny, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            build.prepare(tmp_path / "course")
        assert not list((tmp_path / "course").iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_new_course_is_for_its_owner_and_a_wider_one_is_said(tiny, tmp_path, capsys):
    new, wide = tmp_path / "new", tmp_path / "wide"
    wide.mkdir(mode=0o755)
    for course in (new, wide):
        build.prepare(course)
    assert stat.S_IMODE(new.stat().st_mode) == 0o700
    assert capsys.readouterr().err == f"warning: {wide} holds solutions and grades, and its mode 755 lets other accounts of this machine in: " \
        f"chmod 700 {wide}\n"


# A lab that was handed in


@pytest.fixture
def labs_of(fake_course, monkeypatch):
    """The fake course, whose labs `grading build` finds, with one submission."""
    monkeypatch.setattr(build.source_notebook, "__defaults__", (fake_course.root / "labs",))
    fake_course.submit("ada")
    return fake_course


def extend(course):
    """One exercise more, in the lab and in its declarations."""
    for folder, text in (("exercises", '\nmore = Exercise(id="more", points=2, kind="value", right=7.0, sealed=0.01)\n'),
                         ("labs", '\n# %% role="solution" id="more"\nmore = ...\n### BEGIN SOLUTION\nmore = 7.0\n### END SOLUTION\n\n'
                                  '# %% role="check"\ncheck(more=more)\n')):
        file = course.root / folder / f"{LAB}.py"
        file.write_text(file.read_text() + text)


def kept(course):
    return {path: path.read_bytes() for part in ("source", "release", "autograded") for path in (course.root / part).rglob("*") if path.is_file()}


def test_a_lab_that_was_graded_keeps_its_cells_and_its_grades(labs_of):
    course = labs_of
    assert runner.autograde(LAB, course.root, unprotected=True) == 0
    before, scores = kept(course), course.scores()
    assert len(before) == 3 and scores["ada"]["double"] == 4.0
    extend(course)
    with pytest.raises(build.BuildError, match=r"has submissions in the gradebook, .*\(new: check_more, more\): nothing of it was built"):
        build.build([LAB], course.root, only_course=True)
    assert kept(course) == before
    course.source.write_text(build.notebook_text(build.source_notebook(LAB), LAB))      # as if somebody had put it there
    with pytest.raises(ValueError, match=r"has other cells than the gradebook \(new: check_more, more\): nothing was graded"):
        runner.autograde(LAB, course.root, unprotected=True)
    assert {**kept(course), course.source: before[course.source]} == before and course.scores() == scores


def test_a_lab_that_was_not_graded_yet_may_grow(labs_of):
    extend(labs_of)
    assert build.build([LAB], labs_of.root, only_course=True) == [labs_of.source]
    assert runner.autograde(LAB, labs_of.root, unprotected=True) == 0
    assert labs_of.scores()["ada"] | {"why": None} == {"double": 4.0, "clip_all": 3.0, "answer": 2.0, "guess": 1.0, "more": 0.0, "why": None}


def test_what_nbgrader_refuses_leaves_the_course_as_it_was(labs_of, monkeypatch):
    from nbgrader.converters import GenerateAssignment

    before = kept(labs_of)
    extend(labs_of)
    monkeypatch.setattr(GenerateAssignment, "convert_single_notebook", lambda *_: 1 / 0)
    with pytest.raises(build.BuildError, match=f"nbgrader could not make the students' edition of {LAB}"):
        build.build([LAB], labs_of.root, only_course=True)
    assert kept(labs_of) == before


@pytest.mark.parametrize("harm, said", [(lambda text: text[:2000], "does not appear to be JSON"),
                                        (lambda text: text.replace("### END SOLUTION", ""), "no end solution statement found"),
                                        (lambda text: text.replace('"points": 4', '"points": -4'), "metadata may be corrupted")])
def test_formgraders_button_keeps_what_was_released_where_the_source_has_an_error(labs_of, harm, said):
    """nbgrader removes it first, and looks at the source then."""
    from nbgrader.apps.api import NbGraderAPI

    good = labs_of.source.read_text()
    assert harm(good) != good
    labs_of.source.write_text(harm(good))
    before, formgrader = kept(labs_of), NbGraderAPI(config=configuration(Course(labs_of.root)))
    done = formgrader.generate_assignment(LAB)
    assert not done["success"] and f"{LAB}.ipynb cannot be released, and what was released before is as it was: " in done["error"]
    assert said in done["error"] and kept(labs_of) == before
    labs_of.source.write_text(good)
    assert formgrader.generate_assignment(LAB)["success"]


def test_formgraders_button_keeps_what_was_released_where_cells_changed_after_grading(labs_of):
    from nbgrader.apps.api import NbGraderAPI

    assert runner.autograde(LAB, labs_of.root, unprotected=True) == 0
    extend(labs_of)
    labs_of.source.write_text(build.notebook_text(build.source_notebook(LAB), LAB))
    before = kept(labs_of)
    done = NbGraderAPI(config=configuration(Course(labs_of.root))).generate_assignment(LAB)
    assert "has submissions in the gradebook, whose cells nbgrader cannot change (new: check_more, more)" in done["error"] and kept(labs_of) == before


def test_a_gradebook_that_cannot_be_used_is_said_in_a_sentence(fake_course, monkeypatch, capsys):
    monkeypatch.setattr(build.source_notebook, "__defaults__", (fake_course.root / "labs",))
    fake_course.root.chmod(0o700)
    (fake_course.root / "gradebook.db").write_bytes(b"damaged" * 1000)
    (fake_course.root / "list.csv").write_text("id\nada\n")
    for command in (["build", LAB], ["enrol", str(fake_course.root / "list.csv")], ["collect", LAB, str(fake_course.root)], ["export"]):
        assert cli.main([*command, "--course", str(fake_course.root)]) == 1
        said = capsys.readouterr().err
        assert said.startswith(f"grading {command[0]}: the gradebook cannot be used (file is not a database)") and said.count("\n") == 1
        assert "from your backup" in said


def test_only_a_damaged_gradebook_is_to_be_replaced():
    refused = {words: errors.sentence(exc.OperationalError("", {}, Exception(words)))
               for words in ("database is locked", "no such column: a.b", "database or disk is full", "database disk image is malformed")}
    assert ["backup" in said for said in refused.values()] == [False, False, False, True]
    assert "nbgrader db upgrade" in refused["no such column: a.b"]
    journal = {words: errors.sentence(sqlite3.DatabaseError(words)) for words in ("database or disk is full", "file is not a database")}
    assert ["remove it, and grade again" in said for said in journal.values()] == [False, True]
    assert errors.sentence(exc.IntegrityError("", {}, Exception("UNIQUE constraint failed"))) is None      # a fault of the program's


@pytest.mark.parametrize("old, new, said", [
    ('role="picture"', 'role="drawing"', "role 'drawing' is not one of"),
    ('# %% role="picture"', "# %%", "a code cell needs a role"),
    ('role="solution" id="fires"', 'role="solution" id="fire"', "'fire' is not declared"),
    ('check(fires)', 'check(guess)', "stands twice"),
    ('### BEGIN SOLUTION\nguess = "a"\n### END SOLUTION', 'guess = "a"', "a predict cell needs ### BEGIN SOLUTION"),
    ('# %% role="check"\ncheck(fires)', '# %% role="picture"\ncheck(fires)', "needs a solution cell and a check cell"),
])
def test_a_lab_that_cannot_be_built_says_where_and_why(tiny, tmp_path, old, new, said):
    text = (build.LABS / "90_tiny.py").read_text()
    assert old in text
    (tmp_path / "90_tiny.py").write_text(text.replace(old, new))
    with pytest.raises(build.BuildError, match=said) as caught:
        build.source_notebook(tiny, tmp_path)
    assert "90_tiny" in str(caught.value)


def test_the_unsolved_student_edition_runs_to_its_end(built, monkeypatch):
    from nbclient import NotebookClient

    monkeypatch.setenv("NBGRADER_EXECUTION", "")
    monkeypatch.setattr("labkit.datasets.data_root", lambda: built / "data")
    notebook = student(built)
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    assert notebook.cells[-3].outputs[0].text == "a picture\n"


def test_the_command_builds_and_says_so(tiny, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build.build, "__defaults__", (None, None, tmp_path, False, False))
    assert cli.main(["build"]) == 0
    assert "wrote" in capsys.readouterr().out
    assert cli.main(["build"]) == 0
    assert "nothing to do" in capsys.readouterr().out
