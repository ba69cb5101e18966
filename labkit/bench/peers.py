"""The libraries to be measured against, and the Python that has each."""

import importlib.util
import os
import sys
from functools import lru_cache
from pathlib import Path

from labkit import devices

PEERS = ("numpy", "sklearn", "torch", "jax", "gmdh", "cupy")
NAMES = {"sklearn": "scikit-learn", "torch": "PyTorch", "jax": "JAX", "numpy": "NumPy", "cupy": "CuPy", "gmdh": "gmdh"}
OWN = ("torch", "jax", "gmdh")          # `make peers` gives each an environment of its own: they want other versions of NumPy


def home():
    """Where `make peers` puts them: .venv-peers beside `labkit`, or in the folder that one is in."""
    beside = Path(__file__).parents[2] / ".venv-peers"
    return beside if beside.is_dir() else Path(".venv-peers").absolute()


@lru_cache(None)
def interpreter(peer):
    """The Python that has this peer, or None."""
    if peer in OWN:
        python = home() / peer / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        if python.exists():
            return str(python)
    return sys.executable if importlib.util.find_spec(peer) else None


def missing(peer):
    """The sentence for a peer that cannot be compared with here, or None."""
    if interpreter(peer) is None:
        way = "add it with: make peers" if peer in OWN else f"add it with: pip install {'cupy-cuda13x' if peer == 'cupy' else peer}"
        return f"{NAMES[peer]} is not installed, so it is left out; {way}"
    if peer == "cupy" and devices.current().name != "cuda":
        return f"CuPy computes on an NVIDIA GPU only, so it is left out: {devices.current().reason}."
    return None
