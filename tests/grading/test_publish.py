"""The public repository: what is in it, that it updates in place, and that a leak is found wherever it hides."""

import base64
import gzip
import html
import io
import json
import lzma
import os
import quopri
import re
import shlex
import struct
import subprocess
import sys
import urllib.parse
import zipfile
import zlib

import nbformat
import numpy as np
import pytest

from grading import build, leaks, publish
from tests.links import link

LAB = "01_perceptron"


def git(folder, *arguments):
    return subprocess.run(["git", "-C", folder, "-c", "user.name=n", "-c", "user.email=e", *arguments],
                          check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("public") / "course"
    publish.publish(folder)
    return folder


@pytest.fixture
def public(made, tmp_path):
    """A clone with the manifest's files, so that a test may spoil it."""
    git(tmp_path, "clone", "--quiet", made, "copy")
    return tmp_path / "copy"


@pytest.fixture(scope="module")
def finder():
    return leaks.Finder(leaks.secrets())


@pytest.fixture(scope="module")
def secret(finder):
    """A line for each kind of secret; of code, a whole function."""
    kinds = {}
    for line, (kind, group, _) in finder.known.items():
        kinds.setdefault(kind, {}).setdefault(group, []).append(line)
    return {kind: max(groups.values(), key=len) for kind, groups in kinds.items()}


def test_it_holds_what_a_student_needs_and_its_manifest_names_every_file(made):
    files = {p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file() and ".git" not in p.relative_to(made).parts}
    manifest = json.loads((made / "MANIFEST.json").read_text())
    assert files == set(manifest["files"]) | {"MANIFEST.json"}
    assert {"README.md", "LICENSE", f"notebooks/{LAB}.ipynb", "labkit/__init__.py", "data/checks/01_perceptron.json",
            "binder/requirements.txt", "binder/postBuild", "binder/start", "binder/environment.sh"} <= files
    assert not any(name.startswith(("grading", "tests", "course")) for name in files)
    assert all(publish.sha256((made / name).read_bytes()) == digest for name, digest in manifest["files"].items())
    assert all(git(made, "ls-files", "--stage", f"binder/{name}").startswith("100755 ") for name in ("postBuild", "start"))
    assert git(made, "status", "--short") == ""


def test_on_windows_binder_still_gets_files_that_run_and_a_clone_still_has_the_manifests_bytes(made, tmp_path, monkeypatch):
    """There no file is marked as a program, and git puts CR LF at the ends of lines unless it is told not to."""
    for number, (name, value) in enumerate({"core.fileMode": "false", "core.autocrlf": "true"}.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", name)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    put = publish.put
    monkeypatch.setattr(publish, "put", lambda path, content, mode: put(path, content))
    publish.publish(tmp_path / "new")
    listed = git(tmp_path / "new", "ls-files", "--stage", "binder")
    assert {line.split("\t")[1] for line in listed.splitlines() if line.startswith("100755 ")} == {"binder/postBuild", "binder/start"}
    assert git(tmp_path / "new", "status", "--short") == ""
    git(tmp_path, "clone", "--quiet", made, "clone")
    assert publish.published(tmp_path / "clone")           # Refused where a file differs


def test_gits_words_are_read_as_utf_8_whatever_the_systems_letters_are(tmp_path):
    git(tmp_path, "init", "--quiet", "course")
    (tmp_path / "course" / "ő.txt").touch()
    git(tmp_path / "course", "add", ".")
    code = "import sys, grading.git\nprint(ascii(grading.git.git(sys.argv[1], 'ls-files', '-z').stdout))"
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "course"], capture_output=True, text=True, check=True,
                          env=os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
    assert done.stdout.strip() == r"'\u0151.txt\x00'"


def test_again_changes_nothing_and_an_update_is_one_commit_on_top(public, monkeypatch):
    before = git(public, "rev-parse", "HEAD")
    assert publish.publish(public) == [] and git(public, "rev-parse", "HEAD") == before
    real = publish.contents

    def newer(root, answers):
        files = real(root, answers) | {"data/new.csv": b"1,2\n"}
        del files["data/movies.csv"]
        return files

    monkeypatch.setattr(publish, "contents", newer)
    assert sorted(publish.publish(public)) == ["data/movies.csv", "data/new.csv"]
    assert git(public, "rev-parse", "HEAD~1") == before
    assert not (public / "data" / "movies.csv").exists() and git(public, "status", "--short") == ""


def test_what_an_interrupted_run_wrote_is_committed_by_the_next(public, monkeypatch):
    real, commit = publish.contents, publish.commit

    def newer(root, answers):
        files = real(root, answers) | {"data/new.csv": b"1,2\n"}
        del files["data/movies.csv"], files[publish.MANIFEST]
        manifest = {"version": "2", "files": {name: publish.sha256(content) for name, content in files.items()}}
        return files | {publish.MANIFEST: json.dumps(manifest).encode()}

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(publish, "contents", newer)
    monkeypatch.setattr(publish, "commit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        publish.publish(public)
    monkeypatch.setattr(publish, "commit", commit)
    publish.publish(public)
    assert git(public, "status", "--short") == "" and "data/new.csv" in git(public, "ls-files")
    assert "data/movies.csv" not in git(public, "ls-files")


def test_where_git_fails_its_own_words_say_why(public, tmp_path, monkeypatch):
    (public / ".git" / "index.lock").touch()
    with pytest.raises(publish.Refused, match="index.lock"):
        publish.commit(public, [publish.MANIFEST])
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "none"))
    with pytest.raises(publish.Refused, match="not a git repository"):
        publish.contents(build.ROOT)


