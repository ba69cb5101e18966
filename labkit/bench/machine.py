"""Where the figures were measured: they mean nothing without it."""

import os
import platform
import time

from labkit import devices


def describe(measured):
    """The machine and its limits, as the JSON file tells them."""
    device = devices.current()
    return {
        "device": device.name,
        "gpu": device.gpu_name if device.name == "cuda" else None,
        "processor": devices.processor(),
        "cores": devices.cores(),
        "memory_bytes": devices.memory_bytes(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
        "load_before": load(),
        **measured,
    }


def load():
    """Processes that wanted a core in the last minute, or None where the system does not say."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def sentence(found):
    before = "" if found["load_before"] is None else f"; {found['load_before']} processes wanted a core before this began"
    return (f"{found['gpu'] or found['processor']}, {found['cores']} cores, {found['date']}: memory moves {found['bytes_per_second'] / 1e9:.1f} "
            f"GB/s, a loop does {found['operations_per_second'] / 1e9:.0f} GFLOP/s{before}.")
