"""Links, which Windows lets only an administrator or a developer make."""

import os

import pytest


def link(path, target):
    """Makes `path` a link to `target`; where Windows does not allow it, the test is skipped."""
    if not linked(path, target):
        pytest.skip("Windows makes links for an administrator, or in developer mode, alone")


def linked(path, target):
    """Whether `path` is now a link to `target`; anywhere but on Windows it is."""
    try:
        path.symlink_to(target)
    except OSError:
        if os.name != "nt":
            raise
    return path.is_symlink()
