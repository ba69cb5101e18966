"""Downloads of learning management systems: whose is each notebook in them, and into submitted/ with it.

A submission is given to a student by an id wherever the download has one: Canvas' user number in the file's name, Moodle's participant
number with the grading worksheet that Moodle writes beside it. A name counts only where it is one student's and nobody else's.
"""

import contextlib
import errno
import os
import re
import stat
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import MissingEntry
from nbgrader.plugins import ExtractorPlugin

from grading.course import Course
from grading.errors import printable
from grading.put import put
from grading.rebuild import skeleton
from grading.roster import STRANGE, composed, gradebook, people_of, table

LARGEST = 2**25             # bytes of one notebook; what is larger is no submission
MOST = 20_000               # files of one download
CANVAS = re.compile(r"(?P<name>.+?)_(?P<late>LATE_)?(?P<canvas>\d+)_(?P<attempt>\d+)_(?P<file>.+)", re.IGNORECASE)
BLACKBOARD = re.compile(r"(?P<who>.+?)_attempt_(?P<attempt>\d{4}(?:-\d\d){5})_(?P<file>.+)", re.IGNORECASE)
RECEIPT = re.compile(r"(?:.*/)?.+_attempt_\d{4}(-\d\d){5}\.txt", re.IGNORECASE)       # beside each of Blackboard's files, of its own making
SAVED_AS = re.compile(r"(?<=\.ipynb)\.(json|txt)$", re.IGNORECASE)          # what some browsers put behind a notebook's name
MOODLE = re.compile(r"(?P<name>.+?)_(?P<moodle>\d+)_assignsubmission_file_?(?:[/_](?P<file>.+))?")
MACOS = re.compile(r"(?:.*/)?(?:__MACOSX/.*|\._[^/]*)", re.DOTALL)        # beside each file, in the Finder's zip files and on other systems' disks
NAMELESS = {errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}


@dataclass
class Collected:
    """What became of a download: {student: file}, and the files that are nobody's or were kept out, each with the reason.

    passed : (student, file) of older or other notebooks beside the one that was taken; late : students whom the LMS calls late
    strange : students in whose notebook is none of the lab's cells
    """

    taken: dict = field(default_factory=dict)
    kept: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    passed: list = field(default_factory=list)
    late: list = field(default_factory=list)
    strange: list = field(default_factory=list)


def collect(lab, archives, course, worksheet=None, force=False):
    """Puts the notebooks of an LMS's download into submitted/. What was handed in before is only replaced with `force`.

    archives : zip files, folders or notebooks
    worksheet : Moodle's grading worksheet, which says whose a participant number is
    """
    course = Course(Path(course).resolve())
    if not course.source(lab).exists():
        raise ValueError(f"the course has no lab {lab}; grading build makes it")
    if not (people := people_of(course.root)):
        raise ValueError("the gradebook has no students yet, so nobody's work could be told from another's: enter your class list with "
                         "grading enrol, then collect again")
    directory = Directory(people, worksheet)
    own = re.compile(rf"(?:^|[/_]){re.escape(lab)}(-\d+)?\.ipynb$", re.IGNORECASE)
    ids = [ident.encode() for ident in skeleton(course.source(lab)).points()]
    handed_in, accounts, done = {}, {}, Collected()
    for archive in archives:
        for name, content in notebooks(Path(archive), done.refused):
            try:
                student, attempt = directory.owner(name)
            except LookupError as error:
                done.refused.append((name, str(error)))
                continue
            accounts.setdefault(student, {}).setdefault(directory.account(name), []).append(name)
            rank = own.search(SAVED_AS.sub("", name)) is not None, sum(ident in content for ident in ids), attempt, name
            handed_in.setdefault(student, []).append((rank, content))
    for student, found in sorted(handed_in.items()):
        (wanted, content), *others = sorted(found, reverse=True)
        if len(numbers := accounts[student].keys() - {""}) > 1:      # a name can be chosen by anybody
            why = f"{len(numbers)} accounts have the name of {student}; say whose each is, by the LMS's numbers"
            done.refused += [(name, why) for names in accounts[student].values() for name in names]
            continue
        done.passed += [(student, name) for (*_, name), _ in others]
        path = course.root / "submitted" / student / lab / f"{lab}.ipynb"
        if path.is_file() and path.read_bytes() != content:
            if not force:
                done.kept.append((student, wanted[-1]))
                continue
            forget_time(course.root, lab, student)         # of what was handed in before
            path.with_name("timestamp.txt").unlink(missing_ok=True)
        put(path, content)
        done.taken[student] = wanted[-1]
        done.strange += [] if wanted[1] else [student]
        if (match := CANVAS.fullmatch(wanted[-1].rsplit("/", 1)[-1])) and match["late"]:
            done.late.append(student)
    return done