def lines(folder, title):
    """The lines to type in a section of the README."""
    section = (folder / "README.md").read_text(encoding="utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    return [line.strip() for line in section.splitlines() if line.startswith("    ")]


def test_a_students_work_survives_an_update(made, public, tmp_path, monkeypatch):
    """The README's own lines, on a notebook in which both sides changed the same cell. A link of nbgitpuller's does the same."""
    upstream = tmp_path / "upstream"
    git(tmp_path, "clone", "--quiet", made, upstream)
    git(tmp_path, "clone", "--quiet", upstream, "student")
    path = tmp_path / "student" / "notebooks" / f"{LAB}.ipynb"
    notebook = nbformat.read(path, 4)
    cell = next(c for c in notebook.cells if c.id == "fires")
    cell.source += "\n    return 'mine'"
    nbformat.write(notebook, path)
    real = publish.contents

    def newer(root, answers):
        files = real(root, answers)
        theirs = nbformat.reads(files[f"notebooks/{LAB}.ipynb"].decode(), 4)
        theirs.cells[0].source += "\n\nA new sentence."
        next(c for c in theirs.cells if c.id == "fires").source += "\n    return 'theirs'"
        return files | {f"notebooks/{LAB}.ipynb": nbformat.writes(theirs).encode()}

    monkeypatch.setattr(publish, "contents", newer)
    publish.publish(upstream)
    commit, pull, *install = lines(made, "A newer version")
    for line in (commit, pull):
        git(tmp_path / "student", *shlex.split(line.removeprefix("git ")))
    merged = nbformat.read(path, 4)
    assert "A new sentence." in merged.cells[0].source
    assert next(c for c in merged.cells if c.id == "fires").source.endswith("'mine'")
    assert len(install) == 2 and set(install) < set(lines(made, "Start"))       # otherwise new notebooks would meet old checks


def test_nothing_that_somebody_edited_or_owns_is_overwritten(public, tmp_path):
    (public / "README.md").write_text("ours")
    with pytest.raises(publish.Refused, match="README.md in .* changed since it was published"):
        publish.publish(public)
    assert (public / "README.md").read_text() == "ours"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("x")
    with pytest.raises(publish.Refused, match="is not empty and has no MANIFEST.json"):
        publish.publish(tmp_path / "other")
    with pytest.raises(publish.Refused, match="lie in one another"):
        publish.publish(build.ROOT / "public")


@pytest.mark.parametrize("manifest", ["{", "[]", '{"files": []}', '{"files": {"../kept": ""}}', '{"files": {"/etc/hostname": ""}}'])
def test_a_manifest_of_another_hand_removes_nothing(tmp_path, manifest):
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "MANIFEST.json").write_text(manifest)
    with pytest.raises(publish.Refused, match="MANIFEST.json is not as grading publish writes it"):
        publish.published(tmp_path / "public")
    with pytest.raises(publish.Refused, match="is no folder; name a new one"):
        publish.published(tmp_path / "public" / "MANIFEST.json")


