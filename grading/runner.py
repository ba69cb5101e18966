"""A class, graded: submissions through the trusted path in several processes at once, grades written by nbgrader's own autograde, one
submission at a time. The journal stands between the two."""

import contextlib
import hashlib
import logging
import os
import shutil
import time
import warnings
from functools import cache, partial
from pathlib import Path

import nbgrader.api
import sqlalchemy
from nbconvert.writers import FilesWriter
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm
from traitlets import TraitError
from traitlets.config import Config

from grading import answers, book, cluster, errors, grader, intake, journal, rebuild, sandbox, seam, workers
from grading.course import Course, configuration, on_path
from grading.journal import Journal, Key
from grading.nbgrader_config import configure

log = logging.getLogger("grading")
LET_GO = 2.0        # seconds until the workers of a batch that was killed have ended too, and with them its lock
FULL = 4 << 20      # a disk with fewer bytes left is full
LOST = 3            # submissions whose workers died, before any was graded: then the fault is this machine's


class Batch(Autograde):
    """nbgrader's autograde for one folder after the other; one without any notebook is graded as well, as not attempted."""

    def open(self, skeleton):
        """Makes ready, and returns the students that have scores. Raises RuntimeError where the gradebook cannot be opened, book.Disagreement
        where it has other cells than `skeleton`."""
        url, lab = self.coursedir.db_url, self.coursedir.assignment_id
        self.writer = FilesWriter(parent=self, config=self.config)
        self.log.addFilter(lambda record: not record.getMessage().startswith("Removing existing assignment"))
        try:
            book.agree(url, lab, skeleton.notebook)
            scored = book.scored(url, lab)
        except sqlalchemy.exc.DBAPIError as error:
            do = errors.advice(errors.GRADEBOOK, str(error.orig))
            raise RuntimeError(f"the gradebook {engine(url).url} cannot be opened: {error.orig}: {do}") from error
        self.exporter = self.exporter_class(parent=self, config=self.config)
        try:
            for self._sanitizing in (False, True):      # nbgrader's steps, made once before it removes anything
                self._init_preprocessors()
        except (TraitError, ImportError, AttributeError) as error:
            raise ValueError(f"nbgrader refuses a setting of nbgrader_config.py, so mend it there: {error}") from error
        return scored

    def write(self, folder):
        """Lets nbgrader write one student's autograded/ folder and grades. Returns whether it could."""
        lab, here = self.coursedir.assignment_id, os.getcwd()
        self.assignments = {str(folder): [str(folder / f"{lab}.ipynb")]}
        os.chdir(self.coursedir.root)
        try:
            with answers.after(), one_transaction(self.coursedir.db_url), warnings.catch_warnings():
                warnings.simplefilter("ignore", SAWarning)      # nbgrader's own queries cause some, and nobody can act on them
                self.convert_notebooks()
        except NbGraderException:
            return False
        except sqlalchemy.exc.DBAPIError as error:
            log.error("%s, %s: the gradebook could not be written: %s", folder.parent.name, lab, error.orig)
            return False
        finally:
            os.chdir(here)
            seam.let_go(self.coursedir.root)
        return True


@contextlib.contextmanager
def one_transaction(url):
    """Whatever nbgrader writes into its gradebook meanwhile: all of it or nothing. It opens the gradebook seven times a submission and
    commits in thirty pieces, each with its own wait for the disk; here it gets one connection, whose transaction is committed at the end."""
    before = nbgrader.api.create_engine
    with engine(url).begin() as connection:
        connection.dispose = lambda: None       # nbgrader ends each use of the gradebook with this
        nbgrader.api.create_engine = lambda *_, **__: connection
        try:
            yield
        finally:
            nbgrader.api.create_engine = before


@cache
def engine(url):
    """The gradebook's engine, which keeps the queries that it has compiled; without a pool, as workers are forked between two uses."""
    return sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)


