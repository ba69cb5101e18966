"""nbgrader's configuration for this course: whoever asks for autograding, the command, the API or formgrader's button, takes the trusted path.

A course folder's nbgrader_config.py, which `grading build` writes, calls `configure`; settings after that call are the instructor's own.
"""

from pathlib import Path


def configure(c, file):
    """Sets `c` for the course folder in which the configuration `file` lies."""
    from grading.stubs import TEXT_STUB, preprocessors

    c.CourseDirectory.root = str(Path(file).resolve().parent)
    c.CourseDirectory.course_id = "course"
    c.GenerateAssignment.preprocessors = preprocessors()
    c.GenerateAssignment.exporter_class = "grading.release.TriedExporter"
    c.ClearSolutions.text_stub = c.Stubs.text_stub = TEXT_STUB
    c.GenerateFeedback.force = True     # what is there may be from before a grade or a comment; formgrader's button makes it anew too
    c.ZipCollectApp.extractor_plugin = "grading.lms.Extractor"
    c.Autograde.exporter_class = "grading.seam.SkeletonExporter"
    c.Autograde.pre_convert_hook = "grading.seam.receive"
    c.Autograde.post_convert_hook = "grading.seam.finish"
    c.Autograde.sanitize_preprocessors = ["grading.seam.Rebuild"]
    # Without nbgrader's CheckCellMetadata: every cell's metadata is the instructor's own.
    c.Autograde.autograde_preprocessors = [
        "grading.seam.RunAndJudge",
        "grading.answers.SaveGrades",
        "nbgrader.preprocessors.AssignLatePenalties",
    ]