def forget_time(course, lab, student):
    """nbgrader keeps a submission's time in the gradebook until another one comes, which a download has not."""
    with gradebook(course) as book, contextlib.suppress(MissingEntry):
        book.find_submission(lab, student).timestamp = None
        book.db.commit()


def notebooks(path, refused):
    """(name, bytes) of each notebook in a zip file, a folder or alone. What is no notebook of a sensible size goes to `refused`."""
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if is_notebook(p.name) and p.is_file() and not p.is_symlink()):
            if not MACOS.fullmatch(name := file.relative_to(path).as_posix()):
                yield name, file.read_bytes()
    elif not path.exists():
        raise FileNotFoundError(f"{path} is not there")
    elif is_notebook(path.name):
        yield path.name, path.read_bytes()
    else:
        try:
            archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile:
            raise ValueError(f"{path} is no zip file; give the LMS's download as it came") from None
        with archive:
            members = archive.infolist()
            if len(members) > MOST:
                raise ValueError(f"{path} holds {len(members):,} files; at most {MOST:,} are expected of a class")
            for member in members:
                yield from one(archive, member, refused)


def is_notebook(name):
    return SAVED_AS.sub("", name).lower().endswith(".ipynb")


def one(archive, member, refused):
    name = name_of(member)
    if member.is_dir() or MACOS.fullmatch(name) or RECEIPT.fullmatch(name):
        return
    why = ("no notebook" if not is_notebook(name) else
           "a link" if stat.S_ISLNK(member.external_attr >> 16) else
           "encrypted" if member.flag_bits & 1 else None)
    if why is None:
        try:
            with archive.open(member) as file:
                content = file.read(LARGEST + 1)            # the size that the archive states need not be true
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, EOFError):
            why = "damaged"
        else:
            why = f"larger than {LARGEST // 2**20} MB" if len(content) > LARGEST else None
    if why:
        refused.append((name, why))
    else:
        yield name, content


def name_of(member):
    """A file's name in an archive. The Finder writes UTF-8 without saying so, which is read as the letters of MS-DOS."""
    if not member.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            return member.filename.encode("cp437").decode("utf-8")
    return member.filename


class Extractor(ExtractorPlugin):
    """For nbgrader's own zip_collect: its extractor unpacks whatever an archive holds, wherever that says; this takes notebooks alone."""

    def extract(self, archive_path, extracted_path):
        refused = []
        for path in sorted(Path(archive_path).iterdir()):
            for name, content in notebooks(path, refused):
                parts = [part for part in name.replace("\\", "/").split("/") if part.strip(". ")]
                try:
                    if os.name == "nt" and any(map(STRANGE.fullmatch, parts)):
                        raise OSError(errno.ENOTDIR, "a name of Windows' own")
                    put(Path(extracted_path, path.stem if path.suffix == ".zip" else "", *parts), content)
                except OSError as error:
                    if error.errno not in NAMELESS and not (os.name == "nt" and error.errno == errno.ENOENT):     # a name too long, there
                        raise
                    refused.append((name[:100], "no file can have this name"))
        for name, why in refused:
            self.log.warning("Not taken: %s: %s", printable(name), why)


