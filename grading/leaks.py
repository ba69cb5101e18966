"""Is something of the instructor's in a folder that students get? Its secrets, line by line, and where they could hide.

A secret is a line of code or a sentence that stands in `labs/` or `exercises/` and in no part of a lab that students see, or the seed of a
course folder beside them. Every file is searched in the forms in which a line can lie in it: as text, of whatever encoding, escaped or marked up,
in the strings of JSON and notebooks, in pictures' texts, in compressed files and attachments, and in every version that a git history holds.
"""

import ast
import base64
import bz2
import html
import io
import json
import lzma
import quopri
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, unquote_plus

from grading import build
from grading.git import Refused, git

SHORTEST = 24           # characters; shorter lines, such as `return total`, are in everybody's code
STEP = SHORTEST // 2
DEEPEST = 6             # archives within archives
LARGEST = 2**28         # bytes unpacked from one file
TOGETHER = 3            # lines of one function that labkit and answers/, which compute the same things, may not hold together
FORBIDDEN = re.compile(r"nbgrader_config\.py|(gradebook|grading)\.db.*|secret|exercises|submitted|autograded|feedback|grading", re.IGNORECASE)
BEGINNINGS = {b"SQLite format 3\0": "a database, as the gradebook is", b"version https://git-lfs": "a pointer to what git keeps elsewhere"}
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


