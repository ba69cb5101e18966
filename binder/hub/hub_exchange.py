"""nbgrader's exchange, where students are other accounts on the same machine: what they put there is taken as theirs and as data.

nbgrader's own collect believes the name in a folder's name, follows links and stops at a name that it cannot read. A student could hand in
as somebody else, or hand in a link to the instructor's source, which the account that grades can read: full marks, and the solutions in
the feedback.
"""

import glob
import hashlib
import os
import pwd
import secrets
import shutil
import stat
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseFeedback, ExchangeSubmit
from nbgrader.utils import parse_utc

SECRET = "submission_secret.txt"        # nbgrader names a feedback file by its hash: who knows it finds the file
MAX_FILE = 20 << 20                     # bytes; grading refuses larger notebooks
MAX_FILES = 10


class Refused(ValueError):
    """A submission that is not taken: why."""


class Submit(ExchangeSubmit):
    """nbgrader's submit, in a student's server. nbgrader lets everybody read and change what was handed in who knows its name; here only the
    student and the account that grades may enter the folder, which has that account's group, as everything in inbound has."""

    def copy_files(self):
        handed_in = Path(self.inbound_path) / self.assignment_filename
        try:
            super().copy_files()
        except BaseException:       # what is there in part, as on a full disk, would be collected as the latest
            shutil.rmtree(handed_in, ignore_errors=True)
            raise
        handed_in.chmod(0o770)

    def do_copy(self, src, dest, log=None):
        """Notebooks alone: nothing else is collected. What would not be is refused here, where its student is told."""
        names = sorted(one.name for one in os.scandir(src) if one.name.endswith(".ipynb") and one.is_file())
        if len(names) > MAX_FILES:
            self.fail(f"There are {len(names)} notebooks in {src}, and at most {MAX_FILES} are taken: move the others to another folder, and "
                      "submit again.")
        for name in names:
            if (size := os.path.getsize(os.path.join(src, name))) > MAX_FILE:
                self.fail(f"{name} is {size >> 20} MB large, and at most {MAX_FILE >> 20} MB are taken: choose Edit, Clear Outputs of All Cells in "
                          "JupyterLab, save it, and submit again.")
        os.makedirs(dest)
        for name in names:
            shutil.copy(os.path.join(src, name), dest)


@contextmanager
def opened(name, flags, folder=None):
    """A descriptor of `name`, itself and not what it links to."""
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | flags, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def owned(descriptor, student, kind):
    """Whether this is of the kind that is wanted, and the student's own: links to somebody else's files are not."""
    status = os.fstat(descriptor)
    return kind(status.st_mode) and status.st_uid == account(student)


def account(student):
    """A student's user number, or None. COURSE_ACCOUNTS is what stands before a name in this machine's accounts; or "numbers" on Kubernetes,
    where nobody has an account and values.yaml gives the number."""
    accounts = os.environ.get("COURSE_ACCOUNTS", "")
    if accounts == "numbers":
        return number(student)
    with suppress(KeyError):
        return pwd.getpwnam(accounts + student).pw_uid
    return None


def number(name):
    """The user number of everybody's pod, made from the name."""
    return 100_000 + int(hashlib.sha256(name.encode()).hexdigest()[:7], 16)


def copy_submission(source, target, student):
    """Copies the plain files that `student` owns in the folder `source`, which must be the student's own too. Returns the names of those that
    were left. Raises Refused."""
    left = []
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(opened(source, os.O_DIRECTORY))
        except OSError as error:
            raise Refused(f"it is not a folder ({error.strerror})") from None
        if not owned(folder, student, stat.S_ISDIR):
            raise Refused("it belongs to somebody else")
        names = sorted(name for name in os.listdir(folder) if name.endswith(".ipynb") or name == SECRET)
        if (many := len({*names} - {SECRET})) > MAX_FILES:
            raise Refused(f"it holds {many} notebooks")
        os.makedirs(target)
        for name in names:
            try:
                file = stack.enter_context(opened(name, 0, folder))
                fits = owned(file, student, stat.S_ISREG) and os.fstat(file).st_size <= MAX_FILE
            except OSError:
                fits = False
            if not fits:
                left.append(name)
                continue
            with open(os.path.join(target, name), "wb") as copy, open(file, "rb", closefd=False) as original:
                shutil.copyfileobj(original, copy)
    return left


