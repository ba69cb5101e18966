"""Whatever is done to a notebook, what is graded is the instructor's notebook with the student's solution cells."""

import copy
import json
import os
import stat

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from grading import intake, rebuild
from grading.put import put
from tests.grading.fake_lab import LAB, RIGHT
from tests.links import link


@pytest.fixture(scope="module")
def skeleton(fake_course_made):
    return rebuild.skeleton(fake_course_made.source)


@pytest.fixture
def submitted(fake_course_made):
    return fake_course_made.notebook()


def remade(skeleton, notebook):
    raw = notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()
    return rebuild.rebuild(skeleton, raw)


def graded_id(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def find(notebook, ident):
    return next(cell for cell in notebook.cells if graded_id(cell) == ident)


def skeletal(skeleton, rebuilt):
    """Whether all but the solution cells' sources is the skeleton's."""
    ours = copy.deepcopy(rebuilt.notebook)
    for cell, original in zip(ours.cells, skeleton.notebook.cells, strict=True):
        if graded_id(cell) in rebuilt.sources:
            cell.source = original.source
    return ours == skeleton.notebook


def test_the_skeleton_holds_no_solution(skeleton):
    text = nbformat.writes(skeleton.notebook)
    assert "np.maximum" not in text and "2 * np.asarray" not in text and "12.0" not in text


def test_an_honest_notebook_gives_its_sources_and_no_notes(skeleton, submitted):
    rebuilt = remade(skeleton, submitted)
    assert rebuilt.sources == RIGHT and rebuilt.notes == [] and skeletal(skeleton, rebuilt)


def test_an_untouched_notebook_gives_the_stubs_and_no_notes(skeleton, fake_course_made):
    rebuilt = remade(skeleton, fake_course_made.released)
    assert "NotImplementedError" in rebuilt.sources["double"] and rebuilt.notes == [] and skeletal(skeleton, rebuilt)


def drop(notebook):
    notebook.cells.remove(find(notebook, "double"))


def double_same(notebook):
    notebook.cells.append(copy.deepcopy(find(notebook, "double")))


def double_other(notebook):
    double_same(notebook)
    notebook.cells[-1].source = "double = None"


def retype(notebook):
    find(notebook, "double").cell_type = "markdown"


def rename(notebook):
    find(notebook, "double").metadata.nbgrader.grade_id = "triple"


def alter_check(notebook):
    find(notebook, "check_double").source = "pass"


def alter_setup(notebook):
    find(notebook, "setup").source += "\nnp.allclose = lambda *a: True"


def drop_check(notebook):
    notebook.cells.remove(find(notebook, "check_double"))


def double_check(notebook):
    notebook.cells.append(copy.deepcopy(find(notebook, "check_double")))


def add(notebook):
    notebook.cells.insert(0, new_code_cell("helper = 1"))


def lengthen(notebook):
    find(notebook, "double").source = "x = 1\n" * rebuild.MAX_SOURCE


ODD = {drop: "double is missing", double_same: "there 2 times; its copies are the same", double_other: "put together", retype: "another type",
       rename: "1 cell carries an id", alter_check: "check_double, which is the lab's own, was changed", alter_setup: "setup, which is",
       drop_check: "check_double, which is the lab's own, is missing", double_check: "used once", add: "1 code cell was added", lengthen: "too long"}


@pytest.mark.parametrize("change", ODD, ids=lambda f: f.__name__)
def test_what_is_odd_is_said_in_a_sentence_and_changes_nothing_else(skeleton, submitted, change):
    change(submitted)
    rebuilt = remade(skeleton, submitted)
    assert any(ODD[change] in note for note in rebuilt.notes), rebuilt.notes
    assert all(note.endswith(".") or note.endswith("?") for note in rebuilt.notes)
    assert skeletal(skeleton, rebuilt)


def test_a_split_cell_is_put_together(skeleton, submitted):
    cell = find(submitted, "double")
    second = copy.deepcopy(cell)
    cell.source, second.source = RIGHT["double"].split("\n")
    submitted.cells.insert(submitted.cells.index(cell) + 1, second)
    assert remade(skeleton, submitted).sources["double"] == RIGHT["double"]


def test_an_untouched_copy_and_an_attempt_that_was_given_up_cost_nothing(skeleton, submitted):
    cell = find(submitted, "double")
    for source in (find(skeleton.notebook, "double").source, "def double(x:\n    return"):
        copied = copy.deepcopy(cell)
        copied.source = source
        submitted.cells.insert(submitted.cells.index(cell) + (source != "def double(x:\n    return"), copied)
    rebuilt = remade(skeleton, submitted)
    assert rebuilt.sources["double"] == RIGHT["double"]
    assert rebuilt.notes == ["The cell double is there 3 times; 2 copies that are as handed out or no valid Python left aside."]


def test_an_answer_written_into_the_next_cell_is_read(skeleton, submitted):
    find(submitted, "why").source = find(skeleton.notebook, "why").source
    at = submitted.cells.index(find(submitted, "why")) + 1
    submitted.cells[at:at] = [new_markdown_cell("Because of <b>this</b>."), new_markdown_cell("And that.")]
    rebuilt = remade(skeleton, submitted)
    assert rebuilt.sources["why"] == "Because of < b>this< /b>.\n\nAnd that."
    assert rebuilt.notes == ["The answer why stood in a text cell below its own; it was taken from there."]


def test_line_ends_of_windows_are_no_change(skeleton, submitted):
    raw = nbformat.writes(submitted).replace("\\n", "\\r\\n").encode()
    rebuilt = remade(skeleton, raw)
    assert rebuilt.notes == [] and rebuilt.sources["double"] == RIGHT["double"]


def test_tags_points_kernels_outputs_and_extra_cells_are_not_taken(skeleton, submitted):
    submitted.metadata.kernelspec.name = "evil"
    submitted.metadata["jupytext"] = {"formats": "ipynb,py"}
    cell = find(submitted, "check_double")
    cell.metadata.nbgrader.points = 1e9
    cell.metadata.tags = ["skip-execution"]
    cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "4"})]
    submitted.cells.append(new_markdown_cell("hello"))
    assert skeletal(skeleton, remade(skeleton, submitted))