def seeds(root=build.ROOT):
    """The seeds of the hidden cases, of the course folders in `root`."""
    return [path.read_bytes() for path in root.glob("*/secret") if path.is_file() and path.stat().st_size >= 16]


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
    """(name, content) of every object that any reference of the repository or its index reaches: versions of files, commits and tags; and the name
    of everything that a folder had, a link's with where it led, with no content. Raises Refused where one of them cannot be read: nobody knows what
    is in it."""
    if git(folder, "rev-parse", "--is-shallow-repository").stdout.strip() == "true":
        raise Refused(f"{folder} has only the end of its history, so the rest cannot be searched: fetch it with git fetch --unshallow")
    listed = git(folder, "--no-replace-objects", "rev-list", "--objects", "--all", "--reflog", "--indexed-objects").stdout
    names = dict(line.partition(" ")[::2] for line in listed.split("\n") if line)
    shown = git(folder, "for-each-ref", "--format=%(objectname)").stdout.split()
    batch = io.BytesIO(git(folder, "--no-replace-objects", "cat-file", "--batch", input="\n".join([*names, *shown]).encode(), text=False).stdout)
    while head := batch.readline().decode().split():
        if len(head) != 3:
            raise Refused(f"the history of {folder} lacks an object ({' '.join(head)}), so it cannot be searched: put it back from a copy, or begin "
                          "a new repository")
        name, kind, size = head[0], head[1], int(head[2])
        content = batch.read(size + 1)[:-1]
        if kind != "tree":
            yield f"{names.get(name) or kind} ({name[:8]})", content
            continue
        for mode, entry, own in re.findall(rb"(\d+) ([^\0]+)\0(" + b"." * (len(name) // 2) + b")", content, re.DOTALL):
            path = "/".join(filter(None, [names.get(name), entry.decode("utf-8", "surrogateescape")]))
            if mode == b"120000":
                path += f" -> /{git(folder, 'cat-file', 'blob', own.hex()).stdout}"
            yield path, SUBMODULE if mode == b"160000" else b""


SUBMODULE = b"Subproject commit"        # the word by which git shows one
OBJECT = re.compile(r" \([0-9a-f]{8}\)$")


class Closed(ValueError):
    """Something packed that cannot be searched; the message says why."""


class Finder:
    """Known lines (of `secrets`) in any text, and `seeds` in any bytes. A text is looked at every STEP characters: wherever a known line stands,
    one of its first STEP parts begins there. Then the line is compared whole."""

    def __init__(self, known, seeds=()):
        self.known, self.seeds, self.parts, self.seen = known, seeds, {}, {}
        for line in known:
            for before in range(STEP):
                self.parts.setdefault(line[before:before + STEP], []).append((before, line))

    def search(self, folder):
        """Every Leak in the files of `folder`, and in the history where it is a git repository."""
        found, folder = [], Path(folder)
        for path in sorted(p for p in folder.rglob("*") if p.relative_to(folder).parts[0] != ".git"):
            name = path.relative_to(folder).as_posix()
            if path.name == ".git":
                found.append(Leak(name, "another repository", "its history is not searched"))
            elif path.is_symlink():
                found.append(Leak(name, "a link", f"to {path.readlink()}; a published file has to be one"))
            elif path.is_file() and ".git" not in path.parent.relative_to(folder).parts:
                found += self.leaks(name, path.read_bytes())
        if (folder / ".git").exists():
            for name, content in dict.fromkeys(history(folder)):
                found += self.leaks(f"history: {name}", content)
        return found

    def leaks(self, name, content):
        """Every Leak in one file."""
        inside = OBJECT.sub("", name.removeprefix("history: "))
        named = [Leak(name, "a file of the instructor's side", part) for part in inside.split("/") if FORBIDDEN.fullmatch(part)]
        named += [Leak(name, self.known[line][0], line) for line in sorted(set(self.lines(inside)))]
        if content == SUBMODULE:
            return [*named, Leak(name, "a link to another repository", "what is in that one is not searched")]
        if content not in self.seen:
            self.seen[content] = self.inside(content)
        lines, others = self.seen[content]
        if inside.startswith(("labkit/", "answers/")):
            lines = self.in_a_row(lines)
        return named + [Leak(name, *other) for other in others] + [Leak(name, self.known[line][0], line) for line in sorted(lines)]

    def inside(self, content):
        """(the known lines in some bytes, (kind, words) of what else should not be there)."""
        lines = set()
        others = [(kind, content[:24].decode("ascii", "replace")) for start, kind in BEGINNINGS.items() if content.startswith(start)]
        try:
            for piece in pieces(content):
                if any(seed in piece for seed in self.seeds):
                    others.append(("the seed of the hidden cases", ""))
                for text in texts(piece):
                    lines.update(self.lines(" ".join(text.split())))
        except Closed as error:
            others.append(("a packed file that cannot be searched", str(error)))
        return lines, others

    def lines(self, text):
        for i in range(0, len(text), STEP):
            for before, line in self.parts.get(text[i:i + STEP], ()):
                if before <= i and text.startswith(line, i - before):
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


MARKS = re.compile(r"</?[A-Za-z!][^<>]*>|\x1b\[[0-9;]*m")             # of HTML, and of a terminal's colours
ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
PERCENT = re.compile(r"%(?:20|0A|28|3D)", re.IGNORECASE)              # what an address makes of a blank, the end of a line, ( and =
MAILED = re.compile(r"=(?:3D|\r?\n)")                                # what quoted-printable makes of = and of a long line
PRINTED = (re.compile(r"[A-Za-z0-9+/_-]{32,}(?:\s{1,3}[A-Za-z0-9+/_-]+)*"), re.compile(r"[0-9A-Fa-f]{48,}"))      # base64, hexadecimal
STREAMS = ((re.compile(rb"\x1f\x8b\x08"), lambda: zlib.decompressobj(31)), (re.compile(rb"BZh[1-9]1AY&SY"), bz2.BZ2Decompressor),
           (re.compile(rb"\xfd7zXZ\0|\x5d\0\0..(?:\xff{8}|.{4}\0{4})", re.DOTALL), lambda: lzma.LZMADecompressor(memlimit=LARGEST)))
ZLIB = re.compile(rb"[\x08\x18\x28\x38\x48\x58\x68\x78](?=[\0-\x1f\x40-\x5f\x80-\x9f\xc0-\xdf])")
FOREIGN = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "rar", b"\x28\xb5\x2f\xfd": "zstd"}


def texts(piece):
    """What some bytes say: as they are, with markup and colours taken off, and with escapes resolved."""
    for text in readings(piece):
        yield text
        if (plain := html.unescape(MARKS.sub("", text))) != text:
            yield plain
        if "\\" in text:
            yield ESCAPE.sub(lambda m: {"n": "\n", "t": "\t", "r": "\r"}.get(m[3], m[3]) or chr(int(m[1] or m[2], 16)), text)
        if PERCENT.search(text):
            yield unquote(text)
            if "+" in text:
                yield unquote_plus(text)
        if text.isascii() and MAILED.search(text):
            yield quopri.decodestring(text.encode()).decode("utf-8", "replace")


def readings(piece):
    """Bytes as text: of UTF-8, and of wider characters, as UTF-16 and NumPy's arrays have them."""
    yield piece.decode("utf-8", "replace")
    if b"\0" in piece:
        yield piece.replace(b"\0", b"").decode("utf-8", "replace")
        if piece[:2] in (b"\xff\xfe", b"\xfe\xff"):
            yield piece.decode("utf-16", "replace")


def pieces(content, depth=0):
    """Some bytes, and every piece that is in them: strings of JSON, what is printed as base64, what is packed. Raises Closed."""
    yield content
    for text in readings(content):
        data = None
        if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
            try:
                data = json.loads(text.lstrip("\ufeff"))
            except (ValueError, RecursionError):
                pass
        if data is not None:
            for string in strings(data):
                yield from pieces(string.encode("utf-8", "surrogatepass"), depth)
        elif depth < DEEPEST:
            for inner in printed(text):
                yield from pieces(inner, depth + 1)
    for inner in unpacked(content):
        if depth == DEEPEST:
            raise Closed(f"it is packed more than {DEEPEST} deep")
        yield from pieces(inner, depth + 1)
    for inner in inflated(content) if depth < DEEPEST else ():
        yield from pieces(inner, depth + 1)


def strings(data):
    """Every string of JSON data, lists of strings also joined, as notebooks keep a cell's lines."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, list):
        if len(data) > 1 and all(isinstance(item, str) for item in data):
            yield "".join(data)
        for item in data:
            yield from strings(item)
    elif isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from strings(value)


def printed(text):
    """Bytes that stand in a text as base64, also that of web addresses, or as hexadecimal digits."""
    base, digits = PRINTED
    for found in base.findall(text):
        found = "".join(found.split()).replace("-", "+").replace("_", "/")
        yield base64.b64decode(found + "A" * (-len(found) % 4))
    for found in digits.findall(text):
        yield bytes.fromhex(found[:len(found) // 2 * 2])


def unpacked(content):
    """What is in an archive or a compressed file, also behind something else. Raises Closed where that cannot be read whole."""
    for start, name in FOREIGN.items():
        if content.startswith(start):
            raise Closed(f"it is {name}, of which this knows nothing; pack it as zip")
    if b"PK\x03\x04" in content:
        try:
            archive = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, NotImplementedError) as error:
            if content.startswith(b"PK\x03\x04"):
                raise Closed(f"it is a zip file, but {error}") from None
        else:
            for member in archive.infolist():
                yield member.filename.encode("utf-8", "replace")
                try:
                    with archive.open(member) as file:
                        yield whole(file.read(LARGEST))
                except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, zlib.error, lzma.LZMAError) as error:
                    raise Closed(f"{member.filename} in it: {error}") from None
    for magic, unpacker in STREAMS:
        for at in (found.start() for found in magic.finditer(content)):
            try:
                yield whole(unpacker().decompress(memoryview(content)[at:], LARGEST))
            except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
                if at == 0:
                    raise Closed(f"it is damaged: {error}") from None


def whole(data):
    if len(data) >= LARGEST:
        raise Closed(f"it holds {LARGEST:,} bytes or more")
    return data


def inflated(content):
    """What begins like zlib's streams, as in pictures and documents, and is one; or is one from its first byte, without that beginning."""
    try:
        content.decode()
        return
    except UnicodeDecodeError:
        pass
    starts = (found.start() for found in ZLIB.finditer(content))
    for at, form in [(0, -15), *((at, 15) for at in starts if not int.from_bytes(content[at:at + 2], "big") % 31)]:
        try:
            data = zlib.decompressobj(form).decompress(memoryview(content)[at:], LARGEST)
        except zlib.error:
            continue
        if len(data) >= SHORTEST:
            yield data
