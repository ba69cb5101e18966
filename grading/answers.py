"""What a person has graded already, written answers and scores of the judge that were set right: grading again does not send it back to be read,
unless it has changed."""

import contextlib
import hashlib
import json
from pathlib import Path

from nbgrader.api import MissingEntry
from nbgrader.preprocessors import SaveAutoGrades
from nbgrader.utils import determine_grade, is_grade, is_solution

from grading.put import put

FOLDER = ".answers"         # of the course: what was last handed to a person, by lab and student
LATER = []      # in a transaction a list in here takes what is to be written once the gradebook holds it


@contextlib.contextmanager
def after():
    """What is noted meanwhile is written at the end, and not where this fails: an answer that the gradebook does not hold has not been read."""
    LATER.append([])
    try:
        yield
        for path, content in LATER[-1]:
            put(path, content)
    finally:
        LATER.pop()


def note(path, content):
    LATER[-1].append((path, content)) if LATER else put(path, content)


def noted(path):
    """{question: hash of the answer}; nothing where the file is damaged: the answers are then read once more."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        return dict(json.loads(path.read_text()))
    return {}


class SaveGrades(SaveAutoGrades):
    """nbgrader's step, which lets whatever has a person's points wait for that person again."""

    def preprocess(self, nb, resources):
        about = resources["nbgrader"]
        path = Path(self.parent.parent.coursedir.root, FOLDER, about["assignment"], f"{about['student']}.json")
        self.seen = noted(path)
        self.sources = {cell.metadata.nbgrader.grade_id: cell.source for cell in nb.cells if is_solution(cell)}
        self.now = {}
        nb, resources = super().preprocess(nb, resources)
        note(path, json.dumps(self.now).encode())
        return nb, resources

    def preprocess_cell(self, cell, resources, cell_index):
        if not is_grade(cell):
            return super().preprocess_cell(cell, resources, cell_index)
        ident = cell.metadata.nbgrader.grade_id
        self.now[ident] = hashlib.sha256(self.answered(cell, ident).encode()).hexdigest()
        read = self.read(ident)
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if read and self.seen.get(ident) == self.now[ident]:
            self.grade(ident).needs_manual_grade = False
            self.gradebook.db.commit()
        return cell, resources

    def answered(self, cell, ident):
        """What a person has looked at: the answer, and under a check cell also what the judge gives for it."""
        return cell.source if is_solution(cell) else f"{determine_grade(cell)[0]} {self.sources.get(ident.removeprefix('check_'), '')}"

    def read(self, ident):
        """Whether a person has given points for this answer since it was last saved."""
        with contextlib.suppress(MissingEntry):
            grade = self.grade(ident)
            return grade.manual_score is not None and not grade.needs_manual_grade
        return False

    def grade(self, ident):
        return self.gradebook.find_grade(ident, self.notebook_id, self.assignment_id, self.student_id)