def autograde(lab, course, student=None, workers=None, resume=False, unprotected=False, scheduler=None, say=None):
    """Grades what was submitted to `lab` in the folder `course`, in processes of this machine or on the Dask cluster of a `scheduler`. Returns 0,
    or 1 where a submission could not be graded. `say` gets a line at the end, for people."""
    if scheduler:
        cluster.refuse_open(scheduler)
    course = Course(Path(course).resolve())
    course.holds(lab)
    folders = course.submitted(lab, student)
    if not folders:
        raise FileNotFoundError(f"nothing to grade: there is no {course.root / 'submitted' / (student or '*') / lab}; grading collect puts what "
                                "an LMS gives there, nbgrader collect what a hub has")
    with journal.alone(course.root, wait=LET_GO), Journal(course.root) as kept:
        batch = Class(course, lab, unprotected, kept, resume)
        failed = batch.grade(folders, workers, scheduler)
    if say:
        say(batch.summary(len(folders)))
    return failed


class Class:
    """One batch: which submissions wait, and where their results go."""

    def __init__(self, course, lab, unprotected, kept, resume):
        self.course, self.lab, self.unprotected, self.kept, self.resume = course, lab, unprotected, kept, resume
        self.source, self.secret, self.converter = course.source(lab), course.secret(), nbgraders(course, lab, unprotected)
        self.skeleton = rebuild.skeleton(self.source)
        self.version = grader.version(self.source)
        self.seed = hashlib.sha256(b"which seed" + self.secret).hexdigest()[:16]
        self.since = 0.0 if resume else time.time()
        self.waiting = {}       # {digest: folders} of submissions that are being graded
        self.changed = []       # folders that were submitted again meanwhile
        self.scored = set()     # students who had scores before
        self.failed = 0
        self.before = 0         # submissions whose grades an earlier run wrote

    def key(self, folder, digest):
        return Key(self.lab, folder.parent.name, digest, self.version, self.seed)

    def grade(self, folders, count=None, scheduler=None):
        if self.unprotected:
            sandbox.warn()
        self.scored, graded = self.converter.open(self.skeleton), False
        self.name_strangers(folders)
        make = partial(seam.make, self.source, self.secret, self.unprotected)
        order = cluster.order(self.lab, self.source, self.secret, self.unprotected) if scheduler else None
        tqdm.monitor_interval = 0       # it would start a thread, and workers are forked
        with logging_redirect_tqdm([self.converter.log, log]), \
                tqdm(total=len(folders), desc=self.lab, unit="submission", disable=None, smoothing=0.1) as self.progress:
            while folders:
                done = cluster.graded(self.jobs(folders), scheduler, order, count) if scheduler \
                    else workers.graded(self.jobs(folders), make, min(count or workers.fitting(), len(folders)))
                lost = []
                for job, result in done:
                    if result is None:
                        lost.append(job.name)
                    else:
                        graded = True
                        self.finish(self.waiting.pop(job.name), job.name, result, self.kept.keep)
                    stop_if_lost(len(lost), graded)
                for digest in lost:
                    nothing = grader.given_up(self.skeleton, digest, "the process that graded it died, twice")
                    self.finish(self.waiting.pop(digest), digest, nothing.to_bytes(), self.kept.keep)
                folders, self.changed = self.changed, []
        return int(self.failed > 0)

    def summary(self, count):
        before = f", {self.before} of them before" if self.before else ""
        failed = f"; {self.failed} not, or not wholly: see above" if self.failed else ""
        return f"{self.lab}: {count - self.failed} of {count} submissions are graded{before}{failed}"

    def name_strangers(self, folders):
        """nbgrader enters whoever has a folder in submitted/, also under a slip of the pen; where a class is enrolled, that is said."""
        listed = book.students(self.converter.coursedir.db_url)
        if listed and (new := sorted({folder.parent.name for folder in folders} - listed)):
            log.warning("in submitted/, and not in the gradebook so far: %s; entered there now. Where one of them is a mistake, remove it from "
                        "submitted/ and autograded/, then nbgrader db student remove ID --force", ", ".join(new))

    def jobs(self, folders):
        """What has to be graded, taken when a worker is free. What is known already is written on the way."""
        for folder in folders:
            raw, digest = self.read(folder)
            key = self.key(folder, digest)
            if self.resume and self.written(key):
                self.before += 1
                self.progress.update()
            elif digest in self.waiting:
                self.waiting[digest].append(folder)
            elif (known := self.known(key)) is not None:
                self.finish([folder], digest, known, self.kept.share)
            else:
                self.waiting[digest] = [folder]
                yield workers.Job(digest, raw)

    def known(self, key):
        """The journal's result; None where it has none, or none that can still be read."""
        with contextlib.suppress(ValueError, TypeError, KeyError):
            raw = self.kept.find(key, self.since)
            grader.Result.from_bytes(raw or b"")
            return raw

    def written(self, key):
        """Whether nothing is left to do: the journal says so, and this gradebook and autograded/ have it still."""
        notebook = self.course.root / "autograded" / key.student / self.lab / f"{self.lab}.ipynb"
        return self.kept.written(key) and key.student in self.scored and notebook.exists()

    def read(self, folder):
        raw, _ = intake.notebook(folder, self.lab)
        return raw, rebuild.digest(raw)

    def finish(self, folders, digest, raw, record):
        """Journal, then gradebook, then journal: for all that submitted the same bytes. Where nothing of it could be judged, scores that
        somebody had before stay."""
        result = grader.Result.from_bytes(raw)
        seam.READY[self.lab, digest] = result
        try:
            for folder in folders:
                if self.read(folder)[1] != digest:
                    self.changed.append(folder)
                    continue
                key = self.key(folder, digest)
                if result.given_up() and key.student in self.scored:
                    log.error("%s, %s: %s; the scores from before stay", key.student, self.lab, result.trouble[0].partition(": what it")[0])
                    self.failed += 1
                    self.progress.update()
                    continue
                if result.trouble:
                    self.kept.forget(key)
                else:
                    record(key, raw)
                if self.converter.write(folder):
                    self.kept.wrote(key)
                    self.failed += bool(result.trouble)
                else:
                    self.failed += 1
                    stop_if_full(self.course.root)
                self.progress.update()
        finally:
            seam.READY.clear()


