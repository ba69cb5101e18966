"""Is something of the instructor's in a folder that students get? Its secrets, line by line, and where they could hide.

A secret is a line of code or a sentence that stands in `labs/` or `exercises/` and in no part of a lab that students see. Every
file is searched in the forms in which a line can lie in it: as text, in the strings of JSON and notebooks, in pictures' texts, in
compressed files and attachments, and in every version that a git history holds.
"""

import ast
import base64
import binascii
import bz2
import gzip
import io
import json
import lzma
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from grading import build
from grading.git import Refused, git

SHORTEST = 24           # characters; shorter lines, such as `return total`, are in everybody's code
DEEPEST = 4             # archives within archives
LARGEST = 2**28         # bytes unpacked from one file
TOGETHER = 3            # lines of one function that labkit and answers/, which compute the same things, may not hold together
FORBIDDEN = {"nbgrader_config.py", "gradebook.db", "secret", "exercises", "submitted", "autograded", "feedback", "grading"}
SOLUTION = re.compile(r"### BEGIN SOLUTION(.*?)### END SOLUTION", re.DOTALL)


@dataclass(frozen=True)
class Leak:
    """`said`, of the kind `kind`, is in the file `path`."""

    path: str
    kind: str
    said: str

    def __str__(self):
        return f"{self.path}: {self.kind}: {self.said!r}"


def secrets(root=build.ROOT, answers=False):
    """{line: (kind, which function or cell, its place there)} of the course in `root`; with `answers`, solutions and model answers are none."""
    found, public = {}, set()
    for path in sorted((root / "grading" / "labs").glob("[0-9]*.py")):
        text = path.read_text(encoding="utf-8")
        for number, cell in enumerate(re.split(r"^# %%", text, flags=re.MULTILINE)):
            head, _, body = cell.partition("\n")
            body = re.sub(r"^# ?", "", body, flags=re.MULTILINE) if "[markdown]" in head else body
            hidden = [body] if 'role="explain"' in head else SOLUTION.findall(body)
            kind = "a model answer" if 'role="explain"' in head else "a solution"
            for part in () if answers else hidden:
                _enter(found, part, kind, (path.stem, number))
            public.update(_lines(body if answers else "" if 'role="explain"' in head else SOLUTION.sub("", body)))
    for path in sorted((root / "grading" / "exercises").glob("[0-9]*.py")):
        text = path.read_text(encoding="utf-8")
        source = text.splitlines()
        for node in ast.parse(text).body:
            shown = {row for keyword in _keywords(node, "hint", "hints") for row in range(keyword.lineno, keyword.end_lineno + 1)}
            own = [source[row - 1] for row in range(node.lineno, node.end_lineno + 1) if row not in shown]
            if not (answers and _kind(node) == "a right form"):
                _enter(found, "\n".join(own), _kind(node), (path.stem, node.lineno))
            for keyword in _keywords(node, "why"):
                for sentence in re.split(r"(?<=[.;:]) ", ast.literal_eval(keyword.value)):
                    _enter(found, sentence, "what a misconception is about", None)
    return {line: what for line, what in found.items() if line not in public}


def _kind(node):
    decorators = [ast.unparse(d) for d in getattr(node, "decorator_list", ())]
    return ("a misconception" if any(".misconception" in d for d in decorators) else
            "a right form" if any(".solution" in d for d in decorators) else "a reference or hidden case")


def _keywords(node, *names):
    return [keyword for call in ast.walk(node) if isinstance(call, ast.Call) for keyword in call.keywords if keyword.arg in names]


def _enter(found, text, kind, group):
    for place, line in enumerate(_lines(text)):
        found.setdefault(line, (kind, group, place))


def _lines(text):
    squeezed = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in squeezed if len(line) >= SHORTEST and len(re.findall(r"\w+", line)) > 2]


# Where a line could hide

def history(folder):
    """(name, content) of every object that any reference of the repository reaches: versions of files, commits and tags. Raises Refused where one
    of them cannot be read: nobody knows what is in it."""
    names = dict(line.partition(" ")[::2] for line in git(folder, "rev-list", "--objects", "--all", "--reflog").stdout.splitlines())
    shown = git(folder, "for-each-ref", "--format=%(objectname)").stdout.split()
    batch = io.BytesIO(git(folder, "cat-file", "--batch", input="\n".join([*names, *shown]).encode(), text=False).stdout)
    while head := batch.readline().decode().split():
        if len(head) != 3:
            raise Refused(f"the history of {folder} lacks an object ({' '.join(head)}), so it cannot be searched: put it back from a copy, or begin "
                          "a new repository")
        name, kind, size = head[0], head[1], int(head[2])
        content = batch.read(size + 1)[:-1]
        if kind != "tree":
            yield f"{names.get(name) or kind} ({name[:8]})", content