class Collect(ExchangeCollect):
    """nbgrader's collect, for folders that belong to whom they name. The secret that leads to the feedback is kept apart: only notebooks and
    the time stamp enter grading."""

    def init_src(self):
        self.inbound_path = os.path.join(self.root, self.coursedir.course_id, "inbound")
        wanted = self.coursedir.student_id or "*"
        records = [record for name in os.listdir(self.inbound_path) if (record := self.record(name)) and wanted in ("*", record["username"])]
        self.duedate = due(self.coursedir)
        limit = self.duedate if self.before_duedate else None
        taken = {}
        for record in sorted(records, key=lambda one: one["timestamp"]):
            before = taken.get(record["username"])
            if before is None or limit is None or record["timestamp"] <= limit or before["timestamp"] > limit:
                taken[record["username"]] = record
        self.src_records = list(taken.values())

    def record(self, name):
        """nbgrader's record of a folder STUDENT+LAB+TIME+RANDOM for this lab; None where it is none, or is not that student's. A
        terminal would obey some characters that such a name can have."""
        student, lab, said, *random = [*name.rsplit("+", 3), "", ""][:4]
        if lab != self.coursedir.assignment_id or not random[0] or not name.isprintable():
            return None
        try:
            timestamp = parse_utc(said)
            with opened(os.path.join(self.inbound_path, name), os.O_DIRECTORY) as folder:
                if not owned(folder, student, stat.S_ISDIR):
                    raise Refused(f"it says that it is from {student}, who does not own it")
                inside = [os.stat(one, dir_fd=folder, follow_symlinks=False) for one in os.listdir(folder)]
                changed = max(one.st_ctime for one in (os.fstat(folder), *inside))
        except (OSError, ValueError, OverflowError) as error:
            self.log.error("%s was not collected: %s", name, error)
            return None
        if changed - timestamp.replace(tzinfo=UTC).timestamp() > 600:
            self.log.warning("%s says when it was handed in, but was changed later, at %s UTC", name, datetime.fromtimestamp(changed, UTC))
        return {"username": student, "filename": name, "timestamp": timestamp}

    def do_copy(self, src, dest, log=None):
        student = Path(dest).parent.name
        try:
            left = copy_submission(src, dest, student)
            (Path(dest) / "timestamp.txt").write_text(os.path.basename(src).rsplit("+", 3)[2])
            if (secret := Path(dest) / SECRET).exists():
                kept = key(self.coursedir, student)
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(secret, kept)
        except Refused as error:
            self.log.error("%s was not collected: %s", src, error)
            return
        except BaseException:       # a full disk: what is there in part would pass for the submission
            shutil.rmtree(dest, ignore_errors=True)
            raise
        for name in (repr(one)[1:-1] for one in left):
            self.log.error("%s of %s was not collected: it is a link, no file of %s, or larger than %d MB", name, src, student, MAX_FILE >> 20)


def due(coursedir):
    """When a lab is due, or None."""
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook, suppress(MissingEntry):
        return gradebook.find_assignment(coursedir.assignment_id).duedate


class ReleaseFeedback(ExchangeReleaseFeedback):
    """nbgrader's, with each submission's secret from where Collect keeps it. One without a secret stops nothing, and nobody finds it."""

    def copy_files(self):
        for folder in map(Path, glob.glob(self.src_path)):
            kept = key(self.coursedir, folder.parent.name)
            if kept.exists():
                shutil.copy(kept, folder / SECRET)
            elif not (folder / SECRET).exists():
                self.log.warning("%s was not collected from the exchange, so its feedback cannot be fetched there", folder)
                (folder / SECRET).write_text(secrets.token_hex(64))
        super().copy_files()


def key(coursedir, student):
    """Where the secret of a student's collected submission is kept."""
    return Path(coursedir.root) / "collected" / student / coursedir.assignment_id / SECRET