def stop_if_lost(lost, graded):
    if lost >= LOST and not graded:
        raise RuntimeError(f"the processes that graded the first {lost} submissions all died, each twice, so something on this machine ends them, "
                           "for example because memory runs out, of which --workers 1 needs least; their grades are as they were")


def stop_if_full(root):
    if shutil.disk_usage(root).free < FULL:
        raise RuntimeError(f"the disk that holds {root} is full: make room, then go on with --resume; nothing that was graded is lost")


def nbgraders(course, lab, unprotected):
    """nbgrader's converter for a lab, with the course's own configuration."""
    on_path()
    config = configuration(course)
    protects(config, course.root / "nbgrader_config.py")
    config.RunAndJudge.unprotected = unprotected
    coursedir = CourseDirectory(config=config)
    coursedir.assignment_id = lab
    return Batch(coursedir=coursedir, config=config, force=True)


def protects(config, path):
    """Raises ValueError where `config` would have nbgrader itself run students' code, with all that the instructor may do."""
    ours = Config()
    configure(ours, path)
    for name in ("exporter_class", "pre_convert_hook", "sanitize_preprocessors", "autograde_preprocessors"):
        wanted, found = ours.Autograde[name], config.Autograde.get(name)
        whole = found == wanted if isinstance(wanted, str) else isinstance(found, list) and set(wanted) <= set(found)
        if not whole or any("Execute" in str(step) for step in found):
            raise ValueError(f"{path} takes Autograde.{name} from the trusted path, so that nothing was graded: it has to begin with "
                             "`from grading.nbgrader_config import configure` and `configure(get_config(), __file__)`, and to leave that as it is")
