"""What stands in a student's notebook where the instructor's has a solution."""

from nbgrader.preprocessors import ClearSolutions

FUNCTION_STUB = "# your code here\nraise NotImplementedError"
VALUE_STUB = "# your answer here"
TEXT_STUB = "*Your answer here.*"


class Stubs(ClearSolutions):
    """nbgrader's ClearSolutions, except that a solution at the top level of a cell leaves only a comment: a notebook that is not solved
    yet still runs to its end, and each check says what is missing."""

    def _replace_solution_region(self, cell, language):
        lines = cell.source.split("\n")
        inside = any(self.begin_solution_delimeter in line and line[:1].isspace() for line in lines)
        stub, self.code_stub = self.code_stub, {"python": FUNCTION_STUB if inside else VALUE_STUB}
        try:
            return super()._replace_solution_region(cell, language)
        finally:
            self.code_stub = stub


def preprocessors():
    """GenerateAssignment's own list, with Stubs in the place of ClearSolutions."""
    from nbgrader.converters import GenerateAssignment

    return [Stubs if step is ClearSolutions else step for step in GenerateAssignment.preprocessors.default_args[0]]
