"""Work that is downloaded and put back: nothing is lost, nothing but notebooks is written."""

import io
import zipfile

import pytest

from labkit import widgets
from labkit.widgets import keepsake
from tests.links import linked


def zipped(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.fixture
def work(tmp_path, monkeypatch):
    for name in ("00", "01"):
        (tmp_path / f"{name}.ipynb").write_text(f"my {name}")
    (tmp_path / "notes.txt").write_text("x")
    linked(tmp_path / "link.ipynb", tmp_path / "notes.txt")
    widget, sent = widgets.keep_work(tmp_path), []
    monkeypatch.setattr(widget, "send", lambda content, buffers: sent.append((content, buffers[0])))
    widget.sent = sent
    return widget


def test_what_is_downloaded_can_be_put_back_elsewhere(work, tmp_path):
    work.receive({"type": "download"})
    (content, packed), = work.sent
    assert content["name"].startswith("perceptron-to-dropout-") and "2 labs in the file" in work.note
    other = tmp_path / "other"
    other.mkdir()
    there = widgets.keep_work(other)
    there.receive({"type": "restore"}, [memoryview(packed)])
    assert {p.name: p.read_text() for p in other.iterdir()} == {"00.ipynb": "my 00", "01.ipynb": "my 01"}
    assert "2 labs put back: 00, 01." in there.note and "kept as" not in there.note
    there.receive({"type": "restore"}, [packed])
    assert there.note == "Everything in the file is here already."


def test_what_stood_there_is_kept_every_time(work):
    for number in (1, 2):
        work.receive({"type": "restore"}, [zipped({"00.ipynb": f"old {number}"})])
    assert (work.folder / "00.ipynb").read_text() == "old 2"
    assert (work.folder / "00.before.ipynb").read_text() == "my 00"
    assert (work.folder / "00.before-2.ipynb").read_text() == "old 1"
    assert "kept as 00.before-2.ipynb" in work.note


@pytest.mark.parametrize("names", [
    ("mine/", "mine/00.ipynb", "mine/.DS_Store", "mine/.ipynb_checkpoints/00-checkpoint.ipynb", "__MACOSX/._mine", "__MACOSX/mine/._00.ipynb"),
    ("00.ipynb", "__MACOSX/._00.ipynb"),
])
def test_a_file_that_was_unpacked_and_packed_again_is_put_back(work, names):
    work.receive({"type": "restore"}, [zipped(dict.fromkeys(names, "old"))])
    assert (work.folder / "00.ipynb").read_text() == "old" and "1 lab put back: 00." in work.note


@pytest.mark.parametrize(("packed", "said"), [
    (b"no zip", "Nothing was changed: this is no zip file"),
    (zipped({"a.txt": "x", "../up.ipynb": "x", "in/side.ipynb": "x"}), "Nothing was changed: there is no notebook in this file"),
    (zipped({"a/b/00.ipynb": "x"}), "Nothing was changed: there is no notebook in this file"),
    (zipped({"00.ipynb": "new" * 999})[:-40], "Nothing was changed: this is no zip file"),
])
def test_a_wrong_file_changes_nothing(work, packed, said):
    before = {p: p.read_bytes() for p in work.folder.iterdir()}
    work.receive({"type": "restore"}, [packed])
    assert work.note.startswith(said) and {p: p.read_bytes() for p in work.folder.iterdir()} == before
    assert not (work.folder.parent / "up.ipynb").exists()


def test_a_damaged_file_and_a_full_disk_change_nothing(work, monkeypatch):
    before = {p: p.read_bytes() for p in work.folder.iterdir()}
    packed = zipped({"00.ipynb": "new 00", "01.ipynb": "new 01"})
    deflated = io.BytesIO()
    with zipfile.ZipFile(deflated, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("00.ipynb", "words " * 200)
    damaged = bytearray(deflated.getvalue())
    damaged[40:48] = b"\xff" * 8
    work.receive({"type": "restore"}, [bytes(damaged)])
    assert work.note == "Nothing was changed: this file is damaged."

    def full(folder, content, real=keepsake.written):
        if content == b"new 01":
            raise OSError("No space left on device")
        return real(folder, content)

    monkeypatch.setattr(keepsake, "written", full)
    work.receive({"type": "restore"}, [packed])
    assert work.note == "Nothing was changed: No space left on device."
    assert {p: p.read_bytes() for p in work.folder.iterdir()} == before


def test_an_oversized_notebook_and_an_empty_folder_are_said(work, tmp_path, monkeypatch):
    monkeypatch.setattr(keepsake, "LARGEST", 3)
    work.receive({"type": "restore"}, [zipped({"00.ipynb": "long"})])
    assert "is larger than" in work.note and (work.folder / "00.ipynb").read_text() == "my 00"
    empty = tmp_path / "empty"
    empty.mkdir()
    board = widgets.keep_work(empty)
    board.receive({"type": "download"})
    assert board.note == "Nothing was changed: there is no notebook in empty."
