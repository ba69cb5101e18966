"""Class lists and downloads of learning management systems: Canvas, Moodle, or nbgrader's own columns.

A submission is given to a student by an id wherever the download has one: Canvas' user number in the file's name, Moodle's participant
number with the grading worksheet that Moodle writes beside it. A name counts only where it is one student's and nobody else's.
"""

import contextlib
import csv
import errno
import io
import os
import re
import stat
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry, Student
from nbgrader.plugins import ExtractorPlugin

from grading.course import Course, on_path
from grading.put import put
from grading.rebuild import skeleton

LARGEST = 2**25             # bytes of one notebook; what is larger is no submission
MOST = 20_000               # files of one download
CANVAS = re.compile(r"(?P<name>.+?)_(?P<late>LATE_)?(?P<canvas>\d+)_(?P<attempt>\d+)_(?P<file>.+)", re.IGNORECASE)
BLACKBOARD = re.compile(r"(?P<who>.+?)_attempt_(?P<attempt>\d{4}(?:-\d\d){5})_(?P<file>.+)", re.IGNORECASE)
RECEIPT = re.compile(r"(?:.*/)?.+_attempt_\d{4}(-\d\d){5}\.txt", re.IGNORECASE)       # beside each of Blackboard's files, of its own making
SAVED_AS = re.compile(r"(?<=\.ipynb)\.(json|txt)$", re.IGNORECASE)          # what some browsers put behind a notebook's name
MOODLE = re.compile(r"(?P<name>.+?)_(?P<moodle>\d+)_assignsubmission_file_?(?:[/_](?P<file>.+))?")
NAMELESS = {errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}
SAFE = re.compile(r"[\w][\w.@+-]{0,99}")
# What Windows makes no file or folder of, or one in another place or under another name.
STRANGE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*[. ]|.*[<>:\"|?*\x00-\x1f].*", re.IGNORECASE | re.DOTALL)
ROUNDED = re.compile(r"\d([.,]\d+)?[Ee]\+\d+")     # a long number after a spreadsheet has saved it

# What the columns of a class list are called: nbgrader's names first, then those of our own export, of Canvas and of Moodle.
COLUMNS = {
    "id": ("id", "student", "username", "user name", "sis login id", "id number"),
    "first_name": ("first_name", "first name", "firstname"),
    "last_name": ("last_name", "last name", "surname", "lastname"),
    "email": ("email", "email address", "e-mail"),
    "lms_user_id": ("lms_user_id", "canvas id", "lms id"),
}


