"""Class lists and downloads of learning management systems: Canvas, Moodle, or nbgrader's own columns.

A submission is given to a student by an id wherever the download has one: Canvas' user number in the file's name, Moodle's participant
number with the grading worksheet that Moodle writes beside it. A name counts only where it is one student's and nobody else's.
"""

import csv
import io
import re
import stat
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.plugins import ExtractorPlugin

from grading.course import Course, on_path
from grading.put import put

LARGEST = 2**25             # bytes of one notebook; what is larger is no submission
MOST = 20_000               # files of one download
CANVAS = re.compile(r"(?P<name>[^_]+)_(?:LATE_)?(?P<canvas>\d+)_(?P<attempt>\d+)_(?P<file>.+)", re.IGNORECASE)
MOODLE = re.compile(r"(?P<name>.+?)_(?P<moodle>\d+)_assignsubmission_file_?(?:[/_](?P<file>.+))?")
SAFE = re.compile(r"[\w][\w.@+-]{0,99}")

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

def read(path):
    """The people of a class list, a CSV file in UTF-8. Raises ValueError, with the line, where it cannot be right."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not in UTF-8; save it as 'CSV UTF-8'") from None
    try:
        dialect = csv.Sniffer().sniff(text[:4000], ",;\t")
    except csv.Error:
        dialect = csv.excel
    lines = list(csv.reader(io.StringIO(text), dialect))
    if not lines:
        raise ValueError(f"{path} is empty; a class list has a line of column names and a line for each student")
    head = [name.strip().lower() for name in lines[0]]
    canvas = "sis login id" in head and "id" in head            # there ID is Canvas' own number, and the login the course's id
    names = COLUMNS | ({"id": ("sis login id",), "lms_user_id": ("id",)} if canvas else {})
    at = {field: next((head.index(name) for name in known if name in head), None) for field, known in names.items()}
    if at["id"] is None:
        raise ValueError(f"{path} has the columns {', '.join(lines[0])}, but none of them is an id: name one of them {' or '.join(names['id'])}")
    people, known = [], {}
    for number, line in enumerate(lines[1:], start=2):
        values = {field: line[i].strip() if i is not None and i < len(line) else "" for field, i in at.items()}
        if not any(values.values()) or "points possible" in ",".join(line).lower():
            continue
        if canvas and "student" in head and not values["last_name"]:
            values["last_name"], _, values["first_name"] = (part.strip() for part in line[head.index("student")].partition(","))
        if not SAFE.fullmatch(values["id"]):
            raise ValueError(f"{path}, line {number}: the id {values['id']!r} cannot be a folder's name; letters, digits and . _ @ + - are expected")
        if (twin := known.setdefault(values["id"].casefold(), number)) != number:
            raise ValueError(f"{path}, line {number}: the id {values['id']} stands in line {twin} already; ids have to differ, "
                             "and not only in capitals")
        people.append(Person(**values))
    return people


def enrol(path, course):
    """Enters the people of a class list in the course's gradebook, or corrects what is there. Returns how many. Nobody is removed."""
    people = read(path)
    with gradebook(course) as book:
        for person in people:
            book.update_or_create_student(person.id, **{name: value for name, value in vars(person).items() if name != "id" and value})
    return len(people)


def gradebook(course):
    from grading.export import database
    from grading.runner import configuration

    on_path()
    course = Course(Path(course).resolve())
    return Gradebook(database(course, configuration(course)))


def people_of(course):
    with gradebook(course) as book:
        return [Person(s.id, s.first_name or "", s.last_name or "", s.email or "", s.lms_user_id or "") for s in book.students]


# Downloads

@dataclass
class Collected:
    """What became of a download: {student: file}, and the files that are nobody's or were kept out, each with the reason."""

    taken: dict
    kept: list
    refused: list