class Directory:
    """Whose is a file? Raises LookupError where nobody's, or more than one person's."""

    def __init__(self, people, worksheet=None):
        self.ids = {p.id: p.id for p in people}
        self.canvas = by((p.lms_user_id, p.id) for p in people)
        self.names = {}
        for p in people:
            for name in {f"{p.first_name} {p.last_name}", f"{p.last_name} {p.first_name}"}:
                self.names.setdefault(plain(name), set()).add(p.id)
        self.participants = participants(worksheet, people) if worksheet else {}

    def owner(self, name):
        """(student, attempt) of a file by its name in the download."""
        path = SAVED_AS.sub("", composed(name).replace("\\", "/"))
        last = path.rsplit("/", 1)[-1]
        if (found := BLACKBOARD.fullmatch(last)):
            who = {ident for ident in self.ids if found["who"] == ident or found["who"].endswith(f"_{ident}")}
            if len(who) == 1:
                return who.pop(), int(found["attempt"].replace("-", ""))
            raise LookupError(f"it could be of {' or '.join(sorted(who))}; rename it to ID.ipynb" if who else
                              "nobody's id stands before _attempt_; enrol the class by its user names")
        if (match := MOODLE.match(path)):
            known, attempt, advice = self.participants.get(match["moodle"]), 0, "give Moodle's grading worksheet with --worksheet"
        elif (match := CANVAS.fullmatch(last)):
            known, attempt, advice = self.canvas.get(match["canvas"]), int(match["attempt"]), "enrol Canvas' class list, which has its numbers"
        else:
            known, attempt, advice = None, 0, "rename it to ID.ipynb"
        if known:
            if len(known) > 1:
                raise LookupError(f"it could be of {' or '.join(sorted(known))}, who have one number or one e-mail address; rename it to ID.ipynb")
            return min(known), attempt
        if match:       # what else stands in such a name, the student chose
            said = match["name"].split("/")[-1]
            found = {ident for ident in self.names.get(plain(said)) or {said} & self.ids.keys() if not self.numbered(ident, match)}
        else:
            found = {part for part in path.split("/")[:-1] if part in self.ids} or self.named(last.rsplit(".", 1)[0])
        if len(found) == 1:
            return next(iter(found)), attempt
        raise LookupError((f"it could be of {' or '.join(sorted(found))}; " if found else "nobody's id or name is in it; ") + advice)

    def numbered(self, student, match):
        """Whether a student's number in the LMS of this name is known: then it is not the one in the name."""
        return any(student in ids for ids in (self.canvas if "canvas" in match.groupdict() else self.participants).values())

    def account(self, name):
        """The number in the LMS that a file's name has, whoever's it is; "" where it has none."""
        path = name.replace("\\", "/")
        match = MOODLE.match(path) or CANVAS.fullmatch(path.rsplit("/", 1)[-1])
        return match.groupdict().get("moodle") or match["canvas"] if match else ""

    def named(self, stem):
        """The students with whose id a file's name begins: ada_01_perceptron, ada-2."""
        return {ident for ident in self.ids if stem == ident or stem.startswith((f"{ident}_", f"{ident}-"))}


def plain(name):
    """A name as downloads write it: without accents' encoding, capitals, spaces and marks."""
    return "".join(c for c in unicodedata.normalize("NFKC", name).casefold() if c.isalnum())


def participants(path, people):
    """{participant number: ids} of Moodle's grading worksheet, matched by id number, or else by e-mail address."""
    head, *lines = table(path) or [[]]
    head = [name.strip().lower() for name in head]
    lines = [dict(zip(head, map(str.strip, line), strict=False)) for line in lines]
    if "identifier" not in head:
        raise ValueError(f"{path} has no column Identifier; Moodle's 'Download grading worksheet' is expected, with Moodle set to English")
    ids, mail = {p.id for p in people}, by((p.email.casefold(), p.id) for p in people)
    found = {}
    for line in lines:
        number = re.search(r"\d+", line["identifier"])
        who = {line.get("id number")} & ids or mail.get(line.get("email address", "").casefold())
        if number and who:
            found[number[0]] = who
    return found


def by(pairs):
    """{key: ids} of (key, id), without those that have no key."""
    found = {}
    for key, ident in pairs:
        if key:
            found.setdefault(key, set()).add(ident)
    return found