class Finder:
    """Known lines (of `secrets`) in any text: each is found by its first characters, and then compared whole."""

    def __init__(self, known):
        self.known, self.starts, self.seen = known, {}, {}
        for line in known:
            self.starts.setdefault(line[:SHORTEST], []).append(line)

    def search(self, folder):
        """Every Leak in the files of `folder`, and in the history where it is a git repository."""
        found, folder = [], Path(folder)
        for path in sorted(p for p in folder.rglob("*") if ".git" not in p.relative_to(folder).parts):
            name = path.relative_to(folder).as_posix()
            if path.is_symlink():
                found.append(Leak(name, "a link", f"to {path.readlink()}; a published file has to be one"))
            elif path.is_file():
                found += self.leaks(name, path.read_bytes())
        if (folder / ".git").exists():
            for name, content in history(folder):
                found += self.leaks(f"history: {name}", content)
        return found

    def leaks(self, name, content):
        """Every Leak in one file."""
        inside = name.removeprefix("history: ")
        named = [Leak(name, "a file of the instructor's side", part) for part in inside.split(" (")[0].split("/") if part in FORBIDDEN]
        if content not in self.seen:
            self.seen[content] = {line for text in texts(content) for line in self.lines(" ".join(text.split()))}
        lines = self.seen[content]
        if inside.startswith(("labkit/", "answers/")):
            lines = self.in_a_row(lines)
        return named + [Leak(name, self.known[line][0], line) for line in sorted(lines)]

    def lines(self, text):
        for i in range(len(text) - SHORTEST + 1):
            for line in self.starts.get(text[i:i + SHORTEST], ()):
                if text.startswith(line, i):
                    yield line

    def in_a_row(self, lines):
        """Those that are prose, or of which several stand together in one function of the instructor's."""
        groups = {}
        for line in lines:
            kind, group, place = self.known[line]
            if "solution" in kind or "form" in kind or "reference" in kind or kind == "a misconception":
                groups.setdefault(group, []).append((place, line))
        few = {line for members in groups.values() if len(members) < TOGETHER for _, line in members}
        return lines - few


def texts(content, depth=0):
    """The texts that a file holds: itself, what its strings say, and the same for everything that is packed in it."""
    text = content.decode("utf-8", "replace")
    yield text
    if text.lstrip()[:1] in ("{", "["):
        try:
            yield from strings(json.loads(text), depth)
        except (ValueError, RecursionError):
            pass
    if depth < DEEPEST:
        for inner in unpacked(content):
            yield from texts(inner, depth + 1)


def strings(data, depth):
    """Every string of JSON data, lists of strings also joined, as notebooks keep a cell's lines; base64 decoded."""
    if isinstance(data, str):
        yield data
        if len(data) > 64 and depth < DEEPEST and re.fullmatch(r"[A-Za-z0-9+/\s]+={0,2}\s*", data):
            try:
                yield from texts(base64.b64decode(data), depth + 1)
            except binascii.Error:
                pass
    elif isinstance(data, list):
        if data and all(isinstance(item, str) for item in data):
            yield "".join(data)
        for item in data:
            yield from strings(item, depth)
    elif isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from strings(value, depth)


def unpacked(content):
    """What is inside an archive, a compressed file or a picture's text; at most LARGEST bytes of each."""
    if content[:4] == b"PK\x03\x04":
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for member in archive.infolist():
                    yield member.filename.encode()
                    with archive.open(member) as file:
                        yield file.read(LARGEST)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError):
            pass
    for magic, module in ((b"\x1f\x8b", gzip), (b"BZh", bz2), (b"\xfd7zXZ", lzma)):
        if content.startswith(magic):
            try:
                with module.open(io.BytesIO(content)) as file:
                    yield file.read(LARGEST)
            except (OSError, EOFError, lzma.LZMAError, zlib.error):
                pass
    if content.startswith(b"\x89PNG"):
        yield from png_texts(content)


def png_texts(content):
    at = 8
    while at + 12 <= len(content):
        length, kind = int.from_bytes(content[at:at + 4], "big"), content[at + 4:at + 8]
        chunk = content[at + 8:at + 8 + length]
        if kind in (b"zTXt", b"iTXt"):
            for start in (m.end() for m in re.finditer(rb"\0", chunk)):
                try:
                    yield zlib.decompress(chunk[start:])
                except zlib.error:
                    continue
        at += 12 + length
    yield content[at:]                          # what was put behind the picture's end
