"""The fake course of the grading tests serves here too."""

from tests.grading.conftest import fake_course, fake_course_made  # noqa: F401
