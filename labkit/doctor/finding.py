"""One thing that was looked for, and the words that every look shares."""

import importlib.metadata
import sys
from dataclasses import dataclass

NAME = "perceptron-to-dropout"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for.

    found    is it there, and does it work?
    detail   what was found, or why not
    cost     what its absence costs; empty where it is there
    command  the command that adds it; empty where it is there, or where no command can add it
    needed   the labs do not run without it
    """

    name: str
    found: bool
    detail: str
    cost: str = ""
    command: str = ""
    needed: bool = False


def version(distribution):
    """The installed version, or None."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


# Commands for the shell of this system: on Windows that is PowerShell.
WINDOWS = sys.platform == "win32"


def pip(what):
    """The command that installs into the Python that is running."""
    return f"{program(sys.executable)} -m pip install {what}"


def program(path):
    """A program's path as the first word of a command."""
    return path if " " not in path else f'{"& " if WINDOWS else ""}"{path}"'


def unset(variable):
    return f"Remove-Item Env:{variable}" if WINDOWS else f"unset {variable}"


def set_up(options=""):
    return 'the lines under "On Windows" in README.md' if WINDOWS else f"make setup {options}".rstrip()
