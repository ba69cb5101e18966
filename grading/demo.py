"""The instructor's whole cycle on a bundled class of 12: build, release, collect, autograde, feedback, report, export, and the grade table.

The notebooks in `classroom/` were edited, run and saved in JupyterLab, the way students leave them.
"""

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grading.course import on_path

CLASSROOM = Path(__file__).parent / "classroom"
LAB = "01_perceptron"


def demo(course=None):
    """Runs the cycle in `course`, or in a folder that is removed afterwards; returns 0 when every step worked."""
    with contextlib.ExitStack() as stack:
        if course is None:
            course = stack.enter_context(tempfile.TemporaryDirectory(prefix="course-"))
        course = Path(course).resolve()
        if course.exists() and any(course.iterdir()):
            raise FileExistsError(f"{course} holds files already; name an empty folder for the demonstration")
        run = Cycle(course)
        for step in (run.build, run.release, run.collect, run.autograde, run.feedback, run.report, run.export):
            run.timed(step)
        print(f"\n{run.table()}\n\n{run.times()}")
        return int(run.failed)


class Cycle:
    """The steps, one method each; their docstrings are what the demonstration prints."""

    def __init__(self, course):
        self.course, self.seconds, self.failed = course, {}, False
        on_path()

    def timed(self, step):
        print(f"{step.__name__:10} {step.__doc__}", flush=True)
        start = time.perf_counter()
        step()
        self.seconds[step.__name__] = time.perf_counter() - start

    def nbgrader(self, *arguments):
        """One of nbgrader's own commands, in the course folder."""
        done = subprocess.run([sys.executable, "-m", "nbgrader", *arguments], cwd=self.course, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"nbgrader {' '.join(arguments)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")

    def build(self):
        """lab 01 from its one source: nbgrader's notebook, with solutions, and the students' release without"""
        from grading import build

        build.build([LAB], self.course, only_course=True)

    def release(self):
        """the students' notebook into the course's exchange, the class into the gradebook"""
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.course / 'gradebook.db'}") as gradebook:
            for name in sorted(self.handed_in()):
                gradebook.update_or_create_student(name, first_name=name.capitalize())
        if sys.platform == "win32":
            print(f"{'':10} without the exchange, which nbgrader does not have on Windows", flush=True)
            return
        exchange = self.course / "exchange"
        exchange.mkdir()
        exchange.chmod(0o777)       # nbgrader's exchange is a folder that every student can write to
        self.nbgrader("release_assignment", LAB, f"--Exchange.root={exchange}")

    def handed_in(self):
        """{student: notebook} of the bundled class."""
        return {path.stem.split("-")[0]: path for path in (CLASSROOM / LAB).glob("*.ipynb")}

    def collect(self):
        """twelve notebooks, named the way an LMS names its downloads, sorted by nbgrader's zip_collect"""
        downloads = self.course / "downloaded" / LAB / "archive"
        downloads.mkdir(parents=True)
        for path in self.handed_in().values():
            shutil.copy(path, downloads)
        pattern = rf".*[\\/](?P<student_id>\w+)-(?P<file_id>{LAB})"
        self.nbgrader("zip_collect", LAB, "--force", f"--FileNameCollectorPlugin.named_regexp={pattern}", "--ZipCollectApp.strict=True")

    def autograde(self):
        """each notebook rebuilt from the release, run apart, judged from outside on hidden cases"""
        from grading import runner

        self.failed = bool(runner.autograde(LAB, self.course, unprotected=sys.platform != "linux"))

    def feedback(self):
        """a page for each student, with the sentence that helps"""
        self.nbgrader("generate_feedback", LAB, "--force")

    def report(self):
        """one page on the class: points, misconceptions, what waits for a person, solutions that are very alike"""
        from grading import report, report_page

        report_page.write(self.course / f"{LAB}-report.html", report_page.page(report.read(self.course, LAB)))

    def export(self):
        """the grade table, and the files that Canvas and Moodle import"""
        from grading.export import export

        for kind in ("csv", "canvas", "moodle"):
            (self.course / f"grades-{kind}.csv").write_text(export(kind, self.course), encoding="utf-8", newline="")

    def table(self):
        """One line a student: points of each exercise, what waits for a person, and the sum."""
        from nbgrader.api import Gradebook

        from grading import exercise
        from grading.verify import aligned

        names = list(exercise.load(LAB))
        lines = [["student", *names, "explained", "sum"]]
        with Gradebook(f"sqlite:///{self.course / 'gradebook.db'}") as gradebook:
            for submission in sorted(gradebook.assignment_submissions(LAB), key=lambda s: s.student.id):
                grades = {grade.name: grade for notebook in submission.notebooks for grade in notebook.grades}
                points = [f"{grades[f'check_{name}'].score:g}" for name in names]
                waits = sum(grade.needs_manual_grade for grade in grades.values())
                lines.append([submission.student.id, *points, "to read" if waits else "", f"{submission.score:g}"])
        return aligned(lines)

    def times(self):
        per = self.seconds["autograde"] / len(self.handed_in())
        steps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.seconds.items())
        return f"{steps}; {per:.2f} s a submission. What waits for a person is in formgrader: nbgrader's Manual Grading page."