def test_without_git_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(publish.Refused, match="the program git, which keeps what is published, is not on the PATH: install it"):
        publish.publish(tmp_path / "public")
    assert not (tmp_path / "public").exists()


# Leaks

def test_the_secrets_are_there_to_be_found(secret):
    assert set(secret) == {"a solution", "a misconception", "a right form", "a reference or hidden case", "a model answer",
                           "what a misconception is about"}
    assert all(len(lines) >= leaks.TOGETHER for lines in secret.values())


def png(chunk, after=b""):
    def part(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) + part(*chunk)
            + part(b"IDAT", zlib.compress(b"\0\0")) + part(b"IEND", b"") + after)


def zipped(text):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.txt", text)
    return file.getvalue()


def deflated(content):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


def array(text):
    file = io.BytesIO()
    np.save(file, np.array([text]))
    return file.getvalue()


def coloured(text):
    """As Jupyter's pages show code: a mark around each word."""
    return re.sub(r"\w+|\n", lambda word: f'<span class="n">{word[0]}</span>', html.escape(text)).encode()


def in_notebook(public, change):
    path = public / "notebooks" / f"{LAB}.ipynb"
    notebook = json.loads(path.read_text())
    change(notebook["cells"])
    path.write_text(json.dumps(notebook))
    return f"notebooks/{LAB}.ipynb"


def written(name, content):
    def hide(public, text):
        path = public / name
        path.parent.mkdir(parents=True, exist_ok=True)
        old = path.read_bytes() if path.exists() else b""
        path.write_bytes(old + content(text) if callable(content) else content)
        return name
    return hide


def code_cell(cells):
    return next(c for c in cells if c["cell_type"] == "code")


