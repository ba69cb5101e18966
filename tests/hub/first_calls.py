"""Run as somebody on a hub: calls every kernel for the first time, in parallel, and says where the compiled code came from."""

import hashlib
import json
import time
from pathlib import Path

from numba import config

from labkit.kernels import registry
from labkit.kernels._numba import Loops


def files():
    found = Path(config.CACHE_DIR).rglob("*.nb?") if config.CACHE_DIR else ()
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


before, spent, stats = files(), {}, []
for name, kernel in registry.kernels().items():
    data, started = kernel.draw(kernel.sizes[-1]), time.process_time()
    kernel.cpu(*data, threads=2)
    spent[name] = time.process_time() - started
    if isinstance(kernel.cpu, Loops):       # others are functions that call such loops
        stats.append(kernel.cpu.parallel.stats)
print(json.dumps({"folder": config.CACHE_DIR, "files": len(before), "unchanged": files() == before, "kernels": len(stats), "spent": spent,
                  "loaded": sum(bool(one.cache_hits) for one in stats), "compiled": sum(bool(one.cache_misses) for one in stats)}))