@dataclass(frozen=True)
class Person:
    """A student of a class list; `id` is the course's, `lms_user_id` the number that the LMS has for them."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""


# Class lists

def table(path):
    """The lines of a table in UTF-8, with commas, semicolons or tabs between the columns, as its first line has them."""
    try:
        text = composed(Path(path).read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not in UTF-8; save it as 'CSV UTF-8'") from None
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [line for line in reader if any(map(str.strip, line))]
    except csv.Error as error:      # without a word a quotation mark that is not closed would take all that follows into one name
        raise ValueError(f"{path}, line {reader.line_num}: {error}; is a quotation mark not closed, or one within a name not doubled?") from None


def read(path, left_out=None):
    """The people of a class list. Raises ValueError, with the line, where it cannot be right.

    left_out : a list that gets a sentence for each line without an id, such as the test student that Canvas adds
    """
    lines = table(path)
    if not lines:
        raise ValueError(f"{path} is empty; a class list has a line of column names and a line for each student")
    head = [name.strip().lower() for name in lines[0]]
    login = "sis login id" in head          # the course's id, where Canvas shows it; ID is Canvas' own number
    canvas = "id" in head and (login or {"student", "section"} <= set(head))
    names = COLUMNS | ({"id": ("sis login id" if login else "id",), "lms_user_id": ("id",)} if canvas else {})
    at = {field: next((head.index(name) for name in known if name in head), None) for field, known in names.items()}
    if at["id"] is None:
        raise ValueError(f"{path} has the columns {', '.join(lines[0])}, but none of them is an id: name one of them {' or '.join(names['id'])}")
    people, known, numbers, missing = [], {}, {}, []
    for number, line in enumerate(lines[1:], start=2):
        if len(line) > len(head):
            raise ValueError(f"{path}, line {number}: {len(line)} columns, but {len(head)} have a name; is a comma or quote in a name not quoted?")
        values = {field: line[i].strip() if i is not None and i < len(line) else "" for field, i in at.items()}
        if "points possible" in ",".join(line).lower():
            continue
        if canvas and "student" in head and not values["last_name"]:
            values["last_name"], _, values["first_name"] = (part.strip() for part in line[head.index("student")].partition(","))
        if not values["id"] or (canvas and "student" in head and line[head.index("student")].strip() == "Student, Test"):
            missing.append(f"line {number}: {', '.join(filter(None, line)) or 'nothing'}")
            continue
        if not SAFE.fullmatch(values["id"]) or os.name == "nt" and STRANGE.fullmatch(values["id"]):
            raise ValueError(f"{path}, line {number}: the id {values['id']!r} cannot be a folder's name; letters, digits and . _ @ + - are expected"
                             + (", no name of a device, such as con, and no dot at the end" if os.name == "nt" else ""))
        if ROUNDED.fullmatch(values["id"]):
            raise ValueError(f"{path}, line {number}: a spreadsheet has rounded the id to {values['id']}; give the list as it was exported")
        if (twin := known.setdefault(values["id"].casefold(), number)) != number:
            raise ValueError(f"{path}, line {number}: the id {values['id']} stands in line {twin} already; ids have to differ, "
                             "and not only in capitals")
        if values["lms_user_id"] and (twin := numbers.setdefault(values["lms_user_id"], number)) != number:
            raise ValueError(f"{path}, line {number}: the number {values['lms_user_id']} of {values['id']} stands in line {twin} already")
        people.append(Person(**values))
    if not people:
        raise ValueError(f"{path}: no line has anything in the column {lines[0][at['id']]!r}, which the course takes for the students' ids; "
                         "fill it in, or add a column id")
    if left_out is not None:
        left_out += missing
    return people


def enrol(path, course, left_out=None):
    """Enters the people of a class list in the course's gradebook, or corrects what is there: all or none. Returns how many. Nobody is removed."""
    people = read(path, left_out)
    with gradebook(course) as book:
        for person, known in renamed(people, people_in(book)):
            raise ValueError(f"{path} has the id {person.id}, and the gradebook {known}, whose grades would not be found under it: "
                             f"write {known} in the list; nobody was entered")
        for person in people:
            student = book.db.get(Student, person.id) or Student(id=person.id)
            for name, value in vars(person).items():
                if value:
                    setattr(student, name, value)
            book.db.add(student)
        book.db.commit()
    return len(people)


def renamed(people, here):
    """(a person of a list, their id in the gradebook, whose people are `here`) where that is another one, by their number in the learning management
    system, or else because the ids are nearly the same; not where the list has that other id for somebody else."""
    ids, listed = {one.id for one in here}, {person.id: person.lms_user_id for person in people}
    numbers, forms = {one.lms_user_id: one.id for one in here if one.lms_user_id}, {one_form(one.id): one.id for one in here}
    for person in people:
        by_number, by_form = numbers.get(person.lms_user_id), forms.get(one_form(person.id))
        if by_number not in (None, person.id) and not listed.get(by_number):
            yield person, by_number
        elif by_form and person.id not in ids and by_form not in listed:
            yield person, by_form


def one_form(ident):
    """An id without what a person or a spreadsheet may change in it: capitals, and zeros in front of a number."""
    return (ident.lstrip("0") or ident) if ident.isdecimal() else ident.casefold()


def composed(text):
    """Text in the one form (NFC) in which letters with accents are single characters; macOS takes them apart in files' names."""
    return unicodedata.normalize("NFC", text)


def gradebook(course):
    from grading.export import database
    from grading.runner import configuration

    on_path()
    course = Course(Path(course).resolve())
    return Gradebook(database(course, configuration(course)))


def people_of(course):
    with gradebook(course) as book:
        return people_in(book)


def people_in(book):
    return [Person(s.id, s.first_name or "", s.last_name or "", s.email or "", s.lms_user_id or "") for s in book.students]


# Downloads

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
            yield file.relative_to(path).as_posix(), file.read_bytes()
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
    name = member.filename
    if member.is_dir() or name.startswith("__MACOSX/") or RECEIPT.fullmatch(name):
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
            self.log.warning("Not taken: %s: %s", name, why)


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
