"""Who is in the class: class lists of learning management systems (Canvas, Moodle, or nbgrader's own columns), and the gradebook's people."""

import csv
import io
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, Student

from grading.course import Course, database, on_path

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
    on_path()
    return Gradebook(database(Course(Path(course).resolve())))


def people_of(course):
    with gradebook(course) as book:
        return people_in(book)


def people_in(book):
    return [Person(s.id, s.first_name or "", s.last_name or "", s.email or "", s.lms_user_id or "") for s in book.students]
