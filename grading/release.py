"""nbgrader's own generate_assignment, as a command or as formgrader's button: it removes what was released before it looks at the lab."""

from contextlib import chdir
from itertools import chain
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import SaveCells

from grading import book
from grading.errors import sentence


class TriedExporter(NotebookExporter):
    """nbgrader makes it when it begins. What nbgrader would refuse is refused then, by a trial that writes nothing."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        for path in sorted(chain(*getattr(self.parent, "assignments", {}).values())):
            try:
                with chdir(self.parent.coursedir.root):     # where nbgrader takes its steps
                    tried(self.parent, path)
            except Exception as error:
                said = f"{Path(path).name} cannot be released, and what was released before is as it was: {sentence(error) or error}"
                self.log.error("%s", said)
                raise NbGraderException(said) from error


def tried(converter, path):
    """Takes nbgrader's steps for the notebook `path`, but that of saving its cells; raises what one of them raises, or book.Disagreement."""
    trial = NotebookExporter(parent=converter, config=converter.config)
    for step in converter.preprocessors:
        if step is not SaveCells:
            trial.register_preprocessor(step)
    trial.from_filename(path, resources=converter.init_single_notebook_resources(path))
    if Path(path).stem == (lab := converter.coursedir.assignment_id):
        book.may_change(converter.coursedir.db_url, lab, nbformat.read(path, as_version=4))