HIDING = {
    "a cell": lambda p, t: in_notebook(p, lambda cells: cells[3].update(source=t.splitlines(keepends=True))),
    "an output": lambda p, t: in_notebook(p, lambda cells: code_cell(cells).update(
        outputs=[{"output_type": "stream", "name": "stdout", "text": [t]}])),
    "metadata": lambda p, t: in_notebook(p, lambda cells: cells[3]["metadata"].update(note=t)),
    "an attachment": lambda p, t: in_notebook(p, lambda cells: cells[0].update(
        attachments={"a.txt": {"text/plain": base64.b64encode(t.encode()).decode()}})),
    "check data": lambda p, t: written("data/checks/extra.json", json.dumps({"a": [{"b": t}]}).encode())(p, t),
    "labkit, indented anew": written("labkit/metrics.py", lambda t: ("\ndef f():\n    " + t.replace("\n", "\n    ")).encode()),
    "the README": written("README.md", lambda t: t.encode()),
    "postBuild": written("binder/postBuild", lambda t: b"\n# " + t.replace("\n", "\n# ").encode()),
    "a picture's text": written("data/stills/a.png", lambda t: png((b"tEXt", b"Comment\0" + t.encode()))),
    "a picture's packed text": written("data/stills/a.png", lambda t: png((b"zTXt", b"Comment\0\0" + zlib.compress(t.encode())))),
    "behind a picture": written("data/stills/a.png", lambda t: png((b"tEXt", b"a\0b"), t.encode())),
    "gzip": written("data/a.csv.gz", lambda t: gzip.compress(t.encode())),
    "a zip in a zip": written("data/a.zip", lambda t: zipped(zipped(t))),
    "a hidden file": written(".config", lambda t: t.encode()),
    "UTF-16": written("data/a.txt", lambda t: t.encode("utf-16")),
    "UTF-32 in an array": written("data/a.npy", array),
    "a page": written("data/a.html", coloured),
    "JSON in JSON": lambda p, t: in_notebook(p, lambda cells: cells[3]["metadata"].update(state=json.dumps({"x": t}))),
    "a line of JSON": written("data/a.jsonl", lambda t: b"{}\n" + json.dumps(t).encode()),
    "an error's colours": lambda p, t: in_notebook(p, lambda cells: code_cell(cells).update(
        outputs=[{"output_type": "error", "traceback": [re.sub(r"(\w+)", "\x1b[0;32m\\1\x1b[0m", t)]}])),
    "base64 in lines": lambda p, t: in_notebook(p, lambda cells: code_cell(cells).update(
        outputs=[{"data": {"image/png": base64.encodebytes(png((b"zTXt", b"a\0\0" + zlib.compress(t.encode())))).decode().splitlines(True)}}])),
    "base64 in an address": written("data/a.md", lambda t: b"![](data:a/b;base64," + base64.urlsafe_b64encode(gzip.compress(t.encode())) + b")"),
    "hexadecimal digits": written("data/a.txt", lambda t: t.encode().hex().encode()),
    "an archive behind a photograph": written("data/a.jpg", lambda t: b"\xff\xd8\xff\xe0" + zipped(t)),
    "a document's stream": written("data/a.pdf", lambda t: b"%PDF-1.4 stream\n" + zlib.compress(t.encode()) + b"\nendstream \xe2"),
    "LZMA alone": written("data/a.lzma", lambda t: lzma.compress(t.encode(), lzma.FORMAT_ALONE)),
    "deflate alone": written("data/a.bin", lambda t: deflated(t.encode())),
    "an address": written("data/a.md", lambda t: b"[a](data:text/plain," + urllib.parse.quote(t).encode() + b")"),
    "a form's address": written("data/a.md", lambda t: b"https://a.org/?q=" + urllib.parse.quote_plus(t).encode()),
    "a saved mail": written("data/a.eml", lambda t: quopri.encodestring(t.encode())),
    "escapes of a script": written("data/a.js", lambda t: "".join(c if c.isalnum() else f"\\u{ord(c):04X}" for c in t).encode()),
    "escapes of bytes": written("data/a.py", lambda t: "".join(c if c.isalnum() or ord(c) > 255 else f"\\x{ord(c):02x}" for c in t).encode()),
    "UTF-16 without a mark": written("data/a.txt", lambda t: t.encode("utf-16-be")),
    "characters by number": written("data/a.html", lambda t: "".join(f"&#x{ord(c):x};" for c in t).encode()),
    "gzip with more behind it": written("data/a.gz", lambda t: gzip.compress(t.encode()) + b"more"),
}


@pytest.mark.parametrize("where", HIDING)
def test_a_leak_is_found_wherever_it_hides(public, finder, secret, where):
    for kind, lines in secret.items():
        name = HIDING[where](public, "\n".join(lines))
        found = finder.leaks(name, (public / name).read_bytes())
        assert len(found) >= leaks.TOGETHER and kind in {leak.kind for leak in found}, kind
        git(public, "checkout", "--quiet", ".")
        git(public, "clean", "--quiet", "--force", "-d")


