"""What a person is told of an error, and what to do about it."""

import errno
import os

# What to do about a gradebook that SQLite or Postgres refuses, by words of theirs.
GRADEBOOK = {
    "locked": "another program writes to it, so wait until that has ended and try again",
    "no such": "another version of nbgrader made it; keep a copy, then run nbgrader db upgrade in the course's folder",
    "malformed": "put gradebook.db from your backup in its place",
    "not a database": "put gradebook.db from your backup in its place",
    "does not exist": "another version of nbgrader made it; keep a copy, then run nbgrader db upgrade in the course's folder",
    "connection": "see that its server runs and that c.CourseDirectory.db_url in nbgrader_config.py has its address and password",
    "unable to open": "see that the folder which c.CourseDirectory.db_url in nbgrader_config.py names is there and that you may write to it",
}
JOURNAL = {
    "locked": GRADEBOOK["locked"],
    "malformed": "remove it, and grade again; the grades are in the gradebook",
    "not a database": "remove it, and grade again; the grades are in the gradebook",
}
# The same of a file that the operating system refuses.
FILES = {
    errno.ENOENT: "{} is not there: look at its name and folder",
    errno.EISDIR: "{} is a folder, but a file is expected there",
    errno.ENOTDIR: "{} is no folder, but one is expected there",
    errno.EEXIST: "{} is there already: name another",
    errno.EACCES: "{} is not yours to use: name another, or have its owner give you the right",
    errno.EPERM: "{} is not yours to use: name another, or have its owner give you the right",
    errno.EROFS: "{} lies on a disk that cannot be written to: name another place",
    errno.ENOSPC: "No space left for {} on its disk: make room there",
    errno.ENAMETOOLONG: "{} is too long for a file's name",
}
OPEN = "{} is not yours to use: close it where it is open, as in Excel, name another, or have its owner give you the right"   # on Windows
ROOM = "see that its disk has room and that you may write to it"


def sentence(error):
    """What a person is told of an error; None where it is a fault of this program."""
    if isinstance(error, OSError) and error.errno in FILES and error.filename is not None:
        name = error.filename if error.filename2 is None else error.filename2
        if os.name == "nt" and error.errno == errno.EACCES:
            return (FILES[errno.EISDIR] if os.path.isdir(name) else OPEN).format(name)
        return FILES[error.errno].format(name)
    if isinstance(error, (OSError, ValueError, RuntimeError)):
        return str(error)
    if type(error).__module__ == "sqlite3":
        return f"the journal grading.db cannot be used ({error}): {advice(JOURNAL, str(error))}"
    if type(error).__module__ != "sqlalchemy.exc" or type(error).__name__ not in ("OperationalError", "DatabaseError", "ProgrammingError"):
        return None
    why = str(error.orig or error).partition("\n")[0]
    return f"the gradebook cannot be used ({why}): {advice(GRADEBOOK, why)}"


def printable(text):
    """A name that a student chose, with numbers in the place of what a terminal would obey or not show."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def advice(known, why):
    """What to do, from one of the tables above."""
    return next((do for words, do in known.items() if words in why), ROOM)
