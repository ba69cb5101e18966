"""Whether a person's first calls of the kernels were loaded from the copy of what was compiled for everybody."""

from pathlib import Path

FIRST_CALLS = Path(__file__).with_name("first_calls.py").read_text(encoding="utf-8")


def all_loaded(said, copy):
    """Asserts of what `first_calls.py` said that every kernel came from the folder that begins with `copy`, where nothing was added or changed."""
    assert said["folder"].startswith(copy), said["folder"]
    assert said["files"] > 2 * said["kernels"] > 40 and said["unchanged"], said
    assert (said["loaded"], said["compiled"]) == (said["kernels"], 0), said