@pytest.mark.parametrize("how", ["a removed file", "another branch", "a commit's message", "a tag's message", "a stash"])
def test_a_leak_is_found_in_the_history(public, finder, secret, how):
    line = secret["a solution"][0]
    if how == "a removed file":
        (public / "note.txt").write_text(line)
        git(public, "add", "note.txt")
        git(public, "commit", "--quiet", "-m", "a")
        git(public, "rm", "--quiet", "note.txt")
        git(public, "commit", "--quiet", "-m", "b")
    elif how == "another branch":
        git(public, "switch", "--quiet", "-c", "draft")
        (public / "note.txt").write_text(line)
        git(public, "add", "note.txt")
        git(public, "commit", "--quiet", "-m", "a")
        git(public, "switch", "--quiet", "main")
    elif how == "a stash":
        (public / "LICENSE").write_text(line)
        git(public, "stash")
    else:
        git(public, "commit", "--allow-empty", "-m", line) if "commit" in how else git(public, "tag", "-a", "v1", "-m", line)
    found = finder.search(public)
    assert found and all(leak.path.startswith("history: ") for leak in found)
    with pytest.raises(publish.Refused, match="things of the instructor's are in"):
        publish.publish(public)


def test_a_leak_that_git_keeps_out_of_sight_is_found(public, finder, secret, tmp_path):
    line = secret["a solution"][0].encode()
    for name in ("a.txt", "submitted/ada/a.txt"):          # one content under two names, of which git tells one
        (public / name).parent.mkdir(parents=True, exist_ok=True)
        (public / name).write_bytes(b"x")
        git(public, "add", "--all")
        git(public, "commit", "--quiet", "-m", "a")
    git(public, "rm", "--quiet", "-r", "submitted", "a.txt")
    git(public, "commit", "--quiet", "-m", "b")
    assert "history: submitted/ada/a.txt" in {leak.path for leak in finder.search(public)}
    for place in ("staged", "replaced"):
        git(tmp_path, "clone", "--quiet", public, place)
        (tmp_path / place / "note.txt").write_bytes(line)
        git(tmp_path / place, "add", "note.txt")
    (tmp_path / "staged" / "note.txt").unlink()
    git(tmp_path / "replaced", "commit", "--quiet", "-m", "a")
    git(tmp_path / "replaced", "replace", "HEAD", "HEAD~1")
    git(tmp_path / "replaced", "reset", "--quiet", "--hard")
    for place in ("staged", "replaced"):
        assert any(leak.path.startswith("history: note.txt") for leak in finder.search(tmp_path / place)), place


def test_other_repositories_and_a_history_that_was_not_fetched_are_not_passed_over(public, finder, tmp_path):
    git(tmp_path, "clone", "--quiet", "--depth", "1", public.as_uri(), "end")
    if git(tmp_path / "end", "rev-parse", "--is-shallow-repository").strip() == "true":
        with pytest.raises(publish.Refused, match="git fetch --unshallow"):
            finder.search(tmp_path / "end")
    git(public, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(public), "sub")
    git(public, "commit", "--quiet", "-m", "a")
    assert {leak.kind for leak in finder.search(public)} >= {"another repository", "a link to another repository"}


def deep(levels):
    content = b"x" * 99
    for _ in range(levels):
        content = zipped(content)
    return content


@pytest.mark.parametrize("content, why", [
    (zipped("x" * 99).replace(b"PK\x03\x04\x14\0\0", b"PK\x03\x04\x14\0\1").replace(b"PK\1\2\x14\3\x14\0\0", b"PK\1\2\x14\3\x14\0\1"), "encrypted"),
    (zipped("x" * 99)[:-30], "a zip file, but"), (b"7z\xbc\xaf\x27\x1c", "pack it as zip"),
    (deep(leaks.DEEPEST + 1), "deep"), (gzip.compress(bytes(99))[:-8] + bytes(8), "damaged")],
    ids=["encrypted", "cut off", "7z", "too deep", "damaged"])
def test_what_cannot_be_searched_is_no_proof(finder, content, why):
    (leak,) = finder.leaks("data/a", content)
    assert leak.kind == "a packed file that cannot be searched" and why in leak.said
    assert not finder.leaks("data/a", deep(leaks.DEEPEST))


