"""A file, written whole or not at all."""

import os
import tempfile
from pathlib import Path


def put(path, content, mode=0o644):
    """Writes these bytes under a passing name beside `path`, then gives them its name. Where that fails, what was there stays as it was."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")     # a name may have 255 bytes
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException as error:
        os.unlink(temporary)
        if isinstance(error, OSError) and error.filename is None:       # of a full disk it is not said which
            error.filename = str(path)
        raise
