"""Your work in one file: for a borrowed computer, such as Binder's, that forgets everything when you leave."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
import zlib
from datetime import date
from pathlib import Path

import anywidget
import traitlets

from labkit.widgets.board import leave_word

LARGEST = 2**25         # bytes of one notebook

HERE = Path(__file__).parent


class KeepWork(anywidget.AnyWidget):
    """See `keep_work`."""

    _esm = HERE / "keepsake.js"
    _css = HERE / "board.css"
    note = traitlets.Unicode("Save with Ctrl + S first: what is not saved is not in the file.").tag(sync=True)

    def __init__(self, folder=".", **traits):
        super().__init__(**traits)
        self.folder = Path(folder).resolve()
        self.on_msg(lambda _, event, buffers: self.receive(event, buffers))

    def _repr_mimebundle_(self, **kwargs):
        leave_word()
        return super()._repr_mimebundle_(**kwargs)

    def receive(self, event, buffers=()):
        """Takes one message from the page: send the labs, or put back those of a file."""
        try:
            if event.get("type") == "download":
                packed, names = pack(self.folder)
                self.send({"type": "file", "name": f"perceptron-to-dropout-{date.today().isoformat()}.zip"}, buffers=[packed])
                self.note = f"{count(names)} in the file, as last saved. Keep it; next time, put it back with the other button."
            elif event.get("type") == "restore":
                self.note = restored(*unpack(self.folder, bytes(buffers[0])))
        except (OSError, ValueError) as error:
            self.note = f"Nothing was changed: {error}."


def keep_work(folder="."):
    """Two buttons: download all labs of this folder as one file, and put the labs of such a file back.

    A lab that stands in the folder and differs is kept beside the one put back, as NAME.before.ipynb.
    """
    return KeepWork(folder)


def pack(folder):
    """The notebooks of a folder as a zip file: (bytes, names)."""
    paths = sorted(p for p in Path(folder).glob("*.ipynb") if p.is_file() and not p.is_symlink())
    if not paths:
        raise ValueError(f"there is no notebook in {Path(folder).name or folder}")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.writestr(path.name, path.read_bytes())
    return file.getvalue(), [path.name for path in paths]


def unpack(folder, packed):
    """Put the notebooks of a zip file into a folder. Returns (names put back, names kept beside them)."""
    ready, kept, folder = {}, [], Path(folder)
    try:
        for name, content in notebooks(packed).items():
            path = folder / name
            if not path.exists() or path.read_bytes() != content:
                ready[path] = written(folder, content)
    except OSError:                         # a full disk: nothing has been moved yet
        for new in ready.values():
            os.unlink(new)
        raise
    for path, new in ready.items():
        if path.exists():
            kept.append(free(folder, path.stem).name)
            os.replace(path, folder / kept[-1])
        os.replace(new, path)
    return [path.name for path in ready], kept


def notebooks(packed):
    """{name: bytes} of the notebooks in a zip file, or in the one folder that it holds: who unpacked the file, as Safari does unasked, packs a
    folder. Deeper folders are left out. Raises ValueError for anything else."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(packed))
    except zipfile.BadZipFile:
        raise ValueError("this is no zip file; choose the file that the other button made") from None
    with archive:
        files = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
        tops = {m.filename.partition("/")[0] for m in files}
        members = {m.filename.removeprefix(f"{min(tops)}/" if len(tops) == 1 else ""): m for m in files if m.filename.endswith(".ipynb")}
        members = {name: m for name, m in members.items() if Path(name).name == name and not name.startswith("._")}
        if not members:
            raise ValueError("there is no notebook in this file; choose the file that the other button made")
        if any(m.file_size > LARGEST for m in members.values()):
            raise ValueError(f"a notebook in this file is larger than {LARGEST // 2**20} MB")
        try:
            return {name: archive.read(m) for name, m in members.items()}
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError):
            raise ValueError("this file is damaged") from None


def free(folder, stem):
    """A name that nothing bears yet: 01.before.ipynb, 01.before-2.ipynb, ..."""
    number = 1
    while (path := folder / f"{stem}.before{f'-{number}' if number > 1 else ''}.ipynb").exists():
        number += 1
    return path


def written(folder, content):
    """A new file of the folder that holds all of this, for a rename; nothing stays where the disk is full."""
    handle, path = tempfile.mkstemp(dir=folder, prefix=".", suffix=".new")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(path, 0o644)
    except OSError:
        os.unlink(path)
        raise
    return path


def restored(put, kept):
    if not put:
        return "Everything in the file is here already."
    said = f"{count(put)} put back: {', '.join(name.removesuffix('.ipynb') for name in put)}. Close and open a lab that is open."
    return said + (f" What stood here before is kept as {', '.join(kept)}." if kept else "")


def count(names):
    return f"{len(names)} {'lab' if len(names) == 1 else 'labs'}"
