"""Fill a folder for everybody's servers to begin with: labkit's kernels, compiled, and Matplotlib's list of fonts.

    python -I warm.py DIR
"""

import os
import secrets
import sys
from pathlib import Path

folder = Path(sys.argv[1]).resolve()
os.environ.update(NUMBA_CACHE_DIR=str(folder / "numba"), MPLCONFIGDIR=str(folder / "matplotlib"))

import matplotlib.font_manager  # noqa: E402, F401 (finds the fonts once)

from labkit.kernels import registry  # noqa: E402

registry.warm()
(folder / "state").write_text(secrets.token_hex(8))      # last: from now on `start` copies it, under a name that no other has