def test_the_seed_of_hidden_cases_and_a_gradebook_are_found_by_what_they_hold(tmp_path, secret, finder):
    (tmp_path / "my-course").mkdir()
    (tmp_path / "my-course" / "secret").write_bytes(seed := bytes(range(100, 132)))
    own = leaks.Finder({}, leaks.seeds(tmp_path))
    for content in (b"a" + seed, seed.hex().encode(), base64.b64encode(seed), zipped(seed)):
        assert {leak.kind for leak in own.leaks("data/a", content)} == {"the seed of the hidden cases"}
    for content in (b"SQLite format 3\0", b"version https://git-lfs.github.com/spec/v1\n"):
        assert finder.leaks("data/a", content)
    assert finder.leaks(f"data/{secret['a solution'][0]}", b"") and finder.leaks("data/Gradebook.db-journal", b"")


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: (path.chmod(0o644), path.write_bytes(b"damaged"))])
def test_a_history_that_cannot_be_read_whole_is_refused(public, finder, damage):
    """Of a file's version that is no longer there, and of a commit."""
    git(public, "repack", "-a", "-d", "-q")
    (public / "note.txt").write_text("a version of a file that is damaged later")
    git(public, "add", "note.txt")
    git(public, "commit", "-q", "-m", "note")
    for name in ("HEAD:note.txt", "HEAD"):
        ident = git(public, "rev-parse", name).strip()
        damage(public / ".git" / "objects" / ident[:2] / ident[2:])
        with pytest.raises(publish.Refused, match="lacks an object|git could not do its part"):
            finder.search(public)


def test_an_instructors_file_and_a_link_are_found(public, finder):
    (public / "grading" / "exercises").mkdir(parents=True)
    (public / "grading" / "exercises" / "a.py").write_text("x")
    (public / "data" / "secret").write_text("x")
    link(public / "data" / "link", "/etc/hostname")
    assert {leak.path for leak in finder.search(public)} == {"grading/exercises/a.py", "data/secret", "data/link"}


def test_where_a_link_led_is_found_in_the_history(public, finder):
    for name, target in (("data/mine", "../../grading/exercises/a.py"), ("data/other", "../README.md")):
        link(public / name, target)
    git(public, "add", "data")
    git(public, "commit", "--quiet", "-m", "a")
    git(public, "rm", "--quiet", "data/mine", "data/other")
    git(public, "commit", "--quiet", "-m", "b")
    assert {leak.path for leak in finder.search(public)} == {"history: data/mine -> /../../grading/exercises/a.py"}


def test_a_leak_in_the_course_itself_is_refused_and_nothing_written(tmp_path, monkeypatch, secret):
    real = publish.contents
    monkeypatch.setattr(publish, "contents", lambda *a: real(*a) | {"data/README.md": secret["a model answer"][0].encode()})
    with pytest.raises(publish.Refused, match="data/README.md: a model answer"):
        publish.publish(tmp_path / "new")
    assert not (tmp_path / "new").exists()


# The worked edition, and the address

def test_answers_are_added_only_when_asked_for_and_can_never_be_taken_back_unseen(tmp_path):
    worked = tmp_path / "worked"
    publish.publish(worked, answers=True)
    notebook = nbformat.read(worked / "answers" / f"{LAB}.ipynb", 4)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "BEGIN SOLUTION" not in text and "Marking scheme" not in text and "..." not in notebook.cells[5].source
    assert not any("nbgrader" in cell.metadata for cell in notebook.cells)
    assert "answers/" in (worked / "README.md").read_text()
    with pytest.raises(publish.Refused, match="begin a new repository"):
        publish.publish(worked)


def test_launch_links_point_at_the_public_repository_alone():
    assert publish.binder("") == "" and "mybinder" not in publish.readme(build.ROOT, "", False)
    text = publish.readme(build.ROOT, "https://github.com/some/where", False)
    assert text.count("https://mybinder.org/v2/gh/some/where/HEAD?urlpath=lab/tree/notebooks/00_start.ipynb") == 2
    with pytest.raises(publish.Refused, match="https://github.com/OWNER/NAME is expected"):
        publish.binder("github.com/some/where")
