"""Which code judges: where it is the same, a submission gets the same grade."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import labkit

LIBRARIES = ("numpy", "numba")     # on whose results a verdict may rest


@cache
def code():
    """A fingerprint of this package, of labkit with its emulator, and of the libraries."""
    found = hashlib.sha256(" ".join(f"{name} {version(name)}" for name in LIBRARIES).encode())
    ours, theirs = Path(__file__).parent, Path(labkit.__file__).parent
    for folder, paths in ((ours, ours.glob("*.py")), (theirs, theirs.rglob("*.py"))):      # the declarations of a lab count for that lab alone
        for path in sorted(paths):
            raw = path.read_bytes()
            found.update(f"{folder.name}/{path.relative_to(folder).as_posix()} {len(raw)} ".encode() + raw)
    return found.hexdigest()