DAMAGED = [
    b"", b"   ", b"{", b"[]", b"null", b"{}", b'{"cells": 3}', b'{"cells": [1, null, "x", []]}', b"\xff\xfe\x00", b"[" * 200_000,
    b'{"cells": [{"metadata": 3, "source": {"a": 1}, "cell_type": []}]}',
    b'{"cells": [{"metadata": {"nbgrader": {"grade_id": ["double"]}}, "source": [1, "def double(x)", null]}]}',
    b'{"cells": [' + b"{}," * 900_000 + b"{}]}",
    b'{"cells": [' + b"9" * 5000 + b"]}",
]


def test_a_notebook_of_far_too_many_cells_is_not_read(skeleton):
    rebuilt = rebuild.rebuild(skeleton, b'{"cells": [' + b",".join([b'{"id": ""}'] * 5001) + b"]}")
    assert rebuilt.notes == [rebuild.TOO_MANY]


@pytest.mark.parametrize("raw", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_graded_as_not_attempted(skeleton, raw):
    rebuilt = rebuild.rebuild(skeleton, raw)
    assert rebuilt.notes and skeletal(skeleton, rebuilt)
    assert "NotImplementedError" in rebuilt.sources["double"]


def test_text_that_no_file_can_hold_is_cleaned(skeleton, submitted):
    raw = nbformat.writes(submitted).replace("2 * np.asarray(x)", r"'\ud800\u0000'").encode()
    source = rebuild.rebuild(skeleton, raw).sources["double"]
    assert source.encode() and "\0" not in source


@pytest.mark.parametrize("behind", (b"\0" * 512, b"\x1a", b"\r\n\n"), ids=("zeros", "end of file", "empty lines"))
def test_what_a_file_system_leaves_behind_a_notebook_costs_nothing(skeleton, submitted, behind):
    raw = nbformat.writes(submitted)
    for coded in (raw.encode(), raw.encode("utf-8-sig"), raw.encode("utf-16")):
        rebuilt = rebuild.rebuild(skeleton, coded + (behind if coded[:1] != b"\xff" else behind.decode().encode("utf-16-le")))
        assert rebuilt.sources == RIGHT and rebuilt.notes == []


def test_another_labs_notebook_is_said_to_be_one(skeleton):
    notebook = nbformat.v4.new_notebook(cells=[new_code_cell("x = 1", metadata={"nbgrader": {"grade_id": "other"}})])
    assert any("another lab" in note for note in remade(skeleton, notebook).notes)


def test_cells_whose_marks_a_program_removed_are_found_by_their_ids(skeleton, submitted):
    """One by one: beside a marked cell of the same name an id says nothing."""
    stripped = copy.deepcopy(submitted)
    for cell in stripped.cells:
        cell.metadata = {}
    rebuilt = remade(skeleton, stripped)
    assert rebuilt.sources == RIGHT and skeletal(skeleton, rebuilt)
    assert rebuilt.notes == ["A program had removed what marks the lab's cells; they were found again by their ids."]
    submitted.cells.append(nbformat.from_dict({**find(submitted, "double"), "metadata": {}, "source": "an intruder"}))
    assert remade(skeleton, submitted).sources == RIGHT
    del submitted.cells[-1], find(submitted, "clip_all").metadata["nbgrader"]
    rebuilt = remade(skeleton, submitted)
    assert rebuilt.sources == RIGHT and [note for note in rebuilt.notes if "missing" in note] == []
    for cell, odd in zip(stripped.cells, [7, ["double"], None, *["?"] * 99], strict=False):
        cell["id"] = odd
    assert any("a program removed what marks its cells" in note for note in remade(skeleton, stripped).notes)


def test_a_check_cell_that_holds_more_than_a_check_is_refused(fake_course_made, tmp_path):
    notebook = nbformat.read(fake_course_made.source, as_version=4)
    find(notebook, "check_double").source = "check(double)\nassert double(2) == 4"
    path = tmp_path / f"{LAB}.ipynb"
    nbformat.write(notebook, path)
    with pytest.raises(rebuild.SkeletonError, match="more than check"):
        rebuild.skeleton(path)


# Files, as they lie in a submitted folder


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "submitted" / "ada" / LAB
    path.mkdir(parents=True)
    return path


def test_links_and_pipes_are_not_read(folder):
    target = folder.parent / "target.ipynb"
    target.write_text("{}")
    path = folder / f"{LAB}.ipynb"
    link(path, target)
    assert rebuild.read(path) == (None, "The notebook is a link or cannot be opened, so it was not read.")
    path.unlink()
    if hasattr(os, "mkfifo"):
        os.mkfifo(path)
        assert "no plain file" in rebuild.read(path)[1]


def test_folders_and_huge_files_are_not_read(folder, monkeypatch):
    monkeypatch.setattr(rebuild, "MAX_FILE", 1000)
    path = folder / f"{LAB}.ipynb"
    path.mkdir()
    assert rebuild.read(path)[0] is None
    path.rmdir()
    path.write_bytes(b" " * 1001)
    assert "larger" in rebuild.read(path)[1]
    path.unlink()
    assert "missing" in rebuild.read(path)[1]


def test_a_renamed_notebook_is_found_and_said(folder):
    (folder / "my work (1).ipynb").write_bytes(b"{}")
    (folder / "._my work (1).ipynb").write_bytes(b"what macOS keeps of a file on other disks")
    raw, note = intake.notebook(folder, LAB)
    assert raw == b"{}" and "renamed" in note
    (folder / "other.ipynb").write_bytes(b"{}")
    assert intake.notebook(folder, LAB)[0] is None


def test_what_nbgrader_would_copy_or_follow_is_moved_to_quarantine(folder):
    secret = folder.parents[2] / "secret"
    secret.write_text("the seed")
    (folder / f"{LAB}.ipynb").write_text("{}")
    link(folder / "notes.txt", secret)
    link(folder / "zero", "/dev/zero")
    (folder / "sub").mkdir()
    os.mkfifo(folder / "pipe") if hasattr(os, "mkfifo") else (folder / "pipe").touch()
    (folder / "timestamp.txt").write_text("2015-02-02 15:58:23.948203 UTC")
    (folder / "submission_secret.txt").write_text(64 * "0f")
    intake.clean(folder, LAB)
    assert sorted(p.name for p in folder.iterdir()) == [f"{LAB}.ipynb", "submission_secret.txt", "timestamp.txt"]
    kept = folder.parents[2] / "quarantine" / "ada" / LAB
    assert stat.S_ISLNK((kept / "notes.txt").lstat().st_mode)
    assert json.loads(intake.report(folder).read_text()) == ["notes.txt", "pipe", "sub", "zero"]
    assert intake.notes(folder) == ["4 files besides the notebook were not taken: only the notebook is graded."]


def test_the_list_of_what_was_taken_out_may_be_damaged_or_missing(folder, monkeypatch):
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text("x")
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", lambda *_: 1 / 0)       # killed there
        with pytest.raises(ZeroDivisionError):
            intake.clean(folder, LAB)
    intake.clean(folder, LAB)
    said = ["2 files besides the notebook were not taken: only the notebook is graded."]
    assert intake.notes(folder) == said
    intake.report(folder).write_text('["a.t')
    assert intake.notes(folder) == said
    (folder / "c.txt").write_text("x")
    intake.clean(folder, LAB)
    assert json.loads(intake.report(folder).read_text()) == ["a.txt", "b.txt", "c.txt"]


def test_what_a_system_leaves_in_a_folder_that_is_opened_is_not_the_students(folder):
    (folder / f"{LAB}.ipynb").write_text("{}")
    for name in (".DS_Store", "desktop.ini", "Thumbs.db"):
        (folder / name).write_text("x")
    intake.clean(folder, LAB)
    assert [p.name for p in folder.iterdir()] == [f"{LAB}.ipynb"] and intake.notes(folder) == []


def test_what_a_killed_collect_left_is_not_the_students(folder, monkeypatch):
    monkeypatch.setattr(os, "replace", lambda *_: 1 / 0)
    monkeypatch.setattr(os, "unlink", lambda *_: None)
    with pytest.raises(ZeroDivisionError):
        put(folder / f"{LAB}.ipynb", b"{}")
    assert len(list(folder.iterdir())) == 1
    monkeypatch.undo()
    intake.clean(folder, LAB)
    assert not list(folder.iterdir()) and intake.notes(folder) == []


@pytest.mark.parametrize("stamp", ["", "soon", "2015-99-99", "9" * 100, "\0", "{}"])
def test_a_time_stamp_that_cannot_be_read_is_taken_out_and_said(folder, stamp):
    (folder / "timestamp.txt").write_text(stamp)
    intake.clean(folder, LAB)
    assert not (folder / "timestamp.txt").exists() and "time stamp" in intake.notes(folder)[0]