def collect(lab, archives, course, worksheet=None, force=False):
    """Puts the notebooks of an LMS's download into submitted/. What was handed in before is only replaced with `force`.

    archives : zip files, folders or notebooks
    worksheet : Moodle's grading worksheet, which says whose a participant number is
    """
    course = Course(Path(course).resolve())
    if not course.source(lab).exists():
        raise ValueError(f"the course has no lab {lab}; grading build makes it")
    directory = Directory(people_of(course.root), worksheet)
    newest, accounts, done = {}, {}, Collected({}, [], [])
    for archive in archives:
        for name, content in notebooks(Path(archive), done.refused):
            try:
                student, attempt = directory.owner(name)
            except LookupError as error:
                done.refused.append((name, str(error)))
                continue
            accounts.setdefault(student, {}).setdefault(directory.account(name), []).append(name)
            wanted = attempt, f"{lab}.ipynb" in name, name
            if student not in newest or newest[student][0] < wanted:
                newest[student] = wanted, content
    for student, (wanted, content) in sorted(newest.items()):
        if len(numbers := accounts[student].keys() - {""}) > 1:      # a name can be chosen by anybody
            why = f"{len(numbers)} accounts have the name of {student}; say whose each is, by the LMS's numbers"
            done.refused += [(name, why) for names in accounts[student].values() for name in names]
            continue
        path = course.root / "submitted" / student / lab / f"{lab}.ipynb"
        if path.is_file() and path.read_bytes() != content and not force:
            done.kept.append((student, wanted[2]))
            continue
        put(path, content)
        done.taken[student] = wanted[2]
    return done


def notebooks(path, refused):
    """(name, bytes) of each notebook in a zip file, a folder or alone. What is no notebook of a sensible size goes to `refused`."""
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*.ipynb") if p.is_file() and not p.is_symlink()):
            yield file.relative_to(path).as_posix(), file.read_bytes()
    elif not path.exists():
        raise FileNotFoundError(f"{path} is not there")
    elif path.suffix.lower() == ".ipynb":
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


def one(archive, member, refused):
    name = member.filename
    if member.is_dir() or name.startswith("__MACOSX/"):
        return
    why = ("no notebook" if not name.lower().endswith(".ipynb") else
           "a link" if stat.S_ISLNK(member.external_attr >> 16) else
           "encrypted" if member.flag_bits & 1 else None)
    if why is None:
        try:
            with archive.open(member) as file:
                content = file.read(LARGEST + 1)            # the size that the archive states need not be true
        except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError):
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
                put(Path(extracted_path, path.stem if path.suffix == ".zip" else "", *parts), content)
        for name, why in refused:
            self.log.warning("Not taken: %s: %s", name, why)


class Directory:
    """Whose is a file? Raises LookupError where nobody's, or more than one person's."""

    def __init__(self, people, worksheet=None):
        self.ids = {p.id: p.id for p in people}
        self.canvas = {p.lms_user_id: p.id for p in people if p.lms_user_id}
        self.names = {}
        for p in people:
            for name in {f"{p.first_name} {p.last_name}", f"{p.last_name} {p.first_name}"}:
                self.names.setdefault(plain(name), set()).add(p.id)
        self.participants = participants(worksheet, people) if worksheet else {}

    def owner(self, name):
        """(student, attempt) of a file by its name in the download."""
        path = name.replace("\\", "/")
        last = path.rsplit("/", 1)[-1]
        if (match := MOODLE.match(path)):
            known, attempt, advice = self.participants.get(match["moodle"]), 0, "give Moodle's grading worksheet with --worksheet"
        elif (match := CANVAS.fullmatch(last)):
            known, attempt, advice = self.canvas.get(match["canvas"]), int(match["attempt"]), "enrol Canvas' class list, which has its numbers"
        else:
            known, attempt, advice = None, 0, "rename it to ID.ipynb"
        if known:
            return known, attempt
        if match:       # what else stands in such a name, the student chose
            said = match["name"].split("/")[-1]
            found = {ident for ident in self.names.get(plain(said)) or self.named(said) if not self.numbered(ident, match)}
        else:
            found = {part for part in path.split("/")[:-1] if part in self.ids} or self.named(last.rsplit(".", 1)[0])
        if len(found) == 1:
            return next(iter(found)), attempt
        raise LookupError((f"it could be of {' or '.join(sorted(found))}; " if found else "nobody's id or name is in it; ") + advice)

    def numbered(self, student, match):
        """Whether a student's number in the LMS of this name is known: then it is not the one in the name."""
        return student in (self.canvas if "canvas" in match.groupdict() else self.participants).values()

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
    """{participant number: id} of Moodle's grading worksheet, matched by id number, or else by e-mail address."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        lines = [{(key or "").strip().lower(): (value or "").strip() for key, value in line.items()} for line in csv.DictReader(file)]
    if not lines or "identifier" not in lines[0]:
        raise ValueError(f"{path} has no column Identifier; Moodle's 'Download grading worksheet' is expected")
    ids, mail = {p.id for p in people}, {p.email.casefold(): p.id for p in people if p.email}
    found = {}
    for line in lines:
        number = re.search(r"\d+", line["identifier"])
        student = line.get("id number") if line.get("id number") in ids else mail.get(line.get("email address", "").casefold())
        if number and student:
            found[number[0]] = student
    return found
