"""Wheels built from this checkout, and what is in them."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build_wheel(project, folder):
    """The wheel of the project in `project`, in `folder`. Fails with what the build said."""
    done = subprocess.run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, project],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return max(Path(folder).glob("*.whl"), key=lambda wheel: wheel.stat().st_mtime)


def members(wheel):
    """Every file in a wheel: {name: bytes}."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def leaks(wheel, forbidden):
    """Where forbidden strings stand in a wheel, in a file's name or in its text: [(file, string)]. Strings are compared without case."""
    return [(name, string) for name, content in members(wheel).items() for string in forbidden
            if string.lower().encode() in content.lower() or string.lower() in name.lower()]
